// room.ts: one conversation as the console knows it: what the daemon said of it, the part of its transcript that is here, and what
// this page has not got acknowledged yet.
//
// `messages` is always one run without gaps. What does not join it is fetched, not guessed.

import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { Conversation, Entry, ReplyWindow, StaffMessage } from '../core/staff';
import { meet } from '../kit/names';
import { lastActivity, waitingSince } from './order';
import { mergeEntries, mergeMessages, noteText, type Outgoing } from '../kit/rows';

/** `timeline`: the messages of the answer do not count, only the entries that come with it. */
export type Question = { after: number } | { before: number } | { timeline: true };

export type Loading = 'no' | 'loading' | 'yes' | 'failed';

export class Room {
  readonly id: string;
  readonly conversation: Signal<Conversation>;
  readonly messages: Signal<readonly StaffMessage[]> = signal([]);
  readonly entries: Signal<readonly Entry[]> = signal([]);
  readonly out: Signal<readonly Outgoing[]> = signal([]);
  readonly loading: Signal<Loading> = signal('no');
  /** There is more before the first message here. */
  readonly older = signal(true);
  readonly unread = signal(0);
  /** When the visitor's typing was last seen; 0: not typing. */
  readonly typingAt = signal(0);
  /** When and why it came to me; null once it was looked at. */
  readonly arrival: Signal<{ at: number; why: string } | null> = signal(null);
  /** How it may be answered; null: without bounds. */
  readonly window: Signal<ReplyWindow | null> = signal(null);
  readonly hasDraft = signal(false);
  /** I look on, and nobody knows. */
  readonly watched = signal(false);
  /** A colleague has handed it to me, and I have not spoken yet: it can still be given back. */
  readonly handed = signal(false);
  /** It lies on my desk. */
  readonly mine = signal(false);
  /** It is to be closed; that can still be undone. */
  readonly closing = signal(false);
  /** The question that is under way, so that its answer is understood. */
  asked: Question | null = null;
  /** The timeline may have lines that are not here; it is asked for once the messages are. */
  lacksTimeline = true;
  /** The last question failed or the connection went away. */
  stale = false;
  seenUpTo = 0;
  redNoted = false;

  /** Since when the visitor waits for a person's answer; 0: does not. */
  readonly since: ReadonlySignal<number>;
  readonly activity: ReadonlySignal<number>;

  constructor(c: Conversation) {
    this.id = c.id;
    this.conversation = signal(c);
    this.seenUpTo = c.staff_read;
    this.unread.value = guessUnread(c);
    const first = signal(0);
    this.#first = first;
    this.since = computed(() => waitingSince(this.conversation.value, first.value));
    this.activity = computed(() => lastActivity(this.conversation.value));
  }

  readonly #first: Signal<number>;

  get hi(): number {
    const all = this.messages.value;
    return all.length === 0 ? 0 : (all[all.length - 1] as StaffMessage).seq;
  }

  get lo(): number {
    return this.messages.value[0]?.seq ?? 0;
  }

  /** What the daemon now says of it. The newest seq wins, so that an answer from before cannot turn time back. */
  take(c: Conversation): void {
    const old = this.conversation.value;
    if (c.epoch < old.epoch) return;
    meet(c.agent);
    const newer =
      c.seq >= old.seq ? c : { ...c, seq: old.seq, last: old.last, visitor_at: old.visitor_at, staff_at: old.staff_at };
    // Lists tell less than frames do: what is not said is not forgotten.
    const visitor = c.visitor.name ? c.visitor : { ...c.visitor, name: old.visitor.name };
    this.conversation.value = { ...newer, visitor, customer: c.customer ?? old.customer, last: newer.last ?? old.last };
  }

  patch(p: Partial<Conversation>): void {
    this.conversation.value = { ...this.conversation.value, ...p };
  }

  /** A message that was just said. Answers whether there is a gap to be fetched. */
  say(m: StaffMessage): boolean {
    const c = this.conversation.value;
    if (m.seq > c.seq || !c.last || m.seq === c.last.seq) {
      const p: Partial<Conversation> = { seq: Math.max(c.seq, m.seq) };
      if (byPeople(m) || !c.last) p.last = m;
      if (m.from.role === 'visitor') {
        if (c.visitor_at <= c.staff_at) this.#first.value = m.at;
        p.visitor_at = Math.max(c.visitor_at, m.at);
      } else if (m.from.role === 'agent') {
        p.staff_at = Math.max(c.staff_at, m.at);
        this.#first.value = 0;
      }
      this.patch(p);
    }
    if (this.loading.value === 'no') return false;
    const all = this.messages.value;
    if (all.length > 0 && m.seq > this.hi + 1) return true;
    if (all.length === 0 && m.seq > 1) return this.loading.value === 'yes';
    if (all.length > 0 && m.seq < this.lo) return false;
    this.messages.value = mergeMessages(all, [m]);
    return false;
  }

  /** The answer to the question under way. Answers whether more must be asked for to reach the present. */
  history(messages: readonly StaffMessage[], timeline: readonly Entry[] | undefined, more: boolean): boolean {
    const asked = this.asked;
    this.asked = null;
    if (timeline) this.lacksTimeline = false;
    for (const e of timeline ?? []) if (!this.entries.value.some((x) => x.id === e.id)) this.entry(e);
    if (asked && 'timeline' in asked) return false;
    const all = this.messages.value;
    let again = false;
    if (asked && 'after' in asked) {
      const first = messages[0];
      if (first && all.length > 0 && first.seq > this.hi + 1) {
        this.messages.value = messages;
        this.older.value = true;
      } else {
        this.messages.value = mergeMessages(all, messages);
      }
      again = more;
    } else {
      const last = messages[messages.length - 1];
      if (last && all.length > 0 && last.seq + 1 < this.lo) this.messages.value = messages;
      else this.messages.value = mergeMessages(messages, all);
      this.older.value = more && this.lo > 1;
    }
    if (this.lo === 1) this.older.value = false;
    this.loading.value = 'yes';
    this.stale = false;
    this.#findFirst();
    this.#findLast();
    return again;
  }

  /** One line of the timeline; it takes the place of the note of ours that was shown meanwhile. */
  entry(e: Entry): void {
    const text = noteText(e);
    const mine = this.entries.value.find((x) => x.id < 0 && noteText(x) === text);
    const rest = mine && e.kind === 'note' ? this.entries.value.filter((x) => x !== mine) : this.entries.value;
    this.entries.value = mergeEntries(rest, [e]);
  }

  /** A note of ours was stored. Until its line of the timeline comes, it is shown as it was written. */
  noteStored(text: string, at: number, by: Entry['by']): void {
    const said = this.entries.value.some(
      (e) => e.id > 0 && e.kind === 'note' && e.by.id === by.id && noteText(e) === text && e.at >= at - 1,
    );
    if (said) return;
    const e: Entry = {
      id: -++this.#notes,
      after_seq: this.conversation.value.seq,
      at,
      kind: 'note',
      by,
      data: { text },
    };
    this.entries.value = [...this.entries.value, e];
  }

  #notes = 0;

  change(seq: number, p: Partial<StaffMessage>): void {
    this.messages.value = this.messages.value.map((m) => (m.seq === seq ? { ...m, ...p } : m));
    const last = this.conversation.value.last;
    if (last && last.seq === seq) this.patch({ last: { ...last, ...p } });
  }

  /** Lists and offers may come without the last words and without a true count of the unread. */
  #findLast(): void {
    const c = this.conversation.value;
    const all = this.messages.value;
    if (!c.last || !byPeople(c.last)) {
      const last = all.findLast(byPeople) ?? all[all.length - 1];
      if (last) this.patch({ last });
    }
    if (this.unread.value === 0) return;
    const read = Math.max(c.staff_read, this.seenUpTo);
    this.unread.value = all.filter((m) => m.seq > read && m.from.role === 'visitor').length;
  }

  /** Which message the visitor waits for an answer to: the first of theirs after the last of ours. */
  #findFirst(): void {
    const all = this.messages.value;
    let first = 0;
    for (let i = all.length - 1; i >= 0; i--) {
      const m = all[i] as StaffMessage;
      if (m.from.role === 'agent') break;
      if (m.from.role === 'visitor') first = m.at;
    }
    this.#first.value = first;
  }
}

/** Words that tell what a talk is about: not those of the system, which are the same everywhere. */
function byPeople(m: StaffMessage): boolean {
  return m.kind !== 'event' && (m.from.role === 'visitor' || m.from.role === 'agent');
}

function guessUnread(c: Conversation): number {
  if (c.visitor_at <= c.staff_at && c.staff_at > 0) return 0;
  return c.last?.from.role === 'agent' ? 0 : Math.max(0, Math.min(99, c.seq - c.staff_read));
}
