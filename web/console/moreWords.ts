// The words of what the console fetches when it is first wanted.
import type { Colleague, Presence, QueueRow, Unattended } from '../core/staff';
import { en } from '../i18n/desk/en';
import { zhCN } from '../i18n/desk/zh-CN';
import { zhTW } from '../i18n/desk/zh-TW';
import { words } from '../kit/i18n';
import { presenceName } from './ListPane';

export const d = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });

/** Who is off the net is not there, whatever was chosen. */
export const shownPresence = (a: Colleague): Presence => (a.connected ? a.presence : 'offline');

export const presenceOf = (a: Colleague): string =>
  shownPresence(a) === a.presence ? presenceName(a.presence) : d('presenceGone');

/** What was done, and what comes of it where nobody is. */
export function warned(done: string, of?: { warning?: Unattended }): string {
  const more = of?.warning && d(of.warning === 'closed' ? 'targetShut' : 'targetNobody');
  return more ? `${done} · ${more}` : done;
}

/** What should be known before a conversation goes there; '' nothing. A department takes the first queue where somebody is. */
export function unattended(queues: readonly QueueRow[]): string {
  const q = queues[0];
  if (!q || queues.some((one) => !one.warning)) return '';
  return q.opening ? d('targetClosed', { time: q.opening }) : d('targetNobody');
}
