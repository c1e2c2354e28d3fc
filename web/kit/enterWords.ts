// The words of signing in and of the second factor.
import { en } from '../i18n/enter/en';
import { zhCN } from '../i18n/enter/zh-CN';
import { zhTW } from '../i18n/enter/zh-TW';
import { words } from './i18n';

export const w = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });
