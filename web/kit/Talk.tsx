// A transcript as staff read it, in the console and in the review: everybody's messages, notes between them on yellow, how far each
// message has come. A focusable log around a list: only what is new is read out, history is silent.
import './Talk.css';
import { ArrowDown, Bot, Check, CheckCheck, CircleAlert, Clock, FileText, Headset, StickyNote } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { langOf } from '../core/i18n';
import type { Delivery, Entry, StaffFile, StaffMessage } from '../core/staff';
import { fileSize, oneLine } from '../core/text';
import { clockTime, dayLabel, exactTime } from '../core/time';
import { Icon } from './Icon';
import { k, lang } from './i18n';
import { memo } from './memo';
import { scrolling } from './motion';
import type { Outgoing, Row } from './rows';
import { s } from './staffWords';
import { Said } from './Said';
import { Text } from './Text';

export interface TalkActions {
  eventWords: (m: StaffMessage) => string;
  entryWords: (e: Entry) => string;
  /** Buttons that appear beside a message. */
  acts?: (m: StaffMessage) => ComponentChildren;
  /** Beside what has not been acknowledged. */
  outActs?: (o: Outgoing) => ComponentChildren;
  /** The message a reply points to, if it is here. */
  find?: (seq: number) => StaffMessage | undefined;
  /** Code points to be marked, per message. */
  marks?: ReadonlyMap<number, readonly [number, number][]>;
  /** Messages with these seqs are drawn as chosen. */
  chosen?: number;
}

interface TalkProps extends TalkActions {
  rows: readonly Row[];
  label: string;
  older?: boolean;
  onOlder?: () => void;
  onSeen?: () => void;
  /** How far the visitor has read. */
  visitorRead?: number;
  head?: ComponentChildren;
  tail?: ComponentChildren;
  /** Follow what comes at the end. A transcript of the past begins at its top. */
  follow?: boolean;
}

const NEAR = 80;
/** Of a long transcript of the past, so many rows are drawn at once; the others follow in the pauses. */
const ROWS_AT_ONCE = 120;
/** Of one that goes on, so many rows are in the document at most; the window moves with the reader. */
const WINDOW = 140;
const STEP = 50;
/** Nearer than this to an end of the window, it moves. */
const EDGE = 600;

export function Talk(props: TalkProps) {
  const { rows, label, older, onOlder, onSeen, visitorRead = 0, head, tail, follow = true } = props;
  const box = useRef<HTMLDivElement>(null);
  const stick = useRef(follow);
  const before = useRef({ height: 0, top: '', end: '', count: 0 });
  const [away, setAway] = useState<'no' | 'up' | 'new'>('no');
  const drawn = useDrawn(rows, follow, props.chosen);
  const list = useRef<HTMLOListElement>(null);
  // Which rows are in the document: named by the key of the first, so that what comes above moves nothing. '' the newest.
  const [from, setFrom] = useState('');
  const found = from ? rows.findIndex((r) => r.key === from) : -1;
  const start = !follow ? 0 : found >= 0 ? found : Math.max(0, rows.length - WINDOW);
  const shown = rows.slice(start, follow ? start + WINDOW : drawn);
  const anchor = useRef<{ key: string; top: number } | null>(null);
  /** Lets the window begin `by` rows later, and what is looked at stay where it is. */
  const move = (by: number): void => {
    const el = box.current;
    if (!el || !list.current) return;
    const to = Math.max(0, Math.min(rows.length - WINDOW, start + by));
    if (to === start) return;
    for (const [i, child] of [...list.current.children].entries()) {
      const top = (child as HTMLElement).getBoundingClientRect().top - el.getBoundingClientRect().top;
      if (top < 0) continue;
      anchor.current = { key: shown[i]?.key ?? '', top };
      break;
    }
    setFrom(to >= rows.length - WINDOW ? '' : (rows[to]?.key ?? ''));
  };
  // Rows that are not drawn again hold on to what they were given: it must not be a whole drawing of the past.
  const { eventWords, entryWords, acts, outActs, find, marks, chosen } = props;
  const actions = useRef<TalkActions>({} as TalkActions).current;
  Object.assign(actions, { eventWords, entryWords, acts, outActs, find, chosen });
  const keys = rows.filter((r) => r.kind !== 'day');
  const top = keys[0]?.key ?? '';
  const last = keys[keys.length - 1];
  const end = last?.key ?? '';

  useLayoutEffect(() => {
    const el = box.current;
    if (!el) return;
    const was = before.current;
    const held = anchor.current;
    anchor.current = null;
    const child = held && list.current?.children[shown.findIndex((r) => r.key === held.key)];
    if (held && child) {
      el.scrollTop += child.getBoundingClientRect().top - el.getBoundingClientRect().top - held.top;
      before.current = { height: el.scrollHeight, top, end, count: keys.length };
      return;
    }
    const grewAbove = was.top !== '' && top !== was.top && keys.some((r) => r.key === was.top);
    const own = last?.kind === 'out' && end !== was.end;
    if (grewAbove && !stick.current) el.scrollTop += el.scrollHeight - was.height;
    else if (follow && (stick.current || own)) {
      el.scrollTop = el.scrollHeight;
      stick.current = true;
    } else if (follow && end !== was.end && was.end !== '') setAway('new');
    before.current = { height: el.scrollHeight, top, end, count: keys.length };
  });

  useEffect(() => {
    const el = box.current;
    if (!el || !follow) return;
    const seen = new ResizeObserver(() => {
      if (stick.current) el.scrollTop = el.scrollHeight;
    });
    seen.observe(el);
    if (el.firstElementChild) seen.observe(el.firstElementChild);
    return () => seen.disconnect();
  }, []);

  // Older rows have come while the reader stands at the top.
  useEffect(() => {
    if (follow && !stick.current && start > 0 && (box.current?.scrollTop ?? EDGE) < EDGE) move(-STEP);
  }, [start, rows.length]);
  useEffect(() => {
    if (stick.current && end) onSeen?.();
  }, [end]);

  const onScroll = (): void => {
    const el = box.current;
    if (!el) return;
    if (follow) {
      stick.current = start + WINDOW >= rows.length && el.scrollHeight - el.scrollTop - el.clientHeight < NEAR;
      if (stick.current) {
        if (away !== 'no') setAway('no');
        onSeen?.();
      } else if (away === 'no') setAway('up');
    }
    // Who has left the end keeps the rows that are looked at, whatever comes above or below.
    if (follow && stick.current !== (from === '')) setFrom(stick.current ? '' : (shown[0]?.key ?? ''));
    if (follow && rows.length > WINDOW) {
      if (el.scrollTop < EDGE && start > 0) move(-STEP);
      else if (el.scrollHeight - el.scrollTop - el.clientHeight < EDGE && start + WINDOW < rows.length) move(STEP);
    }
    if (older && start === 0 && el.scrollTop < 240) onOlder?.();
  };

  const toEnd = (): void => {
    const el = box.current;
    if (!el) return;
    stick.current = true;
    setFrom('');
    el.scrollTo({ top: el.scrollHeight, behavior: start + WINDOW < rows.length ? 'auto' : scrolling() });
    el.focus({ preventScroll: true });
  };

  const quiet = useQuiet(top, keys.length);
  return (
    <div class="talk">
      <div
        ref={box}
        class="talk-log"
        role="log"
        aria-label={label}
        aria-live={quiet || !follow ? 'off' : 'polite'}
        aria-relevant="additions"
        tabIndex={0}
        onScroll={onScroll}
      >
        <div>
          {older && start === 0 && (
            <div class="talk-older">
              <button type="button" class="btn quiet small" onClick={onOlder}>
                {k('loadOlder')}
              </button>
            </div>
          )}
          {head}
          <ol ref={list}>
            {shown.map((r) => (
              <Line
                key={r.key}
                row={r}
                lang={lang.value}
                read={readState(r, visitorRead)}
                actions={actions}
                marks={marks}
                on={isChosen(r, props.chosen)}
              />
            ))}
          </ol>
          {tail}
        </div>
      </div>
      {away !== 'no' && (
        <button type="button" class="talk-newest" onClick={toEnd} aria-label={k('toNewest')}>
          <Icon node={ArrowDown} size={16} />
          {away === 'new' && k('newMessages')}
        </button>
      )}
    </div>
  );
}

/** How many rows to draw by now: enough for the first look and for the chosen message, then more with each pause. */
function useDrawn(rows: readonly Row[], follow: boolean, chosen: number | undefined): number {
  const [drawn, setDrawn] = useState(ROWS_AT_ONCE);
  const needed = chosen ? rows.findIndex((r) => isChosen(r, chosen)) + 40 : 0;
  const now = follow ? rows.length : Math.min(rows.length, Math.max(drawn, needed));
  useEffect(() => {
    if (now >= rows.length) return;
    const timer = setTimeout(() => setDrawn(now + ROWS_AT_ONCE), 16);
    return () => clearTimeout(timer);
  }, [now, rows.length]);
  return now;
}

/** True while what is drawn is history: the first rows at all, or rows above those that were there. */
function useQuiet(top: string, count: number): boolean {
  const was = useRef({ top: '', count: 0 });
  const quiet = top !== was.current.top || count - was.current.count > 5;
  useEffect(() => {
    was.current = { top, count };
  });
  return quiet;
}

function readState(r: Row, visitorRead: number): Delivery | undefined {
  if (r.kind !== 'message' || r.message.from.role !== 'agent') return undefined;
  const m = r.message;
  if (m.state === 'failed' || m.state === 'uncertain') return m.state;
  if (m.seq <= visitorRead) return 'read';
  return m.state ?? 'sent';
}

function isChosen(r: Row, chosen: number | undefined): boolean {
  return chosen !== undefined && 'message' in r && r.message.seq === chosen;
}

interface LineProps {
  row: Row;
  lang: string;
  read: Delivery | undefined;
  actions: TalkActions;
  marks: TalkActions['marks'];
  on: boolean;
}

const Line = memo(
  function Line({ row, read, actions, marks, on }: LineProps) {
    switch (row.kind) {
      case 'day':
        return (
          <li class="talk-day">
            <time dateTime={new Date(row.at).toISOString()}>{dayLabel(row.at, Date.now(), lang.value)}</time>
          </li>
        );
      case 'unread':
        return <li class="talk-unread">{k('unread')}</li>;
      case 'event':
        return (
          <li class="talk-event" data-seq={row.message.seq}>
            <EventWords words={actions.eventWords(row.message)} said={row.message.lang} /> <When at={row.message.at} />
          </li>
        );
      case 'entry':
        return (
          <li class="talk-event staff">
            <span dir="auto">{actions.entryWords(row.entry)}</span> <When at={row.entry.at} />
          </li>
        );
      case 'note':
        return <Note entry={row.entry} words={actions.entryWords(row.entry)} />;
      case 'out':
        return <Out row={row} actions={actions} />;
      case 'message':
        return <Message row={row} read={read} actions={actions} marks={marks} on={on} />;
    }
  },
  (a, b) => sameRow(a.row, b.row) && a.lang === b.lang && a.read === b.read && a.on === b.on && a.marks === b.marks,
);

function sameRow(a: Row, b: Row): boolean {
  if (a === b) return true;
  if (a.kind === 'message' && b.kind === 'message')
    return a.message === b.message && a.head === b.head && a.tail === b.tail;
  if (a.kind === 'event' && b.kind === 'event') return a.message === b.message;
  if (a.kind === 'note' && b.kind === 'note') return a.entry === b.entry;
  if (a.kind === 'entry' && b.kind === 'entry') return a.entry === b.entry;
  if (a.kind === 'out' && b.kind === 'out') return a.out === b.out && a.head === b.head;
  return a.kind === b.kind && a.kind === 'unread';
}

function EventWords({ words, said }: { words: string; said: string | undefined }) {
  return (
    <span dir="auto" lang={langOf(words, said)}>
      {words}
    </span>
  );
}

function When({ at }: { at: number }) {
  return (
    <time class="talk-time num" dateTime={new Date(at).toISOString()} title={exactTime(at, lang.value)}>
      {clockTime(at)}
    </time>
  );
}

function Note({ entry, words }: { entry: Entry; words: string }) {
  return (
    <li class="talk-note">
      <Icon node={StickyNote} size={16} />
      <div>
        <p class="talk-note-head">
          <b>{s(entry.kind === 'whisper' ? 'whisper' : 'note')}</b> · {entry.by.name}
          {entry.by.number && <span class="num"> {k('number', { number: entry.by.number })}</span>}{' '}
          <When at={entry.at} />
        </p>
        <Text text={words} />
      </div>
    </li>
  );
}

/** What the other side is called when it has no name. */
export function senderName(from: StaffMessage['from']): string {
  if (from.name) return from.name;
  return k(
    ({ agent: 'roleAgent', bot: 'roleBot', system: 'roleSystem', visitor: 'roleVisitor' } as const)[from.role] ??
      'roleSystem',
  );
}

function Message({
  row,
  read,
  actions,
  marks,
  on,
}: {
  row: Extract<Row, { kind: 'message' }>;
  read: Delivery | undefined;
  actions: TalkActions;
  marks: TalkActions['marks'];
  on: boolean;
}) {
  const m = row.message;
  const ours = m.from.role !== 'visitor';
  const cls = ['say', ours ? 'ours' : 'theirs', m.from.role, row.head && 'head', row.tail && 'tail', on && 'on'];
  const bad = read === 'failed' || read === 'uncertain';
  const quoted = m.reply_to ? actions.find?.(m.reply_to) : undefined;
  return (
    <li class={cls.filter(Boolean).join(' ')} data-seq={m.seq} aria-current={on ? 'true' : undefined}>
      {row.head && (
        <p class="say-head">
          {m.from.role === 'bot' ? (
            <Icon node={Bot} size={16} />
          ) : m.from.role === 'system' ? (
            <Icon node={Headset} size={16} />
          ) : null}
          <b dir="auto">{senderName(m.from)}</b>
          {m.from.number && <span class="num">{k('number', { number: m.from.number })}</span>}
        </p>
      )}
      {!row.head && <span class="hidden">{senderName(m.from)}</span>}
      <div class="say-line">
        <div class={`say-body${bad ? ' failed' : ''}${m.kind === 'image' ? ' bare' : ''}`}>
          {quoted && <Quote m={quoted} />}
          <Body m={m} marks={marks?.get(m.seq)} />
          {m.quoted && m.kind !== 'removed' && <Quoted text={m.quoted} />}
        </div>
        <span class="say-foot">
          {m.mail && <span class="say-mail">{k('byMail')}</span>}
          <When at={m.at} />
          {read && <Ticks state={read} />}
        </span>
        {m.kind !== 'removed' && actions.acts && <span class="say-acts">{actions.acts(m)}</span>}
      </div>
      {bad && (
        <p class="say-why">
          <Icon node={CircleAlert} size={16} />
          <span>
            {read === 'failed' ? k('stateFailed') : k('stateUncertain')}
            {m.reason && ` · ${m.reason}`}
          </span>
          {actions.acts?.(m)}
        </p>
      )}
    </li>
  );
}

export function Quote({ m }: { m: StaffMessage }) {
  const text = m.text ? oneLine(m.text).slice(0, 120) : (m.file?.name ?? '');
  return (
    <span class="say-quote">
      <b dir="auto">{senderName(m.from)}</b>{' '}
      <span dir="auto" lang={langOf(text, m.lang)}>
        {text}
      </span>
    </span>
  );
}

/** What a mail repeats of those before it: there, and out of the way. */
function Quoted({ text }: { text: string }) {
  return (
    <details class="say-quoted">
      <summary>{k('quotedText')}</summary>
      <blockquote>
        <Text text={text} />
      </blockquote>
    </details>
  );
}

/** A file to be had, and why it is not shown here. */
function FileLink({ file, note }: { file: StaffFile; note?: string }) {
  return (
    <a class="say-file" href={`/files/${file.id}`} target="_blank" rel="noopener noreferrer" download={file.name}>
      <FileInner name={file.name} size={file.size} />
      {note && <small>{note}</small>}
    </a>
  );
}

/** AMR is turned into what browsers play, and to be had as it came; what cannot be played is a file. */
function Voice({ m, file }: { m: StaffMessage; file: StaffFile }) {
  const [mute, setMute] = useState(file.mime === 'audio/silk');
  const turned = file.mime === 'audio/amr' || file.mime === 'audio/amr-wb';
  return (
    <>
      {mute ? (
        <FileLink file={file} note={k('notPlayed')} />
      ) : (
        <audio
          controls
          preload="none"
          src={`/files/${file.id}${turned ? '?as=wav' : ''}`}
          aria-label={k('audio')}
          onError={() => setMute(true)}
        />
      )}
      {turned && !mute && (
        <a class="say-original" href={`/files/${file.id}`} download={file.name}>
          {k('originalFile')}
        </a>
      )}
      {m.text && <Caption m={m} />}
    </>
  );
}

/** What was written beside a picture or said in a voice message. */
function Caption({ m }: { m: StaffMessage }) {
  return (
    <span class="say-caption">
      <Text text={m.text ?? ''} lang={m.lang} />
    </span>
  );
}

function Body({ m, marks }: { m: StaffMessage; marks: readonly [number, number][] | undefined }) {
  if (m.kind === 'removed') return <span class="say-gone">{m.gone ?? k('removed')}</span>;
  const file = m.file;
  if (file && m.kind === 'image') {
    return (
      <>
        <Picture url={`/files/${file.id}`} name={file.name} width={file.width} height={file.height} />
        {m.text && <Caption m={m} />}
      </>
    );
  }
  if (file && m.kind === 'audio') return <Voice m={m} file={file} />;
  if (file) return <FileLink file={file} />;
  const form = typeof m.form === 'object' && m.form ? Object.entries(m.form) : [];
  return (
    <>
      {m.text && (marks ? <Marked text={m.text} marks={marks} lang={m.lang} /> : <Said m={m} />)}
      {form.length > 0 && (
        <dl class="say-form">
          {form.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <Text text={String(value)} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      {m.choices && m.choices.length > 0 && (
        <span class="say-choices">
          {m.choices.map((c) => (
            <span key={c.id} class={c.id === m.choice ? 'on' : ''}>
              {c.label}
            </span>
          ))}
        </span>
      )}
    </>
  );
}

/** A text with some of its code points marked. */
export function Marked({
  text,
  marks,
  lang: said,
}: {
  text: string;
  marks: readonly [number, number][];
  lang?: string | undefined;
}) {
  const points = Array.from(text);
  const out: ComponentChildren[] = [];
  let at = 0;
  for (const [from, to] of [...marks].sort((a, b) => a[0] - b[0])) {
    if (to <= at) continue;
    const start = Math.max(from, at);
    if (start > at) out.push(points.slice(at, start).join(''));
    out.push(<mark>{points.slice(start, to).join('')}</mark>);
    at = to;
  }
  out.push(points.slice(at).join(''));
  return (
    <span dir="auto" lang={langOf(text, said)}>
      {out}
    </span>
  );
}

/** Drawn at its final size before it is there, so that nothing jumps. */
function Picture({
  url,
  name,
  width = 240,
  height = 180,
}: {
  url: string;
  name: string;
  width?: number | undefined;
  height?: number | undefined;
}) {
  const scale = Math.min(1, 320 / width, 260 / height);
  const style = { width: `${Math.max(48, width * scale)}px`, height: `${Math.max(48, height * scale)}px` };
  return (
    <a
      class="say-image"
      style={style}
      href={url}
      target="_blank"
      rel="noopener noreferrer"
      aria-label={k('imageOpen', { name })}
    >
      <img src={url} alt="" loading="lazy" decoding="async" />
    </a>
  );
}

function FileInner({ name, size }: { name: string; size: number }) {
  return (
    <>
      <Icon node={FileText} size={28} />
      <span>
        <b dir="auto">{name}</b>
        <small class="num">{fileSize(size)}</small>
      </span>
    </>
  );
}

function Ticks({ state }: { state: Delivery }) {
  const words = {
    sending: k('stateSending'),
    sent: k('stateSent'),
    delivered: k('stateDelivered'),
    read: k('stateRead'),
    failed: k('stateFailed'),
    uncertain: k('stateUncertain'),
  };
  const node = {
    sending: Clock,
    sent: Check,
    delivered: CheckCheck,
    read: CheckCheck,
    failed: CircleAlert,
    uncertain: CircleAlert,
  }[state];
  return (
    <span class={`ticks ${state}`} title={words[state]}>
      <Icon node={node} size={16} />
      <span class="hidden">{words[state]}</span>
    </span>
  );
}

function Out({ row, actions }: { row: Extract<Row, { kind: 'out' }>; actions: TalkActions }) {
  const o = row.out;
  const failed = o.state === 'failed';
  const [preview, setPreview] = useState('');
  useEffect(() => {
    if (o.kind !== 'image' || !o.file?.blob) return;
    const url = URL.createObjectURL(o.file.blob);
    setPreview(url);
    return () => URL.revokeObjectURL(url);
  }, [o.cid]);
  const body =
    o.kind === 'image' && preview ? (
      <Picture url={preview} name={o.file?.name ?? ''} width={o.file?.width} height={o.file?.height} />
    ) : o.file ? (
      <span class="say-file">
        <FileInner name={o.file.name} size={o.file.size} />
      </span>
    ) : (
      <Said m={o} />
    );
  if (o.what === 'note') {
    return (
      <li class="talk-note pending">
        <Icon node={StickyNote} size={16} />
        <div>
          <p class="talk-note-head">
            <b>{s('note')}</b> · <OutState o={o} />
          </p>
          {body}
          {failed && (
            <p class="say-why">
              <span>{o.reason}</span>
              {actions.outActs?.(o)}
            </p>
          )}
        </div>
      </li>
    );
  }
  return (
    <li class={`say ours agent tail${row.head ? ' head' : ''}${failed ? '' : ` ${o.state}`}`}>
      <div class="say-line">
        <div class={`say-body${failed ? ' failed' : ''}${o.kind === 'image' && preview ? ' bare' : ''}`}>{body}</div>
        <span class="say-foot">
          <OutState o={o} />
        </span>
      </div>
      {failed && (
        <p class="say-why">
          <Icon node={CircleAlert} size={16} />
          <span>
            {o.words ? s('forbiddenWords', { words: o.words.join(s('listComma')) }) : k('stateFailed')}
            {o.words && o.advice && ` · ${o.advice}`}
            {o.reason && ` · ${o.reason}`}
          </span>
          {actions.outActs?.(o)}
        </p>
      )}
      {o.state === 'queued' && actions.outActs && <p class="say-why quiet">{actions.outActs(o)}</p>}
    </li>
  );
}

/** "Sending" is worth saying only if it lasts. */
function OutState({ o }: { o: Outgoing }) {
  const [late, setLate] = useState(o.state !== 'sending');
  useEffect(() => {
    if (o.state !== 'sending') {
      setLate(true);
      return;
    }
    const timer = setTimeout(() => setLate(true), 400);
    return () => clearTimeout(timer);
  }, [o.state]);
  if (o.state === 'uploading') {
    const percent = Math.round((o.progress ?? 0) * 100);
    return <progress max={100} value={percent} aria-label={k('uploading', { percent })} />;
  }
  if (o.state === 'failed' || !late) return null;
  const words = o.state === 'queued' ? k('stateQueued') : k('stateSending');
  return (
    <span class="ticks" title={words}>
      <Icon node={Clock} size={16} />
      <span class={o.state === 'queued' ? '' : 'hidden'}>{words}</span>
    </span>
  );
}
