// What was built: the sizes that the pages may have, and what the policy lets them hold.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { newCid } from '../core/wire';

interface Asset {
  path: string;
  file: string;
  type: string;
  immutable: boolean;
  size: number;
  gz: number;
  br: number;
}
const { assets, pages } = JSON.parse(readFileSync(join(PAGES_DIR, 'manifest.json'), 'utf8')) as {
  assets: Asset[];
  pages: { page: string; first: string[]; later: string[] }[];
};
const gz = (path: string) => {
  const a = assets.find((x) => x.path === path);
  assert.ok(a, path);
  return a.gz || a.size;
};
const sum = (paths: string[]) => paths.reduce((n, p) => n + gz(p), 0);
const page = (path: string) => pages.find((p) => p.page === path);
const KB = 1024;

test('the loader is within 3 KB', () => {
  assert.ok(gz('/widget.js') <= 3 * KB, `${gz('/widget.js')} bytes`);
});

test('the first look at the chat is within 22 KB and, with the loader, 4 requests; all of it within 60 KB', () => {
  const chat = page('/chat/')!;
  assert.ok(sum(chat.first) <= 22 * KB, `${sum(chat.first)} bytes`);
  // Page and script; a further language is one more.
  assert.ok(chat.first.length + 1 + 1 <= 4);
  const all = sum([...chat.first, ...chat.later]) + gz('/widget.js');
  assert.ok(all <= 60 * KB, `${all} bytes`);
});

test('the first route of the staff is within 90 KB, each lazy one within 40', () => {
  for (const { page: path, first } of pages) {
    if (path === '/chat/') continue;
    assert.ok(sum(first) <= 90 * KB, `${path}: ${sum(first)} bytes`);
  }
  const first = new Set(pages.flatMap((p) => [...p.first, ...p.later]));
  for (const a of assets) {
    if (!first.has(a.path) && a.path.includes('/part-'))
      assert.ok(gz(a.path) <= 40 * KB, `${a.path}: ${gz(a.path)} bytes`);
  }
});

test('all pages together are within 400 KB', () => {
  assert.ok(sum(assets.map((a) => a.path)) <= 400 * KB);
});

test('compressed forms hold the same bytes', () => {
  for (const a of assets) {
    const raw = readFileSync(join(PAGES_DIR, a.file));
    assert.equal(raw.length, a.size);
    if (a.gz) assert.ok(gunzipSync(readFileSync(join(PAGES_DIR, `${a.file}.gz`))).equals(raw));
    if (a.br) assert.ok(brotliDecompressSync(readFileSync(join(PAGES_DIR, `${a.file}.br`))).equals(raw));
  }
});

test('pages hold no inline script or style, and name only files that are there', () => {
  const known = new Set(assets.map((a) => a.path));
  for (const { page: path } of pages) {
    const text = readFileSync(join(PAGES_DIR, path, 'index.html'), 'utf8');
    assert.doesNotMatch(text, /<style|style=|<script(?![^>]*\bsrc=)|\son\w+=/i);
    for (const [, url] of text.matchAll(/"(\/assets\/[^"]+)"/g)) assert.ok(known.has(url!), url);
  }
});

test('names with a hash are immutable, all others are not', () => {
  for (const a of assets) assert.equal(a.immutable, a.path.startsWith('/assets/'), a.path);
});

test('no script makes markup from text or evaluates it', () => {
  for (const a of assets.filter((x) => x.path.endsWith('.js'))) {
    const text = readFileSync(join(PAGES_DIR, a.file), 'utf8');
    // Preact's own property for raw markup is there in name; nobody passes it.
    const own = text.replace(/dangerouslySetInnerHTML/g, '').replace(/\.innerHTML\b/g, '');
    assert.doesNotMatch(own, /\beval\(|new Function\(|document\.write|insertAdjacentHTML|\.outerHTML/, a.path);
  }
});

test('only opacity and transform move, for 180 ms at most, and nothing goes on for ever but typing dots', () => {
  const times = { '--fast': '120ms', '--slow': '180ms' } as Record<string, string>;
  let moves = 0;
  for (const a of assets.filter((x) => x.path.endsWith('.css'))) {
    const css = readFileSync(join(PAGES_DIR, a.file), 'utf8').replace(
      /var\((--\w+)\)/g,
      (all, name: string) => times[name] ?? all,
    );
    for (const [, name, frames] of css.matchAll(/@keyframes ([\w-]+)\{((?:[^{}]*\{[^{}]*\})*)\}/g))
      for (const [, property] of frames!.matchAll(/[{;]([\w-]+):/g))
        assert.match(property!, /^(opacity|transform)$/, `${a.path}: ${name}`);
    for (const [rule, kind, value] of css.matchAll(/[{;](transition|animation):([^;}]+)/g)) {
      if (value === 'none!important') continue;
      moves++;
      if (kind === 'transition') assert.match(value!, /^(opacity|transform) /, `${a.path}: ${rule}`);
      if (kind === 'animation' && /\bdot\b/.test(value!)) continue;
      assert.doesNotMatch(value!, /infinite/, `${a.path}: ${rule}`);
      const [, n, unit] = /([\d.]+)(ms|s)\b/.exec(value!) ?? assert.fail(`${a.path}: ${rule} says no time`);
      assert.ok(Number(n) * (unit === 's' ? 1000 : 1) <= 180, `${a.path}: ${rule}`);
    }
  }
  assert.ok(moves > 5);
});

test('the loader has one place for the site, and says nothing else of a host', () => {
  const text = readFileSync(join(PAGES_DIR, 'widget.js'), 'utf8');
  assert.equal(text.split('/*KEFU_SITE*/null').length, 2);
  assert.doesNotMatch(text, /https?:\/\/(?!www\.w3\.org)/);
  assert.ok(assets.some((a) => /^\/assets\/loader-.*\.js$/.test(a.path)));
});

test('every page of a site is there', () => {
  for (const path of ['/chat/', '/console/', '/review/', '/admin/']) {
    if (existsSync(join(WEB_DIR, path === '/chat/' ? 'widget' : path, 'main.tsx'))) assert.ok(page(path), path);
  }
});

test('ids of frames are what the wire allows, and never twice the same', () => {
  const seen = new Set<string>();
  for (let i = 0; i < 10_000; i++) {
    const cid = newCid();
    assert.match(cid, /^[A-Za-z0-9_-]{1,64}$/);
    seen.add(cid);
  }
  assert.equal(seen.size, 10_000);
});
