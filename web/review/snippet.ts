// What was said, as it stands in a row of results.
import type { Hit } from '../core/staff';
import { membersOf, type Words } from '../kit/names';

const BEFORE = 10;
const LONG = 20;

/** From shortly before the first mark on, in one line. */
function around({ text, marks }: Words): Words {
  const points = Array.from(text, (ch) => (ch < ' ' ? ' ' : ch));
  const first = marks[0]?.[0] ?? 0;
  if (first <= LONG) return { text: points.join(''), marks };
  const start = first - BEFORE;
  return {
    text: `…${points.slice(start).join('')}`,
    marks: marks
      .filter(([from]) => from >= start)
      .map(([from, to]): [number, number] => [from - start + 1, to - start + 1]),
  };
}

/** What of a hit stands in its row: of a form the members from the first that has a mark on. Marks count code points, before and after. */
export function snippet({ text, marks, form }: Omit<Hit, 'seq'>): Words {
  if (!form) return around({ text, marks });
  const all = membersOf(form, text, marks);
  const first = all.findIndex(({ label, value }) => label.marks[0] || value.marks[0]);
  const ret: Words = { text: '', marks: [] };
  const add = (before: string, words: Words): void => {
    const at = Array.from((ret.text += before)).length;
    ret.marks.push(...words.marks.map(([from, to]): [number, number] => [at + from, at + to]));
    ret.text += words.text;
  };
  for (const { label, value } of all.slice(Math.max(0, first))) {
    add(ret.text && ' · ', label);
    add(' ', around(value));
  }
  return ret;
}
