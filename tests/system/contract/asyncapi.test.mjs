// Holds docs/asyncapi.yaml against a running kefud: every frame of whole conversations, sent and received, has to fit the message of its type,
// and every type that is documented has to occur, unless it stands below with the reason why it cannot.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Daemon, until } from './daemon.mjs';
import { asyncapi, resolve, Schemas } from './documents.mjs';
import { Wire } from './wire.mjs';

const NOBODY = '01936b2e-0000-7000-8000-00000000dead';
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

/* "side direction type": why it does not occur here. */
const NEVER = {
  'agent received notice': 'comes when a review or coaching concerns one: tests/system/test_learning.c',
  'agent received reminder': 'comes when an agent has not answered for a minute: tests/system/test_oversee.c has shorter ones',
  'agent received alert': 'likewise, after two',
  'agent received window': 'is of platforms that bound replies: tests/system/test_fake.c',
  'visitor received status': 'is of messages that go to a platform, and a visitor on a WebSocket is on none',
};

const schemas = new Schemas(asyncapi);

/** Type → payload, of one direction of one side. */
function messagesOf(name) {
  const ret = new Map();
  for (const ref of asyncapi.operations[name].messages) {
    const message = resolve(asyncapi, resolve(asyncapi, ref));
    ret.set(message.name, message.payload);
  }
  return ret;
}
const documented = {
  'visitor sent': messagesOf('fromVisitor'),
  'visitor received': messagesOf('toVisitor'),
  'agent sent': messagesOf('fromAgent'),
  'agent received': messagesOf('toAgent'),
};

/** Everything that has passed, once per form that is wrong. */
const occurred = new Set();
const faults = new Set();

function watch(direction, side, frame) {
  const payload = documented[`${side} ${direction}`].get(frame.type);
  occurred.add(`${side} ${direction} ${frame.type}`);
  if (Object.keys(frame)[0] !== 'type') faults.add(`${side} ${direction}: type does not come first: ${JSON.stringify(frame)}`);
  const wrong = payload ? schemas.wrong(payload, frame) : 'this type is not documented';
  if (wrong) faults.add(`${side} ${direction} ${frame.type}: ${wrong}: ${JSON.stringify(frame).slice(0, 1000)}`);
}

let daemon;
const people = {};
let count = 0;
const cid = () => `c-${++count}`;

before(async () => {
  daemon = await Daemon.start();
  for (const who of ['agent1', 'agent2', 'supervisor']) people[who] = await daemon.signIn(who);
});
after(() => daemon?.stop());

const acked = (answer) => (assert.equal(answer.type, 'ack', JSON.stringify(answer)), answer);
const refused = (answer, code) => (assert.equal(answer.type, 'error', JSON.stringify(answer)), assert.equal(answer.code, code, JSON.stringify(answer)), answer);

async function staff(who, presence = 'online') {
  const wire = await Wire.open(daemon, 'agent', { headers: { ...people[who].headers, Origin: daemon.origin }, watch });
  wire.send({ type: 'hello' });
  wire.welcome = await wire.take({ type: 'welcome' });
  if (presence) acked(await wire.act({ type: 'presence', cid: cid(), presence }));
  return wire;
}

async function visitor(hello = {}, headers = {}) {
  const wire = await Wire.open(daemon, 'visitor', { headers, watch });
  wire.send({ type: 'hello', ...hello });
  wire.welcome = await wire.take({ type: 'welcome' });
  return wire;
}

const says = (wire, text, more = {}) => wire.act({ type: 'message', cid: cid(), kind: 'text', text, ...more });
const leave = async (wire) => {
  acked(await wire.act({ type: 'presence', cid: cid(), presence: 'offline', reason: '下班' }));
  await wire.end();
};

test('a visitor is served, handed on, asked to rate and rates', async () => {
  const first = await visitor();
  const one = await staff('agent1');
  await first.take({ type: 'site', staffed: true });
  await first.end();
  const v = await visitor({ locale: 'zh-CN', page: { url: 'https://shop.example/p/1', title: '商品', referrer: '' }, profile: { name: '王芳', vip: true }, last_seq: 0 });
  assert.equal(v.welcome.conversation, null);
  v.send({ type: 'ping' });
  await v.take({ type: 'pong' });
  v.send({ type: 'history', after: 0 });
  assert.equal((await v.take({ type: 'history' })).conversation, null);

  const conversation = acked(await says(v, '你好')).conversation;
  const assigned = await one.take({ type: 'assigned', conversation: { id: conversation } });
  assert.equal(assigned.conversation.visitor.name, '王芳');
  await v.take({ type: 'state', state: 'served' });
  await v.take({ type: 'message', kind: 'event', event: 'joined' });

  v.send({ type: 'typing', on: true });
  await one.take({ type: 'typing', on: true });
  one.send({ type: 'typing', conversation, on: true });
  await v.take({ type: 'typing', from: { role: 'agent' } });
  const answer = acked(await one.act({ type: 'message', conversation, cid: cid(), kind: 'text', text: '您好', reply_to: 1 }));
  assert.equal((await v.take({ type: 'message', seq: answer.seq })).reply_to, 1);
  acked(await v.act({ type: 'read', cid: cid(), seq: answer.seq }));
  await one.take({ type: 'read', role: 'visitor', seq: answer.seq });
  acked(await one.act({ type: 'read', conversation, cid: cid(), seq: answer.seq }));
  await v.take({ type: 'read', role: 'agent', seq: answer.seq });
  acked(await v.act({ type: 'profile', cid: cid(), profile: { phone: '138' }, page: { url: 'https://shop.example/p/2' }, locale: 'en' }));

  const up = async (headers) => JSON.parse((await daemon.ask({ method: 'POST', path: '/files?site=demo&name=a.png', headers, body: PNG })).text).id;
  const shown = acked(await v.act({ type: 'message', cid: cid(), kind: 'image', file: await up({ Authorization: `Bearer ${v.welcome.token}` }), text: '看这里' }));
  assert.equal((await one.take({ type: 'message', seq: shown.seq })).file.width, 1);
  acked(await one.act({ type: 'message', conversation, cid: cid(), kind: 'image', file: await up(people.agent1.unsafe) }));
  refused(await v.act({ type: 'message', cid: cid(), kind: 'choice', choice: 'yes' }), 'bad_request');
  refused(await v.act({ type: 'message', cid: cid(), kind: 'text', text: '?', reply_to: 9999 }), 'bad_request');
  refused(await one.act({ type: 'message', conversation, cid: cid(), kind: 'text', text: '?', reply_to: 9999 }), 'bad_request');
  acked(await v.act({ type: 'message', cid: cid(), kind: 'form', form: { name: '王芳', topics: ['发票', '退货'] } }));
  await one.take({ type: 'message', kind: 'card' });
  const card = acked(await one.act({ type: 'message', conversation, cid: cid(), kind: 'card', title: '退货说明', text: '七天内可以退。', url: 'https://shop.example/r#top' }));
  assert.equal((await v.take({ type: 'message', seq: card.seq, kind: 'card' })).text, '退货说明\n七天内可以退。\nhttps://shop.example/r#top');

  acked(await one.act({ type: 'note', conversation, cid: cid(), text: '回头客' }));
  await one.take({ type: 'timeline', entry: { kind: 'note', data: { text: '回头客' } } });
  const slip = acked(await one.act({ type: 'message', conversation, cid: cid(), kind: 'text', text: '写错了' }));
  acked(await one.act({ type: 'recall', conversation, cid: cid(), seq: slip.seq }));
  await v.take({ type: 'changed', seq: slip.seq, kind: 'removed' });
  await one.take({ type: 'changed', seq: slip.seq });
  refused(await one.act({ type: 'react', conversation, cid: cid(), seq: 1, emoji: '👍' }), 'unsupported'); // the widget shows none
  const boss = await staff('supervisor', null);
  acked(await boss.act({ type: 'watch', conversation, cid: cid(), on: true }));
  acked(await boss.act({ type: 'whisper', conversation, cid: cid(), text: '先道歉' }));
  await one.take({ type: 'timeline', entry: { kind: 'whisper' } });
  acked(await boss.act({ type: 'join', conversation, cid: cid() }));
  await one.take({ type: 'state', conversation, helper: { id: people.supervisor.person.id } });
  acked(await boss.act({ type: 'leave', conversation, cid: cid() }));
  acked(await boss.act({ type: 'priority', conversation, cid: cid(), priority: 3 }));
  acked(await boss.act({ type: 'watch', conversation, cid: cid(), on: false }));
  await boss.end();
  one.send({ type: 'ping' });
  await one.take({ type: 'pong' });

  const window = await visitor({ token: v.welcome.token, conversation, last_seq: 3 });
  assert.equal(window.welcome.conversation.id, conversation);
  const again = acked(await says(v, '两个窗口'));
  assert.equal((await window.take({ type: 'message', seq: again.seq })).cid, again.cid);
  await window.end();

  const two = await staff('agent2');
  acked(await one.act({ type: 'transfer', conversation, cid: cid(), to: { agent: people.agent2.person.id }, note: '懂发票' }));
  await one.take({ type: 'released', conversation });
  await two.take({ type: 'assigned', conversation: { id: conversation } });
  for (const range of [{ after: 0, limit: 3 }, { before: 5 }]) {
    two.send({ type: 'history', conversation, ...range });
    await two.take({ type: 'history', conversation });
    v.send({ type: 'history', conversation, ...range });
    await v.take({ type: 'history', conversation });
  }
  acked(await one.act({ type: 'presence', cid: cid(), presence: 'busy' }));
  acked(await two.act({ type: 'transfer', conversation, cid: cid(), to: { queue: 'sales' } }));
  await two.take({ type: 'assigned', conversation: { id: conversation, queue: 'sales' } });
  acked(await two.act({ type: 'invite', conversation, cid: cid() }));
  await v.take({ type: 'message', event: 'invited' });
  acked(await two.act({ type: 'help', conversation, cid: cid(), to: { agent: people.agent1.person.id }, note: '请帮忙' }));
  await one.take({ type: 'assigned', conversation: { id: conversation }, why: 'helper' });
  acked(await two.act({ type: 'close', conversation, cid: cid() }));
  acked(await two.act({ type: 'ready', conversation, cid: cid() }));
  await v.take({ type: 'state', state: 'closed' });
  acked(await v.act({ type: 'rate', cid: cid(), conversation, score: 5, tags: ['耐心'], comment: '谢谢' }));

  /* The same person, later in the day: reopened, then ended by the visitor. */
  acked(await says(v, '还有一件事'));
  await two.take({ type: 'assigned', conversation: { id: conversation } });
  await v.take({ type: 'state', state: 'served' });
  acked(await v.act({ type: 'close', cid: cid() }));
  await v.take({ type: 'state', state: 'closed' });
  await v.end();
  await leave(one);
  await leave(two);
});

test('who comes back finds everything as it was', async () => {
  const one = await staff('agent1');
  const v = await visitor({ profile: { name: '韩梅' } });
  const { conversation } = acked(await says(v, '在吗'));
  await one.take({ type: 'assigned', conversation: { id: conversation } });
  await one.end();
  const back = await staff('agent1', null);
  assert.equal(back.welcome.presence, 'online');
  const held = back.welcome.conversations.find((c) => c.id === conversation);
  assert.equal(held.visitor.name, '韩梅');
  acked(await back.act({ type: 'close', conversation, cid: cid() }));
  await v.end();
  await leave(back);
});

test('nobody is there: a visitor waits, leaves a form, and is served when somebody comes', async () => {
  const v = await visitor({ profile: { name: '李雷' } });
  const { conversation } = acked(await says(v, '有人吗'));
  await v.take({ type: 'state', conversation, state: 'waiting' });
  await v.take((f) => f.type === 'message' && f.from.role === 'system' && f.form !== undefined);
  const one = await staff('agent1', 'busy');
  // Who comes brings it back into the line: what was decided the moment before is a conflict, and is done again.
  await until(async () => (await one.act({ type: 'accept', conversation, cid: cid() })).type === 'ack', 'the conversation');
  await one.take({ type: 'assigned', conversation: { id: conversation } });
  await v.take({ type: 'state', state: 'served' });
  acked(await one.act({ type: 'close', conversation, cid: cid() }));
  await v.end();
  await leave(one);
});

test('the number of those who wait is told', async () => {
  const one = await staff('agent1', 'busy');
  const v = await visitor();
  acked(await says(v, '排队'));
  await one.take((f) => f.type === 'queue' && f.waiting > 0);
  await v.take((f) => f.type === 'state' && f.position > 0);
  acked(await v.act({ type: 'close', cid: cid() }));
  await v.end();
  await leave(one);
});

test('an offer is refused by one and taken by another', async () => {
  const one = await staff('agent1');
  await told(event('crm', 'vip-1', '我是贵宾'));
  const first = await one.take({ type: 'offered' });
  const conversation = first.conversation.id;
  assert.equal(first.conversation.visitor.name, 'Ann');
  assert.ok(first.until > Date.now());
  const two = await staff('agent2');
  acked(await one.act({ type: 'refuse', conversation, cid: cid() }));
  await one.take({ type: 'released', conversation });
  const offered = await until(() => [one, two].find((w) => w.frames.some((f) => f.type === 'offered' && f.conversation.id === conversation)), 'the next offer');
  acked(await offered.act({ type: 'accept', conversation, cid: cid() }));
  await offered.take({ type: 'assigned', conversation: { id: conversation } });
  acked(await offered.act({ type: 'close', conversation, cid: cid() }));
  await leave(one);
  await leave(two);
});

/** A signed webhook: somebody says something. */
function event(channel, user, text, data = {}) {
  return daemon.hook(channel, { type: 'message.created', timestamp: new Date().toISOString(), data: { id: randomUUID(), conversation: user, user: { id: user, name: 'Ann' }, type: 'text', text, ...data } });
}

const told = async (request) => assert.equal((await daemon.ask(request)).status, 204);

test('a platform says how far a message has come, and what was changed', async () => {
  const one = await staff('agent1');
  const id = randomUUID();
  await told(event('api', 'u-1', 'Hello', { id }));
  const { conversation } = await one.take({ type: 'assigned', conversation: { channel: 'api' } });
  const sent = acked(await one.act({ type: 'message', conversation: conversation.id, cid: cid(), kind: 'text', text: 'Good morning' }));
  await one.take((f) => f.type === 'status' && f.seq === sent.seq && f.state === 'sent');
  const ours = await until(() => daemon.platform.seen.find((e) => e.type === 'message.send' && e.data.text === 'Good morning'), 'the message on the platform');
  const now = () => new Date().toISOString();
  await told(daemon.hook('api', { type: 'message.status', timestamp: now(), data: { id: ours.data.id, status: 'read' } }));
  await one.take((f) => f.type === 'status' && f.seq === sent.seq && f.state === 'read');
  await told(daemon.hook('api', { type: 'message.updated', timestamp: now(), data: { id, conversation: 'u-1', text: 'Hello there' } }));
  await one.take({ type: 'changed', seq: 1, kind: 'text', text: 'Hello there' });
  await told(daemon.hook('api', { type: 'message.deleted', timestamp: now(), data: { id, conversation: 'u-1' } }));
  await one.take({ type: 'changed', seq: 1, kind: 'removed' });

  daemon.platform.answer = (e) => (e.type === 'message.send' ? [422, { error: { code: 'window_closed', message: 'the window is closed' } }] : [200, {}]);
  const lost = acked(await one.act({ type: 'message', conversation: conversation.id, cid: cid(), kind: 'text', text: 'Too late' }));
  assert.match((await one.take((f) => f.type === 'status' && f.seq === lost.seq && f.state === 'failed')).reason, /window/);
  one.send({ type: 'history', conversation: conversation.id, after: 0 });
  assert.equal((await one.take({ type: 'history' })).messages.find((m) => m.seq === lost.seq).state, 'failed');
  daemon.platform.answer = (e) => [200, { id: `p-${e.data.id}` }];
  acked(await one.act({ type: 'resend', conversation: conversation.id, cid: cid(), seq: lost.seq }));
  await one.take((f) => f.type === 'status' && f.seq === lost.seq && f.state === 'sent');
  await told(event('api', 'u-1', '', { type: 'location', lat: 31.2, lon: 121.5, title: '外滩' }));
  await one.take({ type: 'message', kind: 'card' });
  await told(event('api', 'u-1', 'a picture', { type: 'image', attachments: [{ type: 'image', url: 'https://files.x.example/1.png', mime: 'image/png', size: 1234, name: '1.png' }] }));
  await one.take({ type: 'message', kind: 'image' });
  acked(await one.act({ type: 'close', conversation: conversation.id, cid: cid() }));
  await leave(one);
});

/* ---- what is wrong ----------------------------------------------------------------------------------------------------------------------- */

test('what is malformed is refused, and the schemas refuse it too', async () => {
  const v = await visitor();
  const one = await staff('agent1', 'busy');
  const rows = [
    [v, { type: 'message', cid: 'w1', kind: 'text' }, 'bad_request'],
    [v, { type: 'message', cid: 'w2', kind: 'text', text: '  ' }, 'bad_request'],
    [v, { type: 'message', cid: 'w3', kind: 'image', file: 'rubbish' }, 'bad_request'],
    [v, { type: 'message', cid: 'w4', kind: 'video', text: 'x' }, 'bad_request'],
    [v, { type: 'read', cid: 'w5', seq: 0 }, 'bad_request'],
    [v, { type: 'rate', cid: 'w6', conversation: NOBODY, score: 6 }, 'bad_request'],
    [v, { type: 'profile', cid: 'w7', profile: { a: [] } }, 'bad_request'],
    [v, { type: 'profile', cid: 'w8', locale: 'zh CN' }, 'bad_request'],
    [one, { type: 'presence', cid: 'w9', presence: 'asleep' }, 'bad_request'],
    [one, { type: 'transfer', conversation: NOBODY, cid: 'w10', to: {} }, 'bad_request'],
    [one, { type: 'transfer', conversation: NOBODY, cid: 'w11', to: { agent: NOBODY, queue: 'sales' } }, 'bad_request'],
    [v, { type: 'message', cid: 'k3', kind: 'card', title: 'x', url: 'https://x.example/' }, 'bad_request'],
    [one, { type: 'message', conversation: NOBODY, cid: 'k4', kind: 'card', url: 'https://x.example/' }, 'bad_request'],
    [one, { type: 'message', conversation: NOBODY, cid: 'k5', kind: 'card', title: 'a\nb', url: 'https://x.example/' }, 'bad_request'],
    [one, { type: 'message', conversation: NOBODY, cid: 'k6', kind: 'card', title: 'x', url: 'javascript:alert(1)' }, 'bad_request'],
    [one, { type: 'message', conversation: NOBODY, cid: 'k7', kind: 'card', title: 'x', url: 'https://a@x.example/' }, 'bad_request'],
    [one, { type: 'message', conversation: NOBODY, cid: 'k8', kind: 'card', title: 'x'.repeat(129), url: 'https://x.example/' }, 'too_large'],
    [one, { type: 'message', conversation: NOBODY, cid: 'k9', kind: 'card', title: 'x', text: 'x'.repeat(513), url: 'https://x.example/' }, 'too_large'],
    [one, { type: 'message', conversation: NOBODY, cid: 'k10', kind: 'card', title: 'x', url: `https://x.example/${'u'.repeat(1024)}` }, 'too_large'],
    [one, { type: 'message', conversation: NOBODY, cid: 'k11', kind: 'card', title: 'x', url: 'https://x.example/', file: 'rubbish' }, 'bad_request'],
    [one, { type: 'accept', cid: 'w12' }, 'bad_request'],
    [one, { type: 'message', conversation: NOBODY, cid: 'w13', kind: 'choice', choice: 'x' }, 'bad_request'],
    [one, { type: 'note', conversation: NOBODY, cid: 'w14', text: '' }, 'bad_request'],
  ];
  for (const [wire, frame, code] of rows) {
    refused(await wire.act(frame, true), code);
    assert.notEqual(schemas.wrong(documented[`${wire.side} sent`].get(frame.type), frame), null, `the schemas take ${JSON.stringify(frame)}`);
  }
  for (const [wire, frame, code] of [
    [v, { type: 'dance' }, 'unsupported'],
    [v, { type: 'note', conversation: NOBODY, cid: 'x', text: 'x' }, 'unsupported'],
    [v, { type: 'history', after: 0, before: 1 }, 'bad_request'],
    [v, { type: 'message', cid: 'no good', kind: 'text', text: 'x' }, 'bad_request'],
    [v, '{"type":"ping"', 'bad_request'],
    [v, '{"type":"ping","type":"ping"}', 'bad_request'],
    [v, `{"type":"ping","x":${'['.repeat(16)}${']'.repeat(16)}}`, 'bad_request'],
    [one, '[]', 'bad_request'],
    [one, { type: 'rate', cid: 'x', conversation: NOBODY, score: 5 }, 'unsupported'],
  ]) {
    wire.send(frame, true);
    refused(await wire.take({ type: 'error' }), code);
  }
  await v.end();
  await leave(one);
});

test('what may not be is refused with its own word', async () => {
  const one = await staff('agent1');
  const two = await staff('agent2', 'busy');
  const v = await visitor();
  const other = await visitor();
  refused(await other.act({ type: 'close', cid: cid() }), 'not_found');
  const first = { type: 'message', cid: cid(), kind: 'text', text: '一' };
  const { conversation, seq } = acked(await v.act(first));
  assert.equal(acked(await v.act(first)).seq, seq);
  refused(await v.act({ ...first, text: '二' }), 'conflict');
  await one.take({ type: 'assigned', conversation: { id: conversation } });
  refused(await v.act({ type: 'message', cid: cid(), kind: 'text', text: 'x'.repeat(4097) }), 'too_large');
  refused(await v.act({ type: 'message', cid: cid(), kind: 'file', file: NOBODY }), 'not_found');
  refused(await other.act({ type: 'rate', cid: cid(), conversation, score: 1 }), 'not_found');
  refused(await v.act({ type: 'rate', cid: cid(), conversation: NOBODY, score: 1 }), 'not_found');
  refused(await two.act({ type: 'message', conversation, cid: cid(), kind: 'text', text: 'x' }), 'not_found');
  refused(await one.act({ type: 'transfer', conversation, cid: cid(), to: { agent: NOBODY } }), 'not_found');
  refused(await one.act({ type: 'accept', conversation: NOBODY, cid: cid() }), 'not_found');
  acked(await one.act({ type: 'invite', conversation, cid: cid() }));
  refused(await one.act({ type: 'invite', conversation, cid: cid() }), 'conflict');
  const supervisor = await staff('supervisor', 'busy');
  refused(await supervisor.act({ type: 'message', conversation, cid: cid(), kind: 'text', text: 'x' }), 'forbidden');
  let slow;
  for (let i = 0; i < 40 && !slow; i++) {
    const answer = await says(v, `${i}`);
    if (answer.type === 'error') slow = refused(answer, 'rate_limited');
  }
  assert.ok(slow.retry_after_ms > 0);
  acked(await one.act({ type: 'close', conversation, cid: cid() }));
  refused(await one.act({ type: 'message', conversation, cid: cid(), kind: 'text', text: 'x' }), 'conflict');
  const stranger = await visitor({ identity: { id: 'u-1', hash: '0'.repeat(64) } });
  refused(await stranger.take({ type: 'error' }), 'unauthorized');
  for (const wire of [v, other, stranger, supervisor]) await wire.end();
  await leave(one);
  await leave(two);
});

test('sockets close with the codes of the protocol', async () => {
  const twice = await visitor();
  twice.send({ type: 'hello' });
  assert.equal((await twice.closed).code, 4400);
  const bytes = await visitor();
  bytes.socket.send(Buffer.from('{"type":"ping"}'), { binary: true });
  assert.equal((await bytes.closed).code, 1003);
  const long = await visitor();
  long.send(`{"type":"ping","x":"${'x'.repeat(70000)}"}`);
  assert.equal((await long.closed).code, 1009);
  const out = await daemon.signIn('agent2');
  const one = await Wire.open(daemon, 'agent', { headers: { ...out.headers, Origin: daemon.origin }, watch });
  one.send({ type: 'hello' });
  await one.take({ type: 'welcome' });
  await daemon.ask({ method: 'DELETE', path: '/api/v1/session', headers: out.unsafe });
  assert.equal((await one.closed).code, 4401);
  const unknown = await Wire.open(daemon, 'agent', { headers: { Authorization: 'Bearer rubbish' }, watch });
  assert.equal((await unknown.closed).code, 4401);
  const reviewer = await daemon.signIn('reviewer');
  const reads = await Wire.open(daemon, 'agent', { headers: { ...reviewer.headers, Origin: daemon.origin }, watch });
  assert.equal((await reads.closed).code, 4403);
  const nowhere = await Wire.open(daemon, 'visitor', { site: 'other', watch });
  assert.equal((await nowhere.closed).code, 4403);
  const nobody = await Wire.open(daemon, 'agent', { watch });
  assert.equal((await nobody.closed).code, 4401);
});

test('an upgrade that is refused is a problem document', async () => {
  for (const [side, options, status] of [
    ['visitor', { headers: { Origin: 'https://elsewhere.example' } }, 403],
    ['visitor', { headers: { Cookie: '__Host-kefu_v=v1.x.1.y' } }, 403],
  ]) {
    const refusal = await Wire.open(daemon, side, options).then(
      () => assert.fail(`${side} ${JSON.stringify(options)} was let in`),
      (error) => error,
    );
    assert.equal(refusal.status, status, `${side} ${JSON.stringify(options)}: ${refusal.message}`);
    assert.equal(refusal.headers['content-type'], 'application/problem+json');
    assert.equal(JSON.parse(refusal.text).status, status);
  }
});

/* ---- the sum: these two come last ------------------------------------------------------------------------------------------------------------ */

test('every frame that passed is as documented', () => assert.deepEqual([...faults], []));

test('every documented type has passed, but those with a reason', () => {
  const missing = Object.entries(documented).flatMap(([way, types]) => [...types.keys()].map((type) => `${way} ${type}`)).filter((what) => !occurred.has(what));
  assert.deepEqual(missing.filter((what) => !NEVER[what]), []);
  assert.deepEqual(Object.keys(NEVER).filter((what) => occurred.has(what)), [], 'these do occur: their reason is none');
});
