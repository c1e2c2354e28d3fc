// Small things that a page remembers. In a third-party frame even reading `window.localStorage` may throw: then memory must do.
export interface Shelf {
  get(key: string): string | null;
  set(key: string, value: string | null): void;
}

export function shelf(storage: () => Storage): Shelf {
  const memory = new Map<string, string>();
  return {
    get(key) {
      try {
        return storage().getItem(key);
      } catch {
        return memory.get(key) ?? null;
      }
    },
    set(key, value) {
      if (value === null) memory.delete(key);
      else memory.set(key, value);
      try {
        if (value === null) storage().removeItem(key);
        else storage().setItem(key, value);
      } catch {
        // Memory has it.
      }
    },
  };
}
