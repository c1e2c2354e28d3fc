import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const zhTW: Like<typeof zhCN> = {
  rate1: '很不滿意',
  rate2: '不滿意',
  rate3: '普通',
  rate4: '滿意',
  rate5: '非常滿意',
};
