// The filters that few searches need: in a dialog, and as chips once they hold.
import { signal, useSignal } from '@preact/signals';
import { SlidersHorizontal, X } from 'lucide';
import { useEffect, useRef } from 'preact/hooks';
import { api, query } from '../core/api';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { Icon } from '../kit/Icon';
import { k } from '../kit/i18n';
import { ruleKey, ruleName, shippedRules } from '../kit/rules';
import { may, site } from '../kit/session';
import { question, queues, refine, type Question } from './find';
import { checkName, checks, loadChecks } from './findings';
import { f } from './findWords';
import { ends, rangeOf, rangeText, type RangeKey } from './range';
import { t } from './words';

const TEXTS = ['tag', 'rule'] as const;
/** Documents of the site, by key and name. */
const NAMED = ['check', 'scorecard'] as const;
type NamedKey = (typeof NAMED)[number];
const CHOICES = {
  state: ['open', 'closed'],
  closed_by: ['visitor', 'agent', 'bot', 'system'],
  form: ['yes', 'no'],
  reviewed: ['yes', 'no'],
} as const;
type ChoiceKey = keyof typeof CHOICES;
const RANGES: readonly RangeKey[] = ['wait', 'response', 'silence', 'lasted', 'score'];
const KEYS = ['queue', ...TEXTS, ...NAMED, 'state', 'closed_by', 'form', 'reviewed', ...RANGES] as const;
type Key = (typeof KEYS)[number];

/** Whose scores: what agents find by is theirs to be told of, not to look for. */
function allowed(key: Key): boolean {
  return !['reviewed', 'score', ...NAMED].includes(key) || may('supervisor', 'reviewer');
}

const cards = signal<readonly { key: string; name: string }[]>([]);

/** What there is to choose from; who may not, or cannot now, sees what was chosen by its key. */
async function loadNamed(): Promise<void> {
  if (!allowed('check')) return;
  try {
    if (checks.value.length === 0) await loadChecks();
    cards.value = (
      await api<{ items: { key: string; name: string }[] }>(`scorecards${query({ site: site.value?.key })}`)
    ).items;
  } catch {
    // Names are a comfort.
  }
}

/** Also one that there is no more, when it is the one that is chosen. */
function namedOptions(key: NamedKey): readonly (readonly [string, string])[] {
  const all =
    key === 'check'
      ? checks.value.map((x) => [x.key, checkName(x.key)] as const)
      : cards.value.map((x) => [x.key, x.name] as const);
  const now = question.value[key];
  return !now || all.some(([v]) => v === now) ? all : [...all, [now, now] as const];
}

function choiceName(key: ChoiceKey, value: string): string {
  return f(`${key}_${value}` as 'state_open');
}

function valueName(key: Key, value: string): string {
  if (key === 'queue') return queues.value.find((x) => x.key === value)?.name ?? value;
  if (key === 'check' || key === 'scorecard') return namedOptions(key).find(([v]) => v === value)?.[1] ?? value;
  if (key === 'rule') return ruleName(value);
  if (key in CHOICES) return choiceName(key as ChoiceKey, value);
  return (RANGES as readonly string[]).includes(key) ? rangeText(key as RangeKey, value) : value;
}

export function More() {
  const open = useSignal(false);
  const q = question.value;
  const asks = open.value || !!q.check || !!q.scorecard;
  useEffect(() => void (asks && loadNamed()), [asks, site.value?.key]);
  return (
    <>
      {KEYS.filter((key) => q[key]).map((key) => (
        <span key={key} class="chip on">
          <button type="button" class="chip-btn" onClick={() => (open.value = true)}>
            <span class="clip">{t('filterIs', { name: f(key), value: valueName(key, q[key]) })}</span>
          </button>
          <button
            type="button"
            class="chip-x"
            aria-label={t('filterDrop', { name: f(key) })}
            title={t('filterDrop', { name: f(key) })}
            onClick={() => refine({ [key]: '' })}
          >
            <Icon node={X} size={16} />
          </button>
        </span>
      ))}
      <span class="chip">
        <button type="button" class="chip-btn" aria-haspopup="dialog" onClick={() => (open.value = true)}>
          <Icon node={SlidersHorizontal} size={16} />
          <span>{f('more')}</span>
        </button>
      </span>
      {open.value && <MoreDialog onClose={() => (open.value = false)} />}
    </>
  );
}

function MoreDialog({ onClose }: { onClose: () => void }) {
  const form = useRef<HTMLFormElement>(null);
  const bad = useSignal<RangeKey | ''>('');
  const q = question.value;
  const done = (): void => {
    const data = new FormData(form.current!);
    const text = (name: string): string => String(data.get(name) ?? '').trim();
    const next: Partial<Question> = {};
    for (const key of KEYS) if (!(RANGES as readonly string[]).includes(key)) next[key] = text(key);
    for (const key of RANGES) {
      const made = rangeOf(key, text(`${key}-from`), text(`${key}-to`));
      if (made === null) {
        bad.value = key;
        form.current?.querySelector<HTMLElement>(`[name="${key}-from"]`)?.focus();
        return;
      }
      next[key] = made;
    }
    next.rule = ruleKey(text('rule'));
    refine(next);
    onClose();
  };
  return (
    <Dialog
      title={f('moreTitle')}
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
      <form
        ref={form}
        class="more-form"
        onSubmit={(ev) => {
          ev.preventDefault();
          done();
        }}
      >
        <label class="pick">
          <span>{f('queue')}</span>
          <select class="input" name="queue">
            <option value="">{t('any')}</option>
            {queues.value.map((x) => (
              <option key={x.key} value={x.key} selected={q.queue === x.key}>
                {x.name}
              </option>
            ))}
          </select>
        </label>
        {TEXTS.map((key) => (
          <label key={key} class="pick">
            <span>{f(key)}</span>
            <input
              class="input"
              type="text"
              name={key}
              defaultValue={q[key]}
              maxLength={64}
              autocomplete="off"
              {...(key === 'rule' ? { placeholder: f('ruleHint'), list: 'rules-there' } : {})}
            />
          </label>
        ))}
        <datalist id="rules-there">
          {shippedRules().map(([key, name]) => (
            <option key={key} value={key} label={name} />
          ))}
        </datalist>
        {NAMED.filter(allowed).map((key) => (
          <label key={key} class="pick">
            <span>{f(key)}</span>
            <select class="input" name={key}>
              <option value="">{t('any')}</option>
              {namedOptions(key).map(([v, name]) => (
                <option key={v} value={v} selected={q[key] === v}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        ))}
        {(Object.keys(CHOICES) as ChoiceKey[]).filter(allowed).map((key) => (
          <label key={key} class="pick">
            <span>{f(key)}</span>
            <select class="input" name={key}>
              <option value="">{t('any')}</option>
              {CHOICES[key].map((v) => (
                <option key={v} value={v} selected={q[key] === v}>
                  {choiceName(key, v)}
                </option>
              ))}
            </select>
          </label>
        ))}
        {RANGES.filter(allowed).map((key) => {
          const [from, to] = ends(key, q[key]);
          return (
            <fieldset key={key} class="more-range">
              <legend>{f(key)}</legend>
              {(['from', 'to'] as const).map((end) => (
                <input
                  key={end}
                  class="input num"
                  name={`${key}-${end}`}
                  inputMode="decimal"
                  defaultValue={end === 'from' ? from : to}
                  aria-label={f(end, { name: f(key) })}
                  placeholder={end === 'from' ? '≥' : '≤'}
                  autocomplete="off"
                  aria-invalid={bad.value === key ? 'true' : undefined}
                  {...(bad.value === key ? { 'aria-describedby': 'bad-range' } : {})}
                />
              ))}
              {bad.value === key && (
                <p id="bad-range" class="error" role="alert">
                  {f('badRange')}
                </p>
              )}
            </fieldset>
          );
        })}
        <p class="dim">{f('timesHint')}</p>
        <button type="submit" class="hidden" tabIndex={-1} aria-hidden="true" />
      </form>
    </Dialog>
  );
}
