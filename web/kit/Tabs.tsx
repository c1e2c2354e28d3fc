import './Tabs.css';
import { useRef } from 'preact/hooks';
import { composing } from '../core/keys';

export interface TabItem {
  key: string;
  label: string;
  count?: number;
}

interface TabsProps {
  label: string;
  items: TabItem[];
  selected: string;
  onSelect: (key: string) => void;
  /** The id of the panel that the tabs are for. */
  panel?: string;
}

/** One tab stop; arrows choose. */
export function Tabs({ label, items, selected, onSelect, panel }: TabsProps) {
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (ev: KeyboardEvent) => {
    if (composing(ev)) return;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[ev.key];
    if (!step) return;
    ev.preventDefault();
    const at = items.findIndex((i) => i.key === selected);
    const to = items[(at + step + items.length) % items.length];
    if (!to) return;
    onSelect(to.key);
    list.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(to.key)}"]`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
      {items.map((i) => (
        <button
          key={i.key}
          type="button"
          role="tab"
          class="tab"
          data-key={i.key}
          aria-selected={i.key === selected}
          aria-controls={panel}
          tabIndex={i.key === selected ? 0 : -1}
          onClick={() => onSelect(i.key)}
        >
          {i.label}
          {i.count !== undefined && <span class="count">{i.count}</span>}
        </button>
      ))}
    </div>
  );
}
