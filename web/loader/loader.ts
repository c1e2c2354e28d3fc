// The one script on the host's page. It draws a bubble in a shadow root and asks for nothing more before somebody opens the chat, or
// a conversation is under way. The chat itself is a frame of our origin: the host's scripts do not reach into it, nor we into theirs.
//
// KEFU_SITE is null in the file; the daemon writes the site's settings there (see embed.sh). Else data-site and the like say them.
import type { ToFrame, ToHost } from '../core/bridge';
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
  en: ['Chat with us', 'Close chat'],
  cn: ['在线客服', '收起聊天窗口'],
  tw: ['線上客服', '收合聊天視窗'],
};

function wordsFor(lang: string): string[] {
  if (!/^zh/i.test(lang)) return WORDS.en;
  return /hant|tw|hk|mo/i.test(lang) ? WORDS.tw : WORDS.cn;
}

/** White or black, whichever reads better on the colour. */
function onColor(color: string): string {
  const n = parseInt(color.slice(1), 16);
  return 0.3 * (n >> 16) + 0.59 * ((n >> 8) & 255) + 0.11 * (n & 255) > 150 ? '#000' : '#fff';
}

function start(site: Site): void {
  const key = `kefu:${site.site}`;
  const address = `${site.origin}/chat/${encodeURIComponent(site.site)}`;
  const handlers: Record<string, Handler[] | undefined> = {};
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
    memory = (JSON.parse(localStorage[key] as string) as typeof memory | null) ?? {};
  } catch {
    // Nothing there, or denied: then memory must do.
  }
  function keep(): void {
    try {
      localStorage[key] = JSON.stringify(memory);
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
    el.className = cls;
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
    path.setAttribute('d', open ? 'M6 9l6 6 6-6' : 'M7.9 20A9 9 0 1 0 4 16.1L2 22zM8 12h0M12 12h0M16 12h0');
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
    if (site.position === 'left') el.classList.add('left');
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
    frame.src = address;
    box.append(frame);
    setTimeout(() => {
      if (ready) return;
      // Frames are blocked here, or our server is out of reach: a window of its own may still work.
      blocked = true;
      const link = doc.createElement('a');
      link.href = address;
      link.target = '_blank';
      link.textContent = words[0]! + ' ↗';
      frame!.replaceWith(link);
    }, 8_000);
  }

  function tell(m: ToFrame): void {
    if (ready) frame!.contentWindow!.postMessage(m, site.origin);
    else waiting.push(m);
  }

  /** A frame that comes later hears it all with the greeting. */
  function tellIfThere(m: ToFrame): void {
    if (frame) tell(m);
  }

  function look(): void {
    const now = given ? { ...here(), ...given } : here();
    if (now.url === page.url && now.title === page.title) return;
    page = now;
    tellIfThere({ kefu: 'page', page });
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
    tellIfThere({ kefu: 'shown', open });
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
        const { lang, color } = site;
        tell({ kefu: 'init', token: memory.token, identity, profile, page, lang, theme, color, open });
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
    for (const fn of handlers[name] ?? []) {
      try {
        fn(data);
      } catch (e) {
        console.error(e); // theirs: it stops nothing here
      }
    }
  }

  function on(name: string, fn: Handler): void {
    handlers[name] = [...(handlers[name] ?? []), fn];
  }

  function off(name: string, fn: Handler): void {
    handlers[name] = handlers[name]?.filter((x) => x !== fn);
  }

  function facts(all: Record<string, unknown>, who?: Identity): void {
    profile = { ...profile, ...all };
    if (who) identity = who;
    tellIfThere({ kefu: 'identify', profile: all, ...(who && { identity: who }) });
  }

  const commands: Record<string, ((...args: never[]) => void) | null> = {
    __proto__: null, // or Kefu('constructor') would be one
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
      tellIfThere({ kefu: 'lang', lang: code });
    },
    theme(to: string) {
      theme = to;
      tellIfThere({ kefu: 'theme', theme: to });
    },
    reset() {
      identity = profile = undefined;
      delete memory.token;
      keep();
      tellIfThere({ kefu: 'reset' });
    },
    on,
    off,
    once(name: string, fn: Handler) {
      const one: Handler = (data) => {
        off(name, one);
        fn(data);
      };
      on(name, one);
    },
  };
  const before = win.Kefu?.q ?? [];
  const kefu: Kefu = (command, ...args) => {
    const fn = commands[command];
    if (fn) fn(...(args as never[]));
    else console.warn('Kefu', command);
  };
  kefu.version = '1';
  win.Kefu = kefu;

  doc.addEventListener('click', (ev) => {
    const to = ev.target as Element | null;
    if (!to?.closest?.('[data-kefu-open]')) return;
    ev.preventDefault();
    toggle(true);
  });
  setInterval(() => frame && look(), 2_000); // single-page sites change their address without an event that all browsers know
  doc.body.append(host);
  if (memory.on) (win.requestIdleCallback ?? setTimeout)(load);
  for (const call of Array.from(before)) kefu(...(Array.from(call) as Call));
}

const found = settings();
if (found && !win.Kefu?.version) {
  if (doc.body) start(found);
  else doc.addEventListener('DOMContentLoaded', () => start(found));
}
