// han.mjs: prints han.def, the characters that are written in several ways. `make han` writes the file, `make lint` compares it.
//
// What is one is told by the OpenCC dictionaries of opencc-js (traditional and simplified, the standards of Taiwan and Hong Kong), by Unicode
// (compatibility ideographs) and by the pairs below. Japanese forms stay as they are.
import { readFileSync } from 'node:fs';

const DICT = new URL('../../web/node_modules/opencc-js/dist/esm-lib/dict/', import.meta.url);

// Where a dictionary would need the word around it, or keeps to one standard: who searches means both.
const ALSO = '瞭了 甚什 覆复 藉借 衹只 祇只 賬帳 妳你 牠它 揹背 鍊链';

const COMPATIBILITY = [
  [0xf900, 0xfaff],
  [0x2f800, 0x2fa1f],
];

const parent = new Map();
const size = new Map();
const point = (c) => c.codePointAt(0);
const inTable = (c) => point(c) >= 0x3400 && point(c) <= 0x9fff;

function root(c) {
  for (let up; (up = parent.get(c)); ) c = up;
  return c;
}

/** From now on they are one. What stands for it is of the table if it can be, then that of more characters or, `always` or of as many, b's. */
function join(a, b, always = false) {
  const [x, y] = [root(a), root(b)];
  const [nx, ny] = [size.get(x) ?? 1, size.get(y) ?? 1];
  if (x === y) return;
  const kept = inTable(x) !== inTable(y) ? (inTable(x) ? x : y) : nx > ny && !always ? x : y;
  parent.set(kept === x ? y : x, kept);
  size.set(kept, nx + ny);
}

function dictionary(name) {
  const text = readFileSync(new URL(`${name}.js`, DICT), 'utf8');
  return text.slice(text.indexOf('"') + 1, text.lastIndexOf('"')).split('|').map((line) => line.split(' '));
}

for (const [traditional, simplified] of dictionary('TSCharacters')) join(traditional, simplified, true);
for (const [simplified, traditional] of dictionary('STCharacters')) join(traditional, simplified);
for (const name of ['TWVariants', 'HKVariants']) for (const [standard, local] of dictionary(name)) join(local, standard);
for (const [a, b] of ALSO.split(' ').map((pair) => [...pair])) join(a, b);
for (const [from, to] of COMPATIBILITY)
  for (let i = from; i <= to; i++) {
    const c = String.fromCodePoint(i);
    if (c.normalize() !== c) join(c, c.normalize(), true);
  }

// Characters are shown where one sees which they are: a compatibility ideograph looks like what it is folded to.
const hex = (c) => `0x${point(c).toString(16)}`;
const shown = (c) => (inTable(c) ? `U'${c}'` : hex(c));
const all = [...parent.keys()].sort((a, b) => point(a) - point(b));
const put = (name, list, columns) => {
  for (let i = 0; i < list.length; i += columns)
    console.log(list.slice(i, i + columns).map((c) => `${name}(${shown(c)}, ${shown(root(c))})`).join(' '));
};

console.log('/* han.def: made by han.mjs. NEAR(from, to) and FAR(from, to), sorted by `from`: FAR is what lies outside U+3400 to U+9FFF. */');
put('NEAR', all.filter(inTable), 8);
put('FAR', all.filter((c) => !inTable(c)), 6);
