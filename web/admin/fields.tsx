// fields.tsx: the controls of a form, each bound to one member of a draft. Texts are uncontrolled: what a person types is theirs until the
// draft is filled anew.
import { useId, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { Plus, X } from 'lucide';
import { composing } from '../core/keys';
import { IconButton } from '../kit/Button';
import { Icon } from '../kit/Icon';
import { Area, Field } from '../kit/Field';
import { docOf, type Draft } from './docs';
import { t } from './words';

export interface Option {
  value: string;
  label: string;
  hint?: string;
}

interface Shared {
  draft: Draft;
  name: string;
  label: string;
  hint?: string | undefined;
}

const text = (v: unknown): string => (typeof v === 'string' ? v : typeof v === 'number' ? String(v) : '');
const list = (v: unknown): string[] => (Array.isArray(v) ? v.map(String) : []);

/** What a person of this kind has to be told about a field, besides its label. */
function told({ draft, name, hint }: Pick<Shared, 'draft' | 'name' | 'hint'>): {
  hint?: string;
  error: string | undefined;
} {
  return { ...(hint ? { hint } : {}), error: draft.errors.value[name] };
}

interface TextProps extends Shared {
  rows?: number;
  required?: boolean;
  maxLength?: number;
  placeholder?: string;
  type?: 'text' | 'email' | 'url' | 'password';
  /** Of what is written there. */
  lang?: string;
  /** From what is typed to what is stored; undefined: the member goes. */
  take?: (text: string) => unknown;
}

export function TextField(props: TextProps) {
  const { draft, name, label, hint, rows, required, maxLength, placeholder, type, lang, take } = props;
  const shared = {
    label,
    ...told({ draft, name, hint }),
    defaultValue: text(draft.value(name)),
    ...(maxLength ? { maxLength } : {}),
    ...(placeholder ? { placeholder } : {}),
    ...(required ? { required } : {}),
    ...(lang ? { lang } : {}),
    onInput: (ev: { currentTarget: { value: string } }) => {
      const v = ev.currentTarget.value;
      draft.set(name, take ? take(v) : v === '' && !required ? undefined : v);
    },
    onBlur: () => required && check(draft, name),
  };
  const key = `${name}/${draft.filled.value}`;
  return rows ? (
    <Area key={key} {...shared} rows={rows} />
  ) : (
    <Field key={key} {...shared} type={type ?? 'text'} autocomplete="off" spellcheck={false} />
  );
}

/** Several texts, one a line: they may hold commas. */
export function Lines({ draft, name, label, hint, rows, lang }: Shared & { rows: number; lang?: string }) {
  return (
    <Area
      key={`${name}/${draft.filled.value}`}
      label={label}
      {...told({ draft, name, hint })}
      rows={rows}
      {...(lang ? { lang } : {})}
      defaultValue={list(draft.value(name)).join('\n')}
      onInput={(ev) => {
        const made = ev.currentTarget.value
          .split('\n')
          .map((x) => x.trim())
          .filter(Boolean);
        draft.set(name, made.length ? [...new Set(made)] : undefined);
      }}
    />
  );
}

/** What is only written: nobody reads it again, here or elsewhere. */
export function SecretField({ draft, name, label, hint, take }: Shared & { take?: (text: string) => unknown }) {
  const stored = docOf(draft.kind, draft.key.value)?.secrets?.includes(name) ?? false;
  const taken = draft.value(name) === null;
  return (
    <div class="write-only">
      <Field
        key={`${name}/${draft.filled.value}/${taken}`}
        label={label}
        {...told({ draft, name, hint })}
        type="password"
        autocomplete="new-password"
        spellcheck={false}
        disabled={taken}
        placeholder={taken ? t('secretGoes') : stored ? t('secretThere') : ''}
        onInput={(ev) => {
          const v = ev.currentTarget.value.trim();
          draft.set(name, v ? (take ? take(v) : v) : undefined);
        }}
      />
      {stored && (
        <button type="button" class="btn quiet small" onClick={() => draft.set(name, taken ? undefined : null)}>
          {taken ? t('secretKeep') : t('secretTake')}
        </button>
      )}
    </div>
  );
}

export function check(draft: Draft, name: string): boolean {
  const v = draft.value(name);
  const missing = v === undefined || v === '' || (Array.isArray(v) && v.length === 0);
  if (missing) draft.errors.value = { ...draft.errors.value, [name]: t('errRequired') };
  return !missing;
}

interface NumberProps extends Shared {
  min: number;
  max: number;
  /** How many of what is stored make one of what is shown: 1000 for seconds. */
  per?: number;
  unit?: string;
  def?: number;
}

/** A whole number, or a time that is stored in milliseconds and shown in the unit that people use. */
export function NumberField({ draft, name, label, hint, min, max, per = 1, unit, def }: NumberProps) {
  const id = useId();
  const v = draft.value(name);
  const error = draft.errors.value[name];
  const shown = typeof v === 'number' ? String(v / per) : '';
  const said = [hint && `${id}-h`, error && `${id}-e`, unit && `${id}-u`].filter(Boolean).join(' ');
  const typed = (raw: string): void => {
    const s = raw.trim();
    const n = Math.round(Number(s) * per);
    draft.set(name, s === '' ? undefined : Number.isFinite(n) ? n : s);
    const bad = s !== '' && (!Number.isFinite(n) || n < min || n > max);
    if (bad) draft.errors.value = { ...draft.errors.value, [name]: t('errRange', { min: min / per, max: max / per }) };
  };
  return (
    <div class="field number" key={`${name}/${draft.filled.value}`}>
      <label for={id}>{label}</label>
      <span class="with-unit">
        <input
          id={id}
          class="input num"
          inputMode="decimal"
          autocomplete="off"
          defaultValue={shown}
          placeholder={def === undefined ? '' : String(def / per)}
          aria-invalid={error ? 'true' : undefined}
          aria-describedby={said || undefined}
          onInput={(ev) => typed(ev.currentTarget.value)}
        />
        {unit && <span id={`${id}-u`}>{unit}</span>}
      </span>
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

export function Switch({ draft, name, label, hint, not, def = false }: Shared & { not?: boolean; def?: boolean }) {
  const id = useId();
  const stored = draft.value(name) === undefined ? def : draft.value(name) === true;
  const on = not ? !stored : stored;
  return (
    <div class="field">
      <label class="switch">
        <input
          type="checkbox"
          role="switch"
          checked={on}
          aria-describedby={hint ? `${id}-h` : undefined}
          onChange={(ev) => {
            const v = not ? !ev.currentTarget.checked : ev.currentTarget.checked;
            draft.set(name, v === def ? undefined : v);
          }}
        />
        <span>{label}</span>
      </label>
      {hint && (
        <div class="hint" id={`${id}-h`}>
          {hint}
        </div>
      )}
    </div>
  );
}

/** One of several; '' stands for "not said". */
export function Choice({ draft, name, label, hint, options, none }: Shared & { options: Option[]; none?: string }) {
  const id = useId();
  const v = text(draft.value(name));
  const error = draft.errors.value[name];
  const known = v === '' || options.some((o) => o.value === v);
  const said = [hint && `${id}-h`, error && `${id}-e`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        class="input"
        aria-invalid={error ? 'true' : undefined}
        aria-describedby={said || undefined}
        onChange={(ev) => draft.set(name, ev.currentTarget.value || undefined)}
      >
        {none !== undefined && (
          <option value="" selected={v === ''}>
            {none}
          </option>
        )}
        {options.map((o) => (
          <option key={o.value} value={o.value} selected={o.value === v}>
            {o.label}
          </option>
        ))}
        {!known && (
          <option value={v} selected>
            {v}
          </option>
        )}
      </select>
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

/** Any of several, as chips. */
export function Checks({ draft, name, label, hint, options, empty }: Shared & { options: Option[]; empty?: string }) {
  const id = useId();
  const chosen = list(draft.value(name));
  const error = draft.errors.value[name];
  const all: Option[] = [
    ...options,
    ...chosen.filter((c) => !options.some((o) => o.value === c)).map((c) => ({ value: c, label: c })),
  ];
  const toggle = (v: string): void => {
    const next = chosen.includes(v) ? chosen.filter((x) => x !== v) : [...chosen, v];
    const inOrder = all.map((o) => o.value).filter((x) => next.includes(x));
    draft.set(name, inOrder.length ? inOrder : undefined);
  };
  return (
    <fieldset class="field" aria-describedby={error ? `${id}-e` : undefined}>
      <legend class="field-label">{label}</legend>
      <div class="chips">
        {all.map((o) => (
          <label key={o.value} class={chosen.includes(o.value) ? 'chip on' : 'chip'} title={o.hint}>
            <input type="checkbox" checked={chosen.includes(o.value)} onChange={() => toggle(o.value)} />
            {o.label}
          </label>
        ))}
        {all.length === 0 && <span class="dim">{empty ?? t('none')}</span>}
      </div>
      {hint && <div class="hint">{hint}</div>}
      {error && (
        <div class="error" id={`${id}-e`} role="alert">
          {error}
        </div>
      )}
    </fieldset>
  );
}

interface TagsProps extends Shared {
  placeholder?: string;
  /** What a single one must look like; else the error is said. */
  fits?: (v: string) => boolean;
  wrong?: string;
  suggestions?: readonly string[];
}

/** A list of short texts: Enter or a comma ends one. */
export function Tags(props: TagsProps) {
  const { draft, name, label, hint, placeholder, fits, wrong, suggestions } = props;
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [bad, setBad] = useState('');
  const values = list(draft.value(name));
  const error = bad || draft.errors.value[name];
  const add = (raw: string): boolean => {
    const made = raw
      .split(/[,，、\n]/)
      .map((x) => x.trim())
      .filter(Boolean);
    const wrongOne = made.find((x) => fits && !fits(x));
    setBad(wrongOne ? (wrong ?? t('errForm')) : '');
    if (wrongOne) return false;
    const next = [...values, ...made.filter((x) => !values.includes(x))];
    if (made.length) draft.set(name, next);
    return true;
  };
  const end = (): void => {
    if (input.current && add(input.current.value)) input.current.value = '';
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="tags-box">
        {values.map((v) => (
          <span class="tag" key={v}>
            <span dir="auto">{v}</span>
            <button
              type="button"
              aria-label={t('removeOne', { name: v })}
              onClick={() => {
                const rest = values.filter((x) => x !== v);
                draft.set(name, rest.length ? rest : undefined);
                input.current?.focus();
              }}
            >
              <Icon node={X} size={12} />
            </button>
          </span>
        ))}
        <input
          ref={input}
          id={id}
          placeholder={values.length ? '' : placeholder}
          autocomplete="off"
          list={suggestions?.length ? `${id}-l` : undefined}
          aria-invalid={error ? 'true' : undefined}
          aria-describedby={[hint && `${id}-h`, error && `${id}-e`].filter(Boolean).join(' ') || undefined}
          onKeyDown={(ev) => {
            if (composing(ev)) return;
            if (ev.key === 'Enter' || ev.key === ',') {
              ev.preventDefault();
              end();
            } else if (ev.key === 'Backspace' && !ev.currentTarget.value && values.length) {
              const rest = values.slice(0, -1);
              draft.set(name, rest.length ? rest : undefined);
            }
          }}
          onBlur={end}
        />
        {suggestions && suggestions.length > 0 && (
          <datalist id={`${id}-l`}>
            {suggestions.map((x) => (
              <option key={x} value={x} />
            ))}
          </datalist>
        )}
      </div>
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

// ---- a colour on which text can be read ----

function light(hex: string): number {
  const part = (i: number): number => {
    const c = parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
}

/** The better of white and black on this colour. */
export function contrast(hex: string): number {
  const l = light(hex);
  return Math.max(1.05 / (l + 0.05), (l + 0.05) / 0.05);
}

export function ColorField({ draft, name, label, hint }: Shared) {
  const id = useId();
  const typed = useRef<HTMLInputElement>(null);
  const v = text(draft.value(name)) || '#0b5fd0';
  const good = /^#[0-9a-f]{6}$/i.test(v);
  const error = draft.errors.value[name] ?? (good ? undefined : t('errColor'));
  return (
    <div class="field" key={`${name}/${draft.filled.value}`}>
      <label for={id}>{label}</label>
      <span class="color">
        <input
          type="color"
          aria-label={t('colorPick')}
          value={good ? v : '#0b5fd0'}
          onInput={(ev) => {
            draft.set(name, ev.currentTarget.value);
            if (typed.current) typed.current.value = ev.currentTarget.value;
          }}
        />
        <input
          ref={typed}
          id={id}
          class="input num"
          maxLength={7}
          autocomplete="off"
          defaultValue={v}
          aria-invalid={error ? 'true' : undefined}
          aria-describedby={`${id}-h`}
          onInput={(ev) => draft.set(name, ev.currentTarget.value.trim() || undefined)}
        />
        {good && (
          <span class="color-sample" style={{ background: v, color: light(v) > 0.179 ? '#000' : '#fff' }}>
            {t('colorSample')}
          </span>
        )}
      </span>
      <div class="hint" id={`${id}-h`}>
        {good ? t('colorContrast', { n: contrast(v).toFixed(1) }) : hint}
      </div>
      {error && (
        <div class="error" role="alert">
          {error}
        </div>
      )}
    </div>
  );
}

export function Section({ title, hint, children }: { title: string; hint?: string; children: ComponentChildren }) {
  return (
    <section class="form-part">
      <h3>{title}</h3>
      {hint && <p class="hint">{hint}</p>}
      {children}
    </section>
  );
}

export function AddButton({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <button type="button" class="btn quiet small add" onClick={onClick}>
      <Icon node={Plus} size={16} />
      {label}
    </button>
  );
}

export function RemoveButton({ label, onClick }: { label: string; onClick: () => void }) {
  return <IconButton icon={X} size={16} label={label} onClick={onClick} />;
}
