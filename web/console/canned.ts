// canned.ts: 话术. Finding one by words, pinyin initials or code, and filling its blanks.

import type { Canned } from '../core/staff';

let forms: Record<string, string> = {};

/** In which other ways the characters that occur can be written: 退货 finds 退貨. */
export function knowForms(all: Record<string, string>): void {
  forms = all;
}

const plain = (text: string) => text.toLowerCase().replace(/[^\0-\x7f]/gu, (c) => forms[c] ?? c);

/** Best first: code, then initials, then title, then words anywhere. All words of the query must be found. */
export function findCanned(all: readonly Canned[], query: string, lang: string, max = 8): Canned[] {
  const words = plain(query.trim()).split(/\s+/u).filter(Boolean);
  const scored: { item: Canned; score: number; index: number }[] = [];
  all.forEach((item, index) => {
    let score = sameLanguage(item.lang, lang) ? 0 : 1;
    for (const word of words) {
      const one = rank(item, word);
      if (one < 0) return;
      score += one * 2;
    }
    scored.push({ item, score, index });
  });
  scored.sort((a, b) => a.score - b.score || a.index - b.index);
  return scored.slice(0, max).map((s) => s.item);
}

function rank(item: Canned, word: string): number {
  const code = plain(item.code);
  const initials = item.initials.toLowerCase();
  const title = plain(item.title);
  if (code === word) return 0;
  if (code.startsWith(word)) return 1;
  if (initials.startsWith(word)) return 2;
  if (title.startsWith(word)) return 3;
  if (title.includes(word)) return 4;
  if (initials.includes(word)) return 5;
  if (plain(item.text).includes(word)) return 6;
  return -1;
}

function sameLanguage(item: string, lang: string): boolean {
  return item === '' || item === lang || (item.split('-')[0] === lang.split('-')[0] && !item.includes('-'));
}

export interface Facts {
  name: string;
  number: string;
  visitor: string;
}

const blanks: Record<string, keyof Facts> = {
  姓名: 'name',
  name: 'name',
  工号: 'number',
  工號: 'number',
  number: 'number',
  客户: 'visitor',
  客戶: 'visitor',
  访客: 'visitor',
  訪客: 'visitor',
  visitor: 'visitor',
  customer: 'visitor',
};

/** Blanks we know are filled; others, and those whose fact is missing, stay for the agent to fill. */
export function fill(text: string, facts: Facts): string {
  return text.replace(/\{([^{}\n]{1,24})\}/gu, (whole, key: string) => {
    const fact = blanks[key.trim()];
    return (fact && facts[fact]) || whole;
  });
}

/** The next blank at or after `from`, as UTF-16 offsets for a selection; wraps round; null if there is none. */
export function nextBlank(text: string, from: number): [number, number] | null {
  const all = [...text.matchAll(/\{[^{}\n]{1,24}\}/gu)].map(
    (m) => [m.index, m.index + m[0].length] as [number, number],
  );
  return all.find((b) => b[0] >= from) ?? all[0] ?? null;
}
