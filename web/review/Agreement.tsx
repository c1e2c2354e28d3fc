// Calibration: what several reviewers made of the same conversations, once all are in, or whoever leads it has closed it.
import { useSignal } from '@preact/signals';
import { ArrowLeft } from 'lucide';
import { useEffect } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { api, query } from '../core/api';
import type { Staffer } from '../core/staff';
import { exactTime, listTime } from '../core/time';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { k, lang } from '../kit/i18n';
import { site } from '../kit/session';
import { s } from '../kit/staffWords';
import { toast } from '../kit/Toast';
import { Failed } from './Failed';
import { l } from './learnWords';
import { asError, points, share, why } from './quality';
import { w } from './qualityWords';

interface Agreed {
  waiting: number;
  may_close: boolean;
  reviewers: { person: Staffer; reviews: number; missing: number; score_sum: number; severity: number | null }[];
  conversations: {
    conversation: string;
    agent: Staffer;
    closed_at: number;
    spread: number;
    /** Who had not submitted it when it was closed: places among the reviewers. */
    missing: number[];
    scores: { review: string; reviewer: number; score: number; passed: boolean; fatal: boolean }[];
  }[];
  items: {
    key: string;
    name: string;
    rated: number;
    same: number;
    na: number;
    spread: number | null;
    spread_max: number;
    alpha: number | null;
  }[];
  passed: { alpha: number | null; pairs: { a: Staffer; b: Staffer; table: number[]; kappa: number | null }[] };
  score: { alpha: number | null };
}

const percent = (hundredths: number | null): string => (hundredths === null ? '–' : share(hundredths, 10_000));
const number = (v: number | null): string => (v === null ? '–' : v.toFixed(3));

/** How good it is, in words and not by colour alone. */
function Grade({ v }: { v: number | null }) {
  if (v === null) return <span class="badge">{l('gradeNone')}</span>;
  if (v >= 0.8) return <span class="badge ok">{l('gradeGood')}</span>;
  if (v >= 0.667) return <span class="badge warn">{l('gradeTentative')}</span>;
  return <span class="badge bad">{l('gradePoor')}</span>;
}

function Tile({ name, v, def }: { name: string; v: number | null; def: string }) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd class="num">
        {number(v)} <Grade v={v} />
      </dd>
      <dd class="hint">{def}</dd>
    </div>
  );
}

interface TableProps {
  title: string;
  note?: string;
  heads: readonly string[];
  children: ComponentChildren;
}

function Table({ title, note, heads, children }: TableProps) {
  return (
    <section class="compare-part">
      <h3>{title}</h3>
      {note && <p class="dim">{note}</p>}
      <div class="table-box" tabIndex={0} role="group" aria-label={title}>
        <table class="table">
          <thead>
            <tr>
              {heads.map((x) => (
                <th key={x} scope="col">
                  {x}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </div>
    </section>
  );
}

function severity(v: number | null): string {
  if (v === null) return '–';
  const n = points(Math.round(Math.abs(v)));
  if (Math.abs(v) < 50) return l('even');
  return v > 0 ? l('milder', { n }) : l('stricter', { n });
}

function Compared({ a, onOpen }: { a: Agreed; onOpen: (review: string) => void }) {
  const who = (i: number): string => a.reviewers[i]?.person.name ?? '';
  return (
    <>
      <dl class="tiles">
        <Tile name={l('alphaPassed')} v={a.passed.alpha} def={l('alphaDef')} />
        <Tile name={l('alphaScore')} v={a.score.alpha} def={l('alphaDef')} />
        {a.passed.pairs.length === 1 && <Tile name={l('kappa')} v={a.passed.pairs[0]!.kappa} def={l('kappaDef')} />}
      </dl>
      <Table
        title={l('compareItems')}
        note={l('compareItemsNote')}
        heads={[l('colItem'), l('colSame'), l('colSpread'), l('colSpreadMax'), l('alphaItem'), l('colNa')]}
      >
        {[...a.items]
          .sort((x, y) => (y.spread ?? -1) - (x.spread ?? -1))
          .map((x) => (
            <tr key={x.key}>
              <th scope="row">{x.name}</th>
              <td class="num">
                {x.same} / {x.rated}
              </td>
              <td class="num">
                {x.spread !== null && (
                  <meter
                    min={0}
                    max={10_000}
                    low={1_000}
                    high={2_500}
                    optimum={0}
                    value={x.spread}
                    aria-hidden="true"
                  />
                )}{' '}
                {percent(x.spread)}
              </td>
              <td class="num">{percent(x.rated ? x.spread_max : null)}</td>
              <td class="num">{number(x.alpha)}</td>
              <td class="num">{x.na}</td>
            </tr>
          ))}
      </Table>
      <Table
        title={l('compareReviewers')}
        heads={[w('reviewer'), l('colReviews'), l('colMissing'), l('colMean'), l('colSeverity')]}
      >
        {a.reviewers.map((x) => (
          <tr key={x.person.id}>
            <th scope="row">{x.person.name}</th>
            <td class="num">{x.reviews}</td>
            <td class="num">{x.missing ? <span class="badge warn">{x.missing}</span> : 0}</td>
            <td class="num">{x.reviews ? points(Math.round(x.score_sum / x.reviews)) : '–'}</td>
            <td class="num">{severity(x.severity)}</td>
          </tr>
        ))}
      </Table>
      {a.passed.pairs.length > 0 && (
        <Table
          title={l('comparePairs')}
          heads={[w('reviewer'), l('colBoth'), l('colFirst'), l('colSecond'), l('colNeither'), l('kappa')]}
        >
          {a.passed.pairs.map((x) => (
            <tr key={x.a.id + x.b.id}>
              <th scope="row">{l('pair', { a: x.a.name, b: x.b.name })}</th>
              {x.table.map((n, i) => (
                <td key={i} class="num">
                  {n}
                </td>
              ))}
              <td class="num">
                {number(x.kappa)} <Grade v={x.kappa} />
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Table title={l('compareTalks')} heads={[l('colTalk'), l('colRange'), ...a.reviewers.map((x) => x.person.name)]}>
        {[...a.conversations]
          .sort((x, y) => y.spread - x.spread)
          .map((x) => (
            <tr key={x.conversation}>
              <th scope="row">
                {x.agent.name}{' '}
                <time class="dim num" title={exactTime(x.closed_at, lang.value)}>
                  {listTime(x.closed_at, Date.now(), lang.value)}
                </time>
              </th>
              <td class="num">{points(x.spread)}</td>
              {a.reviewers.map((r, i) => {
                const got = x.scores.find((y) => y.reviewer === i);
                return (
                  <td key={r.person.id} class="num">
                    {got ? (
                      <button
                        type="button"
                        class="link"
                        aria-label={`${points(got.score)} · ${l('openReview', { name: who(i) })}`}
                        onClick={() => onOpen(got.review)}
                      >
                        {points(got.score)}
                        {got.fatal && ` · ${w('fatal')}`}
                      </button>
                    ) : x.missing.includes(i) ? (
                      <span class="dim">{w('state_missed')}</span>
                    ) : (
                      '–'
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
      </Table>
    </>
  );
}

/** Asked once more: what was not submitted is lost to the comparison. */
function Close({ sample, waiting, onDone }: { sample: string; waiting: number; onDone: () => void }) {
  const asking = useSignal(false);
  const busy = useSignal(false);
  const close = async (): Promise<void> => {
    busy.value = true;
    try {
      await api(`samples/${encodeURIComponent(sample)}/close${query({ site: site.value?.key })}`, { method: 'POST' });
      toast(l('closed'));
    } catch (e) {
      toast(asError(e).title || s('unreachable'), { bad: true });
    }
    busy.value = false;
    asking.value = false;
    onDone();
  };
  return (
    <>
      <Button small onClick={() => (asking.value = true)}>
        {l('close')}
      </Button>
      {asking.value && (
        <Dialog
          title={l('close')}
          onClose={() => (asking.value = false)}
          footer={
            <>
              <Button onClick={() => (asking.value = false)}>{k('cancel')}</Button>
              <Button kind="danger" disabled={busy.value} onClick={() => void close()}>
                {l('close')}
              </Button>
            </>
          }
        >
          <p>{l('closeAsk', { n: waiting })}</p>
        </Dialog>
      )}
    </>
  );
}

interface AgreementProps {
  sample: { id: string; name: string };
  onBack: () => void;
  onOpen: (review: string) => void;
}

export function Agreement({ sample, onBack, onOpen }: AgreementProps) {
  const got = useSignal<Agreed | null>(null);
  const failed = useSignal('');
  const load = async (): Promise<void> => {
    try {
      const path = `samples/${encodeURIComponent(sample.id)}/agreement${query({ site: site.value?.key })}`;
      got.value = await api<Agreed>(path);
      failed.value = '';
    } catch (e) {
      failed.value = why(e);
    }
  };
  useEffect(() => void load(), [sample.id]);
  const title = l('compareOf', { name: sample.name });
  const a = got.value;
  return (
    <section class="sheet compare" aria-label={title}>
      <header class="sheet-head">
        <Button small icon={ArrowLeft} onClick={onBack} autofocus>
          {w('back')}
        </Button>
        <h2>{title}</h2>
      </header>
      <Failed why={failed.value} retry={() => void load()} />
      {a && a.waiting > 0 && (
        <div class="compare-waiting">
          <p role="status">{l('compareWaiting', { n: a.waiting })}</p>
          {a.may_close && <Close sample={sample.id} waiting={a.waiting} onDone={() => void load()} />}
        </div>
      )}
      {a && a.waiting === 0 && a.conversations.length === 0 && <p class="empty">{l('compareNone')}</p>}
      {a && a.conversations.length > 0 && <Compared key={lang.value} a={a} onOpen={onOpen} />}
    </section>
  );
}
