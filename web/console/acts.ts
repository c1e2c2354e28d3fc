// acts.ts: what those do who oversee others, and what explains why somebody waits. Each of these acts is in the audit log.
import { api } from '../core/api';
import type { Presence, Unattended, Why } from '../core/staff';
import { nameOf } from '../kit/names';
import { site } from '../kit/session';
import { toast } from '../kit/Toast';
import type { Target } from './desk';
import type { Room } from './room';
import { t } from './words';
import { desk, doing } from './work';

const here = (): string => `sites/${encodeURIComponent(site.value?.key ?? '')}`;
const failed = (why: string): string => t('failedAct', { why });

export const whyOf = (id: string): Promise<Why> => api(`${here()}/conversations/${encodeURIComponent(id)}/why`);

export interface Moved {
  conversation: string;
  done: boolean;
  warning?: Unattended;
  message?: string;
}

/** Hands many on at once; each says how it went. */
export const reassign = async (conversations: readonly string[], to: Target, note = ''): Promise<Moved[]> =>
  (
    await api<{ items: Moved[] }>(`${here()}/conversations/transfer`, {
      method: 'POST',
      body: { conversations, to, ...(note ? { note } : {}) },
    })
  ).items;

export const pauseQueue = (queue: string, paused: boolean): Promise<boolean> =>
  doing(api(`${here()}/queues/${encodeURIComponent(queue)}/pause`, { method: 'POST', body: { paused } }), failed);

export const setPresenceOf = (agent: string, presence: Presence): Promise<boolean> =>
  doing(desk.act({ type: 'presence', presence, agent }), failed);

export async function setPriority(conversation: string, priority: number): Promise<boolean> {
  const done = await doing(desk.act({ type: 'priority', conversation, priority }), failed);
  if (done) desk.rooms.value.get(conversation)?.patch({ priority });
  return done;
}

export const watch = (room: Room, on: boolean): Promise<boolean> => doing(desk.watch(room, on), failed);

export async function join(room: Room): Promise<boolean> {
  const done = await doing(desk.act({ type: 'join', conversation: room.id }), failed);
  if (done) toast(t('joinedTalk', { name: nameOf(room.conversation.value) }));
  return done;
}

/** Only the agent and those who oversee them read it. */
export const whisper = (room: Room, text: string): Promise<boolean> =>
  doing(desk.act({ type: 'whisper', conversation: room.id, text }), failed);

export async function askHelp(room: Room, agent: string, name: string, note: string): Promise<boolean> {
  const done = await doing(
    desk.act({ type: 'help', conversation: room.id, to: { agent }, ...(note ? { note } : {}) }),
    failed,
  );
  if (done) toast(t('helpAsked', { name }));
  return done;
}

export const handBack = (room: Room): Promise<boolean> => doing(desk.handBack(room), failed);

/** Ends the wrap-up of a conversation that one has closed. */
export const ready = (conversation: string): Promise<boolean> =>
  doing(desk.act({ type: 'ready', conversation }), failed);
