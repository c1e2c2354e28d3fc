// The review pages against a real kefud: transcripts are found again, and read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agent, ask, axe, browser, bubble, closeTalk, fillSignIn, house, leave, openHouse, page, says, visitor } from './house.mjs';

const TALKS = [
  ['你好，水电改造怎么收费？', '您好，水电改造按米数结算，每米 35 元。'],
  ['我想问一下退货，收到的灯坏了', '非常抱歉，请拍一张照片给我。'],
  ['Do you deliver to Suzhou?', 'Yes, delivery takes two days.'],
];

openHouse(async () => {
  const page = await agent(browser, house);
  for (const [question, answer] of TALKS) {
    const v = await visitor(browser, house);
    await says(v, question);
    await page.locator('.conv', { hasText: question }).click();
    await page.locator('.writer textarea').fill(answer);
    await page.keyboard.press('Enter');
    await bubble(v, answer);
    await v.context().close();
  }
  await page.keyboard.press('i');
  await page.context().close();
});

async function review(options = {}, path = '/review/') {
  const page = await at(house.base + path, options);
  await fillSignIn(page, 'reviewer');
  await page.locator('.result').first().waitFor();
  return page;
}

async function at(url, options) {
  const p = await page(browser, options);
  await p.goto(url);
  return p;
}

test('a transcript is found by a word of two characters, and the word is marked where it stands', async () => {
  const page = await review();
  await page.keyboard.press('/');
  await page.locator('#q:focus').waitFor();
  await page.keyboard.type('改造');
  await page.locator('.result mark', { hasText: '改造' }).first().waitFor(); // who types slowly is answered for the first character, too
  assert.equal(await page.locator('.result').count(), 1);
  assert.match(await page.locator('.count').textContent(), /1 条记录/);
  await page.locator('.result').click();
  await page.locator('.say mark', { hasText: '改造' }).first().waitFor();
  const marked = await page.locator('.say mark').allTextContents();
  assert.deepEqual(marked, ['改造', '改造']);
  await page.getByText('第 1 处，共 2 处').or(page.getByText('第 2 处，共 2 处')).waitFor();
  assert.match(page.url(), /q=%E6%94%B9%E9%80%A0/);
  await leave(page);
});

test('the address holds the question, so that it can be shared', async () => {
  const page = await review({}, `/review/?q=${encodeURIComponent('退货')}`);
  await page.locator('.result mark').first().waitFor();
  assert.equal(await page.locator('#q').inputValue(), '退货');
  assert.equal(await page.locator('.result').count(), 1);
  await leave(page);
});

test('keys lead through messages and results', async () => {
  const page = await review();
  await page.keyboard.press('Shift+J');
  await page.locator('.say').first().waitFor();
  await page.locator('.talk-log').focus();
  await page.keyboard.press('j');
  await page.locator('.say.on').waitFor();
  const first = await page.locator('.say.on').getAttribute('data-seq');
  await page.keyboard.press('j');
  await page.locator(`.say.on:not([data-seq="${first}"])`).waitFor();
  await page.keyboard.press('k');
  await page.locator(`.say.on[data-seq="${first}"]`).waitFor();
  const name = await page.locator('.result.on').textContent();
  await page.keyboard.press('Shift+J');
  await page.waitForFunction((was) => document.querySelector('.result.on')?.textContent !== was, name);
  await page.keyboard.press('Shift+K');
  await page.waitForFunction((was) => document.querySelector('.result.on')?.textContent === was, name);
  await page.keyboard.press('/');
  await page.locator('#q:focus').waitFor();
  await leave(page);
});

test('of a long transcript what is about the reader is drawn, and all of it is within reach', async () => {
  const MESSAGES = 1500;
  const page = await review();
  const at = Date.now() - 86_400_000;
  const messages = Array.from({ length: MESSAGES }, (_, i) => ({
    seq: i + 1,
    at: at + i * 20_000,
    from: i % 2 ? { role: 'agent', name: '林小雨' } : { role: 'visitor', name: '' },
    kind: 'text',
    text: `第${i + 1}句 ${'话'.repeat((i * 7) % 60)}`,
  }));
  await page.route(/\/api\/v1\/transcripts\/[0-9a-f-]+/, async (route) => {
    const answer = await (await route.fetch()).json();
    await route.fulfill({ json: { ...answer, messages, timeline: [] } });
  });
  await page.locator('.result').first().click();
  const said = (n) => page.locator('.say', { hasText: `第${n}句` });
  const inSight = (n) =>
    page.waitForFunction((seq) => {
      const el = document.querySelector(`.reader [data-seq="${seq}"]`)?.getBoundingClientRect();
      const log = document.querySelector('.talk-log').getBoundingClientRect();
      return el && el.top >= log.top - 1 && el.bottom <= log.bottom + 1;
    }, n);
  await said(1).waitFor();
  const log = page.locator('.talk-log');
  const drawn = () => page.evaluate(() => document.querySelectorAll('.reader .say').length);
  assert.ok((await drawn()) < 200, `${await drawn()} are drawn`);

  // By scrolling: to the end, to the middle, and slowly, where nothing may jump.
  await log.focus();
  await page.keyboard.press('End');
  await inSight(MESSAGES);
  assert.ok((await drawn()) < 200, `${await drawn()} are drawn`);
  await page.evaluate(() => {
    const el = document.querySelector('.talk-log');
    el.scrollTop = el.scrollHeight / 2;
  });
  await page.waitForFunction(() => {
    const log = document.querySelector('.talk-log').getBoundingClientRect();
    const seen = document.elementFromPoint(log.left + log.width / 2, log.top + log.height / 2)?.closest('[data-seq]');
    return seen && Math.abs(seen.dataset.seq - 750) < 150;
  });
  const jumps = await page.evaluate(async () => {
    const el = document.querySelector('.talk-log');
    const frame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const ret = [];
    for (const by of [-60, 60]) {
      for (let i = 0; i < 120; i++) {
        const box = el.getBoundingClientRect();
        const row = [...document.querySelectorAll('.reader .say')].find((x) => x.getBoundingClientRect().top >= box.top);
        const seq = row.dataset.seq;
        const was = row.getBoundingClientRect().top;
        el.scrollTop += by;
        await frame();
        const is = document.querySelector(`.reader [data-seq="${seq}"]`)?.getBoundingClientRect().top;
        if (is === undefined || Math.abs(is - was + by) > 2) ret.push([seq, was, is]);
      }
    }
    return ret;
  });
  assert.deepEqual(jumps, []);

  // By keys, from where one stands on; by the strip.
  await page.keyboard.press('Home');
  await inSight(1);
  await page.keyboard.press('j');
  await page.locator('.say.on[data-seq="1"]').waitFor();
  const strip = await page.locator('.strip').boundingBox();
  await page.mouse.click(strip.x + strip.width * 0.9, strip.y + strip.height / 2);
  await page.locator('.say.on').waitFor();
  const there = Number(await page.locator('.say.on').getAttribute('data-seq'));
  assert.ok(there > 1200, `${there}`);
  await inSight(there);
  await log.focus();
  await page.keyboard.press('k');
  await inSight(there - 1);
  await page.locator(`.say.on[data-seq="${there - 1}"]`).waitFor();

  // What the browser finds in words that are not drawn is drawn.
  const rest = page.locator('.talk-rest', { hasText: '第300句' });
  await rest.waitFor({ state: 'attached' });
  await rest.evaluate((el) => {
    el.id = 'found';
    location.hash = '#found';
  });
  await said(300).waitFor();
  assert.deepEqual(await axe(page), []);
  await leave(page);
});

test('filters narrow the list, and an empty list says how to widen it', async () => {
  const page = await review();
  assert.equal(await page.locator('.result').count(), 3);
  await page.locator('.chip-btn').nth(0).click();
  await page.locator('.menu-item', { hasText: '林小雨' }).click();
  await page.locator('.chip.on', { hasText: '林小雨' }).waitFor();
  await page.locator('.result').nth(2).waitFor();
  await page.locator('.chip-btn').nth(2).click();
  await page.locator('.menu-item', { hasText: '昨天' }).click();
  await page.getByRole('button', { name: '放宽筛选条件' }).click();
  await page.locator('.result').nth(2).waitFor();
  await leave(page);
});

test('what is being typed stays when the list of colleagues arrives', async () => {
  const page = await at(`${house.base}/review/`);
  let answer;
  await page.route('**/colleagues', (route) => (answer = () => route.continue()));
  await fillSignIn(page, 'reviewer');
  await page.locator('.result').first().waitFor();
  await page.locator('#q').evaluate((q) => (q.value = '改')); // no event: as while an input method composes
  const colleagues = page.waitForResponse('**/colleagues');
  answer();
  await colleagues;
  await page.locator('.chip-btn').nth(0).click();
  await page.locator('.menu-item', { hasText: '林小雨' }).waitFor();
  assert.equal(await page.locator('#q').inputValue(), '改');
  await leave(page);
});

test('dates in the wrong order are said, and stay', async () => {
  const page = await review();
  await page.locator('.chip-btn').nth(2).click();
  await page.getByRole('menuitemradio', { name: /日期/ }).or(page.locator('.menu-item', { hasText: '日期' })).first().click();
  const dates = page.locator('dialog input[type=date], [role=dialog] input[type=date]');
  await dates.nth(0).fill('2026-03-02');
  await dates.nth(1).fill('2026-03-01');
  await page.getByRole('button', { name: '应用' }).click();
  await page.locator('.error[role=alert]').waitFor();
  assert.deepEqual([await dates.nth(0).inputValue(), await dates.nth(1).inputValue()], ['2026-03-02', '2026-03-01']);
  await leave(page);
});

test('nothing found is said with the words that were looked for', async () => {
  const page = await review({ locale: 'en-US' });
  await page.locator('#q').fill('no such words');
  await page.getByText('No transcript contains “no such words”').waitFor();
  await leave(page);
});

test('an agent without the role is told so', async () => {
  const page = await at(`${house.base}/review/`);
  await fillSignIn(page, 'agent1');
  await page.getByText('质检或主管').waitFor();
  await leave(page);
});

test('when kefud is away the list says so, and asks again', async () => {
  const page = await review({ cut: true });
  await house.kill();
  await page.locator('#q').fill('水电');
  await page.getByText('暂时连接不到服务器').waitFor();
  await house.start();
  await page.getByRole('button', { name: '重试' }).click();
  await page.locator('.result mark').first().waitFor();
  await leave(page);
});

test('axe finds nothing, in any language, theme and width', async () => {
  const first = await review();
  const state = await first.context().storageState();
  await leave(first);
  for (const row of [
    { locale: 'zh-CN' },
    { locale: 'zh-TW', colorScheme: 'dark' },
    { locale: 'en-US', forcedColors: 'active' },
    { locale: 'zh-CN', colorScheme: 'dark', viewport: { width: 320, height: 700 } },
  ]) {
    const name = JSON.stringify(row);
    const page = await at(`${house.base}/review/`, { bypassCSP: true, storageState: state, ...row });
    await page.locator('.result').first().waitFor();
    assert.deepEqual(await axe(page), [], `${name}: list`);
    await page.locator('#q').fill('水电');
    await page.locator('.result mark').first().waitFor();
    await page.locator('.result').first().click();
    await page.locator('.say mark').first().waitFor();
    assert.deepEqual(await axe(page), [], `${name}: transcript`);
    assert.equal(
      await page.evaluate(() => document.documentElement.scrollWidth > innerWidth),
      false,
      `${name}: scrolls sideways`,
    );
    await leave(page);
  }
});

test('what was deleted was taken back by nobody: it says by which rule, and when', async () => {
  const admin = await at(`${house.base}/admin/`, {});
  await fillSignIn(admin, 'admin');
  await admin.locator('.rail').waitFor();
  const desk = await agent(browser, house);
  const v = await visitor(browser, house);
  await says(v, '请把我的资料都删掉');
  await desk.locator('.conv', { hasText: '请把我的资料都删掉' }).click();
  await closeTalk(desk);
  await v.context().close();
  await desk.context().close();

  const page = await review();
  await page.locator('#q').fill('资料');
  await page.locator('.result mark').first().waitFor();
  await page.locator('.result').click();
  await bubble(page, '请把我的资料都删掉');
  const id = new URL(page.url()).searchParams.get('id');
  const { conversation } = await ask(page, 'GET', `transcripts/${id}`);
  await ask(admin, 'POST', `visitors/${conversation.visitor.id}/erase`, {});
  await page.reload();
  await page.locator('.masked[role=note]', { hasText: '访客的资料已按要求清除' }).waitFor();
  await page.locator('.say-gone', { hasText: '内容已删除' }).first().waitFor();
  assert.equal(await page.getByText('撤回').count(), 0);
  await leave(page, admin);
});
