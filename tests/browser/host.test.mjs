// Pages of others: what they allow and deny, and what their scripts can and cannot do with a visitor of ours.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createServer } from 'node:http';
import { agent, ask, browser, bubble, closeTalk, house, leave, openHouse, openTalk, page, PATIENCE, signIn, watched } from './house.mjs';

// Our address is a loopback one, of which Chromium asks more than a public one would have to answer.
openHouse(() => {}, '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests');

/** A page of somebody, with these headers. */
async function shop(p, url, headers = {}) {
  await p.route(url, (route) =>
    route.fulfill({
      contentType: 'text/html; charset=utf-8',
      headers,
      body: `<!doctype html><html lang="zh-CN"><title>某网店</title><link rel="icon" href="data:,"><h1>某网店</h1>
        <script async src="${house.base}/widget.js?site=demo"></script></html>`,
    }),
  );
  await p.goto(url);
}

/** Says something in the chat of the page; an agent hears it and answers. */
async function talk(p, words) {
  const desk = await agent(browser, house);
  await p.getByRole('button', { name: '在线客服' }).click();
  const chat = await (await p.locator('iframe').elementHandle()).contentFrame();
  await chat.locator('.composer textarea').fill(words);
  await chat.locator('.composer textarea').press('Enter');
  await openTalk(desk, words);
  await desk.locator('.writer textarea').fill(`${words}：好的`);
  await desk.keyboard.press('Enter');
  await bubble(chat, `${words}：好的`);
  await closeTalk(desk);
  await leave(desk);
}

test('in a sandbox a whole talk can be had', async () => {
  const p = await page(browser, { width: 900, height: 760 });
  await shop(p, `${house.base}/sandbox`, { 'content-security-policy': 'sandbox allow-scripts allow-same-origin' });
  assert.equal(await p.evaluate(() => origin), house.base);
  await talk(p, '沙盒里的问题');
  await leave(p);
});

test('where everything that keeps something is denied a whole talk can be had', async () => {
  const p = await page(browser, { width: 900, height: 760 });
  await p.context().addInitScript(() => {
    const denied = () => {
      throw new DOMException('denied', 'SecurityError');
    };
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches']) Object.defineProperty(window, name, { get: denied, configurable: true });
    Object.defineProperty(Document.prototype, 'cookie', { get: denied, set: denied });
  });
  await shop(p, `${house.base}/denied`);
  assert.equal(
    await p.evaluate(() => {
      try {
        return String(localStorage);
      } catch (e) {
        return e.name;
      }
    }),
    'SecurityError',
  );
  await talk(p, '什么都不让存');
  await leave(p);
});

/** What becomes of a socket that a script of this page opens. */
const dial = (p, address, protocol) =>
  p.evaluate(
    ({ address, protocol }) =>
      new Promise((resolve) => {
        const ws = new WebSocket(address, protocol);
        ws.onopen = () => {
          ws.close();
          resolve('open');
        };
        ws.onerror = () => resolve('refused');
      }),
    { address, protocol },
  );

/** Somebody else's server: a page, and a socket that notes what the browser brings to it and hangs up. */
async function stranger() {
  const seen = [];
  const server = createServer((_, res) => res.setHeader('content-type', 'text/html').end('<!doctype html><title>x</title><link rel="icon" href="data:,">'));
  server.on('upgrade', (req, socket) => {
    seen.push(req.headers.cookie ?? '');
    socket.destroy();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { seen, server, at: `127.0.0.1:${server.address().port}` };
}

test('the pages that a visitor goes through while a talk is under way stand in its record', async () => {
  const desk = await agent(browser, house);
  const p = await page(browser, { width: 900, height: 760 });
  await shop(p, `${house.base}/shop/1`);
  await p.getByRole('button', { name: '在线客服' }).click();
  const chat = async () => (await p.locator('iframe').elementHandle()).contentFrame();
  await (await chat()).locator('.composer textarea').fill('这两款哪个好');
  await (await chat()).locator('.composer textarea').press('Enter');
  await openTalk(desk, '这两款哪个好');
  const pages = async () => {
    const got = await ask(desk, 'GET', 'transcripts?site=demo&limit=1');
    const { timeline } = await ask(desk, 'GET', `transcripts/${got.items[0].conversation.id}`);
    return timeline.filter((e) => e.data.page).map((e) => `${e.kind} ${new URL(e.data.page.url).pathname}`);
  };
  const until = async (want) => {
    const end = Date.now() + PATIENCE.timeout;
    let is = await pages();
    while (is.join() !== want.join() && Date.now() < end) {
      await p.waitForTimeout(100);
      is = await pages();
    }
    assert.deepEqual(is, want);
  };
  await until(['opened /shop/1']);
  // To another page, the chat comes along; back by the page's own script; and a reload is no visit.
  await shop(p, `${house.base}/shop/2`);
  await until(['opened /shop/1', 'page /shop/2']);
  await p.evaluate(() => history.pushState(null, '', '/shop/3'));
  await until(['opened /shop/1', 'page /shop/2', 'page /shop/3']);
  await p.evaluate(() => history.pushState(null, '', '/shop/2'));
  await until(['opened /shop/1', 'page /shop/2', 'page /shop/3', 'page /shop/2']);
  await p.reload();
  await (await p.locator('iframe').elementHandle()).contentFrame();
  await p.evaluate(() => history.pushState(null, '', '/shop/4'));
  await until(['opened /shop/1', 'page /shop/2', 'page /shop/3', 'page /shop/2', 'page /shop/4']);
  await desk.goto(`${house.base}/console/`);
  await openTalk(desk, '这两款哪个好');
  await closeTalk(desk);
  await leave(p, desk);

  const r = await page(browser);
  await signIn(r, house.base, '/review/', 'reviewer');
  await r.locator('.result').first().click();
  await r.locator('.reader li', { hasText: '浏览页面：某网店' }).nth(3).waitFor();
  await r.locator('.reader li', { hasText: '接入会话 · 林小雨（唯一有空的客服）' }).waitFor();
  assert.match(await r.locator('.strip-mark.page').evaluateAll((all) => all.map((x) => x.title).join(' ')), /某网店/);
  await leave(r);
});

test("a host's script is refused the sockets of whom it hosts, though their cookies go with it", async () => {
  const p = await page(browser, { width: 900, height: 760 });
  await p.goto(`${house.base}/chat/demo`);
  await p.locator('textarea').waitFor();
  await signIn(p, house.base, '/console/', 'agent1');
  await p.locator('.presence-btn').waitFor();
  const ours = house.base.replace('http', 'ws');
  const sockets = [
    ['/ws/visitor?site=demo', 'kefu.visitor.v1', 'kefu_v='],
    ['/ws/agent?site=demo', 'kefu.agent.v1', 'kefu_s='],
  ];
  for (const [path, protocol] of sockets) assert.equal(await dial(p, ours + path, protocol), 'open', `${path} from our own page`);

  // Another port of the same host is another origin of the same site: no cookie stays behind, as the stranger sees with his own socket.
  const { seen, server, at } = await stranger();
  const other = await watched(p.context());
  await other.goto(`http://${at}/`);
  await dial(other, `ws://${at}/`, 'x');
  for (const [path, protocol, cookie] of sockets) {
    assert.ok(seen[0].includes(cookie), `the browser brings ${cookie} along`);
    other.complaints.length = 0;
    assert.equal(await dial(other, ours + path, protocol), 'refused', `${path} from a host's page`);
    assert.match(other.complaints.join('\n'), /WebSocket connection to .* 403/);
  }
  await p.context().close();
  server.close();
});
