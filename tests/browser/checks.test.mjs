// Machine checks in the browser: a change is tried on what was closed last week, its hits are told, and it is saved; what was found is drawn as
// a risk, judged by keyboard alone, and found by.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agent, ask, at, axe, browser, bubble, closedTalk, closeTalk, complaints, house, leave, openHouse, openTalk, PATIENCE, picture, says, tabTo, visitor } from './house.mjs';

const LANGS = [
  { locale: 'zh-CN', name: '服务禁语', tuned: '上周会命中什么', saved: '已保存', fresh: '新增' },
  { locale: 'en-US', name: 'Forbidden wording', tuned: 'What would it have hit last week?', saved: 'Saved', fresh: 'new' },
];

openHouse();

for (const row of LANGS) {
  test(`a change is tried on last week, and saved (${row.locale})`, async () => {
    const words = `灯坏了 ${row.locale}`;
    await closedTalk(browser, house, words, `自己查去 ${row.locale}`);
    const options = { locale: row.locale };

    const s = await at(browser, house, 'supervisor', '/review/?view=checks', options);
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

/** Waits until the checks have looked at what was closed, and found this; its conversation. */
async function foundBy(p, check, conversation) {
  const until = Date.now() + PATIENCE.timeout;
  for (;;) {
    const { items } = await ask(p, 'GET', `findings?site=demo&check=${check}${conversation ? `&conversation=${conversation}` : ''}`);
    if (items.length) return items[0].conversation;
    assert.ok(Date.now() < until, `nothing was found by ${check}`);
    await p.waitForTimeout(100);
  }
}

const RISK = [
  { locale: 'zh-CN', draw: '新抽样', take: '抽取', more: '更多条件', apply: '应用', check: '服务禁语', held: '法律保留' },
  { locale: 'en-US', draw: 'New sample', take: 'Draw', more: 'More filters', apply: 'Apply', check: 'Forbidden wording', held: 'Legal hold' },
];

for (const row of RISK) {
  test(`what was found is drawn as a risk, judged by keys, and found by (${row.locale})`, async () => {
    const words = `灯又坏了 ${row.locale}`;
    await closedTalk(browser, house, words, `不知道，你自己看 ${row.locale}`);
    const s = await at(browser, house, 'supervisor', '/review/', { locale: row.locale });
    await s.locator('.bar').waitFor();
    await foundBy(s, 'forbidden');
    const { items } = await ask(s, 'GET', `transcripts?site=demo&q=${encodeURIComponent(words)}`);
    const conversation = items[0].conversation.id;
    await ask(s, 'POST', 'holds?site=demo', { conversation, reason: `卷宗 ${row.locale}` });

    const r = await at(browser, house, 'reviewer', '/review/?view=samples', { locale: row.locale });
    await r.locator('.sheet-head button').first().waitFor();
    await ask(r, 'POST', 'examples?site=demo', { conversation, seqs: [2], good: false, title: `别这样说 ${row.locale}`, items: ['rude'] });
    await tabTo(r, { selector: 'button', text: row.draw });
    await r.keyboard.press('Enter');
    await r.locator('dialog .draw select').nth(2).waitFor();
    await r.locator('dialog .draw select').nth(2).selectOption('risk');
    await r.locator('dialog .draw input[type=checkbox]').nth(1).waitFor();
    assert.equal(await r.locator('dialog .draw input[type=checkbox]').nth(1).isChecked(), true);
    await r.locator('dialog footer .btn.primary:not([disabled])').waitFor();
    await picture(r, `checks-draw-${row.locale}`);
    await tabTo(r, { selector: 'dialog footer button', text: row.take });
    await r.keyboard.press('Enter');
    await r.locator('dialog').waitFor({ state: 'detached' });

    const mine = await ask(r, 'GET', 'reviews?site=demo&list=mine');
    assert.ok(mine.items.some((x) => x.conversation === conversation && x.sample.kind === 'risk'));
    await r.goto(`${house.base}/review/?view=tasks`);
    await r.locator('.work-list .result').first().waitFor();
    await tabTo(r, { selector: '.work-list .list' });
    await r.keyboard.press('ArrowDown');
    const rude = r.locator('[data-item="rude"]');
    await rude.locator('.proposal.open').first().waitFor();
    await r.keyboard.press('Enter');
    await tabTo(r, { selector: '[data-item="rude"] input' });
    await r.keyboard.press('e');
    await r.locator('dialog .cases li', { hasText: `别这样说 ${row.locale}` }).waitFor();
    assert.deepEqual(await axe(r), []);
    await picture(r, `checks-examples-${row.locale}`);
    await r.keyboard.press('Escape');
    await r.locator('dialog').waitFor({ state: 'detached' });
    await tabTo(r, { selector: '[data-item="rude"] input' });
    assert.equal(await rude.locator('input[type=radio]').nth(1).isChecked(), false);
    await r.keyboard.press('y');
    await rude.locator('.proposal.taken').first().waitFor();
    assert.equal(await rude.locator('input[type=radio]').nth(1).isChecked(), true); // hit: by a person's key
    const greeting = r.locator('[data-item="greeting"]');
    await tabTo(r, { selector: '[data-item="greeting"] input' }, true);
    await greeting.locator('.proposal.open').first().waitFor();
    await r.keyboard.press('d');
    await greeting.locator('.proposal.dismissed').first().waitFor();
    assert.equal(await greeting.locator('input:checked').count(), 0); // a proposal is no answer
    assert.deepEqual(await axe(r), []);
    await picture(r, `checks-judged-${row.locale}`);
    const judged = await ask(r, 'GET', `findings?site=demo&conversation=${conversation}`);
    assert.deepEqual(
      judged.items.filter((x) => ['forbidden', 'greeting'].includes(x.check)).map((x) => `${x.check} ${x.state}`).sort(),
      ['forbidden taken', 'greeting dismissed'],
    );
    await leave(r);

    await s.getByRole('button', { name: row.more }).click();
    await s.locator('dialog select[name=check] option', { hasText: row.check }).waitFor({ state: 'attached' });
    await s.locator('dialog select[name=check]').selectOption('forbidden');
    await s.locator('dialog footer .btn.primary').click();
    await s.locator('.chip.on', { hasText: row.check }).waitFor();
    await s.locator('.results [role=option]').first().waitFor();
    const said = await ask(s, 'GET', 'transcripts?site=demo&check=forbidden');
    assert.ok(said.items.some((x) => x.conversation.id === conversation));
    assert.deepEqual(await axe(s), []);
    await s.goto(`${house.base}/review/?check=greeting&id=${conversation}`);
    await s.locator('.held', { hasText: row.held }).filter({ hasText: `卷宗 ${row.locale}` }).waitFor();
    await picture(s, `checks-held-${row.locale}`);
    await ask(s, 'GET', `transcripts?site=demo&check=greeting&state=closed`).then((got) =>
      assert.ok(!got.items.some((x) => x.conversation.id === conversation)),
    ); // what was dismissed is not found by
    await leave(s);
  });
}

test('what a colleague said before handing on is proposed at no item', async () => {
  const words = '转接之前';
  const rude = '不知道，你自己看，转接';
  const one = await agent(browser, house, 'agent1');
  const v = await visitor(browser, house);
  await says(v, words);
  await openTalk(one, words);
  await one.locator('.writer textarea').fill(rude);
  await one.keyboard.press('Enter');
  await bubble(v, rude);
  const two = await agent(browser, house, 'agent2');
  await one.locator('.talk-log').focus();
  await one.keyboard.press('t');
  await one.locator('.target', { hasText: '陈思远' }).locator('input').check();
  await one.getByRole('button', { name: '转接', exact: true }).last().click();
  await openTalk(two, rude);
  await two.locator('.writer textarea').fill('您好，我来帮您');
  await two.keyboard.press('Enter');
  await bubble(v, '您好，我来帮您');
  await closeTalk(two);

  const r = await at(browser, house, 'reviewer', '/review/?view=tasks');
  await r.locator('.work-list').waitFor();
  const found = await ask(r, 'GET', `transcripts?site=demo&q=${encodeURIComponent(words)}`);
  const conversation = found.items[0].conversation.id;
  await foundBy(r, 'forbidden', conversation);
  await ask(r, 'POST', 'samples?site=demo', { scorecard: 'standard-zh', n: 200 });
  const mine = await ask(r, 'GET', 'reviews?site=demo&list=mine');
  const review = mine.items.find((x) => x.conversation === conversation);
  assert.equal(review.agent.name, '陈思远');
  await r.reload();
  await r.locator('.work-list .result', { hasText: '陈思远' }).first().click();
  const other = r.locator('.card-section', { hasText: '其他机器发现' }).locator('.proposal', { hasText: rude.slice(0, 3) });
  await other.first().waitFor();
  assert.match((await other.first().textContent()) ?? '', /林小雨/);
  assert.equal(await r.locator('[data-item="rude"] .proposal').count(), 0);
  await picture(r, 'checks-handed-on');
  await leave(one, two, v, r);
});
