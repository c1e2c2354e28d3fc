// staff.ts: the staff of the site, and the keys of programs.
import { signal, type Signal } from '@preact/signals';
import { api, query } from '../core/api';
import type { Presence, Role } from '../core/staff';
import { site } from '../kit/session';
import type { Loading } from './docs';

export interface PersonRow {
  id: string;
  email?: string;
  name: string;
  number: string;
  roles: Role[];
  capacity: number;
  queues: string[];
  /** With a level behind a colon: refund:4. */
  skills: string[];
  presence: Presence;
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

export interface BlockRow {
  id: string;
  kind: string;
  value: string;
  name?: string;
  reason: string;
  at: number;
  by: string;
  until?: number;
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
  name: string;
  number: string;
  roles: Role[];
  capacity: number;
  queues: string[];
  skills: string[];
}

export async function addPerson(body: PersonBody & { email: string; password: string }): Promise<void> {
  await api('people', { method: 'POST', body: { site: here(), ...body } });
  await loadPeople();
}

export async function changePerson(id: string, body: PersonBody): Promise<void> {
  await api(`people/${encodeURIComponent(id)}${query({ site: here() })}`, { method: 'PUT', body });
  await loadPeople();
}

export async function disablePerson(email: string, disabled: boolean): Promise<void> {
  await api(`people/${encodeURIComponent(email)}/disable`, { method: 'POST', body: { disabled } });
  await loadPeople();
}

export async function setPassword(email: string, password: string): Promise<void> {
  await api(`people/${encodeURIComponent(email)}/password`, { method: 'POST', body: { password } });
}

export async function resetTotp(email: string): Promise<void> {
  await api(`people/${encodeURIComponent(email)}/reset-totp`, { method: 'POST', body: {} });
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

export const blocksOf = async (): Promise<BlockRow[]> =>
  (await api<{ items: BlockRow[] }>(`sites/${encodeURIComponent(here())}/blocks`)).items;

export const addBlock = (body: { kind: string; value: string; reason: string; until?: number }): Promise<void> =>
  api(`sites/${encodeURIComponent(here())}/blocks`, { method: 'POST', body });

export const liftBlock = (id: string): Promise<void> =>
  api(`sites/${encodeURIComponent(here())}/blocks/${encodeURIComponent(id)}`, { method: 'DELETE' });
