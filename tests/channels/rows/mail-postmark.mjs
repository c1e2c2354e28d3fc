// Mail that Postmark brings, as JSON, behind a user and a password.
import { OURS, heads, mail } from './mail.mjs';

export default {
  ...mail,
  name: 'mail-postmark',
  settings: (at, relay) => ({ ...mail.settings(at, relay), provider: 'postmark', user: 'postmark', password: 'a:password' }),
  message(p, m) {
    const body = JSON.stringify({
      From: m.user,
      FromFull: { Email: m.user, Name: '', MailboxHash: '' },
      ToFull: [{ Email: OURS, Name: '', MailboxHash: '' }],
      OriginalRecipient: OURS,
      Subject: '',
      MessageID: `postmark-${m.id}`,
      MailboxHash: '',
      Date: new Date(m.at).toUTCString(),
      TextBody: m.text,
      HtmlBody: '',
      StrippedTextReply: m.text,
      Headers: heads(m).map(([Name, Value]) => ({ Name, Value })),
      Attachments: [],
    });
    return { headers: { 'Content-Type': 'application/json', Authorization: `Basic ${Buffer.from('postmark:a:password').toString('base64')}` }, body };
  },
};
