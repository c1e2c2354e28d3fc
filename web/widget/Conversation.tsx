// The transcript, what is before and after it, and what is being typed.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Item } from '../core/transcript';
import { Button } from '../kit/Button';
import { Transcript, Typing } from '../kit/Transcript';
import { site, state } from './chat';
import { ContactForm } from './ContactForm';
import { discard, retry } from './files';
import { k } from './i18n';
import { t } from './laterWords';
import { RatingCard } from './RatingCard';
import * as talk from './talk';

interface TalkProps {
  head: JSX.Element;
  ending: boolean;
  onEnded: () => void;
  onAgain: () => void;
}

export function Talk({ head, ...tail }: TalkProps) {
  const { items, older, loading, typing, unreadAfter } = talk;
  const greeted = items.value.some((i) => !i.own && i.text === site.value?.greeting);
  return (
    <>
      <Transcript
        items={items.value}
        older={older.value}
        onOlder={talk.fetchOlder}
        unreadAfter={unreadAfter.value}
        onSeen={talk.seen}
        onRetry={retry}
        onDiscard={discard}
        onChoice={talk.choiceMade}
        fileUrl={talk.fileUrl}
        eventText={eventText}
        fieldLabel={fieldLabel}
        after={afterMessage}
        head={loading.value ? <Skeleton /> : greeted || older.value ? null : head}
        tail={<Tail {...tail} />}
      />
      <Typing name={typing.value === '' ? k('roleAgent') : typing.value} />
    </>
  );
}

/** The place of what is on its way; shown only if it takes a while. */
function Skeleton() {
  return (
    <div class="skeleton" role="status" aria-label={k('loading')}>
      <i />
      <i />
      <i />
    </div>
  );
}

function Tail({ ending, onEnded, onAgain }: { ending: boolean; onEnded: () => void; onAgain: () => void }) {
  if (ending && state.value !== 'closed') return <EndCard onDone={onEnded} />;
  const said = talk.items.value.some((i) => i.event === 'closed' && i.text);
  return (
    <>
      {state.value === 'closed' && talk.items.value.length > 0 && (
        <div class="ended">
          {!said && <span>{t('closed')}</span>}
          <Button kind="quiet" small onClick={onAgain}>
            {t('again')}
          </Button>
        </div>
      )}
      {(talk.rating.value === 'asked' || talk.rating.value === 'sending') && <RatingCard />}
      {talk.rating.value === 'done' && state.value === 'closed' && (
        <p class="msg-event" role="status">
          {t('rateThanks')}
        </p>
      )}
    </>
  );
}

function eventText(item: Item): string | undefined {
  if (item.text) return item.text;
  switch (item.event) {
    case 'left':
      return t('left', { name: item.from.name ?? k('roleAgent') });
    case 'reopened':
    case 'returned':
      return t(item.event);
    case 'joined':
      return item.from.number
        ? t('joinedNumber', { name: item.from.name ?? k('roleAgent'), number: item.from.number })
        : t('joined', { name: item.from.name ?? k('roleAgent') });
    default:
      return undefined; // closed and invited have their cards; of a transfer to where nobody is nothing is said
  }
}

function afterMessage(item: Item) {
  return item.form === 'contact' ? <ContactForm item={item} /> : null;
}

function fieldLabel(name: string): string {
  const labels: Record<string, string> = {
    name: t('formName'),
    phone: t('formPhone'),
    email: t('formEmail'),
    text: t('formText'),
  };
  return labels[name] ?? name;
}

function EndCard({ onDone }: { onDone: () => void }) {
  const first = useRef<HTMLDivElement>(null);
  useEffect(() => {
    first.current?.scrollIntoView({ block: 'end' });
    first.current?.querySelector('button')?.focus();
  }, []);
  return (
    <div class="card" role="group" aria-label={t('endAsk')} ref={first}>
      <h2>{t('endAsk')}</h2>
      <p class="soft">{t('endText')}</p>
      <div class="card-acts">
        <Button onClick={onDone}>{t('endKeep')}</Button>
        <Button
          kind="primary"
          onClick={() => {
            talk.end();
            onDone();
          }}
        >
          {t('end')}
        </Button>
      </div>
    </div>
  );
}
