// Text of strangers as nodes, never as markup: words, links, line breaks. No regular expression here can backtrack.

export type Token = { type: 'text'; text: string } | { type: 'link'; text: string; href: string } | { type: 'break' };

const START = /https?:\/\/|mailto:|www\./gi;
// Where an address ends: blanks, controls, quotes and angle brackets; CJK and full-width punctuation; bidi and zero-width characters.
const END =
  /[\s\u0000-\u001f"<>`{}|\\^\u007f\u00a0\u1680\u2000-\u200f\u2018-\u201f\u2026\u2028-\u202f\u205f-\u206f\u3000-\u303f\ufe10-\ufe1f\ufe30-\ufe4f\ufeff\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]/; // prettier-ignore
const TRAILING = ".,;:!?'*_~";
const PAIRS: Record<string, string> = { ')': '(', ']': '[' };

function end(text: string, from: number): number {
  let i = from;
  let host = true; // Chinese right after the host is the rest of the sentence; in a path it may be part of the address
  while (i < text.length && !END.test(text[i]!) && !(host && text[i]! > '\u2e7f')) {
    if (i > from && '/?#'.includes(text[i]!)) host = false;
    i++;
  }
  // A closing bracket belongs to the address only if its opening one does.
  const surplus: Record<string, number> = {};
  for (const close in PAIRS) surplus[close] = 0;
  for (let j = from; j < i; j++) {
    const ch = text[j]!;
    if (ch in surplus) surplus[ch]!++;
    for (const close in PAIRS) if (PAIRS[close] === ch) surplus[close]!--;
  }
  for (; i > from; i--) {
    const last = text[i - 1]!;
    if (last in surplus) {
      if (surplus[last]! <= 0) break;
      surplus[last]!--;
    } else if (!TRAILING.includes(last)) {
      break;
    }
  }
  return i;
}

/** http, https and mailto only; undefined where it is no address. */
export function safeHref(address: string): string | undefined {
  const text = /^www\./i.test(address) ? `https://${address}` : address;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return undefined;
  }
  if (url.protocol === 'mailto:') return /^[^@\s]+@[^@\s]+$/.test(url.pathname) ? url.href : undefined;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  if (url.username || url.password) return undefined; // https://bank.example@evil.example
  return url.hostname.includes('.') || url.hostname === 'localhost' || url.hostname.startsWith('[')
    ? url.href
    : undefined;
}

export function tokenize(text: string): Token[] {
  const ret: Token[] = [];
  const lines = text.split(/\r\n|\r|\n/);
  lines.forEach((line, i) => {
    if (i) ret.push({ type: 'break' });
    linkify(line, ret);
  });
  return ret;
}

function linkify(line: string, ret: Token[]): void {
  let done = 0;
  START.lastIndex = 0;
  for (let m = START.exec(line); m; m = START.exec(line)) {
    const from = m.index;
    const before = line[from - 1];
    if (before && /[A-Za-z0-9@/.]/.test(before)) continue; // inside a word
    const to = end(line, from + m[0].length);
    const address = line.slice(from, to);
    const href = to > from + m[0].length ? safeHref(address) : undefined;
    if (!href) continue;
    if (from > done) ret.push({ type: 'text', text: line.slice(done, from) });
    ret.push({ type: 'link', text: address, href });
    done = to;
    START.lastIndex = to;
  }
  if (done < line.length) ret.push({ type: 'text', text: line.slice(done) });
}

/** What a card says; its address is http or https, and `host` is where it leads: '' is a mini program, which no page opens. */
export interface Card {
  title: string;
  words: string;
  href: string;
  host: string;
}

/** A card comes as lines: the title first, the address last. Undefined: it is no more than a text. */
export function cardOf(text: string): Card | undefined {
  const [title, ...lines] = text.split('\n');
  const url = lines.pop() ?? '';
  const href = /^miniprogram:\S+$/.test(url) ? url : /^https?:\/\/\S+$/i.test(url) ? safeHref(url) : '';
  return title && href ? { title, words: lines.join('\n'), href, host: new URL(href).host } : undefined;
}

/** As the server counts: code points. */
export function codePoints(text: string): number {
  let n = 0;
  for (const _ of text) n++;
  return n;
}

/** For one line in a list: no line breaks, no control characters, no direction overrides. */
export function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, ' ').trim();
}

/** 1.2 MB; 1024-based as file managers show it. */
export function fileSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KB', 'MB', 'GB'];
  let n = bytes / 1024;
  let u = 0;
  while (n >= 1000 && u < units.length - 1) {
    n /= 1024;
    u++;
  }
  return `${n < 10 ? Math.round(n * 10) / 10 : Math.round(n)} ${units[u]}`;
}
