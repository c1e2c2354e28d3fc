import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const en: Like<typeof zhCN> = {
  lost: {
    one: '{n} review has scores that did not get to the server. They are lost if you sign out now. Sign out all the same?',
    other:
      '{n} reviews have scores that did not get to the server. They are lost if you sign out now. Sign out all the same?',
  },
};
