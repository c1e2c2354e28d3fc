// drafts.ts: what is being written, per conversation: a reply and a note. On disk 300 ms after the last key, and at once when the page
// is hidden or goes away.
import { LAST_DRAFTS as LAST } from '../kit/session';
import { DAY_MS, type Draft, type Keep } from './keep';

const SAVE_MS = 300;
/** What the disk did not have yet when the page went away: its writes may not end in time then, this one does. The tab outlives the sign-in. */
interface Last {
  owner: string;
  drafts: Draft[];
}

export class Drafts {
  readonly #all = new Map<string, Draft>();
  readonly #dirty = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly keep: Pick<Keep, 'drafts' | 'putDraft'>,
    private readonly changed: (conversation: string, has: boolean) => void,
    private readonly last: () => Storage,
    /** As for Keep.open. */
    private readonly owner: string,
  ) {}

  async load(): Promise<void> {
    for (const d of await this.keep.drafts()) this.#all.set(d.conversation, d);
    try {
      const last = JSON.parse(this.last().getItem(LAST) ?? 'null') as Last | null;
      const since = Date.now() - DAY_MS;
      for (const d of last?.owner === this.owner ? last.drafts : []) {
        if ((this.#all.get(d.conversation)?.at ?? since) >= d.at) continue;
        this.#all.set(d.conversation, d);
        this.#dirty.add(d.conversation);
      }
    } catch {
      // Denied: then the disk's copy must do.
    }
    // What was not taken leaves the tab, too.
    if (this.#dirty.size > 0) this.flush(true);
    else this.#forgetLast();
    for (const d of this.#all.values()) this.changed(d.conversation, has(d));
  }

  get(conversation: string): Draft {
    return this.#all.get(conversation) ?? { conversation, reply: '', note: '', mode: 'reply', at: 0 };
  }

  set(conversation: string, p: Partial<Pick<Draft, 'reply' | 'note' | 'mode'>>): void {
    const before = this.get(conversation);
    const d: Draft = { ...before, ...p, at: Date.now() };
    this.#all.set(conversation, d);
    this.#dirty.add(conversation);
    if (has(d) !== has(before)) this.changed(conversation, has(d));
    this.#timer ??= setTimeout(() => this.flush(), SAVE_MS);
  }

  flush(leaving = false): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const unsaved = [...this.#dirty].map((id) => this.get(id));
    for (const d of unsaved) void this.keep.putDraft(d).then((onDisk) => onDisk && this.#saved(d));
    if (!leaving || unsaved.length === 0) return;
    try {
      this.last().setItem(LAST, JSON.stringify({ owner: this.owner, drafts: unsaved } satisfies Last));
    } catch {
      // As above.
    }
  }

  /** Until the disk has it, it is unsaved: the page may go away in between. */
  #saved(d: Draft): void {
    if (this.#all.get(d.conversation) !== d) return;
    this.#dirty.delete(d.conversation);
    if (this.#dirty.size > 0) return;
    this.#forgetLast();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dirty.clear();
    for (const id of this.#all.keys()) this.changed(id, false);
    this.#all.clear();
    this.#forgetLast();
  }

  #forgetLast(): void {
    try {
      this.last().removeItem(LAST);
    } catch {
      // As above.
    }
  }
}

function has(d: Draft): boolean {
  return d.reply.trim() !== '' || d.note.trim() !== '';
}
