// The platform that does not exist (protocols/fake.h), with its oddities.
import { createHash, createHmac } from 'node:crypto';

const TOKEN = 'shared-token';
const SECRET = 'very-secret';
let nonces = 0;

function signed(at, body) {
  const nonce = `n${++nonces}`;
  const stamp = String(Math.floor(at / 1000));
  const parts = [TOKEN, stamp, nonce, body].map((x) => Buffer.from(x)).sort(Buffer.compare);
  const signature = createHash('sha256').update(Buffer.concat(parts)).digest('hex');
  return `signature=${signature}&timestamp=${stamp}&nonce=${nonce}`;
}

export default {
  name: 'fake',
  holds_ms: 3000,
  stages: ['token', 'upload', 'media'],
  any: ['media'],
  open: ['media'],
  settings: (at) => ({ url: `${at}/api`, app: 'our-app', secret: SECRET, token: TOKEN }),
  message(p, { user, id, text, at, picture }) {
    const number = [...createHash('sha256').update(id).digest().subarray(0, 6)].reduce((n, b) => n * 256 + b, 0);
    const body = JSON.stringify({
      to: 'shop',
      from: user,
      at: Math.floor(at / 1000),
      id: number,
      kind: picture ? 'image' : 'text',
      ...(picture ? { media: picture } : { text }),
      name: user,
      handle: `h-${id}`,
      handle_s: 3600,
    });
    return { query: signed(at, body), body };
  },
  read(call) {
    if (call.path === '/api/token') return { what: 'token' };
    if (call.path === '/api/send') return { what: 'send', text: call.json.text, user: call.json.to, picture: call.json.media ?? call.json.url };
    if (call.path === '/api/upload') return { what: 'upload' };
    if (call.path === '/api/media') return { what: 'media' };
    return { what: call.path === '/api/pull' ? 'pull' : 'quiet' };
  },
  answer(p, call) {
    switch (call.what) {
      case 'token': {
        const { challenge, proof } = call.json;
        if (!challenge) return { body: { challenge: 'prove-it' } };
        if (proof !== createHmac('sha256', SECRET).update(challenge).digest('hex')) return { status: 403, body: {} };
        return { body: { token: `token-${++p.count}`, expires_in: '7200' } };
      }
      case 'pull':
        return { body: { code: 0, items: p.inbox.splice(0), next: '', more: 0 } };
      case 'upload':
        p.stock.set('up', call.raw);
        return { body: { code: 0, media: 'up' } };
      case 'media':
        return { headers: { 'Content-Type': 'image/png' }, body: p.stock.get(call.query.get('id')) };
      default:
        return { body: { code: 0 } };
    }
  },
  expired: () => ({ body: { code: 42001, msg: 'expired' } }),
  blocked: () => ({ body: { code: 43004, msg: 'the user has blocked you' }, words: 'the user has blocked you' }),
};
