// Text of strangers: nodes from the tokenizer, with the language of the text itself.
import { useMemo } from 'preact/hooks';
import { langOf } from '../core/i18n';
import { tokenize } from '../core/text';

export function Text({ text, lang, class: cls }: { text: string; lang?: string | undefined; class?: string }) {
  const tokens = useMemo(() => tokenize(text), [text]);
  return (
    <span dir="auto" lang={langOf(text, lang)} class={cls}>
      {tokens.map((t) =>
        t.type === 'break' ? (
          <br />
        ) : t.type === 'link' ? (
          <a href={t.href} target="_blank" rel="noopener noreferrer nofollow">
            {t.text}
          </a>
        ) : (
          t.text
        ),
      )}
    </span>
  );
}
