import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const en: Like<typeof zhCN> = {
  greeting: 'Greeting',
  reopened: 'Comes back',
  angry: 'Complaints',
  angry_waits: 'Upset and waiting',
  answer_nobody: 'Answer: nobody there',
  answer_outside: 'Answer: outside hours',
  answer_waiting: 'Answer: while waiting',
  answer_more: 'Answer: asked while waiting',
  person: 'A person was asked for',
  person_later: 'A person was asked for, nobody there',
  person_words: 'Words for a person',
  person_words_later: 'Words for a person, nobody there',
  nobody: 'Nobody there',
  outside: 'Outside hours',
  wait: 'Waiting',
  wait_more: 'Still waiting',
  wait_long: 'Waiting long',
  away: 'Agent away',
  back: 'Agent back',
  silent_agent: 'Agent silent',
  silent_visitor: 'Visitor silent',
  closing: 'About to be closed',
  thanks: 'Thanks for rating',
};
