// What the machine proposes, where it is to be judged: beside an item of the scorecard, or by itself.
import './checks.css';
import { Button } from '../kit/Button';
import { toast } from '../kit/Toast';
import { findingWords, judge, type Finding } from './findings';
import { w } from './checkWords';
import { at } from './find';
import { type Answer, asError, type Item, most, review } from './quality';
import { w as q } from './qualityWords';

/** What an item is answered with when one more finding is taken over. */
export function answerWith(item: Item, answer: Answer | undefined): Answer | undefined {
  const top = item.points ?? 0;
  switch (item.type) {
    case 'fatal':
      return { value: 1 };
    case 'deduct':
      return { value: Math.min(top, (answer?.value ?? 0) + Math.ceil(top / 5)) };
    case 'add':
      return answer;
    case 'yesno':
      return { value: 0 };
    default:
      return { value: Math.max(0, (answer?.value ?? most(item)) - 1) };
  }
}

export async function decide(f: Finding, state: 'taken' | 'dismissed' | 'open'): Promise<boolean> {
  try {
    await judge(f.id, state);
    return true;
  } catch (e) {
    toast(w('judgeFailed', { why: asError(e).title }), { bad: true });
    return false;
  }
}

/** Of whom the review that is open is about, or of nobody in particular. What a colleague said before handing on is no fault of this one's. */
export const isOwn = (f: Finding): boolean => !f.agent || f.agent.id === review.value?.agent.id;

interface ProposalsProps {
  of: readonly Finding[];
  /** Beside an item keys do what the buttons do. */
  keys?: boolean;
  onTake: (f: Finding) => void;
}

export function Proposals({ of, keys, onTake }: ProposalsProps) {
  if (of.length === 0) return null;
  const tab = keys ? { tabIndex: -1 } : {};
  return (
    <ul class="proposals" aria-label={w('proposals')}>
      {of.map((f) => (
        <li key={f.id} class={`proposal ${f.state}`}>
          <button type="button" class="quote" {...tab} onClick={() => (at.value = f.seq)}>
            {!isOwn(f) && <b>{f.agent?.name} </b>}
            {findingWords(f)} <span class="dim num">{q('onMessage', { seq: f.seq })}</span>
          </button>
          {f.state === 'open' ? (
            <span class="proposal-acts">
              <Button small {...tab} onClick={() => onTake(f)}>
                {w('take')} {keys && <kbd aria-hidden="true">y</kbd>}
              </Button>
              <Button small kind="quiet" {...tab} onClick={() => void decide(f, 'dismissed')}>
                {w('dismiss')} {keys && <kbd aria-hidden="true">d</kbd>}
              </Button>
            </span>
          ) : (
            <span class="dim">{w(`is_${f.state}`, { name: f.decided?.by.name ?? '' })}</span>
          )}
        </li>
      ))}
    </ul>
  );
}
