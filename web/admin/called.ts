// called.ts: what a channel's adapter calls its settings in the page's language.

/** By their own names. */
export type Called = Record<string, { label: string; help: string }>;

/** With the own name behind it, which documents and messages use. */
export const labelOf = (called: Called | undefined, of: string, name: string, required: boolean): string =>
  [called?.[of]?.label, name].filter(Boolean).join(' · ') + (required ? ' *' : '');
