import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cardOf, codePoints, fileSize, oneLine, safeHref, tokenize } from '../core/text';

const shown = (text: string) =>
  tokenize(text)
    .map((t) => (t.type === 'link' ? `[${t.text}]` : t.type === 'break' ? '⏎' : t.text))
    .join('');

test('addresses end where a reader sees their end', () => {
  const rows: [string, string][] = [
    ['https://example.com', '[https://example.com]'],
    ['看这里：https://example.com/a。谢谢', '看这里：[https://example.com/a]。谢谢'],
    ['（https://example.com/a）', '（[https://example.com/a]）'],
    ['《https://example.com》', '《[https://example.com]》'],
    ['https://example.com，或者', '[https://example.com]，或者'],
    ['请看https://example.com谢谢', '请看[https://example.com]谢谢'],
    ['https://example.com/wiki/装修 好', '[https://example.com/wiki/装修] 好'],
    ['see https://example.com/a.', 'see [https://example.com/a].'],
    ['(https://example.com/a_(b))', '([https://example.com/a_(b)])'],
    ['"https://example.com/a"', '"[https://example.com/a]"'],
    ['<https://example.com/a>', '<[https://example.com/a]>'],
    ['https://example.com/?q=1&r=2#x', '[https://example.com/?q=1&r=2#x]'],
    ['www.example.com/a', '[www.example.com/a]'],
    ['mailto:a@example.com', '[mailto:a@example.com]'],
    ['a\nb\r\nc', 'a⏎b⏎c'],
    ['https://example.com/\u202egnp.exe', '[https://example.com/]\u202egnp.exe'],
    ['https://example.com\u200b/x', '[https://example.com]\u200b/x'],
  ];
  for (const [text, want] of rows) assert.equal(shown(text), want);
});

test('nothing but http, https and mailto is an address', () => {
  const rows = [
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'http://',
    'https://',
    'https://user:pass@example.com',
    'https://bank.example@evil.example/',
    'www.',
    'mailto:',
    'foohttps://example.com',
    'http://com',
  ];
  for (const text of rows) assert.equal(shown(text), text);
});

test('an address without scheme becomes https', () => {
  assert.equal(safeHref('www.example.com'), 'https://www.example.com/');
});

test('no text is lost, and hostile text takes no time', () => {
  const rows = [
    'a'.repeat(4096),
    'http://'.repeat(600),
    'https://a.b/' + '('.repeat(4000),
    'https://a.b/' + ')'.repeat(4000),
    'www.'.repeat(1000),
    '<img src=x onerror=alert(1)>',
    '👨‍👩‍👧‍👦'.repeat(300),
  ];
  for (const text of rows) {
    const from = performance.now();
    const joined = tokenize(text)
      .map((t) => (t.type === 'break' ? '\n' : t.text))
      .join('');
    assert.equal(joined, text);
    assert.ok(performance.now() - from < 200);
  }
});

test('counts as the server does', () => {
  assert.equal(codePoints('你好'), 2);
  assert.equal(codePoints('👍🏽'), 2);
  assert.equal(codePoints(''), 0);
});

test('a card is a title, words, and where it leads; all else stays a text', () => {
  assert.deepEqual(cardOf('下单\n七折\nminiprogram:wx12/pages/a.html'), {
    title: '下单',
    words: '七折',
    href: 'miniprogram:wx12/pages/a.html',
    host: '',
  });
  assert.deepEqual(cardOf('退货说明\n七天\n运费\nhttps://Shop.example:444/r?a=1#top'), {
    title: '退货说明',
    words: '七天\n运费',
    href: 'https://shop.example:444/r?a=1#top',
    host: 'shop.example:444',
  });
  assert.equal(cardOf('R\nhttp://shop.example')?.words, '');
  assert.equal(cardOf('R\nhttps://bücher.example/')?.host, 'xn--bcher-kva.example');
  const texts = [
    '',
    'R',
    'https://shop.example/',
    '\nhttps://shop.example/',
    'R\nsee https://shop.example/',
    'R\nhttps://shop.example/\n',
    'R\njavascript:alert(1)',
    'R\ndata:text/html,x',
    'R\nmailto:a@shop.example',
    'R\nhttps://bank.example@evil.example/',
    'R\nhttps://a b.example/',
  ];
  for (const text of texts) assert.equal(cardOf(text), undefined, text);
});

test('one line has no breaks and no tricks of direction', () => {
  assert.equal(oneLine('a\n\tb\u202ec '), 'a b c');
});

test('file sizes are short', () => {
  assert.deepEqual([0, 1023, 1024, 1536, 345678, 10 * 1024 * 1024, 5e9].map(fileSize), [
    '0 B',
    '1023 B',
    '1 KB',
    '1.5 KB',
    '338 KB',
    '10 MB',
    '4.7 GB',
  ]);
});
