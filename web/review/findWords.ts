// The words of finding and replaying.
import { en } from '../i18n/find/en';
import { zhCN } from '../i18n/find/zh-CN';
import { zhTW } from '../i18n/find/zh-TW';
import { words } from '../kit/i18n';

export const f = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });

export function has(key: string): key is keyof typeof zhCN {
  return key in zhCN;
}
