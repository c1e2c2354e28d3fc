// The visitor's side of a conversation: what came over the wire becomes signals, what the visitor does becomes frames.
import { signal } from './signals';
import type { ToFrame } from '../core/bridge';
import { Connection, type Link, openSocket } from '../core/connection';
import { choose, match } from '../core/i18n';
import { Outbox, webStore } from '../core/outbox';
import { shelf } from '../core/storage';
import { Skew } from '../core/time';
import { type Item, Transcript } from '../core/transcript';
import {
  type Choice,
  type FileInfo,
  type FromVisitor,
  type Identity,
  type Limits,
  type MessageFrame,
  newCid,
  type Page,
  type Person,
  type PublicState,
  type RateFrame,
  type SiteInfo,
  type ToVisitor,
  type VisitorMessage,
  type VisitorWelcome,
} from '../core/wire';
import { lang, setLang } from '../kit/i18n';
import { setBrand, setTheme, type Theme } from '../kit/theme';
import { embedded, meet, tellHost } from './host';
import { chime } from './sound';
import { t } from './words';

type Kept = VisitorMessage | RateFrame | { type: 'close'; cid: string };

interface Thread {
  id: string | null; // null: the server has not yet opened it
  transcript: Transcript;
}

export interface Notice {
  text: string;
  bad: boolean;
}

const PAGE = 30;
const SHOW_LOSS_MS = 2_000;
const TYPING_OUT_MS = 3_000;
const TYPING_IN_MS = 8_000;
const RATE_WITHIN_MS = 86_400_000;

export const key = decodeURIComponent(location.pathname.split('/').filter(Boolean).pop() ?? '');
const session = shelf(() => sessionStorage);
const local = shelf(() => localStorage);

const newTranscript = () => new Transcript((from) => from.role === 'visitor', `${threads.length}/`);
export let threads: Thread[] = [];
export const skew = new Skew();

// ---- What the views show ----

export const link = signal<Link>({ state: 'idle' });
/** The loss has lasted long enough to be shown. */
export const lost = signal(false);
export const site = signal<SiteInfo | null>(null);
export const limits = signal<Limits>({ text: 4096, file: 10 * 1024 * 1024 });
export const items = signal<readonly Item[]>([]);
export const older = signal(false);
/** The newest page of history is on its way: show its place, not the greeting. */
export const loading = signal(false);
export const state = signal<PublicState | null>(null);
export const agent = signal<Person | null>(null);
export const queue = signal<{ position?: number | undefined; wait_s?: number | undefined }>({});
export const typing = signal<string | undefined>(undefined);
export const notice = signal<Notice | null>(null);
export const sound = signal(session.get('kefu:sound') !== 'off');
export const prefill = signal('');
export const shown = signal(!embedded);
export const unread = signal(0);
export const rating = signal<'no' | 'asked' | 'sending' | 'done'>('no');
export const unreadAfter = signal<number | undefined>(undefined);
/** Out of hours or nobody there: a message is taken for later. */
export const leaving = () =>
  !!site.value && state.value !== 'served' && (!site.value.hours_open || !site.value.staffed);

// ---- Setting out ----

export let token: string | undefined;
let identity: Identity | undefined;
let profile: Record<string, unknown> | undefined;
let page: Page = { url: location.href, title: document.title, referrer: document.referrer };
let chosenLang = match(new URLSearchParams(location.search).get('lang')) ?? match(local.get('kefu:lang'));

const connection = new Connection<ToVisitor, FromVisitor>({
  open: () => openSocket(`/ws/visitor?site=${encodeURIComponent(key)}`, 'kefu.visitor.v1'),
  hello() {
    const { id, transcript } = current();
    return {
      type: 'hello',
      ...(token && { token }),
      ...(chosenLang && { locale: chosenLang }),
      page,
      ...(profile && { profile }),
      ...(identity && { identity }),
      ...(id && { conversation: id, last_seq: transcript.denseSeq }),
    };
  },
  onFrame: receive,
  onLink(l) {
    link.value = l;
    if (l.state === 'live') {
      lost.value = false;
      takeBackLoss?.();
      takeBackLoss = null;
    } else {
      outbox.setLive(false);
      if (l.state === 'refused') lost.value = true;
      else if (l.state === 'waiting') expectLoss();
    }
  },
});

export const outbox = new Outbox<Kept>({
  send: (frame) => connection.send(frame),
  store: webStore<Kept>(() => sessionStorage, `kefu:out:${key}`),
  onChange(entry, to) {
    const { frame } = entry;
    if (frame.type === 'rate') {
      if (to === 'done') rating.value = entry.failed ? 'no' : 'done';
      else if (to === 'failed') outbox.discard(entry.cid); // rated before, or too late: nothing to repeat
      return;
    }
    if (frame.type !== 'message') {
      if (to === 'failed') outbox.discard(entry.cid);
      return;
    }
    const { transcript } = current();
    if (to === 'done') return; // the ack has numbered it, or it was taken back
    if (!transcript.items().some((i) => i.key === entry.cid))
      transcript.addLocal(entry.cid, { ...draft(frame), at: entry.at });
    transcript.setLocal(entry.cid, to, to === 'failed' ? entry.failed?.message : undefined);
    publish();
  },
});

export async function begin(): Promise<void> {
  threads = [{ id: null, transcript: newTranscript() }];
  setLang(choose(chosenLang, local.get(`kefu:site-lang:${key}`), navigator.languages));
  const greeting = await meet(hear);
  if (greeting) {
    token = greeting.token;
    identity = greeting.identity;
    profile = greeting.profile;
    page = greeting.page;
    shown.value = greeting.open;
    if (greeting.lang && match(greeting.lang)) chosenLang ??= match(greeting.lang);
    if (chosenLang) setLang(chosenLang);
    if (greeting.theme) setTheme(greeting.theme as Theme);
    if (greeting.color) setBrand(greeting.color);
  }
  token ??= session.get(`kefu:${key}`) ?? undefined;
  await outbox.load();
  connection.start();
  addEventListener('online', () => connection.wake());
  document.addEventListener('visibilitychange', () => {
    connection.setVisible(document.visibilityState === 'visible');
    seen();
  });
}

function hear(m: ToFrame): void {
  switch (m.kefu) {
    case 'shown':
      shown.value = m.open;
      if (m.open) connection.wake();
      seen();
      break;
    case 'page':
      page = m.page;
      connection.send({ type: 'profile', cid: newCid(), page });
      break;
    case 'identify':
      identity = m.identity ?? identity;
      profile = { ...profile, ...m.profile };
      connection.send({
        type: 'profile',
        cid: newCid(),
        ...(m.identity && { identity: m.identity }),
        ...(m.profile && { profile: m.profile }),
      });
      break;
    case 'prefill':
      prefill.value = m.text;
      break;
    case 'lang':
      if (match(m.lang)) setLanguage(match(m.lang)!);
      break;
    case 'theme':
      setTheme(m.theme as Theme);
      break;
    case 'reset':
      reset();
      break;
  }
}

/** Somebody else sits down: forget who was here. */
function reset(): void {
  token = identity = profile = undefined;
  session.set(`kefu:${key}`, null);
  tellHost({ kefu: 'token', token: null });
  outbox.clear();
  threads = [{ id: null, transcript: newTranscript() }];
  state.value = agent.value = null;
  rating.value = 'no';
  publish();
  connection.renew();
}

// ---- What comes ----

export function current(): Thread {
  return threads[threads.length - 1]!;
}

export function publish(): void {
  items.value =
    threads.length === 1 ? [...current().transcript.items()] : threads.flatMap((th) => th.transcript.items());
}

/** The thread of a conversation; a new one if it is not the one we show. */
function thread(id: string): Thread {
  const known = threads.find((th) => th.id === id);
  if (known) return known;
  const now = current();
  if (now.id === null) {
    now.id = id;
    return now;
  }
  const fresh: Thread = { id, transcript: newTranscript() };
  now.transcript.moveLocals(fresh.transcript);
  threads.push(fresh);
  rating.value = 'no';
  return fresh;
}

function receive(f: ToVisitor): void {
  switch (f.type) {
    case 'welcome':
      welcome(f);
      break;
    case 'ack': {
      if (f.conversation && f.seq) {
        const was = current();
        thread(f.conversation).transcript.ack(f.cid, f.seq, f.at ?? skew.now());
        if (was !== current() || state.value === null || state.value === 'closed') underWay();
        tellHost({ kefu: 'event', name: 'message:out' });
      }
      outbox.ack(f);
      publish();
      break;
    }
    case 'error':
      if (!outbox.error(f) && f.code === 'rate_limited') notice.value = { text: t('tooFast'), bad: true };
      break;
    case 'message':
      message(f);
      break;
    case 'history': {
      const { transcript } = thread(f.conversation);
      const had = transcript.firstSeq;
      for (const m of f.messages) transcript.merge(m);
      loading.value = false;
      const first = f.messages[0]?.seq ?? 0;
      if (!had || first < had) older.value = transcript.firstSeq > 1 && (f.more || first > 1);
      lookForInvitation(transcript);
      publish();
      if (transcript.lacks() && f.messages.length) fetchAfter();
      break;
    }
    case 'state':
      if (f.conversation !== current().id) thread(f.conversation);
      setState(f.state as PublicState, f.agent ?? null);
      queue.value = { position: f.position, wait_s: f.wait_s };
      break;
    case 'status':
      thread(f.conversation).transcript.status(f);
      publish();
      break;
    case 'changed':
      thread(f.conversation).transcript.changed(f);
      publish();
      break;
    case 'typing':
      showTyping(f.on ? (f.from?.name ?? agent.value?.name ?? '') : undefined);
      break;
    case 'read':
      if ((f.role ?? f.from?.role) === 'visitor') break;
      current().transcript.read(f.seq);
      publish();
      break;
  }
}

function welcome(f: VisitorWelcome): void {
  skew.measure(f.at, Date.now());
  if (f.token) {
    token = f.token;
    session.set(`kefu:${key}`, f.token);
    tellHost({ kefu: 'token', token: f.token });
  }
  site.value = f.site;
  limits.value = f.limits;
  setBrand(f.site.color);
  local.set(`kefu:site-lang:${key}`, f.site.language);
  if (!chosenLang && match(f.site.language)) setLang(match(f.site.language)!);
  const conv = f.conversation;
  if (conv) {
    const { transcript } = thread(conv.id);
    setState(conv.state, conv.agent ?? null);
    queue.value = { position: conv.position, wait_s: conv.wait_s };
    if (transcript.firstSeq === 0 && conv.seq > 0) {
      loading.value = true;
      connection.send({ type: 'history', conversation: conv.id, before: conv.seq + 1, limit: PAGE });
    } else if (transcript.lacks(conv.seq)) {
      fetchAfter();
    }
  } else {
    // A conversation that the server no longer shows us goes on being read here; the next word opens another.
    setState(current().id ? 'closed' : null, null);
  }
  outbox.setLive(true);
  publish();
}

function fetchAfter(): void {
  const { id, transcript } = current();
  if (id) connection.send({ type: 'history', conversation: id, after: transcript.denseSeq, limit: PAGE * 3 });
}

export function fetchOlder(): void {
  const { id, transcript } = current();
  if (!id || !older.value || transcript.firstSeq <= 1) return;
  const before = transcript.firstSeq;
  if (askedBefore === before && askedOn === connection.link) return;
  askedBefore = before;
  askedOn = connection.link;
  connection.send({ type: 'history', conversation: id, before, limit: PAGE });
}
let askedBefore = 0;
let askedOn: Link | null = null;

function message(f: MessageFrame): void {
  const { transcript } = thread(f.conversation);
  const fresh = transcript.merge(f);
  if (transcript.lacks()) fetchAfter();
  if (fresh && f.from.role !== 'visitor') {
    if (f.from.role === 'agent') showTyping(undefined);
    if (f.kind !== 'event') arrived(f);
    lookForInvitation(transcript);
  }
  publish();
}

function arrived(f: MessageFrame): void {
  tellHost({ kefu: 'event', name: 'message:in', data: { role: f.from.role } });
  if (attentive()) return;
  if (unread.value === 0) unreadAfter.value = f.seq - 1;
  unread.value++;
  tellUnread();
  if (sound.value) chime();
}

function attentive(): boolean {
  return shown.value && document.visibilityState === 'visible';
}

/** A person talked, and it has ended or they ask: then the card, once, and not for what is long over. */
function lookForInvitation(transcript: Transcript): void {
  if (rating.value !== 'no' || session.get(asked()) === '1') return;
  let called = false;
  let person = false;
  for (const i of transcript.items()) {
    person ||= i.from.role === 'agent';
    if (i.event === 'rated') return;
    if (i.event === 'reopened') called = false;
    if (i.event === 'invited' || i.event === 'closed') called = skew.now() - i.at < RATE_WITHIN_MS;
  }
  if (called && person) rating.value = 'asked';
}

const asked = () => `kefu:rated:${current().id}`;

function setState(to: PublicState | null, who: Person | null): void {
  const was = state.value;
  state.value = to;
  agent.value = to === 'served' ? (who ?? agent.value) : null;
  if (to !== 'served') showTyping(undefined);
  if (was !== to) {
    tellHost({ kefu: 'event', name: 'state', data: { state: to } });
    underWay();
  }
  if (to === 'closed') lookForInvitation(current().transcript);
}

function underWay(): void {
  tellHost({ kefu: 'under-way', on: state.value === 'waiting' || state.value === 'served' });
}

let takeBackTyping: ReturnType<typeof setTimeout> | undefined;
function showTyping(name: string | undefined): void {
  clearTimeout(takeBackTyping);
  typing.value = name;
  if (name !== undefined) takeBackTyping = setTimeout(() => (typing.value = undefined), TYPING_IN_MS);
}

let takeBackLoss: (() => void) | null = null;
function expectLoss(): void {
  if (lost.value || takeBackLoss) return;
  const timer = setTimeout(() => {
    takeBackLoss = null;
    lost.value = connection.link.state !== 'live';
  }, SHOW_LOSS_MS);
  takeBackLoss = () => clearTimeout(timer);
}

// ---- What the visitor does ----

function draft(frame: VisitorMessage): Omit<Item, 'key' | 'own' | 'seq' | 'state'> {
  const base = { at: skew.now(), from: { role: 'visitor' as const }, text: frame.text ?? '' };
  if (frame.kind === 'form') return { ...base, kind: 'card', form: frame.form ?? {} };
  if (frame.kind === 'choice') return { ...base, kind: 'text' };
  if (!frame.file) return { ...base, kind: 'text' };
  const file = sent.get(frame.file) ?? { id: frame.file, name: '', mime: '', size: 0 };
  return { ...base, kind: frame.kind, file };
}
/** What we have uploaded, by its id. */
export const sent = new Map<string, NonNullable<Item['file']>>();

export function say(frame: VisitorMessage): void {
  rating.value = rating.value === 'asked' ? 'no' : rating.value;
  unreadAfter.value = undefined;
  outbox.add(frame);
}

export function sendText(text: string): void {
  say({ type: 'message', cid: newCid(), kind: 'text', text });
  stopTyping();
}

export function sendForm(form: Record<string, string>): void {
  say({ type: 'message', cid: newCid(), kind: 'form', form });
}

export function choiceMade(item: Item, choice: Choice): void {
  say({ type: 'message', cid: newCid(), kind: 'choice', choice: choice.id, text: choice.label, reply_to: item.seq });
}

let typedAt = 0;
let typingOff: ReturnType<typeof setTimeout> | undefined;
export function typed(text: string): void {
  if (!text.trim() || state.value !== 'served') {
    stopTyping();
    return;
  }
  const now = Date.now();
  if (now - typedAt >= TYPING_OUT_MS) {
    typedAt = now;
    connection.send({ type: 'typing', on: true });
  }
  clearTimeout(typingOff);
  typingOff = setTimeout(stopTyping, TYPING_OUT_MS * 2);
}

function stopTyping(): void {
  clearTimeout(typingOff);
  if (typedAt) connection.send({ type: 'typing', on: false });
  typedAt = 0;
}

let readTo = '';
/** The end of the transcript is on screen. */
export function seen(): void {
  if (!attentive()) return;
  if (unread.value) {
    unread.value = 0;
    tellUnread();
  }
  const { id, transcript } = current();
  let last = 0;
  for (const i of transcript.items()) if (!i.own && i.seq > last) last = i.seq;
  const mark = `${id}/${last}`;
  if (!last || mark === readTo || transcript.lacks()) return;
  if (connection.send({ type: 'read', cid: newCid(), seq: last })) readTo = mark;
}

function tellUnread(): void {
  const n = unread.value;
  document.title = n ? t('unreadTitle', { n, title: title() }) : title();
  tellHost({ kefu: 'unread', n, label: n ? t('unread', { n }) : '' });
}

export const fileUrl = (file: FileInfo) => `/files/${encodeURIComponent(file.id)}`;

export const title = () => site.value?.name ?? t('title');

export function end(): void {
  outbox.add({ type: 'close', cid: newCid() });
}

export function rate(score: number, tags: string[], comment: string): void {
  const { id } = current();
  if (!id) return;
  rating.value = 'sending';
  session.set(asked(), '1');
  outbox.add({
    type: 'rate',
    cid: newCid(),
    conversation: id,
    score,
    ...(tags.length && { tags }),
    ...(comment && { comment }),
  });
  tellHost({ kefu: 'event', name: 'rated', data: { score } });
}

export function askRating(): void {
  if (rating.value === 'no') rating.value = 'asked';
}

export function skipRating(): void {
  rating.value = 'no';
  session.set(asked(), '1');
}

export function setLanguage(to: typeof lang.value): void {
  chosenLang = to;
  local.set('kefu:lang', to);
  setLang(to);
  connection.send({ type: 'profile', cid: newCid(), locale: to });
}

export function setSound(on: boolean): void {
  sound.value = on;
  session.set('kefu:sound', on ? null : 'off');
}

export function retryLink(): void {
  if (connection.link.state === 'refused') location.reload();
  else connection.retry();
}

export function closePanel(): void {
  shown.value = false;
  tellHost({ kefu: 'close' });
}
