import { en } from '../i18n/widget/later/en';
import { zhCN } from '../i18n/widget/later/zh-CN';
import { zhTW } from '../i18n/widget/later/zh-TW';
import { words } from './i18n';

export const t = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });
