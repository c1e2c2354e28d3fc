// The review pages: find transcripts and read them; samples, scores, appeals and figures in views of their own.
import { useSignal } from '@preact/signals';
import { Bell, CalendarDays, ChevronDown, Globe, Search, Star, User, X, type IconNode } from 'lucide';
import { useEffect, useRef } from 'preact/hooks';
import { langOf } from '../core/i18n';
import { composing, inText } from '../core/keys';
import type { Found } from '../core/staff';
import { listTime } from '../core/time';
import { Button, IconButton } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { Field } from '../kit/Field';
import { Icon } from '../kit/Icon';
import { k, lang } from '../kit/i18n';
import { lazy } from '../kit/lazy';
import { List } from '../kit/List';
import { Menu, type MenuItem } from '../kit/Menu';
import { lineOf, nameOf } from '../kit/names';
import { scoreLabel, type Score } from '../kit/Rating';
import { Rail } from '../kit/Rail';
import { may, site } from '../kit/session';
import { Gate } from '../kit/SignIn';
import { Marked } from '../kit/Text';
import { Tabs } from '../kit/Tabs';
import { Toasts } from '../kit/Toast';
import {
  agents,
  appealsOpen,
  askAppeals,
  busy,
  channelLabel,
  channels,
  chosen,
  clearFilters,
  count,
  failed,
  filtered,
  found,
  left,
  loadAgents,
  more,
  open,
  question,
  refine,
  search,
  stepMessage,
  view,
  VIEWS,
  type View,
} from './find';
import { asTable, ColumnsMenu, Foot, opensShown, rowHeight, TableHead, TableRow, tables } from './Columns';
import { More } from './More';
import { playKey } from './Player';
import { Export, Saved } from './Saved';
import { snippet } from './snippet';
import { askNotices, goal, unseen } from './told';
import { Trouble } from './Trouble';
import { w as c } from './checkWords';
import { l } from './learnWords';
import { w } from './qualityWords';
import { t } from './words';

/** Wanted soon, but not for the first look. */
const reader = () => import('./Reader').then((m) => m.Reader);
const Reader = lazy(reader);
const Work = lazy(() => import('./views').then((m) => m.Work));
const Samples = lazy(() => import('./views').then((m) => m.Samples));
const Checks = lazy(() => import('./views').then((m) => m.Checks));
const Cards = lazy(() => import('./views').then((m) => m.Cards));
const Library = lazy(() => import('./views').then((m) => m.Library));
const Coaching = lazy(() => import('./views').then((m) => m.Coaching));
const Notices = lazy(() => import('./views').then((m) => m.Notices));
const Figures = lazy(() => import('./views').then((m) => m.Figures));

const TYPED_MS = 250;

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
  const { q } = question.value;
  // A kept search brings words of its own; what somebody is typing is left alone.
  useEffect(() => {
    const box = input.current;
    if (box && document.activeElement !== box && box.value !== q) box.value = q;
  }, [q]);
  const any = t('any');
  const agentName = [...agents.value, ...left.value].find((a) => a.id === agent)?.name ?? agentFound(agent) ?? agent;
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
            ...left.value.map((a) => pick('agent', a.id, t('agentLeft', { name: a.name }), agent === a.id)),
          ]}
        />
        <Chip
          icon={Globe}
          name={t('channel')}
          value={channel && channelLabel(channel)}
          clear={() => refine({ channel: '' })}
          items={[
            pick('channel', '', any, channel === ''),
            ...channels.value.map((c) => pick('channel', c, channelLabel(c), channel === c)),
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
        <More />
        {filtered() && (
          <button type="button" class="chip-clear" onClick={clearFilters}>
            {t('clearFilters')}
          </button>
        )}
        <Saved />
        <Export />
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
  const m = c.last;
  const last = lineOf(m) || m?.file?.name || (m?.kind === 'removed' ? k('removed') : '');
  const name = (
    <>
      <b class="clip" dir="auto">
        {nameOf(c)}
      </b>
      {item.hits.length > 1 && <span class="hits num">{t('hitsN', { n: item.hits.length })}</span>}
    </>
  );
  const said = hit ? (
    <Marked {...snippet(hit)} />
  ) : (
    <span dir="auto" lang={langOf(last, m?.lang)}>
      {last}
    </span>
  );
  if (asTable.value) return <TableRow of={item} selected={selected} name={name} said={said} />;
  return (
    <div class={selected ? 'result on' : 'result'}>
      <span class="result-top">
        {name}
        {opensShown.value && (
          <time class="num" dateTime={new Date(c.opened_at).toISOString()}>
            {listTime(c.opened_at, Date.now(), lang.value)}
          </time>
        )}
      </span>
      <span class="result-text clip">{said}</span>
      <Foot of={item} />
    </div>
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

function Results() {
  const items = found.value;
  return (
    <section class="results" aria-label={t('results')} aria-busy={busy.value}>
      {busy.value && items !== null && <span class="progress" aria-hidden="true" />}
      <div class="results-head">
        <Count />
        <ColumnsMenu />
      </div>
      {asTable.value && <TableHead />}
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
          rowHeight={rowHeight.value}
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

function stepResult(by: 1 | -1): void {
  const all = found.value ?? [];
  const i = all.findIndex((x) => x.conversation.id === chosen.value);
  const to = all[i < 0 ? 0 : Math.max(0, Math.min(all.length - 1, i + by))];
  if (to) void open(to.conversation.id);
}

function onKey(ev: KeyboardEvent): void {
  if (composing(ev) || ev.defaultPrevented || ev.ctrlKey || ev.metaKey || ev.altKey) return;
  if (inText(ev.target) || document.querySelector('dialog[open], .menu') || view.value !== 'find') return;
  if (playKey(ev)) return;
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

const VIEW_NAMES: Record<View, () => string> = {
  find: () => w('viewFind'),
  tasks: () => w('viewTasks'),
  appeals: () => w('viewAppeals'),
  samples: () => w('viewSamples'),
  checks: () => c('title'),
  figures: () => w('viewFigures'),
  cards: () => l('viewCards'),
  library: () => l('viewLibrary'),
  coaching: () => l('viewCoaching'),
};

/** What only supervisors do. */
const SUPERVISED = new Set<View>(['cards', 'coaching']);
const ASK_MS = 120_000;

function Views() {
  const items = VIEWS.filter((v) => !SUPERVISED.has(v) || may('supervisor')).map((key) => ({
    key,
    label: VIEW_NAMES[key](),
    ...(key === 'appeals' && appealsOpen.value ? { count: appealsOpen.value } : {}),
  }));
  return (
    <div class="views">
      <Tabs
        label={w('views')}
        items={items}
        selected={view.value}
        onSelect={(key) => (view.value = key as View)}
        panel="view"
      />
    </div>
  );
}

function backToResults(): void {
  void open(null);
  requestAnimationFrame(() => document.querySelector<HTMLElement>('.results .list')?.focus());
}

function Desk() {
  useEffect(() => {
    document.title = t('title', { site: site.value?.name ?? '' });
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [lang.value]);
  useEffect(() => void reader().catch(() => undefined), []); // the one who opens one is told
  useEffect(() => {
    void search().then(() => (chosen.value && view.value === 'find' ? open(chosen.value) : undefined));
    void loadAgents();
  }, [site.value?.key]);
  const v = view.value;
  const telling = useSignal(false);
  // What a notice leads to beside reviews: a conversation.
  const led = v === 'find' && goal.value?.kind !== 'mention' ? goal.value?.conversation : undefined;
  useEffect(() => {
    if (!led) return;
    goal.value = null;
    void open(led).then(() => document.querySelector<HTMLElement>('.talk-log')?.focus());
  }, [led]);
  // What waits is told wherever one is, and anew when one has looked.
  useEffect(() => {
    const look = (): void => void (document.hidden || Promise.all([askAppeals(), askNotices()]));
    look();
    const timer = setInterval(look, ASK_MS);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [site.value?.key, v]);
  return (
    <main class={v === 'find' && chosen.value ? 'review open' : 'review'}>
      <h1 class="hidden">{t('appName')}</h1>
      <Rail here="review">
        <IconButton icon={Bell} label={w('notices')} onClick={() => (telling.value = true)}>
          {unseen.value > 0 && <span class="rail-badge num">{unseen.value}</span>}
        </IconButton>
      </Rail>
      <Views />
      <div
        id="view"
        class={`view ${v}${tables.value ? ' tables' : ''}${v === 'find' && asTable.value ? ' table' : ''}`}
        role="tabpanel"
        aria-label={VIEW_NAMES[v]()}
      >
        {v === 'find' && (
          <>
            <SearchBar />
            <Results />
            {!asTable.value && <Reader onBack={backToResults} />}
          </>
        )}
        {(v === 'tasks' || v === 'appeals') && <Work key={v} />}
        {v === 'samples' && <Samples />}
        {v === 'checks' && <Checks />}
        {v === 'figures' && <Figures />}
        {v === 'cards' && <Cards />}
        {v === 'library' && <Library />}
        {v === 'coaching' && <Coaching />}
      </div>
      {telling.value && <Notices onClose={() => (telling.value = false)} />}
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
