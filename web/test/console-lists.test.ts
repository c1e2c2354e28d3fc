// Who comes first, what is found behind a slash, how a transcript becomes rows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fill, findCanned, nextBlank } from '../console/canned';
import { byWait, heat, settled, waitingSince, type Ranked } from '../console/order';
import type { Canned, Conversation, Entry, StaffMessage } from '../core/staff';
import { buildRows, mergeEntries, mergeMessages } from '../kit/rows';
import { lang } from '../kit/i18n';
import { lineOf, meet, membersOf, type Words } from '../kit/names';
import { snippet } from '../review/snippet';
import { course, heaps, stateAt } from '../review/course';
import { span } from '../review/span';

const base: Conversation = {
  id: 'c',
  state: 'served',
  seq: 1,
  epoch: 1,
  channel: 'web',
  queue: 'sales',
  visitor: { id: 'v', name: '' },
  opened_at: 1000,
  arrived_at: 2000,
  visitor_at: 0,
  staff_at: 0,
  visitor_read: 0,
  staff_read: 0,
  locale: 'zh-CN',
  rating: 0,
  invited: false,
  priority: 0,
};

test('a visitor waits from the first unanswered word on, and not at all once answered or closed', () => {
  const rows: [string, Partial<Conversation>, number, number][] = [
    ['never answered: since the arrival', { visitor_at: 5000 }, 5000, 2000],
    ['answered', { visitor_at: 5000, staff_at: 6000 }, 0, 0],
    ['asked again, first question known', { visitor_at: 9000, staff_at: 6000 }, 7000, 7000],
    ['asked again, only the newest known', { visitor_at: 9000, staff_at: 6000 }, 0, 9000],
    ['closed', { state: 'closed', visitor_at: 9000 }, 0, 0],
  ];
  for (const [name, part, first, want] of rows) assert.equal(waitingSince({ ...base, ...part }, first), want, name);
});

test('whoever waits stands first, longest on top; the others by last activity', () => {
  const all: Ranked[] = [
    { id: 'old talk', since: 0, activity: 10 },
    { id: 'waits a little', since: 90, activity: 90 },
    { id: 'fresh talk', since: 0, activity: 80 },
    { id: 'waits long', since: 20, activity: 20 },
  ];
  assert.deepEqual(
    all.sort(byWait).map((r) => r.id),
    ['waits long', 'waits a little', 'fresh talk', 'old talk'],
  );
});

test('rows keep their places while frozen: gone ones leave, newcomers go to the end', () => {
  assert.deepEqual(settled(['a', 'b', 'c'], ['d', 'c', 'a']), ['a', 'c', 'd']);
});

test('a wait turns amber at 30 s and red at 60 s', () => {
  assert.deepEqual([29_999, 30_000, 59_999, 60_000].map(heat), ['calm', 'warm', 'warm', 'hot']);
});

const canned: Canned[] = [
  {
    key: 'a',
    code: 'hello',
    initials: 'kcb',
    title: '开场白',
    text: '您好，我是客服{姓名}，工号{工号}。',
    lang: 'zh-CN',
  },
  { key: 'b', code: 'wait', initials: 'qsd', title: '请稍等', text: '大约需要 {时间} 分钟。', lang: 'zh-CN' },
  { key: 'c', code: 'hello-en', initials: 'ywkc', title: 'Greeting', text: 'Hello, this is {name}.', lang: 'en' },
];

test('a canned reply is found by code, by pinyin initials, by words, and all words must match', () => {
  const find = (q: string, lang = 'zh-CN'): string[] => findCanned(canned, q, lang).map((c) => c.key);
  const rows: [string, string[]][] = [
    ['', ['a', 'b', 'c']],
    ['hello', ['a', 'c']],
    ['kcb', ['a']],
    ['KC', ['a', 'c']],
    ['稍等', ['b']],
    ['工号', ['a']],
    ['开场 稍等', []],
    ['zzz', []],
  ];
  for (const [q, want] of rows) assert.deepEqual(find(q), want, q);
  assert.equal(find('', 'en')[0], 'c', 'the visitor’s language comes first');
});

test('known blanks are filled, unknown ones stay for the agent', () => {
  const facts = { name: '小林', number: '1024', visitor: '' };
  assert.equal(fill(canned[0]?.text ?? '', facts), '您好，我是客服小林，工号1024。');
  assert.equal(fill('Hi {customer}, I am {name}', facts), 'Hi {customer}, I am 小林');
  assert.equal(fill('{时间}{ name }', facts), '{时间}小林');
});

test('Tab goes from blank to blank and round again', () => {
  const text = '在 {时间} 前给 {客户} 答复';
  assert.deepEqual(nextBlank(text, 0), [2, 6]);
  assert.deepEqual(nextBlank(text, 6), [10, 14]);
  assert.deepEqual(nextBlank(text, 15), [2, 6]);
  assert.equal(nextBlank('没有', 0), null);
});

const noon = new Date(2026, 10, 21, 12, 0, 0).getTime();
const m = (
  seq: number,
  role: 'visitor' | 'agent' | 'system',
  at: number,
  kind: StaffMessage['kind'] = 'text',
): StaffMessage => ({
  seq,
  at,
  from: { role, name: role },
  kind,
  text: `t${seq}`,
});
const note = (id: number, after: number, at: number): Entry => ({
  id,
  after_seq: after,
  at,
  kind: 'note',
  by: { role: 'agent', name: 'x' },
  data: { text: 'n' },
});

test('rows: a separator a day, groups of one sender, notes where they were written', () => {
  const day = 86_400_000;
  const rows = buildRows(
    [
      m(1, 'visitor', noon - day),
      m(2, 'visitor', noon - day + 1000),
      m(3, 'system', noon - day + 2000, 'event'),
      m(4, 'agent', noon),
      m(5, 'agent', noon + 400_000),
    ],
    [note(1, 2, noon - day + 1500), { ...note(2, 4, noon + 1), kind: 'assigned' }],
    [],
  );
  assert.deepEqual(
    rows.map((r) => (r.kind === 'message' ? `${r.key}${r.head ? ' head' : ''}${r.tail ? ' tail' : ''}` : r.kind)),
    ['day', 'm1 head', 'm2 tail', 'note', 'event', 'day', 'm4 head tail', 'm5 head tail'],
  );
});

test('rows: notes before the part of the transcript that is here are left out', () => {
  const rows = buildRows([m(10, 'visitor', noon)], [note(1, 3, noon - 50), note(2, 9, noon - 10)], []);
  assert.deepEqual(
    rows.map((r) => r.key).filter((k) => !k.startsWith('d')),
    ['n2', 'm10'],
  );
});

test('messages merge by seq, each once, the later copy wins; entries by their place', () => {
  const merged = mergeMessages(
    [m(1, 'visitor', 1), m(3, 'visitor', 3)],
    [m(2, 'agent', 2), { ...m(3, 'visitor', 3), text: 'new' }],
  );
  assert.deepEqual(
    merged.map((x) => [x.seq, x.text]),
    [
      [1, 't1'],
      [2, 't2'],
      [3, 'new'],
    ],
  );
  assert.deepEqual(
    mergeEntries([note(5, 4, 9)], [note(2, 1, 5), note(5, 4, 9)]).map((e) => e.id),
    [2, 5],
  );
});

const FILLED = 'phone: 138****8000\n尺寸: 3 米\ntext: 想退货\nphone: 也是';
const FORM = { phone: '138****8000', 尺寸: '3 米', text: '想退货\nphone: 也是', more: [7] };

test('a form in a row has our names for its members, and what the visitor has written stays', () => {
  const m: StaffMessage = { seq: 1, at: 0, from: { role: 'visitor' }, kind: 'card', text: FILLED, form: FORM };
  assert.equal(lineOf(m), '电话 138****8000 · 尺寸 3 米 · 留言 想退货 phone: 也是 · more 7');
  lang.value = 'zh-TW';
  assert.match(lineOf(m), /^電話 138/);
  lang.value = 'en';
  assert.match(lineOf(m), /^Phone 138/);
  lang.value = 'zh-CN';
  const { form: _, ...plain } = m;
  assert.equal(lineOf({ ...plain, kind: 'text' }), FILLED.replaceAll('\n', ' '));
  assert.equal(lineOf({ seq: 1, at: 0, from: m.from, kind: 'removed', form: FORM } as StaffMessage), '');
});

const marked = ({ text, marks }: Words): string[] =>
  marks.map(([from, to]) => Array.from(text).slice(from, to).join(''));

test('what is marked in the lines of a form is marked in its members', () => {
  const at = (words: string, from = 0) => FILLED.indexOf(words, from);
  const one = (from: number, n: number) =>
    membersOf(FORM, FILLED, [[from, from + n]]).map(({ label, value }) => [marked(label), marked(value)]);
  assert.deepEqual(one(at('8000'), 4), [
    [[], ['8000']],
    [[], []],
    [[], []],
    [[], []],
  ]);
  assert.deepEqual(one(at('phone'), 5), [
    [['电话'], []],
    [[], []],
    [[], []],
    [[], []],
  ]);
  // A line of the visitor's own that begins like a member is none.
  assert.deepEqual(one(at('phone', 5), 5), [
    [[], []],
    [[], []],
    [[], ['phone']],
    [[], []],
  ]);
  // Members that the text does not have, or has elsewhere, have no marks; those behind them do.
  const other = membersOf({ 1: 'x', ...FORM }, FILLED, [[at('退货'), at('退货') + 2]]);
  assert.deepEqual(
    other.map(({ value }) => marked(value)),
    [[], [], [], ['退货'], []],
  );
});

test('a hit in a form is shown by the names of its members, from the marked one on', () => {
  const from = FILLED.indexOf('退货');
  const cut = snippet({ text: FILLED, marks: [[from, from + 2]], form: FORM });
  assert.equal(cut.text, '留言 想退货 phone: 也是 · more 7');
  assert.deepEqual(marked(cut), ['退货']);
  const long = { name: '王芳', text: `${'好'.repeat(40)}水电改造` };
  const text = `name: 王芳\ntext: ${long.text}`;
  const far = snippet({ text, marks: [[text.indexOf('水'), text.length]], form: long });
  assert.equal(far.text, `留言 …${'好'.repeat(10)}水电改造`);
  assert.deepEqual(marked(far), ['水电改造']);
});

test('a snippet begins shortly before the first mark and its marks count code points', () => {
  const text = `${'😀前'.repeat(30)}水电改造`;
  const cut = snippet({ text, marks: [[60, 64]] });
  const points = Array.from(cut.text);
  assert.ok(points.length < 25);
  const [from, to] = cut.marks[0] ?? [0, 0];
  assert.equal(points.slice(from, to).join(''), '水电改造');
});

test('the course of a talk: long silences are drawn as such, and positions stay within the strip', () => {
  const { spots, gaps } = course(
    [m(1, 'visitor', 0), m(2, 'agent', 30_000), m(3, 'visitor', 30_000 + 9 * 3_600_000)],
    [],
  );
  assert.equal(spots.length, 3);
  assert.deepEqual(
    gaps.map((g) => g.ms),
    [9 * 3_600_000],
  );
  for (const s of spots) assert.ok(s.x >= 0 && s.x <= 1);
  assert.ok((spots[1]?.x ?? 0) > (spots[0]?.x ?? 1));
});

test('the course of a talk: what happened is marked by its kind, with its reason, and nothing hides behind a neighbour', () => {
  const entry = (kind: string, data: Record<string, unknown>, at = 1_000): Entry => ({
    id: 1,
    after_seq: 1,
    at,
    kind,
    by: { role: 'system' },
    data,
  });
  const { marks, waits } = course(
    [m(1, 'visitor', 0), m(2, 'agent', 45_000), m(3, 'visitor', 50_000)],
    [
      entry('opened', { page: { url: 'https://a.example/1', title: '首页' } }),
      entry('rule', { rule: 'greeting' }),
      entry('rule', { rule: 'angry', held: 'mid_talk' }),
      entry('tagged', { tag: 'complaint' }),
      entry('assigned', { why: 'longest_idle' }),
      entry('transferred', {}, 46_000),
      entry('page', { page: { url: 'https://a.example/2', title: '' } }, 46_000),
      entry('delivery', { state: 'failed', seq: 2 }, 47_000),
      entry('delivery', { state: 'sent', seq: 2 }, 47_000),
      entry('edited', {}, 48_000),
      entry('note', { text: '常客' }, 48_000),
      entry('rated', { score: 5 }, 51_000),
    ],
  );
  assert.deepEqual(
    waits.map((g) => g.ms),
    [45_000],
  );
  assert.deepEqual(
    marks.map((x) => x.group),
    ['page', 'rule', 'rule', 'rule', 'move', 'move', 'page', 'delivery', 'change', 'note', 'rating'],
  );
  const told = marks.map((x) => x.words);
  assert.match(told[0] ?? '', /首页/);
  assert.match(told[2] ?? '', /没有触发：正在由人接待/);
  assert.match(told[3] ?? '', /complaint/);
  assert.match(told[4] ?? '', /空闲最久/);
  assert.match(told[6] ?? '', /a\.example\/2/);
  const all = heaps(marks);
  assert.ok(all.length < marks.length);
  assert.deepEqual(
    all.find((h) => h.group === 'rule')?.all.map((x) => x.words),
    told.slice(1, 4),
  );
  assert.equal(all.flatMap((h) => h.all).length, marks.length);
});

test('how things stood at a moment: who waited, who served, on which page', () => {
  meet({ id: 'p1', name: '林小雨' });
  const e = (kind: string, at: number, data: Record<string, unknown> = {}): Entry => ({
    id: at,
    after_seq: 1,
    at,
    kind,
    by: { role: 'system' },
    data,
  });
  const timeline = [
    e('opened', 10, { page: { url: 'https://a.example/1', title: '首页' } }),
    e('rule', 11, { rule: 'greeting' }),
    e('assigned', 20, { why: 'sticky', agent: 'p1' }),
    e('page', 30, { page: { url: 'https://a.example/2', title: '退款' } }),
    e('transferred', 40, { person: 'p1' }),
    e('closed', 50),
  ];
  const rows: [number, string][] = [
    [20, 'served 林小雨 首页'],
    [19, 'waiting  首页'],
    [35, 'served 林小雨 退款'],
    [45, 'waiting  退款'],
    [99, 'closed  退款'],
  ];
  assert.equal(stateAt(timeline, 9), undefined);
  for (const [at, want] of rows) {
    const is = stateAt(timeline, at);
    assert.equal(`${is?.now} ${is?.who} ${is?.page}`, want, String(at));
  }
});

test('a time filter means days of the reader’s own calendar', () => {
  const now = noon;
  const start = new Date(2026, 10, 21).getTime();
  assert.deepEqual(span('', now), [0, 0]);
  assert.deepEqual(span('today', now), [start, 0]);
  assert.deepEqual(span('yesterday', now), [new Date(2026, 10, 20).getTime(), start - 1]);
  assert.deepEqual(span('7', now), [new Date(2026, 10, 15).getTime(), 0]);
  assert.deepEqual(span('2026-11-01..2026-11-02', now), [
    new Date(2026, 10, 1).getTime(),
    new Date(2026, 10, 2, 23, 59, 59, 999).getTime(),
  ]);
  assert.deepEqual(span('..2026-11-02', now), [0, new Date(2026, 10, 2, 23, 59, 59, 999).getTime()]);
  assert.deepEqual(span('nonsense', now), [0, 0]);
});
