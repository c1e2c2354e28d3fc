// What a person has sent and the server has not yet acknowledged. Nothing leaves it but by an ack or by the person's own hand.
//
// Order: frames of one lane (a conversation) go one at a time, each after the ack of the one before; so a repeat after a lost link, a
// rate limit or a busy database cannot change it. The same cid is sent each time: the server stores it once.
import { type Clock, systemClock } from './clock';
import type { AckFrame, ErrorFrame } from './wire';

export interface Entry<F> {
  cid: string;
  /** The conversation, or '' where there is but one. */
  lane: string;
  frame: F;
  at: number;
  /** Set once the server has refused it: it waits for the person. */
  failed?: { code: string; message: string; field?: string | undefined };
}

/** Where entries survive a reload. Every method may fail; the outbox then goes on in memory. */
export interface OutboxStore<F> {
  load(): Entry<F>[] | Promise<Entry<F>[]>;
  put(entry: Entry<F>): void | Promise<void>;
  remove(cid: string): void | Promise<void>;
}

export type EntryState = 'queued' | 'sending' | 'failed';

export interface OutboxOptions<F> {
  send(frame: F): boolean;
  store?: OutboxStore<F>;
  /** An entry came, went on its way, failed or was taken out. */
  onChange?(entry: Entry<F>, state: EntryState | 'done'): void;
  clock?: Clock;
}

const RETRY_MS = 2_000;
// The server may do better the next time it is asked.
const PASSING = ['rate_limited', 'unavailable', 'internal'];
const INTERNAL_TRIES = 5;

export class Outbox<F extends { cid: string }> {
  private readonly entries = new Map<string, Entry<F>>();
  private readonly flying = new Map<string, string>(); // lane → cid on its way
  private readonly held = new Set<string>(); // lanes that wait before the next try
  private readonly tries = new Map<string, number>();
  private live = false;
  private readonly clock: Clock;

  constructor(private readonly options: OutboxOptions<F>) {
    this.clock = options.clock ?? systemClock;
  }

  /** Brings back what an earlier page left. What has been added meanwhile stays behind it. */
  async load(): Promise<void> {
    let kept: Entry<F>[] = [];
    try {
      kept = (await this.options.store?.load()) ?? [];
    } catch {
      return;
    }
    const newer = [...this.entries.values()];
    this.entries.clear();
    for (const e of [...kept, ...newer]) this.entries.set(e.cid, e);
    for (const e of kept) this.options.onChange?.(e, e.failed ? 'failed' : 'queued');
    this.pump();
  }

  all(): Entry<F>[] {
    return [...this.entries.values()];
  }

  state(cid: string): EntryState | undefined {
    const e = this.entries.get(cid);
    if (!e) return undefined;
    if (e.failed) return 'failed';
    return this.flying.get(e.lane) === cid ? 'sending' : 'queued';
  }

  add(frame: F, lane = ''): Entry<F> {
    const entry: Entry<F> = { cid: frame.cid, lane, frame, at: this.clock.now() };
    this.entries.set(entry.cid, entry);
    this.keep(entry);
    this.options.onChange?.(entry, 'queued');
    this.pump();
    return entry;
  }

  /** The link is live (after welcome), or gone: what flew is sent again. */
  setLive(live: boolean): void {
    this.live = live;
    const landed = [...this.flying.values()];
    this.flying.clear();
    if (live) this.pump();
    else for (const cid of landed) this.report(cid);
  }

  /** True if it was ours. */
  ack(frame: AckFrame): boolean {
    const entry = this.entries.get(frame.cid);
    if (!entry) return false;
    this.take(entry);
    this.pump();
    return true;
  }

  /** True if it was ours. */
  error(frame: ErrorFrame): boolean {
    const entry = frame.cid ? this.entries.get(frame.cid) : undefined;
    if (!entry) return false;
    this.land(entry);
    const tries = (this.tries.get(entry.cid) ?? 0) + 1;
    this.tries.set(entry.cid, tries);
    if (PASSING.includes(frame.code) && !(frame.code === 'internal' && tries >= INTERNAL_TRIES)) {
      this.hold(entry.lane, frame.retry_after_ms ?? RETRY_MS);
      this.options.onChange?.(entry, 'queued');
      return true;
    }
    entry.failed = { code: frame.code, message: frame.text || frame.message, field: frame.field };
    this.keep(entry);
    this.options.onChange?.(entry, 'failed');
    this.pump();
    return true;
  }

  /** Try a failed one again: at the end of its lane, as something said now. */
  retry(cid: string): void {
    const entry = this.entries.get(cid);
    if (!entry?.failed) return;
    delete entry.failed;
    this.tries.delete(cid);
    entry.at = this.clock.now();
    this.entries.delete(cid);
    this.entries.set(cid, entry);
    this.guard(() => this.options.store?.remove(cid));
    this.keep(entry);
    this.options.onChange?.(entry, 'queued');
    this.pump();
  }

  /** The person takes it back. */
  discard(cid: string): void {
    const entry = this.entries.get(cid);
    if (!entry) return;
    this.take(entry);
    this.pump();
  }

  clear(): void {
    for (const e of this.all()) this.take(e);
  }

  private pump(): void {
    if (!this.live) return;
    for (const e of this.entries.values()) {
      if (e.failed || this.flying.has(e.lane) || this.held.has(e.lane)) continue;
      if (!this.options.send(e.frame)) return;
      this.flying.set(e.lane, e.cid);
      this.options.onChange?.(e, 'sending');
    }
  }

  private hold(lane: string, ms: number): void {
    this.held.add(lane);
    this.clock.after(ms, () => {
      this.held.delete(lane);
      this.pump();
    });
  }

  private land(e: Entry<F>): void {
    if (this.flying.get(e.lane) === e.cid) this.flying.delete(e.lane);
  }

  private take(e: Entry<F>): void {
    this.land(e);
    this.entries.delete(e.cid);
    this.tries.delete(e.cid);
    this.guard(() => this.options.store?.remove(e.cid));
    this.options.onChange?.(e, 'done');
  }

  private keep(e: Entry<F>): void {
    this.guard(() => this.options.store?.put(e));
  }

  private report(cid: string): void {
    const e = this.entries.get(cid);
    if (e) this.options.onChange?.(e, 'queued');
  }

  // Storage may be denied (a third-party frame) or full; the memory still holds the entry.
  private guard(fn: () => void | Promise<void> | undefined): void {
    try {
      fn()?.catch?.(() => {});
    } catch {
      // As above.
    }
  }
}

/** Entries in a Web Storage under one key. Takes a getter: reading `window.sessionStorage` may itself throw. */
export function webStore<F>(storage: () => Storage, key: string): OutboxStore<F> {
  const read = (): Entry<F>[] => JSON.parse(storage().getItem(key) ?? '[]') as Entry<F>[];
  const write = (all: Entry<F>[]) => {
    if (all.length) storage().setItem(key, JSON.stringify(all));
    else storage().removeItem(key);
  };
  return {
    load: read,
    put(entry) {
      const all = read();
      const at = all.findIndex((e) => e.cid === entry.cid);
      if (at < 0) all.push(entry);
      else all[at] = entry;
      write(all);
    },
    remove: (cid) => write(read().filter((e) => e.cid !== cid)),
  };
}
