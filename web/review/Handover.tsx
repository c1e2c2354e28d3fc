// Who still has what of a sample, and giving it to others: who has left keeps no review for ever.
import { useSignal } from '@preact/signals';
import { api, query } from '../core/api';
import { en } from '../i18n/handover/en';
import { zhCN } from '../i18n/handover/zh-CN';
import { zhTW } from '../i18n/handover/zh-TW';
import type { Staffer } from '../core/staff';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { k, words } from '../kit/i18n';
import { site } from '../kit/session';
import { s } from '../kit/staffWords';
import { toast } from '../kit/Toast';
import { type SampleKind, why } from './quality';

export const h = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });

/** What somebody has of a sample. */
export interface Open {
  person: Staffer;
  open: number;
  gone?: boolean;
}

interface Handed {
  moved: number;
  taken_back: number;
  left: number;
}

async function handOver(body: { from: string; sample?: string; take_back?: boolean }): Promise<void> {
  const got = await api<Handed>(`samples/handover${query({ site: site.value?.key })}`, { method: 'POST', body });
  const said = [
    got.moved > 0 && h('moved', { n: got.moved }),
    got.taken_back > 0 && h('taken', { n: got.taken_back }),
    got.left > 0 && h('left', { n: got.left }),
  ];
  toast(said.filter(Boolean).join(s('listComma')));
}

/** One act at a time; what it did is told, and `onDone` looks again. */
function useHanding(onDone: () => void) {
  const busy = useSignal(false);
  const error = useSignal('');
  const hand = async (body: Parameters<typeof handOver>[0]): Promise<void> => {
    if (busy.value) return;
    busy.value = true;
    error.value = '';
    try {
      await handOver(body);
      onDone();
    } catch (e) {
      error.value = why(e);
    }
    busy.value = false;
  };
  return { busy, error, hand };
}

/** Those who have left, of all samples together: one click and the others have it. */
export function Gone({ of, onDone }: { of: readonly { open?: Open[] }[]; onDone: () => void }) {
  const { busy, error, hand } = useHanding(onDone);
  const all = new Map<string, Open>();
  for (const x of of.flatMap((y) => y.open ?? []))
    if (x.gone) all.set(x.person.id, { ...x, open: x.open + (all.get(x.person.id)?.open ?? 0) });
  if (all.size === 0) return null;
  return (
    <ul class="gone-list">
      {[...all.values()].map((x) => (
        <li key={x.person.id}>
          <span>{h('goneHas', { name: x.person.name, n: x.open })}</span>{' '}
          <Button
            small
            disabled={busy.value}
            aria-label={h('spreadOf', { name: x.person.name })}
            onClick={() => void hand({ from: x.person.id })}
          >
            {h('spread')}
          </Button>
        </li>
      ))}
      {error.value && (
        <li class="error" role="alert">
          {error.value}
        </li>
      )}
    </ul>
  );
}

interface WhoProps {
  sample: { id: string; kind: SampleKind; open?: Open[] };
  name: string;
  onClose: () => void;
  onDone: () => void;
}

/** Of one sample, each who still has to review of it. */
export function Who({ sample, name, onClose, onDone }: WhoProps) {
  const { busy, error, hand } = useHanding(onDone);
  const alone = sample.kind === 'calibration';
  return (
    <Dialog title={h('whoIn', { name })} onClose={onClose} footer={<Button onClick={onClose}>{k('close')}</Button>}>
      <ul class="open-list">
        {(sample.open ?? []).map((x) => (
          <li key={x.person.id}>
            <span>
              <b>{x.person.name}</b> <span class="dim num">{h('has', { n: x.open })}</span>{' '}
              {x.gone && <span class="badge warn">{h('gone')}</span>}
            </span>
            {!alone && (
              <Button
                small
                disabled={busy.value}
                aria-label={h('spreadOf', { name: x.person.name })}
                onClick={() => void hand({ from: x.person.id, sample: sample.id })}
              >
                {h('spread')}
              </Button>
            )}
            <Button
              small
              kind="quiet"
              disabled={busy.value}
              aria-label={h(alone ? 'takeOutOf' : 'takeBackOf', { name: x.person.name })}
              onClick={() => void hand({ from: x.person.id, sample: sample.id, take_back: true })}
            >
              {h(alone ? 'takeOut' : 'takeBack')}
            </Button>
          </li>
        ))}
      </ul>
      <p class="dim">{h(alone ? 'hintCalibration' : 'hint')}</p>
      {error.value && (
        <p class="error" role="alert">
          {error.value}
        </p>
      )}
    </Dialog>
  );
}
