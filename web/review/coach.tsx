// Coaching notes: as they are listed, and what is done with one.
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { api } from '../core/api';
import type { Staffer } from '../core/staff';
import { exactTime } from '../core/time';
import { Button } from '../kit/Button';
import { Area } from '../kit/Field';
import { lang } from '../kit/i18n';
import { s } from '../kit/staffWords';
import { l } from './learnWords';
import { asError } from './quality';

export interface Coached {
  id: string;
  revision: number;
  agent: Staffer;
  by: Staffer;
  text: string;
  follow_at: number;
  state: 'planned' | 'acknowledged' | 'done';
  answer: string;
  outcome: string;
  due: boolean;
  may: { acknowledge: boolean; close: boolean };
}

/** One note; `whose`: the name that stands over it. */
export function Note({ note: x, whose, onDone }: { note: Coached; whose: string; onDone: () => void }) {
  const text = useRef<HTMLTextAreaElement>(null);
  const error = useSignal('');
  const busy = useSignal(false);
  const act = async (name: 'acknowledge' | 'close'): Promise<void> => {
    busy.value = true;
    const words = text.current?.value.trim() ?? '';
    const said = name === 'close' ? { outcome: words } : { answer: words };
    try {
      const path = `coaching/${encodeURIComponent(x.id)}/${name}`;
      await api(path, { method: 'POST', body: { revision: x.revision, ...said } });
      onDone();
    } catch (e) {
      error.value = asError(e).title || s('unreachable');
    }
    busy.value = false;
  };
  const name = x.may.acknowledge ? 'acknowledge' : 'close';
  return (
    <li class="note-card">
      <p>
        <b>{whose}</b> <span class="badge">{l(`coachState_${x.state}`)}</span>{' '}
        {x.due && <span class="badge warn">{l('coachIsDue')}</span>}
      </p>
      <p dir="auto">{x.text}</p>
      <p class="dim num">{l('coachBy', { name: x.by.name, time: exactTime(x.follow_at, lang.value).slice(0, 10) })}</p>
      {x.answer && <p dir="auto">{l('coachAnswerSays', { text: x.answer })}</p>}
      {x.outcome && <p dir="auto">{l('coachOutcomeSays', { text: x.outcome })}</p>}
      {(x.may.acknowledge || x.may.close) && (
        <>
          <Area
            inputRef={text}
            label={x.may.acknowledge ? l('coachAnswer') : l('coachOutcome')}
            rows={2}
            maxLength={2000}
            error={error.value || undefined}
          />
          <Button small disabled={busy.value} onClick={() => void act(name)}>
            {x.may.acknowledge ? l('coachAcknowledge') : l('coachClose')}
          </Button>
        </>
      )}
    </li>
  );
}
