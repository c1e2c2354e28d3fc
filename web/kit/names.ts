// What things of the wire are called, and how they are drawn.
import { Bot, Globe, Mail, MessageCircle, MessageSquareText, Phone, type IconNode } from 'lucide';
import type { Conversation, Staffer } from '../core/staff';
import { s, wireWord } from './staffWords';

/** A visitor without a name is called by the end of the id, always the same. */
export function nameOf(c: Pick<Conversation, 'visitor'>): string {
  return c.visitor.name || s('visitorN', { n: c.visitor.id.slice(-4) });
}

export function channelName(key: string): string {
  return wireWord('channel', key);
}

const ICONS: Record<string, IconNode> = {
  web: Globe,
  widget: Globe,
  wechat: MessageCircle,
  wecom: MessageCircle,
  sms: Phone,
  mail: Mail,
  email: Mail,
  bot: Bot,
};

export function channelIcon(key: string): IconNode {
  return ICONS[key] ?? MessageSquareText;
}

const people = new Map<string, string>();

/** The timeline names people by id; what the page hears of them is kept. */
export function meet(...known: readonly (Staffer | undefined)[]): void {
  for (const p of known) if (p?.id && p.name) people.set(p.id, p.name);
}

export function personName(id: string): string {
  return people.get(id) ?? '';
}
