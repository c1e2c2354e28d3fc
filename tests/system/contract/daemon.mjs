// daemon.mjs: a real kefud for one test file: the demo's site with what the tests need besides, a state of its own, and somebody who plays
// the platform behind its webhooks.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHmac, randomUUID } from 'node:crypto';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const top = new URL('../../../', import.meta.url).pathname;
export const HOOKS = { api: '0123456789abcdef0123456789abcdef', crm: 'fedcba9876543210fedcba9876543210' };
export const SECRET = Buffer.from('a secret of thirty-two bytes ...');
const WAIT_MS = 60000;

/** The demo's set, with a queue that offers, and two systems that call and are called. */
function siteSet(platform) {
  const set = JSON.parse(readFileSync(join(top, 'config/sites/demo.json'), 'utf8'));
  const generic = (name, queue, hook) => ({
    adapter: 'generic',
    name,
    queue,
    hook,
    settings: {
      url: `http://127.0.0.1:${platform}/kefud`,
      secrets: [`whsec_${SECRET.toString('base64')}`],
      send_secrets: [`whsec_${SECRET.toString('base64')}`],
    },
  });
  set.queues.vip = { name: '贵宾', offer: true };
  set.channels.api = generic('开放接口', 'service', HOOKS.api);
  set.channels.crm = generic('会员系统', 'vip', HOOKS.crm);
  for (const person of set.people) if (person.queues) person.queues.push('vip');
  return set;
}

export function within(promise, what, ms = WAIT_MS) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Until `look` gives something: for what no event tells. */
export async function until(look, what, ms = WAIT_MS) {
  const end = Date.now() + ms;
  for (;;) {
    const got = await look();
    if (got) return got;
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What kefud sends to the platform, and what the platform answers: `answer(event)` gives [status, body]. */
async function startPlatform() {
  const platform = { seen: [], requests: [], answer: (event) => [200, { id: `p-${event.data.id}` }] };
  platform.server = createServer((req, res) => {
    const pieces = [];
    req.on('data', (piece) => pieces.push(piece));
    req.on('end', () => {
      const raw = Buffer.concat(pieces).toString();
      const event = JSON.parse(raw);
      platform.requests.push({ headers: req.headers, body: raw });
      platform.seen.push(event);
      const [status, body] = platform.answer(event);
      res.writeHead(status, { 'Content-Type': 'application/json', Connection: 'close' }).end(JSON.stringify(body));
    });
  });
  await new Promise((resolve) => platform.server.listen(0, '127.0.0.1', resolve));
  platform.port = platform.server.address().port;
  return platform;
}

export class Daemon {
  static async start() {
    const d = new Daemon();
    d.dir = mkdtempSync(join(tmpdir(), 'kefud-contract-'));
    d.platform = await startPlatform();
    writeFileSync(join(d.dir, 'kefud.conf'), '[channels]\nallow_http = yes\nallow_private = yes\n[limits]\nconversations = 1000\n');
    const args = ['-c', join(d.dir, 'kefud.conf'), '--state', join(d.dir, 'state'), '--listen', '127.0.0.1:0'];
    d.process = spawn(process.env.KEFUD ?? join(top, 'build/kefud'), args);
    d.log = '';
    d.process.stderr.on('data', (text) => (d.log += text));
    d.exited = new Promise((resolve) =>
      d.process.on('exit', (code, signal) => {
        if (!d.stopping) console.error(`kefud ended by itself with ${signal ?? code}:\n${d.log.slice(-20000)}`);
        resolve(signal ?? code);
      }),
    );
    let said = '';
    const ready = new Promise((resolve, reject) => {
      d.process.stdout.on('data', (text) => {
        said += text;
        const m = /^kefud ready http:\/\/([^/\n]+)\/$/m.exec(said);
        if (m) resolve(m[1]);
      });
      d.process.on('error', reject);
      d.process.on('exit', (code) => reject(new Error(`kefud ended with ${code}: ${d.log}`)));
    });
    d.host = await within(ready, 'kefud ready');
    d.port = Number(d.host.split(':').pop());
    d.origin = `http://${d.host}`;
    const site = await d.ask({ method: 'POST', path: '/api/v1/sites', control: true, body: siteSet(d.platform.port) });
    if (site.status !== 201) throw new Error(`no site: ${site.text}`);
    d.passwords = Object.fromEntries(JSON.parse(site.text).people.map((p) => [p.email, p.password]));
    await until(async () => (await d.ask({ path: '/readyz' })).text === 'ready\n', 'all of kefud');
    return d;
  }

  async stop() {
    this.stopping = true;
    this.process.kill('SIGTERM');
    const how = await within(this.exited, 'a graceful stop');
    this.platform.server.close();
    rmSync(this.dir, { recursive: true, force: true });
    if (how !== 0) throw new Error(`kefud ended with ${how}:\n${this.log.slice(-4000)}`);
  }

  /** One request on a connection of its own. `body`: a string, bytes, or an object that becomes JSON. `control`: over the operator's socket. */
  ask({ method = 'GET', path, headers = {}, body, control = false }) {
    const bytes = body === undefined ? undefined : typeof body === 'string' || Buffer.isBuffer(body) ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
    const all = { ...headers };
    if (bytes !== undefined && all['Transfer-Encoding'] === undefined) all['Content-Length'] ??= bytes.length;
    else if (bytes === undefined && method[0] === 'P') all['Content-Length'] ??= 0;
    const where = control ? { socketPath: join(this.dir, 'state/kefud.sock') } : { host: '127.0.0.1', port: this.port };
    const answered = new Promise((resolve, reject) => {
      const req = request({ ...where, method, path, headers: all, agent: false }, (res) => {
        const pieces = [];
        res.on('data', (piece) => pieces.push(piece));
        res.on('error', reject);
        res.on('end', () => {
          const raw = Buffer.concat(pieces);
          resolve({ status: res.statusCode, headers: res.headers, raw, text: raw.toString() });
        });
      });
      /* A connection that is dropped without an answer is status 0. */
      req.on('error', (error) => (['EPIPE', 'ECONNRESET'].includes(error.code) ? resolve({ status: 0, headers: {}, raw: Buffer.alloc(0), text: '' }) : reject(error)));
      req.end(bytes);
    });
    return within(answered, `${method} ${path}`);
  }

  /** Signs in somebody of the demo; `headers` and `unsafe` go into requests. */
  async signIn(who) {
    const email = `${who}@demo.example`;
    const answer = await this.ask({ method: 'POST', path: '/api/v1/session', body: { email, password: this.passwords[email] } });
    if (answer.status !== 201) throw new Error(`${who} cannot sign in: ${answer.text}`);
    const session = JSON.parse(answer.text);
    const cookie = answer.headers['set-cookie'][0].split(';')[0];
    return { ...session, cookie, headers: { Cookie: cookie }, unsafe: { Cookie: cookie, 'X-CSRF-Token': session.csrf } };
  }

  /** A signed webhook. */
  hook(channel, event, headers = {}) {
    const body = typeof event === 'string' ? event : JSON.stringify(event);
    const id = randomUUID();
    const at = String(Math.floor(Date.now() / 1000));
    const signature = createHmac('sha256', SECRET).update(`${id}.${at}.${body}`).digest('base64');
    const signed = { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': `v1,${signature}`, 'Content-Type': 'application/json' };
    return { method: 'POST', path: `/hooks/${HOOKS[channel]}`, headers: { ...signed, ...headers }, body };
  }
}
