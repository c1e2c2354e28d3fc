// What was said, as it stands in a row of results.
import type { Hit, StaffMessage } from '../core/staff';
import { oneLine } from '../core/text';
import { t } from './words';

const BEFORE = 10;
const LONG = 20;

/** Where a line begins with the name of a member, its words. */
const HEAD = /^[\w-]+: /;

/** The text from shortly before its first mark on, in one line. Marks count code points, before and after. */
export function snippet(hit: Hit): Hit {
  const all = Array.from(hit.text);
  const points = all.map((ch) => (ch < ' ' ? ' ' : ch));
  const first = hit.marks[0]?.[0] ?? 0;
  if (first <= LONG) return { ...hit, text: points.join('') };
  let start = first - BEFORE;
  while (all[start] === '\n') start++;
  // No name is cut in its middle.
  const line = all.lastIndexOf('\n', start) + 1;
  const words = line + (HEAD.exec(all.slice(line).join(''))?.[0].length ?? 0);
  if (start < words) start = first < words ? line : words;
  const marks = hit.marks
    .filter(([from]) => from >= start)
    .map(([from, to]): [number, number] => [from - start + 1, to - start + 1]);
  return { ...hit, text: `…${points.slice(start).join('')}`, marks };
}

const FIELDS = { name: 'formName', phone: 'formPhone', email: 'formEmail', text: 'formText' } as const;

/** The text of a message in one line; a form that was filled in by its members: those that we know get our names for them. */
export function rowText({ kind, form, text = '' }: StaffMessage): string {
  if (kind !== 'card' || !form) return oneLine(text);
  const known = Object.keys(FIELDS) as (keyof typeof FIELDS)[];
  const rest = Object.keys(form).filter((name) => !Object.hasOwn(FIELDS, name));
  const said = [
    ...known.filter((name) => Object.hasOwn(form, name)).map((name) => `${t(FIELDS[name])} ${String(form[name])}`),
    ...rest.map((name) => `${name}: ${String(form[name])}`),
  ];
  return oneLine(said.join(' · '));
}
