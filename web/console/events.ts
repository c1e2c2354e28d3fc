// The words of what happened in a conversation: events that everybody sees, entries of the timeline that only staff see.
import type { Entry, StaffMessage } from '../core/staff';
import { noteText } from './room';
import { scoreLabel, type Score } from '../kit/Rating';
import { t, wireWord } from './words';

function who(m: { from: StaffMessage['from'] }): string {
  return m.from.name ?? '';
}

export function eventWords(m: StaffMessage): string {
  const word = m.event ?? '';
  const text = m.text ?? '';
  // The daemon's own sentence is for the visitor; staff get the same fact in their language, where we know it.
  switch (word) {
    case 'joined':
    case 'left':
    case 'transferred':
    case 'closed':
    case 'reopened':
    case 'returned':
    case 'parked':
      return text && who(m) === '' ? `${wireWord('event', word)} · ${text}` : wireWord('event', word);
    default:
      return text || wireWord('event', word);
  }
}

function data(e: Entry, key: string): string {
  const v = e.data?.[key];
  return typeof v === 'string' || typeof v === 'number' ? String(v) : '';
}

/** Entries that deserve a line in the talk. The others are for the timeline of a reviewer. */
export function worthALine(e: Entry): boolean {
  return ['missed', 'refused', 'rated', 'edited', 'removed', 'transferred', 'invited', 'priority'].includes(e.kind);
}

export function entryWords(e: Entry): string {
  const name = e.by.name ?? data(e, 'name');
  switch (e.kind) {
    case 'rated': {
      const score = Number(data(e, 'score'));
      const label = score >= 1 && score <= 5 ? scoreLabel(score as Score) : '';
      const comment = data(e, 'comment');
      return comment ? t('entryRatedWords', { score: label, words: comment }) : t('entryRated', { score: label });
    }
    case 'note':
      return noteText(e);
    case 'rule':
      return t('entryRule', { rule: data(e, 'rule') });
    case 'transferred': {
      const words = data(e, 'note') || data(e, 'text');
      return words ? t('entryTransferredNote', { name, words }) : t('entryTransferred', { name });
    }
    case 'opened':
    case 'reopened':
    case 'offered':
    case 'missed':
    case 'refused':
    case 'assigned':
    case 'returned':
    case 'parked':
    case 'closed':
    case 'delivery':
    case 'viewed':
    case 'profile':
    case 'edited':
    case 'removed':
    case 'invited':
    case 'taken':
      return t(`entry_${e.kind}`, { name });
    default:
      return e.kind;
  }
}
