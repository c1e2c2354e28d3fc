// The words of what happened in a conversation: events that everybody sees, entries of the timeline that only staff see.
import type { Entry, StaffMessage } from '../core/staff';
import { noteText } from './rows';
import { personName } from './names';
import { scoreLabel, type Score } from './Rating';
import { s, wireWord } from './staffWords';

/** The system's own sentence names who joined or took over; without one, the word of the event. */
export function eventWords(m: StaffMessage): string {
  return m.text || wireWord('event', m.event ?? '');
}

function data(e: Entry, key: string): string {
  const v = e.data?.[key];
  return typeof v === 'string' || typeof v === 'number' ? String(v) : '';
}

/** Entries that deserve a line in the talk. The others are for the timeline of a reviewer. */
export function worthALine(e: Entry): boolean {
  return [
    'missed',
    'helper',
    'overflowed',
    'given_up',
    'moved',
    'bot',
    'handoff',
    'silent',
    'forbidden',
    'refused',
    'rated',
    'edited',
    'parked',
    'unparked',
    'returned',
    'reaction',
    'reaction_failed',
    'unfollow',
    'optout',
    'subscribed',
    'unsubscribed',
    'withheld',
    'kept_out',
    data(e, 'referral') && e.kind,
  ].includes(e.kind);
}

/** Whom an entry is about: named in its data, else who did it. */
function whom(e: Entry): string {
  const id = data(e, 'person') || data(e, 'agent');
  const other = id ? personName(id) : '';
  return other || (e.by.role === 'agent' ? (e.by.name ?? '') : '');
}

export function entryWords(e: Entry): string {
  switch (e.kind) {
    case 'note':
    case 'whisper':
      return noteText(e);
    case 'rated': {
      const score = Number(data(e, 'score'));
      const label = score >= 1 && score <= 5 ? scoreLabel(score as Score) : '';
      const comment = data(e, 'comment');
      return comment ? s('entryRatedWords', { score: label, words: comment }) : s('entryRated', { score: label });
    }
    case 'reaction_failed':
      return s('entryReactionFailed', { emoji: data(e, 'emoji'), why: data(e, 'why') });
    case 'kept_out':
      return s('entryKeptOut', { why: wireWord('kept', data(e, 'why')) });
    case 'rule':
      return s('entryRule', { rule: data(e, 'rule') });
    default: {
      const words = [
        wireWord('entry', e.data?.['on'] === false ? 'unreaction' : e.kind),
        e.kind === 'reaction' && data(e, 'emoji'),
      ]
        .filter(Boolean)
        .join(' ');
      const name = whom(e) || data(e, 'referral') || data(e, 'template');
      return name ? s('entryBy', { words, name }) : words;
    }
  }
}
