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
import { channelName } from '../kit/names';
import { may, site } from '../kit/session';
import { s } from '../kit/staffWords';
import { toast } from '../kit/Toast';
import { agents, queues } from './find';
import { Check, Select } from './Pick';
import { Failed } from './Failed';
import { l } from './learnWords';
import { asError, share, why } from './quality';
import { w } from './qualityWords';

interface Schedule {
  key: string;
  name: string;
  off: boolean;
  kind: 'random' | 'risk';
  way: (typeof WAYS)[number];
  n: number;
  scorecard: string;
  next_at?: number;
  last?: { at: number; upto: number; population: number; drawn: number; needed: number; sample?: string };
}
type Body = Record<string, unknown>;
interface Stored {
  key: string;
  version: number;
  body: Body;
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

interface AmongProps {
  label: string;
  of: readonly (readonly [string, string])[];
  /** Keys as the document has them; none: all. */
  value: unknown;
  onChange: (v: string[]) => void;
}

/** Which of them; none is ticked: all. What is there no more can be unticked. */
function Among({ label, of, value, onChange }: AmongProps) {
  const chosen = Array.isArray(value) ? (value as string[]) : [];
  const gone = chosen.filter((x) => !of.some(([v]) => v === x)).map((x) => [x, x] as const);
  if (of.length + gone.length === 0) return null;
  return (
    <fieldset class="among">
      <legend>
        {label} {chosen.length === 0 && <span class="dim">{l('libAll')}</span>}
      </legend>
      {[...of, ...gone].map(([v, name]) => (
        <Check
          key={v}
          checked={chosen.includes(v)}
          onChange={(on) => onChange(on ? [...chosen, v] : chosen.filter((x) => x !== v))}
        >
          {name}
        </Check>
      ))}
    </fieldset>
  );
}

function Edit({ of, zone, onClose, onSaved }: EditProps) {
  const doc = useSignal<Stored | null>(null);
  const cards = useSignal<readonly { key: string; name: string; lang: string }[]>([]);
  const error = useSignal<{ member: string; words: string } | null>(null);
  const busy = useSignal(false);
  const channels = useSignal<readonly (readonly [string, string])[]>([]);
  const name = useRef<HTMLInputElement>(null);
  const load = async (): Promise<void> => {
    try {
      const [card, got, ways] = await Promise.all([
        api<{ items: { key: string; name: string; lang: string }[] }>(`scorecards${query({ site: site.value?.key })}`),
        of ? stored('schedule', of.key) : null,
        api<{ items: Stored[] }>(`${documents()}?kind=channel`),
      ]);
      channels.value = ways.items.map((x) => [x.key, channelName(x.key)] as const);
      cards.value = card.items;
      const own = card.items.find((c) => c.lang.startsWith(lang.value.slice(0, 2))) ?? card.items[0];
      doc.value = got ?? { key: `daily-${Date.now().toString(36)}`, version: 0, body: { scorecard: own?.key ?? '' } };
    } catch (e) {
      error.value = { member: '', words: asError(e).title || s('unreachable') };
    }
  };
  useEffect(() => void load(), []);
  const set = (part: Body): void => {
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
  const save = (part: Body = {}): Promise<void> => {
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
          {b.kind === 'risk' && (
            <>
              <Select
                label={l('dailyRating')}
                value={String(b.rating_max ?? 2)}
                options={(['1', '2', '3', '4'] as const).map((x) => [x, x] as const)}
                onChange={(v) => set({ rating_max: Number(v) })}
              />
              <Check checked={b.new_agents === true} onChange={(on) => set({ new_agents: on })}>
                {l('dailyNewAgents')}
              </Check>
              <Check checked={b.findings === true} onChange={(on) => set({ findings: on })}>
                {l('dailyFindings')}
              </Check>
            </>
          )}
          <Select
            label={w('sampleWay')}
            value={text(b.way, 'per_agent')}
            options={WAYS.map((x) => [x, w(`way_${x}`)] as const)}
            onChange={(v) => set({ way: v })}
          />
          <Field
            type="number"
            label={w('sampleN')}
            defaultValue={String(b.n ?? 2)}
            error={wrong('n')}
            onInput={(ev) => set({ n: Math.round(Number(ev.currentTarget.value)) || 0 })}
          />
          <Among
            label={l('dailyQueues')}
            of={queues.value.map((q) => [q.key, q.name] as const)}
            value={b.queues}
            onChange={(v) => set({ queues: v })}
          />
          <Among
            label={l('dailyChannels')}
            of={channels.value}
            value={b.channels}
            onChange={(v) => set({ channels: v })}
          />
          <Among
            label={l('dailyAgents')}
            of={agents.value.map((a) => [a.id, a.name] as const)}
            value={b.agents}
            onChange={(v) => set({ agents: v })}
          />
          <p class="dim">{l('dailyReviewersAll')}</p>
        </div>
      )}
      {error.value && !['name', 'n'].includes(error.value.member) && (
        <p class="error" role="alert">
          {error.value.words}
        </p>
      )}
    </Dialog>
  );
}

function lastWords(x: Schedule, zone: string): string {
  const r = x.last;
  if (!r) return l('dailyNever');
  const time = exactTime(r.at, lang.value, zone);
  if (!r.population) return l('dailyNothing', { time });
  const { population: n, drawn, needed } = r;
  return l('dailyCoverage', { time, n, drawn, needed, share: share(drawn, n) });
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
                <span class="badge">{w(`kind_${x.kind}`)}</span>{' '}
                <span class="dim num">
                  {x.way === 'per_agent' ? l('dailyEach', { n: x.n }) : l('dailySum', { n: x.n })}
                </span>
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
