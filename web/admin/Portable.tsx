// All settings of the site as one file, and back: what it would change is shown before anything is.
import { useSignal } from '@preact/signals';
import { Download, Upload } from 'lucide';
import { useRef } from 'preact/hooks';
import { api, ApiError } from '../core/api';
import { Button } from '../kit/Button';
import { site } from '../kit/session';
import { toast } from '../kit/Toast';
import { loadAgain } from './docs';
import { Section } from './fields';
import { p } from './portableWords';
import { t } from './words';

interface Step {
  kind: string;
  key: string;
  does: 'adds' | 'changes' | 'removes';
}
interface Told {
  changes: readonly Step[];
  /** What they were compared with: the settings as they were at that moment. */
  tag?: string;
}
interface Plan extends Told {
  set: unknown;
}

const ORDER: readonly Step['does'][] = ['removes', 'changes', 'adds'];
/** The kinds that have no page here, and the one whose page has another name. */
const OTHERS: Readonly<Record<string, () => string>> = {
  ban: () => p('k_ban'),
  scorecard: () => p('k_scorecard'),
  schedule: () => p('k_schedule'),
  check: () => p('k_check'),
  skill: () => t('p_skills'),
};
const kindName = (kind: string): string => OTHERS[kind]?.() ?? t(`p_${kind}` as 'p_site');
const path = (): string => `sites/${encodeURIComponent(site.value?.key ?? '')}/set`;
const words = (e: unknown): string => (e instanceof ApiError && e.title) || String(e);

/** Hands a text to the browser to be kept. */
function keep(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function Out() {
  const busy = useSignal(false);
  const save = async (): Promise<void> => {
    busy.value = true;
    try {
      keep(`${site.value?.key ?? 'site'}.json`, `${JSON.stringify(await api<unknown>(path()), null, 2)}\n`);
    } catch (e) {
      toast(words(e));
    }
    busy.value = false;
  };
  return (
    <Section title={p('out')} hint={p('outHint')}>
      <p>
        <Button icon={Download} disabled={busy.value} onClick={() => void save()}>
          {p('outDo')}
        </Button>
      </p>
    </Section>
  );
}

function In() {
  const plan = useSignal<Plan | null>(null);
  const error = useSignal('');
  const busy = useSignal(false);
  const name = useSignal('');
  const input = useRef<HTMLInputElement>(null);
  /** Without a tag it only looks. */
  const put = async (set: unknown, seen?: string): Promise<Told | null> => {
    busy.value = true;
    error.value = '';
    try {
      const ask = { method: 'PUT' as const, body: set };
      return await (seen
        ? api<Told>(path(), { ...ask, headers: { 'If-Match': seen } })
        : api<Told>(`${path()}?dry_run=1`, ask));
    } catch (e) {
      if (seen && e instanceof ApiError && (e.status === 412 || e.status === 409)) {
        await show(set);
        error.value ||= p('inMoved');
      } else error.value = p('inRefused', { why: words(e) });
      return null;
    } finally {
      busy.value = false;
    }
  };
  const show = async (set: unknown): Promise<void> => {
    const told = await put(set);
    plan.value = told && { set, ...told };
  };
  const look = async (file: File | undefined): Promise<void> => {
    plan.value = null;
    error.value = '';
    name.value = file?.name ?? '';
    if (!file) return;
    let set: unknown;
    try {
      set = JSON.parse(await file.text());
    } catch (e) {
      error.value = p('inNoJson', { why: e instanceof Error ? e.message : '' });
      return;
    }
    await show(set);
  };
  const apply = async (): Promise<void> => {
    const shown = plan.value;
    const done = shown && (await put(shown.set, shown.tag));
    if (!done) return;
    plan.value = null;
    toast(p('inDone', { n: done.changes.length }));
    loadAgain();
  };
  const steps = plan.value?.changes;
  return (
    <Section title={p('in')} hint={p('inHint')}>
      <p>
        <Button icon={Upload} disabled={busy.value} onClick={() => input.current?.click()}>
          {p('inChoose')}
        </Button>{' '}
        <span class="dim">{name.value}</span>
        <input
          ref={input}
          type="file"
          hidden
          aria-label={p('inFile')}
          accept=".json,application/json"
          onClick={(ev) => (ev.currentTarget.value = '')}
          onChange={(ev) => void look(ev.currentTarget.files?.[0])}
        />
      </p>
      <div role="status">
        {error.value && <p class="error">{error.value}</p>}
        {steps?.length === 0 && <p>{p('inSame')}</p>}
        {!!steps?.length && <p>{p('inWill', { n: steps.length })}</p>}
      </div>
      {!!steps?.length && (
        <>
          {ORDER.map((does) => {
            const those = steps.filter((x) => x.does === does);
            return (
              those.length > 0 && (
                <section key={does} class="import-part">
                  <h4>
                    {p(does)} <span class="num dim">{those.length}</span>
                  </h4>
                  <ul>
                    {those.map((x) => (
                      <li key={`${x.kind}/${x.key}`}>
                        {kindName(x.kind)} <code>{x.key}</code>
                      </li>
                    ))}
                  </ul>
                </section>
              )
            );
          })}
          <p>
            <Button kind="primary" disabled={busy.value} onClick={() => void apply()}>
              {p('inApply', { n: steps.length })}
            </Button>
          </p>
        </>
      )}
    </Section>
  );
}

export function Portable() {
  return (
    <div class="page">
      <header class="page-head">
        <h2>{t('p_portable')}</h2>
      </header>
      <Out />
      <In />
    </div>
  );
}
