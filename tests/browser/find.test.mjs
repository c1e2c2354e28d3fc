// From a word to a table and a replay, in the browser: searched, filtered, kept, exported, and played as it went.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { agent, ask, at, axe, browser, bubble, closeTalk, fillSignIn, goOnline, house, leave, openHouse, openTalk, page, picture, presence, says,
  visitor } from './house.mjs';

const LANGS = [
  { locale: 'zh-CN', count: /^1 条记录 · ([\d.]+) (ms|s)$/, more: '更多条件', state: '已结束', form: '没有填写', formChip: '表单：没有填写', apply: '应用', response: '首次响应（秒），至多', saved: '已存搜索', saveThis: '保存当前搜索…', save: '保存', manage: '管理已存搜索…', close: '关闭', csv: '导出为 CSV', xlsx: '导出为 Excel', play: '播放', waiting: '排队中', title: '会话编号', name: '退款的会话' },
  { locale: 'en-US', count: /^1 transcript · ([\d.]+) (ms|s)$/, more: 'More filters', state: 'Closed', form: 'None filled in', formChip: 'Form: None filled in', apply: 'Apply', response: 'First response (s), at most', saved: 'Saved searches', saveThis: 'Save this search…', save: 'Save', manage: 'Manage saved searches…', close: 'Close', csv: 'Export as CSV', xlsx: 'Export for Excel', play: 'Play', waiting: 'Waiting in line', title: 'Conversation', name: 'Talks of refunds' },
];

openHouse(async () => {
  const desk = await agent(browser, house);
  const v = await visitor(browser, house);
  await says(v, '=1+1 我要退款，电话 13800138000');
  await desk.locator('.conv', { hasText: '退款' }).click();
  await desk.locator('.writer textarea').fill('好的，马上为您处理');
  await desk.keyboard.press('Enter');
  await bubble(v, '好的，马上为您处理');
  await says(v, '谢谢');
  await desk.locator('.say', { hasText: '谢谢' }).waitFor();
  await desk.locator('.talk-log').focus();
  await desk.keyboard.press('e');
  await desk.locator('.toast').waitFor();
  await desk.locator('.toast').waitFor({ state: 'detached' });
  await v.context().close();
  await desk.context().close();
});

async function exported(p, words) {
  await p.locator('.export-btn').click();
  const coming = p.waitForEvent('download');
  await p.locator('.menu-item', { hasText: words }).click();
  const file = await coming;
  return [file.suggestedFilename(), await readFile(await file.path())];
}

for (const l of LANGS) {
  test(`what is searched, filtered, kept and exported is replayed (${l.locale})`, async () => {
    const p = await page(browser, { locale: l.locale, bypassCSP: true, acceptDownloads: true });
    await p.goto(`${house.base}/review/`);
    await fillSignIn(p, 'supervisor');
    await p.locator('.result').first().waitFor();
    assert.equal((await p.locator('.result').count()).toString(), /\d+/.exec(await p.locator('.count').textContent())[0]);
    await p.locator('.result', { hasText: '谢谢' }).waitFor(); // without words: the last line

    // In other characters than it was said: what is marked is what was said.
    await p.locator('#q').fill('馬上爲您');
    await p.locator('.result mark', { hasText: /^马上为您$/ }).waitFor();
    await picture(p, `find-traditional-${l.locale}`);
    await p.locator('#q').fill('退款');
    await p.locator('.result mark', { hasText: '退款' }).first().waitFor();
    // How many, and how long it took: the server's answer, no guess.
    await p.locator('.count', { hasText: l.count }).waitFor();
    const took = Number(l.count.exec(await p.locator('.count').textContent())[1]);
    assert.ok(took > 0 && took < 30_000, String(took));
    await p.getByRole('button', { name: l.more }).click();
    await p.locator('select[name=state]').selectOption({ label: l.state });
    await p.locator('select[name=form]').selectOption({ label: l.form });
    await p.getByRole('textbox', { name: l.response }).fill('600');
    assert.deepEqual(await axe(p), [], 'filters');
    await picture(p, `find-filters-${l.locale}`);
    await p.getByRole('button', { name: l.apply }).click();
    await p.locator('.chip.on', { hasText: l.formChip }).waitFor();
    await p.locator('.chip.on').nth(2).waitFor();
    await p.locator('.result mark').first().waitFor();
    assert.match(p.url(), /state=closed/);
    assert.match(p.url(), /form=no/);
    assert.match(p.url(), /response=..600/);

    // Kept, left, and found again by its name.
    await p.locator('.saved-btn').click();
    await p.locator('.menu-item', { hasText: l.saveThis }).click();
    await p.locator('dialog input').first().fill(l.name);
    await p.locator('dialog input[type=checkbox]').check();
    assert.deepEqual(await axe(p), [], 'keeping');
    await p.getByRole('button', { name: l.save, exact: true }).click();
    await p.locator('dialog').waitFor({ state: 'detached' });
    await p.locator('.chip-clear').click();
    await p.locator('#q').fill('');
    await p.waitForFunction(() => !location.search.includes('q='));
    await p.locator('.saved-btn').click();
    await p.locator('.menu-item', { hasText: l.name }).click();
    await p.waitForFunction(() => location.search.includes('response='));
    await p.waitForFunction(() => document.querySelector('#q').value === '退款');
    await p.locator('.result mark').first().waitFor();

    const [name, table] = await exported(p, l.csv);
    assert.match(name, /^transcripts-\d{4}-\d\d-\d\d\.csv$/);
    const text = table.toString('utf8');
    assert.ok(text.startsWith(`\ufeff${l.title},`), text.slice(0, 60));
    assert.equal(text.split('\r\n').length, 3);
    assert.match(text, /'=1\+1 我要退款，电话 138\*{4}8000/);
    const [book, bytes] = await exported(p, l.xlsx);
    assert.match(book, /\.xlsx$/);
    assert.equal(bytes.subarray(0, 2).toString(), 'PK');

    // As it went: the first word is there at once, the others when they are due; the keys lead to the end and back.
    await p.locator('.result').first().click();
    await p.locator('.say').nth(2).waitFor();
    await p.locator('.talk-log').focus();
    await p.keyboard.press('Space');
    await p.locator('.player.on').waitFor();
    await p.keyboard.press('>');
    await p.locator('.player-speeds [aria-pressed=true]', { hasText: '×2' }).waitFor();
    await p.keyboard.press('<');
    await p.keyboard.press('Space');
    await p.getByRole('button', { name: l.play, exact: true }).waitFor();
    for (let i = 0; i < 40; i++) await p.keyboard.press('ArrowLeft');
    await p.waitForFunction(() => document.querySelectorAll('.reader .say').length < 3);
    await p.locator('.player-state', { hasText: l.waiting }).waitFor();
    assert.deepEqual(await axe(p), [], 'replay');
    await picture(p, `find-replay-${l.locale}`);
    for (let i = 0; i < 40; i++) await p.keyboard.press('ArrowRight');
    await p.locator('.player-state', { hasText: /kefud$/ }).waitFor(); // the page that the visitor was on
    await p.locator('.say').nth(2).waitFor();
    await p.keyboard.press('Escape');
    await p.locator('.player.on').waitFor({ state: 'detached' });

    await p.locator('.saved-btn').click();
    await p.locator('.menu-item', { hasText: l.manage }).click();
    assert.deepEqual(await axe(p), [], 'kept searches');
    await p.locator('.saved-list button').click();
    await p.locator('.saved-list').waitFor({ state: 'detached' });
    await p.getByRole('button', { name: l.close, exact: true }).last().click();
    await leave(p);
  });
}

test('a reviewer finds and keeps, and exports nothing', async () => {
  const p = await page(browser);
  await p.goto(`${house.base}/review/`);
  await fillSignIn(p, 'reviewer');
  await p.locator('.saved-btn').waitFor();
  assert.equal(await p.locator('.export-btn').count(), 0);
  await leave(p);
});

test('what only leaves out is no search, and a row without a line says nothing of it', async () => {
  const p = await page(browser);
  await p.goto(`${house.base}/review/`);
  await fillSignIn(p, 'reviewer');
  await p.locator('.result').first().waitFor();
  assert.equal(await p.locator('.result', { hasText: '没有文字内容' }).count(), 0);
  await p.goto(`${house.base}/review/?q=${encodeURIComponent('-退款')}`);
  await p.getByText('请至少输入一个要查找的词').waitFor();
  await picture(p, 'find-only-without');
  await leave(p).catch((e) => assert.match(e.message, /400/)); // the browser speaks of what was refused
});

test('a range that is none is said beside it', async () => {
  const p = await page(browser);
  await p.goto(`${house.base}/review/`);
  await fillSignIn(p, 'reviewer');
  await p.getByRole('button', { name: '更多条件' }).click();
  await p.locator('[name=wait-from]').fill('９０');
  await p.locator('[name=wait-to]').fill('60');
  await p.getByRole('button', { name: '应用' }).click();
  await p.getByText('请填写数字，且前者不大于后者').waitFor();
  await p.locator('[name=wait-to]').fill('');
  await p.getByRole('button', { name: '应用' }).click();
  await p.waitForFunction(() => location.search.includes('wait=90..'));
  await leave(p);
});

test('it is all there on a narrow screen and in the dark', async () => {
  for (const [name, options] of [['narrow-dark', { width: 360, height: 740, dark: true }], ['wide-dark', { dark: true }]]) {
    const p = await page(browser, { ...options, bypassCSP: true });
    await p.goto(`${house.base}/review/`);
    await fillSignIn(p, 'supervisor');
    await p.locator('.result').first().waitFor();
    await picture(p, `find-${name}`);
    await p.getByRole('button', { name: '更多条件' }).click();
    assert.deepEqual(await axe(p), [], name);
    await picture(p, `find-filters-${name}`);
    await p.keyboard.press('Escape');
    await p.locator('.result').first().click();
    await p.getByRole('button', { name: '回放' }).click();
    await p.locator('.player.on').waitFor();
    assert.deepEqual(await axe(p), [], name);
    await picture(p, `find-replay-${name}`);
    await leave(p);
  }
});

test('which columns the results have is chosen by keyboard, and kept; the table makes room for a transcript', async () => {
  const p = await at(browser, house, 'reviewer', '/review/', { bypassCSP: true, width: 1280 });
  await p.locator('.result').first().waitFor();
  assert.match(await p.locator('.result-foot').first().textContent(), /林小雨/);
  const choose = async (...names) => {
    await p.getByRole('button', { name: '显示的列' }).focus();
    await p.keyboard.press('Enter');
    for (const name of names) {
      const item = p.getByRole('menuitemcheckbox', { name, exact: true });
      const was = await item.getAttribute('aria-checked');
      while (!(await item.evaluate((el) => el === document.activeElement))) await p.keyboard.press('ArrowDown');
      await p.keyboard.press('Space');
      await p.locator(`.menu-item[aria-checked="${was === 'true' ? 'false' : 'true'}"]`, { hasText: name }).waitFor();
    }
    assert.deepEqual(await axe(p), [], 'the menu');
    await p.keyboard.press('Escape');
    await p.locator('.menu').waitFor({ state: 'detached' });
  };
  // Beside the transcript, the facts stand below the words.
  await choose('客服', '时长');
  assert.doesNotMatch(await p.locator('.result-foot').first().textContent(), /林小雨/);
  assert.match(await p.locator('.result-foot').first().textContent(), /时长 \d+:\d\d/);

  await choose('未打开记录时，以表格铺满页面', '队列');
  const heads = () => p.locator('.table-head span').allTextContents();
  assert.deepEqual(await heads(), ['访客', '内容', '开始', '渠道', '状态', '评价', '队列', '时长']);
  const line = p.locator('.result.line').first();
  assert.match(await line.locator('[data-column=lasted]').textContent(), /时长 \d+:\d\d/);
  assert.equal(await line.locator('[data-column=agent]').count(), 0);
  assert.deepEqual(await axe(p), [], 'the table');
  await picture(p, 'find-table-wide');
  await p.emulateMedia({ colorScheme: 'dark' });
  await picture(p, 'find-table-wide-dark');

  await p.reload();
  await line.waitFor();
  assert.deepEqual(await heads(), ['访客', '内容', '开始', '渠道', '状态', '评价', '队列', '时长']);

  // By keyboard into a transcript and back, one stays in the list.
  await p.locator('.results .list').focus();
  await p.keyboard.press('ArrowDown');
  await p.locator('.reader .say').first().waitFor();
  await p.locator('.result.on .result-foot').waitFor();
  assert.ok(await p.evaluate(() => document.activeElement.matches('.results .list')));
  await picture(p, 'find-table-open-dark');
  await p.locator('.reader-head .back').focus();
  await p.keyboard.press('Enter');
  await line.waitFor();
  await p.locator('.results .list:focus').waitFor();

  // Where there is room for few, the first of them are shown; on a narrow page none as a table.
  await p.setViewportSize({ width: 920, height: 700 });
  await p.waitForFunction(() => document.querySelectorAll('.table-head span').length < 8);
  assert.deepEqual((await heads()).slice(0, 4), ['访客', '内容', '开始', '渠道']);
  assert.equal(await p.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
  await p.setViewportSize({ width: 390, height: 800 });
  await p.locator('.result-foot').first().waitFor();
  assert.equal(await p.locator('.table-head').count(), 0);
  assert.equal(await p.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
  await p.emulateMedia({ colorScheme: 'light' });
  await picture(p, 'find-table-narrow');
  await p.getByRole('button', { name: '显示的列' }).click();
  await p.getByRole('menuitemcheckbox', { name: '时长' }).waitFor();
  assert.equal(await p.getByRole('menuitemcheckbox', { name: '未打开记录时，以表格铺满页面' }).count(), 0);
  await leave(p);
});

// The members of a form have the reader's words for their names, wherever a line of it stands.
const MEMBERS = { 'zh-CN': ['电话', '留言'], 'zh-TW': ['電話', '留言'], 'en-US': ['Phone', 'Message'] };
async function leavesForm(v) {
  await says(v, '想预约周六上午验房');
  const form = v.getByRole('form', { name: '给我们留言' });
  await form.getByRole('textbox', { name: '手机号' }).fill('13800138000');
  await form.getByRole('textbox', { name: '留言内容' }).fill('想预约周六上午验房，phone: 是我自己写的');
  await form.getByRole('button', { name: '提交留言' }).click();
  await v.locator('.msg.own[data-seq] .msg-card').waitFor();
}

test('a form is shown by the names of its members: in the console, in what is found, in the transcript', async () => {
  const desk = await agent(browser, house);
  await presence(desk, 6);
  const v = await visitor(browser, house);
  await leavesForm(v);
  await goOnline(desk);
  const row = desk.locator('.conv', { hasText: '验房' });
  await row.getByText('电话 13800138000 · 留言 想预约周六上午验房，phone: 是我自己写的').waitFor();
  await openTalk(desk, '验房');
  const members = desk.locator('.say-form');
  await members.waitFor();
  assert.deepEqual(await members.locator('dt').allTextContents(), MEMBERS['zh-CN']);
  assert.equal(await desk.locator('.say-body', { hasText: 'phone: 138' }).count(), 0); // nor by its lines beside them
  await picture(desk, 'find-form-console');
  await closeTalk(desk);
  for (const [locale, [phone, text]] of Object.entries(MEMBERS)) {
    const options = { locale, dark: locale === 'en-US', bypassCSP: true };
    const p = await page(browser, options);
    await p.goto(`${house.base}/review/`);
    await fillSignIn(p, 'reviewer');
    await p.locator('.result', { hasText: `${phone} 138****8000 · ${text} 想预约` }).waitFor();
    await p.locator('#q').fill('验房');
    const hit = p.locator('.result').filter({ has: p.locator('mark') }).filter({ hasText: `${text} 想预约周六上午` }).first();
    await hit.waitFor();
    assert.equal(await hit.locator('mark').first().textContent(), '验房');
    await picture(p, `find-form-${locale}`);
    await hit.click();
    const form = p.locator('.say-form');
    await form.locator('mark', { hasText: '验房' }).waitFor();
    assert.deepEqual(await form.locator('dt').allTextContents(), [phone, text]);
    assert.deepEqual(await form.locator('dd').allTextContents(), ['138****8000', '想预约周六上午验房，phone: 是我自己写的']);
    assert.deepEqual(await axe(p), []);
    await picture(p, `find-form-read-${locale}`);
    if (locale !== 'zh-TW') {
      await p.setViewportSize({ width: 360, height: 740 });
      await form.locator('mark').first().waitFor();
      await picture(p, `find-form-narrow-${locale}`);
    }
    await leave(p);
  }
  await v.context().close();
  await leave(desk);
});

test('every channel of the house can be chosen, and who has left, though no result has them', async () => {
  const boss = await at(browser, house, 'admin', '/admin/');
  await boss.locator('input[type=password]').waitFor({ state: 'detached' });
  const { items } = await ask(boss, 'GET', 'people?site=demo');
  const lin = items.find((x) => x.name === '林小雨');
  await ask(boss, 'POST', `people/${lin.id}/disable`, {});
  await leave(boss);
  const p = await at(browser, house, 'reviewer', '/review/', { bypassCSP: true });
  await p.locator('.result').first().waitFor();
  const chip = (name) => p.locator('.chips .chip-btn', { hasText: name }).first();
  await chip('渠道').click();
  await p.locator('.menu-item', { hasText: '开放接口' }).waitFor(); // nobody has written there
  await picture(p, 'find-channels');
  await p.locator('.menu-item', { hasText: '开放接口' }).click();
  await p.waitForFunction(() => location.search.includes('channel=api'));
  await p.locator('.result').first().waitFor({ state: 'detached' });
  await p.locator('.chip-clear').click();
  await p.locator('.result').first().waitFor();
  await chip('客服').click();
  await p.locator('.menu-item', { hasText: '林小雨（已离职）' }).waitFor();
  assert.deepEqual(await axe(p), [], 'who has left');
  await picture(p, 'find-left');
  await p.locator('.menu-item', { hasText: '林小雨（已离职）' }).click();
  await p.waitForFunction((id) => location.search.includes(`agent=${id}`), lin.id);
  await p.locator('.result', { hasText: '林小雨' }).first().waitFor();
  await leave(p);
});
