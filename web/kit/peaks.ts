// How loud a voice message is when: of AMR and WAV the server knows it before anybody plays it; of what only browsers decode the page finds
// it from the sound, once that is played, for to fetch the bytes is to open the file.
import type { StaffFile } from '../core/staff';

export interface Shape {
  duration_ms: number;
  /** The loudest of each of as many equal parts, 255: as loud as can be. */
  peaks: readonly number[];
}

const PARTS = 64;
/** What is larger or longer is not decoded for a picture: as sound it takes many times the room. */
const BYTES_MAX = 1 << 20;
const LENGTH_MAX = 300_000;
/** So many are remembered. */
const KEPT = 500;
const RATE = 8000;

const asked = new Map<string, Promise<Shape | undefined>>();
const found = new Map<string, Shape>();

export const known = (id: string): Shape | undefined => found.get(id);

/** As the server finds them: of few samples some are in more than one part. */
export function peaksOf(channels: readonly Float32Array[], parts = PARTS): number[] {
  const n = channels[0]?.length ?? 0;
  return Array.from({ length: n ? parts : 0 }, (_, i) => {
    const from = Math.floor((i * n) / parts);
    const to = Math.max(from + 1, Math.floor(((i + 1) * n) / parts));
    let loudest = 0;
    for (const c of channels) for (let at = from; at < to; at++) loudest = Math.max(loudest, Math.abs(c[at] ?? 0));
    return Math.floor(Math.min(1, loudest) * 255);
  });
}

/** Asked once of each, and again only if there was no answer. */
function once(key: string, id: string, ask: () => Promise<Shape | undefined>): Promise<Shape | undefined> {
  let ret = asked.get(key);
  if (ret) return ret;
  ret = ask().then(
    (shape) => {
      if (shape) found.set(id, shape);
      return shape;
    },
    () => void asked.delete(key),
  );
  asked.set(key, ret);
  for (const all of [asked, found]) for (const old of all.keys()) if (all.size > KEPT) all.delete(old);
  return ret;
}

/** What the server tells; nothing, if it does not decode that. */
export function shapeAt(file: StaffFile): Promise<Shape | undefined> {
  if (!/^audio\/(amr(-wb)?|wav)$/.test(file.mime) || file.size > BYTES_MAX) return Promise.resolve(undefined);
  return once(file.id, file.id, async () => {
    const r = await fetch(`/files/${file.id}?as=peaks`);
    if (r.status >= 500) throw new Error('busy');
    return r.ok ? ((await r.json()) as Shape) : undefined;
  });
}

/** What is in the sound at that address, which lasts so long. */
export function shapeIn(file: StaffFile, url: string, length: number): Promise<Shape | undefined> {
  if (file.size > BYTES_MAX || length > LENGTH_MAX) return Promise.resolve(undefined);
  return once(url, file.id, async () => {
    const r = await fetch(url);
    if (!r.ok) return undefined;
    const audio = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await r.arrayBuffer());
    const channels = Array.from({ length: audio.numberOfChannels }, (_, i) => audio.getChannelData(i));
    return { duration_ms: audio.duration * 1000, peaks: peaksOf(channels) };
  });
}
