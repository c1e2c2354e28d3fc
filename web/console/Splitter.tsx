// The edge between two panes: drag it, or move it with the arrow keys. The width is remembered on this computer.
import { useRef } from 'preact/hooks';
import { composing } from '../core/keys';
import { prefs, setPrefs } from '../kit/prefs';

const MIN = 240;
const MAX = 480;
const STEP = 16;
const USUAL = 320;

interface SplitterProps {
  of: 'listWidth' | 'contextWidth';
  label: string;
  /** Where the pane lies that gets wider: before the edge (1) or behind it (-1). */
  grows: 1 | -1;
}

export function Splitter({ of, label, grows }: SplitterProps) {
  const from = useRef<{ x: number; width: number } | null>(null);
  const width = prefs.value[of];
  const set = (to: number): void => setPrefs({ [of]: Math.round(Math.max(MIN, Math.min(MAX, to))) });
  const onKeyDown = (ev: KeyboardEvent): void => {
    if (composing(ev)) return;
    const by = { ArrowLeft: -STEP, ArrowRight: STEP }[ev.key];
    if (by) set(width + by * grows);
    else if (ev.key === 'Home') set(MIN);
    else if (ev.key === 'End') set(MAX);
    else return;
    ev.preventDefault();
    ev.stopPropagation();
  };
  return (
    <div
      class={`splitter ${of}`}
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={label}
      aria-valuemin={MIN}
      aria-valuemax={MAX}
      aria-valuenow={width}
      onKeyDown={onKeyDown}
      onDblClick={() => set(USUAL)}
      onPointerDown={(ev) => {
        ev.currentTarget.setPointerCapture(ev.pointerId);
        from.current = { x: ev.clientX, width };
        ev.preventDefault();
      }}
      onPointerMove={(ev) => {
        if (from.current) set(from.current.width + (ev.clientX - from.current.x) * grows);
      }}
      onPointerUp={() => (from.current = null)}
      onPointerCancel={() => (from.current = null)}
    />
  );
}
