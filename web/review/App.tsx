// The review pages, first form: find transcripts and read them.
import { useComputed, useSignal } from '@preact/signals';
import { ArrowLeft, CalendarDays, ChevronDown, ChevronUp, Globe, Search, Star, User, X, type IconNode } from 'lucide';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { ApiError } from '../core/api';
import { langOf } from '../core/i18n';
import { composing, inText } from '../core/keys';
import type { Conversation, Found } from '../core/staff';
import { oneLine } from '../core/text';
import { duration, exactTime, listTime } from '../core/time';
import { Avatar } from '../kit/Avatar';
import { Button, IconButton } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { entryWords, eventWords } from '../kit/events';
import { Field } from '../kit/Field';
import { Icon } from '../kit/Icon';
import { k, lang } from '../kit/i18n';
import { List } from '../kit/List';
import { Menu, type MenuItem } from '../kit/Menu';
import { channelIcon, channelName, nameOf } from '../kit/names';
import { scoreLabel, type Score } from '../kit/Rating';
import { Rail } from '../kit/Rail';
import { buildRows } from '../kit/rows';
import { site } from '../kit/session';
import { Gate, roleName } from '../kit/SignIn';
import { s } from '../kit/staffWords';
import { Marked, Talk } from '../kit/Talk';
import { Toasts } from '../kit/Toast';
import {
  agents,
  at,
  busy,
  channels,
  chosen,
  clearFilters,
  count,
  failed,
  filtered,
  found,
  loadAgents,
  more,
  open,
  question,
  refine,
  search,
  transcript,
  transcriptFailed,
} from './find';
import { snippet } from './snippet';
import { Strip } from './Strip';
import { t } from './words';

const TYPED_MS = 250;
/** Entries that a message beside them tells as well, and those that are only of use to machines. */
const SAID = new Set(['assigned', 'closed', 'transferred', 'invited', 'delivery', 'viewed', 'profile']);

function SearchBar() {
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const dates = useSignal(false);
  const { agent, channel, rating, time } = question.value;
  const typed = (value: string): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => value !== question.value.q && refine({ q: value }), TYPED_MS);
  };
  const pick = (
    key: 'agent' | 'channel' | 'rating' | 'time',
    value: string,
    label: string,
    checked: boolean,
  ): MenuItem => ({
    key: value || 'any',
    label,
    checked,
    onSelect: () => refine({ [key]: value }),
  });
  const any = t('any');
  const agentName = agents.value.find((a) => a.id === agent)?.name ?? agentFound(agent) ?? agent;
  return (
    <div class="bar" role="search" aria-label={t('searchTranscripts')}>
      <div class="bar-field">
        <Icon node={Search} size={20} />
        <input
          ref={input}
          id="q"
          class="input"
          type="search"
          defaultValue={question.peek().q}
          placeholder={t('searchHint')}
          aria-label={t('searchTranscripts')}
          autocomplete="off"
          spellcheck={false}
          onInput={(ev) => !(ev as InputEvent).isComposing && typed(ev.currentTarget.value)}
          onCompositionEnd={(ev) => typed(ev.currentTarget.value)}
          onKeyDown={(ev) => {
            if (composing(ev)) return;
            if (ev.key === 'Enter') {
              clearTimeout(timer.current);
              refine({ q: ev.currentTarget.value });
            } else if (ev.key === 'Escape' || ev.key === 'ArrowDown') {
              ev.preventDefault();
              document.querySelector<HTMLElement>('.results .list')?.focus();
            }
          }}
        />
        <kbd aria-hidden="true">/</kbd>
      </div>
      <div class="chips" role="group" aria-label={t('filters')}>
        <Chip
          icon={User}
          name={t('agent')}
          value={agent && agentName}
          clear={() => refine({ agent: '' })}
          items={[
            pick('agent', '', any, agent === ''),
            ...agents.value.map((a) =>
              pick('agent', a.id, a.number ? `${a.name} · ${a.number}` : a.name, agent === a.id),
            ),
          ]}
        />
        <Chip
          icon={Globe}
          name={t('channel')}
          value={channel && channelName(channel)}
          clear={() => refine({ channel: '' })}
          items={[
            pick('channel', '', any, channel === ''),
            ...channels.value.map((c) => pick('channel', c, channelName(c), channel === c)),
          ]}
        />
        <Chip
          icon={CalendarDays}
          name={t('time')}
          value={time && timeName(time)}
          clear={() => refine({ time: '' })}
          items={[
            pick('time', '', t('anyTime'), time === ''),
            ...(['today', 'yesterday', '7', '30'] as const).map((x) => pick('time', x, t(`time_${x}`), time === x)),
            {
              key: 'dates',
              label: t('timeDates'),
              checked: time.includes('..'),
              onSelect: () => (dates.value = true),
            },
          ]}
        />
        <Chip
          icon={Star}
          name={t('rating')}
          value={rating && scoreLabel(Number(rating) as Score)}
          clear={() => refine({ rating: '' })}
          items={[
            pick('rating', '', any, rating === ''),
            ...([5, 4, 3, 2, 1] as const).map((n) =>
              pick('rating', String(n), `${n} · ${scoreLabel(n)}`, rating === String(n)),
            ),
          ]}
        />
        {filtered() && (
          <button type="button" class="chip-clear" onClick={clearFilters}>
            {t('clearFilters')}
          </button>
        )}
      </div>
      {dates.value && <Dates onClose={() => (dates.value = false)} />}
    </div>
  );
}

function agentFound(id: string): string | undefined {
  return found.value?.find((f) => f.conversation.agent?.id === id)?.conversation.agent?.name;
}

function timeName(time: string): string {
  if (time === 'today' || time === 'yesterday' || time === '7' || time === '30') return t(`time_${time}`);
  const [a = '', b = ''] = time.split('..');
  return t('timeSpan', { from: a || '…', to: b || '…' });
}

interface ChipProps {
  icon: IconNode;
  name: string;
  value: string;
  clear: () => void;
  items: MenuItem[];
}

function Chip({ icon, name, value, clear, items }: ChipProps) {
  return (
    <span class={value ? 'chip on' : 'chip'}>
      <Menu label={value ? t('filterIs', { name, value }) : name} align="start" class="chip-btn" items={items}>
        <Icon node={icon} size={16} />
        <span class="clip">{value || name}</span>
        <Icon node={ChevronDown} size={16} />
      </Menu>
      {value && (
        <button
          type="button"
          class="chip-x"
          aria-label={t('filterDrop', { name })}
          title={t('filterDrop', { name })}
          onClick={clear}
        >
          <Icon node={X} size={16} />
        </button>
      )}
    </span>
  );
}

function Dates({ onClose }: { onClose: () => void }) {
  const from = useRef<HTMLInputElement>(null);
  const to = useRef<HTMLInputElement>(null);
  const bad = useSignal(false);
  const [a = '', b = ''] = question.value.time.includes('..') ? question.value.time.split('..') : [];
  const done = (): void => {
    const x = from.current?.value ?? '';
    const y = to.current?.value ?? '';
    bad.value = x !== '' && y !== '' && x > y;
    if (bad.value) {
      from.current?.focus();
      return;
    }
    refine({ time: x || y ? `${x}..${y}` : '' });
    onClose();
  };
  return (
    <Dialog
      title={t('timeDates')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{k('cancel')}</Button>
          <Button kind="primary" onClick={done}>
            {t('apply')}
          </Button>
        </>
      }
    >
      <Field
        inputRef={from}
        type="date"
        label={t('dateFrom')}
        defaultValue={a}
        error={bad.value ? t('dateOrder') : undefined}
      />
      <Field inputRef={to} type="date" label={t('dateTo')} defaultValue={b} />
    </Dialog>
  );
}

function ResultRow({ item, selected }: { item: Found; selected: boolean }) {
  const c = item.conversation;
  const hit = item.hits[0];
  const last = oneLine(c.last?.text ?? '');
  return (
    <div class={selected ? 'result on' : 'result'}>
      <span class="result-top">
        <b class="clip" dir="auto">
          {nameOf(c)}
        </b>
        {item.hits.length > 1 && <span class="hits num">{t('hitsN', { n: item.hits.length })}</span>}
        <time class="num" dateTime={new Date(c.opened_at).toISOString()}>
          {listTime(c.opened_at, Date.now(), lang.value)}
        </time>
      </span>
      <span class="result-text clip">
        {hit ? (
          <Marked {...snippet(hit)} />
        ) : (
          <span dir="auto" lang={langOf(last, c.last?.lang)}>
            {last || s('noText')}
          </span>
        )}
      </span>
      <span class="result-foot">
        <span>
          <Icon node={channelIcon(c.channel)} size={12} /> {channelName(c.channel)}
        </span>
        <span class="clip">{c.agent ? c.agent.name : t('noAgent')}</span>
        {c.state !== 'closed' && <span class="open">{t('stillOpen')}</span>}
        <Rated n={c.rating} />
      </span>
    </div>
  );
}

function Rated({ n }: { n: number }) {
  if (!n) return null;
  return (
    <span class={n <= 2 ? 'rated low' : 'rated'} title={scoreLabel(n as Score)}>
      <Icon node={Star} size={12} /> <span class="num">{n}</span>
      <span class="hidden">{scoreLabel(n as Score)}</span>
    </span>
  );
}

function Count() {
  const c = count.value;
  if (failed.value || !c) return <p class="count" role="status" />;
  const ms = c.ms < 1000 ? `${Math.max(1, Math.round(c.ms))} ms` : `${(c.ms / 1000).toFixed(1)} s`;
  const n = new Intl.NumberFormat(lang.value).format(c.n);
  return (
    <p class="count num" role="status">
      {c.capped ? t('countMore', { n, ms }) : t('countIs', { n, ms })}
    </p>
  );
}

function Trouble({ error, retry }: { error: ApiError; retry: () => void }) {
  if (error.status === 403) {
    return (
      <div class="empty" role="alert">
        <p>{t('forbidden', { role: roleName('reviewer') })}</p>
      </div>
    );
  }
  return (
    <div class="empty" role="alert">
      <p>{error.status === 0 ? s('unreachable') : t('searchFailed', { why: error.title || String(error.status) })}</p>
      {error.id && <p class="dim num">{t('quoteId', { id: error.id })}</p>}
      <Button small onClick={retry}>
        {k('retry')}
      </Button>
    </div>
  );
}

function Results() {
  const items = found.value;
  return (
    <section class="results" aria-label={t('results')} aria-busy={busy.value}>
      {busy.value && items !== null && <span class="progress" aria-hidden="true" />}
      <Count />
      {failed.value ? (
        <Trouble error={failed.value} retry={() => void search()} />
      ) : items === null ? (
        <div class="skeleton" aria-hidden="true">
          {[0, 1, 2, 3, 4, 5].map((i) => (
            <div key={i}>
              <span class="sk-line" />
              <span class="sk-line short" />
            </div>
          ))}
        </div>
      ) : (
        <List
          label={t('results')}
          items={items}
          keyOf={(x) => x.conversation.id}
          rowHeight={84}
          selected={chosen.value ?? undefined}
          onSelect={(x) => void open(x.conversation.id)}
          onOpen={() => document.querySelector<HTMLElement>('.talk-log')?.focus()}
          onEnd={() => void more()}
          render={(x, selected) => <ResultRow item={x} selected={selected} />}
          empty={
            <div class="empty">
              <p>{question.value.q ? t('emptyQuery', { words: question.value.q }) : t('emptyAll')}</p>
              {filtered() && (
                <Button small onClick={clearFilters}>
                  {t('relax')}
                </Button>
              )}
            </div>
          }
        />
      )}
    </section>
  );
}

function Facts({ c, messages }: { c: Conversation; messages: number }) {
  const end = c.closed_at || c.last?.at || c.opened_at;
  const rows: [string, string][] = [
    [
      t('agent'),
      c.agent
        ? `${c.agent.name}${c.agent.number ? ` · ${k('number', { number: c.agent.number })}` : ''}`
        : t('noAgent'),
    ],
    [t('channel'), channelName(c.channel)],
    [t('opened'), exactTime(c.opened_at, lang.value)],
    [t('lasted'), duration(end - c.opened_at)],
    [t('messages'), String(messages)],
    [t('rating'), c.rating ? scoreLabel(c.rating as Score) : t('notRated')],
  ];
  return (
    <dl class="facts-row">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="num">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Reader() {
  const got = transcript.value;
  const hits = useComputed(() => found.value?.find((f) => f.conversation.id === chosen.value)?.hits ?? []);
  const marks = useMemo(() => new Map(hits.value.map((h) => [h.seq, h.marks] as const)), [hits.value]);
  const rows = useMemo(
    () => (got ? buildRows(got.messages, got.timeline ?? [], [], { entry: (e) => !SAID.has(e.kind) }) : []),
    [got],
  );
  const bySeq = useMemo(() => new Map((got?.messages ?? []).map((m) => [m.seq, m])), [got]);
  useEffect(() => {
    if (at.value > 0) document.querySelector(`.reader [data-seq="${at.value}"]`)?.scrollIntoView({ block: 'center' });
  }, [got, at.value]);

  if (transcriptFailed.value) {
    const error = transcriptFailed.value;
    return (
      <section class="reader" aria-label={t('reader')}>
        {error.status === 404 ? (
          <p class="empty">{t('gone')}</p>
        ) : (
          <Trouble error={error} retry={() => void open(chosen.value)} />
        )}
      </section>
    );
  }
  if (!chosen.value || !got) {
    return (
      <section class="reader none" aria-label={t('reader')}>
        {!chosen.value && (
          <div class="reader-none">
            <p>{t('pickOne')}</p>
            <ul>
              <li>
                <kbd>/</kbd> {t('keySearch')}
              </li>
              <li>
                <kbd>J</kbd> <kbd>K</kbd> {t('keyMessage')}
              </li>
              <li>
                <kbd>⇧ J</kbd> <kbd>⇧ K</kbd> {t('keyTranscript')}
              </li>
            </ul>
          </div>
        )}
      </section>
    );
  }
  const c = got.conversation;
  const index = hits.value.findIndex((h) => h.seq === at.value);
  const go = (by: number): void => {
    const all = hits.value;
    const to = index < 0 ? (by > 0 ? 0 : all.length - 1) : (index + by + all.length) % all.length;
    at.value = all[to]?.seq ?? 0;
  };
  return (
    <section class="reader" aria-label={t('reader')}>
      <header class="reader-head">
        <IconButton class="back" icon={ArrowLeft} label={t('back')} onClick={() => void open(null)} />
        <Avatar name={nameOf(c)} size={36} neutral />
        <h2 class="clip" dir="auto">
          {nameOf(c)}
        </h2>
        {hits.value.length > 0 && (
          <div class="hit-nav" role="group" aria-label={t('hits')}>
            <span class="num" role="status">
              {t('hitOf', { n: index + 1, all: hits.value.length })}
            </span>
            <IconButton icon={ChevronUp} label={t('hitBefore')} onClick={() => go(-1)} />
            <IconButton icon={ChevronDown} label={t('hitNext')} onClick={() => go(1)} />
          </div>
        )}
      </header>
      <Facts c={c} messages={got.messages.filter((m) => m.kind !== 'event').length} />
      <Strip transcript={got} />
      <Talk
        key={c.id}
        follow={false}
        rows={rows}
        label={s('talkWith', { name: nameOf(c) })}
        visitorRead={c.visitor_read}
        eventWords={eventWords}
        entryWords={entryWords}
        find={(seq) => bySeq.get(seq)}
        marks={marks}
        {...(at.value ? { chosen: at.value } : {})}
      />
    </section>
  );
}

/** The next message (or result) in a direction. */
function stepMessage(by: 1 | -1): void {
  const all = (transcript.value?.messages ?? []).filter((m) => m.kind !== 'event');
  if (all.length === 0) return;
  const i = all.findIndex((m) => m.seq === at.value);
  const to = i < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, i + by));
  at.value = all[to]?.seq ?? 0;
}

function stepResult(by: 1 | -1): void {
  const all = found.value ?? [];
  const i = all.findIndex((x) => x.conversation.id === chosen.value);
  const to = all[i < 0 ? 0 : Math.max(0, Math.min(all.length - 1, i + by))];
  if (to) void open(to.conversation.id);
}

function onKey(ev: KeyboardEvent): void {
  if (composing(ev) || ev.defaultPrevented || ev.ctrlKey || ev.metaKey || ev.altKey) return;
  if (inText(ev.target) || document.querySelector('dialog[open], .menu')) return;
  const acts: Record<string, () => void> = {
    '/': () => {
      const input = document.querySelector<HTMLInputElement>('#q');
      input?.focus();
      input?.select();
    },
    j: () => stepMessage(1),
    k: () => stepMessage(-1),
    J: () => stepResult(1),
    K: () => stepResult(-1),
    Escape: () => document.querySelector<HTMLElement>('.results .list')?.focus(),
  };
  const act = acts[ev.key];
  if (!act) return;
  ev.preventDefault();
  act();
}

function Desk() {
  useEffect(() => {
    document.title = t('title', { site: site.value?.name ?? '' });
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [lang.value]);
  useEffect(() => {
    void search().then(() => (chosen.value ? open(chosen.value) : undefined));
    void loadAgents();
  }, [site.value?.key]);
  return (
    <main class={chosen.value ? 'review open' : 'review'}>
      <h1 class="hidden">{t('appName')}</h1>
      <Rail here="review" />
      <SearchBar />
      <Results />
      <Reader />
    </main>
  );
}

export function App() {
  return (
    <>
      <Gate title={t('appName')} roles={['reviewer', 'supervisor']}>
        {() => <Desk key={site.value?.key} />}
      </Gate>
      <Toasts />
    </>
  );
}
