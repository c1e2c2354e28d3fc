import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Drafts } from '../console/drafts';
import type { Draft } from '../console/keep';

// A disk that takes its time: what is put is there once `write` is called, or never when the page goes away before.
class SlowDisk {
  readonly stored = new Map<string, Draft>();
  #waiting: (() => void)[] = [];

  drafts(): Promise<Draft[]> {
    return Promise.resolve([...this.stored.values()]);
  }

  putDraft(d: Draft): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push(() => {
        if (d.reply || d.note) this.stored.set(d.conversation, d);
        else this.stored.delete(d.conversation);
        resolve(true);
      });
    });
  }

  async write(): Promise<void> {
    for (const put of this.#waiting.splice(0)) put();
    await new Promise(setImmediate);
  }
}

const tab = () => {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  } as unknown as Storage & { kept: Map<string, string> };
};

const open = async (disk: SlowDisk, session: Storage, owner = 'lin@demo') => {
  const drafts = new Drafts(
    disk,
    () => {},
    () => session,
    owner,
  );
  await drafts.load();
  return drafts;
};

test('a draft that is on its way to the disk when the page goes away is there after it', async () => {
  const disk = new SlowDisk();
  const session = tab();
  const before = await open(disk, session);
  before.set('c1', { reply: 'half a word', mode: 'reply' });
  before.flush();
  before.set('c1', { note: 'and a note', mode: 'note' });
  before.flush(); // asked of the disk, which has not done it
  before.flush(true);
  const after = await open(new SlowDisk(), session);
  assert.equal(after.get('c1').reply, 'half a word');
  assert.equal(after.get('c1').note, 'and a note');
  assert.equal(after.get('c1').mode, 'note');
});

test('a draft that only the tab has is brought to the disk, and is there after two reloads', async () => {
  const session = tab();
  const before = await open(new SlowDisk(), session);
  before.set('c1', { reply: 'hello' });
  before.flush(true);
  const disk = new SlowDisk();
  await open(disk, session);
  await disk.write();
  assert.equal(session.kept.size, 0);
  assert.equal((await open(disk, session)).get('c1').reply, 'hello');
});

test('what has been sent since the page was hidden does not come back as a draft', async () => {
  const disk = new SlowDisk();
  const session = tab();
  const before = await open(disk, session);
  before.set('c1', { reply: 'to be sent' });
  before.flush(true); // hidden, and shown again
  await disk.write();
  before.set('c1', { reply: '' }); // sent
  before.flush();
  await disk.write();
  before.flush(true);
  const after = await open(disk, session);
  assert.equal(after.get('c1').reply, '');
});

const KEY = 'kefu.console.draft';
const draft = (conversation: string, reply: string, at: number): Draft => ({
  conversation,
  reply,
  note: '',
  mode: 'reply',
  at,
});

test('what somebody else has left in the tab comes neither to the next one nor to their disk, and is gone', async () => {
  const session = tab();
  const hers = await open(new SlowDisk(), session, 'lin@demo');
  hers.set('c1', { reply: 'hers alone' });
  hers.flush(true);
  const left = session.getItem(KEY)!;
  // Another person, she herself at another site, and what an earlier version has left: it says nobody's name.
  const nobodys = JSON.stringify([draft('c1', 'hers alone', Date.now())]);
  for (const [owner, text] of [
    ['he@demo', left],
    ['lin@shop', left],
    ['lin@demo', nobodys],
    ['lin@demo', '{'],
  ] as const) {
    session.setItem(KEY, text);
    const disk = new SlowDisk();
    const next = await open(disk, session, owner);
    assert.equal(next.get('c1').reply, '');
    assert.equal(session.kept.size, 0);
    next.flush(true);
    await disk.write();
    assert.equal(disk.stored.size, 0);
    assert.equal(session.kept.size, 0);
  }
  session.setItem(KEY, left);
  assert.equal((await open(new SlowDisk(), session, 'lin@demo')).get('c1').reply, 'hers alone');
});

test('what is older than a day does not come back from the tab, and leaves it though the disk never writes', async () => {
  const session = tab();
  const hour = 3_600_000;
  const drafts = [
    draft('old', 'of the day before', Date.now() - 25 * hour),
    draft('c1', 'of today', Date.now() - 23 * hour),
  ];
  session.setItem(KEY, JSON.stringify({ owner: 'lin@demo', drafts }));
  const after = await open(new SlowDisk(), session);
  assert.equal(after.get('old').reply, '');
  assert.equal(after.get('c1').reply, 'of today');
  assert.deepEqual(JSON.parse(session.getItem(KEY)!), { owner: 'lin@demo', drafts: drafts.slice(1) });
});
