// Every channel against a platform that misbehaves. Out: each message is accepted once, or marked, in order, and never again before it may be.
// In: webhooks come three times, shuffled, at two nodes at once, within the bursts that are allowed by default: each is one message. A channel is a
// row in rows/. What is asked for beside the sending: stages.test.mjs.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Agent, House, allRows, until } from './house.mjs';
import { MISBEHAVIOURS, Platform, post } from './platform.mjs';

const rows = await allRows();
const seed = Number(process.env.SEED ?? Date.now() % 1e6);

/** A small generator that a seed repeats. */
function chance(n) {
  let x = n >>> 0 || 1;
  return () => {
    x ^= x << 13;
    x >>>= 0;
    x ^= x >>> 17;
    x ^= x << 5;
    x >>>= 0;
    return x / 2 ** 32;
  };
}

const taken = (row, answer) => (row.taken ? row.taken(answer) : answer.status >= 200 && answer.status < 300);

async function says(house, account, m) {
  const answer = await post(house.hook(account.row.name), account.row.message(account, { at: Date.now(), ...m }));
  assert.ok(taken(account.row, answer), `${account.row.name}: ${answer.status} ${answer.text}`);
  return answer;
}

describe('what goes out', () => {
  let platform, house, agent;

  before(async () => {
    platform = await Platform.open(rows);
    house = await House.open(platform);
    agent = await Agent.open(house);
  });
  after(async () => {
    agent?.close();
    await house?.close();
    platform?.close();
  });

  const where = (row, bad) => {
    if (row.outcome?.[bad]) return [row.outcome[bad]];
    if (bad === 'blocked') return ['failed'];
    if (MISBEHAVIOURS[bad].answer && !MISBEHAVIOURS[bad].done) return ['sent'];
    if (bad === 'slow') return ['sent'];
    return row.idempotent ? ['sent'] : ['uncertain'];
  };

  /** One conversation: the second of three messages meets the trouble. */
  async function trouble(row, bad) {
    const account = platform.accounts[row.name];
    const user = (row.user ?? ((n) => `user-${n}`))(`${bad}`);
    const first = `${row.name} ${bad}: are you there`;
    await says(house, account, { user, id: `${bad}-1`, text: first });
    const conversation = await agent.conversationOf(first);
    const texts = [`${bad} one`, `${bad} two`, `${bad} three`];
    account.plan.set(texts[1], bad);
    const seqs = [];
    for (const text of texts) seqs.push((await agent.act({ type: 'message', conversation, kind: 'text', text })).seq);
    const ends = [];
    for (const seq of seqs) ends.push(await agent.ended(conversation, seq));

    assert.equal(ends[0].state, 'sent', `${bad}: before the trouble`);
    assert.ok(where(row, bad).includes(ends[1].state), `${bad}: ended as ${JSON.stringify(ends[1])}`);
    assert.equal(ends[2].state, 'sent', `${bad}: after the trouble ${JSON.stringify(ends[2])}`);
    const accepted = account.accepted().filter((c) => texts.includes(c.text)).map((c) => c.text);
    const once = bad === 'blocked' ? [texts[0], texts[2]] : texts;
    assert.deepEqual(accepted, once, `${bad}: accepted`);
    const tries = account.tries(texts[1]);
    if (bad === 'limited' && row.says_when !== false) assert.ok(tries[1].at_ms - tries[0].at_ms >= 1990, `asked again after ${tries[1].at_ms - tries[0].at_ms} ms`);
    if (ends[1].state === 'uncertain') assert.equal(tries.length, 1, 'what is uncertain was not repeated');
    if (bad === 'blocked') assert.match(ends[1].reason, new RegExp(row.blocked().words), 'the reason has the words of the platform');
    /* States go forward only. */
    const order = ['sending', 'sent', 'delivered', 'read'];
    for (const seq of seqs) {
      const seen = (agent.states.get(`${conversation} ${seq}`) ?? []).map((s) => order.indexOf(s.state)).filter((n) => n >= 0);
      assert.deepEqual(seen, [...seen].sort(), 'states go forward');
    }
  }

  for (const row of rows) {
    it(`${row.name}: is accepted once or marked, in order`, async () => {
      const all = Object.keys(MISBEHAVIOURS).filter((bad) => (bad !== 'expired' || row.expired) && (bad !== 'blocked' || row.blocked));
      const results = await Promise.allSettled(all.map((bad) => trouble(row, bad)));
      const failed = results.map((r, i) => (r.status === 'rejected' ? `${all[i]}: ${r.reason.message}` : '')).filter(Boolean);
      assert.equal(failed.length, 0, failed.join('\n'));
    });

    if (row.met)
      it(`${row.name}: knows us when it is set up`, async () => {
        const tried = await house.nodes[0].operate({ method: 'POST', path: `/api/v1/sites/shop/channels/${row.name}/test`, body: {} });
        const { good, steps } = JSON.parse(tried.text);
        assert.ok(good, tried.text);
        assert.equal(steps.find((s) => s.step === 'platform')?.reason, row.met.words, tried.text);
      });

    if (row.expired)
      it(`${row.name}: takes webhooks while it asks for a token`, async () => {
        const account = platform.accounts[row.name];
        const text = `${row.name} called while you register`;
        let inside;
        account.during = async () => {
          inside = await says(house, account, { user: (row.user ?? ((n) => `user-${n}`))('during'), id: 'during-1', text: `${text} inside` });
        };
        await says(house, account, { user: (row.user ?? ((n) => `user-${n}`))('asks'), id: 'asks-1', text });
        const conversation = await agent.conversationOf(text);
        account.plan.set('needs a new token', 'expired');
        const { seq } = await agent.act({ type: 'message', conversation, kind: 'text', text: 'needs a new token' });
        assert.equal((await agent.ended(conversation, seq)).state, 'sent');
        assert.ok(inside, 'it was called meanwhile');
        await agent.conversationOf(`${text} inside`);
      });
  }
});

describe('what comes in, more than once, at two nodes', () => {
  const TALKS = 4;
  const EACH = 12;
  let platform, house, agent;

  before(async () => {
    platform = await Platform.open(rows);
    house = await House.open(platform, { nodes: 2 });
    agent = await Agent.open(house);
  });
  after(async () => {
    agent?.close();
    await house?.close();
    platform?.close();
  });

  for (const row of rows) {
    it(`${row.name}: each is one message (seed ${seed})`, async () => {
      const account = platform.accounts[row.name];
      const draw = chance(seed);
      const deliveries = [];
      for (let t = 0; t < TALKS; t++)
        for (let i = 0; i < EACH; i++) {
          const m = { user: (row.user ?? ((n) => `user-${n}`))(`t${t}`), id: `in-${t}-${i}`, text: `${row.name} talk ${t} says ${i}`, at: Date.now() - 60000 + 1000 * i };
          for (let k = 0; k < 3; k++) deliveries.push({ made: account.row.message(account, m), node: Math.floor(draw() * 2), at: draw() * 2000 });
        }
      let slowest = 0;
      await Promise.all(
        deliveries.map(async ({ made, node, at }) => {
          await new Promise((resolve) => setTimeout(resolve, at));
          for (;;) {
            const answer = await post(house.hook(row.name, node), made);
            slowest = Math.max(slowest, answer.ms);
            if (taken(row, answer)) return;
            assert.equal(answer.status, 503, `${answer.status} ${answer.text}`);
          }
        }),
      );
      for (let t = 0; t < TALKS; t++) {
        const conversation = await agent.conversationOf(`${row.name} talk ${t} says 0`);
        const found = await until(async () => {
          const history = await agent.history(conversation);
          return history.filter((m) => m.from.role === 'visitor').length >= EACH ? history : null;
        }, `${EACH} messages of talk ${t}`);
        assert.deepEqual(found.map((m) => m.seq), found.map((_, i) => i + 1), 'seq is dense');
        const texts = found.filter((m) => m.from.role === 'visitor').map((m) => m.text);
        assert.deepEqual([...texts].sort(), Array.from({ length: EACH }, (_, i) => `${row.name} talk ${t} says ${i}`).sort());
      }
      // Who is told nothing repeats it; how fast an answer is on a quiet machine is for the bench to say.
      assert.ok(slowest < 30000, `a webhook was answered after ${Math.round(slowest)} ms`);
    });
  }
});
