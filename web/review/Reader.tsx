// A transcript of the past, as reviewers read it: facts, the course of it, the words; personal data masked until somebody may see it.
import { useComputed } from '@preact/signals';
import { ArrowLeft, ChevronDown, ChevronUp, EyeOff, Trash2 } from 'lucide';
import { useEffect, useMemo } from 'preact/hooks';
import type { Conversation, Entry } from '../core/staff';
import { duration, exactTime } from '../core/time';
import { Avatar } from '../kit/Avatar';
import { Button, IconButton } from '../kit/Button';
import { eventWords } from '../kit/events';
import { Icon } from '../kit/Icon';
import { k, lang } from '../kit/i18n';
import { channelName, nameOf } from '../kit/names';
import { scoreLabel, type Score } from '../kit/Rating';
import { buildRows } from '../kit/rows';
import { s } from '../kit/staffWords';
import { PastTalk } from '../kit/PastTalk';
import { isSaid, lineWords } from './course';
import { findingEntries, findings, loadFindings } from './findings';
import { at, chosen, comments, found, open, shown, transcript, transcriptFailed } from './find';
import { f } from './findWords';
import { Asked } from './Asked';
import { Holds } from './Holds';
import { Player, replay, Typing } from './Player';
import { w } from './qualityWords';
import { saidBy } from './replay';
import { Strip } from './Strip';
import { Trouble } from './Trouble';
import { t } from './words';

/** What reviewers say about a message stands behind it. */
function words(e: Entry): string {
  if (e.kind === 'finding') return e.text ?? '';
  if (e.kind !== 'comment') return lineWords(e);
  return w('commentSays', { name: e.by.name ?? '', text: e.text ?? '' });
}

function Facts({ c, messages }: { c: Conversation; messages: number }) {
  const end = c.closed_at || c.last?.at || c.opened_at;
  const rows: [string, string][] = [
    [
      t('agent'),
      c.agent
        ? `${c.agent.name}${c.agent.number ? ` · ${k('number', { number: c.agent.number })}` : ''}`
        : t('noAgent'),
    ],
    [t('channel'), channelName(c.channel)],
    [t('opened'), exactTime(c.opened_at, lang.value)],
    [t('lasted'), duration(end - c.opened_at)],
    [t('messages'), String(messages)],
    [t('rating'), c.rating ? scoreLabel(c.rating as Score) : t('notRated')],
  ];
  return (
    <dl class="facts-row">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="num">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** `onBack`: on a narrow window, to the list. */
export function Reader({ onBack }: { onBack?: () => void }) {
  const got = transcript.value;
  const hits = useComputed(() => found.value?.find((f) => f.conversation.id === chosen.value)?.hits ?? []);
  const marks = useMemo(() => new Map(hits.value.map((h) => [h.seq, h.marks] as const)), [hits.value]);
  // A replay shows what had been said by then, and what the staff knew of it.
  const said = useComputed(() => (replay.value ? saidBy(replay.value) : -1)).value;
  const rows = useMemo(() => {
    if (!got) return [];
    const messages = said < 0 ? got.messages : got.messages.slice(0, said);
    const until = said < 0 ? Infinity : (messages[messages.length - 1]?.at ?? 0);
    const entries = [
      ...(got.timeline ?? []),
      ...(said < 0 ? [...comments.value, ...findingEntries(findings.value)] : []),
    ].filter((e) => e.at <= until);
    return buildRows(messages, entries, [], { entry: (e) => !isSaid(e) });
  }, [got, comments.value, findings.value, said]);
  const id = got?.conversation.id;
  useEffect(() => void loadFindings(id), [id]);
  const bySeq = useMemo(() => new Map((got?.messages ?? []).map((m) => [m.seq, m])), [got]);

  if (transcriptFailed.value) {
    const error = transcriptFailed.value;
    return (
      <section class="reader" aria-label={t('reader')}>
        {error.status === 404 ? (
          <p class="empty">{t('gone')}</p>
        ) : (
          <Trouble error={error} retry={() => void open(chosen.value)} />
        )}
      </section>
    );
  }
  if (!chosen.value || !got) {
    return (
      <section class="reader none" aria-label={t('reader')}>
        {!chosen.value && (
          <div class="reader-none">
            <p>{t('pickOne')}</p>
            <ul>
              <li>
                <kbd>/</kbd> {t('keySearch')}
              </li>
              <li>
                <kbd>J</kbd> <kbd>K</kbd> {t('keyMessage')}
              </li>
              <li>
                <kbd>⇧ J</kbd> <kbd>⇧ K</kbd> {t('keyTranscript')}
              </li>
              <li>
                <kbd>Space</kbd> {f('keyPlay')}
              </li>
              <li>
                <kbd>←</kbd> <kbd>→</kbd> {f('keyBack')}
              </li>
              <li>
                <kbd>&lt;</kbd> <kbd>&gt;</kbd> {f('keySpeed')}
              </li>
            </ul>
          </div>
        )}
      </section>
    );
  }
  const c = got.conversation;
  const index = hits.value.findIndex((h) => h.seq === at.value);
  const go = (by: number): void => {
    const all = hits.value;
    const to = index < 0 ? (by > 0 ? 0 : all.length - 1) : (index + by + all.length) % all.length;
    at.value = all[to]?.seq ?? 0;
  };
  return (
    <section class="reader" aria-label={t('reader')}>
      <header class="reader-head">
        <IconButton
          class="back"
          icon={ArrowLeft}
          label={t('back')}
          onClick={() => (onBack ? onBack() : void open(null))}
        />
        <Avatar name={nameOf(c)} size={36} neutral />
        <h2 class="clip" dir="auto">
          {nameOf(c)}
        </h2>
        {hits.value.length > 0 && (
          <div class="hit-nav" role="group" aria-label={t('hits')}>
            <span class="num" role="status">
              {t('hitOf', { n: index + 1, all: hits.value.length })}
            </span>
            <IconButton icon={ChevronUp} label={t('hitBefore')} onClick={() => go(-1)} />
            <IconButton icon={ChevronDown} label={t('hitNext')} onClick={() => go(1)} />
          </div>
        )}
      </header>
      {got.gone && (
        <p class="masked" role="note">
          <Icon node={Trash2} size={16} />{' '}
          <span>
            {t(got.gone.by === 'erasure' ? 'goneErased' : 'goneRetained', { time: exactTime(got.gone.at, lang.value) })}
          </span>
        </p>
      )}
      <Facts c={c} messages={got.messages.filter((m) => m.kind !== 'event').length} />
      {got.masked ? (
        <p class="masked">
          <Icon node={EyeOff} size={16} /> <span>{w('masked')}</span>
          {got.may_reveal ? (
            <Button small onClick={() => void open(c.id, true)}>
              {w('reveal')}
            </Button>
          ) : null}
          <Asked transcript={got} />
        </p>
      ) : (
        shown.value === c.id && (
          <p class="masked" role="status">
            {w('revealed')}
          </p>
        )
      )}
      <Holds conversation={c.id} />
      <Strip transcript={got} />
      <Player transcript={got} />
      <PastTalk
        key={c.id}
        rows={rows}
        label={s('talkWith', { name: nameOf(c) })}
        visitorRead={c.visitor_read}
        eventWords={eventWords}
        entryWords={words}
        find={(seq) => bySeq.get(seq)}
        marks={marks}
        after={<Typing transcript={got} />}
        {...(at.value ? { chosen: at.value } : {})}
      />
    </section>
  );
}
