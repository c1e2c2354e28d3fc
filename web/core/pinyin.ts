// pinyin.ts: the initials of Chinese words, from the order in which every browser sorts them: no table of characters has to be loaded. A
// character with several readings has the one that it is sorted by.

/** The first character of each letter, in the order of pinyin. */
const FIRST = '阿八嚓哒妸发旮哈讥咔垃妈拿噢妑七呥仨他穵夕丫帀';
const LETTERS = 'abcdefghjklmnopqrstwxyz';

let order: Intl.Collator | null | undefined;

/** null: this browser does not know the order. */
function collator(): Intl.Collator | null {
  if (order !== undefined) return order;
  const c = new Intl.Collator('zh-u-co-pinyin');
  const first = [...FIRST];
  const sorted = first.every((x, i) => i === 0 || c.compare(first[i - 1] as string, x) < 0);
  order = sorted && c.compare('阿', '八') < 0 && c.compare('丫', '啊') > 0 ? c : null;
  return order;
}

function letterOf(char: string, c: Intl.Collator): string {
  let ret = '';
  let i = 0;
  for (const first of FIRST) {
    if (c.compare(char, first) < 0) break;
    ret = LETTERS[i++] as string;
  }
  return ret || 'a';
}

/** With those that nobody has written down. */
export function withInitials<T extends { title: string; initials: string }>(all: readonly T[]): T[] {
  return all.map((x) => (x.initials ? x : { ...x, initials: initialsOf(x.title) }));
}

const known = new Map<string, string>();

/** Of 退款进度: tkjd. Letters and digits stay as they are; at most 32. '' where nothing can be said. */
export function initialsOf(text: string): string {
  const had = known.get(text);
  if (had !== undefined) return had;
  const c = collator();
  let ret = '';
  for (const char of text) {
    if (/[a-z0-9]/i.test(char)) ret += char.toLowerCase();
    else if (c && /\p{Script=Han}/u.test(char)) ret += letterOf(char, c);
  }
  ret = /\p{Script=Han}/u.test(text) ? ret.slice(0, 32) : '';
  if (known.size > 5000) known.clear();
  known.set(text, ret);
  return ret;
}
