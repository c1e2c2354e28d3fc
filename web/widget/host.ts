// The host's page, if there is one. Its origin is not known before it speaks: who may embed is enforced by frame-ancestors, so the
// first window that greets us from above is the one; from then on nothing else is heard, and secrets go to no other origin.
import type { Greeting, ToFrame, ToHost } from '../core/bridge';

export const embedded = window.parent !== window;

let origin: string | null = null;

/** Resolves with the host's greeting; null on a full page, or in a frame of somebody who does not greet. */
export function meet(onMessage: (m: ToFrame) => void): Promise<Greeting | null> {
  if (!embedded) return Promise.resolve(null);
  return new Promise((resolve) => {
    const patience = setTimeout(() => resolve(null), 3_000);
    addEventListener('message', (ev: MessageEvent<ToFrame>) => {
      if (ev.source !== window.parent || typeof ev.data?.kefu !== 'string') return;
      if (origin !== null && ev.origin !== origin) return;
      if (ev.data.kefu === 'init') {
        origin = ev.origin;
        clearTimeout(patience);
        resolve(ev.data);
      } else if (origin !== null) {
        onMessage(ev.data);
      }
    });
    window.parent.postMessage({ kefu: 'ready' } satisfies ToHost, '*');
  });
}

export function tellHost(m: ToHost): void {
  if (origin !== null) window.parent.postMessage(m, origin === 'null' ? '*' : origin);
}
