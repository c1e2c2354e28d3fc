// The console: rail, list, conversation, context; the bar that says when there is no connection; the dialogs.
import { useSignal, useSignalEffect } from '@preact/signals';
import { Award, Bell, BellOff, Gauge, Keyboard, WifiOff } from 'lucide';
import { useEffect, useRef } from 'preact/hooks';
import { lazy } from '../kit/lazy';
import { Rail } from '../kit/Rail';
import { Banner } from '../kit/Banner';
import { IconButton } from '../kit/Button';
import { k } from '../kit/i18n';
import { prefs } from '../kit/prefs';
import { may, session, site } from '../kit/session';
import { Gate } from '../kit/SignIn';
import { Toasts } from '../kit/Toast';
import { onKey } from './commands';
import { ListPane } from './ListPane';
import { RoomPane } from './RoomPane';
import { Splitter } from './Splitter';
import { t } from './words';
import { begin, contextOver, desk, dialog, link, mineOpen, now, overseeing, retryNow } from './work';

const ContextPane = lazy(() => import('./ContextPane').then((m) => m.ContextPane));
const dialogs = (): Promise<typeof import('./Dialogs')> => import('./Dialogs');
const Shown = lazy(() => dialogs().then((m) => m.Shown));
const Oversee = lazy(() => import('./Oversee').then((m) => m.Oversee));

/** Says that there is no connection, after two seconds without one. */
function Offline() {
  const since = useSignal(0);
  useSignalEffect(() => {
    const l = link.value;
    if (l.state === 'live' || l.state === 'idle') since.value = 0;
    else if (since.peek() === 0) since.value = Date.now();
  });
  void now.value;
  const l = link.value;
  if (since.value === 0 || Date.now() - since.value < 2000) return null;
  if (l.state === 'refused') {
    return (
      <Banner kind="bad" icon={WifiOff}>
        {l.code === 4403 ? t('refusedForbidden') : t('refused')}
      </Banner>
    );
  }
  const rest = l.state === 'waiting' ? Math.max(0, Math.ceil((l.until - Date.now()) / 1000)) : 0;
  return (
    <Banner
      kind="warn"
      icon={WifiOff}
      quiet
      {...(l.state === 'waiting' ? { action: k('retryNow'), onAction: retryNow } : {})}
    >
      {l.state === 'waiting' ? k('offlineRetry', { s: rest }) : k('offlineConnecting')}{' '}
      <span class="more">{t('offlineGoesOn')}</span>
    </Banner>
  );
}

/** Reads out, once, that the connection went or came. */
function Spoken() {
  const text = useSignal('');
  const was = useSignal('');
  useSignalEffect(() => {
    const state = link.value.state;
    const before = was.peek();
    if (before === 'live' && state !== 'live') text.value = t('spokenOffline');
    else if (state === 'live' && text.peek() !== '') text.value = t('spokenOnline');
    was.value = state;
  });
  return (
    <p class="hidden" role="status">
      {text.value}
    </p>
  );
}

function Shell() {
  useEffect(() => {
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  // They come while nothing else is to be done, so that the first key that wants one finds it.
  useEffect(() => {
    let end: (() => void) | undefined;
    const timer = setTimeout(() => {
      dialogs()
        .then((m) => (end = m.watchMine()))
        .catch(() => undefined);
    }, 1500);
    return () => {
      clearTimeout(timer);
      end?.();
    };
  }, []);
  const restored = useRef(false);
  // On a narrow window the browser's back button leads from the conversation to the list.
  useSignalEffect(() => {
    const id = desk.open.value;
    const here = location.hash.slice(1);
    if (!desk.welcomed.value) return;
    if (!restored.current) {
      // A reload leads back to where one was.
      restored.current = true;
      if (!id && desk.rooms.peek().has(here)) {
        desk.show(here);
        return;
      }
    }
    if (id && here !== id) history[here ? 'replaceState' : 'pushState'](null, '', `#${id}`);
    else if (!id && here) history.replaceState(null, '', location.pathname + location.search);
  });
  useEffect(() => {
    const back = (): void => {
      const id = location.hash.slice(1);
      desk.show(id && desk.rooms.value.has(id) ? id : null);
    };
    window.addEventListener('popstate', back);
    return () => window.removeEventListener('popstate', back);
  }, []);
  const open = desk.open.value !== null || overseeing.value;
  const room = desk.current.value;
  const over = contextOver.value && !!room;
  return (
    <main
      class={`console${open ? ' open' : ''}${prefs.value.context && room && !overseeing.value ? ' with-context' : ''}`}
      style={{ '--list': `${prefs.value.listWidth}px`, '--context': `${prefs.value.contextWidth}px` }}
    >
      <h1 class="hidden">{t('appName')}</h1>
      <div class="bars">
        <Offline />
        {desk.posts.left.value.length > 0 && (
          <Banner kind="warn" action={t('leftShow')} onAction={() => (dialog.value = 'left')}>
            {t('leftBanner', { n: desk.posts.left.value.length })}
          </Banner>
        )}
      </div>
      <Rail here="console">
        {may('supervisor') && (
          <IconButton
            icon={Gauge}
            label={t('oversee')}
            aria-pressed={overseeing.value}
            onClick={() => (overseeing.value = !overseeing.value)}
          >
            {desk.alerts.value.length > 0 && <span class="rail-badge num">{desk.alerts.value.length}</span>}
          </IconButton>
        )}
        {may('agent') && (
          <IconButton icon={Award} label={t('mine')} onClick={() => (dialog.value = 'mine')}>
            {mineOpen.value > 0 && <span class="rail-badge num">{mineOpen.value}</span>}
          </IconButton>
        )}
        <IconButton
          icon={prefs.value.sound || prefs.value.notices ? Bell : BellOff}
          label={t('noticeSettings')}
          onClick={() => (dialog.value = 'notices')}
        />
        <IconButton icon={Keyboard} label={t('keyHelp')} hint="?" onClick={() => (dialog.value = 'help')} />
      </Rail>
      <ListPane />
      <Splitter of="listWidth" label={t('resizeList')} grows={1} />
      {overseeing.value && may('supervisor') ? <Oversee /> : <RoomPane />}
      {over && <div class="scrim" onClick={() => (contextOver.value = false)} />}
      {!overseeing.value && <ContextPane />}
      {room && !overseeing.value && <Splitter of="contextWidth" label={t('resizeContext')} grows={-1} />}
      {dialog.value && <Shown room={room} />}
      <Spoken />
    </main>
  );
}

/** Work lasts as long as a site is chosen and the session holds. */
function Work() {
  const ready = useSignal(false);
  useEffect(() => {
    const end = begin();
    ready.value = true;
    return () => {
      ready.value = false;
      end();
    };
  }, [site.value?.key, session.value?.person.id]);
  return ready.value ? <Shell /> : null;
}

export function App() {
  return (
    <>
      <Gate title={t('appName')} roles={['agent', 'supervisor']}>
        {() => <Work key={`${site.value?.key}/${session.value?.person.id}`} />}
      </Gate>
      <Toasts />
    </>
  );
}
