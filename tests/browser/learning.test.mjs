// What a house learns from its reviews, by keyboard alone: daily samples, calibration, scorecards, the case library, coaching.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agent, ask, at, axe, BEST, browser, bubble, closedTalk, complaints, fillSignIn, house, leave, openHouse, page, PASSWORD, PATIENCE, picture, signIn, tabTo } from './house.mjs';

const LANGS = [
  { locale: 'zh-CN', daily: '新建每日抽检', save: '保存', compare: '校准对比', close: '结束校准', missed: '未评' },
  { locale: 'en-US', daily: 'New daily sample', save: 'Save', compare: 'Compare', close: 'Close the calibration', missed: 'missed' },
];
/** Wide and narrow, light and dark, in each language. */
const LOOKS = [
  { locale: 'zh-CN' },
  { locale: 'zh-TW', colorScheme: 'dark' },
  { locale: 'en-US', forcedColors: 'active' },
  { locale: 'en-US', viewport: { width: 320, height: 700 } },
  { locale: 'zh-CN', colorScheme: 'dark', viewport: { width: 320, height: 700 } },
];

openHouse();

const answers = (more) => ({ answers: { ...BEST.answers, ...more }, summary: '总体不错' });

/** Scores all that this one has to do. */
async function scoreAll(p, more) {
  const { items } = await ask(p, 'GET', 'reviews?site=demo&list=mine');
  for (const r of items.filter((x) => x.state === 'assigned'))
    await ask(p, 'POST', `reviews/${r.id}/submit`, { revision: r.revision, contents: answers(more) });
}

for (const row of LANGS) {
  test(`a daily sample is set up, and a calibration compared, by keyboard alone (${row.locale})`, async () => {
    await closedTalk(browser, house, `灯坏了 ${row.locale}，我叫王芳，电话 13800138000`, '您好，我是客服小林，王芳您稍等');
    const options = { locale: row.locale };
    const r = await at(browser, house, 'reviewer', '/review/?view=samples', options);
    await r.locator('.daily').waitFor();
    const s = await at(browser, house, 'supervisor', '/review/?view=samples', options);
    await s.locator('.daily').waitFor();

    await tabTo(s, { selector: '.daily button', text: row.daily });
    await s.keyboard.press('Enter');
    await s.locator('dialog .draw input:focus').waitFor();
    await s.keyboard.press('Control+a');
    await s.keyboard.type(`每日 ${row.locale}`);
    await s.keyboard.press('Tab');
    await s.locator('dialog input[type=time]:focus').waitFor();
    await s.keyboard.type(row.locale === 'zh-CN' ? '0915' : '0915AM');
    await tabTo(s, { selector: 'dialog .how-many select' });
    await s.keyboard.press('ArrowDown');
    await tabTo(s, { selector: 'dialog .how-many input' });
    await s.keyboard.press('Control+a');
    await s.keyboard.type('15');
    await tabTo(s, { selector: 'dialog .among input' });
    await s.keyboard.press('Space');
    await picture(s, `learn-daily-${row.locale}`);
    await tabTo(s, { selector: 'dialog footer button', text: row.save });
    await s.keyboard.press('Enter');
    await s.locator('dialog').waitFor({ state: 'detached' });
    await s.locator('.daily-list li', { hasText: `每日 ${row.locale}` }).waitFor();
    const { items } = await ask(s, 'GET', 'sites/demo/documents?kind=schedule');
    const { body } = items.find((d) => d.body.name === `每日 ${row.locale}`);
    assert.equal(body.at, '09:15');
    assert.equal(body.queues.length, 1);
    assert.equal(body.share, 15);
    assert.equal(body.n, undefined);
    await s.locator('.daily-list li', { hasText: `每日 ${row.locale}` }).getByText('15%').waitFor();

    const { person: first } = await ask(r, 'GET', 'session');
    const { person: second } = await ask(s, 'GET', 'session');
    await ask(s, 'POST', 'samples?site=demo', { name: `校准 ${row.locale}`, scorecard: 'standard-zh', kind: 'calibration', n: 5, reviewers: [first.id, second.id] });
    await scoreAll(r, {});
    await s.reload();
    await s.locator('.table tbody tr', { hasText: `校准 ${row.locale}` }).waitFor();
    await tabTo(s, { selector: '.table button', text: `校准 ${row.locale}` });
    await tabTo(s, { selector: '.table button', text: row.compare });
    await s.keyboard.press('Enter');
    await s.locator('.compare [role=status]').waitFor(); // blind: nothing is told
    assert.equal(await s.locator('.compare .tile').count(), 0);
    await scoreAll(s, { late: { value: 10 }, tone: { value: 2 } });
    await s.locator('.compare .sheet-head button:focus').waitFor();
    await s.keyboard.press('Enter');
    await s.locator('.daily').waitFor();
    await tabTo(s, { selector: '.table button', text: `校准 ${row.locale}` });
    await tabTo(s, { selector: '.table button', text: row.compare });
    await s.keyboard.press('Enter');
    await s.locator('.compare .tile').first().waitFor();
    await s.locator('.compare-part').first().filter({ hasText: '50' }).waitFor(); // what was given for the tone is half of it apart
    await picture(s, `learn-compare-${row.locale}`);
    await tabTo(s, { selector: '.compare td .link' });
    await s.keyboard.press('Enter');
    await s.locator('.panel .card-item').first().waitFor();

    // One of two never comes: whoever leads it closes it, and the one is listed as missing.
    await ask(s, 'POST', 'samples?site=demo', { name: `缺席 ${row.locale}`, scorecard: 'standard-zh', kind: 'calibration', n: 1, reviewers: [first.id, second.id] });
    await scoreAll(r, {});
    await s.goto(`${house.base}/review/?view=samples`);
    await s.locator('.table tbody tr', { hasText: `缺席 ${row.locale}` }).waitFor();
    await tabTo(s, { selector: '.table button', text: `缺席 ${row.locale}` });
    await tabTo(s, { selector: '.table button', text: row.compare });
    await s.keyboard.press('Enter');
    await s.locator('.compare-waiting').waitFor();
    await tabTo(s, { selector: '.compare-waiting button', text: row.close });
    await s.keyboard.press('Enter');
    await tabTo(s, { selector: 'dialog footer .btn.danger' });
    await picture(s, `learn-close-${row.locale}`);
    await s.keyboard.press('Enter');
    await s.locator('.compare .tile').first().waitFor();
    await s.locator('.compare-part td', { hasText: row.missed }).waitFor();
    assert.deepEqual(await axe(s), []);
    await picture(s, `learn-missed-${row.locale}`);
    await leave(r, s);
  });
}

test('coaching reaches the agent live, who acknowledges it, by keyboard alone', async () => {
  const a = await agent(browser, house);
  const s = await at(browser, house, 'supervisor', '/review/?view=coaching', { locale: 'zh-CN' });
  await s.locator('.sheet-head button').waitFor();
  await s.waitForFunction(() => document.querySelector('.empty'));
  await tabTo(s, { selector: '.sheet-head button', text: '安排辅导' });
  await s.keyboard.press('Enter');
  await s.locator('dialog textarea:focus').waitFor();
  await s.keyboard.type('先安抚，再查单');
  await tabTo(s, { selector: 'dialog footer button', text: '安排辅导' });
  await s.locator('dialog select option', { hasText: '林' }).first().waitFor({ state: 'attached' });
  const name = await s.locator('dialog select option').allTextContents();
  assert.ok(name.some((x) => x.includes('林')), name.join());
  await s.locator('dialog select').selectOption({ label: name.find((x) => x.includes('林')) });
  await s.keyboard.press('Enter');
  await s.locator('.note-card', { hasText: '先安抚' }).waitFor();
  await a.locator('.rail-badge').waitFor(); // nobody has asked for it
  await tabTo(a, { selector: '.rail button', text: '我的质检' });
  await a.keyboard.press('Enter');
  await a.locator('.mine .note-card', { hasText: '先安抚' }).waitFor();
  await tabTo(a, { selector: '.note-card textarea' });
  await a.keyboard.type('好的，明天就改');
  await picture(a, 'learn-mine');
  await tabTo(a, { selector: '.note-card button', text: '确认收到' });
  await a.keyboard.press('Enter');
  await a.locator('.note-card', { hasText: '回应：好的' }).waitFor();
  await leave(a, s);
});

test('lines of a review become an example without names, and a scorecard a new version, by keyboard alone', async () => {
  const r = await at(browser, house, 'reviewer', '/review/?view=tasks', { locale: 'zh-CN' });
  await r.locator('.work-list [role=tab]').nth(1).click();
  await r.locator('.work-list .result').first().click();
  await r.locator('.panel .card-item').first().waitFor();
  await bubble(r, '王芳');
  await tabTo(r, { selector: '.panel button', text: '收入案例库' });
  await r.keyboard.press('Enter');
  await r.locator('dialog .keep input:focus').waitFor();
  await r.keyboard.type('先问候再核实 13800138000');
  await tabTo(r, { selector: '.keep fieldset input[type=checkbox]' });
  await r.keyboard.press('Space');
  await r.getByLabel('另外隐去的词').focus();
  await r.keyboard.type('王芳');
  await r.keyboard.press('Tab');
  await r.locator('.keep .lines li', { hasText: '〔某〕' }).waitFor();
  assert.equal(await r.locator('.keep .lines', { hasText: '13800138000' }).count(), 0);
  await r.locator('.keep b', { hasText: '先问候再核实 138****8000' }).waitFor(); // as it will be read
  await r.getByLabel('合集').fill('新人培训');
  await picture(r, 'learn-keep');
  await tabTo(r, { selector: 'dialog footer button', text: '收入案例库' });
  await r.keyboard.press('Enter');
  await r.locator('dialog').waitFor({ state: 'detached' });
  await r.goto(`${house.base}/review/?view=library`);
  await r.locator('.cases li', { hasText: '先问候再核实' }).waitFor();
  assert.equal(await r.locator('.cases', { hasText: '王芳' }).count(), 0);
  assert.equal(await r.locator('.cases', { hasText: '13800138000' }).count(), 0);
  await leave(r);

  const a = await at(browser, house, 'agent1', '/console/', { locale: 'zh-CN' });
  await a.locator('.rail').waitFor();
  await tabTo(a, { selector: '.rail button', text: '我的质检' });
  await a.keyboard.press('Enter');
  await tabTo(a, { selector: '.mine [role=tab]' });
  await a.keyboard.press('ArrowRight');
  await a.locator('.training .cases li', { hasText: '先问候再核实' }).waitFor();
  assert.equal(await a.locator('.training button.btn').count(), 0); // to be read
  assert.deepEqual(await axe(a), []);
  await picture(a, 'learn-training');
  await leave(a);

  const s = await at(browser, house, 'supervisor', '/review/?view=cards', { locale: 'zh-CN' });
  await s.locator('.cases li').first().waitFor();
  await tabTo(s, { selector: '.cases .link' });
  await s.keyboard.press('Enter');
  await s.locator('.card-edit .panel .card-item').first().waitFor();
  await tabTo(s, { selector: '.card-edit-section input[type=number]' });
  await s.keyboard.press('Control+a');
  await s.keyboard.type('50');
  await s.locator('.sheet-head .error').waitFor(); // they do not make 100
  await tabTo(s, { selector: '.sheet-head button', text: '保存为新版本' }, true);
  await s.keyboard.press('Enter');
  await s.locator('.error[role=alert]', { hasText: '100' }).waitFor();
  await picture(s, 'learn-cards');

  // Put right, and tried out in the preview before it is saved.
  const before = (await ask(s, 'GET', 'scorecards?site=demo')).items[0];
  const first = before.body.sections[0];
  await tabTo(s, { selector: '.card-edit-section input[type=number]' });
  await s.keyboard.press('Control+a');
  await s.keyboard.type(String(first.weight));
  await s.locator('.sheet-head .dim', { hasText: '100' }).waitFor();
  await tabTo(s, { selector: '.card-edit-item input' });
  await s.keyboard.press('Control+a');
  await s.keyboard.type('先报姓名再问候');
  await s.locator('.card-edit .panel .item-name', { hasText: '先报姓名再问候' }).waitFor();
  await tabTo(s, { selector: `.panel [data-item="${first.items[0].key}"] input` });
  await s.keyboard.press('0');
  assert.ok(await s.locator(`.panel [data-item="${first.items[0].key}"] input`).nth(1).isChecked()); // no
  await tabTo(s, { selector: '.sheet-head button', text: '保存为新版本' }, true);
  await s.keyboard.press('Enter');
  await s.locator('.toast', { hasText: `${before.version + 1}` }).waitFor();
  await s.locator('.cases li', { hasText: before.name }).first().locator('.badge', { hasText: `${before.version + 1}` }).waitFor();
  const after = (await ask(s, 'GET', 'scorecards?site=demo')).items.find((x) => x.key === before.key);
  assert.equal(after.version, before.version + 1);
  assert.equal(after.body.sections[0].items[0].name, '先报姓名再问候');
  assert.deepEqual(after.body.sections.slice(1), before.body.sections.slice(1)); // and nothing else
  await picture(s, 'learn-cards-saved');
  await leave(s).catch((e) => assert.match(e.message, /400/)); // the browser speaks of what was refused
});

test('axe finds nothing on these pages, in any language, theme and width', async () => {
  const first = await at(browser, house, 'supervisor', '/review/?view=samples', { locale: 'zh-CN' });
  await first.locator('.daily').waitFor();
  const storageState = await first.context().storageState();
  await leave(first);
  for (const look of LOOKS) {
    const name = `${look.locale}-${look.colorScheme ?? look.forcedColors ?? 'light'}-${look.viewport?.width ?? 1440}`;
    const p = await page(browser, { bypassCSP: true, storageState, ...look });
    const clean = async (what) => {
      assert.deepEqual(await axe(p), [], `${name}: ${what}`);
      assert.equal(await p.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${name}: ${what} scrolls sideways`);
      await picture(p, `learn-${what}-${name}`);
    };
    await p.goto(`${house.base}/review/?view=samples`);
    await p.locator('.daily-list').waitFor();
    await clean('samples');
    await p.locator('.daily-list button').first().click();
    await p.locator('dialog .draw input').first().waitFor();
    await clean('daily');
    await p.keyboard.press('Escape');
    await p.locator('dialog').waitFor({ state: 'detached' });
    await p.locator('.table tbody th .btn').first().click();
    await p.locator('.compare .tile').first().waitFor();
    await clean('compare');
    for (const [view, what] of [['cards', '.cases li'], ['library', '.cases li'], ['coaching', '.note-card']]) {
      await p.goto(`${house.base}/review/?view=${view}`);
      await p.locator(what).first().waitFor();
      await clean(view);
    }
    await p.goto(`${house.base}/review/?view=cards`);
    await p.locator('.cases .link').first().click();
    await p.locator('.card-edit .panel .card-item').first().waitFor();
    await clean('card');
    assert.deepEqual(complaints(p), []);
    await p.context().close();
  }
});

for (const row of [
  { locale: 'zh-CN', who: '谁还没评', spread: '分给其他人', back: '收回', undo: '撤销', gone: /已不做质检，还有 2 份/, done: /分给其他人 2 份/, name: 'wide' },
  { locale: 'en-US', who: 'Who still has some', spread: 'Give to others', back: 'Take back', undo: 'Undo', gone: /reviews no more and still has 2 reviews/, done: /2 given to others/, name: 'narrow-dark', width: 390, height: 800, dark: true },
]) {
  test(`what somebody has left goes to others by one key, and back by another (${row.locale})`, async () => {
    const admin = await at(browser, house, 'admin', '/admin/');
    await admin.locator('.rail').waitFor();
    const email = `left-${row.name}@demo.example`;
    await ask(admin, 'POST', 'people?site=demo', { site: 'demo', email, name: `Left ${row.name}`, number: '77', roles: ['reviewer'], queues: [], password: PASSWORD });
    const { items } = await ask(admin, 'GET', 'people?site=demo');
    const left = items.find((x) => x.name === `Left ${row.name}`).id;
    for (const n of [1, 2]) await closedTalk(browser, house, `换人评 ${row.locale} ${n}`);
    const s = await at(browser, house, 'supervisor', '/review/?view=samples', row);
    await s.locator('.sheet-head').first().waitFor();
    const name = `Handed ${row.locale}`;
    const got = await ask(s, 'POST', 'samples?site=demo', { scorecard: 'standard-zh', name, n: 2, reviewers: [left], again: true });
    assert.equal(got.drawn, 2);
    await ask(admin, 'POST', `people/${left}/disable?site=demo`, {});
    await leave(admin);

    await s.reload();
    await s.locator('.gone-list li').waitFor();
    assert.match(await s.locator('.gone-list').textContent(), row.gone);
    assert.deepEqual(await axe(s), []);
    await picture(s, `handover-gone-${row.name}`);
    const line = s.locator('tr', { hasText: name });
    // All of a sample is there, however narrow the page is: how far it has come, and what it covers.
    const cells = await line.locator('td').evaluateAll((all) => all.map((x) => [x.textContent, x.getBoundingClientRect().right <= innerWidth && x.getBoundingClientRect().width > 0]));
    assert.deepEqual(cells.filter(([, seen]) => !seen), []);
    assert.match(cells.map(([text]) => text).join(' '), row.locale === 'zh-CN' ? /0 \/ 2.*2 \/ \d+/ : /0 of 2.*2 of \d+/);
    await tabTo(s, { selector: 'tbody tr td button', text: row.who });
    await s.keyboard.press('Enter');
    await s.locator('dialog .open-list li', { hasText: `Left ${row.name}` }).waitFor();
    assert.deepEqual(await axe(s), []);
    await picture(s, `handover-who-${row.name}`);
    await s.keyboard.press('Escape');
    await s.locator('dialog').waitFor({ state: 'detached' });
    // Nothing happens before it can be undone no more; nor at all if it was.
    await tabTo(s, { selector: '.gone-list button', text: row.spread }, true);
    await s.keyboard.press('Enter');
    await s.locator('.gone-list button[disabled]').waitFor();
    await tabTo(s, { selector: '.toast button', text: row.undo });
    assert.deepEqual(await axe(s), []);
    await picture(s, `handover-undo-${row.name}`);
    await s.keyboard.press('Enter');
    await s.locator('.toast').waitFor({ state: 'detached' });
    const has = async () => (await ask(s, 'GET', 'samples?site=demo')).items.find((x) => x.name === name).open;
    assert.deepEqual((await has()).map((x) => [x.person.id, x.open]), [[left, 2]]);
    await tabTo(s, { selector: '.gone-list button:not([disabled])', text: row.spread }, true);
    await s.keyboard.press('Enter');
    await s.locator('.toast button', { hasText: row.undo }).waitFor();
    assert.deepEqual((await has()).map((x) => [x.person.id, x.open]), [[left, 2]]);
    await s.locator('.toast', { hasText: row.done }).waitFor(PATIENCE);
    await s.locator('.gone-list').waitFor({ state: 'detached' });

    // The reviewer of the demo has them now; and they are taken back.
    await line.locator('button', { hasText: row.who }).click();
    const who = s.locator('dialog .open-list li').first();
    await tabTo(s, { selector: 'dialog .open-list button', text: row.back });
    await s.keyboard.press('Enter');
    await who.waitFor({ state: 'detached' });
    // Who goes away has not undone it.
    await s.locator('.toast button', { hasText: row.undo }).waitFor();
    await s.goto(`${house.base}/review/?view=cards`);
    for (const end = Date.now() + PATIENCE.timeout; (await has())?.length > 0; ) {
      assert.ok(Date.now() < end, 'what was asked for when the page went away is not done');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await s.goto(`${house.base}/review/?view=samples`);
    await line.getByText(row.locale === 'zh-CN' ? /收回 2/ : /2 taken back/).waitFor(PATIENCE);
    await picture(s, `handover-back-${row.name}`);
    await leave(s);
  });
}

for (const row of [
  { locale: 'zh-CN', given: /已分给其他人，或已随会话删除.*不保留/, back: /已收回.*不保留/, name: 'wide' },
  { locale: 'en-US', given: /given to somebody else, or deleted.*not kept/, back: /taken back.*not kept/, name: 'narrow', width: 390, height: 800 },
]) {
  test(`who is at a review that goes to others, or back, reads what became of it (${row.locale})`, async () => {
    const s = await at(browser, house, 'supervisor', '/review/?view=samples');
    await s.locator('.sheet-head').first().waitFor();
    const me = (await ask(s, 'GET', 'session')).person.id;
    const r = await at(browser, house, 'reviewer', '/review/?view=tasks', row);
    await r.locator('.work-list .list').waitFor();
    const own = (await ask(r, 'GET', 'session')).person.id;
    for (const [what, body, words] of [['given', { to: [me] }, row.given], ['back', { take_back: true }, row.back]]) {
      await closedTalk(browser, house, `给谁评 ${row.locale} ${what}`);
      const name = `Given ${row.locale} ${what}`;
      const got = await ask(s, 'POST', 'samples?site=demo', { scorecard: 'standard-zh', name, n: 1, reviewers: [own], again: true });
      await r.goto(`${house.base}/review/?view=tasks`);
      const mine = r.locator('.work-list .result', { hasText: name });
      await mine.click();
      const radio = r.locator('.panel [data-item] input[type=radio]');
      await radio.first().press('Space');
      await r.locator('.panel-foot [role=status]', { hasText: /已保存|saved/ }).waitFor();
      const all = (await ask(s, 'GET', 'samples?site=demo')).items;
      await ask(s, 'POST', 'samples/handover?site=demo', { from: own, sample: all.find((x) => x.name === name).id, ...body });
      assert.equal(got.drawn, 1);
      await radio.nth(1).press('Space');
      await r.locator('.panel-foot').waitFor({ state: 'detached' });
      const place = what === 'given' ? '.work-none [role=alert]' : '.panel [role=status]';
      await r.locator(place, { hasText: words }).waitFor({ state: row.width && what === 'given' ? 'attached' : 'visible' });
      await mine.waitFor({ state: 'detached' });
      // Said once: as a notice where the page has no room for it.
      if (row.width && what === 'given') await r.locator('.toast.bad', { hasText: words }).waitFor();
      else assert.equal(await r.locator('.toast').count(), 0);
      assert.deepEqual(await axe(r), []);
      await picture(r, `handover-${what}-${row.name}`);
      assert.deepEqual(await r.evaluate(() => Object.keys(localStorage).filter((k) => k.startsWith('kefu.score.'))), []);
    }
    r.complaints = r.complaints.filter((text) => !/ (404|409) /.test(text)); // that is how it is told
    await leave(r, s);
  });
}

test('a review that was changed elsewhere leaves the next one alone that was opened meanwhile', async () => {
  for (const words of ['先评这个', '再评那个']) await closedTalk(browser, house, words);
  const s = await at(browser, house, 'supervisor', '/review/?view=samples');
  await s.locator('.sheet-head').first().waitFor();
  const r = await at(browser, house, 'reviewer', '/review/?view=tasks');
  await r.locator('.work-list .list').waitFor();
  const own = (await ask(r, 'GET', 'session')).person.id;
  await ask(s, 'POST', 'samples?site=demo', { scorecard: 'standard-zh', name: '一前一后', n: 2, reviewers: [own], again: true });
  await r.goto(`${house.base}/review/?view=tasks`);
  const rows = r.locator('.work-list .result', { hasText: '一前一后' });
  const radio = r.locator('.panel [data-item] input[type=radio]');
  const isRead = (x, of = '[^/?]+') => x.method() === 'GET' && new RegExp(`/reviews/(${of})$`).exec(x.url())?.[1];
  const openNth = async (nth) => {
    const came = r.waitForResponse((x) => isRead(x.request()));
    await rows.nth(nth).click();
    return isRead((await came).request());
  };
  const saved = () => r.locator('.panel-foot [role=status]', { hasText: '已保存' }).waitFor();

  const first = await openNth(0);
  await radio.first().press('Space');
  await saved();
  const { revision, contents } = await ask(r, 'GET', `reviews/${first}`);
  await ask(r, 'PUT', `reviews/${first}/draft`, { revision, contents: { ...contents, summary: '别处写的' } });
  // It is read twice: whether it is our own, and then what became of it.
  let reads = 0;
  let goOn;
  const asked = new Promise((resolve) =>
    r.route(`**/reviews/${first}`, async (route) => {
      if (++reads < 2) return route.continue();
      goOn = () => route.continue();
      resolve();
    }),
  );
  await radio.nth(1).press('Space');
  await asked;
  const next = await openNth(1);
  assert.notEqual(next, first);
  await radio.first().press('Space');
  await saved();
  const summary = r.locator('.panel textarea').last();
  await summary.fill('正写到一半');
  const over = [];
  r.on('request', (x) => isRead(x, next) && over.push(x.url()));
  await goOn();
  await r.locator('.toast.bad', { hasText: '在别处改动过' }).waitFor(); // it is said when all has been read
  assert.deepEqual(over, []);
  assert.equal(await summary.inputValue(), '正写到一半');
  assert.equal(await summary.evaluate((e) => document.activeElement === e), true);
  await saved();
  r.complaints = r.complaints.filter((text) => !/ 409 /.test(text)); // that is how it is told
  await leave(r, s);
});

test('a handover goes to the site that it was asked for, before a sign-out, and says when a colleague was faster', async () => {
  await closedTalk(browser, house, '两个站点的主管');
  const admin = await at(browser, house, 'admin', '/admin/');
  await admin.locator('.rail').waitFor();
  const s = await page(browser);
  // The server knows the person at one site: the page is told of one more.
  await s.route('**/api/v1/session', async (route) => {
    const answer = await route.fetch();
    const told = answer.ok() && (await answer.text());
    if (!told) return route.fulfill({ response: answer });
    const all = JSON.parse(told);
    return route.fulfill({ response: answer, json: { ...all, sites: [...all.sites, { ...all.sites[0], key: 'other', name: '另一个站点' }] } });
  });
  await signIn(s, house.base, '/review/?view=samples', 'supervisor');
  await s.locator('.gate-sites button').first().click();
  await s.locator('.sheet-head').first().waitFor();

  /** Somebody who has left with one review open. */
  let count = 0;
  const someone = async (name) => {
    const person = { site: 'demo', email: `gone-${++count}@demo.example`, name, number: `8${count}`, roles: ['reviewer'], queues: [], password: PASSWORD };
    await ask(admin, 'POST', 'people?site=demo', person);
    const { id } = (await ask(admin, 'GET', 'people?site=demo')).items.find((x) => x.name === name);
    await ask(s, 'POST', 'samples?site=demo', { scorecard: 'standard-zh', name: `of ${name}`, n: 1, reviewers: [id], again: true });
    await ask(admin, 'POST', `people/${id}/disable?site=demo`, {});
    await s.reload();
    await s.locator('.gone-list li', { hasText: name }).waitFor();
    return id;
  };
  const boss = await at(browser, house, 'supervisor', '/review/?view=samples');
  await boss.locator('.sheet-head').first().waitFor();
  const handed = async (name) => {
    const end = Date.now() + PATIENCE.timeout;
    while ((await ask(boss, 'GET', 'samples?site=demo')).items.find((x) => x.name === `of ${name}`).open?.some((x) => x.person.name === name))
      assert.ok(Date.now() < end, `nobody else has what ${name} had`);
  };
  const give = async (name) => {
    await s.locator('.gone-list li', { hasText: name }).locator('button').click();
    await s.locator('.toast button', { hasText: '撤销' }).waitFor();
  };
  const account = async (item) => {
    await s.locator('.rail .account').click();
    await s.locator('.menu-item', { hasText: item }).click();
  };

  const id = await someone('快一步');
  await give('快一步');
  await ask(boss, 'POST', 'samples/handover?site=demo', { from: id, take_back: true });
  await s.locator('.toast:not(.bad)', { hasText: '快一步已经没有未评的了' }).waitFor(PATIENCE);
  await picture(s, 'handover-faster');
  await s.locator('.gone-list').waitFor({ state: 'detached' });

  // Who goes away has not undone it, and who comes back cannot any more.
  await someone('走开');
  await give('走开');
  await s.evaluate(() => window.dispatchEvent(new Event('pagehide')));
  await s.locator('.toast button', { hasText: '撤销' }).waitFor({ state: 'detached', timeout: 2000 });
  await handed('走开');

  await someone('换站点');
  await give('换站点');
  await account('选择站点');
  await s.locator('.gate-sites button', { hasText: '另一个站点' }).click();
  await s.locator('.toast', { hasText: '分给其他人 1 份' }).waitFor(PATIENCE);
  await handed('换站点');
  await account('选择站点');
  await s.locator('.gate-sites button').first().click();

  await someone('退出');
  await give('退出');
  await account('退出登录');
  await s.locator('input[type=password]').waitFor();
  assert.equal(await s.locator('.toast').count(), 0);
  await picture(s, 'handover-out');
  await handed('退出');

  // What fails is told to whoever has asked for it, who stays; and to nobody else where the answer does not come in time.
  await fillSignIn(s, 'supervisor');
  await s.locator('.sheet-head').first().waitFor();
  const lost = await someone('没成');
  await give('没成');
  await s.route('**/samples/handover?*', (route) => route.fulfill({ status: 503, json: { title: '稍后再试' } }));
  await account('退出登录');
  await s.locator('.toast.bad', { hasText: '没成' }).waitFor();
  await picture(s, 'handover-out-failed');
  assert.equal(await s.locator('input[type=password]').count(), 0);
  await s.unroute('**/samples/handover?*');
  let late;
  const asked = new Promise((resolve) =>
    s.route('**/samples/handover?*', (route) => {
      late = () => route.fulfill({ status: 503, json: { title: '稍后再试' } });
      resolve();
    }),
  );
  await give('没成');
  await account('退出登录');
  await asked;
  await s.locator('input[type=password]').waitFor();
  assert.equal(await s.locator('.toast').count(), 0);
  await fillSignIn(s, 'reviewer');
  await s.locator('.rail').waitFor();
  const answered = s.waitForEvent('requestfinished', (r) => r.url().includes('/samples/handover'));
  await late();
  await answered;
  await s.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  assert.equal(await s.locator('.toast').count(), 0);
  await ask(boss, 'POST', 'samples/handover?site=demo', { from: lost, take_back: true });
  s.complaints = s.complaints.filter((text) => !/ (404|422|503) /.test(text)); // there is no such site; and how it is told
  await leave(s, boss, admin);
});
