// Where a comment is written. Behind an @ stand those who may read the review, chosen with arrows and Enter; whom the words name is sent by id.
// The textarea is uncontrolled: while an input method composes nobody rewrites its value.
import { useSignal } from '@preact/signals';
import { useId, useRef } from 'preact/hooks';
import { composing } from '../core/keys';
import { initialsOf } from '../core/pinyin';
import type { Staffer } from '../core/staff';
import { lang } from '../kit/i18n';
import { w } from './qualityWords';

/** What stands behind an @ up to the caret; letters and digits before it make it an address. */
const ASKED = /(?:^|[^\w.-])[@＠]([^\s@＠]{0,24})$/u;

/** As it is written behind the @: with the number where two have one name. */
export function labelOf(p: Staffer, all: readonly Staffer[]): string {
  return p.number && all.some((x) => x.id !== p.id && x.name === p.name) ? `${p.name}(${p.number})` : p.name;
}

export function fits(p: Staffer, typed: string): boolean {
  const query = typed.toLowerCase();
  const name = p.name.toLowerCase();
  return name.includes(query) || (p.number ?? '').startsWith(query) || initialsOf(p.name).startsWith(query);
}

/** Those of them whom the text names. The longest names first: @李明 does not name 李, too. */
export function namedIn(text: string, people: readonly Staffer[]): Staffer[] {
  const labels = people.map((p) => ({ p, at: `@${labelOf(p, people)}` })).sort((a, b) => b.at.length - a.at.length);
  const named = new Set<Staffer>();
  let rest = text;
  for (const { p, at } of labels) {
    if (!rest.includes(at)) continue;
    named.add(p);
    rest = rest.split(at).join(' ');
  }
  return people.filter((p) => named.has(p));
}

const nearest = (el: HTMLElement | null): void => el?.scrollIntoView({ block: 'nearest' });

interface MentionProps {
  label: string;
  /** Who may read it. */
  people: readonly Staffer[];
  error?: string | undefined;
  /** With each change: the words, and whom they name. */
  onText: (text: string, named: readonly Staffer[]) => void;
  onSend: () => void;
}

export function MentionArea({ label, people, error, onText, onSend }: MentionProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const menu = useSignal<{ items: readonly Staffer[]; at: number } | null>(null);
  const chosen = useRef(new Set<string>());
  const named = useSignal<readonly Staffer[]>([]);

  const changed = (): void => {
    const el = area.current;
    if (!el) return;
    const typed = ASKED.exec(el.value.slice(0, el.selectionStart))?.[1];
    const items = typed === undefined ? [] : people.filter((p) => fits(p, typed));
    menu.value = items.length > 0 || (typed === '' && people.length === 0) ? { items, at: 0 } : null;
    named.value = namedIn(el.value, people).filter((p) => chosen.current.has(p.id));
    onText(el.value, named.value);
  };
  const take = (p: Staffer): void => {
    const el = area.current;
    const typed = el && ASKED.exec(el.value.slice(0, el.selectionStart))?.[1];
    if (!el || typed === undefined || typed === null) return;
    chosen.current.add(p.id);
    el.setRangeText(`@${labelOf(p, people)} `, el.selectionStart - typed.length - 1, el.selectionStart, 'end');
    changed();
    menu.value = null;
    el.focus();
  };
  const menuKey = (ev: KeyboardEvent): boolean => {
    const m = menu.value;
    if (!m || ev.ctrlKey || ev.metaKey || ev.altKey) return false;
    const n = m.items.length;
    const step = { ArrowDown: 1, ArrowUp: -1 }[ev.key];
    const one = m.items[m.at];
    if (step && n > 0) menu.value = { ...m, at: (m.at + step + n) % n };
    else if ((ev.key === 'Enter' || ev.key === 'Tab') && !ev.shiftKey && one) take(one);
    else if (ev.key === 'Escape') menu.value = null;
    else return false;
    return true;
  };
  const onKeyDown = (ev: KeyboardEvent): void => {
    if (composing(ev)) return;
    const sends = ev.key === 'Enter' && (ev.ctrlKey || ev.metaKey);
    if (!menuKey(ev) && !sends) return;
    ev.preventDefault();
    ev.stopPropagation();
    if (sends) onSend();
  };
  const m = menu.value;
  return (
    <div class="field mention-field">
      <label for={id}>{label}</label>
      <textarea
        ref={area}
        id={id}
        class="input"
        rows={4}
        maxLength={2000}
        autofocus
        aria-autocomplete="list"
        aria-controls={m ? `${id}-menu` : undefined}
        aria-activedescendant={m && m.items.length > 0 ? `${id}-${m.at}` : undefined}
        aria-describedby={`${id}-h${error ? ` ${id}-e` : ''}`}
        aria-invalid={error ? 'true' : undefined}
        onInput={(ev) => !(ev as InputEvent).isComposing && changed()}
        onCompositionEnd={changed}
        onClick={changed}
        onKeyDown={onKeyDown}
        onBlur={() => (menu.value = null)}
      />
      {m && m.items.length > 0 && (
        <div class="mention-menu" id={`${id}-menu`} role="listbox" aria-label={w('mentionWho')}>
          {m.items.map((p, i) => (
            <div
              key={p.id}
              id={`${id}-${i}`}
              ref={i === m.at ? nearest : null}
              role="option"
              aria-selected={i === m.at}
              class={i === m.at ? 'mention-item on' : 'mention-item'}
              onMouseDown={(ev) => {
                ev.preventDefault();
                take(p);
              }}
            >
              <span class="clip">{p.name}</span>
              {p.number && <span class="dim num">{p.number}</span>}
            </div>
          ))}
        </div>
      )}
      <div class="hint" id={`${id}-h`} role="status">
        {named.value.length > 0
          ? w('mentionTold', { names: new Intl.ListFormat(lang.value).format(named.value.map((p) => p.name)) })
          : m && people.length === 0
            ? w('mentionNobody')
            : w('mentionHow')}
      </div>
      {error && (
        <div class="error" id={`${id}-e`} role="alert">
          {error}
        </div>
      )}
    </div>
  );
}

/** The words of a comment, with those whom it names made plain. */
export function Mentioning({ text, mentions }: { text: string; mentions: readonly Staffer[] }) {
  const names = [...new Set(mentions.map((p) => p.name))].filter(Boolean).sort((a, b) => b.length - a.length);
  const parts: (string | { name: string })[] = [];
  let rest = text;
  while (rest) {
    const next = names
      .map((name) => ({ name, i: rest.indexOf(`@${name}`) }))
      .filter((x) => x.i >= 0)
      .sort((a, b) => a.i - b.i || b.name.length - a.name.length)[0];
    if (!next) break;
    parts.push(rest.slice(0, next.i), { name: next.name });
    rest = rest.slice(next.i + next.name.length + 1);
  }
  parts.push(rest);
  return (
    <>
      {parts.map((x, i) =>
        typeof x === 'string' ? (
          x
        ) : (
          <b key={i} class="mention">
            @{x.name}
          </b>
        ),
      )}
    </>
  );
}
