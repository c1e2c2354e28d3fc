// ws_peer.mjs PORT: a WebSocket client that we have not written tries net_server: many sockets, bursts of texts of every length,
// floods, texts for all, close codes. Prints one line and exits with 0, 1 (what went wrong) or 77 (this node has no client).
import { setTimeout as after } from 'node:timers/promises';

const port = process.argv[2];
let Client = globalThis.WebSocket;
for (const from of ['ws', '../../web/node_modules/ws/wrapper.mjs', '../node_modules/ws/wrapper.mjs']) {
  try {
    Client = (await import(from)).default;
    break;
  } catch {
    // the next one, or node's own
  }
}
if (!Client) {
  console.log('no WebSocket client');
  process.exit(77);
}

const deadline = setTimeout(() => {
  console.log('timeout');
  process.exit(1);
}, 60000);
deadline.unref();

function open() {
  const socket = new Client(`ws://127.0.0.1:${port}/ws/visitor`, 'kefu.visitor.v1');
  const texts = [];
  let wake = () => {};
  socket.onmessage = (event) => {
    texts.push(event.data);
    wake();
  };
  const closed = new Promise((resolve) => {
    socket.onclose = (event) => {
      resolve(event.code);
      wake();
    };
  });
  const next = async () => {
    while (!texts.length) {
      if (socket.readyState === 3) throw new Error('closed while waiting for a text');
      await new Promise((resolve) => (wake = resolve));
    }
    return texts.shift();
  };
  return new Promise((resolve, reject) => {
    socket.onerror = () => reject(new Error('no connection'));
    socket.onopen = () => resolve({ socket, next, closed });
  });
}

let seed = 7;
const random = (n) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;
const letters = '你好，请问今天可以退款吗 abcdefghij😀é';
const text = (n) => {
  const from = random(20);
  return letters.slice(from % 2 ? 0 : 3).repeat(Math.ceil(n / 20)).slice(0, n).toWellFormed?.() ?? 'x'.repeat(n);
};

const sockets = await Promise.all(Array.from({ length: 20 }, open));
let count = 0;
for (let round = 0; round < 40; round++) {
  const sent = sockets.map(() => Array.from({ length: 1 + random(12) }, () => text([0, 1, 40, 130, 400, 1020, 3000, 9000][random(8)])));
  sockets.forEach((s, i) => sent[i].forEach((t) => s.socket.send(t)));
  for (let i = 0; i < sockets.length; i++)
    for (const t of sent[i]) {
      const got = await sockets[i].next();
      if (got !== t) throw new Error(`socket ${i}: ${t.length} characters went, ${got.length} came back`);
      count++;
    }
}
sockets[3].socket.send('flood 300 700');
for (let i = 0; i < 300; i++) if ((await sockets[3].next()) !== 'f'.repeat(700)) throw new Error('flood');
sockets[5].socket.send('all 大家好');
for (const s of sockets) if ((await s.next()) !== 'all 大家好') throw new Error('for all');
sockets[0].socket.send('close 4401');
if ((await sockets[0].next()) !== 'last words') throw new Error('last words');
const codes = [await sockets[0].closed];
sockets[1].socket.close(1000, 'bye');
codes.push(await sockets[1].closed);
sockets[2].socket.send(new Uint8Array(3));
codes.push(await sockets[2].closed);
sockets[4].socket.send('x'.repeat(70000));
codes.push(await sockets[4].closed);
if (codes.join() !== '4401,1000,1003,1009') throw new Error(`codes ${codes}`);
for (const s of sockets) s.socket.close(1000);
await Promise.all(sockets.map((s) => s.closed));
await after(0);
console.log(`${count} texts`);
