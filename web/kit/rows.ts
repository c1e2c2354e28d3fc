// rows.ts: a transcript as the rows that people see: days, groups of one sender, notes between the messages they follow.
// Pure; the console and the review pages share it.

import type { Entry, StaffMessage } from '../core/staff';

export interface Outgoing {
  cid: string;
  conversation: string;
  what: 'message' | 'note';
  /** Whom it was for, should the conversation be gone. */
  who: string;
  kind: 'text' | 'image' | 'file' | 'audio' | 'card';
  text: string;
  /** It was chosen from the channel's templates: `text` is what it says. */
  template?: { kind: 'template'; template: string; fields: Record<string, string> };
  reply_to?: number;
  /** Of a place: where it is, instead of the address. */
  place?: { lat: number; lon: number };
  file?: { name: string; mime: string; size: number; blob?: Blob; id?: string; width?: number; height?: number };
  at: number;
  state: 'queued' | 'uploading' | 'sending' | 'failed';
  /** 0 to 1 while uploading. */
  progress?: number;
  reason?: string;
  /** Wording that should not be used: it goes when the agent says so a second time. */
  words?: readonly string[];
  advice?: string;
}

type MessageRow = Extract<Row, { kind: 'message' }>;

export type Row =
  | { kind: 'day'; key: string; at: number }
  | { kind: 'message'; key: string; message: StaffMessage; head: boolean; tail: boolean }
  | { kind: 'event'; key: string; message: StaffMessage }
  | { kind: 'note'; key: string; entry: Entry }
  | { kind: 'entry'; key: string; entry: Entry }
  | { kind: 'out'; key: string; out: Outgoing; head: boolean }
  | { kind: 'unread'; key: string };

const GROUP_MS = 5 * 60_000;

function dayOf(at: number): string {
  const d = new Date(at);
  return `${d.getFullYear()}-${d.getMonth()}-${d.getDate()}`;
}

function sender(m: StaffMessage): string {
  return `${m.from.role}:${m.from.id ?? m.from.number ?? m.from.name ?? ''}`;
}

export interface RowOptions {
  /** Which entries of the timeline get a line of their own; notes always do. */
  entry?: (entry: Entry) => boolean;
  /** The first message the reader has not seen: a line is drawn above it; 0 for none. */
  unreadFrom?: number;
}

/** What staff say to each other: for colleagues, or for the one agent. */
export function isNote(e: Entry): boolean {
  return e.kind === 'note' || e.kind === 'whisper';
}

export function buildRows(
  messages: readonly StaffMessage[],
  entries: readonly Entry[],
  out: readonly Outgoing[],
  options: RowOptions = {},
): Row[] {
  const rows: Row[] = [];
  const shown = entries.filter((e) => isNote(e) || options.entry?.(e) === true);
  const first = messages[0]?.seq ?? 0;
  let next = 0;
  let day = '';
  let open: MessageRow | null = null as MessageRow | null;

  const date = (at: number): void => {
    const d = dayOf(at);
    if (d !== day) {
      day = d;
      open = null;
      rows.push({ kind: 'day', key: `d${d}`, at });
    }
  };
  const entriesUpTo = (seq: number): void => {
    while (next < shown.length && (shown[next] as Entry).after_seq < seq) {
      const entry = shown[next++] as Entry;
      if (first > 1 && entry.after_seq < first - 1) continue;
      date(entry.at);
      open = null;
      rows.push(
        isNote(entry) ? { kind: 'note', key: `n${entry.id}`, entry } : { kind: 'entry', key: `e${entry.id}`, entry },
      );
    }
  };

  for (const message of messages) {
    entriesUpTo(message.seq);
    date(message.at);
    if (options.unreadFrom !== undefined && options.unreadFrom > 0 && message.seq === options.unreadFrom) {
      open = null;
      rows.push({ kind: 'unread', key: 'unread' });
    }
    if (message.kind === 'event') {
      open = null;
      rows.push({ kind: 'event', key: `m${message.seq}`, message });
      continue;
    }
    const before = open;
    const joins: boolean =
      before !== null && sender(before.message) === sender(message) && message.at - before.message.at < GROUP_MS;
    if (joins && before) before.tail = false;
    open = { kind: 'message', key: `m${message.seq}`, message, head: !joins, tail: true };
    rows.push(open);
  }
  entriesUpTo(Number.MAX_SAFE_INTEGER);

  let head = true;
  for (const o of out) {
    date(o.at);
    rows.push({ kind: 'out', key: `o${o.cid}`, out: o, head });
    head = false;
  }
  return rows;
}

/** Messages in seq order, each once; the later copy wins. */
export function mergeMessages(have: readonly StaffMessage[], more: readonly StaffMessage[]): StaffMessage[] {
  if (more.length === 0) return have as StaffMessage[];
  const last = have[have.length - 1];
  if (last && more.every((m, i) => m.seq === last.seq + 1 + i)) return [...have, ...more];
  const all = new Map<number, StaffMessage>();
  for (const m of have) all.set(m.seq, m);
  for (const m of more) all.set(m.seq, { ...all.get(m.seq), ...m });
  return [...all.values()].sort((a, b) => a.seq - b.seq);
}

export function mergeEntries(have: readonly Entry[], more: readonly Entry[]): Entry[] {
  if (more.length === 0) return have as Entry[];
  const all = new Map<number, Entry>();
  for (const e of have) all.set(e.id, e);
  for (const e of more) all.set(e.id, e);
  return [...all.values()].sort((a, b) => a.after_seq - b.after_seq || a.at - b.at || a.id - b.id);
}

export function noteText(e: Entry): string {
  return typeof e.data?.text === 'string' ? e.data.text : (e.text ?? '');
}
