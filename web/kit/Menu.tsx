// A button that opens a list of commands or choices. Arrows move, letters jump, Escape closes and gives the focus back.
import './Menu.css';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren, RefObject } from 'preact';
import { Check } from 'lucide';
import { composing } from '../core/keys';
import { Icon, type IconNode } from './Icon';

export interface MenuItem {
  key: string;
  label: string;
  icon?: IconNode;
  /** Choices: which one holds. */
  checked?: boolean;
  /** Of several choices any number may hold: the menu stays open. */
  many?: boolean;
  /** Shown at the end: a key. */
  hint?: string;
  /** Why it cannot be chosen now; shown as a tooltip. */
  disabled?: string | undefined;
  danger?: boolean;
  lang?: string;
  onSelect: () => void;
}

interface MenuProps {
  items: MenuItem[];
  /** The content of the button, and its attributes. */
  children: ComponentChildren;
  label?: string;
  class?: string;
  align?: 'start' | 'end';
}

export function Menu({ items, children, label, class: cls = 'icon-btn', align = 'end' }: MenuProps) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const close = (refocus: boolean) => {
    setOpen(false);
    if (refocus) button.current?.focus();
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        class={cls}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={label}
        title={label}
        onClick={() => setOpen(!open)}
        onKeyDown={(ev) => {
          if (ev.key !== 'ArrowDown' || composing(ev)) return;
          ev.preventDefault();
          setOpen(true);
        }}
      >
        {children}
      </button>
      {open && <Popup items={items} opener={button} label={label} align={align} close={close} />}
    </>
  );
}

interface PopupProps {
  items: MenuItem[];
  opener: RefObject<HTMLElement | null>;
  label?: string | undefined;
  align: 'start' | 'end';
  close: (refocus: boolean) => void;
}

export function Popup({ items, opener, label, align, close }: PopupProps) {
  const list = useRef<HTMLDivElement>(null);
  const buttons = () => [...list.current!.querySelectorAll<HTMLElement>('.menu-item')];

  useLayoutEffect(() => {
    place(list.current!, opener.current!, align);
    (buttons().find((b) => b.getAttribute('aria-checked') === 'true') ?? buttons()[0])?.focus();
  }, []);
  useEffect(() => {
    const outside = (ev: Event) => {
      const to = ev.target as Node;
      if (!list.current?.contains(to) && !opener.current?.contains(to)) close(false);
    };
    const away = () => close(false);
    document.addEventListener('pointerdown', outside, true);
    window.addEventListener('blur', away);
    window.addEventListener('resize', away);
    return () => {
      document.removeEventListener('pointerdown', outside, true);
      window.removeEventListener('blur', away);
      window.removeEventListener('resize', away);
    };
  }, []);

  const onKeyDown = (ev: KeyboardEvent) => {
    if (composing(ev)) return;
    const all = buttons();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = move(ev.key, at, all);
    if (ev.key === 'Escape') close(true);
    else if (ev.key === 'Tab') {
      close(true);
      return; // and on to what follows the button
    } else if (to !== undefined) all[to]?.focus();
    else return;
    ev.preventDefault();
    ev.stopPropagation();
  };

  return (
    <div ref={list} class="menu" role="menu" aria-label={label} onKeyDown={onKeyDown}>
      {items.map((item) => (
        <button
          key={item.key}
          type="button"
          class={item.danger ? 'menu-item danger' : 'menu-item'}
          role={item.checked === undefined ? 'menuitem' : item.many ? 'menuitemcheckbox' : 'menuitemradio'}
          aria-checked={item.checked}
          aria-disabled={item.disabled ? true : undefined}
          title={item.disabled}
          lang={item.lang}
          tabIndex={-1}
          onClick={() => {
            if (item.disabled) return;
            if (!item.many) close(true);
            item.onSelect();
          }}
        >
          {item.checked !== undefined && <span class="mark">{item.checked && <Icon node={Check} size={16} />}</span>}
          {item.icon && <Icon node={item.icon} size={16} />}
          <span class="grow">{item.label}</span>
          {item.hint && <span class="key">{item.hint}</span>}
        </button>
      ))}
    </div>
  );
}

function move(key: string, at: number, all: HTMLElement[]): number | undefined {
  const n = all.length;
  switch (key) {
    case 'ArrowDown':
      return (at + 1) % n;
    case 'ArrowUp':
      return (at - 1 + n) % n;
    case 'Home':
      return 0;
    case 'End':
      return n - 1;
  }
  if (key.length !== 1 || key === ' ') return undefined;
  for (let i = 1; i <= n; i++) {
    const j = (at + i) % n;
    if (all[j]?.textContent?.trim().toLowerCase().startsWith(key.toLowerCase())) return j;
  }
  return undefined;
}

/** Below the opener, above it where there is no room; inside the window. */
function place(el: HTMLElement, opener: HTMLElement, align: 'start' | 'end'): void {
  const from = opener.getBoundingClientRect();
  const { offsetWidth: w, offsetHeight: h } = el;
  const left = align === 'end' ? from.right - w : from.left;
  const below = from.bottom + 4;
  const top = below + h > innerHeight - 8 && from.top - 4 - h >= 8 ? from.top - 4 - h : below;
  el.style.left = `${Math.max(8, Math.min(left, innerWidth - w - 8))}px`;
  el.style.top = `${Math.max(8, Math.min(top, innerHeight - h - 8))}px`;
}
