// keep.ts: what the console keeps on this computer: unsent messages, drafts, recent transcripts. Nothing of it may be lost by a reload,
// and nothing of it outlives the sign-in: it is cleared at sign-out, for another person, and after 24 hours.
//
// Storage may be denied or full. Then the console goes on in memory alone and says so (`durable`).

import type { IDBPDatabase } from 'idb';
import type { Entry, StaffMessage } from '../core/staff';
import type { Outgoing } from '../kit/rows';

export interface Draft {
  conversation: string;
  reply: string;
  note: string;
  mode: 'reply' | 'note';
  at: number;
}

export interface Recent {
  conversation: string;
  messages: StaffMessage[];
  entries: Entry[];
  more: boolean;
  at: number;
}

export const DAY_MS = 24 * 3_600_000;

export class Keep {
  durable = true;
  #db: IDBPDatabase | null = null;

  /** `owner` names person and site: what another one left behind is thrown away. */
  async open(owner: string, now: number): Promise<void> {
    try {
      // Fetched beside the first look; without it there is no storage, which the console says.
      const { openDB } = await import('idb');
      const db = await openDB('kefu-console', 1, {
        upgrade(d) {
          d.createObjectStore('meta');
          d.createObjectStore('outbox', { keyPath: 'cid' });
          d.createObjectStore('drafts', { keyPath: 'conversation' });
          d.createObjectStore('recent', { keyPath: 'conversation' });
        },
        blocking() {
          db.close();
        },
      });
      this.#db = db;
      if ((await db.get('meta', 'owner')) !== owner) {
        await this.#empty(db, owner);
      }
      for (const store of ['drafts', 'recent'] as const) {
        for (const item of (await db.getAll(store)) as { conversation: string; at: number }[]) {
          if (now - item.at > DAY_MS) await db.delete(store, item.conversation);
        }
      }
    } catch {
      this.#db = null;
      this.durable = false;
    }
  }

  close(): void {
    this.#db?.close();
    this.#db = null;
  }

  async #try<T>(work: (db: IDBPDatabase) => Promise<T>, otherwise: T): Promise<T> {
    if (!this.#db) return otherwise;
    try {
      return await work(this.#db);
    } catch {
      this.durable = false;
      return otherwise;
    }
  }

  outbox(): Promise<Outgoing[]> {
    return this.#try(
      async (db) => ((await db.getAll('outbox')) as Outgoing[]).sort((a, b) => a.at - b.at || (a.cid < b.cid ? -1 : 1)),
      [],
    );
  }

  async putOut(o: Outgoing): Promise<void> {
    await this.#try((db) => db.put('outbox', o), undefined as unknown);
  }

  async dropOut(cid: string): Promise<void> {
    await this.#try((db) => db.delete('outbox', cid), undefined);
  }

  drafts(): Promise<Draft[]> {
    return this.#try((db) => db.getAll('drafts') as Promise<Draft[]>, []);
  }

  /** Whether the disk has it. */
  putDraft(d: Draft): Promise<boolean> {
    return this.#try(async (db) => {
      if (d.reply === '' && d.note === '') await db.delete('drafts', d.conversation);
      else await db.put('drafts', d);
      return true;
    }, false);
  }

  recent(conversation: string): Promise<Recent | undefined> {
    return this.#try((db) => db.get('recent', conversation) as Promise<Recent | undefined>, undefined);
  }

  async putRecent(r: Recent): Promise<void> {
    await this.#try((db) => db.put('recent', r), undefined as unknown);
  }

  async dropRecent(conversation: string): Promise<void> {
    await this.#try((db) => db.delete('recent', conversation), undefined);
  }

  /** All of it or nothing: what is still there has the name of whom it is from. */
  async #empty(db: IDBPDatabase, owner: string): Promise<void> {
    const tx = db.transaction(['meta', 'outbox', 'drafts', 'recent'], 'readwrite');
    await Promise.all([
      tx.objectStore('outbox').clear(),
      tx.objectStore('drafts').clear(),
      tx.objectStore('recent').clear(),
      tx.objectStore('meta').put(owner, 'owner'),
      tx.done,
    ]);
  }

  clear(): Promise<void> {
    return this.#try((db) => this.#empty(db, ''), undefined);
  }
}
