// A voice message: how loud it is when, how far it has been heard, and the way to any place of it.
import { useComputed } from '@preact/signals';
import { Pause, Play } from 'lucide';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { StaffFile } from '../core/staff';
import { duration } from '../core/time';
import { en } from '../i18n/voice/en';
import { zhCN } from '../i18n/voice/zh-CN';
import { zhTW } from '../i18n/voice/zh-TW';
import { IconButton } from './Button';
import { k, words } from './i18n';
import { FileLink } from './Line';
import { known, shapeAt, shapeIn, type Shape } from './peaks';
import { toast } from './Toast';
import { cue, hush, lengthKnown, pauseSound, playable, playSound, sound, soundUrl, turned } from './sound';

const v = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });

const PARTS = 64;
const HEIGHT = 32;
const STEP_MS = 1000;

/** What is not louder than this anywhere is drawn as quiet as it is. */
const QUIET = 16;

/** One stroke for each part; what is silent is a dot. */
function bars(peaks: readonly number[], from: number, to: number): string {
  const loudest = Math.max(QUIET, ...peaks);
  let ret = '';
  for (let i = from; i < to; i++) {
    const half = Math.max(1, (((peaks[i] ?? 0) / loudest) * (HEIGHT - 4)) / 2);
    ret += `M${i * 4 + 2} ${HEIGHT / 2 - half}v${2 * half}`;
  }
  return ret;
}

/** At sight, if the server knows it; else when it is played. */
function useShape(file: StaffFile, length: number): Shape | undefined {
  const [shape, setShape] = useState(() => known(file.id));
  useEffect(() => {
    if (shape) return;
    let here = true;
    void shapeAt(file)
      .then((s) => s ?? (length ? shapeIn(file, soundUrl(file), length) : undefined))
      .then((s) => here && s && setShape(s));
    return () => (here = false);
  }, [file.id, length > 0]);
  return shape;
}

/** A page that cannot play it does not know why: is it there to be had? Nobody can say where the server is busy or away. */
async function given(file: StaffFile): Promise<boolean | undefined> {
  try {
    const r = await fetch(soundUrl(file));
    void r.body?.cancel();
    return r.status >= 500 || r.status === 429 ? undefined : r.ok;
  } catch {
    return undefined;
  }
}

/** What cannot be played is a file; what was turned into sound is to be had as it came. */
export function Voice({ file }: { file: StaffFile }) {
  const now = useComputed(() => (sound.value?.id === file.id ? sound.value : null)).value;
  const shape = useShape(file, now?.length ?? 0);
  const [mute, setMute] = useState(!playable(file));
  const box = useRef<HTMLDivElement>(null);
  const again = useRef(true);
  useEffect(() => {
    if (!now?.failed) return;
    let here = true;
    void given(file).then((is) => {
      if (!here) return;
      hush();
      if (is === undefined) toast(v('notNow'), { bad: true });
      else if (is && again.current) playSound(file, 1, box.current?.closest('.talk-log'));
      else setMute(true);
      again.current = !is;
    });
    return () => (here = false);
  }, [now?.failed]);
  if (mute) return <FileLink file={file} note={k('notPlayed')} />;

  const all = now?.length || shape?.duration_ms || lengthKnown(file);
  const at = Math.min(now?.at ?? 0, all || Infinity);
  const heard = all ? Math.round((at / all) * PARTS) : 0;
  const peaks = shape?.peaks ?? [];
  const times = { at: duration(at), all: duration(Math.ceil(all / 1000) * 1000) };
  const step = (ev: KeyboardEvent): void => {
    const to = { ArrowLeft: at - STEP_MS, ArrowRight: at + STEP_MS, Home: 0, End: all }[ev.key];
    if (to === undefined || ev.ctrlKey || ev.metaKey || ev.altKey) return;
    ev.preventDefault();
    cue(file, Math.max(0, Math.min(all, to)));
  };
  return (
    <>
      <div ref={box} class="voice" role="group" aria-label={k('audio')}>
        <IconButton
          icon={now?.playing ? Pause : Play}
          label={v(now?.playing ? 'pause' : 'play')}
          onClick={() => (now?.playing ? pauseSound() : playSound(file, 1, box.current?.closest('.talk-log')))}
        />
        <span class="voice-wave">
          <input
            type="range"
            min={0}
            max={all}
            step="any"
            value={at}
            disabled={!all}
            aria-label={v('place')}
            aria-valuetext={v('at', times)}
            onInput={(ev) => cue(file, ev.currentTarget.valueAsNumber)}
            onKeyDown={step}
          />
          <svg viewBox={`0 0 ${PARTS * 4} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
            <path class="heard" d={bars(peaks, 0, heard)} />
            <path d={bars(peaks, heard, PARTS)} />
          </svg>
        </span>
        <span class="talk-time num">{now && (now.playing || at > 0) ? times.at : all ? times.all : ''}</span>
      </div>
      {turned(file) && (
        <a class="say-original" href={`/files/${file.id}`} download={file.name}>
          {k('originalFile')}
        </a>
      )}
    </>
  );
}
