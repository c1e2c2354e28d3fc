// Mail beside programs of others: nodemailer writes what comes in, smtp-server takes what goes out, mailparser reads it; and SendGrid's own
// library says who has signed.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { EventWebhook, EventWebhookHeader } from '@sendgrid/eventwebhook';
import { simpleParser } from 'mailparser';
import MailComposer from 'nodemailer/lib/mail-composer/index.js';
import { SMTPServer } from 'smtp-server';
import ecdsa from 'starkbank-ecdsa';
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

describe('mail beside @sendgrid/eventwebhook', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const base64 = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const theirs = ecdsa.PrivateKey.fromPem(privateKey.export({ type: 'sec1', format: 'pem' }));
  const webhook = new EventWebhook();
  let house, agent;

  before(async () => {
    const settings = () => ({
      provider: 'sendgrid',
      public_keys: [base64],
      address: 'support@in.shop.example',
      token_secret: 'sixteen bytes or more of it',
      relay: 'smtp://127.0.0.1:9',
    });
    house = await House.open({ accounts: { mail: { row: { settings }, at: '' } } });
    agent = await Agent.open(house);
  });
  after(async () => {
    agent?.close();
    await house?.close();
  });

  /** A mail as Inbound Parse posts it. */
  function form(id, text) {
    const raw = `From: eva@mail.example\r\nMessage-ID: <${id}@mail.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text}`;
    const fields = { envelope: JSON.stringify({ to: ['support@in.shop.example'], from: 'eva@mail.example' }), email: raw };
    return `${Object.entries(fields)
      .map(([name, value]) => `--xYzZY\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
      .join('')}--xYzZY--\r\n`;
  }

  async function post({ body, stamp, signature }) {
    const headers = { 'Content-Type': 'multipart/form-data; boundary=xYzZY', [EventWebhookHeader.TIMESTAMP()]: stamp, [EventWebhookHeader.SIGNATURE()]: signature };
    return (await fetch(house.hook('mail'), { method: 'POST', headers, body })).status;
  }

  const signed = (id, text) => {
    const body = form(id, text);
    const stamp = String(Math.floor(Date.now() / 1000));
    return { body, stamp, signature: ecdsa.Ecdsa.sign(stamp + body, theirs).toBase64() };
  };

  it('believes what it believes, and nothing else', async () => {
    const key = webhook.convertPublicKeyToECDSA(base64);
    const other = signed('s0', 'of another one');
    const rows = {
      right: signed('s1', 'signed by their library 你好'),
      'with another body': { ...signed('s2', 'no'), body: form('s2', 'yes') },
      'at another time': { ...signed('s3', 'no'), stamp: '1789990000' },
      'with the signature of another mail': { ...signed('s4', 'no'), signature: other.signature },
      'by another key': (() => {
        const body = form('s5', 'no');
        const stamp = '1789990000';
        const stranger = ecdsa.PrivateKey.fromPem(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export({ type: 'sec1', format: 'pem' }));
        return { body, stamp, signature: ecdsa.Ecdsa.sign(stamp + body, stranger).toBase64() };
      })(),
    };
    for (const [name, row] of Object.entries(rows)) {
      const believed = webhook.verifySignature(key, row.body, row.signature, row.stamp);
      assert.equal(believed, name === 'right', `${name}: the library`);
      assert.equal(await post(row), believed ? 200 : 401, name);
    }
    await agent.conversationOf('signed by their library 你好');
  });
});
