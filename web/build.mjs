// Builds the pages into a folder: bundles, hashed names, .gz and .br beside each file, and manifest.json that embed.sh turns into C.
// The same sources give the same bytes, whatever the machine and the time.
//
//   node build.mjs --out DIR [--watch]     the pages
//   node build.mjs --tests DIR             the unit tests as bundles for `node --test`; they look at the pages in DIR/../web
import * as esbuild from 'esbuild';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const web = dirname(fileURLToPath(import.meta.url));

// One entry per interface; an interface without its entry is left out. The widget runs on the phones of strangers, hence the older targets.
const OLD = ['chrome86', 'firefox91', 'safari15'];
const NEW = ['chrome100', 'firefox104', 'safari15.4'];
const PAGES = [
  {
    name: 'chat',
    path: '/chat/',
    entry: 'widget/main.tsx',
    later: 'widget/parts.tsx', // a second bundle that takes from the first what both use
    swap: { '@preact/signals': 'widget/signals.ts', './Media': 'widget/Media.tsx' }, // lighter ones for the first
    target: OLD,
  },
  { name: 'console', path: '/console/', entry: 'console/main.tsx', target: NEW },
  { name: 'review', path: '/review/', entry: 'review/main.tsx', target: NEW },
  { name: 'admin', path: '/admin/', entry: 'admin/main.tsx', target: NEW },
];
const LOADER = { entry: 'loader/loader.ts', style: 'loader/loader.css', target: OLD };

const TYPES = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

const COMMON = {
  absWorkingDir: web,
  bundle: true,
  write: false,
  minify: true,
  format: 'esm',
  charset: 'utf8',
  legalComments: 'none',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  logLevel: 'warning',
  define: { 'process.env.NODE_ENV': '"production"' },
};

const hash = (bytes) => createHash('sha256').update(bytes).digest('base64url').slice(0, 10);

const fromRoot = (f) => '/' + relative('/', resolve('/', f));

// The pages of the staff: one graph, its routes as lazy chunks.
function bundle(pages, watch) {
  return esbuild.build({
    ...COMMON,
    target: pages[0].target,
    entryPoints: Object.fromEntries(pages.map((p) => [p.name, p.entry])),
    outdir: '/',
    splitting: true,
    metafile: true,
    sourcemap: watch ? 'inline' : false,
    entryNames: 'assets/[name]-[hash]',
    chunkNames: 'assets/part-[hash]',
    loader: { '.css': 'empty' },
  });
}

// The widget: two bundles, the second importing from the first. (esbuild's own splitting would move what both use into a third file,
// which is one more request before the chat can be used.) The first exports exactly what the second asks for, under short names.
async function bundlePair(page, watch) {
  const common = {
    ...COMMON,
    target: page.target,
    metafile: true,
    outdir: '/',
    loader: { '.css': 'empty' },
    sourcemap: watch ? 'inline' : false,
  };
  const stand = (path, resolveDir) =>
    page.swap[path] && resolveDir !== join(web, 'widget') ? join(web, page.swap[path]) : undefined;
  const swap = {
    name: 'swap',
    setup(b) {
      b.onResolve({ filter: /./ }, ({ path, resolveDir }) => ({ path: stand(path, resolveDir) }));
    },
  };
  const probe = await esbuild.build({ ...common, entryPoints: [page.entry], plugins: [swap] });
  const first = new Set(Object.keys(probe.metafile.inputs).filter((f) => !/node_modules\/lucide|\.css$/.test(f)));
  const take = {
    name: 'take',
    setup(b) {
      b.onResolve({ filter: /./ }, async ({ path, kind, resolveDir, importer, pluginData }) => {
        if (pluginData === 'asked' || kind === 'entry-point') return undefined;
        const found = await b.resolve(path === '@preact/signals' ? './signals' : path, {
          kind,
          importer,
          resolveDir: path === '@preact/signals' ? join(web, 'widget') : resolveDir,
          pluginData: 'asked',
        });
        const file = relative(web, found.path);
        return first.has(file) ? { path: `first:${file}`, external: true } : found;
      });
    },
  };
  const later = (await esbuild.build({ ...common, entryPoints: [page.later], plugins: [take] })).outputFiles[0].text;
  const exported = [];
  const named = later.replace(/import\s*([^"]+?)\s*from\s*"first:([^"]+)"/g, (_all, what, file) => {
    if (!what.startsWith('{')) throw new Error(`${page.later}: import names from ${file}, not all of it`);
    const names = what
      .slice(1, -1)
      .split(',')
      .map((one) => {
        const [name, as = name] = one.trim().split(/\s+as\s+/);
        exported.push(`export { ${name} as x${exported.length} } from './${file}';`);
        return `x${exported.length - 1} as ${as}`;
      });
    return `import{${names}}from"first:"`;
  });
  const made = await esbuild.build({
    ...common,
    stdin: { contents: [`import './${page.entry}';`, ...exported].join('\n'), loader: 'ts', resolveDir: web },
    plugins: [swap],
  });
  const script = `/assets/${page.name}-${hash(made.outputFiles[0].contents)}.js`;
  const rest = Buffer.from(named.replaceAll('"first:"', JSON.stringify(script)));
  return {
    script,
    first: made.outputFiles[0].contents,
    rest,
    restPath: `/assets/${page.name}-later-${hash(rest)}.js`,
    meta: probe.metafile,
  };
}

// One style sheet for a page, its lazy parts included: a part that arrives later finds its rules already there.
async function styles(name, target, entry, meta, without = new Set()) {
  const found = new Set();
  const seen = new Set();
  const walk = (file) => {
    if (seen.has(file)) return;
    seen.add(file);
    if (file.endsWith('.css') && !without.has(file)) found.add(file);
    for (const i of meta.inputs[file]?.imports ?? []) walk(i.path);
  };
  walk(entry);
  const made = await esbuild.build({
    ...COMMON,
    target,
    stdin: { contents: [...found].map((f) => `@import './${f}';`).join('\n'), loader: 'css', resolveDir: web },
    outdir: '/',
  });
  const [sheet] = made.outputFiles;
  return { path: `/assets/${name}-${hash(sheet.contents)}.css`, bytes: sheet.contents, found };
}

// The page around an entry. External script and style only: the policy allows nothing else.
function html(script, sheet, { shared = [], later } = {}) {
  return [
    '<!doctype html>',
    '<html lang="zh-CN">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content">',
    '<meta name="color-scheme" content="light dark">',
    '<meta name="format-detection" content="telephone=no">',
    '<title>kefud</title>',
    '<link rel="icon" href="data:,">',
    `<link rel="stylesheet" href="${sheet}">`,
    ...shared.map((f) => `<link rel="modulepreload" href="${f}">`),
    ...(later
      ? [`<meta name="later-script" content="${later.script}">`, `<meta name="later-style" content="${later.style}">`]
      : []),
    `<script type="module" src="${script}"></script>`,
    '</head>',
    '<body></body>',
    '</html>',
    '',
  ].join('\n');
}

export async function build(out, { watch = false } = {}) {
  const files = new Map(); // path → { bytes, immutable }
  const put = (path, bytes, immutable) => files.set(path, { bytes: Buffer.from(bytes), immutable });
  const sizes = [];

  const there = PAGES.filter((p) => existsSync(join(web, p.entry)));
  for (const p of there.filter((x) => x.later)) {
    const made = await bundlePair(p, watch);
    const sheet = await styles(p.name, p.target, p.entry, made.meta);
    const all = await esbuild.build({
      ...COMMON,
      entryPoints: [p.later],
      metafile: true,
      loader: { '.css': 'empty' },
      outdir: '/',
    });
    const laterSheet = await styles(`${p.name}-later`, p.target, p.later, all.metafile, sheet.found);
    put(made.script, made.first, true);
    put(made.restPath, made.rest, true);
    put(sheet.path, sheet.bytes, true);
    put(laterSheet.path, laterSheet.bytes, true);
    put(p.path, html(made.script, sheet.path, { later: { script: made.restPath, style: laterSheet.path } }), false);
    sizes.push({ page: p.path, first: [p.path, sheet.path, made.script], later: [laterSheet.path, made.restPath] });
  }
  const staff = there.filter((p) => !p.later);
  if (staff.length) {
    const made = await bundle(staff, watch);
    for (const f of made.outputFiles) put(fromRoot(f.path), f.contents, true);
    for (const p of staff) {
      const [script] = Object.entries(made.metafile.outputs).find(([, o]) => o.entryPoint === p.entry);
      const shared = [...reach(made.metafile, script)].map(fromRoot);
      const sheet = await styles(p.name, p.target, p.entry, made.metafile);
      put(sheet.path, sheet.bytes, true);
      put(p.path, html(fromRoot(script), sheet.path, { shared }), false);
      sizes.push({ page: p.path, first: [p.path, sheet.path, fromRoot(script), ...shared] });
    }
  }
  if (existsSync(join(web, LOADER.entry))) await putLoader(put);

  rmSync(out, { recursive: true, force: true });
  const assets = [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, { bytes, immutable }]) => {
      const file = path.endsWith('/') ? path + 'index.html' : path;
      const squeezed = {
        gz: gzipSync(bytes, { level: 9 }),
        br: brotliCompressSync(bytes, {
          params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
        }),
      };
      mkdirSync(join(out, dirname(file)), { recursive: true });
      writeFileSync(join(out, file), bytes);
      const asset = {
        path,
        file: file.slice(1),
        type: TYPES[file.split('.').pop()] ?? 'application/octet-stream',
        etag: hash(bytes),
        immutable,
        size: bytes.length,
      };
      for (const [ext, b] of Object.entries(squeezed)) {
        asset[ext] = b.length < bytes.length ? b.length : 0; // 0: not worth it, no file
        if (asset[ext]) writeFileSync(join(out, `${file}.${ext}`), b);
      }
      return asset;
    });
  writeFileSync(join(out, 'manifest.json'), JSON.stringify({ assets, pages: sizes }, null, 1) + '\n');
  return assets;
}

// The loader carries its style as text; the same style stands beside it for browsers that cannot take text.
async function putLoader(put) {
  const common = { ...COMMON, target: LOADER.target, outdir: '/' };
  const css = (await esbuild.build({ ...common, entryPoints: [LOADER.style] })).outputFiles[0].contents;
  const cssPath = `/assets/loader-${hash(css)}.css`;
  const made = await esbuild.build({
    ...common,
    entryPoints: [LOADER.entry],
    format: 'iife',
    define: {
      ...COMMON.define,
      KEFU_SITE: '__KEFU_SITE__',
      LOADER_CSS: JSON.stringify(Buffer.from(css).toString().trim()),
      LOADER_CSS_PATH: JSON.stringify(cssPath),
    },
  });
  const pieces = made.outputFiles[0].text.split('__KEFU_SITE__');
  if (pieces.length !== 2) throw new Error('the loader must name KEFU_SITE exactly once');
  const text = Buffer.from(pieces.join('/*KEFU_SITE*/null'));
  put(cssPath, css, true);
  put('/widget.js', text, false);
  put(`/assets/loader-${hash(text)}.js`, text, true);
}

// What the browser loads with an entry before anything is asked for lazily.
function reach(meta, file, seen = new Set()) {
  for (const i of meta.outputs[file].imports) {
    if (i.kind !== 'import-statement' || seen.has(i.path)) continue;
    seen.add(i.path);
    reach(meta, i.path, seen);
  }
  return seen;
}

// Every test/NAME.test.ts becomes one NAME.test.mjs.
async function buildTests(out) {
  rmSync(out, { recursive: true, force: true });
  await esbuild.build({
    ...COMMON,
    write: true,
    minify: false,
    platform: 'node',
    target: 'node18',
    entryPoints: readdirSync(join(web, 'test'))
      .filter((f) => f.endsWith('.test.ts'))
      .map((f) => join('test', f)),
    outdir: out,
    outExtension: { '.js': '.mjs' },
    loader: { '.css': 'empty' },
    define: {
      ...COMMON.define,
      PAGES_DIR: JSON.stringify(join(out, '..', 'web')),
      WEB_DIR: JSON.stringify(web),
    },
  });
}

function option(name) {
  const i = process.argv.indexOf(name);
  return i < 0 ? undefined : resolve(process.argv[i + 1] ?? fail(`${name} needs a folder`));
}

function fail(why) {
  process.stderr.write(`build.mjs: ${why}\n`);
  process.exit(2);
}

const out = option('--out');
const tests = option('--tests');
if (!out && !tests) fail('usage: node build.mjs [--out DIR [--watch]] [--tests DIR]');
if (out) await build(out, { watch: process.argv.includes('--watch') });
if (tests) await buildTests(tests);
if (out && process.argv.includes('--watch')) {
  const { watch } = await import('node:fs');
  let timer;
  watch(web, { recursive: true }, (_event, file) => {
    if (!file || file.startsWith('node_modules')) return;
    clearTimeout(timer);
    timer = setTimeout(() => build(out, { watch: true }).catch((e) => process.stderr.write(`${e.message}\n`)), 60);
  });
}
