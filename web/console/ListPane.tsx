// The left pane: who I am, what waits, what lies on my desk.
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { Check, ChevronDown, Search, X } from 'lucide';
import { useEffect, useRef } from 'preact/hooks';
import { langOf } from '../core/i18n';
import { composing } from '../core/keys';
import type { Conversation, Presence } from '../core/staff';
import { oneLine } from '../core/text';
import { listTime } from '../core/time';
import { Avatar } from '../kit/Avatar';
import { Banner } from '../kit/Banner';
import { Button, IconButton } from '../kit/Button';
import { Icon } from '../kit/Icon';
import { k, lang } from '../kit/i18n';
import { List } from '../kit/List';
import { Menu, type MenuItem } from '../kit/Menu';
import { may } from '../kit/session';
import { Tabs } from '../kit/Tabs';
import type { Offer } from './ports';
import { eventWords } from '../kit/events';
import { channelIcon, channelName, lastLineOf, lineOf, nameOf } from '../kit/names';
import { settled } from './order';
import { Ring, Since } from './Ring';
import type { Room } from './room';
import { t, whyWord } from './words';
import {
  queueName,
  askComposer,
  conversations,
  desk,
  drafts,
  live,
  now,
  refuse,
  setPresence,
  tab,
  take,
  why,
  type Tab,
} from './work';

/** Reasons for being away; the words go to colleagues and reports. */
export const REASONS = ['break', 'meal', 'meeting', 'training'] as const;

export function presenceName(p: Presence): string {
  return t(`presence_${p}`);
}

function reasonName(reason: string): string {
  const known = REASONS.find((r) => r === reason);
  return known ? t(`reason_${known}`) : whyWord(reason); // the house's own: missed
}

export function presenceItems(): MenuItem[] {
  const { state, reason } = desk.presence.value;
  const set =
    (p: Presence, why = ''): (() => void) =>
    () =>
      void setPresence(p, why);
  return [
    { key: 'online', label: t('presence_online'), checked: state === 'online', onSelect: set('online') },
    { key: 'busy', label: t('presenceBusyLong'), checked: state === 'busy', onSelect: set('busy') },
    ...REASONS.map((r) => ({
      key: r,
      label: t('presenceAway', { reason: t(`reason_${r}`) }),
      checked: state === 'away' && reason === r,
      onSelect: set('away', r),
    })),
    { key: 'offline', label: t('presence_offline'), checked: state === 'offline', onSelect: set('offline') },
  ];
}

function Me() {
  const { state, reason } = desk.presence.value;
  const me = desk.me.value;
  const load = desk.mine.value.size;
  const capacity = desk.capacity.value;
  const open = load > 0;
  const said = state !== 'online' && reason ? `${presenceName(state)} · ${reasonName(reason)}` : presenceName(state);
  return (
    <div class="me">
      <Menu class="presence-btn" align="start" items={presenceItems()}>
        <Avatar name={me.name} size={36} presence={desk.welcomed.value ? state : 'offline'} />
        <span class="who">
          <b class="clip">{me.name}</b>
          <span class="clip">{said}</span>
        </span>
        <span class="hidden">{t('presenceChange')}</span>
        <Icon node={ChevronDown} size={16} />
      </Menu>
      <span class="load" title={t('loadLong', { load, capacity: capacity || '–' })}>
        <span class="num">
          {load}
          {capacity > 0 && `/${capacity}`}
        </span>
        {capacity > 0 && (
          <span class="load-bar" aria-hidden="true">
            <span
              style={{ width: `${Math.min(100, (load / capacity) * 100)}%` }}
              class={load >= capacity ? 'full' : ''}
            />
          </span>
        )}
      </span>
      {state === 'away' && open && <p class="me-note">{t('awayTold')}</p>}
    </div>
  );
}

function Card({ offer }: { offer: Offer }) {
  const c = offer.conversation;
  const left = Math.max(0, Math.ceil((offer.until - now.value) / 1000));
  return (
    <li class="arrival">
      <div class="arrival-head">
        <Icon node={channelIcon(c.channel)} size={16} />
        <b class="clip">{nameOf(c)}</b>
        <span class="clip">{channelName(c.channel)}</span>
        {offer.until > 0 && (
          <span class="num left" role="timer">
            {t('secondsLeft', { s: left })}
          </span>
        )}
      </div>
      <p class="clip" {...lastLineOf(c)} />
      <div class="arrival-acts">
        <Button kind="primary" small onClick={() => void take(c)}>
          {t('accept')}
          <kbd>A</kbd>
        </Button>
        <Button small onClick={() => void refuse(c)}>
          {t('refuse')}
        </Button>
      </div>
    </li>
  );
}

function Arrivals() {
  const offers = desk.offers.value;
  const fresh = desk.ranked.value.filter((r) => r.arrival.value !== null).slice(0, 3);
  return (
    <div
      role="region"
      aria-label={t('arrivals')}
      class={offers.length + fresh.length > 0 ? 'arrivals' : 'arrivals none'}
    >
      <ol aria-live="polite" aria-relevant="additions">
        {offers.map((o) => (
          <Card key={o.conversation.id} offer={o} />
        ))}
        {fresh.map((r) => (
          <li key={r.id} class="arrival small">
            <button type="button" onClick={() => desk.show(r.id)}>
              <Icon node={channelIcon(r.conversation.value.channel)} size={16} />
              <b class="clip">{nameOf(r.conversation.value)}</b>
              <span class="clip why">{whyWord(r.arrival.value?.why ?? '')}</span>
              <span class="clip first" {...lastLineOf(r.conversation.value)} />
            </button>
            <IconButton icon={X} size={16} label={k('dismiss')} onClick={() => (r.arrival.value = null)} />
          </li>
        ))}
      </ol>
    </div>
  );
}

function lastLine(c: Conversation): { text: string; from: string; lang: string | undefined } {
  const m = c.last;
  if (!m) return { text: queueName(c.queue), from: '', lang: undefined };
  const from =
    m.from.role === 'agent' ? t('lastMe', { name: m.from.name ?? '' }) : m.from.role === 'bot' ? t('lastBot') : '';
  if (m.kind === 'event') return { text: eventWords(m), from: '', lang: undefined };
  if (m.kind === 'removed') return { text: k('removed'), from: '', lang: undefined };
  if (m.kind === 'image') return { text: t('lastImage'), from, lang: undefined };
  if (m.kind === 'audio') return { text: t('lastAudio'), from, lang: undefined };
  if (m.kind === 'file') return { text: t('lastFile', { name: m.file?.name ?? '' }), from, lang: undefined };
  if (m.kind === 'card') return { text: lineOf(m) || t('lastForm'), from, lang: undefined };
  const text = oneLine(m.text ?? '');
  return { text, from, lang: langOf(text, m.lang) };
}

function Row({ room, selected }: { room: Room; selected: boolean }) {
  const c = room.conversation.value;
  const since = room.since.value;
  const unread = selected ? 0 : room.unread.value;
  const unsent = room.out.value.some((o) => o.state === 'failed') || c.last?.state === 'failed';
  const d = room.hasDraft.value && !selected ? drafts.get(room.id) : null;
  const last = lastLine(c);
  return (
    <div class={`conv${selected ? ' on' : ''}${room.closing.value ? ' closing' : ''}${unread > 0 ? ' unread' : ''}`}>
      <span class="conv-face">
        <Avatar name={nameOf(c)} size={40} neutral />
        <span class="conv-channel" title={channelName(c.channel)}>
          <Icon node={channelIcon(c.channel)} size={12} />
        </span>
      </span>
      <span class="conv-top">
        <b class="clip" dir="auto">
          {nameOf(c)}
        </b>
        <span class="hidden">{channelName(c.channel)}</span>
        {!since && <time class="num">{listTime(room.activity.value, now.value, lang.value)}</time>}
      </span>
      <span class="conv-last clip">
        {unsent && <em class="bad">{t('markUnsent')}</em>}
        {!unsent && d && <em class="warn">{t('markDraft')}</em>}
        {room.typingAt.value > 0 ? (
          <span class="ok">{t('rowTyping')}</span>
        ) : d ? (
          <span dir="auto">{oneLine(d.mode === 'note' && d.note ? d.note : d.reply || d.note)}</span>
        ) : (
          <>
            {last.from && <span class="from">{last.from}</span>}
            <span dir="auto" lang={last.lang}>
              {last.text}
            </span>
          </>
        )}
      </span>
      <span class="conv-end">
        {since > 0 && <Ring since={since} />}
        {unread > 0 && (
          <span class="badge num">
            {unread > 99 ? '99+' : unread}
            <span class="hidden">{t('unreadN', { n: unread })}</span>
          </span>
        )}
      </span>
    </div>
  );
}

/** Rows stay where they are while the pointer is over them or a key has just moved. */
function useSettled(wanted: readonly Room[], frozen: boolean): readonly Room[] {
  const shown = useRef(wanted);
  shown.current = frozen ? settled(shown.current, wanted) : wanted;
  return shown.current;
}

/** Asks the mine list for a step, from keys pressed elsewhere. */
export const movedAt = { value: 0 };

let shownOrder: readonly { id: string }[] = [];
/** What the list shows from top to bottom, so that keys mean what is seen. */
export function inOrder(): readonly string[] {
  return shownOrder.map((x) => x.id);
}

function Mine({ filter }: { filter: string }) {
  const over = useSignal(false);
  const frozenBy = useSignal(0);
  const ranked = desk.ranked.value;
  const frozen = over.value || Date.now() - movedAt.value < 2000;
  // Two seconds after a key the rows settle.
  useEffect(() => {
    const rest = movedAt.value + 2000 - Date.now();
    if (rest <= 0) return;
    const timer = setTimeout(() => frozenBy.value++, rest + 10);
    return () => clearTimeout(timer);
  });
  void frozenBy.value;
  const settledRooms = useSettled(ranked, frozen);
  const words = filter.toLowerCase();
  const items = words ? settledRooms.filter((r) => matches(r.conversation.value, words)) : settledRooms;
  shownOrder = items;
  return (
    <div class="list-box" onPointerEnter={() => (over.value = true)} onPointerLeave={() => (over.value = false)}>
      <List
        label={t('listMine')}
        items={items}
        keyOf={(r) => r.id}
        rowHeight={64}
        selected={desk.open.value ?? undefined}
        onSelect={(r) => {
          movedAt.value = Date.now();
          desk.show(r.id);
        }}
        onOpen={() => askComposer('focus')}
        render={(r, selected) => <Row room={r} selected={selected} />}
        empty={<Empty filter={filter} />}
      />
    </div>
  );
}

function matches(c: Conversation, words: string): boolean {
  const text = `${nameOf(c)} ${channelName(c.channel)} ${lineOf(c.last)} ${JSON.stringify(c.customer ?? '')}`;
  return text.toLowerCase().includes(words);
}

function Empty({ filter }: { filter: string }) {
  if (!desk.welcomed.value) return <Skeleton />;
  if (filter) return <p class="empty">{t('emptyFilter', { words: filter })}</p>;
  const { state } = desk.presence.value;
  if (state !== 'online') {
    return (
      <div class="empty">
        <p>{t('emptyOffline')}</p>
        <Button kind="primary" small disabled={!live()} onClick={() => void setPresence('online')}>
          {t('goOnline')}
        </Button>
      </div>
    );
  }
  const n = desk.waiting.value.count;
  return (
    <div class="empty">
      <p>{t('emptyMine')}</p>
      {n > 0 && (
        <Button small onClick={() => (tab.value = 'waiting')}>
          {t('seeWaiting', { n })}
        </Button>
      )}
    </div>
  );
}

export function Skeleton() {
  return (
    <div class="skeleton" aria-hidden="true">
      {[0, 1, 2, 3, 4].map((i) => (
        <div key={i}>
          <span class="sk-face" />
          <span class="sk-line" />
          <span class="sk-line short" />
        </div>
      ))}
    </div>
  );
}

/** Those that wait, or those that colleagues serve: asked for when looked at, and again when the queue moves. */
function Others({ state, filter }: { state: 'waiting' | 'served'; filter: string }) {
  const items = useSignal<readonly Conversation[] | null>(null);
  const failed = useSignal('');
  const running = useRef(false);
  const again = useRef(false);

  async function load(): Promise<void> {
    if (running.current) {
      again.current = true;
      return;
    }
    running.current = true;
    try {
      const got = (await conversations(state)).items;
      desk.learn(got);
      items.value = got.filter((c) => !desk.mine.value.has(c.id));
      failed.value = '';
    } catch (e) {
      failed.value = why(e);
    } finally {
      running.current = false;
      if (again.current) {
        again.current = false;
        setTimeout(() => void load(), 1000);
      }
    }
  }
  useSignalEffect(() => {
    void desk.waiting.value;
    void desk.mine.value;
    void load();
  });
  useEffect(() => {
    if (state !== 'served') return;
    const timer = setInterval(() => void load(), 5000);
    return () => clearInterval(timer);
  }, [state]);

  const words = filter.toLowerCase();
  const shown = (items.value ?? []).filter((c) => !words || matches(c, words));
  shownOrder = shown;
  return (
    <div class="list-box">
      {failed.value && items.value !== null && (
        <Banner kind="warn" action={k('retry')} onAction={() => void load()}>
          {t('listStale')}
        </Banner>
      )}
      <List
        label={t(state === 'waiting' ? 'listWaiting' : 'listTeam')}
        items={shown}
        keyOf={(c) => c.id}
        rowHeight={64}
        selected={desk.open.value ?? undefined}
        onSelect={(c) => desk.show(c.id, c)}
        onOpen={(c) => state === 'waiting' && void take(c)}
        render={(c, selected) => <OtherRow c={c} selected={selected} />}
        empty={
          items.value === null ? (
            failed.value ? (
              <div class="empty" role="alert">
                <p>{t('listFailed', { why: failed.value })}</p>
                <Button small onClick={() => void load()}>
                  {k('retry')}
                </Button>
              </div>
            ) : (
              <Skeleton />
            )
          ) : (
            <p class="empty">
              {filter ? t('emptyFilter', { words: filter }) : t(state === 'waiting' ? 'emptyWaiting' : 'emptyTeam')}
            </p>
          )
        }
      />
    </div>
  );
}

function OtherRow({ c, selected }: { c: Conversation; selected: boolean }) {
  const last = lastLine(c);
  const waiting = c.state === 'waiting' || c.state === 'offered';
  const since = waiting ? c.arrived_at : c.visitor_at > c.staff_at ? c.visitor_at : 0;
  return (
    <div class={`conv${selected ? ' on' : ''}`}>
      <span class="conv-face">
        <Avatar name={nameOf(c)} size={40} neutral />
        <span class="conv-channel" title={channelName(c.channel)}>
          <Icon node={channelIcon(c.channel)} size={12} />
        </span>
      </span>
      <span class="conv-top">
        <b class="clip" dir="auto">
          {nameOf(c)}
        </b>
        {c.agent && <span class="by clip">{c.agent.name}</span>}
        {c.priority > 0 && <span class="prio">{t('priorityN', { n: c.priority })}</span>}
        {!since && (
          <time class="num">{listTime(Math.max(c.visitor_at, c.staff_at, c.opened_at), now.value, lang.value)}</time>
        )}
      </span>
      <span class="conv-last clip" dir="auto" lang={last.lang}>
        {last.text}
      </span>
      <span class="conv-end">{since > 0 && <Ring since={since} />}</span>
    </div>
  );
}

export function ListPane() {
  const filter = useSignal('');
  const input = useRef<HTMLInputElement>(null);
  const waiting = desk.waiting.value;
  const longest = useComputed(() => {
    const w = desk.waiting.value;
    return w.count > 0 ? now.value - desk.skew.value - w.at + w.longest : 0;
  });
  const tabs = [
    { key: 'mine', label: t('tabMine'), count: desk.ranked.value.length },
    { key: 'waiting', label: t('tabWaiting'), count: waiting.count },
    ...(may('supervisor') ? [{ key: 'team', label: t('tabTeam') }] : []),
  ];
  return (
    <section class="pane list-pane" aria-label={t('paneList')}>
      <Me />
      <Arrivals />
      <div class="list-tabs">
        <Tabs
          label={t('paneList')}
          items={tabs}
          selected={tab.value}
          onSelect={(key) => (tab.value = key as Tab)}
          panel="list-panel"
        />
      </div>
      <div class="list-search">
        <Icon node={Search} size={16} />
        <input
          ref={input}
          id="list-filter"
          type="search"
          class="input"
          placeholder={t('filterList')}
          aria-label={t('filterList')}
          autocomplete="off"
          onInput={(ev) => !(ev as InputEvent).isComposing && (filter.value = ev.currentTarget.value.trim())}
          onCompositionEnd={(ev) => (filter.value = ev.currentTarget.value.trim())}
          onKeyDown={(ev) => {
            if (composing(ev) || ev.key !== 'Escape' || !input.current) return;
            ev.stopPropagation();
            if (input.current.value) {
              input.current.value = '';
              filter.value = '';
            } else focusList();
          }}
        />
        {tab.value === 'mine' && waiting.count > 0 && (
          <span class="longest num" title={t('longestLong')}>
            <Icon node={Check} size={12} class="hidden" />
            {t('longest')} <Since at={now.value - longest.value} />
          </span>
        )}
      </div>
      <div id="list-panel" role="tabpanel" class="list-panel" aria-label={tabs.find((x) => x.key === tab.value)?.label}>
        {tab.value === 'mine' && <Mine filter={filter.value} />}
        {tab.value === 'waiting' && <Others key="w" state="waiting" filter={filter.value} />}
        {tab.value === 'team' && <Others key="t" state="served" filter={filter.value} />}
      </div>
    </section>
  );
}

export function focusList(): void {
  document.querySelector<HTMLElement>('.list-pane .list')?.focus();
}

export function focusFilter(): void {
  document.getElementById('list-filter')?.focus();
}
