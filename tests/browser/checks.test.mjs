// Machine checks in the browser: a change is tried on what was closed last week, its hits are told, and it is saved.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { agent, axe, browse, bubble, complaints, fillSignIn, House, page, picture, says, visitor } from './house.mjs';

const LANGS = [
  { locale: 'zh-CN', name: '服务禁语', tuned: '上周会命中什么', saved: '已保存', fresh: '新增' },
  { locale: 'en-US', name: 'Forbidden wording', tuned: 'What would it have hit last week?', saved: 'Saved', fresh: 'new' },
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

/** A talk of agent1, closed by the agent. */
async function talk(words, answer) {
  const desk = await agent(browser, house);
  const v = await visitor(browser, house);
  await says(v, words);
  await desk.locator('.conv', { hasText: words }).click();
  await desk.locator('.writer textarea').fill(answer);
  await desk.keyboard.press('Enter');
  await bubble(v, answer);
  await desk.locator('.talk-log').focus();
  await desk.keyboard.press('e');
  await desk.locator('.toast').waitFor();
  await desk.locator('.toast').waitFor({ state: 'detached' });
  await v.context().close();
  await desk.context().close();
}

async function at(who, path, options) {
  const p = await page(browser, options);
  await p.goto(house.base + path);
  await fillSignIn(p, who);
  return p;
}

for (const row of LANGS) {
  test(`a change is tried on last week, and saved (${row.locale})`, async () => {
    const words = `灯坏了 ${row.locale}`;
    await talk(words, `自己查去 ${row.locale}`);
    const options = { locale: row.locale };

    const s = await at('supervisor', '/review/?view=checks', options);
    const list = s.locator('.checks-list li button');
    await list.filter({ hasText: row.name }).click();
    const edit = s.locator('.checks-edit');
    await edit.locator('h2', { hasText: row.name }).waitFor();
    const area = edit.locator('textarea').first();
    await area.fill(`${await area.inputValue()}\n自己查去 ${row.locale}`);
    await edit.getByRole('button', { name: row.tuned }).click();
    const hit = edit.locator('.tried li', { hasText: `自己查去 ${row.locale}` });
    await hit.first().waitFor();
    assert.ok((await hit.first().textContent()).includes(row.fresh));
    assert.deepEqual(await axe(s), []);
    await picture(s, `checks-${row.locale}`);
    await edit.locator('.btn.primary:not([disabled])').click();
    await s.locator('.toast', { hasText: row.saved }).waitFor();
    assert.deepEqual(complaints(s), []);
    await s.context().close();
  });
}
