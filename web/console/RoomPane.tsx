// The middle pane: one conversation, and where the next words are written.
import {
  ArrowLeft,
  ArrowRightLeft,
  CircleCheck,
  Copy,
  CornerUpLeft,
  Info,
  PanelRight,
  Reply,
  RotateCcw,
  SmilePlus,
  Star,
  Trash2,
  Undo2,
  UserPlus,
} from 'lucide';
import { useEffect, useMemo } from 'preact/hooks';
import type { StaffMessage } from '../core/staff';
import { exactTime } from '../core/time';
import { Avatar } from '../kit/Avatar';
import { Banner } from '../kit/Banner';
import { Button, IconButton } from '../kit/Button';
import { Icon } from '../kit/Icon';
import { k, lang } from '../kit/i18n';
import { lazy } from '../kit/lazy';
import { setPrefs, prefs } from '../kit/prefs';
import { buildRows, type Outgoing } from '../kit/rows';
import { may } from '../kit/session';
import { Talk } from '../kit/Talk';
import { toast } from '../kit/Toast';
import { entryWords, eventWords, worthALine } from '../kit/events';
import { heat } from './order';
import { channelIcon, channelName, lineOf, nameOf } from '../kit/names';
import { handBack } from './acts';
import { Since } from './Ring';
import type { Room } from './room';
import { s } from '../kit/staffWords';
import { t } from './words';
import { quote, Writer } from './Writer';
import {
  closeRoom,
  contextOver,
  desk,
  dialog,
  rewrite,
  invite,
  live,
  loaded,
  now,
  queueName,
  reactTo,
  recall,
  resend,
  take,
} from './work';
import { Skeleton } from './ListPane';

const LookOn = lazy<{ room: Room }>(() => import('./Explain').then((m) => m.LookOn));

/** How long a message of ours may be taken back; the daemon has the last word. */
const RECALL_MS = 120_000;

export function toggleContext(): void {
  if (matchMedia('(min-width: 1280px)').matches) setPrefs({ context: !prefs.value.context });
  else contextOver.value = !contextOver.value;
}

function localTime(zone: unknown): string {
  if (typeof zone !== 'string') return '';
  try {
    return new Intl.DateTimeFormat(lang.value, {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    }).format(now.value);
  } catch {
    return '';
  }
}

function Head({ room }: { room: Room }) {
  const c = room.conversation.value;
  const since = room.since.value;
  const mine = desk.mine.value.has(room.id);
  const helps = c.helper?.id === desk.me.value.id;
  const owner = c.agent?.id === desk.me.value.id;
  const zone = localTime(c.customer?.['timezone'] ?? c.customer?.['tz']);
  const off = live() ? undefined : t('needsServer');
  return (
    <header class="room-head">
      <IconButton class="back" icon={ArrowLeft} label={t('back')} onClick={() => desk.show(null)} />
      <Avatar name={nameOf(c)} size={36} neutral />
      <div class="room-who">
        <h2 class="clip" dir="auto">
          {nameOf(c)}
        </h2>
        <p class="clip">
          <Icon node={channelIcon(c.channel)} size={12} /> {channelName(c.channel)}
          {c.queue && ` · ${queueName(c.queue)}`}
          {zone && ` · ${t('localTime', { time: zone })}`}
          {c.agent && !owner && ` · ${t('servedBy', { name: c.agent.name })}`}
          {c.helper && !helps && ` · ${t('helpedBy', { name: c.helper.name })}`}
        </p>
      </div>
      <dl class="room-timers">
        {since > 0 && (
          <div class={heat(now.value - since)}>
            <dt>{t('timerWaiting')}</dt>
            <dd>
              <Since at={since} />
            </dd>
          </div>
        )}
        <div title={exactTime(c.opened_at, lang.value)}>
          <dt>{t('timerTotal')}</dt>
          <dd>
            <Since at={c.opened_at} until={c.state === 'closed' ? c.closed_at || c.last?.at : undefined} />
          </dd>
        </div>
      </dl>
      <div class="room-acts">
        <IconButton icon={Info} label={whyLabel(room)} onClick={() => (dialog.value = 'why')} />
        {!mine && c.state !== 'closed' && may('supervisor') && (
          <IconButton
            icon={ArrowRightLeft}
            label={t('transfer')}
            hint={off ?? ''}
            disabled={!!off}
            onClick={() => (dialog.value = 'transfer')}
          />
        )}
        {mine && (
          <>
            <IconButton
              icon={ArrowRightLeft}
              label={t('transfer')}
              hint={off ?? 'T'}
              disabled={!!off}
              onClick={() => (dialog.value = 'transfer')}
            />
            {owner && !c.helper && (
              <IconButton
                icon={UserPlus}
                label={t('helpDo')}
                hint={off ?? ''}
                disabled={!!off}
                onClick={() => (dialog.value = 'invite')}
              />
            )}
            {(helps || room.handed.value) && (
              <IconButton
                icon={CornerUpLeft}
                label={helps ? t('leaveTalk') : t('handBack')}
                hint={off ?? ''}
                disabled={!!off}
                onClick={() => void handBack(room)}
              />
            )}
            <IconButton
              icon={Star}
              label={c.invited ? t('alreadyInvited') : t('invite')}
              hint={off ?? 'V'}
              aria-pressed={c.invited}
              disabled={!!off || c.invited}
              onClick={() => void invite(room)}
            />
            <Button
              small
              icon={CircleCheck}
              disabled={!!off || room.closing.value}
              title={`${t('close')} (${off ?? 'E'})`}
              class="close-btn"
              onClick={() => closeRoom(room)}
            >
              <span>{t('close')}</span>
            </Button>
          </>
        )}
        <IconButton
          icon={PanelRight}
          label={t('contextToggle')}
          hint="P"
          aria-pressed={matchMedia('(min-width: 1280px)').matches ? prefs.value.context : contextOver.value}
          onClick={toggleContext}
        />
      </div>
    </header>
  );
}

function copy(text: string): void {
  navigator.clipboard
    ?.writeText(text)
    .then(() => toast(s('copied')))
    .catch(() => toast(s('copyFailed'), { bad: true }));
}

function MessageActs({ room, m }: { room: Room; m: StaffMessage }) {
  const mine = desk.mine.value.has(room.id);
  const own = m.from.role === 'agent' && m.from.number === desk.me.value.number && m.from.name === desk.me.value.name;
  const bad = m.state === 'failed' || m.state === 'uncertain';
  const lost = m.media?.state === 'failed';
  return (
    <>
      {mine && m.from.role === 'visitor' && (
        <IconButton icon={Reply} size={16} label={t('quote')} onClick={() => quote(room, m)} />
      )}
      {mine && room.conversation.value.reactions && m.from.role === 'visitor' && (
        <IconButton
          icon={SmilePlus}
          size={16}
          label={t('react')}
          disabled={!live()}
          onClick={() => {
            reactTo.value = m.seq;
            dialog.value = 'react';
          }}
        />
      )}
      {m.text && (
        <IconButton icon={Copy} size={16} label={s('copy')} onClick={() => copy(m.form ? lineOf(m) : m.text!)} />
      )}
      {mine && own && !bad && Date.now() + desk.skew.value - m.at < RECALL_MS && (
        <IconButton
          icon={Undo2}
          size={16}
          label={t('recall')}
          disabled={!live()}
          onClick={() => void recall(room, m.seq)}
        />
      )}
      {m.unsupported && (
        <a href={`/api/v1/transcripts/${room.id}/messages/${m.seq}/raw`} target="_blank">
          {t('showRaw')}
        </a>
      )}
      {mine && (bad || lost) && (
        <IconButton
          icon={RotateCcw}
          size={16}
          label={lost ? k('retry') : k('resend')}
          disabled={!live()}
          onClick={() => void resend(room, m.seq)}
        />
      )}
    </>
  );
}

function OutActs({ room, o }: { room: Room; o: Outgoing }) {
  return (
    <>
      {o.state === 'failed' && (
        <button type="button" onClick={() => desk.posts.again(room, o.cid)}>
          {o.words ? t('sendAnyway') : k('resend')}
        </button>
      )}
      {o.words && (
        <button type="button" onClick={() => rewrite(room, o)}>
          {t('rewrite')}
        </button>
      )}
      {o.text && (
        <button type="button" onClick={() => copy(o.text)}>
          {s('copy')}
        </button>
      )}
      <button type="button" onClick={() => desk.posts.takeBack(room, o.cid)}>
        <Icon node={Trash2} size={12} class="hidden" />
        {k('discard')}
      </button>
    </>
  );
}

function Below({ room }: { room: Room }) {
  const c = room.conversation.value;
  const mine = desk.mine.value.has(room.id);
  const off = live() ? undefined : t('needsServer');
  if (room.closing.value) return <p class="room-end">{t('isClosing')}</p>;
  if (mine) return <Writer key={room.id} room={room} />;
  if (c.state === 'closed') return <p class="room-end">{t('isClosed')}</p>;
  if (c.state === 'served') {
    return may('supervisor') ? (
      <LookOn room={room} />
    ) : (
      <div class="room-end">
        <span>{t('isOthers', { name: c.agent?.name ?? '' })}</span>
      </div>
    );
  }
  return (
    <div class="room-end">
      <span>{c.state === 'parked' ? t('isParked') : t('isWaiting')}</span>
      <Button kind="primary" disabled={!!off} title={off} onClick={() => void take(c)}>
        {t('take')}
      </Button>
    </div>
  );
}

/** What the next question about it is called. */
function whyLabel(room: Room): string {
  const { state } = room.conversation.value;
  if (desk.mine.value.has(room.id)) return t('whyMe');
  return state === 'waiting' || state === 'offered' || state === 'parked' ? t('whyWaits') : t('whyThem');
}

export function RoomPane() {
  const room = desk.current.value;
  if (!room) {
    return (
      <section class="pane room-pane none" aria-label={t('paneRoom')}>
        <div class="room-none">
          <p>{desk.ranked.value.length > 0 ? t('pickOne') : t('nothingHere')}</p>
          <ul>
            <li>
              <kbd>J</kbd> <kbd>K</kbd> {t('keyMove')}
            </li>
            <li>
              <kbd>N</kbd> {t('keyNext')}
            </li>
            <li>
              <kbd>A</kbd> {t('keyTake')}
            </li>
            <li>
              <kbd>?</kbd> {t('keyHelp')}
            </li>
          </ul>
        </div>
      </section>
    );
  }
  return <Open key={room.id} room={room} />;
}

function Open({ room }: { room: Room }) {
  const c = room.conversation.value;
  const messages = room.messages.value;
  const entries = room.entries.value;
  const out = room.out.value;
  const mine = desk.mine.value.has(room.id);
  // Where the reader had got to when the conversation was opened: the line stays while it is looked at.
  const from = useMemo(() => firstUnread(room), [room.id, room.loading.value === 'yes']);
  const rows = useMemo(
    () => buildRows(messages, entries, out, { entry: worthALine, unreadFrom: from }),
    [messages, entries, out, from],
  );
  const bySeq = useMemo(() => new Map(messages.map((m) => [m.seq, m])), [messages]);
  const look = (): void => {
    if (document.visibilityState === 'visible' && document.hasFocus()) desk.seen(room);
  };
  useEffect(() => {
    window.addEventListener('focus', look);
    return () => window.removeEventListener('focus', look);
  }, [room.id]);
  useEffect(look, [room.conversation.value.seq, mine]);

  return (
    <section class="pane room-pane" aria-label={t('paneRoom')}>
      <Head room={room} />
      {room.loading.value === 'failed' && (
        <Banner kind="bad" action={k('retry')} onAction={() => desk.reload(room)}>
          {t('historyFailed')}
        </Banner>
      )}
      {room.loading.value === 'loading' && messages.length === 0 ? (
        <div class="talk loading">
          <Skeleton />
        </div>
      ) : (
        <Talk
          rows={rows}
          label={s('talkWith', { name: nameOf(c) })}
          older={room.older.value && messages.length > 0}
          onOlder={() => desk.older(room)}
          onSeen={look}
          visitorRead={c.visitor_read}
          eventWords={eventWords}
          entryWords={entryWords}
          find={(seq) => bySeq.get(seq)}
          acts={(m) => <MessageActs room={room} m={m} />}
          outActs={(o) => <OutActs room={room} o={o} />}
        />
      )}
      <p class="typing-line" aria-live="polite">
        {room.typingAt.value > 0 && (
          <>
            <span class="dots" aria-hidden="true">
              <i />
              <i />
              <i />
            </span>
            {k('typing', { name: nameOf(c) })}
          </>
        )}
      </p>
      {loaded.value && <Below room={room} />}
    </section>
  );
}

function firstUnread(room: Room): number {
  const read = room.conversation.peek().staff_read;
  if (!desk.mine.peek().has(room.id) || read === 0) return 0;
  return room.messages.peek().find((m) => m.seq > read && m.from.role === 'visitor')?.seq ?? 0;
}
