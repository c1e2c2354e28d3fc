// The review that is open: to be scored, appealed against, decided, or read, whatever the server says one may.
import './quality.css';
import { useComputed, useSignal } from '@preact/signals';
import { BookmarkPlus, CornerDownRight, MessageSquarePlus } from 'lucide';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { composing } from '../core/keys';
import type { Staffer } from '../core/staff';
import { clockTime, exactTime } from '../core/time';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { Area } from '../kit/Field';
import { lineOf } from '../kit/names';
import { Icon } from '../kit/Icon';
import { k, lang } from '../kit/i18n';
import { may } from '../kit/session';
import { s } from '../kit/staffWords';
import { toast } from '../kit/Toast';
import { findings, type Finding } from './findings';
import { examplesOf, ItemCases, loadExamples } from './cases';
import { w as c } from './checkWords';
import { answerWith, decide, isOwn, Proposals } from './Proposals';
import { AnswerInput, answerKey, answerWords, Sheet } from './Answers';
import { draftOf, forgetDraft, goesOn, keepDraft, openDraft, sayLost, withLast } from './drafts';
import { at, transcript } from './find';
import { Keep } from './Keep';
import { l } from './learnWords';
import { MentionArea, Mentioning } from './Mention';
import { goal } from './told';
import {
  act,
  type Answer,
  asError,
  type Card,
  type Comment,
  type Contents,
  eager,
  type Item,
  items,
  missing,
  points,
  postComment,
  readReview,
  sameContents,
  type Review,
  reread,
  unjudged,
} from './quality';
import { w } from './qualityWords';

const SAVE_MS = 400;
const AGAIN_MS = 2000;
/** What appears because it was asked for takes the keys. */
const focus = (el: HTMLElement | null): void => el?.focus();

interface PanelProps {
  review: Review;
  /** It was submitted or decided: what comes next. */
  onDone: () => void;
  /** The next message of the talk, or the one before. */
  onStep?: (by: 1 | -1) => void;
  /** The next review of the list, or the one before. */
  onTurn?: (by: 1 | -1) => void;
}

/* ---- head ---- */

function Score({ r, score, fatal, plain }: { r: Review; score?: number; fatal?: boolean; plain?: number }) {
  if (score === undefined) return null;
  return (
    <p class="panel-score">
      <b class="num">{points(score)}</b>
      {fatal ? (
        <span class="badge bad">{w('fatal')}</span>
      ) : (
        <span class={score >= 100 * (r.card.pass ?? 85) ? 'badge ok' : 'badge warn'}>
          {score >= 100 * (r.card.pass ?? 85) ? w('passed') : w('notPassed')}
        </span>
      )}
      {fatal && plain !== undefined && <span class="dim num">{w('scorePlain', { score: points(plain) })}</span>}
      {r.first_score !== undefined && r.first_score !== score && (
        <span class="dim num">{w('wasScore', { score: points(r.first_score) })}</span>
      )}
    </p>
  );
}

function Head({ r }: { r: Review }) {
  const name = r.scorecard.version
    ? w('cardIs', { name: r.card.name, version: r.scorecard.version })
    : w('cardShipped', { name: r.card.name });
  return (
    <header class="panel-head">
      <h2>{name}</h2>
      <p class="dim">
        {w('agent')} {r.agent.name} · {w('reviewer')} {r.reviewer.name}
        {r.decider && ` · ${w('decider')} ${r.decider.name}`} · {w(`kind_${r.sample.kind}`)} · {w(`state_${r.state}`)}
        {r.outcome && r.outcome !== 'none' && ` · ${w(`outcome_${r.outcome}`)}`}
      </p>
    </header>
  );
}

/* ---- comments ---- */

function CommentDialog({ r, seq, parent, onClose }: { r: Review; seq?: number; parent?: string; onClose: () => void }) {
  const text = useRef('');
  const named = useRef<readonly Staffer[]>([]);
  const busy = useSignal(false);
  const error = useSignal('');
  const send = async (): Promise<void> => {
    const words = text.current.trim();
    if (busy.value) return;
    if (!words) {
      error.value = w('textNeeded');
      return;
    }
    busy.value = true;
    const mentions = named.current.map((x) => x.id);
    try {
      await postComment(r.id, words, {
        ...(seq ? { seq } : {}),
        ...(parent ? { parent } : {}),
        ...(mentions.length > 0 ? { mentions } : {}),
      });
      onClose();
    } catch (e) {
      error.value = asError(e).title || k('retry');
    }
    busy.value = false;
  };
  return (
    <Dialog
      title={parent ? w('commentReply') : seq ? w('commentAt') : w('comment')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{k('cancel')}</Button>
          <Button kind="primary" disabled={busy.value} onClick={() => void send()}>
            {w('commentSend')}
          </Button>
        </>
      }
    >
      {seq && <Quote seq={seq} />}
      <MentionArea
        label={w('commentText')}
        people={r.readers}
        error={error.value || undefined}
        onText={(words, who) => {
          text.current = words;
          named.current = who;
          error.value = '';
        }}
        onSend={() => void send()}
      />
    </Dialog>
  );
}

/** The line that a comment is about. */
function Quote({ seq }: { seq: number }) {
  const m = transcript.value?.messages.find((x) => x.seq === seq);
  return (
    <button type="button" class="quote" onClick={() => (at.value = seq)}>
      <span class="dim num">{w('onMessage', { seq })}</span> <span dir="auto">{lineOf(m)}</span>
    </button>
  );
}

function OneComment({ c, r, onReply }: { c: Comment; r: Review; onReply: (id: string) => void }) {
  return (
    <li class={c.parent ? 'comment reply' : 'comment'} data-comment={c.id} tabIndex={-1}>
      {c.seq && <Quote seq={c.seq} />}
      <p>
        {c.parent && <Icon node={CornerDownRight} size={16} />} <b>{c.by.name}</b>{' '}
        <time class="dim num" dateTime={new Date(c.at).toISOString()}>
          {exactTime(c.at, lang.value)}
        </time>
      </p>
      <p dir="auto">
        <Mentioning text={c.text} mentions={c.mentions} />
      </p>
      {r.may.comment && !c.parent && (
        <Button small kind="quiet" onClick={() => onReply(c.id)}>
          {w('commentReply')}
        </Button>
      )}
    </li>
  );
}

function Comments({ r, reply }: { r: Review; reply: (parent: string) => void }) {
  const threads = r.comments.filter((c) => !c.parent);
  const list = useRef<HTMLElement>(null);
  // Whoever was named in one is led to it, and to the message that it is about once that is there.
  const to = goal.value?.review === r.id ? goal.value : null;
  const found = to && r.comments.find((c) => c.id === to.id);
  const seq = (found?.seq ?? r.comments.find((c) => c.id === found?.parent)?.seq) || 0;
  useEffect(() => {
    const el = to && list.current?.querySelector<HTMLElement>(`[data-comment="${to.id}"]`);
    el?.scrollIntoView({ block: 'center' });
    el?.focus();
    if (to && !seq) goal.value = null;
  }, [r.id, to]);
  const here = transcript.value?.conversation.id === r.conversation;
  useEffect(() => {
    if (!to || !seq || !here) return;
    at.value = seq;
    goal.value = null;
  }, [here, to]);
  return (
    <section ref={list} class="card-section" aria-label={w('comments')}>
      <h3>{w('comments')}</h3>
      {threads.length === 0 && <p class="dim">{w('commentNone')}</p>}
      <ul>
        {threads
          .flatMap((c) => [c, ...r.comments.filter((x) => x.parent === c.id)])
          .map((c) => (
            <OneComment key={c.id} c={c} r={r} onReply={reply} />
          ))}
      </ul>
    </section>
  );
}

/* ---- scoring ---- */

function ItemForm({ item, contents, set }: { item: Item; contents: Contents; set: (c: Contents) => void }) {
  const noting = useSignal(false);
  const learning = useSignal(false);
  const note = contents.notes?.[item.key] ?? '';
  const answer = (a: Answer | undefined): void => {
    const { [item.key]: _, ...rest } = contents.answers ?? {};
    set({ ...contents, answers: a ? { ...rest, [item.key]: a } : rest });
  };
  const proposed = item.check ? findings.value.filter((f) => f.check === item.check && isOwn(f)) : [];
  const take = async (f: Finding): Promise<void> => {
    if (await decide(f, 'taken')) answer(answerWith(item, contents.answers?.[item.key]));
  };
  return (
    <li
      class="card-item form"
      data-item={item.key}
      onKeyDown={(ev) => {
        const el = ev.target as HTMLElement;
        if (composing(ev) || el.tagName === 'TEXTAREA') return;
        const next = proposed.find((f) => f.state === 'open');
        if (next && (ev.key === 'y' || ev.key === 'd') && !ev.ctrlKey && !ev.metaKey && !ev.altKey) {
          ev.preventDefault();
          void (ev.key === 'y' ? take(next) : decide(next, 'dismissed'));
        } else if (ev.key === 'e' && examplesOf(item.key).length && !ev.ctrlKey && !ev.metaKey && !ev.altKey) {
          ev.preventDefault();
          learning.value = true;
        } else if (ev.key === 'n' && !ev.ctrlKey && !ev.metaKey && !ev.altKey) {
          ev.preventDefault();
          noting.value = true;
          ev.currentTarget.querySelector('textarea')?.focus();
        } else if (answerKey(ev, item, answer)) {
          const at = item.type === 'yesno' && /^[01]$/.test(ev.key) ? 1 - Number(ev.key) : Number(ev.key);
          const radios = ev.currentTarget.querySelectorAll<HTMLInputElement>('input[type=radio]');
          (ev.key === 'x' ? radios[radios.length - 1] : radios[at])?.focus();
        }
      }}
    >
      <span class="item-name" id={`a-${item.key}-name`}>
        {item.name}
      </span>
      {item.type !== 'fatal' && item.points !== undefined && (
        <span class="dim num item-points">{w('points', { n: item.points })}</span>
      )}
      <AnswerInput item={item} answer={contents.answers?.[item.key]} onAnswer={answer} />
      <Proposals keys of={proposed} onTake={(f) => void take(f)} />
      {(item.rule || item.examples?.length) && (
        <div class="item-rule">
          <p>{item.rule}</p>
          {item.examples?.map((x) => (
            <p key={x} class="dim">
              {x}
            </p>
          ))}
        </div>
      )}
      <div class="item-more">
        <ItemCases item={item.key} name={item.name} open={learning} />
        {noting.value || note ? (
          <Area
            label={w('noteOf', { name: item.name })}
            bare
            rows={2}
            maxLength={2000}
            placeholder={w('note')}
            defaultValue={note}
            inputRef={noting.value ? focus : null}
            onInput={(ev) => set({ ...contents, notes: { ...contents.notes, [item.key]: ev.currentTarget.value } })}
          />
        ) : (
          <button type="button" class="link" tabIndex={-1} onClick={() => (noting.value = true)}>
            {w('note')}
          </button>
        )}
      </div>
    </li>
  );
}

interface CardFormProps {
  card: Card;
  contents: Contents;
  set: (c: Contents) => void;
}

/** The items of a scorecard, to be answered: also what its editor shows. */
export function CardForm({ card, contents, set }: CardFormProps) {
  return (
    <>
      {card.sections.map((s) => (
        <section key={s.key} class="card-section" aria-label={s.name}>
          <h3>
            {s.name} <span class="dim num">{w('weight', { n: s.weight })}</span>
          </h3>
          <ul>
            {s.items.map((i) => (
              <ItemForm key={i.key} item={i} contents={contents} set={set} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

/** What was found and belongs to no item of the card, or to somebody else who has served the visitor. */
function Others({ card }: { card: Review['card'] }) {
  const known = new Set(items(card).map((i) => i.check));
  const rest = findings.value.filter((f) => !known.has(f.check) || !isOwn(f));
  if (rest.length === 0) return null;
  return (
    <section class="card-section" aria-label={c('others')}>
      <h3>{c('others')}</h3>
      <Proposals of={rest} onTake={(f) => void decide(f, 'taken')} />
    </section>
  );
}

interface ScoringProps extends PanelProps {
  comment: () => void;
  /** The item that has the focus, if one has. */
  keep: (item?: string) => void;
}

function Scoring({ review: r, onDone, onStep, onTurn, comment, keep }: ScoringProps) {
  // What did not get to the server the last time stands there again.
  const draft = useMemo(() => draftOf(r.id), []);
  const own = draft && goesOn(draft, r.revision, r.contents) ? draft : undefined;
  const contents = useSignal<Contents>(own?.contents ?? r.contents);
  const revision = useRef(r.revision);
  const sum = useSignal<{ score?: number; fatal?: boolean; plain?: number }>({});
  const said = useSignal('');
  const error = useSignal('');
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const running = useRef<Promise<void>>(Promise.resolve());
  const form = useRef<HTMLDivElement>(null);
  const dirty = useRef(false);
  const gone = useRef(false);

  // What was sent when the line broke: whether any of it got there is not known.
  const unsure = useRef<Contents[]>([...(own?.sent ?? [])]);

  /** Somebody else has changed it, or has given it to others: what became of it is said. */
  const conflict = async (): Promise<void> => {
    if (gone.current) return; // what is left over is looked at again
    dirty.current = false;
    unsure.current = [];
    forgetDraft(r.id);
    const now = await readReview(r.id).catch(asError);
    const state = now instanceof Error ? (now.status === 404 ? undefined : r.state) : now.state;
    // Another one may have been opened meanwhile: that is left alone.
    const here = !gone.current;
    if (here) await reread();
    // The page itself says that it is gone: in its place, if there is room for that, or above it.
    const told = state === 'missed' || (!state && matchMedia('(min-width: 768px)').matches);
    if (!here || !told) sayLost(state);
  };
  /** It is our own draft that has got there before: then nobody else has changed anything, and it goes on from there. */
  const isOwn = async (): Promise<boolean> => {
    if (!unsure.current.length) return false;
    const now = await readReview(r.id);
    if (!unsure.current.some((sent) => sameContents(now.contents, sent))) return false;
    revision.current = now.revision;
    return true;
  };
  const again = (): void => {
    clearTimeout(timer.current);
    if (!gone.current) timer.current = setTimeout(() => void save(), AGAIN_MS);
  };
  const sendDraft = async (): Promise<void> => {
    const sent = contents.value;
    said.value = w('saving');
    unsure.current = withLast(unsure.current, sent);
    keepDraft(r.id, revision.current, sent, unsure.current);
    try {
      const done = await act(r.id, 'draft', { revision: revision.current, contents: sent });
      revision.current = done.revision;
      unsure.current = [];
      if (!gone.current && contents.value === sent) forgetDraft(r.id);
      else if (!gone.current) keepDraft(r.id, revision.current, contents.value, []);
      sum.value = done;
      said.value = w('saved', { time: clockTime(Date.now()) });
    } catch (e) {
      const why = asError(e);
      dirty.current = true;
      // Where the question is not answered either, nobody knows yet.
      if (why.status === 404 || (why.status === 409 && (await isOwn().catch(() => undefined)) === false)) {
        await conflict();
        return;
      }
      if (why.status && why.status !== 409) unsure.current.pop(); // it said no
      if (why.status !== 409) said.value = w('saveFailed', { why: why.title || s('unreachable') });
      if (!why.status || why.status === 409 || why.status === 429 || why.status >= 500) again();
    }
  };
  /** One after the other: each names the revision that the one before has made. */
  const save = (): Promise<void> => {
    clearTimeout(timer.current);
    if (!dirty.current) return running.current;
    dirty.current = false;
    running.current = running.current.then(sendDraft);
    return running.current;
  };
  const set = (c: Contents): void => {
    contents.value = c;
    dirty.current = true;
    keepDraft(r.id, revision.current, c, unsure.current);
    error.value = '';
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void save(), SAVE_MS);
  };
  const submit = async (): Promise<void> => {
    const left = missing(r.card, contents.value);
    if (left[0]) {
      error.value = w('missing', { n: left.length });
      form.current?.querySelector<HTMLElement>(`[data-item="${left[0].key}"] input`)?.focus();
      return;
    }
    if (unjudged(r.card, contents.value)) {
      error.value = w('unjudged');
      return;
    }
    await save();
    try {
      const done = await act(r.id, 'submit', { revision: revision.current, contents: contents.value });
      dirty.current = false;
      forgetDraft(r.id);
      toast(w('submitted', { score: points(done.score) }));
      onDone();
    } catch (e) {
      const why = asError(e);
      if (why.status === 409 || why.status === 404) await conflict();
      else error.value = why.title || k('retry');
    }
  };
  useEffect(() => {
    void loadExamples();
    if (eager.peek()) form.current?.querySelector<HTMLElement>('[data-item] input')?.focus();
    eager.value = false;
    const close = openDraft(r.id);
    if (own && !sameContents(own.contents, r.contents)) set(own.contents);
    else if (own) forgetDraft(r.id);
    else if (draft) void conflict();
    return () => {
      clearTimeout(timer.current);
      gone.current = true;
      void running.current.then(close);
    };
  }, [r.id]);

  const onKey = (ev: KeyboardEvent): void => {
    if (composing(ev) || ev.defaultPrevented) return;
    const text = (ev.target as HTMLElement).tagName === 'TEXTAREA';
    if (ev.key === 'Enter' && (ev.ctrlKey || ev.metaKey)) void submit();
    else if (text || ev.ctrlKey || ev.metaKey || ev.altKey) return;
    else if (ev.key === 'j' || ev.key === 'k') onStep?.(ev.key === 'j' ? 1 : -1);
    else if (ev.key === 'J' || ev.key === 'K') onTurn?.(ev.key === 'J' ? 1 : -1);
    else if (ev.key === 'c') comment();
    else if (ev.key === 'm') keep((ev.target as HTMLElement).closest<HTMLElement>('[data-item]')?.dataset['item']);
    else return;
    ev.preventDefault();
  };
  return (
    <div ref={form} onKeyDown={onKey}>
      <CardForm card={r.card} contents={contents.value} set={set} />
      <Others card={r.card} />
      <Area
        label={w('summary')}
        rows={3}
        maxLength={2000}
        defaultValue={contents.peek().summary ?? ''}
        onInput={(ev) => set({ ...contents.value, summary: ev.currentTarget.value })}
      />
      <footer class="panel-foot">
        {unjudged(r.card, contents.value) ? (
          <p class="panel-score">
            <b>—</b> {!error.value && <span class="dim">{w('unjudged')}</span>}
          </p>
        ) : (
          <Score r={r} {...sum.value} />
        )}
        <p class="dim num" role="status">
          {said.value}
        </p>
        {error.value && (
          <p class="error" role="alert">
            {error.value}
          </p>
        )}
        <Button kind="primary" onClick={() => void submit()}>
          {w('submit')} <kbd aria-hidden="true">Ctrl ⏎</kbd>
        </Button>
      </footer>
    </div>
  );
}

/* ---- appeal ---- */

function Appealing({ review: r, onDone }: PanelProps) {
  const chosen = useSignal<readonly string[]>([]);
  const texts = useRef<Record<string, string>>({});
  const error = useSignal('');
  const send = async (name: 'acknowledge' | 'appeal'): Promise<void> => {
    const said = chosen.value.map((item) => ({ item, text: (texts.current[item] ?? '').trim() }));
    if (name === 'appeal' && said.some((x) => !x.text)) {
      error.value = w('textNeeded');
      return;
    }
    try {
      await act(r.id, name, { revision: r.revision, ...(name === 'appeal' ? { items: said } : {}) });
      toast(name === 'appeal' ? w('appealSent') : w('acknowledged'));
      await reread();
      onDone();
    } catch (e) {
      error.value = asError(e).title || k('retry');
    }
  };
  const toggle = (key: string): void => {
    chosen.value = chosen.value.includes(key) ? chosen.value.filter((x) => x !== key) : [...chosen.value, key];
  };
  return (
    <>
      <Sheet
        card={r.card}
        contents={r.contents}
        lines={r.lines}
        after={(i) =>
          r.may.appeal && r.lines[i.key]?.failed ? (
            <div class="item-appeal">
              <label>
                <input type="checkbox" checked={chosen.value.includes(i.key)} onChange={() => toggle(i.key)} />{' '}
                {w('appealItem')}
              </label>
              {chosen.value.includes(i.key) && (
                <Area
                  label={`${i.name} · ${w('appealText')}`}
                  bare
                  rows={2}
                  maxLength={2000}
                  placeholder={w('appealText')}
                  inputRef={focus}
                  onInput={(ev) => (texts.current[i.key] = ev.currentTarget.value)}
                />
              )}
            </div>
          ) : null
        }
      />
      <footer class="panel-foot">
        {r.appeal_until && (
          <p class="dim">
            {r.may.appeal ? w('appealUntil', { time: exactTime(r.appeal_until, lang.value) }) : w('appealOver')}
          </p>
        )}
        {error.value && (
          <p class="error" role="alert">
            {error.value}
          </p>
        )}
        <div class="row">
          {r.may.appeal && (
            <Button disabled={chosen.value.length === 0} onClick={() => void send('appeal')}>
              {w('appealSend')}
            </Button>
          )}
          <Button kind="primary" disabled={chosen.value.length > 0} onClick={() => void send('acknowledge')}>
            {w('acknowledge')}
          </Button>
        </div>
      </footer>
    </>
  );
}

/* ---- decision ---- */

interface Verdict {
  outcome?: 'accepted' | 'rejected';
  text: string;
  answer: Answer | undefined;
}

function Deciding({ review: r, onDone }: PanelProps) {
  const all = useSignal<Readonly<Record<string, Verdict>>>(
    Object.fromEntries(r.appeals.map((a) => [a.item, { text: '', answer: r.contents.answers?.[a.item] }])),
  );
  const error = useSignal('');
  const byKey = useComputed(() => new Map(items(r.card).map((i) => [i.key, i])));
  const set = (item: string, v: Partial<Verdict>): void => {
    all.value = { ...all.value, [item]: { ...(all.value[item] as Verdict), ...v } };
  };
  const send = async (): Promise<void> => {
    const verdicts = Object.entries(all.value);
    if (verdicts.some(([, v]) => !v.outcome || !v.text.trim())) {
      error.value = w('textNeeded');
      return;
    }
    const answers = { ...r.contents.answers };
    for (const [item, v] of verdicts) if (v.outcome === 'accepted' && v.answer) answers[item] = v.answer;
    try {
      const done = await act(r.id, 'decide', {
        revision: r.revision,
        contents: { ...r.contents, answers },
        items: verdicts.map(([item, v]) => ({ item, outcome: v.outcome, text: v.text.trim() })),
      });
      toast(w('decided', { score: points(done.score) }));
      onDone();
    } catch (e) {
      error.value = asError(e).title || k('retry');
    }
  };
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (eager.peek()) first.current?.focus();
    eager.value = false;
  }, [r.id]);
  return (
    <div
      onKeyDown={(ev) => {
        if (composing(ev) || ev.key !== 'Enter' || !(ev.ctrlKey || ev.metaKey)) return;
        ev.preventDefault();
        void send();
      }}
    >
      {r.appeals.map((a, n) => {
        const item = byKey.value.get(a.item);
        const v = all.value[a.item] as Verdict;
        if (!item) return null;
        return (
          <section key={a.item} class="card-section verdict" aria-label={item.name}>
            <h3 id={`d-${item.key}-name`}>{item.name}</h3>
            <p>
              {w('given')} <b class="num">{answerWords(item, r.contents.answers?.[item.key])}</b>
              {r.contents.notes?.[item.key] && <span dir="auto"> · {r.contents.notes[item.key]}</span>}
            </p>
            <p dir="auto">{w('appealSays', { text: a.text })}</p>
            <span class="answers" role="radiogroup" aria-label={`${w('decide')} · ${item.name}`}>
              {(['accepted', 'rejected'] as const).map((o, m) => (
                <label key={o} class="answer">
                  <input
                    type="radio"
                    ref={n === 0 && m === 0 ? first : null}
                    name={`verdict-${item.key}`}
                    checked={v.outcome === o}
                    onChange={() => set(item.key, { outcome: o })}
                  />
                  <span>{o === 'accepted' ? w('decideAccept') : w('decideReject')}</span>
                </label>
              ))}
            </span>
            {v.outcome === 'accepted' && (
              <div class="verdict-new">
                <span class="dim">{w('decideNew')}</span>
                <AnswerInput space="d" item={item} answer={v.answer} onAnswer={(x) => set(item.key, { answer: x })} />
              </div>
            )}
            <Area
              label={`${w('decideText')} · ${item.name}`}
              bare
              rows={2}
              maxLength={2000}
              placeholder={w('decideText')}
              onInput={(ev) => set(item.key, { text: ev.currentTarget.value })}
            />
          </section>
        );
      })}
      <footer class="panel-foot">
        {error.value && (
          <p class="error" role="alert">
            {error.value}
          </p>
        )}
        <Button kind="primary" onClick={() => void send()}>
          {w('decideSend')} <kbd aria-hidden="true">Ctrl ⏎</kbd>
        </Button>
      </footer>
      <Sheet card={r.card} contents={r.contents} lines={r.lines} />
    </div>
  );
}

/* ---- reading ---- */

function Reading({ r }: { r: Review }) {
  return (
    <>
      {r.state === 'missed' && <p role="status">{w('takenBack')}</p>}
      <Sheet
        card={r.card}
        contents={r.contents}
        lines={r.lines}
        after={(i) => {
          const a = r.appeals.find((x) => x.item === i.key);
          if (!a) return null;
          return (
            <div class="item-appeal">
              <p dir="auto">{w('appealSays', { text: a.text })}</p>
              {a.outcome && (
                <p dir="auto">
                  <b>{w(`outcome_${a.outcome}`)}</b> · {w('answerSays', { text: a.answer ?? '' })}
                </p>
              )}
            </div>
          );
        }}
      />
      {r.versions.length > 1 && (
        <section class="card-section">
          <h3>{w('history')}</h3>
          <ul class="dim num">
            {r.versions.map((v) => (
              <li key={v.version}>
                {w('versionIs', {
                  n: v.version,
                  score: points(v.score),
                  name: v.by.name,
                  time: exactTime(v.at, lang.value),
                })}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

export function Panel(props: PanelProps) {
  const r = props.review;
  const dialog = useSignal<{ seq?: number; parent?: string } | null>(null);
  const comment = (): void => {
    dialog.value = at.value ? { seq: at.value } : {};
  };
  const keeping = useSignal<{ item?: string } | null>(null);
  const answering = r.may.acknowledge || r.may.appeal;
  return (
    <section class="panel" aria-label={w('card')} tabIndex={-1}>
      <Head r={r} />
      {!r.may.score && (
        <Score
          r={r}
          {...(r.score !== undefined ? { score: r.score, fatal: r.fatal === true, plain: r.plain ?? 0 } : {})}
        />
      )}
      {r.may.score ? (
        <Scoring
          key={`${r.id}/${r.revision}`}
          {...props}
          comment={comment}
          keep={(item) => (keeping.value = item ? { item } : {})}
        />
      ) : r.may.decide ? (
        <Deciding key={r.id} {...props} />
      ) : answering ? (
        <Appealing key={r.id} {...props} />
      ) : (
        <Reading r={r} />
      )}
      <Comments r={r} reply={(parent) => (dialog.value = { parent })} />
      {r.may.comment && (
        <Button small icon={MessageSquarePlus} onClick={comment}>
          {at.value ? w('commentAt') : w('comment')}
        </Button>
      )}
      {keeping.value && <Keep review={r} {...keeping.value} onClose={() => (keeping.value = null)} />}
      {may('reviewer', 'supervisor') && transcript.value && (
        <Button small icon={BookmarkPlus} onClick={() => (keeping.value = {})}>
          {l('libKeep')}
        </Button>
      )}
      {dialog.value && <CommentDialog r={r} {...dialog.value} onClose={() => (dialog.value = null)} />}
    </section>
  );
}
