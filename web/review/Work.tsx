// The reviewer's desk: what is to be done, the talk, the scorecard beside it. Also for appeals, and for the reviews behind a figure.
import './desk.css';
import { useSignal } from '@preact/signals';
import { ArrowLeft } from 'lucide';
import { useEffect } from 'preact/hooks';
import { composing, inText } from '../core/keys';
import { Button } from '../kit/Button';
import { k } from '../kit/i18n';
import { site } from '../kit/session';
import { s } from '../kit/staffWords';
import { Tabs } from '../kit/Tabs';
import { toast } from '../kit/Toast';
import { sendLeft } from './drafts';
import { appealsOpen, stepMessage, view } from './find';
import { Panel } from './Panel';
import { goal } from './told';
import { playKey } from './Player';
import { asError, eager, openReview, review, reviewFailed, type ReviewRow, reviews } from './quality';
import { w } from './qualityWords';
import { Reader } from './Reader';
import { Rows } from './Rows';

const OPEN = new Set(['assigned', 'draft']);

interface WorkProps {
  /** The reviews behind a figure, rather than one's own; and the way back. */
  of?: Readonly<Record<string, string | number | undefined>>;
  title?: string;
  onBack?: () => void;
}

export function Work({ of, title, onBack }: WorkProps) {
  const rows = useSignal<readonly ReviewRow[] | null>(null);
  const failed = useSignal('');
  const part = useSignal<'todo' | 'done'>('todo');
  const appeals = !of && view.value === 'appeals';
  const tasks = !of && !appeals;

  const load = async (): Promise<readonly ReviewRow[]> => {
    try {
      rows.value = await reviews(of ?? { list: appeals ? 'appeals' : 'mine' });
      if (appeals) appealsOpen.value = rows.value.length;
      failed.value = '';
    } catch (e) {
      failed.value = asError(e).title || s('unreachable');
    }
    return rows.value ?? [];
  };
  useEffect(() => {
    void load();
    sendLeft();
    return () => void openReview(null);
  }, [site.value?.key]);
  const led = tasks ? goal.value?.review : undefined;
  useEffect(() => {
    if (!led) return;
    void openReview(led).then(() => {
      const r = review.value;
      if (r?.id === led) part.value = OPEN.has(r.state) ? 'todo' : 'done';
    });
  }, [led]);

  // What was taken back, or ended without it, is nobody's work any more.
  const all = (rows.value ?? []).filter((r) => !tasks || r.state !== 'missed');
  const shown = tasks ? all.filter((r) => OPEN.has(r.state) === (part.value === 'todo')) : all;
  const open = review.value?.id;
  // What was given to somebody else or taken back meanwhile leaves the list.
  const given = reviewFailed.value?.status === 404;
  const lost = given || (review.value?.state === 'missed' && all.some((r) => r.id === open));
  useEffect(() => {
    if (lost && rows.value) void load();
  }, [lost]);
  const done = async (): Promise<void> => {
    const here = open;
    const at = shown.findIndex((r) => r.id === here);
    const fresh = await load();
    const rest = tasks ? fresh.filter((r) => OPEN.has(r.state)) : fresh;
    const next = shown.slice(at + 1).find((r) => rest.some((x) => x.id === r.id)) ?? rest[0];
    if (!next && tasks) toast(w('allDone'));
    eager.value = !!next;
    await openReview(next?.id ?? null);
    if (!next) document.querySelector<HTMLElement>('.work-list [role=tab][aria-selected=true]')?.focus();
  };
  /** `on`: the keys go on in the panel. */
  const step = (by: 1 | -1, on = false): void => {
    const at = shown.findIndex((r) => r.id === open);
    const to = shown[at < 0 ? 0 : Math.max(0, Math.min(shown.length - 1, at + by))];
    if (!to || to.id === open) return;
    eager.value = on;
    void openReview(to.id);
  };
  useEffect(() => {
    const onKey = (ev: KeyboardEvent): void => {
      if (composing(ev) || ev.defaultPrevented || ev.ctrlKey || ev.metaKey || ev.altKey) return;
      if (inText(ev.target) || document.querySelector('dialog[open], .menu')) return;
      if (playKey(ev)) return;
      const acts: Record<string, () => void> = {
        j: () => stepMessage(1),
        k: () => stepMessage(-1),
        J: () => step(1),
        K: () => step(-1),
        Escape: () => document.querySelector<HTMLElement>('.work-list .list')?.focus(),
      };
      const act = acts[ev.key];
      if (!act) return;
      ev.preventDefault();
      act();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  });

  const label = title ?? (appeals ? w('viewAppeals') : w('tasks'));
  return (
    <div class={review.value ? 'work open' : 'work'}>
      <section class="work-list results" aria-label={label}>
        {onBack && (
          <p class="work-back">
            <Button small icon={ArrowLeft} onClick={onBack}>
              {w('back')}
            </Button>{' '}
            <b>{title}</b>
          </p>
        )}
        {tasks && (
          <Tabs
            label={w('tasks')}
            selected={part.value}
            onSelect={(key) => (part.value = key as 'todo')}
            items={[
              { key: 'todo', label: w('tasksTodo'), count: all.filter((r) => OPEN.has(r.state)).length },
              { key: 'done', label: w('tasksDone'), count: all.filter((r) => !OPEN.has(r.state)).length },
            ]}
          />
        )}
        {failed.value ? (
          <div class="empty" role="alert">
            <p>{w('loadFailed', { why: failed.value })}</p>
            <Button small onClick={() => void load()}>
              {k('retry')}
            </Button>
          </div>
        ) : (
          rows.value && (
            <Rows
              label={label}
              rows={shown}
              selected={open}
              onOpen={(r) => void openReview(r.id)}
              empty={
                appeals
                  ? w('appealsNone')
                  : tasks
                    ? part.value === 'todo'
                      ? w('tasksNone')
                      : w('tasksNoneDone')
                    : w('listNone')
              }
            />
          )
        )}
        {tasks && rows.value?.length === 0 && (
          <p class="empty">
            <Button onClick={() => (view.value = 'samples')}>{w('drawOne')}</Button>
          </p>
        )}
      </section>
      {review.value ? (
        <>
          <Reader onBack={() => void openReview(null)} />
          <Panel
            review={review.value}
            onDone={() => void done()}
            onStep={stepMessage}
            onTurn={(by) => step(by, true)}
          />
        </>
      ) : (
        <section class="work-none" aria-label={w('card')}>
          {reviewFailed.value ? (
            <p role="alert">
              {given ? w('givenAway') : w('loadFailed', { why: reviewFailed.value.title || s('unreachable') })}
            </p>
          ) : (
            <>
              <p>{w('pickReview')}</p>
              <ul>
                {(
                  [
                    ['0–4', 'keySet'],
                    ['x', 'keyNa'],
                    ['Tab', 'keyTab'],
                    ['j k', 'keyMsg'],
                    ['n', 'keyNote'],
                    ['c', 'keyComment'],
                    ['y d', 'keyFound'],
                    ['e', 'keyExamples'],
                    ['m', 'keyKeep'],
                    ['Ctrl ⏎', 'keySubmit'],
                  ] as const
                ).map(([key, word]) => (
                  <li key={key}>
                    <kbd>{key}</kbd> {w(word)}
                  </li>
                ))}
              </ul>
            </>
          )}
        </section>
      )}
    </div>
  );
}
