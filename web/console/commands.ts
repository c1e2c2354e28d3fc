// commands.ts: what an agent can do by a key, once: its words, its key, when it applies. The keyboard, the palette and the help page all
// read this list; what has no key stands in the palette alone (palette.ts).
import { composing, inText } from '../core/keys';
import { prefs } from '../kit/prefs';
import { focusFilter, focusList, inOrder, movedAt } from './ListPane';
import { toggleContext } from './RoomPane';
import type { Room } from './room';
import { t } from './words';
import { askComposer, closeRoom, contextOver, desk, dialog, invite, live, tab, takeNext } from './work';

export interface Command {
  id: string;
  label: string;
  /** Letters as on the key; '' none. */
  key: string;
  /** Shown in place of the key. */
  shown?: string;
  when?: () => boolean;
  run: () => void;
}

const room = (): Room | null => desk.current.value;
export const mine = (): boolean => {
  const r = room();
  return !!r && desk.mine.value.has(r.id) && !r.closing.value;
};

export function step(by: 1 | -1): void {
  const ids = inOrder();
  if (ids.length === 0) return;
  const at = ids.indexOf(desk.open.value ?? '');
  const to = at < 0 ? (by > 0 ? 0 : ids.length - 1) : Math.max(0, Math.min(ids.length - 1, at + by));
  movedAt.value = Date.now();
  desk.show(ids[to] as string);
}

function waitsLongest(): void {
  const next = desk.ranked.value.find((r) => r.since.value > 0 && !r.closing.value);
  if (!next) return;
  tab.value = 'mine';
  desk.show(next.id);
  askComposer('focus');
}

export function commands(): Command[] {
  return [
    { id: 'next', label: t('keyMove'), key: 'j', shown: 'J K', run: () => step(1) },
    { id: 'previous', label: '', key: 'k', run: () => step(-1) },
    {
      id: 'longest',
      label: t('keyNext'),
      key: 'n',
      when: () => desk.ranked.value.some((r) => r.since.value > 0),
      run: waitsLongest,
    },
    { id: 'take', label: t('keyTake'), key: 'a', when: live, run: () => void takeNext() },
    { id: 'write', label: t('keyWrite'), key: 'Enter', shown: '⏎', when: mine, run: () => askComposer('focus') },
    { id: 'reply', label: t('keyReply'), key: 'r', when: mine, run: () => askComposer('reply') },
    { id: 'note', label: t('keyNote'), key: 'i', when: mine, run: () => askComposer('note') },
    {
      id: 'transfer',
      label: t('transfer'),
      key: 't',
      when: () => mine() && live(),
      run: () => (dialog.value = 'transfer'),
    },
    {
      id: 'invite',
      label: t('invite'),
      key: 'v',
      when: () => mine() && live(),
      run: () => void invite(room() as Room),
    },
    { id: 'close', label: t('close'), key: 'e', when: () => mine() && live(), run: () => closeRoom(room() as Room) },
    { id: 'search', label: t('filterList'), key: '/', run: focusFilter },
    { id: 'context', label: t('contextToggle'), key: 'p', when: () => !!room(), run: toggleContext },
    {
      id: 'presence',
      label: t('presenceChange'),
      key: 's',
      run: () => document.querySelector<HTMLElement>('.presence-btn')?.click(),
    },
    { id: 'help', label: t('keyHelp'), key: '?', run: () => (dialog.value = 'help') },
  ];
}

/** The keyboard of the page. */
export function onKey(ev: KeyboardEvent): void {
  if (composing(ev) || ev.defaultPrevented) return;
  if ((ev.ctrlKey || ev.metaKey) && !ev.altKey && !ev.shiftKey && ev.key.toLowerCase() === 'k') {
    ev.preventDefault();
    dialog.value = dialog.value === 'palette' ? '' : 'palette';
    return;
  }
  if (dialog.value !== '' || document.querySelector('dialog[open], .menu')) return;
  if (ev.key === 'F2') {
    ev.preventDefault();
    if (mine()) askComposer('toggle');
    return;
  }
  if (ev.key === 'Escape') {
    if (contextOver.value) contextOver.value = false;
    else if (!inText(ev.target)) focusList();
    return;
  }
  if (inText(ev.target) || ev.ctrlKey || ev.metaKey || ev.altKey) return;
  const onButton = ev.target instanceof HTMLElement && ev.target.closest('button, a, [role="tab"]') !== null;
  if ((ev.key === 'ArrowDown' || ev.key === 'ArrowUp') && ev.target === document.body) {
    ev.preventDefault();
    step(ev.key === 'ArrowDown' ? 1 : -1);
    return;
  }
  if (ev.key === 'Enter') {
    if (onButton || (ev.target as HTMLElement).getAttribute?.('role') === 'listbox' || !mine()) return;
    ev.preventDefault();
    askComposer('focus');
    return;
  }
  if (!prefs.value.letters) return;
  if (/^[1-9]$/.test(ev.key)) {
    const id = inOrder()[Number(ev.key) - 1];
    if (id) {
      ev.preventDefault();
      movedAt.value = Date.now();
      desk.show(id);
    }
    return;
  }
  const command = commands().find((c) => c.key !== '' && c.key === ev.key.toLowerCase() && c.key !== 'Enter');
  if (!command || (command.when && !command.when())) return;
  ev.preventDefault();
  command.run();
}
