// docs.ts: the site's settings as documents with versions: what the server has, what is being changed here, and what happens when both
// have moved on. No DOM here.

import { signal, type Signal } from '@preact/signals';
import { api, ApiError } from '../core/api';
import { shelf } from '../core/storage';
import { rules } from './shipped';

export type Kind =
  'site' | 'hours' | 'skill' | 'queue' | 'channel' | 'wording' | 'rule' | 'canned' | 'forbidden' | 'article' | 'bot';
export type Body = Record<string, unknown>;

export interface Doc {
  kind: Kind;
  key: string;
  version: number;
  at?: number;
  by?: string;
  body: Body;
  /** Members that are there but never shown. */
  secrets?: string[];
}

/** Members that are only written: they are not kept in the tab. */
const SECRETS: Partial<Record<Kind, readonly string[]>> = { bot: ['secret', 'token'], channel: ['settings'] };

export type Loading = 'no' | 'loading' | 'yes' | 'failed';

/** What the server has of one kind. */
export interface Shelf {
  docs: Signal<readonly Doc[]>;
  state: Signal<Loading>;
  failed: Signal<string>;
}

const shelves = new Map<Kind, Shelf>();
let site = '';
const kept = shelf(() => sessionStorage);

export function shelfOf(kind: Kind): Shelf {
  let s = shelves.get(kind);
  if (!s) {
    s = { docs: signal([]), state: signal('no'), failed: signal('') };
    shelves.set(kind, s);
  }
  return s;
}

export function atSite(key: string): void {
  if (site === key) return;
  site = key;
  shelves.clear();
  drafts.clear();
}

const path = (kind: Kind, key: string): string =>
  `sites/${encodeURIComponent(site)}/documents/${kind}/${encodeURIComponent(key)}`;
/** Which version was seen; 0: none, it is new. */
const seen = (version: number): Record<string, string> =>
  version ? { 'If-Match': `"${version}"` } : { 'If-None-Match': '*' };

export async function load(kind: Kind): Promise<void> {
  const s = shelfOf(kind);
  if (s.state.value === 'loading') return;
  s.state.value = s.docs.value.length ? 'yes' : 'loading';
  try {
    const { items } = await api<{ items: Doc[] }>(`sites/${encodeURIComponent(site)}/documents?kind=${kind}`);
    s.docs.value = items.map((d) => ({ ...d, kind }));
    s.state.value = 'yes';
  } catch (e) {
    s.failed.value = e instanceof Error ? e.message : '';
    s.state.value = 'failed';
  }
}

/** After all of them may have been changed elsewhere. */
export function loadAgain(): void {
  for (const kind of shelves.keys()) void load(kind);
}

export function docOf(kind: Kind, key: string): Doc | undefined {
  return shelfOf(kind).docs.value.find((d) => d.key === key);
}

/** The site's rules, and those that are shipped and not replaced by one of the site; these have version 0. */
export function allRules(): readonly Doc[] {
  const own = shelfOf('rule').docs.value;
  const rest = rules
    .filter((r) => !own.some((d) => d.key === r.key))
    .map(({ key, ...body }): Doc => ({ kind: 'rule', key, version: 0, body }));
  return [...own, ...rest];
}

function keepDoc(doc: Doc): void {
  const s = shelfOf(doc.kind);
  const others = s.docs.value.filter((d) => d.key !== doc.key);
  s.docs.value = [...others, doc];
}

function dropDoc(kind: Kind, key: string): void {
  const s = shelfOf(kind);
  s.docs.value = s.docs.value.filter((d) => d.key !== key);
}

export interface Version {
  version: number;
  at: number;
  by: string;
  body?: Body;
  deleted?: boolean;
}

export async function versions(kind: Kind, key: string): Promise<Version[]> {
  return (await api<{ items: Version[] }>(`${path(kind, key)}/versions`)).items;
}

// ---- what is being changed here ----

export type Errors = Readonly<Record<string, string>>;

/** One document under the hands of the person. It outlives a look at another page, and a reload. */
export class Draft {
  readonly kind: Kind;
  /** '' while a new one has no key. */
  readonly key: Signal<string>;
  readonly fresh: boolean;
  /** Its key stands, even if nothing is stored under it yet: a wording of a language, a rule that is shipped. */
  known = false;
  readonly body: Signal<Body>;
  readonly errors: Signal<Errors> = signal({});
  readonly failed = signal('');
  readonly busy = signal(false);
  /** Somebody has saved meanwhile: this is what they saved; null: they removed it. */
  readonly conflict: Signal<{ theirs: Doc | null } | null> = signal(null);
  /** Rises whenever the fields must be filled anew: they belong to the person until then. */
  readonly filled = signal(0);
  base: Body;
  version: number;

  constructor(kind: Kind, key: string, doc: Doc | undefined, template: Body = {}) {
    this.kind = kind;
    this.key = signal(key);
    this.fresh = !doc;
    this.base = doc?.body ?? template;
    this.version = doc?.version ?? 0;
    this.body = signal(this.base);
  }

  private get place(): string {
    return this.fresh && !this.known ? '' : this.key.value;
  }

  get dirty(): boolean {
    return !same(this.body.value, this.base) || (this.fresh && !this.known && this.key.value !== '');
  }

  value(name: string): unknown {
    return at(this.body.value, name);
  }

  /** undefined takes the member out. A name with dots leads into members of members. */
  set(name: string, value: unknown): void {
    this.body.value = put(this.body.value, name, value);
    if (this.errors.value[name]) this.errors.value = without(this.errors.value, name);
    this.keep();
  }

  setKey(key: string): void {
    this.key.value = key;
    if (this.errors.value['key']) this.errors.value = without(this.errors.value, 'key');
  }

  /** Puts a whole body in place: what was shown before in the fields is gone. */
  fill(body: Body): void {
    this.body.value = body;
    this.errors.value = {};
    this.filled.value += 1;
    this.keep();
  }

  reset(): void {
    this.conflict.value = null;
    this.failed.value = '';
    this.fill(this.base);
  }

  /** Goes on with what somebody else has saved: mine is given up. */
  takeTheirs(): void {
    const theirs = this.conflict.value?.theirs;
    if (!theirs) return;
    this.base = theirs.body;
    this.version = theirs.version;
    keepDoc(theirs);
    this.reset();
  }

  /** Mine shall stand on theirs: what only they have changed stays theirs, what I have changed stays mine. */
  merge(): void {
    const theirs = this.conflict.value?.theirs;
    if (!theirs) return;
    const mine = this.body.value;
    const made: Body = { ...theirs.body };
    for (const name of changedMembers(this.base, mine)) {
      if (mine[name] === undefined) delete made[name];
      else made[name] = mine[name];
    }
    this.base = theirs.body;
    this.version = theirs.version;
    keepDoc(theirs);
    this.conflict.value = null;
    this.fill(made);
  }

  async save(): Promise<boolean> {
    if (this.busy.value) return false;
    this.busy.value = true;
    this.failed.value = '';
    try {
      const body = this.body.value;
      const got = await api<Partial<Doc> | undefined>(path(this.kind, this.key.value), {
        method: 'PUT',
        headers: seen(this.version),
        body,
      });
      const doc: Doc = {
        kind: this.kind,
        key: this.key.value,
        version: got?.version ?? this.version + 1,
        body: got?.body ?? body,
        ...(got?.at ? { at: got.at } : {}),
        ...(got?.by ? { by: got.by } : {}),
        ...(got?.secrets ? { secrets: got.secrets } : {}),
      };
      this.base = doc.body;
      this.version = doc.version;
      this.errors.value = {};
      this.conflict.value = null;
      this.fill(doc.body);
      keepDoc(doc);
      this.keep();
      return true;
    } catch (e) {
      await this.explain(e);
      return false;
    } finally {
      this.busy.value = false;
    }
  }

  async remove(): Promise<boolean> {
    if (this.busy.value) return false;
    this.busy.value = true;
    this.failed.value = '';
    try {
      await api(path(this.kind, this.key.value), { method: 'DELETE', headers: seen(this.version) });
      dropDoc(this.kind, this.key.value);
      this.forget();
      return true;
    } catch (e) {
      await this.explain(e);
      return false;
    } finally {
      this.busy.value = false;
    }
  }

  /** Why it was refused: beside the member that is wrong, where one is named. */
  async explain(e: unknown): Promise<void> {
    if (!(e instanceof ApiError)) {
      this.failed.value = String(e);
    } else if (e.status === 412) {
      this.conflict.value = { theirs: await this.theirs() };
    } else {
      const field = e.member;
      if (field) this.errors.value = { ...this.errors.value, [field]: await words(e.title) };
      else this.failed.value = e.title || `HTTP ${e.status}`;
    }
  }

  private async theirs(): Promise<Doc | null> {
    try {
      const doc = await api<Doc>(path(this.kind, this.key.value));
      return { ...doc, kind: this.kind, key: this.key.value };
    } catch {
      return null;
    }
  }

  // ---- kept in this tab, so that a reload loses nothing ----

  keep(): void {
    const name = keptAs(this.kind, this.place);
    if (!this.dirty) kept.set(name, null);
    else
      kept.set(
        name,
        JSON.stringify({
          key: this.key.value,
          version: this.version,
          base: this.base,
          body: open(this.kind, this.body.value),
        }),
      );
  }

  forget(): void {
    kept.set(keptAs(this.kind, this.place), null);
    drafts.delete(`${this.kind}/${this.place}`);
  }
}

const drafts = new Map<string, Draft>();
const keptAs = (kind: Kind, key: string): string => `kefu.admin:${site}/${kind}/${key}`;

/** The draft of a document; '' a new one. */
export function draftOf(kind: Kind, key: string, template?: Body): Draft {
  const name = `${kind}/${key}`;
  let d = drafts.get(name);
  if (!d) {
    d = new Draft(kind, key, key === '' ? undefined : docOf(kind, key), template);
    d.known = key !== '';
    const text = kept.get(keptAs(kind, key));
    if (text) {
      try {
        const was = JSON.parse(text) as { key: string; version: number; base: Body; body: Body };
        d.base = was.base;
        d.version = was.version;
        d.key.value = was.key;
        d.body.value = was.body;
      } catch {
        kept.set(keptAs(kind, key), null);
      }
    }
    drafts.set(name, d);
  }
  return d;
}

/** The draft that somebody has opened; undefined: nobody has. */
export function openDraft(kind: Kind, key: string): Draft | undefined {
  return drafts.get(`${kind}/${key}`);
}

/** Is something of it changed and not saved? Draws again when that changes. */
export function isDirty(kind: Kind, key: string): boolean {
  const d = drafts.get(`${kind}/${key}`);
  return d ? (void d.body.value, void d.filled.value, d.dirty) : false;
}

/** Without what must not be kept. */
function open(kind: Kind, body: Body): Body {
  const hidden = SECRETS[kind] ?? [];
  return Object.fromEntries(Object.entries(body).filter(([name]) => !hidden.includes(name)));
}

// ---- plain data ----

export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const ka = Object.keys(a).filter((k) => (a as Body)[k] !== undefined);
  const kb = Object.keys(b).filter((k) => (b as Body)[k] !== undefined);
  return ka.length === kb.length && ka.every((k) => same((a as Body)[k], (b as Body)[k]));
}

export function changedMembers(a: Body, b: Body): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((k) => !same(a[k], b[k]));
}

export function at(body: Body, name: string): unknown {
  let v: unknown = body;
  for (const part of name.split('.')) v = typeof v === 'object' && v !== null ? (v as Body)[part] : undefined;
  return v;
}

/** With one member changed; a member of members that is empty then goes, too. */
export function put(body: Body, name: string, value: unknown): Body {
  const [first = '', ...rest] = name.split('.');
  const made = { ...body };
  const inner = rest.length ? put((made[first] as Body | undefined) ?? {}, rest.join('.'), value) : value;
  const empty = rest.length > 0 && Object.keys(inner as Body).length === 0;
  if (inner === undefined || empty) delete made[first];
  else made[first] = inner;
  return made;
}

/** In the page's language, where that is known. */
async function words(detail: string): Promise<string> {
  try {
    return (await import('./later')).inWords(detail);
  } catch {
    return detail; // off the net
  }
}

function without(errors: Errors, name: string): Errors {
  const { [name]: _gone, ...rest } = errors;
  return rest;
}
