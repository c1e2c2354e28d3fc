// Stands in for kit/Media: the real one comes with the other parts.
import type { Item } from '../core/transcript';
import type { TranscriptActions } from '../kit/Transcript';
import { loaded } from './later';

export function Media(props: { item: Item; actions: TranscriptActions }) {
  const later = loaded();
  return later ? <later.Media {...props} /> : <div class="bubble" />;
}
