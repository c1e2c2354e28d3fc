// Replay under a clock that is an argument.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peaksOf } from '../kit/peaks';
import {
  advance,
  clockOf,
  faster,
  heardAll,
  heardTo,
  lengthOf,
  placeOf,
  replayOf,
  saidBy,
  seek,
  toggle,
  typedAt,
  voiceAt,
  voiceIs,
  type Replay,
  type Speed,
} from '../review/replay';

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

// Words, a voice of ten seconds, words two seconds after it was sent, and a voice of three at the end.
const voices = [0, 10_000, 0, 3000];
const spoken = (p: Partial<Replay> = {}): Replay => ({
  ...replayOf(
    [0, 2000, 4000, 64_000].map((t) => T0 + t),
    voices,
  ),
  playing: true,
  ...p,
});

test('the clock comes to a voice and waits for its sound, at each speed at which it is heard', () => {
  for (const speed of [1, 2, 4] as Speed[]) {
    const r = advance(spoken({ speed }), 100_000);
    assert.equal(r.pos, 2000, `×${speed}`);
    assert.deepEqual(voiceAt(r), { index: 1, at: 0 });
    assert.equal(advance(r, 1000).pos, 2000);
    assert.equal(r.playing, true);
  }
});

test('it goes on as the sound does, and the talk from where it stood', () => {
  let r = heardTo(advance(spoken(), 100_000), 1, 4000);
  assert.deepEqual([r.pos, saidBy(r), clockOf(r)], [6000, 2, 2000]);
  r = heardAll(r, 1, 10_000);
  assert.deepEqual([r.pos, voiceAt(r), clockOf(r)], [12_000, undefined, 2000]);
  r = advance(r, 2000);
  assert.deepEqual([r.pos, saidBy(r), clockOf(r)], [14_000, 3, 4000]);
});

test('a silence that is skipped begins when nothing is heard any more', () => {
  const r = heardAll(advance(spoken({ skip: true }), 100_000), 1, 10_000);
  const after = advance(r, 2000 + 1000);
  assert.equal(clockOf(after), 5000);
  assert.equal(clockOf(advance(after, 1)), 63_001);
  assert.deepEqual(voiceAt(advance(after, 1000)), { index: 3, at: 0 });
});

test('what is too fast to be heard is stepped over', () => {
  const r = advance(spoken({ speed: 8 }), 500);
  assert.deepEqual([clockOf(r), saidBy(r), voiceAt(r)], [4000, 3, undefined]);
  const amid = heardTo(advance(spoken(), 100_000), 1, 4000);
  assert.equal(clockOf(advance({ ...amid, speed: 8 }, 125)), 3000);
  assert.equal(advance(spoken({ speed: 8 }), 100_000).playing, false);
});

test('the last voice is heard before it is over', () => {
  const r = advance({ ...seek(spoken(), 73_000), playing: true }, 100_000);
  assert.deepEqual([voiceAt(r), r.playing], [{ index: 3, at: 0 }, true]);
  const over = heardAll(r, 3, 3000);
  assert.deepEqual([over.pos, lengthOf(over), over.playing], [77_000, 77_000, false]);
});

test('how long a voice is may be learnt at any time: what is shown stays', () => {
  const unknown = replayOf(
    [0, 2000, 4000].map((t) => T0 + t),
    [0, 1, 0],
  );
  assert.deepEqual(voiceAt(seek(unknown, 2000)), { index: 1, at: 0 });
  const later = voiceIs(seek(unknown, 3001), 1, 7000);
  assert.deepEqual([later.pos, clockOf(later), lengthOf(later)], [10_000, 3000, 11_000]);
  assert.equal(voiceIs(seek(unknown, 1000), 1, 7000).pos, 1000);
  // One that is longer than it said is heard to its end; one that cannot be heard is none.
  const longer = heardTo(voiceIs(seek(unknown, 2000), 1, 500), 1, 900);
  assert.deepEqual(voiceAt(longer), { index: 1, at: 900 });
  assert.deepEqual([voiceAt(voiceIs(longer, 1, 0)), voiceIs(longer, 1, 0).pos], [undefined, 2000]);
});

test('steps lead into a voice and out of it; a moment of the talk has its place', () => {
  const r = seek(spoken(), 13_000);
  assert.deepEqual(voiceAt(seek(r, r.pos - 5000)), { index: 1, at: 6000 });
  assert.equal(voiceAt(seek(r, r.pos + 5000)), undefined);
  assert.deepEqual(
    [0, 2000, 3000, 64_000].map((t) => placeOf(r, t)),
    [0, 2000, 13_000, 74_000],
  );
  for (const t of [0, 1000, 2000, 3500, 64_000]) assert.equal(clockOf(seek(r, placeOf(r, t))), t);
});

test('the parts of a sound are as loud as their loudest', () => {
  const few = [new Float32Array([0, -0.5]), new Float32Array([0.25, 0])];
  assert.deepEqual(peaksOf(few, 4), [63, 63, 127, 127]);
  const many = new Float32Array(128);
  many.set([0, 0.5, -0.25, 0.125]);
  many[127] = -1;
  assert.deepEqual(
    peaksOf([many]),
    Array.from({ length: 64 }, (_, i) => (i === 0 ? 127 : i === 1 ? 63 : i === 63 ? 255 : 0)),
  );
  assert.deepEqual(peaksOf([]), []);
});

// Typed: nothing of the first, 1.5 s of the second, 12 s of the third, and 20 s of the fourth, who began before the third was said.
const typing = (p: Partial<Replay> = {}): Replay => ({
  ...replayOf(
    [0, 2000, 62_000, 64_000].map((t) => T0 + t),
    [],
    [0, 1500, 12_000, 20_000],
  ),
  playing: true,
  ...p,
});

test('who types is seen from the first key until it is said, at each speed', () => {
  for (const speed of [1, 2, 4, 8] as Speed[]) {
    const at = (ms: number): number[] => typedAt(advance(typing({ speed }), ms / speed));
    assert.deepEqual(at(499), [], `×${speed}`);
    assert.deepEqual(at(500), [1]);
    assert.deepEqual(at(1999), [1]);
    assert.deepEqual(at(2000), []);
    assert.deepEqual(at(43_999), []);
  }
});

test('two who type at once are both seen', () => {
  const at = (pos: number): number[] => typedAt(seek(typing(), pos));
  assert.deepEqual([at(44_000), at(49_999), at(50_000), at(61_999)], [[3], [3], [2, 3], [2, 3]]);
  assert.deepEqual([at(62_000), at(63_999), at(64_000)], [[3], [3], []]);
});

test('in a silence that is skipped typing is seen as long as the silence is', () => {
  const r = typing({ skip: true });
  assert.deepEqual(typedAt(advance(r, 3000)), []);
  assert.deepEqual(typedAt(advance(r, 3001)), [2, 3]);
  assert.deepEqual(typedAt(advance(r, 3999)), [2, 3]);
  assert.deepEqual(typedAt(advance(r, 4000)), [3]);
});

test('who types while a voice is heard types on, and no longer for it', () => {
  const r = replayOf(
    [0, 2000, 4000].map((t) => T0 + t),
    [0, 10_000, 0],
    [0, 0, 1000],
  );
  assert.deepEqual(
    [2000, 12_000, 12_999, 13_000, 13_999, 14_000].map((pos) => typedAt(seek(r, pos))),
    [[], [], [], [2], [2], []],
  );
});

test('what was begun before the talk, or for ever ago, is seen as far as the talk goes', () => {
  const r = replayOf([T0, T0 + 5000, T0 + 900_000], [], [9000, 7000, 600_000]);
  assert.deepEqual([typedAt(r), typedAt(seek(r, 299_999)), typedAt(seek(r, 300_000))], [[1], [], [2]]);
});
