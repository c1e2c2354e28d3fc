// The words of quality review, which the console shows to agents, too.
import { en } from '../i18n/quality/en';
import { zhCN } from '../i18n/quality/zh-CN';
import { zhTW } from '../i18n/quality/zh-TW';
import { words } from '../kit/i18n';

export const w = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });
