// What the shipped rules are called. Not for the first route of the console: its talk shows no rules.
import type { Entry } from '../core/staff';
import { en } from '../i18n/rules/en';
import { zhCN } from '../i18n/rules/zh-CN';
import { zhTW } from '../i18n/rules/zh-TW';
import { entryWords } from './events';
import { words } from './i18n';
import { s } from './staffWords';

const name = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });

/** The name of a shipped rule; of any other its key. */
export function ruleName(key: string): string {
  return key in zhCN ? name(key as 'greeting') : key;
}

/** What may be offered to choose from: key and name. A site may have others. */
export function shippedRules(): readonly (readonly [string, string])[] {
  return Object.keys(zhCN).map((key) => [key, ruleName(key)] as const);
}

/** Of what somebody has typed: the key of the shipped rule of that name, else what was typed. */
export function ruleKey(typed: string): string {
  return shippedRules().find(([, called]) => called.toLowerCase() === typed.toLowerCase())?.[0] ?? typed;
}

/** entryWords, with rules by their names. */
export function reviewWords(e: Entry): string {
  const key = e.data?.['rule'];
  return e.kind === 'rule' && typeof key === 'string' ? s('entryRule', { rule: ruleName(key) }) : entryWords(e);
}
