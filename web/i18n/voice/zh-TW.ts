import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const zhTW: Like<typeof zhCN> = {
  play: '播放',
  pause: '暫停',
  notNow: '暫時無法播放，請稍後再試',
  place: '播放位置',
  at: '{at}，共 {all}',
};
