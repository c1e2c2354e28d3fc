// QQ: what a tap on a button leads to.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Peer } from './peers.mjs';
import row, { signed } from './rows/qq.mjs';

describe('a QQ bot', () => {
  let peer;

  before(async () => (peer = await Peer.open(row)));
  after(() => peer?.close());

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
