// What goes out where a platform takes no replies any more: one of the channel's templates is chosen, its blanks are filled in, and beside
// them stands what the customer will read.
import { useSignal } from '@preact/signals';
import { CornerDownLeft } from 'lucide';
import { useEffect, useId, useMemo, useRef } from 'preact/hooks';
import { api, query } from '../core/api';
import { composing } from '../core/keys';
import type { Template } from '../core/staff';
import { rendered } from '../core/template';
import { codePoints, fileSize, oneLine, safeHref } from '../core/text';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { Field } from '../kit/Field';
import { Icon } from '../kit/Icon';
import { k } from '../kit/i18n';
import { Said } from '../kit/Said';
import { site } from '../kit/session';
import { Skeleton } from './ListPane';
import { FileField, fileOf, Shown, taken } from './CardDialog';
import { d } from './moreWords';
import type { Room } from './room';
import { unsent } from './unsent';
import { t } from './words';
import { windowState } from './replies';
import { anew, desk, dialog, now, why } from './work';

const TEXT_MAX = 1024;
const VALUE_MAX = 512;
const ACCEPT = {
  none: '',
  image: 'image/jpeg,image/png',
  video: 'video/mp4,video/3gpp',
  document: '.pdf,.doc,.docx,.xls,.xlsx,.ppt,.pptx,.txt,.csv,.zip',
};

interface Begun {
  template: string;
  values: Record<string, string>;
  file?: File | undefined;
}
/** What has been begun, per conversation. */
const drafts = unsent<Begun>();

/** What was sent and came back, else what was begun. */
function begun(room: Room): Begun {
  const o = anew.get(room.id);
  if (o?.template) {
    anew.delete(room.id);
    drafts.set(room.id, { template: o.template.template, values: { ...o.template.fields }, file: fileOf(o) });
  }
  return drafts.get(room.id) ?? { template: '', values: {} };
}

/** zh_CN as a page writes it. */
const langOfTemplate = (w: Template): string | undefined => w.language.replace('_', '-') || undefined;

function wrongFile(w: Template, file: File | undefined): string | undefined {
  if (w.header === 'none') return undefined;
  if (!file) return d('templateFileNone');
  const listed = ACCEPT[w.header].split(',').includes(file.type);
  const media = /^(image|video|audio)\//.test(file.type);
  if (w.header === 'document' ? media : !listed) return d('templateFileBad');
  return file.size > desk.limits.value.file
    ? t('fileTooBig', { name: file.name, max: fileSize(desk.limits.value.file) })
    : undefined;
}

/** What is still missing stands there by its name. */
const shownWith = (w: Template, values: Record<string, string>): string =>
  rendered(w.text, Object.fromEntries(w.fields.map((f) => [f.name, values[f.name] || `[${f.label}]`])));

/** What stands in a field as it goes. */
const valueOf = (b: Begun, name: string): string => oneLine(b.values[name] ?? '');

/** Is the field `url` an address that a tap opens, and no blank of the text? */
const isAddress = (w: Template): boolean => rendered(w.text, { url: 'x' }).endsWith('\nx');

function wrongValue(w: Template, b: Begun, name: string): string | undefined {
  const value = valueOf(b, name);
  if (!value) return d('templateBlank');
  if (codePoints(value) > VALUE_MAX) return d('cardTooLong', { n: VALUE_MAX });
  return name === 'url' && isAddress(w) && !safeHref(value)?.startsWith('http') ? d('templateUrlBad') : undefined;
}

export function TemplateDialog({ room }: { room: Room }) {
  const draft = useSignal<Begun>(useMemo(() => begun(room), []));
  const all = useSignal<readonly Template[] | null>(null);
  const failed = useSignal('');
  const set = (b: Begun): void => {
    draft.value = b;
    drafts.set(room.id, b);
  };
  const load = async (): Promise<void> => {
    failed.value = '';
    const { channel } = room.conversation.value;
    try {
      const path = `sites/${encodeURIComponent(site.value?.key ?? '')}/templates${query({ channel })}`;
      all.value = (await api<{ items: Template[] }>(path)).items;
    } catch (e) {
      failed.value = why(e);
    }
  };
  useEffect(() => void load(), []);

  const chosen = all.value?.find((w) => w.key === draft.value.template);
  if (chosen) return <Fill key={chosen.key} room={room} template={chosen} draft={draft.value} set={set} />;
  return (
    <Choose
      all={all.value}
      failed={failed.value}
      over={!['open', 'free'].includes(windowState(room.window.value, now.value))}
      retry={() => void load()}
      choose={(w) => set({ ...draft.value, template: w.key, file: undefined })}
    />
  );
}

function Choose(props: {
  all: readonly Template[] | null;
  failed: string;
  /** No reply is left. */
  over: boolean;
  retry: () => void;
  choose: (w: Template) => void;
}) {
  const { all, failed } = props;
  const cannot = (w: Template): boolean => !!w.reply && props.over;
  const choose = (w: Template): void => void (cannot(w) || props.choose(w));
  const words = useSignal('');
  const at = useSignal(0);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const needle = words.value.trim().toLowerCase();
  const items = (all ?? []).filter((w) => !needle || `${w.title} ${shownWith(w, {})}`.toLowerCase().includes(needle));
  const now = Math.min(at.value, items.length - 1);
  useEffect(() => input.current?.focus(), []);
  useEffect(() => document.getElementById(`${id}-${now}`)?.scrollIntoView({ block: 'nearest' }), [now]);

  const look = (value: string): void => {
    words.value = value;
    at.value = 0;
  };
  const onKeyDown = (ev: KeyboardEvent): void => {
    if (composing(ev)) return;
    const by = { ArrowDown: 1, ArrowUp: -1 }[ev.key];
    if (by && items.length > 0) at.value = (now + by + items.length) % items.length;
    else if (ev.key === 'Enter' && items[now]) choose(items[now]);
    else return;
    ev.preventDefault();
  };
  return (
    <Dialog title={d('template')} onClose={() => void (dialog.value = '')}>
      <input
        ref={input}
        type="text"
        class="input"
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={items.length > 0 ? `${id}-${now}` : undefined}
        aria-label={d('templateSearch')}
        placeholder={d('templateSearch')}
        autocomplete="off"
        onInput={(ev) => !(ev as InputEvent).isComposing && look(ev.currentTarget.value)}
        onCompositionEnd={(ev) => look(ev.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {failed && (
        <p class="error" role="alert">
          {d('templateFailed', { why: failed })}{' '}
          <Button small onClick={props.retry}>
            {k('retry')}
          </Button>
        </p>
      )}
      {!all && !failed && <Skeleton />}
      <div class="palette" id={`${id}-list`} role="listbox" aria-label={d('template')}>
        {items.map((w, i) => (
          <div
            key={w.key}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === now}
            aria-disabled={cannot(w)}
            class={i === now ? 'on' : ''}
            onClick={() => choose(w)}
            onMouseMove={() => (at.value = i)}
          >
            <span class="clip">{w.title}</span>
            <span class="dim clip" lang={cannot(w) ? undefined : langOfTemplate(w)}>
              {cannot(w) ? d('templateNoReply') : oneLine(shownWith(w, {}))}
            </span>
            {i === now && !cannot(w) && <Icon node={CornerDownLeft} size={16} />}
          </div>
        ))}
        {all && items.length === 0 && (
          <p class="dim" role="option" aria-selected="false" aria-disabled="true">
            {d(needle ? 'templateNone' : 'templateEmpty')}
          </p>
        )}
      </div>
    </Dialog>
  );
}

function Fill(props: { room: Room; template: Template; draft: Begun; set: (b: Begun) => void }) {
  const { room, template: w, draft, set } = props;
  const tried = useSignal(false);
  const form = useRef<HTMLDivElement>(null);
  const preview = useId();
  const close = (): void => void (dialog.value = '');
  const values = Object.fromEntries(w.fields.map((f) => [f.name, valueOf(draft, f.name)]));
  const text = rendered(w.text, values);
  // The first field, or the button that sends what has none.
  useEffect(
    () => form.current?.closest('dialog')?.querySelector<HTMLElement>('.body .input, footer .primary')?.focus(),
    [],
  );

  const file = wrongFile(w, draft.file);
  const long = codePoints(text) > TEXT_MAX ? d('templateAll', { n: TEXT_MAX }) : undefined;
  const send = (): void => {
    tried.value = true;
    const bad = w.fields.findIndex((f) => wrongValue(w, draft, f.name));
    if (bad >= 0) form.current?.querySelectorAll<HTMLElement>('.input')[bad]?.focus();
    if (bad >= 0 || file || long) return;
    const kind = !draft.file ? 'text' : w.header === 'image' ? 'image' : 'file';
    const fields = values;
    void desk.posts.post(room, {
      what: 'message',
      kind,
      text,
      template: { kind: 'template', template: w.key, fields },
      ...taken(draft.file),
    });
    drafts.delete(room.id);
    close();
  };
  const onKeyDown = (ev: KeyboardEvent): void => {
    if (composing(ev) || ev.key !== 'Enter') return;
    ev.preventDefault();
    send();
  };
  return (
    <Dialog
      title={w.title}
      onClose={close}
      footer={
        <>
          <Button onClick={() => set({ ...draft, template: '' })}>{d('templateOther')}</Button>
          <Button kind="primary" onClick={send}>
            {k('send')}
          </Button>
        </>
      }
    >
      <div ref={form} style={{ display: 'contents' }}>
        {w.fields.map((f) => (
          <Field
            key={f.name}
            label={f.label}
            defaultValue={draft.values[f.name] ?? ''}
            autocomplete="off"
            error={tried.value ? wrongValue(w, draft, f.name) : undefined}
            onKeyDown={onKeyDown}
            onInput={(ev) => set({ ...draft, values: { ...draft.values, [f.name]: ev.currentTarget.value } })}
          />
        ))}
      </div>
      {w.header !== 'none' && (
        <FileField
          file={draft.file}
          label={d(`templateHeader_${w.header}`)}
          choose={d('templateFile')}
          accept={ACCEPT[w.header]}
          error={tried.value || draft.file ? file : undefined}
          onPick={(picked) => set({ ...draft, file: picked })}
        />
      )}
      {long && (
        <p class="error" role="alert">
          {long}
        </p>
      )}
      <section class="field say ours" aria-labelledby={preview}>
        <h3 id={preview} class="field-label">
          {d(w.unread ? 'templateHere' : 'templatePreview')}
        </h3>
        <div class="say-body">
          {w.header === 'image' && draft.file && !file && <Shown picture={draft.file} />}
          <Said m={{ kind: 'text', text: shownWith(w, values), lang: langOfTemplate(w) }} />
        </div>
      </section>
    </Dialog>
  );
}
