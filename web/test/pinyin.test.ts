// The initials of words that agents look for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCanned, knowForms } from '../console/canned';
import { initialsOf, withInitials } from '../core/pinyin';
import type { Canned } from '../core/staff';

test('each letter is told by the words that begin with it', () => {
  const rows: [string, string][] = [
    ['退款', 'tk'],
    ['退款进度', 'tkjd'],
    ['退款進度', 'tkjd'],
    ['您好', 'nh'],
    ['发票', 'fp'],
    ['請稍候', 'qsh'],
    ['物流查询', 'wlcx'],
    ['安装预约', 'azyy'],
    ['二维码', 'ewm'],
    ['开场白', 'kcb'],
    ['欧码', 'om'],
    ['人工客服', 'rgkf'],
    ['质保', 'zb'],
    ['啊', 'a'],
    ['座机', 'zj'],
    ['热线', 'rx'],
    ['VIP 客户', 'vipkh'],
    ['7 天退换', '7tth'],
    ['Greeting', ''],
    ['', ''],
  ];
  for (const [text, letters] of rows) assert.equal(initialsOf(text), letters, text);
  assert.equal(initialsOf('退'.repeat(50)).length, 32);
});

test('a reply is found by the initials of its title, also where nobody has written them down', () => {
  const one = (code: string, title: string, initials = ''): Canned => ({
    ...({ key: code, code, initials, title, text: '好的', lang: 'zh-CN', folder: '' } as Canned),
  });
  const all = withInitials([
    one('a1', '开具发票'),
    one('a2', '退款进度'),
    one('a3', '还款', 'hk'),
    one('a4', '查询退款'),
  ]);
  assert.deepEqual(
    findCanned(all, 'tk', 'zh-CN').map((c) => c.code),
    ['a2', 'a4'],
  );
  assert.deepEqual(
    findCanned(all, 'kjf', 'zh-CN').map((c) => c.code),
    ['a1'],
  );
  assert.deepEqual(
    findCanned(all, 'hk', 'zh-CN').map((c) => c.code),
    ['a3'],
  );
});

test('a reply is found in both ways of writing it', () => {
  const titles = ['退貨流程', '開立發票', '退款进度', '𠮷龍'];
  const all = titles.map(
    (title) =>
      ({
        key: title,
        code: title === '𠮷龍' ? '查訂單' : 'x',
        initials: '',
        title,
        text: `關於${title}`,
        lang: '',
        folder: '',
      }) as Canned,
  );
  const found = (query: string) => findCanned(all, query, 'zh-TW').map((c) => c.title);
  assert.deepEqual(found('退货'), []);
  knowForms({
    貨: '货',
    開: '开',
    發: '发',
    髮: '发',
    進: '进',
    關: '关',
    於: '于',
    龍: '龙',
    訂: '订',
    單: '单',
    '\uf9c4': '龙',
  });
  const rows: [string, string[]][] = [
    ['退货', ['退貨流程']],
    ['退貨', ['退貨流程']],
    ['开立 发票', ['開立發票']],
    ['髮票', ['開立發票']],
    ['退款進度', ['退款进度']],
    ['𠮷龙', ['𠮷龍']],
    ['\uf9c4', ['𠮷龍']],
    ['关于退款', ['退款进度']],
    ['货退', []],
    ['查询', []],
    ['查訂', ['𠮷龍']],
  ];
  for (const [query, titles] of rows) assert.deepEqual(found(query), titles, query);
  knowForms({});
});
