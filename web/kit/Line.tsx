// One row of a transcript as staff read it: a message with how far it has come, a note on yellow, what has happened, what is on its way.
import './Talk.css';
import { Bot, Check, CheckCheck, CircleAlert, Clock, FileText, Headset, StickyNote } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { langOf } from '../core/i18n';
import type { Delivery, Entry, StaffFile, StaffMessage } from '../core/staff';
import { fileSize } from '../core/text';
import { clockTime, dayLabel, exactTime } from '../core/time';
import { Icon } from './Icon';
import { k, lang } from './i18n';
import { lazy } from './lazy';
import { memo } from './memo';
import type { Outgoing, Row } from './rows';
import { s } from './staffWords';
import { Said } from './Said';
import { Marked, Text } from './Text';
import { lineOf, membersOf } from './names';

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

function readState(r: Row, visitorRead: number): Delivery | undefined {
  if (r.kind !== 'message' || r.message.from.role !== 'agent') return undefined;
  const m = r.message;
  if (m.state === 'failed' || m.state === 'uncertain') return m.state;
  if (m.seq <= visitorRead) return 'read';
  return m.state ?? 'sent';
}

export function isChosen(r: Row, chosen: number | undefined): boolean {
  return chosen !== undefined && 'message' in r && r.message.seq === chosen;
}

/** Rows that are not drawn again hold on to what they were given: it must not be a whole drawing of the past. */
export function useActions({ eventWords, entryWords, acts, outActs, find, chosen }: TalkActions): TalkActions {
  return Object.assign(useRef({} as TalkActions).current, { eventWords, entryWords, acts, outActs, find, chosen });
}

/** `visitorRead`: how far the visitor has read. */
export const lines = (rows: readonly Row[], actions: TalkActions, marks: TalkActions['marks'], visitorRead = 0) =>
  rows.map((r) => (
    <Line
      key={r.key}
      row={r}
      lang={lang.value}
      read={readState(r, visitorRead)}
      actions={actions}
      marks={marks}
      on={isChosen(r, actions.chosen)}
    />
  ));

interface LineProps {
  row: Row;
  lang: string;
  read: Delivery | undefined;
  actions: TalkActions;
  marks: TalkActions['marks'];
  on: boolean;
}

export const Line = memo(
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

export function sameRow(a: Row, b: Row): boolean {
  if (a === b) return true;
  if (a.kind === 'message' && b.kind === 'message')
    return a.message === b.message && a.head === b.head && a.tail === b.tail;
  if (a.kind === 'day' && b.kind === 'day') return a.at === b.at;
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
      {!bad && m.reason === 'review' && <p class="say-why quiet">{k('stateReview')}</p>}
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
  const text = lineOf(m).slice(0, 120) || (m.file?.name ?? '');
  return (
    <span class="say-quote">
      <b dir="auto">{senderName(m.from)}</b>{' '}
      <span dir="auto" lang={langOf(text, m.lang)}>
        {text}
      </span>
    </span>
  );
}

/** What a mail repeats of those before it, what an answer is about: there, and out of the way. */
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
export function FileLink({ file, note }: { file: StaffFile; note?: string }) {
  return (
    <a class="say-file" href={`/files/${file.id}`} target="_blank" rel="noopener noreferrer" download={file.name}>
      <FileInner name={file.name} size={file.size} />
      {note && <small>{note}</small>}
    </a>
  );
}

/** Few talks have one. */
const Voice = lazy(() => import('./Voice').then((m) => m.Voice));

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
  if (file && m.kind === 'card') {
    return (
      <>
        <Picture url={`/files/${file.id}`} name={file.name} width={file.width} height={file.height} />
        <Said m={m} />
      </>
    );
  }
  if (file && m.kind === 'image') {
    return (
      <>
        <Picture url={`/files/${file.id}`} name={file.name} width={file.width} height={file.height} />
        {m.text && <Caption m={m} />}
      </>
    );
  }
  if (file && m.kind === 'audio') {
    return (
      <>
        <div class="voice-place">
          <Voice file={file} />
        </div>
        {m.text && <Caption m={m} />}
      </>
    );
  }
  if (file) return <FileLink file={file} />;
  if (m.kind === 'card' && typeof m.form === 'object') {
    return (
      <dl class="say-form">
        {membersOf(m.form, m.text, marks).map(({ label, value }) => (
          <div key={label.text}>
            <dt>
              <Marked {...label} />
            </dt>
            <dd>{value.marks[0] ? <Marked {...value} /> : <Text text={value.text} />}</dd>
          </div>
        ))}
      </dl>
    );
  }
  return (
    <>
      {m.text && (marks ? <Marked text={m.text} marks={marks} lang={m.lang} /> : <Said m={m} />)}
      {m.choices?.[0] && !m.text?.includes(`1. ${m.choices[0].label}`) && (
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
    if ((o.kind !== 'image' && o.kind !== 'card') || !o.file?.blob) return;
    const url = URL.createObjectURL(o.file.blob);
    setPreview(url);
    return () => URL.revokeObjectURL(url);
  }, [o.cid]);
  const body =
    o.kind === 'image' && preview ? (
      <Picture url={preview} name={o.file?.name ?? ''} width={o.file?.width} height={o.file?.height} />
    ) : o.kind === 'card' && preview ? (
      <>
        <Picture url={preview} name={o.file?.name ?? ''} width={o.file?.width} height={o.file?.height} />
        <Said m={o} />
      </>
    ) : o.file && o.kind !== 'card' ? (
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
