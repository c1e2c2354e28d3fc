// QQ: signatures held against @noble/ed25519, both ways; and what a tap on a button leads to.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as ed25519 from '@noble/ed25519';
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
});
