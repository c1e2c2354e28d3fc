import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../core/staff';
import { entryWords, worthALine } from '../kit/events';
import { lang } from '../kit/i18n';

const entry = (kind: string, data: Record<string, unknown>): Entry =>
  ({ id: 1, after_seq: 0, at: 1, kind, by: { role: 'visitor', name: '' }, data }) as Entry;

test('who serves somebody sees by which code, link or advertisement they came', () => {
  lang.value = 'en';
  for (const [kind, data, words] of [
    ['came', { referral: 'SHOP12' }, 'Came by: SHOP12'],
    ['came', { referral: 'shop', payload: 'order=7' }, 'Came by: shop order=7'],
    ['follow', { referral: 'SHOP12' }, 'Follows us: SHOP12'],
  ] as const) {
    assert.equal(entryWords(entry(kind, data)), words);
    assert.ok(worthALine(entry(kind, data)));
  }
  assert.equal(entryWords(entry('follow', {})), 'Follows us');
  assert.ok(!worthALine(entry('follow', {})));
});
