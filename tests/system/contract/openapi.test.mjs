// Holds docs/openapi.yaml against a running kefud: each operation is asked rightly and wrongly, each answer has to be one that stands there.
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Daemon, HOOKS, top, until } from './daemon.mjs';
import { openapi, resolve, Schemas } from './documents.mjs';
import { Wire } from './wire.mjs';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const AGENT2 = 'agent2@demo.example';
const NOBODY = '01936b2e-0000-7000-8000-00000000dead';

const schemas = new Schemas(openapi);
const operations = Object.entries(openapi.paths).flatMap(([path, item]) =>
  METHODS.filter((m) => item[m]).map((m) => ({ name: `${m.toUpperCase()} ${path}`, method: m.toUpperCase(), path, item, operation: item[m] })),
);

let daemon;
const people = {};
/** What the requests speak of. */
const story = {};

before(async () => {
  daemon = await Daemon.start();
  for (const who of ['agent1', 'agent2', 'supervisor', 'reviewer', 'admin']) people[who] = await daemon.signIn(who);
  await tell();
});
after(async () => {
  await story.agent?.end();
  await daemon?.stop();
});

/** One conversation from the first word to the rating, and one that waits. */
async function tell() {
  const agent = await Wire.open(daemon, 'agent', { headers: { ...people.agent1.headers, Origin: daemon.origin } });
  agent.send({ type: 'hello' });
  await agent.take({ type: 'welcome' });
  await agent.act({ type: 'presence', cid: 'p1', presence: 'online' });
  story.other = JSON.parse((await daemon.ask({ path: '/api/v1/session', headers: people.agent2.headers })).text).person.id;
  const page = await daemon.ask({ path: '/chat/demo' });
  story.cookie = page.headers['set-cookie'][0].split(';')[0];
  const visitor = await Wire.open(daemon, 'visitor', { headers: { Cookie: story.cookie, Origin: daemon.origin } });
  visitor.send({ type: 'hello', locale: 'zh-CN', profile: { name: '王芳' } });
  story.visitor = (await visitor.take({ type: 'welcome' })).visitor;
  const mine = await daemon.ask({ method: 'POST', path: '/files?site=demo&name=%E5%9B%BE.png', headers: { Cookie: story.cookie, Origin: daemon.origin }, body: PNG });
  story.file = JSON.parse(mine.text).id;
  story.conversation = (await visitor.act({ type: 'message', cid: 'c1', kind: 'text', text: '你好，我要退款' })).conversation;
  await agent.take({ type: 'assigned' });
  await visitor.act({ type: 'message', cid: 'c2', kind: 'image', file: story.file });
  await agent.act({ type: 'message', conversation: story.conversation, cid: 'a1', kind: 'text', text: '好的，退款三天到账' });
  await agent.act({ type: 'note', conversation: story.conversation, cid: 'n1', text: '回头客' });
  await agent.act({ type: 'close', conversation: story.conversation, cid: 'x1' });
  await visitor.act({ type: 'rate', cid: 'r1', conversation: story.conversation, score: 5 });
  await visitor.end();
  await agent.act({ type: 'presence', cid: 'p2', presence: 'busy' });
  const other = await Wire.open(daemon, 'visitor', {});
  other.send({ type: 'hello', profile: { name: '李雷' } });
  story.token = (await other.take({ type: 'welcome' })).token;
  story.waiting = (await other.act({ type: 'message', cid: 'c1', kind: 'text', text: '有人吗' })).conversation;
  await other.end();
  await talkToBot();
  story.agent = agent;
  const yours = await daemon.ask({ method: 'POST', path: '/files', headers: { Authorization: `Bearer ${story.token}` }, body: 'of another visitor' });
  story.strange = JSON.parse(yours.text).id;
  const script = /\/assets\/[A-Za-z0-9._-]+/.exec((await daemon.ask({ path: '/console/' })).text);
  story.asset = script ? script[0] : null;
  await until(async () => JSON.parse((await daemon.ask({ path: '/api/v1/transcripts?q=%E9%80%80%E6%AC%BE', headers: people.supervisor.headers })).text).count === 1, 'the index');
}

const TOKEN = 'a-token-of-a-bot-0123456789';

/** A number as kefud makes it of a name. */
function numberOf(name, bits) {
  let h = 1469598103934665603n;
  for (const byte of Buffer.from(name)) h = BigInt.asUintN(64, (h ^ BigInt(byte)) * 1099511628211n);
  return h & ((1n << BigInt(bits)) - 1n);
}

/** A bot of the kind that calls, and a conversation that a rule has handed to it. */
async function talkToBot() {
  const put = (kind, key, version, body) =>
    daemon.ask({ method: 'PUT', path: `/api/v1/sites/demo/documents/${kind}/${key}`, headers: { ...unsafe('admin'), ...(version ? { 'If-Match': version } : { 'If-None-Match': '*' }) }, body });
  const made = await put('bot', 'robot', null, { name: 'Robbie', form: 'chatwoot', url: 'https://bot.invalid/', token: TOKEN });
  assert.equal(made.status, 201, made.text);
  const rule = await put('rule', 'to_robot', null, { event: 'message', when: { keywords: ['robot'] }, actions: ['bot'], bot: 'robot' });
  assert.equal(rule.status, 201, rule.text);
  const visitor = await Wire.open(daemon, 'visitor', {});
  visitor.send({ type: 'hello' });
  await visitor.take({ type: 'welcome' });
  await visitor.act({ type: 'message', cid: 'c1', kind: 'text', text: 'robot, are you there?' });
  await visitor.end();
  story.bot = `/api/v1/accounts/${numberOf('demo', 31)}/conversations/3`;
  await until(async () => (await daemon.ask(bot('GET', ''))).status === 200, 'the bot');
}

/* ---- what is asked -------------------------------------------------------------------------------------------------------------- */

const as = (who) => people[who].headers;
const unsafe = (who) => people[who].unsafe;
const json = (who, method, path, body) => ({ method, path, headers: unsafe(who), body });
const fresh = () => ({ site: 'demo', email: `New-${randomUUID()}@demo.example`, name: '赵晓', password: 'correct horse battery', roles: ['agent'], queues: ['service'], number: '7', capacity: 3, skills: ['refund'] });
const noHost = (path) => ({ path, headers: { Host: 'not a host' } });
const login = (body, headers) => ({ method: 'POST', path: '/api/v1/session', body, headers });
const upload = (headers, body = PNG, query = '?site=demo&name=a.png') => ({ method: 'POST', path: `/files${query}`, headers, body });
const transcripts = (query, who = 'reviewer') => ({ path: `/api/v1/transcripts${query}`, headers: as(who) });
const exported = (query, who = { headers: as('supervisor') }) => ({ path: `/api/v1/exports/transcripts${query}`, ...who });
const KEPT = { name: '低分退款', shared: true, filter: { q: '退款', rating: '1', time: '7', wait: '60..' } };
const kept = async () => JSON.parse((await daemon.ask(json('reviewer', 'POST', '/api/v1/searches', KEPT))).text).id;
const bot = (method, what, body, token = TOKEN) => ({ method, path: `${story.bot}${what}`, headers: { api_access_token: token, ...(body ? { 'Content-Type': 'application/json' } : {}) }, body });
/** Whose conversation it is not. */
const noBot = (method, what, body) => [
  [401, { ...bot(method, what, body), headers: body ? { 'Content-Type': 'application/json' } : {} }],
  [404, { ...bot(method, what, body), path: `${story.bot}99${what}` }],
];
const operator = (method, path, body) => ({ method, path, body, control: true });

const plan = (more) => json('supervisor', 'POST', '/api/v1/coaching', { agent: people.agent1.person.id, text: '先安抚', follow_at: Date.now(), ...more });
const planned = async () => JSON.parse((await daemon.ask(plan())).text).id;
const coachingWrongs = (act, right, wrong, body, id) => [
  [401, { method: 'POST', path: `/api/v1/coaching/${id}/${act}`, body }],
  [403, json(wrong, 'POST', `/api/v1/coaching/${id}/${act}`, body)],
  [404, json(right, 'POST', `/api/v1/coaching/${NOBODY}/${act}`, body)],
  [400, json(right, 'POST', `/api/v1/coaching/${id}/${act}`, { ...body, revision: undefined })],
  [409, json(right, 'POST', `/api/v1/coaching/${id}/${act}`, { ...body, revision: 7 })],
];
const example = (more) =>
  json('reviewer', 'POST', '/api/v1/examples', { conversation: story.conversation, seqs: [1, 2, 3], good: true, title: '好例', tags: ['退款'], items: ['tone'], ...more });
const exampled = async () => JSON.parse((await daemon.ask(example())).text).id;
const agreement = (id, who = 'reviewer') => ({ path: `/api/v1/samples/${id}/agreement`, headers: as(who) });
const drawn = async (more) => JSON.parse((await daemon.ask(sample({ again: true, ...more }))).text).id;
const calibration = () => ({ kind: 'calibration', reviewers: [people.reviewer.person.id, people.supervisor.person.id] });
/** Talks that are over and of which nobody has a review, the newest first: only such a one is an exercise. */
const practised = [];
async function practise() {
  const visitor = await Wire.open(daemon, 'visitor', {});
  visitor.send({ type: 'hello', profile: { name: '韩梅梅' } });
  await visitor.take({ type: 'welcome' });
  const { conversation } = await visitor.act({ type: 'message', cid: 'c1', kind: 'text', text: '练习' });
  await story.agent.act({ type: 'accept', conversation, cid: `t-${conversation}` });
  await story.agent.act({ type: 'close', conversation, cid: `x-${conversation}` });
  practised.unshift(conversation);
  await visitor.end();
}
const exercise = async () => {
  await practise();
  return drawn(calibration());
};
const closedExercise = async () => {
  const id = await exercise();
  await daemon.ask(json('reviewer', 'POST', `/api/v1/samples/${id}/close`));
  return id;
};
const randomSample = () => drawn({});

/** The id of something that has not got through: the other system says that its user has blocked us. */
async function undelivered() {
  const user = randomUUID();
  daemon.platform.answer = (event) => (event.data.user?.id === user ? [409, { error: { code: 'user_blocked', message: 'go away' } }] : [200, { id: `p-${event.data.id}` }]);
  const before = new Set((await outbox()).map((e) => e.id));
  await daemon.ask(daemon.hook('api', { type: 'message.created', timestamp: new Date().toISOString(), data: { id: user, user: { id: user, name: 'x' }, type: 'text', text: 'hello' } }));
  const all = await until(async () => (await outbox()).filter((e) => !before.has(e.id))[0], 'a greeting that does not get through');
  return all.id;
}
/** The id of a visitor who has just written, and of one who has left. */
async function arriving(leaves) {
  const visitor = await Wire.open(daemon, 'visitor', {});
  visitor.send({ type: 'hello' });
  const id = (await visitor.take({ type: 'welcome' })).visitor;
  await visitor.act({ type: 'message', cid: 'c1', kind: 'text', text: '在吗' });
  if (leaves) await visitor.act({ type: 'close', cid: 'x1' });
  await visitor.end();
  return id;
}
const leaving = () => arriving(true);
/** A conversation that is held. */
async function holding() {
  const answer = await daemon.ask(json('admin', 'POST', '/api/v1/holds?site=demo', { conversation: story.conversation, reason: 'evidence' }));
  assert.equal(answer.status, 201, answer.text);
  return story.conversation;
}
const outbox = async () => JSON.parse((await daemon.ask({ path: '/api/v1/outbox?site=demo', headers: as('admin') })).text).items;
const handle = (id, act, headers) => ({ method: 'POST', path: `/api/v1/outbox/${id}/${act}?site=demo`, headers });

/* A row: [the status that is right, the request]. Functions, because they speak of what only a running kefud knows. */
const rows = {
  'POST /api/v1/session': {
    right: () => [[201, login({ email: AGENT2, password: daemon.passwords[AGENT2] })], [201, login({ email: AGENT2.toUpperCase(), password: daemon.passwords[AGENT2] }, { Origin: daemon.origin })]],
    wrong: () => [
      [401, login({ email: AGENT2, password: 'not the password' })],
      [400, login({ email: AGENT2 })],
      [400, login({ email: 5, password: 'x' })],
      [400, login('{"email":"a","email":"b","password":"c"}'), 'JSON.parse() takes the last of two'],
      [400, login('{"email":"agent2@demo.example"} trailing')],
      [400, login('[]')],
      [400, login('{"a":'.repeat(17) + '1' + '}'.repeat(17))],
      [400, login(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))],
      [400, login('')],
      [403, login({ email: AGENT2, password: daemon.passwords[AGENT2] }, { Origin: 'https://elsewhere.example' })],
      [413, login('x'.repeat((1 << 20) + 1))],
      [411, { ...login('{}'), headers: { 'Transfer-Encoding': 'chunked' } }],
    ],
  },
  'GET /api/v1/session': {
    right: () => [[200, { path: '/api/v1/session', headers: as('agent1') }], [200, { path: '/api/v1/session', headers: { Authorization: `Bearer ${people.agent1.cookie.split('=')[1]}` } }]],
    wrong: () => [
      [401, { path: '/api/v1/session' }],
      [401, { path: '/api/v1/session', headers: { Cookie: `__Host-kefu_s=${'0'.repeat(64)}` } }],
      [401, { path: '/api/v1/session', headers: { Authorization: 'Bearer kfk_0' } }],
      [403, { path: '/api/v1/session', headers: { ...as('agent1'), Origin: 'https://elsewhere.example' } }],
    ],
  },
  'DELETE /api/v1/session': {
    right: async () => [[204, { method: 'DELETE', path: '/api/v1/session', headers: (await daemon.signIn('agent2')).unsafe }]],
    wrong: () => [
      [401, { method: 'DELETE', path: '/api/v1/session' }],
      [403, { method: 'DELETE', path: '/api/v1/session', headers: as('agent1') }],
      [403, { method: 'DELETE', path: '/api/v1/session', headers: { ...as('agent1'), 'X-CSRF-Token': people.agent2.csrf } }],
    ],
  },
  'GET /api/v1/sites/{site}/canned': {
    right: () => [[200, { path: '/api/v1/sites/demo/canned', headers: as('agent1') }]],
    wrong: () => [[401, { path: '/api/v1/sites/demo/canned' }], [404, { path: '/api/v1/sites/other/canned', headers: as('agent1') }], [404, { path: '/api/v1/sites/DEMO%20/canned', headers: as('agent1') }]],
  },
  'GET /api/v1/sites/{site}/articles': {
    right: () => [[200, { path: '/api/v1/sites/demo/articles', headers: as('agent1') }], [200, operator('GET', '/api/v1/sites/demo/articles')]],
    wrong: () => [[401, { path: '/api/v1/sites/demo/articles' }], [404, { path: '/api/v1/sites/other/articles', headers: as('agent1') }]],
  },
  'GET /api/v1/sites/{site}/templates': {
    right: () => [[200, { path: '/api/v1/sites/demo/templates?channel=web', headers: as('agent1') }]],
    wrong: () => [
      [401, { path: '/api/v1/sites/demo/templates?channel=web' }],
      [404, { path: '/api/v1/sites/demo/templates', headers: as('agent1') }],
      [404, { path: '/api/v1/sites/demo/templates?channel=none', headers: as('agent1') }],
      [404, { path: '/api/v1/sites/other/templates?channel=web', headers: as('agent1') }],
    ],
  },
  'GET /api/v1/sites/{site}/colleagues': {
    right: () => [[200, { path: '/api/v1/sites/demo/colleagues', headers: as('agent1') }]],
    wrong: () => [[401, { path: '/api/v1/sites/demo/colleagues' }], [404, { path: '/api/v1/sites/other/colleagues', headers: as('agent1') }]],
  },
  'GET /api/v1/sites/{site}/conversations': {
    right: () => [[200, { path: '/api/v1/sites/demo/conversations?state=waiting', headers: as('agent2') }], [200, { path: '/api/v1/sites/demo/conversations?state=served', headers: as('supervisor') }], [200, { path: '/api/v1/sites/demo/conversations?state=parked', headers: as('supervisor') }]],
    wrong: () => [
      [400, { path: '/api/v1/sites/demo/conversations', headers: as('agent1') }],
      [400, { path: '/api/v1/sites/demo/conversations?state=closed', headers: as('agent1') }],
      [401, { path: '/api/v1/sites/demo/conversations?state=waiting' }],
      [404, { path: '/api/v1/sites/other/conversations?state=waiting', headers: as('agent1') }],
    ],
  },
  'POST /api/v1/sites/{site}/conversations/transfer': {
    right: () => [[200, json('supervisor', 'POST', '/api/v1/sites/demo/conversations/transfer', { conversations: [story.waiting, story.visitor], to: { queue: 'sales' }, note: '转给售前' })]],
    wrong: () => [
      [400, json('supervisor', 'POST', '/api/v1/sites/demo/conversations/transfer', { conversations: [], to: { queue: 'sales' } })],
      [400, json('supervisor', 'POST', '/api/v1/sites/demo/conversations/transfer', { conversations: [story.waiting], to: {} })],
      [401, { method: 'POST', path: '/api/v1/sites/demo/conversations/transfer', body: {} }],
      [404, json('supervisor', 'POST', '/api/v1/sites/other/conversations/transfer', { conversations: [story.waiting], to: { queue: 'sales' } })],
    ],
  },
  'GET /api/v1/sites/{site}/conversations/{id}/why': {
    right: () => [[200, { path: `/api/v1/sites/demo/conversations/${story.waiting}/why`, headers: as('supervisor') }]],
    wrong: () => [
      [401, { path: `/api/v1/sites/demo/conversations/${story.waiting}/why` }],
      [404, { path: `/api/v1/sites/demo/conversations/${story.visitor}/why`, headers: as('supervisor') }],
      [404, { path: '/api/v1/sites/demo/conversations/rubbish/why', headers: as('supervisor') }],
    ],
  },
  'POST /api/v1/sites/{site}/queues/{queue}/pause': {
    right: () => [[204, json('supervisor', 'POST', '/api/v1/sites/demo/queues/sales/pause', { paused: false })]],
    wrong: () => [
      [400, json('supervisor', 'POST', '/api/v1/sites/demo/queues/sales/pause', { paused: 'no' })],
      [401, { method: 'POST', path: '/api/v1/sites/demo/queues/sales/pause', body: {} }],
      [403, json('agent1', 'POST', '/api/v1/sites/demo/queues/sales/pause', { paused: true })],
      [404, json('supervisor', 'POST', '/api/v1/sites/demo/queues/none/pause', { paused: true })],
    ],
  },
  'GET /api/v1/transcripts': {
    right: () => [
      [200, transcripts('')],
      [200, transcripts('?site=demo&q=%E9%80%80%E6%AC%BE&limit=1')],
      [200, transcripts(`?contact=${story.visitor}&channel=web&rating=5&from=1&to=${Date.now() + 1000}`)],
      [200, transcripts(`?agent=${people.agent1.person.id}`, 'agent1')],
      [200, transcripts('?queue=service,sales&tag=%E9%80%80%E6%AC%BE&rule=greeting&state=closed&closed_by=agent&form=no&reviewed=no&wait=0..600&response=..60&silence=60..&lasted=1..2&score=0..8500')],
      [200, { path: '/api/v1/transcripts', control: true }],
    ],
    wrong: () => [
      [401, { path: '/api/v1/transcripts' }],
      [403, transcripts('', 'admin')],
      [403, transcripts(`?agent=${people.agent2.person.id}`, 'agent1')],
      [404, transcripts('?site=other')],
      [400, transcripts(`?q=${'x'.repeat(201)}`)],
      [400, transcripts('?q=-%E9%80%80%E6%AC%BE'), 'no schema tells a word that is wanted'],
      [400, transcripts('?q=%22'), 'no schema tells a word that is wanted'],
      [400, transcripts('?agent=somebody')],
      [400, transcripts('?contact=somebody')],
      [400, transcripts('?channel=No%20key')],
      [400, transcripts('?from=yesterday')],
      [400, transcripts('?to=-1')],
      [400, transcripts('?rating=0')],
      [400, transcripts('?rating=6')],
      ...['queue=a,,b', 'state=both', 'closed_by=me', 'reviewed=perhaps', 'form=maybe', 'wait=5', 'wait=..', 'response=x..', 'score=-1..', 'rule=No%20key', `tag=${'x'.repeat(65)}`].map((f) => [400, transcripts(`?${f}`)]),
      [400, transcripts('?lasted=9..1'), 'no schema tells which of two is greater'],
      [403, transcripts('?score=0..100', 'agent1')],
      [400, transcripts('?limit=0')],
      [400, transcripts('?limit=101')],
      [400, transcripts('?limit=1e1')],
      [400, transcripts('?q=%FF%FE'), 'no schema tells UTF-8'],
      [400, transcripts('?cursor=rubbish'), 'a cursor is opaque'],
      [400, transcripts('?cursor=1.2.3'), 'a cursor is opaque'],
    ],
  },
  'GET /api/v1/transcripts/{id}': {
    right: () => [
      [200, { path: `/api/v1/transcripts/${story.conversation}`, headers: as('agent1') }],
      [200, { path: `/api/v1/transcripts/${story.conversation}`, headers: as('reviewer') }],
      [200, { path: `/api/v1/transcripts/${story.conversation}`, control: true }],
      [200, { path: `/api/v1/transcripts/${story.conversation}?reveal=1`, headers: as('supervisor') }],
      [200, { path: `/api/v1/transcripts/${story.conversation}?contact=${NOBODY}`, control: true }],
    ],
    wrong: () => [
      [403, { path: `/api/v1/transcripts/${story.conversation}?reveal=1`, headers: as('reviewer') }],
      [401, { path: `/api/v1/transcripts/${story.conversation}` }],
      [404, { path: `/api/v1/transcripts/${story.conversation}`, headers: as('agent2') }],
      [404, { path: `/api/v1/transcripts/${story.conversation}`, headers: as('admin') }],
      [404, { path: `/api/v1/transcripts/${NOBODY}`, headers: as('supervisor') }],
      [404, { path: '/api/v1/transcripts/rubbish', headers: as('supervisor') }],
      [400, { path: `/api/v1/transcripts/${story.conversation}?contact=rubbish`, headers: as('supervisor') }],
    ],
  },
  'GET /api/v1/exports/transcripts': {
    right: async () => [
      [200, exported('?format=csv')],
      [200, exported('?format=xlsx&lang=en&q=%E9%80%80%E6%AC%BE&channel=web')],
      [200, exported('?format=csv', { headers: await key(['export']) })],
      [200, exported('?format=csv', { control: true })],
    ],
    wrong: async () => [
      [401, exported('?format=csv', {})],
      [403, exported('?format=csv', { headers: as('reviewer') })],
      [403, exported('?format=csv', { headers: as('agent1') })],
      [403, exported('?format=csv', { headers: await key(['transcript']) })],
      [404, exported('?format=csv&site=other')],
      [400, exported('')],
      [400, exported('?format=pdf')],
      [400, exported('?format=csv&lang=fr')],
      [400, exported('?format=csv&rating=9')],
    ],
  },
  'GET /api/v1/searches': {
    right: () => [[200, { path: '/api/v1/searches', headers: as('reviewer') }]],
    wrong: () => [[401, { path: '/api/v1/searches' }], [403, { path: '/api/v1/searches', headers: as('admin') }], [404, { path: '/api/v1/searches?site=other', headers: as('reviewer') }]],
  },
  'POST /api/v1/searches': {
    right: () => [[201, json('reviewer', 'POST', '/api/v1/searches', KEPT)], [201, json('agent1', 'POST', '/api/v1/searches?site=demo', { ...KEPT, shared: false })]],
    wrong: () => [
      [401, { method: 'POST', path: '/api/v1/searches', body: KEPT }],
      [403, json('admin', 'POST', '/api/v1/searches', KEPT)],
      [403, json('agent1', 'POST', '/api/v1/searches', KEPT)],
      [404, json('reviewer', 'POST', '/api/v1/searches?site=other', KEPT)],
      [400, json('reviewer', 'POST', '/api/v1/searches', { ...KEPT, name: '' })],
      [400, json('reviewer', 'POST', '/api/v1/searches', { ...KEPT, name: 'x'.repeat(61) })],
      [400, json('reviewer', 'POST', '/api/v1/searches', { ...KEPT, shared: 'yes' })],
      [400, json('reviewer', 'POST', '/api/v1/searches', { ...KEPT, filter: { colour: 'red' } })],
      [400, json('reviewer', 'POST', '/api/v1/searches', { ...KEPT, filter: { rating: '9' } }), 'the filter says it'],
      [400, json('reviewer', 'POST', '/api/v1/searches', { ...KEPT, filter: { time: 'tomorrow' } })],
    ],
  },
  'PUT /api/v1/searches/{id}': {
    right: async () => [[200, json('reviewer', 'PUT', `/api/v1/searches/${await kept()}`, { ...KEPT, shared: false })]],
    wrong: async () => {
      const id = await kept();
      return [
        [401, { method: 'PUT', path: `/api/v1/searches/${id}`, body: KEPT }],
        [403, json('admin', 'PUT', `/api/v1/searches/${id}`, KEPT)],
        [404, json('supervisor', 'PUT', `/api/v1/searches/${id}`, KEPT)],
        [404, json('reviewer', 'PUT', `/api/v1/searches/${NOBODY}`, KEPT)],
        [400, json('reviewer', 'PUT', `/api/v1/searches/${id}`, { name: 'x' })],
      ];
    },
  },
  'DELETE /api/v1/searches/{id}': {
    right: async () => [
      [204, { method: 'DELETE', path: `/api/v1/searches/${await kept()}`, headers: unsafe('reviewer') }],
      [204, { method: 'DELETE', path: `/api/v1/searches/${await kept()}`, headers: unsafe('supervisor') }],
    ],
    wrong: async () => [
      [401, { method: 'DELETE', path: `/api/v1/searches/${NOBODY}` }],
      [403, { method: 'DELETE', path: `/api/v1/searches/${NOBODY}`, headers: unsafe('admin') }],
      [404, { method: 'DELETE', path: `/api/v1/searches/${NOBODY}`, headers: unsafe('reviewer') }],
      [404, { method: 'DELETE', path: `/api/v1/searches/${await kept()}`, headers: unsafe('agent1') }],
    ],
  },
  'GET /api/v1/scorecards': {
    right: () => [[200, { path: '/api/v1/scorecards?site=demo', headers: as('reviewer') }], [200, operator('GET', '/api/v1/scorecards')]],
    wrong: () => [[401, { path: '/api/v1/scorecards' }], [403, { path: '/api/v1/scorecards', headers: as('agent1') }], [404, { path: '/api/v1/scorecards?site=other', headers: as('reviewer') }]],
  },
  'GET /api/v1/checks': {
    right: async () => [
      [200, { path: '/api/v1/checks?site=demo&from=1&to=1763740800000', headers: as('reviewer') }],
      [200, { path: '/api/v1/checks', headers: await key(['quality']) }],
      [200, operator('GET', '/api/v1/checks')],
    ],
    wrong: () => [
      [400, { path: '/api/v1/checks?from=yesterday', headers: as('reviewer') }],
      [401, { path: '/api/v1/checks' }],
      [403, { path: '/api/v1/checks', headers: as('agent1') }],
      [404, { path: '/api/v1/checks?site=other', headers: as('reviewer') }],
    ],
  },
  'POST /api/v1/checks/try': {
    right: async () => [
      [200, json('supervisor', 'POST', '/api/v1/checks/try', { key: (await finding()).check, check: { name: '问候', type: 'says', words: ['早安'], place: 'first' } })],
      [200, json('supervisor', 'POST', '/api/v1/checks/try?site=demo', { key: 'of-own', check: { name: { en: 'Own' }, type: 'invites' }, from: 1763740800000, to: 1763740900000 })],
    ],
    wrong: () => {
      const body = { key: 'of-own', check: { name: '评价', type: 'invites' } };
      return [
        [400, json('supervisor', 'POST', '/api/v1/checks/try', { check: body.check })],
        [400, json('supervisor', 'POST', '/api/v1/checks/try', { key: 'of-own' })],
        [400, json('supervisor', 'POST', '/api/v1/checks/try', { ...body, check: { name: '评价', type: 'none' } })],
        [400, json('supervisor', 'POST', '/api/v1/checks/try', { ...body, check: { name: '问候', type: 'says' } }), 'what goes together is told in words'],
        [400, json('supervisor', 'POST', '/api/v1/checks/try', { ...body, from: 'monday' })],
        [400, json('supervisor', 'POST', '/api/v1/checks/try', { ...body, from: 1 }), 'more than a month'],
        [401, { method: 'POST', path: '/api/v1/checks/try', body }],
        [403, json('reviewer', 'POST', '/api/v1/checks/try', body)],
        [404, json('supervisor', 'POST', '/api/v1/checks/try?site=other', body)],
      ];
    },
  },
  'GET /api/v1/findings': {
    right: async () => [
      [200, { path: `/api/v1/findings?conversation=${(await finding()).conversation}`, headers: as('reviewer') }],
      [200, { path: `/api/v1/findings?site=demo&check=invited&agent=${people.agent1.person.id}&queue=service&state=open&from=1&limit=1`, headers: as('supervisor') }],
      [200, { path: '/api/v1/findings?cursor=1763740800000.1', headers: await key(['quality']) }],
      [200, operator('GET', '/api/v1/findings')],
    ],
    wrong: () => [
      [400, { path: '/api/v1/findings?state=none', headers: as('reviewer') }],
      [400, { path: '/api/v1/findings?check=No%20key', headers: as('reviewer') }],
      [400, { path: '/api/v1/findings?conversation=1', headers: as('reviewer') }],
      [400, { path: '/api/v1/findings?limit=201', headers: as('reviewer') }],
      [400, { path: '/api/v1/findings?cursor=rubbish', headers: as('reviewer') }, 'a cursor is opaque'],
      [401, { path: '/api/v1/findings' }],
      [403, { path: '/api/v1/findings', headers: as('agent1') }],
      [404, { path: '/api/v1/findings?site=other', headers: as('reviewer') }],
    ],
  },
  'POST /api/v1/findings/{id}': {
    right: async () => [
      [200, json('reviewer', 'POST', `/api/v1/findings/${(await finding()).id}`, { state: 'taken' })],
      [200, json('supervisor', 'POST', `/api/v1/findings/${(await finding()).id}?site=demo`, { state: 'dismissed' })],
      [200, json('supervisor', 'POST', `/api/v1/findings/${(await finding()).id}`, { state: 'open' })],
    ],
    wrong: async () => {
      const one = `/api/v1/findings/${(await finding()).id}`;
      return [
        [400, json('reviewer', 'POST', one, { state: 'gone' })],
        [400, json('reviewer', 'POST', one, {})],
        [401, { method: 'POST', path: one, body: { state: 'taken' } }],
        [403, { method: 'POST', path: one, body: { state: 'taken' }, headers: { Cookie: as('reviewer').Cookie } }],
        [404, json('agent1', 'POST', one, { state: 'taken' })],
        [404, json('reviewer', 'POST', `/api/v1/findings/${NOBODY}`, { state: 'taken' })],
        [404, json('reviewer', 'POST', '/api/v1/findings/rubbish', { state: 'taken' })],
      ];
    },
  },
  'GET /api/v1/samples': {
    right: async () => [[200, { path: '/api/v1/samples', headers: (await review()) && as('supervisor') }]],
    wrong: () => [[401, { path: '/api/v1/samples' }], [403, { path: '/api/v1/samples', headers: as('agent1') }], [404, { path: '/api/v1/samples?site=other', headers: as('reviewer') }]],
  },
  'GET /api/v1/samples/{id}/agreement': {
    right: async () => [[200, agreement(await exercise())]],
    wrong: async () => [
      [401, { path: `/api/v1/samples/${NOBODY}/agreement` }],
      [403, agreement(NOBODY, 'agent1')],
      [404, agreement(NOBODY)],
      [422, agreement(await randomSample()), 'no calibration'],
    ],
  },
  'POST /api/v1/samples/{id}/close': {
    right: async () => [[204, json('reviewer', 'POST', `/api/v1/samples/${await exercise()}/close`)]],
    wrong: async () => [
      [401, { path: `/api/v1/samples/${NOBODY}/close`, method: 'POST' }],
      [403, json('agent1', 'POST', `/api/v1/samples/${NOBODY}/close`)],
      [404, json('reviewer', 'POST', `/api/v1/samples/${NOBODY}/close`)],
      [409, json('supervisor', 'POST', `/api/v1/samples/${await closedExercise()}/close`)],
      [422, json('reviewer', 'POST', `/api/v1/samples/${await randomSample()}/close`)],
    ],
  },
  'POST /api/v1/samples/handover': {
    right: async () => {
      const me = people.supervisor.person.id;
      const id = await drawn({ again: true, n: 1, reviewers: [me] });
      return [[200, json('supervisor', 'POST', '/api/v1/samples/handover', { from: me, sample: id, to: [people.reviewer.person.id] })]];
    },
    wrong: () => [
      [401, { method: 'POST', path: '/api/v1/samples/handover', body: { from: NOBODY } }],
      [403, json('reviewer', 'POST', '/api/v1/samples/handover', { from: NOBODY })],
      [404, json('supervisor', 'POST', '/api/v1/samples/handover?site=other', { from: NOBODY })],
      [400, json('supervisor', 'POST', '/api/v1/samples/handover', {})],
      [400, json('supervisor', 'POST', '/api/v1/samples/handover', { from: NOBODY, to: [NOBODY] }), 'nobody has that id'],
      [400, json('supervisor', 'POST', '/api/v1/samples/handover', { from: NOBODY, take_back: 'yes' })],
      [422, json('supervisor', 'POST', '/api/v1/samples/handover', { from: NOBODY }), 'nobody has anything'],
    ],
  },
  'GET /api/v1/schedules': {
    right: () => [[200, { path: '/api/v1/schedules?site=demo', headers: as('reviewer') }]],
    wrong: () => [[401, { path: '/api/v1/schedules' }], [403, { path: '/api/v1/schedules', headers: as('agent1') }], [404, { path: '/api/v1/schedules?site=other', headers: as('reviewer') }]],
  },
  'GET /api/v1/coaching': {
    right: async () => [[200, { path: '/api/v1/coaching?list=mine', headers: (await planned()) && as('agent1') }], [200, { path: '/api/v1/coaching', headers: as('supervisor') }]],
    wrong: () => [[401, { path: '/api/v1/coaching' }], [403, { path: '/api/v1/coaching', headers: as('agent1') }], [404, { path: '/api/v1/coaching?site=other', headers: as('agent1') }]],
  },
  'POST /api/v1/coaching': {
    right: () => [[201, plan()]],
    wrong: () => [
      [401, { method: 'POST', path: '/api/v1/coaching', body: {} }],
      [403, json('agent2', 'POST', '/api/v1/coaching', { agent: people.agent1.person.id, text: '?', follow_at: 1 })],
      [404, json('supervisor', 'POST', '/api/v1/coaching?site=other', {})],
      [400, plan({ agent: NOBODY }), 'nobody of the site'],
      [400, plan({ text: '' })],
      [400, plan({ follow_at: 'soon' })],
      [400, plan({ review: 'x' })],
    ],
  },
  'POST /api/v1/coaching/{id}/acknowledge': {
    right: async () => [[200, json('agent1', 'POST', `/api/v1/coaching/${await planned()}/acknowledge`, { revision: 1, answer: '好' })]],
    wrong: async () => coachingWrongs('acknowledge', 'agent1', 'supervisor', { revision: 1 }, await planned()),
  },
  'POST /api/v1/coaching/{id}/close': {
    right: async () => [[200, json('supervisor', 'POST', `/api/v1/coaching/${await planned()}/close`, { revision: 1, outcome: '改好了' })]],
    wrong: async () => coachingWrongs('close', 'supervisor', 'agent1', { revision: 1, outcome: '改好了' }, await planned()),
  },
  'GET /api/v1/examples': {
    right: async () => [[200, { path: '/api/v1/examples', headers: (await exampled()) && as('agent1') }], [200, { path: '/api/v1/examples?good=1&item=tone', headers: as('reviewer') }]],
    wrong: () => [[401, { path: '/api/v1/examples' }], [403, { path: '/api/v1/examples', headers: as('admin') }], [404, { path: '/api/v1/examples?site=other', headers: as('reviewer') }]],
  },
  'POST /api/v1/examples': {
    right: () => [[201, example()], [200, example({ dry_run: true })]],
    wrong: () => [
      [401, { method: 'POST', path: '/api/v1/examples', body: {} }],
      [403, json('agent1', 'POST', '/api/v1/examples', {})],
      [404, example({ conversation: NOBODY })],
      [400, example({ seqs: [] })],
      [400, example({ title: '' })],
      [400, example({ good: 'yes' })],
      [400, example({ items: ['No Key'] })],
      [422, example({ seqs: [400] }), 'no such message'],
    ],
  },
  'PUT /api/v1/examples/{id}': {
    right: async () => [[200, json('reviewer', 'PUT', `/api/v1/examples/${await exampled()}`, { revision: 1, good: false, title: '反例' })]],
    wrong: async () => [
      [401, { method: 'PUT', path: `/api/v1/examples/${NOBODY}`, body: {} }],
      [403, json('agent1', 'PUT', `/api/v1/examples/${NOBODY}`, { revision: 1, good: false, title: '反例' })],
      [404, json('reviewer', 'PUT', `/api/v1/examples/${NOBODY}`, { revision: 1, good: false, title: '反例' })],
      [400, json('reviewer', 'PUT', `/api/v1/examples/${NOBODY}`, { good: false, title: '反例' })],
      [409, json('reviewer', 'PUT', `/api/v1/examples/${await exampled()}`, { revision: 7, good: false, title: '反例' })],
    ],
  },
  'DELETE /api/v1/examples/{id}': {
    right: async () => [[204, { method: 'DELETE', path: `/api/v1/examples/${await exampled()}?revision=1`, headers: unsafe('reviewer') }]],
    wrong: async () => [
      [401, { method: 'DELETE', path: `/api/v1/examples/${NOBODY}?revision=1` }],
      [403, { method: 'DELETE', path: `/api/v1/examples/${NOBODY}?revision=1`, headers: unsafe('agent1') }],
      [404, { method: 'DELETE', path: `/api/v1/examples/${NOBODY}?revision=1`, headers: unsafe('reviewer') }],
      [400, { method: 'DELETE', path: `/api/v1/examples/${NOBODY}`, headers: unsafe('reviewer') }],
      [409, { method: 'DELETE', path: `/api/v1/examples/${await exampled()}?revision=7`, headers: unsafe('reviewer') }],
    ],
  },
  'POST /api/v1/samples': {
    right: async () => [
      [201, (await practise(), sample(calibration()))],
      [201, sample({ name: '今日', way: 'strata', kind: 'random', again: true, seed: 5, channels: ['web'], queues: ['service', 'sales'] })],
      [200, sample({ dry_run: true, way: 'per_agent', agents: [people.agent1.person.id] })],
    ],
    wrong: () => [
      [401, { method: 'POST', path: '/api/v1/samples', body: { scorecard: 'standard-zh' } }],
      [403, json('agent1', 'POST', '/api/v1/samples', { scorecard: 'standard-zh' })],
      [404, json('reviewer', 'POST', '/api/v1/samples?site=other', { scorecard: 'standard-zh' })],
      [400, sample({ scorecard: undefined })],
      [400, sample({ scorecard: 'none' }), 'there is no such card'],
      [400, sample({ kind: 'all' })],
      [400, sample({ way: 'all' })],
      [400, sample({ n: 0 })],
      [400, sample({ n: 'ten' })],
      [400, sample({ rating_max: 6 })],
      [400, sample({ name: 'x'.repeat(81) })],
      [400, sample({ reviewers: [NOBODY] }), 'nobody has that id'],
      [422, sample({ from: 0, to: 1 })],
      [422, sample({ kind: 'risk', rating_max: 1 })],
    ],
  },
  'GET /api/v1/reviews': {
    right: async () => [
      [200, { path: '/api/v1/reviews?list=mine', headers: (await review('submitted')) && as('reviewer') }],
      [200, { path: '/api/v1/reviews?site=demo&list=about_me', headers: as('agent1') }],
      [200, { path: '/api/v1/reviews?list=appeals', headers: as('supervisor') }],
      [200, { path: `/api/v1/reviews?from=1&agent=${people.agent1.person.id}&reviewer=${people.reviewer.person.id}&queue=service&kind=any&week=2026-W47&fatal=1&appealed=0&overturned=1&item=rude`, headers: as('supervisor') }],
      [200, { path: `/api/v1/reviews?sample=${NOBODY}`, headers: as('supervisor') }],
      [200, { path: '/api/v1/reviews', headers: await key(['quality']) }],
      [200, operator('GET', '/api/v1/reviews')],
    ],
    wrong: async () => [
      [401, { path: '/api/v1/reviews' }],
      [403, { path: '/api/v1/reviews', headers: as('agent1') }],
      [403, { path: '/api/v1/reviews', headers: await key(['transcript']) }],
      [404, { path: '/api/v1/reviews?site=other', headers: as('supervisor') }],
      [400, { path: '/api/v1/reviews?list=yours', headers: as('supervisor') }],
      [400, { path: '/api/v1/reviews?kind=good', headers: as('supervisor') }],
      [400, { path: '/api/v1/reviews?agent=somebody', headers: as('supervisor') }],
      [400, { path: '/api/v1/reviews?from=yesterday', headers: as('supervisor') }],
    ],
  },
  'GET /api/v1/reviews/{id}': {
    right: async () => [
      [200, { path: `/api/v1/reviews/${(await review()).id}`, headers: as('reviewer') }],
      [200, { path: `/api/v1/reviews/${(await review('submitted')).id}`, headers: as('agent1') }],
      [200, { path: `/api/v1/reviews/${(await review('appealed')).id}`, headers: as('supervisor') }],
    ],
    wrong: async () => [
      [401, { path: `/api/v1/reviews/${NOBODY}` }],
      [404, { path: `/api/v1/reviews/${NOBODY}`, headers: as('supervisor') }],
      [404, { path: `/api/v1/reviews/${(await review()).id}`, headers: as('supervisor') }],
      [404, { path: `/api/v1/reviews/${(await review('submitted')).id}`, headers: as('agent2') }],
      [404, { path: '/api/v1/reviews/rubbish', headers: as('supervisor') }],
    ],
  },
  'PUT /api/v1/reviews/{id}/draft': {
    right: async () => [[200, onReview('reviewer', await review(), 'draft', { contents: { answers: { greeting: { value: 1 } }, notes: { greeting: '好' } } })]],
    wrong: async () => {
      const one = await review();
      return [
        [401, { method: 'PUT', path: `/api/v1/reviews/${one.id}/draft`, body: { revision: 1, contents: {} } }],
        [404, onReview('supervisor', one, 'draft', { contents: {} })],
        [404, onReview('reviewer', { id: NOBODY, revision: 1 }, 'draft', { contents: {} })],
        [403, onReview('agent1', await review('submitted'), 'draft', { contents: {} })],
        [409, onReview('reviewer', { ...one, revision: 7 }, 'draft', { contents: {} })],
        [400, onReview('reviewer', one, 'draft', {})],
        [400, onReview('reviewer', one, 'draft', { contents: { answers: { greeting: { value: -1 } } } })],
        [400, onReview('reviewer', one, 'draft', { contents: { answers: { greeting: { value: 2 } } } }), 'the item takes 0 and 1'],
        [400, onReview('reviewer', one, 'draft', { contents: { answers: { none: { value: 1 } } } }), 'there is no such item'],
        [400, onReview('reviewer', one, 'draft', { contents: { summary: 5 } })],
      ];
    },
  },
  'POST /api/v1/reviews/{id}/submit': {
    right: async () => [[200, onReview('reviewer', await review(), 'submit', { contents: BEST })]],
    wrong: async () => {
      const one = await review();
      return [
        [401, { method: 'POST', path: `/api/v1/reviews/${one.id}/submit`, body: { revision: 1, contents: BEST } }],
        [403, onReview('agent1', await review('submitted'), 'submit', { contents: BEST })],
        [404, onReview('supervisor', one, 'submit', { contents: BEST })],
        [409, onReview('reviewer', await review('submitted'), 'submit', { contents: BEST })],
        [422, onReview('reviewer', one, 'submit', { contents: {} })],
        [400, onReview('reviewer', one, 'submit', { contents: 'all good' })],
      ];
    },
  },
  'POST /api/v1/reviews/{id}/acknowledge': {
    right: async () => [[200, onReview('agent1', await review('submitted'), 'acknowledge', {})]],
    wrong: async () => [
      [401, { method: 'POST', path: `/api/v1/reviews/${NOBODY}/acknowledge`, body: { revision: 1 } }],
      [403, onReview('reviewer', await review('submitted'), 'acknowledge', {})],
      [404, onReview('agent2', await review('submitted'), 'acknowledge', {})],
      [409, onReview('agent1', await review('appealed'), 'acknowledge', {})],
      [400, json('agent1', 'POST', `/api/v1/reviews/${(await review('submitted')).id}/acknowledge`, {})],
    ],
  },
  'POST /api/v1/reviews/{id}/appeal': {
    right: async () => [[200, onReview('agent1', await review('submitted'), 'appeal', { items: [{ item: 'rude', text: '没有' }] })]],
    wrong: async () => {
      const one = await review('submitted');
      return [
        [401, { method: 'POST', path: `/api/v1/reviews/${one.id}/appeal`, body: { revision: 1, items: [{ item: 'rude', text: '没有' }] } }],
        [403, onReview('reviewer', one, 'appeal', { items: [{ item: 'rude', text: '没有' }] })],
        [404, onReview('agent2', one, 'appeal', { items: [{ item: 'rude', text: '没有' }] })],
        [409, onReview('agent1', await review('appealed'), 'appeal', { items: [{ item: 'rude', text: '没有' }] })],
        [400, onReview('agent1', one, 'appeal', { items: [] })],
        [400, onReview('agent1', one, 'appeal', { items: [{ item: 'rude', text: '' }] })],
        [400, onReview('agent1', one, 'appeal', { items: [{ item: 'none', text: '没有' }] }), 'there is no such item'],
      ];
    },
  },
  'POST /api/v1/reviews/{id}/decide': {
    right: async () => [[200, onReview('supervisor', await review('appealed'), 'decide', { contents: BEST, items: [{ item: 'rude', outcome: 'accepted', text: '同意' }] })]],
    wrong: async () => {
      const one = await review('appealed');
      const items = [{ item: 'rude', outcome: 'rejected', text: '不同意' }];
      return [
        [401, { method: 'POST', path: `/api/v1/reviews/${one.id}/decide`, body: { revision: 1, contents: BEST, items } }],
        [403, onReview('reviewer', one, 'decide', { contents: BEST, items })],
        [404, onReview('agent2', one, 'decide', { contents: BEST, items })],
        [409, onReview('supervisor', await review('submitted'), 'decide', { contents: RUDE, items: [] }), 'nothing was appealed against'],
        [422, onReview('supervisor', one, 'decide', { contents: BEST, items })],
        [400, onReview('supervisor', one, 'decide', { contents: RUDE, items: [] })],
        [400, onReview('supervisor', one, 'decide', { contents: RUDE, items: [{ item: 'rude', outcome: 'perhaps', text: 'x' }] })],
      ];
    },
  },
  'POST /api/v1/reviews/{id}/comments': {
    right: async () => [
      [201, onReview('reviewer', await review(), 'comments', { text: '好', seq: 2 })],
      [201, onReview('reviewer', await review('submitted'), 'comments', { text: '@林小雨', mentions: [people.agent1.person.id] })],
    ],
    wrong: async () => {
      const one = await review();
      return [
        [401, { method: 'POST', path: `/api/v1/reviews/${one.id}/comments`, body: { text: '好' } }],
        [404, onReview('agent1', one, 'comments', { text: '好' })],
        [404, onReview('reviewer', one, 'comments', { text: '好', parent: NOBODY })],
        [400, onReview('reviewer', one, 'comments', { text: '' })],
        [400, onReview('reviewer', one, 'comments', { text: '好', seq: 0 })],
        [400, onReview('reviewer', one, 'comments', { text: '好', seq: 1000000 }), 'no schema tells how many messages there are'],
        [400, onReview('reviewer', one, 'comments', { text: '好', parent: 'x' })],
        [400, onReview('reviewer', one, 'comments', { text: '好', mentions: ['x'] })],
        [400, onReview('reviewer', await review('submitted'), 'comments', { text: '好', mentions: [people.agent1.person.id, people.agent1.person.id] })],
        [422, onReview('reviewer', one, 'comments', { text: '好', mentions: [people.agent1.person.id] }), 'it was not submitted'],
        [422, onReview('reviewer', one, 'comments', { text: '好', mentions: [NOBODY] })],
      ];
    },
  },
  'POST /api/v1/transcripts/{id}/reveal': {
    right: async () => [[201, json('reviewer', 'POST', `/api/v1/transcripts/${story.conversation}/reveal`, (await refusedReveal()) && { reason: '核对地址' })]],
    wrong: async () => {
      const there = `/api/v1/transcripts/${story.conversation}/reveal`;
      await asked();
      return [
        [401, { method: 'POST', path: there, body: { reason: '?' } }],
        [404, json('agent2', 'POST', there, { reason: '?' })],
        [409, json('reviewer', 'POST', there, { reason: '再问一次' })],
        [422, json('supervisor', 'POST', there, { reason: '?' }), 'he sees it without asking'],
        [400, json('reviewer', 'POST', there, { reason: '' })],
      ];
    },
  },
  'POST /api/v1/reveals/{id}/grant': {
    right: async () => [[200, json('supervisor', 'POST', `/api/v1/reveals/${await asked(story.waiting)}/grant`)]],
    wrong: async () => revealWrongs('grant'),
  },
  'POST /api/v1/reveals/{id}/refuse': {
    right: async () => [[200, json('supervisor', 'POST', `/api/v1/reveals/${await asked()}/refuse`)]],
    wrong: async () => revealWrongs('refuse'),
  },
  'GET /api/v1/notices': {
    right: async () => [[200, { path: '/api/v1/notices?site=demo', headers: (await mentioned()) && (await asked()) && as('supervisor') }], [200, { path: '/api/v1/notices?site=demo', headers: (await mentioned()) && as('agent1') }], [200, { path: '/api/v1/notices', headers: as('admin') }]],
    wrong: () => [[401, { path: '/api/v1/notices' }], [404, { path: '/api/v1/notices?site=other', headers: as('agent1') }]],
  },
  'POST /api/v1/notices/{id}/seen': {
    right: async () => [[204, json('agent1', 'POST', `/api/v1/notices/${await mentioned()}/seen?site=demo`)]],
    wrong: async () => [
      [401, { method: 'POST', path: `/api/v1/notices/${NOBODY}/seen` }],
      [404, json('agent2', 'POST', `/api/v1/notices/${await mentioned()}/seen`)],
      [404, json('agent1', 'POST', `/api/v1/notices/${NOBODY}/seen`)],
    ],
  },
  'GET /api/v1/quality': {
    right: async () => [
      [200, { path: '/api/v1/quality', headers: (await review('submitted')) && as('supervisor') }],
      ...['agent', 'queue', 'reviewer', 'week', 'item'].map((by) => [200, { path: `/api/v1/quality?by=${by}&from=1`, headers: as('reviewer') }]),
      [200, { path: '/api/v1/quality', headers: await key(['quality']) }],
      [200, operator('GET', '/api/v1/quality')],
    ],
    wrong: () => [
      [401, { path: '/api/v1/quality' }],
      [403, { path: '/api/v1/quality', headers: as('agent1') }],
      [404, { path: '/api/v1/quality?site=other', headers: as('supervisor') }],
      [400, { path: '/api/v1/quality?by=mood', headers: as('supervisor') }],
    ],
  },
  'GET /api/v1/quality/mine': {
    right: async () => [[200, { path: '/api/v1/quality/mine', headers: (await review('submitted')) && as('agent1') }]],
    wrong: () => [[401, { path: '/api/v1/quality/mine' }], [404, { path: '/api/v1/quality/mine?site=other', headers: as('agent1') }]],
  },
  'GET /api/v1/transcripts/{id}/messages/{seq}/raw': {
    right: async () => {
      const path = await odd();
      const told = JSON.parse((await daemon.ask({ path, headers: as('reviewer') })).text);
      assert.equal(JSON.parse(told.text).data.type, 'dance', 'as it came');
      return [
        [200, { path, headers: as('supervisor') }],
        [200, { path, control: true }],
      ];
    },
    wrong: async () => {
      const path = await odd();
      return [
        [401, { path }],
        [404, { path, headers: as('admin') }],
        [404, { path, headers: as('agent2') }],
        [404, { path: path.replace(/messages\/\d+/, 'messages/999'), headers: as('supervisor') }],
        [404, { path: path.replace(/messages\/\d+/, 'messages/x'), headers: as('supervisor') }],
        [404, { path: `/api/v1/transcripts/${story.conversation}/messages/1/raw`, headers: as('supervisor') }, 'it could be read'],
      ];
    },
  },
  'GET /api/v1/people': {
    right: () => [[200, { path: '/api/v1/people', headers: as('admin') }], [200, { path: '/api/v1/people?site=demo', control: true }]],
    wrong: () => [[401, { path: '/api/v1/people' }], [403, { path: '/api/v1/people', headers: as('supervisor') }], [404, { path: '/api/v1/people?site=other', headers: as('admin') }]],
  },
  'POST /api/v1/people': {
    right: () => [[201, json('admin', 'POST', '/api/v1/people', fresh())], [201, operator('POST', '/api/v1/people', { site: 'demo', email: `${randomUUID()}@x.example`, name: 'Ann', password: 'correct horse battery', roles: ['reviewer', 'agent'] })]],
    wrong: () => [
      [401, { method: 'POST', path: '/api/v1/people', body: fresh() }],
      [403, { method: 'POST', path: '/api/v1/people', headers: as('admin'), body: fresh() }],
      [403, json('supervisor', 'POST', '/api/v1/people', fresh())],
      [409, json('admin', 'POST', '/api/v1/people', { ...fresh(), email: 'agent1@demo.example' })],
      [400, json('admin', 'POST', '/api/v1/people', { ...fresh(), site: 'other' }), 'there is no such site'],
      [400, json('admin', 'POST', '/api/v1/people', { ...fresh(), email: 'nobody' }), 'an address has an @'],
      [400, json('admin', 'POST', '/api/v1/people', { ...fresh(), email: 'a b@demo.example' }), 'and no blank'],
      [400, json('admin', 'POST', '/api/v1/people', { ...fresh(), password: 'too short' })],
      [400, json('admin', 'POST', '/api/v1/people', { ...fresh(), password: 'x'.repeat(20) }), 'one character repeated'],
      [400, json('admin', 'POST', '/api/v1/people', { ...fresh(), name: '' })],
      [400, json('admin', 'POST', '/api/v1/people', { ...fresh(), roles: [] })],
      [400, json('admin', 'POST', '/api/v1/people', { ...fresh(), roles: 'admin' })],
      [400, json('admin', 'POST', '/api/v1/people', { ...fresh(), roles: ['owner'] })],
      [400, json('admin', 'POST', '/api/v1/people', { ...fresh(), queues: 'service' })],
      [400, json('admin', 'POST', '/api/v1/people', { ...fresh(), capacity: 'many' })],
      [400, json('admin', 'POST', '/api/v1/people', { ...fresh(), capacity: 4294967297 })],
      [400, json('admin', 'POST', '/api/v1/people', { ...fresh(), mail: 'x' })],
    ],
  },
  'PUT /api/v1/people/{id}': {
    right: async () => [
      [204, json('admin', 'PUT', `/api/v1/people/${(await newcomer()).id}?site=demo`, { roles: ['agent'], number: '77', capacity: 3, queues: ['service'], skills: ['refund:4', 'lamps'] })],
      [204, operator('PUT', `/api/v1/people/${(await newcomer()).id}?site=demo`, { roles: ['reviewer'] })],
    ],
    wrong: async () => [
      [401, { method: 'PUT', path: `/api/v1/people/${story.other}?site=demo`, body: { roles: ['agent'] } }],
      [403, { method: 'PUT', path: `/api/v1/people/${story.other}?site=demo`, headers: as('admin'), body: { roles: ['agent'] } }],
      [403, json('supervisor', 'PUT', `/api/v1/people/${story.other}?site=demo`, { roles: ['agent'] })],
      [404, json('admin', 'PUT', `/api/v1/people/${NOBODY}?site=demo`, { roles: ['agent'] })],
      [400, json('admin', 'PUT', `/api/v1/people/${story.other}?site=demo`, { roles: [] })],
      [400, json('admin', 'PUT', `/api/v1/people/${story.other}?site=demo`, { roles: ['owner'] })],
      [400, json('admin', 'PUT', `/api/v1/people/${story.other}?site=demo`, { roles: ['agent'], capacity: 'many' })],
      [400, json('admin', 'PUT', `/api/v1/people/${story.other}?site=demo`, { roles: ['agent'], mail: 'x' })],
    ],
  },
  'POST /api/v1/people/{email}/password': {
    right: async () => [[204, json('admin', 'POST', `/api/v1/people/${encodeURIComponent(await hired())}/password`, { password: 'another long sentence' })], [204, operator('POST', `/api/v1/people/${encodeURIComponent(await hired())}/password`, { password: 'another long sentence' })]],
    wrong: async () => [
      [401, { method: 'POST', path: '/api/v1/people/agent2%40demo.example/password', body: { password: 'another long sentence' } }],
      [403, { method: 'POST', path: '/api/v1/people/agent2%40demo.example/password', headers: as('admin'), body: { password: 'another long sentence' } }],
      [404, json('supervisor', 'POST', '/api/v1/people/agent2%40demo.example/password', { password: 'another long sentence' })],
      [404, json('admin', 'POST', '/api/v1/people/nobody%40demo.example/password', { password: 'another long sentence' })],
      [400, json('admin', 'POST', '/api/v1/people/nobody/password', { password: 'another long sentence' }), 'the path is wrong'],
      [400, json('admin', 'POST', '/api/v1/people/agent2%40demo.example/password', {})],
      [400, json('admin', 'POST', '/api/v1/people/agent2%40demo.example/password', { password: 15 })],
      [400, json('admin', 'POST', '/api/v1/people/agent2%40demo.example/password', { password: 'short' })],
    ],
  },
  'POST /api/v1/people/{email}/disable': {
    right: async () => [[204, json('admin', 'POST', `/api/v1/people/${encodeURIComponent(await hired())}/disable`)], [204, operator('POST', `/api/v1/people/${encodeURIComponent((await hired()).toUpperCase())}/disable`)]],
    wrong: () => [
      [401, { method: 'POST', path: '/api/v1/people/agent2%40demo.example/disable' }],
      [403, { method: 'POST', path: '/api/v1/people/agent2%40demo.example/disable', headers: as('admin') }],
      [404, json('agent1', 'POST', '/api/v1/people/agent2%40demo.example/disable')],
      [400, json('admin', 'POST', '/api/v1/people/agent2/disable'), 'the path is wrong'],
      [409, json('admin', 'POST', '/api/v1/people/admin%40demo.example/disable')],
    ],
  },
  'POST /api/v1/people/{email}/reset-totp': {
    right: async () => [[204, json('admin', 'POST', `/api/v1/people/${encodeURIComponent((await factor('on')).email)}/reset-totp`)], [204, operator('POST', `/api/v1/people/${encodeURIComponent((await factor('pending')).email)}/reset-totp`)]],
    wrong: () => [
      [401, { method: 'POST', path: '/api/v1/people/agent2%40demo.example/reset-totp' }],
      [403, { method: 'POST', path: '/api/v1/people/agent2%40demo.example/reset-totp', headers: as('admin') }],
      [404, json('agent1', 'POST', '/api/v1/people/agent2%40demo.example/reset-totp')],
      [404, json('admin', 'POST', '/api/v1/people/agent2%40demo.example/reset-totp'), 'there is no second factor'],
      [400, json('admin', 'POST', '/api/v1/people/agent2/reset-totp'), 'the path is wrong'],
    ],
  },
  'GET /api/v1/session/totp': {
    right: async () => [
      [200, { path: '/api/v1/session/totp', headers: as('agent1') }],
      [200, { path: '/api/v1/session/totp', headers: (await factor('pending')).headers }],
      [200, { path: '/api/v1/session/totp', headers: (await factor('on')).headers }],
    ],
    wrong: async () => [[401, { path: '/api/v1/session/totp' }], [403, { path: '/api/v1/session/totp', headers: await key(['read']) }]],
  },
  'POST /api/v1/session/totp': {
    right: async () => [[201, { method: 'POST', path: '/api/v1/session/totp', headers: (await factor('pending')).unsafe, body: { password: fresh().password } }]],
    wrong: async () => [
      [401, { method: 'POST', path: '/api/v1/session/totp', body: { password: fresh().password } }],
      [403, { method: 'POST', path: '/api/v1/session/totp', headers: as('agent1'), body: { password: fresh().password } }],
      [400, { method: 'POST', path: '/api/v1/session/totp', headers: (await factor('pending')).unsafe, body: {} }],
      [422, { method: 'POST', path: '/api/v1/session/totp', headers: (await factor('pending')).unsafe, body: { password: 'another-one-that-is-long' } }, 'the password is wrong'],
      [409, { method: 'POST', path: '/api/v1/session/totp', headers: (await factor('on')).unsafe, body: { password: fresh().password } }],
    ],
  },
  'POST /api/v1/session/totp/confirm': {
    right: async () => {
      const one = await factor('pending');
      return [[200, { method: 'POST', path: '/api/v1/session/totp/confirm', headers: one.unsafe, body: { code: totp(one.secret) } }]];
    },
    wrong: async () => {
      const { unsafe: headers } = await factor('pending');
      return [
        [401, { method: 'POST', path: '/api/v1/session/totp/confirm', body: { code: '123456' } }],
        [400, { method: 'POST', path: '/api/v1/session/totp/confirm', headers, body: {} }],
        [400, { method: 'POST', path: '/api/v1/session/totp/confirm', headers, body: { code: 123456 } }],
        [422, { method: 'POST', path: '/api/v1/session/totp/confirm', headers, body: { code: '12345' } }, 'a code has six digits'],
        [409, json('agent1', 'POST', '/api/v1/session/totp/confirm', { code: '123456' }), 'nothing waits to be confirmed'],
      ];
    },
  },
  'POST /api/v1/session/totp/disable': {
    right: async () => {
      const one = await factor('on');
      return [[204, { method: 'POST', path: '/api/v1/session/totp/disable', headers: one.unsafe, body: { code: one.recovery[0] } }]];
    },
    wrong: async () => [
      [401, { method: 'POST', path: '/api/v1/session/totp/disable', body: { code: '123456' } }],
      [409, json('agent1', 'POST', '/api/v1/session/totp/disable', { code: '123456' }), 'there is none'],
      [422, { method: 'POST', path: '/api/v1/session/totp/disable', headers: (await factor('on')).unsafe, body: { code: 'x' } }, 'the code is wrong'],
    ],
  },
  'GET /api/v1/keys': {
    right: async () => [[200, { path: '/api/v1/keys?site=demo', headers: (await key(['read'])) && as('admin') }], [200, operator('GET', '/api/v1/keys?site=demo')]],
    wrong: async () => [[401, { path: '/api/v1/keys?site=demo' }], [403, { path: '/api/v1/keys?site=demo', headers: as('supervisor') }], [403, { path: '/api/v1/keys?site=demo', headers: await key(['people']) }], [404, { path: '/api/v1/keys?site=other', headers: as('admin') }]],
  },
  'POST /api/v1/keys': {
    right: () => [[201, json('admin', 'POST', '/api/v1/keys?site=demo', { name: '报表', verbs: ['transcript'], expires_at: Date.now() + 86400000 })], [201, operator('POST', '/api/v1/keys?site=demo', { name: 'cron', verbs: ['people', 'status'] })]],
    wrong: () => [
      [401, { method: 'POST', path: '/api/v1/keys?site=demo', body: { name: 'x', verbs: ['read'] } }],
      [403, { method: 'POST', path: '/api/v1/keys?site=demo', headers: as('admin'), body: { name: 'x', verbs: ['read'] } }],
      [403, json('reviewer', 'POST', '/api/v1/keys?site=demo', { name: 'x', verbs: ['read'] })],
      [404, json('admin', 'POST', '/api/v1/keys?site=other', { name: 'x', verbs: ['read'] })],
      [400, json('admin', 'POST', '/api/v1/keys?site=demo', { name: 'x' })],
      [400, json('admin', 'POST', '/api/v1/keys?site=demo', { name: 'x', verbs: [] })],
      [400, json('admin', 'POST', '/api/v1/keys?site=demo', { name: 'x', verbs: ['say'] })],
      [400, json('admin', 'POST', '/api/v1/keys?site=demo', { name: '', verbs: ['read'] })],
      [400, json('admin', 'POST', '/api/v1/keys?site=demo', { name: 'x', verbs: ['read'], expires_at: 'tomorrow' })],
      [400, json('admin', 'POST', '/api/v1/keys?site=demo', { name: 'x', verbs: ['read'], expires_at: 1 }), 'it is past'],
    ],
  },
  'DELETE /api/v1/keys/{id}': {
    right: async () => [[204, { method: 'DELETE', path: `/api/v1/keys/${(await made(['read'])).id}?site=demo`, headers: unsafe('admin') }], [204, operator('DELETE', `/api/v1/keys/${(await made(['read'])).id}?site=demo`)]],
    wrong: async () => [
      [401, { method: 'DELETE', path: `/api/v1/keys/${NOBODY}?site=demo` }],
      [403, { method: 'DELETE', path: `/api/v1/keys/${NOBODY}?site=demo`, headers: unsafe('agent1') }],
      [404, { method: 'DELETE', path: `/api/v1/keys/${NOBODY}?site=demo`, headers: unsafe('admin') }],
      [404, { method: 'DELETE', path: '/api/v1/keys/rubbish?site=demo', headers: unsafe('admin') }],
    ],
  },
  'GET /api/v1/adapters': { right: () => [[200, { path: '/api/v1/adapters', headers: as('agent1') }], [200, operator('GET', '/api/v1/adapters')]], wrong: () => [[401, { path: '/api/v1/adapters' }]] },
  'GET /api/v1/sites/{site}/channels': {
    right: async () => [[200, { path: '/api/v1/sites/demo/channels', headers: as('admin') }], [200, { path: '/api/v1/sites/demo/channels', headers: await key(['settings_write']) }], [200, operator('GET', '/api/v1/sites/demo/channels')]],
    wrong: async () => [[401, { path: '/api/v1/sites/demo/channels' }], [403, { path: '/api/v1/sites/demo/channels', headers: as('supervisor') }], [403, { path: '/api/v1/sites/demo/channels', headers: await key(['settings_read']) }], [404, { path: '/api/v1/sites/other/channels', headers: as('admin') }]],
  },
  'POST /api/v1/sites/{site}/channels/{key}/test': {
    right: () => [[200, json('admin', 'POST', '/api/v1/sites/demo/channels/api/test', {})], [200, json('admin', 'POST', '/api/v1/sites/demo/channels/api/test', { to: 'somebody', text: 'hello' })], [200, operator('POST', '/api/v1/sites/demo/channels/crm/test', {})]],
    wrong: () => [
      [401, { method: 'POST', path: '/api/v1/sites/demo/channels/api/test', body: {} }],
      [403, json('agent1', 'POST', '/api/v1/sites/demo/channels/api/test', {})],
      [404, json('admin', 'POST', '/api/v1/sites/demo/channels/none/test', {})],
      [404, json('admin', 'POST', '/api/v1/sites/demo/channels/web/test', {})],
      [400, json('admin', 'POST', '/api/v1/sites/demo/channels/api/test', { to: '' })],
      [400, json('admin', 'POST', '/api/v1/sites/demo/channels/api/test', { to: 'x', text: 5 })],
    ],
  },
  'GET /api/v1/audit': {
    right: async () => [
      [200, { path: '/api/v1/audit?site=demo', headers: as('admin') }],
      [200, { path: `/api/v1/audit?site=demo&kind=transcript_read&person=${NOBODY}&conversation=${NOBODY}&from=1&to=2&limit=3&cursor=4`, headers: await key(['audit']) }],
      [200, operator('GET', '/api/v1/audit?limit=500')],
    ],
    wrong: async () => [
      [401, { path: '/api/v1/audit?site=demo' }],
      [403, { path: '/api/v1/audit?site=demo', headers: as('supervisor') }],
      [403, { path: '/api/v1/audit?site=demo', headers: as('reviewer') }],
      [403, { path: '/api/v1/audit?site=demo', headers: await key(['transcript']) }],
      [404, { path: '/api/v1/audit?site=other', headers: as('admin') }],
      [400, { path: '/api/v1/audit?site=demo&person=li', headers: as('admin') }],
      [400, { path: '/api/v1/audit?site=demo&conversation=li', headers: as('admin') }],
      [400, { path: '/api/v1/audit?site=demo&from=x', headers: as('admin') }],
      [400, { path: '/api/v1/audit?site=demo&cursor=x', headers: as('admin') }],
      [400, { path: '/api/v1/audit?site=demo&limit=501', headers: as('admin') }],
    ],
  },
  'GET /api/v1/holds': {
    right: async () => [
      [200, { path: '/api/v1/holds?site=demo&lifted=1', headers: as('supervisor') }],
      [200, { path: `/api/v1/holds?site=demo&conversation=${await holding()}`, headers: as('admin') }],
      [200, { path: '/api/v1/holds?site=demo', headers: await key(['hold']) }],
      [200, operator('GET', '/api/v1/holds?site=demo')],
    ],
    wrong: () => [
      [401, { path: '/api/v1/holds?site=demo' }],
      [403, { path: '/api/v1/holds?site=demo', headers: as('reviewer') }],
      [403, { path: '/api/v1/holds?site=demo', headers: as('agent1') }],
      [404, { path: '/api/v1/holds?site=other', headers: as('admin') }],
      [400, { path: '/api/v1/holds?site=demo&conversation=x', headers: as('admin') }],
    ],
  },
  'POST /api/v1/holds': {
    right: async () => [
      [201, json('supervisor', 'POST', '/api/v1/holds?site=demo', { conversation: story.conversation, reason: '法院' })],
      [201, operator('POST', '/api/v1/holds?site=demo', { visitor: await leaving(), reason: 'x' })],
    ],
    wrong: () => [
      [401, { method: 'POST', path: '/api/v1/holds?site=demo', body: { visitor: NOBODY, reason: 'x' } }],
      [403, json('reviewer', 'POST', '/api/v1/holds?site=demo', { visitor: NOBODY, reason: 'x' })],
      [404, json('admin', 'POST', '/api/v1/holds?site=demo', { visitor: NOBODY, reason: 'x' })],
      [404, json('admin', 'POST', '/api/v1/holds?site=demo', { conversation: NOBODY, reason: 'x' })],
      [400, json('admin', 'POST', '/api/v1/holds?site=demo', { conversation: NOBODY, visitor: NOBODY, reason: 'x' })],
      [400, json('admin', 'POST', '/api/v1/holds?site=demo', { conversation: NOBODY })],
      [400, json('admin', 'POST', '/api/v1/holds?site=demo', { conversation: NOBODY, reason: 'x'.repeat(501) })],
    ],
  },
  'DELETE /api/v1/holds/{id}': {
    right: async () => {
      await holding();
      const [first] = JSON.parse((await daemon.ask({ path: '/api/v1/holds?site=demo', headers: as('admin') })).text).items;
      return [[204, { method: 'DELETE', path: `/api/v1/holds/${first.id}?site=demo`, headers: unsafe('supervisor') }]];
    },
    wrong: () => [
      [401, { method: 'DELETE', path: `/api/v1/holds/${NOBODY}?site=demo` }],
      [403, { method: 'DELETE', path: `/api/v1/holds/${NOBODY}?site=demo`, headers: unsafe('reviewer') }],
      [404, { method: 'DELETE', path: `/api/v1/holds/${NOBODY}?site=demo`, headers: unsafe('admin') }],
      [404, { method: 'DELETE', path: '/api/v1/holds/rubbish?site=demo', headers: unsafe('admin') }],
    ],
  },
  'GET /api/v1/visitors/{id}': {
    right: async () => [
      [200, { path: `/api/v1/visitors/${await leaving()}?site=demo`, headers: as('admin') }],
      [200, { path: `/api/v1/visitors/${await leaving()}?site=demo`, headers: await key(['erase']) }],
      [200, operator('GET', `/api/v1/visitors/${await leaving()}?site=demo`)],
    ],
    wrong: () => [
      [401, { path: `/api/v1/visitors/${NOBODY}?site=demo` }],
      [403, { path: `/api/v1/visitors/${NOBODY}?site=demo`, headers: as('supervisor') }],
      [403, { path: `/api/v1/visitors/${NOBODY}?site=demo`, headers: as('reviewer') }],
      [403, { path: `/api/v1/visitors/${NOBODY}?site=demo`, headers: as('agent1') }],
      [404, { path: `/api/v1/visitors/${NOBODY}?site=demo`, headers: as('admin') }],
      [404, { path: '/api/v1/visitors/rubbish?site=demo', headers: as('admin') }],
    ],
  },
  'POST /api/v1/visitors/{id}/erase': {
    right: async () => [
      [200, json('admin', 'POST', `/api/v1/visitors/${await leaving()}/erase?site=demo`, { reference: 'CASE-1/2026' })],
      [200, { ...json('admin', 'POST', `/api/v1/visitors/${await leaving()}/erase?site=demo`, {}), headers: await key(['erase']) }],
      [200, operator('POST', `/api/v1/visitors/${await leaving()}/erase?site=demo`, {})],
    ],
    wrong: async () => [
      [401, { method: 'POST', path: `/api/v1/visitors/${NOBODY}/erase?site=demo`, body: {} }],
      [403, json('supervisor', 'POST', `/api/v1/visitors/${NOBODY}/erase?site=demo`, {})],
      [403, json('reviewer', 'POST', `/api/v1/visitors/${NOBODY}/erase?site=demo`, {})],
      [403, json('agent1', 'POST', `/api/v1/visitors/${NOBODY}/erase?site=demo`, {})],
      [404, json('admin', 'POST', `/api/v1/visitors/${NOBODY}/erase?site=demo`, {})],
      [404, json('admin', 'POST', `/api/v1/visitors/rubbish/erase?site=demo`, {})],
      [400, json('admin', 'POST', `/api/v1/visitors/${NOBODY}/erase?site=demo`, { reference: 'Mr. X' })],
      [409, json('admin', 'POST', `/api/v1/visitors/${await arriving()}/erase?site=demo`, {}), 'the conversation is open'],
    ],
  },
  'GET /api/v1/outbox': {
    right: async () => {
      await undelivered();
      return [[200, { path: '/api/v1/outbox?site=demo', headers: as('admin') }], [200, { path: '/api/v1/outbox?site=demo&state=all&limit=1', headers: await key(['settings_write']) }], [200, operator('GET', '/api/v1/outbox?site=demo&state=waiting')]];
    },
    wrong: async () => [
      [401, { path: '/api/v1/outbox?site=demo' }],
      [403, { path: '/api/v1/outbox?site=demo', headers: as('supervisor') }],
      [403, { path: '/api/v1/outbox?site=demo', headers: await key(['settings_read']) }],
      [404, { path: '/api/v1/outbox?site=other', headers: as('admin') }],
      [400, { path: '/api/v1/outbox?site=demo&state=lost', headers: as('admin') }],
      [400, { path: '/api/v1/outbox?site=demo&limit=201', headers: as('admin') }],
    ],
  },
  'POST /api/v1/outbox/{id}/resend': {
    right: async () => [[204, handle(await undelivered(), 'resend', unsafe('admin'))]],
    wrong: async () => {
      const gone = await undelivered();
      await daemon.ask(handle(gone, 'drop', unsafe('admin')));
      return [[401, handle(NOBODY, 'resend')], [403, handle(NOBODY, 'resend', unsafe('agent1'))], [404, handle(NOBODY, 'resend', unsafe('admin'))], [404, handle('rubbish', 'resend', unsafe('admin'))], [409, handle(gone, 'resend', unsafe('admin')), 'it is let be']];
    },
  },
  'POST /api/v1/outbox/{id}/drop': {
    right: async () => [[204, handle(await undelivered(), 'drop', unsafe('admin'))]],
    wrong: async () => {
      const gone = await undelivered();
      await daemon.ask(handle(gone, 'drop', unsafe('admin')));
      return [[401, handle(NOBODY, 'drop')], [403, handle(NOBODY, 'drop', unsafe('agent1'))], [404, handle(NOBODY, 'drop', unsafe('admin'))], [409, handle(gone, 'drop', unsafe('admin')), 'it is let be']];
    },
  },
  'GET /api/v1/kinds': { right: () => [[200, { path: '/api/v1/kinds', headers: as('agent1') }], [200, operator('GET', '/api/v1/kinds')]], wrong: () => [[401, { path: '/api/v1/kinds' }]] },
  'GET /api/v1/sites/{site}/documents': {
    right: async () => [[200, { path: '/api/v1/sites/demo/documents', headers: as('admin') }], [200, { path: '/api/v1/sites/demo/documents?kind=queue', headers: await key(['settings_read']) }], [200, operator('GET', '/api/v1/sites/demo/documents?kind=rule')]],
    wrong: () => [[401, { path: '/api/v1/sites/demo/documents' }], [403, { path: '/api/v1/sites/demo/documents', headers: as('agent1') }], [404, { path: '/api/v1/sites/other/documents', headers: as('admin') }]],
  },
  'GET /api/v1/sites/{site}/documents/{kind}/{key}': {
    right: () => [[200, { path: '/api/v1/sites/demo/documents/site/site', headers: as('admin') }], [200, operator('GET', '/api/v1/sites/demo/documents/channel/api')]],
    wrong: () => [
      [401, { path: '/api/v1/sites/demo/documents/site/site' }],
      [403, { path: '/api/v1/sites/demo/documents/site/site', headers: as('agent1') }],
      [404, { path: '/api/v1/sites/demo/documents/queue/none', headers: as('admin') }],
      [404, { path: '/api/v1/sites/demo/documents/poem/x', headers: as('admin') }],
    ],
  },
  'PUT /api/v1/sites/{site}/documents/{kind}/{key}': {
    right: async () => {
      const one = await skill();
      return [[201, document('PUT', one.fresh, 0, { name: '退换货' })], [200, document('PUT', one.there, 1, { name: '维修' })], [200, { ...document('PUT', (await skill()).there, 1, { name: 'x' }), headers: { ...(await key(['settings_write'])), 'If-Match': '"1"' } }]];
    },
    wrong: async () => {
      const { there } = await skill();
      return [
        [401, { method: 'PUT', path: there, body: { name: 'x' } }],
        [403, { ...document('PUT', there, 1, { name: 'x' }), headers: { ...unsafe('agent1'), 'If-Match': '"1"' } }],
        [403, { ...document('PUT', there, 1, { name: 'x' }), headers: { ...(await key(['settings_read'])), 'If-Match': '"1"' } }],
        [404, document('PUT', '/api/v1/sites/other/documents/skill/x', 0, { name: 'x' })],
        [400, document('PUT', there, 1, { name: '' }), 'the body is its kind’s'],
        [400, document('PUT', there, 1, { title: 'x' }), 'the body is its kind’s'],
        [400, document('PUT', there, 1, 'no JSON')],
        [412, document('PUT', there, 2, { name: 'x' }), 'another version'],
        [412, document('PUT', there, 0, { name: 'x' }), 'it is there'],
        [428, { method: 'PUT', path: there, headers: unsafe('admin'), body: { name: 'x' } }, 'no version was said'],
      ];
    },
  },
  'DELETE /api/v1/sites/{site}/documents/{kind}/{key}': {
    right: async () => [[204, document('DELETE', (await skill()).there, 1)]],
    wrong: async () => [
      [401, { method: 'DELETE', path: '/api/v1/sites/demo/documents/queue/service' }],
      [403, { method: 'DELETE', path: '/api/v1/sites/demo/documents/queue/service', headers: { ...unsafe('reviewer'), 'If-Match': '"1"' } }],
      [400, document('DELETE', '/api/v1/sites/demo/documents/queue/service', 1), 'a channel needs it'],
      [404, document('DELETE', '/api/v1/sites/demo/documents/queue/none', 1)],
      [412, document('DELETE', (await skill()).there, 7), 'another version'],
      [428, { method: 'DELETE', path: '/api/v1/sites/demo/documents/queue/service', headers: unsafe('admin') }, 'no version was said'],
    ],
  },
  'GET /api/v1/sites/{site}/documents/{kind}/{key}/versions': {
    right: async () => {
      const { there } = await skill();
      await daemon.ask(document('DELETE', there, 1));
      return [[200, { path: `${there}/versions`, headers: as('admin') }]];
    },
    wrong: () => [
      [401, { path: '/api/v1/sites/demo/documents/site/site/versions' }],
      [403, { path: '/api/v1/sites/demo/documents/site/site/versions', headers: as('agent1') }],
      [404, { path: '/api/v1/sites/demo/documents/queue/none/versions', headers: as('admin') }],
    ],
  },
  'GET /api/v1/sites/{site}/set': {
    right: () => [[200, { path: '/api/v1/sites/demo/set', headers: as('admin') }], [200, operator('GET', '/api/v1/sites/demo/set')]],
    wrong: () => [[401, { path: '/api/v1/sites/demo/set' }], [403, { path: '/api/v1/sites/demo/set', headers: as('agent1') }], [404, { path: '/api/v1/sites/other/set', headers: as('admin') }]],
  },
  'PUT /api/v1/sites/{site}/set': {
    right: async () => {
      const set = JSON.parse((await daemon.ask({ path: '/api/v1/sites/demo/set', headers: as('admin') })).text);
      return [[200, json('admin', 'PUT', '/api/v1/sites/demo/set', set)], [200, json('admin', 'PUT', '/api/v1/sites/demo/set?dry_run=1', { ...set, skills: { paint: { name: '油漆' } } })]];
    },
    wrong: () => [
      [401, { method: 'PUT', path: '/api/v1/sites/demo/set', body: { site: { key: 'demo', name: 'x' } } }],
      [403, json('agent1', 'PUT', '/api/v1/sites/demo/set', { site: { key: 'demo', name: 'x' } })],
      [404, json('admin', 'PUT', '/api/v1/sites/other/set', { site: { key: 'other', name: 'x' } })],
      [400, json('admin', 'PUT', '/api/v1/sites/demo/set', {})],
      [400, json('admin', 'PUT', '/api/v1/sites/demo/set', { site: { key: 'shop', name: 'x' } }), 'it is another site'],
      [400, json('admin', 'PUT', '/api/v1/sites/demo/set', { site: { key: 'demo', name: 'x' }, queues: {} }), 'a channel needs one'],
    ],
  },
  'POST /api/v1/sites/{site}/try': {
    right: () => [
      [200, json('admin', 'POST', '/api/v1/sites/demo/try', { text: '我要退款', locale: 'en', facts: { vip: '1' } })],
      [200, json('admin', 'POST', '/api/v1/sites/demo/try', { event: 'opened', staffed: false, form: { phone: '13800138000', text: '想退款' } })],
      [200, operator('POST', '/api/v1/sites/demo/try', { event: 'waiting', wait_ms: 10000, queue: 'service', position: 2 })],
      [200, json('admin', 'POST', '/api/v1/sites/demo/try', { text: '我要退款', documents: [
        { kind: 'rule', key: 'mine', body: { event: 'message', actions: ['answer'], wording: 'suggestions', threshold: 20 } },
      ] })],
    ],
    wrong: () => [
      [401, { method: 'POST', path: '/api/v1/sites/demo/try', body: {} }],
      [400, json('admin', 'POST', '/api/v1/sites/demo/try', { documents: [{ kind: 'rule', key: 'mine', body: {} }] }), 'event is missing'],
      [400, json('admin', 'POST', '/api/v1/sites/demo/try', { documents: [{ kind: 'thing', key: 'x', body: {} }] }), 'no such kind'],
      [400, json('admin', 'POST', '/api/v1/sites/demo/try', { documents: 'all' }), 'a list'],
      [403, json('agent1', 'POST', '/api/v1/sites/demo/try', {})],
      [404, json('admin', 'POST', '/api/v1/sites/other/try', {})],
      [400, json('admin', 'POST', '/api/v1/sites/demo/try', { event: 'thunder' }), 'there is no such event'],
      [400, json('admin', 'POST', '/api/v1/sites/demo/try', { form: { phone: 'abc' } }), 'nobody can be reached by it'],
      [400, json('admin', 'POST', '/api/v1/sites/demo/try', { queue: 'none' }), 'there is no such queue'],
      [400, json('admin', 'POST', '/api/v1/sites/demo/try', 'no JSON')],
    ],
  },
  'GET /api/v1/accounts/{account}/conversations/{number}': {
    right: () => [[200, bot('GET', '')]],
    wrong: () => [...noBot('GET', '')],
  },
  'GET /api/v1/accounts/{account}/conversations/{number}/messages': {
    right: () => [[200, bot('GET', '/messages')], [200, bot('GET', '/messages?before=3145730')]],
    wrong: () => [...noBot('GET', '/messages')],
  },
  'POST /api/v1/accounts/{account}/conversations/{number}/messages': {
    right: () => [[200, bot('POST', '/messages', { content: 'a note', private: true })], [200, bot('POST', '/messages', { content: 'hello' })]],
    wrong: () => [...noBot('POST', '/messages', { content: 'x' }), [422, bot('POST', '/messages', { content: '' }), 'it says nothing'], [400, bot('POST', '/messages', 'no JSON')]],
  },
  'POST /api/v1/accounts/{account}/conversations/{number}/toggle_status': {
    right: () => [[200, bot('POST', '/toggle_status', { status: 'open' })], [200, bot('POST', '/toggle_status', { status: 'pending' })]],
    wrong: () => [...noBot('POST', '/toggle_status', { status: 'open' }), [422, bot('POST', '/toggle_status', { status: 'snoozed', snoozed_until: 1 }), 'long ago']],
  },
  'POST /api/v1/accounts/{account}/conversations/{number}/toggle_typing_status': {
    right: () => [[200, bot('POST', '/toggle_typing_status', { typing_status: 'on' })]],
    wrong: () => [...noBot('POST', '/toggle_typing_status', { typing_status: 'on' })],
  },
  'POST /api/v1/accounts/{account}/conversations/{number}/assignments': {
    right: () => [[200, bot('POST', '/assignments', { assignee_id: 5 })]],
    wrong: () => [...noBot('POST', '/assignments', { assignee_id: 5 })],
  },
  'POST /api/v1/accounts/{account}/conversations/{number}/labels': {
    right: () => [[200, bot('POST', '/labels', { labels: ['billing'] })]],
    wrong: () => [...noBot('POST', '/labels', { labels: ['x'] }), [422, bot('POST', '/labels', { labels: [] })]],
  },
  'POST /api/v1/accounts/{account}/conversations/{number}/custom_attributes': {
    right: () => [[200, bot('POST', '/custom_attributes', { custom_attributes: { order: 42 } })]],
    wrong: () => [...noBot('POST', '/custom_attributes', { custom_attributes: {} }), [422, bot('POST', '/custom_attributes', { custom_attributes: 5 })]],
  },
  'POST /files': {
    right: () => [
      [201, upload({ Cookie: story.cookie, Origin: daemon.origin })],
      [201, upload({ Authorization: `Bearer ${story.token}` }, 'plain words', '?name=..%2F..%2Fetc%2Fpasswd')],
      [201, upload(unsafe('agent1'))],
      [201, upload({ Cookie: `${story.cookie}; ${people.agent1.cookie}`, 'X-CSRF-Token': people.agent1.csrf }, '', '')],
    ],
    wrong: () => [
      [401, upload({})],
      [401, upload({ Cookie: story.cookie })],
      [401, upload({ Cookie: story.cookie, Origin: 'https://elsewhere.example' })],
      [401, upload({ Authorization: 'Bearer v1.x.1.y' })],
      [401, upload({ Cookie: `__Host-kefu_s=${'0'.repeat(64)}` })],
      [403, upload(as('agent1'))],
      [404, upload(unsafe('agent1'), PNG, '?site=other')],
      [415, upload({ ...unsafe('agent1'), 'Content-Type': 'multipart/form-data; boundary=x' }, '--x\r\n\r\na\r\n--x--'), 'a form is not the file'],
      [411, { method: 'POST', path: '/files', headers: { ...unsafe('agent1'), 'Transfer-Encoding': 'chunked' }, body: 'x' }],
      [413, { method: 'POST', path: '/files', headers: { ...unsafe('agent1'), 'Content-Length': (10 << 20) + 1 }, body: '' }],
    ],
  },
  'GET /files/{id}': {
    right: () => [
      [200, { path: `/files/${story.file}`, headers: { Cookie: story.cookie } }],
      [200, { path: `/files/${story.file}`, headers: as('agent1') }],
      [200, { path: `/files/${story.file}`, headers: as('reviewer') }],
      [200, { path: `/files/${story.file}`, headers: { Cookie: `${people.agent2.cookie}; ${story.cookie}` } }],
      [200, { path: `/files/${story.strange}`, headers: { Authorization: `Bearer ${story.token}` } }],
      [200, { path: `/files/${story.file}`, control: true }],
    ],
    wrong: () => [
      [404, { path: `/files/${story.file}` }],
      [404, { path: `/files/${story.file}`, headers: as('agent2') }],
      [404, { path: `/files/${story.file}`, headers: as('admin') }],
      [404, { path: `/files/${story.strange}`, headers: { Cookie: story.cookie } }],
      [404, { path: `/files/${story.strange}`, headers: { Cookie: `${people.agent1.cookie}; ${story.cookie}` } }],
      [404, { path: `/files/${story.file}?exp=9999999999&sig=${'0'.repeat(64)}` }],
      [404, { path: `/files/${NOBODY}`, headers: as('supervisor') }],
      [404, { path: '/files/rubbish', headers: as('supervisor') }],
    ],
  },
  'POST /hooks/{key}': {
    right: () => [
      [204, daemon.hook('api', { type: 'message.created', timestamp: new Date().toISOString(), data: { id: `m-${randomUUID()}`, user: { id: 'u1', name: 'Ann' }, type: 'text', text: 'Hello' } })],
      [204, daemon.hook('api', { type: 'ping', timestamp: new Date().toISOString(), data: {} })],
    ],
    wrong: () => [
      [400, daemon.hook('api', { type: 'message.created', timestamp: new Date().toISOString(), data: {} }), 'the body is the platform’s'],
      [400, daemon.hook('api', 'not JSON'), 'the body is the platform’s'],
      [401, { ...daemon.hook('api', { type: 'ping' }), body: '{"type":"pong"}' }],
      [401, { method: 'POST', path: `/hooks/${HOOKS.api}`, body: {} }],
      [404, { method: 'POST', path: `/hooks/${'0'.repeat(32)}`, body: {} }],
    ],
  },
  'GET /hooks/{key}': {
    right: () => [[405, { path: `/hooks/${HOOKS.api}?echostr=1` }]],
    wrong: () => [[404, { path: `/hooks/${'0'.repeat(32)}` }]],
  },
  'GET /': { right: () => [[302, { path: '/' }]], wrong: () => [[400, noHost('/')]] },
  'GET /chat/{site}': {
    right: () => [[200, { path: '/chat/demo' }], [200, { path: '/chat/demo', headers: { Cookie: story.cookie, 'Accept-Encoding': 'gzip, br' } }]],
    wrong: () => [[404, { path: '/chat/other' }], [404, { path: '/chat/de%2Fmo' }]],
  },
  'GET /widget.js': { right: () => [[200, { path: '/widget.js?site=demo' }], [200, { path: '/widget.js' }], [304, { path: '/widget.js', headers: {}, etag: true }]], wrong: () => [[404, { path: '/widget.js?site=other' }]] },
  'GET /console': { right: () => [[302, { path: '/console' }]], wrong: () => [[400, noHost('/console')]] },
  'GET /console/': { right: () => [[200, { path: '/console/' }], [304, { path: '/console/', headers: {}, etag: true }]], wrong: () => [[400, noHost('/console/')]] },
  'GET /review': { right: () => [[302, { path: '/review' }]], wrong: () => [[400, noHost('/review')]] },
  'GET /review/': { right: () => [[200, { path: '/review/' }]], wrong: () => [[400, noHost('/review/')]] },
  'GET /admin': { right: () => [[302, { path: '/admin' }]], wrong: () => [[400, noHost('/admin')]] },
  'GET /admin/': { right: () => [[[200, 404], { path: '/admin/' }]], wrong: () => [[400, noHost('/admin/')]] },
  'GET /assets/{file}': { right: () => [[200, { path: story.asset }]], wrong: () => [[404, { path: '/assets/nothing.js' }]] },
  'GET /healthz': { right: () => [[200, { path: '/healthz' }]], wrong: () => [[400, noHost('/healthz')]] },
  'GET /readyz': { right: () => [[200, { path: '/readyz' }]], wrong: () => [[400, noHost('/readyz')]] },
  'GET /metrics': { right: () => [[200, { path: '/metrics' }], [200, { path: '/metrics', control: true }]], wrong: () => [[404, { path: '/metrics', headers: { 'X-Forwarded-For': '192.0.2.1' } }]] },
  'GET /api/v1/status': { right: () => [[200, operator('GET', '/api/v1/status')]], wrong: () => [[404, { path: '/api/v1/status', headers: as('admin') }]] },
  'POST /api/v1/backup': {
    right: () => [[204, operator('POST', '/api/v1/backup', { path: join(daemon.dir, `archive-${randomUUID()}`) })]],
    wrong: () => [
      [400, operator('POST', '/api/v1/backup', { path: 'archive' })],
      [400, operator('POST', '/api/v1/backup', {})],
      [400, operator('POST', '/api/v1/backup', 'no JSON')],
      [409, operator('POST', '/api/v1/backup', { path: join(daemon.dir, 'kefud.conf') })],
      [404, json('admin', 'POST', '/api/v1/backup', { path: '/tmp/x' })],
    ],
  },
  'POST /api/v1/audit/verify': {
    right: () => [[200, operator('POST', '/api/v1/audit/verify', {})]],
    wrong: () => [
      [400, operator('POST', '/api/v1/audit/verify', { heads: 5 })],
      [400, operator('POST', '/api/v1/audit/verify', { heads: 'no head' }), 'a schema cannot tell'],
      [400, operator('POST', '/api/v1/audit/verify', 'no JSON')],
      [404, json('admin', 'POST', '/api/v1/audit/verify', {})],
    ],
  },
  'POST /api/v1/reindex': { right: () => [[204, operator('POST', '/api/v1/reindex')]], wrong: () => [[404, json('admin', 'POST', '/api/v1/reindex')]] },
  'POST /api/v1/housekeep': { right: () => [[200, operator('POST', '/api/v1/housekeep?dry=1')], [200, operator('POST', '/api/v1/housekeep')]], wrong: () => [[404, json('admin', 'POST', '/api/v1/housekeep')]] },
  'POST /api/v1/sites': {
    right: () => [[201, operator('POST', '/api/v1/sites', { site: { key: 'second', name: 'Second' }, queues: { all: { name: 'All' } }, channels: { web: { adapter: 'widget', name: 'Web', queue: 'all' } }, people: [{ email: 'boss@second.example', name: 'Boss', roles: ['admin', 'supervisor'] }] })]],
    wrong: () => [
      [400, operator('POST', '/api/v1/sites', {})],
      [400, operator('POST', '/api/v1/sites', 'no JSON')],
      [400, operator('POST', '/api/v1/sites', { site: { key: 'third', name: 'Third' }, queue: {} })],
      [409, operator('POST', '/api/v1/sites', { site: { key: 'demo', name: 'Demo' } })],
      [409, operator('POST', '/api/v1/sites', { site: { key: 'third', name: 'Third' }, people: [{ email: AGENT2, name: 'Chen', roles: ['agent'] }] })],
      [404, json('admin', 'POST', '/api/v1/sites', {})],
    ],
  },
  'POST /api/v1/reload': { right: () => [[204, operator('POST', '/api/v1/reload')]], wrong: () => [[404, json('admin', 'POST', '/api/v1/reload')]] },
};

/** An API key of the demo's site, as it was told; and as headers. */
async function made(verbs) {
  const answer = await daemon.ask(operator('POST', '/api/v1/keys?site=demo', { name: 'test', verbs }));
  assert.equal(answer.status, 201, answer.text);
  return JSON.parse(answer.text);
}
const key = async (verbs) => ({ Authorization: `Bearer ${(await made(verbs)).key}` });

/** A change of a document of which `version` was seen; 0: a new one. */
const document = (method, path, version, body) => ({ method, path, headers: { ...unsafe('admin'), ...(version ? { 'If-Match': `"${version}"` } : { 'If-None-Match': '*' }) }, body });

/** The paths of a document that there is, at its first version, and of one that there is not. */
async function skill() {
  const path = () => `/api/v1/sites/demo/documents/skill/s-${randomUUID().slice(0, 8)}`;
  const there = path();
  const answer = await daemon.ask(document('PUT', there, 0, { name: '安装' }));
  assert.equal(answer.status, 201, answer.text);
  return { there, fresh: path() };
}

const sample = (more) => json('reviewer', 'POST', '/api/v1/samples?site=demo', { scorecard: 'standard-zh', ...more });

/** All of the shipped card at its best, and with a fatal item. */
const BEST = {
  answers: {
    ...Object.fromEntries(['greeting', 'closing', 'waiting', 'records'].map((k) => [k, { value: 1 }])),
    ...Object.fromEntries(['anything_else', 'promise'].map((k) => [k, { na: true }])),
    ...{ tone: { value: 4 }, correct: { value: 4 }, empathy: { value: 2 }, understanding: { value: 2 } },
  },
};
const RUDE = { answers: { ...BEST.answers, rude: { value: 1 } } };

const onReview = (who, one, act, body) => json(who, act === 'draft' ? 'PUT' : 'POST', `/api/v1/reviews/${one.id}/${act}`, act === 'comments' ? body : { revision: one.revision, ...body });

/** A review of agent1 that was drawn just now, as far as it shall be. */
/** What the machine has found in the story, once it has looked: the agent did not greet. */
async function finding() {
  let got = [];
  await until(async () => (got = JSON.parse((await daemon.ask({ path: '/api/v1/findings?check=greeting', headers: as('reviewer') })).text).items).length > 0, 'a finding');
  return got[0];
}

async function review(state) {
  const drawn = JSON.parse((await daemon.ask(sample({ again: true, n: 1, reviewers: [people.reviewer.person.id] }))).text);
  const list = JSON.parse((await daemon.ask({ path: `/api/v1/reviews?sample=${drawn.id}`, headers: as('reviewer') })).text);
  const one = { id: list.items[0].id, revision: 1 };
  const does = async (who, act, body) => {
    const answer = await daemon.ask(onReview(who, one, act, body));
    assert.equal(answer.status, 200, answer.text);
    one.revision = JSON.parse(answer.text).revision;
  };
  if (state) await does('reviewer', 'submit', { contents: RUDE });
  if (state === 'appealed') await does('agent1', 'appeal', { items: [{ item: 'rude', text: '没有' }] });
  return one;
}

/** A request of the reviewer's that waits for an answer. What is granted holds for a day, so that can be done once in a conversation. */
async function asked(conversation = story.conversation) {
  const { items } = JSON.parse((await daemon.ask({ path: '/api/v1/notices?site=demo', headers: as('supervisor') })).text);
  const waits = items.find((n) => n.kind === 'reveal_asked' && n.conversation === conversation);
  if (waits) return waits.id;
  const answer = await daemon.ask(json('reviewer', 'POST', `/api/v1/transcripts/${conversation}/reveal`, { reason: '核对地址' }));
  assert.equal(answer.status, 201, answer.text);
  return JSON.parse(answer.text).id;
}

async function refusedReveal() {
  const id = await asked();
  assert.equal((await daemon.ask(json('supervisor', 'POST', `/api/v1/reveals/${id}/refuse`))).status, 200);
  return id;
}

async function revealWrongs(act) {
  const done = await refusedReveal();
  const id = await asked();
  return [
    [401, { method: 'POST', path: `/api/v1/reveals/${id}/${act}` }],
    [403, json('reviewer', 'POST', `/api/v1/reveals/${id}/${act}`)],
    [404, json('agent1', 'POST', `/api/v1/reveals/${id}/${act}`)],
    [409, json('supervisor', 'POST', `/api/v1/reveals/${done}/${act}`)],
  ];
}

/** A comment that names agent1. */
async function mentioned() {
  const answer = await daemon.ask(onReview('reviewer', await review('submitted'), 'comments', { text: '@林小雨', mentions: [people.agent1.person.id] }));
  assert.equal(answer.status, 201, answer.text);
  return JSON.parse(answer.text).id;
}

/** RFC 6238, in a few lines of our own. */
function totp(secret) {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000)));
  const mac = createHmac('sha1', Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)))).update(counter).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0');
}

/** Where a message is that kefud could not read. */
async function odd() {
  const user = `odd-${randomUUID()}`;
  const event = { type: 'message.created', timestamp: new Date().toISOString(), data: { id: `m-${user}`, user: { id: user, name: user }, type: 'dance', text: '?' } };
  assert.equal((await daemon.ask(daemon.hook('api', event))).status, 204);
  const list = JSON.parse((await daemon.ask({ path: '/api/v1/transcripts?site=demo&channel=api&limit=1', headers: as('supervisor') })).text);
  const id = list.items[0].conversation.id;
  const { messages } = JSON.parse((await daemon.ask({ path: `/api/v1/transcripts/${id}`, headers: as('supervisor') })).text);
  const { seq } = messages.find((m) => m.unsupported);
  return `/api/v1/transcripts/${id}/messages/${seq}/raw`;
}

/** Somebody new who is signed in and has a second factor, `pending` or `on`. */
async function factor(state) {
  const email = await hired();
  const session = await daemon.ask(login({ email, password: fresh().password }));
  assert.equal(session.status, 201, session.text);
  const headers = { Cookie: session.headers['set-cookie'][0].split(';')[0] };
  const ret = { email, headers, unsafe: { ...headers, 'X-CSRF-Token': JSON.parse(session.text).csrf } };
  const begun = await daemon.ask({ method: 'POST', path: '/api/v1/session/totp', headers: ret.unsafe, body: { password: fresh().password } });
  ret.secret = JSON.parse(begun.text).secret;
  if (state === 'on') ret.recovery = JSON.parse((await daemon.ask({ method: 'POST', path: '/api/v1/session/totp/confirm', headers: ret.unsafe, body: { code: totp(ret.secret) } })).text).recovery;
  return ret;
}

/** Somebody new; the address. */
async function newcomer() {
  const answer = await daemon.ask(json('admin', 'POST', '/api/v1/people', fresh()));
  assert.equal(answer.status, 201, answer.text);
  return JSON.parse(answer.text);
}

const hired = async () => (await newcomer()).email;

/* ---- what is answered --------------------------------------------------------------------------------------------------------------- */

const kind = (type) => type?.split(';')[0].trim();

function answerFits(name, operation, answer) {
  const documented = resolve(openapi, operation.responses[answer.status] ?? operation.responses.default);
  assert.ok(documented, `${name}: ${answer.status} is not documented`);
  for (const [header, described] of Object.entries(documented.headers ?? {})) {
    const { required, schema } = resolve(openapi, described);
    const value = header === 'Set-Cookie' ? answer.headers['set-cookie']?.[0] : answer.headers[header.toLowerCase()];
    if (value === undefined) assert.ok(!required, `${name}: ${answer.status} without ${header}`);
    else assert.equal(schemas.wrong(schema, value), null, `${name}: ${header}: ${value}`);
  }
  const type = kind(answer.headers['content-type']);
  if (!documented.content) {
    assert.equal(answer.raw.length, 0, `${name}: ${answer.status} has a body that is not documented: ${answer.text}`);
    return;
  }
  const body = documented.content[type] ?? documented.content['*/*'];
  assert.ok(body, `${name}: ${answer.status} as ${type} is not documented: ${answer.text.slice(0, 200)}`);
  if (type === 'application/json' || type === 'application/problem+json') {
    const value = JSON.parse(answer.text);
    assert.equal(schemas.wrong(body.schema, value), null, `${name}: ${answer.status} ${answer.text.slice(0, 2000)}`);
    if (type === 'application/problem+json') assert.equal(value.status, answer.status, name);
    if (type === 'application/problem+json') assert.match(value.detail, /\S/, name);
  } else if (type.startsWith('text/') && answer.headers['content-encoding'] === undefined) {
    assert.equal(schemas.wrong(body.schema, answer.text), null, `${name}: ${answer.text.slice(0, 200)}`);
  }
}

function parametersOf({ item, operation }) {
  return [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((p) => resolve(openapi, p));
}

/** What the document finds wrong with a request: of its query and its body. */
function objections(op, request) {
  const ret = [];
  const known = parametersOf(op).filter((p) => p.in === 'query');
  const query = new URLSearchParams(request.path.split('?')[1] ?? '');
  for (const p of known) {
    const value = query.get(p.name);
    if (value === null && p.required) ret.push(`${p.name} is missing`);
    if (value === null) continue;
    const schema = resolve(openapi, p.schema);
    const wrong = schemas.wrong(p.schema, schema.type === 'integer' && /^-?[0-9]+$/.test(value) ? Number(value) : value);
    if (wrong) ret.push(`${p.name}: ${wrong}`);
  }
  for (const name of query.keys()) if (!known.some((p) => p.name === name)) ret.push(`${name} is not documented`);
  const body = op.operation.requestBody?.content['application/json'];
  if (body) {
    try {
      const wrong = schemas.wrong(body.schema, typeof request.body === 'object' && !Buffer.isBuffer(request.body) ? request.body : JSON.parse(request.body ?? ''));
      if (wrong) ret.push(wrong);
    } catch {
      ret.push('not JSON');
    }
  } else if (request.body !== undefined && !op.operation.requestBody) ret.push('a body is not documented');
  return ret;
}

/* Of these nothing in the answer tells from one moment to the next how long it will be. */
const CHANGING = new Set(['GET /metrics', 'GET /api/v1/status', 'GET /readyz', 'GET /api/v1/sites/{site}/conversations/{id}/why']);

/* What is told may become another between the two: then both are asked once more. */
async function headIsAlike(op, request, answer) {
  for (let i = 0, got = answer; ; i++, got = await daemon.ask(request)) {
    const head = await daemon.ask({ ...request, method: 'HEAD' });
    assert.equal(head.status, got.status, `HEAD ${request.path}`);
    assert.equal(head.raw.length, 0, `HEAD ${request.path}`);
    assert.equal(head.headers['content-type'], got.headers['content-type'], `HEAD ${request.path}`);
    if (CHANGING.has(op.name) || head.headers['content-length'] === got.headers['content-length']) return;
    assert.ok(i < 10, `HEAD ${request.path}: ${head.headers['content-length']} bytes, with GET ${got.headers['content-length']}`);
  }
}

for (const op of operations) {
  test(`${op.name} is as documented`, async (t) => {
    assert.ok(rows[op.name], 'no requests stand in this test');
    if (op.name === 'GET /assets/{file}' && !story.asset) return t.skip('built without pages');
    for (const [status, request, elsewhere] of await rows[op.name].right()) {
      const name = `${op.name} with ${JSON.stringify(request).slice(0, 300)}`;
      if (request.etag) request.headers['If-None-Match'] = (await daemon.ask({ path: request.path })).headers.etag;
      if (!elsewhere) assert.deepEqual(objections(op, request).filter((o) => !o.startsWith('echostr')), [], name);
      const answer = await daemon.ask(request);
      assert.ok([status].flat().includes(answer.status), `${name}: ${answer.status}, not ${status}: ${answer.text}`);
      answerFits(name, op.operation, answer);
      if (op.method === 'GET') await headIsAlike(op, request, answer);
    }
    for (const [status, request, elsewhere] of await rows[op.name].wrong()) {
      const name = `${op.name} with ${JSON.stringify(request).slice(0, 300)}`;
      const answer = await daemon.ask(request);
      assert.equal(answer.status, status, `${name}: ${answer.text}`);
      answerFits(name, op.operation, answer);
      if (status === 400 && !elsewhere && !request.headers?.Host) assert.notDeepEqual(objections(op, request), [], `${name}: the schemas take it`);
    }
  });
}

test('every request of this test is of an operation in the document', () => {
  for (const name of Object.keys(rows)) assert.ok(operations.some((op) => op.name === name), name);
});

test('every example in the document fits its schema', () => {
  const look = (node, where) => {
    if (node === null || typeof node !== 'object') return;
    if (node.schema !== undefined && node.example !== undefined && !where.includes('/parameters')) assert.equal(schemas.wrong(node.schema, node.example), null, where);
    for (const [key, value] of Object.entries(node)) look(value, `${where}/${key}`);
  };
  look(openapi.paths, 'paths');
  look(openapi.components.responses, 'responses');
  for (const schema of Object.values(openapi.components.schemas)) if (schema.example !== undefined) assert.equal(schemas.wrong(schema, schema.example), null);
});

/* ---- methods and paths ------------------------------------------------------------------------------------------------------------------ */

test('another method is told which are allowed', async () => {
  for (const [path, item] of Object.entries(openapi.paths)) {
    const known = METHODS.filter((m) => item[m]).map((m) => m.toUpperCase());
    const allowed = [...known, ...(known.includes('GET') ? ['HEAD'] : [])].sort();
    const at = path.replaceAll(/\{[^}]+\}/g, 'x');
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      if (allowed.includes(method)) continue;
      const answer = await daemon.ask({ method, path: at, body: method[0] === 'P' ? 'x' : undefined });
      assert.equal(answer.status, 405, `${method} ${at}`);
      assert.deepEqual(answer.headers.allow.split(', ').sort(), allowed, `${method} ${at}`);
      if (method !== 'HEAD') assert.equal(schemas.wrong({ $ref: '#/components/schemas/Problem' }, JSON.parse(answer.text)), null);
    }
  }
});

test('a body that is long is not waited for where the method is wrong', async () => {
  const answer = await daemon.ask({ method: 'PUT', path: '/api/v1/session', headers: { 'Content-Length': 1 << 30 }, body: '{' });
  assert.equal(answer.status, 405);
});

test('a path is the whole path', async () => {
  for (const [path, status] of [
    ['/api/v1/session/', 404],
    ['/api/v1/session/x', 404],
    ['/api/v1/sessio', 404],
    ['/api/v1/session%00', [0, 400, 404]],
    ['/api/v1/%73ession', 200],
    [`/api/v1/transcripts/${story.conversation}/`, 404],
    [`/api/v1/transcripts/${story.conversation}x`, 404],
    [`/api/v1/transcripts/${story.conversation}%20`, 404],
    [`/files/${story.file}%2F`, 404],
    ['/api/v1/sites//canned', 404],
    ['/api/v1/sites/demo%2Fcanned', [200, 404]],
    ['/chat/', 404],
    ['/chat/demo/', 404],
    ['/%FF', 404],
    ['/../etc/passwd', [400, 403, 404]],
  ]) {
    const answer = await daemon.ask({ path, headers: as('agent1') });
    assert.ok([status].flat().includes(answer.status), `${path}: ${answer.status} ${answer.text.slice(0, 200)}`);
    if (answer.status >= 400 && answer.text) assert.equal(schemas.wrong({ $ref: '#/components/schemas/Problem' }, JSON.parse(answer.text)), null, path);
  }
});

/* ---- what the answers mean ----------------------------------------------------------------------------------------------------------------- */

test('a conversation says whose it is, found, read and listed', async () => {
  const page = JSON.parse((await daemon.ask(transcripts('?site=demo&q=%E9%80%80%E6%AC%BE'))).text);
  assert.equal(page.items[0].conversation.visitor.name, '王芳');
  assert.deepEqual(page.items[0].hits.map((h) => [...h.text].slice(...h.marks[0]).join('')), ['退款', '退款']);
  const one = JSON.parse((await daemon.ask({ path: `/api/v1/transcripts/${story.conversation}`, headers: as('reviewer') })).text);
  assert.equal(one.conversation.visitor.name, '王芳');
  assert.ok(one.timeline.some((e) => e.kind === 'note' && e.data.text === '回头客'));
  const waiting = JSON.parse((await daemon.ask({ path: '/api/v1/sites/demo/conversations?state=waiting', headers: as('agent2') })).text);
  assert.equal(waiting.items.find((c) => c.id === story.waiting).visitor.name, '李雷');
});

test('contact= finds that visitor’s conversations alone', async () => {
  const ids = async (query) => JSON.parse((await daemon.ask(transcripts(query))).text).items.map((i) => i.conversation.id);
  assert.deepEqual(await ids(`?site=demo&contact=${story.visitor}`), [story.conversation]);
  assert.deepEqual(await ids(`?site=demo&contact=${story.visitor}&q=%E9%80%80%E6%AC%BE`), [story.conversation]);
  assert.deepEqual(await ids(`?site=demo&contact=${NOBODY}`), []);
  assert.ok((await ids('?site=demo&limit=100')).includes(story.waiting));
});

test('an agent’s search finds what the agent may open', async () => {
  const items = async (who) => JSON.parse((await daemon.ask(transcripts('?site=demo', who))).text).items.map((i) => i.conversation.id);
  assert.deepEqual(await items('agent1'), [...practised, story.conversation]);
  assert.deepEqual(await items('agent2'), []);
});

test('pages of transcripts follow the cursor', async () => {
  const seen = [];
  let cursor = '';
  do {
    const page = JSON.parse((await daemon.ask(transcripts(`?site=demo&limit=1${cursor && `&cursor=${encodeURIComponent(cursor)}`}`))).text);
    seen.push(...page.items.map((i) => i.conversation.id));
    cursor = page.cursor;
  } while (cursor);
  assert.equal(new Set(seen).size, seen.length);
  assert.ok(seen.includes(story.conversation) && seen.includes(story.waiting));
});

test('who signs out, is disabled or gets a password is signed out', async () => {
  for (const end of ['disable', 'password']) {
    const email = await hired();
    const signedIn = await daemon.ask(login({ email, password: 'correct horse battery' }));
    const headers = { Cookie: signedIn.headers['set-cookie'][0].split(';')[0] };
    assert.equal((await daemon.ask({ path: '/api/v1/session', headers })).status, 200);
    await daemon.ask(operator('POST', `/api/v1/people/${encodeURIComponent(email)}/${end}`, end === 'password' ? { password: 'another long sentence' } : undefined));
    assert.equal((await daemon.ask({ path: '/api/v1/session', headers })).status, 401);
    const again = await daemon.ask(login({ email, password: 'correct horse battery' }));
    assert.equal(again.status, 401);
  }
});

test('nothing crosses from one site to the other', async () => {
  const email = 'boss@second.example';
  const password = 'the boss of another site';
  assert.equal((await daemon.ask(operator('POST', `/api/v1/people/${encodeURIComponent(email)}/password`, { password }))).status, 204);
  const signedIn = await daemon.ask(login({ email, password }));
  const { csrf, sites } = JSON.parse(signedIn.text);
  assert.deepEqual(sites.map((s) => s.key), ['second']);
  const headers = { Cookie: signedIn.headers['set-cookie'][0].split(';')[0], 'X-CSRF-Token': csrf };
  for (const [status, request] of [
    [200, { path: '/api/v1/people?site=second' }],
    [404, { path: '/api/v1/people?site=demo' }],
    [404, { path: '/api/v1/transcripts?site=demo' }],
    [404, { path: `/api/v1/transcripts/${story.conversation}` }],
    [404, { path: `/files/${story.file}` }],
    [403, { method: 'POST', path: '/files?site=demo', body: PNG }],
    [404, { path: '/api/v1/sites/demo/conversations?state=waiting' }],
    [404, { method: 'POST', path: '/api/v1/people/agent1%40demo.example/password', body: { password } }],
    [404, { method: 'POST', path: '/api/v1/people/agent1%40demo.example/disable' }],
    [403, { method: 'POST', path: '/api/v1/people', body: fresh() }],
    [400, { path: '/api/v1/people' }],
  ]) {
    const answer = await daemon.ask({ ...request, headers });
    assert.equal(answer.status, status, `${request.path}: ${answer.text}`);
  }
  assert.equal((await daemon.ask({ path: `/files/${story.file}?site=second`, headers: { Authorization: `Bearer ${story.token}` } })).status, 404);
  assert.equal((await daemon.ask(upload({ Authorization: `Bearer ${story.token}` }, PNG, '?site=second'))).status, 401);
});

test('many wrong passwords are slowed down', async () => {
  const wrong = login({ email: 'reviewer@demo.example', password: 'not the password' });
  const slow = await until(async () => {
    const answer = await daemon.ask(wrong);
    answerFits('a wrong password', openapi.paths['/api/v1/session'].post, answer);
    return answer.status === 429 ? answer : null;
  }, '429');
  assert.ok(Number(slow.headers['retry-after']) >= 1);
});

/* ---- the document and the sources ---------------------------------------------------------------------------------------------------------- */

test('the document has the routes of daemon/api, and no others', () => {
  const folder = join(top, 'daemon/api');
  const routes = readdirSync(folder)
    .filter((name) => name.endsWith('.c'))
    .flatMap((name) => [...readFileSync(join(folder, name), 'utf8').matchAll(/\{\s*"([A-Z]+)",\s*"(\/[^"]*)",\s*(GATE_[A-Z_]+),\s*\w+\s*\}/g)].map((m) => ({ name: `${m[1]} ${m[2]}`, gate: m[3] })));
  assert.ok(routes.length >= 20, 'the tables of routes have another form');
  const documented = new Map(operations.map((op) => [`${op.method} ${op.path.replaceAll(/\{[^}]+\}/g, '*')}`, op]));
  assert.deepEqual([...documented.keys()].sort(), routes.map((r) => r.name).sort());
  for (const { name, gate } of routes) {
    const security = documented.get(name).operation.security;
    const has = (scheme) => security.some((s) => s[scheme] !== undefined);
    if (gate !== 'GATE_OPEN') assert.equal(has('operator'), /^GATE_(OP|EITHER|EITHER_KEY)$/.test(gate), `${name}: operator`);
    if (/^GATE_(STAFF|EITHER)/.test(gate)) assert.ok(has('session'), `${name}: session`);
    if (gate !== 'GATE_OPEN') assert.equal(has('key'), gate.endsWith('_KEY'), `${name}: key`);
    if (has('key')) assert.ok(documented.get(name).operation['x-verb'], `${name}: x-verb`);
    if (gate === 'GATE_OP') assert.ok(!has('session'), `${name}: not for sessions`);
    if (has('session') && !name.startsWith('GET ')) assert.ok(security.every((s) => s.session === undefined || s.csrf !== undefined), `${name}: csrf`);
  }
});
