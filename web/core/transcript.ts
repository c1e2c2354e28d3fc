// The messages of one conversation as this page knows them: numbered ones in seq order, then what we have said and the server has not
// numbered yet. Frames may come twice, late or in any order; the result is the same. A state never goes backwards.
import type { ChangedFrame, Delivery, From, Message, StatusFrame } from './wire';

/** What becomes of a message: from the outbox, then from the platform or the other page. */
export type ItemState = 'queued' | Delivery;

export interface Item extends Omit<Message, 'state' | 'seq'> {
  /** Stable for as long as the page shows it; the cid of our own, so that an ack moves nothing. */
  key: string;
  /** 0 while not numbered. */
  seq: number;
  own: boolean;
  state?: ItemState;
  reason?: string;
  /** Our own file, while it is being uploaded: 0 to 1. */
  progress?: number;
  /** Where this page has the file itself: a blob: address. */
  preview?: string;
}

const ORDER: ItemState[] = ['queued', 'sending', 'sent', 'delivered', 'read'];

/** May `to` replace `from`? The same rule as delivery_may() of the daemon, with "queued" before all others. */
export function stateMay(from: ItemState | undefined, to: ItemState): boolean {
  if (from === undefined || from === to) return true;
  if (to === 'failed') return from === 'queued' || from === 'sending' || from === 'sent' || from === 'uncertain';
  if (to === 'uncertain') return from === 'queued' || from === 'sending';
  if (from === 'failed') return false;
  if (from === 'uncertain') return to === 'sent' || to === 'delivered' || to === 'read';
  return ORDER.indexOf(to) > ORDER.indexOf(from);
}

export class Transcript {
  /** Numbered, by seq. */
  private readonly bySeq = new Map<number, Item>();
  private readonly byCid = new Map<string, Item>();
  private locals: Item[] = [];
  private sorted: Item[] | null = null;
  private high = 0;
  /** The other side has read up to here. */
  readTo = 0;
  /** There are older messages than the first we have; false once the server has said so. */
  older = true;

  constructor(
    /** True for what this page's own side has said. */
    private readonly mine: (from: From) => boolean,
    /** Before the keys of items, where a page shows several conversations in one list. */
    private readonly prefix = '',
  ) {}

  items(): Item[] {
    this.sorted ??= [...[...this.bySeq.values()].sort((a, b) => a.seq - b.seq), ...this.locals];
    return this.sorted;
  }

  /** The highest seq we have heard of. */
  get lastSeq(): number {
    return this.high;
  }

  /** There is a message of this number, wherever it may be. */
  heard(seq: number): void {
    this.high = Math.max(this.high, seq);
  }

  get firstSeq(): number {
    let first = Infinity;
    for (const seq of this.bySeq.keys()) first = Math.min(first, seq);
    return first === Infinity ? 0 : first;
  }

  /** Up to here nothing is missing, counted from the first we have. */
  get denseSeq(): number {
    let seq = this.firstSeq;
    if (!seq) return 0;
    while (this.bySeq.has(seq + 1)) seq++;
    return seq;
  }

  /** Is there a hole between what we have and `seq`? Then ask for history after denseSeq. */
  lacks(seq: number = this.high): boolean {
    return seq > this.denseSeq;
  }

  /** Takes in a message; true if it is one we did not have. */
  merge(m: Message): boolean {
    this.high = Math.max(this.high, m.seq);
    const known = this.bySeq.get(m.seq);
    const local = m.cid ? this.byCid.get(m.cid) : undefined;
    if (known) {
      if (local && !local.seq) this.removeLocal(m.cid!); // it came before without its cid
      this.update(known, m);
      return false;
    }
    if (local && !local.seq) {
      this.update(this.number(local, m.seq, m.at), m);
      return false;
    }
    const { state, seq, ...rest } = m;
    const own = this.mine(m.from);
    const item: Item = { ...rest, seq, own, key: m.cid && own ? m.cid : `${this.prefix}s${seq}` };
    if (own) {
      item.state = state ?? 'sent';
      if (seq <= this.readTo && stateMay(item.state, 'read')) item.state = 'read';
    }
    this.index(item);
    return true;
  }

  /** What we are about to say. */
  addLocal(cid: string, m: Omit<Message, 'seq' | 'state'>, state: ItemState = 'queued'): Item {
    const item: Item = { ...m, key: cid, cid, seq: 0, own: true, state };
    this.locals.push(item);
    this.index(item);
    return item;
  }

  /** The outbox on one of ours. A retry begins again at queued, behind the others. */
  setLocal(cid: string, state: ItemState, reason?: string): void {
    const item = this.byCid.get(cid);
    if (!item || item.seq) return;
    if (item.state === 'failed' && state === 'queued') {
      this.locals = [...this.locals.filter((l) => l !== item), item];
    }
    const { reason: _old, ...rest } = item;
    this.replace(item, reason ? { ...rest, state, reason } : { ...rest, state });
  }

  patchLocal(cid: string, patch: Partial<Pick<Item, 'progress' | 'preview' | 'text' | 'file'>>): void {
    const item = this.byCid.get(cid);
    if (item && !item.seq) this.replace(item, { ...item, ...patch });
  }

  removeLocal(cid: string): void {
    const item = this.byCid.get(cid);
    if (!item || item.seq) return;
    this.byCid.delete(cid);
    this.locals = this.locals.filter((l) => l !== item);
    this.sorted = null;
  }

  /** What we were about to say went into another conversation: the old one had been closed. */
  moveLocals(to: Transcript): void {
    for (const item of this.locals) {
      this.byCid.delete(item.key);
      to.locals.push(item);
      to.index(item);
    }
    this.locals = [];
    this.sorted = null;
  }

  ack(cid: string, seq: number, at: number): void {
    const item = this.byCid.get(cid);
    this.high = Math.max(this.high, seq);
    if (!item || item.seq) return;
    if (this.bySeq.has(seq))
      this.removeLocal(cid); // history was faster than the ack, and did not know the cid
    else this.number(item, seq, at);
  }

  status(f: StatusFrame): void {
    const item = this.bySeq.get(f.seq);
    if (!item || !item.own || !stateMay(item.state, f.state)) return;
    this.replace(item, f.reason ? { ...item, state: f.state, reason: f.reason } : { ...item, state: f.state });
  }

  changed(f: ChangedFrame): void {
    const item = this.bySeq.get(f.seq);
    if (!item || item.kind === 'removed') return;
    const fresh: Item = { ...item, kind: f.kind, text: f.text ?? '' };
    if (f.file) fresh.file = f.file;
    if (f.kind === 'removed') {
      delete fresh.file;
      delete fresh.choices;
      delete fresh.preview;
    }
    this.replace(item, fresh);
  }

  /** An address under which this page can show the message's file. */
  setPreview(seq: number, preview: string): void {
    const item = this.bySeq.get(seq);
    if (item?.file) this.replace(item, { ...item, preview });
  }

  /** The other side has read up to `seq`. */
  read(seq: number): void {
    if (seq <= this.readTo) return;
    this.readTo = seq;
    for (const item of [...this.bySeq.values()]) {
      if (item.own && item.seq <= seq && item.state !== 'read' && stateMay(item.state, 'read')) {
        this.replace(item, { ...item, state: 'read' });
      }
    }
  }

  private number(item: Item, seq: number, at: number): Item {
    const { reason: _reason, progress: _progress, ...rest } = item;
    this.locals = this.locals.filter((l) => l !== item);
    return this.index({ ...rest, seq, at, state: seq <= this.readTo ? 'read' : 'sent' });
  }

  private update(item: Item, m: Message): void {
    if (item.kind === 'removed') return;
    const { state, ...rest } = m;
    const fresh: Item = { ...item, ...rest };
    if (item.own && state && stateMay(item.state, state)) fresh.state = state;
    this.replace(item, fresh);
  }

  // Views compare items by identity: what has changed is a new object under the same key.
  private replace(item: Item, fresh: Item): void {
    if (!item.seq) this.locals = this.locals.map((l) => (l === item ? fresh : l));
    this.index(fresh);
  }

  private index(item: Item): Item {
    if (item.seq) this.bySeq.set(item.seq, item);
    if (item.own && item.cid) this.byCid.set(item.cid, item);
    this.sorted = null;
    return item;
  }
}
