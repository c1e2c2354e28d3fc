import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const en: Like<typeof zhCN> = {
  found: 'Machine check: {name}',
  foundTime: 'Machine check: {name} ({time})',
  foundWord: 'Machine check: {name} (“{word}”)',
};
