// palette.ts: what an agent can do without a key of its own.
import { may } from '../kit/session';
import { mine, type Command } from './commands';
import { d } from './moreWords';
import { t } from './words';
import { desk, dialog, live, setPresence, tab } from './work';

export function keyless(): Command[] {
  return [
    { id: 'card', label: t('card'), key: '', when: mine, run: () => (dialog.value = 'card') },
    {
      id: 'template',
      label: d('template'),
      key: '',
      when: () => {
        const w = mine() && desk.current.value?.window.value;
        return !!w && !!(w.templates || w.ready);
      },
      run: () => (dialog.value = 'template'),
    },
    { id: 'mine', label: d('showMine'), key: '', run: () => (tab.value = 'mine') },
    { id: 'waiting', label: d('showWaiting'), key: '', run: () => (tab.value = 'waiting') },
    ...(may('supervisor') ? [{ id: 'team', label: d('showTeam'), key: '', run: () => (tab.value = 'team') }] : []),
    { id: 'online', label: t('goOnline'), key: '', when: live, run: () => void setPresence('online') },
    { id: 'busy', label: d('goBusy'), key: '', when: live, run: () => void setPresence('busy') },
    { id: 'away', label: d('goAway'), key: '', when: live, run: () => void setPresence('away', 'break') },
    { id: 'offline', label: d('goOffline'), key: '', when: live, run: () => void setPresence('offline') },
    { id: 'reviews', label: t('mine'), key: '', run: () => (dialog.value = 'mine') },
    { id: 'notices', label: t('noticeSettings'), key: '', run: () => (dialog.value = 'notices') },
  ];
}
