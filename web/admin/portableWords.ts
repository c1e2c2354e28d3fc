// The words of the settings as a file: they come with their page.
import { en } from '../i18n/portable/en';
import { zhCN } from '../i18n/portable/zh-CN';
import { zhTW } from '../i18n/portable/zh-TW';
import { words } from '../kit/i18n';

export const p = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });
