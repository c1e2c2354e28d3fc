import { en as kit } from '../i18n/kit/en';
import { en as own } from '../i18n/widget/en';
import type { Tables } from './i18n';

export const words: Tables = { kit, own };
