// What is drawn to be reviewed: samples with their seeds and how far they have come, and drawing a new one.
import './desk.css';
import { useSignal } from '@preact/signals';
import { Plus } from 'lucide';
import { useEffect, useRef } from 'preact/hooks';
import { api, query } from '../core/api';
import type { Staffer } from '../core/staff';
import { exactTime, listTime } from '../core/time';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { Field } from '../kit/Field';
import { k, lang } from '../kit/i18n';
import { site } from '../kit/session';
import { s } from '../kit/staffWords';
import { toast } from '../kit/Toast';
import { Agreement } from './Agreement';
import { Failed } from './Failed';
import { Gone, h, type Open, Who } from './Handover';
import { l } from './learnWords';
import { Select } from './Pick';
import { HowMany, MOST, Risks, Whose, type Wish } from './Population';
import { asError, openReview, type SampleKind, share, why } from './quality';
import { w } from './qualityWords';
import { Schedules } from './Schedules';
import { Work } from './Work';

interface Sample {
  id: string;
  name: string;
  kind: SampleKind;
  seed: number;
  population: number;
  drawn: number;
  done: number;
  /** Taken back, or not submitted when the calibration was closed. */
  missed: number;
  /** Told to supervisors: who still has some. */
  open?: Open[];
  needed: number;
  schedule?: string;
  scorecard: { key: string; version: number };
  at: number;
  by: Staffer;
}
interface Drawn {
  seed: number;
  population: number;
  /** Reviews, and the conversations that they are of. */
  drawn: number;
  conversations: number;
  unassigned: number;
  needed: number;
}

const WAYS = ['plain', 'per_agent', 'strata'] as const;
const KINDS = ['random', 'risk', 'calibration'] as const;
/** While somebody is typing, what is drawn is looked up all the same. */
function bounded({ n, share: part }: Wish): Wish {
  const within = (x: unknown, max: number): number | undefined =>
    typeof x === 'number' ? Math.max(1, Math.min(max, x)) : undefined;
  return { n: within(n, MOST.n), share: within(part, MOST.share) };
}

interface Ask extends Wish {
  scorecard: string;
  kind: SampleKind;
  way: (typeof WAYS)[number];
  days: number;
}
const FIRST: Ask = { scorecard: '', kind: 'random', way: 'plain', n: 10, days: 1, findings: true };
const DAY_MS = 86_400_000;

function Draw({ onClose, onDrawn }: { onClose: () => void; onDrawn: () => void }) {
  const cards = useSignal<readonly { key: string; name: string; lang: string }[]>([]);
  const ask = useSignal(FIRST);
  const name = useRef<HTMLInputElement>(null);
  const look = useSignal<Drawn | null>(null);
  const error = useSignal('');
  const busy = useSignal(false);
  const path = `samples${query({ site: site.value?.key })}`;
  const body = () => {
    const { days, ...rest } = ask.value;
    return { ...rest, name: name.current?.value ?? '', from: Date.now() - days * DAY_MS, to: Date.now() };
  };
  useEffect(() => {
    void api<{ items: { key: string; name: string; lang: string }[] }>(`scorecards${query({ site: site.value?.key })}`)
      .then((got) => {
        cards.value = got.items;
        const own = got.items.find((c) => c.lang.startsWith(lang.value.slice(0, 2))) ?? got.items[0];
        ask.value = { ...ask.value, scorecard: own?.key ?? '' };
      })
      .catch((e: unknown) => (error.value = asError(e).title));
  }, []);
  useEffect(() => {
    if (!ask.value.scorecard) return;
    let gone = false;
    api<Drawn>(path, { method: 'POST', body: { ...body(), dry_run: true } })
      .then((got) => {
        if (gone) return;
        look.value = got;
        error.value = '';
      })
      .catch((e: unknown) => {
        if (gone) return;
        look.value = null;
        error.value = asError(e).title || s('unreachable');
      });
    return () => {
      gone = true;
    };
  }, [ask.value]);
  const draw = async (): Promise<void> => {
    busy.value = true;
    try {
      const got = await api<Drawn>(path, { method: 'POST', body: body() });
      toast(w('sampleDrawn', { n: got.drawn, seed: got.seed }));
      onDrawn();
    } catch (e) {
      error.value = asError(e).title || s('unreachable');
    }
    busy.value = false;
  };
  const set = (p: Partial<Ask>): void => {
    ask.value = { ...ask.value, ...p };
  };
  const seen = look.value;
  return (
    <Dialog
      title={w('sampleNew')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{k('cancel')}</Button>
          <Button kind="primary" disabled={busy.value || !seen?.drawn} onClick={() => void draw()}>
            {w('sampleDraw')}
          </Button>
        </>
      }
    >
      <div class="draw">
        <Field
          inputRef={name}
          label={w('sampleName')}
          maxLength={80}
          autofocus
          defaultValue={w('sampleToday', { date: new Date().toLocaleDateString(lang.value) })}
        />
        <Select
          label={w('card')}
          value={ask.value.scorecard}
          options={cards.value.map((c) => [c.key, c.name] as const)}
          onChange={(v) => set({ scorecard: v })}
        />
        <Select
          label={w('sampleSince')}
          value={String(ask.value.days)}
          options={([1, 7, 30] as const).map((d) => [String(d), w(`since_${d}`)] as const)}
          onChange={(v) => set({ days: Number(v) })}
        />
        <Select
          label={w('sampleKind')}
          value={ask.value.kind}
          options={KINDS.map((x) => [x, w(`kind_${x}`)] as const)}
          onChange={(v) => set({ kind: v as SampleKind })}
        />
        {ask.value.kind === 'risk' && <Risks of={ask.value} onChange={set} />}
        <Select
          label={w('sampleWay')}
          value={ask.value.way}
          options={WAYS.map((x) => [x, w(`way_${x}`)] as const)}
          onChange={(v) => set({ way: v as Ask['way'] })}
        />
        <HowMany of={ask.value} n={10} onChange={(part) => set(bounded(part))} />
        <Whose of={ask.value} onChange={set} past />
        <p class="dim num comes" role="status">
          {seen &&
            w('samplePopulation', {
              n: seen.population,
              drawn: seen.conversations,
              share: share(seen.conversations, seen.population),
              needed: seen.needed,
            })}{' '}
          {seen && seen.unassigned > 0 && w('sampleUnassigned', { n: seen.unassigned })}
        </p>
        {error.value && (
          <p class="error" role="alert">
            {w('sampleFailed', { why: error.value })}
          </p>
        )}
      </div>
    </Dialog>
  );
}

export function Samples() {
  const all = useSignal<readonly Sample[] | null>(null);
  const failed = useSignal('');
  const drawing = useSignal(false);
  const open = useSignal<{ id: string; name: string } | null>(null);
  const compared = useSignal<{ id: string; name: string } | null>(null);
  const handing = useSignal('');
  const load = async (): Promise<void> => {
    try {
      all.value = (await api<{ items: Sample[] }>(`samples${query({ site: site.value?.key })}`)).items;
      failed.value = '';
    } catch (e) {
      failed.value = why(e);
    }
  };
  useEffect(() => void load(), [site.value?.key]);
  if (open.value)
    return <Work of={{ sample: open.value.id }} title={open.value.name} onBack={() => (open.value = null)} />;
  if (compared.value)
    return (
      <Agreement
        sample={compared.value}
        onBack={() => (compared.value = null)}
        onOpen={(review) => {
          open.value = compared.value;
          void openReview(review);
        }}
      />
    );
  const nameOf = (x: Sample): string => x.name || w(`kind_${x.kind}`);
  const whose = all.value?.find((x) => x.id === handing.value);
  return (
    <section class="sheet" aria-label={w('viewSamples')}>
      <header class="sheet-head">
        <h2>{w('viewSamples')}</h2>
        <Button kind="primary" icon={Plus} onClick={() => (drawing.value = true)}>
          {w('sampleNew')}
        </Button>
      </header>
      <Schedules onOpen={(id, name) => (open.value = { id, name })} />
      <Failed why={failed.value} retry={() => void load()} />
      <Gone of={all.value ?? []} onDone={() => void load()} />
      {all.value?.length === 0 && <p class="empty">{w('sampleNone')}</p>}
      {!!all.value?.length && (
        <div class="table-box" tabIndex={0} role="group" aria-label={w('viewSamples')}>
          <table class="table cards">
            <thead>
              <tr>
                {(['sampleName', 'sampleKind', 'sampleProgress', 'sampleSeed', 'sampleBy', 'sampleAt'] as const).map(
                  (x) => (
                    <th key={x} scope="col">
                      {w(x)}
                    </th>
                  ),
                )}
                <th scope="col">{l('coverage')}</th>
              </tr>
            </thead>
            <tbody>
              {all.value.map((x) => (
                <tr key={x.id}>
                  <th scope="row">
                    <button type="button" class="link" onClick={() => (open.value = { id: x.id, name: nameOf(x) })}>
                      {nameOf(x)}
                    </button>
                    {x.kind === 'calibration' && (
                      <>
                        {' '}
                        <Button
                          small
                          aria-label={l('compareOf', { name: nameOf(x) })}
                          onClick={() => (compared.value = { id: x.id, name: nameOf(x) })}
                        >
                          {l('compare')}
                        </Button>
                      </>
                    )}
                  </th>
                  <td data-name={w('sampleKind')}>{w(`kind_${x.kind}`)}</td>
                  <td class="num" data-name={w('sampleProgress')}>
                    {w('sampleDone', { done: x.done, n: x.drawn })}{' '}
                    {x.missed > 0 && (
                      <span class="dim">
                        {x.kind === 'calibration'
                          ? `${w('state_missed')} ${x.missed}`
                          : h('missed', { n: x.missed })}{' '}
                      </span>
                    )}
                    {x.open && (
                      <Button
                        small
                        kind="quiet"
                        aria-label={h('whoIn', { name: nameOf(x) })}
                        onClick={() => (handing.value = x.id)}
                      >
                        {h('who')}
                      </Button>
                    )}
                  </td>
                  <td class="num" data-name={w('sampleSeed')}>
                    {x.seed}
                  </td>
                  <td data-name={w('sampleBy')}>{x.schedule ? l('bySchedule') : x.by.name}</td>
                  <td class="num" data-name={w('sampleAt')} title={exactTime(x.at, lang.value)}>
                    {listTime(x.at, Date.now(), lang.value)}
                  </td>
                  <td class="num" data-name={l('coverage')}>
                    {x.kind === 'calibration'
                      ? '–'
                      : l('coverageIs', {
                          drawn: x.drawn - x.missed,
                          n: x.population,
                          share: share(x.drawn - x.missed, x.population),
                        })}{' '}
                    {x.kind === 'random' && <span class="dim">{l('coverageNeeded', { n: x.needed })}</span>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {whose?.open && (
        <Who sample={whose} name={nameOf(whose)} onClose={() => (handing.value = '')} onDone={() => void load()} />
      )}
      {drawing.value && (
        <Draw
          onClose={() => (drawing.value = false)}
          onDrawn={() => {
            drawing.value = false;
            void load();
          }}
        />
      )}
    </section>
  );
}
