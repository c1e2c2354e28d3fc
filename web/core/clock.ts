// Time and chance come from outside, so that tests hold them.
export interface Clock {
  now(): number;
  /** Calls `fn` once, later; returns how to take it back. */
  after(ms: number, fn: () => void): () => void;
  /** 0 ≤ x < 1 */
  random(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};
