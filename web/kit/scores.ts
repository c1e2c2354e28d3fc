// Scores that review/drafts.ts keeps in this browser until they have got to the server: whoever signs out, on whichever page, leaves none
// behind. They are sent before the session ends; what cannot be is lost only to somebody who says so.
import { api, ApiError } from '../core/api';
import { en } from '../i18n/scores/en';
import { zhCN } from '../i18n/scores/zh-CN';
import { zhTW } from '../i18n/scores/zh-TW';
import { words } from './i18n';
import { scoresOf } from './session';

const w = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });

interface Kept {
  revision: number;
  contents: unknown;
  sent: unknown[];
}

/** Throws where it did not get there. */
async function send(review: string, d: Kept): Promise<void> {
  const path = `reviews/${encodeURIComponent(review)}`;
  const put = (revision: number): Promise<unknown> =>
    api(`${path}/draft`, { method: 'PUT', body: { revision, contents: d.contents }, quiet: true });
  try {
    await put(d.revision);
  } catch (e) {
    if (!(e instanceof ApiError) || e.status !== 409) throw e;
    const now = await api<{ revision: number; contents: unknown }>(path, { quiet: true });
    const there = JSON.stringify(now.contents);
    if (there === JSON.stringify(d.contents)) return; // it had got there before
    if (!d.sent.some((x) => JSON.stringify(x) === there)) throw e;
    await put(now.revision);
  }
}

/** False: some did not get there, and whoever is asked stays for it. */
export async function sendScores(): Promise<boolean> {
  let lost = 0;
  for (const key of scoresOf()) {
    try {
      await send(key.slice(key.lastIndexOf('.') + 1), JSON.parse(localStorage.getItem(key) ?? '') as Kept);
    } catch {
      lost++;
    }
  }
  return lost === 0 || confirm(w('lost', { n: lost }));
}
