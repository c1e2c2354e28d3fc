// What must be there before the first word: the link, who is there, the state of the conversation. The rest (talk.ts and its views) comes
// in a second bundle, with the first key that is pressed or the first frame that it is for; frames wait for it in order.
import type { ToFrame } from '../core/bridge';
import { Connection, type Link, openSocket } from '../core/connection';
import { choose, type Lang, match } from '../core/i18n';
import { shelf } from '../core/storage';
import type {
  FromVisitor,
  Identity,
  Limits,
  Page,
  Person,
  PublicState,
  SiteInfo,
  ToVisitor,
  Unattended,
  VisitorHello,
  VisitorWelcome,
} from '../core/wire';
import { newCid } from '../core/wire';
import { setBrand, setTheme, type Theme } from '../kit/theme';
import { embedded, meet, tellHost } from './host';
import { setLang, t } from './i18n';
import { load } from './later';
import { signal } from './signals';

export interface Notice {
  text: string;
  bad: boolean;
}

const SHOW_LOSS_MS = 2_000;

export const key = decodeURIComponent(location.pathname.split('/').filter(Boolean).pop() ?? '');
export const session = shelf(() => sessionStorage);
const local = shelf(() => localStorage);
/** Where the outbox keeps what has not been acknowledged. */
export const KEPT = `kefu:out:${key}`;

// ---- What the views show ----

export const link = signal<Link>({ state: 'idle' });
/** The loss has lasted long enough to be shown. */
export const lost = signal(false);
export const site = signal<SiteInfo | null>(null);
export const limits = signal<Limits>({ text: 4096, file: 10 * 1024 * 1024 });
export const state = signal<PublicState | null>(null);
export const agent = signal<Person | null>(null);
/** The place in line; `why` it has gone back, if it has. */
interface Place {
  position?: number | undefined;
  wait_s?: number | undefined;
  why?: 'priority' | 'queue' | undefined;
  unattended?: Unattended | undefined;
}
export const queue = signal<Place>({});
export const notice = signal<Notice | null>(null);
export const prefill = signal('');
export const shown = signal(!embedded);

/** Out of hours or nobody there: a message is taken for later. Who waits may wait elsewhere than where the site lets visitors in. */
export function leaving(): Unattended | undefined {
  if (!site.value || state.value === 'served') return undefined;
  if (state.value === 'waiting') return queue.value.unattended;
  const { hours_open, staffed } = site.value;
  return hours_open ? (staffed ? undefined : 'nobody') : 'closed';
}
export const title = () => site.value?.name ?? t('title');

// ---- Who we are ----

export const me: {
  token?: string | undefined;
  identity?: Identity | undefined;
  profile?: Record<string, unknown> | undefined;
} = {};
let page: Page = { url: location.href, title: document.title, referrer: document.referrer };
let chosenLang = match(new URLSearchParams(location.search).get('lang')) ?? match(local.get('kefu:lang'));

/** What the second bundle ties in once it is here. */
export const ties: {
  receive?: (f: ToVisitor) => void;
  lost?: () => void;
  seen?: () => void;
  reset?: () => void;
  /** Where we stopped. */
  resume?: () => Pick<VisitorHello, 'conversation' | 'last_seq'>;
} = {};
/** Frames of this connection that wait for it. */
export const early: ToVisitor[] = [];

export const connection = new Connection<ToVisitor, FromVisitor>({
  open: () => openSocket(`/ws/visitor?site=${encodeURIComponent(key)}`, 'kefu.visitor.v1'),
  hello: () => ({ type: 'hello', ...me, ...(chosenLang && { locale: chosenLang }), page, ...ties.resume?.() }),
  onFrame: receive,
  onLink(l) {
    link.value = l;
    if (l.state === 'live') {
      lost.value = false;
      clearTimeout(takeBackLoss);
      takeBackLoss = undefined;
      return;
    }
    ties.lost?.();
    if (l.state === 'refused') lost.value = true;
    else if (l.state === 'waiting') {
      takeBackLoss ??= setTimeout(() => (lost.value = connection.link.state !== 'live'), SHOW_LOSS_MS);
    }
  },
});
let takeBackLoss: ReturnType<typeof setTimeout> | undefined;

/** Resolves when there is something to draw, in the right language. */
export async function begin(): Promise<void> {
  const greeting = await meet(hear);
  if (greeting) {
    me.token = greeting.token;
    me.identity = greeting.identity;
    me.profile = greeting.profile;
    page = greeting.page;
    shown.value = greeting.open;
    chosenLang ??= match(greeting.lang);
    if (greeting.theme) setTheme(greeting.theme as Theme);
    if (greeting.color) setBrand(greeting.color);
  }
  me.token ??= session.get(`kefu:${key}`) ?? undefined;
  connection.start();
  addEventListener('online', () => connection.wake());
  document.addEventListener('visibilitychange', () => {
    connection.setVisible(document.visibilityState === 'visible');
    ties.seen?.();
  });
  // A conversation is under way, or something was not sent: then the rest is wanted at once, beside the socket.
  if (session.get(KEPT) || local.get(`kefu:on:${key}`)) load();
  await setLang(choose(chosenLang, local.get(`kefu:site-lang:${key}`), navigator.languages));
}

function hear(m: ToFrame): void {
  switch (m.kefu) {
    case 'shown':
      shown.value = m.open;
      if (m.open) connection.wake();
      ties.seen?.();
      break;
    case 'page':
      page = m.page;
      tellPage();
      break;
    case 'identify': {
      const { identity, profile } = m;
      me.identity = identity ?? me.identity;
      me.profile = { ...me.profile, ...profile };
      connection.send({ type: 'profile', cid: newCid(), ...(identity && { identity }), ...(profile && { profile }) });
      break;
    }
    case 'prefill':
      prefill.value = m.text;
      break;
    case 'lang':
      speak(match(m.lang));
      break;
    case 'theme':
      setTheme(m.theme as Theme);
      break;
    case 'reset':
      // Somebody else sits down: forget who was here.
      me.token = me.identity = me.profile = undefined;
      session.set(`kefu:${key}`, null);
      tellHost({ kefu: 'token', token: null });
      setState(null);
      ties.reset?.();
      connection.renew();
  }
}

function receive(f: ToVisitor): void {
  if (f.type === 'welcome') {
    early.length = 0;
    welcome(f);
  } else if (f.type === 'state') {
    setState(f.state as PublicState, f.agent, f);
  } else if (f.type === 'site') {
    if (site.value) site.value = { ...site.value, hours_open: f.hours_open, staffed: f.staffed };
    return;
  }
  if (ties.receive) {
    ties.receive(f);
    return;
  }
  early.push(f);
  if (f.type !== 'welcome' || f.conversation) load();
}

function tellPage(): void {
  connection.send({ type: 'profile', cid: newCid(), page });
  session.set(`kefu:page:${key}`, page.url);
}

function welcome(f: VisitorWelcome): void {
  // Where a conversation begins its opening tells the page; whoever has gone on to another one meanwhile is there now.
  const was = session.get(`kefu:page:${key}`);
  if (f.conversation && was !== null && was !== page.url) tellPage();
  else session.set(`kefu:page:${key}`, page.url);
  if (f.token) {
    me.token = f.token;
    session.set(`kefu:${key}`, f.token);
    tellHost({ kefu: 'token', token: f.token });
  }
  site.value = f.site;
  limits.value = f.limits;
  document.title = title();
  setBrand(f.site.color);
  local.set(`kefu:site-lang:${key}`, f.site.language);
  if (!chosenLang) void setLang(match(f.site.language) ?? 'zh-CN');
  // A conversation that the server no longer shows us is over; the next word opens another.
  setState(
    f.conversation?.state ?? (ties.resume?.().conversation ? 'closed' : null),
    f.conversation?.agent,
    f.conversation,
  );
}

function setState(to: PublicState | null, who?: Person | null, where?: Place | null): void {
  const was = state.value;
  state.value = to;
  agent.value = to === 'served' ? (who ?? agent.value) : null;
  queue.value = {
    position: where?.position,
    wait_s: where?.wait_s,
    why: where?.why,
    unattended: where?.unattended,
  };
  if (was === to) return;
  const on = to === 'waiting' || to === 'served';
  local.set(`kefu:on:${key}`, on ? '1' : null);
  tellHost({ kefu: 'under-way', on });
  tellHost({ kefu: 'event', name: 'state', data: { state: to } });
}

/** The visitor's own choice is kept. */
export function setLanguage(to: Lang): void {
  local.set('kefu:lang', to);
  speak(to);
}

function speak(to: Lang | undefined): void {
  if (!to) return;
  chosenLang = to;
  void setLang(to);
  connection.send({ type: 'profile', cid: newCid(), locale: to });
}

export function retryLink(): void {
  if (connection.link.state === 'refused') location.reload();
  else connection.retry();
}

export function closePanel(): void {
  shown.value = false;
  tellHost({ kefu: 'close' });
}
