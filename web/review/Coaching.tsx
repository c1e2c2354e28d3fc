// What supervisors plan with agents: what is due first, and planning one.
import { useSignal } from '@preact/signals';
import { Plus } from 'lucide';
import { useEffect, useRef } from 'preact/hooks';
import { api, query } from '../core/api';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { Area, Field } from '../kit/Field';
import { k } from '../kit/i18n';
import { site } from '../kit/session';
import { s } from '../kit/staffWords';
import { toast } from '../kit/Toast';
import { type Coached, Note } from './coach';
import { agents } from './find';
import { Failed } from './Failed';
import { l } from './learnWords';
import { Select } from './Pick';
import { asError, why } from './quality';
import { w } from './qualityWords';

const WEEK_MS = 7 * 86_400_000;

function Plan({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const agent = useSignal(agents.value[0]?.id ?? '');
  const text = useRef<HTMLTextAreaElement>(null);
  const day = useRef<HTMLInputElement>(null);
  const error = useSignal('');
  const busy = useSignal(false);
  const plan = async (): Promise<void> => {
    const words = text.current?.value.trim() ?? '';
    const at = Date.parse(`${day.current?.value ?? ''}T09:00`);
    if (!words || Number.isNaN(at)) {
      error.value = w('textNeeded');
      (words ? day.current : text.current)?.focus();
      return;
    }
    busy.value = true;
    try {
      const body = { agent: agent.value, text: words, follow_at: at };
      await api(`coaching${query({ site: site.value?.key })}`, { method: 'POST', body });
      toast(l('coachSaved'));
      onDone();
    } catch (e) {
      error.value = asError(e).title || s('unreachable');
    }
    busy.value = false;
  };
  return (
    <Dialog
      title={l('coachPlan')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{k('cancel')}</Button>
          <Button kind="primary" disabled={busy.value} onClick={() => void plan()}>
            {l('coachPlan')}
          </Button>
        </>
      }
    >
      <div class="draw">
        <Select
          label={l('coachAgent')}
          value={agent.value}
          options={agents.value.map((a) => [a.id, a.name] as const)}
          onChange={(v) => (agent.value = v)}
        />
        <Area
          inputRef={text}
          label={l('coachText')}
          rows={4}
          maxLength={2000}
          autofocus
          error={error.value || undefined}
        />
        <Field
          inputRef={day}
          type="date"
          label={l('coachFollow')}
          defaultValue={new Date(Date.now() + WEEK_MS).toISOString().slice(0, 10)}
        />
      </div>
    </Dialog>
  );
}

export function Coaching() {
  const all = useSignal<readonly Coached[] | null>(null);
  const due = useSignal(0);
  const failed = useSignal('');
  const planning = useSignal(false);
  const load = async (): Promise<void> => {
    try {
      const got = await api<{ items: Coached[]; due: number }>(`coaching${query({ site: site.value?.key })}`);
      all.value = got.items;
      due.value = got.due;
      failed.value = '';
    } catch (e) {
      failed.value = why(e);
    }
  };
  useEffect(() => void load(), [site.value?.key]);
  const rank = (x: Coached): number => (x.due ? 0 : x.state === 'done' ? 2 : 1);
  return (
    <section class="sheet" aria-label={l('viewCoaching')}>
      <header class="sheet-head">
        <h2>{l('viewCoaching')}</h2>
        {due.value > 0 && <span class="badge warn">{l('coachDue', { n: due.value })}</span>}
        <Button kind="primary" icon={Plus} onClick={() => (planning.value = true)}>
          {l('coachPlan')}
        </Button>
      </header>
      <Failed why={failed.value} retry={() => void load()} />
      {all.value?.length === 0 && <p class="empty">{l('coachNone')}</p>}
      <ul class="cases">
        {[...(all.value ?? [])]
          .sort((a, b) => rank(a) - rank(b) || a.follow_at - b.follow_at)
          .map((x) => (
            <Note key={`${x.id}/${x.revision}`} note={x} whose={x.agent.name} onDone={() => void load()} />
          ))}
      </ul>
      {planning.value && (
        <Plan
          onClose={() => (planning.value = false)}
          onDone={() => {
            planning.value = false;
            void load();
          }}
        />
      )}
    </section>
  );
}
