// The words of the settings pages.
import { en } from '../i18n/admin/en';
import { zhCN } from '../i18n/admin/zh-CN';
import { zhTW } from '../i18n/admin/zh-TW';
import { words } from '../kit/i18n';

export const t = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });

/** A word of a document, where we know it; else as it stands there. */
export function wordOf(prefix: string, word: string): string {
  const key = `${prefix}_${word}`;
  return key in zhCN ? t(key as 'event_opened') : word;
}

/** Every text of the pages, in all languages, by its key: what the search over the settings looks through. */
export const everywhere: readonly Readonly<Record<string, unknown>>[] = [zhCN, zhTW, en];
