// The page's language as a signal: what calls a translator while it renders is rendered again when the language changes.
import { signal } from '@preact/signals';
import { type Dict, type Lang, type Like, type Translate, translator } from '../core/i18n';
import { en } from '../i18n/kit/en';
import { zhCN } from '../i18n/kit/zh-CN';
import { zhTW } from '../i18n/kit/zh-TW';

export const lang = signal<Lang>('zh-CN');

export function setLang(to: Lang): void {
  lang.value = to;
  document.documentElement.lang = to;
}

/** The translator of one interface. */
export function words<D extends Dict>(all: Readonly<Record<Lang, Like<D>>>): Translate<D> {
  return translator<D>(all, () => lang.value);
}

/** The kit's own words. */
export const k = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });
