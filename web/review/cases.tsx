// Examples of the case library: as they are listed, and those of one item of a scorecard, beside it.
import { type Signal, signal } from '@preact/signals';
import { BookOpen } from 'lucide';
import type { ComponentChildren } from 'preact';
import { api, query } from '../core/api';
import { Dialog } from '../kit/Dialog';
import { Icon } from '../kit/Icon';
import { site } from '../kit/session';
import { l } from './learnWords';
import { type Line, Lines, named } from './lines';

export interface Example {
  id: string;
  revision: number;
  good: boolean;
  title: string;
  note: string;
  collection: string;
  tags: string[];
  items: string[];
  lines: Line[];
}

/** Of the site; what is read anew when a review is opened. */
export const examples = signal<readonly Example[]>([]);

/** What is said of the lines has marks for names, too. */
export async function readExamples(): Promise<{ items: Example[]; may_write: boolean }> {
  const got = await api<{ items: Example[]; may_write: boolean }>(`examples${query({ site: site.value?.key })}`);
  for (const x of got.items) {
    x.title = named(x.title);
    x.note = named(x.note);
    x.collection = named(x.collection);
    x.tags = x.tags.map(named);
  }
  return got;
}

/** Beside a scorecard they are a help: it can be filled in without them. */
export async function loadExamples(): Promise<void> {
  try {
    examples.value = (await readExamples()).items;
  } catch {
    // Those that are known stay.
  }
}

export function Case({ of: x, children }: { of: Example; children?: ComponentChildren }) {
  return (
    <li>
      <h3>
        <span class={x.good ? 'badge ok' : 'badge bad'}>{x.good ? l('libGood') : l('libBad')}</span>{' '}
        <span dir="auto">{x.title}</span>
      </h3>
      <Lines lines={x.lines} />
      {x.note && <p dir="auto">{x.note}</p>}
      <p class="dim">
        {[x.collection, ...x.tags.map((y) => `#${y}`)].filter(Boolean).join(' · ')} {children}
      </p>
    </li>
  );
}

export const examplesOf = (item: string): Example[] => examples.value.filter((x) => x.items.includes(item));

/** What leads from an item to its examples; `open` is set by a key as well. */
export function ItemCases({ item, name, open }: { item: string; name: string; open: Signal<boolean> }) {
  const all = examplesOf(item);
  if (all.length === 0) return null;
  const good = all.filter((x) => x.good).length;
  const words = l('caseCount', { good, bad: all.length - good });
  return (
    <>
      <button
        type="button"
        class="link"
        tabIndex={-1}
        aria-haspopup="dialog"
        aria-label={`${words} · ${name}`}
        onClick={() => (open.value = true)}
      >
        <Icon node={BookOpen} size={16} /> {words}
      </button>
      {open.value && (
        <Dialog title={l('caseTitle', { name })} onClose={() => (open.value = false)} wide>
          <ul class="cases">
            {all.map((x) => (
              <Case key={x.id} of={x} />
            ))}
          </ul>
        </Dialog>
      )}
    </>
  );
}
