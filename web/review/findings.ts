// What machine checks have found in the conversation that is open: proposals, each beside the line that it cites.
import { signal } from '@preact/signals';
import { api, query } from '../core/api';
import type { Entry, Staffer } from '../core/staff';
import { duration } from '../core/time';
import { lang } from '../kit/i18n';
import { site } from '../kit/session';
import { w } from './checkWords';

export type FindingState = 'open' | 'taken' | 'dismissed';
export interface Finding {
  id: string;
  conversation: string;
  check: string;
  version: number;
  seq: number;
  state: FindingState;
  closed_at: number;
  queue: string;
  agent?: Staffer;
  ms?: number;
  word?: string;
  decided?: { at: number; by: { name: string } };
}
export interface CheckBody {
  name: string | Readonly<Record<string, string>>;
  type: string;
  [member: string]: unknown;
}
export interface Check {
  key: string;
  version: number;
  type: string;
  off: boolean;
  body: CheckBody;
  found: { open: number; taken: number; dismissed: number };
}

export const checks = signal<readonly Check[]>([]);
/** Of the conversation that is open. */
export const findings = signal<readonly Finding[]>([]);

const here = (): string | undefined => site.value?.key;

export async function loadChecks(): Promise<void> {
  checks.value = (await api<{ items: Check[] }>(`checks${query({ site: here() })}`)).items;
}

export interface Tried {
  items: {
    conversation: string;
    seq: number;
    closed_at: number;
    text: string;
    change: 'same' | 'new' | 'gone';
    agent?: Staffer;
    ms?: number;
    word?: string;
  }[];
  looked: number;
  hits: number;
  before: number;
  new: number;
  gone: number;
  next: number | null;
}

export function tryCheck(key: string, check: CheckBody, from: number, to?: number): Promise<Tried> {
  const body = { key, check, from, ...(to ? { to } : {}) };
  return api<Tried>(`checks/try${query({ site: here() })}`, { method: 'POST', body });
}

export async function judge(id: string, state: FindingState): Promise<void> {
  const path = `findings/${encodeURIComponent(id)}${query({ site: here() })}`;
  const got = await api<Finding>(path, { method: 'POST', body: { state } });
  findings.value = findings.value.map((f) => (f.id === id ? got : f));
}

let wanted = '';
/** Whoever may not see findings reads on without them. */
export async function loadFindings(conversation: string | undefined): Promise<void> {
  wanted = conversation ?? '';
  if (findings.value.length > 0) findings.value = [];
  if (!conversation) return;
  try {
    if (checks.value.length === 0) await loadChecks();
    const got = await api<{ items: Finding[] }>(`findings${query({ site: here(), conversation })}`);
    if (wanted === conversation) findings.value = got.items;
  } catch {
    // The words are there, and that is what was asked for.
  }
}

export function checkName(key: string): string {
  const name = checks.value.find((c) => c.key === key)?.body.name;
  if (!name) return key;
  return typeof name === 'string' ? name : (name[lang.value] ?? Object.values(name)[0] ?? key);
}

export function findingWords(f: Pick<Finding, 'check' | 'ms' | 'word'>): string {
  const name = checkName(f.check);
  if (f.word) return w('foundWord', { name, word: f.word });
  return f.ms ? w('foundTime', { name, time: duration(f.ms) }) : w('found', { name });
}

/** As entries behind their messages. */
export function findingEntries(all: readonly Finding[]): Entry[] {
  return all
    .filter((f) => f.state !== 'dismissed')
    .map((f, i): Entry => {
      return {
        id: -1000 - i,
        after_seq: f.seq,
        at: f.closed_at,
        kind: 'finding',
        by: { role: 'system' },
        text: findingWords(f),
      };
    });
}
