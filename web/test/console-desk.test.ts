// The agent's desk against a wire, a disk and a clock of the test's own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Desk } from '../console/desk';
import type { Recent } from '../console/keep';
import type { Notice, Refused } from '../console/ports';
import type { Room } from '../console/room';
import type { Conversation, Entry, StaffFrame, StaffMessage } from '../core/staff';
import type { Outgoing } from '../kit/rows';

type Frame = Record<string, unknown>;

class World {
  now = 1_000_000;
  live = false;
  sent: Frame[] = [];
  notices: Notice[] = [];
  disk = new Map<string, Outgoing>();
  recent = new Map<string, Recent>();
  timers: { at: number; work: () => void }[] = [];
  cids = 0;
  upload: () => Promise<{ id: string; name: string; mime: string; size: number }> = async () => ({
    id: 'f1',
    name: 'a.png',
    mime: 'image/png',
    size: 3,
  });
  desk = new Desk({
    wire: {
      send: (f) => {
        if (this.live) this.sent.push(f);
        return this.live;
      },
    },
    keep: {
      outbox: async () => [...this.disk.values()],
      putOut: async (o) => void this.disk.set(o.cid, o),
      dropOut: async (cid) => void this.disk.delete(cid),
      recent: async (id) => this.recent.get(id),
      putRecent: async (r) => void this.recent.set(r.conversation, r),
      dropRecent: async (id) => void this.recent.delete(id),
    },
    clock: {
      now: () => this.now,
      random: () => 0.5,
      after: (ms, work) => {
        const timer = { at: this.now + ms, work };
        this.timers.push(timer);
        return () => void this.timers.splice(this.timers.indexOf(timer) >>> 0, 1);
      },
    },
    cid: () => `cid${++this.cids}`,
    upload: () => this.upload(),
    notice: (n) => void this.notices.push(n),
  });

  welcome(...conversations: Conversation[]): void {
    this.live = true;
    this.desk.frame({
      type: 'welcome',
      at: this.now + 500,
      agent: { id: 'me', name: '小林', number: '1024', capacity: 5 },
      presence: 'online',
      conversations,
      waiting: 0,
    });
  }

  lose(): void {
    this.live = false;
    this.desk.gone();
  }

  pass(ms: number): void {
    this.now += ms;
    for (const t of this.timers.filter((x) => x.at <= this.now)) {
      this.timers.splice(this.timers.indexOf(t), 1);
      t.work();
    }
  }

  take(type: string): Frame {
    const at = this.sent.findIndex((f) => f['type'] === type);
    assert.ok(at >= 0, `nothing of type ${type} was sent: ${JSON.stringify(this.sent)}`);
    return this.sent.splice(at, 1)[0] as Frame;
  }

  ack(f: Frame, seq?: number): void {
    const ack = { type: 'ack', cid: String(f['cid']), conversation: String(f['conversation']), at: this.now };
    this.desk.frame((seq ? { ...ack, seq } : ack) as StaffFrame);
  }

  /** Answers the question for the timeline: its entries, and the messages that come with them. */
  timeline(...entries: Entry[]): void {
    const f = this.take('history');
    assert.deepEqual([f['after'], f['limit']], [0, 1]);
    for (const entry of entries) this.desk.frame({ type: 'timeline', conversation: 'c1', entry });
    this.desk.frame({ type: 'history', conversation: 'c1', messages: [msg(1)], more: true });
  }

  room(id = 'c1'): Room {
    const room = this.desk.rooms.value.get(id);
    assert.ok(room);
    return room;
  }
}

const conv = (p: Partial<Conversation> = {}): Conversation => ({
  id: 'c1',
  state: 'served',
  seq: 2,
  epoch: 2,
  channel: 'web',
  queue: 'sales',
  visitor: { id: 'v1', name: '王芳' },
  agent: { id: 'me', name: '小林', number: '1024' },
  opened_at: 1,
  arrived_at: 2,
  visitor_at: 100,
  staff_at: 0,
  visitor_read: 0,
  staff_read: 0,
  locale: 'zh-CN',
  rating: 0,
  invited: false,
  priority: 0,
  ...p,
});
const msg = (seq: number, role: 'visitor' | 'agent' = 'visitor', text = `t${seq}`): StaffMessage => ({
  seq,
  at: seq * 100,
  from: { role, name: role },
  kind: 'text',
  text,
});
const says = (seq: number, role: 'visitor' | 'agent' = 'visitor'): StaffFrame => ({
  type: 'message',
  conversation: 'c1',
  ...msg(seq, role),
});
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function opened(): Promise<World> {
  const w = new World();
  w.welcome(conv());
  w.desk.show('c1');
  await settle();
  w.take('history');
  w.desk.frame({ type: 'history', conversation: 'c1', messages: [msg(1), msg(2)], more: false });
  w.timeline();
  w.sent.length = 0;
  return w;
}
const seqs = (room: Room): number[] => room.messages.value.map((m) => m.seq);

test('a message is on disk before it is sent, and leaves the disk with its ack', async () => {
  const w = await opened();
  void w.desk.posts.say(w.room(), '您好');
  assert.equal(w.disk.size, 1);
  const f = w.take('message');
  assert.equal(f['text'], '您好');
  assert.equal(w.room().out.value[0]?.state, 'sending');
  w.ack(f, 3);
  assert.equal(w.disk.size, 0);
  assert.deepEqual(w.room().out.value, []);
  assert.deepEqual(seqs(w.room()), [1, 2, 3]);
  assert.equal(w.room().messages.value[2]?.from.number, '1024');
});

test('a card is kept as its lines, and sent in its parts', async () => {
  const w = await opened();
  const text = '退货说明\n七天\n运费\nhttps://shop.example/r';
  void w.desk.posts.post(w.room(), { what: 'message', kind: 'card', text });
  const f = w.take('message');
  assert.deepEqual(
    [f['kind'], f['title'], f['text'], f['url']],
    ['card', '退货说明', '七天\n运费', 'https://shop.example/r'],
  );
  w.ack(f, 3);
  const said = w.room().messages.value[2]!;
  assert.deepEqual([said.kind, said.text], ['card', '退货说明\n七天\n运费\nhttps://shop.example/r']);
});

test('a place is sent as degrees, without the address under which it is seen', async () => {
  const w = await opened();
  const text = '人民广场\n黄浦区\nhttps://uri.amap.com/marker?position=121.4737,31.2304';
  const place = { lat: 31.2304, lon: 121.4737 };
  void w.desk.posts.post(w.room(), { what: 'message', kind: 'card', text, place });
  const f = w.take('message');
  assert.deepEqual(
    [f['kind'], f['title'], f['text'], f['url'], f['lat'], f['lon']],
    ['card', '人民广场', '黄浦区', undefined, 31.2304, 121.4737],
  );
  w.ack(f, 3);
  assert.equal(w.room().messages.value[2]!.text, text);
});

test('a chosen template is kept as its words, and sent as its fields', async () => {
  const w = await opened();
  const fields = { '1': 'A-1024', '2': '发货' };
  const template = { kind: 'template' as const, template: 'order', fields };
  void w.desk.posts.post(w.room(), { what: 'message', kind: 'text', text: '订单 A-1024 已发货', template });
  assert.equal(w.room().out.value[0]?.text, '订单 A-1024 已发货');
  const f = w.take('message');
  assert.deepEqual([f['kind'], f['template'], f['fields']], ['template', 'order', fields]);
  w.ack(f, 3);
  const said = w.room().messages.value[2]!;
  assert.deepEqual([said.kind, said.text], ['text', '订单 A-1024 已发货']);
});

test('what was not acknowledged is sent again with the same cid after a reconnect, in order', async () => {
  const w = await opened();
  void w.desk.posts.say(w.room(), 'one');
  void w.desk.posts.say(w.room(), 'two');
  const first = w.take('message');
  w.lose();
  assert.deepEqual(
    w.room().out.value.map((o) => o.state),
    ['queued', 'queued'],
  );
  w.sent.length = 0;
  w.welcome(conv());
  const again = w.take('message');
  assert.equal(again['cid'], first['cid']);
  w.ack(again, 3);
  assert.equal(w.take('message')['text'], 'two');
});

test('a reload brings back what was unsent', async () => {
  const w = new World();
  w.disk.set('x1', {
    cid: 'x1',
    conversation: 'c1',
    what: 'message',
    who: '',
    kind: 'text',
    text: '没发出去',
    at: 1,
    state: 'sending',
  });
  await w.desk.posts.restore();
  w.welcome(conv());
  const f = w.take('message');
  assert.deepEqual([f['cid'], f['text']], ['x1', '没发出去']);
});

test('unsent words of a conversation that is gone are kept for the person to see', async () => {
  const w = new World();
  w.disk.set('x1', {
    cid: 'x1',
    conversation: 'gone',
    what: 'message',
    who: '王芳',
    kind: 'text',
    text: '…',
    at: 1,
    state: 'queued',
  });
  await w.desk.posts.restore();
  w.welcome(conv());
  assert.deepEqual(
    w.desk.posts.left.value.map((o) => o.cid),
    ['x1'],
  );
  assert.equal(w.sent.filter((f) => f['type'] === 'message').length, 0);
  w.desk.posts.discardLeft('x1');
  assert.equal(w.disk.size, 0);
});

test('a refusal marks the message failed, with the reason, and it can be sent again or taken back', async () => {
  const w = await opened();
  void w.desk.posts.say(w.room(), '您好');
  const f = w.take('message');
  w.desk.frame({ type: 'error', cid: String(f['cid']), code: 'conflict', message: 'not yours' });
  assert.deepEqual([w.room().out.value[0]?.state, w.room().out.value[0]?.reason], ['failed', 'not yours']);
  assert.equal(w.disk.get(String(f['cid']))?.state, 'failed');
  w.desk.posts.again(w.room(), String(f['cid']));
  const again = w.take('message');
  assert.equal(again['cid'], f['cid']);
  w.desk.frame({ type: 'error', cid: String(f['cid']), code: 'conflict', message: 'not yours' });
  assert.equal(w.desk.posts.takeBack(w.room(), String(f['cid'])), '您好');
  assert.equal(w.disk.size, 0);
});

test('too fast or not now is tried again by itself, before anything that was written later', async () => {
  const w = await opened();
  void w.desk.posts.say(w.room(), 'one');
  void w.desk.posts.say(w.room(), 'two');
  const f = w.take('message');
  w.desk.frame({ type: 'error', cid: String(f['cid']), code: 'rate_limited', message: '', retry_after_ms: 700 });
  assert.equal(w.sent.filter((x) => x['type'] === 'message').length, 0);
  w.pass(700);
  assert.equal(w.take('message')['text'], 'one');
});

test('a gap is fetched, not guessed', async () => {
  const w = await opened();
  w.desk.frame(says(5));
  assert.deepEqual(seqs(w.room()), [1, 2]);
  assert.deepEqual(w.take('history')['after'], 2);
  w.desk.frame({ type: 'history', conversation: 'c1', messages: [msg(3), msg(4), msg(5)], more: false });
  assert.deepEqual(seqs(w.room()), [1, 2, 3, 4, 5]);
});

test('what is said while a question is under way leaves no gap', async () => {
  const w = new World();
  w.welcome(conv());
  w.desk.show('c1');
  await settle();
  w.take('history');
  w.desk.frame({ type: 'history', conversation: 'c1', messages: [msg(1), msg(2)], more: false });
  w.desk.frame(says(5));
  w.timeline();
  assert.equal(w.take('history')['after'], 2);
  w.desk.frame({ type: 'history', conversation: 'c1', messages: [msg(3), msg(4), msg(5)], more: false });
  assert.deepEqual(seqs(w.room()), [1, 2, 3, 4, 5]);
});

test('notes of others come with the transcript', async () => {
  const w = new World();
  w.welcome(conv());
  w.desk.show('c1');
  await settle();
  w.take('history');
  w.desk.frame({ type: 'history', conversation: 'c1', messages: [msg(1), msg(2)], more: false });
  w.timeline({
    id: 4,
    after_seq: 1,
    at: 150,
    kind: 'note',
    by: { role: 'agent', id: 'x', name: '陈' },
    data: { text: '老客户' },
  });
  assert.deepEqual(
    w.room().entries.value.map((e) => e.id),
    [4],
  );
  assert.deepEqual(seqs(w.room()), [1, 2]);
});

test('a long absence goes on asking until nothing is missing', async () => {
  const w = await opened();
  w.lose();
  w.welcome(conv({ seq: 6 }));
  assert.equal(w.take('history')['after'], 2);
  w.desk.frame({ type: 'history', conversation: 'c1', messages: [msg(3), msg(4)], more: true });
  assert.equal(w.take('history')['after'], 4);
  w.desk.frame({ type: 'history', conversation: 'c1', messages: [msg(5), msg(6)], more: false });
  assert.deepEqual(seqs(w.room()), [1, 2, 3, 4, 5, 6]);
});

test('a message that comes twice is shown once', async () => {
  const w = await opened();
  w.desk.frame(says(3));
  w.desk.frame(says(3));
  assert.deepEqual(seqs(w.room()), [1, 2, 3]);
});

test('a note is shown once, whether its line of the timeline comes before the ack or after it', async () => {
  for (const early of [true, false]) {
    const w = await opened();
    void w.desk.posts.note(w.room(), '回头客');
    const f = w.take('note');
    const entry: Entry = {
      id: 9,
      after_seq: 2,
      at: w.now,
      kind: 'note',
      by: { role: 'agent', id: 'me', name: '小林' },
      data: { text: '回头客' },
    };
    if (early) w.desk.frame({ type: 'timeline', conversation: 'c1', entry });
    w.ack(f);
    assert.equal(w.room().entries.value.length, 1);
    if (!early) w.desk.frame({ type: 'timeline', conversation: 'c1', entry });
    assert.deepEqual(
      w.room().entries.value.map((e) => e.id),
      [9],
    );
    assert.equal(w.disk.size, 0);
  }
});

test('what comes to a conversation that is not looked at is counted and announced; looking clears it', async () => {
  const w = await opened();
  w.desk.show(null);
  w.notices.length = 0;
  w.desk.frame(says(3));
  assert.equal(w.room().unread.value > 0, true);
  assert.equal(w.notices[0]?.kind, 'message');
  w.desk.show('c1');
  w.desk.seen(w.room());
  assert.equal(w.room().unread.value, 0);
  assert.equal(w.take('read')['seq'], 3);
});

test('an offer lasts until it is accepted, and an accepted one is announced to nobody', async () => {
  const w = new World();
  w.welcome();
  const c = conv({ id: 'c2', state: 'offered' });
  w.desk.frame({ type: 'offered', conversation: c, until: w.now + 20_000 });
  assert.equal(w.desk.offers.value.length, 1);
  w.notices.length = 0;
  const done = w.desk.accept(c);
  const f = w.take('accept');
  w.desk.frame({ type: 'assigned', conversation: { ...c, state: 'served', epoch: 3 }, why: 'assigned' });
  w.ack(f);
  await done;
  assert.deepEqual([w.desk.offers.value.length, w.desk.mine.value.has('c2'), w.notices.length], [0, true, 0]);
});

test('somebody was faster: the act is refused with the code', async () => {
  const w = new World();
  w.welcome();
  const done = w.desk.accept(conv({ id: 'c3', state: 'waiting' }));
  const f = w.take('accept');
  w.desk.frame({ type: 'error', cid: String(f['cid']), code: 'conflict', message: 'somebody was faster' });
  await assert.rejects(done, (e: Refused) => e.code === 'conflict');
  assert.equal(w.desk.mine.value.has('c3'), false);
});

test('without a connection an act is refused at once, and one under way when it breaks', async () => {
  const w = await opened();
  const done = w.desk.invite(w.room());
  w.lose();
  await assert.rejects(done, (e: Refused) => e.code === 'offline');
  await assert.rejects(w.desk.invite(w.room()), (e: Refused) => e.code === 'offline');
});

test('closing can be undone until it is done', async () => {
  const w = await opened();
  const first = w.desk.close(w.room());
  assert.equal(w.room().closing.value, true);
  first.undo();
  await first.now();
  assert.equal(w.sent.filter((f) => f['type'] === 'close').length, 0);
  const second = w.desk.close(w.room());
  const done = second.now();
  w.ack(w.take('close'));
  await done;
  assert.deepEqual([w.room().conversation.value.state, w.desk.mine.value.size], ['closed', 0]);
});

test('a page that goes away closes what was to be closed', async () => {
  const w = await opened();
  w.desk.close(w.room());
  w.desk.closeAll();
  assert.equal(w.take('close')['conversation'], 'c1');
});

test('what moved on while we were away is said so', async () => {
  const w = await opened();
  w.desk.show(null);
  w.lose();
  w.notices.length = 0;
  w.welcome();
  assert.deepEqual(
    w.notices.map((n) => n.kind),
    ['released'],
  );
  assert.equal(w.desk.rooms.value.size, 0);
});

test('a file is uploaded before its message is sent; a failed upload is visible and can be repeated', async () => {
  const w = await opened();
  w.upload = () => Promise.reject(new Error('文件超过大小限制'));
  await w.desk.posts.sendFile(w.room(), new Blob(['abc'], { type: 'image/png' }), 'a.png');
  await settle();
  const out = w.room().out.value[0];
  assert.deepEqual([out?.state, out?.reason], ['failed', '文件超过大小限制']);
  w.upload = async () => ({ id: 'f1', name: 'a.png', mime: 'image/png', size: 3 });
  w.desk.posts.again(w.room(), out?.cid ?? '');
  await settle();
  const f = w.take('message');
  assert.deepEqual([f['kind'], f['file']], ['image', 'f1']);
  w.ack(f, 3);
  assert.equal(w.room().messages.value[2]?.file?.id, 'f1');
});

test('files that are sent in one go are said one after the other, in their order', async () => {
  const w = await opened();
  const done: ((id: string | null) => void)[] = [];
  w.upload = () =>
    new Promise((resolve, reject) =>
      done.push((id) => (id ? resolve({ id, name: 'a.png', mime: 'image/png', size: 3 }) : reject(new Error('no')))),
    );
  for (let i = 0; i < 3; i++)
    await w.desk.posts.sendFile(w.room(), new Blob(['abc'], { type: 'image/png' }), `${i}.png`);
  done[2]?.('f2');
  await settle();
  assert.ok(!w.sent.some((f) => f['type'] === 'message')); // those before it are not there yet
  done[0]?.('f0');
  done[1]?.(null);
  await settle();
  const first = w.take('message');
  assert.equal(first['file'], 'f0');
  w.ack(first, 3);
  const last = w.take('message');
  assert.equal(last['file'], 'f2');
  w.ack(last, 4);
  assert.deepEqual(
    w.room().out.value.map((o) => o.state),
    ['failed'],
  );
});

test('an answer from before does not turn time back', async () => {
  const w = await opened();
  w.desk.frame({ type: 'assigned', conversation: conv({ epoch: 5, seq: 2 }), why: 'assigned' });
  w.desk.learn([conv({ epoch: 4, state: 'waiting' })]);
  assert.equal(w.room().conversation.value.state, 'served');
});

test('a recalled message keeps its place and loses its words', async () => {
  const w = await opened();
  w.desk.frame({ type: 'changed', conversation: 'c1', seq: 2, kind: 'removed' });
  assert.deepEqual([w.room().messages.value[1]?.kind, w.room().messages.value[1]?.text], ['removed', '']);
});

test('history that is refused says so at once, and can be asked for again', async () => {
  const w = new World();
  w.welcome(conv({ id: 'c1', seq: 3 }));
  w.desk.show('c1');
  await Promise.resolve();
  await Promise.resolve();
  const room = w.desk.rooms.value.get('c1') as Room;
  assert.equal(room.loading.value, 'loading');
  w.desk.frame({ type: 'error', of: 'history', conversation: 'c1', code: 'unavailable', message: 'not now' });
  assert.equal(room.loading.value, 'failed');
  const before = w.sent.length;
  w.desk.reload(room);
  assert.equal(room.loading.value, 'loading');
  assert.equal(w.sent.length, before + 1);
});
