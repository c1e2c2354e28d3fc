// Where an agent writes: replies and notes, 话术 behind a slash, files. The textarea is uncontrolled: while an input method composes
// nobody rewrites its value. Every change goes to the drafts.
import { effect, untracked, useSignal } from '@preact/signals';
import { CircleAlert, Link2, MessageSquareQuote, Paperclip, SendHorizontal, StickyNote, X } from 'lucide';
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';
import { langOf } from '../core/i18n';
import { composing, sends } from '../core/keys';
import type { Canned, StaffMessage } from '../core/staff';
import { codePoints, fileSize, oneLine } from '../core/text';
import { Button, IconButton } from '../kit/Button';
import { Icon } from '../kit/Icon';
import { k } from '../kit/i18n';
import { prefs } from '../kit/prefs';
import { Quote } from '../kit/Line';
import { toast } from '../kit/Toast';
import { fill, findCanned, nextBlank, type Facts } from './canned';
import { focusList } from './ListPane';
import { nameOf } from '../kit/names';
import type { Room } from './room';
import { lazy } from '../kit/lazy';
import { isShut } from './replies';
import { unsent } from './unsent';
import { t } from './words';
import {
  ask,
  askComposer,
  canned,
  cannedState,
  desk,
  dialog,
  drafts,
  link,
  now,
  rewrite,
  type Asked,
  type Composing,
} from './work';

const Bounds = lazy(() => import('./ContextPane').then((m) => m.Bounds));
const shutNow = (room: Room): boolean => isShut(room.window.value, now.value);

interface Staged {
  id: number;
  file: File;
  preview: string;
}

/** Files chosen but not sent, per conversation: they survive a look at another one. */
const staged = unsent<Staged[]>();
/** Which message the next reply points to, per conversation. */
const quotes = unsent<number>();
let lastStaged = 0;

const LINES_MAX = 200;
const ASK_MS = 2000;
const TYPING_EVERY = 3000;
const TYPING_REST = 5000;

export function facts(room: Room): Facts {
  const me = desk.me.value;
  return { name: me.name, number: me.number ?? '', visitor: room.conversation.value.visitor.name };
}

export function quote(room: Room, m: StaffMessage): void {
  quotes.set(room.id, m.seq);
  askComposer('reply');
}

export function Writer({ room }: { room: Room }) {
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const inside = useRef(false);
  const id = useId();
  const first = drafts.get(room.id);
  const mode = useSignal<Composing>(first.mode);
  const count = useSignal(codePoints(first[first.mode]));
  const blank = useSignal(!first[first.mode].trim());
  const files = useSignal<readonly Staged[]>(staged.get(room.id) ?? []);
  const quoted = useSignal(quotes.get(room.id) ?? 0);
  const drop = useSignal(false);
  const menu = useSignal<{ items: readonly Canned[]; at: number; query: string } | null>(null);
  const typing = useRef({ at: 0, rest: undefined as ReturnType<typeof setTimeout> | undefined });
  const limit = desk.limits.value.text;

  const fit = (): void => {
    const el = area.current;
    if (!el) return;
    el.style.height = 'auto';
    el.style.height = `${Math.max(52, Math.min(el.scrollHeight, LINES_MAX))}px`;
  };

  const changed = (): void => {
    fit();
    const el = area.current;
    if (!el || inside.current) return;
    const text = el.value;
    count.value = codePoints(text);
    blank.value = !text.trim();
    drafts.set(room.id, mode.value === 'reply' ? { reply: text } : { note: text });
    suggest(text, el.selectionStart);
    if (mode.value === 'reply') tell(text.trim() !== '');
  };

  /** The visitor's page shows that we write; at most every three seconds, and not any more five seconds after the last key. */
  const tell = (on: boolean): void => {
    const state = typing.current;
    clearTimeout(state.rest);
    const at = Date.now();
    if (!on) {
      if (state.at > 0) desk.typing(room, false);
      state.at = 0;
      return;
    }
    if (at - state.at >= TYPING_EVERY) {
      state.at = at;
      desk.typing(room, true);
    }
    state.rest = setTimeout(() => tell(false), TYPING_REST);
  };

  const suggest = (text: string, caret: number): void => {
    const head = text.slice(0, caret);
    if (!/^[/／][^\n]{0,24}$/u.test(head)) {
      menu.value = null;
      return;
    }
    const words = head.slice(1);
    const items = findCanned(canned.value, words, room.conversation.value.locale);
    if (words.endsWith(' ') && items.length === 0) menu.value = null;
    else menu.value = { items, at: 0, query: words };
  };

  const put = (text: string, from = text.length, to = from): void => {
    const el = area.current;
    if (!el) return;
    el.value = text;
    el.setSelectionRange(from, to);
    changed();
    menu.value = null;
    el.focus();
  };

  const use = (c: Pick<Canned, 'text'>): void => {
    const el = area.current;
    if (!el) return;
    // What stands behind the slash was only the search.
    const slash = menu.value !== null && /^[/／]/u.test(el.value);
    const before = slash ? '' : el.value.slice(0, el.selectionStart);
    const after = slash ? el.value.slice(el.selectionStart) : el.value.slice(el.selectionEnd);
    const text = fill(c.text, facts(room));
    const whole = before + text + after;
    const hole = nextBlank(whole, before.length);
    if (hole && hole[0] >= before.length && hole[0] < before.length + text.length) put(whole, hole[0], hole[1]);
    else put(whole, before.length + text.length);
  };

  const setMode = (to: Composing): void => {
    const el = area.current;
    if (!el || mode.value === to || inside.current) return;
    tell(false);
    mode.value = to;
    drafts.set(room.id, { mode: to });
    el.value = drafts.get(room.id)[to];
    menu.value = null;
    count.value = codePoints(el.value);
    blank.value = !el.value.trim();
    fit();
  };

  /** The last message of ours was held back for its wording. */
  const warned = room.out.value.findLast((o) => o.words && o.state === 'failed');

  const send = (): void => {
    const el = area.current;
    if (!el || inside.current) return;
    const text = el.value.trim();
    const note = mode.value === 'note';
    const attach = note ? [] : files.value;
    if (!note && !text && attach.length === 0 && warned) {
      desk.posts.again(room, warned.cid); // the second Enter: it is meant
      return;
    }
    if ((!text && attach.length === 0) || codePoints(text) > limit) return;
    if (!note && shutNow(room)) return; // the words stay where they are
    if (note) {
      void desk.posts.note(room, text);
      drafts.set(room.id, { note: '' });
    } else {
      tell(false);
      if (text) void desk.posts.say(room, text, quoted.value);
      for (const f of attach) void sendFile(room, f);
      setStaged([]);
      quotes.delete(room.id);
      quoted.value = 0;
      drafts.set(room.id, { reply: '' });
    }
    drafts.flush();
    el.value = '';
    count.value = 0;
    blank.value = true;
    menu.value = null;
    fit();
    el.focus();
  };

  const setStaged = (all: readonly Staged[]): void => {
    for (const f of files.value) if (!all.includes(f) && f.preview) URL.revokeObjectURL(f.preview);
    files.value = all;
    if (all.length > 0) staged.set(room.id, [...all]);
    else staged.delete(room.id);
  };

  const take = (list: FileList | null | undefined): boolean => {
    const all = [...(list ?? [])];
    if (all.length === 0) return false;
    if (mode.value === 'note') {
      toast(t('noFilesInNotes'));
      return true;
    }
    const max = desk.limits.value.file;
    const good = all.filter((f) => f.size <= max);
    for (const f of all) if (f.size > max) toast(t('fileTooBig', { name: f.name, max: fileSize(max) }), { bad: true });
    const made = good.map((file) => ({
      id: ++lastStaged,
      file,
      preview: file.type.startsWith('image/') ? URL.createObjectURL(file) : '',
    }));
    if (made.length > 0) setStaged([...files.value, ...made]);
    area.current?.focus();
    return true;
  };

  useLayoutEffect(() => {
    const el = area.current;
    if (!el) return;
    el.value = drafts.get(room.id)[mode.value];
    fit();
    return () => {
      // It ends in the middle of a composition: what stands there is kept as it is.
      if (inside.current) drafts.set(room.id, mode.value === 'reply' ? { reply: el.value } : { note: el.value });
      tell(false);
    };
  }, []);
  useEffect(() => {
    const el = area.current;
    if (!el) return;
    // Some browsers never say compositionend when the field loses the focus in the middle.
    const end = (): void => {
      if (!inside.current) return;
      inside.current = false;
      changed();
    };
    el.addEventListener('blur', end);
    return () => el.removeEventListener('blur', end);
  }, []);

  const answer = (a: Asked): void => {
    if (a.what === 'toggle') setMode(mode.value === 'reply' ? 'note' : 'reply');
    if (a.what === 'reply' || a.what === 'note') setMode(a.what);
    if (a.what === 'insert') {
      setMode('reply');
      use({ text: a.text ?? '' });
    }
    quoted.value = quotes.get(room.id) ?? 0;
    area.current?.focus();
  };
  // At once, not after the next frame: the next key belongs to the mode that was asked for.
  useEffect(
    () =>
      effect(() => {
        const a = ask.value;
        if (!a) return;
        untracked(() => {
          ask.value = null;
          if (Date.now() - a.at < ASK_MS) answer(a);
        });
      }),
    [],
  );

  const onKeyDown = (ev: KeyboardEvent): void => {
    if (composing(ev) || inside.current) return;
    const el = area.current;
    if (!el) return;
    const m = menu.value;
    if (m && menuKey(ev, m)) return;
    if (ev.key === 'Tab' && !ev.shiftKey && !ev.ctrlKey && !ev.altKey) {
      const hole = nextBlank(el.value, el.selectionStart === el.selectionEnd ? el.selectionStart : el.selectionEnd);
      if (hole) {
        ev.preventDefault();
        el.setSelectionRange(hole[0], hole[1]);
        return;
      }
    }
    if (ev.key === 'Escape') {
      ev.preventDefault();
      ev.stopPropagation();
      if (quoted.value) {
        quotes.delete(room.id);
        quoted.value = 0;
      } else focusList();
      return;
    }
    if (sends(ev, prefs.value.sendKey) || (ev.key === 'Enter' && (ev.ctrlKey || ev.metaKey))) {
      ev.preventDefault();
      send();
    }
  };

  const menuKey = (ev: KeyboardEvent, m: { items: readonly Canned[]; at: number; query: string }): boolean => {
    const n = m.items.length;
    const step = { ArrowDown: 1, ArrowUp: -1 }[ev.key];
    if (step && n > 0) menu.value = { ...m, at: (m.at + step + n) % n };
    else if ((ev.key === 'Enter' || ev.key === 'Tab') && !ev.shiftKey && n > 0) use(m.items[m.at] as Canned);
    else if (ev.key === 'Escape') menu.value = null;
    else return false;
    ev.preventDefault();
    ev.stopPropagation();
    return true;
  };

  const note = mode.value === 'note';
  const left = limit - count.value;
  const m = menu.value;
  const target = quoted.value ? room.messages.value.find((x) => x.seq === quoted.value) : undefined;
  const enter = prefs.value.sendKey === 'enter' ? '⏎' : 'Ctrl ⏎';
  const offline = link.value.state !== 'live';
  const shut = !note && shutNow(room);
  return (
    <div
      class={`writer${note ? ' note' : ''}${drop.value ? ' drop' : ''}`}
      onDragOver={(ev) => {
        if (!ev.dataTransfer?.types.includes('Files')) return;
        ev.preventDefault();
        drop.value = true;
      }}
      onDragLeave={() => (drop.value = false)}
      onDrop={(ev) => {
        drop.value = false;
        if (take(ev.dataTransfer?.files)) ev.preventDefault();
      }}
    >
      {m && (
        <div class="canned" id={`${id}-menu`} role="listbox" aria-label={t('cannedTitle')}>
          {m.items.map((c, i) => (
            <div
              key={`${c.key} ${c.code}`}
              id={`${id}-c${i}`}
              role="option"
              aria-selected={i === m.at}
              class={i === m.at ? 'canned-item on' : 'canned-item'}
              onMouseDown={(ev) => {
                ev.preventDefault();
                use(c);
              }}
              onMouseMove={() => m.at !== i && (menu.value = { ...m, at: i })}
            >
              <b>{c.title}</b>
              <code>/{c.code || c.initials}</code>
              <span class="clip" lang={c.lang || langOf(c.text)}>
                {oneLine(fill(c.text, facts(room)))}
              </span>
            </div>
          ))}
          {m.items.length === 0 && (
            <p class="canned-none" role="option" aria-selected="false" aria-disabled="true">
              {cannedState.value === 'failed' ? t('cannedFailed') : t('cannedNone', { words: m.query })}
            </p>
          )}
          <p class="canned-keys" aria-hidden="true">
            {t('cannedKeys')}
          </p>
        </div>
      )}
      <div class="writer-top">
        <div class="writer-modes" role="group" aria-label={t('writerMode')}>
          <button type="button" aria-pressed={!note} onClick={() => (setMode('reply'), area.current?.focus())}>
            {t('modeReply')}
          </button>
          <button
            type="button"
            class="for-note"
            aria-pressed={note}
            onClick={() => (setMode('note'), area.current?.focus())}
          >
            <Icon node={StickyNote} size={16} />
            {t('modeNote')}
          </button>
          <kbd title={t('modeKey')}>F2</kbd>
        </div>
        {note ? (
          <span class="writer-hint">{t('noteHint')}</span>
        ) : (
          (room.window.value || room.conversation.value.barred) && <Bounds room={room} id={`${id}-window`} />
        )}
      </div>
      {warned && !note && (
        <p class="writer-warn" role="alert">
          <Icon node={CircleAlert} size={16} />
          <span>
            {t('wordsHeld', { words: (warned.words ?? []).join(t('nameComma')) })}
            {warned.advice && t('wordsAdvice', { advice: warned.advice })} {blank.value && t('wordsAgain')}
          </span>
          <Button small onClick={() => rewrite(room, warned)}>
            {t('rewrite')}
          </Button>
        </p>
      )}
      {target && !note && (
        <div class="writer-quote">
          <Quote m={target} />
          <IconButton
            icon={X}
            size={16}
            label={t('quoteDrop')}
            onClick={() => {
              quotes.delete(room.id);
              quoted.value = 0;
              area.current?.focus();
            }}
          />
        </div>
      )}
      {files.value.length > 0 && !note && (
        <ul class="writer-files">
          {files.value.map((f) => (
            <li key={f.id}>
              {f.preview ? <img src={f.preview} alt="" /> : <Icon node={Paperclip} size={16} />}
              <span class="clip">{f.file.name}</span>
              <span class="num">{fileSize(f.file.size)}</span>
              <IconButton
                icon={X}
                size={16}
                label={t('fileDrop', { name: f.file.name })}
                onClick={() => setStaged(files.value.filter((x) => x !== f))}
              />
            </li>
          ))}
        </ul>
      )}
      <textarea
        ref={area}
        rows={2}
        dir="auto"
        spellcheck={false}
        placeholder={note ? t('placeholderNote') : t('placeholderReply', { name: nameOf(room.conversation.value) })}
        aria-label={note ? t('labelNote') : t('labelReply', { name: nameOf(room.conversation.value) })}
        aria-autocomplete="list"
        aria-describedby={note ? undefined : `${id}-window`}
        readOnly={shut}
        aria-controls={m ? `${id}-menu` : undefined}
        aria-activedescendant={m && m.items.length > 0 ? `${id}-c${m.at}` : undefined}
        onInput={changed}
        onKeyDown={onKeyDown}
        onCompositionStart={() => (inside.current = true)}
        onCompositionEnd={() => {
          inside.current = false;
          changed();
        }}
        onPaste={(ev) => {
          if (take(ev.clipboardData?.files)) ev.preventDefault();
        }}
        onBlur={() => (menu.value = null)}
      />
      <div class="writer-foot">
        {!note && (
          <>
            <IconButton icon={Paperclip} label={k('attach')} onClick={() => picker.current?.click()} />
            <input
              ref={picker}
              type="file"
              multiple
              hidden
              aria-label={k('attach')}
              onChange={() => {
                take(picker.current?.files);
                if (picker.current) picker.current.value = '';
              }}
            />
            <IconButton icon={Link2} label={t('card')} onClick={() => (dialog.value = 'card')} />
            <IconButton
              icon={MessageSquareQuote}
              label={t('cannedTitle')}
              hint="/"
              onMouseDown={(ev) => ev.preventDefault()}
              onClick={() => {
                const el = area.current;
                if (!el) return;
                if (!el.value) put('/');
                menu.value =
                  menu.value && el.value !== '/'
                    ? null
                    : { items: findCanned(canned.value, '', room.conversation.value.locale), at: 0, query: '' };
                el.focus();
              }}
            />
          </>
        )}
        <span class="grow" />
        {left <= limit / 10 && (
          <span class={left < 0 ? 'num writer-count over' : 'num writer-count'} role="status">
            {left < 0 ? k('over', { n: -left }) : k('left', { n: left })}
          </span>
        )}
        {offline && !blank.value && <span class="writer-count">{t('sendsLater')}</span>}
        <Button
          kind="primary"
          class={note ? 'note-send' : ''}
          icon={note ? StickyNote : SendHorizontal}
          disabled={shut || (blank.value && (note || (files.value.length === 0 && !warned))) || left < 0}
          title={`${note ? t('saveNote') : k('send')} (${enter})`}
          onClick={send}
        >
          {note ? t('saveNote') : k('send')}
        </Button>
      </div>
    </div>
  );
}

async function sendFile(room: Room, f: Staged): Promise<void> {
  let size: { width?: number; height?: number } = {};
  if (f.preview) {
    try {
      const bitmap = await createImageBitmap(f.file);
      size = { width: bitmap.width, height: bitmap.height };
      bitmap.close();
    } catch {
      // Not a picture after all; then it goes as it is.
    }
  }
  await desk.posts.sendFile(room, f.file, f.file.name || 'image.png', size);
}
