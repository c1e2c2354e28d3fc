// Access.tsx: keys for programs, and who may not write to us.
import { useSignal } from '@preact/signals';
import { Plus } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ApiError } from '../core/api';
import { exactTime } from '../core/time';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { Field } from '../kit/Field';
import { k, lang } from '../kit/i18n';
import { toast } from '../kit/Toast';
import { shelfOf } from './docs';
import { Secret } from './Secret';
import { addBan, bansOf, keysOf, liftBan, makeKey, revokeKey, type BanRow, type KeyRow } from './staff';
import { t, wordOf } from './words';

const VERBS = [
  'read',
  'timeline',
  'transcript',
  'export',
  'quality',
  'presence',
  'settings_read',
  'settings_write',
  'people',
  'audit',
  'status',
];
const DAY_MS = 86_400_000;

function why(e: unknown): string {
  return e instanceof ApiError ? (e.status === 0 ? t('errOffline') : e.title || String(e.status)) : String(e);
}

function When({ at }: { at: number | undefined }) {
  return at ? (
    <time class="num" dateTime={new Date(at).toISOString()}>
      {exactTime(at, lang.value)}
    </time>
  ) : (
    <span class="dim">–</span>
  );
}

interface List<T> {
  rows: readonly T[] | null;
  failed: string;
  load: () => void;
}

/** A list that is asked for once, and again after each act. */
function useList<T>(ask: () => Promise<T[]>): List<T> {
  const rows = useSignal<readonly T[] | null>(null);
  const failed = useSignal('');
  const load = (): void => {
    ask().then(
      (got) => {
        rows.value = got;
        failed.value = '';
      },
      (e: unknown) => (failed.value = why(e)),
    );
  };
  useEffect(load, []);
  return { rows: rows.value, failed: failed.value, load };
}

function Failed({ why: text, again }: { why: string; again: () => void }) {
  return (
    <p class="error" role="alert">
      {t('failed', { why: text })}{' '}
      <Button small onClick={again}>
        {k('retry')}
      </Button>
    </p>
  );
}

/** A page that is such a list, with a button that adds to it. The last column has what can be done with a row. */
function ListPage<T>(props: {
  list: List<T>;
  title: string;
  hint: string;
  none: string;
  add: string;
  onAdd: () => void;
  heads: readonly string[];
  row: (one: T) => ComponentChildren;
  children: ComponentChildren;
}) {
  const { rows, failed, load } = props.list;
  return (
    <div class="page">
      <header class="page-head">
        <h2>{props.title}</h2>
        <Button kind="primary" icon={Plus} onClick={props.onAdd}>
          {props.add}
        </Button>
      </header>
      <p class="hint">{props.hint}</p>
      {failed && <Failed why={failed} again={load} />}
      {rows?.length === 0 && <p class="empty">{props.none}</p>}
      {rows && rows.length > 0 && (
        <div class="table-box" role="region" tabIndex={0} aria-label={props.title}>
          <table class="table">
            <thead>
              <tr>
                {props.heads.map((h) => (
                  <th key={h} scope="col">
                    {h}
                  </th>
                ))}
                <th scope="col">
                  <span class="hidden">{t('acts')}</span>
                </th>
              </tr>
            </thead>
            <tbody>{rows.map(props.row)}</tbody>
          </table>
        </div>
      )}
      {props.children}
    </div>
  );
}

/** Something is done, said, and the list asked for again; or why it was not. */
function act(what: Promise<unknown>, said: string, load: () => void): void {
  what.then(
    () => {
      toast(said);
      load();
    },
    (e: unknown) => toast(t('failed', { why: why(e) }), { bad: true }),
  );
}

export function Keys() {
  const list = useList<KeyRow>(keysOf);
  const adding = useSignal(false);
  const made = useSignal('');
  return (
    <ListPage
      list={list}
      title={t('p_keys')}
      hint={t('keysHint')}
      none={t('keysNone')}
      add={t('keyAdd')}
      onAdd={() => (adding.value = true)}
      heads={[t('f_name'), t('keyVerbs'), t('created'), t('used'), t('expires')]}
      row={(r) => (
        <tr key={r.id} class={r.revoked_at ? 'off' : ''}>
          <th scope="row">{r.name}</th>
          <td>{r.verbs.map((v) => wordOf('verb', v)).join(t('comma'))}</td>
          <td>
            <When at={r.created_at} />
            <small class="dim">{r.created_by}</small>
          </td>
          <td>
            <When at={r.used_at} />
          </td>
          <td>{r.revoked_at ? <span class="mark bad">{t('revoked')}</span> : <When at={r.expires_at} />}</td>
          <td class="acts">
            {!r.revoked_at && (
              <Button
                small
                kind="danger"
                onClick={() => act(revokeKey(r.id), t('keyRevoked', { name: r.name }), list.load)}
              >
                {t('revoke')}
              </Button>
            )}
          </td>
        </tr>
      )}
    >
      {adding.value && (
        <KeyDialog
          onClose={() => (adding.value = false)}
          onMade={(key) => {
            adding.value = false;
            made.value = key;
            list.load();
          }}
        />
      )}
      {made.value && (
        <Dialog title={t('keyMade')} onClose={() => (made.value = '')}>
          <p>{t('keyOnce')}</p>
          <Secret text={made.value} />
        </Dialog>
      )}
    </ListPage>
  );
}

function KeyDialog({ onClose, onMade }: { onClose: () => void; onMade: (key: string) => void }) {
  const name = useRef<HTMLInputElement>(null);
  const days = useRef<HTMLInputElement>(null);
  const verbs = useSignal<readonly string[]>(['transcript', 'timeline']);
  const error = useSignal<{ name?: string; verbs?: string; all?: string }>({});
  const make = async (): Promise<void> => {
    const called = name.current?.value.trim() ?? '';
    const wrong = {
      ...(called ? {} : { name: t('errRequired') }),
      ...(verbs.value.length ? {} : { verbs: t('errRequired') }),
    };
    error.value = wrong;
    if (Object.keys(wrong).length) return;
    const n = Number(days.current?.value || 0);
    try {
      onMade((await makeKey(called, [...verbs.value], n > 0 ? Date.now() + n * DAY_MS : undefined)).key);
    } catch (e) {
      error.value = { all: why(e) };
    }
  };
  return (
    <Dialog
      title={t('keyAdd')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{k('cancel')}</Button>
          <Button kind="primary" onClick={() => void make()}>
            {t('keyMake')}
          </Button>
        </>
      }
    >
      <Field label={t('f_name')} hint={t('keyNameHint')} inputRef={name} maxLength={60} error={error.value.name} />
      <fieldset class="field">
        <legend class="field-label">{t('keyVerbs')}</legend>
        <div class="chips">
          {VERBS.map((v) => (
            <label key={v} class={verbs.value.includes(v) ? 'chip on' : 'chip'}>
              <input
                type="checkbox"
                checked={verbs.value.includes(v)}
                onChange={() =>
                  (verbs.value = verbs.value.includes(v) ? verbs.value.filter((x) => x !== v) : [...verbs.value, v])
                }
              />
              {wordOf('verb', v)}
            </label>
          ))}
        </div>
        {error.value.verbs && (
          <div class="error" role="alert">
            {error.value.verbs}
          </div>
        )}
      </fieldset>
      <Field label={t('keyDays')} hint={t('keyDaysHint')} inputRef={days} inputMode="numeric" defaultValue="365" />
      {error.value.all && (
        <p class="error" role="alert">
          {error.value.all}
        </p>
      )}
    </Dialog>
  );
}

const BLOCK_KINDS = ['address', 'contact', 'identity'];

function kindOf(b: BanRow): string {
  return b.body.address ? 'address' : b.body.visitor ? 'contact' : 'identity';
}

function whom(b: BanRow): string {
  return b.body.address ?? b.body.visitor ?? `${b.body.user ?? ''} · ${b.body.channel ?? ''}`;
}

export function Blocks() {
  const list = useList<BanRow>(bansOf);
  const adding = useSignal(false);
  return (
    <ListPage
      list={list}
      title={t('p_blocks')}
      hint={t('blocksHint')}
      none={t('blocksNone')}
      add={t('blockAdd')}
      onAdd={() => (adding.value = true)}
      heads={[t('blockWhom'), t('f_reason'), t('created'), t('expires')]}
      row={(b) => (
        <tr key={b.key}>
          <th scope="row">
            {whom(b)}
            <small class="dim">
              {wordOf('block', kindOf(b))}
              {b.body.mute && ` · ${t('blockMuted')}`}
            </small>
          </th>
          <td>{b.body.reason}</td>
          <td>
            <When at={b.at} />
            <small class="dim">{b.by}</small>
          </td>
          <td>{b.body.until ? <When at={b.body.until} /> : t('never')}</td>
          <td class="acts">
            <Button small onClick={() => act(liftBan(b), t('blockLifted'), list.load)}>
              {t('blockLift')}
            </Button>
          </td>
        </tr>
      )}
    >
      {adding.value && (
        <BlockDialog
          onClose={() => (adding.value = false)}
          onDone={() => {
            adding.value = false;
            list.load();
          }}
        />
      )}
    </ListPage>
  );
}

function BlockDialog({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const kind = useSignal('address');
  const mute = useSignal(false);
  const channels = shelfOf('channel').docs.value;
  const channel = useSignal(channels[0]?.key ?? '');
  const value = useRef<HTMLInputElement>(null);
  const reason = useRef<HTMLInputElement>(null);
  const days = useRef<HTMLInputElement>(null);
  const error = useSignal<{ value?: string; reason?: string; all?: string }>({});
  const save = async (): Promise<void> => {
    const v = value.current?.value.trim() ?? '';
    const r = reason.current?.value.trim() ?? '';
    const wrong = { ...(v ? {} : { value: t('errRequired') }), ...(r ? {} : { reason: t('errRequired') }) };
    error.value = wrong;
    if (Object.keys(wrong).length) return;
    const n = Number(days.current?.value || 0);
    try {
      await addBan({
        ...(kind.value === 'address'
          ? { address: v }
          : kind.value === 'contact'
            ? { visitor: v }
            : { user: v, channel: channel.value }),
        ...(mute.value ? { mute: true } : {}),
        reason: r,
        ...(n > 0 ? { until: Date.now() + n * DAY_MS } : {}),
      });
      onDone();
    } catch (e) {
      error.value =
        e instanceof ApiError && ['address', 'visitor', 'user'].includes(e.member)
          ? { value: e.title }
          : { all: why(e) };
    }
  };
  return (
    <Dialog
      title={t('blockAdd')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{k('cancel')}</Button>
          <Button kind="danger" onClick={() => void save()}>
            {t('blockDo')}
          </Button>
        </>
      }
    >
      <div class="chips" role="radiogroup" aria-label={t('blockWhom')}>
        {BLOCK_KINDS.map((x) => (
          <label key={x} class={kind.value === x ? 'chip on' : 'chip'}>
            <input type="radio" name="block-kind" checked={kind.value === x} onChange={() => (kind.value = x)} />
            {wordOf('block', x)}
          </label>
        ))}
      </div>
      {kind.value === 'identity' && (
        <label class="field">
          <span class="field-label">{t('c_channel')}</span>
          <select class="input" onChange={(ev) => (channel.value = ev.currentTarget.value)}>
            {channels.map((c) => (
              <option key={c.key} value={c.key}>
                {String(c.body['name'] ?? c.key)}
              </option>
            ))}
          </select>
        </label>
      )}
      <Field
        label={t('blockWhom')}
        hint={wordOf('blockHint', kind.value)}
        inputRef={value}
        maxLength={255}
        error={error.value.value}
      />
      <Field label={t('f_reason')} inputRef={reason} maxLength={200} error={error.value.reason} />
      <Field label={t('blockDays')} hint={t('blockDaysHint')} inputRef={days} inputMode="numeric" defaultValue="7" />
      <label class="switch">
        <input
          type="checkbox"
          role="switch"
          checked={mute.value}
          onChange={(ev) => (mute.value = ev.currentTarget.checked)}
        />
        <span>{t('blockMute')}</span>
      </label>
      {error.value.all && (
        <p class="error" role="alert">
          {error.value.all}
        </p>
      )}
    </Dialog>
  );
}
