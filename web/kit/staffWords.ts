// Words that all pages of the staff use.
import { en } from '../i18n/staff/en';
import { zhCN } from '../i18n/staff/zh-CN';
import { zhTW } from '../i18n/staff/zh-TW';
import { words } from './i18n';

export const s = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });

/** A word of the wire, where we know it; else as it came. */
export function wireWord(kind: 'channel' | 'event' | 'entry' | 'kept' | 'form', word: string): string {
  const key = `${kind}_${word}`;
  return key in zhCN ? s(key as 'channel_web') : word;
}
