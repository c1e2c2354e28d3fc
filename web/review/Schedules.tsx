// Samples that draw themselves: when each is due, what the last one covered, and setting one up.
import { useSignal } from '@preact/signals';
import { Plus } from 'lucide';
import { useEffect, useRef } from 'preact/hooks';
import { api, query } from '../core/api';
import { exactTime } from '../core/time';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { Field } from '../kit/Field';
import { k, lang } from '../kit/i18n';
import { may, site } from '../kit/session';
import { s } from '../kit/staffWords';
import { toast } from '../kit/Toast';
import { Failed } from './Failed';
import { l } from './learnWords';
import { Select } from './Pick';
import { HowMany, Risks, Whose, type Wish } from './Population';
import { asError, share, why } from './quality';
import { w } from './qualityWords';

interface Schedule {
  key: string;
  name: string;
  off: boolean;
  kind: 'random' | 'risk';
  way: (typeof WAYS)[number];
  n?: number;
  share?: number;
  scorecard: string;
  next_at?: number;
  last?: {
    at: number;
    upto: number;
    population: number;
    drawn: number;
    wanted?: number;
    needed: number;
    sample?: string;
  };
}
interface Stored {
  key: string;
  version: number;
  body: Wish;
}

const WAYS = ['per_agent', 'strata', 'plain'] as const;

const documents = (): string => `sites/${encodeURIComponent(site.value?.key ?? '')}/documents`;

/** The document as it is now, and its version; version 0: there is none. */
export async function stored(kind: string, key: string): Promise<Stored> {
  const { items } = await api<{ items: Stored[] }>(`${documents()}?kind=${kind}`);
  return items.find((d) => d.key === key) ?? { key, version: 0, body: {} };
}

export function put(kind: string, doc: Stored): Promise<{ version?: number } | undefined> {
  const headers: Record<string, string> = doc.version ? { 'If-Match': `"${doc.version}"` } : { 'If-None-Match': '*' };
  return api(`${documents()}/${kind}/${encodeURIComponent(doc.key)}`, { method: 'PUT', headers, body: doc.body });
}

export function drop(kind: string, doc: Stored): Promise<void> {
  const headers = { 'If-Match': `"${doc.version}"` };
  return api(`${documents()}/${kind}/${encodeURIComponent(doc.key)}`, { method: 'DELETE', headers });
}

interface EditProps {
  of: Schedule | null;
  zone: string;
  onClose: () => void;
  onSaved: () => void;
}

const text = (v: unknown, def: string): string => (typeof v === 'string' ? v : def);

function Edit({ of, zone, onClose, onSaved }: EditProps) {
  const doc = useSignal<Stored | null>(null);
  const cards = useSignal<readonly { key: string; name: string; lang: string }[]>([]);
  const error = useSignal<{ member: string; words: string } | null>(null);
  const busy = useSignal(false);
  const name = useRef<HTMLInputElement>(null);
  const load = async (): Promise<void> => {
    try {
      const [card, got] = await Promise.all([
        api<{ items: { key: string; name: string; lang: string }[] }>(`scorecards${query({ site: site.value?.key })}`),
        of ? stored('schedule', of.key) : null,
      ]);
      cards.value = card.items;
      const own = card.items.find((c) => c.lang.startsWith(lang.value.slice(0, 2))) ?? card.items[0];
      doc.value = got ?? { key: `daily-${Date.now().toString(36)}`, version: 0, body: { scorecard: own?.key ?? '' } };
    } catch (e) {
      error.value = { member: '', words: asError(e).title || s('unreachable') };
    }
  };
  useEffect(() => void load(), []);
  const set = (part: Wish): void => {
    if (doc.value) doc.value = { ...doc.value, body: { ...doc.value.body, ...part } };
  };
  const act = async (go: (d: Stored) => Promise<unknown>, said: () => string): Promise<void> => {
    if (!doc.value) return;
    busy.value = true;
    error.value = null;
    try {
      await go(doc.value);
      toast(said());
      onSaved();
    } catch (e) {
      const why = asError(e);
      if (why.status === 412) {
        toast(l('dailyChanged'), { bad: true });
        await load();
      } else error.value = { member: why.member, words: why.title || s('unreachable') };
    }
    busy.value = false;
  };
  const save = (part: Wish = {}): Promise<void> => {
    const words = name.current?.value.trim() ?? '';
    if (!words) {
      error.value = { member: 'name', words: w('textNeeded') };
      name.current?.focus();
      return Promise.resolve();
    }
    return act(
      (d) => put('schedule', { ...d, body: { ...d.body, name: words, ...part } }),
      () => l('dailySaved'),
    );
  };
  const d = doc.value;
  useEffect(() => name.current?.focus(), [!d]);
  const b = d?.body ?? {};
  const wrong = (member: string): string | undefined =>
    error.value?.member === member ? error.value.words : undefined;
  return (
    <Dialog
      title={of ? l('dailyEdit') : l('dailyNew')}
      onClose={onClose}
      footer={
        <>
          {of && (
            <>
              <Button
                kind="danger"
                disabled={busy.value || !d}
                onClick={() =>
                  void act(
                    (x) => drop('schedule', x),
                    () => l('dailyDeleted', { name: of.name }),
                  )
                }
              >
                {l('dailyDelete')}
              </Button>
              <Button disabled={busy.value || !d} onClick={() => void save({ off: b.off !== true })}>
                {b.off === true ? l('dailyResume') : l('dailyPause')}
              </Button>
            </>
          )}
          <Button onClick={onClose}>{k('cancel')}</Button>
          <Button kind="primary" disabled={busy.value || !d} onClick={() => void save()}>
            {l('dailySave')}
          </Button>
        </>
      }
    >
      {d && (
        <div class="draw">
          <Field
            inputRef={name}
            label={w('sampleName')}
            maxLength={80}
            defaultValue={text(b.name, l('daily'))}
            error={wrong('name')}
          />
          <label class="pick">
            <span>{l('dailyAt', { zone })}</span>
            <input
              class="input num"
              type="time"
              value={text(b.at, '08:00')}
              onInput={(ev) => ev.currentTarget.value && set({ at: ev.currentTarget.value })}
            />
          </label>
          <Select
            label={l('dailyDays')}
            value={b.workdays === false ? 'all' : 'work'}
            options={[
              ['work', l('dailyWorkdays')],
              ['all', l('dailyAll')],
            ]}
            onChange={(v) => set({ workdays: v === 'work' })}
          />
          <Select
            label={w('card')}
            value={text(b.scorecard, '')}
            options={cards.value.map((c) => [c.key, c.name] as const)}
            onChange={(v) => set({ scorecard: v })}
          />
          <Select
            label={w('sampleKind')}
            value={text(b.kind, 'random')}
            options={(['random', 'risk'] as const).map((x) => [x, w(`kind_${x}`)] as const)}
            onChange={(v) => set({ kind: v })}
          />
          {b.kind === 'risk' && <Risks of={b} onChange={set} />}
          <Select
            label={w('sampleWay')}
            value={text(b.way, 'per_agent')}
            options={WAYS.map((x) => [x, w(`way_${x}`)] as const)}
            onChange={(v) => set({ way: v })}
          />
          <HowMany of={b} n={2} error={wrong('n') ?? wrong('share')} onChange={set} />
          <Whose of={b} onChange={set} />
          <p class="dim">{l('dailyReviewersAll')}</p>
        </div>
      )}
      {error.value && !['name', 'n', 'share'].includes(error.value.member) && (
        <p class="error" role="alert">
          {error.value.words}
        </p>
      )}
    </Dialog>
  );
}

function manyWords({ way, n = 0, share: part }: Schedule): string {
  const each = way === 'per_agent';
  if (part) return l(each ? 'dailyEachShare' : 'dailySumShare', { share: share(part, 100) });
  return l(each ? 'dailyEach' : 'dailySum', { n });
}

function lastWords(x: Schedule, zone: string): string {
  const r = x.last;
  if (!r) return l('dailyNever');
  const time = exactTime(r.at, lang.value, zone);
  if (!r.population) return l('dailyNothing', { time });
  const { population: n, drawn, needed } = r;
  const words = l('dailyCoverage', { time, n, drawn, needed, share: share(drawn, n) });
  return r.wanted ? l('dailyCut', { words, wanted: r.wanted, drawn }) : words;
}

export function Schedules({ onOpen }: { onOpen: (sample: string, name: string) => void }) {
  const all = useSignal<readonly Schedule[] | null>(null);
  const zone = useSignal('');
  const failed = useSignal('');
  const editing = useSignal<Schedule | 'new' | null>(null);
  const load = async (): Promise<void> => {
    try {
      const got = await api<{ items: Schedule[]; zone: string }>(`schedules${query({ site: site.value?.key })}`);
      zone.value = got.zone;
      all.value = got.items;
      failed.value = '';
    } catch (e) {
      failed.value = why(e);
    }
  };
  useEffect(() => void load(), [site.value?.key]);
  const edits = may('supervisor', 'admin');
  return (
    <section class="daily" aria-labelledby="daily-h">
      <header class="sheet-head">
        <h3 id="daily-h">{l('daily')}</h3>
        {edits && (
          <Button small icon={Plus} onClick={() => (editing.value = 'new')}>
            {l('dailyNew')}
          </Button>
        )}
      </header>
      <Failed why={failed.value} retry={() => void load()} />
      {all.value?.length === 0 && <p class="dim">{l('dailyNone')}</p>}
      {!!all.value?.length && (
        <ul class="daily-list">
          {all.value.map((x) => (
            <li key={x.key} class={x.off ? 'off' : ''}>
              <p>
                {edits ? (
                  <button type="button" class="link" onClick={() => (editing.value = x)}>
                    {x.name}
                  </button>
                ) : (
                  <b>{x.name}</b>
                )}{' '}
                <span class="badge">{w(`kind_${x.kind}`)}</span> <span class="dim num">{manyWords(x)}</span>
              </p>
              <p class="num">
                <span class="dim">{l('dailyNext')}</span>{' '}
                {x.next_at ? exactTime(x.next_at, lang.value, zone.value) : l('dailyOff')}
              </p>
              <p class="num">
                <span class="dim">{l('dailyLast')}</span> {lastWords(x, zone.value)}{' '}
                {x.last?.sample && (
                  <button type="button" class="link" onClick={() => onOpen(x.last!.sample!, x.name)}>
                    {l('dailyOpen')}
                  </button>
                )}
              </p>
            </li>
          ))}
        </ul>
      )}
      {editing.value && (
        <Edit
          of={editing.value === 'new' ? null : editing.value}
          zone={zone.value}
          onClose={() => (editing.value = null)}
          onSaved={() => {
            editing.value = null;
            void load();
          }}
        />
      )}
    </section>
  );
}
