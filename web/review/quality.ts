// quality.ts: reviews as the server tells of them, and what is done with them. Scores on the wire are hundredths of a point.
import { batch, signal } from '@preact/signals';
import { api, ApiError, query } from '../core/api';
import type { Entry, Staffer } from '../core/staff';
import { lang } from '../kit/i18n';
import { meet } from '../kit/names';
import { site } from '../kit/session';
import { s } from '../kit/staffWords';
import { comments, open } from './find';

export type ItemType = 'yesno' | 'steps3' | 'steps5' | 'add' | 'deduct' | 'fatal';
export interface Item {
  key: string;
  name: string;
  rule?: string;
  examples?: string[];
  type: ItemType;
  points?: number;
  scope?: 'all' | 'section';
  /** The machine check whose findings are proposed here. */
  check?: string;
}
export interface Card {
  name: string;
  pass?: number;
  sections: { key: string; name: string; weight: number; items: Item[] }[];
}
export interface Answer {
  value?: number;
  na?: boolean;
}
export interface Contents {
  answers?: Record<string, Answer>;
  notes?: Record<string, string>;
  summary?: string;
}
export type ReviewState = 'assigned' | 'draft' | 'submitted' | 'acknowledged' | 'appealed' | 'final' | 'missed';
export type SampleKind = 'random' | 'risk' | 'calibration';
export interface ReviewRow {
  id: string;
  sample: { id: string; name: string; kind: SampleKind };
  conversation: string;
  channel: string;
  queue: string;
  closed_at: number;
  agent: Staffer;
  reviewer: Staffer;
  decider?: Staffer;
  scorecard: { key: string; version: number };
  state: ReviewState;
  revision: number;
  version: number;
  score?: number;
  plain?: number;
  fatal?: boolean;
  passed?: boolean;
  first_score?: number;
  outcome?: 'none' | 'accepted' | 'partly' | 'rejected';
  submitted_at?: number;
  appeal_until?: number;
  stands: boolean;
}
export interface Comment {
  id: string;
  at: number;
  by: Staffer;
  text: string;
  seq?: number;
  parent?: string;
  mentions: Staffer[];
}
export interface Review extends ReviewRow {
  card: Card;
  contents: Contents;
  lines: Record<string, { earned: number; max: number; failed: boolean }>;
  versions: { version: number; at: number; by: Staffer; score: number; fatal: boolean }[];
  appeals: { item: string; text: string; outcome?: 'accepted' | 'partly' | 'rejected'; answer?: string }[];
  comments: Comment[];
  /** Who else may read it, and so be named in a comment. */
  readers: Staffer[];
  may: { comment: boolean; score: boolean; acknowledge: boolean; appeal: boolean; decide: boolean };
  blind: boolean;
}
export interface Done {
  state: ReviewState;
  revision: number;
  score?: number;
  plain?: number;
  fatal?: boolean;
  passed?: boolean;
}
export interface Sum {
  key?: string;
  person?: Staffer;
  name?: string;
  reviews: number;
  fatal_free: number;
  passed: number;
  score_sum: number;
  plain_sum: number;
  median: number;
  appealed: number;
  decided: number;
  overturned: number;
  turnaround_ms_sum: number;
  rated?: number;
  failed?: number;
}

/** The keys want to go on in the panel, as soon as it is there. */
export const eager = signal(false);
/** The review that is open; null: none. */
export const review = signal<Review | null>(null);
export const reviewFailed = signal<ApiError | null>(null);

export function asError(e: unknown): ApiError {
  return e instanceof ApiError ? e : new ApiError(0, '');
}

/** In words. */
export const why = (e: unknown): string => asError(e).title || s('unreachable');

const here = (): string | undefined => site.value?.key;

export async function reviews(filter: Readonly<Record<string, string | number | undefined>>): Promise<ReviewRow[]> {
  const all: ReviewRow[] = [];
  let after: string | undefined;
  do {
    const got = await api<{ items: ReviewRow[]; next?: string }>(`reviews${query({ site: here(), ...filter, after })}`);
    for (const r of got.items) meet(r.agent, r.reviewer, r.decider);
    all.push(...got.items);
    after = got.next;
  } while (after);
  return all;
}

function take(r: Review): void {
  batch(() => {
    review.value = r;
    reviewFailed.value = null;
    comments.value = r.comments
      .filter((c) => c.seq)
      .map((c, i): Entry => {
        const by = { role: 'agent', id: c.by.id, name: c.by.name };
        return { id: -1 - i, after_seq: c.seq ?? 0, at: c.at, kind: 'comment', by, text: c.text };
      });
  });
}

export const readReview = (id: string): Promise<Review> => api<Review>(`reviews/${encodeURIComponent(id)}`);

/** Of an object the same members, in whatever order. */
function sorted(v: unknown): unknown {
  if (typeof v !== 'object' || v === null || Array.isArray(v)) return v;
  return Object.entries(v)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([k, x]) => [k, sorted(x)]);
}

export const sameContents = (a: Contents, b: Contents): boolean =>
  JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

let wanted = '';
/** Opens a review, and (`talk`) the conversation that it is about. */
export async function openReview(id: string | null, talk = true): Promise<void> {
  wanted = id ?? '';
  if (!id) {
    batch(() => {
      review.value = null;
      reviewFailed.value = null;
      comments.value = [];
    });
    if (talk) void open(null);
    return;
  }
  try {
    const r = await readReview(id);
    if (wanted !== id) return;
    meet(r.agent, r.reviewer, r.decider, ...r.readers);
    take(r);
    if (talk) void open(r.conversation);
  } catch (e) {
    if (wanted !== id) return;
    batch(() => {
      review.value = null;
      reviewFailed.value = asError(e);
    });
  }
}

/** Reads the open one again, its conversation left as it is. */
export const reread = (): Promise<void> => openReview(wanted || null, false);

export function act(id: string, name: string, body: Record<string, unknown>): Promise<Done> {
  const method = name === 'draft' ? 'PUT' : 'POST';
  return api<Done>(`reviews/${encodeURIComponent(id)}/${name}`, { method, body });
}

export async function postComment(
  id: string,
  text: string,
  more: { seq?: number; parent?: string; mentions?: string[] },
): Promise<void> {
  await api(`reviews/${encodeURIComponent(id)}/comments`, { method: 'POST', body: { text, ...more } });
  if (wanted === id) await reread();
}

export function figures(filter: Readonly<Record<string, string | number | undefined>>) {
  return api<{ total: Sum; groups: Sum[]; capped: boolean }>(`quality${query({ site: here(), ...filter })}`);
}

export const items = (card: Card): Item[] => card.sections.flatMap((s) => s.items);

/** What may be answered: the highest number. */
export function most(i: Item): number {
  return { yesno: 1, steps3: 2, steps5: 4, fatal: 1, add: i.points ?? 0, deduct: i.points ?? 0 }[i.type];
}

/** Items of yes and no, or of steps, have to be answered; the others count as 0. */
export function missing(card: Card, contents: Contents): Item[] {
  const has = (i: Item): boolean => {
    const a = contents.answers?.[i.key];
    return !!a && (a.na === true || a.value !== undefined);
  };
  return items(card).filter((i) => ['yesno', 'steps3', 'steps5'].includes(i.type) && !has(i));
}

/** All that has weight is not applicable, and nothing fatal to all of it is hit: there is no score. */
export function unjudged(card: Card, contents: Contents): boolean {
  const answers = contents.answers ?? {};
  const weighty = items(card).filter((i) => ['yesno', 'steps3', 'steps5'].includes(i.type));
  const hit = items(card).some((i) => i.type === 'fatal' && i.scope !== 'section' && (answers[i.key]?.value ?? 0) > 0);
  return weighty.length > 0 && !hit && weighty.every((i) => answers[i.key]?.na);
}

/** 7120 → 71.2 */
export function points(hundredths: number | undefined): string {
  return new Intl.NumberFormat(lang.value, { maximumFractionDigits: 2 }).format((hundredths ?? 0) / 100);
}

export function share(part: number, whole: number): string {
  if (!whole) return '–';
  return new Intl.NumberFormat(lang.value, { style: 'percent', maximumFractionDigits: 1 }).format(part / whole);
}
