// house.mjs: a site with a channel for each row, one kefud or two that share it, and an agent at the console's socket.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WebSocket from 'ws';

export const top = new URL('../../', import.meta.url).pathname;
const WAIT_MS = 45000;

/** All rows there are; ROWS="fake generic" only those. */
export async function allRows() {
  const only = process.env.ROWS?.split(' ');
  const names = readdirSync(new URL('rows/', import.meta.url)).filter((n) => n.endsWith('.mjs')).sort();
  const rows = await Promise.all(names.map(async (n) => (await import(`./rows/${n}`)).default));
  return only ? rows.filter((r) => only.includes(r.name)) : rows;
}

/** Until `look` gives something: for what no event tells. */
export async function until(look, what, ms = WAIT_MS) {
  const end = Date.now() + ms;
  for (;;) {
    const got = await look();
    if (got) return got;
    if (Date.now() > end) throw new Error(`${typeof what === 'function' ? what() : what}: not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function ask({ socket, port, method = 'GET', path, headers = {}, body }) {
  const bytes = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const where = socket ? { socketPath: socket } : { host: '127.0.0.1', port };
    const req = request({ ...where, method, path, agent: false, headers: { ...headers, 'Content-Length': Buffer.byteLength(bytes ?? '') } }, (res) => {
      const pieces = [];
      res.on('data', (piece) => pieces.push(piece));
      res.on('end', () => resolve({ status: res.statusCode, headers: res.headers, text: Buffer.concat(pieces).toString() }));
    });
    req.on('error', reject);
    req.end(bytes);
  });
}

class Node {
  async start(dir, name, config) {
    this.state = join(dir, name);
    writeFileSync(join(dir, `${name}.conf`), config);
    this.process = spawn(process.env.KEFUD ?? join(top, 'build/kefud'), ['-c', join(dir, `${name}.conf`), '--state', this.state, '--listen', '127.0.0.1:0']);
    this.log = '';
    this.process.stderr.on('data', (text) => (this.log += text));
    this.exited = new Promise((resolve) => this.process.on('exit', (code, signal) => resolve(signal ?? code)));
    let said = '';
    this.process.stdout.on('data', (text) => (said += text));
    await until(() => {
      if (this.process.exitCode !== null) throw new Error(`kefud ended with ${this.process.exitCode}: ${this.log}`);
      return /^kefud ready http/m.test(said);
    }, 'kefud ready');
    this.port = Number(/^kefud ready http:\/\/[^\n]*:(\d+)\/$/m.exec(said)[1]);
    this.origin = `http://127.0.0.1:${this.port}`;
    await until(async () => (await ask({ port: this.port, path: '/readyz' })).text === 'ready\n', 'all of kefud');
  }

  ask(what) {
    return ask({ port: this.port, ...what });
  }

  operate(what) {
    return ask({ socket: join(this.state, 'kefud.sock'), ...what });
  }
}

export class House {
  /** `nodes` 2: two that share a database file and a Redis. */
  static async open(platform, { nodes = 1, config = '' } = {}) {
    const h = new House();
    h.platform = platform;
    h.dir = mkdtempSync(join(tmpdir(), 'kefud-channels-'));
    let shared = '';
    if (nodes > 1) {
      const socket = join(h.dir, 'redis.sock');
      h.redis = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--dir', h.dir], { stdio: 'ignore' });
      await until(() => readdirSync(h.dir).includes('redis.sock'), 'redis-server');
      shared = `[store]\nurl = sqlite:${h.dir}/kefud.db\nfiles = ${h.dir}/files.db\n[redis]\nurl = unix:${socket}\n`;
    }
    h.nodes = [];
    for (let i = 0; i < nodes; i++) {
      const node = new Node();
      await node.start(h.dir, `node${i}`, `[channels]\nallow_http = yes\nallow_private = yes\n${shared}[limits]\nconversations = 100000\n${config}`);
      h.nodes.push(node);
      if (i === 0) await h.#found();
    }
    return h;
  }

  async #found() {
    const channels = {};
    for (const [name, account] of Object.entries(this.platform.accounts))
      channels[name] = { adapter: account.row.adapter ?? name, name, queue: 'desk', settings: account.row.settings(account.at, account.relay) };
    const set = {
      site: { key: 'shop', name: 'Shop', language: 'en' },
      queues: { desk: { name: 'Desk' } },
      channels,
      people: [{ email: 'agent@shop.example', name: 'Ann', roles: ['agent', 'admin'], queues: ['desk'], capacity: 100 }],
    };
    const made = await this.nodes[0].operate({ method: 'POST', path: '/api/v1/sites', body: set });
    if (made.status !== 201) throw new Error(`no site: ${made.text}`);
    const told = JSON.parse(made.text);
    this.hooks = Object.fromEntries(told.channels.map((c) => [c.key, c.hook]));
    this.password = told.people[0].password;
  }

  hook(name, node = 0) {
    return this.nodes[node].origin + this.hooks[name];
  }

  async close() {
    const codes = [];
    for (const node of this.nodes) {
      node.process.kill('SIGTERM');
      codes.push(await node.exited);
    }
    this.redis?.kill();
    rmSync(this.dir, { recursive: true, force: true });
    const bad = codes.findIndex((code) => code !== 0);
    if (bad >= 0) throw new Error(`kefud ended with ${codes[bad]}:\n${this.nodes[bad].log.slice(-4000)}`);
  }
}

/** An agent, online. Keeps every frame; `talks` has what is known of each conversation: messages by seq, and their states in order. */
export class Agent {
  static async open(house, node = 0) {
    const a = new Agent();
    const n = house.nodes[node];
    const answer = await n.ask({ method: 'POST', path: '/api/v1/session', body: { email: 'agent@shop.example', password: house.password } });
    if (answer.status !== 201) throw new Error(`cannot sign in: ${answer.text}`);
    a.csrf = JSON.parse(answer.text).csrf;
    a.cookie = answer.headers['set-cookie'][0].split(';')[0];
    a.node = n;
    a.frames = [];
    a.states = new Map(); // "conversation seq" → states in order
    a.cids = 0;
    a.socket = new WebSocket(`ws://127.0.0.1:${n.port}/ws/agent?site=shop`, 'kefu.agent.v1', { headers: { Cookie: a.cookie, Origin: n.origin } });
    a.socket.on('message', (data) => a.#take(JSON.parse(data.toString())));
    await new Promise((resolve, reject) => a.socket.on('open', resolve).on('error', reject));
    a.send({ type: 'hello' });
    await a.take({ type: 'welcome' });
    await a.act({ type: 'presence', presence: 'online' });
    return a;
  }

  #take(frame) {
    if (frame.type === 'status') {
      const key = `${frame.conversation} ${frame.seq}`;
      this.states.set(key, [...(this.states.get(key) ?? []), frame]);
    }
    this.frames.push(frame);
  }

  send(frame) {
    this.socket.send(JSON.stringify(frame));
  }

  /** The first frame with these members that has not been taken yet. */
  async take(members) {
    const fits = (f) => Object.entries(members).every(([k, v]) => f[k] === v);
    const at = await until(() => this.frames.findIndex(fits) + 1, () => `${JSON.stringify(members)} among ${JSON.stringify(this.frames.slice(-20))}`);
    return this.frames.splice(at - 1, 1)[0];
  }

  async act(frame) {
    const cid = `a${++this.cids}`;
    this.send({ ...frame, cid });
    const at = await until(() => this.frames.findIndex((f) => f.cid === cid && (f.type === 'ack' || f.type === 'error')) + 1, `an answer to ${frame.type}`);
    const got = this.frames.splice(at - 1, 1)[0];
    if (got.type === 'error') throw Object.assign(new Error(`${frame.type}: ${got.code}: ${got.message}`), got);
    return got;
  }

  /** The conversation in which this text was said: in a frame, or, where many came at once, before the conversation was ours. */
  async conversationOf(text) {
    const said = (f) => (f.type === 'message' && f.text === text) || (f.type === 'assigned' && JSON.stringify(f).includes(JSON.stringify(text)));
    const seen = new Set();
    const found = await until(
      async () => {
        const frame = this.frames.find(said);
        if (frame) return frame;
        for (const { conversation } of this.frames.filter((f) => f.type === 'assigned' && !seen.has(f.conversation.id))) {
          seen.add(conversation.id);
          if ((await this.history(conversation.id)).some((m) => m.text === text)) return { conversation };
        }
        return null;
      },
      () => `${text} among ${JSON.stringify(this.frames.slice(-10))}`,
    );
    return found.conversation.id ?? found.conversation;
  }

  state(conversation, seq) {
    return this.states.get(`${conversation} ${seq}`)?.at(-1);
  }

  async ended(conversation, seq) {
    return until(() => {
      const s = this.state(conversation, seq);
      return s && s.state !== 'sending' ? s : null;
    }, () => `the end of ${seq}: ${JSON.stringify(this.state(conversation, seq))}`);
  }

  async history(conversation) {
    const all = [];
    for (let after = 0, more = true; more; ) {
      this.send({ type: 'history', conversation, after, limit: 50 });
      const page = await this.take({ type: 'history', conversation });
      all.push(...page.messages);
      more = page.more && page.messages.length > 0;
      after = all.at(-1)?.seq ?? 0;
    }
    return all;
  }

  close() {
    this.socket.terminate();
  }
}
