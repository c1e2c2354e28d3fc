// A hit as it stands in a row of results.
import type { Hit } from '../core/staff';

const BEFORE = 10;
const LONG = 20;

/** The text from shortly before its first mark on, in one line. Marks count code points, before and after. */
export function snippet(hit: Hit): Hit {
  const points = Array.from(hit.text, (ch) => (ch < ' ' ? ' ' : ch));
  const first = hit.marks[0]?.[0] ?? 0;
  if (first <= LONG) return { ...hit, text: points.join('') };
  const start = first - BEFORE;
  const marks = hit.marks
    .filter(([from]) => from >= start)
    .map(([from, to]): [number, number] => [from - start + 1, to - start + 1]);
  return { ...hit, text: `…${points.slice(start).join('')}`, marks };
}
