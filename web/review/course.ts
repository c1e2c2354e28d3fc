// The course of a talk, as places on a line from 0 to 1.
import type { Entry, StaffMessage } from '../core/staff';
import { entryWords, eventWords } from '../kit/events';

const SILENCE_MS = 60_000;
/** A silence longer than this is drawn as if it were this long, so that one night does not flatten the rest. */
const SILENCE_MAX_MS = 240_000;

interface Spot {
  x: number;
  m: StaffMessage;
}
interface Gap {
  from: number;
  to: number;
  ms: number;
}
interface Mark {
  x: number;
  words: string;
  at: number;
}

/** Positions from 0 to 1. */
export function course(
  messages: readonly StaffMessage[],
  timeline: readonly Entry[],
): { spots: Spot[]; gaps: Gap[]; marks: Mark[] } {
  const spots: Spot[] = [];
  const gaps: Gap[] = [];
  const stops: [at: number, pos: number][] = [];
  let pos = 0;
  let before = messages[0]?.at ?? 0;
  for (const m of messages) {
    const ms = Math.max(0, m.at - before);
    const step = Math.max(4000, Math.min(ms, SILENCE_MAX_MS));
    if (ms > SILENCE_MS) gaps.push({ from: pos, to: pos + step, ms });
    pos += step;
    before = m.at;
    spots.push({ x: pos, m });
    stops.push([m.at, pos]);
  }
  const whole = Math.max(1, pos + 4000);
  const place = (time: number): number => {
    let last: [number, number] = stops[0] ?? [time, 0];
    for (const stop of stops) {
      if (stop[0] > time) break;
      last = stop;
    }
    return last[1];
  };
  const marks: Mark[] = [
    ...messages
      .filter((m) => m.kind === 'event')
      .map((m) => ({ x: place(m.at) / whole, words: eventWords(m), at: m.at })),
    ...timeline
      .filter((e) => ['rated', 'rule', 'transferred', 'missed', 'note'].includes(e.kind))
      .map((e) => ({ x: (place(e.at) + 1500) / whole, words: entryWords(e), at: e.at })),
  ];
  return {
    spots: spots.filter((s) => s.m.kind !== 'event').map((s) => ({ ...s, x: s.x / whole })),
    gaps: gaps.map((g) => ({ ...g, from: g.from / whole, to: g.to / whole })),
    marks,
  };
}
