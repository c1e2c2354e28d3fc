// A transcript of the past, from its top: only the rows about the reader are drawn. What stands before and behind them keeps its room,
// so that the scroll bar tells the truth, and its words, so that the browser's own search finds them where it can look into what is hidden.
import './Talk.css';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { memo } from './memo';
import { noteText, type Row } from './rows';
import { isChosen, lines, sameRow, useActions, type TalkActions } from './Line';
import { lineOf } from './names';

interface PastTalkProps extends TalkActions {
  rows: readonly Row[];
  label: string;
  /** How far the visitor has read. */
  visitorRead?: number;
  /** Below the last row. */
  after?: ComponentChildren;
}

/** Rows come and go in blocks of so many. */
const BLOCK = 20;
/** So many blocks are drawn at first; who sees more than these gets more in the next frame. */
const FIRST = 2;
/** What is nearer than this to what is seen is drawn, too. */
const EDGE = 600;
/** Of a row, before the first have been drawn. */
const HEIGHT = 48;

/** Blocks `from` to `to` are drawn, `to` not. */
interface Window {
  from: number;
  to: number;
}

const blockOf = (row: number): number => Math.floor(Math.max(0, row) / BLOCK);

function around(row: number): Window {
  const at = blockOf(row);
  return { from: Math.max(0, at - 1), to: at + FIRST };
}

export function PastTalk(props: PastTalkProps) {
  const { rows, label, visitorRead, marks, chosen } = props;
  const box = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const heights = useRef(new Map<string, number>()).current;
  /** Of a row that has not been drawn yet, from those that have been drawn first in this width. */
  const typical = useRef({ width: 0, height: HEIGHT });
  const nth = chosen === undefined ? -1 : rows.findIndex((r) => isChosen(r, chosen));
  const [wanted, setWanted] = useState<Window>(() => around(nth));
  const blocks = Math.ceil(rows.length / BLOCK);
  const to = Math.min(blocks, wanted.to);
  const from = Math.min(wanted.from, Math.max(0, to - 1));
  /** This row is to stay, or to come, so far below the top of what is seen; NaN: at its bottom. */
  const anchor = useRef<{ row: number; top: number } | null>(null);
  const goal = useRef(nth);
  const words = useWords(rows.length > BLOCK * FIRST);

  const actions = useActions(props);
  /** Of a row, if it is drawn: before it stand the blocks that are not. */
  const element = (row: number): Element | undefined =>
    row >= from * BLOCK && row < to * BLOCK ? list.current?.children[from + row - from * BLOCK] : undefined;
  /** True: what is not drawn needs other room than before. */
  const measure = (): boolean => {
    const width = list.current?.clientWidth ?? 0;
    const other = width !== typical.current.width;
    if (other) heights.clear();
    for (let i = from * BLOCK; i < Math.min(rows.length, to * BLOCK); i++) {
      const el = element(i);
      if (el) heights.set(rows[i]!.key, el.getBoundingClientRect().height);
    }
    if (!other || heights.size === 0) return false;
    let sum = 0;
    for (const h of heights.values()) sum += h;
    typical.current = { width, height: sum / heights.size };
    return true;
  };
  const heightOf = (r: Row): number => heights.get(r.key) ?? typical.current.height;
  const room = (block: number): number => {
    let ret = 0;
    for (const r of rows.slice(block * BLOCK, (block + 1) * BLOCK)) ret += heightOf(r);
    return ret;
  };

  /** Draws what is near, if it is not there. */
  const look = (): void => {
    const el = box.current;
    const ol = list.current;
    if (!el || !ol || rows.length === 0) return;
    const other = measure();
    const top = ol.getBoundingClientRect().top - el.getBoundingClientRect().top;
    let near: Window | undefined;
    let first: { row: number; top: number } | undefined;
    for (let b = 0, y = top; b < blocks; b++) {
      const end = y + room(b);
      if (end > -EDGE && y < el.clientHeight + EDGE) near = { from: near?.from ?? b, to: b + 1 };
      for (let i = b * BLOCK, at = y; !first && end > 0 && i < Math.min(rows.length, (b + 1) * BLOCK); i++) {
        if (at >= 0) first = { row: i, top: at };
        at += heightOf(rows[i]!);
      }
      y = end;
    }
    if (!near || (!other && near.from >= from && near.to <= to)) return;
    // Who is at the end stays there: the last rows may be higher than was thought.
    const last = el.scrollHeight - el.scrollTop - el.clientHeight < 2;
    anchor.current = last ? { row: rows.length - 1, top: NaN } : (first ?? null);
    setWanted({ from: Math.max(0, near.from - 1), to: near.to + 1 });
  };

  // What is chosen is shown in the middle.
  useLayoutEffect(() => {
    goal.current = nth;
    if (nth < 0) return;
    const at = blockOf(nth);
    if (at < from || at >= to) setWanted(around(nth));
  }, [chosen]);

  useLayoutEffect(() => {
    const held = anchor.current;
    anchor.current = null;
    const shown = element(goal.current);
    if (shown) {
      goal.current = -1;
      shown.scrollIntoView({ block: 'center' });
      return;
    }
    const el = held && element(held.row);
    if (!held || !el || !box.current) return;
    if (Number.isNaN(held.top)) {
      box.current.scrollTop = box.current.scrollHeight;
      return;
    }
    const by = el.getBoundingClientRect().top - box.current.getBoundingClientRect().top - held.top;
    if (Math.abs(by) >= 1) box.current.scrollTop += by;
  });

  const looks = useRef(look);
  looks.current = look;
  useEffect(() => look(), [from, to, rows]);
  useEffect(() => {
    const seen = new ResizeObserver(() => looks.current());
    if (box.current) seen.observe(box.current);
    return () => seen.disconnect();
  }, []);
  // The browser would go step by step, and stop where the end was thought to be.
  const onKeyDown = (ev: KeyboardEvent): void => {
    if (ev.target !== box.current || ev.ctrlKey || ev.metaKey || ev.altKey || ev.shiftKey) return;
    if (ev.key !== 'Home' && ev.key !== 'End') return;
    ev.preventDefault();
    const first = ev.key === 'Home' ? 0 : Math.max(0, blocks - FIRST);
    anchor.current = ev.key === 'Home' ? { row: 0, top: EDGE } : { row: rows.length - 1, top: NaN };
    setWanted({ from: first, to: first + FIRST });
  };

  // Words that were found where they are hidden are shown.
  useEffect(() => {
    const reveal = (ev: Event): void => {
      const block = Number((ev.target as HTMLElement).dataset['block'] ?? NaN);
      if (Number.isNaN(block)) return;
      anchor.current = { row: block * BLOCK, top: EDGE / 10 };
      setWanted({ from: Math.max(0, block - 1), to: block + FIRST });
    };
    const el = list.current;
    el?.addEventListener('beforematch', reveal);
    return () => el?.removeEventListener('beforematch', reveal);
  }, []);

  const rest = (block: number) => (
    <Rest
      key={`rest${block}`}
      block={block}
      height={room(block)}
      rows={words ? rows.slice(block * BLOCK, (block + 1) * BLOCK) : NONE}
      actions={actions}
    />
  );
  const before = Array.from({ length: from }, (_, i) => rest(i));
  const behind = Array.from({ length: blocks - to }, (_, i) => rest(to + i));
  return (
    <div class="talk">
      <div
        ref={box}
        class="talk-log"
        role="log"
        aria-label={label}
        aria-live="off"
        tabIndex={0}
        onScroll={look}
        onKeyDown={onKeyDown}
      >
        <ol ref={list}>
          {before}
          {lines(rows.slice(from * BLOCK, to * BLOCK), actions, marks, visitorRead)}
          {behind}
        </ol>
        {props.after}
      </div>
    </div>
  );
}

const NONE: readonly Row[] = [];
/** Only then can words be hidden and found. */
const FINDS = typeof document !== 'undefined' && 'onbeforematch' in document;

const PAUSE_MS = 500;

/** The words of what is not drawn can wait for a pause. */
function useWords(needed: boolean): boolean {
  const [ready, setReady] = useState(false);
  useEffect(() => {
    if (!FINDS || !needed || ready) return;
    const timer = setTimeout(() => setReady(true), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [needed, ready]);
  return ready;
}

function wordsOf(r: Row, actions: TalkActions): string {
  if (r.kind === 'message') return r.message.kind === 'removed' ? '' : lineOf(r.message);
  if (r.kind === 'event') return actions.eventWords(r.message);
  if (r.kind === 'note') return noteText(r.entry);
  return r.kind === 'entry' ? actions.entryWords(r.entry) : '';
}

interface RestProps {
  block: number;
  height: number;
  rows: readonly Row[];
  actions: TalkActions;
}

/** The room of a block that is not drawn. */
const Rest = memo(
  function Rest({ block, height, rows, actions }: RestProps) {
    const text = rows.map((r) => wordsOf(r, actions)).join('\n');
    return (
      <li
        class="talk-rest"
        style={{ height: `${height}px` }}
        data-block={block}
        {...(FINDS ? { hidden: 'until-found' as const } : {})}
      >
        {text}
      </li>
    );
  },
  // What is masked and shown by turns has the same keys: the words count, for the browser's search finds them.
  (a, b) =>
    a.height === b.height &&
    a.rows.length === b.rows.length &&
    a.rows.every((r, i) => {
      const other = b.rows[i];
      return other !== undefined && r.key === other.key && sameRow(r, other);
    }),
);
