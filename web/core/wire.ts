// The frames of the wire, version 1 (docs/protocol.md), as a visitor's page sees them, and what both sides share (staff.ts has the rest).
// Times are ms since 1970 UTC.
// Unknown members are allowed everywhere; unknown types of frames are ignored by whoever reads them.

export type Role = 'visitor' | 'agent' | 'bot' | 'system';
export type Kind = 'text' | 'image' | 'file' | 'audio' | 'card' | 'event' | 'removed';
/** How far an outgoing message has come on a platform. */
export type Delivery = 'sending' | 'sent' | 'delivered' | 'read' | 'failed' | 'uncertain';
/** What a visitor is shown; staff see the others too. */
export type PublicState = 'waiting' | 'served' | 'closed';
export type ConversationState = PublicState | 'bot' | 'offered' | 'parked';
export type Presence = 'online' | 'busy' | 'away' | 'offline';

export interface Person {
  name?: string;
  number?: string;
}

export interface From extends Person {
  role: Role;
}

export interface FileInfo {
  id: string;
  name: string;
  mime: string;
  size: number;
  width?: number;
  height?: number;
  duration_ms?: number;
  /** Where files have an origin of their own: a signed address, good for ten minutes. */
  url?: string;
}

export interface Choice {
  id: string;
  label: string;
}

export interface Message {
  seq: number;
  at: number;
  from: From;
  kind: Kind;
  text?: string;
  lang?: string;
  file?: FileInfo;
  choices?: Choice[];
  /** Which of the choices above it was answered with. */
  choice?: string;
  /** From the system: "contact" asks for the contact form. From a visitor: the form that was filled in. */
  form?: string | Record<string, unknown>;
  reply_to?: number;
  /** The word of an event: "joined", "closed" ... */
  event?: string;
  cid?: string;
  /** To a platform: how far it has come, and why it failed. */
  state?: Delivery;
  reason?: string;
}

export interface Limits {
  /** Code points of a message. */
  text: number;
  /** Bytes of an upload. */
  file: number;
}

export type ErrorCode =
  | 'bad_request'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'too_large'
  | 'unsupported'
  | 'rate_limited'
  | 'unavailable'
  | 'internal';

// ---- Frames that both sides get ----

export interface AckFrame {
  type: 'ack';
  cid: string;
  conversation?: string;
  seq?: number;
  at?: number;
}
export interface ErrorFrame {
  type: 'error';
  cid?: string;
  /** What was refused, where it has no cid; and what it was about. */
  of?: string;
  conversation?: string;
  code: ErrorCode;
  message: string;
  /** What the site says of it to the visitor. */
  text?: string;
  /** Of a form: the member that is wrong. */
  field?: string;
  retry_after_ms?: number;
}
export type MessageFrame = Message & { type: 'message'; conversation: string };
export interface HistoryFrame {
  type: 'history';
  conversation: string;
  messages: Message[];
  more: boolean;
}
export interface StatusFrame {
  type: 'status';
  conversation: string;
  seq: number;
  state: Delivery;
  reason?: string;
  at: number;
}
export interface ChangedFrame {
  type: 'changed';
  conversation: string;
  seq: number;
  kind: Kind;
  text?: string;
  /** It has come meanwhile, from a platform. */
  file?: FileInfo;
}
export interface TypingFrame {
  type: 'typing';
  conversation?: string;
  on: boolean;
  from?: From;
}
export interface ReadFrame {
  type: 'read';
  conversation?: string;
  seq: number;
  /** Who has read; "agent" stands for all of the staff. */
  role?: Role;
  from?: From;
}
export interface PongFrame {
  type: 'pong';
}
type SharedFrame =
  | AckFrame
  | ErrorFrame
  | MessageFrame
  | HistoryFrame
  | StatusFrame
  | ChangedFrame
  | TypingFrame
  | ReadFrame
  | PongFrame;

// ---- The visitor's side ----

export interface VisitorConversation {
  id: string;
  state: PublicState;
  seq: number;
  agent?: Person;
  position?: number;
  wait_s?: number;
  unattended?: Unattended;
}
export interface SiteInfo {
  key: string;
  name: string;
  language: string;
  color: string;
  /** What a visitor agrees to by writing; shown before the first message. */
  consent?: string;
  hours_open: boolean;
  staffed: boolean;
  greeting?: string;
}
export interface VisitorWelcome {
  type: 'welcome';
  at: number;
  /** Only where the upgrade came without the cookie. */
  token?: string;
  visitor: string;
  conversation: VisitorConversation | null;
  site: SiteInfo;
  limits: Limits;
}
export interface StateFrame {
  type: 'state';
  conversation: string;
  state: ConversationState;
  position?: number;
  wait_s?: number;
  /** Why position or wait may have risen. */
  why?: 'priority' | 'queue';
  unattended?: Unattended;
  agent?: Person;
  until?: number;
}
/** While it waits: nobody of its queue is there, or it is closed. Left out: somebody is. */
export type Unattended = 'nobody' | 'closed';
/** What the welcome said of the site has changed. */
export interface SiteFrame {
  type: 'site';
  at: number;
  hours_open: boolean;
  staffed: boolean;
}
export type ToVisitor = SharedFrame | VisitorWelcome | StateFrame | SiteFrame;

export interface Page {
  url: string;
  title: string;
  referrer?: string;
}
export interface Identity {
  id: string;
  hash: string;
}
export interface VisitorHello {
  type: 'hello';
  token?: string;
  locale?: string;
  page?: Page;
  profile?: Record<string, unknown>;
  identity?: Identity;
  conversation?: string;
  last_seq?: number;
}
/** What a visitor says; also what the outbox keeps until it is acknowledged. */
export interface VisitorMessage {
  type: 'message';
  cid: string;
  kind: 'text' | 'image' | 'file' | 'audio' | 'choice' | 'form';
  text?: string;
  file?: string;
  choice?: string;
  form?: Record<string, unknown>;
  reply_to?: number;
}
export interface HistoryRequest {
  type: 'history';
  conversation?: string;
  after?: number;
  before?: number;
  limit: number;
}
export interface RateFrame {
  type: 'rate';
  cid: string;
  conversation: string;
  score: number;
  tags?: string[];
  comment?: string;
}
export interface ProfileFrame {
  type: 'profile';
  cid: string;
  profile?: Record<string, unknown>;
  identity?: Identity;
  page?: Page;
  locale?: string;
}
export type FromVisitor =
  | VisitorHello
  | VisitorMessage
  | HistoryRequest
  | RateFrame
  | ProfileFrame
  | { type: 'typing'; on: boolean }
  | { type: 'read'; cid: string; seq: number }
  | { type: 'close'; cid: string }
  | { type: 'ping' };

/** A client's own id of a frame: 1 to 64 of [A-Za-z0-9_-], never used twice. */
export function newCid(bytes: Uint8Array = crypto.getRandomValues(new Uint8Array(15))): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  let cid = '';
  for (const b of bytes) cid += letters[b & 63];
  return cid;
}
