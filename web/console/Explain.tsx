// Explain.tsx: why a conversation waits or why somebody has it, and asking a colleague to help: dialogs that few open often.
import { useSignal } from '@preact/signals';
import { Eye } from 'lucide';
import { useEffect, useRef } from 'preact/hooks';
import { composing } from '../core/keys';
import type { Colleague, Why } from '../core/staff';
import { clockTime, duration, exactTime } from '../core/time';
import { Avatar } from '../kit/Avatar';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { entryWords } from '../kit/events';
import { Area } from '../kit/Field';
import { Icon } from '../kit/Icon';
import { k, lang } from '../kit/i18n';
import { nameOf, personName } from '../kit/names';
import { Skeleton } from './ListPane';
import { askHelp, join, watch, whisper, whyOf } from './acts';
import type { Room } from './room';
import { d, presenceOf, shownPresence } from './moreWords';
import { t, whyWord } from './words';
import { colleagues, desk, dialog, live, queueName, take, why } from './work';

const BARS = ['absent', 'queue', 'channel', 'language', 'skills', 'refused', 'full'] as const;

function barWord(word: string): string {
  const known = BARS.find((b) => b === word);
  return known ? d(`bar_${known}`) : word;
}

export function WhyDialog({ room }: { room: Room }) {
  const got = useSignal<Why | null>(null);
  const failed = useSignal('');
  const close = (): void => void (dialog.value = '');
  const load = async (): Promise<void> => {
    try {
      // People are named by id: their names come with the colleagues.
      const [w] = await Promise.all([whyOf(room.id), colleagues().catch(() => null)]);
      got.value = w;
      failed.value = '';
    } catch (e) {
      failed.value = why(e);
    }
  };
  useEffect(() => {
    void load();
    const timer = setInterval(() => void load(), 5000);
    return () => clearInterval(timer);
  }, []);
  const w = got.value;
  const waits = w?.state === 'waiting';
  return (
    <Dialog wide title={t(waits || !w ? 'whyWaits' : 'whyThem')} onClose={close}>
      {failed.value && (
        <p class="error" role="alert">
          {t('failedAct', { why: failed.value })}
        </p>
      )}
      {!w && !failed.value && <Skeleton />}
      {w && (
        <div class="why">
          <dl>
            <dt>{t('tabCustomer')}</dt>
            <dd dir="auto">{nameOf(room.conversation.value)}</dd>
            <dt>{d('targetQueues')}</dt>
            <dd>
              {queueName(w.queue)}
              {w.paused && ` · ${d('queuePaused')}`}
            </dd>
            {w.position !== undefined && (
              <>
                <dt>{d('whyPlace')}</dt>
                <dd class="num">{d('whyPlaceN', { n: w.position })}</dd>
              </>
            )}
            {w.waited_ms !== undefined && (
              <>
                <dt>{t('timerWaiting')}</dt>
                <dd class="num">{duration(w.waited_ms)}</dd>
              </>
            )}
            {waits && (
              <>
                <dt>{d('whyExpected')}</dt>
                <dd class="num">{w.wait_s == null ? d('whyCannotSay') : duration(w.wait_s * 1000)}</dd>
              </>
            )}
            {w.priority !== 0 && (
              <>
                <dt>{t('priority')}</dt>
                <dd class="num">{w.priority}</dd>
              </>
            )}
            {!!w.ring && (
              <>
                <dt>{d('whyRing')}</dt>
                <dd>{d('whyRingN', { n: w.ring })}</dd>
              </>
            )}
          </dl>
          {waits && (
            <>
              <h3>{d('whyCould')}</h3>
              {(w.candidates ?? []).length === 0 && <p class="dim">{w.paused ? d('whyPaused') : d('whyNobody')}</p>}
              <People all={w.candidates ?? []} />
              {w.barred && Object.keys(w.barred).length > 0 && (
                <>
                  <h3>{d('whyNot')}</h3>
                  <ul>
                    {Object.entries(w.barred).map(([bar, n]) => (
                      <li key={bar}>
                        <span>{barWord(bar)}</span>
                        <span class="dim">
                          {(w.excluded ?? [])
                            .filter((x) => x.why === bar)
                            .map((x) => personName(x.agent) || d('someAgent'))
                            .join(t('nameComma')) || d('peopleN', { n })}
                        </span>
                      </li>
                    ))}
                  </ul>
                </>
              )}
            </>
          )}
          <h3>{d('whyDecisions')}</h3>
          {w.decisions.length === 0 && <p class="dim">{d('whyNoDecisions')}</p>}
          <ul>
            {[...w.decisions].reverse().map((d) => (
              <li key={d.id}>
                <span>
                  {entryWords(d)}
                  {typeof d.data?.['why'] === 'string' && <span class="dim"> · {whyWord(d.data['why'])}</span>}
                </span>
                <time class="num dim" title={exactTime(d.at, lang.value)}>
                  {clockTime(d.at)}
                </time>
                <Considered data={d.data ?? {}} />
              </li>
            ))}
          </ul>
        </div>
      )}
    </Dialog>
  );
}

function People({ all }: { all: NonNullable<Why['candidates']> }) {
  return (
    <ul>
      {all.map((c) => (
        <li key={c.agent}>
          <span>{personName(c.agent) || d('someAgent')}</span>
          <span class="dim num">
            {t('loadLong', { load: c.load, capacity: c.capacity })}
            {c.level > 0 && ` · ${t('level', { n: c.level })}`}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Whom a match could have had, as it was written down. */
function Considered({ data }: { data: Record<string, unknown> }) {
  const all = Array.isArray(data['candidates']) ? (data['candidates'] as NonNullable<Why['candidates']>) : [];
  const out = (data['barred'] ?? {}) as Record<string, number>;
  if (all.length + Object.keys(out).length === 0) return null;
  return (
    <small class="dim considered">
      {all.length > 0 &&
        d('considered', {
          names: all
            .map((c) => `${personName(c.agent) || d('someAgent')} ${c.load}/${c.capacity}`)
            .join(t('nameComma')),
        })}
      {Object.entries(out).map(([bar, n]) => ` · ${barWord(bar)} ${n}`)}
    </small>
  );
}

/** A second person beside the owner. */
export function HelpDialogOf({ room }: { room: Room }) {
  const got = useSignal<Colleague[] | null>(null);
  const failed = useSignal('');
  const to = useSignal('');
  const note = useRef<HTMLTextAreaElement>(null);
  const close = (): void => void (dialog.value = '');
  useEffect(() => {
    colleagues().then(
      (c) => (got.value = c.agents.filter((a) => a.id !== desk.me.value.id)),
      (e: unknown) => (failed.value = why(e)),
    );
  }, []);
  const submit = async (): Promise<void> => {
    const one = got.value?.find((a) => a.id === to.value);
    if (one && (await askHelp(room, one.id, one.name, note.current?.value.trim() ?? ''))) close();
  };
  return (
    <Dialog
      title={d('helpTitleOf', { name: nameOf(room.conversation.value) })}
      onClose={close}
      footer={
        <>
          <Button onClick={close}>{k('cancel')}</Button>
          <Button kind="primary" disabled={!to.value} onClick={() => void submit()}>
            {t('helpDo')}
          </Button>
        </>
      }
    >
      <p class="dim">{d('helpHint')}</p>
      {failed.value && <p class="error">{failed.value}</p>}
      {!got.value && !failed.value && <Skeleton />}
      <div class="targets" role="radiogroup" aria-label={d('targetAgents')}>
        {(got.value ?? []).map((a) => (
          <label key={a.id} class={shownPresence(a) === 'offline' ? 'target off' : 'target'}>
            <input
              type="radio"
              name="help-of"
              disabled={shownPresence(a) === 'offline'}
              checked={to.value === a.id}
              onChange={() => (to.value = a.id)}
            />
            <Avatar name={a.name} size={28} presence={shownPresence(a)} />
            <span class="target-name">{a.name}</span>
            <span class="dim">{presenceOf(a)}</span>
          </label>
        ))}
      </div>
      <Area inputRef={note} label={d('transferNote')} rows={2} />
    </Dialog>
  );
}

/** A supervisor beside somebody else's conversation: watches, whispers, joins, takes over. */
export function LookOn({ room }: { room: Room }) {
  const input = useRef<HTMLInputElement>(null);
  const c = room.conversation.value;
  const off = live() ? undefined : t('needsServer');
  const watching = room.watched.value;
  const send = (): void => {
    const text = input.current?.value.trim() ?? '';
    if (!text) return;
    void whisper(room, text).then((done) => {
      if (done && input.current) input.current.value = '';
      if (done && !watching) void watch(room, true);
    });
  };
  return (
    <div class="room-end">
      <div class="look-on">
        <div class="look-on-acts">
          {watching ? (
            <span class="watching">
              <Icon node={Eye} size={16} /> {d('watching')}
            </span>
          ) : (
            <span>{t('isOthers', { name: c.agent?.name ?? '' })}</span>
          )}
          <span class="grow" />
          <Button small disabled={!!off} title={off ?? d('watchHint')} onClick={() => void watch(room, !watching)}>
            {watching ? d('watchEnd') : d('watch')}
          </Button>
          <Button small disabled={!!off || !!c.helper} title={off} onClick={() => void join(room)}>
            {d('join')}
          </Button>
          <Button small disabled={!!off} title={off} onClick={() => void take(c)}>
            {d('takeOver')}
          </Button>
        </div>
        <form
          class="whisper"
          onSubmit={(ev) => {
            ev.preventDefault();
            send();
          }}
        >
          <input
            ref={input}
            class="input"
            maxLength={2000}
            autocomplete="off"
            aria-label={d('whisperTo', { name: c.agent?.name ?? '' })}
            placeholder={d('whisperHint', { name: c.agent?.name ?? '' })}
            onKeyDown={(ev) => {
              // An Enter that ends a composition sends nothing.
              if (ev.key === 'Enter' && composing(ev)) ev.preventDefault();
            }}
          />
          <Button small class="note-send" type="submit" disabled={!!off}>
            {d('whisper')}
          </Button>
        </form>
      </div>
    </div>
  );
}
