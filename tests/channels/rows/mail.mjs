// Mail that Mailgun brings, as a form that is signed by fields of its own. What goes out is SMTP: no key for a repeat, no word of when to come
// again. The other two providers' rows differ in how they bring it.
import { createHmac, randomBytes } from 'node:crypto';

const KEY = 'key-kefud-mailgun-signing-01';
const API_KEY = 'key-kefud-mailgun-api-01';
export const OURS = 'support@in.shop.example';

/** All that the rows of mail have in common. */
export const mail = {
  adapter: 'mail',
  smtp: true,
  says_when: false,
  login: ['relay', 'päss w0rd'],
  user: (name) => `${name}@mail.example`,
  settings: (at, relay) => ({
    address: OURS,
    token_secret: 'sixteen bytes or more of it',
    relay,
    relay_user: mail.login[0],
    relay_password: mail.login[1],
    relay_tls: false,
    relay_wait: 5,
  }),
  met: { words: 'the relay lets us in as relay' },
  read: () => ({ what: 'quiet' }),
  answer: () => ({}),
  blocked: () => ({ reply: '550 5.1.1 nobody of that name lives here', words: 'nobody of that name lives here' }),
};

/** The headers of a mail: all that somebody says is one thread. */
export function heads({ user, id, at }) {
  return [
    ['Message-Id', `<${id}@mail.example>`],
    ['From', user],
    ['To', OURS],
    ['Date', new Date(at).toUTCString()],
    ['References', `<thread-of-${user}>`],
  ];
}

export default {
  ...mail,
  name: 'mail',
  stages: ['media'], // a route that stores
  any: ['media'],
  settings: (at, relay) => ({ ...mail.settings(at, relay), provider: 'mailgun', signing_keys: [KEY], api_key: API_KEY, storage_hosts: [new URL(at).host] }),
  read(call) {
    if (!call.path.startsWith('/storage/')) return { what: 'quiet' };
    if (call.headers.authorization !== `Basic ${Buffer.from(`api:${API_KEY}`).toString('base64')}`) throw new Error(`${call.path} without its key`);
    return { what: 'media' };
  },
  answer: (p, call) => (call.what === 'media' ? { headers: { 'Content-Type': 'image/png' }, body: p.stock.get(call.path.split('/').pop()) } : {}),
  message(p, m) {
    const timestamp = String(Math.floor(Date.now() / 1000));
    const token = randomBytes(25).toString('hex');
    const form = new URLSearchParams({
      recipient: OURS,
      sender: m.user,
      from: m.user,
      subject: '',
      'body-plain': m.quote ? `${m.text}\n\n${m.quote}` : m.text,
      'stripped-text': m.text,
      'message-headers': JSON.stringify(heads(m)),
      ...(m.picture ? { attachments: JSON.stringify([{ url: `${p.at}/storage/${m.picture}`, 'content-type': 'image/png', name: 'p.png', size: 80 }]) } : {}),
      timestamp,
      token,
      signature: createHmac('sha256', KEY).update(timestamp + token).digest('hex'),
    });
    return { headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: form.toString() };
  },
};
