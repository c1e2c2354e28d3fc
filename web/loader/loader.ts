// The one script on the host's page. It draws a bubble in a shadow root and asks for nothing more before somebody opens the chat, or
// a conversation is under way. The chat itself is a frame of our origin: the host's scripts do not reach into it, nor we into theirs.
//
// KEFU_SITE is null in the file; the daemon writes the site's settings there (see embed.sh). Else data-site and the like say them.
import type { Greeting, ToFrame, ToHost } from '../core/bridge';
import type { Identity } from '../core/wire';

interface Site {
  site: string;
  origin: string;
  name?: string;
  color?: string;
  position?: 'left' | 'right';
  lang?: string;
}
type Call = [command: string, ...args: unknown[]];
type Handler = (data?: unknown) => void;
interface Kefu {
  (...call: Call): void;
  q?: ArrayLike<unknown>[];
  version?: string;
}

const doc = document;
const win = window as unknown as Window & { Kefu?: Kefu };

const own = doc.currentScript as HTMLScriptElement | null;

function settings(): Site | null {
  const given = KEFU_SITE as Site | null;
  const data = (own?.dataset ?? {}) as Partial<Site>;
  const site = { ...data, ...given } as Site;
  site.color = data.color ?? given?.color ?? '#0b5fd0';
  site.position = data.position ?? given?.position ?? 'right';
  if (data.lang) site.lang = data.lang;
  // Where the script came from is where the chat is.
  if (own?.src) site.origin = new URL(own.src).origin;
  return site.site && site.origin ? site : null;
}

const WORDS = {
  en: ['Chat with us', 'Close chat', 'Open the chat in a new window'],
  cn: ['在线客服', '收起聊天窗口', '在新窗口打开客服'],
  tw: ['線上客服', '收合聊天視窗', '在新視窗開啟客服'],
};

function wordsFor(lang: string): string[] {
  if (!/^zh/i.test(lang)) return WORDS.en;
  return /hant|tw|hk|mo/i.test(lang) ? WORDS.tw : WORDS.cn;
}

/** White or black, whichever reads better on the colour. */
function onColor(color: string): string {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => (parseInt(color.slice(i, i + 2), 16) / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? '#000' : '#fff';
}

function start(site: Site): void {
  const key = `kefu:${site.site}`;
  const address = `${site.origin}/chat/${encodeURIComponent(site.site)}`;
  const handlers: Record<string, Handler[]> = {};
  let words = wordsFor(site.lang ?? navigator.language);
  let memory: { token?: string; on?: boolean } = {};
  let frame: HTMLIFrameElement | null = null;
  let ready = false;
  let blocked = false;
  let open = false;
  let identity: Identity | undefined;
  let profile: Record<string, unknown> | undefined;
  let theme: string | undefined;
  let waiting: ToFrame[] = [];
  let page = here();
  let given: { url: string; title: string } | undefined; // by Kefu('page'): then the address bar is not asked

  // ---- What we keep on the host's page: a hint, and where cookies are denied the visitor's token ----
  try {
    memory = (JSON.parse(localStorage.getItem(key) ?? '{}') as typeof memory) ?? {};
  } catch {
    // Denied: memory must do.
  }
  function keep(): void {
    try {
      localStorage.setItem(key, JSON.stringify(memory));
    } catch {
      // As above.
    }
  }

  function here() {
    return { url: location.href, title: doc.title, referrer: doc.referrer };
  }

  // ---- What is seen ----
  const host = doc.createElement('div');
  const root = host.attachShadow({ mode: 'open' });
  const make = <K extends keyof HTMLElementTagNameMap>(tag: K, cls: string) => {
    const el = doc.createElement(tag);
    el.className = `${cls} ${site.position}`;
    return el;
  };
  const box = make('div', 'frame');
  const bubble = make('button', 'bubble');
  const badge = make('span', 'badge');
  const icon = doc.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = doc.createElementNS('http://www.w3.org/2000/svg', 'path');

  function dress(into: ShadowRoot): void {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(LOADER_CSS);
      into.adoptedStyleSheets = [sheet];
    } catch {
      const link = doc.createElement('link');
      link.rel = 'stylesheet';
      link.href = site.origin + LOADER_CSS_PATH;
      into.append(link);
    }
  }

  function draw(): void {
    const label = words[open ? 1 : 0]!;
    bubble.setAttribute('aria-label', badge.title ? `${label} (${badge.title})` : label);
    bubble.title = label;
    bubble.setAttribute('aria-expanded', String(open));
    path.setAttribute('d', open ? 'M6 9l6 6 6-6' : 'M21 12a8 8 0 0 1-8 8H4l1.6-3.2A8 8 0 1 1 21 12zM9 11h8M9 14.5h5');
    box.hidden = !open;
    badge.hidden = open || !badge.textContent;
  }

  dress(root);
  bubble.type = 'button';
  icon.setAttribute('viewBox', '0 0 24 24');
  icon.setAttribute('aria-hidden', 'true');
  icon.append(path);
  bubble.append(icon, badge);
  for (const el of [box, bubble]) {
    el.style.setProperty('--c', site.color!);
    el.style.setProperty('--o', onColor(site.color!));
    el.style.setProperty('--z', own?.dataset['z'] ?? '2147483000');
  }
  root.append(box, bubble);
  bubble.onclick = () => toggle();
  draw();

  // ---- The frame ----
  function load(): void {
    if (frame) return;
    frame = doc.createElement('iframe');
    frame.title = site.name ?? words[0]!;
    frame.allow = 'clipboard-write';
    frame.src = address;
    box.append(frame);
    setTimeout(() => {
      if (ready) return;
      // Frames are blocked here, or our server is out of reach: a window of its own may still work.
      blocked = true;
      const link = doc.createElement('a');
      link.href = address;
      link.target = '_blank';
      link.textContent = words[2]!;
      frame!.replaceWith(link);
    }, 8_000);
  }

  function tell(m: ToFrame): void {
    if (ready) frame!.contentWindow!.postMessage(m, site.origin);
    else waiting.push(m);
  }

  function look(): void {
    const now = given ? { ...here(), ...given } : here();
    if (now.url === page.url && now.title === page.title) return;
    page = now;
    if (frame) tell({ kefu: 'page', page });
  }

  function toggle(to = !open): void {
    if (to === open) return;
    if (to && blocked) {
      window.open(address, '_blank', 'noopener');
      return;
    }
    open = to;
    look();
    if (open) load();
    draw();
    if (frame) tell({ kefu: 'shown', open });
    if (open) frame?.focus();
    else bubble.focus();
    emit(open ? 'open' : 'close');
  }

  addEventListener('message', (ev: MessageEvent<ToHost>) => {
    if (!frame || ev.source !== frame.contentWindow || ev.origin !== site.origin) return;
    hear(ev.data);
  });

  function hear(m: ToHost): void {
    switch (m?.kefu) {
      case 'ready': {
        ready = true;
        const greeting: Greeting = {
          kefu: 'init',
          token: memory.token,
          identity,
          profile,
          page,
          lang: site.lang,
          theme,
          color: site.color,
          open,
        };
        tell(greeting);
        waiting.forEach(tell);
        waiting = [];
        emit('ready');
        break;
      }
      case 'close':
        toggle(false);
        break;
      case 'token':
        if (m.token) memory.token = m.token;
        else delete memory.token;
        keep();
        break;
      case 'under-way':
        memory.on = m.on;
        keep();
        break;
      case 'unread':
        badge.textContent = m.n ? String(Math.min(m.n, 99)) : '';
        badge.title = m.label;
        draw();
        emit('unread', m.n);
        break;
      case 'event':
        emit(m.name, m.data);
        break;
    }
  }

  // ---- The host's commands ----
  function emit(name: string, data?: unknown): void {
    for (const fn of [...(handlers[name] ?? [])]) {
      try {
        fn(data);
      } catch (e) {
        setTimeout(() => {
          throw e; // theirs: it shows in their console and stops nothing here
        });
      }
    }
  }

  function facts(all: Record<string, unknown>, who?: Identity): void {
    profile = { ...profile, ...all };
    if (who) identity = who;
    if (frame) tell({ kefu: 'identify', profile: all, ...(who && { identity: who }) });
  }

  const commands: Record<string, (...args: never[]) => void> = {
    open: () => toggle(true),
    close: () => toggle(false),
    toggle: () => toggle(),
    show: () => (host.hidden = bubble.hidden = false),
    hide: () => (bubble.hidden = true),
    mount(el: HTMLElement) {
      const inner = doc.createElement('div');
      inner.style.height = '100%';
      const there = inner.attachShadow({ mode: 'open' });
      dress(there);
      box.classList.add('mount');
      there.append(box);
      el.append(inner);
      bubble.hidden = true;
      toggle(true);
    },
    destroy() {
      host.remove();
      box.remove();
      frame = null;
      delete win.Kefu;
    },
    identify({ id, hash, ...rest }: { id?: string; hash?: string } & Record<string, unknown>) {
      facts(rest, id && hash ? { id, hash } : undefined);
    },
    set: (all: Record<string, unknown>) => facts(all),
    page(url: string, title: string) {
      given = { url: new URL(url, location.href).href, title: title ?? doc.title };
      look();
    },
    prefill: (text: string) => tell({ kefu: 'prefill', text }),
    lang(code: string) {
      site.lang = code;
      words = wordsFor(code);
      draw();
      if (frame) tell({ kefu: 'lang', lang: code });
    },
    theme(to: string) {
      theme = to;
      if (frame) tell({ kefu: 'theme', theme: to });
    },
    reset() {
      identity = profile = undefined;
      delete memory.token;
      keep();
      if (frame) tell({ kefu: 'reset' });
    },
    on: (name: string, fn: Handler) => void (handlers[name] ??= []).push(fn),
    off: (name: string, fn: Handler) => void (handlers[name] = (handlers[name] ?? []).filter((x) => x !== fn)),
    once(name: string, fn: Handler) {
      const one: Handler = (data) => {
        (commands['off'] as (n: string, f: Handler) => void)(name, one);
        fn(data);
      };
      (handlers[name] ??= []).push(one);
    },
  };
  const before = win.Kefu?.q ?? [];
  const kefu: Kefu = (command, ...args) => {
    if (Object.prototype.hasOwnProperty.call(commands, command)) commands[command]!(...(args as never[]));
    else console.warn(`Kefu: no command "${command}"`);
  };
  kefu.version = '1';
  win.Kefu = kefu;

  doc.addEventListener('click', (ev) => {
    const to = ev.target as Element | null;
    if (!to?.closest?.('[data-kefu-open]')) return;
    ev.preventDefault();
    toggle(true);
  });
  addEventListener('popstate', look);
  addEventListener('hashchange', look);
  setInterval(() => frame && look(), 3_000); // pages that change their address without an event
  doc.body.append(host);
  if (memory.on) (win.requestIdleCallback ?? setTimeout)(load);
  for (const call of Array.from(before)) kefu(...(Array.from(call) as Call));
}

const found = settings();
if (found && !win.Kefu?.version) {
  if (doc.body) start(found);
  else doc.addEventListener('DOMContentLoaded', () => start(found));
}
