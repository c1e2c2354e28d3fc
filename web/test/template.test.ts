// Wording with blanks, as it will be read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blanksOf, rendered } from '../core/template';

test('blanks are filled in by number, by name, and by the platform’s own keys', () => {
  const rows: [string, Record<string, string>, string][] = [
    ['您的订单 {{1}} 已{{2}}。', { '1': 'A-1', '2': '发货' }, '您的订单 A-1 已发货。'],
    ['{{2}} before {{1}}, {{ 1 }}', { '1': 'a', '2': 'b' }, 'b before a, a'],
    ['{{who}} at {{time}}', { who: '$&' }, '$& at {{time}}'],
    ['状态：{{phrase2.DATA}}', { phrase2: '好', url: 'https://a.example/' }, '状态：好\nhttps://a.example/'],
    ['see {{url}}', { url: 'https://a.example/' }, 'see https://a.example/'],
    ['nothing {1} {{-}}', {}, 'nothing {1} {{-}}'],
  ];
  for (const [text, values, said] of rows) assert.equal(rendered(text, values), said);
});

test('what is asked for stands in the order in which it is sent', () => {
  const rows: [string, string[]][] = [
    ['{{2}} {{10}} {{1}} {{2}}', ['1', '2', '10']],
    ['{{time}} {{who.DATA}} {{time}}', ['time', 'who']],
    ['none', []],
  ];
  for (const [text, names] of rows) assert.deepEqual(blanksOf(text), names);
});
