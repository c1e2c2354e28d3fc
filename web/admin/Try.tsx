// Try.tsx: a sample situation: which rule answers, which articles are near, and why not the others. What is in the form counts, saved or not.
import { useSignal } from '@preact/signals';
import { Play } from 'lucide';
import { useRef } from 'preact/hooks';
import { api, ApiError } from '../core/api';
import { LANGUAGE_NAMES, LANGUAGES, langOf } from '../core/i18n';
import { Button } from '../kit/Button';
import { Area, Field } from '../kit/Field';
import { lang } from '../kit/i18n';
import { site } from '../kit/session';
import { articleTitle } from './Answers';
import { docOf, isDirty, openDraft, type Draft, type Kind } from './docs';
import { type Option } from './fields';
import { EVENTS, options, queueOptions } from './Rule';
import { ruleName } from '../kit/rules';
import { t, wordOf } from './words';

interface Hit {
  article: string;
  title: string;
  language: string;
  score: number;
}

interface Verdict {
  rule: string;
  event: string;
  verdict: 'fires' | 'held' | 'silent';
  /** What held it back, or which condition does not hold. */
  why?: string;
  text?: string | null;
  threshold?: number;
  bot?: string;
  articles?: Hit[];
}

interface Tried {
  open: boolean;
  language: string;
  bot: string | null;
  rules: Verdict[];
  thanks: string | null;
  articles: Hit[];
}

/** Suggestions in one message. */
const HITS = 3;
/** What a new one is called while it has no key. */
const NAMELESS = 'new-one';

/** How whoever fills in the form that is tried can be reached. */
const REACHED = '13800138000';

const keyOf = (d: Draft): string => d.key.value || NAMELESS;
const botName = (key: string): string => String(docOf('bot', key)?.body['name'] ?? key);

function whyNot(r: Verdict): string {
  if (r.why === 'event') return t('notEvent', { event: wordOf('event', r.event) });
  if (r.why === 'off') return t('notOff');
  if (r.why === 'articles') return t('notArticles', { n: r.threshold ?? 0 });
  if (r.why === 'unless') return t('notUnless');
  return t('notWhen', { what: wordOf('c', r.why ?? '') });
}

/** `at`: the key of what is open beside it, '' a new one, null nothing. */
export function TryIt({ kind, at }: { kind: Kind; at: string | null }) {
  const result = useSignal<Tried | null>(null);
  const mine = useSignal('');
  const failed = useSignal('');
  const busy = useSignal(false);
  const text = useRef<HTMLTextAreaElement>(null);
  const waited = useRef<HTMLInputElement>(null);
  const event = useSignal('message');
  const language = useSignal<string>(lang.value);
  const queue = useSignal('');
  const staffed = useSignal(true);
  const open = useSignal(true);
  const served = useSignal(false);
  const form = useSignal(false);
  const dirty = at !== null && isDirty(kind, at);
  const run = async (): Promise<void> => {
    const draft = at === null || !dirty ? undefined : openDraft(kind, at);
    const said = text.current?.value ?? '';
    busy.value = true;
    failed.value = '';
    try {
      result.value = await api<Tried>(`sites/${encodeURIComponent(site.value?.key ?? '')}/try`, {
        method: 'POST',
        body: {
          event: event.value,
          ...(form.value ? { form: { phone: REACHED, text: said } } : { text: said }),
          locale: language.value,
          ...(queue.value ? { queue: queue.value } : {}),
          staffed: staffed.value,
          open: open.value,
          served: served.value,
          wait_ms: Math.round(Number(waited.current?.value || 0) * 1000),
          ...(draft ? { documents: [{ kind, key: keyOf(draft), body: draft.body.value }] } : {}),
        },
      });
      mine.value = kind === 'rule' ? (draft ? keyOf(draft) : (at ?? '')) : '';
      if (draft) draft.errors.value = {};
    } catch (e) {
      result.value = null;
      if (draft && e instanceof ApiError && e.status === 400) await draft.explain(e);
      failed.value = e instanceof ApiError ? e.title || String(e.status) : String(e);
    } finally {
      busy.value = false;
    }
  };
  return (
    <section class="try" aria-label={t('tryTitle')}>
      <h3>{t('tryTitle')}</h3>
      <p class="hint">{dirty ? t('tryUnsaved') : kind === 'article' ? t('tryArticleHint') : t('tryHint')}</p>
      <Area label={t('tryText')} inputRef={text} rows={2} defaultValue={t('trySample')} />
      <div class="grid">
        <Pick label={t('f_rule_event')} at={event} options={options(EVENTS, 'event')} />
        <Pick
          label={t('tryLanguage')}
          at={language}
          options={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
        />
        <Pick label={t('tryQueue')} at={queue} options={[{ value: '', label: t('any') }, ...queueOptions()]} />
        <Field label={t('tryElapsed')} inputRef={waited} inputMode="numeric" defaultValue="30" />
      </div>
      <div class="chips">
        <Tick at={staffed} label={t('c_staffed')} />
        <Tick at={open} label={t('c_open')} />
        <Tick at={served} label={t('tryServed')} />
        <Tick at={form} label={t('tryForm')} />
      </div>
      <Button kind="primary" small icon={Play} disabled={busy.value} onClick={() => void run()}>
        {dirty ? t('tryRunUnsaved') : t('tryRun')}
      </Button>
      <div role="status" class="tried">
        {failed.value && <p class="error">{t('tryFailed', { why: failed.value })}</p>}
        {result.value && <Outcome of={result.value} mine={mine.value} />}
      </div>
    </section>
  );
}

function Outcome({ of, mine }: { of: Tried; mine: string }) {
  const fires = of.rules.filter((r) => r.verdict === 'fires');
  const held = of.rules.filter((r) => r.verdict === 'held');
  const open = of.rules.find((r) => r.rule === mine && r.verdict === 'silent');
  const others = of.rules.filter((r) => r.verdict === 'silent' && r !== open);
  return (
    <>
      {of.bot && <p>{t('tryBot', { name: botName(of.bot) })}</p>}
      {fires.length === 0 && !of.thanks && <p>{t('tryNothing')}</p>}
      {of.thanks && (
        <div class="tried-one fires">
          <b>{t('w_form_thanks')}</b>
          <p class="tried-says" dir="auto" lang={of.language}>
            {of.thanks}
          </p>
        </div>
      )}
      {[...fires, ...held].map((r) => (
        <One key={r.rule} of={r} language={of.language} mine={r.rule === mine} />
      ))}
      {open && (
        <div class="tried-one">
          <b class="tried-mine">{nameOf(open)}</b>
          <span class="mark">{t('tryMine')}</span>
          <p class="tried-says">{whyNot(open)}</p>
        </div>
      )}
      <Near of={of} />
      {others.length > 0 && (
        <details>
          <summary>{t('tryOthers', { n: others.length })}</summary>
          <dl>
            {others.map((r) => (
              <div key={r.rule}>
                <dt>{nameOf(r)}</dt>
                <dd>{whyNot(r)}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </>
  );
}

const nameOf = (r: Verdict): string => (r.rule === NAMELESS ? t('newOne') : ruleName(r.rule));

function One({ of: r, language, mine }: { of: Verdict; language: string; mine: boolean }) {
  return (
    <div class={`tried-one ${r.verdict}`}>
      <b class={mine ? 'tried-mine' : ''}>{nameOf(r)}</b>
      <span class="mark">
        {r.verdict === 'fires' ? t(r.why ? 'tryMute' : 'tryFires') : t('tryHeld', { why: wordOf('held', r.why ?? '') })}
      </span>
      {mine && <span class="mark">{t('tryMine')}</span>}
      {r.text && (
        <p class="tried-says" dir="auto" lang={language}>
          {r.text}
        </p>
      )}
      {r.verdict === 'fires' && r.bot && <p class="tried-says">{t('tryToBot', { name: botName(r.bot) })}</p>}
    </div>
  );
}

/** The articles that are near, each with its score beside what the rules ask for. */
function Near({ of }: { of: Tried }) {
  const asked = of.rules.filter((r) => r.threshold !== undefined && r.why !== 'off').map((r) => r.threshold ?? 0);
  const bar = asked.length ? Math.min(...asked) : null;
  const offered = new Set(of.rules.flatMap((r) => (r.articles ?? []).map((h) => h.article)));
  const why = (h: Hit, i: number): string => {
    if (offered.has(h.article)) return t('nearOffered');
    if (bar === null) return t('nearNoRule');
    if (h.score < bar) return t('nearBelow', { n: bar });
    return offered.size >= HITS && i >= HITS ? t('nearTooMany', { n: HITS }) : t('nearNotNow');
  };
  if (of.articles.length === 0) return <p class="dim">{t('nearNone')}</p>;
  return (
    <div>
      <h4>{t('nearTitle')}</h4>
      <ul class="near">
        {of.articles.map((h, i) => (
          <li key={h.article} class={offered.has(h.article) ? 'offered' : ''}>
            <span class="clip" lang={langOf(h.title)}>
              {h.title || articleTitle(docOf('article', h.article)?.body ?? {})}
            </span>
            <span class="score" aria-hidden="true">
              <span style={{ width: `${h.score}%` }} />
              {bar !== null && <i style={{ insetInlineStart: `${bar}%` }} />}
            </span>
            <b class="num">{h.score}</b>
            <small>{why(h, i)}</small>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Pick({ label, at, options: all }: { label: string; at: { value: string }; options: Option[] }) {
  return (
    <label class="field">
      <span class="field-label">{label}</span>
      <select class="input" onChange={(ev) => (at.value = ev.currentTarget.value)}>
        {all.map((o) => (
          <option key={o.value} value={o.value} selected={o.value === at.value}>
            {o.label}
          </option>
        ))}
      </select>
    </label>
  );
}

function Tick({ label, at }: { label: string; at: { value: boolean } }) {
  return (
    <label class={at.value ? 'chip on' : 'chip'}>
      <input type="checkbox" checked={at.value} onChange={(ev) => (at.value = ev.currentTarget.checked)} />
      {label}
    </label>
  );
}
