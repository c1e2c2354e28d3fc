// Those who oversee, and what agents are offered: queues, looking on, whispers, help, handing on, and why somebody waits.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agent, ask, axe, browser, bubble, closeTalk, house, leave, openHouse, openTalk, page, picture, presence, says, signIn, visitor } from './house.mjs';

openHouse();

async function supervisor(options = {}) {
  const p = await page(browser, options);
  await signIn(p, house.base, '/console/', 'supervisor');
  await p.locator('.presence-btn').waitFor();
  return p;
}

/** Through the settings pages, as an administrator would. */
async function settings(place, work) {
  const p = await page(browser);
  await signIn(p, house.base, `/admin/#/${place}`, 'admin');
  await p.locator('.doc-foot').waitFor();
  await work(p);
  await p.locator('.doc-foot').getByRole('button', { name: '保存' }).click();
  await p.getByText('已保存，立即生效').last().waitFor();
  await leave(p);
}

test('a supervisor sees who waits and why, raises, pauses, and hands many on at once', async () => {
  const one = await agent(browser, house);
  const boss = await supervisor();
  await presence(one, 1);
  const visitors = [];
  for (const text of ['想退掉昨天买的灯', '发票怎么还没开']) {
    const v = await visitor(browser, house);
    await says(v, text);
    visitors.push(v);
  }
  await boss.getByRole('button', { name: '队列总览' }).click();
  const rows = boss.locator('.talks tbody tr');
  await rows.nth(1).waitFor();
  await rows.filter({ hasText: '发票' }).getByRole('button', { name: /提高/ }).click();
  await rows.filter({ hasText: '发票' }).getByText('5', { exact: true }).waitFor();
  await boss.waitForFunction(() => document.querySelector('.talks tbody tr')?.textContent.includes('发票')); // it is the first in line now
  await rows.first().getByRole('button', { name: '为什么还在等待？' }).click();
  const why = boss.getByRole('dialog');
  await why.getByText('第 1 位').waitFor();
  await why.getByText('不在线，或不接新会话').waitFor();
  assert.deepEqual(await axe(boss), []);
  await picture(boss, 'console-why');
  await boss.keyboard.press('Escape');

  const queue = boss.locator('.queues > li', { hasText: '客户服务' });
  await queue.getByRole('button', { name: '暂停分配' }).click();
  await queue.getByRole('button', { name: '恢复分配' }).waitFor();
  await presence(one, 0);
  await rows.first().getByRole('button', { name: '为什么还在等待？' }).click();
  await why.getByText('客户服务 · 已暂停分配').waitFor();
  await boss.keyboard.press('Escape');
  assert.equal(await one.locator('.conv').count(), 0, 'nobody gets anything from a paused queue');

  await boss.locator('.talks thead input').check();
  await boss.getByRole('combobox', { name: '转接给' }).selectOption({ label: '售前咨询' });
  await picture(boss, 'console-oversee');
  await boss.locator('.reassign').getByRole('button', { name: '转接' }).click();
  await one.locator('.conv').nth(1).waitFor();
  await queue.getByRole('button', { name: '恢复分配' }).click();
  await queue.getByRole('button', { name: '暂停分配' }).waitFor();

  // Anybody's presence; the agent hears of it at once.
  await boss.locator('.team li', { hasText: '林小雨' }).getByRole('button').click();
  await boss.getByRole('menuitemradio', { name: '忙碌' }).click();
  await one.locator('.presence-btn .dot.busy').waitFor();
  assert.deepEqual(await axe(boss), []);
  for (const text of ['发票', '退掉']) {
    await one.locator('.conv', { hasText: text }).click();
    await one.locator('.writer textarea').waitFor();
    await closeTalk(one);
  }
  await leave(one, boss, ...visitors);
});

test('a supervisor looks on unseen, whispers, joins and takes over; a colleague helps', async () => {
  const one = await agent(browser, house);
  const v = await visitor(browser, house);
  await says(v, '沙发什么时候到？');
  await openTalk(one, '沙发什么时候到？');
  const boss = await supervisor();
  await boss.locator('.list-tabs .tab', { hasText: '同事' }).click();
  await boss.locator('.conv', { hasText: '沙发什么时候到？' }).click();
  await boss.getByRole('button', { name: '旁听', exact: true }).click();
  await boss.locator('.watching').waitFor();
  await one.locator('.writer textarea').fill('正在为您查询');
  await one.keyboard.press('Enter');
  await bubble(boss, '正在为您查询');
  await boss.locator('.whisper input').fill('先道歉');
  await boss.keyboard.press('Enter');
  await one.locator('.talk-note', { hasText: '先道歉' }).waitFor();
  assert.deepEqual(await axe(boss), []);
  await picture(boss, 'console-watch');
  await picture(one, 'console-whispered');
  assert.equal(await v.getByText('先道歉').count(), 0);

  const two = await agent(browser, house, 'agent2');
  await one.getByRole('button', { name: '邀请同事协助' }).click();
  await one.locator('.target', { hasText: '陈思远' }).locator('input').check();
  assert.deepEqual(await axe(one), []);
  await one.getByRole('dialog').getByRole('button', { name: '邀请同事协助' }).click();
  await openTalk(two, '正在为您查询');
  await two.locator('.writer textarea').fill('我来帮忙看物流');
  await two.keyboard.press('Enter');
  await bubble(v, '我来帮忙看物流');
  await two.getByRole('button', { name: '退出协助' }).click();
  await two.locator('.conv').first().waitFor({ state: 'detached' });

  await boss.getByRole('button', { name: '接管' }).click();
  await boss.locator('.writer textarea').waitFor();
  await one.locator('.conv').first().waitFor({ state: 'detached' });
  await closeTalk(boss);
  await leave(one, two, boss, v);
});

test('an offer counts down, is accepted with a key or refused, and goes on to who is next', async () => {
  await settings('queue/service', async (p) => {
    await p.getByRole('switch', { name: '由客服接受或拒绝' }).check();
    await p.getByLabel('等待接受的时间').fill('120'); // longer than anybody here takes to look at it
  });
  const one = await agent(browser, house);
  const v = await visitor(browser, house);
  await says(v, '请人工');
  await one.locator('.arrival').getByText(/秒后转给他人/).waitFor();
  assert.deepEqual(await axe(one), []);
  await picture(one, 'console-offer');
  await one.locator('.arrival').getByRole('button', { name: '拒绝' }).click();
  await one.locator('.arrival').waitFor({ state: 'detached' });
  const two = await agent(browser, house, 'agent2');
  await two.locator('.arrival').waitFor();
  await two.locator('.list-tabs .tab').first().focus();
  await two.keyboard.press('a');
  await two.locator('.writer textarea').waitFor();
  await bubble(two, '请人工');

  // Handed to a colleague: offered there, and given back while nothing has been said.
  await closeTalk(two);
  await settings('queue/service', (p) => p.getByRole('switch', { name: '由客服接受或拒绝' }).uncheck());
  await leave(one, two, v);
});

test('wording that should not be used asks for a second Enter, and is named', async () => {
  await settings('forbidden/+', async (p) => {
    await p.getByLabel('标识').fill('rude');
    await p.getByLabel('类别，如推诿、冷漠').fill('推诿');
    await p.getByLabel('词语').fill('不归我管');
    await p.getByLabel('词语').press('Enter');
    await p.getByLabel('建议改说').fill('我帮您联系负责的同事');
  });
  const one = await agent(browser, house);
  const v = await visitor(browser, house);
  await says(v, '谁负责安装');
  await openTalk(one, '谁负责安装');
  await one.locator('.writer textarea').fill('这不归我管');
  await one.keyboard.press('Enter');
  await one.locator('.writer-warn', { hasText: '不归我管' }).waitFor();
  await one.locator('.writer-warn', { hasText: '我帮您联系负责的同事' }).waitFor();
  assert.equal(await v.getByText('这不归我管').count(), 0);
  assert.deepEqual(await axe(one), []);
  await picture(one, 'console-wording');
  await one.locator('.writer-warn').getByRole('button', { name: '修改' }).click();
  assert.equal(await one.locator('.writer textarea').inputValue(), '这不归我管');
  await one.keyboard.press('Enter');
  await one.locator('.writer-warn').waitFor();
  await one.keyboard.press('Enter'); // it is meant
  await bubble(v, '这不归我管');
  await one.locator('.writer-warn').waitFor({ state: 'detached' });
  assert.equal(await one.locator('.say-body', { hasText: '这不归我管' }).count(), 1);
  await closeTalk(one);
  await leave(one, v);
});

test('who is off the net for longer than the grace time is shown so, whatever was chosen', async () => {
  const boss = await supervisor();
  const admin = await page(browser);
  await signIn(admin, house.base, '/admin/', 'admin');
  await admin.locator('.rail').waitFor();
  const { items } = await ask(admin, 'GET', 'sites/demo/documents?kind=site');
  const { key, version, body } = items[0];
  await ask(admin, 'PUT', `sites/demo/documents/site/${key}`, { ...body, grace_ms: 500 }, { 'If-Match': `"${version}"` });
  const one = await agent(browser, house);
  await boss.getByRole('button', { name: '队列总览' }).click();
  const row = boss.locator('.team li', { hasText: '林小雨' });
  await row.locator('.dot.online').waitFor();
  await leave(one);
  await row.getByText('未连接').waitFor();
  await row.locator('.dot.offline').waitFor();
  assert.deepEqual(await axe(boss), []);
  await picture(boss, 'console-oversee-gone');
  await row.getByRole('button').click();
  await boss.getByRole('menuitemradio', { name: '在线', checked: true }).waitFor(); // as was chosen
  await boss.keyboard.press('Escape');
  for (const [name, options] of [['en-dark', { locale: 'en-US', dark: true }], ['narrow', { width: 360, height: 740 }]]) {
    const p = await page(browser, { storageState: await boss.context().storageState(), ...options });
    await p.goto(`${house.base}/console/`);
    await p.getByRole('button', { name: /队列总览|Overview/ }).click();
    await p.locator('.team li').getByText(/未连接|Not connected/).first().scrollIntoViewIfNeeded();
    assert.equal(await p.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, name);
    await picture(p, `console-oversee-gone-${name}`);
    await leave(p);
  }
  await admin.goto(`${house.base}/admin/#/people`);
  await admin.reload();
  await admin.locator('tr', { hasText: '林小雨' }).locator('.dot.offline').waitFor();
  await picture(admin, 'admin-people-gone');
  const back = await agent(browser, house);
  await row.locator('.dot.online').waitFor();
  assert.equal(await row.getByText('未连接').count(), 0);
  await presence(back, 6);
  const now = (await ask(admin, 'GET', 'sites/demo/documents?kind=site')).items[0];
  await ask(admin, 'PUT', `sites/demo/documents/site/${key}`, body, { 'If-Match': `"${now.version}"` });
  await leave(back, boss, admin);
});

test('axe finds nothing in the overview, in any language, theme and width', async () => {
  const first = await supervisor();
  const state = await first.context().storageState();
  for (const row of [{ locale: 'zh-TW', dark: true }, { locale: 'en-US', width: 900 }, { locale: 'en-US', width: 320, height: 700 }]) {
    const p = await page(browser, { storageState: state, ...row });
    await p.goto(`${house.base}/console/`);
    await p.getByRole('button', { name: /佇列總覽|Overview/ }).click();
    await p.locator('.queues > li').first().waitFor();
    await p.locator('.team li').first().waitFor();
    assert.deepEqual(await axe(p), [], JSON.stringify(row));
    assert.equal(await p.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${JSON.stringify(row)}: scrolls sideways`);
    await picture(p, `console-oversee-${row.locale}-${row.width ?? 1440}`);
    await leave(p);
  }
  await leave(first);
});
