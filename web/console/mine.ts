// mine.ts: how many reviews of one's own wait to be acknowledged or appealed, and how many notices to be looked at. Asked when the page opens, when it is looked at again, and
// now and then.
import type { FunctionComponent } from 'preact';
import { api, query } from '../core/api';
import { may, site } from '../kit/session';
import { toast } from '../kit/Toast';
import { Mine } from '../review/Mine';
import { loadNotices, unseen } from '../review/told';
import { w } from '../review/qualityWords';
import { dialog, mineOpen } from './work';

const ASK_MS = 120_000;

/** `told`: the server has said that there is something new. */
async function ask(told = false): Promise<void> {
  if (!may('agent') || (document.hidden && !told)) return;
  try {
    const path = `reviews${query({ site: site.value?.key, list: 'about_me' })}`;
    const { items } = await api<{ items: { state: string; stands: boolean }[] }>(path, { quiet: true });
    const coached = await api<{ items: { state: string }[] }>(
      `coaching${query({ site: site.value?.key, list: 'mine' })}`,
      { quiet: true },
    );
    await loadNotices(true);
    const before = mineOpen.value;
    mineOpen.value =
      items.filter((r) => r.state === 'submitted' && !r.stands).length +
      coached.items.filter((c) => c.state === 'planned').length +
      unseen.value;
    if (told && mineOpen.value > before) toast(w('mineNew', { n: mineOpen.value }));
  } catch {
    // The next time will do.
  }
}

/** Returns what ends it. */
export function watchMine(): () => void {
  const look = (): void => void ask();
  const heard = (): void => void ask(true);
  const timer = setInterval(look, ASK_MS);
  document.addEventListener('kefud-notice', heard);
  document.addEventListener('visibilitychange', look);
  const closed = dialog.subscribe((open) => open === '' && look());
  return () => {
    clearInterval(timer);
    document.removeEventListener('kefud-notice', heard);
    document.removeEventListener('visibilitychange', look);
    closed();
  };
}

/** The view of it, and its style. */
export async function loadMine(): Promise<FunctionComponent<{ onClose: () => void }>> {
  await laterStyle();
  return Mine;
}

/** The style of what is opened seldom; the page names its sheet. */
function laterStyle(): Promise<void> {
  const path = document.querySelector<HTMLMetaElement>('meta[name=later-style]')?.content;
  if (!path || document.querySelector(`link[href="${path}"]`)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = path;
    link.onload = () => resolve();
    link.onerror = () => {
      link.remove();
      reject(new Error(path));
    };
    document.head.append(link);
  });
}
