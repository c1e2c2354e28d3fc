// What a platform has ready: an agent chooses a coupon or a page of a mini program while a reply is left; where none is, it stays in the list
// and does not go. WeChat and QQ are a small server of this test. The settings page writes such things down.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { signed } from '../channels/rows/qq.mjs';
import { agent, ask, at, axe, browse, closeTalk, House, leave, openTalk, picture } from './house.mjs';

const TOKEN = 'Kefud2026Token';
const NEW = { 'If-None-Match': '*' };
let house, browser, wechat, hook, qqHook;
let serial = 24565000000000000n;

async function api() {
  const asked = [];
  const server = createServer((req, res) => {
    const chunks = [];
    req.on('data', (c) => chunks.push(c));
    req.on('end', () => {
      const { pathname } = new URL(req.url, 'http://wechat');
      asked.push({ path: pathname, json: chunks.length ? JSON.parse(Buffer.concat(chunks)) : null });
      const looked = asked.at(-1).json?.content?.startsWith('请看');
      res.writeHead(looked ? 202 : 200, { 'Content-Type': 'application/json' });
      if (looked) res.end('{"code":304023,"message":"push message is waiting for audit now"}');
      else if (pathname.endsWith('/messages')) res.end('{"id":"ROBOT1.0_out","timestamp":1718200000}');
      else res.end(/token/i.test(pathname) ? '{"access_token":"T1","expires_in":7200}' : '{"errcode":0,"errmsg":"ok","msgid":7}');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { asked, url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

const sent = (kind) => wechat.asked.filter((a) => a.json?.msgtype === kind).map((a) => a.json[kind]);

async function until(look, what) {
  const end = Date.now() + 30_000;
  for (;;) {
    const got = await look();
    if (got) return got;
    if (Date.now() > end) throw new Error(`${what} did not come about`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// A follower who wrote so long ago.
async function writes(user, text, agoS = 60) {
  const [timestamp, nonce] = [String(Math.floor(Date.now() / 1000)), String(serial)];
  const signature = createHash('sha1').update([TOKEN, timestamp, nonce].sort().join('')).digest('hex');
  const body = `<xml><ToUserName>gh_1</ToUserName><FromUserName>${user}</FromUserName><CreateTime>${Number(timestamp) - agoS}</CreateTime><MsgType>text</MsgType><Content>${text}</Content><MsgId>${serial++}</MsgId></xml>`;
  const query = new URLSearchParams({ signature, timestamp, nonce, openid: user });
  const answer = await fetch(`${house.base}${hook}?${query}`, { method: 'POST', headers: { 'Content-Type': 'text/xml' }, body });
  assert.equal(answer.status, 200);
}

before(async () => {
  wechat = await api();
  house = await House.open('[channels]\nallow_http = yes\nallow_private = yes\n');
  browser = await browse();
  const admin = await at(browser, house, 'admin', '/admin/');
  await admin.locator('input[type=password]').waitFor({ state: 'detached' });
  const { items } = await ask(admin, 'GET', 'sites/demo/documents?kind=queue');
  await ask(admin, 'PUT', 'sites/demo/documents/channel/oa', {
    adapter: 'wechat',
    name: '公众号',
    queue: items[0].key,
    settings: { app_id: 'wx5d3f0c9a17be6e42', app_secret: 'very-secret', token: TOKEN, url: wechat.url },
    templates: [
      { key: 'coupon', title: '九折券 Coupon', kind: 'wxcard', name: 'pFS7Fjg8kV1I', text: '九折券，到店出示' },
      { key: 'track', title: '查看订单 Track', kind: 'miniprogrampage', name: 'wx5d3f0c9a', text: '查看订单 {{order}}', fields: ['订单号'], values: { path: 'pages/order?id={{order}}', cover: 'M-cover' } },
      { key: 'order', title: '订单进度 Progress', name: 'ngqIpbwh8bUf', text: '状态：{{phrase2.DATA}}', fields: ['状态'] },
    ],
  }, NEW);
  await ask(admin, 'PUT', 'sites/demo/documents/channel/bot', {
    adapter: 'qq',
    name: 'QQ 机器人',
    queue: items[0].key,
    settings: { app_id: '102345678', app_secret: 'rT5wQ8zLm2Xc9VbN', url: wechat.url, token_url: wechat.url },
    templates: [{ key: 'parcel', title: '物流', kind: 'ark23', name: '23', text: '订单 {{order}}\n查看物流', fields: ['订单号'], values: { link2: 'https://shop.example/o/{{order}}' } }],
  }, NEW);
  const channels = await ask(admin, 'GET', 'sites/demo/channels');
  hook = new URL(channels.items.find((c) => c.key === 'oa').callback, house.base).pathname;
  qqHook = new URL(channels.items.find((c) => c.key === 'bot').callback, house.base).pathname;
  await leave(admin);
});
after(async () => {
  await browser?.close();
  await house?.close();
  wechat?.close();
});

const dialog = (page) => page.locator('dialog[open]');
const option = (page, text) => dialog(page).locator('[role=option]', { hasText: text });

for (const [locale, w] of [
  ['zh-CN', { choose: '选择模板', here: '会话记录里显示为', preview: '客户将看到', send: '发送', none: '现在没有可用的回复条数' }],
  ['en-US', { choose: 'Choose a template', here: 'Shown here as', preview: 'The customer will see', send: 'Send', none: 'none is left now' }],
]) {
  test(`what is ready goes while a reply is left (${locale})`, async () => {
    const page = await agent(browser, house, 'agent1', { locale });
    const [coupons, pages] = [sent('wxcard').length, sent('miniprogrampage').length];
    await writes(`open-${locale}`, `有优惠吗 ${locale}`);
    await openTalk(page, `有优惠吗 ${locale}`);
    const lead = page.locator('.window').getByRole('button', { name: w.choose });
    await lead.click(); // the window is open, and leads there
    await option(page, '九折券').waitFor();
    await picture(page, `ready-list-${locale}`);
    assert.deepEqual(await axe(page), []);
    await option(page, '九折券').click();
    await dialog(page).getByRole('heading', { name: w.here }).waitFor();
    await picture(page, `ready-coupon-${locale}`);
    await dialog(page).getByRole('button', { name: w.send, exact: true }).click();
    await until(() => sent('wxcard').length === coupons + 1, 'the coupon at the platform');
    assert.deepEqual(sent('wxcard').at(-1), { card_id: 'pFS7Fjg8kV1I' });
    await page.locator('.say', { hasText: '九折券，到店出示' }).last().locator('.ticks').waitFor();

    await lead.click();
    await option(page, '查看订单').click();
    await dialog(page).getByRole('heading', { name: w.preview }).waitFor();
    await dialog(page).getByLabel('订单号').fill('A 1&x');
    await page.setViewportSize({ width: 390, height: 780 });
    await picture(page, `ready-filled-narrow-${locale}`);
    assert.deepEqual(await axe(page), []);
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.keyboard.press('Enter');
    await until(() => sent('miniprogrampage').length === pages + 1, 'the page at the platform');
    assert.deepEqual(sent('miniprogrampage').at(-1), {
      title: '查看订单 A 1&x',
      appid: 'wx5d3f0c9a',
      pagepath: 'pages/order?id=A%201%26x',
      thumb_media_id: 'M-cover',
    });
    await page.locator('.say', { hasText: '查看订单 A 1&x' }).last().locator('.ticks').waitFor();
    await closeTalk(page);
    await leave(page);
  });

  test(`where no reply is left only what needs none goes (${locale})`, async () => {
    const page = await agent(browser, house, 'agent1', { locale });
    await writes(`over-${locale}`, `还在吗 ${locale}`, 2 * 86_400 + 60);
    await openTalk(page, `还在吗 ${locale}`);
    await page.locator('.window.late').getByRole('button', { name: w.choose }).click();
    await option(page, '九折券').filter({ hasText: w.none }).waitFor();
    assert.equal(await dialog(page).locator('[aria-disabled=true]').count(), 2);
    await picture(page, `ready-over-${locale}`);
    assert.deepEqual(await axe(page), []);
    await option(page, '九折券').click({ force: true }); // it says itself that it is disabled
    await dialog(page).getByRole('combobox').press('Enter');
    await option(page, '订单进度').click(); // the list still stands there
    await dialog(page).getByLabel('状态').waitFor();
    await page.keyboard.press('Escape');
    await closeTalk(page);
    await leave(page);
  });
}

test('on QQ it is an ARK, and one of the replies to the message', async () => {
  const page = await agent(browser, house);
  const d = { id: 'ROBOT1.0_ready', author: { user_openid: 'Q1' }, content: '我的包裹呢', timestamp: new Date().toISOString() };
  const asks = signed(JSON.stringify({ id: `C2C_MESSAGE_CREATE:${d.id}`, op: 0, t: 'C2C_MESSAGE_CREATE', d }));
  assert.equal((await fetch(house.base + qqHook, { method: 'POST', ...asks })).status, 200);
  await openTalk(page, '我的包裹呢');
  await page.locator('.window').getByRole('button', { name: '选择模板' }).click();
  await option(page, '物流').click();
  await dialog(page).getByLabel('订单号').fill('A 1');
  await page.keyboard.press('Enter');
  const call = await until(() => wechat.asked.find((a) => a.json?.ark), 'the ARK at the platform');
  assert.equal(call.path, '/v2/users/Q1/messages');
  assert.equal(call.json.msg_type, 3);
  assert.equal(call.json.msg_id, 'ROBOT1.0_ready');
  assert.deepEqual(call.json.ark, {
    template_id: 23,
    kv: [
      { key: '#PROMPT#', value: '订单 A 1' },
      { key: '#DESC#', value: '订单 A 1' },
      { key: '#LIST#', obj: [{ obj_kv: [{ key: 'desc', value: '订单 A 1' }] }, { obj_kv: [{ key: 'desc', value: '查看物流' }, { key: 'link', value: 'https://shop.example/o/A%201' }] }] },
    ],
  });
  await page.locator('.say', { hasText: '查看物流' }).last().locator('.ticks').waitFor();
  await picture(page, 'ready-qq-sent');
  assert.deepEqual(await axe(page), []);
  await closeTalk(page);
  await leave(page);
});

for (const [locale, dark, words] of [['zh-CN', false, '平台先审核，之后才显示'], ['en-US', true, 'The platform reviews it before it is shown']])
  test(`what QQ has somebody look at first is sent, and says so (${locale})`, async () => {
    const page = await agent(browser, house, 'agent1', { locale, dark });
    const d = { id: `ROBOT1.0_look-${locale}`, author: { user_openid: `Q-${locale}` }, content: `多少钱 ${locale}`, timestamp: new Date().toISOString() };
    const asks = signed(JSON.stringify({ id: `C2C_MESSAGE_CREATE:${d.id}`, op: 0, t: 'C2C_MESSAGE_CREATE', d }));
    assert.equal((await fetch(house.base + qqHook, { method: 'POST', ...asks })).status, 200);
    await openTalk(page, d.content);
    await page.locator('.writer textarea').fill('请看 https://shop.example/price');
    await page.keyboard.press('Enter');
    const line = page.locator('.say', { hasText: '请看' }).last();
    await line.locator('.say-why.quiet', { hasText: words }).waitFor();
    await line.locator('.ticks').waitFor();
    assert.equal(await line.locator('.say-body.failed').count(), 0);
    await picture(page, `ready-qq-looked-at-${locale}`);
    assert.deepEqual(await axe(page), []);
    await closeTalk(page);
    await leave(page);
  });

test('QQ has nothing but what is ready', async () => {
  const admin = await at(browser, house, 'admin', '/admin/', { locale: 'zh-CN' });
  await admin.locator('input[type=password]').waitFor({ state: 'detached' });
  await admin.goto(`${house.base}/admin/#/channel/bot`);
  await admin.getByRole('button', { name: '添加模板' }).click();
  const part = admin.locator('fieldset.template').last();
  assert.deepEqual(await part.getByLabel('类型', { exact: true }).locator('option').allTextContents(), ['ARK 23：链接列表', 'ARK 24：文字和缩略图', 'ARK 37：大图', 'Markdown 模板', '频道嵌入消息']);
  await part.getByLabel('第 8 行的链接 · link8', { exact: true }).waitFor();
  await part.getByLabel('类型', { exact: true }).selectOption('ark37');
  await part.getByLabel('图片地址 · image *', { exact: true }).waitFor();
  assert.equal(await part.getByLabel('template_id', { exact: true }).inputValue(), '37');
  await part.getByLabel('客户读到的文字', { exact: true }).waitFor();
  await part.scrollIntoViewIfNeeded();
  await picture(admin, 'ready-admin-qq');
  assert.deepEqual(await axe(admin), []);
  await leave(admin);
});

for (const [locale, dark, w] of [
  ['zh-CN', false, { add: '添加模板', kind: '类型', title: '标题（给客服看）', words: '客户读到的文字', label: '{{order}} 向客服显示为', save: '保存', here: '会话记录里显示为', chosen: '退款', path: '页面路径 · path *', cover: '封面素材 ID · cover *', required: '必填' }],
  ['en-US', true, { add: 'Add a template', kind: 'Kind', title: 'Title, for agents', words: 'What customers read', label: 'Agents are asked for {{order}} as', save: 'Save', here: 'Shown here as', chosen: 'Refund', path: 'path *', cover: 'cover *', required: 'required: thumb_media_id' }],
]) {
  test(`what is ready is written down on the channel's page (${locale})`, async () => {
    const admin = await at(browser, house, 'admin', '/admin/', { locale, dark });
    await admin.locator('input[type=password]').waitFor({ state: 'detached' });
    await admin.goto(`${house.base}/admin/#/channel/oa`);
    await admin.getByRole('button', { name: w.add }).click();
    const part = admin.locator('fieldset.template').last();
    await part.getByLabel(w.title, { exact: true }).fill(w.chosen);
    await part.getByLabel(w.kind, { exact: true }).selectOption('wxcard');
    await part.getByLabel('card_id', { exact: true }).fill('pFS7Fj');
    await part.getByLabel(w.here, { exact: true }).waitFor();
    await part.getByLabel(w.kind, { exact: true }).selectOption('miniprogrampage');
    await part.getByLabel('appid', { exact: true }).fill('wx5d3f0c9a');
    await part.getByLabel(w.words, { exact: true }).fill(w.chosen);
    await part.getByLabel(w.path, { exact: true }).fill('pages/refund?id={{order}}');
    await admin.getByRole('button', { name: w.save, exact: true }).click();
    await part.locator('.error', { hasText: w.required }).waitFor();
    admin.complaints.length = 0; // the browser's own words of the refusal
    await part.getByLabel(w.cover, { exact: true }).fill('M-cover');
    await part.getByLabel(w.label, { exact: true }).fill(w.chosen);
    await part.scrollIntoViewIfNeeded();
    await picture(admin, `ready-admin-${locale}`);
    assert.deepEqual(await axe(admin), []);
    await admin.getByRole('button', { name: w.save, exact: true }).click();
    const doc = await until(async () => {
      const { body } = await ask(admin, 'GET', 'sites/demo/documents/channel/oa');
      return body.templates.at(-1).title === w.chosen && body;
    }, 'the template in the document');
    const { key, ...made } = doc.templates.at(-1);
    assert.match(key, /^t\d+$/);
    assert.deepEqual(made, {
      title: w.chosen,
      kind: 'miniprogrampage',
      name: 'wx5d3f0c9a',
      text: w.chosen,
      values: { path: 'pages/refund?id={{order}}', cover: 'M-cover' },
      fields: [w.chosen],
    });
    await admin.setViewportSize({ width: 390, height: 780 });
    await part.scrollIntoViewIfNeeded();
    await picture(admin, `ready-admin-narrow-${locale}`);
    assert.deepEqual(await axe(admin), []);
    await leave(admin);
  });
}
