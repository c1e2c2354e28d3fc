// api.ts: /api/v1 for the pages of the staff: JSON both ways, problem documents (RFC 9457) as errors, the CSRF token on what changes
// something. The session itself is a cookie that no script can read.
import type { FileInfo } from './wire';

/** What went wrong, in the server's words where it had some. Status 0: no answer came. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    /** Seconds until it makes sense to try again; 0: unknown. */
    readonly retryAfter = 0,
    /** To quote when asking for help; empty: none. */
    readonly id = '',
    readonly code = '',
    /** Which member of what was sent is wrong, with dots for members of members; empty: not said. */
    readonly member = '',
  ) {
    super(title || `HTTP ${status}`);
  }
}

let csrf = '';

export function setCsrf(token: string): void {
  csrf = token;
}

/** Hears of every 401, so that the page can ask for a new sign-in. */
let signedOut: (() => void) | null = null;
export function onSignedOut(fn: () => void): void {
  signedOut = fn;
}

export interface Ask {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  body?: unknown;
  signal?: AbortSignal;
  headers?: Record<string, string>;
  /** The caller deals with 401 itself. */
  quiet?: boolean;
  /** It is sent although the page goes away. */
  keepalive?: boolean;
}

const reading = new Set<Promise<unknown>>();

/** All that is being read has come, or `ms` are over: whoever signs out waits, for what comes later would be refused and taken for the end of the
 * next session. */
export async function readsDone(ms: number): Promise<void> {
  await Promise.race([Promise.allSettled(reading), new Promise((over) => setTimeout(over, ms))]);
}

export function api<T>(path: string, ask: Ask = {}): Promise<T> {
  const asked = send<T>(path, ask);
  if (ask.method && ask.method !== 'GET') return asked;
  reading.add(asked);
  const done = () => reading.delete(asked);
  asked.then(done, done);
  return asked;
}

async function send<T>(path: string, ask: Ask): Promise<T> {
  const method = ask.method ?? 'GET';
  const headers: Record<string, string> = { Accept: 'application/json', ...ask.headers };
  if (ask.body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET' && csrf) headers['X-CSRF-Token'] = csrf;
  let answer: Response;
  try {
    answer = await fetch(`/api/v1/${path}`, {
      method,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      keepalive: !!ask.keepalive,
      ...(ask.body !== undefined ? { body: JSON.stringify(ask.body) } : {}),
      ...(ask.signal ? { signal: ask.signal } : {}),
    });
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e;
    throw new ApiError(0, '');
  }
  if (!answer.ok) {
    if (answer.status === 401 && !ask.quiet) signedOut?.();
    throw await problem(answer);
  }
  if (answer.status === 204) return undefined as T;
  const text = await answer.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

async function problem(answer: Response): Promise<ApiError> {
  let doc: Record<string, unknown> = {};
  try {
    doc = (await answer.json()) as Record<string, unknown>;
  } catch {
    // A proxy's page, not ours.
  }
  const word = (key: string): string => (typeof doc[key] === 'string' ? (doc[key] as string) : '');
  const retry = Number(answer.headers.get('Retry-After') ?? 0);
  return new ApiError(
    answer.status,
    word('detail') || word('title'),
    Number.isFinite(retry) ? retry : 0,
    word('instance') || answer.headers.get('X-Request-Id') || '',
    word('code') || word('type').split(/[/:#]/).pop() || '',
    word('field'),
  );
}

/** Fetches a file and hands it to the browser to be kept, under the name that the server gives it. What is wrong is an error of ours, not a
 * page in the place of this one. */
export async function download(path: string): Promise<void> {
  let answer: Response;
  try {
    answer = await fetch(`/api/v1/${path}`, { credentials: 'same-origin', cache: 'no-store' });
    if (answer.ok) {
      const name = /filename="([^"]+)"/.exec(answer.headers.get('Content-Disposition') ?? '')?.[1] ?? 'download';
      const url = URL.createObjectURL(await answer.blob());
      const link = document.createElement('a');
      link.href = url;
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      return;
    }
  } catch {
    throw new ApiError(0, '');
  }
  if (answer.status === 401) signedOut?.();
  throw await problem(answer);
}

/** A query string without empty values. */
export function query(values: Readonly<Record<string, string | number | undefined>>): string {
  const q = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) if (value !== undefined && value !== '') q.set(key, String(value));
  const text = q.toString();
  return text ? `?${text}` : '';
}

/** Uploads with progress, which fetch() cannot tell. */
export function upload(
  site: string,
  file: Blob,
  name: string,
  progress: (share: number) => void,
  signal?: AbortSignal,
): Promise<FileInfo> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open('POST', `/files${query({ site, name })}`);
    xhr.responseType = 'json';
    if (csrf) xhr.setRequestHeader('X-CSRF-Token', csrf);
    if (file.type) xhr.setRequestHeader('Content-Type', file.type);
    xhr.upload.onprogress = (ev) => ev.lengthComputable && progress(ev.loaded / ev.total);
    xhr.onload = () => {
      if (xhr.status === 201) return resolve(xhr.response as FileInfo);
      const doc = (xhr.response ?? {}) as { detail?: string; title?: string };
      reject(new ApiError(xhr.status, doc.detail ?? doc.title ?? ''));
    };
    xhr.onerror = () => reject(new ApiError(0, ''));
    xhr.onabort = () => reject(new DOMException('', 'AbortError'));
    signal?.addEventListener('abort', () => xhr.abort());
    xhr.send(file);
  });
}
