// Cards: written by keyboard in the console, seen by the visitor, the agent and the reviewer; and what a page makes of a hostile one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agent, at, axe, browser, closeTalk, holds, house, leave, openHouse, openTalk, picture, says, tabTo, visitor } from './house.mjs';

const URL = 'https://shop.example/returns?from=chat#top';
openHouse();

// What is drawn of a card: its title, its words, and its link with all that a link must have.
async function shows(page, title) {
  const card = page.locator('.said-card', { hasText: title }).last();
  await card.waitFor();
  assert.equal(await card.locator('b').textContent(), title);
  const link = card.locator('a');
  assert.equal(await link.getAttribute('href'), URL);
  assert.equal(await link.getAttribute('target'), '_blank');
  assert.match(await link.getAttribute('rel'), /noopener noreferrer/);
  assert.equal(await link.textContent(), 'shop.example');
}

const dialog = (page) => page.locator('dialog[open]');

for (const [locale, title, words, names] of [
  ['zh-CN', '退货说明', '七天内可以退，运费我们付。', { button: '发送卡片', title: '标题', words: '说明', url: '网址', send: '发送', none: '请填写标题', bad: '这不是完整的网址' }],
  ['en-US', 'How returns work', 'Within seven days; we pay for the postage.', { button: 'Send a card', title: 'Title', words: 'Words', url: 'Address', send: 'Send', none: 'Write a title', bad: 'This is not a whole address' }],
]) {
  test(`a card goes by keyboard from the console to the visitor (${locale})`, async () => {
    const page = await agent(browser, house, 'agent1', { locale });
    const v = await visitor(browser, house, { locale });
    const question = `${title}?`;
    await says(v, question);
    await openTalk(page, question);

    // Opened, left with Escape: the focus is back, and what was begun is kept.
    await page.locator('.writer textarea').focus();
    await tabTo(page, { selector: '.writer-foot button', text: names.button });
    await page.keyboard.press('Enter');
    await dialog(page).waitFor();
    await page.waitForFunction(() => document.activeElement?.matches('dialog input'));
    await page.keyboard.press('Enter');
    await dialog(page).getByText(names.none).waitFor();
    await page.keyboard.type(title);
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'detached' });
    await page.waitForFunction((label) => document.activeElement?.getAttribute('aria-label') === label, names.button);
    await page.keyboard.press('Enter');
    await holds(dialog(page).getByLabel(names.title, { exact: true }), title);

    await page.keyboard.press('Tab');
    await page.keyboard.type(words);
    await page.keyboard.press('Tab');
    await page.keyboard.type('javascript:alert(1)');
    await page.keyboard.press('Enter');
    await dialog(page).getByText(names.bad).waitFor();
    assert.deepEqual(await axe(page), []);
    await page.keyboard.press('Control+A');
    await page.keyboard.type(URL.slice('https://'.length)); // nobody need type the scheme
    await shows(dialog(page), title);
    await picture(page, `card-dialog-${locale}`);
    assert.deepEqual(await axe(page), []);
    await page.keyboard.press('Enter');
    await dialog(page).waitFor({ state: 'detached' });

    await shows(v, title);
    await shows(page.locator('.talk-log'), title);
    await page.locator('.say.agent .ticks').last().waitFor();
    assert.equal(await v.getByText(words).count(), 1);
    assert.deepEqual(await axe(page), []);
    assert.deepEqual(await axe(v), []);
    await picture(page, `card-console-${locale}`);
    await picture(v, `card-chat-${locale}`);

    // A reload shows it from the history.
    await v.reload();
    await shows(v, title);

    // The next one is begun anew; the palette opens it, too.
    await page.keyboard.press('Control+K');
    await page.keyboard.type(names.button);
    await page.keyboard.press('Enter');
    await holds(dialog(page).getByLabel(names.title, { exact: true }), '');
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'detached' });
    await closeTalk(page);
    await leave(page, v);

    const reader = await at(browser, house, 'reviewer', '/review/', { locale });
    await reader.locator('.result').first().click();
    await shows(reader, title);
    await picture(reader, `card-review-${locale}`);
    assert.deepEqual(await axe(reader), []);
    await leave(reader);
  });
}

test('a picture stands on a card, where it is one', async () => {
  const page = await agent(browser, house);
  const v = await visitor(browser, house);
  await says(v, '有新品的图吗？');
  await openTalk(page, '有新品的图吗？');
  const shot = await v.screenshot({ clip: { x: 340, y: 60, width: 320, height: 180 } });
  const pick = (name, mimeType) => dialog(page).locator('input[type=file]').setInputFiles({ name, mimeType, buffer: shot });

  await page.getByRole('button', { name: '发送卡片' }).click();
  await dialog(page).getByLabel('标题', { exact: true }).fill('秋季新品');
  await dialog(page).getByLabel('网址', { exact: true }).fill(URL);
  await pick('新品.bmp', 'image/bmp');
  await dialog(page).getByRole('button', { name: '发送', exact: true }).click();
  await dialog(page).getByText('卡片上可以放 PNG、JPEG、GIF 或 WebP 图片').waitFor();
  await dialog(page).getByRole('button', { name: '移除' }).click();
  await pick('新品.png', 'image/png');
  await dialog(page).locator('img.card-picture').waitFor();
  assert.deepEqual(await axe(page), []);
  await picture(page, 'card-picture-dialog');
  await dialog(page).getByRole('button', { name: '发送', exact: true }).click();
  await dialog(page).waitFor({ state: 'detached' });

  for (const [where, name] of [
    [v, 'chat'],
    [page, 'console'],
  ]) {
    await shows(where, '秋季新品');
    const shown = where.locator('.msg img[src*="/files/"], .say img[src*="/files/"]').last();
    await shown.waitFor();
    await shown.evaluate((img) => img.decode());
    assert.deepEqual(await shown.evaluate((img) => [img.naturalWidth, img.naturalHeight]), [320, 180]);
    assert.deepEqual(await axe(where), []);
    await picture(where, `card-picture-${name}`);
  }
  await closeTalk(page);
  await leave(page, v);
});

test('degrees in the address make a place, which opens a map', async () => {
  const page = await agent(browser, house);
  const v = await visitor(browser, house);
  await says(v, '店在哪里？');
  await openTalk(page, '店在哪里？');
  await page.getByRole('button', { name: '发送卡片' }).click();
  await dialog(page).getByLabel('标题', { exact: true }).fill('人民广场店');
  await dialog(page).getByLabel('说明', { exact: true }).fill('黄浦区人民大道 1 号');
  const where = dialog(page).getByLabel('网址', { exact: true });
  await where.fill('121.4737, 31.2304');
  await page.keyboard.press('Enter');
  await dialog(page).getByText('没有这样的位置').waitFor();
  await where.fill('31.2304, 121.4737');
  const map = `https://uri.amap.com/marker?position=121.4737,31.2304&name=${encodeURIComponent('人民广场店')}`;
  const link = (page) => page.locator('.said-card', { hasText: '人民广场店' }).last().locator('a');
  assert.equal(await link(dialog(page)).getAttribute('href'), map);
  assert.deepEqual(await axe(page), []);
  await picture(page, 'card-place-dialog');
  await page.keyboard.press('Enter');
  await dialog(page).waitFor({ state: 'detached' });
  await link(v).waitFor();
  for (const one of [v, page]) assert.equal(await link(one).getAttribute('href'), map);
  assert.equal(await link(v).textContent(), 'uri.amap.com');
  await picture(v, 'card-place-chat');
  await v.reload();
  await link(v).waitFor();
  assert.equal(await link(v).getAttribute('href'), map);
  await closeTalk(page);
  await leave(page, v);
});

test('a mini program is shown without a link', async () => {
  const page = await agent(browser, house);
  const v = await visitor(browser, house);
  await says(v, '怎么下单？');
  await openTalk(page, '怎么下单？');
  await page.getByRole('button', { name: '发送卡片' }).click();
  await dialog(page).getByLabel('标题', { exact: true }).fill('小程序下单');
  const where = dialog(page).getByLabel('网址', { exact: true });
  await where.fill('miniprogram:wx12');
  await page.keyboard.press('Enter');
  await dialog(page).getByText('这不是完整的网址').waitFor();
  await where.fill('miniprogram:wx12/pages/order.html');
  await page.keyboard.press('Enter');
  await dialog(page).waitFor({ state: 'detached' });
  for (const one of [v, page]) {
    const card = one.locator('.said-card', { hasText: '小程序下单' }).last();
    await card.waitFor();
    assert.equal(await card.locator('a').count(), 0);
  }
  assert.equal(await v.getByText('miniprogram:').count(), 0);
  await picture(v, 'card-mini-chat');
  await closeTalk(page);
  await leave(page, v);
});

test('a card that is held back for its wording comes back into the dialog', async () => {
  const admin = await at(browser, house, 'admin', '/admin/');
  await admin.locator('input[type=password]').waitFor({ state: 'detached' });
  const status = await admin.evaluate(async () => {
    const { csrf } = await (await fetch('/api/v1/session')).json();
    const r = await fetch('/api/v1/sites/demo/documents/forbidden/promise', {
      method: 'PUT',
      headers: { 'X-CSRF-Token': csrf, 'Content-Type': 'application/json', 'If-None-Match': '*' },
      body: JSON.stringify({ name: '许诺', words: ['保证退款'], advice: '请说：我们会尽快处理' }),
    });
    return r.status;
  });
  assert.equal(status, 201);
  await leave(admin);

  const page = await agent(browser, house);
  const v = await visitor(browser, house);
  await says(v, '能退款吗');
  await openTalk(page, '能退款吗');
  await page.getByRole('button', { name: '发送卡片' }).click();
  await dialog(page).getByLabel('标题', { exact: true }).fill('退款');
  await dialog(page).getByLabel('说明', { exact: true }).fill('我们保证退款');
  await dialog(page).getByLabel('网址', { exact: true }).fill(URL);
  await page.keyboard.press('Enter');
  await page.locator('.writer-warn', { hasText: '保证退款' }).waitFor();
  await page.locator('.writer-warn').getByRole('button', { name: '修改' }).click();
  await holds(dialog(page).getByLabel('标题', { exact: true }), '退款');
  await holds(dialog(page).getByLabel('网址', { exact: true }), URL);
  await dialog(page).getByLabel('说明', { exact: true }).fill('我们会尽快处理');
  await page.keyboard.press('Control+Enter');
  await dialog(page).waitFor({ state: 'detached' });
  await shows(v, '退款');
  assert.equal(await v.getByText('保证退款').count(), 0);
  await closeTalk(page);
  await leave(page, v);
});
