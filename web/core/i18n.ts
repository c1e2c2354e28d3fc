// Languages. A dictionary is a plain object; the zh-CN one of each interface is the type of the others, so a missing or extra key
// does not compile. `{name}` is a placeholder; plural forms stand only where a language needs them.

export const LANGUAGES = ['zh-CN', 'zh-TW', 'en'] as const;
export type Lang = (typeof LANGUAGES)[number];
export const LANGUAGE_NAMES: Record<Lang, string> = { 'zh-CN': '简体中文', 'zh-TW': '繁體中文', en: 'English' };

/** A text, or one that depends on `{n}`. */
export type Text = string | { one: string; other: string };
export type Dict<Keys extends string = string> = Readonly<Record<Keys, Text>>;
/** What another language must offer: the same keys. */
export type Like<D> = { readonly [K in keyof D]: Text };

type Names<T> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
/** The arguments of a text: none, or one object with a value for each placeholder of the zh-CN text. */
export type Args<T> = [Names<T>] extends [never] ? [] : [{ readonly [K in Names<T>]: string | number }];

export type Translate<D> = <K extends keyof D>(key: K, ...args: Args<D[K]>) => string;

export function fill(text: string, values: Readonly<Record<string, string | number>> = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

export function say(text: Text, lang: Lang, values?: Readonly<Record<string, string | number>>): string {
  if (typeof text === 'string') return fill(text, values);
  const form = lang === 'en' && Number(values?.['n']) === 1 ? text.one : text.other;
  return fill(form, values);
}

export function translator<D extends Dict>(all: Readonly<Record<Lang, Like<D>>>, lang: () => Lang): Translate<D> {
  return (key, ...args) => say(all[lang()][key], lang(), args[0] as Record<string, string | number> | undefined);
}

/** The language of ours that a tag means: zh-Hant, -TW, -HK, -MO → zh-TW; other zh → zh-CN. */
export function match(tag: string | null | undefined): Lang | undefined {
  if (!tag) return undefined;
  const parts = tag.toLowerCase().replace(/_/g, '-').split('-');
  if (parts[0] === 'en') return 'en';
  if (parts[0] !== 'zh') return undefined;
  if (parts.includes('hans')) return 'zh-CN';
  return parts.some((p) => ['hant', 'tw', 'hk', 'mo'].includes(p)) ? 'zh-TW' : 'zh-CN';
}

/** The first that we speak, in the order given: the person's choice, ?lang, the site's default, the browser's list. */
export function choose(...tags: (string | null | undefined | readonly string[])[]): Lang {
  for (const tag of tags.flat()) {
    const lang = match(tag);
    if (lang) return lang;
  }
  return 'en';
}

/**
 * The language that a text is written in, as far as glyphs matter: the wire's word, else a guess for CJK text from characters that
 * only one of the two scripts has, else undefined (the page's own language will do).
 */
export function langOf(text: string, said?: string): string | undefined {
  if (said) return said;
  if (!/[\u3400-\u9fff\uf900-\ufaff]/.test(text)) return undefined;
  if (/[\u3040-\u30ff]/.test(text)) return 'ja';
  let hans = 0;
  let hant = 0;
  for (const ch of text.slice(0, 400)) {
    if (HANS.includes(ch)) hans++;
    else if (HANT.includes(ch)) hant++;
  }
  if (hans === hant) return undefined;
  return hans > hant ? 'zh-CN' : 'zh-TW';
}

// Frequent characters that the other script writes differently, in pairs.
const HANS = '这个们为来时说会对没还过开问间题关发现经头点样东车长门风书电话请谢买卖钱货单订换价运费质户号线务员网页图传复'; // prettier-ignore
const HANT = '這個們為來時說會對沒還過開問間題關發現經頭點樣東車長門風書電話請謝買賣錢貨單訂換價運費質戶號線務員網頁圖傳復'; // prettier-ignore
