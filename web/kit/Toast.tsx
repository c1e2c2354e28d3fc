// Short notices at the bottom. Those with an action (undo) stay 5 s, longer while they have the pointer or the focus.
import './Toast.css';
import { effect, signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { k } from './i18n';
import { phase } from './session';

interface Notice {
  id: number;
  text: string;
  bad: boolean;
  action?: string | undefined;
  onAction?: (() => void) | undefined;
  onGone?: (() => void) | undefined;
}

const notices = signal<Notice[]>([]);
// They are for whoever is signed in.
effect(() => {
  if (phase.value === 'out') notices.value = [];
});
let last = 0;

interface ToastOptions {
  bad?: boolean;
  action?: string;
  onAction?: () => void;
  /** It went by itself: now do what could have been undone. */
  onGone?: () => void;
}

export function toast(text: string, { bad = false, action, onAction, onGone }: ToastOptions = {}): number {
  const id = ++last;
  notices.value = [...notices.value, { id, text, bad, action, onAction, onGone }];
  return id;
}

export function dropToast(id: number): void {
  notices.value = notices.value.filter((n) => n.id !== id);
}

/** Once per page. */
export function Toasts() {
  return (
    <div class="toasts" role="region" aria-live="polite" aria-atomic="false">
      {notices.value.map((n) => (
        <One key={n.id} notice={n} />
      ))}
    </div>
  );
}

function One({ notice }: { notice: Notice }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(
      () => {
        dropToast(notice.id);
        notice.onGone?.();
      },
      notice.bad ? 8_000 : 5_000,
    );
    return () => clearTimeout(timer);
  }, [held]);
  return (
    <div
      class={notice.bad ? 'toast bad' : 'toast'}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocusIn={() => setHeld(true)}
      onFocusOut={() => setHeld(false)}
    >
      <span>{notice.text}</span>
      <button
        type="button"
        onClick={() => {
          dropToast(notice.id);
          if (notice.action) notice.onAction?.();
          else notice.onGone?.();
        }}
      >
        {notice.action ?? k('close')}
      </button>
    </div>
  );
}
