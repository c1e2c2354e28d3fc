// staff.ts: the staff of the site, and the keys of programs.
import { signal, type Signal } from '@preact/signals';
import { api, query } from '../core/api';
import type { Presence, Role } from '../core/staff';
import { newCid } from '../core/wire';
import { site } from '../kit/session';
import type { Loading } from './docs';

export interface PersonRow {
  id: string;
  name: string;
  number: string;
  roles: Role[];
  capacity: number;
  queues: string[];
  /** With a level behind a colon: refund:4. */
  skills: string[];
  presence: Presence;
  connected: boolean;
  disabled: boolean;
}

export interface KeyRow {
  id: string;
  name: string;
  verbs: string[];
  created_at: number;
  created_by: string;
  used_at?: number;
  expires_at?: number;
  revoked_at?: number;
}

/** Who may not write: a document like the others. */
export interface BanRow {
  key: string;
  version: number;
  at: number;
  by: string;
  body: {
    visitor?: string;
    address?: string;
    channel?: string;
    user?: string;
    mute?: boolean;
    reason: string;
    until?: number;
  };
}

export const people: Signal<readonly PersonRow[]> = signal([]);
export const peopleState: Signal<Loading> = signal('no');

const here = (): string => site.value?.key ?? '';

export async function loadPeople(): Promise<void> {
  if (peopleState.value !== 'yes') peopleState.value = 'loading';
  try {
    const { items } = await api<{ items: PersonRow[] }>(`people${query({ site: here() })}`);
    people.value = items.map((p) => ({ ...p, queues: p.queues ?? [], skills: p.skills ?? [] }));
    peopleState.value = 'yes';
  } catch {
    peopleState.value = 'failed';
  }
}

export interface PersonBody {
  number: string;
  roles: Role[];
  capacity: number;
  queues: string[];
  skills: string[];
}

export async function addPerson(body: PersonBody & { name: string; email: string; password: string }): Promise<void> {
  await api('people', { method: 'POST', body: { site: here(), ...body } });
  await loadPeople();
}

export async function changePerson(id: string, body: PersonBody): Promise<void> {
  await api(`people/${encodeURIComponent(id)}${query({ site: here() })}`, { method: 'PUT', body });
  await loadPeople();
}

export async function disablePerson(id: string): Promise<void> {
  await api(`people/${encodeURIComponent(id)}/disable`, { method: 'POST', body: {} });
  await loadPeople();
}

export async function setPassword(id: string, password: string): Promise<void> {
  await api(`people/${encodeURIComponent(id)}/password`, { method: 'POST', body: { password } });
}

export async function resetTotp(id: string): Promise<void> {
  await api(`people/${encodeURIComponent(id)}/reset-totp`, { method: 'POST', body: {} });
}

export const keysOf = async (): Promise<KeyRow[]> =>
  (await api<{ items: KeyRow[] }>(`keys${query({ site: here() })}`)).items;

export const makeKey = (
  name: string,
  verbs: string[],
  expires_at: number | undefined,
): Promise<KeyRow & { key: string }> =>
  api(`keys${query({ site: here() })}`, {
    method: 'POST',
    body: { name, verbs, ...(expires_at ? { expires_at } : {}) },
  });

export const revokeKey = (id: string): Promise<void> =>
  api(`keys/${encodeURIComponent(id)}${query({ site: here() })}`, { method: 'DELETE' });

const documents = (): string => `sites/${encodeURIComponent(here())}/documents`;

export const bansOf = async (): Promise<BanRow[]> =>
  (await api<{ items: BanRow[] }>(`${documents()}?kind=ban`)).items.sort((a, b) => b.at - a.at);

export function addBan(body: BanRow['body']): Promise<void> {
  const key = newCid()
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .slice(0, 16);
  return api(`${documents()}/ban/${key}`, { method: 'PUT', headers: { 'If-None-Match': '*' }, body });
}

export const liftBan = (b: BanRow): Promise<void> =>
  api(`${documents()}/ban/${encodeURIComponent(b.key)}`, {
    method: 'DELETE',
    headers: { 'If-Match': `"${b.version}"` },
  });
