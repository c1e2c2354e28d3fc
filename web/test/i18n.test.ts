import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { choose, type Dict, langOf, match, say, translator } from '../core/i18n';

// From the packages of web/, wherever this bundle lies.
const need = createRequire(join(WEB_DIR, 'package.json'));
const { build } = need('esbuild') as typeof import('esbuild');
const { Converter } = need('opencc-js') as {
  Converter(options: { from: string; to: string }): (text: string) => string;
};

const root = join(WEB_DIR, 'i18n');

function folders(dir: string): string[] {
  const inner = readdirSync(dir).filter((f) => statSync(join(dir, f)).isDirectory());
  const own = readdirSync(dir).includes('zh-CN.ts') ? [dir] : [];
  return [...own, ...inner.flatMap((f) => folders(join(dir, f)))];
}

async function load(file: string): Promise<Dict> {
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    format: 'esm',
    charset: 'utf8',
  });
  const module = (await import(`data:text/javascript,${encodeURIComponent(outputFiles[0]!.text)}`)) as Record<
    string,
    Dict
  >;
  return Object.values(module)[0]!;
}

const texts = (d: Dict, key: string): string[] => {
  const v = d[key]!;
  return typeof v === 'string' ? [v] : [v.one, v.other];
};
const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!).sort();

/** Of one thing one word, in each language; these are others of it. */
const OTHER_WORDS: readonly [lang: string, other: string, ours: string][] = [
  ['zh-TW', '渠道', '管道'],
  ['zh-CN', '管道', '渠道'],
  ['zh-CN', '相关质检', '评分'],
  ['zh-TW', '相關質檢', '評分'],
];

test('a thing is called by one word everywhere', async () => {
  for (const dir of folders(root))
    for (const [lang, other, ours] of OTHER_WORDS) {
      const d = await load(join(dir, `${lang}.ts`));
      for (const key of Object.keys(d))
        for (const text of texts(d, key))
          assert.ok(!text.includes(other), `${dir} ${lang} ${key}: ${ours}, not ${other}`);
    }
});

for (const dir of folders(root)) {
  const name = dir.slice(root.length + 1) || '.';

  test(`${name}: the three languages have the same keys and placeholders, and no empty text`, async () => {
    const cn = await load(join(dir, 'zh-CN.ts'));
    for (const lang of ['zh-TW', 'en']) {
      const other = await load(join(dir, `${lang}.ts`));
      assert.deepEqual(Object.keys(other).sort(), Object.keys(cn).sort(), lang);
      for (const key of Object.keys(cn)) {
        const want = holes(texts(cn, key)[0]!);
        for (const text of texts(other, key)) {
          assert.ok(text.trim(), `${lang} ${key} is empty`);
          assert.deepEqual(holes(text), want, `${lang} ${key}`);
        }
      }
    }
  });

  test(`${name}: zh-TW has no Simplified characters and no mainland words`, async () => {
    const toTraditional = Converter({ from: 'cn', to: 't' });
    const tw = await load(join(dir, 'zh-TW.ts'));
    // Characters that are right in both, though OpenCC would write them otherwise.
    const fine = new Set(
      '台里后面只干系制复回向占出布松卷斗谷丑几余采游群峰床秘托致沈吃才里么于家准胡千佣签症注范抬荐据托岩郁征周云采志',
    );
    const mainland = [
      '在线',
      '发送',
      '文件夹',
      '信息',
      '网络',
      '软件',
      '默认',
      '链接',
      '视频',
      '短信',
      '鼠标',
      '屏幕',
      '搜索',
      '登录',
    ];
    for (const key of Object.keys(tw)) {
      for (const text of texts(tw, key)) {
        for (const ch of text) {
          if (fine.has(ch)) continue;
          assert.equal(toTraditional(ch), ch, `${key}: ${ch} in ${text}`);
        }
        for (const word of mainland) assert.ok(!text.includes(word), `${key}: ${word} in ${text}`);
      }
    }
  });

  test(`${name}: zh-CN has no Traditional characters`, async () => {
    const toSimplified = Converter({ from: 't', to: 'cn' });
    const cn = await load(join(dir, 'zh-CN.ts'));
    for (const key of Object.keys(cn)) {
      for (const text of texts(cn, key)) {
        for (const ch of text) assert.equal(toSimplified(ch), ch, `${key}: ${ch} in ${text}`);
      }
    }
  });
}

test('browsers of Hong Kong and Macau read zh-TW, other Chinese zh-CN', () => {
  const rows: [string, string | undefined][] = [
    ['zh', 'zh-CN'],
    ['zh-CN', 'zh-CN'],
    ['zh-SG', 'zh-CN'],
    ['zh-Hans-HK', 'zh-CN'],
    ['zh-TW', 'zh-TW'],
    ['zh_HK', 'zh-TW'],
    ['zh-Hant', 'zh-TW'],
    ['ZH-MO', 'zh-TW'],
    ['en-GB', 'en'],
    ['fr', undefined],
    ['', undefined],
  ];
  for (const [tag, want] of rows) assert.equal(match(tag), want, tag);
  assert.equal(choose(undefined, null, ['fr', 'zh-HK', 'en']), 'zh-TW');
  assert.equal(choose('fr', ['de']), 'en');
});

test('placeholders are filled, plurals follow the number, unknown ones stay', () => {
  assert.equal(say('{a} {b}', 'en', { a: 1 }), '1 {b}');
  const forms = { one: '{n} message', other: '{n} messages' };
  assert.equal(say(forms, 'en', { n: 1 }), '1 message');
  assert.equal(say(forms, 'en', { n: 0 }), '0 messages');
  const t = translator(
    { 'zh-CN': { hi: '你好，{name}' }, 'zh-TW': { hi: '您好，{name}' }, en: { hi: 'Hi {name}' } },
    () => 'en',
  );
  assert.equal((t as (key: string, values: object) => string)('hi', { name: 'Li' }), 'Hi Li');
});

test('a text has the glyphs of its own language', () => {
  assert.equal(langOf('请问这个怎么退货'), 'zh-CN');
  assert.equal(langOf('請問這個怎麼退貨'), 'zh-TW');
  assert.equal(langOf('你好'), undefined);
  assert.equal(langOf('hello'), undefined);
  assert.equal(langOf('これは見積もりです'), 'ja');
  assert.equal(langOf('你好', 'zh-TW'), 'zh-TW');
});
