// Telegram, held against two libraries of others: what they believe, kefud believes; what they ask for, kefud asks for in the same words.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { Api, Bot, InputFile, InputMediaBuilder, webhookCallback } from 'grammy';
import { Telegraf } from 'telegraf';
import { Peer, form, sendFile, vectors } from './peers.mjs';
import row from './rows/telegram.mjs';

const me = { id: 123456, is_bot: true, first_name: 'kefud', username: 'kefud_bot', can_join_groups: true, can_read_all_group_messages: false };
const { token, secrets } = row.settings('');
const ids = { user: row.user('ida'), number: Number(row.user('ida')) };

describe('a Telegram bot beside grammY and Telegraf', () => {
  let peer, api, conversation;

  before(async () => {
    peer = await Peer.open(row);
    api = new Api(token, { apiRoot: peer.account.at });
    conversation = await peer.talk({ user: ids.user, id: 'first', text: 'is anybody there' });
  });
  after(() => peer?.close());

  it('believes what both believe, and nothing else', async () => {
    const bot = new Bot(token, { botInfo: me });
    const grammy = webhookCallback(bot, 'std/http', { secretToken: secrets[0] });
    const telegraf = new Telegraf(token);
    telegraf.botInfo = me;
    const server = createServer(telegraf.webhookCallback('/hook', { secretToken: secrets[0] })).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const rows = vectors('telegram').filter((v) => v.kind === 'webhook');
    assert.ok(rows.length > 10);
    for (const { name, inputs } of rows) {
      const made = { method: 'POST', headers: inputs.headers, body: inputs.body };
      const theirs = await grammy(new Request('http://bot.example/hook', made));
      const others = await fetch(`http://127.0.0.1:${server.address().port}/hook`, made);
      const ours = await peer.post(made);
      assert.equal(ours.status, theirs.status, name);
      assert.equal(ours.status === 200, others.status === 200, name);
    }
    server.close();
  });

  it('acknowledges a tap in the words that grammY finds', async () => {
    const bot = new Bot(token, { botInfo: me, client: { canUseWebhookReply: (method) => method === 'answerCallbackQuery' } });
    bot.on('callback_query:data', (ctx) => ctx.answerCallbackQuery());
    const tap = vectors('telegram').find((v) => v.name === 'callback_query').inputs;
    const made = { method: 'POST', headers: tap.headers, body: tap.body.replace('880000007', '990000007') };
    const theirs = await (await webhookCallback(bot, 'std/http', { secretToken: secrets[0] })(new Request('http://bot.example/hook', made))).json();
    assert.deepEqual(JSON.parse((await peer.post(made)).text), theirs);
  });

  /** What `send` makes of the same server, and what kefud has made of it. */
  async function alike(method, fits, send, asks) {
    await asks();
    const ours = await peer.call((c) => c.path.endsWith(`/${method}`) && fits(c.json), method);
    peer.calls.length = 0;
    await send();
    const theirs = peer.calls.find((c) => c.path.endsWith(`/${method}`));
    assert.equal(ours.path, theirs.path);
    assert.deepEqual(ours.json, theirs.json);
  }

  it('says what grammY says', async () => {
    const text = 'Until <six> & a half *today* 👋🏽';
    await alike(
      'sendMessage',
      (json) => json.text === text,
      () => api.sendMessage(ids.number, text),
      () => peer.agent.act({ type: 'message', conversation, kind: 'text', text }),
    );
  });

  it('answers as grammY answers', async () => {
    const { messages } = { messages: await peer.agent.history(conversation) };
    const asked = messages.find((m) => m.text === 'is anybody there');
    const number = JSON.parse(row.message(peer.account, { user: ids.user, id: 'first', text: '', at: 0 }).body).message.message_id;
    await alike(
      'sendMessage',
      (json) => json.text === 'yes',
      () => api.sendMessage(ids.number, 'yes', { reply_parameters: { message_id: number, allow_sending_without_reply: true } }),
      () => peer.agent.act({ type: 'message', conversation, kind: 'text', text: 'yes', reply_to: asked.seq }),
    );
  });

  it('types as grammY types', async () => {
    await alike(
      'sendChatAction',
      () => true,
      () => api.sendChatAction(ids.number, 'typing'),
      async () => peer.agent.send({ type: 'typing', conversation, on: true }),
    );
  });

  it('sends a picture in a form that others read', async () => {
    const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x02', 'latin1'), Buffer.from([...Array(256).keys()])]);
    await sendFile(peer, conversation, 'lid%20%22x%22.png', png, 'image');
    const fields = await form(await peer.call((c) => c.path.endsWith('/sendPhoto'), 'a picture'));
    assert.equal(fields.get('chat_id'), ids.user);
    assert.equal(fields.get('photo').name, 'lid "x".png');
    assert.equal(fields.get('photo').type, 'image/png');
    assert.deepEqual(Buffer.from(await fields.get('photo').arrayBuffer()), png);
  });

  it('sends what is shown in one go as grammY sends it', async () => {
    const png = Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x02', 'latin1');
    const said = (media) => JSON.parse(media).map(({ media: at, ...m }) => ({ ...m, at: at.slice(0, 'attach://'.length) }));
    for (const [kind, name, bytes, build] of [
      ['image', 'a.png', png, InputMediaBuilder.photo],
      ['file', 'a.pdf', Buffer.from('%PDF-1.4\n'), InputMediaBuilder.document],
    ]) {
      peer.calls.length = 0;
      await Promise.all([1, 2].map(() => sendFile(peer, conversation, name, bytes, kind)));
      const ours = await peer.call((c) => c.path.endsWith('/sendMediaGroup'), `an album of ${kind}`);
      const fields = await form(ours);
      for (const { media } of JSON.parse(fields.get('media')))
        assert.deepEqual(Buffer.from(await fields.get(media.replace('attach://', '')).arrayBuffer()), bytes);
      peer.calls.length = 0;
      await api.sendMediaGroup(ids.number, [1, 2].map(() => build(new InputFile(bytes, name))));
      const theirs = peer.calls.find((c) => c.path.endsWith('/sendMediaGroup'));
      assert.equal(ours.path, theirs.path);
      assert.deepEqual(said(fields.get('media')), said(/name="media"\r\n\r\n(.*?)\r\n/.exec(theirs.raw.toString('latin1'))[1]));
    }
  });
});
