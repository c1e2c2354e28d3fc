// What pages lose while kefud is dead, the computer sleeps, or the network is away for an hour: nothing. Each side ends up with every message
// once and in order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agent, ask, at, browser, bubble, closedTalk, closeTalk, house, leave, openHouse, openTalk, page, says, visitor, watched } from './house.mjs';

openHouse();

const SMALL = { width: 380, height: 640, cut: true };

/** An agent at the talk that a visitor has begun with these words. */
async function talk(words, v) {
  const desk = await agent(browser, house, 'agent1', { cut: true });
  v ??= await visitor(browser, house, SMALL);
  await says(v, words);
  await openTalk(desk, words);
  await bubble(desk, words);
  return { desk, v };
}

async function answers(desk, text) {
  await desk.locator('.writer textarea').fill(text);
  await desk.locator('.writer textarea').press('Enter');
}

/** The words of both sides that begin so, as this page shows them, and nothing on its way any more. */
async function shown(p, mark, n) {
  await p.waitForFunction(
    ({ mark, n }) => {
      const all = [...document.querySelectorAll('.say-body, .bubble')].filter((e) => e.textContent.trim().startsWith(mark));
      return all.length >= n && !document.querySelector('.say.queued, .say.sending, .msg.own:not([data-seq])');
    },
    { mark, n },
  );
  return (await p.locator('.say-body, .bubble').allTextContents()).map((t) => t.trim()).filter((t) => t.startsWith(mark));
}

async function bothShow(desk, v, want) {
  for (const p of [desk, v]) assert.deepEqual(await shown(p, want[0][0], want.length), want);
}

test('a page that slept through a restart has missed nothing', async () => {
  const { desk, v } = await talk('合上电脑');
  const cdp = await v.context().newCDPSession(v);
  await cdp.send('Page.setWebLifecycleState', { state: 'frozen' });
  await answers(desk, '眠一');
  await desk.locator('.say .ticks').first().waitFor();
  await house.kill();
  await answers(desk, '眠二');
  await house.start();
  await desk.waitForFunction(() => !document.querySelector('.say.queued, .say.sending, .banner'));
  await cdp.send('Page.setWebLifecycleState', { state: 'active' });
  await says(v, '眠三');
  await bothShow(desk, v, ['眠一', '眠二', '眠三']);
  await closeTalk(desk);
  await leave(desk, v);
});

test('after an hour without a network what was written meanwhile is sent once', async () => {
  const sleeper = await page(browser, SMALL);
  await sleeper.clock.install();
  await sleeper.goto(`${house.base}/chat/demo`);
  await sleeper.locator('textarea').waitFor();
  const { desk, v } = await talk('进隧道了', sleeper);
  await house.kill();
  await says(v, '隧一');
  await v.getByText('待发送').first().waitFor();
  await v.clock.fastForward('01:00:00');
  await says(v, '隧二');
  await house.start();
  await bothShow(desk, v, ['隧一', '隧二']);
  await answers(desk, '隧三');
  await bothShow(desk, v, ['隧一', '隧二', '隧三']);
  await closeTalk(desk);
  await leave(desk, v);
});

test('what is written in two tabs while kefud is dead arrives once, from either', async () => {
  const { desk, v } = await talk('开两个窗口');
  const tab = await watched(desk.context(), true);
  await tab.goto(`${house.base}/console/`);
  await openTalk(tab, '开两个窗口');
  const window2 = await watched(v.context(), true);
  await window2.goto(`${house.base}/chat/demo`);
  await bubble(window2, '开两个窗口');
  await house.kill();
  await answers(desk, '双甲');
  await answers(tab, '双乙');
  await says(v, '双丙');
  await says(window2, '双丁');
  await desk.locator('.say.queued').first().waitFor();
  await tab.locator('.say.queued').first().waitFor();
  await house.start();
  const all = await shown(desk, '双', 4);
  assert.deepEqual([...all].sort(), ['双丁', '双丙', '双乙', '双甲'].sort());
  for (const p of [tab, v, window2]) assert.deepEqual(await shown(p, '双', 4), all);
  await closeTalk(desk);
  await leave(desk, v);
});

test('a file that was on its way when kefud died says so, and is sent once when it is tried again', async () => {
  const { desk, v } = await talk('发张照片');
  const photo = await v.screenshot({ clip: { x: 0, y: 0, width: 64, height: 48 } });
  await v.route(
    '**/files?*',
    async (route) => {
      await house.kill();
      await route.continue();
    },
    { times: 1 },
  );
  await v.locator('input[type=file]').setInputFiles({ name: '照片.png', mimeType: 'image/png', buffer: photo });
  const again = v.getByRole('button', { name: '重新发送' });
  await again.waitFor();
  await says(v, '图后面的话');
  await house.start();
  await v.locator('.msg.own[data-seq]', { hasText: '图后面的话' }).waitFor();
  await again.click();
  await v.locator('.msg.own[data-seq] .msg-image').waitFor();
  await desk.waitForFunction(() => [...document.querySelectorAll('[role=log] img')].filter((i) => i.complete && i.naturalWidth === 64).length === 1);
  assert.equal(await desk.locator('.say-body', { hasText: '图后面的话' }).count(), 1);
  assert.equal(await v.locator('.msg-image').count(), 1);
  await closeTalk(desk);
  await leave(desk, v);
});

test('what is scored while kefud is dead, or does not hear that it was saved, is in the draft', async () => {
  await closedTalk(browser, house, '评分时断线');
  const r = await at(browser, house, 'reviewer', '/review/?view=tasks', { cut: true });
  await r.locator('.work-list').waitFor();
  await ask(r, 'POST', 'samples?site=demo', { scorecard: 'standard-zh', n: 50 });
  await r.reload();
  await r.locator('.work-list .result').first().click();
  await r.locator('[data-item="greeting"] input').first().waitFor();
  const status = r.locator('.panel-foot [role=status]');
  const answer = async (item, digit) => {
    await r.locator(`[data-item="${item}"] input`).first().focus();
    await r.keyboard.press(digit);
  };
  const drafted = async () => (await ask(r, 'GET', 'reviews?site=demo&list=mine').then(({ items }) => ask(r, 'GET', `reviews/${items[0].id}`))).contents.answers;

  await answer('greeting', '1');
  await status.filter({ hasText: '已保存' }).waitFor();
  await house.kill();
  await answer('tone', '3');
  await status.filter({ hasText: '没有保存' }).waitFor();
  await answer('empathy', '2');
  await house.start();
  await status.filter({ hasText: '已保存' }).waitFor(); // nobody has touched a key
  assert.deepEqual(await drafted(), { greeting: { value: 1 }, tone: { value: 3 }, empathy: { value: 2 } });

  // It gets there, and its answer is lost.
  let cut = true;
  await r.route(/\/draft$/, async (route) => {
    if (!cut) return route.continue();
    cut = false;
    await route.fetch();
    return route.abort();
  });
  await answer('correct', '4');
  await status.filter({ hasText: '没有保存' }).waitFor();
  await answer('records', '1');
  await status.filter({ hasText: '已保存' }).waitFor();
  const all = { greeting: { value: 1 }, tone: { value: 3 }, empathy: { value: 2 }, correct: { value: 4 }, records: { value: 1 } };
  assert.deepEqual(await drafted(), all);
  assert.equal(await r.locator('.toast').count(), 0); // nobody else has changed anything
  await r.reload();
  await r.locator('.work-list .result').first().click();
  await r.locator('[data-item="records"] input:checked').waitFor();
  assert.equal(await r.locator('[data-item="tone"] input:checked').count(), 1);
  await leave(r).catch((e) => assert.match(e.message, /409/)); // the browser speaks of what was refused
});
