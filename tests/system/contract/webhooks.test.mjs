// Both directions of the generic webhook against the reference library of Standard Webhooks, which knows nothing of us.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { Daemon, HOOKS, SECRET, until } from './daemon.mjs';
import { Wire } from './wire.mjs';

const library = new Webhook(`whsec_${SECRET.toString('base64')}`);
let daemon, staff, wire;

/** An event as the library signs it. */
function signed(id, event, at = new Date()) {
  const body = JSON.stringify(event);
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': library.sign(id, at, body),
    'Content-Type': 'application/json',
  };
  return { method: 'POST', path: `/hooks/${HOOKS.api}`, headers, body };
}

const created = (text) => ({
  type: 'message.created',
  timestamp: new Date().toISOString(),
  data: { id: 'm1', user: { id: 'sdk-user', name: 'Ann 安' }, type: 'text', text },
});

before(async () => {
  daemon = await Daemon.start();
  staff = await daemon.signIn('agent1');
  wire = await Wire.open(daemon, 'agent', { headers: { ...staff.headers, Origin: daemon.origin } });
  wire.send({ type: 'hello' });
  await wire.take({ type: 'welcome' });
  wire.send({ type: 'presence', cid: 'p1', presence: 'online' });
  await wire.take({ type: 'ack', cid: 'p1' });
});

after(async () => {
  wire.socket.terminate();
  await daemon.stop();
});

describe('the library of Standard Webhooks', () => {
  let conversation;

  it('signs what kefud believes', async () => {
    const answer = await daemon.ask(signed('sdk-1', created('Hello — 你好 😀')));
    assert.equal(answer.status, 204);
    conversation = (await wire.take({ type: 'assigned' })).conversation.id;
    wire.send({ type: 'history', conversation, after: 0 });
    const { messages } = await wire.take({ type: 'history', conversation });
    assert.equal(messages[0].text, 'Hello — 你好 😀');
  });

  it('is not believed with another secret, another body or another time', async () => {
    const other = new Webhook(`whsec_${Buffer.alloc(32, 7).toString('base64')}`);
    const forged = signed('sdk-2', created('forged'));
    forged.headers['webhook-signature'] = other.sign('sdk-2', new Date(), forged.body);
    assert.equal((await daemon.ask(forged)).status, 401);
    const changed = signed('sdk-3', created('as signed'));
    assert.equal((await daemon.ask({ ...changed, body: changed.body.replace('as signed', 'as changed') })).status, 401);
    assert.equal((await daemon.ask(signed('sdk-4', created('old'), new Date(Date.now() - 600e3)))).status, 401);
  });

  it('is believed when one of several signatures is right', async () => {
    const ask = signed('sdk-5', created('rotated'));
    ask.headers['webhook-signature'] = `v1,${Buffer.alloc(32).toString('base64')} ${ask.headers['webhook-signature']}`;
    assert.equal((await daemon.ask(ask)).status, 204);
    await wire.take({ type: 'message', text: 'rotated' });
  });

  it('verifies what kefud sends', async () => {
    daemon.platform.requests.length = 0;
    wire.send({ type: 'message', conversation, cid: 'r1', kind: 'text', text: '回复 <b>&</b> 😀' });
    await wire.take({ type: 'ack', cid: 'r1' });
    const request = await until(() => daemon.platform.requests.find((r) => r.body.includes('回复')), 'the reply');
    const event = library.verify(request.body, request.headers);
    assert.equal(event.type, 'message.send');
    assert.equal(event.data.text, '回复 <b>&</b> 😀');
    assert.throws(() => library.verify(request.body.replace('回复', '假冒'), request.headers));
    await wire.take({ type: 'status', conversation, state: 'sent' });
  });
});
