// The words of the review pages.
import { en } from '../i18n/review/en';
import { zhCN } from '../i18n/review/zh-CN';
import { zhTW } from '../i18n/review/zh-TW';
import { words } from '../kit/i18n';

export const t = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });
