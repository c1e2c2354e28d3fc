// A QQ bot: Ed25519 over the time and the body, a token that is fetched, five counted replies to each message.
import { createPrivateKey, sign } from 'node:crypto';

const SECRET = 'rT5wQ8zLm2Xc9VbN';
const seed = Buffer.from(SECRET.repeat(4)).subarray(0, 32);
const key = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8' });

/** A request as the platform signs it. */
export function signed(body) {
  const at = String(Math.floor(Date.now() / 1000));
  return {
    headers: {
      'Content-Type': 'application/json',
      'User-Agent': 'QQBot-Callback',
      'X-Bot-Appid': '102345678',
      'X-Signature-Timestamp': at,
      'X-Signature-Ed25519': sign(null, Buffer.from(at + body), key).toString('hex'),
    },
    body,
  };
}

export default {
  name: 'qq',
  stages: ['token', 'upload', 'media'],
  any: ['media'],
  open: ['media'],
  settings: (at) => ({ app_id: '102345678', app_secret: SECRET, url: at, token_url: at }),
  message(p, { user, id, text, at, picture }) {
    const d = {
      id: `ROBOT1.0_${id}`,
      author: { user_openid: user },
      content: text,
      timestamp: new Date(at).toISOString(),
      ...(picture ? { attachments: [{ content_type: 'image/png', filename: 'p.png', url: `${p.at}/stock/${picture}` }] } : {}),
    };
    return signed(JSON.stringify({ id: `C2C_MESSAGE_CREATE:${d.id}`, op: 0, t: 'C2C_MESSAGE_CREATE', d }));
  },
  taken: (answer) => answer.status === 200 && answer.text === '{"op":12,"d":0}',
  read(call) {
    const [, user, what] = /^\/v2\/users\/([^/]+)\/(messages|files)$/.exec(call.path) ?? [];
    if (call.path === '/app/getAppAccessToken') return { what: 'token' };
    if (call.path.startsWith('/stock/')) return { what: 'media' };
    if (what === 'files') return { what: 'upload', user, picture: call.json.url };
    if (what === 'messages') return { what: 'send', user, text: call.json.content, picture: call.json.media?.file_info };
    return { what: 'quiet' };
  },
  answer(p, call) {
    if (call.what === 'token') return { body: { access_token: `T${++p.count}`, expires_in: '7200' } };
    if (call.what === 'media') return { headers: { 'Content-Type': 'image/png' }, body: p.stock.get(call.path.slice('/stock/'.length)) };
    if (call.what === 'upload') return { body: { file_uuid: 'u', file_info: call.json.url, ttl: 0 } };
    return { body: { id: `ROBOT1.0_out.${++p.count}`, timestamp: Date.now() } };
  },
  met: { words: 'the bot is 小林', answers: { '/users/@me': { id: '42', username: '小林' } } },
  expired: () => ({ status: 401, body: { code: 11244, message: 'token not exist or expire' } }),
  blocked: () => ({ status: 400, body: { code: 304025, message: 'the content is not allowed here' }, words: 'the content is not allowed here' }),
};
