// What reviews add up to. Each figure says how it is counted, and opens the reviews that it was counted from.
import './desk.css';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { duration } from '../core/time';
import { Button } from '../kit/Button';
import { k, lang } from '../kit/i18n';
import { personName } from '../kit/names';
import { site } from '../kit/session';
import { s } from '../kit/staffWords';
import { queues } from './find';
import { asError, figures, points, share, type Sum } from './quality';
import { w } from './qualityWords';
import { Work } from './Work';

const BY = ['agent', 'queue', 'item', 'reviewer', 'week'] as const;
const PERIODS = ['7', '30', '90', '0'] as const;
const KINDS = ['random', 'risk', 'any'] as const;
type By = (typeof BY)[number];
type Filter = Record<string, string | number | undefined>;

function Choice<T extends string>(p: {
  label: string;
  value: T;
  options: readonly T[];
  name: (v: T) => string;
  onChange: (v: T) => void;
}) {
  return (
    <label class="pick">
      <span>{p.label}</span>
      <select class="input" value={p.value} onChange={(ev) => p.onChange(ev.currentTarget.value as T)}>
        {p.options.map((v) => (
          <option key={v} value={v}>
            {p.name(v)}
          </option>
        ))}
      </select>
    </label>
  );
}

function mean(sum: number, n: number): string {
  return n ? points(sum / n) : '–';
}

type Open = (title: string, f: Filter) => void;

function Tile({ name, value, hint, onOpen }: { name: string; value: string; hint?: string; onOpen: () => void }) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd class="num">
        {value}
        {value !== '–' && (
          <Button small kind="quiet" onClick={onOpen}>
            {w('showReviews')} <span class="hidden">{name}</span>
          </Button>
        )}
      </dd>
      {hint && <dd class="dim hint">{hint}</dd>}
    </div>
  );
}

/** What a share is about: those that it counts, and where there is none of them, those that it was counted among. */
function part(n: number, of: Filter, among: Filter = {}): Filter {
  return n ? of : among;
}

function Tiles({ t, open }: { t: Sum; open: Open }) {
  const n = t.reviews;
  const rows: [name: string, value: string, of: Filter, hint?: string][] = [
    [w('figReviews'), String(n), {}],
    [w('figMean'), mean(t.score_sum, n), {}, w('defMean')],
    [w('figPlain'), mean(t.plain_sum, n), {}, w('defPlain')],
    [w('figFatalFree'), share(t.fatal_free, n), part(n - t.fatal_free, { fatal: 1 }), w('defFatalFree')],
    [w('figPassed'), share(t.passed, n), part(t.passed, { passed: 1 }), w('defPassed')],
    [w('figAppeal'), share(t.appealed, n), part(t.appealed, { appealed: 1 }), w('defAppeal')],
    [
      w('figOverturn'),
      share(t.overturned, t.decided),
      part(t.overturned, { overturned: 1 }, { decided: 1 }),
      w('defOverturn'),
    ],
    [
      w('figTurnaround'),
      t.decided ? duration(t.turnaround_ms_sum / t.decided) : '–',
      { decided: 1 },
      w('defTurnaround'),
    ],
  ];
  return (
    <dl class="tiles">
      {rows.map(([name, value, of, hint]) => (
        <Tile key={name} name={name} value={value} {...(hint ? { hint } : {})} onOpen={() => open(name, of)} />
      ))}
    </dl>
  );
}

function nameOf(by: By, g: Sum): string {
  if (by === 'agent' || by === 'reviewer') return g.person?.name || personName(g.key ?? '') || (g.key ?? '');
  if (by === 'queue') return queues.value.find((x) => x.key === g.key)?.name || (g.key ?? '');
  return by === 'item' ? g.name || (g.key ?? '') : (g.key ?? '');
}

/** The figures of a line, each with the reviews that it is about. */
function cellsOf(by: By, g: Sum): [value: string, of: Filter][] {
  if (by === 'item') {
    const failed = g.failed ?? 0;
    const rated = { rated: 1 };
    return [
      [String(g.rated ?? 0), rated],
      [String(failed), part(failed, {}, rated)],
      [share(failed, g.rated ?? 0), part(failed, {}, rated)],
    ];
  }
  return [
    [String(g.reviews), {}],
    [mean(g.score_sum, g.reviews), {}],
    [points(g.median), {}],
    [mean(g.plain_sum, g.reviews), {}],
    [share(g.fatal_free, g.reviews), part(g.reviews - g.fatal_free, { fatal: 1 })],
    [share(g.passed, g.reviews), part(g.passed, { passed: 1 })],
    [share(g.appealed, g.reviews), part(g.appealed, { appealed: 1 })],
    [share(g.overturned, g.decided), part(g.overturned, { overturned: 1 }, { decided: 1 })],
  ];
}

function Table({ by, groups, open }: { by: By; groups: Sum[]; open: Open }) {
  const item = by === 'item';
  const heads = item
    ? ([w(`by_${by}`), w('figRated'), w('figFailed'), w('figFailRate')] as const)
    : ([
        w(`by_${by}`),
        w('figReviews'),
        w('figMean'),
        w('figMedian'),
        w('figPlain'),
        w('figFatalFree'),
        w('figPassed'),
        w('figAppeal'),
        w('figOverturn'),
      ] as const);
  const rate = (g: Sum): number => (g.failed ?? 0) / (g.rated || 1);
  const sorted = [...groups].sort((a, b) =>
    item ? rate(b) - rate(a) : by === 'week' ? (b.key ?? '').localeCompare(a.key ?? '') : b.reviews - a.reviews,
  );
  return (
    <div class="table-box" tabIndex={0} role="group" aria-label={w('viewFigures')}>
      <table class="table">
        <thead>
          <tr>
            {heads.map((h) => (
              <th key={h} scope="col">
                {h}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((g) => {
            const name = nameOf(by, g);
            const all: Filter = item ? { item: g.key, rated: 1 } : { [by]: g.key };
            return (
              <tr key={g.key}>
                <th scope="row">
                  <button
                    type="button"
                    class="link"
                    title={w('showOf', { name })}
                    onClick={() => open(name, item && g.failed ? { item: g.key } : all)}
                  >
                    {name}
                  </button>
                </th>
                {cellsOf(by, g).map(([value, of], i) => (
                  <td key={i} class="num">
                    {value === '–' ? (
                      value
                    ) : (
                      <button
                        type="button"
                        class="link"
                        aria-label={w('showFigure', { name, figure: heads[i + 1] ?? '', value })}
                        onClick={() => open(`${name} · ${heads[i + 1] ?? ''}`, { [by]: g.key, ...of })}
                      >
                        {value}
                      </button>
                    )}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

export function Figures() {
  const ask = useSignal<{ period: (typeof PERIODS)[number]; by: By; kind: (typeof KINDS)[number] }>({
    period: '30',
    by: 'agent',
    kind: 'random',
  });
  const got = useSignal<{ total: Sum; groups: Sum[]; capped: boolean; by: By } | null>(null);
  const failed = useSignal('');
  const drill = useSignal<{ title: string; of: Filter } | null>(null);
  const { period, by, kind } = ask.value;
  const from = period === '0' ? undefined : Math.floor(Date.now() / 60_000) * 60_000 - Number(period) * 86_400_000;
  const load = (): void => {
    figures({ from, by, kind })
      .then((x) => {
        got.value = { ...x, by };
        failed.value = '';
      })
      .catch((e: unknown) => (failed.value = asError(e).title || s('unreachable')));
  };
  useEffect(load, [ask.value, site.value?.key]);
  if (drill.value)
    return (
      <Work
        of={drill.value.of}
        title={drill.value.title}
        onBack={() => {
          drill.value = null;
          load();
        }}
      />
    );
  const open: Open = (title, f) => {
    drill.value = { title, of: { from, kind, ...f } };
  };
  const g = got.value;
  return (
    <section class="sheet" aria-label={w('viewFigures')}>
      <header class="sheet-head">
        <h2>{w('viewFigures')}</h2>
        <Choice
          label={w('period')}
          value={period}
          options={PERIODS}
          name={(v) => w(`period_${v}`)}
          onChange={(v) => (ask.value = { ...ask.value, period: v })}
        />
        <Choice
          label={w('groupBy')}
          value={by}
          options={BY}
          name={(v) => w(`by_${v}`)}
          onChange={(v) => (ask.value = { ...ask.value, by: v })}
        />
        <Choice
          label={w('sampleKind')}
          value={kind}
          options={KINDS}
          name={(v) => w(`kind_${v}`)}
          onChange={(v) => (ask.value = { ...ask.value, kind: v })}
        />
      </header>
      {failed.value && (
        <p class="empty" role="alert">
          {w('loadFailed', { why: failed.value })}{' '}
          <Button small onClick={load}>
            {k('retry')}
          </Button>
        </p>
      )}
      {g?.capped && <p class="dim">{w('capped')}</p>}
      {g && g.total.reviews === 0 && <p class="empty">{w('figNone')}</p>}
      {g && g.total.reviews > 0 && (
        <>
          <Tiles t={g.total} open={open} />
          <Table key={lang.value} by={g.by} groups={g.groups} open={open} />
        </>
      )}
    </section>
  );
}
