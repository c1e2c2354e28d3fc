// QQ: signatures held against @noble/ed25519 and against what qq-official-bot makes of the same secret, both ways; and what a tap on a button leads
// to.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as ed25519 from '@noble/ed25519';
import { until } from './house.mjs';
import { Ed25519 } from 'qq-official-bot/lib/ed25519.js';
import { Peer } from './peers.mjs';
import row, { signed } from './rows/qq.mjs';

describe('a QQ bot', () => {
  let peer;

  before(async () => (peer = await Peer.open(row)));
  after(() => peer?.close());

  const secret = row.settings('').app_secret;
  const seed = new Uint8Array(Buffer.from(secret.repeat(4)).subarray(0, 32));
  const bytes = (text) => new Uint8Array(Buffer.from(text));

  async function theirs(body, { by = seed, said = body } = {}) {
    const made = signed(body);
    const signature = await ed25519.signAsync(bytes(made.headers['X-Signature-Timestamp'] + said), by);
    made.headers['X-Signature-Ed25519'] = Buffer.from(signature).toString('hex');
    return made;
  }

  it('believes what noble signs, and nobody else', async () => {
    const body = JSON.stringify({ id: 'x', op: 1, d: 7 });
    assert.deepEqual((await peer.post(await theirs(body))).status, 200);
    assert.equal((await peer.post(await theirs(body, { by: new Uint8Array(32).fill(1) }))).status, 401);
    assert.equal((await peer.post(await theirs(body, { said: `${body} ` }))).status, 401);
  });

  it('signs the validation so that noble believes it', async () => {
    const d = { plain_token: 'k9Xw2mPq7Lr4Tz8VbNc1', event_ts: '1718200000' };
    const answer = JSON.parse((await peer.post(await theirs(JSON.stringify({ d, op: 13 })))).text);
    assert.equal(answer.plain_token, d.plain_token);
    const signature = new Uint8Array(Buffer.from(answer.signature, 'hex'));
    assert.ok(await ed25519.verifyAsync(signature, bytes(d.event_ts + d.plain_token), await ed25519.getPublicKeyAsync(seed)));
  });

  it('makes the same key of its secret as qq-official-bot, which believes it and is believed', async () => {
    const bot = new Ed25519(secret);
    const at = String(Math.floor(Date.now() / 1000));
    const d = { plain_token: 'Arq0D5A61EgUu4OxUvOp', event_ts: '1725442341' };
    const body = JSON.stringify({ d, op: 13 });
    const made = (signature) => ({ headers: { ...signed(body).headers, 'X-Signature-Timestamp': at, 'X-Signature-Ed25519': signature }, body });
    const answer = await peer.post(made(bot.sign(at + body)));
    assert.equal(answer.status, 200);
    const { signature } = JSON.parse(answer.text);
    assert.equal(signature, bot.sign(d.event_ts + d.plain_token), 'what it would answer itself');
    assert.ok(bot.verify(signature, d.event_ts + d.plain_token));
    assert.equal((await peer.post(made(new Ed25519(`${secret}x`).sign(at + body)))).status, 401);
  });

  it('is told that a tap was noticed', async () => {
    await peer.talk({ user: 'ida', id: 'first', text: 'is anybody there' });
    const d = { id: 'a1b2c3d4-0000-4abc-9def-0123456789ab', type: 11, timestamp: new Date().toISOString(), user_openid: 'ida', data: { resolved: { button_data: 'human' } } };
    const answer = await peer.post(signed(JSON.stringify({ id: 'INTERACTION_CREATE:i1', op: 0, t: 'INTERACTION_CREATE', d })));
    assert.equal(answer.text, '{"op":12,"d":0}');
    const call = await peer.call((c) => c.path === `/interactions/${d.id}`, 'the acknowledgement');
    assert.equal(call.method, 'PUT');
    assert.deepEqual(call.json, { code: 0 });
    assert.match(call.headers.authorization, /^QQBot T\d+$/);
  });

  it('offers choices as buttons where the settings say so, else as lines', async () => {
    const { node, cookie, csrf } = peer.agent;
    const put = async (what, body, match) => {
      const headers = { Cookie: cookie, 'X-CSRF-Token': csrf, Origin: node.origin, 'Content-Type': 'application/json', ...match };
      const answer = await node.ask({ method: 'PUT', path: `/api/v1/sites/shop/documents/${what}`, headers, body });
      assert.ok([200, 201].includes(answer.status), `${what}: ${answer.status} ${answer.text}`);
    };
    const offered = (user) => peer.call((c) => c.path === `/v2/users/${user}/messages` && c.raw.includes('Please choose'), `choices for ${user}`);
    const choices = [
      { id: 'how', label: 'How does it work?' },
      { id: 'human', label: 'A person' },
    ];
    await put('wording/en', { menu: 'Please choose' }, { 'If-None-Match': '*' });
    await put(
      'rule/menu',
      { event: 'message', when: { keywords: ['refund'] }, actions: ['say', 'choices'], wording: 'menu', choices },
      { 'If-None-Match': '*' },
    );
    await peer.talk({ user: 'kim', id: 'k1', text: 'a refund please' });
    assert.equal((await offered('kim')).json.content, 'Please choose\n1. How does it work?\n2. A person');

    const got = await node.ask({ path: '/api/v1/sites/shop/documents/channel/qq', headers: { Cookie: cookie } });
    const settings = { ...row.settings(peer.account.at), keyboard: true };
    await put('channel/qq', { adapter: 'qq', name: 'qq', queue: 'desk', settings }, { 'If-Match': got.headers.etag });
    await peer.talk({ user: 'lea', id: 'l1', text: 'a refund for me' });
    const { json } = await offered('lea');
    assert.equal(json.msg_type, 2);
    assert.deepEqual(json.markdown, { content: 'Please choose' });
    assert.deepEqual(
      json.keyboard.content.rows.map(({ buttons }) => buttons.map((b) => [b.render_data.label, b.action.data])),
      [[['How does it work?', 'how']], [['A person', 'human']]],
    );
  });

  it('has a group as one conversation, with the speaker on each message and counted replies', async () => {
    const says = async (member, id, text) => {
      const d = { id: `ROBOT1.0_${id}`, author: { member_openid: member }, group_openid: 'G1', content: ` ${text} `, timestamp: new Date().toISOString() };
      const answer = await peer.post(signed(JSON.stringify({ id: `GROUP_AT_MESSAGE_CREATE:${d.id}`, op: 0, t: 'GROUP_AT_MESSAGE_CREATE', d })));
      assert.equal(answer.text, '{"op":12,"d":0}');
    };
    await says('MEMBER-OF-G1-A7C1', 'g1', 'where is my parcel');
    const conversation = await peer.agent.conversationOf('where is my parcel');
    await says('MEMBER-OF-G1-B902', 'g2', 'mine, too');
    assert.equal(await peer.agent.conversationOf('mine, too'), conversation);
    const said = (await peer.agent.history(conversation)).filter((m) => m.from.role === 'visitor');
    assert.deepEqual(said.map((m) => m.text), ['where is my parcel', 'mine, too']);
    assert.match(said[0].speaker, /A7C1$/);
    assert.match(said[1].speaker, /B902$/);

    for (const text of ['both are on the way', 'they come today']) await peer.agent.act({ type: 'message', conversation, kind: 'text', text });
    const sent = (text) => peer.call((c) => c.path === '/v2/groups/G1/messages' && c.json.content === text, text);
    const [one, two] = [await sent('both are on the way'), await sent('they come today')];
    assert.deepEqual([one.json.msg_id, two.json.msg_id], ['ROBOT1.0_g2', 'ROBOT1.0_g2'], 'the latest message with replies left is answered');
    assert.equal(two.json.msg_seq, one.json.msg_seq + 1);
  });

  /** What the platform was sent in this talk: each reply as [what it answers, its number]. */
  const replies = (user) =>
    peer.calls.filter((c) => c.path === `/v2/users/${user}/messages`).map(({ json }) => [json.msg_id ?? json.event_id, json.msg_seq]);
  const left = (conversation) => peer.agent.frames.filter((f) => f.type === 'window' && f.conversation === conversation).at(-1)?.left;
  const leaves = (conversation, n) => until(() => left(conversation) === n, () => `${n} replies left: ${left(conversation)}`);
  const writes = async (conversation, text) => {
    const { seq } = await peer.agent.act({ type: 'message', conversation, kind: 'text', text });
    assert.equal((await peer.agent.ended(conversation, seq)).state, 'sent');
  };

  it('answers the latest message with replies left, until no message has any', async () => {
    const conversation = await peer.talk({ user: 'mei', id: 'A', text: 'a first question' });
    await leaves(conversation, 4); // the greeting has taken one
    await peer.talk({ user: 'mei', id: 'B', text: 'and a second one' });
    const d = { id: 'b1b2c3d4-0000-4abc-9def-0123456789ab', type: 11, timestamp: new Date().toISOString(), user_openid: 'mei', data: { resolved: { button_data: 'more' } } };
    await peer.post(signed(JSON.stringify({ id: 'INTERACTION_CREATE:i2', op: 0, t: 'INTERACTION_CREATE', d })));
    await leaves(conversation, 14);

    for (let n = 1; n <= 14; n++) {
      await writes(conversation, `line ${n}`);
      await leaves(conversation, 14 - n);
    }
    const five = [1, 2, 3, 4, 5];
    const counted = (id) => five.map((n) => [id, n]);
    assert.deepEqual(replies('mei').slice(1), [...counted(d.id), ...counted('ROBOT1.0_B'), ...counted('ROBOT1.0_A').slice(1)]);
    await assert.rejects(writes(conversation, 'one too many'), { code: 'conflict' });
    assert.equal(replies('mei').length, 15);
  });

  it('tells when the replies to an older message have ended, and sends none of them', async () => {
    const hour = 60 * 60 * 1000;
    const conversation = await peer.talk({ user: 'nan', id: 'N', text: 'said a while ago', at: Date.now() - hour + 4000 });
    await leaves(conversation, 4);
    await peer.talk({ user: 'nan', id: 'M', text: 'and just now' });
    await leaves(conversation, 9);
    await leaves(conversation, 5);
    for (let n = 1; n <= 5; n++) await writes(conversation, `reply ${n}`);
    await assert.rejects(writes(conversation, 'one too many'), { code: 'conflict' });
    assert.deepEqual(replies('nan').slice(1).map(([id]) => id), Array(5).fill('ROBOT1.0_M'));
  });
});
