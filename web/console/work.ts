// work.ts: the console at work: one desk, its connection, its disk, and the acts of the person with what people hear of them.
import { effect, signal } from '@preact/signals';
import { api, ApiError, query, upload } from '../core/api';
import { systemClock } from '../core/clock';
import { Connection, type Link, openSocket } from '../core/connection';
import type { Canned, Colleague, Conversation, Presence, QueueRow, StaffFrame } from '../core/staff';
import { newCid } from '../core/wire';
import type { Outgoing } from '../kit/rows';
import { beforeOut, ended, session, site } from '../kit/session';
import { dropToast, toast } from '../kit/Toast';
import { knowForms } from './canned';
import { Desk } from './desk';
import { Drafts } from './drafts';
import { Keep } from './keep';
import { meet, nameOf } from '../kit/names';
import { announce, badge, lead, quiet } from './notify';
import { Refused } from './ports';
import type { Room } from './room';
import { forgetUnsent, unsent, unsentOf } from './unsent';
import { t, whyWord } from './words';

export const link = signal<Link>({ state: 'idle' });
/** The server's time, each second while the page is seen. */
export const now = signal(Date.now());
export const canned = signal<readonly Canned[]>([]);
/** What queues are called. */
export const queues = signal<ReadonlyMap<string, string>>(new Map());
export const cannedState = signal<'no' | 'yes' | 'failed'>('no');

export type Tab = 'mine' | 'waiting' | 'team';
export const tab = signal<Tab>('mine');
export type Composing = 'reply' | 'note';
/** Reviews of one's own that wait for an answer. */
export const mineOpen = signal(0);
/** Which dialog is open. */
export const dialog = signal<
  '' | 'transfer' | 'invite' | 'why' | 'card' | 'template' | 'react' | 'help' | 'palette' | 'left' | 'notices' | 'mine'
>('');
/** The message that the dialog of reactions is about. */
export const reactTo = signal(0);
/** The supervisor's view of the queues stands in place of the conversation. */
export const overseeing = signal(false);
export const contextOver = signal(false);
/** Another view asks the composer: for the focus, for a mode, or to take a text in. */
export interface Asked {
  what: 'focus' | 'reply' | 'note' | 'insert' | 'toggle';
  text?: string;
  at: number;
}
export const ask = signal<Asked | null>(null);
export function askComposer(what: Asked['what'], text?: string): void {
  ask.value = { what, at: Date.now(), ...(text === undefined ? {} : { text }) };
}

/** What was written in a dialog and comes back to it, per conversation. */
export const anew = unsent<Outgoing>();

/** What was not sent, where it was written. */
export function rewrite(room: Room, o: Outgoing): void {
  const text = desk.posts.takeBack(room, o.cid);
  const { kind } = o.template ?? o;
  if (kind !== 'card' && kind !== 'template') return askComposer('insert', text);
  anew.set(room.id, o);
  dialog.value = kind;
}

export let desk: Desk;
export let drafts: Drafts;
let keep: Keep;
let connection: Connection<StaffFrame, { type: string }>;

export const live = (): boolean => link.value.state === 'live';

/** Begins work at the chosen site; returns how to end it. */
export function begin(): () => void {
  const key = site.value?.key ?? '';
  const person = session.value?.person.id ?? '';
  const owner = `${person}@${key}`;
  if (unsentOf(person)) {
    dialog.value = '';
    canned.value = [];
    cannedState.value = 'no';
  }
  keep = new Keep();
  connection = new Connection<StaffFrame, { type: string }>({
    open: () => openSocket(`/ws/agent${query({ site: key })}`, 'kefu.agent.v1'),
    hello: () => ({ type: 'hello' }),
    onFrame: (f) => {
      desk.frame(f);
      if (f.type === 'welcome') {
        now.value = Date.now() + desk.skew.value;
        void loadCanned();
        void colleagues().catch(() => undefined);
      }
    },
    onLink: (l) => {
      const was = link.value.state;
      link.value = l;
      if (was === 'live' && l.state !== 'live') desk.gone();
      if (l.state === 'refused' && l.code === 4401) ended(true);
    },
  });
  desk = new Desk({
    wire: { send: (f) => connection.send(f as { type: string }) },
    keep,
    clock: systemClock,
    cid: () => newCid(),
    upload: async (blob, name, progress) => {
      try {
        return await upload(key, blob, name, progress);
      } catch (e) {
        const status = e instanceof ApiError ? e.status : 0;
        if (status === 0) throw new Refused('offline', '');
        throw new Refused('too_large', status === 413 ? t('fileTooLarge') : e instanceof Error ? e.message : '');
      }
    },
    notice: (n) => {
      if (n.kind === 'reminder') toast(t('reminder', { name: nameOf(n.room.conversation.value) }), { bad: true });
      if (n.kind === 'released')
        toast(t('releasedToast', { name: nameOf(n.room.conversation.value), why: whyWord(n.why) }));
      announce(n, desk);
    },
  });
  drafts = new Drafts(
    keep,
    (id, has) => {
      const room = desk.rooms.value.get(id);
      if (room) room.hasDraft.value = has;
    },
    () => sessionStorage,
    owner,
  );

  const stops = [watchPage(), watchRooms(), tick()];
  lead();
  badge(desk, () => t('title', { site: site.value?.name ?? '' }));
  void keep.open(owner, Date.now()).then(async () => {
    await Promise.all([drafts.load(), desk.posts.restore()]);
    loaded.value = true;
    connection.start();
  });
  return () => {
    drafts.flush();
    stops.forEach((stop) => stop());
    connection.stop();
    link.value = { state: 'idle' };
    loaded.value = false;
    quiet();
    keep.close();
  };
}

/** The disk was read. */
export const loaded = signal(false);

/** Of whoever signs out nothing stays on this computer. */
beforeOut.add(async () => {
  desk?.closeAll();
  forgetUnsent();
  drafts?.clear();
  await keep?.clear();
});

export function retryNow(): void {
  connection.retry();
}

function watchPage(): () => void {
  const hidden = (): void => {
    const seen = document.visibilityState === 'visible';
    connection.setVisible(seen);
    if (!seen) drafts.flush(true);
    else now.value = Date.now() + desk.skew.value;
  };
  const leave = (): void => {
    drafts.flush(true);
    desk.closeAll();
  };
  const online = (): void => connection.wake();
  document.addEventListener('visibilitychange', hidden);
  window.addEventListener('pagehide', leave);
  window.addEventListener('online', online);
  return () => {
    document.removeEventListener('visibilitychange', hidden);
    window.removeEventListener('pagehide', leave);
    window.removeEventListener('online', online);
  };
}

/** A conversation that comes to the desk has its draft mark; what is looked at counts as seen. */
function watchRooms(): () => void {
  return effect(() => {
    for (const room of desk.rooms.value.values()) {
      const d = drafts.get(room.id);
      room.hasDraft.value = (d.reply || d.note).trim() !== '';
    }
  });
}

function tick(): () => void {
  let ticks = 0;
  const timer = setInterval(() => {
    if (document.visibilityState !== 'visible') return;
    now.value = Date.now() + desk.skew.value;
    const shown = desk.current.value;
    if (shown && !desk.mine.value.has(shown.id) && shown.conversation.value.state !== 'closed' && ++ticks % 5 === 0)
      desk.peek(shown);
    for (const room of desk.ranked.value) {
      const since = room.since.value;
      if (!since) room.redNoted = false;
      else if (!room.redNoted && now.value - since >= 60_000) {
        room.redNoted = true;
        if (room.id !== desk.open.value || !document.hasFocus()) announce({ kind: 'red', room }, desk);
      }
    }
  }, 1000);
  return () => clearInterval(timer);
}

async function loadCanned(): Promise<void> {
  try {
    const got = await api<{ items: Canned[]; forms?: Record<string, string> }>(
      `sites/${encodeURIComponent(site.value?.key ?? '')}/canned`,
    );
    knowForms(got.forms ?? {}); // a node of an older version tells none
    canned.value = got.items;
    cannedState.value = 'yes';
    const { withInitials } = await import('../core/pinyin');
    canned.value = withInitials(canned.value);
  } catch {
    if (cannedState.value === 'no') cannedState.value = 'failed';
  }
}

export function conversations(state: 'waiting' | 'served'): Promise<{ items: Conversation[] }> {
  return api(`sites/${encodeURIComponent(site.value?.key ?? '')}/conversations${query({ state })}`);
}

export async function colleagues(): Promise<{ agents: Colleague[]; queues: QueueRow[] }> {
  const got = await api<{ agents: Colleague[]; queues: QueueRow[] }>(
    `sites/${encodeURIComponent(site.value?.key ?? '')}/colleagues`,
  );
  meet(...got.agents);
  queues.value = new Map(got.queues.map((q) => [q.key, q.name]));
  return got;
}

// ---- acts, with what the person hears of them ----

export function why(e: unknown): string {
  if (e instanceof Refused) {
    if (e.code === 'offline') return t('errOffline');
    if (e.code === 'timeout') return t('errTimeout');
    if (e.code === 'conflict') return t('errConflict');
    if (e.code === 'forbidden') return t('errForbidden');
    if (e.code === 'rate_limited') return t('errRate');
    if (e.code === 'unavailable') return t('errUnavailable');
    return e.message || t('errInternal');
  }
  if (e instanceof ApiError) {
    if (e.status === 0) return t('errOffline');
    if (e.status === 403) return t('errForbidden');
    return e.title || t('errInternal');
  }
  return t('errInternal');
}

export async function doing(work: Promise<unknown>, failed: (why: string) => string): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (e) {
    toast(failed(why(e)), { bad: true });
    return false;
  }
}

export async function setPresence(state: Presence, reason = ''): Promise<void> {
  await doing(desk.setPresence(state, reason), (w) => t('failedPresence', { why: w }));
}

export async function take(c: Conversation): Promise<void> {
  if (await doing(desk.accept(c), (w) => t('failedTake', { why: w }))) {
    tab.value = 'mine';
    desk.show(c.id);
    askComposer('focus');
  }
}

export async function refuse(c: Conversation): Promise<void> {
  await doing(desk.refuse(c), (w) => t('failedRefuse', { why: w }));
}

/** The next that waits: an offer first, then whoever stands first in the line. */
export async function takeNext(): Promise<void> {
  const offer = desk.offers.value[0];
  if (offer) return take(offer.conversation);
  try {
    const first = (await conversations('waiting')).items[0];
    if (first) await take(first);
    else toast(t('nobodyWaits'));
  } catch (e) {
    toast(t('failedTake', { why: why(e) }), { bad: true });
  }
}

export async function invite(room: Room): Promise<void> {
  if (room.conversation.value.invited) {
    toast(t('alreadyInvited'));
    return;
  }
  if (await doing(desk.invite(room), (w) => t('failedInvite', { why: w }))) toast(t('invited'));
}

export async function recall(room: Room, seq: number): Promise<void> {
  await doing(desk.recall(room, seq), (w) => t('failedRecall', { why: w }));
}

export async function resend(room: Room, seq: number): Promise<void> {
  await doing(desk.resend(room, seq), (w) => t('failedResend', { why: w }));
}

export function closeRoom(room: Room): void {
  if (room.closing.value) return;
  const { undo, now: close } = desk.close(room);
  const goOn = (): void => {
    const next = desk.ranked.value.find((r) => r !== room && !r.closing.value);
    if (desk.open.value === room.id) desk.show(next?.id ?? null);
  };
  const id = toast(t('closing', { name: nameOf(room.conversation.value) }), {
    action: t('undo'),
    onAction: () => {
      undo();
      desk.show(room.id);
    },
    onGone: () => void doing(close(), (w) => t('failedClose', { why: w })),
  });
  const stop = effect(() => {
    if (!room.closing.value) queueMicrotask(() => (dropToast(id), stop()));
  });
  goOn();
}

export function queueName(key: string): string {
  return queues.value.get(key) || key;
}
