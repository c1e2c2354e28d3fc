// posts.ts: what an agent has said that the daemon has not acknowledged yet: kept on disk, sent in the order of each conversation, with
// the files taken there first, and shown as waiting, failed or refused until it is in the transcript.

import { batch, signal, type Signal } from '@preact/signals';
import { Outbox } from '../core/outbox';
import type { StaffFrame } from '../core/staff';
import { cardOf } from '../core/text';
import type { Outgoing } from '../kit/rows';
import { Refused, type Ports } from './ports';
import type { Room } from './room';

interface OutFrame {
  type: 'message' | 'note';
  conversation: string;
  cid: string;
  text: string;
  kind?: Outgoing['kind'] | 'template';
  template?: string;
  fields?: Record<string, string>;
  title?: string;
  url?: string;
  lat?: number;
  lon?: number;
  file?: string;
  reply_to?: number;
  /** The wording is meant. */
  confirm?: true;
}

export class Posts {
  /** Unsent messages of conversations that are not on this desk any more. */
  readonly left: Signal<readonly Outgoing[]> = signal([]);

  readonly #ports: Ports;
  readonly #rooms: Signal<ReadonlyMap<string, Room>>;
  readonly #skew: () => number;
  readonly #outbox: Outbox<OutFrame>;
  /** What the daemon said of wording that should not be used. */
  readonly #worded = new Map<string, { words: readonly string[]; advice: string }>();
  readonly #uploads = new Set<string>();
  #open = false;

  /** `rooms`: those of the desk; `skew`: the server's clock minus ours. */
  constructor(ports: Ports, rooms: Signal<ReadonlyMap<string, Room>>, skew: () => number) {
    this.#ports = ports;
    this.#rooms = rooms;
    this.#skew = skew;
    // Desk keeps the entries on disk itself, with what people see of them.
    this.#outbox = new Outbox<OutFrame>({
      send: (f) => ports.wire.send(f as unknown as Record<string, unknown>),
      clock: ports.clock,
      onChange: (e, state) => {
        const room = rooms.value.get(e.lane);
        if (!room) return;
        if (state === 'done') this.#settle(room, e.cid);
        else {
          const words = this.#worded.get(e.cid);
          const reason = e.failed ? e.failed.message || e.failed.code : '';
          this.#update(room, e.cid, words && e.failed ? { state, reason: '', ...words } : { state, reason });
        }
      },
    });
  }

  /** There is a connection, or none: what is queued leaves, or waits. Files begin with the next sending of their message. */
  setLive(open: boolean): void {
    this.#open = open;
    if (open) {
      for (const room of this.#rooms.value.values())
        for (const o of room.out.value) if (o.file && !o.file.id && o.state === 'queued') void this.#upload(room, o);
    }
    this.#outbox.setLive(open);
  }

  /** The daemon has it. */
  stored(cid: string): void {
    this.#outbox.ack({ type: 'ack', cid });
  }

  /** The daemon has refused it. */
  refused(f: Extract<StaffFrame, { type: 'error' }> & { cid: string }): void {
    if (f.words) this.#worded.set(f.cid, { words: f.words, advice: f.advice ?? '' });
    this.#outbox.error(f);
  }

  /** Unsent messages of an earlier life of this page. */
  async restore(): Promise<void> {
    const kept = await this.#ports.keep.outbox();
    this.left.value = kept.map((o) => ({ ...o, state: o.state === 'failed' ? 'failed' : 'queued' }));
    batch(() => this.readopt());
  }

  /** The unsent find their conversations; the others stay in `left`, for the person to see. */
  readopt(): void {
    const left: Outgoing[] = [];
    for (const o of this.left.value) {
      const room = this.#rooms.value.get(o.conversation);
      if (!room) {
        left.push(o);
      } else if (!room.out.value.some((x) => x.cid === o.cid)) {
        room.out.value = [...room.out.value, o];
        if (o.state !== 'failed') this.#dispatch(room, o);
      }
    }
    if (left.length !== this.left.value.length) this.left.value = left;
  }

  discardLeft(cid: string): void {
    this.left.value = this.left.value.filter((o) => o.cid !== cid);
    void this.#ports.keep.dropOut(cid);
  }

  /** Says it, now or when there is a connection again. The text is on disk before the composer is emptied. */
  async say(room: Room, text: string, replyTo = 0): Promise<void> {
    await this.post(room, { what: 'message', kind: 'text', text, ...(replyTo ? { reply_to: replyTo } : {}) });
  }

  async note(room: Room, text: string): Promise<void> {
    await this.post(room, { what: 'note', kind: 'text', text });
  }

  async sendFile(room: Room, blob: Blob, name: string, size: { width?: number; height?: number } = {}): Promise<void> {
    const kind = /^image\/(png|jpeg|gif|webp)$/.test(blob.type)
      ? 'image'
      : blob.type.startsWith('audio/')
        ? 'audio'
        : 'file';
    await this.post(room, {
      what: 'message',
      kind,
      text: '',
      file: { name, mime: blob.type, size: blob.size, blob, ...size },
    });
  }

  /** A message of any kind; a card is the lines that people will read. */
  async post(room: Room, o: Omit<Outgoing, 'cid' | 'conversation' | 'who' | 'at' | 'state'>): Promise<void> {
    const who = room.conversation.value.visitor.name;
    const out: Outgoing = {
      ...o,
      who,
      cid: this.#ports.cid(),
      conversation: room.id,
      at: this.#ports.clock.now() + this.#skew(),
      state: 'queued',
    };
    room.out.value = [...room.out.value, out];
    const kept = this.#ports.keep.putOut(out);
    this.#dispatch(room, out);
    await kept;
  }

  again(room: Room, cid: string): void {
    const out = room.out.value.find((o) => o.cid === cid);
    if (!out) return;
    if (out.words) {
      // A second time: the agent means it.
      this.#update(room, cid, { words: undefined as never, advice: undefined as never });
      this.#worded.delete(cid);
      const entry = this.#outbox.all().find((e) => e.cid === cid);
      if (entry) entry.frame.confirm = true;
    }
    if (this.#outbox.state(cid)) this.#outbox.retry(cid);
    else {
      this.#update(room, cid, { state: 'queued', reason: '' });
      this.#dispatch(room, { ...out, state: 'queued' });
    }
  }

  /** The agent takes an unsent message back; the text is returned, so that it can be written anew. */
  takeBack(room: Room, cid: string): string {
    const out = room.out.value.find((o) => o.cid === cid);
    if (this.#outbox.state(cid)) this.#outbox.discard(cid);
    else this.#settle(room, cid);
    return out?.text ?? '';
  }

  #dispatch(room: Room, out: Outgoing): void {
    if (out.file && !out.file.id) {
      void this.#upload(room, out);
      return;
    }
    const { cid, conversation, text } = out;
    const card = out.kind === 'card' && cardOf(text);
    const more = {
      kind: out.kind,
      ...(card ? { title: card.title, text: card.words, ...(out.place ?? { url: card.href }) } : {}),
      ...(out.file?.id ? { file: out.file.id } : {}),
      ...(out.reply_to ? { reply_to: out.reply_to } : {}),
      ...out.template,
    };
    this.#outbox.add(
      out.what === 'note'
        ? { type: 'note', conversation, cid, text }
        : { type: 'message', conversation, cid, text, ...more },
      room.id,
    );
  }

  async #upload(room: Room, out: Outgoing): Promise<void> {
    if (!out.file?.blob) {
      this.#update(room, out.cid, { state: 'failed', reason: 'file' });
      return;
    }
    if (!this.#open || this.#uploads.has(out.cid)) return;
    this.#uploads.add(out.cid);
    this.#update(room, out.cid, { state: 'uploading', progress: 0 });
    try {
      const made = await this.#ports.upload(out.file.blob, out.file.name, (progress) =>
        this.#update(room, out.cid, { progress }),
      );
      const file = { ...out.file, id: made.id, mime: made.mime, size: made.size, ...sizeOf(made) };
      this.#update(room, out.cid, { state: 'queued', file });
    } catch (e) {
      if (e instanceof Refused && e.code === 'offline') this.#update(room, out.cid, { state: 'queued' });
      else this.#update(room, out.cid, { state: 'failed', reason: e instanceof Error ? e.message : '' });
    } finally {
      this.#uploads.delete(out.cid);
      this.#together(room);
    }
  }

  /** Files that are on their way up at the same time are said one right after the other, in their order: a platform may show them as one. */
  #together(room: Room): void {
    const all = room.out.value;
    if (all.some((o) => this.#uploads.has(o.cid))) return;
    for (const o of all) if (o.file?.id && o.state === 'queued' && !this.#outbox.state(o.cid)) this.#dispatch(room, o);
  }

  #update(room: Room, cid: string, p: Partial<Outgoing>): void {
    room.out.value = room.out.value.map((o) => {
      if (o.cid !== cid) return o;
      const made = { ...o, ...p };
      if (p.file || (p.state && (p.state === 'failed') !== (o.state === 'failed'))) void this.#ports.keep.putOut(made);
      return made;
    });
  }

  #settle(room: Room, cid: string): void {
    if (!room.out.value.some((o) => o.cid === cid)) return;
    room.out.value = room.out.value.filter((o) => o.cid !== cid);
    void this.#ports.keep.dropOut(cid);
  }

  find(cid: string): { room: Room; out: Outgoing } | null {
    for (const room of this.#rooms.value.values()) {
      const out = room.out.value.find((o) => o.cid === cid);
      if (out) return { room, out };
    }
    return null;
  }
}

/** A picture's own size, where both sides of it are known. */
export function sizeOf(f: { width?: number; height?: number }): { width?: number; height?: number } {
  return f.width && f.height ? { width: f.width, height: f.height } : {};
}
