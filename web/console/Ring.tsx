// How long somebody has waited: a ring that fills in a minute, always with the number.
import { duration } from '../core/time';
import { heat } from './order';
import { t } from './words';
import { now } from './work';

const R = 17.5;
const ROUND = 2 * Math.PI * R;

/** 42, 3m, 1h: what fits into the ring. */
export function shortWait(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return String(s);
  if (s < 3600) return `${Math.floor(s / 60)}m`;
  return s < 36_000_00 ? `${Math.floor(s / 3600)}h` : '99h';
}

export function Ring({ since }: { since: number }) {
  const ms = Math.max(0, now.value - since);
  const share = Math.min(1, ms / 60_000);
  return (
    <span class={`ring ${heat(ms)}`} title={t('waitingFor', { time: duration(ms) })}>
      <svg width="40" height="40" viewBox="0 0 40 40" aria-hidden="true">
        <circle class="track" cx="20" cy="20" r={R} />
        <circle
          class="fill"
          cx="18"
          cy="18"
          r={R}
          stroke-dasharray={`${share * ROUND} ${ROUND}`}
          transform="rotate(-90 20 20)"
        />
      </svg>
      <span class="num" aria-hidden="true">
        {shortWait(ms)}
      </span>
      <span class="hidden">{t('waitingFor', { time: duration(ms) })}</span>
    </span>
  );
}

/** A time that runs, as text. */
export function Since({ at, until }: { at: number; until?: number | undefined }) {
  return <span class="num">{duration((until ?? now.value) - at)}</span>;
}
