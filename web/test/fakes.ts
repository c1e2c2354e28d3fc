// A clock and sockets that the tests hold in their hands.
import type { Clock } from '../core/clock';
import type { Socket } from '../core/connection';

export class FakeClock implements Clock {
  private time = 1_000_000;
  private timers: { at: number; fn: () => void }[] = [];
  chance = 0.5;

  now(): number {
    return this.time;
  }
  random(): number {
    return this.chance;
  }
  after(ms: number, fn: () => void): () => void {
    const timer = { at: this.time + ms, fn };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((t) => t !== timer);
    };
  }
  /** Lets time pass; what becomes due runs in order, at its own time. */
  pass(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const [next] = this.timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.timers = this.timers.filter((t) => t !== next);
      this.time = next.at;
      next.fn();
    }
    this.time = end;
  }
}

export class FakeSocket implements Socket {
  sent: { type: string; [key: string]: unknown }[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onmessage: ((ev: { data: unknown }) => void) | null = null;
  onclose: ((ev: { code: number; reason: string }) => void) | null = null;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as { type: string });
  }
  close(): void {
    this.closed = true;
  }
  // The server's side.
  hears(frame: unknown): void {
    this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
  }
  dies(code = 1006): void {
    this.onclose?.({ code, reason: '' });
  }
  types(): string[] {
    return this.sent.map((f) => f.type);
  }
}
