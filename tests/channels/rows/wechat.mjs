// A WeChat Official Account in safe mode: posts are XML in AES, signed; sends have no key, and no id comes back.
import { createCipheriv, createHash, randomBytes } from 'node:crypto';

const TOKEN = 'Kefud2026Token';
const KEY = 'Q5saW4j2yEykBcmuGibjvr1xfHiyh0SGMirZ4uPUC0J';
const APP = 'wx5d3f0c9a17be6e42';
const OURS = 'gh_4b1d7e90c2aa';
const key = Buffer.from(`${KEY}=`, 'base64');

export const settings = { app_id: APP, app_secret: 'very-secret', token: TOKEN, mode: 'safe', encoding_aes_key: KEY };

export const sign = (...parts) => createHash('sha1').update([TOKEN, ...parts].sort().join('')).digest('hex');

function seal(text) {
  const message = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  const clear = Buffer.concat([randomBytes(16), length, message, Buffer.from(APP)]);
  const pad = 32 - (clear.length % 32);
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([cipher.update(Buffer.concat([clear, Buffer.alloc(pad, pad)])), cipher.final()]).toString('base64');
}

/** A document as the platform posts it. */
export function made(document, at) {
  const sealed = seal(document);
  const stamp = String(Math.floor(at / 1000));
  const nonce = String(randomBytes(4).readUInt32BE());
  return {
    query: `signature=${sign(stamp, nonce)}&timestamp=${stamp}&nonce=${nonce}&encrypt_type=aes&msg_signature=${sign(stamp, nonce, sealed)}`,
    headers: { 'Content-Type': 'text/xml' },
    body: `<xml><ToUserName><![CDATA[${OURS}]]></ToUserName><Encrypt><![CDATA[${sealed}]]></Encrypt></xml>`,
  };
}

export default {
  name: 'wechat',
  stages: ['token', 'upload', 'media'],
  any: ['media'],
  holds_ms: 3000,
  settings: (at) => ({ ...settings, url: at }),
  message(p, { user, id, text, at, picture, voice }) {
    const number = createHash('sha256').update(id).digest().readBigUInt64BE() >> 1n;
    const content = voice
      ? `<MsgType>voice</MsgType><MediaId><![CDATA[${voice}]]></MediaId><Format>amr</Format>`
      : picture
      ? `<MsgType>image</MsgType><MediaId><![CDATA[${picture}]]></MediaId>`
      : `<MsgType>text</MsgType><Content><![CDATA[${text}]]></Content>`;
    const from = `<ToUserName><![CDATA[${OURS}]]></ToUserName><FromUserName><![CDATA[${user}]]></FromUserName>`;
    return made(`<xml>${from}<CreateTime>${Math.floor(at / 1000)}</CreateTime>${content}<MsgId>${number}</MsgId></xml>`, at);
  },
  read(call) {
    switch (call.path) {
      case '/cgi-bin/stable_token':
        return { what: 'token' };
      case '/cgi-bin/message/custom/send':
        return { what: 'send', text: call.json.text?.content, user: call.json.touser, picture: call.json.image?.media_id };
      case '/cgi-bin/media/upload':
        return { what: 'upload' };
      case '/cgi-bin/media/get':
        return { what: 'media' };
      default:
        return { what: 'quiet' };
    }
  },
  answer(p, call) {
    switch (call.what) {
      case 'token':
        return { body: { access_token: `token-${++p.count}`, expires_in: 7200 } };
      case 'upload': {
        const from = call.raw.indexOf('\r\n\r\n') + 4;
        p.stock.set('up', call.raw.subarray(from, call.raw.lastIndexOf('\r\n--')));
        return { body: { type: 'image', media_id: 'up', created_at: 1718000000 } };
      }
      case 'media':
        return { headers: { 'Content-Type': 'image/png' }, body: p.stock.get(call.query.get('media_id')) };
      default:
        return { body: { errcode: 0, errmsg: 'ok' } };
    }
  },
  met: { words: `${APP} may use the API; WeChat calls from 1 addresses`, answers: { '/cgi-bin/getcallbackip': { ip_list: ['192.0.2.1'] } } },
  expired: () => ({ body: { errcode: 42001, errmsg: 'access_token expired rid: 6672b0ab-00000000-11111111' } }),
  blocked: () => ({ body: { errcode: 43004, errmsg: 'require subscribe rid: 6672b0ab-00000000-22222222' }, words: 'require subscribe' }),
};
