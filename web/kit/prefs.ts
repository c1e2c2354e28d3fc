// What a person of the staff has chosen on this computer: language, theme, keys, sound. No secrets.
import { signal } from '@preact/signals';
import { choose, type Lang } from '../core/i18n';
import type { SendKey } from '../core/keys';
import { shelf } from '../core/storage';
import { setLang } from './i18n';
import { setTheme, type Theme } from './theme';

export interface Prefs {
  theme: Theme;
  sendKey: SendKey;
  /** Single letters as commands. */
  letters: boolean;
  sound: boolean;
  notices: boolean;
  /** Notices may show what was written. */
  content: boolean;
  context: boolean;
  listWidth: number;
  contextWidth: number;
  /** Of results in the review: what is told of each (absent: the usual), and whether as a table. */
  columns?: readonly string[];
  table: boolean;
}

const kept = shelf(() => localStorage);
const LANG = 'kefu.lang';
const PREFS = 'kefu.prefs';

const DEFAULTS: Prefs = {
  theme: 'auto',
  sendKey: 'enter',
  letters: true,
  sound: false,
  notices: false,
  content: false,
  context: true,
  listWidth: 320,
  contextWidth: 320,
  table: false,
};

function load(): Prefs {
  try {
    const text = kept.get(PREFS);
    return { ...DEFAULTS, ...(text ? (JSON.parse(text) as Partial<Prefs>) : {}) };
  } catch {
    return DEFAULTS;
  }
}

export const prefs = signal<Prefs>(load());

export function setPrefs(p: Partial<Prefs>): void {
  prefs.value = { ...prefs.value, ...p };
  kept.set(PREFS, JSON.stringify(prefs.value));
  if (p.theme) setTheme(p.theme);
}

export function keepLang(l: Lang): void {
  kept.set(LANG, l);
  setLang(l);
}

/** At the start of a page. */
export function applyPrefs(): void {
  setTheme(prefs.value.theme);
  setLang(choose(kept.get(LANG), new URLSearchParams(location.search).get('lang'), navigator.languages));
}
