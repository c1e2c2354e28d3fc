// The agents' console against a real kefud: what people do there, and what must survive.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agent, ask, at as signedAt, axe, browser, bubble, closeTalk, complaints, fillSignIn, holds, house, leave, openHouse, openTalk, page, picture, presence, says, signIn, visitor, watched } from './house.mjs';

openHouse();

async function at(url, options) {
  const p = await page(browser, options);
  await p.goto(url);
  return p;
}

test('a wrong password is said in words, and the right one opens the console', async () => {
  const page = await at(`${house.base}/console/`);
  await page.getByRole('button', { name: '登录' }).click();
  await page.getByText('请输入邮箱').waitFor();
  await page.locator('input[type="email"]').fill('agent1@demo.example');
  await page.locator('input[type="password"]').fill('not the password');
  await page.keyboard.press('Enter');
  await page.getByText('邮箱或密码不正确').waitFor();
  page.complaints.length = 0; // the browser itself notes the 401
  await fillSignIn(page, 'agent1');
  await page.locator('.presence-btn').waitFor();
  assert.match(await page.title(), /客服工作台/);
  await page.reload();
  await page.locator('.presence-btn').waitFor();
  await leave(page);
});

test('a reviewer is told which role the console needs', async () => {
  const page = await at(`${house.base}/console/`);
  await fillSignIn(page, 'reviewer');
  await page.getByText('客服或主管').waitFor();
  await leave(page);
});

for (const [locale, question, answer, note] of [
  ['zh-CN', '你好，水电改造怎么收费？', '您好，按米数结算，每米 35 元。', '价格敏感'],
  ['en-US', 'Hello, do you deliver to Suzhou?', 'Hello, yes: it takes two days.', 'in a hurry'],
]) {
  test(`a visitor and an agent talk (${locale})`, async () => {
    const page = await agent(browser, house, 'agent1', { locale });
    const v = await visitor(browser, house, { locale });
    await says(v, question);
    await openTalk(page, question);
    await bubble(page, question);

    await page.locator('.writer textarea').fill(answer);
    await page.keyboard.press('Enter');
    await bubble(v, answer);
    await page.locator('.say.agent .ticks').first().waitFor();

    // A note is for colleagues: another colour, another button, and the visitor never sees it.
    await page.keyboard.press('F2');
    await page.keyboard.type(note);
    await page.locator('.writer.note .note-send').waitFor();
    await page.keyboard.press('Enter');
    await page.locator('.talk-note', { hasText: note }).waitFor();
    await page.keyboard.press('F2');

    // 话术: found by its code, filled with the agent's name and number.
    await page.keyboard.type('/hello');
    await page.locator('.canned-item').first().waitFor();
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('.writer textarea').value.includes('林小雨'));
    await page.keyboard.press('Enter');
    await bubble(v, '林小雨');
    // And by the initials of its title, which nobody has written down.
    await page.keyboard.type('/kfp');
    await page.locator('.canned-item', { hasText: '开发票' }).first().waitFor();
    await page.locator('.writer textarea').fill('');
    await page.keyboard.type('/開發票'); // in traditional characters, too
    await page.locator('.canned-item', { hasText: '开发票' }).first().waitFor();
    await page.locator('.writer textarea').fill('');

    await says(v, 'OK 谢谢');
    await bubble(page, 'OK 谢谢');
    assert.equal(await v.getByText(note).count(), 0);
    assert.equal(await page.locator('.say-body', { hasText: answer }).count(), 1);
    await closeTalk(page);
    await v
      .getByText(/已结束|ended|closed/i)
      .first()
      .waitFor();
    await leave(page, v);
  });
}

test('what a visitor was offered is shown once: as choices, or as the lines that were sent', async () => {
  const admin = await signedAt(browser, house, 'admin', '/admin/');
  await admin.locator('input[type=password]').waitFor({ state: 'detached' });
  const put = (path, body) => ask(admin, 'PUT', `sites/demo/documents/${path}`, body, { 'If-None-Match': '*' });
  await put('channel/letters', {
    adapter: 'mail', name: '邮件', queue: 'sales',
    settings: { provider: 'postmark', user: 'u', password: 'password', address: 'a@in.example', token_secret: 'sixteen bytes or more', relay: 'smtps://relay.example:465' },
  });
  await put('rule/menu', {
    order: 5, event: 'message', when: { keywords: ['菜单'] }, actions: ['say', 'choices'], wording: 'greeting',
    choices: [{ id: 'order', label: '查订单' }, { id: 'back', label: '怎么退货' }],
  });
  const { items } = await ask(admin, 'GET', 'sites/demo/channels');
  const hook = new URL(items.find((c) => c.key === 'letters').callback).pathname;
  const desk = await agent(browser, house);

  const v = await visitor(browser, house);
  await says(v, '请给我菜单');
  await openTalk(desk, '请给我菜单');
  await desk.locator('.say-choices', { hasText: '怎么退货' }).waitFor();
  assert.deepEqual(await desk.locator('.say-choices > span').allTextContents(), ['查订单', '怎么退货']);

  await picture(desk, 'choices-as-chips');

  const mail = { From: 'eva@mail.example', OriginalRecipient: 'a@in.example', Subject: '', TextBody: '要菜单', Headers: [{ Name: 'Message-ID', Value: '<menu@mail.example>' }] };
  const answer = await fetch(house.base + hook, {
    method: 'POST',
    headers: { Authorization: `Basic ${Buffer.from('u:password').toString('base64')}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(mail),
  });
  assert.equal(answer.status, 200);
  await openTalk(desk, 'eva@mail.example');
  await desk.locator('.say-body', { hasText: '2. 怎么退货' }).waitFor();
  assert.match(await desk.locator('.say-body', { hasText: '2. 怎么退货' }).innerText(), /\n1\. 查订单\n2\. 怎么退货/);
  assert.equal(await desk.locator('.say-choices').count(), 0);
  await picture(desk, 'choices-as-lines');
  await closeTalk(desk);
  await openTalk(desk, '请给我菜单');
  await closeTalk(desk);
  await leave(admin, desk, v);
});

test('presence chosen in one tab is shown in the other', async () => {
  const one = await agent(browser, house);
  const two = await watched(one.context());
  await two.goto(`${house.base}/console/`);
  await two.locator('.presence-btn .dot.online').waitFor();
  await presence(one, 2);
  await two.locator('.presence-btn .dot.away').waitFor();
  await two.locator('.presence-btn', { hasText: '小休' }).waitFor();
  await presence(two, 6);
  await one.locator('.presence-btn .dot.offline').waitFor();
  assert.deepEqual([...complaints(one), ...complaints(two)], []);
  await one.context().close();
});

test('the lists of who waits and of colleagues say what was said last', async () => {
  const page = await agent(browser, house);
  await presence(page, 1);
  const v = await visitor(browser, house);
  await says(v, '第一句话');
  await page.locator('.list-tabs .tab', { hasText: '等待' }).click();
  await page.locator('.conv', { hasText: '第一句话' }).waitFor();
  await presence(page, 0);
  await page.locator('.list-tabs .tab', { hasText: '我的' }).click();
  await openTalk(page, '第一句话');
  const boss = await at(`${house.base}/console/`);
  await fillSignIn(boss, 'supervisor');
  await boss.locator('.list-tabs .tab', { hasText: '同事' }).click();
  await boss.locator('.conv', { hasText: '第一句话' }).waitFor();
  await closeTalk(page);
  await leave(page, boss, v);
});

test('what is being written survives a reload', async () => {
  const page = await agent(browser, house);
  const v = await visitor(browser, house);
  await says(v, '在吗');
  await openTalk(page, '在吗');
  await page.locator('.writer textarea').pressSequentially('写到一半');
  await page.keyboard.press('F2');
  await page.keyboard.type('备注也在');
  await page.reload();
  await page.locator('.writer.note').waitFor();
  await holds(page.locator('.writer textarea'), '备注也在');
  await page.locator('.writer textarea').focus();
  await page.keyboard.press('F2');
  await holds(page.locator('.writer textarea'), '写到一半');
  await closeTalk(page);
  await leave(page, v);
});

test('what was sent while kefud was dead arrives once and in order, and so does what was typed after a reload', async () => {
  const page = await agent(browser, house, 'agent1', { cut: true });
  const v = await visitor(browser, house, { cut: true });
  await says(v, '请问营业时间');
  await openTalk(page, '请问营业时间');
  await house.kill();
  const area = page.locator('.writer textarea');
  for (const text of ['第一句', '第二句', '第三句']) {
    await area.fill(text);
    await area.press('Enter');
  }
  await page.locator('.banner').waitFor();
  await page.locator('.say.queued').nth(2).waitFor();
  assert.equal(await page.getByRole('button', { name: '转接' }).isDisabled(), true);
  await house.start();
  await bubble(v, '第三句');
  await page.waitForFunction(() => !document.querySelector('.say.queued, .say.sending, .banner'));
  const said = (await page.locator('.say-body').allTextContents()).map((t) => t.trim()).filter((t) => t.startsWith('第'));
  assert.deepEqual(said, ['第一句', '第二句', '第三句']);
  await closeTalk(page);
  await leave(page, v);
});

test('composing with an input method sends nothing until it is done', async () => {
  const page = await agent(browser, house);
  const v = await visitor(browser, house);
  await says(v, '输入法');
  await openTalk(page, '输入法');
  const area = page.locator('.writer textarea');
  await area.focus();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Input.imeSetComposition', { text: 'nihao', selectionStart: 5, selectionEnd: 5 });
  await cdp.send('Input.dispatchKeyEvent', {
    type: 'rawKeyDown',
    key: 'Process',
    code: 'Enter',
    windowsVirtualKeyCode: 229,
  });
  await cdp.send('Input.dispatchKeyEvent', {
    type: 'rawKeyDown',
    key: 'Enter',
    code: 'Enter',
    windowsVirtualKeyCode: 13,
  });
  assert.equal(await page.locator('.say.ours.agent').count(), 0);
  await cdp.send('Input.insertText', { text: '你好' });
  assert.equal(await area.inputValue(), '你好');
  assert.equal(await page.locator('.say.ours.agent').count(), 0);
  await page.keyboard.press('Enter');
  await bubble(v, '你好');
  assert.equal(await page.locator('.say.ours.agent').count(), 1);

  // A single letter is a command only outside of texts, and never while composing.
  await page.keyboard.type('/');
  await page.locator('.canned-item').first().waitFor();
  await cdp.send('Input.imeSetComposition', { text: 'kcb', selectionStart: 3, selectionEnd: 3 });
  await cdp.send('Input.dispatchKeyEvent', {
    type: 'rawKeyDown',
    key: 'Process',
    code: 'Enter',
    windowsVirtualKeyCode: 229,
  });
  assert.equal(await page.locator('.say.ours.agent').count(), 1);
  await cdp.send('Input.insertText', { text: '' });
  await area.fill('');

  // Nor does the search look for, or the palette run, what is only half written.
  const half = async (letters) => {
    await cdp.send('Input.imeSetComposition', { text: letters, selectionStart: letters.length, selectionEnd: letters.length });
    for (const key of ['Process', 'Enter'])
      await cdp.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', key, code: 'Enter', windowsVirtualKeyCode: key === 'Enter' ? 13 : 229 });
  };
  const search = page.locator('#list-filter');
  await search.focus();
  await half('meiyou');
  assert.equal(await page.locator('.conv', { hasText: '你好' }).count(), 1);
  await cdp.send('Input.insertText', { text: '没有这句' });
  await page.locator('.conv').waitFor({ state: 'detached' });
  await search.fill('');
  await page.locator('.conv').waitFor();
  await page.keyboard.press('Control+k');
  await page.locator('dialog input:focus').waitFor();
  const all = await page.locator('.palette [role=option]').count();
  await half('jieshu');
  assert.equal(await page.locator('.palette [role=option]').count(), all);
  assert.equal(await page.locator('.toast').count(), 0);
  await cdp.send('Input.insertText', { text: '结束' });
  await page.waitForFunction((n) => document.querySelectorAll('.palette [role=option]').length < n, all);
  await page.locator('.palette [role=option]', { hasText: '结束' }).first().waitFor();
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  await closeTalk(page);
  await leave(page, v);
});

test('text of strangers stays text', async () => {
  const page = await agent(browser, house);
  const v = await visitor(browser, house);
  const evil = [
    '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>',
    'javascript:alert(1) data:text/html,x http://ok.example/a?b=<c>',
    '\u202Eevil\u202C \u200B\u200D 👩‍👩‍👧‍👦'.repeat(3),
    'x'.repeat(3000),
  ];
  for (const text of evil) await says(v, text);
  await page.locator('.conv').click();
  await bubble(page, 'xxxxxxxxxx');
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await page.locator('.say-body img, .say-body script').count(), 0);
  const hrefs = await page.locator('.say-body a').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
  assert.deepEqual(
    hrefs.filter((h) => !h.startsWith('http://ok.example/')),
    [],
  );
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(wide, false);
  await closeTalk(page);
  await leave(page, v);
});

test('that nobody is in a queue is told before a conversation goes there and after, and that its visitor may not write', async () => {
  const one = await agent(browser, house, 'agent1');
  const v = await visitor(browser, house);
  await says(v, '我要找人');
  await openTalk(one, '我要找人');
  const boss = await page(browser);
  await signIn(boss, house.base, '/admin/', 'admin');
  await boss.getByRole('navigation').first().waitFor();
  const ban = { address: '127.0.0.0/8', reason: '刷屏', mute: true, until: Date.now() + 3_600_000 };
  await ask(boss, 'PUT', 'sites/demo/documents/ban/net', ban, { 'If-None-Match': '*' });
  const barred = one.locator('.barred', { hasText: '访客已被禁言，暂时无法发消息 · 至 ' });
  await barred.nth(1).waitFor(); // beside the conversation, and where the agent writes
  await one.locator('.writer .barred[role=status]').waitFor();
  await one.setViewportSize({ width: 390, height: 844 }); // a phone has no pane beside it
  await one.locator('.context-pane').waitFor({ state: 'hidden' });
  assert.equal(await barred.filter({ visible: true }).count(), 1);
  // Where it takes two lines its mark stays as it is, and the time stays together.
  await one.setViewportSize({ width: 320, height: 640 });
  const shape = await one.locator('.writer .barred').evaluate((p) => ({
    wraps: p.offsetHeight > 30,
    icon: p.querySelector('.icon').getBoundingClientRect().width,
    lines: p.querySelector('.num')?.getClientRects().length,
  }));
  assert.deepEqual(shape, { wraps: true, icon: 16, lines: 1 });
  await picture(one, 'console-barred-narrow');
  await one.setViewportSize({ width: 390, height: 844 });
  assert.deepEqual(await axe(one), []);
  await picture(one, 'console-barred-phone');
  await one.setViewportSize({ width: 1440, height: 900 });
  await picture(one, 'console-barred');
  await ask(boss, 'DELETE', 'sites/demo/documents/ban/net', undefined, { 'If-Match': '"1"' });
  await one.locator('.writer .barred').waitFor({ state: 'detached' });
  assert.equal(await one.locator('.barred').count(), 0);
  await presence(one, 2); // away
  await one.locator('.talk-log').focus();
  await one.keyboard.press('t');
  await one.locator('.target', { hasText: '售前咨询' }).getByText('现在无人在线，访客需要等待').waitFor();
  await one.locator('.target', { hasText: '售前咨询' }).click();
  await one.getByRole('dialog').getByRole('button', { name: '转接', exact: true }).click();
  await one.getByText('已转接给 售前咨询 · 现在无人在线，访客需要等待').waitFor(); // and once more when it is done
  await picture(one, 'console-transfer-nobody');
  await one.locator('.toast').getByRole('button', { name: '关闭' }).click();
  await one.locator('.toast').waitFor({ state: 'detached' });
  await presence(one); // back, and it comes to whom it was left for
  await openTalk(one, '我要找人');
  await closeTalk(one);
  await leave(v, one, boss);
});

test('a conversation is handed to a colleague with a note, and taken from the queue with a key', async () => {
  const one = await agent(browser, house, 'agent1');
  const v = await visitor(browser, house);
  await says(v, '我要找陈思远');
  await openTalk(one, '我要找陈思远');
  const two = await agent(browser, house, 'agent2');
  await one.locator('.talk-log').focus();
  await one.keyboard.press('t');
  const target = one.locator('.target', { hasText: '陈思远' });
  await target.waitFor();
  await target.locator('input').check();
  await one.locator('dialog textarea').fill('老客户，找过你');
  await one.getByRole('button', { name: '转接', exact: true }).last().click();
  await one.locator('.conv').first().waitFor({ state: 'detached' });
  await openTalk(two, '我要找陈思远');
  await two.locator('.talk-note', { hasText: '老客户，找过你' }).waitFor();
  await closeTalk(two);

  // Nobody is free: who waits is taken by hand.
  await presence(one, 1);
  await presence(two, 1);
  const w = await visitor(browser, house);
  await says(w, '有人吗');
  await one.locator('.list-tabs .tab', { hasText: '等待' }).locator('.count', { hasText: '1' }).waitFor();
  await one.locator('.list-tabs .tab').first().focus();
  await one.keyboard.press('a');
  await bubble(one, '有人吗');
  await one.locator('.writer textarea').waitFor();
  await closeTalk(one);
  await leave(one, two, v, w);
});

test('the main task can be done by keyboard alone', async () => {
  const page = await agent(browser, house);
  const v = await visitor(browser, house);
  await says(v, '只用键盘');
  await page.locator('.conv', { hasText: '只用键盘' }).waitFor();
  await page.locator('body').press('n');
  await page.locator('.writer textarea:focus').waitFor();
  await page.keyboard.type('收到');
  await page.keyboard.press('Enter');
  await bubble(v, '收到');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'listbox');
  await page.keyboard.press('Enter');
  await page.locator('.writer textarea:focus').waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await page.locator('dialog .keys').waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await page.locator('dialog input:focus').waitFor();
  await page.keyboard.type('收到');
  await page.keyboard.press('Enter');
  await page.locator('dialog').waitFor({ state: 'detached' });
  await page.locator('.talk-log').focus();
  await page.keyboard.press('e');
  await page.locator('.toast button').waitFor();
  await page.locator('.toast button').press('Enter');
  await page.locator('.writer textarea').waitFor();
  await closeTalk(page);
  await leave(page, v);
});

test('axe finds nothing, in any language, theme and width', async () => {
  const v = await visitor(browser, house);
  const first = await agent(browser, house);
  await says(v, '无障碍');
  await first.locator('.conv', { hasText: '无障碍' }).waitFor();
  const state = await first.context().storageState();
  const rows = [
    { locale: 'zh-CN' },
    { locale: 'zh-TW', colorScheme: 'dark' },
    { locale: 'en-US', forcedColors: 'active' },
    { locale: 'zh-CN', colorScheme: 'dark', viewport: { width: 800, height: 900 } },
    { locale: 'en-US', viewport: { width: 320, height: 700 } },
  ];
  for (const row of rows) {
    const name = JSON.stringify(row);
    const page = await at(`${house.base}/console/`, { bypassCSP: true, storageState: state, ...row });
    await page.locator('.conv').first().waitFor();
    assert.deepEqual(await axe(page), [], `${name}: list`);
    await page.locator('.conv').first().click();
    await page.locator('.say').first().waitFor();
    assert.deepEqual(await axe(page), [], `${name}: conversation`);
    await page.locator('.writer textarea').fill('/');
    await page.locator('.canned-item').first().waitFor();
    assert.deepEqual(await axe(page), [], `${name}: canned replies`);
    await page.locator('.writer textarea').fill('');
    await page.locator('.talk-log').focus();
    for (const [key, what] of [
      ['t', '.target'],
      ['?', '.keys'],
    ]) {
      await page.keyboard.press(key);
      await page.locator(what).first().waitFor();
      assert.deepEqual(await axe(page), [], `${name}: ${key}`);
      await page.keyboard.press('Escape');
      await page.locator('dialog').waitFor({ state: 'detached' });
    }
    assert.equal(
      await page.evaluate(() => document.documentElement.scrollWidth > innerWidth),
      false,
      `${name}: scrolls sideways`,
    );
    await leave(page);
  }
  const out = await at(`${house.base}/console/`, { bypassCSP: true, locale: 'en-US' });
  await out.locator('input[type="email"]').waitFor();
  assert.deepEqual(await axe(out), [], 'sign-in');
  await openTalk(first, '无障碍');
  await closeTalk(first);
  await leave(out, first, v);
});
