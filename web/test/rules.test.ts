import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lang } from '../kit/i18n';
import { ruleKey, ruleName, shippedRules } from '../kit/rules';

test('a shipped rule is found by its name in the language of the page, any other by its key', () => {
  lang.value = 'zh-CN';
  assert.equal(ruleName('greeting'), '问候');
  assert.equal(ruleKey('问候'), 'greeting');
  lang.value = 'en';
  assert.equal(ruleKey('greeting'), 'greeting');
  assert.equal(ruleKey('Nobody There'), 'nobody');
  assert.equal(ruleKey('our_own'), 'our_own');
  assert.equal(ruleName('our_own'), 'our_own');
});

test('no two shipped rules have one name', () => {
  for (const l of ['zh-CN', 'zh-TW', 'en'] as const) {
    lang.value = l;
    const names = shippedRules().map(([, called]) => called.toLowerCase());
    assert.equal(new Set(names).size, names.length);
  }
});
