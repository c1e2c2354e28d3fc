// told.ts: what somebody is told of, to go and look at, and where it leads.
import { signal } from '@preact/signals';
import { api, query } from '../core/api';
import type { Staffer } from '../core/staff';
import { site } from '../kit/session';

export interface Told {
  /** The comment's, the request's, or of how it stands with a channel. */
  id: string;
  kind: 'mention' | 'reveal_asked' | 'reveal_granted' | 'reveal_refused' | 'channel_refused';
  at: number;
  by: Staffer;
  /** Empty once it was deleted. */
  text: string;
  /** None of a channel. */
  conversation: string;
  seen: boolean;
  channel?: string;
  review?: string;
  agent?: Staffer;
  seq?: number;
  until?: number;
}

/** null: not asked yet. */
export const notices = signal<readonly Told[] | null>(null);
export const unseen = signal(0);
/** What is on its way to be looked at; whoever has come there takes it away. */
export const goal = signal<Told | null>(null);

export async function loadNotices(quiet = false): Promise<void> {
  const got = await api<{ items: Told[]; unseen: number }>(`notices${query({ site: site.value?.key })}`, { quiet });
  notices.value = got.items;
  unseen.value = got.unseen;
}

/** Now and then; the next time will do. */
export const askNotices = (): Promise<void> => loadNotices(true).catch(() => undefined);

/** What stays until it is mended, or decided: seeing it changes nothing. */
export const lasts = (n: Told): boolean => n.kind === 'reveal_asked' || n.kind === 'channel_refused';

export async function see(n: Told): Promise<void> {
  if (n.seen || lasts(n)) return;
  await api(`notices/${encodeURIComponent(n.id)}/seen${query({ site: site.value?.key })}`, {
    method: 'POST',
    quiet: true,
  }).catch(
    () => undefined, // it stays a piece of news
  );
  await askNotices();
}

/** One click: the asker may see it for a day, or not. */
export async function decideReveal(n: Told, to: 'grant' | 'refuse'): Promise<void> {
  try {
    await api(`reveals/${encodeURIComponent(n.id)}/${to}`, { method: 'POST' });
  } finally {
    await askNotices(); // somebody may have been faster
  }
}
