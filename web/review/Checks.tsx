// Machine checks: what each looks for and how it has done, and trying a change on what was closed last week before it is saved.
import './checks.css';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api, ApiError } from '../core/api';
import { oneLine } from '../core/text';
import { duration, exactTime } from '../core/time';
import { Button } from '../kit/Button';
import { Area, Field } from '../kit/Field';
import { k, lang } from '../kit/i18n';
import { may, site } from '../kit/session';
import { s } from '../kit/staffWords';
import { toast } from '../kit/Toast';
import { type Check, type CheckBody, checkName, checks, loadChecks, type Tried, tryCheck } from './findings';
import { w } from './checkWords';
import { at, open, view } from './find';
import { asError } from './quality';

const PAGES_MAX = 20;
const TIMED = new Set(['waits', 'silence', 'promise']);
const WORDS: Readonly<Record<string, readonly ('words' | 'with' | 'except')[]>> = {
  says: ['words'],
  waits: ['words'],
  silence: ['words', 'except'],
  forbidden: ['words', 'except'],
  private: ['words', 'with', 'except'],
  promise: ['words', 'except'],
  name: ['words'],
};

function Row({ c, current, onPick }: { c: Check; current: boolean; onPick: () => void }) {
  return (
    <li>
      <button type="button" aria-current={current ? 'true' : 'false'} onClick={onPick}>
        <b>{checkName(c.key)}</b> {c.off && <span class="badge">{w('off')}</span>}{' '}
        {c.version === 0 && <span class="badge">{w('shipped')}</span>}
        <span class="dim num" style="display: block">
          {w('counts', {
            n: c.found.open + c.found.taken + c.found.dismissed,
            taken: c.found.taken,
            no: c.found.dismissed,
          })}
        </span>
      </button>
    </li>
  );
}

interface Result {
  looked: number;
  hits: number;
  before: number;
  new: number;
  gone: number;
  items: Tried['items'];
  all: boolean;
}

function Lines({ of }: { of: Result }) {
  const show = (x: Tried['items'][number]): void => {
    view.value = 'find';
    void open(x.conversation).then(() => (at.value = x.seq));
  };
  return (
    <section aria-label={w('triedTitle')}>
      <p role="status" class="num">
        {w('tried', { looked: of.looked, hits: of.hits, before: of.before, more: of.new, gone: of.gone })}
        {!of.all && ` ${w('triedPart')}`}
      </p>
      <ul class="tried">
        {of.items.map((x) => (
          <li key={`${x.conversation}/${x.seq}/${x.change}`}>
            <button type="button" class="quote" onClick={() => show(x)}>
              <span class={x.change === 'new' ? 'badge warn' : x.change === 'gone' ? 'badge' : 'badge ok'}>
                {w(`change_${x.change}`)}
              </span>{' '}
              <span class="dim num">
                {exactTime(x.closed_at, lang.value)}
                {x.agent && ` · ${x.agent.name}`}
                {x.ms ? ` · ${duration(x.ms)}` : ''}
                {x.word && ` · ${x.word}`}
              </span>{' '}
              <span dir="auto">{oneLine(x.text)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

const lines = (text: string): string[] => [
  ...new Set(
    text
      .split('\n')
      .map((x) => x.trim())
      .filter(Boolean),
  ),
];

function Flag({ label, on, set }: { label: string; on: boolean; set: (on: boolean) => void }) {
  return (
    <label>
      <input
        type="checkbox"
        checked={on}
        disabled={!may('supervisor', 'admin')}
        onChange={(ev) => set(ev.currentTarget.checked)}
      />{' '}
      {label}
    </label>
  );
}

function Editor({ check, onSaved }: { check: Check; onSaved: () => void }) {
  const body = useSignal<CheckBody>(check.body);
  const error = useSignal('');
  const busy = useSignal(false);
  const result = useSignal<Result | null>(null);
  const writes = may('supervisor', 'admin');
  const set = (p: Readonly<Record<string, unknown>>): void => {
    const made: Record<string, unknown> = { ...body.value, ...p };
    for (const key of Object.keys(made)) if (made[key] === undefined) delete made[key];
    body.value = made as CheckBody;
    error.value = '';
  };
  const rename = (name: string): void => {
    const was = body.value.name;
    set({ name: typeof was === 'string' ? name : { ...was, [lang.value]: name } });
  };
  const attempt = async (): Promise<void> => {
    busy.value = true;
    error.value = '';
    const sum: Result = { looked: 0, hits: 0, before: 0, new: 0, gone: 0, items: [], all: false };
    try {
      let to: number | undefined;
      const from = Date.now() - 7 * 86_400_000;
      for (let page = 0; page < PAGES_MAX && !sum.all; page++) {
        const got = await tryCheck(check.key, body.value, from, to);
        for (const key of ['looked', 'hits', 'before', 'new', 'gone'] as const) sum[key] += got[key];
        sum.items = [...sum.items, ...got.items];
        to = got.next ?? undefined;
        sum.all = got.next === null;
      }
      result.value = sum;
    } catch (e) {
      error.value = asError(e).title || s('unreachable');
    }
    busy.value = false;
  };
  const save = async (): Promise<void> => {
    busy.value = true;
    error.value = '';
    try {
      await api(`sites/${encodeURIComponent(site.value?.key ?? '')}/documents/check/${encodeURIComponent(check.key)}`, {
        method: 'PUT',
        headers: check.version ? { 'If-Match': `"${check.version}"` } : { 'If-None-Match': '*' },
        body: body.value,
      });
      toast(w('saved'));
      onSaved();
    } catch (e) {
      error.value =
        e instanceof ApiError && e.status === 412 ? w('changedElsewhere') : asError(e).title || s('unreachable');
    }
    busy.value = false;
  };
  const named = body.value.name;
  return (
    <section class="checks-edit" aria-label={checkName(check.key)}>
      <h2>{checkName(check.key)}</h2>
      <p class="dim">{w(`type_${check.type}` as 'type_says')}</p>
      <Field
        label={w('name')}
        maxLength={80}
        disabled={!writes}
        defaultValue={typeof named === 'string' ? named : (named[lang.value] ?? '')}
        onInput={(ev) => rename(ev.currentTarget.value)}
      />
      {TIMED.has(check.type) && (
        <Field
          label={w('seconds')}
          {...(check.type === 'promise' ? { hint: w('secondsPromise') } : {})}
          type="number"
          disabled={!writes}
          defaultValue={String(Number(body.value['after_ms'] ?? 60_000) / 1000)}
          onInput={(ev) => set({ after_ms: Math.round(1000 * Number(ev.currentTarget.value)) })}
        />
      )}
      {check.type === 'says' && body.value['place'] !== undefined && body.value['place'] !== 'any' && (
        <Field
          label={body.value['place'] === 'first' ? w('firstMessages') : w('lastMessages')}
          type="number"
          disabled={!writes}
          defaultValue={String(body.value['messages'] ?? 2)}
          onInput={(ev) => set({ messages: Number(ev.currentTarget.value) })}
        />
      )}
      {(WORDS[check.type] ?? []).map((name) => (
        <Area
          key={name}
          label={w(`${name}_${check.type}` as 'words_says')}
          hint={w('onePerLine')}
          rows={name === 'words' ? 8 : 4}
          disabled={!writes}
          defaultValue={((body.value[name] as string[] | undefined) ?? []).join('\n')}
          onInput={(ev) => set({ [name]: lines(ev.currentTarget.value) })}
        />
      ))}
      <div class="flags">
        <Flag label={w('off')} on={body.value['off'] === true} set={(on) => set({ off: on || undefined })} />
        <Flag label={w('risk')} on={body.value['risk'] === true} set={(on) => set({ risk: on || undefined })} />
        <Flag
          label={w('machines')}
          on={body.value['machines'] === true}
          set={(on) => set({ machines: on || undefined })}
        />
      </div>
      {error.value && (
        <p class="error" role="alert">
          {error.value}
        </p>
      )}
      {writes && (
        <div class="acts">
          {may('supervisor') && (
            <Button disabled={busy.value} onClick={() => void attempt()}>
              {w('try')}
            </Button>
          )}
          <Button kind="primary" disabled={busy.value || body.value === check.body} onClick={() => void save()}>
            {w('save')}
          </Button>
        </div>
      )}
      {result.value && <Lines of={result.value} />}
    </section>
  );
}

export function Checks() {
  const picked = useSignal('');
  const failed = useSignal('');
  const load = async (): Promise<void> => {
    try {
      await loadChecks();
      failed.value = '';
    } catch (e) {
      failed.value = asError(e).title || s('unreachable');
    }
  };
  useEffect(() => void load(), [site.value?.key]);
  const all = checks.value;
  const check = all.find((c) => c.key === picked.value) ?? all[0];
  return (
    <div class="checks-desk">
      <section class="checks-list" aria-label={w('title')}>
        <p class="dim">{w('lead')}</p>
        {failed.value ? (
          <div class="empty" role="alert">
            <p>{failed.value}</p>
            <Button small onClick={() => void load()}>
              {k('retry')}
            </Button>
          </div>
        ) : (
          <ul>
            {all.map((c) => (
              <Row key={c.key} c={c} current={c === check} onPick={() => (picked.value = c.key)} />
            ))}
          </ul>
        )}
      </section>
      {check && <Editor key={`${check.key}/${check.version}`} check={check} onSaved={() => void load()} />}
    </div>
  );
}
