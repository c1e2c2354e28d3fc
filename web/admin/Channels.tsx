// Channels.tsx: where visitors come from. The form is made of the adapter's own table of settings; below it what setting up takes: the
// address to paste, what was heard of the platform lately, a try.
import './channels.css';
import { signal, useSignal } from '@preact/signals';
import { CircleAlert, CircleCheck, RefreshCw } from 'lucide';
import { useEffect, useRef } from 'preact/hooks';
import { api, query } from '../core/api';
import type { Lang } from '../core/i18n';
import { listTime } from '../core/time';
import { Banner } from '../kit/Banner';
import { Button } from '../kit/Button';
import { Field } from '../kit/Field';
import { Icon } from '../kit/Icon';
import { lazy } from '../kit/lazy';
import { lang } from '../kit/i18n';
import { site } from '../kit/session';
import { Secret } from './Secret';
import type { TemplateKind } from './Templates';
import { type Called, labelOf } from './called';
import { docOf, type Doc, type Draft } from './docs';
import { Choice, Lines, NumberField, SecretField, Section, Switch, TextField } from './fields';
import { queueOptions } from './Rule';
import { t, wordOf } from './words';

const Templates = lazy(() => import('./later').then((m) => m.Templates));

interface Setting {
  name: string;
  type: 'text' | 'number' | 'boolean' | 'url' | 'texts';
  required: boolean;
  secret?: true;
  default?: string;
  min?: number;
  max?: number;
  help: string;
}
interface Adapter {
  name: string;
  text_max: number;
  window_ms?: number;
  window_count?: number;
  templates?: true;
  template_kinds?: readonly TemplateKind[];
  keys: Setting[];
  words: Partial<Record<Lang, Called>>; // beside the English of what is here
}
interface Heard {
  at: number;
  verdict: string;
  status: number;
  events: number;
  kind?: string;
}
interface State {
  key: string;
  opens?: boolean;
  callback?: string;
  token?: { held: boolean; renew_at?: number };
  late?: true;
  gone_at?: number;
  rejected?: { at: number; reason: string };
  events?: Heard[];
}
interface Tried {
  good: boolean;
  steps: { step: string; good: boolean; reason?: string }[];
}

const adapters = signal<readonly Adapter[]>([]);
const states = signal<readonly State[]>([]);

const here = (): string => `sites/${encodeURIComponent(site.value?.key ?? '')}/channels`;

export async function loadAdapters(): Promise<void> {
  try {
    adapters.value = (await api<{ items: Adapter[] }>('adapters')).items;
  } catch {
    adapters.value = []; // the form says that it has no settings
  }
}

async function loadStates(): Promise<void> {
  try {
    states.value = (await api<{ items: State[] }>(here())).items;
  } catch {
    // what was there stays
  }
}

export const adapterName = (name: string): string => wordOf('adapter', name);

export function channelRow(d: Doc): { name: string; sub: string; off: boolean; order: string } {
  const name = String(d.body['name'] ?? d.key);
  return { name, sub: adapterName(String(d.body['adapter'] ?? '')), off: d.body['off'] === true, order: name };
}

const lines = (text: string): string[] | undefined => {
  const made = text.split(/[\s,]+/).filter(Boolean);
  return made.length ? made : undefined;
};

function SettingField({ draft, k, called }: { draft: Draft; k: Setting; called: Called | undefined }) {
  const name = `settings.${k.name}`;
  const shared = {
    draft,
    name,
    label: labelOf(called, k.name, k.name, k.required),
    hint: called?.[k.name]?.help ?? k.help,
  };
  if (k.secret) return <SecretField {...shared} {...(k.type === 'texts' ? { take: lines } : {})} />;
  switch (k.type) {
    case 'boolean':
      return <Switch {...shared} def={k.default === 'true'} />;
    case 'number':
      return (
        <NumberField
          {...shared}
          min={k.min ?? 0}
          max={k.max ?? Number.MAX_SAFE_INTEGER}
          {...(k.default === undefined ? {} : { def: Number(k.default) })}
        />
      );
    case 'texts':
      return <Lines {...shared} rows={2} />;
    default:
      return (
        <TextField
          {...shared}
          {...(k.type === 'url' ? { type: 'url' as const } : {})}
          {...(k.max ? { maxLength: k.max } : {})}
          placeholder={k.default ?? ''}
        />
      );
  }
}

export function ChannelForm({ draft }: { draft: Draft }) {
  const adapter = String(draft.value('adapter') ?? '');
  const a = adapters.value.find((x) => x.name === adapter);
  const stored = docOf('channel', draft.key.value);
  const called = a?.words[lang.value];
  return (
    <>
      <Section title={t('s_channel')}>
        <TextField draft={draft} name="name" label={t('f_name')} required maxLength={80} />
        <div class="grid">
          {stored ? (
            <p class="fixed">
              <span class="field-label">{t('f_channel_adapter')}</span> {adapterName(adapter)}
            </p>
          ) : (
            <Choice
              draft={draft}
              name="adapter"
              label={t('f_channel_adapter')}
              options={adapters.value.map((x) => ({ value: x.name, label: adapterName(x.name) }))}
              none={t('channelChoose')}
            />
          )}
          <Choice draft={draft} name="queue" label={t('f_channel_queue')} options={queueOptions()} />
        </div>
        <Switch draft={draft} name="off" not label={t('enabled')} />
      </Section>
      {a && (
        <Section title={t('s_channel_settings', { name: adapterName(adapter) })} hint={t('s_channel_settings_h')}>
          {a.keys.map((k) => (
            <SettingField key={k.name} draft={draft} k={k} called={called} />
          ))}
          {a.window_ms !== undefined && (
            <p class="dim">
              {t(a.window_count ? 'channelWindow' : 'channelWindowAny', {
                hours: a.window_ms / 3_600_000,
                n: a.window_count ?? 0,
              })}
            </p>
          )}
        </Section>
      )}
      {a?.templates && <Templates draft={draft} adapter={adapter} kinds={a.template_kinds ?? []} called={called} />}
      {stored && a && <Live name={draft.key.value} />}
    </>
  );
}

/** What the daemon knows of it now. */
interface RefusedNotice {
  kind: string;
  at: number;
  by: { name: string };
  text: string;
  channel?: string;
}

/** On every page: nothing comes or goes there until somebody mends it. Asked again wherever one goes. */
export function RefusedChannels({ at }: { at: string }) {
  const all = useSignal<RefusedNotice[]>([]);
  useEffect(() => {
    api<{ items: RefusedNotice[] }>(`notices${query({ site: site.value?.key })}`, { quiet: true }).then(
      ({ items }) => (all.value = items.filter((n) => n.channel)),
      () => undefined,
    );
  }, [at]);
  return (
    <>
      {all.value.map((n) => (
        <Banner key={n.channel} kind="bad">
          <a href={`#/channel/${n.channel}`}>{n.by.name}</a>{' '}
          {t('channelRejected', { time: listTime(n.at, Date.now(), lang.value), reason: n.text })}
        </Banner>
      ))}
    </>
  );
}

function Live({ name }: { name: string }) {
  useEffect(() => void loadStates(), [name]);
  const s = states.value.find((x) => x.key === name);
  if (!s) return null;
  const at = Date.now();
  return (
    <>
      <Section title={t('channelAddress')} hint={t('channelAddressHint')}>
        {s.callback && <Secret text={s.callback} />}
      </Section>
      <Section title={t('channelState')}>
        <p class={s.opens ? 'verdict good' : 'verdict bad'}>
          <Icon node={s.opens ? CircleCheck : CircleAlert} size={16} />
          {s.opens ? t('channelOpens') : t('channelRefused')}
        </p>
        {s.gone_at !== undefined && (
          <p class="verdict bad">
            <Icon node={CircleAlert} size={16} />
            {t('channelGone', { time: listTime(s.gone_at, at, lang.value) })}
          </p>
        )}
        {s.rejected && (
          <p class="verdict bad">
            <Icon node={CircleAlert} size={16} />
            {t('channelRejected', { time: listTime(s.rejected.at, at, lang.value), reason: s.rejected.reason })}
          </p>
        )}
        {s.token && (
          <p>
            {s.token.held
              ? t('channelTokenHeld', { time: s.token.renew_at ? listTime(s.token.renew_at, at, lang.value) : '' })
              : t('channelTokenNone')}
          </p>
        )}
        <div class="heard-head">
          <h4>{t('channelHeard')}</h4>
          <Button small icon={RefreshCw} onClick={() => void loadStates()}>
            {t('channelAgain')}
          </Button>
        </div>
        {(s.events ?? []).length === 0 ? (
          <p class="dim">{t('channelSilent')}</p>
        ) : (
          <table class="heard">
            <thead>
              <tr>
                <th scope="col">{t('channelWhen')}</th>
                <th scope="col">{t('channelVerdict')}</th>
                <th scope="col">{t('channelAnswered')}</th>
              </tr>
            </thead>
            <tbody>
              {(s.events ?? []).map((e, i) => (
                <tr key={`${e.at} ${i}`} class={e.verdict === 'accepted' ? '' : 'bad'}>
                  <td class="num">{new Date(e.at).toLocaleString(lang.value)}</td>
                  <td>
                    {wordOf('verdict', e.verdict)}
                    {e.events > 0 && ` · ${e.events} × ${wordOf('heard', e.kind ?? '')}`}
                  </td>
                  <td class="num">{e.status}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Section>
      <Try name={name} />
    </>
  );
}

function Try({ name }: { name: string }) {
  const to = useRef<HTMLInputElement>(null);
  const busy = useSignal(false);
  const result = useSignal<Tried | string | null>(null);
  const run = async (): Promise<void> => {
    const whom = to.current?.value.trim();
    busy.value = true;
    try {
      result.value = await api<Tried>(`${here()}/${encodeURIComponent(name)}/test`, {
        method: 'POST',
        body: whom ? { to: whom, text: t('channelTestText') } : {},
      });
    } catch (e) {
      result.value = e instanceof Error ? e.message : String(e);
    }
    busy.value = false;
    void loadStates();
  };
  const r = result.value;
  return (
    <Section title={t('channelTry')} hint={t('channelTryHint')}>
      <Field label={t('channelTryTo')} hint={t('channelTryToHint')} inputRef={to} autocomplete="off" maxLength={200} />
      <Button onClick={() => void run()} disabled={busy.value}>
        {t('channelTryGo')}
      </Button>
      <div role="status">
        {typeof r === 'string' && <p class="verdict bad">{r}</p>}
        {r && typeof r !== 'string' && (
          <ul class="steps">
            {r.steps.map((s) => (
              <li key={s.step} class={s.good ? 'verdict good' : 'verdict bad'}>
                <Icon node={s.good ? CircleCheck : CircleAlert} size={16} />
                {wordOf('step', s.step)}
                {s.reason && ` · ${s.reason}`}
              </li>
            ))}
          </ul>
        )}
      </div>
    </Section>
  );
}
