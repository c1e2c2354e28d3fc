// The console's words.
import { en } from '../i18n/console/en';
import { zhCN } from '../i18n/console/zh-CN';
import { zhTW } from '../i18n/console/zh-TW';
import { words } from '../kit/i18n';

export const t = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });

/** Why a conversation came or went, where we know the word; else as it came. */
export function whyWord(word: string): string {
  const key = `why_${word}`;
  return key in zhCN ? t(key as 'why_match') : word;
}
