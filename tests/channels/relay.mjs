// relay.mjs: the side of the fake platform that speaks SMTP, for rows whose answers go out as mail. It takes what is handed over, says what the
// row says, and misbehaves as the platform does, all of it after the final dot: that is where a mail has been accepted, or has not.
import { createServer } from 'node:net';
import { once } from 'node:events';
import { simpleParser } from 'mailparser';

/** One connection: lines in, replies out. */
class Connection {
  constructor(socket, account) {
    this.socket = socket;
    this.account = account;
    this.rest = '';
    this.mail = null; // lines of the mail while it comes
    this.wants = null; // what the next line is for
    this.queue = Promise.resolve();
    socket.setEncoding('latin1');
    socket.on('error', () => {}); // kefud may go at any time
    socket.on('data', (text) => {
      this.rest += text;
      this.queue = this.queue.then(() => this.#lines()).catch((e) => socket.destroy(e));
    });
    this.say('220 relay.example ESMTP');
  }

  say(line) {
    this.socket.write(`${line}\r\n`);
  }

  async #lines() {
    for (let end; (end = this.rest.indexOf('\r\n')) >= 0; ) {
      const line = this.rest.slice(0, end);
      this.rest = this.rest.slice(end + 2);
      if (this.mail) await this.#body(line);
      else this.#command(line);
    }
  }

  #command(line) {
    if (this.wants) return this.#login(line);
    const [, verb, rest = ''] = /^(\w+) ?(.*)$/.exec(line) ?? [];
    switch (verb?.toUpperCase()) {
      case 'EHLO':
        return this.socket.write('250-relay.example\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n');
      case 'AUTH':
        if (/^PLAIN \S/i.test(rest)) return this.#login(rest.slice(6));
        this.wants = 'login';
        return this.say('334 ');
      case 'MAIL':
        return this.say(this.user ? '250 2.1.0 ok' : '530 5.7.0 sign in first');
      case 'RCPT':
        this.to = /<([^>]*)>/.exec(rest)?.[1];
        return this.say('250 2.1.5 ok');
      case 'DATA':
        this.mail = [];
        return this.say('354 go on');
      case 'QUIT':
        this.say('221 2.0.0 bye');
        return this.socket.end();
      default:
        return this.say('250 2.0.0 ok');
    }
  }

  #login(text) {
    this.wants = null;
    const [, user, password] = Buffer.from(text, 'base64').toString().split('\0');
    const [mine, secret] = this.account.row.login;
    this.user = user === mine && password === secret ? user : null;
    this.say(this.user ? '235 2.7.0 welcome' : '535 5.7.8 no');
  }

  async #body(line) {
    if (line !== '.') {
      this.mail.push(line.startsWith('.') ? line.slice(1) : line);
      return;
    }
    const read = await simpleParser(Buffer.from(this.mail.join('\r\n'), 'latin1'));
    this.mail = null;
    const { bad } = this.account.take({ what: 'send', text: read.text.trimEnd(), user: this.to, mail: read });
    if (bad?.waits_ms) await new Promise((done) => setTimeout(done, bad.waits_ms));
    if (bad?.hangs) return; // until kefud gives up
    if (bad?.cuts) {
      this.socket.write('250-2.0.0 nearly');
      setImmediate(() => this.socket.resetAndDestroy());
      return;
    }
    this.say(bad?.reply?.(this.account.row) ?? `250 2.0.0 queued as ${++this.account.count}`);
  }
}

/** A relay for `account`, at account.relay. */
export async function openRelay(account) {
  const open = new Set();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    new Connection(socket, account);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  account.relay = `smtp://127.0.0.1:${server.address().port}`;
  return () => {
    server.close();
    for (const socket of open) socket.destroy();
  };
}
