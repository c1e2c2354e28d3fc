// The dialogs of the console: transfer, palette, keys, notices, and what could not be sent.
import { useSignal } from '@preact/signals';
import { Building2, CornerDownLeft, Users, Volume2 } from 'lucide';
import { useEffect, useId, useRef } from 'preact/hooks';
import { composing } from '../core/keys';
import type { Colleague, QueueRow } from '../core/staff';
import { exactTime } from '../core/time';
import { Avatar } from '../kit/Avatar';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { Area } from '../kit/Field';
import { Icon } from '../kit/Icon';
import { k, lang } from '../kit/i18n';
import { prefs, setPrefs } from '../kit/prefs';
import { toast } from '../kit/Toast';
import { lazy } from '../kit/lazy';
import { CardDialog } from './CardDialog';
import { ReactDialog } from './ReactDialog';
import { TemplateDialog } from './TemplateDialog';
import { commands, type Command } from './commands';
import { HelpDialogOf, WhyDialog } from './Explain';
import { Skeleton } from './ListPane';
import { loadMine } from './mine';
import { keyless } from './palette';
import { channelName, lineOf, nameOf } from '../kit/names';
import { sound } from './notify';
import type { Room } from './room';
import { s } from '../kit/staffWords';
import { d, presenceOf, shownPresence, unattended, warned } from './moreWords';
import { t } from './words';
import { colleagues, desk, dialog, doing, tab, why } from './work';

export { watchMine } from './mine';

const Mine = lazy(loadMine);

/** The one that is open. */
export function Shown({ room }: { room: Room | null }) {
  const which = dialog.value;
  if (room && which === 'transfer') return <TransferDialog room={room} />;
  if (room && which === 'why') return <WhyDialog room={room} />;
  if (room && which === 'invite') return <HelpDialogOf room={room} />;
  if (room && which === 'card') return <CardDialog room={room} />;
  if (room && which === 'template') return <TemplateDialog room={room} />;
  if (room && which === 'react') return <ReactDialog room={room} />;
  if (which === 'palette') return <Palette />;
  if (which === 'help') return <HelpDialog />;
  if (which === 'notices') return <NoticesDialog />;
  if (which === 'left') return <LeftDialog />;
  return which === 'mine' ? <Mine onClose={() => (dialog.value = '')} /> : null;
}

const ORDER = { online: 0, busy: 1, away: 2, offline: 3 };

export function TransferDialog({ room }: { room: Room }) {
  const got = useSignal<{ agents: Colleague[]; queues: QueueRow[] } | null>(null);
  const failed = useSignal('');
  const to = useSignal('');
  const missing = useSignal(false);
  const busy = useSignal(false);
  const note = useRef<HTMLTextAreaElement>(null);
  const name = useId();
  const close = (): void => void (dialog.value = '');

  const load = async (): Promise<void> => {
    failed.value = '';
    try {
      got.value = await colleagues();
    } catch (e) {
      failed.value = why(e);
    }
  };
  useEffect(() => void load(), []);

  const submit = async (): Promise<void> => {
    if (busy.value) return;
    missing.value = to.value === '';
    if (missing.value) return;
    const [kind, key = ''] = to.value.split(':');
    const label =
      kind === 'a'
        ? got.value?.agents.find((a) => a.id === key)?.name
        : kind === 'd'
          ? key
          : got.value?.queues.find((q) => q.key === key)?.name;
    busy.value = true;
    const target = kind === 'a' ? { agent: key } : kind === 'd' ? { department: key } : { queue: key };
    const done = await doing(
      desk.transfer(room, target, note.current?.value.trim() ?? '').then((ack) => {
        toast(warned(d('transferred', { name: label ?? key }), ack));
        if (desk.open.value === room.id) desk.show(desk.ranked.value[0]?.id ?? null);
      }),
      (w) => d('failedTransfer', { why: w }),
    );
    busy.value = false;
    if (done) close();
  };

  const collator = new Intl.Collator(lang.value === 'zh-TW' ? 'zh-u-co-stroke' : 'zh-u-co-pinyin');
  const agents = (got.value?.agents ?? [])
    .filter((a) => a.id !== desk.me.value.id)
    .sort((a, b) => ORDER[shownPresence(a)] - ORDER[shownPresence(b)] || collator.compare(a.name, b.name));
  const current = room.conversation.value.queue;
  const queues = got.value?.queues ?? [];
  const departments = [...new Set(queues.map((q) => q.department ?? '').filter(Boolean))];

  return (
    <Dialog
      title={d('transferTitle', { name: nameOf(room.conversation.value) })}
      onClose={close}
      footer={
        <>
          <Button onClick={close}>{k('cancel')}</Button>
          <Button kind="primary" disabled={busy.value || !got.value} onClick={() => void submit()}>
            {d('transferDo')}
          </Button>
        </>
      }
    >
      {failed.value && (
        <div class="empty" role="alert">
          <p>{d('colleaguesFailed', { why: failed.value })}</p>
          <Button small onClick={() => void load()}>
            {k('retry')}
          </Button>
        </div>
      )}
      {!got.value && !failed.value && <Skeleton />}
      {got.value && (
        <div
          class="targets"
          role="radiogroup"
          aria-label={d('transferTo')}
          aria-describedby={missing.value ? `${name}-e` : undefined}
        >
          <h3>{d('targetQueues')}</h3>
          {queues.map((q) => (
            <label key={q.key} class="target">
              <input
                type="radio"
                name={name}
                checked={to.value === `q:${q.key}`}
                onChange={() => (to.value = `q:${q.key}`)}
              />
              <span class="target-icon">
                <Icon node={Users} size={16} />
              </span>
              <span class="target-name">{q.name || q.key}</span>
              <span class="dim">{unattended([q])}</span>
              {q.key === current && <span class="dim">{d('targetCurrent')}</span>}
            </label>
          ))}
          {departments.length > 0 && <h3>{d('targetDepartments')}</h3>}
          {departments.map((of) => (
            <label key={of} class="target">
              <input
                type="radio"
                name={name}
                checked={to.value === `d:${of}`}
                onChange={() => (to.value = `d:${of}`)}
              />
              <span class="target-icon">
                <Icon node={Building2} size={16} />
              </span>
              <span class="target-name">{of}</span>
              <span class="dim">{unattended(queues.filter((q) => q.department === of))}</span>
            </label>
          ))}
          <h3>{d('targetAgents')}</h3>
          {agents.map((a) => {
            const off = a.presence === 'offline';
            return (
              <label key={a.id} class={off ? 'target off' : 'target'}>
                <input
                  type="radio"
                  name={name}
                  disabled={off}
                  checked={to.value === `a:${a.id}`}
                  onChange={() => (to.value = `a:${a.id}`)}
                />
                <Avatar name={a.name} size={28} presence={shownPresence(a)} />
                <span class="target-name">
                  {a.name}
                  {a.number && <span class="dim num"> {a.number}</span>}
                </span>
                <span class="dim">{presenceOf(a)}</span>
                <span
                  class={`num load${a.load >= a.capacity ? ' full' : ''}`}
                  title={t('loadLong', { load: a.load, capacity: a.capacity })}
                >
                  {a.load}/{a.capacity}
                </span>
                {a.load >= a.capacity && <span class="dim">{d('fullWaits')}</span>}
              </label>
            );
          })}
          {agents.length === 0 && <p class="dim">{d('noColleagues')}</p>}
        </div>
      )}
      {missing.value && (
        <p id={`${name}-e`} class="error" role="alert">
          {d('transferMissing')}
        </p>
      )}
      <Area inputRef={note} label={d('transferNote')} hint={d('transferNoteHint')} rows={3} />
    </Dialog>
  );
}

interface Choice {
  id: string;
  label: string;
  sub: string;
  key: string;
  run: () => void;
}

export function Palette() {
  const words = useSignal('');
  const at = useSignal(0);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const close = (): void => void (dialog.value = '');

  const all: Choice[] = [
    ...[...commands(), ...keyless()]
      .filter((c: Command) => c.label !== '' && c.id !== 'next' && (!c.when || c.when()))
      .map((c) => ({
        id: c.id,
        label: c.label,
        sub: '',
        key: c.shown ?? (c.key.length === 1 ? c.key.toUpperCase() : ''),
        run: c.run,
      })),
    ...desk.ranked.value.map((r) => ({
      id: r.id,
      label: nameOf(r.conversation.value),
      sub: `${channelName(r.conversation.value.channel)} · ${lineOf(r.conversation.value.last)}`,
      key: '',
      run: () => {
        tab.value = 'mine';
        desk.show(r.id);
      },
    })),
  ];
  const needle = words.value.trim().toLowerCase();
  const items = all.filter((c) => !needle || `${c.label} ${c.sub}`.toLowerCase().includes(needle)).slice(0, 40);
  const now = Math.min(at.value, items.length - 1);

  const run = (c: Choice | undefined): void => {
    if (!c) return;
    close();
    // The dialog gives the focus back first.
    setTimeout(() => c.run(), 0);
  };
  const onKeyDown = (ev: KeyboardEvent): void => {
    if (composing(ev)) return;
    const by = { ArrowDown: 1, ArrowUp: -1 }[ev.key];
    if (by && items.length > 0) at.value = (now + by + items.length) % items.length;
    else if (ev.key === 'Enter') run(items[now]);
    else return;
    ev.preventDefault();
  };
  useEffect(() => {
    input.current?.focus();
  }, []);
  useEffect(() => {
    document.getElementById(`${id}-${now}`)?.scrollIntoView({ block: 'nearest' });
  }, [now]);

  return (
    <Dialog title={d('palette')} onClose={close}>
      <input
        ref={input}
        type="text"
        class="input"
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={items.length > 0 ? `${id}-${now}` : undefined}
        aria-label={d('palette')}
        placeholder={d('paletteHint')}
        autocomplete="off"
        onInput={(ev) => {
          if ((ev as InputEvent).isComposing) return;
          words.value = ev.currentTarget.value;
          at.value = 0;
        }}
        onCompositionEnd={(ev) => {
          words.value = ev.currentTarget.value;
          at.value = 0;
        }}
        onKeyDown={onKeyDown}
      />
      <div class="palette" id={`${id}-list`} role="listbox" aria-label={d('palette')}>
        {items.map((c, i) => (
          <div
            key={c.id}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === now}
            class={i === now ? 'on' : ''}
            onClick={() => run(c)}
            onMouseMove={() => (at.value = i)}
          >
            <span class="clip">{c.label}</span>
            {c.sub && <span class="dim clip">{c.sub}</span>}
            {c.key && <kbd>{c.key}</kbd>}
            {i === now && <Icon node={CornerDownLeft} size={16} />}
          </div>
        ))}
        {items.length === 0 && (
          <p class="dim" role="option" aria-selected="false" aria-disabled="true">
            {d('paletteNone')}
          </p>
        )}
      </div>
    </Dialog>
  );
}

export function HelpDialog() {
  const rows: [string, string][] = [
    ['Ctrl K', d('palette')],
    ['J K ↓ ↑', t('keyMove')],
    ['1 – 9', d('keyNth')],
    ...commands()
      .filter((c) => c.key !== '' && c.label !== '' && c.id !== 'next')
      .map((c): [string, string] => [c.shown ?? c.key.toUpperCase(), c.label]),
    ['Esc', d('keyBack')],
    ['F2', d('keyToggle')],
    ['/', d('keyCanned')],
    ['Tab', d('keyBlank')],
    ['Shift ⏎', d('keyLine')],
  ];
  return (
    <Dialog wide title={d('helpTitle')} onClose={() => (dialog.value = '')}>
      <dl class="keys">
        {rows.map(([keys, words]) => (
          <div key={keys + words}>
            <dt>
              {keys.split(' ').map((x) => (
                <kbd key={x}>{x}</kbd>
              ))}
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={prefs.value.letters}
          onChange={(ev) => setPrefs({ letters: ev.currentTarget.checked })}
        />
        {d('lettersOn')}
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={prefs.value.sendKey === 'ctrl-enter'}
          onChange={(ev) => setPrefs({ sendKey: ev.currentTarget.checked ? 'ctrl-enter' : 'enter' })}
        />
        {d('ctrlEnter')}
      </label>
    </Dialog>
  );
}

export function NoticesDialog() {
  const permission = useSignal(typeof Notification === 'undefined' ? 'none' : Notification.permission);
  const allow = async (on: boolean): Promise<void> => {
    if (on && permission.value === 'default') permission.value = await Notification.requestPermission();
    setPrefs({ notices: on && permission.value === 'granted' });
  };
  return (
    <Dialog title={t('noticeSettings')} onClose={() => (dialog.value = '')}>
      <label class="check">
        <input
          type="checkbox"
          checked={prefs.value.sound}
          onChange={(ev) => {
            setPrefs({ sound: ev.currentTarget.checked });
            if (ev.currentTarget.checked) sound(true);
          }}
        />
        <Icon node={Volume2} size={16} />
        {d('soundOn')}
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={prefs.value.notices && permission.value === 'granted'}
          disabled={permission.value === 'denied' || permission.value === 'none'}
          onChange={(ev) => void allow(ev.currentTarget.checked)}
        />
        {d('noticesOn')}
      </label>
      {permission.value === 'denied' && <p class="dim">{d('noticesDenied')}</p>}
      <label class="check">
        <input
          type="checkbox"
          checked={prefs.value.content}
          disabled={!prefs.value.notices}
          onChange={(ev) => setPrefs({ content: ev.currentTarget.checked })}
        />
        {d('noticesContent')}
      </label>
      <p class="dim">{d('noticeRules')}</p>
    </Dialog>
  );
}

/** Unsent messages of conversations that are not on this desk any more. */
export function LeftDialog() {
  const left = desk.posts.left.value;
  const close = (): void => void (dialog.value = '');
  useEffect(() => {
    if (left.length === 0) close();
  }, [left.length]);
  return (
    <Dialog title={d('leftTitle')} onClose={close}>
      <p class="dim">{d('leftWhy')}</p>
      <ul class="left-list">
        {left.map((o) => (
          <li key={o.cid}>
            <p class="dim">
              <b>{o.who || d('someVisitor')}</b> · <time class="num">{exactTime(o.at, lang.value)}</time>
            </p>
            <p class="text">{o.text || o.file?.name}</p>
            <p>
              {o.text && (
                <Button
                  small
                  onClick={() =>
                    void navigator.clipboard
                      ?.writeText(o.text)
                      .then(() => toast(s('copied')))
                      .catch(() => toast(s('copyFailed'), { bad: true }))
                  }
                >
                  {s('copy')}
                </Button>
              )}{' '}
              <Button small kind="danger" onClick={() => desk.posts.discardLeft(o.cid)}>
                {k('discard')}
              </Button>
            </p>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
