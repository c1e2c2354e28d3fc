// The words of what a house learns from its reviews.
import { en } from '../i18n/learn/en';
import { zhCN } from '../i18n/learn/zh-CN';
import { zhTW } from '../i18n/learn/zh-TW';
import { words } from '../kit/i18n';

export const l = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });
