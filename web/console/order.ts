// order.ts: who comes first in the list. Those who wait for us, longest first; then the others, newest first.

import type { Conversation } from '../core/staff';

/** Since when the visitor waits for an answer by a person, or 0 when nobody waits. `first` is the time of the first unanswered
 * message, where the page knows it; the conversation itself only tells the newest. */
export function waitingSince(c: Conversation, first = 0): number {
  if (c.state === 'closed' || c.visitor_at <= c.staff_at) return 0;
  if (c.staff_at === 0 && c.arrived_at > 0) return c.arrived_at;
  return first > 0 ? first : c.visitor_at;
}

export function lastActivity(c: Conversation): number {
  return Math.max(c.last?.at ?? 0, c.visitor_at, c.staff_at, c.opened_at);
}

export interface Ranked {
  id: string;
  since: number;
  activity: number;
}

export function byWait(a: Ranked, b: Ranked): number {
  if (a.since !== 0 || b.since !== 0) {
    if (a.since === 0) return 1;
    if (b.since === 0) return -1;
    if (a.since !== b.since) return a.since - b.since;
  }
  return b.activity - a.activity || (a.id < b.id ? -1 : 1);
}

/** The order to show while rows must not move: the shown one without those that are gone, newcomers at the end. */
export function settled<T>(shown: readonly T[], wanted: readonly T[]): readonly T[] {
  const here = new Set(wanted);
  const kept = shown.filter((x) => here.has(x));
  const known = new Set(kept);
  return [...kept, ...wanted.filter((x) => !known.has(x))];
}

export type Heat = 'calm' | 'warm' | 'hot';

/** Amber at 30 s, red at 60 s. */
export function heat(waitMs: number): Heat {
  return waitMs >= 60_000 ? 'hot' : waitMs >= 30_000 ? 'warm' : 'calm';
}
