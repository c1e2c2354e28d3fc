// ranking.ts: the desk's rooms in the order of who waits longest. A change moves one room, so ten thousand of them with a hundred events
// a second cost no more than a few; and with so many nobody reads an order that changes more than ten times a second.

import { computed, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { Clock } from '../core/clock';
import { byWait, type Ranked } from './order';
import type { Room } from './room';

interface Place extends Ranked {
  room: Room;
  unread: number;
  shown: boolean;
  stop: () => void;
}

const MANY = 200;
const REST_MS = 100;

export class Ranking {
  /** Those on the desk, and those that still hold something unsent, whoever has them now. */
  readonly rooms: ReadonlySignal<readonly Room[]>;
  readonly unread: ReadonlySignal<number>;

  readonly #clock: Clock;
  readonly #places = new Map<string, Place>();
  readonly #sorted: Place[] = [];
  readonly #version: Signal<number> = signal(0);
  #unread = 0;
  #resting = false;
  #changed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.rooms = computed(() => {
      void this.#version.value;
      return this.#sorted.map((p) => p.room);
    });
    this.unread = computed(() => {
      void this.#version.value;
      return this.#unread;
    });
  }

  add(room: Room): void {
    const place: Place = { id: room.id, room, since: 0, activity: 0, unread: 0, shown: false, stop: () => undefined };
    this.#places.set(room.id, place);
    place.stop = effect(() => {
      const shown = room.mine.value || room.out.value.length > 0;
      this.#put(place, shown, room.since.value, room.activity.value, shown ? room.unread.value : 0);
    });
  }

  remove(id: string): void {
    const place = this.#places.get(id);
    if (!place) return;
    place.stop();
    this.#put(place, false, 0, 0, 0);
    this.#places.delete(id);
  }

  #put(place: Place, shown: boolean, since: number, activity: number, unread: number): void {
    const moves = shown !== place.shown || since !== place.since || activity !== place.activity;
    if (!moves && unread === place.unread) return;
    if (moves) {
      if (place.shown) this.#sorted.splice(this.#find(place), 1);
      Object.assign(place, { shown, since, activity });
      if (shown) this.#sorted.splice(this.#find(place), 0, place);
    }
    this.#unread += unread - place.unread;
    place.unread = unread;
    this.#tell();
  }

  /** Where it stands, or would stand. */
  #find(place: Place): number {
    let from = 0;
    let to = this.#sorted.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      const other = this.#sorted[middle] as Place;
      if (other !== place && byWait(other, place) < 0) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  #tell(): void {
    if (this.#sorted.length < MANY) {
      this.#version.value = this.#version.peek() + 1;
      return;
    }
    this.#changed = true;
    if (this.#resting) return;
    this.#resting = true;
    this.#changed = false;
    this.#version.value = this.#version.peek() + 1;
    this.#clock.after(REST_MS, () => {
      this.#resting = false;
      if (this.#changed) this.#tell();
    });
  }
}
