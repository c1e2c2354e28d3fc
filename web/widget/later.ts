// What a conversation needs, but not to begin with. One bundle of its own (parts.tsx) with its own
// style sheet; the page names both in <meta>, because their names carry hashes.
import { signal } from './signals';

export type Later = typeof import('./parts');

const parts = signal<Later | undefined>(undefined);
let asked: Promise<Later> | undefined;

export const named = (name: string) => document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? '';

function fetchParts(): Promise<Later> {
  const sheet = document.createElement('link');
  sheet.rel = 'stylesheet';
  sheet.href = named('later-style');
  const styled = new Promise((resolve) => {
    sheet.onload = sheet.onerror = resolve;
  });
  document.head.append(sheet);
  return Promise.all([import(named('later-script')) as Promise<Later>, styled]).then(async ([m]) => {
    await m.begin();
    return m;
  });
}

/** Calls back once it is here. A failure (no network) is forgotten: the next wish asks again. */
export function load(then?: (later: Later) => void): void {
  asked ??= fetchParts();
  asked.then(
    (m) => {
      parts.value = m;
      then?.(m);
    },
    () => (asked = undefined),
  );
}

/** For views: undefined while it is on its way; they are drawn again when it is here. */
export function loaded(): Later | undefined {
  if (!parts.value) load();
  return parts.value;
}

/** As above, but does not ask for it. */
export const wanted = (): Later | undefined => parts.value;
