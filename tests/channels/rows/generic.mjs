// Standard Webhooks, both ways.
import { createHmac } from 'node:crypto';

const KEY = Buffer.from('a secret of thirty-two bytes ...');
const SECRET = `whsec_${KEY.toString('base64')}`;

export default {
  name: 'generic',
  idempotent: true,
  stages: ['media'],
  any: ['media'],
  open: ['media'],
  settings: (at) => ({ url: `${at}/kefud`, secrets: [SECRET], send_secrets: [SECRET] }),
  message(p, { user, id, text, at, picture }) {
    const body = JSON.stringify({
      type: 'message.created',
      timestamp: new Date(at).toISOString(),
      data: {
        id,
        user: { id: user, name: user },
        type: picture ? 'image' : 'text',
        text,
        ...(picture ? { attachments: [{ type: 'image', url: `${p.at}/stock/${picture}`, mime: 'image/png' }] } : {}),
      },
    });
    const now = String(Math.floor(Date.now() / 1000));
    const signature = createHmac('sha256', KEY).update(`evt_${id}.${now}.${body}`).digest('base64');
    return { headers: { 'webhook-id': `evt_${id}`, 'webhook-timestamp': now, 'webhook-signature': `v1,${signature}`, 'Content-Type': 'application/json' }, body };
  },
  read(call) {
    if (call.path.startsWith('/stock/')) return { what: 'media' };
    const { type, data } = call.json;
    if (type !== 'message.send') return { what: 'quiet' };
    return { what: 'send', text: data.text, user: data.user.id, key: call.headers['webhook-id'], picture: data.attachments?.[0]?.url };
  },
  answer(p, call) {
    if (call.what === 'media') return { headers: { 'Content-Type': 'image/png' }, body: p.stock.get(call.path.slice('/stock/'.length)) };
    return { body: { id: `theirs-${++p.count}` } };
  },
  blocked: () => ({ status: 409, body: { error: { code: 'user_blocked', message: 'the user has left us' } }, words: 'the user has left us' }),
  /* Any 2xx is enough. */
  outcome: { garbage: 'sent' },
};
