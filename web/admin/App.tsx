// The settings of a site: a tree at the left, one form per thing, each kept as a document with versions.
import { useSignal } from '@preact/signals';
import {
  Ban,
  BookOpenText,
  Bot,
  CalendarClock,
  Code,
  FileJson,
  GraduationCap,
  History,
  KeyRound,
  Languages,
  LibraryBig,
  ListTree,
  MessageSquareWarning,
  Plus,
  Radio,
  Settings2,
  Users,
  Zap,
  ArrowLeft,
  Trash2,
  type IconNode,
} from 'lucide';
import type { FunctionComponent } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { langOf } from '../core/i18n';
import { composing } from '../core/keys';
import { oneLine } from '../core/text';
import { exactTime } from '../core/time';
import { Banner } from '../kit/Banner';
import { Button, IconButton } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { Icon } from '../kit/Icon';
import { k, lang } from '../kit/i18n';
import { lazy } from '../kit/lazy';
import { Rail } from '../kit/Rail';
import { session, site } from '../kit/session';
import { Gate } from '../kit/SignIn';
import { toast, Toasts } from '../kit/Toast';
import {
  allRules,
  atSite,
  changedMembers,
  docOf,
  draftOf,
  isDirty,
  load,
  shelfOf,
  versions,
  type Doc,
  type Draft,
  type Kind,
  type Version,
} from './docs';
import { Field } from '../kit/Field';
import { FORMS, isWord, languageOptions, TEMPLATES, wordingName } from './forms';
import { weekMinutes } from './Hours';
import { People, Skills } from './People';
import { loadPeople } from './staff';
import { articleRow, loadCounts } from './Answers';
import { channelRow, loadAdapters, RefusedChannels } from './Channels';
import { ruleWords } from './Rule';
import { TryIt } from './Try';
import { ruleName } from '../kit/rules';
import { everywhere, t, wordOf } from './words';

interface Page {
  id: string;
  icon: IconNode;
  group: 'house' | 'work' | 'answers' | 'people' | 'safety';
  kind?: Kind;
  /** One document only, of this key. */
  single?: string;
  view?: FunctionComponent;
  /** Which texts the search over the settings looks through, besides the page's own name. */
  words: RegExp;
}

const Blocks = lazy(() => import('./later').then((m) => m.Blocks));
const Embed = lazy(() => import('./later').then((m) => m.Embed));
const Keys = lazy(() => import('./later').then((m) => m.Keys));
const Portable = lazy(() => import('./later').then((m) => m.Portable));

const PAGES: readonly Page[] = [
  {
    id: 'site',
    icon: Settings2,
    group: 'house',
    kind: 'site',
    single: 'site',
    words:
      /^(s_site|f_(name|language|zone|color|embed|reopen|grace|wrapup|sticky|recall|missed|refused|returning|vip|text_max|file_max|message))/,
  },
  {
    id: 'channel',
    icon: Radio,
    group: 'house',
    kind: 'channel',
    words: /^(s_channel|channel|f_channel|adapter_|verdict_)/,
  },
  { id: 'embed', icon: Code, group: 'house', view: Embed, words: /^embed/ },
  { id: 'portable', icon: FileJson, group: 'house', view: Portable, words: /^$/ },
  {
    id: 'queue',
    icon: ListTree,
    group: 'work',
    kind: 'queue',
    words:
      /^(s_queue|f_queue_bot|f_(offer|overflow|ring|limit|retry|remind|alert|requeue|paused|department|priority|queue))/,
  },
  { id: 'skills', icon: GraduationCap, group: 'work', kind: 'skill', words: /^(s_skill|skill|f_skill)/ },
  { id: 'hours', icon: CalendarClock, group: 'work', kind: 'hours', words: /^(s_hours|week|special|closing|day_)/ },
  { id: 'rule', icon: Zap, group: 'answers', kind: 'rule', words: /^(rule|f_rule|event_|act_|try|c_)/ },
  { id: 'article', icon: LibraryBig, group: 'answers', kind: 'article', words: /^(s_article|f_article|try)/ },
  { id: 'bot', icon: Bot, group: 'answers', kind: 'bot', words: /^(s_bot|f_bot|form_)/ },
  { id: 'wording', icon: Languages, group: 'answers', kind: 'wording', words: /^(wording|w_|s_wording)/ },
  {
    id: 'canned',
    icon: BookOpenText,
    group: 'answers',
    kind: 'canned',
    words: /^(s_canned|f_(title|text|code|initials|folder|canned))/,
  },
  {
    id: 'forbidden',
    icon: MessageSquareWarning,
    group: 'answers',
    kind: 'forbidden',
    words: /^(s_forbidden|f_(words|advice|forbidden))/,
  },
  {
    id: 'people',
    icon: Users,
    group: 'people',
    view: People,
    words: /^(person|password|totp|f_(roles|capacity|number|email))/,
  },
  { id: 'keys', icon: KeyRound, group: 'safety', view: Keys, words: /^(key|verb)/ },
  { id: 'blocks', icon: Ban, group: 'safety', view: Blocks, words: /^block/ },
];
const GROUPS = ['house', 'work', 'answers', 'people', 'safety'] as const;
/** All that other forms speak of is here from the start. */
const KINDS: readonly Kind[] = [
  'site',
  'hours',
  'skill',
  'queue',
  'channel',
  'wording',
  'rule',
  'canned',
  'forbidden',
  'article',
  'bot',
];

// ---- where we are: #/page/key ----

const NEW = '+';
interface Place {
  page: Page;
  key: string | null;
}

function placeOf(hash: string): Place {
  const [, id = '', key] = hash.split('/');
  const page = PAGES.find((p) => p.id === id) ?? (PAGES[0] as Page);
  return { page, key: key === undefined || key === '' ? null : decodeURIComponent(key) };
}

export function go(page: string, key?: string): void {
  location.hash = `#/${page}${key === undefined ? '' : `/${encodeURIComponent(key)}`}`;
}

function usePlace(): Place {
  const place = useSignal(placeOf(location.hash));
  // Before anything else runs: an address that changes while the page is painted is followed as well.
  useLayoutEffect(() => {
    const moved = (): void => void (place.value = placeOf(location.hash));
    window.addEventListener('hashchange', moved);
    return () => window.removeEventListener('hashchange', moved);
  }, []);
  return place.value;
}

// ---- the tree ----

function Tree({ now }: { now: Page }) {
  const words = useSignal('');
  const needle = words.value.trim().toLowerCase();
  const found = (p: Page): string[] => {
    if (!needle) return [];
    const hits = new Set<string>();
    for (const dict of everywhere) {
      for (const [key, text] of Object.entries(dict)) {
        if (typeof text !== 'string' || !text.toLowerCase().includes(needle)) continue;
        if (key === `p_${p.id}`) hits.add('');
        else if (p.words.test(key) && !key.endsWith('_h')) hits.add(t(key as 'p_site'));
      }
    }
    return [...hits];
  };
  const groups = GROUPS.map((g) => ({
    id: g,
    pages: PAGES.filter((p) => p.group === g)
      .map((p) => ({ page: p, hits: found(p) }))
      .filter((x) => !needle || x.hits.length > 0),
  })).filter((g) => g.pages.length > 0);
  return (
    <nav class="tree" aria-label={t('settings')}>
      <p class="tree-title">{t('settings')}</p>
      <input
        type="search"
        class="input"
        aria-label={t('searchSettings')}
        placeholder={t('searchSettings')}
        autocomplete="off"
        onInput={(ev) => !(ev as InputEvent).isComposing && (words.value = ev.currentTarget.value)}
        onCompositionEnd={(ev) => (words.value = ev.currentTarget.value)}
        onKeyDown={(ev) => {
          if (composing(ev) || ev.key !== 'Enter') return;
          const first = groups[0]?.pages[0]?.page;
          if (first) go(first.id);
        }}
      />
      {groups.map((g) => (
        <div key={g.id} class="tree-group">
          <h2>{t(`g_${g.id}`)}</h2>
          <ul>
            {g.pages.map(({ page, hits }) => (
              <li key={page.id}>
                <a href={`#/${page.id}`} aria-current={page === now ? 'page' : undefined}>
                  <Icon node={page.icon} size={16} />
                  <span>{t(`p_${page.id}` as 'p_site')}</span>
                  {page.kind && changed(page) && (
                    <span class="dot" role="img" aria-label={t('unsaved')} title={t('unsaved')} />
                  )}
                </a>
                {hits
                  .filter(Boolean)
                  .slice(0, 3)
                  .map((h) => (
                    <a key={h} class="tree-hit clip" href={`#/${page.id}`}>
                      {h}
                    </a>
                  ))}
              </li>
            ))}
          </ul>
        </div>
      ))}
      {groups.length === 0 && <p class="dim">{t('nothingFound')}</p>}
    </nav>
  );
}

function changed(page: Page): boolean {
  const kind = page.kind as Kind;
  return isDirty(kind, '') || shelfOf(kind).docs.value.some((d) => isDirty(kind, d.key));
}

// ---- documents ----

/** What stands in a row of a list. */
function rowOf(d: Doc): { name: string; sub: string; off: boolean; order: string } {
  const b = d.body;
  const off = b['off'] === true || b['paused'] === true;
  switch (d.kind) {
    case 'rule':
      return {
        name: ruleName(d.key),
        sub: ruleWords(b),
        off,
        order: String(b['order'] ?? 100).padStart(5, '0') + d.key,
      };
    case 'article':
      return articleRow(d);
    case 'channel':
      return channelRow(d);
    case 'bot':
      return {
        name: String(b['name'] ?? d.key),
        sub: `${wordOf('form', String(b['form'] ?? 'kefud'))} · ${String(b['url'] ?? '')}`,
        off,
        order: String(b['name'] ?? ''),
      };
    case 'canned':
      return {
        name: String(b['title'] ?? d.key),
        sub: `/${String(b['code'] ?? '')} · ${oneLine(String(b['text'] ?? ''))}`,
        off,
        order: `${String(b['folder'] ?? '')}/${String(b['title'] ?? '')}`,
      };
    case 'forbidden':
      return {
        name: String(b['name'] ?? d.key),
        sub: ((b['words'] as string[] | undefined) ?? []).join(t('comma')),
        off,
        order: String(b['name'] ?? ''),
      };
    case 'hours': {
      const n = weekMinutes((b['week'] ?? {}) as Record<string, string[]>) / 60;
      return {
        name: String(b['name'] ?? d.key),
        sub: t('weekSum', { n: Number.isInteger(n) ? n : n.toFixed(1) }),
        off,
        order: String(b['name'] ?? ''),
      };
    }
    case 'queue': {
      const bits = [
        b['paused'] ? t('isPaused') : '',
        b['offer'] ? t('byOffer') : t('byItself'),
        ((b['skills'] as string[] | undefined) ?? []).join(t('comma')),
      ];
      return {
        name: String(b['name'] ?? d.key),
        sub: bits.filter(Boolean).join(' · '),
        off,
        order: String(b['name'] ?? ''),
      };
    }
    default:
      return { name: String(b['name'] ?? d.key), sub: d.key, off, order: String(b['name'] ?? d.key) };
  }
}

function Docs({ page, at }: { page: Page; at: string | null }) {
  const kind = page.kind as Kind;
  const s = shelfOf(kind);
  const words = useSignal('');
  const needle = words.value.toLowerCase();
  const collator = new Intl.Collator(lang.value === 'zh-TW' ? 'zh-u-co-stroke' : 'zh-u-co-pinyin', { numeric: true });
  const rows = (kind === 'rule' ? allRules() : s.docs.value)
    .map((doc) => ({ doc, ...rowOf(doc) }))
    .filter((r) => !needle || `${r.name} ${r.sub} ${r.doc.key}`.toLowerCase().includes(needle))
    .sort((a, b) => collator.compare(a.order, b.order));
  // What belongs to all of a kind stands beside the list, below the one that is open.
  const more = kind === 'rule' || kind === 'article' || kind === 'skill';
  const fixed =
    kind === 'wording' ? languageOptions().map((o) => ({ key: o.value.toLowerCase(), name: o.label })) : null;
  return (
    <div class={at === null ? 'docs' : 'docs open'}>
      <section class="doc-list" aria-label={t(`p_${page.id}` as 'p_site')}>
        <header class="page-head">
          <h2>{t(`p_${page.id}` as 'p_site')}</h2>
          {!fixed && (
            <Button small icon={Plus} onClick={() => go(page.id, NEW)}>
              {t('add')}
            </Button>
          )}
        </header>
        <p class="hint">{t(`ph_${page.id}` as 'ph_queue')}</p>
        {!fixed && s.docs.value.length > 8 && (
          <input
            type="search"
            class="input"
            aria-label={t('filter')}
            placeholder={t('filter')}
            onInput={(ev) => !(ev as InputEvent).isComposing && (words.value = ev.currentTarget.value)}
            onCompositionEnd={(ev) => (words.value = ev.currentTarget.value)}
          />
        )}
        <ul>
          {isDirty(kind, '') && (
            <li>
              <a href={`#/${page.id}/${NEW}`} aria-current={at === NEW ? 'true' : undefined}>
                <b>{t('newOne')}</b>
                <span class="mark">{t('unsaved')}</span>
              </a>
            </li>
          )}
          {(
            fixed ??
            rows.map((r) => ({ key: r.doc.key, name: r.name, sub: r.sub, off: r.off, shipped: r.doc.version === 0 }))
          ).map((r) => (
            <li key={r.key} class={'off' in r && r.off ? 'off' : ''}>
              <a href={`#/${page.id}/${encodeURIComponent(r.key)}`} aria-current={at === r.key ? 'true' : undefined}>
                <b class="clip" lang={langOf(r.name)}>
                  {r.name}
                </b>
                {isDirty(kind, r.key) ? (
                  <span class="mark">{t('unsaved')}</span>
                ) : 'off' in r && r.off ? (
                  <span class="mark dim">{t('isOff')}</span>
                ) : 'shipped' in r && r.shipped ? (
                  <span class="mark dim">{t('isShipped')}</span>
                ) : null}
                {'sub' in r && r.sub && <small class="dim clip">{r.sub}</small>}
              </a>
            </li>
          ))}
        </ul>
        {s.state.value === 'yes' && !fixed && rows.length === 0 && (
          <p class="empty">{needle ? t('nothingFound') : t('docsNone')}</p>
        )}
      </section>
      <div class={more ? 'doc-col more' : 'doc-col'}>
        {at !== null && <Editor key={`${kind}/${at}`} page={page} at={at} />}
        {at === null && !more && <section class="doc-none">{t('pickOne')}</section>}
        {(kind === 'rule' || kind === 'article') && <TryIt kind={kind} at={at === NEW ? '' : at} />}
        {kind === 'skill' && <Skills />}
      </div>
    </div>
  );
}

function Editor({ page, at }: { page: Page; at: string }) {
  const kind = page.kind as Kind;
  const known = docOf(kind, at);
  const shipped =
    kind === 'rule' && !known ? allRules().find((d) => d.key === at)?.body : kind === 'wording' ? {} : undefined;
  const fresh = at === NEW || (!known && !!shipped);
  const state = shelfOf(kind).state.value;
  if ((!fresh && !known) || (at !== NEW && state !== 'yes')) {
    return (
      <section class="doc">
        <p class="empty">{state === 'loading' || state === 'no' ? k('loading') : t('docGone')}</p>
      </section>
    );
  }
  const draft = at === NEW ? draftOf(kind, '', TEMPLATES[kind] ?? {}) : draftOf(kind, at, shipped ?? {});
  return <Form draft={draft} page={page} />;
}

function Form({ draft, page }: { draft: Draft; page: Page }) {
  const box = useRef<HTMLFormElement>(null);
  const history = useSignal(false);
  const { kind } = draft;
  const View = FORMS[kind];
  // What the form shows hangs on the whole body.
  void draft.body.value;
  void draft.filled.value;
  const dirty = draft.dirty;
  const named = draft.fresh && !draft.known;
  const name = named
    ? t('newOne')
    : kind === 'wording'
      ? (languageOptions().find((l) => l.value.toLowerCase() === draft.key.value)?.label ?? '')
      : rowOf({ kind, key: draft.key.value, version: 0, body: draft.body.value }).name;

  const save = async (): Promise<void> => {
    if (named && !isWord(draft.key.value)) {
      draft.errors.value = { ...draft.errors.value, key: t('errWord') };
      focusError();
      return;
    }
    const was = draft.fresh;
    if (await draft.save()) {
      toast(t('saved'));
      if (was) {
        const { key } = draft;
        draft.forget();
        go(page.id, page.single ? undefined : key.value);
      }
    } else focusError();
  };
  const focusError = (): void => {
    setTimeout(() => {
      const wrong = box.current?.querySelector<HTMLElement>('[aria-invalid="true"]');
      if (wrong) wrong.focus();
      else box.current?.querySelector('.banner, .conflict')?.scrollIntoView({ block: 'center' });
    }, 50);
  };
  const remove = async (): Promise<void> => {
    if (await draft.remove()) {
      toast(t('removed', { name }));
      go(page.id);
    }
  };
  return (
    <section class="doc" aria-label={name}>
      <form
        ref={box}
        noValidate
        onSubmit={(ev) => {
          ev.preventDefault();
          void save();
        }}
      >
        <header class="page-head">
          {!page.single && <IconButton class="back" icon={ArrowLeft} label={t('back')} onClick={() => go(page.id)} />}
          <h2 class="clip">{page.single ? t(`p_${page.id}` as 'p_site') : name}</h2>
          {dirty && <span class="mark">{t('unsaved')}</span>}
          {!draft.fresh && (
            <>
              <IconButton icon={History} label={t('history')} onClick={() => (history.value = true)} />
              {!page.single && kind !== 'wording' && (
                <IconButton icon={Trash2} label={t('remove')} onClick={() => void remove()} />
              )}
            </>
          )}
        </header>
        <Conflict draft={draft} />
        {draft.failed.value && <Banner kind="bad">{t('failed', { why: draft.failed.value })}</Banner>}
        <OtherErrors draft={draft} />
        {named && (
          <Field
            label={t('f_key')}
            hint={t('f_key_h')}
            maxLength={32}
            defaultValue={draft.key.value}
            error={draft.errors.value['key']}
            autocomplete="off"
            spellcheck={false}
            onInput={(ev) => draft.setKey(ev.currentTarget.value.trim())}
          />
        )}
        {View && <View draft={draft} />}
        <footer class="doc-foot">
          {!draft.fresh && docOf(kind, draft.key.value)?.at !== undefined && (
            <small class="dim">
              {t('savedBy', {
                v: draft.version,
                time: exactTime(docOf(kind, draft.key.value)?.at ?? 0, lang.value),
                name: docOf(kind, draft.key.value)?.by || t('bySystem'),
              })}
            </small>
          )}
          <span class="grow" />
          {dirty && (
            <Button
              onClick={() => (draft.fresh && named ? (draft.reset(), draft.forget(), go(page.id)) : draft.reset())}
            >
              {t('discard')}
            </Button>
          )}
          <Button kind="primary" type="submit" disabled={draft.busy.value || (!dirty && !named)}>
            {draft.busy.value ? t('saving') : t('save')}
          </Button>
        </footer>
      </form>
      {history.value && <HistoryDialog draft={draft} onClose={() => (history.value = false)} />}
    </section>
  );
}

/** Errors of members that have no control here. */
function OtherErrors({ draft }: { draft: Draft }) {
  const left = Object.entries(draft.errors.value).filter(([name]) => name !== 'key');
  if (left.length === 0) return null;
  return (
    <Banner kind="bad">
      {t('errorsHere', { n: left.length })}
      <ul>
        {left.map(([name, words]) => (
          <li key={name}>
            <b>{memberName(draft.kind, name)}</b> {words}
          </li>
        ))}
      </ul>
    </Banner>
  );
}

function memberName(kind: Kind, member: string): string {
  if (kind === 'wording') return wordingName(member);
  const last = member.split('.').pop() ?? member;
  for (const key of [
    `f_${kind}_${member}`,
    `f_${kind}_${last.replace(/_ms$/, '')}`,
    `f_${member}`,
    `c_${last}`,
    last,
  ]) {
    const said = wordOf('', key).replace(/^_/, '');
    const known = everywhere[0]?.[key];
    if (typeof known === 'string') return t(key as 'f_name');
    if (said !== key) return said;
  }
  return member;
}

function Conflict({ draft }: { draft: Draft }) {
  const c = draft.conflict.value;
  const box = useRef<HTMLDivElement>(null);
  // Who saves stands at the end of the form.
  useEffect(() => {
    if (c) box.current?.scrollIntoView({ block: 'center' });
  }, [c]);
  if (!c) return null;
  const { theirs } = c;
  if (!theirs) {
    return (
      <Banner
        kind="bad"
        action={t('saveAnew')}
        onAction={() => ((draft.version = 0), (draft.conflict.value = null), void draft.save())}
      >
        {t('conflictGone')}
      </Banner>
    );
  }
  const their = changedMembers(draft.base, theirs.body);
  const mine = changedMembers(draft.base, draft.body.value);
  const both = mine.filter((m) => their.includes(m));
  const names = (all: readonly string[]): string => all.map((m) => memberName(draft.kind, m)).join(t('comma'));
  return (
    <div class="conflict" role="alert" ref={box}>
      <p>
        <b>
          {t('conflict', {
            name: theirs.by ?? '',
            time: theirs.at ? exactTime(theirs.at, lang.value) : '',
            v: theirs.version,
          })}
        </b>
      </p>
      <p>{t('conflictTheirs', { what: names(their) || t('none') })}</p>
      <p>{t('conflictMine', { what: names(mine) || t('none') })}</p>
      {both.length > 0 && <p class="bad">{t('conflictBoth', { what: names(both) })}</p>}
      <div class="conflict-acts">
        <Button small kind="primary" onClick={() => draft.merge()}>
          {t('conflictMerge')}
        </Button>
        <Button small onClick={() => draft.takeTheirs()}>
          {t('conflictTake')}
        </Button>
      </div>
    </div>
  );
}

function HistoryDialog({ draft, onClose }: { draft: Draft; onClose: () => void }) {
  const all = useSignal<readonly Version[] | null>(null);
  const failed = useSignal(false);
  const shown = useSignal<Version | null>(null);
  useEffect(() => {
    versions(draft.kind, draft.key.value).then(
      (v) => (all.value = [...v].sort((a, b) => b.version - a.version)),
      () => (failed.value = true),
    );
  }, []);
  return (
    <Dialog wide title={t('history')} onClose={onClose}>
      {failed.value && <p class="error">{t('loadFailed')}</p>}
      {all.value === null && !failed.value && <p class="dim">{k('loading')}</p>}
      <ol class="versions">
        {(all.value ?? []).map((v, i) => {
          const before = all.value?.[i + 1];
          const what = v.body ? changedMembers(before?.body ?? {}, v.body) : [];
          return (
            <li key={v.version}>
              <p>
                <b class="num">{t('versionN', { v: v.version })}</b> · {v.by} ·{' '}
                <time class="num">{exactTime(v.at, lang.value)}</time>
              </p>
              <p class="dim">
                {v.deleted ? t('versionGone') : what.map((m) => memberName(draft.kind, m)).join(t('comma'))}
              </p>
              {v.body && (
                <span class="version-acts">
                  <Button small kind="quiet" onClick={() => (shown.value = shown.value === v ? null : v)}>
                    {t('versionShow')}
                  </Button>
                  {v.version !== draft.version && (
                    <Button
                      small
                      onClick={() => {
                        draft.fill(v.body ?? {});
                        onClose();
                      }}
                    >
                      {t('versionRestore')}
                    </Button>
                  )}
                </span>
              )}
              {shown.value === v && <pre>{JSON.stringify(v.body, null, 2)}</pre>}
            </li>
          );
        })}
      </ol>
    </Dialog>
  );
}

// ---- the page ----

function Main() {
  const { page, key } = usePlace();
  useEffect(() => {
    document.title = t('title', { page: t(`p_${page.id}` as 'p_site'), site: site.value?.name ?? '' });
  });
  const View = page.view;
  const failed = page.kind && shelfOf(page.kind).state.value === 'failed';
  return (
    <main class={`admin${location.hash ? '' : ' at-tree'}`}>
      <h1 class="hidden">{t('settings')}</h1>
      <Rail here="admin" />
      <Tree now={page} />
      <div class="stage" id="stage">
        <a
          class="to-tree"
          href="#"
          onClick={() => setTimeout(() => document.querySelector<HTMLElement>('.tree input')?.focus(), 0)}
        >
          <Icon node={ArrowLeft} size={16} /> {t('settings')}
        </a>
        <RefusedChannels at={`${page.id}/${key}`} />
        {failed ? (
          <p class="empty" role="alert">
            {t('failed', { why: shelfOf(page.kind as Kind).failed.value })}{' '}
            <Button small onClick={() => void load(page.kind as Kind)}>
              {k('retry')}
            </Button>
          </p>
        ) : View ? (
          <View key={page.id} />
        ) : page.single ? (
          <Editor key={page.id} page={page} at={page.single} />
        ) : (
          <Docs key={page.id} page={page} at={key} />
        )}
      </div>
    </main>
  );
}

function Work() {
  const ready = useSignal(false);
  useEffect(() => {
    atSite(site.value?.key ?? '');
    for (const kind of KINDS) void load(kind);
    void loadPeople();
    void loadCounts();
    void loadAdapters();
    ready.value = true;
    const leaving = (ev: BeforeUnloadEvent): void => {
      if (KINDS.some((kind) => isDirty(kind, '') || shelfOf(kind).docs.value.some((d) => isDirty(kind, d.key))))
        ev.preventDefault();
    };
    window.addEventListener('beforeunload', leaving);
    return () => window.removeEventListener('beforeunload', leaving);
  }, []);
  return ready.value ? <Main /> : null;
}

export function App() {
  return (
    <>
      <Gate title={t('appName')} roles={['admin']}>
        {() => <Work key={`${site.value?.key}/${session.value?.person.id}`} />}
      </Gate>
      <Toasts />
    </>
  );
}
