// Text of strangers: nodes from the tokenizer, with the language of the text itself.
import type { ComponentChildren } from 'preact';
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

/** A text with some of its code points marked. */
export function Marked({
  text,
  marks,
  lang: said,
}: {
  text: string;
  marks: readonly [number, number][];
  lang?: string | undefined;
}) {
  const points = Array.from(text);
  const out: ComponentChildren[] = [];
  let at = 0;
  for (const [from, to] of [...marks].sort((a, b) => a[0] - b[0])) {
    if (to <= at) continue;
    const start = Math.max(from, at);
    if (start > at) out.push(points.slice(at, start).join(''));
    out.push(<mark>{points.slice(start, to).join('')}</mark>);
    at = to;
  }
  out.push(points.slice(at).join(''));
  return (
    <span dir="auto" lang={langOf(text, said)}>
      {out}
    </span>
  );
}
