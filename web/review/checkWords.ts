// The words of machine checks.
import { en } from '../i18n/checks/en';
import { zhCN } from '../i18n/checks/zh-CN';
import { zhTW } from '../i18n/checks/zh-TW';
import { words } from '../kit/i18n';

export const w = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });
