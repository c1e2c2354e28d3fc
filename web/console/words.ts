// The console's words.
import { en } from '../i18n/console/en';
import { zhCN } from '../i18n/console/zh-CN';
import { zhTW } from '../i18n/console/zh-TW';
import { words } from '../kit/i18n';

export const t = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });

/** A word of the wire, where we know it; else as it came. */
export function wireWord(kind: 'channel' | 'why' | 'event', word: string): string {
  const key = `${kind}_${word}`;
  return key in zhCN ? t(key as 'channel_web') : word;
}
