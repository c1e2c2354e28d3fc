import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../core/staff';
import { entryWords, worthALine } from '../kit/events';
import { lang } from '../kit/i18n';

const entry = (data: Record<string, unknown>): Entry =>
  ({ id: 1, after_seq: 0, at: 1, kind: 'follow', by: { role: 'visitor', name: '' }, data }) as Entry;

test('who serves somebody sees by which code, link or advertisement they came', () => {
  lang.value = 'en';
  assert.equal(entryWords(entry({ referral: 'SHOP12' })), 'Came to us · SHOP12');
  assert.ok(worthALine(entry({ referral: 'SHOP12' })));
  assert.equal(entryWords(entry({})), 'Came to us');
  assert.ok(!worthALine(entry({})));
});

test('a reaction is seen with its emoji, also when it is taken back or did not get through', () => {
  const of = (kind: string, data: Record<string, unknown>): string =>
    entryWords({ ...entry(data), kind, by: { role: 'agent', name: 'Eva' } } as Entry);
  lang.value = 'en';
  assert.equal(of('reaction', { on: true, emoji: '👍' }), 'Reacted to a message 👍 · Eva');
  assert.equal(of('reaction', { on: false, emoji: '' }), 'Took back a reaction · Eva');
  assert.equal(
    of('reaction_failed', { emoji: '🫖', why: '400: REACTION_INVALID' }),
    'The reaction did not get through 🫖: 400: REACTION_INVALID',
  );
  assert.ok(worthALine({ ...entry({}), kind: 'reaction_failed' }));
});

test('which template somebody wants to hear of, or does not, is a line', () => {
  const of = (kind: string): Entry => ({ ...entry({ template: '到货' }), kind }) as Entry;
  lang.value = 'en';
  assert.equal(entryWords(of('subscribed')), 'Wants notifications · 到货');
  assert.equal(entryWords(of('unsubscribed')), 'Declined notifications · 到货');
  assert.ok(worthALine(of('subscribed')) && worthALine(of('unsubscribed')));
});
