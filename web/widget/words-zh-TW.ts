import { zhTW as kit } from '../i18n/kit/zh-TW';
import { zhTW as own } from '../i18n/widget/zh-TW';
import type { Tables } from './i18n';

export const words: Tables = { kit, own };
