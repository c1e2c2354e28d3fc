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
import { beforeOut, phase, session, site } from '../kit/session';
import { s } from '../kit/staffWords';
import { dropToast, toast } from '../kit/Toast';
import { asError, type SampleKind, why } from './quality';

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

/** Once begun it is done, though the page may go away meanwhile. */
async function handOver(key: string | undefined, body: Asked): Promise<string> {
  const got = await api<Handed>(`samples/handover${query({ site: key })}`, { method: 'POST', body, keepalive: true });
  const said = [
    got.moved > 0 && h('moved', { n: got.moved }),
    got.taken_back > 0 && h('taken', { n: got.taken_back }),
    got.left > 0 && h('left', { n: got.left }),
  ];
  return said.filter(Boolean).join(s('listComma'));
}

/* ---- five seconds to undo it ---- */

/** What comes, and what is said when it did not. */
const WAYS = {
  spread: ['spreading', 'failed'],
  back: ['takingBack', 'failedBack'],
  out: ['takingOut', 'failedOut'],
} as const;

interface Coming {
  asked: Asked;
  /** The site that it was asked for, whichever is looked at meanwhile. */
  key: string | undefined;
  notice: number;
  /** Whether it was done. */
  now: (signingOut?: boolean) => Promise<boolean>;
}
/** What is done as soon as it can be undone no more, and what is under way. */
const coming = signal<readonly Coming[]>([]);

/** So long a sign-out waits for the answer; then it goes on, and so does what was asked. */
const OUT_MS = 5000;

// Who goes away has not undone it; whoever signs in after a session that ended by itself has not asked for it.
window.addEventListener('pagehide', () => coming.peek().forEach((x) => void x.now()));
beforeOut.add(() => {
  const all = Promise.all(coming.peek().map((x) => x.now(true))).then((done) => !done.includes(false));
  return Promise.race([all, new Promise<void>((resolve) => setTimeout(resolve, OUT_MS))]);
});
effect(() => {
  if (phase.value === 'out') coming.value = [];
});

const isComing = (from: string, sample?: string): boolean =>
  coming.value.some(
    (x) =>
      x.key === site.value?.key && x.asked.from === from && (!x.asked.sample || !sample || x.asked.sample === sample),
  );

/** Once: `onDone` looks again. */
function handOverSoon(way: keyof typeof WAYS, { person, open }: Open, onDone: () => void, sample?: string): void {
  const { name } = person;
  const [comes, failed] = WAYS[way];
  const key = site.peek()?.key;
  const asked: Asked = { from: person.id, ...(sample ? { sample } : {}), take_back: way !== 'spread' };
  const who = session.peek();
  let running: Promise<boolean> | undefined;
  let out = false;
  const end = (): void => {
    coming.value = coming.value.filter((x) => x !== it);
  };
  const send = async (): Promise<boolean> => {
    dropToast(notice);
    let said: string;
    let done = true;
    try {
      said = await handOver(key, asked);
    } catch (e) {
      const { code } = asError(e);
      // A colleague was faster.
      done = code === 'nothing_open';
      said = done
        ? h('nothingOpen', { name })
        : h(failed, { name, why: code === 'nobody_else' ? h('nobodyElse') : why(e) });
    }
    end();
    // It is for whoever has asked, while they are there.
    if (session.peek() === who && !(out && done)) {
      toast(said, { bad: !done });
      onDone();
    }
    return done;
  };
  const now: Coming['now'] = (signingOut = false) => {
    out ||= signingOut;
    return (running ??= coming.peek().includes(it) ? send() : Promise.resolve(true));
  };
  const notice = toast(h(comes, { name, n: open }), { action: h('undo'), onAction: end, onGone: () => void now() });
  const it: Coming = { asked, key, notice, now };
  coming.value = [...coming.value, it];
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
            onClick={() => handOverSoon('spread', x, onDone)}
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
  const hand = (x: Open, way: keyof typeof WAYS): void => {
    handOverSoon(way, x, onDone, sample.id);
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
                onClick={() => hand(x, 'spread')}
              >
                {h('spread')}
              </Button>
            )}
            <Button
              small
              kind="quiet"
              disabled={isComing(x.person.id, sample.id)}
              aria-label={h(alone ? 'takeOutOf' : 'takeBackOf', { name: x.person.name })}
              onClick={() => hand(x, alone ? 'out' : 'back')}
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
