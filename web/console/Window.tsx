// How a platform lets us answer: how long, how often; and who cannot answer us. Told before anybody types.
import { Ban, Clock, CircleAlert } from 'lucide';
import type { Conversation, ReplyWindow } from '../core/staff';
import { exactTime } from '../core/time';
import { Button } from '../kit/Button';
import { Icon } from '../kit/Icon';
import { lang } from '../kit/i18n';
import { windowState, type WindowState } from './replies';
import type { Room } from './room';
import { d as t } from './moreWords';
import { dialog, now } from './work';

const HOUR = 3600_000;
const MINUTE = 60_000;
/** From here on it is urgent. */
const SHORT_MS = 15 * MINUTE;

/** 23 h, 14 min, 45 s: the greatest unit, rounded down, so that nobody counts on what is not there. */
export function remaining(ms: number): string {
  if (ms >= HOUR) return t('windowHours', { n: Math.floor(ms / HOUR) });
  if (ms >= MINUTE) return t('windowMinutes', { n: Math.floor(ms / MINUTE) });
  return t('windowSeconds', { n: Math.max(0, Math.floor(ms / 1000)) });
}

function words(w: ReplyWindow, state: WindowState, at: number): string {
  if (state === 'late' && w.words) return t('windowLate');
  if (state === 'late') return t(w.left === 0 && !(w.until && at >= w.until) ? 'windowUsedUp' : 'windowOver');
  if (state === 'closed') return w.left === 0 && !(w.until && at >= w.until) ? t('windowUsed') : t('windowClosed');
  const parts = [];
  if (w.until !== undefined) parts.push(t('windowTime', { time: remaining(w.until - at) }));
  if (w.left !== undefined) parts.push(t('windowCount', { n: w.left }));
  if (w.texts) parts.push(t('windowTexts'));
  return parts.join(t('windowComma'));
}

/** What stands in the writer, wherever it is looked at: the pane beside it may be folded, and is not on a phone. */
export function Bounds({ room, id }: { room: Room; id: string }) {
  return (
    <>
      <Barred c={room.conversation.value} role="status" />
      <WindowLine room={room} id={id} />
    </>
  );
}

/** Who cannot answer is not waited for. */
export function Barred({ c, role }: { c: Conversation; role?: 'status' }) {
  const until = c.barred_until ?? 0;
  if (!c.barred || (until && until <= now.value)) return null;
  return (
    <p class="verified barred" role={role}>
      <Icon node={Ban} size={16} />
      <span>
        {t(c.barred === 'muted' ? 'barredMuted' : 'barredBlocked')}
        {until > 0 && ' · '}
        {until > 0 && <span class="num">{t('barredUntil', { time: exactTime(until, lang.value) })}</span>}
      </span>
    </p>
  );
}

function WindowLine({ room, id }: { room: Room; id: string }) {
  const w = room.window.value;
  const at = now.value;
  const state = windowState(w, at);
  if (!w || state === 'free') return null;
  const said = words(w, state, at);
  if (!said) return null;
  const urgent = state !== 'open' || w.left === 1 || (w.until !== undefined && w.until - at < SHORT_MS);
  return (
    <span id={id} class={`window ${state}${urgent ? ' urgent' : ''}`} role={state === 'open' ? 'timer' : 'status'}>
      <Icon node={state === 'open' ? Clock : CircleAlert} size={16} />
      {said}
      {(state === 'open' ? w.ready : w.templates) && (
        <Button small onClick={() => (dialog.value = 'template')}>
          {t('template')}
        </Button>
      )}
    </span>
  );
}
