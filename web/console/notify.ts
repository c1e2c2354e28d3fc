// notify.ts: how the person hears that they are needed. At most one sound in 3 s, from one tab; never for what is on screen in a
// focused window; the title and the icon always tell.
import { effect } from '@preact/signals';
import { prefs } from '../kit/prefs';
import type { Desk } from './desk';
import { channelName, lineOf, nameOf } from '../kit/names';
import type { Notice } from './ports';
import { t } from './words';

const SOUND_MS = 3000;
/** What is more is drawn as 9+. */
const MARK_MAX = 10;
let leader = false;
let lastSound = 0;
let audio: AudioContext | null = null;
let release: (() => void) | null = null;
let stopTitle: (() => void) | null = null;
const shown = new Set<Notification>();

/** One of all tabs makes the sounds. */
export function lead(): void {
  if (!navigator.locks) {
    leader = true;
    return;
  }
  void navigator.locks
    .request('kefu-console-leader', () => {
      leader = true;
      return new Promise<void>((resolve) => (release = resolve));
    })
    .catch(() => undefined);
}

export function quiet(): void {
  release?.();
  release = null;
  leader = false;
  stopTitle?.();
  stopTitle = null;
  for (const n of shown) n.close();
  shown.clear();
}

function looking(): boolean {
  return document.visibilityState === 'visible' && document.hasFocus();
}

export function announce(n: Notice, desk: Desk): void {
  if (looking() && desk.open.value === n.room.id && n.kind !== 'offered') return;
  const loud = n.kind === 'offered' || n.kind === 'assigned' || n.kind === 'red' || n.kind === 'reminder';
  if (leader && prefs.value.sound && n.kind !== 'released') sound(loud);
  if (leader && prefs.value.notices && !looking()) desktop(n, desk);
}

/** Two soft tones up for "come", one for "a message". */
export function sound(loud: boolean): void {
  const at = Date.now();
  if (at - lastSound < SOUND_MS) return;
  lastSound = at;
  try {
    audio ??= new AudioContext();
    const ctx = audio;
    void ctx.resume();
    const tone = (freq: number, from: number, length: number, level: number): void => {
      const o = ctx.createOscillator();
      const g = ctx.createGain();
      o.frequency.value = freq;
      g.gain.setValueAtTime(0, ctx.currentTime + from);
      g.gain.linearRampToValueAtTime(level, ctx.currentTime + from + 0.02);
      g.gain.exponentialRampToValueAtTime(0.0001, ctx.currentTime + from + length);
      o.connect(g).connect(ctx.destination);
      o.start(ctx.currentTime + from);
      o.stop(ctx.currentTime + from + length);
    };
    tone(660, 0, 0.22, loud ? 0.16 : 0.07);
    if (loud) tone(880, 0.16, 0.3, 0.16);
  } catch {
    // No audio here.
  }
}

function desktop(n: Notice, desk: Desk): void {
  if (typeof Notification === 'undefined' || Notification.permission !== 'granted') return;
  const c = n.room.conversation.value;
  const title = n.kind === 'message' ? t('noticeMessage', { channel: channelName(c.channel) }) : t(`notice_${n.kind}`);
  const text = lineOf(n.kind === 'message' ? n.message : c.last);
  const body = prefs.value.content ? `${nameOf(c)}: ${text}`.slice(0, 120) : '';
  const note = new Notification(title, { body, tag: c.id, silent: true });
  shown.add(note);
  note.onclose = () => shown.delete(note);
  note.onclick = () => {
    window.focus();
    desk.show(c.id);
    note.close();
  };
}

/** "(4) …" in the title, and a dot in the icon. */
export function badge(desk: Desk, name: () => string): void {
  stopTitle?.();
  let icon = '';
  let drawn = -1;
  stopTitle = effect(() => {
    const n = desk.unread.value + desk.offers.value.length;
    document.title = n > 0 ? `(${n}) ${name()}` : name();
    const mark = Math.min(n, MARK_MAX);
    if (mark === drawn) return;
    drawn = mark;
    const href = drawIcon(mark);
    if (href && href !== icon) {
      icon = href;
      document.querySelector<HTMLLinkElement>('link[rel="icon"]')?.setAttribute('href', href);
    }
  });
}

function drawIcon(n: number): string {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 32;
  const g = canvas.getContext('2d');
  if (!g) return '';
  g.fillStyle = '#0b5fd0';
  g.beginPath();
  g.roundRect?.(2, 3, 28, 22, 7);
  g.fill();
  g.beginPath();
  g.moveTo(8, 24);
  g.lineTo(8, 31);
  g.lineTo(16, 24);
  g.fill();
  if (n > 0) {
    g.fillStyle = '#d92d20';
    g.beginPath();
    g.arc(22, 11, 10, 0, Math.PI * 2);
    g.fill();
    g.fillStyle = '#fff';
    g.font = '600 14px sans-serif';
    g.textAlign = 'center';
    g.textBaseline = 'middle';
    g.fillText(n > 9 ? '9+' : String(n), 22, 12);
  } else {
    g.fillStyle = '#fff';
    for (const x of [10, 16, 22]) {
      g.beginPath();
      g.arc(x, 14, 2.2, 0, Math.PI * 2);
      g.fill();
    }
  }
  return canvas.toDataURL('image/png');
}
