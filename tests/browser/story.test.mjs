// The main job as people live it: a visitor writes, an agent answers, the talk is closed, rated and found again; the same with kefud and its
// Redis killed in the middle.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { agentBox, axe, browser, complaints, goOnline, house, openHouse, page, picture, said, signIn, visitorBox } from './house.mjs';

openHouse();

const WORDS = {
  'zh-CN': { close: '结束会话', ask: '你好，我想退款，沙发有破损', reply: '您好，请问订单号是多少？', more: '订单号是 20261121', rate: /非常满意/, find: '退款', rule: '自动规则：问候' },
  en: { close: 'Close', ask: 'Hello, 我想投诉 about a broken lamp', reply: 'I am sorry. Which order is it?', more: 'order 4711', rate: /Very satisfied|very good/i, find: '投诉', rule: 'Rule: Greeting' },
};

async function openTalk(lang) {
  const visitor = await page(browser, { locale: lang, width: 400, height: 700, cut: true });
  const agent = await page(browser, { locale: lang, cut: true });
  await signIn(agent, house.base, '/console/', 'agent1');
  await goOnline(agent);
  await visitor.goto(`${house.base}/chat/demo?lang=${lang}`);
  return { visitor, agent };
}

async function write(p, box, text) {
  await box(p).fill(text);
  await box(p).press('Enter');
}

// The row does not say what the visitor wrote first: look into the unread ones until it is there.
async function take(agent, text) {
  const row = agent.getByRole('option', { name: /未读|unread/ });
  const talk = agent.getByRole('log').getByText(text, { exact: true });

  while (!(await talk.isVisible())) {
    await row.or(talk).first().waitFor();
    if (await row.first().isVisible()) await row.first().click();
    await agent.getByRole('log').waitFor();
    await agent.getByRole('log').getByRole('listitem').nth(1).waitFor();
  }
}

async function findUntil(search, hit) {
  for (let tries = 0; tries < 15; tries++) {
    await search.press('Enter');
    if (await hit.waitFor({ timeout: 2000 }).then(() => true, () => false)) return;
  }
  await hit.waitFor();
}

for (const lang of Object.keys(WORDS)) {
  test(`a visitor is answered, closes, rates, and is found again (${lang})`, async () => {
    const w = WORDS[lang];
    const { visitor, agent } = await openTalk(lang);

    await picture(visitor, `widget-open-${lang}`);
    await write(visitor, visitorBox, w.ask);
    await take(agent, w.ask);
    await write(agent, agentBox, w.reply);
    await said(visitor, w.reply).waitFor();
    assert.deepEqual(await axe(visitor), []);
    assert.deepEqual(await axe(agent), []);
    await picture(visitor, `widget-talk-${lang}`);
    await picture(agent, `console-talk-${lang}`);

    // kefud and its Redis die; the visitor goes on typing; both come back by themselves.
    await house.kill();
    await write(visitor, visitorBox, w.more);
    await house.start();
    await agent.getByRole('log').getByText(w.more, { exact: true }).waitFor();
    await said(visitor, w.more).waitFor();
    assert.equal(await agent.getByRole('log').getByText(w.more, { exact: true }).count(), 1, 'the message stands once in the transcript');

    await agent.getByRole('button', { name: w.close, exact: true }).click();
    const rating = visitor.getByRole('radio', { name: w.rate }).or(visitor.getByRole('button', { name: w.rate }));
    await rating.first().click();
    await visitor.getByRole('button', { name: /提交|Submit|Send rating/ }).first().click();
    await visitor.getByText(/感谢您的评价|Thank you/).first().waitFor();
    await picture(visitor, `widget-rated-${lang}`);

    const reviewer = await page(browser, { locale: lang });
    await signIn(reviewer, house.base, '/review/', 'reviewer');
    const search = reviewer.getByRole('searchbox');
    await search.fill(w.find);
    const hit = reviewer.getByRole('option').filter({ hasText: w.find }).first();
    await findUntil(search, hit); // the index may be a second behind
    await hit.click();
    await said(reviewer, w.reply).waitFor();
    await reviewer.getByText(w.rule).first().waitFor();
    assert.deepEqual(await axe(reviewer), []);
    await picture(reviewer, `review-${lang}`);

    for (const p of [visitor, agent, reviewer]) {
      assert.deepEqual(complaints(p), []);
      await p.context().close();
    }
  });
}

test('Enter that ends a composition sends nothing', async () => {
  const visitor = await page(browser, { width: 400, height: 700 });
  await visitor.goto(`${house.base}/chat/demo`);
  await visitorBox(visitor).click();
  const client = await visitor.context().newCDPSession(visitor);

  await client.send('Input.imeSetComposition', { text: 'tuikuan', selectionStart: 7, selectionEnd: 7 });
  await client.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', key: 'Process', code: 'Enter', windowsVirtualKeyCode: 229 });
  await client.send('Input.dispatchKeyEvent', { type: 'keyUp', key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13 });
  await client.send('Input.insertText', { text: '退款' });
  assert.equal(await visitorBox(visitor).inputValue(), '退款', 'nothing was sent by the Enter of the input method');
  await visitorBox(visitor).press('Enter');
  await said(visitor, '退款').waitFor();
  assert.equal(await visitorBox(visitor).inputValue(), '');
  const copies = await visitor.evaluate(
    () => [...document.querySelectorAll('[role=log] :not(textarea)')].filter((e) => !e.childElementCount && e.textContent === '退款').length,
  );
  assert.equal(copies, 1, 'it was sent once (the form for messages left may quote it)');
  await visitor.context().close();
});

const HOSTILE = [
  '<img src=x onerror=alert(1)>',
  '<script>document.title="x"</script>',
  'javascript:alert(1)',
  '\u202Egnp.exe\u202C 附件',
  'a\u200Bb\u200Cc\u200D',
  '{{constructor.constructor("alert(1)")()}}',
  '👨‍👩‍👧‍👦🏳️‍🌈🇨🇳',
  '啊'.repeat(4096),
];

test('hostile texts are text, on both sides', async () => {
  const { visitor, agent } = await openTalk('zh-CN');

  for (const p of [visitor, agent]) p.on('dialog', () => p.complaints.push('a dialog opened'));
  await write(visitor, visitorBox, '开始');
  await take(agent, '开始');
  for (const text of HOSTILE) {
    await write(visitor, visitorBox, text);
    await agent.waitForFunction((t) => document.body.textContent.includes(t), text);
  }
  assert.equal(await agent.locator('[role=log] img, [role=log] script').count(), 0);
  assert.equal(await agent.locator('[role=log] a[href^="javascript"]').count(), 0);
  for (const p of [visitor, agent]) {
    assert.deepEqual(complaints(p), []);
    await p.context().close();
  }
});
