// What a platform is asked for beside the sending goes wrong as the sending does (faults.test.mjs): tokens, pulls, files that come in and files that
// go out. Nobody has seen anything of it yet, so all of it is tried again: every message arrives once, in order, and nothing is asked for before
// it may be.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Agent, House, allRows, until } from './house.mjs';
import { MISBEHAVIOURS, Platform, post } from './platform.mjs';

const PATIENCE_MS = 150000; // what does not answer is waited for, and then comes the pause before the next try
const only = process.env.STAGES?.split(' '); // as in "token media"
const rows = (await allRows()).filter((row) => row.stages);

/** A picture like no other. */
const picture = (name) => Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), createHash('sha512').update(name).digest()]);

describe('what is asked for beside the sending', { concurrency: true }, () => {
  let platform, house, agent;

  before(async () => {
    platform = await Platform.open(rows);
    house = await House.open(platform);
    agent = await Agent.open(house);
    for (const one of Object.values(platform.accounts)) one.strict = true;
  });
  after(async () => {
    agent?.close();
    await house?.close();
    platform?.close();
  });

  const who = (row, name) => (row.user ?? ((n) => `user-${n}`))(name);
  const account = (row) => platform.accounts[row.name];

  async function says(row, m) {
    const answer = await post(house.hook(row.name), row.message(account(row), { at: Date.now(), ...m }));
    assert.ok(row.taken ? row.taken(answer) : answer.status < 300, `${answer.status} ${answer.text}`);
  }

  /** A conversation in which nothing has gone wrong yet. */
  async function talk(row, name) {
    const text = `${row.name} ${name}: are you there`;
    await says(row, { user: who(row, name), id: `${name}-0`, text });
    return agent.conversationOf(text);
  }

  const write = async (conversation, text) => (await agent.act({ type: 'message', conversation, kind: 'text', text })).seq;

  async function sent(conversation, seq) {
    const end = await until(() => {
      const s = agent.state(conversation, seq);
      return s && s.state !== 'sending' ? s : null;
    }, `the end of ${seq}`, PATIENCE_MS);
    assert.equal(end.state, 'sent', JSON.stringify(end));
  }

  /** All that is known of the conversation, once it fits. */
  const seen = (conversation, fits, what) =>
    until(
      async () => {
        const all = await agent.history(conversation);
        return fits(all) ? all : null;
      },
      what,
      PATIENCE_MS,
    );

  async function whole(file, name) {
    const got = await fetch(`${agent.node.origin}/files/${file.id}`, { headers: { Cookie: agent.cookie } });
    assert.deepEqual(Buffer.from(await got.arrayBuffer()), picture(name), 'the file is whole');
  }

  async function upload(name) {
    const { origin } = agent.node;
    const headers = { Cookie: agent.cookie, 'X-CSRF-Token': agent.csrf, Origin: origin };
    const up = await fetch(`${origin}/files?site=shop&name=${name}.png`, { method: 'POST', headers, body: picture(name) });
    assert.equal(up.status, 201);
    return (await up.json()).id;
  }

  const stages = {
    /* The one that there is has ended, and the next one is not to be had at once: whoever writes meanwhile waits for the same one. */
    async token(row, bad) {
      const name = `token-${bad}`;
      const conversation = await talk(row, name);
      const other = await talk(row, `${name}-beside`);
      const texts = [`${row.name} needs a token ${bad}`, `${row.name} and another ${bad}`];
      account(row).plan.set(texts[0], 'expired');
      account(row).troubles.set('token', bad);
      const seqs = [];
      for (const text of texts) seqs.push(await write(conversation, text));
      await until(() => account(row).calls.some((c) => c.what === 'token' && c.bad === bad), 'a token is asked for');
      const beside = await write(other, `${row.name} beside ${bad}`);
      for (const seq of seqs) await sent(conversation, seq);
      await sent(other, beside);
      assert.deepEqual(account(row).accepted().map((c) => c.text).filter((t) => texts.includes(t)), texts);
      await agent.act({ type: 'close', conversation: other });
      return conversation;
    },

    async pull(row, bad) {
      const name = `pull-${bad}`;
      const texts = [0, 1, 2].map((i) => `${row.name} ${name} ${i}`);
      const conversation = await talk(row, name);
      account(row).troubles.set('pull', bad);
      for (const [i, text] of texts.entries()) await says(row, { user: who(row, name), id: `${name}-${i + 1}`, text });
      const all = await seen(conversation, (h) => texts.every((t) => h.some((m) => m.text === t)), `all of ${name}`);
      assert.deepEqual(all.map((m) => m.text).filter((t) => texts.includes(t)), texts, 'once, in order');
      return conversation;
    },

    async media(row, bad, stage = 'media') {
      const name = `${row.name}-${stage}-${bad}`;
      const conversation = await talk(row, name);
      account(row).stock.set(name, picture(name));
      account(row).troubles.set(stage, bad);
      await says(row, { user: who(row, name), id: `${name}-1`, text: '', picture: name });
      const all = await seen(conversation, (h) => h.some((m) => m.file), `the picture of ${name}`);
      const shown = all.filter((m) => m.from.role === 'visitor').slice(1);
      assert.equal(shown.length, 1, 'it is one message');
      await whole(shown[0].file, name);
      return conversation;
    },

    file: (row, bad) => stages.media(row, bad, 'file'),

    async upload(row, bad) {
      const name = `${row.name}-upload-${bad}`;
      const user = who(row, name);
      const conversation = await talk(row, name);
      const file = await upload(name);
      account(row).troubles.set('upload', bad);
      const seqs = [await write(conversation, `${name} before`)];
      seqs.push((await agent.act({ type: 'message', conversation, kind: 'image', file })).seq);
      seqs.push(await write(conversation, `${name} behind`));
      for (const seq of seqs) await sent(conversation, seq);
      const ours = account(row).accepted().filter((c) => c.user === user && (c.picture || c.text.startsWith(name)));
      assert.deepEqual(ours.map((c) => (c.picture ? 'picture' : c.text)), [`${name} before`, 'picture', `${name} behind`], 'once, in order');
      return conversation;
    },
  };

  /** Whether this can happen at that stage, and can be known. */
  const happens = (row, stage, bad) =>
    bad !== 'blocked' &&
    (bad !== 'expired' || (row.expired && stage !== 'token' && !row.open?.includes(stage))) &&
    (bad !== 'garbage' || !row.any?.includes(stage));

  /* One after the other: what goes wrong is the next request's, whichever that is. */
  for (const row of rows)
    it(`${row.name}: all of it comes to a good end`, async (t) => {
      for (const stage of row.stages.filter((s) => !only || only.includes(s)))
        for (const bad of Object.keys(MISBEHAVIOURS).filter((b) => happens(row, stage, b)))
          await t.test(`${stage} ${bad}`, async () => {
            const conversation = await stages[stage](row, bad);
            assert.ok(!account(row).troubles.size, 'it went wrong');
            await agent.act({ type: 'close', conversation }); // its place is the next one's
            const tries = account(row).after(stage, bad);
            if (bad === 'limited') assert.ok(tries[1].at_ms - tries[0].at_ms >= 1990, `asked again after ${tries[1].at_ms - tries[0].at_ms} ms`);
          });
    });
});
