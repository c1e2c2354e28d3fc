// wrong.ts: what the daemon says is wrong with a member of a document, in the page's language. It speaks English; what it says most often is
// known here, the rest stays as it is.
import { lang } from '../kit/i18n';
import { p } from './portableWords';

type Word = Extract<Parameters<typeof p>[0], `wrong${string}`>;

/** What was there and what is allowed, where it says so: `is`, `min`, `max`, `all`. */
const SAID: readonly (readonly [RegExp, Word])[] = [
  [/: required(?:: |$)| is missing: /, 'wrongMissing'],
  [/: (?<min>\d+) to (?<max>\d+) bytes$/, 'wrongBytes'],
  [/ has (?<is>\d+) characters; allowed are (?<min>\d+) to (?<max>\d+)$/, 'wrongCharacters'],
  [/ has (?<is>\d+) entries; allowed are (?<min>\d+) to (?<max>\d+)$/, 'wrongEntriesOf'],
  [/: (?<min>\d+) to (?<max>\d+) entries$/, 'wrongEntries'],
  [/ is (?<is>-?\d+); allowed is (?<min>-?\d+) to (?<max>-?\d+)$/, 'wrongNumberOf'],
  [/: an integer from (?<min>-?\d+) to (?<max>-?\d+)$/, 'wrongNumber'],
  [/ must be one of: (?<all>.+)$/, 'wrongChoice'],
  [/ must be a word of 1 to 32 of a-z, 0-9, _ and -$/, 'wrongWord'],
  [/: an address such as https:\/\/host\/path$/, 'wrongAddress'],
  [/: one line, without blanks at its beginning and end$/, 'wrongLine'],
  [/ must be a text$|: a string$/, 'wrongText'],
];

export function inWords(detail: string): string {
  if (lang.value === 'en') return detail;
  for (const [said, word] of SAID) {
    const found = said.exec(detail);
    if (found) return p(word, { is: '', min: '', max: '', all: '', ...found.groups });
  }
  return detail;
}
