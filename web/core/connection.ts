// The link to the server: one state machine for visitors and staff.
//
//   idle ──start──► connecting ──welcome──► live ──lost──► waiting(until) ──time, online, visible──► connecting
//                        └──────────lost──────────────────────▲
//   refused: 4401 and 4403 (sign in again) and 1008 at hello; only start() leaves it.
//
// It moves frames and knows nothing of what they mean, but for welcome, ping and pong.
import { type Clock, systemClock } from './clock';

export type Link =
  | { state: 'idle' }
  | { state: 'connecting' }
  | { state: 'live' }
  | { state: 'waiting'; until: number }
  | { state: 'refused'; code: number };

/** What we need of a WebSocket. */
export interface Socket {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onopen: (() => void) | null;
  onmessage: ((ev: { data: unknown }) => void) | null;
  onclose: ((ev: { code: number; reason: string }) => void) | null;
}

export interface ConnectionOptions<In, Out> {
  /** Opens a new socket; may throw. */
  open(): Socket;
  /** The first frame on each new socket. */
  hello(): Out;
  onFrame(frame: In): void;
  onLink?(link: Link): void;
  clock?: Clock;
}

const FIRST_MS = 500;
const LONGEST_MS = 30_000;
const OPEN_MS = 15_000; // from open() to welcome
const SILENCE_MS = 30_000; // then we ask
const PONG_MS = 10_000; // and wait for so long
const SETTLED_MS = 5_000; // live for so long: the next loss starts again at the shortest delay
const REFUSALS = [4401, 4403];

interface Frame {
  type: string;
  retry_after_ms?: number;
  cid?: string;
}

export class Connection<In extends { type: string }, Out extends { type: string }> {
  link: Link = { state: 'idle' };
  private socket: Socket | null = null;
  private attempt = 0;
  private liveSince = 0;
  private heardAt = 0;
  private asked = false; // a ping is under way
  private floorMs = 0; // the server asked for at least this delay
  private hurried = false; // one immediate retry has been spent on this outage
  private visible = true;
  private takeBack: (() => void) | null = null;
  private readonly clock: Clock;

  constructor(private readonly options: ConnectionOptions<In, Out>) {
    this.clock = options.clock ?? systemClock;
  }

  start(): void {
    if (this.link.state === 'idle' || this.link.state === 'refused') {
      this.attempt = 0;
      this.connect();
    }
  }

  stop(): void {
    this.drop(1000);
    this.set({ state: 'idle' });
  }

  /** The person does not want to wait. */
  retry(): void {
    if (this.link.state === 'waiting') this.connect();
  }

  /** The network came back, or the page became visible: the first retry is immediate; on a live link we ask whether it still is one. */
  wake(): void {
    if (this.link.state === 'waiting' && !this.hurried) {
      this.hurried = true;
      this.connect();
    } else if (this.link.state === 'live') {
      this.ask();
    }
  }

  setVisible(visible: boolean): void {
    if (visible === this.visible) return;
    this.visible = visible;
    if (visible) this.wake();
    else if (this.link.state === 'live' && !this.asked) this.watch(null);
  }

  /** True if it was handed to a live socket; that it arrived is for an ack to say. */
  send(frame: Out): boolean {
    if (this.link.state !== 'live' || !this.socket) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  /** Starts anew at once, with a new hello: after a sign-in, a reset, a change of identity. */
  renew(): void {
    this.drop(1000);
    this.connect();
  }

  private set(link: Link): void {
    this.link = link;
    this.options.onLink?.(link);
  }

  private watch(timer: (() => void) | null): void {
    this.takeBack?.();
    this.takeBack = timer;
  }

  private connect(): void {
    this.watch(null);
    this.asked = false;
    let socket: Socket;
    this.set({ state: 'connecting' });
    try {
      socket = this.options.open();
    } catch {
      this.lost(1006);
      return;
    }
    this.socket = socket;
    socket.onopen = () => socket === this.socket && socket.send(JSON.stringify(this.options.hello()));
    socket.onmessage = (ev) => socket === this.socket && this.heard(ev.data);
    socket.onclose = (ev) => socket === this.socket && this.lost(ev.code);
    this.watch(this.clock.after(OPEN_MS, () => this.abandon()));
  }

  private heard(data: unknown): void {
    let frame: Frame;
    try {
      frame = JSON.parse(String(data)) as Frame;
    } catch {
      return;
    }
    if (typeof frame?.type !== 'string') return;
    this.heardAt = this.clock.now();
    if (frame.type === 'error' && !frame.cid && frame.retry_after_ms) this.floorMs = frame.retry_after_ms;
    if (frame.type === 'welcome') {
      this.liveSince = this.heardAt;
      this.hurried = false;
      this.floorMs = 0;
      this.set({ state: 'live' });
    }
    if (this.link.state === 'live') {
      this.asked = false;
      this.listen(SILENCE_MS);
    }
    if (frame.type !== 'pong') this.options.onFrame(frame as unknown as In);
  }

  /** Browsers throttle the timers of hidden tabs: there the server's own ping keeps the link. */
  private listen(ms: number): void {
    this.watch(this.visible ? this.clock.after(ms, () => this.silent()) : null);
  }

  private silent(): void {
    const quiet = this.clock.now() - this.heardAt;
    if (quiet < SILENCE_MS) this.listen(SILENCE_MS - quiet);
    else this.ask();
  }

  private ask(): void {
    if (this.asked || !this.socket) return;
    this.asked = true;
    this.socket.send('{"type":"ping"}');
    this.watch(this.clock.after(PONG_MS, () => this.abandon()));
  }

  /** The link is dead but does not know it: closing would wait for the other side. */
  private abandon(): void {
    this.drop(1000);
    this.lost(1006);
  }

  private drop(code: number): void {
    const socket = this.socket;
    this.watch(null);
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    try {
      socket.close(code);
    } catch {
      // It was never open.
    }
  }

  private lost(code: number): void {
    this.drop(1000);
    if (REFUSALS.includes(code)) {
      this.set({ state: 'refused', code });
      return;
    }
    if (this.link.state === 'live' && this.clock.now() - this.liveSince >= SETTLED_MS) this.attempt = 0;
    if (code === 1013) this.floorMs = Math.max(this.floorMs, 2_000);
    if (code === 1008 || code === 4400) this.attempt = Math.max(this.attempt, 6); // it would say the same again soon
    const base = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(this.attempt, 10));
    const delay = Math.max(this.floorMs, base / 2 + (base / 2) * this.clock.random());
    this.attempt++;
    this.floorMs = 0;
    this.set({ state: 'waiting', until: this.clock.now() + delay });
    this.watch(this.clock.after(delay, () => this.connect()));
  }
}

/** A real socket. The address is relative to the page: /ws/visitor?site=KEY. */
export function openSocket(path: string, protocol: string, base: string = location.href): Socket {
  const url = new URL(path, base);
  url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
  return new WebSocket(url, protocol) as unknown as Socket;
}
