// The keys of scoring, each of them: j k J K, digits, x, Tab, n, c, m, Ctrl+Enter; and in the transcript beside it Space, the arrows, < and >.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, at, BEST, browser, bubble, closedTalk, house, leave, openHouse, picture, tabTo } from './house.mjs';

const LANGS = [
  { locale: 'zh-CN', keep: '收入案例库' },
  { locale: 'en-US', keep: 'Add to the case library' },
];

openHouse(async () => {
  for (const words of ['灯坏了', '想退货']) await closedTalk(browser, house, words);
});

/** The item that has the focus, and the place of its answer among those that it has; -1 none. */
const answered = (p) =>
  p.evaluate(() => {
    const item = document.activeElement?.closest('[data-item]');
    return [item?.getAttribute('data-item'), [...(item?.querySelectorAll('input[type=radio]') ?? [])].findIndex((x) => x.checked)];
  });

const lit = (p) => p.locator('.say.on').getAttribute('data-seq');

for (const row of LANGS) {
  test(`each key of scoring does what it says (${row.locale})`, async () => {
    const r = await at(browser, house, 'reviewer', '/review/?view=tasks', { locale: row.locale });
    await r.locator('.work-list').waitFor();
    await ask(r, 'POST', 'samples?site=demo', { scorecard: 'standard-zh', n: 50, again: true });
    await r.reload();
    await r.locator('.work-list .result').nth(1).waitFor();
    await tabTo(r, { selector: '.work-list .list' });
    await r.keyboard.press('ArrowDown');
    await r.locator('.panel [data-item]').first().waitFor();
    await bubble(r, '您好，我是客服小林');
    await r.keyboard.press('Enter');
    await r.waitForFunction(() => document.activeElement?.closest('[data-item="greeting"]'));

    // Messages, and the reviews of the list, while an item has the focus.
    await r.keyboard.press('j');
    await r.locator('.say.on').waitFor();
    const first = await lit(r);
    await r.keyboard.press('j');
    await r.locator(`.say.on:not([data-seq="${first}"])`).waitFor();
    await r.keyboard.press('k');
    await r.locator(`.say.on[data-seq="${first}"]`).waitFor();
    const chosen = () => r.locator('.work-list [aria-selected=true].on, .work-list .result.on').first().textContent();
    const one = await r.locator('.reader h2').textContent();
    await r.keyboard.press('Shift+J');
    await r.waitForFunction((was) => document.querySelector('.reader h2') && document.querySelector('.reader h2').textContent !== was, one);
    assert.ok(await chosen());
    await r.waitForFunction(() => document.activeElement?.closest('[data-item="greeting"]'));
    await r.keyboard.press('Shift+K');
    await r.waitForFunction((was) => document.querySelector('.reader h2')?.textContent === was, one);
    await r.waitForFunction(() => document.activeElement?.closest('[data-item="greeting"]'));

    // Digits and x, item by item.
    await r.keyboard.press('0');
    assert.deepEqual(await answered(r), ['greeting', 1]); // no stands after yes
    await r.keyboard.press('1');
    assert.deepEqual(await answered(r), ['greeting', 0]);
    await r.keyboard.press('5'); // it has no such step
    assert.deepEqual(await answered(r), ['greeting', 0]);
    await r.keyboard.press('Tab');
    assert.equal((await answered(r))[0], 'anything_else');
    await r.keyboard.press('x');
    assert.deepEqual(await answered(r), ['anything_else', 2]);
    await tabTo(r, { selector: '[data-item="tone"] input' });
    for (const n of [0, 1, 2, 3, 4]) {
      await r.keyboard.press(String(n));
      assert.deepEqual(await answered(r), ['tone', n]);
    }
    await r.keyboard.press('n');
    await r.locator('[data-item="tone"] textarea:focus').waitFor();
    await r.keyboard.type('jkxcm 0');
    assert.deepEqual(await answered(r), ['tone', 4]); // what is written is no key
    await r.keyboard.press('Shift+Tab');
    await r.waitForFunction(() => document.activeElement?.matches('[data-item="tone"] input[type=radio]'));

    // An example for the item, of the line that is lit.
    await r.locator('.say', { hasText: '您好，我是客服小林' }).waitFor();
    await r.keyboard.press('j');
    const line = await lit(r);
    await r.keyboard.press('m');
    await r.locator('dialog .keep input:focus').waitFor();
    await r.keyboard.type(`好例 ${row.locale}`);
    const ticked = await r.locator('dialog .keep fieldset input:checked').evaluateAll((all) => all.map((x) => x.closest('label').textContent));
    assert.equal(ticked.length, 2, ticked.join());
    assert.ok(ticked[0].includes(line) && ticked[1].includes('用语礼貌'), ticked.join());
    await r.locator('dialog .keep .lines li').first().waitFor();
    await picture(r, `keys-keep-${row.locale}`);
    await tabTo(r, { selector: 'dialog footer .btn.primary', text: row.keep });
    await r.keyboard.press('Enter');
    await r.locator('dialog').waitFor({ state: 'detached' });
    const { items } = await ask(r, 'GET', 'examples?site=demo&item=tone');
    assert.ok(items.some((x) => x.title === `好例 ${row.locale}`));
    await r.waitForFunction(() => document.activeElement?.closest('[data-item="tone"]')); // one goes on where one was
    await r.keyboard.press('c');
    await r.locator('dialog textarea:focus').waitFor();
    await r.keyboard.press('Escape');
    await r.locator('dialog').waitFor({ state: 'detached' });

    // In the transcript: what was said is played.
    await r.locator('.talk-log').focus();
    await r.keyboard.press('Space');
    await r.locator('.player.on').waitFor();
    await r.keyboard.press('Space');
    await r.keyboard.press('>');
    await r.locator('.player-speeds .btn[aria-pressed=true]', { hasText: '×2' }).waitFor();
    await r.keyboard.press('<');
    await r.locator('.player-speeds .btn[aria-pressed=true]', { hasText: '×1' }).waitFor();
    const time = () => r.locator('.player-time').textContent();
    for (let i = 0; i < 4; i++) await r.keyboard.press('ArrowLeft');
    const start = await time();
    await r.keyboard.press('ArrowRight');
    await r.waitForFunction((was) => document.querySelector('.player-time').textContent !== was, start);
    await r.keyboard.press('ArrowLeft');
    await r.waitForFunction((was) => document.querySelector('.player-time').textContent === was, start);
    await r.keyboard.press('Escape');
    await r.locator('.player.on').waitFor({ state: 'detached' });

    // What is left is said at the item; then it is submitted, and the next one opened.
    await tabTo(r, { selector: '[data-item="tone"] input' });
    await r.keyboard.press('Control+Enter');
    await r.locator('.panel .error[role=alert]').waitFor();
    for (const [item, key] of [['closing', '1'], ['empathy', '2'], ['waiting', '1'], ['understanding', '2'], ['correct', '4'], ['promise', 'x'], ['records', '1']]) {
      await r.locator(`[data-item="${item}"] input`).first().focus();
      await r.keyboard.press(key);
    }
    await r.keyboard.press('Control+Enter');
    await r.waitForFunction((was) => document.querySelector('.reader h2')?.textContent !== was && document.activeElement?.closest('[data-item="greeting"]'), one);
    const { items: mine } = await ask(r, 'GET', 'reviews?site=demo&list=mine');
    for (const x of mine.filter((y) => y.state === 'assigned' || y.state === 'draft'))
      await ask(r, 'POST', `reviews/${x.id}/submit`, { revision: x.revision, contents: BEST });
    await leave(r);
  });
}
