// Who still has what of a sample, and giving it to others: who has left keeps no review for ever.
import { effect, signal } from '@preact/signals';
import { api, query } from '../core/api';
import { en } from '../i18n/handover/en';
import { zhCN } from '../i18n/handover/zh-CN';
import { zhTW } from '../i18n/handover/zh-TW';
import type { Staffer } from '../core/staff';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { k, words } from '../kit/i18n';
import { phase, site } from '../kit/session';
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

interface Asked {
  from: string;
  sample?: string;
  take_back?: boolean;
}

async function handOver(body: Asked, keepalive: boolean): Promise<string> {
  const path = `samples/handover${query({ site: site.value?.key })}`;
  const got = await api<Handed>(path, { method: 'POST', body, keepalive });
  const said = [
    got.moved > 0 && h('moved', { n: got.moved }),
    got.taken_back > 0 && h('taken', { n: got.taken_back }),
    got.left > 0 && h('left', { n: got.left }),
  ];
  return said.filter(Boolean).join(s('listComma'));
}

/* ---- five seconds to undo it ---- */

interface Coming {
  asked: Asked;
  now: (leaving: boolean) => Promise<void>;
}
/** What is done as soon as it can be undone no more, and what is under way. */
const coming = signal<readonly Coming[]>([]);

// Who goes away has not undone it; whoever signs in after a sign-out has not asked for it.
window.addEventListener('pagehide', () => coming.peek().forEach((x) => void x.now(true)));
effect(() => {
  if (phase.value === 'out') coming.value = [];
});

const isComing = (from: string, sample?: string): boolean =>
  coming.value.some((x) => x.asked.from === from && (!x.asked.sample || !sample || x.asked.sample === sample));

/** Once: `onDone` looks again. */
function handOverSoon(asked: Asked, said: string, onDone: () => void): void {
  let begun = false;
  const end = (): void => {
    coming.value = coming.value.filter((x) => x !== it);
  };
  const it: Coming = {
    asked,
    now: async (leaving) => {
      if (begun || !coming.peek().includes(it)) return;
      begun = true;
      try {
        toast(await handOver(asked, leaving));
      } catch (e) {
        toast(why(e), { bad: true });
      }
      end();
      onDone();
    },
  };
  coming.value = [...coming.value, it];
  toast(said, { action: h('undo'), onAction: end, onGone: () => void it.now(false) });
}

/** Those who have left, of all samples together: one click and the others have it. */
export function Gone({ of, onDone }: { of: readonly { open?: Open[] }[]; onDone: () => void }) {
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
            disabled={isComing(x.person.id)}
            aria-label={h('spreadOf', { name: x.person.name })}
            onClick={() =>
              handOverSoon({ from: x.person.id }, h('spreading', { name: x.person.name, n: x.open }), onDone)
            }
          >
            {h('spread')}
          </Button>
        </li>
      ))}
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
  const alone = sample.kind === 'calibration';
  // The notice with its undo stands outside of what is modal.
  const hand = ({ person, open }: Open, back: boolean): void => {
    const said = h(!back ? 'spreading' : alone ? 'takingOut' : 'takingBack', { name: person.name, n: open });
    handOverSoon({ from: person.id, sample: sample.id, take_back: back }, said, onDone);
    onClose();
  };
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
                disabled={isComing(x.person.id, sample.id)}
                aria-label={h('spreadOf', { name: x.person.name })}
                onClick={() => hand(x, false)}
              >
                {h('spread')}
              </Button>
            )}
            <Button
              small
              kind="quiet"
              disabled={isComing(x.person.id, sample.id)}
              aria-label={h(alone ? 'takeOutOf' : 'takeBackOf', { name: x.person.name })}
              onClick={() => hand(x, true)}
            >
              {h(alone ? 'takeOut' : 'takeBack')}
            </Button>
          </li>
        ))}
      </ul>
      <p class="dim">{h(alone ? 'hintCalibration' : 'hint')}</p>
    </Dialog>
  );
}
