// Mail beside programs of others: nodemailer writes what comes in, smtp-server takes what goes out, mailparser reads it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { simpleParser } from 'mailparser';
import MailComposer from 'nodemailer/lib/mail-composer/index.js';
import { SMTPServer } from 'smtp-server';
import { Agent, House, until } from './house.mjs';

const basic = `Basic ${Buffer.from('u:a password').toString('base64')}`;

describe('mail beside nodemailer, mailparser and smtp-server', () => {
  let relay, house, agent, talk;
  const got = []; // {from, to, user, mail}

  before(async () => {
    relay = new SMTPServer({
      disabledCommands: ['STARTTLS'],
      authMethods: ['PLAIN'],
      allowInsecureAuth: true,
      onAuth: (auth, session, done) => (auth.password === 'päss w0rd' ? done(null, { user: auth.username }) : done(new Error('no'))),
      async onData(stream, session, done) {
        const mail = await simpleParser(stream);
        const { mailFrom, rcptTo } = session.envelope;
        got.push({ from: mailFrom.address, to: rcptTo[0].address, user: session.user, mail });
        done();
      },
    });
    relay.listen(0, '127.0.0.1');
    await once(relay.server, 'listening');
    const settings = () => ({
      provider: 'sendgrid',
      user: 'u',
      password: 'a password',
      address: 'support@in.shop.example',
      name: 'Läden & Söhne',
      token_secret: 'sixteen bytes or more of it',
      relay: `smtp://127.0.0.1:${relay.server.address().port}`,
      relay_user: 'relay',
      relay_password: 'päss w0rd',
      relay_tls: false,
    });
    house = await House.open({ accounts: { mail: { row: { settings }, at: '' } } });
    agent = await Agent.open(house);
  });
  after(async () => {
    agent?.close();
    await house?.close();
    relay?.close();
  });

  /** Brings what nodemailer has composed, as SendGrid's raw form. */
  async function brings(message, to = 'support@in.shop.example') {
    const raw = await new Promise((resolve, reject) => new MailComposer(message).compile().build((e, b) => (e ? reject(e) : resolve(b))));
    const form = new FormData();
    form.set('envelope', JSON.stringify({ to: [to], from: 'eva@mail.example' }));
    form.set('email', raw.toString('latin1') === raw.toString() ? raw.toString() : new Blob([raw]));
    const answer = await fetch(house.hook('mail'), { method: 'POST', headers: { Authorization: basic }, body: form });
    assert.equal(answer.status, 200);
  }

  const mailed = (fits) => until(() => got.find(fits), 'a mail');

  it('reads what nodemailer writes', async () => {
    const picture = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
    await brings({
      from: '"Näf, Eva" <eva@mail.example>',
      to: 'support@in.shop.example',
      subject: '价格 – wo ist die Bestellung mit dem sehr langen Betreff, der umgebrochen werden muss?',
      messageId: '<first@mail.example>',
      text: 'Grüße 你好\n\nOn Mon, Shop wrote:\n> soon',
      html: '<p>Grüße 你好</p>',
      attachments: [
        { filename: '报价单 mit einem langen Namen für die Fortsetzung.png', content: picture, contentType: 'image/png' },
        { filename: 'a.txt', content: 'zwei' },
      ],
    });
    const subject = '价格 – wo ist die Bestellung mit dem sehr langen Betreff, der umgebrochen werden muss?';
    const { conversation } = await agent.take({ type: 'assigned' });
    talk = conversation.id;
    const all = (await agent.history(talk)).filter((m) => m.from.role === 'visitor');
    assert.equal(all[0].text, `${subject}\nGrüße 你好`);
    assert.equal(all[0].from.name, 'Näf, Eva');
    assert.equal(all[0].quoted, 'On Mon, Shop wrote:\n> soon');
    assert.deepEqual(all.map((m) => m.file?.name), ['报价单 mit einem langen Namen für die Fortsetzung.png', 'a.txt']);
  });

  it('writes what mailparser reads, in its thread', async () => {
    const conversation = talk;
    const text = '您好！\n.\n..two dots\nFrom here on\n' + 'lang '.repeat(60) + '\nende =';
    const { seq } = await agent.act({ type: 'message', conversation, kind: 'text', text });
    assert.equal((await agent.ended(conversation, seq)).state, 'sent');
    const { from, to, user, mail } = await mailed((m) => m.mail.text.includes('two dots'));
    assert.deepEqual([from, to, user], ['support@in.shop.example', 'eva@mail.example', 'relay']);
    assert.equal(mail.text.trimEnd(), text);
    assert.match(mail.subject, /^Re: 价格 – wo ist die Bestellung/);
    assert.equal(mail.inReplyTo, '<first@mail.example>');
    assert.deepEqual([mail.references].flat(), ['<first@mail.example>']);
    assert.deepEqual(mail.from.value, [{ name: 'Ann', address: 'support@in.shop.example' }]);
    const greeting = await mailed((m) => m.mail.headers.get('auto-submitted') === 'auto-replied');
    assert.equal(greeting.mail.from.value[0].name, 'Läden & Söhne');
    assert.ok(greeting.mail.headers.get('list').unsubscribe.mail);

    /* Back by nodemailer's own threading. */
    await brings({ from: 'eva@mail.example', to: mail.replyTo.text, inReplyTo: mail.messageId, references: [mail.messageId], text: 'thank you' });
    assert.equal((await agent.take({ type: 'message', text: 'thank you' })).conversation, conversation);
  });

  it('sends files that mailparser finds whole', async () => {
    const conversation = talk;
    const bytes = Buffer.alloc(100000, 'all kinds of bytes \x00\r\n.\r\n');
    const upload = await fetch(`${agent.node.origin}/files?site=shop&name=${encodeURIComponent('结果 "1".bin')}`, {
      method: 'POST',
      headers: { Cookie: agent.cookie, 'X-CSRF-Token': agent.csrf, Origin: agent.node.origin },
      body: bytes,
    });
    const { seq } = await agent.act({ type: 'message', conversation, kind: 'file', text: '', file: (await upload.json()).id });
    assert.equal((await agent.ended(conversation, seq)).state, 'sent');
    const { mail } = await mailed((m) => m.mail.attachments.length);
    assert.equal(mail.attachments[0].filename, '结果 "1".bin');
    assert.deepEqual(mail.attachments[0].content, bytes);
  });
});
