// wire.mjs: both sides of the WebSocket wire, through a client that is not ours. Every text that passes is shown to `watch`.
import WebSocket from 'ws';
import { within } from './daemon.mjs';

export class Wire {
  /** side: 'visitor' or 'agent'. Resolves when the socket is open. */
  static async open(daemon, side, { headers = {}, site = 'demo', watch = () => {} } = {}) {
    const w = new Wire();
    w.side = side;
    w.watch = watch;
    w.frames = [];
    w.waiting = [];
    w.socket = new WebSocket(`ws://${daemon.host}/ws/${side}?site=${site}`, `kefu.${side}.v1`, { headers, perMessageDeflate: false });
    w.socket.on('message', (data, binary) => {
      if (binary) throw new Error('a binary message');
      const frame = JSON.parse(data.toString());
      watch('received', side, frame);
      w.frames.push(frame);
      for (const one of [...w.waiting]) one();
    });
    w.closed = new Promise((resolve) => w.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })));
    await within(
      new Promise((resolve, reject) => {
        w.socket.on('open', resolve);
        w.socket.on('unexpected-response', (_, res) => {
          const pieces = [];
          res.on('data', (piece) => pieces.push(piece));
          res.on('end', () => reject(Object.assign(new Error(`HTTP ${res.statusCode}`), { status: res.statusCode, headers: res.headers, text: Buffer.concat(pieces).toString() })));
        });
        w.socket.on('error', (error) => reject(error));
      }),
      'an open socket',
    );
    return w;
  }

  /** `wrong`: it is meant not to fit the schemas. */
  send(frame, wrong = false) {
    if (typeof frame === 'object' && !wrong) this.watch('sent', this.side, frame);
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** The first frame that has come, or comes, in which all of `members` stand; it is taken out. */
  take(members) {
    const found = () => this.frames.findIndex((f) => fits(f, members));
    const taken = new Promise((resolve) => {
      const look = () => {
        const at = found();
        if (at < 0) return;
        this.waiting = this.waiting.filter((one) => one !== look);
        resolve(this.frames.splice(at, 1)[0]);
      };
      this.waiting.push(look);
      look();
    });
    return within(taken, `${this.side}: ${JSON.stringify(members)}`).catch((error) => {
      error.message += `; there is ${JSON.stringify(this.frames).slice(0, 4000)}`;
      throw error;
    });
  }

  /** Sends, and gives the ack or error that answers. */
  async act(frame, wrong = false) {
    this.send(frame, wrong);
    return this.take((f) => (f.type === 'ack' || f.type === 'error') && f.cid === frame.cid);
  }

  async end() {
    this.socket.close(1000);
    await within(this.closed, 'a closed socket');
  }
}

function fits(frame, members) {
  if (typeof members === 'function') return members(frame);
  return Object.entries(members).every(([key, value]) =>
    value !== null && typeof value === 'object' ? typeof frame[key] === 'object' && frame[key] !== null && fits(frame[key], value) : frame[key] === value,
  );
}
