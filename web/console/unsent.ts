// unsent.ts: what has been begun in this page and is on no disk: cards, templates, files that were chosen, the message that is answered. It
// survives a session that ends by itself, for the same person; nobody else sees it.

const all: Map<string, unknown>[] = [];
let whose = '';

/** Something of that kind, per conversation. */
export function unsent<T>(): Map<string, T> {
  const ret = new Map<string, T>();
  all.push(ret);
  return ret;
}

export function forgetUnsent(): void {
  for (const kind of all) kind.clear();
}

/** This person works here now; true: it was another one before. */
export function unsentOf(person: string): boolean {
  const other = whose !== '' && whose !== person;
  if (other) forgetUnsent();
  whose = person;
  return other;
}
