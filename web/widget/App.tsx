import './widget.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ChevronDown, Clock, Ellipsis, Globe, LogOut, Star, UserRoundCheck, Volume2, VolumeX, WifiOff } from 'lucide';
import { composing } from '../core/keys';
import { LANGUAGE_NAMES, LANGUAGES } from '../core/i18n';
import type { Item } from '../core/transcript';
import { Avatar } from '../kit/Avatar';
import { Banner } from '../kit/Banner';
import { Button, IconButton } from '../kit/Button';
import { Composer, type ComposerHandle } from '../kit/Composer';
import { Icon } from '../kit/Icon';
import { Menu } from '../kit/Menu';
import { k, lang } from '../kit/i18n';
import { Text } from '../kit/Text';
import { Transcript, Typing } from '../kit/Transcript';
import * as chat from './chat';
import { ContactForm } from './ContactForm';
import { embedded } from './host';
import { RatingCard } from './RatingCard';
import { unlock } from './sound';
import { t } from './words';

export function App() {
  const composer = useRef<ComposerHandle>(null);
  const [ending, setEnding] = useState(false);

  useEffect(() => {
    if (chat.shown.value) composer.current?.focus();
  }, [chat.shown.value]);
  useEffect(() => {
    if (chat.prefill.value) composer.current?.setText(chat.prefill.value);
  }, [chat.prefill.value]);
  useEffect(() => {
    const first = () => unlock();
    const escape = (ev: KeyboardEvent) => {
      if (ev.key === 'Escape' && !composing(ev) && !ev.defaultPrevented && embedded) chat.closePanel();
    };
    addEventListener('pointerdown', first, { once: true });
    addEventListener('keydown', first, { once: true });
    addEventListener('keydown', escape);
    return () => removeEventListener('keydown', escape);
  }, []);

  return (
    <div class="chat">
      <Header onEnd={() => setEnding(true)} />
      <main>
        <OneBanner />
        <Transcript
          items={chat.items.value}
          older={chat.older.value}
          onOlder={chat.fetchOlder}
          unreadAfter={chat.unreadAfter.value}
          onSeen={chat.seen}
          onRetry={chat.retry}
          onDiscard={chat.discard}
          onChoice={chat.choiceMade}
          fileUrl={chat.fileUrl}
          eventText={eventText}
          fieldLabel={fieldLabel}
          after={afterMessage}
          head={<Head />}
          tail={<Tail ending={ending} onEnded={() => setEnding(false)} onAgain={() => composer.current?.focus()} />}
        />
        <Typing name={chat.typing.value === '' ? k('roleAgent') : chat.typing.value} />
        <Composer
          handle={composer}
          label={t('placeholder')}
          placeholder={chat.leaving.value ? t('placeholderLeave') : t('placeholder')}
          limit={chat.limits.value.text}
          onSend={chat.sendText}
          onFiles={chat.sendFiles}
          onText={chat.typed}
        />
      </main>
    </div>
  );
}

function Header({ onEnd }: { onEnd: () => void }) {
  const agent = chat.agent.value;
  const site = chat.site.value;
  const name = agent?.name ?? chat.title();
  const open = chat.state.value === 'waiting' || chat.state.value === 'served';
  const talked = chat.items.value.some((i) => i.from.role === 'agent');
  return (
    <header class="chat-header">
      <Avatar
        name={name}
        size={40}
        presence={agent || (site && !chat.leaving.value) ? 'online' : site ? 'away' : undefined}
      />
      <div class="who">
        <h1 class="clip" dir="auto" title={name}>
          {name}
        </h1>
        <p class="clip">{presence()}</p>
      </div>
      <Menu
        label={t('language')}
        items={LANGUAGES.map((code) => ({
          key: code,
          label: LANGUAGE_NAMES[code],
          lang: code,
          checked: code === lang.value,
          onSelect: () => chat.setLanguage(code),
        }))}
      >
        <Icon node={Globe} />
      </Menu>
      <Menu
        label={t('more')}
        items={[
          {
            key: 'sound',
            label: chat.sound.value ? t('soundOff') : t('soundOn'),
            icon: chat.sound.value ? VolumeX : Volume2,
            onSelect: () => chat.setSound(!chat.sound.value),
          },
          ...(talked && chat.rating.value === 'no'
            ? [{ key: 'rate', label: t('rate'), icon: Star, onSelect: chat.askRating }]
            : []),
          ...(open ? [{ key: 'end', label: t('end'), icon: LogOut, onSelect: onEnd }] : []),
        ]}
      >
        <Icon node={Ellipsis} />
      </Menu>
      {embedded && <IconButton icon={ChevronDown} label={t('collapse')} onClick={chat.closePanel} />}
    </header>
  );
}

function presence(): string {
  const agent = chat.agent.value;
  if (agent)
    return agent.number ? `${k('number', { number: agent.number })} · ${t('presenceServed')}` : t('presenceServed');
  if (!chat.site.value) return '\u00a0';
  return chat.leaving.value ? t('presenceAway') : t('presenceOnline');
}

// One at a time: no connection, then the queue, then the hours, then what else there is to say.
function OneBanner() {
  const { lost, link, state, notice } = chat;
  if (notice.value) {
    const { text, bad } = notice.value;
    return (
      <Banner kind={bad ? 'bad' : 'note'} action={k('close')} onAction={() => (notice.value = null)}>
        {text}
      </Banner>
    );
  }
  if (lost.value) return <Lost />;
  if (link.value.state === 'refused') return null;
  if (state.value === 'waiting' && !chat.leaving.value) return <Waiting />;
  if (chat.leaving.value) {
    return (
      <Banner kind="note" icon={Clock}>
        {chat.site.value?.hours_open ? t('nobody') : t('hoursClosed')}
      </Banner>
    );
  }
  return null;
}

function Lost() {
  const link = chat.link.value;
  const [, tick] = useState(0);
  useEffect(() => {
    if (link.state !== 'waiting') return;
    const timer = setInterval(() => tick((n) => n + 1), 1_000);
    return () => clearInterval(timer);
  }, [link]);
  if (link.state === 'refused') {
    return (
      <Banner kind="bad" icon={WifiOff} action={t('reload')} onAction={chat.retryLink}>
        {t('refused')}
      </Banner>
    );
  }
  if (link.state !== 'waiting') {
    return (
      <Banner kind="warn" icon={WifiOff} quiet>
        {k('offlineConnecting')}
      </Banner>
    );
  }
  const s = Math.max(1, Math.ceil((link.until - Date.now()) / 1_000));
  return (
    <Banner kind="warn" icon={WifiOff} action={k('retryNow')} onAction={chat.retryLink} quiet>
      {k('offlineRetry', { s })}
      <div class="more">{k('offlineKeep')}</div>
    </Banner>
  );
}

function Waiting() {
  const { position, wait_s } = chat.queue.value;
  const ahead = position === undefined ? undefined : position - 1;
  const about =
    wait_s === undefined || wait_s < 0
      ? ''
      : t('waitAbout', { time: wait_s < 60 ? t('waitSeconds') : t('waitMinutes', { n: Math.ceil(wait_s / 60) }) });
  return (
    <Banner kind="info" icon={UserRoundCheck}>
      {ahead === undefined ? t('waitPlain') : ahead < 1 ? t('waitNext') : t('waitPosition', { n: ahead })}
      <div class="more">{about || t('waitLeave')}</div>
    </Banner>
  );
}

function Head() {
  const site = chat.site.value;
  const items = chat.items.value;
  if (chat.loading.value) return <Skeleton />;
  if (!site) return null;
  const { greeting, consent } = site;
  const said = items.some((i) => !i.own && i.text === greeting);
  return (
    <>
      {greeting && !said && !chat.older.value && (
        <div class="msg first">
          <Avatar name={site.name} size={28} />
          <div class="msg-head">
            <b dir="auto">{site.name}</b>
          </div>
          <div class="msg-line">
            <div class="bubble">
              <Text text={greeting} />
            </div>
          </div>
        </div>
      )}
      {consent && items.length === 0 && (
        <p class="consent">
          {consent.text ?? t('consent')}{' '}
          {consent.url && (
            <a href={consent.url} target="_blank" rel="noopener noreferrer">
              {t('consentLink')}
            </a>
          )}
        </p>
      )}
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
  const { rating, state } = chat;
  if (ending && state.value !== 'closed') return <EndCard onDone={onEnded} />;
  return (
    <>
      {state.value === 'closed' && chat.items.value.length > 0 && (
        <div class="ended">
          <span>{t('closed')}</span>
          <Button kind="quiet" small onClick={onAgain}>
            {t('again')}
          </Button>
        </div>
      )}
      {(rating.value === 'asked' || rating.value === 'sending') && <RatingCard />}
      {rating.value === 'done' && (
        <p class="msg-event" role="status">
          {t('rateThanks')}
        </p>
      )}
    </>
  );
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
            chat.end();
            onDone();
          }}
        >
          {t('end')}
        </Button>
      </div>
    </div>
  );
}

function eventText(item: Item): string | undefined {
  if (item.text) return item.text;
  switch (item.event) {
    case 'left':
      return t('left', { name: item.from.name ?? k('roleAgent') });
    case 'transferred':
    case 'reopened':
    case 'returned':
      return t(item.event);
    case 'joined':
      return item.from.number
        ? t('joinedNumber', { name: item.from.name ?? k('roleAgent'), number: item.from.number })
        : t('joined', { name: item.from.name ?? k('roleAgent') });
    default:
      return undefined; // closed and invited have their cards
  }
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

function afterMessage(item: Item) {
  return item.form === 'contact' ? <ContactForm item={item} /> : null;
}
