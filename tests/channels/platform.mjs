// platform.mjs: one fake platform for all channels, driven by tables: a row (rows/NAME.mjs) says how that platform signs, what it posts and
// what its API answers; here is what all of them have in common: an HTTP server that keeps what it is told, and that misbehaves on request.
//
// A row:
//   name               the row's, the channel's, and the adapter's
//   adapter            the adapter, where its name is not the row's
//   smtp               what goes out is mail: its relay is there as well (relay.mjs), and `login` is [user, password]
//   settings(at, relay) the settings of the channel's document; `at` is the address of this row's API
//   message(p, m)      how the platform tells of a text {user, id, text, at, picture?, voice?, quote?}: {method?, query?, headers?, body}; `p` is this
//                      row's Account: p.at, p.stock (bytes by id), p.inbox (what can be pulled)
//   taken(answer)      did kefud take it? (default: any 2xx)
//   read(call)         what a request of kefud's is: {what: 'token'|'send'|'upload'|'media'|'file'|'pull'|'quiet', text?, user?, key?, picture?};
//                      `key`: a repeat under the same key is the same message; `media` asks where a file is, `file` gives it, where that is two
//   stages             which of these, beside `send`, the platform has: each can go wrong by itself (stages.test.mjs)
//   any, open          of the stages those at which whatever comes with 200 is the file; those that ask for no token
//   answer(p, call)    the answer when all is well: {status?, headers?, body?}
//   expired()          the answer to a token that is over; without it the platform has none that end
//   blocked()          the answer that ends it: {…answer, words} (words: what people are to read; by mail: {reply, words})
//   met                {words, answers?: {path: body}}: what setting up asks, and what is said of the answer
//   says_when          false: it cannot say how long to wait
//   idempotent         repeats carry a key
//   holds_ms           how long kefud may hold its answer for a reply
//   outcome            {misbehaviour: state}: where this platform differs
import { createServer } from 'node:http';
import { once } from 'node:events';
import { openRelay } from './relay.mjs';

// What the platform can do wrong. Each is asked for once per text (`plan`), by the text that it is to happen to; of the other stages the next
// request has it (`troubles`).
export const MISBEHAVIOURS = {
  // Answers to the first try; the next ones are as they should be. `done`: it has been accepted all the same. `reply`: the same as a mail relay
  // says it.
  limited: { done: false, answer: () => ({ status: 429, headers: { 'Retry-After': '2' }, body: '{}' }), reply: () => '450 4.7.1 too many, later' },
  broken: { done: false, answer: () => ({ status: 500, body: 'oops' }), reply: () => '451 4.3.0 oops' },
  silent: { done: true, hangs: true },
  reset: { done: true, cuts: true },
  garbage: {
    done: true,
    answer: () => ({ status: 200, headers: { 'Content-Type': 'application/json' }, body: '<<<not what you expect' }),
    reply: () => '<<<not what you expect',
  },
  expired: { done: false, answer: (row) => row.expired() },
  blocked: { done: false, answer: (row) => row.blocked(), reply: (row) => row.blocked().reply, always: true },
  slow: { done: true, waits_ms: 1500 },
};

/** Says that nobody is there any more, which is not about one message: what comes after it is not even sent. */
const GONE = { done: false, answer: () => ({ status: 410 }) };

class Account {
  constructor(row, at) {
    this.row = row;
    this.at = at;
    this.stock = new Map();
    this.inbox = [];
    this.calls = []; // every request of kefud's, in the order of coming: {what, text, user, key, at_ms, accepted, bad}
    this.plan = new Map(); // text → misbehaviour
    this.troubles = new Map(); // stage → misbehaviour
    this.strict = false; // a token that is over stays so until there is another
    this.over = false;
    this.during = null; // called once while a token is being asked for, before it is answered
    this.count = 0;
  }

  /** Keeps a request, and says what goes wrong with it, if anything. */
  take({ what, text, user, key, picture, mail }) {
    const name = what === 'send' ? this.plan.get(text) : this.troubles.get(what);
    if (what !== 'send') this.troubles.delete(what);
    const over = this.over && ['send', 'upload', 'media', 'pull'].includes(what) && !this.row.open?.includes(what);
    const bad = over ? MISBEHAVIOURS.expired : name === 'gone' ? GONE : name ? MISBEHAVIOURS[name] : null;
    if (bad === MISBEHAVIOURS.expired) this.over = this.strict;
    if (what === 'token' && !bad?.answer && !bad?.hangs && !bad?.cuts) this.over = false;
    if (bad && !bad.always) this.plan.delete(text);
    const kept = { what, text, user, key, picture, mail, bad: name, at_ms: Date.now(), n: ++this.count, accepted: !bad || bad.done };
    this.calls.push(kept);
    return { kept, bad };
  }

  /** What was accepted: texts in the order of their first coming, a repeat under the same key once. */
  accepted() {
    const keys = new Set();
    return this.calls.filter((c) => {
      if (c.what !== 'send' || !c.accepted) return false;
      if (c.key === undefined) return true;
      if (keys.has(c.key)) return false;
      keys.add(c.key);
      return true;
    });
  }

  /** The requests of one stage, from the first that went wrong in this way. */
  after(what, bad) {
    const all = this.calls.filter((c) => c.what === what);
    return all.slice(all.findLastIndex((c) => c.bad === bad));
  }

  tries(text) {
    return this.calls.filter((c) => c.what === 'send' && c.text === text);
  }
}

export class Platform {
  static async open(rows, { port = 0 } = {}) {
    const p = new Platform();
    p.server = createServer((req, res) => p.#take(req, res).catch((e) => res.destroy(e)));
    p.server.listen(port, '127.0.0.1');
    await once(p.server, 'listening');
    p.port = p.server.address().port;
    p.accounts = Object.fromEntries(rows.map((row) => [row.name, new Account(row, `http://127.0.0.1:${p.port}/${row.name}`)]));
    p.relays = await Promise.all(Object.values(p.accounts).filter((a) => a.row.smtp).map(openRelay));
    return p;
  }

  close() {
    for (const end of this.relays) end();
    this.server.closeAllConnections();
    this.server.close();
  }

  async #take(req, res) {
    const pieces = [];
    for await (const piece of req) pieces.push(piece);
    const raw = Buffer.concat(pieces);
    const url = new URL(req.url, 'http://platform');
    const [, name, ...rest] = url.pathname.split('/');
    const account = this.accounts[name];
    if (!account) return this.#say(res, { status: 404 });
    const call = { method: req.method, path: `/${rest.join('/')}`, query: url.searchParams, headers: req.headers, raw, text: undefined };
    Object.defineProperty(call, 'json', {
      get() {
        try {
          return JSON.parse(raw.toString());
        } catch {
          return {};
        }
      },
    });
    Object.assign(call, account.row.read(call));
    const { bad } = account.take(call);
    if (call.what === 'token' && account.during) {
      const during = account.during;
      account.during = null;
      await during();
    }
    if (bad?.waits_ms) await new Promise((done) => setTimeout(done, bad.waits_ms));
    if (bad?.hangs) return; // until kefud gives up
    if (bad?.cuts) return this.#cut(res);
    const met = account.row.met?.answers?.[call.path];
    this.#say(res, met ? { body: met } : bad?.answer ? bad.answer(account.row) : account.row.answer(account, call));
  }

  #say(res, { status = 200, headers = {}, body = '' }) {
    const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    res.writeHead(status, { ...(typeof body === 'object' && !Buffer.isBuffer(body) ? { 'Content-Type': 'application/json' } : {}), ...headers, 'Content-Length': Buffer.byteLength(bytes) });
    res.end(bytes);
  }

  /** The answer begins and does not end. */
  #cut(res) {
    res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 1000 });
    res.write('{"half":');
    setImmediate(() => res.socket?.resetAndDestroy());
  }
}

/** Tells kefud of something: what a row's message() has made. Until it is taken, as platforms do; every answer's time is kept. */
export async function post(hook, made) {
  const began = performance.now();
  const answer = await fetch(`${hook}${made.query ? `?${made.query}` : ''}`, { method: made.method ?? 'POST', headers: made.headers, body: made.body });
  return { status: answer.status, text: await answer.text(), ms: performance.now() - began };
}
