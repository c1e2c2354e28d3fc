// What a house learns from its reviews, by keyboard alone: daily samples, calibration.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { agent, axe, browse, bubble, closeTalk, complaints, fillSignIn, House, leave, page, picture, says, visitor } from './house.mjs';

const LANGS = [
  { locale: 'zh-CN', daily: '新建每日抽检', save: '保存', compare: '校准对比' },
  { locale: 'en-US', daily: 'New daily sample', save: 'Save', compare: 'Compare' },
];
/** Wide and narrow, light and dark, in each language. */
const LOOKS = [
  { locale: 'zh-CN' },
  { locale: 'zh-TW', colorScheme: 'dark' },
  { locale: 'en-US', forcedColors: 'active' },
  { locale: 'en-US', viewport: { width: 320, height: 700 } },
  { locale: 'zh-CN', colorScheme: 'dark', viewport: { width: 320, height: 700 } },
];

let house;
let browser;
before(async () => {
  house = await House.open();
  browser = await browse();
});
after(async () => {
  await browser?.close();
  await house?.close();
});

/** A talk of agent1 that was closed: with a name and a number in it. */
async function talk(words) {
  const desk = await agent(browser, house);
  const v = await visitor(browser, house);
  await says(v, `${words}，我叫王芳，电话 13800138000`);
  await desk.locator('.conv', { hasText: words }).click();
  await desk.locator('.writer textarea').fill('您好，我是客服小林，王芳您稍等');
  await desk.keyboard.press('Enter');
  await bubble(v, '您好，我是客服小林');
  await closeTalk(desk);
  await v.context().close();
  await desk.context().close();
}

async function at(who, path, options) {
  const p = await page(browser, options);
  await p.goto(house.base + path);
  await fillSignIn(p, who);
  return p;
}

/** Tab, until what has the focus fits. */
async function tabTo(p, what, back = false) {
  for (let i = 0; i < 150; i++) {
    const is = await p.evaluate(
      ({ selector, text }) => {
        const el = document.activeElement;
        return !!el && el !== document.body && el.matches(selector) && (!text || (el.textContent + (el.getAttribute('aria-label') ?? '')).includes(text));
      },
      { selector: what.selector, text: what.text ?? '' },
    );
    if (is) return;
    await p.keyboard.press(back ? 'Shift+Tab' : 'Tab');
  }
  assert.fail(`no way by Tab to ${JSON.stringify(what)}`);
}

/** Asks as whoever is signed in on the page. */
async function ask(p, method, path, body) {
  const got = await p.evaluate(
    async ({ method, path, body }) => {
      const { csrf } = await (await fetch('/api/v1/session')).json();
      const r = await fetch(`/api/v1/${path}`, { method, headers: { 'X-CSRF-Token': csrf, 'Content-Type': 'application/json' }, ...(body ? { body: JSON.stringify(body) } : {}) });
      return { status: r.status, text: await r.text() };
    },
    { method, path, body },
  );
  assert.ok(got.status < 300, `${method} ${path}: ${got.status} ${got.text}`);
  return got.text ? JSON.parse(got.text) : undefined;
}

const answers = (more) => ({
  answers: {
    greeting: { value: 1 }, anything_else: { na: true }, closing: { value: 1 }, tone: { value: 4 }, empathy: { value: 2 }, waiting: { value: 1 },
    understanding: { value: 2 }, correct: { value: 4 }, promise: { na: true }, records: { value: 1 }, ...more,
  },
  summary: '总体不错',
});

/** Scores all that this one has to do. */
async function scoreAll(p, more) {
  const { items } = await ask(p, 'GET', 'reviews?site=demo&list=mine');
  for (const r of items.filter((x) => x.state === 'assigned'))
    await ask(p, 'POST', `reviews/${r.id}/submit`, { revision: r.revision, contents: answers(more) });
}

for (const row of LANGS) {
  test(`a daily sample is set up, and a calibration compared, by keyboard alone (${row.locale})`, async () => {
    await talk(`灯坏了 ${row.locale}`);
    const options = { locale: row.locale };
    const r = await at('reviewer', '/review/?view=samples', options);
    await r.locator('.daily').waitFor();
    const s = await at('supervisor', '/review/?view=samples', options);
    await s.locator('.daily').waitFor();

    await tabTo(s, { selector: '.daily button', text: row.daily });
    await s.keyboard.press('Enter');
    await s.locator('dialog .draw input:focus').waitFor();
    await s.keyboard.press('Control+a');
    await s.keyboard.type(`每日 ${row.locale}`);
    await s.keyboard.press('Tab');
    await s.locator('dialog input[type=time]:focus').waitFor();
    await s.keyboard.type(row.locale === 'zh-CN' ? '0915' : '0915AM');
    await picture(s, `learn-daily-${row.locale}`);
    await tabTo(s, { selector: 'dialog footer button', text: row.save });
    await s.keyboard.press('Enter');
    await s.locator('dialog').waitFor({ state: 'detached' });
    await s.locator('.daily-list li', { hasText: `每日 ${row.locale}` }).waitFor();
    const { items } = await ask(s, 'GET', 'sites/demo/documents?kind=schedule');
    assert.equal(items.find((d) => d.body.name === `每日 ${row.locale}`).body.at, '09:15');

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
    assert.match(await s.locator('.compare-part').first().textContent(), /50/); // what was given for the tone is half of it apart
    await picture(s, `learn-compare-${row.locale}`);
    await tabTo(s, { selector: '.compare td .link' });
    await s.keyboard.press('Enter');
    await s.locator('.panel .card-item').first().waitFor();
    await leave(r, s);
  });
}

test('axe finds nothing on these pages, in any language, theme and width', async () => {
  const first = await at('supervisor', '/review/?view=samples', { locale: 'zh-CN' });
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
    assert.deepEqual(complaints(p), []);
    await p.context().close();
  }
});
