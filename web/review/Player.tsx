// The controls of a replay, and what the one who watches it should know of the moment.
import { effect, signal } from '@preact/signals';
import { Pause, Play, X } from 'lucide';
import { useEffect } from 'preact/hooks';
import type { StaffFile, StaffMessage, Transcript } from '../core/staff';
import { duration } from '../core/time';
import { Button, IconButton } from '../kit/Button';
import { k } from '../kit/i18n';
import { nameOf } from '../kit/names';
import { cue, hush, lengthKnown, playable, playSound, pauseSound, position, sound } from '../kit/sound';
import { stateAt } from './course';
import { at, transcript } from './find';
import { f } from './findWords';
import {
  advance,
  clockOf,
  faster,
  heardAll,
  heardTo,
  hears,
  lengthOf,
  placeOf,
  replayOf,
  saidBy,
  seek,
  SPEEDS,
  STEP_MS,
  toggle,
  typedAt,
  voiceAt,
  voiceIs,
  type Replay,
} from './replay';

/** NULL: it is read, not played. */
export const replay = signal<Replay | null>(null);
const TICK_MS = 50;

let timer: ReturnType<typeof setInterval> | undefined;
let before = 0;

function tick(): void {
  const now = performance.now();
  const r = replay.peek();
  const v = r && voiceNow(r);
  if (r) show(v ? follow(r, v) : advance(r, now - before));
  before = now;
}

interface Voice {
  index: number;
  at: number;
  file: StaffFile;
}

const voiceOf = (m: StaffMessage | undefined): StaffFile | undefined =>
  m?.kind === 'audio' && m.file && playable(m.file) ? m.file : undefined;

/** What is to be heard at that moment. */
function voiceNow(r: Replay): Voice | undefined {
  const v = hears(r) ? voiceAt(r) : undefined;
  const file = v && voiceOf(transcript.peek()?.messages[v.index]);
  return v && file && { ...v, file };
}

/** As far as its sound has come. Who stops that, or plays another, stops the replay. */
function follow(r: Replay, { index, file }: Voice): Replay {
  const s = sound.peek();
  if (s?.id !== file.id) return { ...r, playing: false };
  if (s.failed) return voiceIs(r, index, 0);
  if (s.over) return heardAll(r, index, position());
  if (!s.playing) return { ...r, playing: false };
  return heardTo(s.length ? voiceIs(r, index, s.length) : r, index, position());
}

/** So far the sound may be from where the replay is, ms. */
const APART_MS = 50;
/** The file that the replay plays, and where it was when the sound was last told to be there. */
let led: string | undefined;
let ledTo = 0;

effect(() => {
  const r = replay.value;
  const v = r && voiceNow(r);
  if (!r || !v) {
    if (led && sound.peek()?.id === led) hush();
    led = undefined;
    return;
  }
  const moved = r.pos !== ledTo && Math.abs(position() - v.at) > APART_MS;
  const other = led !== v.file.id || (r.playing && sound.peek()?.id !== v.file.id);
  led = v.file.id;
  ledTo = r.pos;
  if (other || moved) cue(v.file, v.at);
  if (r.playing) playSound(v.file, r.speed);
  else if (sound.peek()?.id === led) pauseSound();
});

effect(() => {
  const playing = replay.value?.playing === true;
  if (playing && !timer) {
    before = performance.now();
    timer = setInterval(tick, TICK_MS);
  } else if (!playing && timer) {
    clearInterval(timer);
    timer = undefined;
  }
});

// Another transcript is another talk.
let of: string | undefined;
effect(() => {
  const id = transcript.value?.conversation.id;
  if (id === of) return;
  of = id;
  replay.value = null;
});

function show(r: Replay): void {
  const messages = transcript.peek()?.messages ?? [];
  const last = messages[saidBy(r) - 1];
  replay.value = r;
  if (last) at.value = last.seq;
}

export function startReplay(t: Transcript): void {
  const lengths = t.messages.map((m) => {
    const file = voiceOf(m);
    return file ? lengthKnown(file) || 1 : 0;
  });
  const at = t.messages.map((m) => m.at);
  const typed = t.messages.map((m) => m.typed_ms ?? 0);
  show(toggle(replayOf(at, lengths, typed)));
}

export function endReplay(): void {
  replay.value = null;
}

/** Of the strip: a moment of the talk. */
export function seekTo(time: number): void {
  const r = replay.peek();
  const first = transcript.peek()?.messages[0]?.at;
  if (r && first !== undefined) show(seek(r, placeOf(r, time - first)));
}

/** True: the key was the replay's. */
export function replayKey(key: string): boolean {
  const r = replay.peek();
  const t = transcript.peek();
  if (!r) {
    if (key !== ' ' || !t) return false;
    startReplay(t);
    return true;
  }
  const acts: Record<string, () => void> = {
    ' ': () => show(toggle(r)),
    ArrowLeft: () => show(seek(r, r.pos - STEP_MS)),
    ArrowRight: () => show(seek(r, r.pos + STEP_MS)),
    '<': () => (replay.value = faster(r, -1)),
    '>': () => (replay.value = faster(r, 1)),
    Escape: endReplay,
  };
  acts[key]?.();
  return key in acts;
}

/** The same for a key that was pressed anywhere: a button, a box to tick, the strip have uses of their own for some. */
export function playKey(ev: KeyboardEvent): boolean {
  const own = ev.target instanceof Element && ev.target.closest('button, input, a, [role=slider]');
  if (own && (ev.key === ' ' || ev.key.startsWith('Arrow'))) return false;
  if (!replayKey(ev.key)) return false;
  ev.preventDefault();
  return true;
}

/** Does the visitor wait for a word of ours at that moment, or does nobody speak? */
function moment(messages: readonly StaffMessage[], r: Replay): string {
  const said = messages.slice(0, saidBy(r)).filter((m) => m.kind !== 'event');
  const last = said[said.length - 1];
  if (!last) return f('nothing');
  if (r.pos >= lengthOf(r)) return f('ended');
  const first = messages[0]?.at ?? 0;
  let asked = last;
  for (let i = said.length - 1; i >= 0 && said[i]?.from.role === 'visitor'; i--) asked = said[i] as StaffMessage;
  const quiet = clockOf(r) - (last.from.role === 'visitor' ? asked : last).at + first;
  if (quiet < 1000) return ' ';
  return f(last.from.role === 'visitor' ? 'waits' : 'quiet', { time: duration(quiet) });
}

/** Where the visitor was at that moment, and who was there. */
function standing(t: Transcript, r: Replay): string {
  const now = stateAt(t.timeline ?? [], (t.messages[0]?.at ?? 0) + clockOf(r));
  if (!now) return '';
  const state = f(`at_${now.now}`);
  const all = [now.who ? f('atWho', { state, who: now.who }) : state, now.page ? f('visited', { page: now.page }) : ''];
  return all.filter(Boolean).join(' · ');
}

/** Who is typing at that moment, as the other side saw it: below the talk, each but once. */
function typists(t: Transcript, r: Replay): string[] {
  const names = new Map<string, string>();
  for (const i of typedAt(r)) {
    const from = t.messages[i]?.from;
    if (from)
      names.set(`${from.role} ${from.name}`, (from.role === 'visitor' && nameOf(t.conversation)) || from.name || '');
  }
  return [...names.values()];
}

/** It has its place all the time, so that nothing moves; and nobody is told of it who does not look. */
export function Typing({ transcript: t }: { transcript: Transcript }) {
  const r = replay.value;
  if (!r) return null;
  return (
    <p class="typing-line" aria-live="off">
      {typists(t, r).map((name) => (
        <span key={name} class="clip">
          <span class="dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>{' '}
          <bdi>{k('typing', { name })}</bdi>
        </span>
      ))}
    </p>
  );
}

export function Player({ transcript: t }: { transcript: Transcript }) {
  const r = replay.value;
  // Who reads something else does not hear it go on.
  useEffect(() => endReplay, []);
  if (!r) {
    return (
      <div class="player">
        <Button small icon={Play} onClick={() => startReplay(t)}>
          {f('replay')}
        </Button>
      </div>
    );
  }
  return (
    <div class="player on" role="group" aria-label={f('replay')}>
      <IconButton
        icon={r.playing ? Pause : Play}
        label={f(r.playing ? 'pause' : 'play')}
        onClick={() => show(toggle(r))}
      />
      <span class="num player-time">{f('played', { at: duration(r.pos), all: duration(lengthOf(r)) })}</span>
      <span class="player-speeds" role="group" aria-label={f('speed', { n: r.speed })}>
        {SPEEDS.map((n) => (
          <button
            key={n}
            type="button"
            class="btn small num"
            aria-pressed={r.speed === n}
            aria-label={f('speed', { n })}
            onClick={() => (replay.value = { ...r, speed: n })}
          >
            ×{n}
          </button>
        ))}
      </span>
      <label class="tick">
        <input
          type="checkbox"
          checked={r.skip}
          onChange={(ev) => (replay.value = { ...r, skip: ev.currentTarget.checked })}
        />{' '}
        {f('skip')}
      </label>
      <span class="dim player-moment num">
        {moment(t.messages, r)} <span class="player-state clip">{standing(t, r)}</span>
      </span>
      <IconButton icon={X} label={f('stop')} onClick={endReplay} />
    </div>
  );
}
