// A number of WhatsApp through Meta's Cloud API: signed bodies, a Bearer token, ids that come back with statuses.
import { createHmac } from 'node:crypto';

const NUMBER = '209715200000002';
const TOKEN = 'EAAtest-token';
const SECRET = 'kefud-wa-app-secret-01';

/** The file in a form. */
function fileOf(raw) {
  const text = raw.toString('latin1');
  const from = text.indexOf('\r\n\r\n', text.indexOf('filename=')) + 4;
  return Buffer.from(text.slice(from, text.lastIndexOf('\r\n--')), 'latin1');
}

export default {
  name: 'whatsapp',
  stages: ['upload', 'media', 'file'],
  any: ['file'],
  user: (name) => `US.${Buffer.from(name).toString('hex')}`,
  settings: (at) => ({ number: NUMBER, token: TOKEN, app_secrets: [SECRET], verify_token: 'kefud-verify-01', url: at }),
  message(p, { user, id, text, at, picture }) {
    const message = {
      from_user_id: user,
      id: `wamid.${id}`,
      timestamp: String(Math.floor(at / 1000)),
      ...(picture ? { type: 'image', image: { id: picture, mime_type: 'image/png', caption: text } } : { type: 'text', text: { body: text } }),
    };
    const value = { messaging_product: 'whatsapp', metadata: { phone_number_id: NUMBER }, contacts: [{ profile: { name: user }, user_id: user }], messages: [message] };
    const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '1', changes: [{ field: 'messages', value }] }] });
    return { headers: { 'Content-Type': 'application/json', 'X-Hub-Signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}` }, body };
  },
  read(call) {
    if (call.headers.authorization !== `Bearer ${TOKEN}`) throw new Error(`${call.path} without its token`);
    if (call.path.endsWith('/media')) return { what: 'upload' };
    if (!call.path.endsWith('/messages')) return { what: call.path.startsWith('/lookaside/') ? 'file' : 'media' };
    const { type, text, image, recipient, to } = call.json;
    if (!type) return { what: 'quiet' };
    return { what: 'send', text: text?.body ?? image?.caption, user: recipient ?? to, picture: image?.id };
  },
  answer(p, call) {
    switch (call.what) {
      case 'upload':
        p.stock.set('up', fileOf(call.raw));
        return { body: { id: 'up' } };
      case 'media':
        return { body: { url: `${p.at}/lookaside/${call.path.split('/').pop()}`, mime_type: 'image/png' } };
      case 'file':
        return { headers: { 'Content-Type': 'image/png' }, body: p.stock.get(call.path.split('/').pop()) };
      case 'send':
        return { body: { messaging_product: 'whatsapp', messages: [{ id: `wamid.out${++p.count}` }] } };
      default:
        return { body: { success: true } };
    }
  },
  met: {
    words: '+1 555 0100, Kefud, quality GREEN',
    answers: { [`/v24.0/${NUMBER}`]: { verified_name: 'Kefud', display_phone_number: '+1 555 0100', quality_rating: 'GREEN' } },
  },
  blocked: () => ({
    status: 400,
    body: { error: { message: '(#131026) Message undeliverable', code: 131026, error_data: { details: 'Message Undeliverable.' } } },
    words: 'Message Undeliverable',
  }),
};
