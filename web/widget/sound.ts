// Two soft notes. A browser lets a page sound only after the person has done something on it; before that we do not try.
let audio: AudioContext | null = null;

export function unlock(): void {
  audio ??= new AudioContext();
  void audio.resume();
}

export function chime(): void {
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
