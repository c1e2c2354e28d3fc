// The voice message that is heard: one on a page, whoever plays it. It outlives the row that it was started from, for rows come and go.
import { signal } from '@preact/signals';
import type { StaffFile } from '../core/staff';
import { known } from './peaks';

export interface Sound {
  /** Of its file. */
  id: string;
  playing: boolean;
  /** Where it is, ms. */
  at: number;
  /** How long it is, ms; 0: that is not known yet. */
  length: number;
  over: boolean;
  failed: boolean;
}

/** NULL: nothing has been played. */
export const sound = signal<Sound | null>(null);

const TURNED = /^audio\/amr(-wb)?$/;

/** AMR is turned into what browsers play. */
export const turned = (f: StaffFile): boolean => TURNED.test(f.mime);
export const soundUrl = (f: StaffFile): string => `/files/${f.id}${turned(f) ? '?as=wav' : ''}`;
export const playable = (f: StaffFile): boolean => f.mime !== 'audio/silk';
/** As far as one can know without playing it; 0: not at all. */
export const lengthKnown = (f: StaffFile): number => known(f.id)?.duration_ms || f.duration_ms || 0;

let el: HTMLAudioElement | undefined;
let id = '';
/** The transcript that it was started in: with that it ends. */
let log: Element | null | undefined;

function tell(): void {
  if (!el || !id) return;
  if (log?.isConnected === false) return hush();
  sound.value = {
    id,
    playing: !el.paused && !el.ended,
    at: position(),
    length: Number.isFinite(el.duration) ? el.duration * 1000 : 0,
    over: el.ended,
    failed: el.error !== null,
  };
}

function element(): HTMLAudioElement {
  if (el) return el;
  el = document.createElement('audio');
  el.hidden = true;
  for (const type of ['timeupdate', 'play', 'pause', 'ended', 'seeked', 'durationchange', 'error'])
    el.addEventListener(type, tell);
  document.body.append(el);
  return el;
}

/** Of what is heard, ms. */
export function position(): number {
  return (el?.currentTime ?? 0) * 1000;
}

/** Makes this the one that is heard, at that place; whether it plays stays as it is. */
export function cue(file: StaffFile, at: number): void {
  const e = element();
  if (id !== file.id) {
    id = file.id;
    e.src = soundUrl(file);
  }
  e.currentTime = at / 1000;
  log = undefined;
  tell();
}

export function playSound(file: StaffFile, rate = 1, of?: Element | null): void {
  if (id !== file.id) cue(file, 0);
  const e = element();
  e.defaultPlaybackRate = rate;
  if (e.playbackRate !== rate) e.playbackRate = rate;
  if (of) log = of;
  if (!e.paused) return;
  // A browser that wants a click first leaves it paused, which is told like any pause; what cannot be played has an event of its own.
  e.play().catch(tell);
  tell();
}

export function pauseSound(): void {
  el?.pause();
}

/** Nothing is heard, nothing is loaded. */
export function hush(): void {
  id = '';
  sound.value = null;
  el?.pause();
  el?.removeAttribute('src');
  el?.load();
}
