// staff.ts: what the daemon tells its staff: the frames of /ws/agent and the resources of /api/v1, as types.
// The wire is described in docs/protocol.md; times are UTC milliseconds.

export type Role = 'agent' | 'supervisor' | 'reviewer' | 'admin';
export type Presence = 'online' | 'busy' | 'away' | 'offline';
export type ConvState = 'bot' | 'waiting' | 'offered' | 'served' | 'parked' | 'closed';
export type Delivery = 'sending' | 'sent' | 'delivered' | 'read' | 'failed' | 'uncertain';

export interface Staffer {
  id: string;
  name: string;
  number?: string;
}

export interface StaffFile {
  id: string;
  name: string;
  mime: string;
  size: number;
  width?: number;
  height?: number;
  duration_ms?: number;
}

export interface StaffMessage {
  seq: number;
  at: number;
  from: { role: 'visitor' | 'agent' | 'bot' | 'system'; id?: string; name?: string; number?: string };
  kind: 'text' | 'image' | 'file' | 'audio' | 'card' | 'event' | 'removed';
  text?: string;
  lang?: string;
  event?: string;
  file?: StaffFile;
  choices?: { id: string; label: string }[];
  choice?: string;
  form?: Record<string, unknown>;
  reply_to?: number;
  cid?: string;
  /** How far it has come on a platform; absent where nobody can tell. */
  state?: Delivery;
  reason?: string;
  /** Of a platform's file that is not here (yet). */
  media?: Media;
  /** Of a mail: what it repeats of those before it. */
  quoted?: string;
  /** It went out, or came in, by mail, because the visitor was gone. */
  mail?: boolean;
  /** Why its words are gone, where nobody took them back. */
  gone?: string;
  /** It cannot be shown: what came is kept for a week. */
  unsupported?: boolean;
  /** How long it was typed, where that is known. */
  typed_ms?: number;
}

export interface Media {
  state: 'fetching' | 'failed' | 'elsewhere';
  name?: string;
  reason?: string;
}

/** A line of the timeline: only staff see it. */
export interface Entry {
  id: number;
  after_seq: number;
  at: number;
  kind: string;
  by: { role: string; id?: string; name?: string; number?: string };
  data?: Record<string, unknown>;
  text?: string;
}

export interface Conversation {
  id: string;
  state: ConvState;
  seq: number;
  epoch: number;
  channel: string;
  queue: string;
  visitor: { id: string; name: string };
  agent?: Staffer;
  customer?: Record<string, unknown>;
  opened_at: number;
  arrived_at: number;
  served_at?: number;
  closed_at?: number;
  /** Of the newest message by the visitor and by a person of the staff; 0: none. */
  visitor_at: number;
  staff_at: number;
  visitor_read: number;
  staff_read: number;
  locale: string;
  rating: number;
  invited: boolean;
  priority: number;
  last?: StaffMessage;
  wait_s?: number;
  position?: number;
  /** A second person who may speak in it. */
  helper?: Staffer;
  /** The visitor may not write; until then, 0 until it is taken back. */
  barred?: '' | 'muted' | 'blocked';
  barred_until?: number;
  /** The platform takes reactions to what the visitor says. */
  reactions?: boolean;
  wrapup_until?: number;
}

export interface Canned {
  key: string;
  code: string;
  initials: string;
  title: string;
  text: string;
  lang: string;
  folder?: string;
  own?: boolean;
}

export interface QueueRow {
  key: string;
  name: string;
  department?: string;
  paused?: boolean;
  /** Nobody is there; outside its hours it is closed, until `opening`. */
  warning?: Unattended;
  opening?: string;
}
export type Unattended = 'nobody' | 'closed';

/** Why a conversation waits, or why somebody has it. */
export interface Why {
  conversation: string;
  state: ConvState;
  queue: string;
  priority: number;
  arrived_at: number;
  position?: number;
  ahead?: number;
  waited_ms?: number;
  paused?: boolean;
  /** null: nobody can say. */
  wait_s?: number | null;
  ring?: number;
  candidates?: { agent: string; load: number; capacity: number; level: number }[];
  excluded?: { agent: string; why: string }[];
  barred?: Record<string, number>;
  decisions: Entry[];
}

export interface Colleague extends Staffer {
  presence: Presence;
  /** False: off the net for longer than the grace time, whatever the presence. */
  connected: boolean;
  load: number;
  capacity: number;
}

export interface SiteRole {
  key: string;
  name: string;
  roles: Role[];
}

export interface Session {
  person: { id: string; name: string; email: string };
  sites: SiteRole[];
  csrf: string;
}

export interface Hit {
  seq: number;
  text: string;
  /** Pairs of code point positions, [from, to). */
  marks: [number, number][];
  /** It is in a form that was filled in: its members, of which the text has a line each. */
  form?: Record<string, unknown>;
}

export interface Found {
  conversation: Conversation;
  hits: Hit[];
}

export interface FoundPage {
  items: Found[];
  count: number;
  count_capped: boolean;
  cursor?: string | null;
}

export interface Transcript {
  conversation: Conversation;
  messages: StaffMessage[];
  timeline?: Entry[];
  /** Personal data does not show. */
  masked?: boolean;
  may_reveal?: boolean;
  /** Whoever may not may ask for it, and what became of that the last time. */
  may_ask?: boolean;
  reveal?: { id: string; state: 'asked' | 'granted' | 'refused'; at: number; until?: number; by?: Staffer };
  /** Its words were taken out: their time was over, or the visitor was forgotten. */
  gone?: { at: number; by: 'retention' | 'erasure' };
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

/** How a conversation may be answered on a platform that bounds it. */
export interface ReplyWindow {
  state: 'open' | 'late' | 'closed';
  /** Afterwards nothing goes, or only what the platform has approved. */
  until?: number;
  /** Replies. */
  left?: number;
  late?: boolean;
  /** What is written goes late, too, in a template of the channel's settings. */
  words?: boolean;
  /** There are templates to choose from, late or not. */
  templates?: boolean;
  /** There are templates that go as replies, and only so. */
  ready?: boolean;
  /** Only a text goes: no file, no card, nothing that is ready. */
  texts?: boolean;
}

/** Wording that the platform has approved, with blanks: {{1}}, {{name}}; or what it has ready (`kind`). */
export interface Template {
  key: string;
  title: string;
  language: string;
  text: string;
  header: 'none' | 'image' | 'video' | 'document';
  kind?: string;
  /** Goes as a reply does. */
  reply?: true;
  /** The text is for us: the other side sees the thing itself. */
  unread?: true;
  fields: readonly { name: string; label: string }[];
}

/** What the daemon sends on /ws/agent. */
export type StaffFrame =
  | {
      type: 'welcome';
      at: number;
      agent: Staffer & { capacity?: number; load?: number };
      presence: Presence;
      presence_reason?: string;
      conversations: Conversation[];
      waiting: number;
      longest_ms?: number;
      limits?: { text: number; file: number };
    }
  | { type: 'presence'; presence: Presence; reason?: string }
  | { type: 'offered'; conversation: Conversation; until: number }
  | { type: 'assigned'; conversation: Conversation; why: string }
  | { type: 'released'; conversation: string; why: string }
  | { type: 'notice'; about: 'quality' }
  | { type: 'reminder'; conversation: string; since: number }
  | { type: 'alert'; conversation: string; kind: string; agent?: Staffer; since: number }
  | ({ type: 'window'; conversation: string } & ReplyWindow)
  | { type: 'queue'; waiting: number; longest_ms: number }
  | ({ type: 'message'; conversation: string } & StaffMessage)
  | { type: 'ack'; cid: string; conversation?: string; seq?: number; at?: number; warning?: Unattended }
  | {
      type: 'error';
      cid?: string;
      of?: string;
      conversation?: string;
      code: ErrorCode;
      message: string;
      retry_after_ms?: number;
      /** Wording that should not be used; the same frame with `confirm` gets through. */
      words?: string[];
      advice?: string;
    }
  | { type: 'typing'; conversation: string; on: boolean; from?: { role: string; name?: string } }
  | { type: 'read'; conversation: string; seq: number; role?: string; by?: string; from?: string | { role: string } }
  | {
      type: 'state';
      conversation: string;
      state: ConvState;
      agent?: Staffer;
      position?: number;
      wait_s?: number;
      until?: number;
      rating?: number;
      epoch?: number;
      queue?: string;
      invited?: boolean;
      helper?: Staffer;
    }
  | { type: 'status'; conversation: string; seq: number; state: Delivery; reason?: string; at?: number }
  | {
      type: 'changed';
      conversation: string;
      seq: number;
      kind: StaffMessage['kind'];
      text?: string;
      file?: NonNullable<StaffMessage['file']>;
      media?: Media;
    }
  | { type: 'timeline'; conversation: string; entry: Entry }
  | { type: 'history'; conversation: string; messages: StaffMessage[]; timeline?: Entry[]; more: boolean }
  | { type: 'pong' };
