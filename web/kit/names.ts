// What things of the wire are called, and how they are drawn.
import { Bot, Globe, Mail, MessageCircle, MessageSquareText, Phone, type IconNode } from 'lucide';
import { langOf } from '../core/i18n';
import type { Conversation, Staffer, StaffMessage } from '../core/staff';
import { oneLine } from '../core/text';
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

/** Some words, and which of their code points are marked: [from, to). */
export interface Words {
  text: string;
  marks: [number, number][];
}

export interface Member {
  label: Words;
  value: Words;
}

/** The members that say something. `text` is what the form is as lines, which the marks are counted in. */
export function membersOf(form: Record<string, unknown>, text = '', marks: readonly [number, number][] = []): Member[] {
  const points = Array.from(text);
  let at = 0;
  const within = (from: number, to: number) =>
    marks
      .filter(([a, b]) => a < to && b > from)
      .map(([a, b]): [number, number] => [Math.max(a, from) - from, Math.min(b, to) - from]);
  return Object.entries(form).flatMap(([name, value]) => {
    const label: Words = { text: wireWord('form', name), marks: [] };
    const said: Words = { text: String(value ?? ''), marks: [] };
    const words = at + Array.from(name).length;
    // What is no text has no line.
    if (points.slice(at, words + 2).join('') === `${name}: ` && typeof value === 'string' && value) {
      const end = words + 2 + Array.from(value).length;
      if (within(at, words)[0]) label.marks = [[0, Array.from(label.text).length]];
      said.marks = within(words + 2, end);
      at = end + 1;
    }
    return said.text ? { label, value: said } : [];
  });
}

/** What a message says in one line. */
export function lineOf(m: Pick<StaffMessage, 'kind' | 'text' | 'form'> | undefined): string {
  const form = m?.kind === 'card' && typeof m.form === 'object' && membersOf(m.form);
  return oneLine(form ? form.map(({ label, value }) => `${label.text} ${value.text}`).join(' · ') : (m?.text ?? ''));
}

/** The line that a conversation has in a list: the attributes of what shows it. */
export function lastLineOf({ last }: Conversation) {
  const children = lineOf(last);
  return { dir: 'auto' as const, lang: langOf(children, last?.lang), children };
}
