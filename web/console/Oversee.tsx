// Oversee.tsx: the supervisor's view: queues with who waits and how long, conversations to be handed on, colleagues and their presence.
import './oversee.css';
import { useSignal, useSignalEffect } from '@preact/signals';
import { ArrowDown, ArrowUp, Eye, Info, Pause, Play, X } from 'lucide';
import { useEffect, useRef } from 'preact/hooks';
import type { Colleague, Conversation, Presence, QueueRow } from '../core/staff';
import { Avatar } from '../kit/Avatar';
import { Button, IconButton } from '../kit/Button';
import { k, lang } from '../kit/i18n';
import { Menu } from '../kit/Menu';
import { channelName, lastLineOf, nameOf } from '../kit/names';
import { toast } from '../kit/Toast';
import { presenceName } from './ListPane';
import { pauseQueue, reassign, setPresenceOf, setPriority } from './acts';
import { Since } from './Ring';
import { d, presenceOf, shownPresence, unattended, warned } from './moreWords';
import { t } from './words';
import { colleagues, conversations, desk, dialog, live, now, overseeing, queueName, why } from './work';
import type { Target } from './desk';

const AGAIN_MS = 3000;
const ORDER = { online: 0, busy: 1, away: 2, offline: 3 };
const STATES: readonly Presence[] = ['online', 'busy', 'away', 'offline'];

export function Oversee() {
  const waiting = useSignal<readonly Conversation[]>([]);
  const served = useSignal<readonly Conversation[]>([]);
  const team = useSignal<{ agents: Colleague[]; queues: QueueRow[] } | null>(null);
  const failed = useSignal('');
  const at = useSignal(0);
  const busy = useRef(false);
  const chosen = useSignal<ReadonlySet<string>>(new Set());
  const which = useSignal<'waiting' | 'served'>('waiting');

  const load = async (): Promise<void> => {
    if (busy.current || document.visibilityState !== 'visible') return;
    busy.current = true;
    try {
      const [w, s, c] = await Promise.all([conversations('waiting'), conversations('served'), colleagues()]);
      waiting.value = w.items;
      served.value = s.items;
      team.value = c;
      failed.value = '';
      at.value = now.value;
      const there = new Set([...w.items, ...s.items].map((x) => x.id));
      const left = new Set([...chosen.value].filter((id) => there.has(id)));
      if (left.size !== chosen.value.size) chosen.value = left;
    } catch (e) {
      failed.value = why(e);
    } finally {
      busy.current = false;
    }
  };
  useEffect(() => {
    void load();
    const timer = setInterval(() => void load(), AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  useSignalEffect(() => {
    void desk.waiting.value;
    void load();
  });

  const stale = at.value > 0 && now.value - at.value > 2 * AGAIN_MS + 1000;
  const rows = which.value === 'waiting' ? waiting.value : served.value;
  return (
    <section class={`pane oversee${stale ? ' stale' : ''}`} aria-label={t('oversee')}>
      <header class="oversee-head">
        <h2>{t('oversee')}</h2>
        {stale && <span class="mark">{d('staleFor', { s: Math.round((now.value - at.value) / 1000) })}</span>}
        {failed.value && <span class="mark bad">{t('listFailed', { why: failed.value })}</span>}
        <IconButton icon={X} label={k('close')} onClick={() => (overseeing.value = false)} />
      </header>
      <div class="oversee-body">
        <Queues rows={team.value?.queues ?? []} waiting={waiting.value} served={served.value} after={load} />
        <Alerts served={served.value} />
        <div class="oversee-talks">
          <div class="oversee-bar">
            <div class="chips" role="radiogroup" aria-label={d('whichTalks')}>
              {(['waiting', 'served'] as const).map((x) => (
                <label key={x} class={which.value === x ? 'chip on' : 'chip'}>
                  <input
                    type="radio"
                    name="oversee-which"
                    checked={which.value === x}
                    onChange={() => {
                      which.value = x;
                      chosen.value = new Set();
                    }}
                  />
                  {d(x === 'waiting' ? 'waitingN' : 'servedN', {
                    n: x === 'waiting' ? waiting.value.length : served.value.length,
                  })}
                </label>
              ))}
            </div>
            {chosen.value.size > 0 && team.value && (
              <Reassign
                team={team.value}
                chosen={chosen.value}
                after={() => {
                  chosen.value = new Set();
                  void load();
                }}
              />
            )}
          </div>
          <Talks
            rows={rows}
            chosen={chosen.value}
            choose={(ids) => (chosen.value = ids)}
            waits={which.value === 'waiting'}
            after={load}
          />
        </div>
        <Team agents={team.value?.agents ?? []} after={load} />
      </div>
    </section>
  );
}

function Queues(props: {
  rows: readonly QueueRow[];
  waiting: readonly Conversation[];
  served: readonly Conversation[];
  after: () => Promise<void>;
}) {
  const off = live() ? undefined : t('needsServer');
  return (
    <ul class="queues" aria-label={d('targetQueues')}>
      {props.rows.map((q) => {
        const here = props.waiting.filter((c) => c.queue === q.key);
        const first = here.reduce((least, c) => Math.min(least, c.arrived_at), Infinity);
        return (
          <li key={q.key} class={q.paused ? 'paused' : ''}>
            <b class="clip">{q.name || q.key}</b>
            <span class="queue-n num">{here.length}</span>
            <span class="dim">{d('waitingNow')}</span>
            <span class="queue-wait num">{here.length > 0 ? <Since at={first} /> : '–'}</span>
            <span class="dim">{d('longestWait')}</span>
            <span class="dim num queue-served">
              {d('servedN', { n: props.served.filter((c) => c.queue === q.key).length })}
            </span>
            <Button
              small
              icon={q.paused ? Play : Pause}
              disabled={!!off}
              title={off ?? d('pauseHint')}
              onClick={() => void pauseQueue(q.key, !q.paused).then(() => props.after())}
            >
              {q.paused ? d('resume') : d('pause')}
            </Button>
          </li>
        );
      })}
    </ul>
  );
}

/** Visitors whom nobody answers. */
function Alerts({ served }: { served: readonly Conversation[] }) {
  const all = desk.alerts.value;
  if (all.length === 0) return null;
  return (
    <ul class="alerts" aria-label={d('alerts')}>
      {all.map((a) => {
        const c = served.find((x) => x.id === a.conversation);
        return (
          <li key={a.conversation}>
            <span>
              {d('alertSilent', { agent: a.agent?.name ?? '', visitor: c ? nameOf(c) : d('someVisitor') })} ·{' '}
              <Since at={a.since} />
            </span>
            <Button
              small
              disabled={!c}
              onClick={() => {
                if (c) open(c);
              }}
            >
              {d('look')}
            </Button>
          </li>
        );
      })}
    </ul>
  );
}

function open(c: Conversation): void {
  desk.show(c.id, c);
  overseeing.value = false;
}

function Talks(props: {
  rows: readonly Conversation[];
  chosen: ReadonlySet<string>;
  choose: (ids: ReadonlySet<string>) => void;
  waits: boolean;
  after: () => Promise<void>;
}) {
  const { rows, chosen, choose, waits } = props;
  const off = live() ? undefined : t('needsServer');
  if (rows.length === 0) return <p class="empty">{waits ? t('emptyWaiting') : t('emptyTeam')}</p>;
  const all = rows.every((c) => chosen.has(c.id));
  const raise = (c: Conversation, by: number): void =>
    void setPriority(c.id, Math.max(-100, Math.min(100, c.priority + by))).then(() => props.after());
  return (
    <table class="talks">
      <thead>
        <tr>
          <th scope="col">
            <input
              type="checkbox"
              aria-label={d('chooseAll')}
              checked={all}
              onChange={() => choose(all ? new Set() : new Set(rows.map((c) => c.id)))}
            />
          </th>
          <th scope="col">{t('tabCustomer')}</th>
          <th scope="col">{d('targetQueues')}</th>
          <th scope="col">{waits ? t('timerWaiting') : d('targetAgents')}</th>
          <th scope="col">{t('priority')}</th>
          <th scope="col">
            <span class="hidden">{d('acts')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.slice(0, 200).map((c) => (
          <tr key={c.id}>
            <td>
              <input
                type="checkbox"
                aria-label={d('chooseOne', { name: nameOf(c) })}
                checked={chosen.has(c.id)}
                onChange={() => {
                  const ids = new Set(chosen);
                  if (!ids.delete(c.id)) ids.add(c.id);
                  choose(ids);
                }}
              />
            </td>
            <th scope="row">
              <span dir="auto">{nameOf(c)}</span>
              <small class="dim">{channelName(c.channel)}</small>
              <small class="dim clip" {...lastLineOf(c)} />
            </th>
            <td>{queueName(c.queue)}</td>
            <td class="num">{waits ? <Since at={c.arrived_at} /> : (c.agent?.name ?? '')}</td>
            <td class="num prio-cell">
              {c.priority}
              {waits && (
                <>
                  <IconButton
                    icon={ArrowUp}
                    size={16}
                    label={d('priorityUp', { name: nameOf(c) })}
                    disabled={!!off}
                    onClick={() => raise(c, 5)}
                  />
                  <IconButton
                    icon={ArrowDown}
                    size={16}
                    label={d('priorityDown', { name: nameOf(c) })}
                    disabled={!!off}
                    onClick={() => raise(c, -5)}
                  />
                </>
              )}
            </td>
            <td class="acts">
              <IconButton
                icon={Info}
                size={16}
                label={waits ? t('whyWaits') : t('whyThem')}
                onClick={() => {
                  desk.show(c.id, c);
                  dialog.value = 'why';
                }}
              />
              <IconButton icon={Eye} size={16} label={d('look')} onClick={() => open(c)} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Reassign({
  team,
  chosen,
  after,
}: {
  team: { agents: Colleague[]; queues: QueueRow[] };
  chosen: ReadonlySet<string>;
  after: () => void;
}) {
  const to = useSignal('');
  const busy = useSignal(false);
  const departments = [...new Set(team.queues.map((q) => q.department ?? '').filter(Boolean))];
  const run = async (): Promise<void> => {
    const [kind, key = ''] = to.value.split(':');
    if (!key) return;
    const target: Target = kind === 'a' ? { agent: key } : kind === 'd' ? { department: key } : { queue: key };
    busy.value = true;
    try {
      const made = await reassign([...chosen], target);
      const bad = made.filter((m) => !m.done);
      toast(
        bad.length
          ? d('reassignedSome', { n: made.length - bad.length, bad: bad.length, why: bad[0]?.message ?? '' })
          : warned(
              d('reassigned', { n: made.length }),
              made.find((m) => m.warning),
            ),
        { bad: bad.length > 0 },
      );
      after();
    } catch (e) {
      toast(t('failedAct', { why: why(e) }), { bad: true });
    } finally {
      busy.value = false;
    }
  };
  return (
    <span class="reassign">
      <span class="num">{d('chosenN', { n: chosen.size })}</span>
      <select class="input" aria-label={d('transferTo')} onChange={(ev) => (to.value = ev.currentTarget.value)}>
        <option value="">{d('transferTo')}…</option>
        <optgroup label={d('targetQueues')}>
          {team.queues.map((q) => (
            <option key={q.key} value={`q:${q.key}`}>
              {[q.name || q.key, unattended([q])].filter(Boolean).join(' · ')}
            </option>
          ))}
        </optgroup>
        {departments.length > 0 && (
          <optgroup label={d('targetDepartments')}>
            {departments.map((d) => (
              <option key={d} value={`d:${d}`}>
                {d}
              </option>
            ))}
          </optgroup>
        )}
        <optgroup label={d('targetAgents')}>
          {team.agents
            .filter((a) => a.presence !== 'offline')
            .map((a) => (
              <option key={a.id} value={`a:${a.id}`}>
                {`${a.name} · ${presenceOf(a)} ${a.load}/${a.capacity}`}
              </option>
            ))}
        </optgroup>
      </select>
      <Button small kind="primary" disabled={!to.value || busy.value || !live()} onClick={() => void run()}>
        {d('transferDo')}
      </Button>
    </span>
  );
}

function Team({ agents, after }: { agents: readonly Colleague[]; after: () => Promise<void> }) {
  const collator = new Intl.Collator(lang.value === 'zh-TW' ? 'zh-u-co-stroke' : 'zh-u-co-pinyin');
  const rows = [...agents].sort(
    (a, b) => ORDER[shownPresence(a)] - ORDER[shownPresence(b)] || collator.compare(a.name, b.name),
  );
  return (
    <ul class="team" aria-label={d('targetAgents')}>
      {rows.map((a) => (
        <li key={a.id}>
          <Avatar name={a.name} size={28} presence={shownPresence(a)} />
          <span class="clip">
            {a.name} {a.number && <small class="dim num">{a.number}</small>}
          </span>
          <span
            class={`num load${a.load >= a.capacity ? ' full' : ''}`}
            title={t('loadLong', { load: a.load, capacity: a.capacity })}
          >
            {a.load < 0 ? '–' : a.load}/{a.capacity}
          </span>
          <Menu
            class="btn small quiet"
            items={STATES.map((p) => ({
              key: p,
              label: presenceName(p),
              checked: p === a.presence,
              disabled: live() ? undefined : t('needsServer'),
              onSelect: () => void setPresenceOf(a.id, p).then(() => after()),
            }))}
          >
            {presenceOf(a)}
            <span class="hidden">{d('presenceOf', { name: a.name })}</span>
          </Menu>
        </li>
      ))}
    </ul>
  );
}
