// Replay under a clock that is an argument.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { advance, faster, lengthOf, replayOf, saidBy, seek, toggle, type Replay, type Speed } from '../review/replay';

const T0 = 1_763_740_800_000;
const talk = (): Replay => replayOf([0, 2000, 62_000, 64_000].map((t) => T0 + t));
const playing = (p: Partial<Replay> = {}): Replay => ({ ...talk(), playing: true, ...p });

test('at each speed a moment comes when it is due, and not before', () => {
  for (const speed of [1, 2, 4, 8] as Speed[]) {
    const r = playing({ speed });
    assert.equal(saidBy(advance(r, 2000 / speed - 1)), 1, `×${speed}`);
    assert.equal(saidBy(advance(r, 2000 / speed)), 2, `×${speed}`);
    assert.equal(advance(r, 62_000 / speed).pos, 62_000);
  }
});

test('many small steps are one large one', () => {
  let r = playing({ speed: 4 });
  for (let i = 0; i < 1000; i++) r = advance(r, 16);
  assert.equal(r.pos, advance(playing({ speed: 4 }), 16_000).pos);
});

test('a silence is skipped but for a second at either end', () => {
  const r = playing({ skip: true });
  assert.equal(advance(r, 3000).pos, 3000);
  assert.equal(advance(r, 3001).pos, 61_001);
  assert.equal(advance(r, 4000).pos, 62_000);
  assert.equal(saidBy(advance(r, 3999)), 2);
  assert.equal(saidBy(advance(r, 4000)), 3);
});

test('it ends with the last message and stands still; playing again begins anew', () => {
  const r = advance(playing(), 100_000);
  assert.equal(r.pos, lengthOf(r));
  assert.equal(r.playing, false);
  assert.equal(advance(r, 1000), r);
  assert.deepEqual([toggle(r).pos, toggle(r).playing], [0, true]);
});

test('a paused one does not move, and is moved within its bounds', () => {
  assert.equal(advance(talk(), 5000).pos, 0);
  assert.equal(seek(talk(), -1).pos, 0);
  assert.equal(seek(talk(), 1e9).pos, 64_000);
  assert.equal(seek(talk(), 7000).pos, 7000);
});

test('speeds have a first and a last', () => {
  let r = talk();
  for (const want of [2, 4, 8, 8]) assert.equal((r = faster(r, 1)).speed, want);
  for (const want of [4, 2, 1, 1]) assert.equal((r = faster(r, -1)).speed, want);
});

test('times that go back stay in the order of the talk; an empty talk is over', () => {
  assert.deepEqual(replayOf([T0, T0 + 5, T0 + 3]).times, [0, 5, 5]);
  assert.equal(advance({ ...replayOf([]), playing: true }, 10).playing, false);
});
