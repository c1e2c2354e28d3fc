// A score that could not be saved is not lost: neither by going on, nor by closing the page, nor with the line.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { agent, ask, at, browse, closedTalk, closeTalk, fillSignIn, House, leave, openTalk, picture, says, visitor, watched } from './house.mjs';

let house;
let browser;
before(async () => {
  house = await House.open();
  browser = await browse();
  for (const words of ['灯坏了', '要退货', '开发票']) await closedTalk(browser, house, words);
});
after(async () => {
  await browser?.close();
  await house?.close();
});

const kept = (p) => p.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('kefu.score.')).length);
const item = (p, key) => p.locator(`.panel [data-item="${key}"]`);

// What the server has, once it fits.
async function has(p, id, fits) {
  let got;
  for (const end = Date.now() + 30_000; !got || !fits(got); await new Promise((r) => setTimeout(r, 100))) {
    assert.ok(Date.now() < end, JSON.stringify(got));
    got = (await ask(p, 'GET', `reviews/${id}`)).contents;
  }
}

// Closes the page as people do; true: they are asked first.
async function asks(p) {
  let asked = false;
  p.once('dialog', (d) => {
    asked = d.type() === 'beforeunload';
    void d.accept();
  });
  const gone = p.waitForEvent('close');
  await p.close({ runBeforeUnload: true });
  await gone;
  return asked;
}

async function tasks(context) {
  const p = await watched(context, true);
  await p.goto(`${house.base}/review/?view=tasks`);
  await p.locator('.work-list .result').first().waitFor();
  return p;
}

async function openNth(p, nth) {
  await p.locator('.work-list .result').nth(nth).click();
  await p.locator('.panel [data-item] input').first().waitFor();
}

test('what was scored without a line is kept over going on and closing, and gets there', async () => {
  const first = await at(browser, house, 'reviewer', '/review/?view=tasks', { cut: true });
  await first.locator('.work-list').waitFor();
  await ask(first, 'POST', 'samples?site=demo', { scorecard: 'standard-zh', n: 10 });
  const context = first.context();
  let p = await tasks(context);
  await first.close();
  const { items } = await ask(p, 'GET', 'reviews?site=demo&list=mine');
  assert.equal(items.length, 3);
  await openNth(p, 0);
  const came = p.waitForResponse((r) => r.request().method() === 'PUT' && r.url().endsWith('/draft'));
  await item(p, 'greeting').locator('input').first().focus();
  await p.keyboard.press('1');
  const id = /reviews\/([^/]+)\/draft/.exec((await came).url())[1];
  await has(p, id, (c) => c.answers?.greeting?.value === 1);
  await p.waitForFunction(() => Object.keys(localStorage).every((key) => !key.startsWith('kefu.score.')));
  assert.equal(await asks(p), false); // all of it is there

  p = await tasks(context);
  await openNth(p, items.findIndex((r) => r.id === id));
  await item(p, 'greeting').locator('input:checked').waitFor();
  await context.setOffline(true);
  await item(p, 'tone').locator('input').first().focus();
  await p.keyboard.press('4');
  await p.locator('.panel-foot', { hasText: '草稿没有保存' }).waitFor();
  await picture(p, 'drafts-offline');
  await item(p, 'tone').locator('input').first().focus();
  await p.keyboard.press('J'); // on to the next, which cannot be read
  await p.locator('.panel').waitFor({ state: 'detached' });
  assert.equal(await kept(p), 1);
  assert.equal(await asks(p), true);

  await context.setOffline(false);
  p = await tasks(context);
  assert.equal(await kept(p), 1);
  await openNth(p, items.findIndex((r) => r.id === id));
  await item(p, 'tone').locator('input:checked').waitFor();
  await has(p, id, (c) => c.answers?.tone?.value === 4 && c.answers?.greeting?.value === 1);
  await p.waitForFunction(() => Object.keys(localStorage).every((key) => !key.startsWith('kefu.score.')));
  await leave(p);
});

test('what an earlier page has left gets there though nobody opens it again, unless it was changed elsewhere', async () => {
  const first = await at(browser, house, 'reviewer', '/review/?view=tasks', { cut: true });
  await first.locator('.work-list .result').first().waitFor();
  const context = first.context();
  const { items } = await ask(first, 'GET', 'reviews?site=demo&list=mine');
  const [mine, theirs] = items.filter((r) => r.state === 'assigned').map((r) => r.id);
  const at0 = (id) => items.findIndex((r) => r.id === id);
  await openNth(first, at0(theirs));
  await context.setOffline(true);
  await item(first, 'tone').locator('input').first().focus();
  await first.keyboard.press('2');
  await first.locator('.panel-foot', { hasText: '草稿没有保存' }).waitFor();
  assert.equal(await asks(first), true);
  // Before a page comes back to send it, the same person goes on at another desk.
  await context.setOffline(false);
  const other = await at(browser, house, 'reviewer', '/review/?view=tasks');
  await other.locator('.work-list .result').first().waitFor();
  await ask(other, 'PUT', `reviews/${theirs}/draft`, { revision: items[at0(theirs)].revision, contents: { answers: { tone: { value: 0 } } } });
  const p = await tasks(context);
  await p.locator('.toast').waitFor(); // it was changed elsewhere
  assert.equal(await kept(p), 0);
  await has(p, theirs, (c) => c.answers.tone.value === 0);
  await leave(other);

  await openNth(p, at0(mine));
  await context.setOffline(true);
  await item(p, 'tone').locator('input').first().focus();
  await p.keyboard.press('3');
  await p.locator('.panel-foot', { hasText: '草稿没有保存' }).waitFor();
  assert.equal(await asks(p), true);
  await context.setOffline(false);
  const last = await tasks(context);
  await has(last, mine, (c) => c.answers?.tone?.value === 3);
  await last.waitForFunction(() => Object.keys(localStorage).every((key) => !key.startsWith('kefu.score.')));
  await leave(last);
});

// Answers the question before what is not there yet is lost; its words.
function answers(p, yes) {
  return new Promise((resolve) =>
    p.once('dialog', (d) => {
      void (yes ? d.accept() : d.dismiss());
      resolve(d.message());
    }),
  );
}

async function signOut(p) {
  await p.locator('.account').click();
  await p.locator('.menu-item', { hasText: '退出' }).click();
}

test('who signs out leaves nothing behind, and is asked about what did not get there', async () => {
  const p = await at(browser, house, 'reviewer', '/review/?view=tasks', { cut: true });
  await openNth(p, 0);
  await p.route(/\/draft$/, (route) => route.abort());
  await item(p, 'tone').locator('input').first().focus();
  await p.keyboard.press('1');
  await p.locator('.panel-foot', { hasText: '草稿没有保存' }).waitFor();
  assert.equal(await kept(p), 1);
  let asked = answers(p, false);
  await signOut(p);
  assert.match(await asked, /1 份质检评分没有送到/);
  assert.equal(await kept(p), 1);
  assert.equal((await ask(p, 'GET', 'session')).person.name, '何静怡'); // still here
  asked = answers(p, true);
  await signOut(p);
  await asked;
  await p.locator('input[type=password]').waitFor();
  assert.equal(await kept(p), 0);
  await leave(p);
});

test('who signs out of another page leaves nothing behind either, and what can be sent gets there', async () => {
  const first = await at(browser, house, 'reviewer', '/review/?view=tasks', { cut: true });
  const context = first.context();
  await first.locator('.work-list .result').first().waitFor();
  const { items } = await ask(first, 'GET', 'reviews?site=demo&list=mine');
  const nth = items.findIndex((r) => r.state === 'assigned' || r.state === 'draft');
  await openNth(first, nth);
  await context.setOffline(true);
  await item(first, 'empathy').locator('input').first().focus();
  await first.keyboard.press('2');
  await first.locator('.panel-foot', { hasText: '草稿没有保存' }).waitFor();
  assert.equal(await asks(first), true);
  await context.setOffline(false);
  const p = await watched(context, true);
  await p.goto(`${house.base}/admin/`);
  await p.getByRole('button', { name: '退出登录' }).waitFor();
  assert.equal(await kept(p), 1); // it is no page that sends what another one has left
  await p.evaluate(() => localStorage.setItem('kefu.score.somebody.else', '{}')); // not this one's to lose
  await p.goto(`${house.base}/console/`);
  await p.getByRole('button', { name: '退出登录' }).click();
  await p.locator('input[type=password]').waitFor();
  assert.deepEqual(await p.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('kefu.score.'))), ['kefu.score.somebody.else']);
  await leave(p);
  const again = await at(browser, house, 'reviewer', '/review/?view=tasks');
  await again.locator('.work-list .result').first().waitFor();
  await has(again, items[nth].id, (c) => c.answers?.empathy?.value === 2);
  await leave(again);
});

// What the console keeps on this computer: the names of its stores with how much is in each; null: there is no such thing.
const keeps = (p) =>
  p.evaluate(async () => {
    if (!(await indexedDB.databases()).some((x) => x.name === 'kefu-console')) return null;
    const db = await new Promise((resolve, reject) => {
      const ask = indexedDB.open('kefu-console');
      ask.onsuccess = () => resolve(ask.result);
      ask.onerror = () => reject(ask.error);
    });
    const names = [...db.objectStoreNames];
    const all = names.length ? db.transaction(names) : null;
    const counts = await Promise.all(names.map((name) => new Promise((resolve) => (all.objectStore(name).count().onsuccess = (ev) => resolve([name, ev.target.result])))));
    db.close();
    return Object.fromEntries(counts);
  });

async function until(what, fits) {
  for (const end = Date.now() + 30_000; ; await new Promise((r) => setTimeout(r, 100))) {
    const got = await what();
    if (fits(got)) return got;
    assert.ok(Date.now() < end, JSON.stringify(got));
  }
}

// What the console leaves in the tab when it goes away before its disk has it.
const last = (p) => p.evaluate(() => sessionStorage.getItem('kefu.console.draft'));
const leaves = (p, owner, draft) =>
  p.evaluate(
    ([owner, draft]) =>
      sessionStorage.setItem('kefu.console.draft', JSON.stringify({ owner, drafts: [{ note: '', mode: 'reply', at: Date.now(), ...draft }] })),
    [owner, draft],
  );

// Whose the disk of the console is.
const ownerOf = (p) =>
  p.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const ask = indexedDB.open('kefu-console');
        ask.onerror = () => reject(ask.error);
        ask.onsuccess = () => {
          const db = ask.result;
          db.transaction('meta').objectStore('meta').get('owner').onsuccess = (ev) => {
            db.close();
            resolve(ev.target.result);
          };
        };
      }),
  );

for (const path of ['/review/', '/admin/', '/console/']) {
  test(`who signs out on ${path} leaves nothing of the console on the computer, where it is open either`, async () => {
    const first = await agent(browser, house, 'agent1');
    const words = `草稿 ${path}`;
    const v = await visitor(browser, house);
    await says(v, words);
    await openTalk(first, words);
    await first.locator('.writer textarea').fill('还没写完的回复');
    await until(() => keeps(first), (got) => got?.drafts > 0 && got.recent > 0 && got.meta > 0);
    const p = await watched(first.context(), true);
    await p.goto(house.base + path);
    const out = path === '/console/' ? p.locator('.account') : p.getByRole('button', { name: '退出登录' });
    await out.waitFor();
    await leaves(p, await ownerOf(p), { conversation: 'c1', reply: '本标签页留下的' });
    if (path === '/console/') await signOut(p);
    else await out.click();
    await p.locator('input[type=password]').waitFor();
    assert.equal(await last(p), null);
    await first.locator('input[type=password]').waitFor();
    assert.deepEqual(await until(() => keeps(p), (got) => !got || Object.values(got).every((n) => n === 0)), null);
    await leave(p);
    const again = await agent(browser, house, 'agent1');
    await openTalk(again, words);
    assert.equal(await again.locator('.writer textarea').inputValue(), '');
    await closeTalk(again);
    await leave(v, again);
  });
}

test('what another one had not sent in the same tab is no draft, on the page or on the disk; what one had not sent oneself is', async () => {
  const p = await agent(browser, house, 'agent1');
  const words = '同一个标签页';
  const v = await visitor(browser, house);
  await says(v, words);
  await openTalk(p, words);
  const conversation = await p.evaluate(() => location.hash.slice(1));
  const owner = await ownerOf(p);
  const writer = p.locator('.writer textarea');
  await leaves(p, `not-${owner}`, { conversation, reply: '别人没写完的' });
  await p.reload();
  await openTalk(p, words);
  assert.equal(await writer.inputValue(), '');
  assert.equal((await keeps(p)).drafts, 0);
  assert.equal(await last(p), null);
  await leaves(p, owner, { conversation, reply: '自己没写完的' });
  await p.reload();
  await openTalk(p, words);
  assert.equal(await writer.inputValue(), '自己没写完的');
  await until(() => keeps(p), (got) => got.drafts === 1);
  await until(() => last(p), (got) => got === null);
  await writer.fill('');
  await closeTalk(p);
  await leave(v, p);
});

const cardButton = (p) => p.getByRole('button', { name: '发送卡片' });
const cardTitle = (p) => p.locator('dialog[open]').getByLabel('标题', { exact: true });

test('who signs out leaves no card that was begun, and no file that was chosen, to who signs in without a reload', async () => {
  const p = await agent(browser, house, 'agent1');
  const words = '卡片写了一半';
  const v = await visitor(browser, house);
  await says(v, words);
  await openTalk(p, words);
  await p.locator('input[type=file]').first().setInputFiles({ name: '合同.txt', mimeType: 'text/plain', buffer: Buffer.from('1') });
  await p.locator('.writer', { hasText: '合同.txt' }).waitFor();
  await cardButton(p).click();
  await cardTitle(p).fill('别人的卡片');
  await p.keyboard.press('Escape');
  await p.evaluate(() => (window.same = true));
  await signOut(p);
  await fillSignIn(p, 'agent1'); // the conversation is still theirs: nobody else would be shown it
  await openTalk(p, words);
  await cardButton(p).click();
  await cardTitle(p).waitFor();
  assert.equal(await cardTitle(p).inputValue(), '');
  await p.keyboard.press('Escape');
  assert.equal(await p.locator('.writer', { hasText: '合同.txt' }).count(), 0);
  assert.equal(await p.evaluate(() => window.same), true);
  await closeTalk(p);
  await leave(v, p);
});

test('a disk that cannot be emptied does not get the name of the next one', async () => {
  const p = await agent(browser, house, 'agent1');
  const words = '清不掉的草稿';
  const v = await visitor(browser, house);
  await says(v, words);
  await openTalk(p, words);
  await p.locator('.writer textarea').fill('不是给下一位的');
  await until(() => keeps(p), (got) => got?.drafts === 1);
  const owner = await ownerOf(p);
  const context = p.context();
  await p.close();
  await context.clearCookies(); // nobody has signed out
  const next = async (broken) => {
    const q = await watched(context, true);
    if (broken)
      await q.addInitScript(() => {
        IDBObjectStore.prototype.clear = () => {
          throw new DOMException('no', 'UnknownError');
        };
      });
    await q.goto(`${house.base}/console/`);
    if (broken) await fillSignIn(q, 'agent2');
    await q.locator('.presence-btn').waitFor();
    await q.waitForFunction(() => document.querySelector('.presence-btn .who b')?.textContent);
    return q;
  };
  const broken = await next(true);
  assert.equal(await ownerOf(broken), owner);
  await broken.close();
  const whole = await next(false);
  assert.notEqual(await ownerOf(whole), owner);
  assert.equal((await keeps(whole)).drafts, 0);
  await leave(v, whole);
  const again = await agent(browser, house, 'agent1');
  await openTalk(again, words);
  await closeTalk(again);
  await leave(again);
});

test('what a sign-out finds half closed is closed, and the next one is told nothing of it', async () => {
  const p = await agent(browser, house, 'agent1');
  const words = '刚要结束';
  const v = await visitor(browser, house);
  await says(v, words);
  await openTalk(p, words);
  await p.locator('.talk-log').focus();
  await p.keyboard.press('e');
  await p.locator('.toast').waitFor();
  await signOut(p);
  await p.locator('input[type=password]').waitFor();
  assert.equal(await p.locator('.toast').count(), 0);
  await picture(p, 'drafts-out');
  await v.getByRole('button', { name: '继续咨询' }).or(v.locator('.ended')).first().waitFor();
  await leave(v, p);
});
