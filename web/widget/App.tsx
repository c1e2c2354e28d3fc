import './widget.css';
import '../kit/Bubble.css';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ChevronDown, Clock, Ellipsis, Globe, UserRoundCheck, WifiOff } from 'lucide';
import { composing } from '../core/keys';
import { Avatar } from '../kit/Avatar';
import { Banner } from '../kit/Banner';
import { IconButton } from '../kit/Button';
import { Composer, type ComposerHandle } from '../kit/Composer';
import { Icon, type IconNode } from '../kit/Icon';
import type { MenuItem } from '../kit/Menu';
import { Text } from '../kit/Text';
import * as chat from './chat';
import { embedded } from './host';
import { k, t } from './i18n';
import { type Later, load, loaded, wanted } from './later';
import { unlock } from './sound';

export function App() {
  const composer = useRef<ComposerHandle>(null);
  const [ending, setEnding] = useState(false);
  const later = wanted();
  const send = (text: string) => {
    if (later) later.sendText(text);
    else load((l) => l.sendText(composer.current!.take()));
    return !!later;
  };

  useEffect(() => {
    if (chat.shown.value) composer.current?.focus();
  }, [chat.shown.value]);
  useEffect(() => {
    if (chat.prefill.value) composer.current?.offer(chat.prefill.value);
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
        {later ? (
          <later.Talk
            head={<Greeting />}
            ending={ending}
            onEnded={() => setEnding(false)}
            onAgain={() => composer.current?.focus()}
          />
        ) : (
          <div class="transcript">
            <div class="transcript-log">
              <Greeting />
            </div>
          </div>
        )}
        <Composer
          handle={composer}
          label={t('placeholder')}
          placeholder={chat.leaving() ? t('placeholderLeave') : t('placeholder')}
          limit={chat.limits.value.text}
          onSend={send}
          onFiles={(files) => load((l) => l.sendFiles(files))}
          onText={(text) => (later ? later.typed(text) : text && load())}
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
  if (chat.notice.value) {
    const { text, bad } = chat.notice.value;
    return (
      <Banner kind={bad ? 'bad' : 'note'} action={k('close')} onAction={() => (chat.notice.value = null)}>
        {text}
      </Banner>
    );
  }
  if (chat.lost.value) return <Lost />;
  if (chat.link.value.state === 'refused') return null;
  if (chat.state.value === 'waiting' && !chat.leaving()) return <Waiting />;
  if (chat.leaving()) {
    return (
      <Banner kind="note" icon={Clock}>
        {chat.leaving() === 'closed' ? t('hoursClosed') : t('nobody')}
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
  const { position, wait_s, why } = chat.queue.value;
  const ahead = position === undefined ? undefined : position - 1;
  const about =
    wait_s === undefined || wait_s < 0
      ? ''
      : t('waitAbout', { time: wait_s < 60 ? t('waitSeconds') : t('waitMinutes', { n: Math.ceil(wait_s / 60) }) });
  return (
    <Banner kind="info" icon={UserRoundCheck}>
      {ahead === undefined ? t('waitPlain') : ahead < 1 ? t('waitNext') : t('waitPosition', { n: ahead })}
      {why && <div class="more">{t(why === 'queue' ? 'waitQueue' : 'waitPriority')}</div>}
      <div class="more">{about || t('waitLeave')}</div>
    </Banner>
  );
}

/** Before the first word; later at the top, unless it has become a message. */
function Greeting(): JSX.Element | null {
  const site = chat.site.value;
  if (!site) return null;
  const { greeting, consent } = site;
  return (
    <>
      {greeting && (
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
      {consent && (
        <p class="consent">
          <Text text={consent} />
        </p>
      )}
    </>
  );
}
