// One agent with conversations from every platform, each played by a row of tests/channels: what fails is seen and sent again, how long may be
// answered is counted down, a picture goes both ways, a voice is heard, an address that is gone comes back, what a mail repeats is folded. And a channel is set up on the administration's page.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { agentBox, ask, axe, browse, leave, page, picture, root } from './house.mjs';

/* What the platforms need is installed beside them. */
const there = (() => {
  try {
    createRequire(join(root, 'tests/channels/package.json')).resolve('ws');
    return true;
  } catch {
    return false;
  }
})();
const skip = there ? false : 'the npm packages of tests/channels are not installed';
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CAB+GTG8HSALfKY52fTcuYAAAAAElFTkSuQmCC', 'base64');

let house, platform, browser, agent, post, names;

before(async () => {
  if (!there) return;
  const shop = await import('../channels/house.mjs');
  const side = await import('../channels/platform.mjs');
  const rows = (await shop.allRows()).filter((r) => !r.name.startsWith('mail-')); // mail comes from one provider
  names = rows.map((r) => r.name);
  post = side.post;
  platform = await side.Platform.open(rows);
  house = await shop.House.open(platform);
  browser = await browse();
  agent = await page(browser, { locale: 'en-US' });
  await agent.goto(`${house.nodes[0].origin}/console/`);
  await signIn(agent);
  await agent.locator('.presence-btn').click();
  await agent.locator('.menu-item').first().click();
  await agent.locator('.presence-btn .dot.online').waitFor();
});
after(async () => {
  await browser?.close();
  await house?.close();
  platform?.close();
});

async function signIn(p, name = 'agent') {
  await p.locator('input[type=email]').fill(`${name}@shop.example`);
  await p.locator('input[type=password]').fill(house.password);
  await p.keyboard.press('Enter');
}

const account = (name) => platform.accounts[name];
const who = (name) => (account(name).row.user ?? ((n) => `user-${n}`))('browser');
let count = 0;

async function says(name, text, more = {}) {
  const a = account(name);
  const answer = await post(house.hook(name), a.row.message(a, { user: who(name), id: `b-${++count}`, text, at: Date.now(), ...more }));
  assert.ok(answer.status >= 200 && answer.status < 300, `${name}: ${answer.status} ${answer.text}`);
}

async function open(text) {
  await agent.locator('.conv', { hasText: text }).first().click();
  await agent.locator('.writer textarea').waitFor();
}

async function reply(text) {
  await agentBox(agent).fill(text);
  await agentBox(agent).press('Enter');
}

async function until(look, what) {
  const end = Date.now() + 30_000;
  for (;;) {
    const got = await look();
    if (got) return got;
    if (Date.now() > end) throw new Error(`${what} did not come about`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('every platform lies on one desk, and each is answered', { skip }, async () => {
  assert.equal(names.length, 8);
  for (const name of names) await says(name, `hello from ${name}`);
  for (const name of names) {
    await open(`hello from ${name}`);
    await reply(`answer to ${name}`);
    await until(() => account(name).accepted().some((c) => c.text === `answer to ${name}`), `the answer at ${name}`);
  }
});

test('how long and how often may be answered is seen before anybody types, and ends', { skip }, async () => {
  await open('answer to fake');
  const line = agent.locator('.writer .window');
  await line.waitFor();
  assert.match(await line.textContent(), /\d+ (min|h) left, \d+ (reply|replies)/);
  const left = Number(/(\d+) repl/.exec(await line.textContent())[1]);
  for (let i = 0; i < left; i++) {
    await reply(`one more ${i}`);
    await until(() => account('fake').accepted().some((c) => c.text === `one more ${i}`), `reply ${i}`);
  }
  await line.filter({ hasText: 'No reply is left' }).waitFor();
  assert.equal(await agentBox(agent).getAttribute('readonly'), '');
  await says('fake', 'still there?');
  await line.filter({ hasText: /replies/ }).waitFor();
  assert.equal(await agentBox(agent).getAttribute('readonly'), null);
});

test('what fails says why on the message, and is sent again by a click', { skip }, async () => {
  await open('still there?');
  account('fake').plan.set('will it arrive', 'blocked');
  await reply('will it arrive');
  await agent.getByText('the user has blocked you').first().waitFor();
  account('fake').plan.delete('will it arrive');
  const item = agent.locator('.say', { hasText: 'will it arrive' }).last();
  await item.hover();
  await item.getByRole('button', { name: 'Send again' }).first().click();
  await until(() => account('fake').accepted().some((c) => c.text === 'will it arrive'), 'the second try');
});

/** The visitor changes what he has said: Telegram tells it as another update. */
async function edits(text, to) {
  const a = account('telegram');
  const { headers, body } = a.row.message(a, { user: who('telegram'), id: `b-${++count}`, text, at: Date.now() });
  const said = JSON.parse(body);
  assert.equal((await post(house.hook('telegram'), { headers, body })).status, 200);
  await agent.locator('.talk-log .say', { hasText: text }).waitFor();
  const edited_message = { ...said.message, edit_date: said.message.date + 1, text: to };
  assert.equal((await post(house.hook('telegram'), { headers, body: JSON.stringify({ update_id: said.update_id + 1, edited_message }) })).status, 200);
  await agent.locator('.talk-log .say', { hasText: to }).waitFor();
}

test('the strip of a transcript tells of an edit, of what did not get there, and of a transfer', { skip }, async () => {
  await ask(agent, 'POST', 'people?site=shop', { site: 'shop', email: 'bea@shop.example', name: 'Bea', number: '2', roles: ['agent', 'supervisor'], queues: ['desk'], password: house.password });
  const bea = await page(browser, { locale: 'en-US' });
  await bea.goto(`${house.nodes[0].origin}/console/`);
  await signIn(bea, 'bea');
  await bea.locator('.presence-btn').click();
  await bea.locator('.menu-item').first().click();
  await bea.locator('.presence-btn .dot.online').waitFor();
  await says('telegram', 'where is my lamp?');
  await open('where is my lamp?');
  await edits('it is lamp 41', 'it is lamp 42');
  account('telegram').plan.set('on its way', 'blocked');
  await reply('on its way');
  await agent.getByText('bot was blocked by the user').first().waitFor();
  await agent.getByRole('button', { name: 'Transfer', exact: true }).click();
  await agent.locator('dialog .target', { hasText: 'Bea' }).locator('input').check();
  await agent.getByRole('button', { name: 'Transfer', exact: true }).last().click();
  await bea.locator('.conv', { hasText: 'on its way' }).first().waitFor();

  await bea.goto(`${house.nodes[0].origin}/review/`);
  await bea.locator('.result', { hasText: 'on its way' }).first().click();
  await bea.locator('.reader .say', { hasText: 'it is lamp 42' }).waitFor();
  const told = async (group) => (await bea.locator(`.strip-mark.${group}`).evaluateAll((all) => all.map((x) => x.title))).join('\n');
  assert.match(await told('change'), /A message was edited/);
  assert.match(await told('delivery'), /Not delivered/);
  assert.match(await told('move'), /transferred/i);
  // In words, too: for whoever does not see the strip, with what it had said before.
  await bea.locator('.reader', { hasText: 'A message was edited' }).waitFor();
  // Each at its own place, none outside of the line.
  const strip = await bea.locator('.strip').boundingBox();
  for (const m of await bea.locator('.strip-mark').all()) {
    const box = await m.boundingBox();
    assert.ok(box.x >= strip.x - box.width && box.x <= strip.x + strip.width, JSON.stringify({ strip, box }));
  }
  assert.deepEqual(await axe(bea), []);
  await picture(bea, 'strip-marks');
  await leave(bea);
});

test('a picture goes both ways', { skip }, async () => {
  account('fake').stock.set('cat', PNG);
  await says('fake', '', { picture: 'cat' });
  await agent.locator('.talk-log img').first().waitFor();
  await agent.locator('.writer input[type=file]').setInputFiles({ name: 'dog.png', mimeType: 'image/png', buffer: PNG });
  await agent.getByRole('button', { name: /^Send/ }).last().click();
  await until(() => account('fake').calls.some((c) => c.what === 'send' && c.picture && c.accepted), 'the picture at the platform');
});

test('pictures of one go reach Telegram once each, and each has its own state', { skip }, async () => {
  await says('telegram', 'show me what you have');
  await open('show me what you have');
  const before = account('telegram').calls.length;
  const files = ['cat', 'dog', 'hen'].map((name) => ({ name: `${name}.png`, mimeType: 'image/png', buffer: PNG }));
  await agent.locator('.writer input[type=file]').setInputFiles(files);
  await agent.getByRole('button', { name: /^Send/ }).last().click();
  // Together, if the machine is quick enough to say them within a second of each other; in any case each of them once.
  const photos = () =>
    account('telegram').calls.slice(before).flatMap((c) => (c.what === 'album' ? JSON.parse(c.text).map((m) => m.type) : c.picture ? ['photo'] : []));
  await until(() => photos().length >= 3, 'the pictures at the platform');
  await until(async () => (await agent.locator('.talk-log .say', { has: agent.locator('img') }).filter({ hasText: 'Sent' }).count()) === 3, 'three that were sent');
  assert.deepEqual(photos(), ['photo', 'photo', 'photo']);
});

test('what a visitor has marked, passed on and asked with a poll is read', { skip }, async () => {
  await says('telegram', 'why so long?', { more: { quote: { text: 'two weeks', position: 3, is_manual: true } } });
  await says('telegram', 'soon', { more: { forward_origin: { type: 'user', date: 1, sender_user: { id: 9, first_name: 'Bo' } } } });
  await says('telegram', undefined, { more: { poll: { id: '1', question: 'Tea?', options: [{ text: 'yes' }, { text: 'no' }] } } });
  await open('Tea?');
  const quote = agent.locator('.talk-log .say', { hasText: 'why so long?' }).locator('details');
  await quote.getByText('Quoted text').click();
  assert.match(await quote.locator('blockquote').innerText(), /two weeks/);
  await agent.locator('.talk-log .say', { hasText: '[forwarded: Bo]' }).waitFor();
  await agent.locator('.talk-log .say', { hasText: '[unsupported message: poll]' }).waitFor();
  await picture(agent, 'telegram');
});

test('a voice message is heard, and is there as it came', { skip }, async () => {
  account('wechat').stock.set('tone', readFileSync(join(root, 'tests/fuzz/corpus/voice/tone-nb.amr')));
  await open('answer to wechat');
  await says('wechat', '', { voice: 'tone' });
  await agent.locator('.talk-log .voice').getByRole('button', { name: 'Play' }).click();
  await agent.waitForFunction(() => document.querySelector('audio')?.ended);
  assert.equal(await agent.evaluate(() => document.querySelector('audio').duration), 0.5);
  const original = agent.locator('.talk-log a', { hasText: 'Original file' });
  const bytes = await agent.evaluate(async (url) => [...new Uint8Array(await (await fetch(url)).arrayBuffer())], await original.getAttribute('href'));
  assert.deepEqual(Buffer.from(bytes), account('wechat').stock.get('tone'));
});

test('an address that is gone is shown, and a try brings it back', { skip }, async () => {
  await says('generic', 'is anybody at the other end?');
  await open('is anybody at the other end?');
  account('generic').plan.set('to nobody', 'gone');
  await reply('to nobody');
  await agent.getByText('nobody is at this address any more').first().waitFor();
  const p = await page(browser, { locale: 'en-US' });
  await p.goto(`${house.nodes[0].origin}/admin/#/channel/generic`);
  await signIn(p);
  const told = p.getByText('The address has answered “gone” (410)', { exact: false });
  await told.waitFor();
  await p.getByRole('button', { name: 'Try', exact: true }).click();
  await told.waitFor({ state: 'detached' });
  await leave(p);
  const item = agent.locator('.say', { hasText: 'to nobody' }).last();
  await item.hover();
  await item.getByRole('button', { name: 'Send again' }).first().click();
  await until(() => account('generic').accepted().some((c) => c.text === 'to nobody'), 'the second try');
});

test('what a mail repeats is folded away', { skip }, async () => {
  await says('mail', 'is it on its way?', { quote: 'On Monday, Shop wrote:\n> soon' });
  await open('is it on its way?');
  const quote = agent.locator('.talk-log .say', { hasText: 'is it on its way?' }).locator('details');
  await quote.waitFor();
  assert.equal(await quote.locator('blockquote').isVisible(), false);
  await quote.getByText('Quoted text').click();
  assert.match(await quote.locator('blockquote').innerText(), /On Monday, Shop wrote:\s+> soon/);
  await leave(agent);
});

test('a channel is set up: its form, its address, what came, a try', { skip }, async () => {
  const p = await page(browser, { locale: 'en-US' });
  await p.goto(`${house.nodes[0].origin}/admin/#/channel/fake`);
  await signIn(p);
  await p.getByText('Callback address').waitFor();
  await p.getByText(house.hook('fake'), { exact: false }).waitFor();
  await p.locator('.heard').getByText('taken').first().waitFor();
  assert.equal(await p.getByLabel('secret *').inputValue(), '');
  await p.getByRole('button', { name: 'Try', exact: true }).click();
  await p.locator('.steps').getByText('Access token').waitFor();
  assert.ok(!(await p.content()).includes('very-secret'));
  await leave(p);
});

test('what a platform wants to know is asked for in the language of the page', { skip }, async () => {
  const p = await page(browser, { locale: 'zh-CN' });
  await p.goto(`${house.nodes[0].origin}/admin/#/channel/wecom-kf`);
  await signIn(p);
  await p.getByLabel('企业 ID · corp_id *').waitFor();
  await p.getByText('企业微信管理后台「我的企业」页底部').waitFor();
  await p.locator('.heard').getByText('× 消息').or(p.locator('.heard').getByText('已接收')).first().waitFor();
  await p.getByLabel('客服账号 ID · open_kfid *').fill('w');
  await p.getByRole('button', { name: '保存', exact: true }).click();
  await p.locator('.error', { hasText: '长度应为 3 到 64 字节' }).waitFor();
  await picture(p, 'channel-wecom-zh-CN');
  assert.deepEqual(await axe(p), []);
  p.complaints.length = 0; // the browser itself notes the 400
  await leave(p);
});
