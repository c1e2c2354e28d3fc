// Input methods. Enter acts on keydown only, and only if no composition is under way: Safari ends the composition before keydown
// (keyCode stays 229), other browsers set isComposing. The same guard stands before every shortcut, Escape included.
export interface KeyLike {
  key: string;
  keyCode?: number;
  isComposing?: boolean;
  shiftKey?: boolean;
  ctrlKey?: boolean;
  metaKey?: boolean;
  altKey?: boolean;
}

export function composing(ev: KeyLike): boolean {
  return ev.isComposing === true || ev.keyCode === 229;
}

export type SendKey = 'enter' | 'ctrl-enter';

/** Does this keydown send? Shift+Enter is always a new line. */
export function sends(ev: KeyLike, setting: SendKey = 'enter'): boolean {
  if (ev.key !== 'Enter' || composing(ev) || ev.shiftKey || ev.altKey) return false;
  const ctrl = ev.ctrlKey === true || ev.metaKey === true;
  return setting === 'enter' || ctrl;
}

/** Is this a key typed into a text, where single-letter commands must not act? */
export function inText(target: EventTarget | null): boolean {
  const el = target as HTMLElement | null;
  return !!el && (el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName));
}
