import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const en: Like<typeof zhCN> = {
  title: 'Customer service',
  placeholder: 'Write your question',
  placeholderLeave: 'Leave us a message',
  language: 'Language',
  more: 'More',
  collapse: 'Minimise',
  presenceServed: 'Here for you',
  presenceOnline: 'Online',
  presenceAway: 'Leave a message',
  waitPosition: { one: 'Connecting you: {n} person ahead of you', other: 'Connecting you: {n} people ahead of you' },
  waitNext: 'You are next, one moment please',
  waitPlain: 'Connecting you, one moment please',
  waitAbout: 'Expected wait: {time}',
  waitSeconds: 'less than a minute',
  waitMinutes: { one: 'about {n} minute', other: 'about {n} minutes' },
  waitLeave: 'You can leave this page and find the answer when you return',
  waitPriority: 'Somebody more urgent goes first, so your place has changed',
  waitQueue: 'You are in the line of another team now',
  hoursClosed: 'We are closed now. Leave a message and we will contact you when we are back',
  nobody: 'Nobody is here at the moment. Leave a message and we will get back to you',
  refused: 'This chat is no longer connected',
  reload: 'Enter again',
};
