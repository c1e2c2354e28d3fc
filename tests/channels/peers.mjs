// peers.mjs: a house beside a platform that keeps every request whole, for tests that hold kefud against libraries of others.
import { readFileSync } from 'node:fs';
import { Agent, House, top, until } from './house.mjs';
import { Platform, post } from './platform.mjs';

export const vectors = (name) => JSON.parse(readFileSync(`${top}tests/vectors/${name}.json`)).vectors;

export class Peer {
  /** One channel, an agent, and `calls`: {path, headers, raw, json} of each request, whoever sent it. */
  static async open(row) {
    const p = new Peer();
    p.row = row;
    p.calls = [];
    p.platform = await Platform.open([
      {
        ...row,
        read(call) {
          p.calls.push(call);
          return row.read(call);
        },
      },
    ]);
    p.account = p.platform.accounts[row.name];
    p.house = await House.open(p.platform);
    p.agent = await Agent.open(p.house);
    p.hook = p.house.hook(row.name);
    return p;
  }

  async close() {
    this.agent?.close();
    await this.house?.close();
    this.platform?.close();
  }

  post(made) {
    return post(this.hook, made);
  }

  /** Somebody writes; the conversation that comes of it. */
  async talk(m) {
    const answer = await this.post(this.row.message(this.account, { at: Date.now(), ...m }));
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
    return this.agent.conversationOf(m.text);
  }

  /** The first request that fits. */
  call(fits, what) {
    return until(() => this.calls.find(fits), () => `${what} among ${this.calls.map((c) => `${c.path} ${c.raw}`).join('\n')}`);
  }
}

/** A form as the platform of the web reads it. */
export const form = (call) => new Response(call.raw, { headers: { 'Content-Type': call.headers['content-type'] } }).formData();

/** Uploads a file as the agent and sends it. */
export async function sendFile(peer, conversation, name, bytes, kind) {
  const { node, cookie, csrf } = peer.agent;
  const up = await fetch(`${node.origin}/files?site=shop&name=${name}`, {
    method: 'POST',
    headers: { Cookie: cookie, 'X-CSRF-Token': csrf, Origin: node.origin },
    body: bytes,
  });
  if (up.status !== 201) throw new Error(`no upload: ${up.status} ${await up.text()}`);
  const { id } = await up.json();
  return peer.agent.act({ type: 'message', conversation, kind, file: id });
}
