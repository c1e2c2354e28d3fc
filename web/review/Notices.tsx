// What somebody is told of, the newest first: in the console under 我的, on the review page behind the bell.
import { useSignal } from '@preact/signals';
import { AtSign, CircleAlert, Eye, EyeOff } from 'lucide';
import { useEffect } from 'preact/hooks';
import { exactTime } from '../core/time';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { Icon } from '../kit/Icon';
import { lang } from '../kit/i18n';
import { session, site } from '../kit/session';
import { toast } from '../kit/Toast';
import { Failed } from './Failed';
import { view } from './find';
import { decideReveal, goal, lasts, loadNotices, notices, see, type Told } from './told';
import { why } from './quality';
import { w } from './qualityWords';

function mentionWords(n: Told): string {
  const name = n.by.name;
  if (n.agent?.id === session.value?.person.id) return w('told_mentionMine', { name });
  return n.agent?.id === n.by.id
    ? w('told_mentionOwn', { name })
    : w('told_mention', { name, agent: n.agent?.name ?? '' });
}

const ICONS = {
  mention: AtSign,
  reveal_asked: EyeOff,
  reveal_granted: Eye,
  reveal_refused: EyeOff,
  channel_refused: CircleAlert,
};

function words(n: Told): string {
  const name = n.by.name;
  if (n.kind === 'mention') return mentionWords(n);
  if (n.kind === 'channel_refused') return w('told_channel', { name });
  if (n.kind === 'reveal_granted') return w('told_granted', { name, time: exactTime(n.until ?? 0, lang.value) });
  return n.kind === 'reveal_asked' ? w('told_asked', { name }) : w('told_refused', { name });
}

/** Whoever may grant it decides with one click. */
function Decide({ n }: { n: Told }) {
  const busy = useSignal(false);
  const act = async (to: 'grant' | 'refuse'): Promise<void> => {
    busy.value = true;
    try {
      await decideReveal(n, to);
      document.querySelector<HTMLElement>('.told-list')?.focus(); // its buttons are gone
      toast(to === 'grant' ? w('revealDidGrant', { name: n.by.name }) : w('revealDidRefuse', { name: n.by.name }));
    } catch (e) {
      toast(why(e), { bad: true });
    }
    busy.value = false;
  };
  return (
    <div class="told-acts">
      <Button small kind="primary" disabled={busy.value} onClick={() => void act('grant')}>
        {w('revealGrant')}
      </Button>
      <Button small disabled={busy.value} onClick={() => void act('refuse')}>
        {w('revealRefuse')}
      </Button>
    </div>
  );
}

function OneNotice({ n, onOpen }: { n: Told; onOpen: (n: Told) => void }) {
  return (
    <li class={n.seen ? 'told' : 'told new'}>
      <button type="button" onClick={() => onOpen(n)}>
        <span class="told-top">
          <Icon node={ICONS[n.kind]} size={16} />
          <span>{words(n)}</span>
          {!n.seen && !lasts(n) && <span class="badge warn">{w('toldNew')}</span>}
        </span>
        <span class={n.kind === 'mention' ? 'told-text clip' : 'told-text'} dir="auto">
          {n.text || w('toldGone')}
        </span>
        <time class="dim num" dateTime={new Date(n.at).toISOString()}>
          {exactTime(n.at, lang.value)}
        </time>
      </button>
      {n.kind === 'reveal_asked' && <Decide n={n} />}
    </li>
  );
}

export function NoticeList({ onOpen }: { onOpen: (n: Told) => void }) {
  return (
    <ul class="told-list" tabIndex={-1} aria-label={w('notices')}>
      {(notices.value ?? []).map((n) => (
        <OneNotice
          key={`${n.kind} ${n.id}`}
          n={n}
          onOpen={(x) => {
            if (x.kind === 'channel_refused') location.href = `/admin/?site=${site.value?.key}#/channel/${x.channel}`;
            else {
              void see(x);
              onOpen(x);
            }
          }}
        />
      ))}
    </ul>
  );
}

export function Notices({ onClose }: { onClose: () => void }) {
  const failed = useSignal('');
  const load = (): void => {
    loadNotices().then(
      () => (failed.value = ''),
      (e: unknown) => (failed.value = why(e)),
    );
  };
  useEffect(load, []);
  return (
    <Dialog title={w('notices')} onClose={onClose}>
      <Failed why={failed.value} retry={load} />
      {notices.value?.length === 0 && <p class="empty">{w('noticesNone')}</p>}
      <NoticeList
        onOpen={(n) => {
          onClose();
          view.value = n.kind === 'mention' ? 'tasks' : 'find';
          goal.value = n;
        }}
      />
    </Dialog>
  );
}
