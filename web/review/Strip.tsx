// The course of a conversation at a glance: who wrote when, long silences, what happened. Also the way to get there.
import { useMemo } from 'preact/hooks';
import type { Transcript } from '../core/staff';
import { clockTime, duration } from '../core/time';
import { senderName } from '../kit/Line';
import { course, heaps, PLACES } from './course';
import { at } from './find';
import { f } from './findWords';
import { replay, seekTo } from './Player';
import { clockOf } from './replay';
import { t } from './words';

function apart<T extends { x: number }>(all: readonly T[], kind: (one: T) => string): T[] {
  const seen = new Set<string>();
  return all.filter((one) => {
    const key = `${Math.round(one.x * PLACES)} ${kind(one)}`;
    return !seen.has(key) && seen.add(key);
  });
}

function Now({ place, first }: { place: (time: number) => number; first: number }) {
  const r = replay.value;
  return r ? <span class="strip-now" style={{ left: `${place(first + clockOf(r)) * 100}%` }} /> : null;
}

export function Strip({ transcript }: { transcript: Transcript }) {
  const { spots, gaps, waits, marks, place, time } = useMemo(
    () => course(transcript.messages, transcript.timeline ?? []),
    [transcript],
  );
  // What does not change while one reads or plays is not drawn again, and no two of a kind in one place.
  const still = useMemo(
    () => (
      <>
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
        {waits.map((g) => (
          <span
            key={`w${g.from}`}
            class="strip-wait"
            style={{ left: `${g.from * 100}%`, width: `${(g.to - g.from) * 100}%` }}
            title={f('waited', { time: duration(g.ms) })}
          />
        ))}
        {apart(spots, (sp) => sp.m.from.role).map((sp) => (
          <span
            key={sp.m.seq}
            class={`strip-spot ${sp.m.from.role}`}
            style={{ left: `${sp.x * 100}%` }}
            title={`${clockTime(sp.m.at)} ${senderName(sp.m.from)}`}
          />
        ))}
        {heaps(marks).map((h, i) => (
          <span
            key={`m${i}`}
            class={`strip-mark ${h.group}`}
            style={{ left: `${h.x * 100}%` }}
            title={h.all.map((m) => `${clockTime(m.at)} ${m.words}`).join('\n')}
          />
        ))}
      </>
    ),
    [spots, gaps, waits, marks],
  );
  if (spots.length === 0) return null;
  const first = transcript.messages[0]?.at;
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
    if (replay.peek()) {
      seekTo(time(x));
      return;
    }
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
      {still}
      {now && <span class={`strip-spot ${now.m.from.role} on`} style={{ left: `${now.x * 100}%` }} />}
      {first !== undefined && <Now place={place} first={first} />}
    </div>
  );
}
