// The answers to a scorecard's items: to be given by keyboard, or to be read.
import type { ComponentChildren } from 'preact';
import { Icon } from '../kit/Icon';
import { TriangleAlert } from 'lucide';
import { type Answer, type Card, type Contents, type Item, most, type Review } from './quality';
import { w } from './qualityWords';

/** What an answer is called. */
export function answerWords(i: Item, a: Answer | undefined): string {
  if (a?.na) return w('na');
  const v = a?.value;
  switch (i.type) {
    case 'yesno':
      return v === undefined ? '–' : v ? w('yes') : w('no');
    case 'fatal':
      return v ? w('hit') : w('notHit');
    case 'add':
      return `+${v ?? 0}`;
    case 'deduct':
      return v ? `−${v}` : '0';
    default:
      return v === undefined ? '–' : `${v} / ${most(i)}`;
  }
}

interface InputProps {
  item: Item;
  answer: Answer | undefined;
  onAnswer: (a: Answer | undefined) => void;
  /** Names of groups must differ where a card stands twice on a page. */
  space?: string;
}

function Number_({ item, answer, onAnswer, space }: InputProps) {
  const top = most(item);
  const id = `${space}-${item.key}-n`;
  return (
    <span class="answer-number">
      <input
        id={id}
        class="input num"
        type="number"
        min={0}
        max={top}
        aria-label={`${item.name} · ${item.type === 'add' ? w('addUp', { n: top }) : w('deductUp', { n: top })}`}
        value={answer?.na ? '' : String(answer?.value ?? 0)}
        onChange={(ev) => {
          const n = Math.max(0, Math.min(top, Math.round(Number(ev.currentTarget.value) || 0)));
          ev.currentTarget.value = String(n);
          onAnswer({ value: n });
        }}
      />
      <span class="dim">{item.type === 'add' ? w('addUp', { n: top }) : w('deductUp', { n: top })}</span>
    </span>
  );
}

/** One tab stop: radio buttons, chosen by arrows, digits, or x for what does not apply. */
export function AnswerInput({ item, answer, onAnswer, space = 'a' }: InputProps) {
  const top = most(item);
  if (item.type === 'add' || item.type === 'deduct')
    return <Number_ item={item} answer={answer} onAnswer={onAnswer} space={space} />;
  const words = (n: number): string =>
    item.type === 'yesno' ? (n ? w('yes') : w('no')) : item.type === 'fatal' ? (n ? w('hit') : w('notHit')) : String(n);
  const order = item.type === 'yesno' ? [1, 0] : Array.from({ length: top + 1 }, (_, n) => n);
  const at = answer?.na ? 'na' : (answer?.value ?? (item.type === 'fatal' ? 0 : undefined));
  const one = (value: number | 'na', label: string) => (
    <label key={value} class={item.type === 'fatal' && value === 1 ? 'answer bad' : 'answer'}>
      <input
        type="radio"
        name={`${space}-${item.key}`}
        checked={at === value}
        onChange={() => onAnswer(value === 'na' ? { na: true } : { value })}
      />
      <span>{label}</span>
    </label>
  );
  return (
    <span class="answers" role="radiogroup" aria-labelledby={`${space}-${item.key}-name`}>
      {order.map((n) => one(n, words(n)))}
      {one('na', w('na'))}
    </span>
  );
}

/** A digit, or x, answers the item that has the focus. True: it was one. */
export function answerKey(ev: KeyboardEvent, item: Item, onAnswer: (a: Answer) => void): boolean {
  if (ev.ctrlKey || ev.metaKey || ev.altKey) return false;
  const number = item.type === 'add' || item.type === 'deduct';
  if (ev.key === 'x') onAnswer({ na: true });
  else if (!number && /^[0-9]$/.test(ev.key) && Number(ev.key) <= most(item)) onAnswer({ value: Number(ev.key) });
  else return false;
  ev.preventDefault();
  return true;
}

interface SheetProps {
  card: Card;
  contents: Contents;
  lines: Review['lines'];
  /** What stands behind an item. */
  after?: (i: Item) => ComponentChildren;
}

/** To be read. */
export function Sheet({ card, contents, lines, after }: SheetProps) {
  return (
    <>
      {card.sections.map((s) => (
        <section key={s.key} class="card-section" aria-label={s.name}>
          <h3>
            {s.name} <span class="dim num">{w('weight', { n: s.weight })}</span>
          </h3>
          <ul>
            {s.items.map((i) => {
              const failed = lines[i.key]?.failed === true;
              return (
                <li key={i.key} class={failed ? 'card-item failed' : 'card-item'} data-item={i.key}>
                  <span class="item-name">
                    {i.type === 'fatal' && <Icon node={TriangleAlert} size={16} />} {i.name}
                  </span>
                  <b class="item-answer num">{answerWords(i, contents.answers?.[i.key])}</b>
                  {contents.notes?.[i.key] && (
                    <p class="item-note" dir="auto">
                      {contents.notes[i.key]}
                    </p>
                  )}
                  {after?.(i)}
                </li>
              );
            })}
          </ul>
        </section>
      ))}
      {contents.summary && (
        <section class="card-section">
          <h3>{w('summary')}</h3>
          <p class="item-note" dir="auto">
            {contents.summary}
          </p>
        </section>
      )}
    </>
  );
}
