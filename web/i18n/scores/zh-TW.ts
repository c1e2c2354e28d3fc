import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const zhTW: Like<typeof zhCN> = {
  lost: '還有 {n} 份質檢評分沒有送到伺服器。現在登出，這些評分就會遺失。仍要登出嗎？',
};
