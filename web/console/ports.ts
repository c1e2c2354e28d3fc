// ports.ts: how the desk sees the world, and what it tells of it.
import type { Clock } from '../core/clock';
import type { Conversation, ErrorCode, StaffFile, StaffMessage, Unattended } from '../core/staff';
import type { Keep } from './keep';
import type { Room } from './room';

export interface Wire {
  /** False: there is no connection, nothing was sent. */
  send(frame: Record<string, unknown>): boolean;
}

export interface Ports {
  wire: Wire;
  keep: Pick<Keep, 'outbox' | 'putOut' | 'dropOut' | 'recent' | 'putRecent' | 'dropRecent'>;
  clock: Clock;
  cid(): string;
  upload(file: Blob, name: string, progress: (share: number) => void): Promise<StaffFile>;
  notice(n: Notice): void;
}

/** What the person should hear of. `room` is where it happened. */
export type Notice =
  | { kind: 'offered' | 'assigned'; room: Room; why: string }
  | { kind: 'message'; room: Room; message: StaffMessage }
  | { kind: 'red'; room: Room }
  | { kind: 'reminder'; room: Room; why: string }
  | { kind: 'released'; room: Room; why: string };

export interface Offer {
  conversation: Conversation;
  until: number;
}

/** Why an act was not done. */
export class Refused extends Error {
  constructor(
    readonly code: ErrorCode | 'offline' | 'timeout',
    message: string,
  ) {
    super(message);
  }
}

export interface Ack {
  conversation?: string;
  seq?: number;
  at?: number;
  /** Of a transfer: nobody is there, or it is closed. */
  warning?: Unattended;
}
