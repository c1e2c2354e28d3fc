// The words of what the console fetches when it is first wanted.
import { en } from '../i18n/desk/en';
import { zhCN } from '../i18n/desk/zh-CN';
import { zhTW } from '../i18n/desk/zh-TW';
import { words } from '../kit/i18n';

export const d = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });
