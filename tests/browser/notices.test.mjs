// What people are told of, by keyboard alone: from an @ in a comment to the line that it is about, and from the request to see what is masked to
// the words as they were said.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { ask, at, axe, BEST, browser, bubble, closedTalk, House, house, leave, openHouse, picture, tabTo } from './house.mjs';

const LANGS = [
  { locale: 'zh-CN', told: '将通知：', mine: '我的质检', bell: '通知', nobody: '提交之前只有您能看到', ask: '申请查看', waits: '等待主管处理', grant: '同意 24 小时', refuse: '拒绝', refused: '没有同意', show: '显示原文', logged: '本次查看已记录' },
  { locale: 'en-US', told: 'Will be told: ', mine: 'My quality', bell: 'Notices', nobody: 'Until it is submitted', ask: 'Request to see it', waits: 'a supervisor will decide', grant: 'Grant for 24 hours', refuse: 'Refuse', refused: 'has refused', show: 'Show it', logged: 'written down' },
];
const AGENT = '林小雨';

openHouse();

/** The one review that waits for the reviewer. */
async function drawn(p) {
  await ask(p, 'POST', 'samples?site=demo', { scorecard: 'standard-zh', n: 50 });
  const { items } = await ask(p, 'GET', 'reviews?site=demo&list=mine');
  return items.find((x) => x.state === 'assigned');
}

for (const row of LANGS) {
  test(`who is mentioned is told, and led to the line, by keyboard alone (${row.locale})`, async () => {
    const options = { locale: row.locale, bypassCSP: true };
    await closedTalk(browser, house, `灯坏了 ${row.locale}，我的电话 13800138000`);
    const r = await at(browser, house, 'reviewer', '/review/?view=tasks', options);
    await r.locator('.work-list').waitFor();
    const one = await drawn(r);
    await r.reload();
    await r.locator('.work-list .result').first().waitFor();

    // Before it is submitted nobody else may read it, so nobody is offered.
    await tabTo(r, { selector: '.work-list .list' });
    await r.keyboard.press('ArrowDown');
    await r.locator('.panel [data-item]').first().waitFor();
    await r.keyboard.press('Enter');
    await r.waitForFunction(() => document.activeElement?.closest('[data-item]'));
    await r.keyboard.press('c');
    await r.locator('dialog textarea:focus').waitFor();
    await r.keyboard.type('@');
    await r.locator('dialog [role=status]', { hasText: row.nobody }).waitFor();
    assert.equal(await r.locator('dialog [role=option]', { hasText: AGENT }).count(), 0);
    await r.keyboard.press('Escape'); // the list only
    await r.locator('dialog textarea:focus').waitFor();
    await r.keyboard.press('Escape');
    await r.locator('dialog').waitFor({ state: 'detached' });
    await ask(r, 'POST', `reviews/${one.id}/submit`, { revision: one.revision, contents: BEST });

    await r.reload();
    await r.locator('.work-list [role=tab]').first().waitFor();
    await tabTo(r, { selector: '.work-list [role=tab]' });
    await r.keyboard.press('ArrowRight');
    await r.locator('.work-list .result').first().waitFor();
    await tabTo(r, { selector: '.work-list .list' });
    await r.keyboard.press('ArrowDown');
    await r.locator('.panel .card-item').first().waitFor();
    await bubble(r, '您好，我是客服小林');
    const greeting = await r.locator('.say', { hasText: '您好，我是客服小林' }).getAttribute('data-seq');
    for (let seq = ''; seq !== greeting; seq = await r.locator('.say.on').getAttribute('data-seq')) {
      await r.keyboard.press('j');
      await r.locator(`.say.on:not([data-seq="${seq}"])`).waitFor();
    }
    await tabTo(r, { selector: '.panel > .btn' });
    await r.keyboard.press('Enter');
    await r.locator('dialog textarea:focus').waitFor();
    await r.keyboard.type('a@b 这句很好 @');
    assert.equal(await r.locator('dialog [role=option]').count(), 2);
    await r.keyboard.press('ArrowDown');
    await r.locator('dialog [role=option][aria-selected=true]').nth(0).waitFor();
    await r.keyboard.press('ArrowUp');
    await r.keyboard.type('lx'); // by the initials
    await r.locator('dialog [role=option]', { hasText: AGENT }).waitFor();
    assert.equal(await r.locator('dialog [role=option]').count(), 1);
    assert.deepEqual(await axe(r), []);
    await picture(r, `notices-mention-${row.locale}`);
    await r.keyboard.press('Enter');
    await r.locator('dialog [role=status]', { hasText: row.told + AGENT }).waitFor();
    assert.equal(await r.locator('dialog textarea').inputValue(), `a@b 这句很好 @${AGENT} `);
    await r.keyboard.type('学习 @周敏');
    await r.keyboard.press('Escape');
    await r.keyboard.press('Control+Enter');
    await r.locator('.comment .mention', { hasText: `@${AGENT}` }).waitFor();
    assert.equal(await r.locator('.comment .mention').count(), 1); // a name that was only typed names nobody
    await leave(r);

    const a = await at(browser, house, 'agent1', '/console/', options);
    await a.locator('.rail-badge').waitFor();
    await tabTo(a, { selector: '.rail button', text: row.mine });
    await a.keyboard.press('Enter');
    await a.locator('.told.new').first().waitFor();
    await tabTo(a, { selector: '.told.new button' });
    await picture(a, `notices-mine-${row.locale}`);
    await a.keyboard.press('Enter');
    await a.locator('.mine .comment:focus', { hasText: '这句很好' }).waitFor();
    await picture(a, `notices-led-${row.locale}`);
    // Back at the list it is nothing new any more; the answer goes to the reviewer, who has a bell.
    await tabTo(a, { selector: '.mine .comment .btn' });
    await a.keyboard.press('Enter');
    await a.locator('dialog textarea:focus').waitFor();
    await a.keyboard.type('谢谢 @');
    await a.locator('dialog [role=option]', { hasText: '何静怡' }).waitFor();
    await a.keyboard.type('何');
    await a.keyboard.press('Tab');
    await a.locator('dialog [role=status]', { hasText: row.told }).waitFor();
    await a.keyboard.press('Control+Enter');
    await a.locator('.comment.reply .mention', { hasText: '@何静怡' }).waitFor();
    await leave(a);

    const b = await at(browser, house, 'reviewer', '/review/', options);
    await b.locator('.rail-badge').waitFor();
    await tabTo(b, { selector: '.rail button', text: row.bell });
    await b.keyboard.press('Enter');
    await b.locator('dialog .told.new').first().waitFor();
    assert.deepEqual(await axe(b), []);
    await picture(b, `notices-bell-${row.locale}`);
    await tabTo(b, { selector: 'dialog .told.new button' });
    await b.keyboard.press('Enter');
    await b.locator('.panel .comment.reply:focus', { hasText: '谢谢' }).waitFor();
    await b.locator('.rail-badge').waitFor({ state: 'detached' });
    await picture(b, `notices-answer-${row.locale}`);
    await leave(b);
  });
}

/** The conversation that holds these words, opened from the results. */
async function opened(p, words) {
  await p.locator('.result', { hasText: words }).first().click();
  await bubble(p, '138****8000');
}

async function requested(p, row, reason) {
  await tabTo(p, { selector: '.masked .link' });
  await p.keyboard.press('Enter');
  await p.locator('dialog textarea:focus').waitFor();
  await p.keyboard.type(reason);
  await picture(p, `notices-ask-${row.locale}`);
  await p.keyboard.press('Control+Enter');
  await p.locator('dialog').waitFor({ state: 'detached' });
  await p.locator('.masked', { hasText: row.waits }).waitFor();
  assert.equal(await p.locator('.masked .link').count(), 0);
}

async function decided(p, row, reason, button) {
  await p.locator('.rail-badge').waitFor();
  await tabTo(p, { selector: '.rail button', text: row.bell });
  await p.keyboard.press('Enter');
  await p.locator('dialog .told', { hasText: reason }).waitFor();
  assert.deepEqual(await axe(p), []);
  await picture(p, `notices-decide-${row.locale}`);
  await tabTo(p, { selector: '.told-acts button', text: button });
  await p.keyboard.press('Enter');
  await p.locator('dialog .told', { hasText: reason }).waitFor({ state: 'detached' });
  await p.keyboard.press('Escape');
  await p.locator('dialog').waitFor({ state: 'detached' });
}

async function answered(p, row, words) {
  await p.reload();
  await p.locator('.rail-badge').waitFor();
  await tabTo(p, { selector: '.rail button', text: row.bell });
  await p.keyboard.press('Enter');
  await p.locator('dialog .told.new').first().waitFor();
  await tabTo(p, { selector: 'dialog .told.new button' });
  await p.keyboard.press('Enter');
  await p.locator('.masked', { hasText: words }).waitFor();
}

for (const row of LANGS) {
  test(`what is masked is shown on request, by keyboard alone (${row.locale})`, async () => {
    const options = { locale: row.locale, bypassCSP: true };
    const words = `水电 ${row.locale}`;
    await closedTalk(browser, house, `${words}，我的电话 13800138000`);
    const r = await at(browser, house, 'reviewer', `/review/?q=${encodeURIComponent(words)}`, options);
    await opened(r, words);
    await requested(r, row, `先问一次 ${row.locale}`);

    const s = await at(browser, house, 'supervisor', '/review/', options);
    await decided(s, row, `先问一次 ${row.locale}`, row.refuse);
    await answered(r, row, row.refused);
    await requested(r, row, `核对收货电话 ${row.locale}`);
    await s.reload();
    await decided(s, row, `核对收货电话 ${row.locale}`, row.grant);
    await answered(r, row, row.show);
    await bubble(r, '138****8000');
    assert.deepEqual(await axe(r), []);
    await picture(r, `notices-granted-${row.locale}`);
    await tabTo(r, { selector: '.masked .btn', text: row.show });
    await r.keyboard.press('Enter');
    await bubble(r, '13800138000');
    await r.locator('.masked', { hasText: row.logged }).waitFor();
    await leave(r, s);
  });
}

test('it is all there on a narrow screen and in the dark', async () => {
  for (const [name, options] of [
    ['narrow-dark-zh', { width: 360, height: 740, dark: true }],
    ['narrow-light-en', { width: 320, height: 700, locale: 'en-US' }],
    ['wide-dark-en', { dark: true, locale: 'en-US' }],
    ['wide-light-tw', { locale: 'zh-TW' }],
  ]) {
    const r = await at(browser, house, 'reviewer', '/review/', { ...options, bypassCSP: true });
    await r.locator('.result').first().waitFor();
    await r.locator('.rail button').first().click();
    await r.locator('dialog .told').first().waitFor();
    assert.deepEqual(await axe(r), [], name);
    assert.equal(await r.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${name}: scrolls sideways`);
    await picture(r, `notices-list-${name}`);
    await r.locator('dialog .told', { hasText: '@' }).first().locator('button').first().click();
    await r.locator('.panel .comment:focus').waitFor();
    await r.locator('.panel .comment .btn').first().click();
    await r.locator('dialog textarea:focus').waitFor();
    await r.keyboard.type('请看 @');
    await r.locator('dialog [role=option]').first().waitFor();
    assert.deepEqual(await axe(r), [], `${name}: mention`);
    await picture(r, `notices-menu-${name}`);
    await leave(r);
    const s = await at(browser, house, 'supervisor', '/review/', { ...options, bypassCSP: true });
    await s.locator('.result').first().waitFor();
    await s.locator('.result').first().click();
    await s.locator('.masked').waitFor();
    await leave(s);
  }
});

const REFUSED = [
  { locale: 'zh-CN', bell: '通知', words: '渠道“短信网关”的凭证已失效，需要更新' },
  { locale: 'zh-TW', bell: '通知', words: '管道「短信网关」的憑證已失效，需要更新' },
  { locale: 'en-US', bell: 'Notices', words: 'The platform refuses the credentials of the channel 短信网关' },
];

test('an administrator is told of a channel that is refused, and led to it', async () => {
  const key = Buffer.from('a secret of thirty-two bytes ...');
  const secret = `whsec_${key.toString('base64')}`;
  const platform = createServer((req, res) => {
    req.resume();
    res.writeHead(401, { 'Content-Type': 'application/json' }).end('{"error":{"code":"auth","message":"unknown key"}}');
  });
  platform.listen(0, '127.0.0.1');
  await once(platform, 'listening');
  const own = await House.open('[channels]\nallow_http = yes\nallow_private = yes\n');
  try {
    const admin = await at(browser, own, 'admin', '/admin/');
    await admin.locator('input[type=password]').waitFor({ state: 'detached' });
    const settings = { url: `http://127.0.0.1:${platform.address().port}/`, secrets: [secret], send_secrets: [secret] };
    await ask(admin, 'PUT', 'sites/demo/documents/channel/gate', { adapter: 'generic', name: '短信网关', queue: 'sales', settings }, { 'If-None-Match': '*' });
    const { items } = await ask(admin, 'GET', 'sites/demo/channels');
    const hook = new URL(items.find((c) => c.key === 'gate').callback).pathname;
    const body = JSON.stringify({ type: 'message.created', timestamp: new Date().toISOString(), data: { id: 'm1', user: { id: 'u1', name: 'Ida' }, type: 'text', text: '在吗' } });
    const now = String(Math.floor(Date.now() / 1000));
    const signature = createHmac('sha256', key).update(`m1.${now}.${body}`).digest('base64');
    const answer = await fetch(own.base + hook, { method: 'POST', headers: { 'webhook-id': 'm1', 'webhook-timestamp': now, 'webhook-signature': `v1,${signature}`, 'Content-Type': 'application/json' }, body });
    assert.ok(answer.ok);
    for (let told = []; !told.length; ) told = (await ask(admin, 'GET', 'notices?site=demo')).items;
    // On each of the pages where it can be mended.
    await admin.goto(`${own.base}/admin/#/queue`);
    await admin.reload();
    await admin.locator('.banner.bad', { hasText: 'unknown key' }).waitFor();
    await picture(admin, 'banner-channel');
    await admin.locator('.banner.bad a', { hasText: '短信网关' }).click();
    await admin.locator('.verdict.bad', { hasText: 'unknown key' }).waitFor();

    // And wherever else one looks what is new: an administrator who reviews as well.
    const people = (await ask(admin, 'GET', 'people?site=demo')).items;
    const me = people.find((x) => x.roles.includes('admin'));
    await ask(admin, 'PUT', `people/${me.id}?site=demo`, { roles: ['admin', 'reviewer'] });
    await leave(admin);
    for (const row of REFUSED) {
      const p = await at(browser, own, 'admin', '/review/', { locale: row.locale });
      await p.getByRole('button', { name: row.bell }).click();
      await p.locator('dialog .told', { hasText: row.words }).waitFor();
      await p.locator('dialog .told', { hasText: 'unknown key' }).waitFor();
      await picture(p, `notice-channel-${row.locale}`);
      await p.locator('dialog .told button').click();
      await p.waitForURL(/\/admin\/\?site=demo#\/channel\/gate$/);
      await p.locator('.verdict.bad', { hasText: 'unknown key' }).waitFor();
      await leave(p);
    }
    const desk = await at(browser, own, 'agent2', '/console/');
    await desk.locator('input[type=password]').waitFor({ state: 'detached' });
    assert.deepEqual((await ask(desk, 'GET', 'notices?site=demo')).items, [], 'it is no business of an agent');
    await leave(desk);
  } finally {
    await own.close();
    platform.close();
  }
});
