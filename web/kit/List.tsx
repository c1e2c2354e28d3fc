// A long list of rows of one height: a listbox with one tab stop. Only what is seen is in the document.
import './List.css';
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualizerOptions,
} from '@tanstack/virtual-core';
import { composing } from '../core/keys';

interface ListProps<T> {
  label: string;
  items: readonly T[];
  keyOf: (item: T) => string;
  rowHeight: number;
  render: (item: T, selected: boolean) => ComponentChildren;
  selected: string | undefined;
  onSelect: (item: T) => void;
  /** Enter, double click: into the thing. */
  onOpen?: (item: T) => void;
  /** Near the end: more can be fetched. */
  onEnd?: () => void;
  empty?: ComponentChildren;
}

/** The element of each row. What comes into sight takes the element of what has gone out of it: to make one takes far longer than to change its
 *  words. A row that stays keeps its own, so that a click that has begun on it stays on it. */
function useElements(keys: readonly string[]): (key: string) => number {
  const made = useRef(0);
  const taken = useRef<ReadonlyMap<string, number>>(new Map());
  const now = new Set(keys);
  const free = [...taken.current].filter(([key]) => !now.has(key)).map(([, element]) => element);
  const elements = new Map(keys.map((key) => [key, taken.current.get(key) ?? free.shift() ?? made.current++]));
  taken.current = elements;
  return (key) => elements.get(key)!;
}

export function List<T>({
  label,
  items,
  keyOf,
  rowHeight,
  render,
  selected,
  onSelect,
  onOpen,
  onEnd,
  empty,
}: ListProps<T>) {
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  const [, redraw] = useState(0);
  const options: VirtualizerOptions<HTMLDivElement, Element> = {
    count: items.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 6,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => redraw((n) => n + 1),
  };
  const [virtual] = useState(() => new Virtualizer<HTMLDivElement, Element>(options));
  virtual.setOptions(options);
  useLayoutEffect(() => virtual._didMount(), []);
  useLayoutEffect(() => virtual._willUpdate());

  const height = useRef(rowHeight);
  useLayoutEffect(() => {
    if (height.current !== rowHeight) virtual.measure();
    height.current = rowHeight;
  }, [rowHeight]);

  // Not for every drawing: of a hundred thousand this takes as long as half a frame.
  const at = useMemo(() => (selected ? items.findIndex((i) => keyOf(i) === selected) : -1), [items, selected]);
  useEffect(() => {
    if (at < 0) return;
    // The virtualizer would measure even where nothing has to move, and all that has just been drawn beside the list with it.
    const top = at * rowHeight - (virtual.scrollOffset ?? 0);
    if (top < 0 || top + rowHeight > (virtual.scrollRect?.height ?? 0)) virtual.scrollToIndex(at, { align: 'auto' });
  }, [selected, rowHeight]);

  const rows = virtual.getVirtualItems().filter((r) => r.index < items.length);
  const elementOf = useElements(rows.map((r) => keyOf(items[r.index]!)));
  const end = rows[rows.length - 1]?.index ?? -1;
  useEffect(() => {
    if (items.length && end >= items.length - 5) onEnd?.();
  }, [end, items.length]);

  const onKeyDown = (ev: KeyboardEvent) => {
    if (composing(ev) || ev.altKey || ev.ctrlKey || ev.metaKey) return;
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 0) / rowHeight) - 1);
    const steps: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at < 0 ? items.length - 1 : at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: items.length - 1,
    };
    const to = steps[ev.key];
    if (to !== undefined) {
      const item = items[Math.max(0, Math.min(items.length - 1, to))];
      if (item) onSelect(item);
    } else if (ev.key === 'Enter' && at >= 0) {
      onOpen?.(items[at]!);
    } else {
      return;
    }
    ev.preventDefault();
  };

  return (
    <div
      ref={box}
      class="list"
      role={items.length > 0 ? 'listbox' : 'group'}
      tabIndex={items.length > 0 ? 0 : -1}
      aria-label={label}
      aria-activedescendant={at >= 0 && rows.some((r) => r.index === at) ? `${id}-${at}` : undefined}
      onKeyDown={onKeyDown}
    >
      {items.length === 0 && empty}
      <div class="room" role="presentation" style={{ height: `${virtual.getTotalSize()}px` }}>
        {rows.map((r) => {
          const item = items[r.index]!;
          return (
            <div
              key={elementOf(keyOf(item))}
              id={`${id}-${r.index}`}
              class="list-row"
              role="option"
              aria-selected={r.index === at}
              aria-setsize={items.length}
              aria-posinset={r.index + 1}
              style={{ height: `${rowHeight}px`, transform: `translateY(${r.start}px)` }}
              onClick={() => onSelect(item)}
              onDblClick={() => onOpen?.(item)}
            >
              {render(item, r.index === at)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
