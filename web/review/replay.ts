// A talk as it went, at another speed: which moment of it is shown after how much time. Nothing here looks at a clock.

export const SPEEDS = [1, 2, 4, 8] as const;
export type Speed = (typeof SPEEDS)[number];
/** What is longer than this between two messages is a silence. */
export const SILENCE_MS = 5000;
/** So much of a silence is shown at its beginning and at its end. */
export const EDGE_MS = 1000;
export const STEP_MS = 5000;
/** Beyond this browsers play no sound, and nobody would understand it: voice is stepped over. */
const HEARD_MAX: Speed = 4;

export interface Replay {
  /** When the messages were said, ms from the first one, rising. */
  said: readonly number[];
  /** How long each takes to be heard, ms; 0: nothing is. */
  voices: readonly number[];
  /** How long each was typed before it was said, ms; 0: nobody knows. */
  typed: readonly number[];
  /** When they are replayed: while one is heard the talk stands still, so what follows comes later by its length. */
  times: readonly number[];
  /** The moment that is shown, ms of the replay. */
  pos: number;
  playing: boolean;
  speed: Speed;
  skip: boolean;
}

function timed(said: readonly number[], voices: readonly number[]): number[] {
  let heard = 0;
  return said.map((t, i) => {
    const time = t + heard;
    heard += voices[i] ?? 0;
    return time;
  });
}

/** `voices`: how long each message is heard, as far as that is known; more than 0 if anything is. `typed`: how long each was typed. */
export function replayOf(at: readonly number[], voices: readonly number[] = [], typed: readonly number[] = []): Replay {
  const first = at[0] ?? 0;
  let before = 0;
  // Clocks of platforms may go back a little; the order of the messages is that of the conversation.
  const said = at.map((t) => (before = Math.max(before, t - first)));
  return { said, voices, typed, times: timed(said, voices), pos: 0, playing: false, speed: 1, skip: false };
}

export function hears(r: Replay): boolean {
  return r.speed <= HEARD_MAX;
}

/** From when on nothing of it is heard any more. */
function overAt(r: Replay, index: number): number {
  return (r.times[index] ?? 0) + (r.voices[index] ?? 0);
}

export function lengthOf(r: Replay): number {
  return overAt(r, r.times.length - 1);
}

/** The message that is heard at this moment, and how far it has come, ms. */
export function voiceAt(r: Replay): { index: number; at: number } | undefined {
  const index = saidBy(r) - 1;
  return index >= 0 && r.pos < overAt(r, index) ? { index, at: r.pos - (r.times[index] ?? 0) } : undefined;
}

/** Of that message it is now known how long it is heard; 0: it cannot be. */
export function voiceIs(r: Replay, index: number, length: number): Replay {
  const more = length - (r.voices[index] ?? 0);
  if (more === 0) return r;
  const over = overAt(r, index);
  const voices = r.said.map((_, i) => (i === index ? length : (r.voices[i] ?? 0)));
  const pos = r.pos >= over ? r.pos + more : Math.min(r.pos, over + more);
  return { ...r, voices, times: timed(r.said, voices), pos };
}

/** That message has been heard so far. It may be longer than was thought. */
export function heardTo(r: Replay, index: number, at: number): Replay {
  const longer = at < (r.voices[index] ?? 0) ? r : voiceIs(r, index, at + 1);
  return { ...longer, pos: (longer.times[index] ?? 0) + at };
}

/** All of that message has been heard, which took so long. */
export function heardAll(r: Replay, index: number, length: number): Replay {
  const known = voiceIs(r, index, length);
  const pos = overAt(known, index);
  return { ...known, pos, playing: known.playing && pos < lengthOf(known) };
}

/** The moment of the talk, ms from its first message. */
export function clockOf(r: Replay): number {
  const index = saidBy(r) - 1;
  return (r.said[index] ?? 0) + Math.max(0, r.pos - overAt(r, index));
}

/** When a moment of the talk is replayed. */
export function placeOf(r: Replay, clock: number): number {
  return r.said.reduce((pos, t, i) => (t < clock ? pos + (r.voices[i] ?? 0) : pos), clock);
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

/** Nobody types for longer than this, ms. */
const TYPED_MAX_MS = 600_000;

/** The messages that are being typed at this moment: not said yet, and begun. */
export function typedAt(r: Replay): number[] {
  const clock = clockOf(r);
  const ret: number[] = [];
  for (let i = saidBy(r); i < r.said.length && (r.said[i] as number) - clock <= TYPED_MAX_MS; i++)
    if ((r.said[i] as number) - (r.typed[i] ?? 0) <= clock) ret.push(i);
  return ret;
}

/** The next moment at which anything changes; the end, if nothing does. */
function nextOf(r: Replay, pos: number): number {
  return r.times[saidBy(r, pos)] ?? lengthOf(r);
}

/** After `ms` of the one who looks. At the end it stands still, and while a voice is heard: that goes on as its sound does, see heardTo(). */
export function advance(r: Replay, ms: number): Replay {
  if (!r.playing || ms <= 0) return r;
  let left = ms * r.speed;
  let pos = r.pos;
  const end = lengthOf(r);
  while (left > 0 && pos < end) {
    const next = nextOf(r, pos);
    const last = overAt(r, saidBy(r, pos) - 1);
    if (pos < last) {
      if (hears(r)) break;
      pos = last;
      continue;
    }
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
