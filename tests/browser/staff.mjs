// What the browser tests of the staff's pages stand on: a real kefud with the demo site in a folder of its own, a real Chromium, and
// visitors who speak from the chat page.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const require = createRequire(join(top, 'web', 'package.json'));
const { chromium } = require('playwright-core');

export const PASSWORD = 'a-password-for-tests';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A kefud with the demo site. kill() is SIGKILL; start() brings it back on the same port. */
export class Kefud {
  state = mkdtempSync(join(tmpdir(), 'kefud-browser-'));
  port = 0;
  #child = null;

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  async start() {
    const kefud = process.env.KEFUD ?? join(top, 'build', 'kefud');
    const child = spawn(kefud, ['--demo', '--state', this.state, '--listen', `127.0.0.1:${this.port}`], {
      env: { ...process.env, KEFUD_DEMO_PASSWORD: PASSWORD },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    let said = '';
    await new Promise((resolve, reject) => {
      const hear = (bytes) => {
        said += bytes;
        const ready = /^kefud ready http:\/\/[^:]+:(\d+)\/$/m.exec(said);
        if (!ready) return;
        this.port = Number(ready[1]);
        resolve();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.on('exit', (code, signal) => reject(new Error(`kefud ended (${code ?? signal}):\n${said}`)));
    });
    return this;
  }

  async #end(signal) {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }

  kill() {
    return this.#end('SIGKILL');
  }

  async finish() {
    await this.#end('SIGTERM');
    rmSync(this.state, { recursive: true, force: true });
  }
}

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
}

/** A page that fails its test on any script error, console error or report of the content policy; `cut` says that the network may fail. */
export async function open(browser, url, options = {}) {
  const { cut = false, ...rest } = options;
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    locale: 'zh-CN',
    reducedMotion: 'reduce',
    ...rest,
  });
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (e) => errors.push(e.stack ?? String(e)));
  page.on('console', (m) => {
    if (m.type() !== 'error') return;
    const text = m.text();
    if (cut && /ERR_CONNECTION|WebSocket connection|Failed to load resource: net::/.test(text)) return;
    errors.push(text);
  });
  page.errors = errors;
  page.setDefaultTimeout(15_000);
  await page.goto(url);
  return page;
}

export async function signIn(page, who) {
  await page.locator('input[type="email"]').fill(`${who}@demo.example`);
  await page.locator('input[type="password"]').fill(PASSWORD);
  await page.keyboard.press('Enter');
}

/** An agent at the console, online. */
export async function agent(browser, kefud, who = 'agent1', options = {}) {
  const page = await open(browser, `${kefud.url}/console/`, options);
  await signIn(page, who);
  await page.locator('.presence-btn').waitFor();
  await page.waitForFunction(() => document.querySelector('.presence-btn .who b')?.textContent);
  await presence(page, 0);
  return page;
}

/** The nth choice of the presence menu; 0 is online. */
export async function presence(page, nth) {
  await page.locator('.presence-btn').click();
  const item = page.locator('.menu-item').nth(nth);
  await item.waitFor();
  await item.click();
  await page.locator(`.presence-btn .dot.${['online', 'busy'][nth] ?? 'away'}`).waitFor();
}

/** A visitor at the chat page, with a context (and so an identity) of their own. */
export async function visitor(browser, kefud, options = {}) {
  const page = await open(browser, `${kefud.url}/chat/demo`, options);
  await page.locator('textarea').waitFor();
  return page;
}

export async function says(page, text) {
  await page.locator('textarea').fill(text);
  await page.locator('textarea').press('Enter');
}

/** Waits until some bubble on the page holds this text. */
export function bubble(page, text) {
  return page.locator('.say-body, .bubble').filter({ hasText: text }).first().waitFor();
}

export async function bubbles(page) {
  return (await page.locator('.say-body').allTextContents()).map((t) => t.trim());
}

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds, a line each. The page's context must bypass the content policy. */
export async function findings(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const run = await window.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return run.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(' ; ')}`);
  });
}
