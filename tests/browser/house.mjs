// house.mjs: what the browser tests share: a real kefud with its demo, a real Chromium, eyes on everything that pages complain about, and
// what visitors and agents do on every other line.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { after, before } from 'node:test';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const require = createRequire(join(root, 'web', 'package.json'));
const { chromium } = require('playwright-core');
const axePath = require.resolve('axe-core/axe.min.js');

export const PASSWORD = 'a-password-of-the-demo';
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
export const PATIENCE = { timeout: 30_000 };

// ---- kefud, and the browser ----

// One kefud. kill() is SIGKILL: its private Redis dies with it. start() again uses the same state and the same port.
export class House {
  // `config`: the lines of its kefud.conf.
  static async open(config = '') {
    const house = new House();
    house.dir = await mkdtemp(join(tmpdir(), 'kefud-browser-'));
    house.config = config ? ['-c', join(house.dir, 'kefud.conf')] : [];
    if (config) await writeFile(house.config[1], config);
    house.port = 0;
    await house.start();
    return house;
  }

  async start() {
    const kefud = process.env.KEFUD ?? join(root, 'build', 'kefud');
    this.child = spawn(kefud, [...this.config, '--demo', '--state', join(this.dir, 'state'), '--listen', `127.0.0.1:${this.port}`], {
      env: { ...process.env, KEFUD_DEMO_PASSWORD: PASSWORD },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.log = '';
    this.child.stderr.on('data', (d) => (this.log += d));
    this.gone = new Promise((resolve) => this.child.once('exit', resolve));
    const lines = createInterface({ input: this.child.stdout });
    this.base = await new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        const m = /^kefud ready (http:\/\/.*)\/$/.exec(line);
        if (m) resolve(m[1]);
      });
      this.child.once('exit', (code) => reject(new Error(`kefud ended with ${code}:\n${this.log}`)));
    });
    this.port = Number(new URL(this.base).port);
  }

  async kill() {
    this.child.kill('SIGKILL');
    await this.gone;
  }

  async close() {
    this.child.kill('SIGTERM');
    await this.gone;
    await rm(this.dir, { recursive: true, force: true });
  }
}

export async function browse(...flags) {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...FLAGS, ...flags] });
}

// What most files begin with: one kefud and one browser for all of their tests, and what `prepare` does before them.
export let house;
export let browser;
export function openHouse(prepare = () => {}, ...flags) {
  before(async () => {
    house = await House.open();
    browser = await browse(...flags);
    await prepare();
  });
  after(async () => {
    await browser?.close();
    await house?.close();
  });
}

// A page of its own context. What it complains about is kept; `cut`: the network may fail. Other options are the context's.
export async function page(browser, { width = 1440, height = 900, dark = false, cut = false, ...options } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    locale: 'zh-CN',
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
    ...options,
  });
  return watched(context, cut);
}

// One more page of a context: a second tab.
export async function watched(context, cut = false) {
  const p = await context.newPage();
  p.setDefaultTimeout(PATIENCE.timeout);
  p.cut = cut;
  p.complaints = [];
  p.on('pageerror', (e) => p.complaints.push(`error: ${e.stack ?? e.message}`));
  p.on('console', (m) => {
    if (m.type() === 'error' || /Content Security Policy|Trusted ?Type/i.test(m.text())) p.complaints.push(`${m.text()} ${m.location().url}`.trim());
  });
  return p;
}

// A server that is down for the moment is no fault of the page.
const CUT = [/ERR_CONNECTION_(REFUSED|RESET)/, /WebSocket connection to .* failed/, /Failed to load resource: net::/];

export function complaints(p) {
  return p.complaints.filter((text) => !(p.cut && CUT.some((ok) => ok.test(text))));
}

// They complained about nothing, and go.
export async function leave(...pages) {
  for (const p of pages) {
    const said = complaints(p);
    await p.context().close();
    if (said.length) throw new Error(`the page complains: ${said.join('\n')}`);
  }
}

// ---- staff ----

export async function fillSignIn(p, who) {
  await p.locator('input[type=password]').waitFor();
  await p.locator('input[type=email]').fill(`${who}@demo.example`);
  await p.locator('input[type=password]').fill(PASSWORD);
  await p.keyboard.press('Enter');
}

export async function signIn(p, base, path, who) {
  await p.goto(base + path);
  await fillSignIn(p, who);
}

// A page of this one at that address.
export async function at(browser, house, who, path, options) {
  const p = await page(browser, options);
  await signIn(p, house.base, path, who);
  return p;
}

// Waits until a field holds this.
export async function holds(field, value) {
  const end = Date.now() + PATIENCE.timeout;
  for (let is = await field.inputValue(); is !== value; is = await field.inputValue()) {
    if (Date.now() > end) assert.equal(is, value);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// Asks as whoever is signed in on the page.
export async function ask(p, method, path, body, more = {}) {
  const got = await p.evaluate(
    async ({ method, path, body, more }) => {
      const { csrf } = await (await fetch('/api/v1/session')).json();
      const r = await fetch(`/api/v1/${path}`, { method, headers: { 'X-CSRF-Token': csrf, 'Content-Type': 'application/json', ...more }, ...(body ? { body: JSON.stringify(body) } : {}) });
      return { status: r.status, text: await r.text() };
    },
    { method, path, body, more },
  );
  assert.ok(got.status < 300, `${method} ${path}: ${got.status} ${got.text}`);
  return got.text ? JSON.parse(got.text) : undefined;
}

// Tab, until what has the focus fits: a selector, and words that it holds or is labelled with.
export async function tabTo(p, what, back = false) {
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

const PRESENCE = ['online', 'busy', 'away', 'away', 'away', 'away', 'offline'];

// Presence is chosen by menu: the nth of it; 0 is online.
export async function presence(p, nth = 0) {
  await p.locator('.presence-btn').click();
  const item = p.locator('.menu-item').nth(nth);
  await item.waitFor();
  await item.click();
  await p.locator(`.presence-btn .dot.${PRESENCE[nth]}`).waitFor();
}

export async function goOnline(p) {
  await p.waitForFunction(() => document.querySelector('.presence-btn .who b')?.textContent);
  if ((await p.locator('.presence-btn .dot.online').count()) === 0) await presence(p, 0);
}

// An agent at the console, online.
export async function agent(browser, house, who = 'agent1', options = {}) {
  const p = await page(browser, options);
  await signIn(p, house.base, '/console/', who);
  await goOnline(p);
  return p;
}

// The agent's row that says this, opened.
export async function openTalk(p, text) {
  const row = p.locator('.conv', { hasText: text });
  await row.waitFor();
  await row.click();
  await p.locator('.writer textarea').waitFor();
}

// The agent closes the talk that is open, and it can no longer be undone.
export async function closeTalk(p) {
  await p.locator('.talk-log').focus();
  await p.keyboard.press('e');
  await p.locator('.toast').waitFor();
  await p.locator('.toast').waitFor({ state: 'detached' });
}

// ---- visitors, and what both have ----

// A visitor at the chat page, with a context (and so an identity) of their own.
export async function visitor(browser, house, options = {}) {
  const p = await page(browser, options);
  await p.goto(`${house.base}/chat/demo`);
  await p.locator('textarea').waitFor();
  return p;
}

export async function says(p, text) {
  await visitorBox(p).fill(text);
  await visitorBox(p).press('Enter');
}

// The composer of the visitor's page, and of the console.
export const visitorBox = (p) => p.locator('.composer textarea');
export const agentBox = (p) => p.getByRole('textbox', { name: /^(回复|Reply to)/ });
export const said = (p, text) => p.getByText(text, { exact: true }).last();
// Waits until some bubble on the page holds this text.
export const bubble = (p, text) => p.locator('.say-body, .bubble').filter({ hasText: text }).first().waitFor();

/** A talk of agent1 that is over: what the visitor said, and what was answered. */
export async function closedTalk(browser, house, words, answer = '您好，我是客服小林') {
  const desk = await agent(browser, house);
  const v = await visitor(browser, house);
  await says(v, words);
  await desk.locator('.conv', { hasText: words }).click();
  await desk.locator('.writer textarea').fill(answer);
  await desk.keyboard.press('Enter');
  await bubble(v, answer);
  await closeTalk(desk);
  await v.context().close();
  await desk.context().close();
}

/** The shipped card with full marks, as a draft has it. */
export const BEST = {
  answers: {
    greeting: { value: 1 }, anything_else: { na: true }, closing: { value: 1 }, tone: { value: 4 }, empathy: { value: 2 }, waiting: { value: 1 },
    understanding: { value: 2 }, correct: { value: 4 }, promise: { na: true }, records: { value: 1 },
  },
};

// ---- looked at ----

// What axe finds, as short lines. The page's own policy forbids strange scripts, so axe is brought in by the DevTools protocol.
export async function axe(p) {
  const client = await p.context().newCDPSession(p);
  await client.send('Runtime.evaluate', { expression: await readFile(axePath, 'utf8') });
  const { result } = await client.send('Runtime.evaluate', {
    expression: `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
      .then((r) => JSON.stringify(r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.target.join(' ') + ' ' + n.html.slice(0, 120)).join(', '))))`,
    awaitPromise: true,
    returnByValue: true,
  });
  await client.detach();
  return JSON.parse(result.value);
}

// For people to look at: build/pictures/NAME.png
export async function picture(p, name) {
  const dir = join(root, 'build', 'pictures');
  await mkdir(dir, { recursive: true });
  await p.screenshot({ path: join(dir, `${name}.png`) });
}
