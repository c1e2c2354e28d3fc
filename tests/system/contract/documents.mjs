// documents.mjs: the two documents of the wire, and validators made of their schemas. A reader ignores members that it does not know; here a
// member that no schema names is a fault of the document or of the daemon, so every object is closed before it is compiled.
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { top } from './daemon.mjs';

export const openapi = parse(readFileSync(join(top, 'docs/openapi.yaml'), 'utf8'));
export const asyncapi = parse(readFileSync(join(top, 'docs/asyncapi.yaml'), 'utf8'));

export function resolve(document, node) {
  while (node && typeof node.$ref === 'string') {
    let at = document;
    for (const part of node.$ref.slice(2).split('/')) at = at[part.replaceAll('~1', '/').replaceAll('~0', '~')];
    if (at === undefined) throw new Error(`${node.$ref} leads nowhere`);
    node = at;
  }
  return node;
}

/** Schemas of `document`, each compiled once. */
export class Schemas {
  constructor(document) {
    this.document = document;
    this.compiled = new Map();
    this.ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, strictTuples: false, allErrors: true, discriminator: false });
    formats.default ? formats.default(this.ajv) : formats(this.ajv);
    this.ajv.addVocabulary(['example', 'xml', 'externalDocs']);
    const inner = {};
    for (const [name, schema] of Object.entries(document.components.schemas)) inner[name] = this.inside(schema);
    this.ajv.addSchema({ $id: 'kefud:/wire', $defs: inner });
  }

  closes(schema) {
    const s = resolve(this.document, schema);
    if (s === null || typeof s !== 'object' || s.additionalProperties !== undefined) return false;
    return s.properties !== undefined || (s.allOf ?? []).some((part) => this.closes(part));
  }

  /** `schema` with all that is inside it closed, but not itself: it may be one part of several. */
  inside(schema) {
    if (schema === null || typeof schema !== 'object') return schema;
    const ret = {};
    for (const [key, value] of Object.entries(schema)) {
      if (key === '$ref') ret.$ref = value.replace('#/components/schemas/', 'kefud:/wire#/$defs/');
      else if (key === 'properties') ret.properties = Object.fromEntries(Object.entries(value).map(([name, s]) => [name, this.closed(s)]));
      else if (key === 'items' || key === 'additionalProperties') ret[key] = this.closed(value);
      else if (key === 'prefixItems') ret[key] = value.map((s) => this.closed(s));
      else if (['anyOf', 'oneOf'].includes(key) && !this.closes(schema)) ret[key] = value.map((s) => this.closed(s));
      else if (['allOf', 'anyOf', 'oneOf'].includes(key)) ret[key] = value.map((s) => this.inside(s));
      else if (['if', 'then', 'else', 'not'].includes(key)) ret[key] = this.inside(value);
      else ret[key] = value;
    }
    return ret;
  }

  closed(schema) {
    const ret = this.inside(schema);
    return this.closes(schema) ? { ...ret, unevaluatedProperties: false } : ret;
  }

  /** Null, or what is wrong with `value`. */
  wrong(schema, value) {
    let check = this.compiled.get(schema);
    if (!check) this.compiled.set(schema, (check = this.ajv.compile(this.closed(schema))));
    if (check(value)) return null;
    return check.errors.map((e) => `${e.instancePath || '(all)'} ${e.message} ${JSON.stringify(e.params)}`).join('; ');
  }
}
