// How a platform lets us answer, as it stands at a moment: what was told may have ended since.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isShut, windowState } from '../console/replies';
import type { ReplyWindow } from '../core/staff';

test('a window ends by its time, by its count, or not at all', () => {
  const rows: [Partial<ReplyWindow> | null, number, string][] = [
    [null, 0, 'free'],
    [{}, 1e15, 'open'],
    [{ until: 1000 }, 999, 'open'],
    [{ until: 1000 }, 1000, 'closed'],
    [{ until: 1000, late: true }, 1000, 'late'],
    [{ left: 1 }, 5, 'open'],
    [{ left: 0 }, 5, 'closed'],
    [{ left: 0, until: 1000 }, 5, 'closed'],
    [{ left: 3, until: 1000 }, 1001, 'closed'],
  ];
  for (const [w, at, state] of rows)
    assert.equal(windowState(w && { state: 'open', ...w }, at), state, JSON.stringify(w));
});

test('what is written goes late only where the channel has a template of one variable', () => {
  const rows: [Partial<ReplyWindow>, boolean][] = [
    [{ until: 2000 }, false],
    [{ until: 1000 }, true],
    [{ until: 1000, late: true, words: true }, false],
    [{ until: 1000, late: true, templates: true }, true],
    [{ until: 1000, late: true, words: true, templates: true }, false],
    [{ until: 2000, late: true, templates: true }, false],
  ];
  for (const [w, shut] of rows) assert.equal(isShut({ state: 'open', ...w }, 1500), shut, JSON.stringify(w));
});
