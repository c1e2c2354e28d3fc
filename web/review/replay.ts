// A talk as it went, at another speed: which moment of it is shown after how much time. Nothing here looks at a clock.

export const SPEEDS = [1, 2, 4, 8] as const;
export type Speed = (typeof SPEEDS)[number];
/** What is longer than this between two messages is a silence. */
export const SILENCE_MS = 5000;
/** So much of a silence is shown at its beginning and at its end. */
export const EDGE_MS = 1000;
export const STEP_MS = 5000;

export interface Replay {
  /** Times of the messages, ms from the first one, rising. */
  times: readonly number[];
  /** The moment that is shown, ms from the first message. */
  pos: number;
  playing: boolean;
  speed: Speed;
  skip: boolean;
}

export function replayOf(at: readonly number[]): Replay {
  const first = at[0] ?? 0;
  let before = 0;
  // Clocks of platforms may go back a little; the order of the messages is that of the conversation.
  const times = at.map((t) => (before = Math.max(before, t - first)));
  return { times, pos: 0, playing: false, speed: 1, skip: false };
}

export function lengthOf(r: Replay): number {
  return r.times[r.times.length - 1] ?? 0;
}

/** How many messages have been said by then. */
export function saidBy(r: Replay, pos = r.pos): number {
  let lo = 0;
  let hi = r.times.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if ((r.times[mid] as number) <= pos) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/** The next moment at which anything changes; the end, if nothing does. */
function nextOf(r: Replay, pos: number): number {
  return r.times[saidBy(r, pos)] ?? lengthOf(r);
}

/** After `ms` of the one who looks. At the end it stands still. */
export function advance(r: Replay, ms: number): Replay {
  if (!r.playing || ms <= 0) return r;
  let left = ms * r.speed;
  let pos = r.pos;
  const end = lengthOf(r);
  while (left > 0 && pos < end) {
    const next = nextOf(r, pos);
    const last = r.times[saidBy(r, pos) - 1] ?? 0;
    const silent = r.skip && next - last > SILENCE_MS;
    const leap = last + EDGE_MS;
    const land = next - EDGE_MS;
    if (silent && pos >= leap && pos < land) {
      pos = land;
      continue;
    }
    const until = silent && pos < leap ? leap : next;
    const step = Math.min(left, until - pos);
    pos += step;
    left -= step;
  }
  return { ...r, pos: Math.min(pos, end), playing: pos < end };
}

export function seek(r: Replay, pos: number): Replay {
  return { ...r, pos: Math.max(0, Math.min(lengthOf(r), pos)) };
}

export function faster(r: Replay, by: 1 | -1): Replay {
  const i = SPEEDS.indexOf(r.speed) + by;
  return { ...r, speed: SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, i))] as Speed };
}

/** From the beginning again when it has come to the end. */
export function toggle(r: Replay): Replay {
  return r.playing ? { ...r, playing: false } : { ...r, playing: true, pos: r.pos >= lengthOf(r) ? 0 : r.pos };
}
