// What is said in words: a text, or a card with its title, its words, and one link that shows where it leads, if a page can open it.
import './Said.css';
import { langOf } from '../core/i18n';
import { cardOf } from '../core/text';
import { Text } from './Text';

export function Said({ m }: { m: { kind: string; text?: string | undefined; lang?: string | undefined } }) {
  const { kind, text = '', lang } = m;
  const card = kind === 'card' && cardOf(text);
  if (!card) return <Text text={text} lang={lang} />;
  return (
    <span class="said-card">
      <b dir="auto" lang={langOf(card.title, lang)}>
        {card.title}
      </b>
      {card.words && <Text text={card.words} lang={lang} />}
      {card.host && (
        <a href={card.href} target="_blank" rel="noopener noreferrer nofollow">
          {card.host}
        </a>
      )}
    </span>
  );
}
