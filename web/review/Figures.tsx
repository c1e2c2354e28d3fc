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

function Tile({ name, value, hint, onOpen }: { name: string; value: string; hint?: string; onOpen?: () => void }) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd class="num">
        {value}
        {onOpen && (
          <Button small kind="quiet" onClick={onOpen}>
            {w('showReviews')} <span class="hidden">{name}</span>
          </Button>
        )}
      </dd>
      {hint && <dd class="dim hint">{hint}</dd>}
    </div>
  );
}

function Tiles({ t, open }: { t: Sum; open: (title: string, f: Filter) => void }) {
  const n = t.reviews;
  return (
    <dl class="tiles">
      <Tile name={w('figReviews')} value={String(n)} onOpen={() => open(w('figReviews'), {})} />
      <Tile name={w('figMean')} value={mean(t.score_sum, n)} hint={w('defMean')} />
      <Tile name={w('figPlain')} value={mean(t.plain_sum, n)} hint={w('defPlain')} />
      <Tile
        name={w('figFatalFree')}
        value={share(t.fatal_free, n)}
        hint={w('defFatalFree')}
        {...(n > t.fatal_free ? { onOpen: () => open(w('fatal'), { fatal: 1 }) } : {})}
      />
      <Tile name={w('figPassed')} value={share(t.passed, n)} hint={w('defPassed')} />
      <Tile
        name={w('figAppeal')}
        value={share(t.appealed, n)}
        hint={w('defAppeal')}
        {...(t.appealed ? { onOpen: () => open(w('viewAppeals'), { appealed: 1 }) } : {})}
      />
      <Tile
        name={w('figOverturn')}
        value={share(t.overturned, t.decided)}
        hint={w('defOverturn')}
        {...(t.overturned ? { onOpen: () => open(w('figOverturn'), { overturned: 1 }) } : {})}
      />
      <Tile
        name={w('figTurnaround')}
        value={t.decided ? duration(t.turnaround_ms_sum / t.decided) : '–'}
        hint={w('defTurnaround')}
      />
    </dl>
  );
}

function nameOf(by: By, g: Sum): string {
  if (by === 'agent' || by === 'reviewer') return g.person?.name || personName(g.key ?? '') || (g.key ?? '');
  return by === 'item' ? g.name || (g.key ?? '') : (g.key ?? '');
}

function Table({ by, groups, open }: { by: By; groups: Sum[]; open: (title: string, f: Filter) => void }) {
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
            const cells = item
              ? [String(g.rated ?? 0), String(g.failed ?? 0), share(g.failed ?? 0, g.rated ?? 0)]
              : [
                  String(g.reviews),
                  mean(g.score_sum, g.reviews),
                  points(g.median),
                  mean(g.plain_sum, g.reviews),
                  share(g.fatal_free, g.reviews),
                  share(g.passed, g.reviews),
                  share(g.appealed, g.reviews),
                  share(g.overturned, g.decided),
                ];
            return (
              <tr key={g.key}>
                <th scope="row">
                  {item && !g.failed ? (
                    name
                  ) : (
                    <button
                      type="button"
                      class="link"
                      title={w('showOf', { name })}
                      onClick={() => open(name, { [by]: g.key })}
                    >
                      {name}
                    </button>
                  )}
                </th>
                {cells.map((c, i) => (
                  <td key={i} class="num">
                    {c}
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
  const open = (title: string, f: Filter): void => {
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
