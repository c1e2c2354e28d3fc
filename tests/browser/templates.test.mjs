// Where a platform takes no replies any more: an agent chooses a template, fills it in by keyboard, and the platform has it. Meta is a small
// server of this test. The settings page writes templates down.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { agent, agentBox, ask, at, axe, browse, closeTalk, House, leave, openTalk, picture, tabTo } from './house.mjs';

const NUMBER = '209715200000002';
const SECRET = 'kefud-wa-app-secret-01';
const DAY_S = 86_400;
const NEW = { 'If-None-Match': '*' };

let house, browser, meta, hook;

// The Graph API, as far as it is asked: what it was sent, and how it answers the next one.
async function graph() {
  const asked = [];
  const refuse = [];
  const server = createServer((req, res) => {
    const chunks = [];
    req.on('data', (c) => chunks.push(c));
    req.on('end', () => {
      const body = Buffer.concat(chunks);
      const json = /json/.test(req.headers['content-type'] ?? '') ? JSON.parse(body) : null;
      const error = json?.type === 'template' || json?.type === 'reaction' ? refuse.shift() : undefined;
      asked.push({ path: req.url, json, body });
      res.writeHead(error ? 400 : 200, { 'Content-Type': 'application/json' });
      if (error) res.end(JSON.stringify({ error }));
      else if (req.url.endsWith('/media')) res.end('{"id":"4491"}');
      else res.end(JSON.stringify({ messages: [{ id: `wamid.${asked.length}` }], success: true }));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { asked, refuse, url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

const sent = (name) => meta.asked.filter((a) => a.json?.template?.name === name).map((a) => a.json.template);

async function until(look, what) {
  const end = Date.now() + 30_000;
  for (;;) {
    const got = await look();
    if (got) return got;
    if (Date.now() > end) throw new Error(`${what} did not come about`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// A customer who wrote so long ago.
async function writes(user, text, agoS) {
  const message = { from_user_id: user, id: `wamid.${user}`, timestamp: String(Math.floor(Date.now() / 1000) - agoS), type: 'text', text: { body: text } };
  const value = { messaging_product: 'whatsapp', metadata: { phone_number_id: NUMBER }, contacts: [{ profile: { name: 'Mika' }, user_id: user }], messages: [message] };
  const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '1', changes: [{ field: 'messages', value }] }] }).replace(
    /[\u007f-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const answer = await fetch(house.base + hook, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Hub-Signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}` },
    body,
  });
  assert.equal(answer.status, 200);
}

before(async () => {
  meta = await graph();
  house = await House.open('[channels]\nallow_http = yes\nallow_private = yes\n');
  browser = await browse();
  const admin = await at(browser, house, 'admin', '/admin/');
  await admin.locator('input[type=password]').waitFor({ state: 'detached' });
  const { items } = await ask(admin, 'GET', 'sites/demo/documents?kind=queue');
  await ask(admin, 'PUT', 'sites/demo/documents/channel/wa', {
    adapter: 'whatsapp',
    name: 'WhatsApp',
    queue: items[0].key,
    settings: { number: NUMBER, token: 'EAA-token-1', app_secrets: [SECRET], verify_token: 'kefud-verify-01', url: meta.url },
    templates: [
      { key: 'order', title: '订单进度', name: 'order_update', language: 'zh_CN', text: '您的订单 {{1}} 已{{2}}，预计 {{3}} 送达。', fields: ['订单号', '状态', '日期'] },
      { key: 'visit', title: 'Visit', name: 'visit_soon', language: 'en', text: 'Our technician {{who}} comes at {{time}}.', fields: ['Technician', 'Time'] },
      { key: 'goods', title: 'New goods', name: 'new_goods', language: 'en', text: 'Look what has come: {{1}}', fields: ['Goods'], header: 'image' },
    ],
  }, NEW);
  const channels = await ask(admin, 'GET', 'sites/demo/channels');
  hook = new URL(channels.items.find((c) => c.key === 'wa').callback, house.base).pathname;
  await leave(admin);
});
after(async () => {
  await browser?.close();
  await house?.close();
  meta?.close();
});

const dialog = (page) => page.locator('dialog[open]');

/** Whether there are templates is told with the window, which may come a moment after the talk. */
async function fromPalette(page, words) {
  await page.locator('.window').first().waitFor();
  await page.keyboard.press('Control+K');
  await page.waitForFunction(() => document.activeElement?.matches('dialog[open] input'));
  await page.keyboard.type(words);
  await page.locator('dialog[open] [role=option]', { hasText: words }).first().waitFor();
  await page.keyboard.press('Enter');
}

for (const [locale, w] of [
  [
    'zh-CN',
    {
      user: 'US.1',
      question: '我的订单到哪了',
      over: '回复时限已过',
      choose: '选择模板',
      search: '订单',
      labels: ['订单号', '状态', '日期'],
      values: ['A-1024', '发货', '周五'],
      missing: '请填写',
      text: '您的订单 A-1024 已发货，预计 周五 送达。',
      name: 'order_update',
      parameters: [{ text: 'A-1024' }, { text: '发货' }, { text: '周五' }],
    },
  ],
  [
    'en-US',
    {
      user: 'US.2',
      question: 'When will you come?',
      over: 'The time for replies is over',
      choose: 'Choose a template',
      search: 'technician',
      labels: ['Technician', 'Time'],
      values: ['Ann', '4 pm'],
      missing: 'Fill this in',
      text: 'Our technician Ann comes at 4 pm.',
      name: 'visit_soon',
      parameters: [
        { parameter_name: 'who', text: 'Ann' },
        { parameter_name: 'time', text: '4 pm' },
      ],
    },
  ],
]) {
  test(`a template is chosen, filled in and sent by keyboard where replies have ended (${locale})`, async () => {
    const page = await agent(browser, house, 'agent1', { locale });
    await writes(w.user, w.question, DAY_S + 60);
    await openTalk(page, w.question);
    await page.locator('.window', { hasText: w.over }).waitFor();
    await page.waitForFunction(() => document.querySelector('.writer textarea')?.readOnly);
    await picture(page, `template-over-${locale}`);
    assert.deepEqual(await axe(page), []);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 390, height: 780 });
    await picture(page, `template-over-narrow-dark-${locale}`);
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.emulateMedia({ colorScheme: 'light' });

    // From the composer, by Tab; the search takes what is typed at once.
    await agentBox(page).focus();
    await tabTo(page, { selector: '.window button', text: w.choose }, true);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'combobox');
    await dialog(page).locator('[role=option]').nth(2).waitFor();
    await picture(page, `template-list-${locale}`);
    assert.deepEqual(await axe(page), []);
    await page.keyboard.type('no such words');
    await dialog(page).locator('[aria-disabled=true]').waitFor();
    await page.keyboard.press('Control+A');
    await page.keyboard.type(w.search);
    await dialog(page).locator('[role=option]').nth(1).waitFor({ state: 'detached' });
    await page.keyboard.press('Enter');

    // The first field has the focus; what is missing is said, and the focus goes there.
    await page.waitForFunction((label) => document.activeElement?.labels?.[0]?.textContent === label, w.labels[0]);
    await page.keyboard.type(w.values[0]);
    await page.keyboard.press('Enter');
    await dialog(page).getByText(w.missing).first().waitFor();
    await page.waitForFunction((label) => document.activeElement?.labels?.[0]?.textContent === label, w.labels[1]);
    assert.deepEqual(await axe(page), []);
    assert.equal(sent(w.name).length, 0);

    // Left with Escape and opened from the palette, it is as it was.
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'detached' });
    await fromPalette(page, w.choose);
    const field = (i) => dialog(page).getByLabel(w.labels[i], { exact: true });
    await field(0).waitFor();
    assert.equal(await field(0).inputValue(), w.values[0]);
    for (let i = 1; i < w.values.length; i++) {
      await page.waitForFunction((label) => document.activeElement?.labels?.[0]?.textContent === label, w.labels[i - 1]);
      await page.keyboard.press('Tab');
      await page.keyboard.type(w.values[i]);
    }
    await dialog(page).locator('.say-body', { hasText: w.text }).waitFor();
    await picture(page, `template-filled-${locale}`);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 390, height: 780 });
    await picture(page, `template-filled-narrow-dark-${locale}`);
    assert.deepEqual(await axe(page), []);
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.emulateMedia({ colorScheme: 'light' });
    await field(w.values.length - 1).focus();

    // The platform does not take it at first: that is seen, and it is sent again by a click.
    meta.refuse.push({ code: 132000, message: 'number of parameters does not match' });
    await page.keyboard.press('Enter');
    await dialog(page).waitFor({ state: 'detached' });
    await page.getByText('number of parameters does not match').first().waitFor();
    const item = page.locator('.say', { hasText: w.text }).last();
    await item.hover();
    await item.getByRole('button', { name: locale === 'zh-CN' ? '重新发送' : 'Send again' }).first().click();
    await until(() => sent(w.name).length === 2, 'the template at the platform');
    const [, got] = sent(w.name);
    assert.deepEqual(got.components, [{ type: 'body', parameters: w.parameters.map((p) => ({ type: 'text', ...p })) }]);
    await item.locator('.ticks').waitFor();
    await picture(page, `template-sent-${locale}`);
    assert.deepEqual(await axe(page), []);
    await closeTalk(page);
    await leave(page);
  });
}

for (const [locale, w] of [
  ['zh-CN', { user: 'US.21', says: '收到了，很喜欢', react: '表情回应', put: '回应了一条消息 🎉', back: '取消了一条消息的回应', failed: '表情回应未送达' }],
  ['en-US', { user: 'US.22', says: 'Here at last', react: 'React', put: 'Reacted to a message 🎉', back: 'Took back a reaction', failed: 'The reaction did not get through' }],
]) {
  test(`a reaction is put on what a customer said, and taken back, by keyboard (${locale})`, async () => {
    const page = await agent(browser, house, 'agent1', { locale });
    const reactions = () => meta.asked.filter((a) => a.json?.reaction?.message_id === `wamid.${w.user}`).map((a) => a.json.reaction.emoji);
    await writes(w.user, w.says, 60);
    await openTalk(page, w.says);
    const open = async () => {
      await page.locator('.say', { hasText: w.says }).getByRole('button', { name: w.react }).focus();
      await page.keyboard.press('Enter');
      await page.waitForFunction(() => document.activeElement?.matches('dialog[open] .reacts button'));
    };
    await open();
    await tabTo(page, { selector: '.reacts button', text: '🎉' });
    await picture(page, `reaction-choose-${locale}`);
    assert.deepEqual(await axe(page), []);
    await page.keyboard.press('Enter');
    await dialog(page).waitFor({ state: 'detached' });
    await page.getByText(w.put).waitFor();
    await until(() => reactions().length === 1, 'the reaction at the platform');

    // The one that stands there is marked; chosen again it goes, unless the platform refuses: then it still stands there.
    meta.refuse.push({ code: 131009, message: 'not now' });
    await open();
    await dialog(page).getByRole('button', { name: '🎉' }).click();
    await page.getByText('not now').waitFor();
    await open();
    await dialog(page).locator('[aria-pressed=true]', { hasText: '🎉' }).waitFor();
    await tabTo(page, { selector: '.reacts button', text: '🎉' });
    await page.keyboard.press('Enter');
    await page.getByText(w.back).nth(1).waitFor();
    await until(() => reactions().length === 3, 'that it was taken back');

    // What the platform does not take is told, and stands as none.
    meta.refuse.push({ code: 131009, message: 'that emoji is not allowed here' });
    await open();
    await dialog(page).getByRole('button', { name: '👍' }).click();
    await page.getByText(`${w.failed} 👍`).waitFor();
    await page.getByText('that emoji is not allowed here').waitFor();
    assert.deepEqual(reactions(), ['🎉', '', '', '👍']);
    await open();
    assert.equal(await dialog(page).locator('[aria-pressed=true]').count(), 0);
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'detached' });
    await picture(page, `reaction-failed-${locale}`);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 390, height: 780 });
    await open();
    await picture(page, `reaction-narrow-dark-${locale}`);
    assert.deepEqual(await axe(page), []);
    await page.keyboard.press('Escape');
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1440, height: 900 });
    await closeTalk(page);
    await leave(page);
  });
}

test('a picture stands above a template, and the list is told when it cannot be had', async () => {
  const page = await agent(browser, house, 'agent1', { locale: 'en-US' });
  await writes('US.3', 'Anything new?', 60);
  await openTalk(page, 'Anything new?');
  const shot = await page.screenshot({ clip: { x: 340, y: 60, width: 320, height: 180 } });
  // The window is open: nothing leads there but the palette.
  assert.equal(await page.locator('.window button').count(), 0);
  await page.route('**/templates?*', (route) => route.abort());
  await fromPalette(page, 'Choose a template');
  await dialog(page).getByRole('alert').waitFor();
  await page.unroute('**/templates?*');
  page.complaints.length = 0; // the browser's own words of it
  await dialog(page).getByRole('button', { name: /again|Retry/ }).click();
  await dialog(page).locator('[role=option]', { hasText: 'New goods' }).click();
  await dialog(page).getByLabel('Goods').fill('tea');
  await page.keyboard.press('Enter');
  await dialog(page).getByText('Choose the file that stands above the words').waitFor();
  await dialog(page).locator('input[type=file]').setInputFiles({ name: 'tea.png', mimeType: 'image/png', buffer: shot });
  await dialog(page).locator('img.card-picture').waitFor();
  await picture(page, 'template-picture');
  assert.deepEqual(await axe(page), []);
  await dialog(page).getByRole('button', { name: 'Send', exact: true }).click();
  await until(() => sent('new_goods').length, 'the template at the platform');
  assert.deepEqual(sent('new_goods')[0].components, [
    { type: 'header', parameters: [{ type: 'image', image: { id: '4491' } }] },
    { type: 'body', parameters: [{ type: 'text', text: 'tea' }] },
  ]);
  assert.ok(meta.asked.some((a) => a.path.endsWith('/media') && a.body.includes(shot)));
  await closeTalk(page);
  await leave(page);
});

test('a template that is held back for its wording comes back into the dialog', async () => {
  const admin = await at(browser, house, 'admin', '/admin/');
  await admin.locator('input[type=password]').waitFor({ state: 'detached' });
  await ask(admin, 'PUT', 'sites/demo/documents/forbidden/promise', { name: '许诺', words: ['保证送到'], advice: '' }, NEW);
  await leave(admin);
  const page = await agent(browser, house);
  await writes('US.4', '能准时吗', DAY_S + 60);
  await openTalk(page, '能准时吗');
  await page.locator('.window').getByRole('button', { name: '选择模板' }).click();
  await dialog(page).locator('[role=option]', { hasText: '订单进度' }).click();
  await dialog(page).getByLabel('订单号').fill('A-1');
  await dialog(page).getByLabel('状态').fill('保证送到');
  await dialog(page).getByLabel('日期').fill('周一');
  await page.keyboard.press('Enter');
  const before = sent('order_update').length;
  await page.locator('.writer-warn', { hasText: '保证送到' }).waitFor();
  await page.locator('.writer-warn').getByRole('button', { name: '修改' }).click();
  await dialog(page).getByLabel('状态').waitFor();
  assert.equal(await dialog(page).getByLabel('日期').inputValue(), '周一');
  await dialog(page).getByLabel('状态').fill('发货');
  await page.keyboard.press('Enter');
  await until(() => sent('order_update').length === before + 1, 'the template at the platform');
  assert.equal(sent('order_update').at(-1).components[0].parameters[1].text, '发货');
  await closeTalk(page);
  await leave(page);
});

for (const [locale, dark, w] of [
  ['zh-CN', false, { add: '添加模板', kind: '类型', title: '标题（给客服看）', name: '平台上的名称', language: '语言（平台的写法）', text: '审核通过的内容', label: '{{1}} 向客服显示为', save: '保存', saved: '已保存', chosen: '发票', header: '标题文字 · header', button: '第 1 个按钮 · button_1' }],
  ['en-US', true, { add: 'Add a template', kind: 'Kind', title: 'Title, for agents', name: 'Name on the platform', language: 'Language, as the platform writes it', text: 'Wording, as it was approved', label: 'Agents are asked for {{1}} as', save: 'Save', saved: 'Saved', chosen: 'Invoice', header: 'header', button: 'button_1' }],
]) {
  test(`templates are written down on the channel's page (${locale})`, async () => {
    const admin = await at(browser, house, 'admin', '/admin/', { locale, dark });
    await admin.locator('input[type=password]').waitFor({ state: 'detached' });
    await admin.goto(`${house.base}/admin/#/channel/wa`);
    await admin.getByRole('button', { name: w.add }).click();
    const part = admin.locator('fieldset.template').last();
    await part.getByLabel(w.title, { exact: true }).fill(w.chosen);
    await part.getByLabel(w.name, { exact: true }).fill('invoice_ready');
    await part.getByLabel(w.language, { exact: true }).fill('en');
    await part.getByLabel(w.text, { exact: true }).fill('Your invoice {{1}} of {{3}}');
    await admin.getByRole('button', { name: w.save, exact: true }).click();
    await part.getByText('{{2}} is missing', { exact: false }).waitFor();
    admin.complaints.length = 0; // the browser's own words of the refusal
    await part.getByLabel(w.text, { exact: true }).fill('Your invoice {{1}} of {{2}}');
    await part.getByLabel(w.label, { exact: true }).fill(w.chosen);
    await part.locator('.template-shown', { hasText: `Your invoice [${w.chosen}] of [2]` }).waitFor();
    await part.scrollIntoViewIfNeeded();
    await picture(admin, `template-admin-${locale}`);
    assert.deepEqual(await axe(admin), []);
    await admin.getByRole('button', { name: w.save, exact: true }).click();
    const doc = await until(async () => {
      const { body } = await ask(admin, 'GET', 'sites/demo/documents/channel/wa');
      return body.templates.at(-1).title === w.chosen && body;
    }, 'the template in the document');
    assert.deepEqual(doc.templates.at(-1).fields, [w.chosen, '2']);
    assert.equal(doc.templates[0].fields[0], '订单号');
    // More than its words wants something: what, is asked for, and what Meta could not have is said beside it.
    await part.getByLabel(w.kind, { exact: true }).selectOption('buttons');
    assert.equal(await part.getByLabel(w.language, { exact: true }).inputValue(), 'en');
    await part.getByLabel(w.header, { exact: true }).fill('For {{2}}');
    await part.getByLabel(w.button, { exact: true }).fill('pay/{{1}}');
    await admin.getByRole('button', { name: w.save, exact: true }).click();
    await part.getByText('url: with the end of its address', { exact: false }).waitFor();
    admin.complaints.length = 0;
    await part.getByLabel(w.button, { exact: true }).fill('url:pay/{{1}}');
    await part.locator('.template-shown', { hasText: 'For [2]' }).waitFor();
    await part.scrollIntoViewIfNeeded();
    await picture(admin, `template-admin-buttons-${locale}`);
    await admin.getByRole('button', { name: w.save, exact: true }).click();
    await until(async () => {
      const { body } = await ask(admin, 'GET', 'sites/demo/documents/channel/wa');
      return body.templates.at(-1).values?.button_1 === 'url:pay/{{1}}' && body.templates.at(-1).language === 'en';
    }, 'the button in the document');
    await admin.setViewportSize({ width: 390, height: 780 });
    await part.scrollIntoViewIfNeeded();
    await picture(admin, `template-admin-narrow-${locale}`);
    assert.deepEqual(await axe(admin), []);
    await leave(admin);
  });
}
