// The pages as people have them who see, hold and read otherwise: four times as large, with more space between letters, in their own
// colours, with nothing that moves; and what is shown where there is nothing, or no server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agent, at, axe, browser, bubble, closeTalk, house, leave, openHouse, openTalk, picture, says, visitor, visitorBox } from './house.mjs';

openHouse();

const sideways = (p) => p.evaluate(() => document.documentElement.scrollWidth > innerWidth);

/** Can be brought into view, and nothing lies over its middle. */
async function reached(p, locator, name) {
  await locator.scrollIntoViewIfNeeded();
  assert.ok(
    await locator.evaluate((el) => {
      const box = el.getBoundingClientRect();
      const top = document.elementFromPoint(box.x + box.width / 2, Math.min(innerHeight - 1, box.y + box.height / 2));
      return box.width > 0 && box.x >= 0 && box.right <= innerWidth + 1 && !!top && (el.contains(top) || top.contains(el));
    }),
    `${name} can be reached`,
  );
}

/** The transcript has room for lines. */
async function readable(p) {
  const log = p.locator('[role=log]');
  await log.scrollIntoViewIfNeeded();
  assert.ok((await log.evaluate((el) => el.clientHeight)) >= 100, 'lines of the transcript can be read');
}

// 1280 × 1024 at 400 %.
const LARGE = { width: 320, height: 256, deviceScaleFactor: 4 };

test('at 400 % everything is there, nothing sticks out, and a whole talk can be had', async () => {
  const desk = await agent(browser, house, 'agent1', LARGE);
  const v = await visitor(browser, house, LARGE);
  await reached(v, visitorBox(v), 'the composer of the visitor');
  await says(v, '放大四倍也能问吗');
  await v.locator('.msg.own[data-seq]').waitFor();
  await readable(v);
  await openTalk(desk, '放大四倍也能问吗');
  await readable(desk);
  const box = desk.locator('.writer textarea');
  await reached(desk, box, 'the composer of the agent');
  await box.fill('可以的');
  await box.press('Enter');
  await bubble(v, '可以的');
  await reached(v, v.getByRole('button', { name: '更多' }), 'the menu of the visitor');
  for (const p of [v, desk]) {
    assert.equal(await sideways(p), false);
    assert.deepEqual(await axe(p), []);
  }
  await picture(v, 'access-widget-400');
  await picture(desk, 'access-console-400');
  await closeTalk(desk);

  const reader = await at(browser, house, 'reviewer', '/review/', LARGE);
  await reader.locator('.result').first().waitFor();
  await reached(reader, reader.locator('#q'), 'the field of the search');
  assert.equal(await sideways(reader), false);
  assert.deepEqual(await axe(reader), []);
  await reached(reader, reader.locator('.result').first(), 'a result');
  await reader.locator('.result').first().click();
  await reader.locator('.say').first().waitFor();
  await readable(reader);
  assert.equal(await sideways(reader), false);
  assert.deepEqual(await axe(reader), []);
  await picture(reader, 'access-review-400');

  const admin = await at(browser, house, 'admin', '/admin/#/queue/service', LARGE);
  const save = admin.locator('.doc-foot').getByRole('button', { name: '保存' });
  await save.waitFor();
  await reached(admin, admin.getByLabel('名称'), 'a field of the settings');
  await reached(admin, save, 'the button that saves');
  assert.equal(await sideways(admin), false);
  assert.deepEqual(await axe(admin), []);
  await picture(admin, 'access-admin-400');
  await leave(v, desk, reader, admin);
});

// What WCAG 2.2 (1.4.12) lets readers set.
const SPACED = '* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-bottom: 2em !important }';

test('with the spacing that readers may set, no word of a button, a field or a message is cut', async () => {
  const desk = await agent(browser, house, 'agent1', { locale: 'en-US', width: 1280 });
  const v = await visitor(browser, house, { locale: 'en-US', width: 380, height: 640 });
  await says(v, 'Do you deliver to Suzhou on Saturdays, and what does it cost?');
  await openTalk(desk, 'Suzhou');
  const reader = await at(browser, house, 'reviewer', '/review/', { locale: 'en-US', width: 1280 });
  await reader.locator('.result').first().waitFor();
  const admin = await at(browser, house, 'admin', '/admin/#/queue/service', { locale: 'en-US', width: 1280 });
  await admin.locator('.doc-foot').waitFor();
  for (const [name, p] of Object.entries({ v, desk, reader, admin })) {
    const cut = await p.evaluate((css) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
      return [...document.querySelectorAll('button, a, label, legend, h1, h2, h3, .say-body, .bubble, .banner')]
        .filter((el) => el.getClientRects().length > 0 && el.clientWidth > 1 && !el.closest('.sr, .clip, [role=listbox]'))
        .filter((el) => {
          const look = getComputedStyle(el);
          return (
            (look.overflowX !== 'visible' && el.scrollWidth > el.clientWidth + 1 && look.textOverflow !== 'ellipsis') ||
            (look.overflowY !== 'visible' && look.overflowY !== 'auto' && el.scrollHeight > el.clientHeight + 1)
          );
        })
        .map((el) => el.outerHTML.slice(0, 120));
    }, SPACED);
    assert.deepEqual(cut, [], name);
    assert.equal(await sideways(p), false, name);
    await picture(p, `access-spaced-${name}`);
  }
  await closeTalk(desk);
  await leave(v, desk, reader, admin);
});

test('whoever wants no motion gets none, whoever says nothing gets it', async () => {
  for (const reducedMotion of ['reduce', 'no-preference']) {
    const desk = await agent(browser, house, 'agent1', { reducedMotion });
    const v = await visitor(browser, house, { reducedMotion });
    for (const p of [desk, v]) {
      await p.evaluate(() => {
        window.moved = 0;
        for (const type of ['animationstart', 'transitionrun']) document.addEventListener(type, () => window.moved++, true);
      });
    }
    await says(v, `动一动 ${reducedMotion}`);
    await openTalk(desk, `动一动 ${reducedMotion}`);
    await desk.locator('.writer textarea').pressSequentially('正在写');
    await v.locator('.dots, .typing').first().waitFor();
    const dots = await v.evaluate(() => document.getAnimations().filter((a) => a.effect.getTiming().iterations === Infinity).length);
    await desk.locator('.talk-log').focus();
    await desk.keyboard.press('t');
    await desk.locator('dialog').waitFor();
    await desk.keyboard.press('Escape');
    await desk.locator('dialog').waitFor({ state: 'detached' });
    await desk.locator('.writer textarea').fill('');
    await closeTalk(desk);
    const moved = (await desk.evaluate(() => window.moved)) + (await v.evaluate(() => window.moved));
    if (reducedMotion === 'reduce') assert.deepEqual([moved, dots], [0, 0]);
    else assert.ok(moved > 0 && dots === 3, `${moved} motions, ${dots} dots`);
    await leave(desk, v);
  }
});

// ---- nothing there, and nobody there ----

const LOOKS = [
  ['light', { colorScheme: 'light', forcedColors: 'none' }],
  ['dark', { colorScheme: 'dark', forcedColors: 'none' }],
  ['forced', { colorScheme: 'light', forcedColors: 'active' }],
];

/** In each look, without loading it anew. */
async function clean(p, what, locale) {
  for (const [look, media] of LOOKS) {
    await p.emulateMedia(media);
    assert.deepEqual(await axe(p), [], `${what}, ${locale}, ${look}`);
  }
  await p.emulateMedia(LOOKS[0][1]);
  await picture(p, `access-${what.replace(/\W+/g, '-')}-${locale}`);
}

test('axe finds nothing where there is nothing, where something is wrong, and without a server; in any language and look', async () => {
  const rows = [];
  for (const locale of ['zh-CN', 'zh-TW', 'en-US']) {
    const options = { locale, cut: true };
    const v = await visitor(browser, house, { ...options, width: 380, height: 640 });
    await clean(v, 'widget before a word', locale);
    await visitorBox(v).fill('字'.repeat(4100));
    await clean(v, 'widget too long', locale);
    await visitorBox(v).fill('');
    const desk = await at(browser, house, 'agent2', '/console/', options);
    await desk.locator('.presence-btn .who b').waitFor();
    await clean(desk, 'console empty', locale);
    const reader = await at(browser, house, 'reviewer', `/review/?q=${encodeURIComponent('没有这句话')}`, options);
    await reader.locator('.empty').first().waitFor();
    await clean(reader, 'review empty', locale);
    const none = await at(browser, house, 'agent2', '/review/', options);
    await none.waitForFunction(() => !document.querySelector('input[type=password]'));
    await clean(none, 'review forbidden', locale);
    const admin = await at(browser, house, 'admin', '/admin/#/queue/+', options);
    await admin.locator('.doc-foot .btn.primary').waitFor();
    await admin.locator('.doc-foot .btn.primary').click();
    await admin.locator('[aria-invalid=true]').first().waitFor();
    await clean(admin, 'admin wrong', locale);
    rows.push({ locale, v, desk, reader, none, admin });
  }
  await house.kill();
  for (const { locale, v, desk, reader, admin } of rows) {
    await says(v, '有人吗');
    await v.locator('.banner, [role=status]').filter({ hasText: /\S/ }).first().waitFor();
    await clean(v, 'widget offline', locale);
    await desk.locator('.banner').waitFor();
    await clean(desk, 'console offline', locale);
    await reader.locator('#q').fill('再找一次');
    await reader.locator('.empty .btn, .banner').first().waitFor();
    await clean(reader, 'review offline', locale);
    await clean(admin, 'admin offline', locale);
  }
  await house.start();
  for (const { v, desk, reader, none, admin } of rows) await leave(v, desk, reader, none, admin);
});
