// desk.ts: an agent's desk: which conversations lie on it, what happens to them, and what the agent does with them. No DOM and no
// socket here: frames come in through frame(), leave through the wire, and what people see are signals.

import { batch, computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { Conversation, Presence, StaffFrame, Staffer, StaffMessage } from '../core/staff';
import type { Recent } from './keep';
import { Refused, type Ack, type Offer, type Ports } from './ports';
import { Posts, sizeOf } from './posts';
import { Ranking } from './ranking';
import { Room, type Question } from './room';

/** To whom a conversation is handed on. */
export type Target = { agent: string } | { queue: string } | { department: string };

const PAGE = 50;
const ACT_MS = 15_000;
const TYPING_MS = 6_000;
const KEPT = 30;

export class Desk {
  readonly me: Signal<Staffer> = signal({ id: '', name: '' });
  readonly presence: Signal<{ state: Presence; reason: string }> = signal({ state: 'offline', reason: '' });
  readonly capacity = signal(0);
  /** Every conversation this page knows, mine or only looked at. */
  readonly rooms: Signal<ReadonlyMap<string, Room>> = signal(new Map());
  /** Ids of those on my desk. */
  readonly mine: Signal<ReadonlySet<string>> = signal(new Set());
  readonly offers: Signal<readonly Offer[]> = signal([]);
  /** Visitors whom nobody answers, as supervisors are told. */
  readonly alerts: Signal<readonly { conversation: string; since: number; agent?: Staffer }[]> = signal([]);
  readonly waiting = signal({ count: 0, longest: 0, at: 0 });
  readonly welcomed = signal(false);
  readonly posts: Posts;
  readonly open: Signal<string | null> = signal(null);
  readonly limits = signal({ text: 4096, file: 10 * 1024 * 1024 });
  /** Server's clock minus ours. */
  readonly skew = signal(0);

  readonly ranked: ReadonlySignal<readonly Room[]>;
  readonly current: ReadonlySignal<Room | null>;
  readonly unread: ReadonlySignal<number>;

  readonly #ports: Ports;
  readonly #acts = new Map<string, { resolve(a: Ack): void; reject(e: Refused): void; cancel(): void }>();
  readonly #ranking: Ranking;
  /** Being taken by this person: no need to announce them. */
  readonly #taking = new Set<string>();
  readonly #closing = new Set<string>();
  readonly #looked: string[] = [];
  #live = false;

  constructor(ports: Ports) {
    this.#ports = ports;
    this.posts = new Posts(ports, this.rooms, () => this.skew.value);
    this.#ranking = new Ranking(ports.clock);
    this.ranked = this.#ranking.rooms;
    this.unread = this.#ranking.unread;
    this.current = computed(() => this.rooms.value.get(this.open.value ?? '') ?? null);
  }

  // ---- what comes in ----

  frame(f: StaffFrame): void {
    batch(() => this.#frame(f));
  }

  /** The connection went away: what was under way is not answered any more. */
  gone(): void {
    this.#live = false;
    for (const [, act] of this.#acts) {
      act.cancel();
      act.reject(new Refused('offline', ''));
    }
    this.#acts.clear();
    batch(() => {
      this.offers.value = [];
      for (const room of this.rooms.value.values()) {
        room.asked = null;
        room.stale = true;
        room.typingAt.value = 0;
        if (room.loading.value === 'loading') room.loading.value = 'no';
      }
      this.posts.setLive(false);
    });
  }

  #frame(f: StaffFrame): void {
    switch (f.type) {
      case 'welcome':
        return this.#welcome(f);
      case 'presence':
        this.presence.value = { state: f.presence, reason: f.reason ?? '' };
        return;
      case 'offered':
        this.offers.value = [
          ...this.offers.value.filter((o) => o.conversation.id !== f.conversation.id),
          { conversation: f.conversation, until: f.until },
        ];
        this.#ports.notice({ kind: 'offered', room: this.#room(f.conversation), why: '' });
        return;
      case 'assigned':
        return this.#assigned(f.conversation, f.why);
      case 'released':
        return this.#released(f.conversation, f.why);
      case 'notice':
        document.dispatchEvent(new CustomEvent('kefud-notice'));
        return;
      case 'reminder': {
        const room = this.rooms.value.get(f.conversation);
        if (room) this.#ports.notice({ kind: 'reminder', room, why: '' });
        return;
      }
      case 'alert':
        this.alerts.value = [
          ...this.alerts.value.filter((a) => a.conversation !== f.conversation),
          { conversation: f.conversation, since: f.since, ...(f.agent ? { agent: f.agent } : {}) },
        ];
        return;
      case 'queue':
        this.waiting.value = { count: f.waiting, longest: f.longest_ms, at: this.#ports.clock.now() };
        return;
      case 'message':
        return this.#message(f.conversation, f);
      case 'ack':
        return this.#ack(f);
      case 'error':
        return this.#error(f);
      case 'typing': {
        const room = this.rooms.value.get(f.conversation);
        if (!room || (f.from && f.from.role !== 'visitor')) return;
        const at = this.#ports.clock.now();
        room.typingAt.value = f.on ? at : 0;
        if (f.on) {
          this.#ports.clock.after(TYPING_MS, () => {
            if (room.typingAt.value === at) room.typingAt.value = 0;
          });
        }
        return;
      }
      case 'read': {
        const room = this.rooms.value.get(f.conversation);
        const role = f.role ?? f.by ?? (typeof f.from === 'string' ? f.from : f.from?.role) ?? 'visitor';
        if (!room) return;
        const c = room.conversation.value;
        if (role === 'visitor') room.patch({ visitor_read: Math.max(c.visitor_read, f.seq) });
        else {
          room.patch({ staff_read: Math.max(c.staff_read, f.seq) });
          if (f.seq >= c.seq) room.unread.value = 0;
        }
        return;
      }
      case 'state': {
        const room = this.rooms.value.get(f.conversation);
        if (!room) return;
        const { type: _type, conversation: _conversation, ...rest } = f;
        room.patch(rest as Partial<Conversation>);
        if (f.state === 'closed') this.#leave(f.conversation);
        else if (f.state === 'served' && f.agent && f.agent.id === this.me.value.id) this.#keepMine(f.conversation);
        if (f.state !== 'offered') this.#dropOffer(f.conversation);
        return;
      }
      case 'window': {
        const room = this.rooms.value.get(f.conversation);
        const { type: _type, conversation: _conversation, ...window } = f;
        if (room) room.window.value = window;
        return;
      }
      case 'status':
        this.rooms.value.get(f.conversation)?.change(f.seq, { state: f.state, reason: f.reason });
        return;
      case 'changed':
        this.rooms.value.get(f.conversation)?.change(
          f.seq,
          f.kind === 'removed'
            ? { kind: 'removed', text: '', file: undefined as never }
            : {
                kind: f.kind,
                text: f.text ?? '',
                media: f.media as never, // gone once the file is here
                ...(f.file ? { file: f.file } : {}),
              },
        );
        return;
      case 'timeline': {
        const room = this.rooms.value.get(f.conversation);
        if (!room) return;
        room.entry(f.entry);
        return;
      }
      case 'history': {
        const room = this.rooms.value.get(f.conversation);
        if (!room) return;
        const again = room.history(f.messages, f.timeline, f.more);
        // What was said while the question was under way has left a gap that nobody asked about.
        const gap = room.conversation.value.seq > room.hi && f.messages.length > 0 && room.hi > 0;
        if (again || gap) this.#ask(room, { after: room.hi });
        else if (room.lacksTimeline) this.#ask(room, { timeline: true });
        this.#save(room);
        return;
      }
      case 'pong':
        return;
    }
  }

  #welcome(f: Extract<StaffFrame, { type: 'welcome' }>): void {
    this.#live = true;
    this.skew.value = f.at - this.#ports.clock.now();
    this.me.value = f.agent;
    this.capacity.value = f.agent.capacity ?? 0;
    if (f.limits) this.limits.value = f.limits;
    this.presence.value = { state: f.presence, reason: f.presence_reason ?? '' };
    this.waiting.value = { count: f.waiting, longest: f.longest_ms ?? 0, at: this.#ports.clock.now() };
    const mine = new Set(f.conversations.map((c) => c.id));
    this.#meet(f.conversations).forEach((room, i) => room.take(f.conversations[i] as Conversation));
    for (const id of this.mine.value) {
      if (mine.has(id)) continue;
      const room = this.rooms.value.get(id);
      if (room && room.conversation.value.state === 'served')
        this.#ports.notice({ kind: 'released', room, why: 'away' });
      if (room && id !== this.open.value) this.#forget(id);
      else
        room?.patch({
          state: room.conversation.value.state === 'closed' ? 'closed' : 'waiting',
          agent: undefined as never,
        });
    }
    this.#setMine(mine);
    this.welcomed.value = true;
    this.posts.readopt();
    for (const room of this.rooms.value.values()) {
      if (room.loading.value === 'no' && mine.has(room.id) && !room.conversation.value.last) void this.#load(room);
      else if (room.loading.value === 'yes' || room.id === this.open.value) {
        room.stale = true;
        room.lacksTimeline = true;
        this.#refresh(room);
      }
      // A new connection looks at nothing by itself.
      if (room.watched.value) void this.watch(room, true).catch(() => undefined);
    }
    this.posts.setLive(true);
  }

  #assigned(c: Conversation, why: string): void {
    const room = this.#room(c);
    room.take(c);
    room.watched.value = false;
    room.handed.value = why === 'transferred';
    const fresh = !this.mine.value.has(c.id) && !this.#taking.has(c.id);
    this.#keepMine(c.id);
    this.#dropOffer(c.id);
    this.posts.readopt();
    if (room.loading.value === 'yes' && room.hi < c.seq) this.#refresh(room);
    if (room.loading.value === 'no') void this.#load(room);
    if (!fresh) return;
    if (this.open.value !== c.id) room.arrival.value = { at: this.#ports.clock.now(), why };
    this.#ports.notice({ kind: 'assigned', room, why });
  }

  #released(id: string, why: string): void {
    const room = this.rooms.value.get(id);
    this.#dropOffer(id);
    if (!room) return;
    const had = this.mine.value.has(id);
    this.#leave(id);
    this.#closing.delete(id);
    room.closing.value = false;
    if (had && why !== 'closed' && why !== 'transferred') this.#ports.notice({ kind: 'released', room, why });
    if (room.conversation.value.state === 'served')
      room.patch({ state: why === 'closed' ? 'closed' : 'waiting', agent: undefined as never });
  }

  #message(id: string, f: StaffMessage & { type?: string; conversation?: string }): void {
    const { type: _type, conversation: _conversation, ...m } = f;
    const room = this.rooms.value.get(id);
    if (!room) return;
    if (m.cid && room.out.value.some((o) => o.cid === m.cid)) this.posts.stored(m.cid);
    const known = m.seq <= room.conversation.value.seq && room.conversation.value.last?.seq !== m.seq;
    if (room.say(m)) this.#refresh(room);
    if (m.from.role === 'visitor' && !known) {
      room.typingAt.value = 0;
      if (this.mine.value.has(id)) {
        room.unread.value += 1;
        this.#ports.notice({ kind: 'message', room, message: m });
      }
    }
    this.#save(room);
  }

  #ack(f: Extract<StaffFrame, { type: 'ack' }>): void {
    const act = this.#acts.get(f.cid);
    if (act) {
      this.#acts.delete(f.cid);
      act.cancel();
      this.#spoken(f);
      act.resolve(f);
      return;
    }
    const found = this.posts.find(f.cid);
    if (!found) return;
    const { room, out } = found;
    this.posts.stored(f.cid);
    if (out.what === 'message') room.handed.value = false;
    if (out.what === 'note') {
      room.noteStored(out.text, f.at ?? this.#ports.clock.now(), { role: 'agent', ...this.me.value });
    } else if (f.seq) {
      const file = out.file?.id
        ? { id: out.file.id, name: out.file.name, mime: out.file.mime, size: out.file.size, ...sizeOf(out.file) }
        : undefined;
      const m: StaffMessage = {
        seq: f.seq,
        at: f.at ?? this.#ports.clock.now(),
        from: { role: 'agent', ...this.me.value },
        kind: out.kind,
        text: out.text,
        cid: f.cid,
        ...(file ? { file } : {}),
        ...(out.reply_to ? { reply_to: out.reply_to } : {}),
      };
      if (room.say(m)) this.#refresh(room);
      // Our own words need no reading.
      if (room.seenUpTo === f.seq - 1) room.seenUpTo = f.seq;
      this.#save(room);
    }
  }

  /** Some acts make the system speak, and what it says is sent to everybody but us. */
  #spoken(f: Extract<StaffFrame, { type: 'ack' }>): void {
    const room = this.rooms.value.get(f.conversation ?? '');
    if (!room || !f.seq) return;
    if (room.conversation.value.seq < f.seq) room.patch({ seq: f.seq });
    if (room.loading.value === 'yes' && room.hi < f.seq) this.#refresh(room);
  }

  #error(f: Extract<StaffFrame, { type: 'error' }>): void {
    if (!f.cid) {
      const room = f.of === 'history' ? this.rooms.value.get(f.conversation ?? '') : undefined;
      if (room) this.#unanswered(room);
      return;
    }
    const act = this.#acts.get(f.cid);
    if (act) {
      this.#acts.delete(f.cid);
      act.cancel();
      act.reject(new Refused(f.code, f.message));
      return;
    }
    this.posts.refused({ ...f, cid: f.cid });
  }

  // ---- what the agent does ----

  /** One act that the daemon answers. Rejects with Refused. */
  act(frame: Record<string, unknown>): Promise<Ack> {
    const cid = this.#ports.cid();
    return new Promise((resolve, reject) => {
      if (!this.#live || !this.#ports.wire.send({ ...frame, cid })) {
        reject(new Refused('offline', ''));
        return;
      }
      const cancel = this.#ports.clock.after(ACT_MS, () => {
        this.#acts.delete(cid);
        reject(new Refused('timeout', ''));
      });
      this.#acts.set(cid, { resolve, reject, cancel });
    });
  }

  async setPresence(state: Presence, reason = ''): Promise<void> {
    await this.act({ type: 'presence', presence: state, ...(reason ? { reason } : {}) });
    this.presence.value = { state, reason };
  }

  async accept(c: Conversation): Promise<void> {
    this.#taking.add(c.id);
    try {
      await this.act({ type: 'accept', conversation: c.id });
    } finally {
      this.#taking.delete(c.id);
    }
    batch(() => {
      const room = this.#room(c);
      if (!this.mine.value.has(c.id)) {
        room.patch({ state: 'served', agent: this.me.value });
        this.#keepMine(c.id);
      }
      this.#dropOffer(c.id);
    });
  }

  /** Looks on: what is said comes here, nobody is told, and nothing counts as read. */
  async watch(room: Room, on: boolean): Promise<void> {
    room.watched.value = on;
    try {
      await this.act({ type: 'watch', conversation: room.id, on });
      if (on) this.#refresh(room);
    } catch (e) {
      room.watched.value = !on;
      throw e;
    }
  }

  /** Whoever was handed it, or helps in it, gives it up. */
  async handBack(room: Room): Promise<void> {
    const helps = room.conversation.value.helper?.id === this.me.value.id;
    await this.act({ type: helps ? 'leave' : 'refuse', conversation: room.id });
    batch(() => this.#leave(room.id));
  }

  async refuse(c: Conversation): Promise<void> {
    await this.act({ type: 'refuse', conversation: c.id });
    this.#dropOffer(c.id);
  }

  async transfer(room: Room, to: Target, note: string): Promise<Ack> {
    const ack = await this.act({ type: 'transfer', conversation: room.id, to, ...(note ? { note } : {}) });
    batch(() => this.#leave(room.id));
    return ack;
  }

  async invite(room: Room): Promise<void> {
    await this.act({ type: 'invite', conversation: room.id });
    room.patch({ invited: true });
  }

  async recall(room: Room, seq: number): Promise<void> {
    await this.act({ type: 'recall', conversation: room.id, seq });
    room.change(seq, { kind: 'removed', text: '' });
  }

  async resend(room: Room, seq: number): Promise<void> {
    await this.act({ type: 'resend', conversation: room.id, seq });
    room.change(seq, { state: 'sending' });
  }

  /** Begins to close: what follows is undo() or now(). Until then the conversation is dimmed and stays. */
  close(room: Room): { undo(): void; now(): Promise<void> } {
    const undo = (): void => {
      this.#closing.delete(room.id);
      room.closing.value = false;
    };
    room.closing.value = true;
    this.#closing.add(room.id);
    return { undo, now: () => this.#closeNow(room) };
  }

  /** The page goes away: what was to be closed is closed now. */
  closeAll(): void {
    for (const id of this.#closing) this.#ports.wire.send({ type: 'close', conversation: id, cid: this.#ports.cid() });
    this.#closing.clear();
  }

  async #closeNow(room: Room): Promise<void> {
    if (!this.#closing.delete(room.id)) return;
    try {
      await this.act({ type: 'close', conversation: room.id });
      batch(() => {
        room.patch({ state: 'closed', closed_at: this.#ports.clock.now() + this.skew.value });
        this.#leave(room.id);
      });
    } finally {
      room.closing.value = false;
    }
  }

  typing(room: Room, on: boolean): void {
    if (this.#live && this.mine.value.has(room.id))
      this.#ports.wire.send({ type: 'typing', conversation: room.id, on });
  }

  /** The person sees this conversation up to its end. */
  seen(room: Room): void {
    const c = room.conversation.value;
    room.unread.value = 0;
    room.arrival.value = null;
    if (!this.#live || !this.mine.value.has(room.id) || c.seq <= room.seenUpTo) return;
    room.seenUpTo = c.seq;
    void this.act({ type: 'read', conversation: room.id, seq: c.seq }).catch(() => undefined);
  }

  // ---- what is looked at ----

  /** Shows a conversation; one that is not mine is known from a list. */
  show(id: string | null, known?: Conversation): void {
    batch(() => {
      const before = this.open.value;
      if (known) this.#room(known).take(known);
      this.open.value = id !== null && this.rooms.value.has(id) ? id : null;
      if (before && before !== id && !this.mine.value.has(before)) {
        const left = this.rooms.value.get(before);
        if (left?.watched.value) void this.watch(left, false).catch(() => undefined);
        this.#forget(before);
      }
      this.alerts.value = this.alerts.value.filter((a) => a.conversation !== id);
    });
    const room = this.current.value;
    if (!room) return;
    room.arrival.value = null;
    if (room.loading.value === 'no') void this.#load(room);
    else if (room.stale) this.#refresh(room);
    const at = this.#looked.indexOf(room.id);
    if (at >= 0) this.#looked.splice(at, 1);
    this.#looked.push(room.id);
  }

  async #load(room: Room): Promise<void> {
    room.loading.value = 'loading';
    const kept: Recent | undefined = await this.#ports.keep.recent(room.id);
    if (kept && room.messages.value.length === 0 && kept.messages.length > 0) {
      batch(() => {
        room.messages.value = kept.messages;
        room.entries.value = kept.entries;
        room.older.value = kept.more;
        room.loading.value = 'yes';
      });
    }
    room.stale = true;
    this.#refresh(room);
  }

  /** Brings the transcript to the present. */
  #refresh(room: Room): void {
    if (room.asked) return;
    const seq = room.conversation.value.seq;
    if (room.messages.value.length > 0 && seq - room.hi <= 200) this.#ask(room, { after: room.hi });
    else this.#ask(room, { before: seq + 1 });
  }

  /** What a list says of conversations that may be looked at without being mine. */
  learn(list: readonly Conversation[]): void {
    batch(() => {
      for (const c of list) this.rooms.value.get(c.id)?.take(c);
    });
  }

  /** One that is looked at without being mine: nothing is pushed, so it is asked for now and then. */
  peek(room: Room): void {
    if (room.loading.value === 'yes' && !room.asked && room.hi > 0) this.#ask(room, { after: room.hi });
  }

  reload(room: Room): void {
    room.loading.value = room.messages.value.length > 0 ? 'yes' : 'loading';
    this.#refresh(room);
  }

  older(room: Room): void {
    if (room.older.value && room.lo > 1) this.#ask(room, { before: room.lo });
  }

  #ask(room: Room, which: Question): void {
    if (room.asked) return;
    if (room.loading.value !== 'yes') room.loading.value = 'loading';
    // The entries of a timeline come with the beginning of the messages.
    const span = 'timeline' in which ? { after: 0, limit: 1 } : { ...which, limit: PAGE };
    if ('timeline' in which) room.lacksTimeline = false;
    if (!this.#live || !this.#ports.wire.send({ type: 'history', conversation: room.id, ...span })) {
      if (room.loading.value === 'loading') room.loading.value = room.messages.value.length ? 'yes' : 'failed';
      return;
    }
    room.asked = which;
    this.#ports.clock.after(ACT_MS, () => {
      if (room.asked === which) this.#unanswered(room);
    });
  }

  /** The question for history was refused, or nothing came. */
  #unanswered(room: Room): void {
    room.asked = null;
    room.stale = true;
    if (room.loading.value === 'loading') room.loading.value = room.messages.value.length ? 'yes' : 'failed';
  }

  // ---- who lies where ----

  #room(c: Conversation): Room {
    return this.rooms.value.get(c.id) ?? (this.#meet([c])[0] as Room);
  }

  /** The rooms of these; those that we did not know are made. */
  #meet(all: readonly Conversation[]): Room[] {
    const rooms = new Map(this.rooms.value);
    const met = all.map((c) => {
      const room = rooms.get(c.id) ?? new Room(c);
      if (rooms.has(c.id)) return room;
      rooms.set(c.id, room);
      this.#ranking.add(room);
      return room;
    });
    this.rooms.value = rooms;
    return met;
  }

  #setMine(ids: ReadonlySet<string>): void {
    const before = this.mine.value;
    this.mine.value = ids;
    for (const id of before) if (!ids.has(id)) this.#mark(id, false);
    for (const id of ids) if (!before.has(id)) this.#mark(id, true);
  }

  #mark(id: string, mine: boolean): void {
    const room = this.rooms.value.get(id);
    if (room) room.mine.value = mine;
  }

  #keepMine(id: string): void {
    if (this.mine.value.has(id)) return;
    this.#setMine(new Set(this.mine.value).add(id));
  }

  #leave(id: string): void {
    if (!this.mine.value.has(id)) return;
    const mine = new Set(this.mine.value);
    mine.delete(id);
    this.#setMine(mine);
    if (this.open.value !== id) this.#forget(id);
  }

  /** Drops what is not shown and not mine, unless it still holds something unsent. */
  #forget(id: string): void {
    const room = this.rooms.value.get(id);
    if (!room || room.out.value.length > 0) return;
    const rooms = new Map(this.rooms.value);
    rooms.delete(id);
    this.rooms.value = rooms;
    this.#ranking.remove(id);
    void this.#ports.keep.dropRecent(id);
  }

  #dropOffer(id: string): void {
    if (this.offers.value.some((o) => o.conversation.id === id))
      this.offers.value = this.offers.value.filter((o) => o.conversation.id !== id);
  }

  #save(room: Room): void {
    if (room.loading.value !== 'yes' || !this.mine.value.has(room.id)) return;
    const messages = room.messages.value.slice(-200);
    const more = room.older.value || messages.length < room.messages.value.length;
    void this.#ports.keep.putRecent({
      conversation: room.id,
      messages,
      entries: [...room.entries.value].slice(-200),
      more,
      at: this.#ports.clock.now(),
    });
    while (this.#looked.length > KEPT) {
      const old = this.#looked.shift() as string;
      if (old !== this.open.value) this.#unload(old);
    }
  }

  /** A transcript that was not looked at for long leaves memory; it is on disk or can be fetched. */
  #unload(id: string): void {
    const room = this.rooms.value.get(id);
    if (!room || room.out.value.length > 0) return;
    room.messages.value = [];
    room.entries.value = [];
    room.older.value = true;
    room.loading.value = 'no';
  }
}
