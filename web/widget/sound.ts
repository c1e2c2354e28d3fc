// A browser lets a page sound only after the person has done something on it; before that we do not try.
export let audio: AudioContext | null = null;

export function unlock(): void {
  audio ??= new AudioContext();
  void audio.resume();
}
