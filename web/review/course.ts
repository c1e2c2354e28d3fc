// The course of a talk, as places on a line from 0 to 1.
import type { Entry, StaffMessage } from '../core/staff';
import { eventWords } from '../kit/events';
import { personName } from '../kit/names';
import { reviewWords } from '../kit/rules';
import { f, has } from './findWords';

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
/** What a mark is about: its shape says so. */
export type Group = 'move' | 'rule' | 'note' | 'rating' | 'change' | 'delivery' | 'page';
interface Mark {
  x: number;
  words: string;
  at: number;
  group: Group;
}
/** What stands in one place, in one shape: several marks that the eye cannot tell apart. */
interface Heap {
  x: number;
  group: Group;
  all: Mark[];
}
/** Places that the eye can tell apart. */
export const PLACES = 500;

const GROUPS: Readonly<Record<string, Group>> = {
  assigned: 'move',
  accepted: 'move',
  offered: 'move',
  missed: 'move',
  refused: 'move',
  returned: 'move',
  transferred: 'move',
  overflowed: 'move',
  moved: 'move',
  parked: 'move',
  unparked: 'move',
  reopened: 'move',
  closed: 'move',
  helper: 'move',
  bot: 'move',
  handoff: 'move',
  rule: 'rule',
  tagged: 'rule',
  silent: 'rule',
  forbidden: 'rule',
  kept_out: 'rule',
  withheld: 'rule',
  note: 'note',
  whisper: 'note',
  rated: 'rating',
  invited: 'rating',
  edited: 'change',
  removed: 'change',
  recalled: 'change',
  delivery: 'delivery',
  opened: 'page',
  page: 'page',
  profile: 'page',
};
/** A visitor who waits longer than this for a word of a person has waited. */
const WAIT_MS = 30_000;

function word(data: Record<string, unknown> | undefined, key: string): string {
  const v = data?.[key];
  return typeof v === 'string' ? v : '';
}

/** The page on which the visitor was, where an entry tells of one. */
function pageOf(e: Entry): string {
  const page = e.data?.['page'] as Record<string, unknown> | undefined;
  return word(page, 'title') || word(page, 'url');
}

/** Of what happened, with what a reviewer wants to know of it: the page, the tag, the reason. */
export function lineWords(e: Entry): string {
  const page = GROUPS[e.kind] === 'page' && pageOf(e);
  if (page && e.kind === 'page') return f('visited', { page });
  if (page) return f('assignedWhy', { words: reviewWords(e), why: f('visited', { page }) });
  if (e.kind === 'tagged') return f('tagged', { tag: word(e.data, 'tag') });
  const words = reviewWords(e);
  const held = `held_${word(e.data, 'held')}`;
  if (e.kind === 'rule' && has(held)) return f('ruleHeld', { words, why: f(held as 'held_mid_talk') });
  const why = `why_${word(e.data, 'why')}`;
  return GROUPS[e.kind] === 'move' && has(why) ? f('assignedWhy', { words, why: f(why as 'why_sticky') }) : words;
}

/** What another line beside it tells, or only machines want to know. An assignment's own line does not say why. */
export function isSaid(e: Entry): boolean {
  if (e.kind === 'assigned') return !has(`why_${word(e.data, 'why')}`);
  return ['closed', 'transferred', 'invited', 'delivery', 'viewed', 'profile'].includes(e.kind);
}

/** Undefined: nothing for the strip. */
function markWords(e: Entry): string | undefined {
  const group = GROUPS[e.kind];
  if (group === 'page') return pageOf(e) ? lineWords(e) : undefined;
  if (group === 'delivery') {
    const state = word(e.data, 'state');
    if (state !== 'failed' && state !== 'uncertain') return undefined;
    return f(state === 'failed' ? 'undelivered' : 'uncertain');
  }
  return group ? lineWords(e) : undefined;
}

/** None is lost: what would be drawn over another one is told with it. */
export function heaps(marks: readonly Mark[]): Heap[] {
  const found = new Map<string, Heap>();
  for (const m of marks) {
    const key = `${Math.round(m.x * PLACES)} ${m.group}`;
    const heap = found.get(key);
    if (heap) heap.all.push(m);
    else found.set(key, { x: m.x, group: m.group, all: [m] });
  }
  return [...found.values()];
}

/** What an entry makes of a conversation, where it does. */
const STATES: Readonly<Record<string, State['now']>> = {
  opened: 'waiting',
  reopened: 'waiting',
  unparked: 'waiting',
  returned: 'waiting',
  handoff: 'waiting',
  transferred: 'waiting',
  bot: 'bot',
  offered: 'offered',
  assigned: 'served',
  accepted: 'served',
  parked: 'parked',
  closed: 'closed',
};
export interface State {
  now: 'waiting' | 'offered' | 'served' | 'bot' | 'parked' | 'closed';
  /** Who serves it, or is asked to. */
  who: string;
  /** The page that the visitor is on, as far as it was told. */
  page: string;
}

/** How things stood at that moment, by the timeline; undefined: it does not say. */
export function stateAt(timeline: readonly Entry[], time: number): State | undefined {
  let ret: State | undefined;
  for (const e of timeline) {
    if (e.at > time) break;
    const now = STATES[e.kind];
    const page = GROUPS[e.kind] === 'page' ? pageOf(e) : '';
    if (now) {
      const served = now === 'served' || now === 'offered';
      const id = word(e.data, 'person') || word(e.data, 'agent') || e.by.id || '';
      ret = { page: '', ...ret, now, who: served ? personName(id) || (e.by.name ?? '') : '' };
    }
    if (ret && page) ret = { ...ret, page };
  }
  return ret;
}

/** Positions from 0 to 1. */
export function course(
  messages: readonly StaffMessage[],
  timeline: readonly Entry[],
): {
  spots: Spot[];
  gaps: Gap[];
  waits: Gap[];
  marks: Mark[];
  /** Of a moment, and back. */
  place: (time: number) => number;
  time: (x: number) => number;
} {
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
  const between = (time: number): number => {
    const i = stops.findIndex((s) => s[0] > time);
    const [at0, pos0] = stops[i < 0 ? stops.length - 1 : Math.max(0, i - 1)] ?? [time, 0];
    const [at1, pos1] = stops[i < 0 ? stops.length - 1 : i] ?? [time, 0];
    return at1 > at0 ? pos0 + ((time - at0) / (at1 - at0)) * (pos1 - pos0) : pos1;
  };
  const timeAt = (p: number): number => {
    const i = stops.findIndex((s) => s[1] > p);
    const [at0, pos0] = stops[i < 0 ? stops.length - 1 : Math.max(0, i - 1)] ?? [0, 0];
    const [at1, pos1] = stops[i < 0 ? stops.length - 1 : i] ?? [0, 0];
    return pos1 > pos0 ? at0 + ((p - pos0) / (pos1 - pos0)) * (at1 - at0) : at1;
  };
  const waits: Gap[] = [];
  let asked: StaffMessage | undefined;
  for (const m of messages) {
    if (m.kind === 'event') continue;
    if (m.from.role === 'visitor') asked ??= m;
    else if (m.from.role === 'agent') {
      if (asked && m.at - asked.at > WAIT_MS)
        waits.push({ from: between(asked.at) / whole, to: between(m.at) / whole, ms: m.at - asked.at });
      asked = undefined;
    }
  }
  const marks: Mark[] = messages
    .filter((m) => m.kind === 'event')
    .map((m) => ({ x: place(m.at) / whole, words: eventWords(m), at: m.at, group: 'move' }));
  for (const e of timeline) {
    const group = GROUPS[e.kind];
    const words = markWords(e);
    if (group && words !== undefined) marks.push({ x: (place(e.at) + 1500) / whole, words, at: e.at, group });
  }
  const told = new Set(timeline.filter((e) => e.kind === 'delivery' && markWords(e)).map((e) => e.data?.['seq']));
  for (const m of messages)
    if (!told.has(m.seq) && (m.state === 'failed' || m.state === 'uncertain'))
      marks.push({
        x: place(m.at) / whole,
        words: `${f(m.state === 'failed' ? 'undelivered' : 'uncertain')}${m.reason ? ` · ${m.reason}` : ''}`,
        at: m.at,
        group: 'delivery',
      });
  return {
    waits,
    place: (t) => between(t) / whole,
    time: (x) => timeAt(x * whole),
    spots: spots.filter((s) => s.m.kind !== 'event').map((s) => ({ ...s, x: s.x / whole })),
    gaps: gaps.map((g) => ({ ...g, from: g.from / whole, to: g.to / whole })),
    marks,
  };
}
