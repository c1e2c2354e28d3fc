import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composing, type KeyLike, sends } from '../core/keys';

const key = (more: Partial<KeyLike> = {}): KeyLike => ({ key: 'Enter', keyCode: 13, isComposing: false, ...more });

test('an Enter that belongs to an input method sends nothing', () => {
  assert.equal(composing(key({ isComposing: true })), true);
  assert.equal(composing(key({ keyCode: 229 })), true); // Safari has ended the composition by then
  assert.equal(composing(key({ key: 'Process', keyCode: 229 })), true);
  for (const k of [key({ isComposing: true }), key({ keyCode: 229 })]) {
    assert.equal(sends(k), false);
    assert.equal(sends({ ...k, ctrlKey: true }, 'ctrl-enter'), false);
  }
});

test('Enter or Ctrl+Enter sends as set; Shift+Enter never does', () => {
  assert.equal(sends(key()), true);
  assert.equal(sends(key({ shiftKey: true })), false);
  assert.equal(sends(key(), 'ctrl-enter'), false);
  assert.equal(sends(key({ ctrlKey: true }), 'ctrl-enter'), true);
  assert.equal(sends(key({ metaKey: true }), 'ctrl-enter'), true);
  assert.equal(sends(key({ ctrlKey: true, shiftKey: true }), 'ctrl-enter'), false);
  assert.equal(sends(key({ key: 'a', keyCode: 65 })), false);
});
