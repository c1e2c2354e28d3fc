// The person's own menu on the pages of the staff: language, theme, site, second factor, sign out.
import { useSignal } from '@preact/signals';
import { KeyRound, LogOut, Monitor, Moon, Sun } from 'lucide';
import { LANGUAGE_NAMES, LANGUAGES } from '../core/i18n';
import { Avatar } from './Avatar';
import { lang } from './i18n';
import { Menu, type MenuItem } from './Menu';
import { keepLang, prefs, setPrefs } from './prefs';
import { lazy } from './lazy';
import { chooseSite, session, signOut } from './session';
import { s } from './staffWords';

const SecondFactor = lazy(() => import('./later').then((m) => m.SecondFactor));

const THEMES = { auto: Monitor, light: Sun, dark: Moon };

export function Account() {
  const name = session.value?.person.name ?? '';
  const factor = useSignal(false);
  const items: MenuItem[] = LANGUAGES.map((l) => ({
    key: l,
    label: LANGUAGE_NAMES[l],
    lang: l,
    checked: lang.value === l,
    onSelect: () => keepLang(l),
  }));
  for (const theme of ['auto', 'light', 'dark'] as const) {
    items.push({
      key: theme,
      label: s(`theme_${theme}`),
      icon: THEMES[theme],
      checked: prefs.value.theme === theme,
      onSelect: () => setPrefs({ theme }),
    });
  }
  if ((session.value?.sites.length ?? 0) > 1)
    items.push({ key: 'site', label: s('chooseSite'), onSelect: () => chooseSite(null) });
  items.push({ key: 'factor', label: s('factor'), icon: KeyRound, onSelect: () => (factor.value = true) });
  items.push({
    key: 'out',
    label: s('signOut'),
    icon: LogOut,
    danger: true,
    onSelect: () => void signOut(),
  });
  return (
    <>
      <Menu label={s('account', { name })} align="start" class="account" items={items}>
        <Avatar name={name} size={36} />
      </Menu>
      {factor.value && <SecondFactor onClose={() => (factor.value = false)} />}
    </>
  );
}
