// Light or dark: the person's or the site's choice, else the system's. One attribute on <html>; the style sheet has each table once.
export type Theme = 'auto' | 'light' | 'dark';

const dark = matchMedia('(prefers-color-scheme: dark)');
let chosen: Theme = 'auto';

function apply(): void {
  const theme = chosen === 'auto' ? (dark.matches ? 'dark' : 'light') : chosen;
  document.documentElement.dataset['theme'] = theme;
}

export function setTheme(theme: Theme): void {
  chosen = theme;
  apply();
}

dark.addEventListener?.('change', apply);
apply();

/** Relative luminance of #rrggbb, WCAG. */
function luminance(color: string): number {
  const channel = (i: number) => {
    const c = parseInt(color.slice(i, i + 2), 16) / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

/** White or black, whichever reads better on the colour. */
export function onColor(color: string): string {
  const l = luminance(color);
  return 1.05 / (l + 0.05) >= (l + 0.05) / 0.05 ? '#ffffff' : '#000000';
}

/** The site's colour, for what carries its brand. */
export function setBrand(color: string): void {
  if (!/^#[0-9a-f]{6}$/i.test(color)) return;
  const { style } = document.documentElement;
  style.setProperty('--brand', color);
  style.setProperty('--on-brand', onColor(color));
}
