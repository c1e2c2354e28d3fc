import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const zhTW: Like<typeof zhCN> = {
  found: '機器質檢：{name}',
  foundTime: '機器質檢：{name}（{time}）',
  foundWord: '機器質檢：{name}（「{word}」）',
};
