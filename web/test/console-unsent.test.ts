import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forgetUnsent, unsent, unsentOf } from '../console/unsent';

test('what is begun in a page stays for whoever comes back, and is nobody else’s', () => {
  const cards = unsent<string>();
  assert.equal(unsentOf('lin'), false);
  cards.set('c1', 'a card');
  assert.equal(unsentOf('lin'), false); // the session had ended by itself
  assert.equal(cards.get('c1'), 'a card');
  const files = unsent<string>(); // of a part that comes later
  files.set('c1', 'a file');
  assert.equal(unsentOf('zhou'), true);
  assert.equal(cards.size + files.size, 0);
  files.set('c1', 'another');
  forgetUnsent();
  assert.equal(files.size, 0);
});
