// A labelled input. The error stands beside it and is read out with it.
import './Field.css';
import { useId } from 'preact/hooks';
import type { JSX, Ref, TargetedFocusEvent, TargetedInputEvent, TargetedKeyboardEvent } from 'preact';

interface Shared {
  label: string;
  hint?: string;
  error?: string | undefined;
  /** The label is read out but not shown. */
  bare?: boolean;
}

/** What callers may set on the control itself. */
interface Control<E extends HTMLElement> {
  inputRef?: Ref<E>;
  name?: string;
  /** What stands in it at first; from then on it belongs to the person: a later render must not take back what was typed. */
  defaultValue?: string;
  placeholder?: string;
  autocomplete?: string;
  inputMode?: 'text' | 'email' | 'tel' | 'url' | 'numeric' | 'search';
  maxLength?: number;
  required?: boolean;
  disabled?: boolean;
  autofocus?: boolean;
  spellcheck?: boolean;
  lang?: string;
  onInput?: (ev: TargetedInputEvent<E>) => void;
  onBlur?: (ev: TargetedFocusEvent<E>) => void;
  onKeyDown?: (ev: TargetedKeyboardEvent<E>) => void;
}
type FieldProps = Shared &
  Control<HTMLInputElement> & { type?: 'text' | 'email' | 'tel' | 'password' | 'search' | 'url' | 'date' | 'number' };
type AreaProps = Shared & Control<HTMLTextAreaElement> & { rows?: number };

function useField({ hint, error }: Shared) {
  const id = useId();
  const described = [hint && `${id}-h`, error && `${id}-e`].filter(Boolean).join(' ');
  const aria: Record<string, string> = {};
  if (described) aria['aria-describedby'] = described;
  if (error) aria['aria-invalid'] = 'true';
  return { id, aria };
}

function Around({ id, label, hint, error, bare, children }: Shared & { id: string; children: JSX.Element }) {
  return (
    <div class="field">
      <label for={id} class={bare ? 'hidden' : ''}>
        {label}
      </label>
      {children}
      {hint && (
        <div class="hint" id={`${id}-h`}>
          {hint}
        </div>
      )}
      {error && (
        <div class="error" id={`${id}-e`} role="alert">
          {error}
        </div>
      )}
    </div>
  );
}

export function Field({ inputRef, label, hint, error, bare, ...rest }: FieldProps) {
  const shared = { label, error, ...(hint && { hint }), ...(bare && { bare }) };
  const { id, aria } = useField(shared);
  return (
    <Around id={id} {...shared}>
      <input {...(rest as object)} {...aria} id={id} ref={inputRef ?? null} class="input" />
    </Around>
  );
}

export function Area({ inputRef, label, hint, error, bare, ...rest }: AreaProps) {
  const shared = { label, error, ...(hint && { hint }), ...(bare && { bare }) };
  const { id, aria } = useField(shared);
  return (
    <Around id={id} {...shared}>
      <textarea {...rest} {...aria} id={id} ref={inputRef ?? null} class="input" />
    </Around>
  );
}
