// Whom a comment names.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namedIn } from '../review/Mention';

const people = [
  { id: 'a', name: '李' },
  { id: 'b', name: '李明' },
  { id: 'c', name: 'Ann', number: '7' },
  { id: 'd', name: 'Ann', number: '8' },
];
const rows: [string, string][] = [
  ['@李明 看一下', 'b'],
  ['@李 看一下', 'a'],
  ['@李明 @李 看一下', 'ab'],
  ['李明 看一下', ''],
  ['@Ann(8) and @Ann', 'd'],
];

test('the longest name that stands there is meant, and no shorter one in it', () => {
  for (const [text, ids] of rows)
    assert.equal(
      namedIn(text, people)
        .map((p) => p.id)
        .join(''),
      ids,
      text,
    );
});
