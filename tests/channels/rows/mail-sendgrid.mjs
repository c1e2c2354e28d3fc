// Mail that SendGrid's Inbound Parse brings, whole and signed: ECDSA over the time and the raw body.
import { generateKeyPairSync, sign } from 'node:crypto';
import { OURS, heads, mail } from './mail.mjs';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const EDGE = 'xYzZY';

export default {
  ...mail,
  name: 'mail-sendgrid',
  settings: (at, relay) => ({
    ...mail.settings(at, relay),
    provider: 'sendgrid',
    public_keys: [publicKey.export({ type: 'spki', format: 'der' }).toString('base64')],
  }),
  message(p, m) {
    const raw = [...heads(m).map(([name, value]) => `${name}: ${value}`), 'Content-Type: text/plain; charset=utf-8', '', m.text].join('\r\n');
    const fields = { envelope: JSON.stringify({ to: [OURS], from: m.user }), email: raw };
    const body =
      Object.entries(fields)
        .map(([name, value]) => `--${EDGE}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
        .join('') + `--${EDGE}--\r\n`;
    const stamp = String(Math.floor(Date.now() / 1000));
    return {
      headers: {
        'Content-Type': `multipart/form-data; boundary=${EDGE}`,
        'X-Twilio-Email-Event-Webhook-Timestamp': stamp,
        'X-Twilio-Email-Event-Webhook-Signature': sign('sha256', Buffer.from(stamp + body), privateKey).toString('base64'),
      },
      body,
    };
  },
};
