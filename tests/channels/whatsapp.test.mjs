// WhatsApp, held against two libraries of others: what they sign, kefud believes; what they send, kefud sends in the same words.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sign, verify } from '@octokit/webhooks-methods';
import { WhatsAppAPI } from 'whatsapp-api-js';
import { Text } from 'whatsapp-api-js/messages';
import { Peer, form, sendFile, vectors } from './peers.mjs';
import row from './rows/whatsapp.mjs';

const { number, token, app_secrets, verify_token } = row.settings('');
const [secret] = app_secrets;
const escape = (text) => text.replace(/[^\0-~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

describe('a WhatsApp number beside whatsapp-api-js and @octokit/webhooks-methods', () => {
  const user = row.user('mika');
  const sent = [];
  let peer, api, conversation;

  before(async () => {
    peer = await Peer.open(row);
    api = new WhatsAppAPI({
      token,
      appSecret: secret,
      webhookVerifyToken: verify_token,
      v: 'v24.0',
      ponyfill: {
        fetch: async (url, options) => {
          sent.push({ url, ...options });
          return Response.json({ messages: [{ id: 'wamid.theirs' }], success: true });
        },
      },
    });
    conversation = await peer.talk({ user, id: 'first', text: 'is anybody there' });
  });
  after(() => peer?.close());

  it('opens no window for longer than its day, whatever a message says when it was written', async () => {
    const day = 24 * 60 * 60 * 1000;
    const ahead = await peer.talk({ user: row.user('ahead'), id: 'ahead', text: 'from next year', at: Date.now() + 100 * day });
    const { until } = await peer.agent.take({ type: 'window', conversation: ahead });
    assert.ok(until > Date.now() + day - 60_000 && until <= Date.now() + day, new Date(until).toISOString());
  });

  it('shakes hands with whom the library shakes hands', async () => {
    const rows = [
      { 'hub.mode': 'subscribe', 'hub.verify_token': verify_token, 'hub.challenge': '1158201444' },
      { 'hub.mode': 'subscribe', 'hub.verify_token': verify_token, 'hub.challenge': 'a+b c=' },
      { 'hub.mode': 'subscribe', 'hub.verify_token': `${verify_token}x`, 'hub.challenge': '1' },
      { 'hub.mode': 'unsubscribe', 'hub.verify_token': verify_token, 'hub.challenge': '1' },
    ];
    for (const query of rows) {
      let theirs = null;
      try {
        theirs = api.get(query);
      } catch {
        // it refuses
      }
      const ours = await peer.post({ method: 'GET', query: new URLSearchParams(query).toString() });
      assert.equal(ours.status === 200 ? ours.text : null, theirs, JSON.stringify(query));
    }
  });

  it('believes what they have signed', async () => {
    const bodies = vectors('whatsapp').filter((v) => v.kind === 'webhook' && v.expected.accept).map((v) => v.inputs.body);
    assert.ok(bodies.length > 8);
    for (const body of bodies) {
      const raw = await sign(secret, body), written = await sign(secret, escape(body));
      assert.ok(await verify(secret, body, raw));
      assert.ok(await api.verifyRequestSignature(body, written));
      for (const signature of new Set([raw, written]))
        assert.equal((await peer.post({ headers: { 'X-Hub-Signature-256': signature }, body })).status, 200, body);
      for (const signature of [await sign('another', body), raw.slice(0, -1), raw.replace('sha256=', 'sha1='), await sign(secret, `${body} `)])
        assert.equal((await peer.post({ headers: { 'X-Hub-Signature-256': signature }, body })).status, 401, signature);
    }
  });

  /** The library's request, and ours: the same but for what we write into it to find it again. */
  function alike(ours, theirs) {
    const { biz_opaque_callback_data: mark, ...rest } = ours.json;
    assert.equal(ours.path, new URL(theirs.url).pathname);
    assert.equal(ours.headers.authorization, theirs.headers.Authorization);
    assert.deepEqual(rest, JSON.parse(theirs.body));
    return mark;
  }

  it('says what the library says', async () => {
    const text = 'Until <six> & a half *today* 👋🏽';
    const { seq } = await peer.agent.act({ type: 'message', conversation, kind: 'text', text });
    const ours = await peer.call((c) => c.json.text?.body === text, 'our text');
    await api.sendMessage(number, { bsuid: user }, new Text(text));
    assert.equal(alike(ours, sent.pop()), `${conversation}-${seq}`);
  });

  it('answers as the library answers', async () => {
    const asked = (await peer.agent.history(conversation)).find((m) => m.text === 'is anybody there');
    await peer.agent.act({ type: 'message', conversation, kind: 'text', text: 'yes', reply_to: asked.seq });
    const ours = await peer.call((c) => c.json.text?.body === 'yes', 'our answer');
    await api.sendMessage(number, { bsuid: user }, new Text('yes'), 'wamid.first');
    alike(ours, sent.pop());
  });

  it('writes to a phone as the library does', async () => {
    const body = JSON.stringify({
      object: 'whatsapp_business_account',
      entry: [{ changes: [{ field: 'messages', value: { metadata: { phone_number_id: number }, contacts: [{ profile: { name: 'Old' }, wa_id: '15550149999' }], messages: [{ from: '15550149999', id: 'wamid.old', timestamp: String(Math.floor(Date.now() / 1000)), type: 'text', text: { body: 'no id' } }] } }] }],
    });
    assert.equal((await peer.post({ headers: { 'X-Hub-Signature-256': await sign(secret, body) }, body })).status, 200);
    await peer.agent.act({ type: 'message', conversation: await peer.agent.conversationOf('no id'), kind: 'text', text: 'to a phone' });
    const ours = await peer.call((c) => c.json.text?.body === 'to a phone', 'our text');
    await api.sendMessage(number, { phone: '+15550149999' }, new Text('to a phone'));
    alike(ours, sent.pop());
  });

  it('reads and types as the library does', async () => {
    peer.agent.send({ type: 'typing', conversation, on: true });
    const ours = await peer.call((c) => c.json.typing_indicator, 'a sign of typing');
    await api.markAsRead(number, 'wamid.first', 'text');
    alike(ours, sent.pop());
    await peer.agent.act({ type: 'read', conversation, seq: 1 });
    const read = await peer.call((c) => c.json.status === 'read' && !c.json.typing_indicator, 'a mark');
    await api.markAsRead(number, 'wamid.first');
    alike(read, sent.pop());
  });

  it('takes a picture there in a form that others read', async () => {
    const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x02', 'latin1'), Buffer.from([...Array(256).keys()])]);
    await sendFile(peer, conversation, 'lid.png', png, 'image');
    const call = await peer.call((c) => c.path.endsWith('/media'), 'an upload');
    const fields = await form(call);
    await api.uploadMedia(number, fields); /* it checks what a form must have */
    assert.equal(call.path, new URL(sent.pop().url).pathname.replace(/\?.*/, ''));
    assert.equal(fields.get('file').name, 'lid.png');
    assert.deepEqual(Buffer.from(await fields.get('file').arrayBuffer()), png);
    const picture = await peer.call((c) => c.json.type === 'image', 'the picture');
    assert.equal(picture.json.image.id, 'up');
  });
});
