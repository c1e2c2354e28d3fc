import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection, type Link } from '../core/connection';
import { FakeClock, FakeSocket } from './fakes';

interface Frame {
  type: string;
}

function setUp() {
  const clock = new FakeClock();
  const sockets: FakeSocket[] = [];
  const frames: Frame[] = [];
  const links: Link[] = [];
  let refuse = false;
  const connection = new Connection<Frame, Frame>({
    clock,
    open() {
      if (refuse) throw new Error('no such host');
      sockets.push(new FakeSocket());
      return sockets.at(-1)!;
    },
    hello: () => ({ type: 'hello' }),
    onFrame: (f) => frames.push(f),
    onLink: (l) => links.push(l),
  });
  const last = () => sockets.at(-1)!;
  const live = () => {
    last().onopen!();
    last().hears({ type: 'welcome' });
  };
  const delay = () => (connection.link.state === 'waiting' ? connection.link.until - clock.now() : NaN);
  return { clock, sockets, frames, links, connection, last, live, delay, refuse: (to: boolean) => (refuse = to) };
}

test('says hello first, and is live only with the welcome', () => {
  const { connection, last, frames } = setUp();
  connection.start();
  assert.equal(connection.link.state, 'connecting');
  last().onopen!();
  assert.deepEqual(last().types(), ['hello']);
  assert.equal(connection.send({ type: 'message' }), false);
  last().hears({ type: 'welcome' });
  assert.equal(connection.link.state, 'live');
  assert.equal(connection.send({ type: 'message' }), true);
  assert.deepEqual(last().types(), ['hello', 'message']);
  assert.deepEqual(frames, [{ type: 'welcome' }]);
});

test('waits from half a second doubling to thirty, half of it by chance', () => {
  const { connection, last, clock, delay } = setUp();
  connection.start();
  clock.chance = 0.999999;
  const seen: number[] = [];
  for (let i = 0; i < 9; i++) {
    last().dies();
    seen.push(Math.round(delay()));
    clock.pass(delay());
  }
  assert.deepEqual(seen, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  clock.chance = 0;
  last().dies();
  assert.equal(delay(), 15_000);
});

test('begins again at the shortest delay once a connection has held', () => {
  const { connection, last, clock, live, delay } = setUp();
  connection.start();
  for (let i = 0; i < 5; i++) {
    last().dies();
    clock.pass(delay());
  }
  live();
  clock.pass(5_000);
  last().dies(1012);
  assert.equal(delay(), 375);
});

test('does not hurry while connections die right after their welcome', () => {
  const { connection, last, clock, live, delay } = setUp();
  connection.start();
  for (let i = 0; i < 4; i++) {
    live();
    last().dies();
    clock.pass(delay());
  }
  live();
  last().dies();
  assert.equal(delay(), 6_000);
});

test('keeps away as long as the server asks', () => {
  const { connection, last, live, delay, clock } = setUp();
  connection.start();
  live();
  last().dies(1013);
  assert.equal(delay(), 2_000);
  clock.pass(2_000);
  last().onopen!();
  last().hears({ type: 'error', code: 'rate_limited', message: '', retry_after_ms: 12_000 });
  last().dies(1013);
  assert.equal(delay(), 12_000);
});

test('stops when it is refused, until it is started again', () => {
  for (const code of [4401, 4403]) {
    const { connection, last, clock, sockets } = setUp();
    connection.start();
    last().dies(code);
    assert.deepEqual(connection.link, { state: 'refused', code });
    clock.pass(600_000);
    connection.wake();
    connection.retry();
    assert.equal(sockets.length, 1);
    connection.start();
    assert.equal(sockets.length, 2);
  }
});

test('retries at once when the network returns, but only once for an outage', () => {
  const { connection, last, sockets, live } = setUp();
  connection.start();
  last().dies();
  connection.wake();
  assert.equal(sockets.length, 2);
  last().dies();
  connection.wake();
  assert.equal(sockets.length, 2);
  connection.retry();
  assert.equal(sockets.length, 3);
  live();
  last().dies();
  connection.wake();
  assert.equal(sockets.length, 4);
});

test('asks after thirty seconds of silence and reconnects without an answer in ten', () => {
  const { connection, last, clock, live, sockets } = setUp();
  connection.start();
  live();
  clock.pass(29_999);
  assert.deepEqual(last().types(), ['hello']);
  clock.pass(1);
  assert.deepEqual(last().types(), ['hello', 'ping']);
  clock.pass(9_000);
  last().hears({ type: 'pong' });
  clock.pass(30_000);
  assert.deepEqual(last().types(), ['hello', 'ping', 'ping']);
  clock.pass(9_999);
  assert.equal(connection.link.state, 'live');
  clock.pass(1);
  assert.equal(connection.link.state, 'waiting');
  assert.equal(sockets[0]!.closed, true);
});

test('asks nothing while frames come, and nothing while it is hidden', () => {
  const { connection, last, clock, live } = setUp();
  connection.start();
  live();
  for (let i = 0; i < 10; i++) {
    clock.pass(20_000);
    last().hears({ type: 'message' });
  }
  assert.deepEqual(last().types(), ['hello']);
  connection.setVisible(false);
  clock.pass(3_600_000);
  assert.deepEqual(last().types(), ['hello']);
  connection.setVisible(true);
  assert.deepEqual(last().types(), ['hello', 'ping']);
});

test('gives up on a socket that never opens', () => {
  const { connection, last, clock, sockets } = setUp();
  connection.start();
  clock.pass(15_000);
  assert.equal(connection.link.state, 'waiting');
  assert.equal(sockets[0]!.closed, true);
  clock.pass(1_000);
  assert.equal(sockets.length, 2);
  // What the dead one says later is not heard.
  sockets[0]!.hears({ type: 'welcome' });
  sockets[0]!.dies(4401);
  assert.equal(connection.link.state, 'connecting');
  assert.equal(last(), sockets[1]);
});

test('survives an address that cannot be opened, and frames that are no frames', () => {
  const { connection, last, refuse, live, frames, clock, delay } = setUp();
  refuse(true);
  connection.start();
  assert.equal(connection.link.state, 'waiting');
  refuse(false);
  clock.pass(delay());
  live();
  for (const odd of ['', '{', 'null', '[]', '{"type":7}', '"message"']) last().hears(odd);
  assert.deepEqual(frames, [{ type: 'welcome' }]);
  assert.equal(connection.link.state, 'live');
});

test('renew says a new hello at once', () => {
  const { connection, live, last, sockets } = setUp();
  connection.start();
  live();
  connection.renew();
  assert.equal(sockets[0]!.closed, true);
  assert.equal(sockets.length, 2);
  last().onopen!();
  assert.deepEqual(last().types(), ['hello']);
});

test('stop closes and stays away', () => {
  const { connection, live, clock, sockets } = setUp();
  connection.start();
  live();
  connection.stop();
  clock.pass(600_000);
  assert.equal(connection.link.state, 'idle');
  assert.equal(sockets.length, 1);
  assert.equal(sockets[0]!.closed, true);
});
