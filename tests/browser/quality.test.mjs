// Quality review in the browser, by keyboard alone: drawn, scored with a fatal item, appealed against, overturned, and the figures change.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, at, axe, browser, bubble, closedTalk, complaints, house, leave, openHouse, page, picture, tabTo } from './house.mjs';

const LANGS = [
  { locale: 'zh-CN', draw: '新抽样', take: '抽取', mine: '我的质检', send: '提交申诉', free: '无致命率' },
  { locale: 'en-US', draw: 'New sample', take: 'Draw', mine: 'My quality', send: 'Send the appeal', free: 'Fatal-free' },
];
/** The answers to the shipped card, item by item: a digit, x, or nothing where 0 stands. */
const KEYS = ['1', 'x', '1', '4', '2', '1', '2', '4', 'x', '1', '', '', '1', '', '', ''];

openHouse();

async function freeRate(p, name) {
  return (await p.locator('.tile', { hasText: name }).locator('dd.num').textContent()).trim();
}

for (const row of LANGS) {
  test(`sample, score, appeal, decision and figures by keyboard alone (${row.locale})`, async () => {
    await closedTalk(browser, house, `灯坏了 ${row.locale}，我的电话 13800138000`);
    const options = { locale: row.locale };

    const r = await at(browser, house, 'reviewer', '/review/?view=samples', options);
    await r.locator('.sheet-head button').waitFor();
    await tabTo(r, { selector: 'button', text: row.draw });
    await r.keyboard.press('Enter');
    await r.locator('dialog .draw').waitFor();
    await r.locator('dialog footer .btn.primary:not([disabled])').waitFor();
    if (row.locale === 'en-US') {
      // A page in English proposes the card in English.
      assert.equal(await r.locator('dialog select').first().inputValue(), 'standard-en');
    }
    await tabTo(r, { selector: 'dialog footer button', text: row.take });
    await r.keyboard.press('Enter');
    await r.locator('dialog').waitFor({ state: 'detached' });
    await r.locator('.table tbody tr').first().waitFor();

    await tabTo(r, { selector: '.views [role=tab]' }, true);
    await r.keyboard.press('ArrowLeft');
    await r.keyboard.press('ArrowLeft');
    await r.locator('.work-list .result').first().waitFor();
    await tabTo(r, { selector: '.work-list .list' });
    await r.keyboard.press('ArrowDown');
    await r.locator('.panel .card-item').first().waitFor();
    await r.locator('.masked').waitFor();
    await bubble(r, '138****8000');
    await r.keyboard.press('Enter');
    await r.waitForFunction(() => document.activeElement?.closest('[data-item="greeting"]'));
    for (const [i, key] of KEYS.entries()) {
      const item = await r.evaluate(() => document.activeElement?.closest('[data-item]')?.getAttribute('data-item'));
      assert.ok(item, `the ${i}th item has the focus`);
      if (item === 'rude') {
        await r.keyboard.press('n');
        await r.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA');
        await r.keyboard.type('x1 第二句');
        await r.keyboard.press('Shift+Tab');
      }
      if (key) await r.keyboard.press(key);
      if (item === 'rude') await r.keyboard.press('Tab');
      await r.keyboard.press('Tab');
    }
    await r.locator('.panel-score .badge.bad').waitFor();
    await picture(r, `review-score-${row.locale}`);
    // A comment at the second message.
    await tabTo(r, { selector: '[data-item="records"] input' }, true);
    await r.keyboard.press('j');
    await r.keyboard.press('j');
    await r.locator('.say.on').waitFor();
    await r.keyboard.press('c');
    await r.locator('dialog textarea:focus').waitFor();
    await r.keyboard.type('问候得体');
    await r.keyboard.press('Control+Enter');
    await r.locator('.comment', { hasText: '问候得体' }).waitFor();
    await tabTo(r, { selector: '.panel [data-item] input' });
    await r.keyboard.press('Control+Enter');
    await r.locator('.work-list .empty').waitFor(); // nothing is left to be done
    await leave(r);

    const s = await at(browser, house, 'supervisor', '/review/?view=figures', options);
    await s.locator('.tile').first().waitFor();
    const before = await freeRate(s, row.free);
    await leave(s);

    const a = await at(browser, house, 'agent1', '/console/', options);
    await a.locator('.rail').waitFor();
    await tabTo(a, { selector: '.rail button', text: row.mine });
    await a.keyboard.press('Enter');
    await a.locator('.mine-list button').first().waitFor();
    await tabTo(a, { selector: '.mine-list button' });
    // The words of the talk come late: whoever has gone on by then is not brought back.
    let letIn;
    const held = new Promise((resolve) => (letIn = resolve));
    await a.route(/\/api\/v1\/transcripts\//, (route) => held.then(() => route.continue()));
    await a.keyboard.press('Enter');
    await a.locator('.mine .panel .card-item').first().waitFor();
    await tabTo(a, { selector: '[data-item="rude"] input[type=checkbox]' });
    const came = a.waitForResponse(/\/api\/v1\/transcripts\//);
    letIn();
    await (await came).finished();
    await a.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
    await a.keyboard.press('Space');
    await a.locator('[data-item="rude"] textarea:focus').waitFor();
    await a.keyboard.type('这句话是访客说的');
    await picture(a, `console-mine-${row.locale}`);
    await tabTo(a, { selector: 'button', text: row.send });
    await a.keyboard.press('Enter');
    await a.locator('.item-appeal', { hasText: '这句话是访客说的' }).waitFor();
    await leave(a);

    const d = await at(browser, house, 'supervisor', '/review/?view=appeals', options);
    await d.locator('.work-list .result').first().waitFor();
    await d.locator('.views [data-key=appeals] .count', { hasText: /^1$/ }).waitFor();
    await tabTo(d, { selector: '.work-list .list' });
    await d.keyboard.press('ArrowDown');
    await d.locator('.verdict').waitFor();
    await d.keyboard.press('Enter');
    await d.locator('.verdict input[type=radio]:focus').waitFor();
    await d.keyboard.press('Space');
    await d.locator('.verdict-new').waitFor();
    await d.keyboard.press('Tab');
    await d.keyboard.press('ArrowLeft');
    await d.keyboard.press('Tab');
    await d.locator('.verdict textarea:focus').waitFor();
    await d.keyboard.type('同意，是访客说的');
    await picture(d, `review-decide-${row.locale}`);
    await d.keyboard.press('Control+Enter');
    await d.locator('.work-list .empty').waitFor();
    await tabTo(d, { selector: '.views [role=tab]' }, true);
    await d.keyboard.press('ArrowRight');
    await d.keyboard.press('ArrowRight');
    await d.locator('.tile').first().waitFor();
    const now = await freeRate(d, row.free);
    await picture(d, `review-figures-${row.locale}`);
    assert.notEqual(now, before);
    assert.match(now, /100/);
    await leave(d);
  });
}

for (const row of [
  { locale: 'zh-CN', none: '全部不适用就没有分数', passed: '合格', name: 'wide' },
  { locale: 'en-US', none: 'there is no score', passed: 'passed', name: 'narrow-dark', width: 390, height: 800, dark: true },
]) {
  test(`what judges nothing has no score, and says why (${row.locale})`, async () => {
    await closedTalk(browser, house, `都不适用 ${row.locale}`);
    const r = await at(browser, house, 'reviewer', '/review/?view=tasks', row);
    await r.locator('.work-list').waitFor();
    const me = (await ask(r, 'GET', 'session')).person.id;
    const name = `Empty ${row.locale}`;
    await ask(r, 'POST', 'samples?site=demo', { scorecard: 'standard-zh', name, n: 1, reviewers: [me], again: true });
    await r.reload();
    await r.locator('.work-list .result', { hasText: name }).click();
    await r.locator('.panel .card-item').first().waitFor();
    const na = r.getByRole('radio', { name: row.locale === 'zh-CN' ? '不适用' : 'N/A', exact: true });
    const n = await na.count();
    assert.ok(n >= 10);
    for (let i = 0; i < n; i++) await na.nth(i).press('Space'); // where it stands may move: what machines have found arrives late
    const score = r.locator('.panel-foot .panel-score');
    await score.getByText(row.none).waitFor();
    // The draft is stored, and has no score either.
    const { id } = (await ask(r, 'GET', 'reviews?site=demo&list=mine')).items.find((x) => x.sample.name === name);
    await r.locator('.panel-foot [role=status]', { hasText: /已保存|saved/ }).waitFor();
    assert.match(await score.textContent(), /^—/);
    assert.equal(await r.locator('.panel-foot .badge').count(), 0);
    await picture(r, `review-empty-${row.name}`);
    await r.locator('.panel-foot .btn.primary').click();
    await r.locator('.panel-foot [role=alert]', { hasText: row.none }).waitFor();
    assert.match(await score.textContent(), /^—\s*$/);
    assert.deepEqual(await axe(r), []);
    // One that applies, and there is a score again.
    await r.locator('[data-item="greeting"] input[type=radio]').first().press('Space');
    await score.getByText('100').waitFor();
    assert.equal((await ask(r, 'GET', `reviews/${id}`)).may.score, true);
    await leave(r);
  });
}

test('a figure opens the reviews that it was counted from, and a supervisor may see what is masked', async () => {
  const p = await at(browser, house, 'supervisor', '/review/?view=figures', { locale: 'zh-CN' });
  await p.locator('.tile', { hasText: '改判率' }).getByRole('button').click();
  await p.locator('.work-list .result').first().waitFor();
  assert.equal(await p.locator('.work-list .result').count(), 2);
  await p.locator('.work-list .result').first().click();
  await bubble(p, '138****8000');
  await p.getByRole('button', { name: '显示原文' }).click();
  await bubble(p, '13800138000');
  await p.getByText('本次查看已记录').waitFor();
  await leave(p);
});

test('every figure leads to its reviews, and teams have their names', async () => {
  const p = await at(browser, house, 'supervisor', '/review/?view=figures', { locale: 'zh-CN' });
  const back = p.locator('.work-back button');
  await p.locator('.tile').first().waitFor();
  const names = await p.locator('.tile dt').allTextContents();
  assert.equal(names.length, 8);
  for (const [i, name] of names.entries()) {
    await p.locator('.tile').nth(i).getByRole('button').click();
    await p.locator('.work-back', { hasText: name }).waitFor();
    await p.locator('.work-list .result').nth(1).waitFor();
    await back.click();
    await p.locator('.tile').first().waitFor();
  }
  for (const by of ['queue', 'item', 'agent']) {
    await p.locator('.sheet-head select').nth(1).selectOption(by);
    await p.locator(`.table tbody [aria-label*="${by === 'item' ? '未达标' : '平均分'}"]`).first().waitFor();
    const cells = await p.locator('.table tbody tr').first().locator('td .link').count();
    assert.ok(cells >= 3, `${by}: ${cells}`);
    for (let i = 0; i < cells; i++) {
      await p.locator('.table tbody tr').first().locator('td .link').nth(i).click();
      await p.locator('.work-list .result').first().waitFor();
      await back.click();
      await p.locator('.sheet-head select').nth(1).waitFor();
      await p.locator('.table tbody tr').first().locator('td .link').first().waitFor();
    }
    if (by === 'queue') assert.deepEqual(await p.locator('.table tbody th').allTextContents(), ['客户服务']);
  }
  assert.deepEqual(await axe(p), []);
  await leave(p);
});

test('axe finds nothing, in any language, theme and width', async () => {
  const first = await at(browser, house, 'supervisor', '/review/?view=tasks', { locale: 'zh-CN' });
  await first.locator('.work-list').waitFor();
  const storageState = await first.context().storageState();
  await leave(first);
  for (const row of [
    { locale: 'zh-CN' },
    { locale: 'zh-TW', colorScheme: 'dark' },
    { locale: 'en-US', forcedColors: 'active' },
    { locale: 'zh-CN', colorScheme: 'dark', viewport: { width: 320, height: 700 } },
  ]) {
    const name = `${row.locale}-${row.colorScheme ?? row.forcedColors ?? 'light'}-${row.viewport?.width ?? 1440}`;
    const p = await page(browser, { bypassCSP: true, storageState, ...row });
    for (const view of ['tasks', 'appeals', 'samples', 'figures']) {
      await p.goto(`${house.base}/review/?view=${view}`);
      await p.locator({ tasks: '.work-list .tabs', appeals: '.work-list .empty', samples: '.table', figures: '.tile' }[view]).first().waitFor();
      assert.deepEqual(await axe(p), [], `${name}: ${view}`);
      assert.equal(await p.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${name}: ${view} scrolls sideways`);
      await picture(p, `review-${view}-${name}`);
    }
    await p.locator('.table tbody button').first().click();
    await p.locator('.work-list .result').first().click();
    await p.locator('.panel .card-item').first().waitFor();
    assert.deepEqual(await axe(p), [], `${name}: review`);
    await picture(p, `review-read-${name}`);
    assert.deepEqual(complaints(p), []);
    await p.context().close();
  }
});

test('a share of what some have done is drawn, and complaints are on the risk list', async () => {
  for (const words of ['请问运费', '我要投诉你们', '开发票']) await closedTalk(browser, house, words);
  const first = await at(browser, house, 'reviewer', '/review/?view=samples');
  await first.locator('.sheet-head button').waitFor();
  const storageState = await first.context().storageState();
  await leave(first);
  for (const [name, look] of [
    ['zh-CN', { locale: 'zh-CN', how: '抽取多少', by: '按比例', share: '比例（%）', fits: /符合条件 (\d+) 条，抽 (\d+) 条/, complaint: '包括访客投诉的会话' }],
    ['zh-TW-dark', { locale: 'zh-TW', dark: true, how: '抽取多少', by: '依比例', share: '比例（%）', fits: /符合條件 (\d+) 筆，抽 (\d+) 筆/, complaint: '包括訪客投訴的對話' }],
    ['en-narrow', { locale: 'en-US', width: 320, height: 900, how: 'How many', by: 'A share', share: 'Percent', fits: /(\d+) fit, (\d+) are drawn/, complaint: 'Also where the visitor complained' }],
    ['zh-CN-narrow-dark', { locale: 'zh-CN', width: 390, height: 800, dark: true, how: '抽取多少', by: '按比例', share: '比例（%）', fits: /符合条件 (\d+) 条，抽 (\d+) 条/, complaint: '包括访客投诉的会话' }],
  ]) {
    const { how, by, share, fits, complaint, ...options } = look;
    const p = await page(browser, { bypassCSP: true, storageState, ...options });
    await p.goto(`${house.base}/review/?view=samples`);
    await p.locator('.sheet-head button').first().click();
    const status = p.locator('dialog [role=status]');
    const reads = async (when) => {
      let got;
      for (const end = Date.now() + 20_000; !got || !when(...got); await new Promise((r) => setTimeout(r, 50))) {
        assert.ok(Date.now() < end, `${name}: ${await status.textContent()}`);
        got = fits.exec(await status.textContent())?.slice(1).map(Number);
      }
      return got;
    };
    const dialog = p.locator('dialog');
    const [all] = await reads((n) => n >= 3);
    await p.getByLabel(how).selectOption({ label: by });
    await p.getByLabel(share).fill('100');
    await reads((n, drawn) => n === all && drawn === all);
    await p.getByLabel(share).fill('150'); // what is drawn is what stands there
    assert.equal(await p.getByLabel(share).inputValue(), '100');
    await p.getByLabel(share).fill('');
    await p.getByLabel(how).focus();
    assert.equal(await p.getByLabel(share).inputValue(), '1');
    await reads((n, drawn) => n === all && drawn === 1);
    await picture(p, `review-draw-most-${name}`);
    await p.getByLabel(share).fill('1');
    await reads((n, drawn) => n === all && drawn === 1);
    const [queues, channels, agents] = [0, 1, 2].map((i) => dialog.locator('.among').nth(i).locator('input'));
    assert.ok((await queues.count()) >= 2 && (await channels.count()) >= 2 && (await agents.count()) >= 3);
    await channels.first().check(); // nobody has written there
    await reads((n, drawn) => n === 0 && drawn === 0);
    assert.equal(await dialog.locator('footer .primary').isDisabled(), true);
    await channels.first().uncheck();
    await reads((n) => n === all);
    await dialog.locator('.among').nth(2).getByLabel('林小雨').check();
    await reads((n) => n === all); // it was all hers
    assert.deepEqual(await axe(p), [], name);
    assert.equal(await p.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${name} scrolls sideways`);
    await picture(p, `review-draw-share-${name}`);
    await dialog.locator('select').nth(2).selectOption('risk');
    const box = p.getByLabel(complaint);
    assert.equal(await box.isChecked(), true);
    const [risks] = await reads((n) => n >= 1);
    assert.deepEqual(await axe(p), [], `${name}: risk`);
    await picture(p, `review-draw-risk-${name}`);
    await box.uncheck();
    await p.locator('dialog input[type=checkbox]').nth(1).uncheck(); // and what checks have found
    await reads((n) => n < risks);
    if (name === 'zh-CN') {
      await box.check();
      await dialog.locator('footer .primary:not([disabled])').click();
      await dialog.waitFor({ state: 'detached' });
      const { items } = await ask(p, 'GET', 'samples?site=demo');
      assert.equal(items[0].kind, 'risk');
      assert.equal(items[0].plan.share, 1);
      assert.deepEqual(items[0].plan.tags, ['complaint']);
      assert.equal(items[0].plan.agents.length, 1);
      assert.equal(items[0].drawn, 1);
    }
    assert.deepEqual(complaints(p), []);
    await p.context().close();
  }
});

test('a daily share that a sample has no room for says so', async () => {
  const p = await at(browser, house, 'reviewer', '/review/?view=samples', { cut: true });
  await p.locator('.daily').waitFor();
  const now = Date.now();
  const last = { at: now, upto: now, population: 2105, drawn: 2000, needed: 325 };
  const items = [{ ...last, wanted: 2105 }, last].map((x, i) => ({ key: `d${i}`, name: `每日 ${i}`, off: false, kind: 'random', way: 'plain', share: 100, scorecard: 'standard-zh', last: x }));
  await p.route(/\/api\/v1\/schedules/, (route) => route.fulfill({ json: { items, zone: 'Asia/Shanghai' } }));
  for (const [lang, cut] of [['zh-CN', '按比例应抽 2105 条，一次最多 2000 条'], ['zh-TW', '依比例應抽 2105 筆，一次最多 2000 筆'], ['en', 'The share is 2105; a sample has at most 2000']]) {
    await p.evaluate((l) => localStorage.setItem('kefu.lang', l), lang);
    await p.goto(`${house.base}/review/?view=samples&lang=${lang}`);
    await p.locator('.daily-list li').nth(1).waitFor();
    const words = await p.locator('.daily-list li').allTextContents();
    if (words[0].includes(cut)) {
      assert.ok(!words[1].includes(cut), words[1]);
      await picture(p, `review-daily-cut-${lang}`);
    } else assert.fail(words[0]);
  }
  await leave(p);
});
