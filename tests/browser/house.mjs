// house.mjs: what the browser tests share: a real kefud with its demo, a real Chromium, and eyes on everything that pages complain about.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const require = createRequire(join(root, 'web', 'package.json'));
const { chromium } = require('playwright-core');
const axePath = require.resolve('axe-core/axe.min.js');

const PASSWORD = 'a-password-of-the-demo';
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
export const PATIENCE = { timeout: 30_000 };

// One kefud. kill() is SIGKILL: its private Redis dies with it. start() again uses the same state and the same port.
export class House {
  static async open() {
    const house = new House();
    house.dir = await mkdtemp(join(tmpdir(), 'kefud-browser-'));
    house.port = 0;
    await house.start();
    return house;
  }

  async start() {
    const kefud = process.env.KEFUD ?? join(root, 'build', 'kefud');
    this.child = spawn(kefud, ['--demo', '--state', join(this.dir, 'state'), '--listen', `127.0.0.1:${this.port}`], {
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

export async function browse() {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
}

// A page of its own context. What it complains about is kept; `quiet` says what may be complained about.
export async function page(browser, { locale = 'zh-CN', width = 1440, height = 900, dark = false } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale, colorScheme: dark ? 'dark' : 'light' });
  const p = await context.newPage();
  p.setDefaultTimeout(PATIENCE.timeout);
  p.complaints = [];
  p.on('pageerror', (e) => p.complaints.push(`error: ${e.message}`));
  p.on('console', (m) => {
    if (m.type() === 'error' || /Content Security Policy|Trusted ?Type/i.test(m.text())) p.complaints.push(m.text());
  });
  return p;
}

// Not being signed in yet, and a server that is down for the moment, are no faults of the page.
const EXPECTED = [/status of 401/, /ERR_CONNECTION_REFUSED/, /WebSocket connection to .* failed/, /ERR_CONNECTION_RESET/, /status of 404.*favicon/];

export function complaints(p) {
  return p.complaints.filter((text) => !EXPECTED.some((ok) => ok.test(text)));
}

export async function signIn(p, base, path, who) {
  await p.goto(base + path);
  await p.locator('input[type=password]').waitFor();
  await p.locator('input[type=email], input[name=email]').fill(`${who}@demo.example`);
  await p.locator('input[type=password]').fill(PASSWORD);
  await p.keyboard.press('Enter');
}

// Presence is chosen by menu; who is online already stays so.
export async function goOnline(p) {
  const button = p.getByRole('button', { name: /切换在线状态|Change presence/ });
  await button.waitFor();
  if (/ 在线 | Online /.test((await button.textContent()) + ' ' + (await button.getAttribute('aria-label')))) return;
  await button.click();
  await p.getByRole('menuitemradio', { name: /^(在线|Online)/ }).or(p.getByRole('menuitem', { name: /^(在线|Online)/ })).first().click();
}

// The composer of the visitor's page, and of the console.
export const visitorBox = (p) => p.locator('textarea').last();
export const agentBox = (p) => p.getByRole('textbox', { name: /^(回复|Reply to)/ });
export const said = (p, text) => p.getByText(text, { exact: true }).last();

// What axe finds, as short lines. The page's own policy forbids strange scripts, so axe is brought in by the DevTools protocol.
export async function axe(p) {
  const { readFile } = await import('node:fs/promises');
  const client = await p.context().newCDPSession(p);
  await client.send('Runtime.evaluate', { expression: await readFile(axePath, 'utf8') });
  const { result } = await client.send('Runtime.evaluate', {
    expression: `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
      .then((r) => JSON.stringify(r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.target.join(' ')).join(', '))))`,
    awaitPromise: true,
    returnByValue: true,
  });
  return JSON.parse(result.value);
}

// For people to look at: build/pictures/NAME.png
export async function picture(p, name) {
  const dir = join(root, 'build', 'pictures');
  await mkdir(dir, { recursive: true });
  await p.screenshot({ path: join(dir, `${name}.png`) });
}
