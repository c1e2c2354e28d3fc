// Ranges as the address has them, "A..B", and as people write them: seconds, and points where the wire has hundredths.
import { f } from './findWords';

export type RangeKey = 'wait' | 'response' | 'silence' | 'lasted' | 'score';

function unit(key: RangeKey): number {
  return key === 'score' ? 100 : 1;
}

/** The two ends as they are written; empty: open. */
export function ends(key: RangeKey, value: string): [string, string] {
  const [a = '', b = ''] = value.split('..');
  const show = (x: string): string => (/^\d+$/.test(x) ? String(Number(x) / unit(key)) : '');
  return [show(a), show(b)];
}

/** '' none; null: that is no range. */
export function rangeOf(key: RangeKey, from: string, to: string): string | null {
  const read = (x: string): number | null => {
    const digits = x.normalize('NFKC').trim();
    return /^\d+(\.\d+)?$/.test(digits) ? Math.round(Number(digits) * unit(key)) : null;
  };
  const a = from === '' ? '' : read(from);
  const b = to === '' ? '' : read(to);
  if (a === null || b === null || (a !== '' && b !== '' && a > b)) return null;
  return a === '' && b === '' ? '' : `${a}..${b}`;
}

export function rangeText(key: RangeKey, value: string): string {
  const [from, to] = ends(key, value);
  if (from && to) return f('between', { from, to });
  return from ? f('atLeast', { n: from }) : f('atMost', { n: to });
}
