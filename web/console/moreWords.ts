// The words of what the console fetches when it is first wanted.
import type { QueueRow } from '../core/staff';
import { en } from '../i18n/desk/en';
import { zhCN } from '../i18n/desk/zh-CN';
import { zhTW } from '../i18n/desk/zh-TW';
import { words } from '../kit/i18n';

export const d = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });

/** What should be known before a conversation goes there; '' nothing. A department takes the first queue where somebody is. */
export function unattended(queues: readonly QueueRow[]): string {
  const q = queues[0];
  if (!q || queues.some((one) => !one.warning)) return '';
  return q.opening ? d('targetClosed', { time: q.opening }) : d('targetNobody');
}
