import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const en: Like<typeof zhCN> = {
  rate1: 'Very poor',
  rate2: 'Poor',
  rate3: 'Fair',
  rate4: 'Good',
  rate5: 'Very good',
};
