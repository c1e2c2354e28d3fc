// Who is signed in, and at which site. The pages of the staff share it.
import { signal } from '@preact/signals';
import { api, ApiError, onSignedOut, readsDone, setCsrf } from '../core/api';
import type { Role, Session, SiteRole } from '../core/staff';
import { shelf } from '../core/storage';

export const session = signal<Session | null>(null);
export const site = signal<SiteRole | null>(null);
/** unknown: not asked yet; failed: the server could not be asked. */
export const phase = signal<'unknown' | 'out' | 'in' | 'failed'>('unknown');
/** The session ended by itself, in the middle of the work. */
export const expired = signal(false);

const kept = shelf(() => localStorage);
const SITE = 'kefu.site';
/** Whether this browser has a session, as far as the page may know: without one there is nothing to ask the server for. */
const SIGNED = 'kefu.signed';
/** Drafts of the console that its disk did not have yet: console/drafts.ts. */
export const LAST_DRAFTS = 'kefu.console.draft';

function take(s: Session): void {
  setCsrf(s.csrf);
  const wanted = new URLSearchParams(location.search).get('site') ?? kept.get(SITE);
  session.value = s;
  site.value = s.sites.find((x) => x.key === wanted) ?? (s.sites.length === 1 ? (s.sites[0] as SiteRole) : null);
  expired.value = false;
  phase.value = 'in';
  kept.set(SIGNED, '1');
}

export async function restore(): Promise<void> {
  if (kept.get(SIGNED) !== '1') {
    phase.value = 'out';
    return;
  }
  try {
    take(await api<Session>('session', { quiet: true }));
  } catch (e) {
    const out = e instanceof ApiError && e.status === 401;
    if (out) kept.set(SIGNED, null);
    phase.value = out ? 'out' : 'failed';
  }
}

/** Throws ApiError: 401 wrong, or `totp_required`, `totp_wrong`; 429 too often, 400 `tls_required`. */
export async function signIn(email: string, password: string, code: string): Promise<void> {
  const body = code ? { email, password, code } : { email, password };
  take(await api<Session>('session', { method: 'POST', body, quiet: true }));
}

/** The keys of scores that have not got to the server: review/drafts.ts. */
export function scoresOf(): string[] {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(`kefu.score.${session.peek()?.person.id}.`));
  } catch {
    return [];
  }
}

const READS_MS = 2000;

/** What a page does while there is still a session to do it in. False: it was not done, and who is told so stays. */
export const beforeOut = new Set<() => Promise<boolean | void>>();

export async function signOut(): Promise<void> {
  const scores = scoresOf();
  if (scores[0] && !(await import('./later').then((m) => m.sendScores()).catch(() => true))) return;
  for (const f of beforeOut) if ((await f()) === false) return;
  for (const key of scores) kept.set(key, null);
  // The console's drafts and transcripts, whichever page this is: where it is open it lets go of them (keep.ts).
  try {
    indexedDB.deleteDatabase('kefu-console');
  } catch {
    // Storage is denied, so nothing is there.
  }
  shelf(() => sessionStorage).set(LAST_DRAFTS, null);
  await readsDone(READS_MS);
  try {
    await api('session', { method: 'DELETE', quiet: true });
  } catch {
    // The page forgets in any case; the cookie ends by itself.
  }
  ended(false);
}

export function chooseSite(s: SiteRole | null): void {
  site.value = s;
  kept.set(SITE, s?.key ?? null);
}

export function may(...roles: Role[]): boolean {
  return site.value?.roles.some((r) => roles.includes(r)) === true;
}

/** The session is over: by the person, or (`byItself`) because the server says so. */
export function ended(byItself: boolean): void {
  setCsrf('');
  expired.value = byItself;
  session.value = null;
  phase.value = 'out';
  kept.set(SIGNED, null);
}

onSignedOut(() => {
  if (phase.value === 'in') ended(true);
});
