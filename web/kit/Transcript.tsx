// The messages of one conversation, for both sides. A focusable log around a list: only what is new is read out, history is silent.
import './Bubble.css';
import './Transcript.css';
import { memo } from './memo';
import { scrolling, useQuiet } from './motion';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { ArrowDown, Bot, Headset } from 'lucide';
import { clockTime, dayLabel, dayNumber, exactTime } from '../core/time';
import type { Item } from '../core/transcript';
import type { Choice, FileInfo, From } from '../core/wire';
import { Avatar } from './Avatar';
import { Icon } from './Icon';
import { k, lang } from './i18n';
import { Choices, Media, Trouble } from './MessageParts';
import { Said } from './Said';
import { Text } from './Text';

export interface TranscriptActions {
  onRetry?: (item: Item) => void;
  /** Take back what has not been sent; also cancels an upload. */
  onDiscard?: (item: Item) => void;
  onChoice?: (item: Item, choice: Choice) => void;
  /** Empty: it cannot be shown yet. */
  fileUrl: (file: FileInfo) => string;
  /** The words of an event message; undefined: its own text. */
  eventText?: (item: Item) => string | undefined;
  /** What a member of a form is called. */
  fieldLabel?: (name: string) => string;
  /** Below a message: a form to fill in, a reviewer's comment. */
  after?: (item: Item) => ComponentChildren;
}

interface Insert {
  key: string;
  /** It stands behind this message (0: before all). */
  afterSeq: number;
  node: ComponentChildren;
}

interface TranscriptProps extends TranscriptActions {
  items: readonly Item[];
  /** Notes and other things that are not messages. */
  inserts?: readonly Insert[];
  /** There is more above; asked for when the reader gets near. */
  older?: boolean;
  onOlder?: () => void;
  /** Show a mark above the first message after this seq. */
  unreadAfter?: number | undefined;
  /** Which of the other side's names are shown: all for staff. */
  showNames?: boolean;
  /** Before the first message: greeting, consent. */
  head?: ComponentChildren;
  /** After the last one: typing, rating card. */
  tail?: ComponentChildren;
  /** What is at the bottom has been seen. */
  onSeen?: () => void;
  zone?: string;
  label?: string;
}

const NEAR = 80;

export function Transcript(props: TranscriptProps) {
  const { items, inserts = [], older, onOlder, unreadAfter, head, tail, onSeen, zone, label } = props;
  const box = useRef<HTMLDivElement>(null);
  const stick = useRef(true);
  const before = useRef({ height: 0, first: '', last: '', count: 0 });
  const [away, setAway] = useState<'no' | 'up' | 'new'>('no');
  const first = items[0]?.key ?? '';
  const last = items[items.length - 1];
  // Rows that are not drawn again hold on to what they were given: it must not be a whole drawing of the past.
  const { onRetry, onDiscard, onChoice, fileUrl, eventText, fieldLabel, after } = props;
  const actions = useRef<TranscriptActions>({} as TranscriptActions).current;
  Object.assign(actions, { onRetry, onDiscard, onChoice, fileUrl, eventText, fieldLabel, after });

  // What comes at the end is followed, if the reader was at the end or it is their own; what comes at the top moves nothing.
  useLayoutEffect(() => {
    const el = box.current!;
    const was = before.current;
    const grownAbove = was.first && first !== was.first && items.some((i) => i.key === was.first);
    const own = last?.own && last.key !== was.last;
    if (grownAbove && !stick.current) el.scrollTop += el.scrollHeight - was.height;
    else if (stick.current || own) el.scrollTop = el.scrollHeight;
    else if (last && last.key !== was.last) setAway('new');
    before.current = { height: el.scrollHeight, first, last: last?.key ?? '', count: items.length };
  });

  // A panel that shrinks (keyboard, composer) or an image that arrives keeps the end in view.
  useEffect(() => {
    if (typeof ResizeObserver === 'undefined') return;
    const el = box.current!;
    const seen = new ResizeObserver(() => {
      if (stick.current) el.scrollTop = el.scrollHeight;
    });
    seen.observe(el);
    if (el.firstElementChild) seen.observe(el.firstElementChild);
    return () => seen.disconnect();
  }, []);

  useEffect(() => {
    if (stick.current && last) onSeen?.();
  }, [last?.key]);

  const onScroll = () => {
    const el = box.current!;
    stick.current = el.scrollHeight - el.scrollTop - el.clientHeight < NEAR;
    if (stick.current) {
      if (away !== 'no') setAway('no');
      onSeen?.();
    } else if (away === 'no') {
      setAway('up');
    }
    if (older && el.scrollTop < 240) onOlder?.();
  };
  const toEnd = () => {
    const el = box.current!;
    stick.current = true;
    el.scrollTo({ top: el.scrollHeight, behavior: scrolling() });
    el.focus({ preventScroll: true });
  };

  return (
    <div class="transcript">
      <div
        ref={box}
        class="transcript-log"
        role="log"
        aria-label={label ?? k('transcript')}
        aria-live={useQuiet(first, items.length) ? 'off' : 'polite'}
        aria-relevant="additions"
        tabIndex={0}
        onScroll={onScroll}
      >
        <div>
          {older && (
            <div class="msg-older">
              <button type="button" class="btn quiet small" onClick={onOlder}>
                {k('loadOlder')}
              </button>
            </div>
          )}
          {head}
          <ol>{rows(items, inserts, actions, props.showNames ?? true, unreadAfter, zone)}</ol>
          {tail}
        </div>
      </div>
      {away !== 'no' && (
        <button type="button" class="to-newest" onClick={toEnd} aria-label={k('toNewest')}>
          <Icon node={ArrowDown} size={16} />
          {away === 'new' && k('newMessages')}
        </button>
      )}
    </div>
  );
}

function rows(
  items: readonly Item[],
  inserts: readonly Insert[],
  actions: TranscriptActions,
  names: boolean,
  unreadAfter: number | undefined,
  zone: string | undefined,
) {
  const out: ComponentChildren[] = [];
  const now = Date.now();
  let day = NaN;
  let prev: Item | undefined;
  let next = 0;
  // What could not be sent stays at the end, but the conversation goes on above it.
  let newest: Item | undefined;
  for (const item of items) if (item.seq) newest = item;
  const insert = (until: number) => {
    for (; next < inserts.length && inserts[next]!.afterSeq < until; next++) {
      out.push(<li key={inserts[next]!.key}>{inserts[next]!.node}</li>);
      prev = undefined;
    }
  };
  for (const item of items) {
    insert(item.seq || Infinity);
    const at = dayNumber(item.at, zone);
    if (at !== day) {
      day = at;
      prev = undefined;
      out.push(
        <li key={`d${at}`} class="msg-day">
          <time dateTime={new Date(item.at).toISOString()}>{dayLabel(item.at, now, lang.value, zone)}</time>
        </li>,
      );
    }
    if (unreadAfter !== undefined && item.seq > unreadAfter && !item.own && (!prev || prev.seq <= unreadAfter)) {
      unreadAfter = undefined;
      prev = undefined;
      out.push(
        <li key="unread" class="msg-unread">
          {k('unread')}
        </li>,
      );
    }
    out.push(
      <Row
        key={item.key}
        item={item}
        first={!joins(prev, item)}
        last={item === newest || item === items[items.length - 1]}
        lang={lang.value}
        names={names}
        zone={zone}
        actions={actions}
      />,
    );
    prev = item;
  }
  insert(Infinity);
  return out;
}

/** Do two messages stand as one group: same sender, within three minutes? */
function joins(a: Item | undefined, b: Item): boolean {
  if (!a || a.kind === 'event' || b.kind === 'event') return false;
  const same = a.from.role === b.from.role && a.from.name === b.from.name && a.from.number === b.from.number;
  return same && b.at - a.at < 180_000;
}

interface RowProps {
  item: Item;
  first: boolean;
  last: boolean;
  lang: string;
  names: boolean;
  zone: string | undefined;
  actions: TranscriptActions;
}

const Row = memo(
  function Row({ item, first, last, names, zone, actions }: RowProps) {
    const after = actions.after?.(item);
    if (item.kind === 'event') {
      const text = actions.eventText?.(item) ?? item.text;
      return (
        <>
          {text && (
            <li class="msg-event">
              <Text text={text} lang={item.lang} />
            </li>
          )}
          {after && <li>{after}</li>}
        </>
      );
    }
    const cls = [
      'msg',
      item.own && 'own',
      first && 'first',
      item.state === 'queued' && 'waits',
      item.state === 'failed' && 'failed',
    ];
    return (
      <li class={cls.filter(Boolean).join(' ')} data-seq={item.seq || undefined}>
        {!item.own && (first ? <Face from={item.from} /> : <span />)}
        {!item.own && first && names ? <Head from={item.from} /> : <span class="hidden">{senderName(item)}</span>}
        <div class="msg-line">
          <Body item={item} actions={actions} />
          <Foot item={item} last={last} zone={zone} actions={actions} />
        </div>
        {item.choices && !item.choice && last && actions.onChoice && <Choices item={item} actions={actions} />}
        {after}
      </li>
    );
  },
  (a, b) =>
    a.item === b.item &&
    a.first === b.first &&
    a.last === b.last &&
    a.lang === b.lang &&
    a.names === b.names &&
    a.actions.after === b.actions.after,
);

function senderName(item: Item): string {
  return item.own && item.from.role === 'visitor' ? k('roleYou') : fromName(item.from);
}

/** What the other side is called, when it has no name. */
export function fromName(from: From): string {
  if (from.name) return from.name;
  const words = { agent: 'roleAgent', bot: 'roleBot', system: 'roleSystem', visitor: 'roleVisitor' } as const;
  return k(words[from.role] ?? 'roleSystem');
}

function Face({ from }: { from: From }) {
  if (from.role === 'bot') return <Avatar icon={Bot} size={28} neutral />;
  if (from.role === 'system') return <Avatar icon={Headset} size={28} neutral />;
  return <Avatar name={fromName(from)} size={28} neutral={from.role === 'visitor'} />;
}

function Head({ from }: { from: From }) {
  return (
    <div class="msg-head">
      <b dir="auto">{fromName(from)}</b>
      {from.number && <span class="num">{k('number', { number: from.number })}</span>}
    </div>
  );
}

function Body({ item, actions }: { item: Item; actions: TranscriptActions }) {
  if (item.kind === 'removed') {
    return <div class="msg-gone">{k(item.own ? 'removedOwn' : 'removed')}</div>;
  }
  if (item.file || typeof item.form === 'object') return <Media item={item} actions={actions} />;
  return (
    <div class="bubble">
      <Said m={item} />
    </div>
  );
}

function Foot({ item, last, zone, actions }: Omit<RowProps, 'lang' | 'names' | 'first'>) {
  if (item.own && (item.state === 'failed' || item.progress !== undefined))
    return <Trouble item={item} actions={actions} />;
  return (
    <span class="msg-foot">
      {item.own && last && item.state && <State key={item.state} item={item} />}
      <time class="msg-time" dateTime={new Date(item.at).toISOString()} title={exactTime(item.at, lang.value, zone)}>
        {clockTime(item.at, zone)}
      </time>
    </span>
  );
}

/** "Sending" is worth saying only if it lasts. */
function State({ item }: { item: Item }) {
  const [late, setLate] = useState(item.state !== 'sending');
  useEffect(() => {
    if (late) return;
    const timer = setTimeout(() => setLate(true), 400);
    return () => clearTimeout(timer);
  }, []);
  if (!late) return null;
  const words = {
    queued: 'stateQueued',
    sending: 'stateSending',
    sent: 'stateSent',
    delivered: 'stateDelivered',
    read: 'stateRead',
    uncertain: 'stateUncertain',
    failed: 'stateFailed',
  } as const;
  return <span class="msg-state">{k(words[item.state!])}</span>;
}

export function Typing({ name }: { name: string | undefined }) {
  return (
    <div class="typing" aria-live="off">
      {name !== undefined && (
        <>
          <span class="dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {k('typing', { name })}
        </>
      )}
    </div>
  );
}
