// A card is written here: a title, words, an address, a picture if one likes, and beside them what the visitor will see.
import { useSignal } from '@preact/signals';
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import { composing } from '../core/keys';
import { mapOf, placeGood, placeOf } from '../core/place';
import { type Card, cardOf, codePoints, oneLine, safeHref } from '../core/text';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { Area, Field } from '../kit/Field';
import { k, lang } from '../kit/i18n';
import type { Outgoing } from '../kit/rows';
import { Said } from '../kit/Said';
import { d } from './moreWords';
import { isShut } from './replies';
import type { Room } from './room';
import { unsent } from './unsent';
import { t } from './words';
import { anew, desk, dialog, now } from './work';

const TITLE_MAX = 128;
const WORDS_MAX = 512;
const URL_MAX = 1024;
const MINI = /^miniprogram:[\w-]{3,32}\/[!-~]+$/;
const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

type CardDraft = Pick<Card, 'title' | 'words' | 'href'> & { picture?: File | undefined };
/** Cards that have been begun, per conversation. */
const cardDrafts = unsent<CardDraft>();

/** The picture of a message that comes back. */
export function fileOf(o: Outgoing): File | undefined {
  const { blob, name = '' } = o.file ?? {};
  return blob && new File([blob], name, { type: blob.type });
}

/** A file as the outbox takes it. */
export function taken(file: File | undefined): Pick<Outgoing, 'file'> {
  return file ? { file: { name: file.name, mime: file.type, size: file.size, blob: file } } : {};
}

/** What was sent and came back, else what was begun. */
function begun(room: Room): CardDraft {
  const o = anew.get(room.id);
  const card = o?.kind === 'card' && cardOf(o.text);
  if (o && card) {
    anew.delete(room.id);
    cardDrafts.set(room.id, { ...card, picture: fileOf(o) });
  }
  return cardDrafts.get(room.id) ?? { title: '', words: '', href: '' };
}

/** As the wire wants it: whole, and in ASCII. Nobody need type the scheme. */
function address(typed: string): string | undefined {
  if (typed.startsWith('miniprogram:')) return MINI.test(typed) ? typed : undefined;
  const href = safeHref(/^[a-z]+:\/\//i.test(typed) ? typed : `https://${typed}`);
  return href?.replace(/[\\^`{|}]/g, encodeURIComponent);
}

interface Wrong {
  title?: string | undefined;
  words?: string | undefined;
  url?: string | undefined;
  picture?: string | undefined;
  all?: string | undefined;
}

function wrongPicture(picture: File | undefined): string | undefined {
  if (!picture) return undefined;
  if (!PICTURES.includes(picture.type)) return d('cardPictureBad');
  return picture.size > desk.limits.value.file ? t('fileTooLarge') : undefined;
}

/** Chosen by a button of ours: the browser's own cannot be styled, nor translated. */
export function FileField(props: {
  file: File | undefined;
  label: string;
  choose: string;
  accept: string;
  error: string | undefined;
  onPick: (file: File | undefined) => void;
}) {
  const { file, error, onPick } = props;
  const picker = useRef<HTMLInputElement>(null);
  const label = useId();
  return (
    <div class="field" role="group" aria-labelledby={label}>
      <span id={label} class="field-label">
        {props.label}
      </span>
      <input
        ref={picker}
        type="file"
        hidden
        accept={props.accept}
        aria-labelledby={label}
        onChange={(ev) => onPick(ev.currentTarget.files?.[0])}
      />
      <span class="card-picture-row">
        <Button small onClick={() => picker.current?.click()}>
          {props.choose}
        </Button>
        {file && (
          <>
            <span dir="auto">{file.name}</span>
            <Button
              small
              onClick={() => {
                if (picker.current) picker.current.value = '';
                onPick(undefined);
              }}
            >
              {d('cardPictureNone')}
            </Button>
          </>
        )}
      </span>
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

export function Shown({ picture }: { picture: File }) {
  const [url, setUrl] = useState('');
  useEffect(() => {
    const made = URL.createObjectURL(picture);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [picture]);
  return url ? <img class="card-picture" src={url} alt="" /> : null;
}

export function CardDialog({ room }: { room: Room }) {
  const draft = useSignal<CardDraft>(useMemo(() => begun(room), []));
  const tried = useSignal(false);
  const first = useRef<HTMLInputElement>(null);
  const words = useRef<HTMLTextAreaElement>(null);
  const url = useRef<HTMLInputElement>(null);
  const preview = useId();
  const { picture } = draft.value;
  const close = (): void => void (dialog.value = '');
  useEffect(() => first.current?.focus(), []);

  const set = (part: Partial<typeof draft.value>): void => {
    draft.value = { ...draft.value, ...part };
    cardDrafts.set(room.id, draft.value);
  };
  const title = oneLine(draft.value.title);
  const said = draft.value.words.replace(/\r\n?/g, '\n').trim();
  const typed = draft.value.href.trim();
  const place = placeOf(typed);
  const href = place ? (placeGood(place) ? mapOf(place, title, lang.value) : undefined) : address(typed);
  const text = [title, said, href].filter(Boolean).join('\n');

  const look = (): Wrong => {
    const all = desk.limits.value.text;
    const long = (s: string, n: number): string | undefined =>
      codePoints(s) > n ? d('cardTooLong', { n }) : undefined;
    return {
      title: title ? long(title, TITLE_MAX) : d('cardTitleNone'),
      words: long(said, WORDS_MAX),
      url: !typed
        ? d('cardUrlNone')
        : !href
          ? d(place ? 'cardPlaceBad' : 'cardUrlBad')
          : href.length > URL_MAX
            ? d('cardUrlLong', { n: URL_MAX })
            : undefined,
      picture: wrongPicture(picture),
      all: isShut(room.window.value, now.value)
        ? d('cardShut')
        : codePoints(text) > all
          ? d('cardAllLong', { n: all })
          : undefined,
    };
  };
  // Nobody is told that a field is empty before having tried to send.
  const wrong = tried.value ? look() : {};

  const send = (): void => {
    tried.value = true;
    const { title, words: said, url: where, picture: shown, all } = look();
    if (title) first.current?.focus();
    else if (said) words.current?.focus();
    else if (where) url.current?.focus();
    if (title || said || where || shown || all) return;
    void desk.posts.post(room, { what: 'message', kind: 'card', text, ...taken(picture), ...(place ? { place } : {}) });
    cardDrafts.delete(room.id);
    close();
  };
  const onKeyDown = (ev: KeyboardEvent): void => {
    if (composing(ev) || ev.key !== 'Enter') return;
    if (ev.target === words.current && !ev.ctrlKey && !ev.metaKey) return; // a new line
    ev.preventDefault();
    send();
  };

  return (
    <Dialog
      title={t('card')}
      onClose={close}
      footer={
        <>
          <Button onClick={close}>{k('cancel')}</Button>
          <Button kind="primary" onClick={send}>
            {k('send')}
          </Button>
        </>
      }
    >
      <Field
        inputRef={first}
        label={d('cardTitle')}
        defaultValue={draft.value.title}
        autocomplete="off"
        error={wrong.title}
        onKeyDown={onKeyDown}
        onInput={(ev) => set({ title: ev.currentTarget.value })}
      />
      <Area
        inputRef={words}
        label={d('cardWords')}
        hint={d('cardWordsHint')}
        rows={3}
        defaultValue={draft.value.words}
        error={wrong.words}
        onKeyDown={onKeyDown}
        onInput={(ev) => set({ words: ev.currentTarget.value })}
      />
      <Field
        inputRef={url}
        label={d('cardUrl')}
        hint={d('cardUrlHint')}
        autocomplete="off"
        spellcheck={false}
        defaultValue={draft.value.href}
        error={wrong.url}
        onKeyDown={onKeyDown}
        onInput={(ev) => set({ href: ev.currentTarget.value })}
      />
      <FileField
        file={picture}
        label={d('cardPicture')}
        choose={d('cardPictureChoose')}
        accept={PICTURES.join()}
        error={wrongPicture(picture)}
        onPick={(file) => set({ picture: file })}
      />
      {wrong.all && (
        <p class="error" role="alert">
          {wrong.all}
        </p>
      )}
      {cardOf(text) && (
        <section class="field say ours" aria-labelledby={preview}>
          <h3 id={preview} class="field-label">
            {d('cardPreview')}
          </h3>
          <div class="say-body">
            {picture && !wrongPicture(picture) && <Shown picture={picture} />}
            <Said m={{ kind: 'card', text }} />
          </div>
        </section>
      )}
    </Dialog>
  );
}
