import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Entry, Outbox, type OutboxStore, webStore } from '../core/outbox';
import { FakeClock } from './fakes';

interface Frame {
  cid: string;
  text?: string;
}

function setUp(store?: OutboxStore<Frame>) {
  const clock = new FakeClock();
  const sent: string[] = [];
  const seen: string[] = [];
  const outbox = new Outbox<Frame>({
    clock,
    send: (f) => sent.push(f.cid) > 0,
    ...(store && { store }),
    onChange: (e, to) => seen.push(`${e.cid} ${to}`),
  });
  const ack = (cid: string) => outbox.ack({ type: 'ack', cid });
  const error = (cid: string, code: string, retry_after_ms?: number) =>
    outbox.error({ type: 'error', cid, code: code as never, message: 'no', ...(retry_after_ms && { retry_after_ms }) });
  return { clock, sent, seen, outbox, ack, error };
}

class Memory implements Storage {
  private readonly map = new Map<string, string>();
  get length(): number {
    return this.map.size;
  }
  clear = () => this.map.clear();
  getItem = (k: string) => this.map.get(k) ?? null;
  setItem = (k: string, v: string) => void this.map.set(k, v);
  removeItem = (k: string) => void this.map.delete(k);
  key = () => null;
}

test('sends nothing before the link is live, then one after the other in order', () => {
  const { outbox, sent, ack } = setUp();
  for (const cid of ['a', 'b', 'c']) outbox.add({ cid });
  assert.deepEqual(sent, []);
  assert.equal(outbox.state('a'), 'queued');
  outbox.setLive(true);
  assert.deepEqual(sent, ['a']);
  assert.equal(outbox.state('a'), 'sending');
  ack('a');
  ack('b');
  ack('c');
  assert.deepEqual(sent, ['a', 'b', 'c']);
  assert.deepEqual(outbox.all(), []);
});

test('sends again with the same cid what was under way when the link was lost', () => {
  const { outbox, sent, ack, seen } = setUp();
  outbox.setLive(true);
  outbox.add({ cid: 'a' });
  outbox.add({ cid: 'b' });
  outbox.setLive(false);
  assert.equal(outbox.state('a'), 'queued');
  assert.deepEqual(seen, ['a queued', 'a sending', 'b queued', 'a queued']);
  outbox.setLive(true);
  ack('a');
  assert.deepEqual(sent, ['a', 'a', 'b']);
});

test('lanes do not wait for each other', () => {
  const { outbox, sent, ack } = setUp();
  outbox.setLive(true);
  outbox.add({ cid: 'a1' }, 'a');
  outbox.add({ cid: 'a2' }, 'a');
  outbox.add({ cid: 'b1' }, 'b');
  assert.deepEqual(sent, ['a1', 'b1']);
  ack('a1');
  assert.deepEqual(sent, ['a1', 'b1', 'a2']);
});

test('a rate limit holds the lane for as long as the server says, and changes no order', () => {
  const { outbox, sent, error, ack, clock } = setUp();
  outbox.setLive(true);
  outbox.add({ cid: 'a' });
  outbox.add({ cid: 'b' });
  error('a', 'rate_limited', 700);
  assert.deepEqual(sent, ['a']);
  clock.pass(699);
  assert.deepEqual(sent, ['a']);
  clock.pass(1);
  assert.deepEqual(sent, ['a', 'a']);
  ack('a');
  assert.deepEqual(sent, ['a', 'a', 'b']);
});

test('an unavailable server is asked again for ever, one in trouble five times', () => {
  const { outbox, error, clock } = setUp();
  outbox.setLive(true);
  outbox.add({ cid: 'a' });
  for (let i = 0; i < 20; i++) {
    error('a', 'unavailable');
    clock.pass(2_000);
    assert.equal(outbox.state('a'), 'sending');
  }
  outbox.discard('a');
  outbox.add({ cid: 'b' });
  for (let i = 0; i < 4; i++) {
    error('b', 'internal');
    clock.pass(2_000);
  }
  assert.equal(outbox.state('b'), 'sending');
  error('b', 'internal');
  assert.equal(outbox.state('b'), 'failed');
});

test('a refusal is shown and stays until the person repeats or discards it; the next goes on', () => {
  const { outbox, sent, error, ack } = setUp();
  outbox.setLive(true);
  outbox.add({ cid: 'a' });
  outbox.add({ cid: 'b' });
  error('a', 'too_large');
  assert.equal(outbox.state('a'), 'failed');
  assert.deepEqual(sent, ['a', 'b']);
  ack('b');
  outbox.retry('a');
  assert.deepEqual(sent, ['a', 'b', 'a']);
  error('a', 'forbidden');
  outbox.discard('a');
  assert.deepEqual(outbox.all(), []);
});

test('what was repeated stands behind what was said meanwhile', () => {
  const { outbox, error } = setUp();
  outbox.setLive(true);
  outbox.add({ cid: 'a' });
  error('a', 'too_large');
  outbox.setLive(false);
  outbox.add({ cid: 'b' });
  outbox.retry('a');
  assert.deepEqual(
    outbox.all().map((e) => e.cid),
    ['b', 'a'],
  );
});

test('acks and errors of others are not ours', () => {
  const { outbox, ack, error } = setUp();
  outbox.add({ cid: 'a' });
  assert.equal(ack('x'), false);
  assert.equal(error('x', 'conflict'), false);
  assert.equal(outbox.error({ type: 'error', code: 'bad_request', message: '' }), false);
});

test('survives a reload in Web Storage, failures included', async () => {
  const storage = new Memory();
  const store = webStore<Frame>(() => storage, 'k');
  const first = setUp(store);
  first.outbox.setLive(true);
  first.outbox.add({ cid: 'a', text: '你好' });
  first.outbox.add({ cid: 'b' });
  first.error('a', 'too_large');
  const second = setUp(store);
  second.outbox.add({ cid: 'c' });
  await second.outbox.load();
  assert.deepEqual(
    second.outbox.all().map((e) => [e.cid, second.outbox.state(e.cid)]),
    [
      ['a', 'failed'],
      ['b', 'queued'],
      ['c', 'queued'],
    ],
  );
  second.outbox.setLive(true);
  second.ack('b');
  second.ack('c');
  second.outbox.discard('a');
  assert.equal(storage.getItem('k'), null);
});

test('goes on in memory where storage is denied or broken', async () => {
  const denied: OutboxStore<Frame>[] = [
    webStore<Frame>(() => {
      throw new DOMException('denied', 'SecurityError');
    }, 'k'),
    {
      load: () => Promise.reject(new Error('gone')),
      put: () => Promise.reject(new Error('full')),
      remove: () => Promise.reject(new Error('gone')),
    },
    { load: () => JSON.parse('{') as Entry<Frame>[], put: () => {}, remove: () => {} },
  ];
  for (const store of denied) {
    const { outbox, sent, ack } = setUp(store);
    await outbox.load();
    outbox.add({ cid: 'a' });
    outbox.setLive(true);
    assert.deepEqual(sent, ['a']);
    ack('a');
    assert.deepEqual(outbox.all(), []);
  }
});

test('nothing is lost or doubled over a thousand random losses', () => {
  // A server that stores by cid, in the order of arrival; the link dies before or after it has stored.
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const stored: string[] = [];
  const clock = new FakeClock();
  let answers: (() => void)[] = [];
  const outbox: Outbox<Frame> = new Outbox<Frame>({
    clock,
    send(f) {
      if (random() < 0.2) return true; // lost on the way
      if (!stored.includes(f.cid)) stored.push(f.cid);
      if (random() < 0.8) answers.push(() => outbox.ack({ type: 'ack', cid: f.cid }));
      return true;
    },
  });
  const said: string[] = [];
  for (let i = 0; i < 1_000; i++) {
    const roll = random();
    if (roll < 0.3) {
      said.push(`m${i}`);
      outbox.add({ cid: `m${i}` });
    } else if (roll < 0.6) {
      answers.splice(0).forEach((a) => a());
    } else {
      answers = [];
      outbox.setLive(false);
      outbox.setLive(true);
    }
  }
  for (let i = 0; outbox.all().length && i < 10_000; i++) {
    answers.splice(0).forEach((a) => a());
    outbox.setLive(false);
    outbox.setLive(true);
  }
  assert.deepEqual(stored, said);
});
