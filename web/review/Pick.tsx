// A labelled choice, and a box to be ticked.
import type { ComponentChildren } from 'preact';

interface SelectProps {
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  onChange: (v: string) => void;
}

export function Select({ label, value, options, onChange }: SelectProps) {
  return (
    <label class="pick">
      <span>{label}</span>
      <select class="input" value={value} onChange={(ev) => onChange(ev.currentTarget.value)}>
        {options.map(([v, name]) => (
          <option key={v} value={v}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

interface CheckProps {
  checked: boolean;
  onChange: (on: boolean) => void;
  children: ComponentChildren;
}

export function Check({ checked, onChange, children }: CheckProps) {
  return (
    <label class="check">
      <input type="checkbox" checked={checked} onChange={(ev) => onChange(ev.currentTarget.checked)} />
      <span>{children}</span>
    </label>
  );
}
