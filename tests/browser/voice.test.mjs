// A voice message as reviewers see and hear it: how loud it is when, and in step with the replay.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { agent, axe, browser, bubble, closeTalk, fillSignIn, house, leave, openHouse, page, PATIENCE, picture, root, says, visitor } from './house.mjs';

const RATE = 8000;
const SECONDS = 6;

// Half of it a loud tone, then half a quiet one.
function wav(seconds = SECONDS) {
  const n = seconds * RATE;
  const b = Buffer.alloc(44 + 2 * n);
  b.write('RIFF', 0);
  b.writeUInt32LE(36 + 2 * n, 4);
  b.write('WAVEfmt ', 8);
  b.writeUInt32LE(16, 16);
  b.writeUInt16LE(1, 20);
  b.writeUInt16LE(1, 22);
  b.writeUInt32LE(RATE, 24);
  b.writeUInt32LE(2 * RATE, 28);
  b.writeUInt16LE(2, 32);
  b.writeUInt16LE(16, 34);
  b.write('data', 36);
  b.writeUInt32LE(2 * n, 40);
  for (let i = 0; i < n; i++) b.writeInt16LE(Math.round((i < n / 2 ? 24000 : 6000) * Math.sin((2 * Math.PI * 440 * i) / RATE)), 44 + 2 * i);
  return b;
}

openHouse(async () => {
  const desk = await agent(browser, house);
  const v = await visitor(browser, house);
  await says(v, '我说给您听');
  await desk.locator('.conv', { hasText: '我说给您听' }).click();
  await v.locator('input[type=file]').setInputFiles({ name: '语音.wav', mimeType: 'audio/wav', buffer: wav() });
  await desk.locator('.say .voice').waitFor();
  await desk.locator('.writer textarea').fill('听到了');
  await desk.keyboard.press('Enter');
  await bubble(v, '听到了');
  await v.locator('input[type=file]').setInputFiles({ name: '语音.amr', mimeType: 'audio/amr', buffer: readFileSync(join(root, 'tests/fuzz/corpus/voice/tone-nb.amr')) });
  await desk.locator('.say-original').waitFor();
  await says(v, '再见');
  await desk.locator('.say', { hasText: '再见' }).waitFor();
  await closeTalk(desk);
  await leave(v, desk);
});

async function reader(options = {}) {
  const p = await page(browser, options);
  await p.goto(`${house.base}/review/`);
  await fillSignIn(p, 'supervisor');
  await p.locator('.result').first().click();
  await p.locator('.voice').nth(1).waitFor();
  await p.waitForFunction(() => document.querySelector('.voice input')?.max > 0);
  return p;
}

const strokes = (p, nth, which) => p.locator('.voice').nth(nth).locator(`.voice-wave path${which}`).getAttribute('d');
const heights = (d) => [...d.matchAll(/v([\d.]+)/g)].map((m) => Number(m[1]));
// What sounds, and whether the answer to it is shown; nothing, before anything has.
const audio = (p) =>
  p.evaluate(() => {
    const a = document.querySelector('audio');
    const answered = [...document.querySelectorAll('.reader .say')].some((x) => x.textContent.includes('听到了'));
    return a && { answered, at: a.currentTime, paused: a.paused, ended: a.ended, rate: a.playbackRate, pitch: a.preservesPitch, src: a.getAttribute('src') ?? '' };
  });

async function audioIs(p, fits) {
  const end = Date.now() + PATIENCE.timeout;
  for (let a = await audio(p); !a || !fits(a); a = await audio(p)) {
    if (Date.now() > end) assert.fail(`${fits}: ${JSON.stringify(a)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('it is drawn before it is played, as loud as it is; a click and the arrows lead to a place of it', async () => {
  const p = await reader();
  const loud = heights(await strokes(p, 0, ':not(.heard)'));
  assert.equal(loud.length, 64);
  assert.ok(loud.slice(0, 31).every((h) => h > 27), `${loud}`);
  assert.ok(loud.slice(33).every((h) => h > 5 && h < 9), `${loud}`);
  assert.equal(heights(await strokes(p, 1, ':not(.heard)')).length, 64, 'the one that came as AMR');
  assert.equal(await audio(p), null, 'nothing has been fetched to be heard');
  const opened = await p.evaluate(() => performance.getEntriesByType('resource').map((e) => e.name).filter((n) => /\/files\//.test(n)));
  assert.ok(opened.length === 2 && opened.every((n) => n.endsWith('?as=peaks')), `${opened}`);

  const place = p.getByRole('slider', { name: '播放位置' }).first();
  assert.equal(await place.getAttribute('aria-valuetext'), '0:00，共 0:06');
  const box = await place.boundingBox();
  await place.click({ position: { x: box.width / 2, y: box.height / 2 } });
  await audioIs(p, (a) => Math.abs(a.at - 3) < 0.3 && a.paused);
  await p.waitForFunction(() => document.querySelector('.voice input').getAttribute('aria-valuetext').startsWith('0:0'));
  assert.ok(Math.abs(heights(await strokes(p, 0, '.heard')).length - 32) <= 3);
  await p.keyboard.press('ArrowRight');
  await audioIs(p, (a) => Math.abs(a.at - 4) < 0.3);
  await p.keyboard.press('Home');
  await audioIs(p, (a) => a.at === 0);
  await p.waitForFunction(() => document.querySelector('.voice input').getAttribute('aria-valuetext') === '0:00，共 0:06');

  // One is heard at a time.
  await p.locator('.voice').first().getByRole('button', { name: '播放' }).click();
  await audioIs(p, (a) => !a.paused && a.at > 0.1);
  await p.locator('.voice').nth(1).getByRole('button', { name: '播放' }).click();
  await audioIs(p, (a) => a.src.endsWith('?as=wav') && a.ended);
  assert.equal(await p.locator('.voice').first().getByRole('button', { name: '播放' }).count(), 1);
  await leave(p);
});

test('what the server cannot give at the moment can be played when it can; what is no sound is a file', async () => {
  const p = await reader();
  const busy = (route) => route.fulfill({ status: 503, headers: { 'Retry-After': '1' } });
  await p.route('**/files/*?as=wav', busy);
  const play = p.locator('.voice').nth(1).getByRole('button', { name: '播放' });
  await play.click();
  await p.getByText('暂时无法播放，请稍后再试').first().waitFor();
  assert.equal(await p.locator('.voice').count(), 2);
  await p.unroute('**/files/*?as=wav', busy);
  await play.click();
  await audioIs(p, (a) => a.src.endsWith('?as=wav') && a.ended);
  // It is given, and no browser can make anything of it.
  await p.route('**/files/*', (route) => route.fulfill({ status: 200, contentType: 'audio/wav', body: 'no sound' }));
  await p.locator('.voice').first().getByRole('button', { name: '播放' }).click();
  await p.locator('.voice').nth(1).waitFor({ state: 'detached' });
  await p.context().close(); // it complains of the 503, as it should
});

test('what only a browser decodes is drawn when it is played', async () => {
  const p = await page(browser);
  // The server would know it: here it does not.
  await p.route(/as=peaks/, (route) => route.fulfill({ status: 415, body: '' }));
  await p.goto(`${house.base}/review/`);
  await fillSignIn(p, 'supervisor');
  await p.locator('.result').first().click();
  const voice = p.locator('.voice').first();
  await voice.waitFor();
  assert.ok(heights(await strokes(p, 0, ':not(.heard)')).every((h) => h === 2));
  await voice.getByRole('button', { name: '播放' }).click();
  await p.waitForFunction(() => {
    const all = [...document.querySelector('.voice-wave').querySelectorAll('path')].map((x) => x.getAttribute('d')).join('');
    const h = [...all.matchAll(/v([\d.]+)/g)].map((m) => Number(m[1]));
    return h.length === 64 && h.slice(1, 31).every((x) => x > 27) && h.slice(33).every((x) => x > 5 && x < 9);
  });
  p.complaints = p.complaints.filter((c) => !/415/.test(c));
  await leave(p);
});

test('it is heard in step with the replay, which waits for its end', async () => {
  const p = await reader();
  const clock = () => p.locator('.player-time').textContent();
  await p.evaluate(() => {
    window.heard = [];
    document.addEventListener('playing', (ev) => window.heard.push(ev.target.getAttribute('src')), true);
  });
  await p.locator('.talk-log').focus();
  await p.keyboard.press('Space');
  await p.locator('.player.on').waitFor();
  await p.getByRole('checkbox', { name: /沉默/ }).check();
  await audioIs(p, (a) => !a.paused && a.at > 0.5 && a.rate === 1 && a.pitch && !a.answered);

  // Paused together; what is shown is where the sound is.
  await p.locator('.talk-log').focus();
  await p.keyboard.press('Space');
  await audioIs(p, (a) => a.paused);
  const { at } = await audio(p);
  const said = await clock();
  await p.evaluate(() => new Promise((resolve) => { let n = 20; const frame = () => (--n ? requestAnimationFrame(frame) : resolve()); frame(); }));
  assert.equal((await audio(p)).at, at);
  assert.equal(await clock(), said);

  // To another place together, and faster together.
  await p.keyboard.press('ArrowRight');
  await audioIs(p, (a) => a.paused && Math.abs(a.at - 5) < 1);
  await p.keyboard.press('ArrowLeft');
  await audioIs(p, (a) => a.paused && a.at < 1);
  await p.keyboard.press('>');
  await p.keyboard.press('Space');
  await audioIs(p, (a) => !a.paused && a.rate === 2 && a.at > 1 && !a.answered);

  // To its end, and then on to the other one, of AMR, and to the end of the talk.
  await audioIs(p, (a) => a.answered);
  await p.locator('.reader .say', { hasText: '再见' }).waitFor();
  await p.locator('.player').getByRole('button', { name: '播放', exact: true }).waitFor();
  assert.equal((await audio(p)).paused, true);
  const heard = await p.evaluate(() => [...new Set(window.heard)]);
  assert.equal(heard.length, 2);
  assert.match(heard[1], /\?as=wav$/);
  await leave(p);
});

test('who stops the sound stops the replay; at eight times it is stepped over; who leaves hears nothing', async () => {
  const p = await reader();
  await p.locator('.talk-log').focus();
  await p.keyboard.press('Space');
  await audioIs(p, (a) => !a.paused && a.at > 0.2);
  await p.locator('.voice').first().getByRole('button', { name: '暂停' }).click();
  await p.locator('.player').getByRole('button', { name: '播放' }).waitFor();
  await p.locator('.player').getByRole('button', { name: '播放' }).click();
  await audioIs(p, (a) => !a.paused);
  await p.locator('.player-speeds').getByText('×8').click();
  await audioIs(p, (a) => a.paused);
  await p.locator('.reader .say', { hasText: '听到了' }).waitFor();

  await p.keyboard.press('Escape');
  await p.locator('.player.on').waitFor({ state: 'detached' });
  await p.locator('.talk-log').focus();
  await p.keyboard.press('Space');
  await audioIs(p, (a) => !a.paused && a.at > 0.1);
  await p.getByRole('tab').nth(1).click();
  await audioIs(p, (a) => a.paused);
  await leave(p);
});

test('it is there in the dark and on a narrow screen', async () => {
  for (const [name, options] of [['wide', {}], ['wide-dark', { dark: true }], ['narrow', { width: 360, height: 740 }], ['narrow-dark', { width: 360, height: 740, dark: true }]]) {
    const p = await reader({ ...options, bypassCSP: true });
    assert.deepEqual(await axe(p), [], name);
    await picture(p, `voice-${name}`);
    await p.getByRole('button', { name: '回放' }).click();
    await audioIs(p, (a) => a.at > 2);
    await p.locator('.player').getByRole('button', { name: '暂停' }).click();
    assert.deepEqual(await axe(p), [], name);
    await picture(p, `voice-replay-${name}`);
    await leave(p);
  }
});
