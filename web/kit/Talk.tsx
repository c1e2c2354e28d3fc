// A transcript as staff read it while it goes on (PastTalk.tsx: when it is over): everybody's messages, notes between them on yellow, how far
// each message has come. A focusable log around a list: only what is new is read out, history is silent.
import './Talk.css';
import { ArrowDown } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './Icon';
import { k } from './i18n';
import { lines, useActions, type TalkActions } from './Line';
import { scrolling, useQuiet } from './motion';
import type { Row } from './rows';

interface TalkProps extends TalkActions {
  rows: readonly Row[];
  label: string;
  older?: boolean;
  onOlder?: () => void;
  onSeen?: () => void;
  /** How far the visitor has read. */
  visitorRead?: number;
  head?: ComponentChildren;
  tail?: ComponentChildren;
}

const NEAR = 80;
/** So many rows are in the document at most; the window moves with the reader. */
const WINDOW = 140;
const STEP = 50;
/** Nearer than this to an end of the window, it moves. */
const EDGE = 600;

export function Talk(props: TalkProps) {
  const { rows, label, older, onOlder, onSeen, visitorRead, head, tail } = props;
  const box = useRef<HTMLDivElement>(null);
  const stick = useRef(true);
  const before = useRef({ height: 0, top: '', end: '', count: 0 });
  const [away, setAway] = useState<'no' | 'up' | 'new'>('no');
  const list = useRef<HTMLOListElement>(null);
  // Which rows are in the document: named by the key of the first, so that what comes above moves nothing. '' the newest.
  const [from, setFrom] = useState('');
  const found = from ? rows.findIndex((r) => r.key === from) : -1;
  const start = found >= 0 ? found : Math.max(0, rows.length - WINDOW);
  const shown = rows.slice(start, start + WINDOW);
  const anchor = useRef<{ key: string; top: number } | null>(null);
  /** Lets the window begin `by` rows later, and what is looked at stay where it is. */
  const move = (by: number): void => {
    const el = box.current;
    if (!el || !list.current) return;
    const to = Math.max(0, Math.min(rows.length - WINDOW, start + by));
    if (to === start) return;
    for (const [i, child] of [...list.current.children].entries()) {
      const top = (child as HTMLElement).getBoundingClientRect().top - el.getBoundingClientRect().top;
      if (top < 0) continue;
      anchor.current = { key: shown[i]?.key ?? '', top };
      break;
    }
    setFrom(to >= rows.length - WINDOW ? '' : (rows[to]?.key ?? ''));
  };
  const actions = useActions(props);
  const keys = rows.filter((r) => r.kind !== 'day');
  const top = keys[0]?.key ?? '';
  const last = keys[keys.length - 1];
  const end = last?.key ?? '';

  useLayoutEffect(() => {
    const el = box.current;
    if (!el) return;
    const was = before.current;
    const held = anchor.current;
    anchor.current = null;
    const child = held && list.current?.children[shown.findIndex((r) => r.key === held.key)];
    if (held && child) {
      el.scrollTop += child.getBoundingClientRect().top - el.getBoundingClientRect().top - held.top;
      before.current = { height: el.scrollHeight, top, end, count: keys.length };
      return;
    }
    const grewAbove = was.top !== '' && top !== was.top && keys.some((r) => r.key === was.top);
    const own = last?.kind === 'out' && end !== was.end;
    if (grewAbove && !stick.current) el.scrollTop += el.scrollHeight - was.height;
    else if (stick.current || own) {
      el.scrollTop = el.scrollHeight;
      stick.current = true;
    } else if (end !== was.end && was.end !== '') setAway('new');
    before.current = { height: el.scrollHeight, top, end, count: keys.length };
  });

  useEffect(() => {
    const el = box.current;
    if (!el) return;
    const seen = new ResizeObserver(() => {
      if (stick.current) el.scrollTop = el.scrollHeight;
    });
    seen.observe(el);
    if (el.firstElementChild) seen.observe(el.firstElementChild);
    return () => seen.disconnect();
  }, []);

  // Older rows have come while the reader stands at the top.
  useEffect(() => {
    if (!stick.current && start > 0 && (box.current?.scrollTop ?? EDGE) < EDGE) move(-STEP);
  }, [start, rows.length]);
  useEffect(() => {
    if (stick.current && end) onSeen?.();
  }, [end]);

  const onScroll = (): void => {
    const el = box.current;
    if (!el) return;
    stick.current = start + WINDOW >= rows.length && el.scrollHeight - el.scrollTop - el.clientHeight < NEAR;
    if (stick.current) {
      if (away !== 'no') setAway('no');
      onSeen?.();
    } else if (away === 'no') setAway('up');
    // Who has left the end keeps the rows that are looked at, whatever comes above or below.
    if (stick.current !== (from === '')) setFrom(stick.current ? '' : (shown[0]?.key ?? ''));
    if (rows.length > WINDOW) {
      if (el.scrollTop < EDGE && start > 0) move(-STEP);
      else if (el.scrollHeight - el.scrollTop - el.clientHeight < EDGE && start + WINDOW < rows.length) move(STEP);
    }
    if (older && start === 0 && el.scrollTop < 240) onOlder?.();
  };

  const toEnd = (): void => {
    const el = box.current;
    if (!el) return;
    stick.current = true;
    setFrom('');
    el.scrollTo({ top: el.scrollHeight, behavior: start + WINDOW < rows.length ? 'auto' : scrolling() });
    el.focus({ preventScroll: true });
  };

  const quiet = useQuiet(top, keys.length);
  return (
    <div class="talk">
      <div
        ref={box}
        class="talk-log"
        role="log"
        aria-label={label}
        aria-live={quiet ? 'off' : 'polite'}
        aria-relevant="additions"
        tabIndex={0}
        onScroll={onScroll}
      >
        <div>
          {older && start === 0 && (
            <div class="talk-older">
              <button type="button" class="btn quiet small" onClick={onOlder}>
                {k('loadOlder')}
              </button>
            </div>
          )}
          {head}
          <ol ref={list}>{lines(shown, actions, props.marks, visitorRead)}</ol>
          {tail}
        </div>
      </div>
      {away !== 'no' && (
        <button type="button" class="talk-newest" onClick={toEnd} aria-label={k('toNewest')}>
          <Icon node={ArrowDown} size={16} />
          {away === 'new' && k('newMessages')}
        </button>
      )}
    </div>
  );
}
