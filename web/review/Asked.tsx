// Who may not see what is masked asks for it, with a reason, and reads here what became of it.
import './quality.css';
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { api } from '../core/api';
import { composing } from '../core/keys';
import type { Transcript } from '../core/staff';
import { exactTime } from '../core/time';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { Area } from '../kit/Field';
import { k, lang } from '../kit/i18n';
import { toast } from '../kit/Toast';
import { open } from './find';
import { why } from './quality';
import { w } from './qualityWords';

function AskDialog({ conversation, onClose }: { conversation: string; onClose: () => void }) {
  const text = useRef<HTMLTextAreaElement>(null);
  const error = useSignal('');
  const busy = useSignal(false);
  const send = async (): Promise<void> => {
    const reason = text.current?.value.trim() ?? '';
    if (busy.value) return;
    if (!reason) {
      error.value = w('textNeeded');
      text.current?.focus();
      return;
    }
    busy.value = true;
    try {
      await api(`transcripts/${encodeURIComponent(conversation)}/reveal`, { method: 'POST', body: { reason } });
      toast(w('revealSent'));
      onClose();
      void open(conversation);
    } catch (e) {
      error.value = why(e);
    }
    busy.value = false;
  };
  return (
    <Dialog
      title={w('revealAsk')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{k('cancel')}</Button>
          <Button kind="primary" disabled={busy.value} onClick={() => void send()}>
            {w('revealSend')}
          </Button>
        </>
      }
    >
      <Area
        inputRef={text}
        label={w('revealReason')}
        hint={w('revealHint')}
        rows={3}
        maxLength={500}
        autofocus
        error={error.value || undefined}
        onKeyDown={(ev) => {
          if (composing(ev) || ev.key !== 'Enter' || !(ev.ctrlKey || ev.metaKey)) return;
          ev.preventDefault();
          ev.stopPropagation();
          void send();
        }}
      />
    </Dialog>
  );
}

/** What became of it, in words; empty: nothing was asked for. */
function standing({ reveal: r, may_reveal }: Transcript): string {
  if (!r) return '';
  const name = r.by?.name ?? '';
  if (r.state === 'asked') return w('revealWaits');
  if (r.state === 'refused') return w('revealRefused', { name });
  const time = exactTime(r.until ?? 0, lang.value);
  return may_reveal ? w('revealGranted', { name, time }) : w('revealOver', { time });
}

export function Asked({ transcript: t }: { transcript: Transcript }) {
  const asking = useSignal(false);
  const said = standing(t);
  return (
    <>
      {said && <span class="dim num">{said}</span>}
      {t.may_ask && (
        <button type="button" class="link" onClick={() => (asking.value = true)}>
          {t.reveal ? w('revealAgain') : w('revealAsk')}
        </button>
      )}
      {asking.value && <AskDialog conversation={t.conversation.id} onClose={() => (asking.value = false)} />}
    </>
  );
}
