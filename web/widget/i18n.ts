// Stands in for kit/i18n: zh-CN is here, the other languages come as files of their own when they are wanted.
import { type Dict, type Lang, type Like, say, type Translate, translator } from '../core/i18n';
import { zhCN as kit } from '../i18n/kit/zh-CN';
import { zhCN as own } from '../i18n/widget/zh-CN';
import { signal } from './signals';
import { named } from './later';

export interface Tables {
  kit: Like<typeof kit>;
  own: Like<typeof own>;
}

export const lang = signal<Lang>('zh-CN');
const tables: Partial<Record<Lang, Tables>> = { 'zh-CN': { kit, own } };
let wanted: Lang = 'zh-CN';

/** Resolves when it is spoken; without network the page goes on as it was. */
export async function setLang(to: Lang): Promise<void> {
  wanted = to;
  try {
    tables[to] ??= ((await import(named(`words-${to}`))) as { words: Tables }).words;
  } catch {
    return;
  }
  if (to !== wanted) return;
  lang.value = to;
  document.documentElement.lang = to;
}

/** For the parts that come later: they bring all languages. */
export function words<D extends Dict>(all: Readonly<Record<Lang, Like<D>>>): Translate<D> {
  return translator<D>(all, () => lang.value);
}

const of =
  <D extends Dict>(which: 'kit' | 'own'): Translate<D> =>
  (key, ...args) =>
    say(
      (tables[lang.value]![which] as Dict)[key as string]!,
      lang.value,
      args[0] as Record<string, string | number> | undefined,
    );

export const k = of<typeof kit>('kit');
export const t = of<typeof own>('own');
