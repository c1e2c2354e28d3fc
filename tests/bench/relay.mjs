// What one would write in an afternoon: WebSocket in, XADD, then the acknowledgement to the sender and the message to the other side.
// node relay.mjs REDIS_SOCKET; prints its port. No deflate, pipelined Redis: as fast as such a relay gets without tricks.
import { createServer } from "node:http";
import { Redis } from "ioredis";
import { WebSocketServer } from "ws";

const redis = new Redis(process.argv[2], { enableAutoPipelining: true });
const agents = [];
const rooms = new Map(); // conversation -> { visitor, agent, seq }
let visitors = 0;

const send = (socket, frame) => socket.send(JSON.stringify(frame));

async function say(socket, room, role, frame) {
  const at = Date.now();
  await redis.xadd(`c:${room.id}`, "*", "cid", frame.cid, "role", role, "text", frame.text);
  const seq = ++room.seq;
  send(socket, { type: "ack", cid: frame.cid, conversation: room.id, seq, at });
  const other = role === "visitor" ? room.agent : room.visitor;
  send(other, { type: "message", conversation: room.id, seq, at, from: { role, name: role }, kind: "text", text: frame.text });
}

function open(socket, role) {
  const id = `r${visitors++}`;
  const room = role === "visitor" ? { id, visitor: socket, agent: agents[visitors % agents.length], seq: 0 } : null;
  if (room) rooms.set(id, room);
  else agents.push(socket);
  socket.on("message", (data) => {
    const frame = JSON.parse(data);
    if (frame.type === "hello") send(socket, { type: "welcome", at: Date.now() });
    else if (frame.type === "message") say(socket, room ?? rooms.get(frame.conversation), role, frame);
  });
}

const server = createServer();
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
server.on("upgrade", (request, socket, head) => {
  const role = request.url.startsWith("/ws/agent") ? "agent" : "visitor";
  sockets.handleUpgrade(request, socket, head, (ws) => open(ws, role));
});
server.listen(0, "127.0.0.1", () => console.log(`ready http://127.0.0.1:${server.address().port}/`));
