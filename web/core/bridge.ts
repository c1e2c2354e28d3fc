// What the loader on the host's page and the chat's frame say to each other by postMessage. Both check origin and source of what comes.
import type { Identity, Page } from './wire';

export interface Greeting {
  kefu: 'init';
  token?: string | undefined;
  identity?: Identity | undefined;
  profile?: Record<string, unknown> | undefined;
  page: Page;
  lang?: string | undefined;
  theme?: string | undefined;
  color?: string | undefined;
  open: boolean;
}

/** The host's page to the frame. */
export type ToFrame =
  | Greeting
  | { kefu: 'shown'; open: boolean }
  | { kefu: 'page'; page: Page }
  | { kefu: 'identify'; identity?: Identity; profile?: Record<string, unknown> }
  | { kefu: 'prefill'; text: string }
  | { kefu: 'lang'; lang: string }
  | { kefu: 'theme'; theme: string }
  | { kefu: 'reset' };

/** The frame to the host's page. No text of messages, no personal data. */
export type ToHost =
  | { kefu: 'ready' }
  | { kefu: 'close' }
  | { kefu: 'token'; token: string | null }
  | { kefu: 'unread'; n: number; label: string }
  | { kefu: 'under-way'; on: boolean }
  | { kefu: 'event'; name: 'message:in' | 'message:out' | 'state' | 'rated' | 'error'; data?: Record<string, unknown> };
