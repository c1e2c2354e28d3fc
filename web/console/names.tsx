// What things of the wire are called, and how they are drawn.
import { Bot, Globe, Mail, MessageCircle, MessageSquareText, Phone, type IconNode } from 'lucide';
import type { Conversation } from '../core/staff';
import { t, wireWord } from './words';

/** A visitor without a name is called by the end of the id, always the same. */
export function nameOf(c: Pick<Conversation, 'visitor'>): string {
  return c.visitor.name || t('visitorN', { n: c.visitor.id.slice(-4) });
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
