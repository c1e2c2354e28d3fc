// The course of a conversation at a glance: who wrote when, long silences, what happened. Also the way to get there.
import { useMemo } from 'preact/hooks';
import type { Transcript } from '../core/staff';
import { clockTime, duration } from '../core/time';
import { senderName } from '../kit/Talk';
import { course } from './course';
import { at } from './find';
import { f } from './findWords';
import { replay, seekTo } from './Player';
import { t } from './words';

export function Strip({ transcript }: { transcript: Transcript }) {
  const { spots, gaps, waits, marks, place, time } = useMemo(
    () => course(transcript.messages, transcript.timeline ?? []),
    [transcript],
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
    if (replay.value) {
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
      {spots.map((sp) => (
        <span
          key={sp.m.seq}
          class={`strip-spot ${sp.m.from.role}${sp.m.seq === at.value ? ' on' : ''}`}
          style={{ left: `${sp.x * 100}%` }}
          title={`${clockTime(sp.m.at)} ${senderName(sp.m.from)}`}
        />
      ))}
      {marks.map((m, i) => (
        <span
          key={i}
          class={`strip-mark ${m.group}`}
          style={{ left: `${m.x * 100}%` }}
          title={`${clockTime(m.at)} ${m.words}`}
        />
      ))}
      {replay.value && first !== undefined && (
        <span class="strip-now" style={{ left: `${place(first + replay.value.pos) * 100}%` }} />
      )}
    </div>
  );
}
