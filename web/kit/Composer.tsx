// Where people write. The textarea is uncontrolled: while an input method composes, nobody rewrites its value.
import './Composer.css';
import { useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren, Ref } from 'preact';
import { Paperclip, SendHorizontal } from 'lucide';
import { composing, type SendKey, sends } from '../core/keys';
import { codePoints } from '../core/text';
import { IconButton } from './Button';
import { k } from './i18n';

export interface ComposerHandle {
  focus(): void;
  text(): string;
  /** What is written, trimmed; the field is empty then. */
  take(): string;
  /** Fills the field, unless somebody has written something else there. */
  offer(text: string): void;
  /** At the caret, replacing what is selected (or `back` characters before it). */
  insert(text: string, back?: number): void;
  readonly element: HTMLTextAreaElement;
}

interface ComposerProps {
  handle?: Ref<ComposerHandle>;
  placeholder: string;
  label: string;
  /** Code points. */
  limit: number;
  initial?: string;
  sendKey?: SendKey;
  /** Set: writing goes on, sending does not. */
  disabled?: string | undefined;
  /** False: the text stays (it asked for a second Enter). */
  onSend: (text: string) => boolean | void;
  onFiles?: (files: File[]) => void;
  accept?: string;
  /** Each change, once no composition is under way: drafts, typing notices, suggestions. */
  onText?: (text: string) => void;
  /** Before the composer's own keys; true: done. */
  onKey?: (ev: KeyboardEvent) => boolean | void;
  sendLabel?: string;
  before?: ComponentChildren;
  /** Between text and send. */
  tools?: ComponentChildren;
  foot?: ComponentChildren;
  class?: string;
}

const LINE = 24;
const PAD = 12;
const LINES = 6;

export function Composer(props: ComposerProps) {
  const { limit, initial = '', sendKey = 'enter', disabled } = props;
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const inside = useRef(false); // an input method is composing
  const offered = useRef('');
  const [count, setCount] = useState(codePoints(initial));
  const [blank, setBlank] = useState(!initial.trim());
  const [drop, setDrop] = useState(false);

  const fit = () => {
    const el = area.current!;
    el.style.height = 'auto';
    el.style.height = `${Math.min(el.scrollHeight, LINE * LINES + PAD)}px`;
  };
  const changed = () => {
    fit();
    if (inside.current) return;
    const text = area.current!.value;
    setCount(codePoints(text));
    setBlank(!text.trim());
    props.onText?.(text);
  };
  const send = () => {
    const text = area.current!.value.trim();
    if (!text || codePoints(text) > limit || disabled) return;
    if (props.onSend(text) === false) return;
    area.current!.value = '';
    changed();
    area.current!.focus();
  };
  const put = (text: string) => {
    area.current!.value = text;
    changed();
  };

  useImperativeHandle(
    props.handle ?? null,
    () => ({
      focus: () => area.current!.focus(),
      text: () => area.current!.value,
      offer(text: string) {
        if (inside.current || (area.current!.value && area.current!.value !== offered.current)) return;
        offered.current = text;
        put(text);
      },
      take() {
        const text = area.current!.value.trim();
        put('');
        return text;
      },
      insert(text: string, back = 0) {
        const el = area.current!;
        el.setRangeText(text, Math.max(0, el.selectionStart - back), el.selectionEnd, 'end');
        changed();
      },
      get element() {
        return area.current!;
      },
    }),
    [],
  );
  useLayoutEffect(() => {
    area.current!.value = initial;
    fit();
  }, []);
  useEffect(() => {
    const end = () => {
      inside.current = false;
      changed();
    };
    const el = area.current!;
    // Some browsers never say compositionend when the field loses the focus in the middle.
    el.addEventListener('blur', end);
    return () => el.removeEventListener('blur', end);
  }, []);

  const onKeyDown = (ev: KeyboardEvent) => {
    if (composing(ev) || inside.current) return;
    if (props.onKey?.(ev)) return;
    if (sends(ev, sendKey)) {
      ev.preventDefault();
      send();
    } else if (ev.key === 'Enter' && sendKey === 'enter' && (ev.ctrlKey || ev.metaKey)) {
      ev.preventDefault();
      send();
    }
  };
  const take = (list: FileList | undefined | null): boolean => {
    const files = [...(list ?? [])];
    if (!files.length || !props.onFiles) return false;
    props.onFiles(files);
    return true;
  };

  const left = limit - count;
  return (
    <div class={`composer ${props.class ?? ''}`}>
      {props.before}
      <div
        class={drop ? 'composer-box drop' : 'composer-box'}
        onDragOver={(ev) => {
          if (!props.onFiles || !ev.dataTransfer?.types.includes('Files')) return;
          ev.preventDefault();
          setDrop(true);
        }}
        onDragLeave={() => setDrop(false)}
        onDrop={(ev) => {
          setDrop(false);
          if (take(ev.dataTransfer?.files)) ev.preventDefault();
        }}
      >
        {props.onFiles && (
          <>
            <IconButton icon={Paperclip} label={k('attach')} onClick={() => picker.current!.click()} />
            <input
              ref={picker}
              type="file"
              multiple
              hidden
              accept={props.accept}
              aria-label={k('attach')}
              onChange={() => {
                take(picker.current!.files);
                picker.current!.value = '';
              }}
            />
          </>
        )}
        <textarea
          ref={area}
          rows={1}
          dir="auto"
          enterkeyhint="send"
          placeholder={props.placeholder}
          aria-label={props.label}
          onInput={changed}
          onKeyDown={onKeyDown}
          onCompositionStart={() => {
            inside.current = true;
          }}
          onCompositionEnd={() => {
            inside.current = false;
            changed();
          }}
          onPaste={(ev) => {
            if (take(ev.clipboardData?.files)) ev.preventDefault();
          }}
        />
        {props.tools}
        <IconButton
          class="send"
          icon={SendHorizontal}
          label={props.sendLabel ?? k('send')}
          title={disabled ?? props.sendLabel ?? k('send')}
          disabled={blank || left < 0 || !!disabled}
          onClick={send}
        />
      </div>
      {(props.foot || left <= limit / 10) && (
        <div class="composer-foot">
          {props.foot}
          {left <= limit / 10 && (
            <span class={left < 0 ? 'num over' : 'num'} role="status">
              {left < 0 ? k('over', { n: -left }) : k('left', { n: left })}
            </span>
          )}
        </div>
      )}
    </div>
  );
}
