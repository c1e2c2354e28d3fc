import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ItemState, stateMay, Transcript } from '../core/transcript';
import type { Message } from '../core/wire';

const mine = (m: Message['from']) => m.role === 'visitor';
const from = (role: 'visitor' | 'agent', seq: number, more: Partial<Message> = {}): Message => ({
  seq,
  at: seq * 1000,
  from: { role },
  kind: 'text',
  text: `m${seq}`,
  ...more,
});
const said = (cid: string) => ({ at: 5, from: { role: 'visitor' as const }, kind: 'text' as const, text: cid });
const shape = (t: Transcript) => t.items().map((i) => [i.key, i.seq, i.state]);

test('shows numbered messages by seq and then what is not numbered yet', () => {
  const t = new Transcript(mine);
  t.addLocal('c1', said('c1'));
  t.merge(from('agent', 3));
  t.merge(from('agent', 1));
  t.merge(from('agent', 2));
  assert.deepEqual(
    t.items().map((i) => i.seq),
    [1, 2, 3, 0],
  );
});

test('the ack, the echo and history of one message are one item, in any order and however often', () => {
  const steps: ((t: Transcript) => void)[] = [
    (t) => t.ack('c1', 2, 2000),
    (t) => void t.merge(from('visitor', 2, { cid: 'c1' })),
    (t) => void t.merge(from('visitor', 2)),
  ];
  for (const order of [
    [0, 1, 2],
    [1, 0, 2],
    [2, 0, 1],
    [0, 2, 1],
    [2, 1, 0],
    [1, 2, 0],
    [0, 0, 0],
    [1, 1, 1],
  ]) {
    const t = new Transcript(mine);
    t.merge(from('agent', 1));
    t.addLocal('c1', said('c1'), 'sending');
    for (const i of order) steps[i]!(t);
    // History that does not know the cid: the local one goes when the ack says which it was.
    const want = order.includes(0) || order.includes(1) ? 2 : 3;
    assert.equal(t.items().length, want, String(order));
    assert.equal(t.items()[1]!.state, 'sent', String(order));
  }
});

test('an own message keeps its key when it is numbered, so that nothing moves', () => {
  const t = new Transcript(mine);
  t.addLocal('c1', said('c1'));
  t.setLocal('c1', 'sending');
  t.ack('c1', 1, 1000);
  assert.deepEqual(shape(t), [['c1', 1, 'sent']]);
});

test('what changes is a new object, what does not stays the same', () => {
  const t = new Transcript(mine);
  t.merge(from('agent', 1));
  t.merge(from('visitor', 2, { cid: 'c' }));
  const [a, b] = t.items();
  t.read(2);
  assert.equal(t.items()[0], a);
  assert.notEqual(t.items()[1], b);
});

test('states never go backwards', () => {
  const order: ItemState[] = ['queued', 'sending', 'sent', 'delivered', 'read'];
  for (const [i, a] of order.entries()) {
    for (const [j, b] of order.entries()) assert.equal(stateMay(a, b), j >= i, `${a} → ${b}`);
  }
  const rows: [ItemState, ItemState, boolean][] = [
    ['sending', 'failed', true],
    ['sent', 'failed', true],
    ['uncertain', 'failed', true],
    ['delivered', 'failed', false],
    ['read', 'failed', false],
    ['sending', 'uncertain', true],
    ['sent', 'uncertain', false],
    ['failed', 'sent', false],
    ['failed', 'uncertain', false],
    ['uncertain', 'delivered', true],
    ['uncertain', 'sending', false],
  ];
  for (const [a, b, may] of rows) assert.equal(stateMay(a, b), may, `${a} → ${b}`);
});

test('a late status changes nothing, a newer one does', () => {
  const t = new Transcript(mine);
  t.merge(from('visitor', 1, { state: 'delivered' }));
  t.status({ type: 'status', conversation: 'x', seq: 1, state: 'sending', at: 1 });
  assert.equal(t.items()[0]!.state, 'delivered');
  t.status({ type: 'status', conversation: 'x', seq: 1, state: 'read', at: 1 });
  assert.equal(t.items()[0]!.state, 'read');
  t.merge(from('visitor', 1, { state: 'sent' }));
  assert.equal(t.items()[0]!.state, 'read');
});

test('reading marks all own messages up to there, also those that are numbered later', () => {
  const t = new Transcript(mine);
  t.merge(from('visitor', 1));
  t.addLocal('c2', said('c2'), 'sending');
  t.read(2);
  t.ack('c2', 2, 2000);
  t.merge(from('visitor', 3));
  assert.deepEqual(
    t.items().map((i) => i.state),
    ['read', 'read', 'sent'],
  );
});

test('knows what is missing', () => {
  const t = new Transcript(mine);
  assert.equal(t.lacks(), false);
  assert.equal(t.lacks(4), true);
  for (const seq of [5, 6, 9]) t.merge(from('agent', seq));
  assert.equal(t.firstSeq, 5);
  assert.equal(t.denseSeq, 6);
  assert.equal(t.lastSeq, 9);
  assert.equal(t.lacks(), true);
  t.merge(from('agent', 8));
  t.merge(from('agent', 7));
  assert.equal(t.lacks(), false);
  t.ack('unknown', 11, 1);
  assert.equal(t.lacks(), true);
});

test('a removed message loses what it held, for good', () => {
  const t = new Transcript(mine);
  t.merge(from('agent', 1, { kind: 'file', file: { id: 'f', name: 'n', mime: 'm', size: 1 } }));
  t.changed({ type: 'changed', conversation: 'x', seq: 1, kind: 'removed' });
  t.merge(from('agent', 1, { text: 'again' }));
  assert.equal(t.items()[0]!.kind, 'removed');
  assert.equal(t.items()[0]!.text, '');
  assert.equal(t.items()[0]!.file, undefined);
});

test('a failed one that is repeated stands behind the others', () => {
  const t = new Transcript(mine);
  t.addLocal('a', said('a'));
  t.addLocal('b', said('b'));
  t.setLocal('a', 'failed', 'too long');
  assert.equal(t.items()[0]!.reason, 'too long');
  t.setLocal('a', 'queued');
  assert.deepEqual(shape(t), [
    ['b', 0, 'queued'],
    ['a', 0, 'queued'],
  ]);
  assert.equal(t.items()[1]!.reason, undefined);
});

test('what was about to be said can move into the next conversation', () => {
  const old = new Transcript(mine, 'x');
  const next = new Transcript(mine, 'y');
  old.merge(from('agent', 1));
  old.addLocal('c', said('c'));
  old.moveLocals(next);
  next.ack('c', 1, 1);
  old.ack('c', 9, 1);
  assert.deepEqual(shape(old), [['xs1', 1, undefined]]);
  assert.deepEqual(shape(next), [['c', 1, 'sent']]);
});

test('any shuffle with repeats gives the same transcript', () => {
  let seed = 3;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const all = Array.from({ length: 40 }, (_, i) =>
    from(i % 3 ? 'agent' : 'visitor', i + 1, i % 3 ? {} : { cid: `c${i}` }),
  );
  const want = JSON.stringify(all.map((m) => m.text));
  for (let round = 0; round < 50; round++) {
    const t = new Transcript(mine);
    const feed = [...all, ...all.filter(() => random() < 0.5)].sort(() => random() - 0.5);
    for (const m of feed) t.merge(m);
    assert.equal(JSON.stringify(t.items().map((i) => i.text)), want);
    assert.equal(t.lacks(), false);
  }
});
