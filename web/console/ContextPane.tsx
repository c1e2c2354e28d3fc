// The right pane: who the customer is, ready wordings, what was said before.
import { Barred } from './Window';
export { Bounds } from './Window';
import { useSignal } from '@preact/signals';
import { BadgeCheck, ShieldQuestionMark, X } from 'lucide';
import { useEffect } from 'preact/hooks';
import { api, query } from '../core/api';
import { langOf } from '../core/i18n';
import type { Conversation, FoundPage, Transcript } from '../core/staff';
import { exactTime, listTime } from '../core/time';
import { Button, IconButton } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { Icon } from '../kit/Icon';
import { k, lang } from '../kit/i18n';
import { scoreLabel, type Score } from '../kit/Rating';
import { buildRows } from '../kit/rows';
import { site } from '../kit/session';
import { Tabs } from '../kit/Tabs';
import { PastTalk } from '../kit/PastTalk';
import { Text } from '../kit/Text';
import { fill, findCanned } from './canned';
import { entryWords, eventWords } from '../kit/events';
import { channelName, lineOf, nameOf } from '../kit/names';
import type { Room } from './room';
import { s } from '../kit/staffWords';
import { d } from './moreWords';
import { t } from './words';
import { askComposer, canned, contextOver, desk, now, why } from './work';
import { facts } from './Writer';
import { Skeleton } from './ListPane';

type Part = 'customer' | 'canned' | 'past';

const KNOWN = [
  'name',
  'phone',
  'email',
  'level',
  'city',
  'source',
  'company',
  'address',
  'id',
  'points',
  'intent',
  'stage',
] as const;
const HIDDEN = new Set(['verified', 'tags', 'page', 'timezone', 'tz', 'contacts', 'profile', 'created_at', 'id']);

function label(key: string): string {
  const known = KNOWN.find((x) => x === key);
  return known ? d(`fact_${known}`) : key;
}

function words(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

interface Contact {
  id: string;
  channel: string;
  verified?: boolean;
}

function Customer({ room }: { room: Room }) {
  const c = room.conversation.value;
  const told = c.customer ?? {};
  const p: Record<string, unknown> = { ...told, ...((told['profile'] as object | undefined) ?? {}) };
  const contacts = Array.isArray(told['contacts']) ? (told['contacts'] as Contact[]) : [];
  const verified = p['verified'] === true || contacts.some((x) => x.id === c.visitor.id && x.verified === true);
  const tags = Array.isArray(p['tags']) ? (p['tags'] as unknown[]).map(String) : [];
  const page = p['page'] as { url?: string; title?: string } | undefined;
  const rows = Object.entries(p).filter(([key, value]) => !HIDDEN.has(key) && words(value) !== '');
  rows.sort((a, b) => rank(a[0]) - rank(b[0]));
  return (
    <div class="facts">
      <p class={verified ? 'verified yes' : 'verified'}>
        <Icon node={verified ? BadgeCheck : ShieldQuestionMark} size={16} />
        {verified ? d('verified') : d('unverified')}
      </p>
      <Barred c={c} />
      {tags.length > 0 && (
        <ul class="tags" aria-label={d('tags')}>
          {tags.map((x) => (
            <li key={x}>{x}</li>
          ))}
        </ul>
      )}
      {rows.length === 0 && <p class="dim">{d('noFacts')}</p>}
      <dl>
        {rows.map(([key, value]) => (
          <div key={key}>
            <dt>{label(key)}</dt>
            <dd dir="auto" lang={langOf(words(value))}>
              {words(value)}
            </dd>
          </div>
        ))}
        {contacts.length > 1 && (
          <div>
            <dt>{d('fact_contacts')}</dt>
            <dd>{[...new Set(contacts.map((x) => channelName(x.channel)))].join(s('listComma'))}</dd>
          </div>
        )}
        {page?.url && (
          <div>
            <dt>{d('fact_page')}</dt>
            <dd>
              {page.title && <span class="page-title">{page.title}</span>}
              <Text text={page.url} />
            </dd>
          </div>
        )}
      </dl>
      <h3>{d('thisTalk')}</h3>
      <dl>
        <div>
          <dt>{d('fact_channel')}</dt>
          <dd>{channelName(c.channel)}</dd>
        </div>
        <div>
          <dt>{d('fact_opened')}</dt>
          <dd class="num">{exactTime(c.opened_at, lang.value)}</dd>
        </div>
        {c.locale && (
          <div>
            <dt>{d('fact_locale')}</dt>
            <dd>{languageName(c.locale)}</dd>
          </div>
        )}
        <div>
          <dt>{d('fact_rating')}</dt>
          <dd>{c.rating ? scoreLabel(c.rating as Score) : c.invited ? d('ratingAsked') : d('ratingNone')}</dd>
        </div>
      </dl>
    </div>
  );
}

function rank(key: string): number {
  const at = KNOWN.findIndex((x) => x === key);
  return at < 0 ? KNOWN.length : at;
}

function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames([lang.value], { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

function CannedList({ room }: { room: Room }) {
  const words = useSignal('');
  const items = findCanned(canned.value, words.value, room.conversation.value.locale, 100);
  const mine = desk.mine.value.has(room.id);
  return (
    <div class="canned-list">
      <input
        type="search"
        class="input"
        placeholder={d('cannedSearch')}
        aria-label={d('cannedSearch')}
        onInput={(ev) => !(ev as InputEvent).isComposing && (words.value = ev.currentTarget.value)}
        onCompositionEnd={(ev) => (words.value = ev.currentTarget.value)}
      />
      {items.length === 0 && (
        <p class="dim">{canned.value.length === 0 ? d('cannedEmpty') : t('cannedNone', { words: words.value })}</p>
      )}
      <ul>
        {items.map((c) => (
          <li key={`${c.key} ${c.code}`}>
            <button type="button" disabled={!mine} title={d('cannedUse')} onClick={() => askComposer('insert', c.text)}>
              <span>
                <b>{c.title}</b>
                {c.code && <code>/{c.code}</code>}
              </span>
              <span class="text" lang={c.lang || langOf(c.text)}>
                {fill(c.text, facts(room))}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Past({ room }: { room: Room }) {
  const items = useSignal<readonly Conversation[] | null>(null);
  const failed = useSignal('');
  const opened = useSignal<Conversation | null>(null);
  const contact = room.conversation.value.visitor.id;
  const load = async (): Promise<void> => {
    failed.value = '';
    try {
      const page = await api<FoundPage>(`transcripts${query({ site: site.value?.key, contact, limit: 20 })}`);
      items.value = page.items.map((x) => x.conversation).filter((c) => c.id !== room.id);
    } catch (e) {
      failed.value = why(e);
    }
  };
  useEffect(() => {
    items.value = null;
    void load();
  }, [contact, room.id]);
  if (failed.value) {
    return (
      <div class="empty" role="alert">
        <p>{d('pastFailed', { why: failed.value })}</p>
        <Button small onClick={() => void load()}>
          {k('retry')}
        </Button>
      </div>
    );
  }
  if (items.value === null) return <Skeleton />;
  if (items.value.length === 0) return <p class="empty">{d('pastNone')}</p>;
  return (
    <>
      <ul class="past">
        {items.value.map((c) => (
          <li key={c.id}>
            <button type="button" onClick={() => (opened.value = c)}>
              <span class="past-top">
                <time class="num" dateTime={new Date(c.opened_at).toISOString()}>
                  {listTime(c.opened_at, now.value, lang.value)}
                </time>
                <span>{channelName(c.channel)}</span>
                {c.agent && <span class="clip">{c.agent.name}</span>}
                {c.rating > 0 && <span class="num">{s('ratingN', { n: c.rating })}</span>}
              </span>
              <span class="clip" lang={langOf(lineOf(c.last))}>
                {lineOf(c.last) || s('noText')}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {opened.value && <PastDialog conversation={opened.value} onClose={() => (opened.value = null)} />}
    </>
  );
}

export function PastDialog({ conversation, onClose }: { conversation: Conversation; onClose: () => void }) {
  const got = useSignal<Transcript | null>(null);
  const failed = useSignal('');
  useEffect(() => {
    api<Transcript>(`transcripts/${encodeURIComponent(conversation.id)}`)
      .then((x) => (got.value = x))
      .catch((e: unknown) => (failed.value = why(e)));
  }, [conversation.id]);
  return (
    <Dialog
      wide
      title={d('pastTitle', {
        name: nameOf(conversation),
        date: listTime(conversation.opened_at, now.value, lang.value),
      })}
      onClose={onClose}
    >
      <div class="past-talk">
        {failed.value && <p role="alert">{d('pastFailed', { why: failed.value })}</p>}
        {!got.value && !failed.value && <Skeleton />}
        {got.value && (
          <PastTalk
            rows={buildRows(got.value.messages, got.value.timeline ?? [], [])}
            label={s('talkWith', { name: nameOf(conversation) })}
            visitorRead={got.value.conversation.visitor_read}
            eventWords={eventWords}
            entryWords={entryWords}
          />
        )}
      </div>
    </Dialog>
  );
}

export function ContextPane() {
  const part = useSignal<Part>('customer');
  const room = desk.current.value;
  if (!room) return null;
  const tabs = [
    { key: 'customer', label: t('tabCustomer') },
    { key: 'canned', label: d('tabCanned') },
    { key: 'past', label: d('tabPast') },
  ];
  return (
    <section class={contextOver.value ? 'pane context-pane over' : 'pane context-pane'} aria-label={d('paneContext')}>
      <div class="context-tabs">
        <Tabs
          label={d('paneContext')}
          items={tabs}
          selected={part.value}
          onSelect={(key) => (part.value = key as Part)}
          panel="context-panel"
        />
        <IconButton class="context-close" icon={X} label={k('close')} onClick={() => (contextOver.value = false)} />
      </div>
      <div
        id="context-panel"
        role="tabpanel"
        class="context-body"
        aria-label={tabs.find((x) => x.key === part.value)?.label}
        tabIndex={0}
      >
        {part.value === 'customer' && <Customer room={room} />}
        {part.value === 'canned' && <CannedList room={room} />}
        {part.value === 'past' && <Past key={room.id} room={room} />}
      </div>
    </section>
  );
}
