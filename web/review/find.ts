// find.ts: which transcripts are looked for, and what was found. The question stands in the address, so that it can be shared.
import { batch, effect, signal } from '@preact/signals';
import { api, ApiError, query } from '../core/api';
import type { Colleague, Entry, Found, FoundPage, Staffer, Transcript } from '../core/staff';
import { channelName, meet } from '../kit/names';
import { site } from '../kit/session';
import { span } from './span';
import { t } from './words';

export interface Question {
  q: string;
  agent: string;
  channel: string;
  rating: string;
  /** today, yesterday, 7, 30, or two dates YYYY-MM-DD..YYYY-MM-DD; empty: any time. */
  time: string;
  queue: string;
  tag: string;
  rule: string;
  /** Keys: of a check that has found something, of a scorecard it was reviewed with. */
  check: string;
  scorecard: string;
  /** open, closed. */
  state: string;
  closed_by: string;
  /** yes, no: the visitor has filled in a form. */
  form: string;
  reviewed: string;
  /** Ranges, A..B: seconds, and hundredths of a point. */
  wait: string;
  response: string;
  silence: string;
  lasted: string;
  score: string;
}

/** What the page shows. */
export const VIEWS = [
  'find',
  'tasks',
  'appeals',
  'samples',
  'figures',
  'checks',
  'cards',
  'library',
  'coaching',
] as const;
export type View = (typeof VIEWS)[number];
const first = new URLSearchParams(location.search).get('view') as View;
export const view = signal<View>(VIEWS.includes(first) ? first : 'find');

const NONE: Question = {
  q: '',
  agent: '',
  channel: '',
  rating: '',
  time: '',
  queue: '',
  tag: '',
  rule: '',
  check: '',
  scorecard: '',
  state: '',
  closed_by: '',
  form: '',
  reviewed: '',
  wait: '',
  response: '',
  silence: '',
  lasted: '',
  score: '',
};
const KEYS = Object.keys(NONE) as (keyof Question)[];
const PAGE = 50;

export const question = signal<Question>(fromAddress());
export const found = signal<readonly Found[] | null>(null);
export const count = signal<{ n: number; capped: boolean; ms: number } | null>(null);
export const busy = signal(false);
export const failed = signal<ApiError | null>(null);
export const chosen = signal<string | null>(new URLSearchParams(location.search).get('id'));
export const transcript = signal<Transcript | null>(null);
export const transcriptFailed = signal<ApiError | null>(null);
/** The transcript whose personal data is shown as it was written. */
export const shown = signal<string | null>(null);
/** What reviewers have said about its messages. */
export const comments = signal<readonly Entry[]>([]);
/** The message that the reader stands on; 0: none. */
export const at = signal(0);
export const agents = signal<readonly Colleague[]>([]);
/** Agents who are here no more. */
export const left = signal<readonly Staffer[]>([]);
/** The site's, and what results have brought of those that there are no more. */
export const channels = signal<readonly string[]>([]);
interface Named {
  key: string;
  name: string;
}
/** The site's. */
export const queues = signal<readonly Named[]>([]);

const channelNames = new Map<string, string>();

/** Where the page has no word for it, what the house calls it. */
export function channelLabel(key: string): string {
  const word = channelName(key);
  return word === key ? channelNames.get(key) || key : word;
}

let cursor: string | null = null;
let running: AbortController | null = null;
let loadingMore = false;

function fromAddress(): Question {
  const p = new URLSearchParams(location.search);
  const ret = { ...NONE };
  for (const key of KEYS) ret[key] = p.get(key) ?? '';
  return ret;
}

function toAddress(): void {
  const p = new URLSearchParams();
  const here = new URLSearchParams(location.search);
  for (const key of ['site', 'lang']) if (here.get(key)) p.set(key, here.get(key) as string);
  for (const key of KEYS) if (question.value[key]) p.set(key, question.value[key]);
  if (view.value !== 'find') p.set('view', view.value);
  else if (chosen.value) p.set('id', chosen.value);
  const text = p.toString();
  history.replaceState(null, '', location.pathname + (text ? `?${text}` : ''));
}

// A reload leads back to where one was.
let before = view.value;
effect(() => {
  if (view.value === before) return;
  before = view.value;
  batch(() => {
    chosen.value = null;
    transcript.value = null;
    transcriptFailed.value = null;
    comments.value = [];
  });
  toAddress();
});

/** The question as the server takes it. */
export function wanted(): Record<string, string | number | undefined> {
  const { q, time, ...rest } = question.value;
  const [from, to] = span(time, Date.now());
  return { site: site.value?.key, q: q.trim(), ...rest, from: from || undefined, to: to || undefined };
}

/** What of the question is set: as it is kept. */
export function filterOf(question: Question): Partial<Question> {
  const ret: Partial<Question> = {};
  for (const key of KEYS) if (question[key].trim()) ret[key] = question[key].trim();
  return ret;
}

function path(next: string | null): string {
  return `transcripts${query({ ...wanted(), limit: PAGE, cursor: next ?? undefined })}`;
}

function asError(e: unknown): ApiError {
  return e instanceof ApiError ? e : new ApiError(0, '');
}

export async function search(): Promise<void> {
  toAddress();
  running?.abort();
  const mine = new AbortController();
  running = mine;
  busy.value = true;
  const start = performance.now();
  try {
    const page = await api<FoundPage>(path(null), { signal: mine.signal });
    cursor = page.cursor ?? null;
    batch(() => {
      found.value = page.items;
      count.value = { n: page.count, capped: page.count_capped, ms: performance.now() - start };
      failed.value = null;
      busy.value = false;
      learn(page.items);
    });
  } catch (e) {
    if (mine.signal.aborted) return;
    batch(() => {
      failed.value = asError(e);
      busy.value = false;
    });
  }
}

export async function more(): Promise<void> {
  if (!cursor || loadingMore || busy.value) return;
  loadingMore = true;
  const mine = running;
  try {
    const page = await api<FoundPage>(path(cursor), mine ? { signal: mine.signal } : {});
    if (mine !== running) return;
    cursor = page.cursor ?? null;
    found.value = [...(found.value ?? []), ...page.items];
    learn(page.items);
  } catch {
    // The next scroll asks again.
  } finally {
    loadingMore = false;
  }
}

function learn(items: readonly Found[]): void {
  knowChannels(items.map((x) => x.conversation.channel));
  if (question.value.channel) knowChannels([question.value.channel]);
}

function knowChannels(keys: readonly string[]): void {
  const all = new Set(channels.value);
  const before = all.size;
  for (const key of keys) all.add(key);
  if (all.size !== before) channels.value = [...all].sort();
}

export function refine(p: Partial<Question>): void {
  question.value = { ...question.value, ...p };
  void search();
}

/** Another question altogether. */
export function ask(filter: Partial<Question>): void {
  refine({ ...NONE, ...filter });
}

export function clearFilters(): void {
  refine({ ...NONE, q: question.value.q });
}

export function filtered(): boolean {
  return KEYS.some((key) => key !== 'q' && question.value[key] !== '');
}

/** Appeals that wait for a decision, of those that one may read; null: not asked yet. */
export const appealsOpen = signal<number | null>(null);

export async function askAppeals(): Promise<void> {
  try {
    const path = `reviews${query({ site: site.value?.key, list: 'appeals' })}`;
    appealsOpen.value = (await api<{ items: unknown[] }>(path, { quiet: true })).items.length;
  } catch {
    // The next time will do.
  }
}

/** What was deleted was not taken back by anybody: it says so. */
export function told(got: Transcript): Transcript {
  if (!got.gone) return got;
  const gone = t('goneWords');
  return { ...got, messages: got.messages.map((m) => (m.kind === 'removed' ? { ...m, gone } : m)) };
}

let asked = '';
export async function open(id: string | null, reveal = false): Promise<void> {
  chosen.value = id;
  asked = id ?? '';
  // What takes the server time is asked for before what takes the browser time.
  const request = id && api<Transcript>(`transcripts/${encodeURIComponent(id)}${reveal ? '?reveal=1' : ''}`);
  toAddress();
  if (!request) {
    transcript.value = null;
    return;
  }
  transcriptFailed.value = null;
  try {
    const got = told(await request);
    if (asked !== id) return;
    const hit = found.value?.find((f) => f.conversation.id === id)?.hits[0]?.seq ?? 0;
    batch(() => {
      transcript.value = got;
      shown.value = reveal ? id : null;
      if (!reveal) at.value = hit;
    });
  } catch (e) {
    if (asked === id) {
      batch(() => {
        transcript.value = null;
        transcriptFailed.value = asError(e);
      });
    }
  }
}

export async function loadAgents(): Promise<void> {
  try {
    const got = await api<{ agents: Colleague[]; left?: Staffer[]; queues: Named[]; channels?: Named[] }>(
      `sites/${encodeURIComponent(site.value?.key ?? '')}/colleagues`,
    );
    meet(...got.agents, ...(got.left ?? []));
    for (const x of got.channels ?? []) channelNames.set(x.key, x.name);
    batch(() => {
      agents.value = got.agents;
      left.value = got.left ?? [];
      queues.value = got.queues;
      knowChannels((got.channels ?? []).map((x) => x.key));
    });
  } catch {
    // The filter then offers those found so far.
  }
}

/** The next message in a direction. */
export function stepMessage(by: 1 | -1): void {
  const all = (transcript.value?.messages ?? []).filter((m) => m.kind !== 'event');
  if (all.length === 0) return;
  const i = all.findIndex((m) => m.seq === at.value);
  const to = i < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, i + by));
  at.value = all[to]?.seq ?? 0;
}
