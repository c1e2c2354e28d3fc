import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const en: Like<typeof zhCN> = {
  play: 'Play',
  pause: 'Pause',
  place: 'Place in the message',
  at: '{at} of {all}',
};
