// Scores that have not reached the server yet: kept on this computer, of each person apart, until they have. Neither a reload nor a line that
// comes back late loses one, and who closes the page before that is asked. A form that is open sends its own; what it leaves is sent here.
import { effect } from '@preact/signals';
import { shelf } from '../core/storage';
import { expired, phase, session } from '../kit/session';
import { toast } from '../kit/Toast';
import { act, asError, readReview, sameContents, type Contents, type ReviewState } from './quality';
import { w } from './qualityWords';

interface Draft {
  /** The revision that it changes. */
  revision: number;
  contents: Contents;
  /** What was sent, and may have got there or not. */
  sent: Contents[];
  at: number;
}

const PREFIX = 'kefu.score.';
const AGAIN_MS = 2000;
/** Another page of this person sends its own within this time, if it can. */
const THEIRS_MS = 10_000;

const kept = shelf(() => localStorage);
let owner = '';
effect(() => {
  owner = session.value?.person.id ?? owner;
});
const keyOf = (review: string): string => `${PREFIX}${owner}.${review}`;

/** Of this page; and how many forms of each are open: one may come before the one that it replaces has ended. */
const unsaved = new Set<string>();
const open = new Map<string, number>();

const leaving = (ev: BeforeUnloadEvent): void => ev.preventDefault();
function mark(review: string, on: boolean): void {
  if (on) unsaved.add(review);
  else unsaved.delete(review);
  if (unsaved.size > 0) window.addEventListener('beforeunload', leaving);
  else window.removeEventListener('beforeunload', leaving);
}

export function keepDraft(review: string, revision: number, contents: Contents, sent: Contents[]): void {
  mark(review, true);
  kept.set(keyOf(review), JSON.stringify({ revision, contents, sent, at: Date.now() } satisfies Draft));
}

export function forgetDraft(review: string): void {
  mark(review, false);
  kept.set(keyOf(review), null);
}

export function draftOf(review: string): Draft | undefined {
  try {
    return (JSON.parse(kept.get(keyOf(review)) ?? 'null') as Draft | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/** So many of what was sent into a broken line are remembered: no other can be there when it is mended. */
const SENT_MAX = 8;
export const withLast = (sent: Contents[], one: Contents): Contents[] =>
  [...sent.filter((x) => !sameContents(x, one)), one].slice(-SENT_MAX);

/** Does it go on from what the server has: the revision that it changes, or one that it has made itself? */
export const goesOn = (d: Draft, revision: number, contents: Contents): boolean =>
  d.revision === revision || d.sent.some((x) => sameContents(x, contents));

/** Its form is open; what comes back is called when it is no more. */
export function openDraft(review: string): () => void {
  open.set(review, (open.get(review) ?? 0) + 1);
  return () => {
    const left = (open.get(review) ?? 0) - 1;
    if (left > 0) open.set(review, left);
    else open.delete(review);
    sendLeft();
  };
}

/** In whose state what was written has no place any more; none: it is not one's own. In words. */
export function sayLost(state: ReviewState | undefined): void {
  toast(w(!state ? 'givenAway' : state === 'missed' ? 'takenBack' : 'changedElsewhere'), { bad: true });
}

/** Whose forms are not open. */
function leftOver(): string[] {
  try {
    const mine = keyOf('');
    const all = Object.keys(localStorage).filter((key) => key.startsWith(mine));
    return all.map((key) => key.slice(mine.length)).filter((review) => !open.has(review));
  } catch {
    return [...unsaved].filter((review) => !open.has(review));
  }
}

async function sendOne(review: string, d: Draft): Promise<void> {
  const now = await readReview(review);
  if (sameContents(now.contents, d.contents)) {
    if (!open.has(review)) forgetDraft(review); // it had got there
    return;
  }
  if (!now.may.score || !goesOn(d, now.revision, now.contents)) {
    sayLost(now.state);
    forgetDraft(review);
    return;
  }
  if (open.has(review)) return;
  kept.set(keyOf(review), JSON.stringify({ ...d, sent: withLast(d.sent, d.contents) }));
  await act(review, 'draft', { revision: now.revision, contents: d.contents });
  if (!open.has(review)) forgetDraft(review); // else it has been written on meanwhile
}

/** True: it is out of the way. */
async function tryOne(review: string): Promise<boolean> {
  const d = draftOf(review);
  if (!d) {
    forgetDraft(review);
    return true;
  }
  if (!unsaved.has(review) && Date.now() - d.at < THEIRS_MS) return false;
  try {
    await sendOne(review, d);
    return true;
  } catch (e) {
    const { status } = asError(e);
    // 409: it is read again, and seen to be changed or our own. 401: whoever signs in again goes on.
    if (!status || status === 401 || status === 409 || status === 429 || status >= 500) return false;
    if (status === 404) sayLost(undefined);
    forgetDraft(review);
    return true;
  }
}

let sending = false;
let timer: ReturnType<typeof setTimeout> | undefined;
/** What is left over is sent, one after the other, until nothing is. */
export function sendLeft(): void {
  clearTimeout(timer);
  if (sending || phase.peek() !== 'in') return;
  sending = true;
  void (async () => {
    for (const review of leftOver()) if (!(await tryOne(review))) break;
    sending = false;
    if (leftOver().length > 0) timer = setTimeout(sendLeft, AGAIN_MS);
  })();
}

// Who signs out leaves nothing behind. A session that has ended by itself goes on with the next.
effect(() => {
  if (phase.value !== 'out' || expired.value) return;
  for (const review of [...leftOver(), ...open.keys()]) forgetDraft(review);
});
