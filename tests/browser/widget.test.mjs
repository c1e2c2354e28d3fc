// The visitor's side by itself: what it loads, how it is embedded, what it says when nobody is there, what it does with what people give it.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agent, agentBox, ask, at, axe, browse, browser, complaints, goOnline, holds, House, house, leave, openHouse, openTalk, page, picture, presence, root, said, signIn, visitorBox } from './house.mjs';

openHouse();

const SMALL = { width: 380, height: 640 };
async function open(options = {}, query = '', at = house) {
  const p = await page(browser, { ...SMALL, ...options });
  await p.goto(`${at.base}/chat/demo${query}`);
  await p.locator('.bubble').first().waitFor(); // the greeting
  return p;
}

async function write(p, text) {
  await visitorBox(p).fill(text);
  await visitorBox(p).press('Enter');
}

// A page of somebody else on our own origin, so that the site's list of embedders does not matter here.
async function hostPage(p, script = '', css = '') {
  await p.route('**/host', (route) =>
    route.fulfill({
      contentType: 'text/html; charset=utf-8',
      headers: {
        'content-security-policy':
          "default-src 'none'; script-src 'self' 'nonce-n'; style-src 'nonce-n'; frame-src 'self'; img-src data:; " +
          "require-trusted-types-for 'script'; trusted-types 'none'",
      },
      body: `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>某网店</title><link rel="icon" href="data:,">
        <style nonce="n">${css}</style><script nonce="n">${script}</script>
        <h1>某网店</h1><script async src="/widget.js?site=demo"></script></html>`,
    }),
  );
  await p.goto(`${house.base}/host`);
}

const chatIn = async (p) => (await p.locator('iframe').elementHandle()).contentFrame();

test('a host page makes one request, and opening the chat three more', async () => {
  const p = await page(browser, { width: 900, height: 760 });
  const asked = [];
  p.on('request', (r) => r.url().startsWith('http') && asked.push(new URL(r.url()).pathname));
  await hostPage(p);
  const bubble = p.getByRole('button', { name: '在线客服' });
  await bubble.waitFor();
  assert.deepEqual(asked, ['/host', '/widget.js']);
  await bubble.click();
  const chat = await chatIn(p);
  await chat.locator('textarea').waitFor();
  await chat.locator('.bubble').first().waitFor();
  assert.ok(asked.length - 1 <= 4, asked.join(' '));
  await picture(p, 'widget-embedded');

  await p.keyboard.press('Escape');
  await p.waitForFunction(() => !document.activeElement.shadowRoot?.activeElement?.matches('iframe'));
  assert.equal(await p.locator('iframe').isVisible(), false);
  assert.equal(await bubble.getAttribute('aria-expanded'), 'false');
  assert.deepEqual(complaints(p), []);
  await p.context().close();
});

test('a hostile host page still has a working bubble, and its commands are answered', async () => {
  const p = await page(browser, { width: 900, height: 760 });
  await hostPage(
    p,
    `Array.prototype.toJSON = () => 'x'; Object.prototype.evil = () => {}; String.prototype.trim = null;
     window.Kefu = function () { (Kefu.q = Kefu.q || []).push(arguments) };
     window.seen = []; for (const e of ['ready', 'open', 'close']) Kefu('on', e, () => seen.push(e));`,
    '* { all: unset !important; display: none !important } html, body { display: block !important } div { opacity: 0 !important; transform: none !important }',
  );
  await p.getByRole('button', { name: '在线客服' }).click();
  const chat = await chatIn(p);
  await chat.locator('.bubble').first().waitFor();
  await p.waitForFunction(() => window.seen.length >= 2); // "ready" comes from the frame
  await p.evaluate(() => window.Kefu('close'));
  await p.waitForFunction(() => window.seen.length >= 3);
  assert.deepEqual(await p.evaluate(() => Array.from(window.seen)), ['open', 'ready', 'close']);
  assert.deepEqual(await p.evaluate(() => Object.keys(window).filter((k) => /kefu/i.test(k))), ['Kefu']);
  await p.evaluate(() => window.Kefu('destroy'));
  assert.equal(await p.getByRole('button', { name: '在线客服' }).count(), 0);
  await p.context().close();
});

test('the language is chosen by menu and kept', async () => {
  const p = await open();
  await p.getByRole('button', { name: '语言' }).click();
  await p.getByRole('menuitemradio', { name: 'English' }).click();
  await p.getByRole('button', { name: 'Language' }).waitFor();
  await p.waitForFunction(() => document.documentElement.lang === 'en');
  await p.reload();
  await p.getByRole('button', { name: 'Language' }).click();
  // The menu comes with the second part of the page, and takes the focus when it is there.
  await p.waitForFunction(() => document.activeElement?.getAttribute('role') === 'menuitemradio');
  await p.keyboard.press('ArrowUp'); // from English to 繁體中文
  await p.keyboard.press('Enter');
  await p.getByRole('button', { name: '語言' }).waitFor();
  await p.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === '語言'); // the focus is back on the button
  assert.deepEqual(complaints(p), []);
  await p.context().close();
});

test('with nobody there a message is taken, with a way to reach the visitor', async () => {
  const p = await open();
  await p.getByText(/客服暂时不在/).first().waitFor();
  await write(p, '想预约周六上午量房');
  const form = p.getByRole('form', { name: '给我们留言' });
  await form.waitFor();
  await form.getByRole('button', { name: '提交留言' }).click();
  await form.getByText('请填写手机号或邮箱').waitFor();
  await p.waitForFunction(() => document.activeElement?.name === 'phone'); // the first wrong field has the focus
  await holds(form.getByRole('textbox', { name: '留言内容' }), '想预约周六上午量房');
  assert.deepEqual(await axe(p), []);
  await picture(p, 'widget-contact');
  await form.getByRole('textbox', { name: '称呼' }).fill('张三');
  // The page lets it pass, the daemon does not: what was filled in comes back, with the words of the site.
  await form.getByRole('textbox', { name: '手机号' }).fill('13800138000138001380');
  await form.getByRole('button', { name: '提交留言' }).click();
  await form.getByText('联系方式似乎有误，请填写可用的手机号或邮箱。').waitFor();
  await holds(form.getByRole('textbox', { name: '称呼' }), '张三');
  await holds(form.getByRole('textbox', { name: '手机号' }), '13800138000138001380');
  assert.equal(await p.locator('.msg.own .msg-card').count(), 0);
  await p.waitForFunction(() => document.activeElement?.name === 'phone');
  assert.deepEqual(await axe(p), []);
  await picture(p, 'widget-contact-wrong');
  // What was said of it is said no longer once it is corrected, though another field is still wrong.
  await form.getByRole('textbox', { name: '手机号' }).fill('13800138000');
  await form.getByRole('textbox', { name: '留言内容' }).fill('');
  await form.getByRole('button', { name: '提交留言' }).click();
  await p.waitForFunction(() => document.activeElement?.matches('textarea[aria-invalid]'));
  assert.equal(await form.getByRole('textbox', { name: '手机号' }).getAttribute('aria-invalid'), null);
  assert.equal(await form.getByText('联系方式似乎有误，请填写可用的手机号或邮箱。').count(), 0);
  await picture(p, 'widget-contact-corrected');
  // What cannot be seen is no text: said at its own field.
  await form.getByRole('textbox', { name: '留言内容' }).fill('\u200b');
  await form.getByRole('button', { name: '提交留言' }).click();
  await p.waitForFunction(() => document.activeElement?.matches('textarea[aria-invalid]'));
  await form.locator('.field', { has: p.getByRole('textbox', { name: '留言内容' }) }).getByText('请填写留言内容。').waitFor();
  assert.equal(await form.getByRole('textbox', { name: '手机号' }).getAttribute('aria-invalid'), null);
  await form.getByRole('textbox', { name: '留言内容' }).fill('想预约周六上午量房');
  await form.getByRole('textbox', { name: '手机号' }).fill('13800138000');
  await form.getByRole('button', { name: '提交留言' }).click();
  await p.getByText('留言已提交').waitFor();
  await p.locator('.msg.own[data-seq] .msg-card').getByText('13800138000').waitFor();
  await p.getByText('您的留言已收到，谢谢。我们会尽快与您联系。').waitFor();
  await p.reload();
  await p.locator('.msg.own[data-seq] .msg-card').getByText('13800138000').waitFor();
  await p.getByText('留言已提交').waitFor();
  assert.deepEqual(complaints(p), []);
  await p.context().close();
});

test('who is muted reads so at the form as a whole, in the words of the site', async () => {
  const p = await open();
  await write(p, '想问一下送货');
  const form = p.getByRole('form', { name: '给我们留言' });
  await form.waitFor();
  const boss = await at(browser, house, 'admin', '/admin/');
  await boss.getByRole('navigation').first().waitFor();
  await ask(boss, 'PUT', 'sites/demo/documents/ban/form', { address: '127.0.0.0/8', reason: '刷屏', mute: true }, { 'If-None-Match': '*' });
  await form.getByRole('textbox', { name: '手机号' }).fill('13800138000');
  await form.getByRole('button', { name: '提交留言' }).click();
  await form.getByRole('alert').getByText('您暂时无法在这里发送消息。').waitFor();
  assert.equal(await form.locator('[aria-invalid]').count(), 0); // none of its fields is wrong
  await p.waitForFunction(() => document.activeElement?.textContent === '提交留言');
  assert.deepEqual(await axe(p), []);
  await picture(p, 'widget-contact-muted');
  await ask(boss, 'DELETE', 'sites/demo/documents/ban/form', undefined, { 'If-Match': '"1"' });
  await form.getByRole('button', { name: '提交留言' }).click();
  await p.locator('.msg.own[data-seq] .msg-card').getByText('13800138000').waitFor();
  await p.getByRole('button', { name: '更多' }).click();
  await p.getByRole('menuitem', { name: '结束会话' }).click();
  await p.getByRole('group', { name: '结束这次会话吗？' }).getByRole('button', { name: '结束会话' }).click();
  await p.getByRole('button', { name: '继续咨询' }).waitFor();
  await leave(p, boss);
});

test('the contact form closes when somebody joins, keeps what was filled in, and can be opened again', async () => {
  const own = await House.open();
  const p = await open({}, '', own);
  await write(p, '想改一下收货地址');
  const form = p.getByRole('form', { name: '给我们留言' });
  await form.getByRole('textbox', { name: '称呼' }).fill('李四');
  await form.getByRole('textbox', { name: '手机号' }).fill('139');
  const other = await open({}, '', own);
  await other.getByText('可留言').waitFor();
  const one = await page(browser);
  await signIn(one, own.base, '/console/', 'agent1');
  await goOnline(one);
  await other.getByText('客服在线').waitFor(); // told, without a reload
  await one.getByRole('option').first().click();
  if (await one.getByRole('button', { name: '接待此会话' }).isVisible()) await one.getByRole('button', { name: '接待此会话' }).click();
  await agentBox(one).waitFor();
  await p.getByText('客服已接入，直接说就可以。').waitFor();
  await form.waitFor({ state: 'detached' });
  assert.deepEqual(await axe(p), []);
  await p.reload();
  await p.getByRole('button', { name: '仍要留下联系方式' }).click();
  await holds(form.getByRole('textbox', { name: '称呼' }), '李四');
  await holds(form.getByRole('textbox', { name: '手机号' }), '139');
  await holds(form.getByRole('textbox', { name: '留言内容' }), '想改一下收货地址');
  await leave(p, other, one);
  await own.close();
});

test('handed to where nobody is, the page promises nobody, though somebody is where it let the visitor in', async () => {
  const boss = await at(browser, house, 'admin', '/admin/');
  await boss.getByRole('navigation').first().waitFor();
  const anew = { 'If-None-Match': '*' };
  await ask(boss, 'PUT', 'sites/demo/documents/skill/nights', { name: '夜班' }, anew);
  await ask(boss, 'PUT', 'sites/demo/documents/queue/night', { name: '夜班', skills: ['nights'] }, anew);
  const one = await agent(browser, house);
  const p = await open();
  await write(p, '我要找夜班的人');
  await openTalk(one, '我要找夜班的人');
  await p.getByText('服务中').waitFor();
  await one.locator('.talk-log').focus();
  await one.keyboard.press('t');
  await one.locator('.target', { hasText: '夜班' }).click();
  await one.getByRole('dialog').getByRole('button', { name: '转接', exact: true }).click();
  await p.getByText('可留言').waitFor();
  await p.getByText('客服暂时不在，请留言，我们会尽快联系您').waitFor();
  await p.getByRole('form', { name: '给我们留言' }).waitFor();
  assert.equal(await p.getByText(/转接/).count(), 0);
  assert.equal(await p.getByText('正在为您接入客服').count(), 0);
  await picture(p, 'widget-handed-to-nobody');
  await p.reload();
  await p.getByText('可留言').waitFor();
  const other = await open(); // who begins now is let in where somebody is
  await other.getByText('客服在线').waitFor();
  await p.getByRole('button', { name: '更多' }).click();
  await p.getByRole('menuitem', { name: '结束会话' }).click();
  await p.getByRole('group', { name: '结束这次会话吗？' }).getByRole('button', { name: '结束会话' }).click();
  await p.getByRole('button', { name: '继续咨询' }).waitFor();
  await ask(boss, 'DELETE', 'sites/demo/documents/queue/night', undefined, { 'If-Match': '"1"' });
  await ask(boss, 'DELETE', 'sites/demo/documents/skill/nights', undefined, { 'If-Match': '"1"' });
  await presence(one, 6); // offline, as whoever comes next expects it
  await leave(p, other, one, boss);
});

test('what a host suggests never takes the place of what a visitor writes', async () => {
  const p = await page(browser, { width: 900, height: 760 });
  await hostPage(p);
  await p.getByRole('button', { name: '在线客服' }).click();
  const chat = await chatIn(p);
  const box = chat.locator('.composer textarea');
  await box.waitFor();
  await p.evaluate(() => window.Kefu('prefill', '我想预约安装'));
  await chat.waitForFunction(() => document.querySelector('.composer textarea').value === '我想预约安装');
  await p.evaluate(() => window.Kefu('prefill', '我想预约量房'));
  await chat.waitForFunction(() => document.querySelector('.composer textarea').value === '我想预约量房');
  await box.fill('我自己写的');
  await p.evaluate(() => window.Kefu('prefill', '别的'));
  await p.evaluate(() => window.Kefu('theme', 'dark'));
  await chat.waitForFunction(() => document.documentElement.dataset.theme === 'dark'); // so the one before has been heard
  assert.equal(await box.inputValue(), '我自己写的');
  await leave(p);
});

test('the loader is taken by pages that check it', async () => {
  // Our address is a loopback one, of which Chromium asks more than a public one would have to answer.
  const open = await browse('--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests');
  const p = await page(open, { width: 900, height: 760 });
  const { assets } = JSON.parse(await readFile(join(process.env.KEFUD_BUILD ?? join(root, 'build'), 'web', 'manifest.json'), 'utf8'));
  const loader = assets.find((a) => /^\/assets\/loader-.*\.js$/.test(a.path));
  const bytes = await (await p.request.get(house.base + loader.path)).body();
  const sum = createHash('sha384').update(bytes).digest('base64');
  const shop = `http://localhost:${house.port}/shop`;
  await p.route(shop, (route) =>
    route.fulfill({
      contentType: 'text/html; charset=utf-8',
      body: `<!doctype html><html lang="zh-CN"><title>某网店</title><link rel="icon" href="data:,"><h1>某网店</h1>
        <script async src="${house.base}${loader.path}" integrity="sha384-${sum}" crossorigin data-site="demo" data-color="#a02020"></script></html>`,
    }),
  );
  await p.goto(shop);
  await p.getByRole('button', { name: '在线客服' }).waitFor();
  await leave(p);
  await open.close();
});

test('what is too long says by how much and is not sent', async () => {
  const p = await open();
  await visitorBox(p).fill('字'.repeat(4096));
  await p.getByText('还可输入 0 字').waitFor();
  assert.equal(await p.getByRole('button', { name: '发送' }).isEnabled(), true);
  await visitorBox(p).fill('字'.repeat(4100));
  await p.getByText('超出 4 字').waitFor();
  assert.equal(await p.getByRole('button', { name: '发送' }).isEnabled(), false);
  await visitorBox(p).press('Enter');
  assert.equal((await visitorBox(p).inputValue()).length, 4100);
  const lines = await visitorBox(p).evaluate((el) => el.clientHeight / 24);
  assert.ok(lines <= 7, 'six lines at most');
  await p.context().close();
});

// A house of its own: the agent's first row is the one.
async function talk(run) {
  const own = await House.open();
  try {
    const agent = await page(browser);
    await signIn(agent, own.base, '/console/', 'agent1');
    await goOnline(agent);
    const p = await open({}, '', own);
    await write(p, '退款什么时候到账');
    await agent.getByRole('option').first().click();
    await agentBox(agent).waitFor();
    await run(p, agent);
    for (const one of [p, agent]) {
      assert.deepEqual(complaints(one), []);
      await one.context().close();
    }
  } finally {
    await own.close();
  }
}

test('files are sent, shown to both sides, and refused with the reason', () =>
  talk(async (p, agent) => {
    const png = await p.screenshot({ clip: { x: 0, y: 0, width: 48, height: 32 } });
    await p.locator('input[type=file]').setInputFiles([
      { name: '户型图.png', mimeType: 'image/png', buffer: png },
      { name: '太大.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(10 * 1024 * 1024 + 1) },
    ]);
    await p.getByText('“太大.bin”超过 10 MB，无法发送').waitFor();
    const drawn = () => [...document.querySelectorAll('[role=log] img')].some((i) => i.complete && i.naturalWidth === 48);
    await p.locator('.msg.own[data-seq] .msg-image').waitFor();
    await p.waitForFunction(drawn);
    await p.reload();
    await p.waitForFunction(drawn);
    await agent.waitForFunction(drawn);
  }));

test('what was written while kefud was dead arrives once, a reload of the page included', async () => {
  const p = await open({ cut: true });
  await write(p, '第一句');
  await p.locator('.msg.own[data-seq]').waitFor();
  await house.kill();
  await write(p, '第二句');
  await write(p, '第三句');
  await p.getByText('待发送').first().waitFor();
  await p.getByText(/秒后重试|正在重新连接/).waitFor();
  assert.deepEqual(await axe(p), []);
  await picture(p, 'widget-offline');
  await house.start();
  await p.reload();
  await p.waitForFunction(() => document.querySelectorAll('.msg.own[data-seq]').length === 3);
  const own = await p.locator('.msg.own .bubble').allTextContents();
  assert.deepEqual(own, ['第一句', '第二句', '第三句']);
  await p.context().close();
});

test('the visitor ends the talk, rates it low with a reason, and goes on', () =>
  talk(async (p, agent) => {
    await agentBox(agent).fill('一到三个工作日');
    await agentBox(agent).press('Enter');
    await said(p, '一到三个工作日').waitFor();
    await p.getByRole('button', { name: '更多' }).click();
    await p.getByRole('menuitem', { name: '结束会话' }).click();
    await p.getByRole('group', { name: '结束这次会话吗？' }).getByRole('button', { name: '结束会话' }).click();

    const card = p.getByRole('form', { name: '请评价本次服务' });
    await card.getByRole('radio', { name: '不满意', exact: true }).check();
    await card.getByRole('button', { name: '回复太慢' }).click();
    assert.deepEqual(await axe(p), []);
    await picture(p, 'widget-rating');
    await card.getByRole('button', { name: '提交评价' }).click();
    await p.getByText('感谢您的评价').waitFor();
    await p.reload();
    await p.getByRole('button', { name: '继续咨询' }).click();
    assert.equal(await card.count(), 0, 'asked once');

    await p.locator('.composer textarea:focus').waitFor();
    await p.keyboard.type('还有一个问题');
    await p.keyboard.press('Enter');
    await p.locator('.msg.own[data-seq]').filter({ hasText: '还有一个问题' }).waitFor();
    await agent.getByRole('log').getByText('还有一个问题', { exact: true }).waitFor();
  }));

test('axe finds nothing, in any language, theme and width', async () => {
  for (const lang of ['zh-CN', 'zh-TW', 'en']) {
    for (const dark of [false, true]) {
      for (const width of [380, 320, 1200]) {
        const p = await open({ width, dark }, `?lang=${lang}`);
        await write(p, 'https://example.com/a 你好');
        await p.locator('.msg.own[data-seq]').waitFor();
        assert.deepEqual(await axe(p), [], `${lang} ${dark ? 'dark' : 'light'} ${width}`);
        assert.ok(await p.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width}: nothing sticks out`);
        if (width !== 1200) await picture(p, `widget-${lang}-${dark ? 'dark' : 'light'}-${width}`);
        await p.context().close();
      }
    }
  }
});
