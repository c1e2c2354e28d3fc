// The widget's stand-in for @preact/signals, a tenth of its size: whatever changes, the page is drawn again from the top, once a frame's
// work is done. The pages of the staff have long lists and need the real one; this one is small enough for that.
export interface Signal<T> {
  value: T;
}

let draw: (() => void) | null = null;
let due = false;

/** Who draws. */
export function onChange(fn: () => void): void {
  draw = fn;
}

export function signal<T>(value: T): Signal<T> {
  return {
    get value() {
      return value;
    },
    set value(to) {
      if (to === value) return;
      value = to;
      if (due || !draw) return;
      due = true;
      queueMicrotask(() => {
        due = false;
        draw!();
      });
    },
  };
}
