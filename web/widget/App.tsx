import './widget.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ChevronDown, Clock, Ellipsis, Globe, UserRoundCheck, WifiOff } from 'lucide';
import { composing } from '../core/keys';
import type { Item } from '../core/transcript';
import { Avatar } from '../kit/Avatar';
import { Banner } from '../kit/Banner';
import { Button, IconButton } from '../kit/Button';
import { Composer, type ComposerHandle } from '../kit/Composer';
import { Icon, type IconNode } from '../kit/Icon';
import type { MenuItem } from '../kit/Menu';
import { k } from '../kit/i18n';
import { Text } from '../kit/Text';
import { Transcript, Typing } from '../kit/Transcript';
import * as chat from './chat';
import { embedded } from './host';
import { type Later, load, loaded } from './later';
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
          onRetry={retry}
          onDiscard={discard}
          onChoice={chat.choiceMade}
          fileUrl={chat.fileUrl}
          eventText={eventText}
          fieldLabel={(name) => loaded()?.fieldLabel(name) ?? name}
          after={afterMessage}
          head={<Head />}
          tail={<Tail ending={ending} onEnded={() => setEnding(false)} onAgain={() => composer.current?.focus()} />}
        />
        <Typing name={chat.typing.value === '' ? k('roleAgent') : chat.typing.value} />
        <Composer
          handle={composer}
          label={t('placeholder')}
          placeholder={chat.leaving() ? t('placeholderLeave') : t('placeholder')}
          limit={chat.limits.value.text}
          onSend={chat.sendText}
          onFiles={(files) => load((later) => later.sendFiles(files))}
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
  return (
    <header class="chat-header">
      <Avatar
        name={name}
        size={40}
        presence={agent || (site && !chat.leaving()) ? 'online' : site ? 'away' : undefined}
      />
      <div class="who">
        <h1 class="clip" dir="auto" title={name}>
          {name}
        </h1>
        <p class="clip">{presence()}</p>
      </div>
      <LazyMenu label={t('language')} icon={Globe} items={(later) => later.languages()} />
      <LazyMenu label={t('more')} icon={Ellipsis} items={(later) => later.acts(onEnd)} />
      {embedded && <IconButton icon={ChevronDown} label={t('collapse')} onClick={chat.closePanel} />}
    </header>
  );
}

// The list of a menu comes when it is first wanted.
function LazyMenu({ label, icon, items }: { label: string; icon: IconNode; items: (later: Later) => MenuItem[] }) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const later = open ? loaded() : undefined;
  return (
    <>
      <button
        ref={button}
        type="button"
        class="icon-btn"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={label}
        title={label}
        onPointerEnter={loaded}
        onClick={() => setOpen(!open)}
      >
        <Icon node={icon} />
      </button>
      {later && (
        <later.Popup
          items={items(later)}
          opener={button}
          label={label}
          align="end"
          close={(refocus) => {
            setOpen(false);
            if (refocus) button.current?.focus();
          }}
        />
      )}
    </>
  );
}

function presence(): string {
  const agent = chat.agent.value;
  if (agent)
    return agent.number ? `${k('number', { number: agent.number })} · ${t('presenceServed')}` : t('presenceServed');
  if (!chat.site.value) return '\u00a0';
  return chat.leaving() ? t('presenceAway') : t('presenceOnline');
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
  if (state.value === 'waiting' && !chat.leaving()) return <Waiting />;
  if (chat.leaving()) {
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
  const later = ending || rating.value === 'asked' || rating.value === 'sending' ? loaded() : undefined;
  if (later && ending && state.value !== 'closed') return <later.EndCard onDone={onEnded} />;
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
      {later && !ending && <later.RatingCard />}
      {rating.value === 'done' && (
        <p class="msg-event" role="status">
          {t('rateThanks')}
        </p>
      )}
    </>
  );
}

const retry = (item: Item) => load((later) => later.retry(item));
const discard = (item: Item) => load((later) => later.discard(item));

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

function afterMessage(item: Item) {
  if (item.form !== 'contact') return null;
  const later = loaded();
  return later && <later.ContactForm item={item} />;
}
