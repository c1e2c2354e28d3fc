// embed.mjs DIR: prints the manifest of a built folder as C. The bytes come in by .incbin, so the compiler never parses them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const dir = process.argv[2];
const { assets } = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8'));
const FORMS = [
  ['raw', 'size', ''],
  ['gzip', 'gz', '.gz'],
  ['brotli', 'br', '.br'],
];
const quoted = (s) => JSON.stringify(s); // paths and types are plain ASCII

const lines = ['#include "net/asset.h"', ''];
const symbols = [];
assets.forEach((a, i) => {
  for (const [form, key, ext] of FORMS) {
    if (!a[key]) continue;
    const name = `asset_${i}_${form}`;
    const file = join(dir, a.file + ext);
    symbols.push(name);
    lines.push(
      `__asm__(".section .rodata\\n.balign 16\\n${name}:\\n.incbin ${JSON.stringify(quoted(file)).slice(1, -1)}\\n.previous");`,
    );
  }
});
if (symbols.length)
  lines.push('', ...symbols.map((s) => `extern const char ${s}[] __attribute__((visibility("hidden")));`));
lines.push('', 'const struct asset assets[] = {');
assets.forEach((a, i) => {
  const slices = FORMS.map(([form, key]) => `.${form} = { ${a[key] ? `asset_${i}_${form}, ${a[key]}` : '0, 0'} }`);
  lines.push(
    `    { .path = ${quoted(a.path)}, .type = ${quoted(a.type)}, .etag = "\\"${a.etag}\\"", .immutable = ${a.immutable},`,
    `      ${slices.join(', ')} },`,
  );
});
lines.push('};', `const size_t n_assets = ${assets.length};`, '');
process.stdout.write(lines.join('\n'));
