import { en } from '../i18n/widget/en';
import { zhCN } from '../i18n/widget/zh-CN';
import { zhTW } from '../i18n/widget/zh-TW';
import { words } from '../kit/i18n';

export const t = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });
