// A replay shows who was typing, for as long as he was: as the other side saw it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { agent, agentBox, at, axe, browse, bubble, closeTalk, House, leave, picture, says, visitor, visitorBox } from './house.mjs';

const LOOKS = [
  { name: 'wide', locale: 'zh-CN', replay: '回放', skip: '跳过沉默', pause: '暂停', play: '播放', types: /正在输入/ },
  { name: 'wide-dark', locale: 'en-US', dark: true, replay: 'Replay', skip: 'Skip silences', pause: 'Pause', play: 'Play', types: /is typing/ },
  { name: 'narrow', locale: 'en-US', width: 390, height: 800, replay: 'Replay', skip: 'Skip silences', pause: 'Pause', play: 'Play', types: /is typing/ },
  { name: 'narrow-dark', locale: 'zh-CN', width: 360, height: 740, dark: true, replay: '回放', skip: '跳过沉默', pause: '暂停', play: '播放', types: /正在输入/ },
];
const ASKED = '我上周买的台灯不亮了，换过灯泡也没有用';
const ANSWERED = '您好，我先帮您查一下订单，请稍等';

let house;
let browser;
before(async () => {
  house = await House.open();
  browser = await browse();
  const desk = await agent(browser, house);
  const v = await visitor(browser, house);
  await says(v, '在吗');
  await desk.locator('.conv', { hasText: '在吗' }).click();
  await bubble(desk, '在吗');
  // Both at once: each sees the other do it.
  await visitorBox(v).focus();
  await agentBox(desk).focus();
  await Promise.all([
    visitorBox(v).pressSequentially(ASKED, { delay: 200 }),
    agentBox(desk).pressSequentially(ANSWERED, { delay: 300 }),
    desk.locator('.typing-line .dots').waitFor(),
    v.locator('.typing .dots').waitFor(),
  ]);
  await desk.keyboard.press('Enter');
  await bubble(v, ANSWERED);
  await v.keyboard.press('Enter');
  await bubble(desk, ASKED);
  await closeTalk(desk);
  await v.context().close();
  await desk.context().close();
});
after(async () => {
  await browser?.close();
  await house?.close();
});

async function open(l) {
  const p = await at(browser, house, 'reviewer', '/review/', { ...l, bypassCSP: true });
  await p.locator('.result').first().click();
  await p.locator('.reader .say').nth(2).waitFor();
  return p;
}

const shows = (p, text) => p.locator('.reader .say-body').filter({ hasText: text }).count();

for (const l of LOOKS) {
  test(`who was typing is seen until it is said (${l.name}, ${l.locale})`, async () => {
    const p = await open(l);
    assert.equal(await p.locator('.typing-line').count(), 0); // of who reads, nothing is hidden
    await p.getByRole('button', { name: l.replay, exact: true }).click();
    await p.locator('.reader .dots').nth(1).waitFor();
    await p.getByRole('button', { name: l.pause, exact: true }).click();
    assert.deepEqual([await shows(p, ASKED), await shows(p, ANSWERED)], [0, 0]);
    const line = p.locator('.reader .typing-line');
    assert.match(await line.textContent(), l.types);
    assert.match(await line.textContent(), /林小雨|Lin/);
    assert.equal(await line.getAttribute('aria-live'), 'off');
    assert.equal(await p.locator('.reader .dots i').first().evaluate((el) => getComputedStyle(el).animationName), 'none');
    const box = await line.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= p.viewportSize().width && box.y + box.height <= p.viewportSize().height, JSON.stringify(box));
    assert.equal(await p.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
    assert.deepEqual(await axe(p), [], 'typing');
    await picture(p, `replay-typing-${l.name}`);

    await p.emulateMedia({ reducedMotion: 'no-preference' });
    assert.equal(await p.locator('.reader .dots i').first().evaluate((el) => getComputedStyle(el).animationName), 'dot');
    await p.getByRole('button', { name: l.play, exact: true }).click();
    await bubble(p, ANSWERED);
    await bubble(p, ASKED);
    await p.locator('.reader .dots').first().waitFor({ state: 'detached' });
    await p.keyboard.press('Escape');
    await line.waitFor({ state: 'detached' });
    await leave(p);
  });
}

test('it is seen where silences are skipped, too, and at the highest speed', async () => {
  const l = LOOKS[0];
  const p = await open({ ...l, reducedMotion: 'no-preference' });
  // Each moment that is shown leaves its mark: at this speed no test is fast enough to look.
  await p.evaluate(() => {
    const seen = (window.seen = new Set());
    new MutationObserver(() => {
      const dots = document.querySelectorAll('.reader .dots').length;
      seen.add(`${dots} ${document.querySelectorAll('.reader .say-body').length}`);
    }).observe(document.body, { childList: true, subtree: true });
  });
  await p.getByRole('button', { name: l.replay, exact: true }).click();
  await p.getByRole('button', { name: '×8' }).or(p.getByRole('button', { name: /8/ })).first().click();
  await p.getByLabel(l.skip).check();
  await bubble(p, ASKED);
  const seen = await p.evaluate(() => [...window.seen]);
  assert.ok(seen.some((s) => s.startsWith('2 ')), seen.join(', '));
  await leave(p);
});
