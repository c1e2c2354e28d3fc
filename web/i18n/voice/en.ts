import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const en: Like<typeof zhCN> = {
  play: 'Play',
  pause: 'Pause',
  notNow: 'This cannot be played right now. Try again in a moment',
  place: 'Place in the message',
  at: '{at} of {all}',
};
