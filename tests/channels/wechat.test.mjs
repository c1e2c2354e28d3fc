// A WeChat Official Account and WeCom's customer service, held against libraries of others: what @wecom/crypto and wechat-crypto seal, kefud
// opens, and the other way round; xml2js reads what it says; what co-wechat lets in, kefud lets in; what co-wechat-api asks of the platform,
// kefud asks for in the same words.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import CoWechat from 'co-wechat';
import WechatAPI from 'co-wechat-api';
import wecomCrypto from '@wecom/crypto';
import WXBizMsgCrypt from 'wechat-crypto';
import { parseStringPromise } from 'xml2js';
import { until } from './house.mjs';
import { Peer, sendFile } from './peers.mjs';
import wechat, { settings, sign } from './rows/wechat.mjs';
import wecom from './rows/wecom-kf.mjs';

const { token, encoding_aes_key: key, app_id: app } = settings;
let nonces = 1000;

/** The two libraries, as one: signature, seal, open. */
const sealers = {
  '@wecom/crypto': {
    sign: (by, timestamp, nonce, text) => wecomCrypto.getSignature(by, timestamp, nonce, text),
    seal: (document, receiver) => wecomCrypto.encrypt(key, document, receiver),
    open: (text) => wecomCrypto.decrypt(key, text),
  },
  'wechat-crypto': {
    sign: (by, timestamp, nonce, text) => new WXBizMsgCrypt(by, key, app).getSignature(timestamp, nonce, text),
    seal: (document, receiver) => new WXBizMsgCrypt(token, key, receiver).encrypt(document),
    open: (text) => new WXBizMsgCrypt(token, key, app).decrypt(text),
  },
};

/** A post whose contents a library has sealed and signed. */
function sealed(document, { receiver = app, by = token, library = '@wecom/crypto' } = {}) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const nonce = String(++nonces);
  const text = sealers[library].seal(document, receiver);
  const signature = sealers[library].sign(by, timestamp, nonce, text);
  const query = { signature: sign(timestamp, nonce), timestamp, nonce, encrypt_type: 'aes', msg_signature: signature };
  return {
    query: new URLSearchParams(query).toString(),
    headers: { 'Content-Type': 'text/xml' },
    body: `<xml><ToUserName><![CDATA[gh_4b1d7e90c2aa]]></ToUserName><Encrypt><![CDATA[${text}]]></Encrypt></xml>`,
  };
}

const words = (user, id, text) =>
  `<xml><ToUserName><![CDATA[gh_4b1d7e90c2aa]]></ToUserName><FromUserName><![CDATA[${user}]]></FromUserName>` +
  `<CreateTime>${Math.floor(Date.now() / 1000)}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[${text}]]></Content><MsgId>${id}</MsgId></xml>`;

describe('WeChat beside @wecom/crypto, wechat-crypto, co-wechat and co-wechat-api', () => {
  const conversations = {};
  let messages = 100;
  let peer, api;

  before(async () => {
    peer = await Peer.open(wechat);
    api = new WechatAPI(app, settings.app_secret, async () => ({ accessToken: 'theirs', expireTime: Date.now() + 3600000 }));
    api.prefix = `${peer.account.at}/cgi-bin/`;
  });
  after(() => peer?.close());

  for (const [library, { sign: signature, open }] of Object.entries(sealers))
    it(`opens what ${library} has sealed, and seals what it opens`, async () => {
      const user = `of ${library}`;
      const text = `你好 <b> & ]] 😀 ${library}`;
      const answer = await peer.post(sealed(words(user, ++messages, text), { library }));
      assert.equal(answer.status, 200);
      conversations[user] = await peer.agent.conversationOf(text);
      /* The first words are answered at once, inside of the answer. */
      const { xml: outer } = await parseStringPromise(answer.text, { explicitArray: false, trim: false });
      assert.equal(signature(token, outer.TimeStamp, outer.Nonce, outer.Encrypt), outer.MsgSignature);
      const { message, id } = open(outer.Encrypt);
      assert.equal(id, app);
      const { xml } = await parseStringPromise(message, { explicitArray: false, trim: false });
      assert.deepEqual([xml.ToUserName, xml.FromUserName, xml.MsgType], [user, 'gh_4b1d7e90c2aa', 'text']);
      assert.ok(xml.Content && Math.abs(Number(xml.CreateTime) * 1000 - Date.now()) < 600000, message);
    });

  it('answers with a picture as co-wechat does', async () => {
    const element = (document, name) => new RegExp(`<${name}>(?:<!\\[CDATA\\[)?([^\\]<]*)`).exec(document)?.[1];
    const inside = (sealedAnswer) => sealers['@wecom/crypto'].open(element(sealedAnswer, 'Encrypt')).message;
    const bare = (document) => document.replace(/<CreateTime>.*<\/CreateTime>/, '').replace(/\s/g, '');
    /* It rides if it has been taken there within the two seconds of an answer; a machine that is slower is asked once more. */
    const [[user, conversation]] = Object.entries(conversations);
    let ours;
    for (let turn = 0; !ours; turn++) {
      assert.ok(turn < 8, 'no picture has ridden in an answer');
      const asks = peer.post(sealed(words(user, ++messages, `有图吗 ${turn}`)));
      await peer.agent.conversationOf(`有图吗 ${turn}`);
      await sendFile(peer, conversation, 'a.png', Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, turn]), 'image');
      const { text } = await asks;
      ours = text === 'success' ? undefined : inside(text);
    }
    const mediaId = element(ours, 'MediaId');
    assert.ok(peer.calls.some((c) => c.path === '/cgi-bin/media/upload'));
    assert.ok(mediaId);
    const made = sealed(words(user, ++messages, '有图吗'));
    const ctx = { method: 'POST', query: Object.fromEntries(new URLSearchParams(made.query)), request: { body: made.body }, status: 200 };
    await new CoWechat({ token, appid: app, encodingAESKey: key }).middleware(async () => ({ type: 'image', content: { mediaId } }))(ctx);
    assert.equal(bare(ours), bare(inside(ctx.body)));
  });

  it('lets in what co-wechat lets in, and nothing else', async () => {
    const middleware = new CoWechat({ token, appid: app, encodingAESKey: key }).middleware(async () => '');
    const theirs = async (made, method) => {
      const ctx = { method, query: Object.fromEntries(new URLSearchParams(made.query)), request: { body: made.body }, status: 200 };
      try {
        await middleware(ctx);
      } catch {
        ctx.status = 500; // it cannot read it
      }
      return ctx;
    };
    const other = (made, name, value) => {
      const query = new URLSearchParams(made.query);
      if (value === undefined) query.delete(name);
      else query.set(name, value);
      return { ...made, query: query.toString() };
    };
    const rows = {
      right: sealed(words('mika', 2, 'right')),
      'signed by another token': sealed(words('mika', 3, 'no'), { by: `${token}x` }),
      'at another time': other(sealed(words('mika', 4, 'no')), 'timestamp', '1'),
      'with another nonce': other(sealed(words('mika', 5, 'no')), 'nonce', '1'),
      'with another signature': other(sealed(words('mika', 6, 'no')), 'msg_signature', '0'.repeat(40)),
      'with other contents': { ...sealed(words('mika', 7, 'no')), body: sealed(words('mika', 8, 'no')).body },
    };
    for (const [name, made] of Object.entries(rows)) {
      const ours = await peer.post(made);
      assert.equal(ours.status === 200, (await theirs(made, 'POST')).status === 200, `${name}: ${ours.status} ${ours.text}`);
    }
    /* Whom it is for the libraries leave to others. */
    assert.equal((await peer.post(sealed(words('mika', 9, 'no'), { receiver: 'wx0000000000000000' }))).status, 401);

    const timestamp = '1718000000';
    const nonce = '77';
    for (const signature of [sign(timestamp, nonce), '0'.repeat(40)]) {
      const asked = { method: 'GET', query: new URLSearchParams({ signature, timestamp, nonce, echostr: 'a+b 1' }).toString() };
      const [ours, ctx] = [await peer.post(asked), await theirs(asked, 'GET')];
      assert.equal(ours.status === 200 ? ours.text : null, ctx.status === 200 ? ctx.body : null);
    }
  });

  it('says what co-wechat-api says', async () => {
    const text = '在的 "quoted" \\ <a>\nsecond line 😀';
    const [[user, conversation]] = Object.entries(conversations);
    await peer.agent.act({ type: 'message', conversation, kind: 'text', text });
    const ours = await peer.call((c) => c.path === '/cgi-bin/message/custom/send' && c.json.text?.content === text, 'the message');
    peer.calls.length = 0;
    await api.sendText(user, text);
    const theirs = peer.calls.find((c) => c.path === '/cgi-bin/message/custom/send');
    assert.equal(ours.method, theirs.method);
    assert.deepEqual(ours.json, theirs.json);
  });

  it('asks at the address where co-wechat-api asks', async () => {
    const { ip_list: list } = await api.getIp();
    assert.ok(list.length);
    peer.calls.length = 0;
    await peer.house.nodes[0].operate({ method: 'POST', path: '/api/v1/sites/shop/channels/wechat/test', body: {} });
    assert.ok(peer.calls.some((c) => c.path === '/cgi-bin/getcallbackip' && c.method === 'GET' && c.query.get('access_token').startsWith('token-')));
  });
});

describe('WeCom beside @wecom/crypto and wechat-crypto', () => {
  let peer;

  before(async () => (peer = await Peer.open(wecom)));
  after(() => peer?.close());

  /** The address with which WeCom asks whether we are there. */
  function asked(text, { receiver = app, by = token, library }) {
    const timestamp = '1718000000';
    const nonce = String(++nonces);
    const echostr = sealers[library].seal(text, receiver);
    const signature = sealers[library].sign(by, timestamp, nonce, echostr);
    return { method: 'GET', query: new URLSearchParams({ msg_signature: signature, timestamp, nonce, echostr }).toString() };
  }

  for (const library of Object.keys(sealers))
    it(`echoes what ${library} has sealed, and nobody else`, async () => {
      for (const text of ['1616140317555161061', '一个+ /=', 'x'.repeat(33)]) {
        const answer = await peer.post(asked(text, { library }));
        assert.deepEqual([answer.status, answer.text], [200, text]);
      }
      assert.equal((await peer.post(asked('1', { by: `${token}x`, library }))).status, 403);
      assert.equal((await peer.post(asked('1', { receiver: 'ww0000000000000000', library }))).status, 403);
    });

  it('fetches what a sealed notice tells of', async () => {
    const text = '请问有人吗';
    wecom.message(peer.account, { user: 'wmIda', id: 'kfm_1', text, at: Date.now() });
    const notice =
      `<xml><ToUserName><![CDATA[${app}]]></ToUserName><CreateTime>1</CreateTime><MsgType><![CDATA[event]]></MsgType>` +
      '<Event><![CDATA[kf_msg_or_event]]></Event><Token><![CDATA[ENCq7LmR]]></Token><OpenKfId><![CDATA[wkOne]]></OpenKfId></xml>';
    const pull = (c) => c.path === '/cgi-bin/kf/sync_msg' && c.json.token === 'ENCq7LmR';
    // Before this node has the lease a notice is a hint without its token: so it is repeated, as by the platform.
    await until(async () => {
      assert.equal((await peer.post(sealed(notice))).status, 200);
      return peer.calls.some(pull);
    }, 'a pull with the token of the notice');
    await peer.agent.conversationOf(text);
    assert.equal(peer.calls.find(pull).json.open_kfid, 'wkOne');
  });
});
