// The conversation itself: what comes over the wire becomes items, what the visitor says becomes frames.
import type { Link } from '../core/connection';
import { Outbox, webStore } from '../core/outbox';
import { Skew } from '../core/time';
import { type Item, Transcript } from '../core/transcript';
import {
  type Choice,
  type FileInfo,
  type Message,
  type MessageFrame,
  newCid,
  type RateFrame,
  type ToVisitor,
  type VisitorMessage,
  type VisitorWelcome,
} from '../core/wire';
import { agent, connection, early, KEPT, key, me, notice, session, shown, state, ties, title } from './chat';
import { tellHost } from './host';
import { t } from './laterWords';
import { signal } from './signals';
import { audio } from './sound';

type Kept = VisitorMessage | RateFrame | { type: 'close'; cid: string };

interface Thread {
  id: string | null; // null: the server has not yet opened it
  transcript: Transcript;
}

const PAGE = 30;
const TYPING_OUT_MS = 3_000;
const TYPING_IN_MS = 8_000;
const AGAIN_MS = 3_000;
const RATE_WITHIN_MS = 86_400_000;

export const items = signal<readonly Item[]>([]);
export const older = signal(false);
/** The newest page of history is on its way: show its place, not the greeting. */
export const loading = signal(false);
export const typing = signal<string | undefined>(undefined);
export const sound = signal(session.get('kefu:sound') !== 'off');
export const rating = signal<'no' | 'asked' | 'sending' | 'done'>('no');
export const unreadAfter = signal<number | undefined>(undefined);
let unread = 0;

export let threads: Thread[] = [];
export const skew = new Skew();
const newTranscript = () => new Transcript((from) => from.role === 'visitor', `${threads.length}/`);

export const outbox = new Outbox<Kept>({
  send: (frame) => connection.send(frame),
  store: webStore<Kept>(() => sessionStorage, KEPT),
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
    if (to === 'failed' && frame.kind === 'form') {
      // Sent once more it would be wrong once more: it is opened again as it was filled in.
      formWrong.value = entry.failed;
      keepForm(frame.form as Record<string, string>);
      transcript.removeLocal(entry.cid);
      outbox.discard(entry.cid);
      publish();
      reopen?.();
      return;
    }
    if (to === 'done') return; // the ack has numbered it, or it was taken back
    if (!transcript.items().some((i) => i.key === entry.cid))
      transcript.addLocal(entry.cid, { ...draft(frame), at: entry.at });
    transcript.setLocal(entry.cid, to, to === 'failed' ? entry.failed?.message : undefined);
    publish();
  },
});

/** Takes over from the first bundle: what it kept of an earlier page, then the frames that have come meanwhile. */
export async function begin(): Promise<void> {
  threads = [{ id: null, transcript: newTranscript() }];
  await outbox.load();
  ties.receive = receive;
  ties.lost = () => {
    outbox.setLive(false);
    asking(false);
    showTyping(undefined);
  };
  ties.seen = seen;
  ties.resume = () => {
    const { id, transcript } = current();
    return id ? { conversation: id, last_seq: transcript.denseSeq } : {};
  };
  ties.reset = () => {
    outbox.clear();
    keepForm(null);
    threads = [{ id: null, transcript: newTranscript() }];
    rating.value = 'no';
    publish();
  };
  for (const f of early.splice(0)) receive(f);
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
        const { transcript } = thread(f.conversation);
        transcript.ack(f.cid, f.seq, f.at ?? skew.now());
        // What our own close or rating put into the transcript is told to us by its number only.
        if (transcript.lacks()) fetchAfter();
        tellHost({ kefu: 'event', name: 'message:out' });
      }
      outbox.ack(f);
      publish();
      break;
    }
    case 'error':
      if (!outbox.error(f) && f.code === 'rate_limited') notice.value = { text: t('tooFast'), bad: true };
      if (!f.cid) {
        asking(false);
        setTimeout(catchUp, f.retry_after_ms ?? AGAIN_MS);
      }
      break;
    case 'message':
      message(f);
      break;
    case 'history': {
      const { transcript } = thread(f.conversation);
      const had = transcript.firstSeq;
      for (const m of f.messages) {
        transcript.merge(m);
        fetchFile(transcript, m);
      }
      asking(false);
      const first = f.messages[0]?.seq ?? 0;
      if (!had || first < had) older.value = transcript.firstSeq > 1 && (f.more || first > 1);
      lookForInvitation(transcript);
      publish();
      if (transcript.lacks() && f.messages.length) fetchAfter();
      break;
    }
    case 'state':
      thread(f.conversation);
      stateChanged();
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
  if (f.conversation) {
    thread(f.conversation.id).transcript.heard(f.conversation.seq);
    catchUp();
  }
  stateChanged();
  outbox.setLive(true);
  publish();
}

function stateChanged(): void {
  if (state.value !== 'served') showTyping(undefined);
  if (state.value === 'closed') lookForInvitation(current().transcript);
}

/** History is awaited or not: answered, refused, or the line is gone. Only questions for it are without a cid. */
function asking(on: boolean): void {
  loading.value = on;
  if (!on) askedBefore = 0;
}

/** Asks for what the server has told us of and we have not got. */
function catchUp(): void {
  const { id, transcript } = current();
  if (!id || !transcript.lacks()) return;
  if (transcript.firstSeq > 0) fetchAfter();
  else asking(connection.send({ type: 'history', conversation: id, before: transcript.lastSeq + 1, limit: PAGE }));
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
  fetchFile(transcript, f);
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
  if (unread === 0) unreadAfter.value = f.seq - 1;
  unread++;
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

export const asked = () => `kefu:rated:${current().id}`;

let takeBackTyping: ReturnType<typeof setTimeout> | undefined;
function showTyping(name: string | undefined): void {
  clearTimeout(takeBackTyping);
  typing.value = name;
  if (name !== undefined) takeBackTyping = setTimeout(() => (typing.value = undefined), TYPING_IN_MS);
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
  if (unread) {
    unread = 0;
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
  const n = unread;
  document.title = n ? t('unreadTitle', { n, title: title() }) : title();
  tellHost({ kefu: 'unread', n, label: n ? t('unread', { n }) : '' });
}

/**
 * Without the cookie an <img> or a link is nobody: the bytes are fetched with the token, and shown from memory.
 */
const fetched = new Set<string>();
function fetchFile(transcript: Transcript, { seq, file }: Message): void {
  if (!me.token || !file || freshUrl(file) || fetched.has(file.id)) return;
  fetched.add(file.id);
  fetch(address(file), { headers: { Authorization: `Bearer ${me.token}` } })
    .then(async (answer) => {
      if (!answer.ok) throw new Error(String(answer.status));
      transcript.setPreview(seq, URL.createObjectURL(await answer.blob()));
      publish();
    })
    .catch(() => fetched.delete(file.id));
}

const freshUrl = ({ url }: FileInfo) => (url && Number(/exp=(\d+)/.exec(url)?.[1]) * 1000 > Date.now() ? url : '');
const address = (file: FileInfo) => `/files/${encodeURIComponent(file.id)}`;
export const fileUrl = (file: FileInfo) => freshUrl(file) || (me.token ? '' : address(file));

/** Why the form that was sent last has come back: the field that is wrong, or none. */
export const formWrong = signal<{ message: string; field?: string | undefined } | undefined>(undefined);
let reopen: (() => void) | undefined;

/** `again`: it has come back. */
export function sendForm(form: Record<string, string>, again: () => void): void {
  formWrong.value = undefined;
  reopen = again;
  say({ type: 'message', cid: newCid(), kind: 'form', form });
}

const FORM = `kefu:form:${key}`;
/** What has been filled in and not sent. */
export function formDraft(): Record<string, string> {
  try {
    return JSON.parse(session.get(FORM) ?? '{}') as Record<string, string>;
  } catch {
    return {};
  }
}

export function keepForm(form: Record<string, string> | null): void {
  session.set(FORM, form && JSON.stringify(form));
}

export function choiceMade(item: Item, choice: Choice): void {
  say({ type: 'message', cid: newCid(), kind: 'choice', choice: choice.id, text: choice.label, reply_to: item.seq });
}

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

export function setSound(on: boolean): void {
  sound.value = on;
  session.set('kefu:sound', on ? null : 'off');
}

/** Two soft notes. */
function chime(): void {
  if (!audio || audio.state !== 'running') return;
  const at = audio.currentTime;
  for (const [i, hz] of [784, 1047].entries()) {
    const tone = audio.createOscillator();
    const level = audio.createGain();
    tone.frequency.value = hz;
    level.gain.setValueAtTime(0, at + i * 0.09);
    level.gain.linearRampToValueAtTime(0.06, at + i * 0.09 + 0.01);
    level.gain.exponentialRampToValueAtTime(0.0001, at + i * 0.09 + 0.25);
    tone.connect(level).connect(audio.destination);
    tone.start(at + i * 0.09);
    tone.stop(at + i * 0.09 + 0.3);
  }
}
