// The course of a conversation at a glance: who wrote when, long silences, what happened. Also the way to get there.
import { useMemo } from 'preact/hooks';
import type { Entry, StaffMessage, Transcript } from '../core/staff';
import { clockTime, duration } from '../core/time';
import { entryWords, eventWords } from '../kit/events';
import { senderName } from '../kit/Talk';
import { at } from './find';
import { t } from './words';

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

export function Strip({ transcript }: { transcript: Transcript }) {
  const { spots, gaps, marks } = useMemo(() => course(transcript.messages, transcript.timeline ?? []), [transcript]);
  if (spots.length === 0) return null;
  const now = spots.find((s) => s.m.seq === at.value);
  const step = (ev: KeyboardEvent): void => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[ev.key];
    if (!by) return;
    ev.preventDefault();
    const i = now ? spots.indexOf(now) : -1;
    at.value = spots[Math.max(0, Math.min(spots.length - 1, i + by))]?.m.seq ?? 0;
  };
  const jump = (ev: MouseEvent): void => {
    const box = (ev.currentTarget as HTMLElement).getBoundingClientRect();
    const x = (ev.clientX - box.left) / box.width;
    const near = spots.reduce((a, b) => (Math.abs(b.x - x) < Math.abs(a.x - x) ? b : a));
    at.value = near.m.seq;
  };
  return (
    <div
      class="strip"
      role="slider"
      tabIndex={0}
      aria-label={t('course')}
      aria-valuemin={1}
      aria-valuemax={spots.length}
      aria-valuenow={now ? spots.indexOf(now) + 1 : 1}
      aria-valuetext={now ? `${senderName(now.m.from)} ${clockTime(now.m.at)}` : t('courseStart')}
      onKeyDown={step}
      onClick={jump}
    >
      {gaps.map((g) => (
        <span
          key={g.from}
          class="strip-gap"
          style={{ left: `${g.from * 100}%`, width: `${(g.to - g.from) * 100}%` }}
          title={t('silence', { time: duration(g.ms) })}
        >
          <span class="num">{duration(g.ms)}</span>
        </span>
      ))}
      {spots.map((sp) => (
        <span
          key={sp.m.seq}
          class={`strip-spot ${sp.m.from.role}${sp.m.seq === at.value ? ' on' : ''}`}
          style={{ left: `${sp.x * 100}%` }}
          title={`${clockTime(sp.m.at)} ${senderName(sp.m.from)}`}
        />
      ))}
      {marks.map((m, i) => (
        <span key={i} class="strip-mark" style={{ left: `${m.x * 100}%` }} title={`${clockTime(m.at)} ${m.words}`} />
      ))}
    </div>
  );
}
