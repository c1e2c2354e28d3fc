// Builds the pages into a folder: bundles, hashed names, .gz and .br beside each file, and manifest.json that embed.mjs turns into C.
// The same sources give the same bytes, whatever the machine and the time.
//
//   node build.mjs --out DIR [--watch]     the pages
//   node build.mjs --tests DIR             the unit tests as bundles for `node --test`; they look at the pages in DIR/../web
import * as esbuild from 'esbuild';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, watch as watchFolder, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const web = dirname(fileURLToPath(import.meta.url));

// One entry per interface; an interface without its entry is left out. The widget runs on the phones of strangers, hence the older targets.
const OLD = ['chrome86', 'firefox91', 'safari15'];
const NEW = ['chrome100', 'firefox104', 'safari15.4'];
const STAFF = [
  // What few agents open in a day brings its style along.
  { name: 'console', path: '/console/', entry: 'console/main.tsx', later: 'review/Mine.tsx' },
  { name: 'review', path: '/review/', entry: 'review/main.tsx' },
  { name: 'admin', path: '/admin/', entry: 'admin/main.tsx' },
];
const CHAT = {
  name: 'chat',
  path: '/chat/',
  entry: 'widget/main.tsx',
  later: 'widget/parts.tsx',
  words: { 'zh-TW': 'widget/words-zh-TW.ts', en: 'widget/words-en.ts' },
  // Lighter ones than the kit's.
  swap: {
    '@preact/signals': 'widget/signals.ts',
    'kit/i18n': 'widget/i18n.ts',
  },
};
const LOADER = { entry: 'loader/loader.ts', style: 'loader/loader.css' };

const TYPES = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

// `import { X } from 'lucide'` names an index of two thousand files; only those that somebody names are read. What one source alone names comes
// with that source; an index that all share would bring every page the icons of every other.
const icons = {
  name: 'icons',
  setup(b) {
    const home = join(web, 'node_modules/lucide/dist/esm');
    let files, named, shared; // name → file, source → its names, those of several sources
    const read = () => {
      files = new Map(
        [
          ...readFileSync(join(home, 'lucide.mjs'), 'utf8').matchAll(/export \{([^}]*)\} from '(\.\/icons\/[^']*)'/g),
        ].flatMap(([, names, file]) => names.split(',').map((n) => [n.trim().replace('default as ', ''), file])),
      );
      named = new Map(sources(web).map((source) => [source, iconsOf(source).filter((n) => files.has(n))]));
      const all = [...named.values()].flat();
      shared = [...new Set(all.filter((n, i) => all.indexOf(n) !== i))].sort();
    };
    b.onStart(read);
    b.onResolve({ filter: /^lucide$/ }, ({ importer }) => ({ path: importer, namespace: 'icons', sideEffects: false }));
    b.onResolve({ filter: /^lucide-shared$/ }, () => ({ path: 'shared', namespace: 'icons', sideEffects: false }));
    b.onLoad({ filter: /./, namespace: 'icons' }, ({ path }) => {
      const own = named.get(path)?.filter((n) => !shared.includes(n)) ?? [];
      const others = named.get(path)?.filter((n) => shared.includes(n)) ?? [];
      const lines = (named.has(path) ? own : shared).map((n) => `export { default as ${n} } from '${files.get(n)}';`);
      if (others.length > 0) lines.push(`export { ${others.join(', ')} } from 'lucide-shared';`);
      return { contents: lines.join('\n'), resolveDir: home };
    });
  },
};

function iconsOf(source) {
  return [...readFileSync(source, 'utf8').matchAll(/import \{([^}]*)\} from 'lucide'/g)]
    .flatMap(([, names]) => names.split(','))
    .map((n) => n.trim().split(' as ')[0])
    .filter((n) => n && !n.startsWith('type '));
}

function sources(dir) {
  return readdirSync(dir, { withFileTypes: true })
    .filter((f) => f.name !== 'node_modules')
    .flatMap((f) => (f.isDirectory() ? sources(join(dir, f.name)) : /\.tsx?$/.test(f.name) ? [join(dir, f.name)] : []));
}

const COMMON = {
  plugins: [icons],
  absWorkingDir: web,
  bundle: true,
  write: false,
  minify: true,
  format: 'esm',
  charset: 'utf8',
  legalComments: 'none',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  // Chrome before 91 stumbles over a spread inside an optional call only, which we do not write.
  supported: { 'optional-chain': true },
  logLevel: 'warning',
  outdir: '/',
  loader: { '.css': 'empty' },
  define: { 'process.env.NODE_ENV': '"production"' },
};

const hash = (bytes) => createHash('sha256').update(bytes).digest('base64url').slice(0, 10);
const fromRoot = (f) => '/' + relative('/', resolve('/', f));

async function one(entry, options) {
  const made = await esbuild.build({ ...COMMON, entryPoints: [entry], metafile: true, ...options });
  return { bytes: made.outputFiles[0].contents, text: made.outputFiles[0].text, meta: made.metafile };
}

// The style sheet of an entry: of all that it reaches, lazy parts included, but for what another sheet already has.
async function styles(name, target, entry, meta, without = new Set(), later = undefined) {
  const found = new Set();
  const seen = new Set();
  const walk = (file) => {
    if (seen.has(file)) return;
    seen.add(file);
    if (file.endsWith('.css') && !without.has(file)) found.add(file);
    for (const i of meta.inputs[file]?.imports ?? []) if (i.path !== later) walk(i.path);
  };
  walk(entry);
  const made = await esbuild.build({
    ...COMMON,
    target,
    loader: {},
    stdin: { contents: [...found].map((f) => `@import './${f}';`).join('\n'), loader: 'css', resolveDir: web },
  });
  const bytes = made.outputFiles[0].contents;
  return { path: `/assets/${name}-${hash(bytes)}.css`, bytes, found };
}

// The page around an entry. External script and style only: the policy allows nothing else.
function html({ script, sheet, shared = [], named = {} }) {
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
    ...(sheet ? [`<link rel="stylesheet" href="${sheet}">`] : []),
    ...shared.map((f) => `<link rel="modulepreload" href="${f}">`),
    ...Object.entries(named).map(([name, path]) => `<meta name="${name}" content="${path}">`),
    `<script type="module" src="${script}"></script>`,
    '</head>',
    '<body></body>',
    '</html>',
    '',
  ].join('\n');
}

// The pages of the staff: one graph, its routes as lazy chunks.
async function buildStaff(put, watch, loader) {
  const pages = STAFF.filter((p) => existsSync(join(web, p.entry)));
  if (!pages.length) return [];
  const made = await esbuild.build({
    ...COMMON,
    target: NEW,
    entryPoints: Object.fromEntries(pages.map((p) => [p.name, p.entry])),
    splitting: true,
    metafile: true,
    sourcemap: watch && 'inline',
    entryNames: 'assets/[name]-[hash]',
    chunkNames: 'assets/part-[hash]',
  });
  for (const f of made.outputFiles) put(fromRoot(f.path), f.contents, true);
  return Promise.all(
    pages.map(async (p) => {
      const [script] = Object.entries(made.metafile.outputs).find(([, o]) => o.entryPoint === p.entry);
      const shared = [...reach(made.metafile, script)].map(fromRoot);
      const sheet = await styles(p.name, NEW, p.entry, made.metafile, undefined, p.later);
      put(sheet.path, sheet.bytes, true);
      const more = p.later && (await styles(`${p.name}-later`, NEW, p.later, made.metafile, sheet.found));
      if (more) put(more.path, more.bytes, true);
      // The settings pages say how to embed the chat.
      const named = { ...(p.name === 'admin' ? loader : {}), ...(more ? { 'later-style': more.path } : {}) };
      put(p.path, html({ script: fromRoot(script), sheet: sheet.path, shared, named }), false);
      return { page: p.path, first: [p.path, sheet.path, fromRoot(script), ...shared], later: [] };
    }),
  );
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

// The widget: a page and one script, its style inside, until it is needed nothing else; then a second bundle, which takes from the first
// what both use. (esbuild's own splitting would move that into a third file: one more request before the chat can be used.) The first
// exports exactly what the second asks for, under short names. Each further language is a file.
async function buildChat(put, watch) {
  const common = { target: OLD, sourcemap: watch && 'inline' };
  const standIn = (path, dir) => CHAT.swap[path] ?? CHAT.swap[relative(web, resolve(dir, path))];
  const swap = {
    name: 'swap',
    setup(b) {
      b.onResolve({ filter: /./ }, ({ path, resolveDir }) => {
        const other = standIn(path, resolveDir);
        return other && { path: join(web, other) };
      });
    },
  };
  const probe = await one(CHAT.entry, { ...common, plugins: [swap, icons] });
  const first = new Set(Object.keys(probe.meta.inputs).filter((f) => !/node_modules\/lucide|\.css$/.test(f)));
  const graph = {}; // of the later parts, with their style sheets
  const take = {
    name: 'take',
    setup(b) {
      b.onResolve({ filter: /./ }, async ({ path, kind, resolveDir, importer, pluginData }) => {
        if (pluginData === 'asked' || kind === 'entry-point') return undefined;
        const other = standIn(path, resolveDir);
        const found = other
          ? { path: join(web, other) }
          : await b.resolve(path, { kind, importer, resolveDir, pluginData: 'asked' });
        const file = relative(web, found.path);
        return first.has(file) ? { path: `first:${file}`, external: true } : found;
      });
    },
  };
  const later = await one(CHAT.later, { ...common, plugins: [take, icons] });
  Object.assign(graph, later.meta);
  const exported = new Map();
  const text = later.text.replace(/import\s*([^"]+?)\s*from\s*"first:([^"]+)"/g, (_all, what, file) => {
    if (!what.startsWith('{')) throw new Error(`${CHAT.later}: import names from ${file}, not all of it`);
    const names = what.slice(1, -1).split(',');
    const taken = names.map((n) => {
      const [name, as = name] = n.trim().split(/\s+as\s+/);
      const line = `{ ${name} } from ${file}`;
      if (!exported.has(line)) exported.set(line, `export { ${name} as x${exported.size} } from './${file}';`);
      return `x${[...exported.keys()].indexOf(line)} as ${as}`;
    });
    return `import{${taken}}from"first:"`;
  });

  const sheet = await styles(CHAT.name, OLD, CHAT.entry, probe.meta);
  const main = await esbuild.build({
    ...COMMON,
    ...common,
    plugins: [swap, icons],
    define: {
      ...COMMON.define,
      PAGE_CSS: JSON.stringify(Buffer.from(sheet.bytes).toString().trim()),
      PAGE_CSS_PATH: JSON.stringify(sheet.path),
    },
    stdin: { contents: [`import './${CHAT.entry}';`, ...exported.values()].join('\n'), loader: 'ts', resolveDir: web },
  });
  const script = `/assets/${CHAT.name}-${hash(main.outputFiles[0].contents)}.js`;
  const rest = Buffer.from(text.replaceAll('"first:"', JSON.stringify(script)));
  const laterSheet = await styles(`${CHAT.name}-later`, OLD, CHAT.later, graph, sheet.found);
  const named = { 'later-script': `/assets/${CHAT.name}-later-${hash(rest)}.js`, 'later-style': laterSheet.path };
  put(script, main.outputFiles[0].contents, true);
  put(sheet.path, sheet.bytes, true); // for browsers in which a script cannot make a sheet
  put(named['later-script'], rest, true);
  put(laterSheet.path, laterSheet.bytes, true);
  for (const [lang, entry] of Object.entries(CHAT.words)) {
    const { bytes } = await one(entry, common);
    named[`words-${lang}`] = `/assets/${CHAT.name}-${lang}-${hash(bytes)}.js`;
    put(named[`words-${lang}`], bytes, true);
  }
  put(CHAT.path, html({ script, named }), false);
  return [{ page: CHAT.path, first: [CHAT.path, script], later: Object.values(named) }];
}

// The loader carries its style as text; the same style stands beside it for browsers in which a script cannot make a sheet.
async function buildLoader(put) {
  const css = (await one(LOADER.style, { target: OLD, loader: {} })).bytes;
  const cssPath = `/assets/loader-${hash(css)}.css`;
  const { text } = await one(LOADER.entry, {
    target: OLD,
    format: 'iife',
    define: {
      ...COMMON.define,
      KEFU_SITE: '__KEFU_SITE__',
      LOADER_CSS: JSON.stringify(Buffer.from(css).toString().trim()),
      LOADER_CSS_PATH: JSON.stringify(cssPath),
    },
  });
  const pieces = text.split('__KEFU_SITE__');
  if (pieces.length !== 2) throw new Error('the loader must name KEFU_SITE exactly once');
  const bytes = Buffer.from(pieces.join('/*KEFU_SITE*/null'));
  put(cssPath, css, true);
  put('/widget.js', bytes, false);
  const path = `/assets/loader-${hash(bytes)}.js`;
  put(path, bytes, true);
  return { loader: path, 'loader-integrity': `sha384-${createHash('sha384').update(bytes).digest('base64')}` };
}

// Writes a file and its compressed forms; says what the daemon must know of it.
function write(out, path, { bytes, immutable }) {
  const file = path.endsWith('/') ? path + 'index.html' : path;
  const squeezed = {
    gz: gzipSync(bytes, { level: 9 }),
    br: brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
  };
  mkdirSync(join(out, dirname(file)), { recursive: true });
  writeFileSync(join(out, file), bytes);
  const type = TYPES[file.split('.').pop()] ?? 'application/octet-stream';
  const asset = { path, file: file.slice(1), type, etag: hash(bytes), immutable, size: bytes.length };
  for (const [ext, b] of Object.entries(squeezed)) {
    asset[ext] = b.length < bytes.length ? b.length : 0; // 0: not worth it, no file
    if (asset[ext]) writeFileSync(join(out, `${file}.${ext}`), b);
  }
  return asset;
}

async function build(out, watch) {
  const files = new Map(); // path → { bytes, immutable }
  const put = (path, bytes, immutable) => files.set(path, { bytes: Buffer.from(bytes), immutable });
  const loader = await buildLoader(put);
  const pages = [...(await buildChat(put, watch)), ...(await buildStaff(put, watch, loader))];
  rmSync(out, { recursive: true, force: true });
  const assets = [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, file]) => write(out, path, file));
  writeFileSync(join(out, 'manifest.json'), JSON.stringify({ assets, pages }, null, 1) + '\n');
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
    define: { ...COMMON.define, PAGES_DIR: JSON.stringify(join(out, '..', 'web')), WEB_DIR: JSON.stringify(web) },
  });
}

function fail(why) {
  process.stderr.write(`build.mjs: ${why}\n`);
  process.exit(2);
}

function option(name) {
  const i = process.argv.indexOf(name);
  return i < 0 ? undefined : resolve(process.argv[i + 1] ?? fail(`${name} needs a folder`));
}

const out = option('--out');
const tests = option('--tests');
const watching = process.argv.includes('--watch');
if (!out && !tests) fail('usage: node build.mjs [--out DIR [--watch]] [--tests DIR]');
if (out) await build(out, watching);
if (tests) await buildTests(tests);
if (out && watching) {
  let timer;
  watchFolder(web, { recursive: true }, (_event, file) => {
    if (!file || file.startsWith('node_modules')) return;
    clearTimeout(timer);
    timer = setTimeout(() => build(out, true).catch((e) => process.stderr.write(`${e.message}\n`)), 60);
  });
}
