// How a platform lets us answer, as it stands at a moment.
import type { ReplyWindow } from '../core/staff';

export type WindowState = 'free' | 'open' | 'late' | 'closed';

/** Does nothing go that is written? A template may still. */
export function isShut(w: ReplyWindow | null, at: number): boolean {
  const state = windowState(w, at);
  return state === 'closed' || (state === 'late' && !w?.words);
}

/** At `at`, by the daemon's clock: it may have ended since it was told. */
export function windowState(w: ReplyWindow | null, at: number): WindowState {
  if (!w) return 'free';
  if (w.left !== 0 && (w.until === undefined || at < w.until)) return 'open';
  return w.late ? 'late' : 'closed';
}
