// What a page offers to whom. The server decides (permit.h); this only keeps away what it would refuse.
import type { StaffConversation } from './wire';

export type StaffRole = 'agent' | 'supervisor' | 'reviewer' | 'admin';
export type Verb =
  | 'read'
  | 'timeline'
  | 'say'
  | 'note'
  | 'accept'
  | 'transfer'
  | 'close'
  | 'transcript'
  | 'export'
  | 'presence_other'
  | 'settings_read'
  | 'settings_write'
  | 'people'
  | 'audit'
  | 'status';

export interface Member {
  id: string;
  roles: readonly StaffRole[];
  /** Empty: all queues, for supervisors and reviewers. */
  queues: readonly string[];
}

type Subject = Pick<StaffConversation, 'state' | 'queue' | 'agent'> & { last_agent?: string };

const ACTS: Verb[] = ['read', 'timeline', 'say', 'note', 'accept', 'transfer', 'close', 'transcript'];

export function permit(who: Member, verb: Verb, conv?: Subject): boolean {
  return who.roles.some((role) => may(role, who, verb, conv));
}

function may(role: StaffRole, who: Member, verb: Verb, conv?: Subject): boolean {
  const queue = !conv?.queue || who.queues.length === 0 || who.queues.includes(conv.queue);
  switch (role) {
    case 'agent':
      return !!conv && agentMay(who, verb, conv);
    case 'supervisor':
      if (conv) return queue && (ACTS.includes(verb) || verb === 'export');
      return ['transcript', 'export', 'presence_other', 'settings_read', 'status'].includes(verb);
    case 'reviewer':
      if (conv) return queue && ['read', 'timeline', 'transcript'].includes(verb);
      return verb === 'transcript';
    case 'admin':
      return !conv && ['settings_read', 'settings_write', 'people', 'audit', 'status'].includes(verb);
  }
}

function agentMay(who: Member, verb: Verb, conv: Subject): boolean {
  const own = conv.agent?.id === who.id;
  const queue = !!conv.queue && who.queues.includes(conv.queue);
  switch (conv.state) {
    case 'served':
      return own && ACTS.includes(verb);
    case 'offered':
      return own && ['read', 'timeline', 'accept'].includes(verb);
    case 'waiting':
    case 'parked':
    case 'bot':
      return queue && ['read', 'timeline', 'accept'].includes(verb);
    case 'closed':
      return (own || conv.last_agent === who.id) && ['read', 'timeline', 'note', 'transcript'].includes(verb);
  }
}
