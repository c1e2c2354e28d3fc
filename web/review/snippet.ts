// What was said, as it stands in a row of results.
import type { Hit, StaffMessage } from '../core/staff';
import { oneLine } from '../core/text';
import { t } from './words';

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

const FIELDS = { name: 'formName', phone: 'formPhone', email: 'formEmail', text: 'formText' } as const;

/** The text of a message in one line. A form that was filled in has a line for each member: those that we know get our names for them. */
export function rowText(m: StaffMessage): string {
  const text = m.text ?? '';
  if (m.kind !== 'card' || !m.form) return oneLine(text);
  const named = text.replace(
    /(^|\n)(name|phone|email|text): /g,
    (_, before: string, name: keyof typeof FIELDS) => `${before && ' · '}${t(FIELDS[name])} `,
  );
  return oneLine(named);
}
