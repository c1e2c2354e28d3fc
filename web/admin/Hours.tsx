// Hours.tsx: business hours: a week, holidays and extra working days, closed for a while.
import type { Draft } from './docs';
import { AddButton, RemoveButton, Section } from './fields';
import { t } from './words';

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
type Week = Partial<Record<(typeof DAYS)[number], string[]>>;
type Special = Record<string, string[] | { name?: string; open?: string[] }>;
interface Closing {
  from: string;
  to?: string;
  reason?: string;
}

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;
const SPAN = /^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/;

export function spanOk(span: string): boolean {
  const [from, to] = span.split('-');
  return SPAN.test(span) && from !== to;
}

/** Minutes of a week that are open, so that one sees what one has made. */
export function weekMinutes(week: Week): number {
  let sum = 0;
  for (const day of DAYS)
    for (const span of week[day] ?? []) {
      if (!spanOk(span)) continue;
      const [from = '', to = ''] = span.split('-');
      const m = (x: string): number => Number(x.slice(0, 2)) * 60 + Number(x.slice(3));
      sum += (m(to) - m(from) + 1440) % 1440 || 1440;
    }
  return sum;
}

/** "9", "930", "9:30" and "９：３０" are times of a day as well as "09:30"; '' what is none. */
export function clockOf(typed: string): string {
  const plain = typed.normalize('NFKC').trim();
  const m = /^(\d{1,2}):?(\d{2})$/.exec(plain) ?? /^(\d{1,2})$/.exec(plain);
  if (!m) return '';
  const time = `${(m[1] as string).padStart(2, '0')}:${m[2] ?? '00'}`;
  return TIME.test(time) || time === '24:00' ? time : '';
}

/** By the clock of 24 hours, whatever the browser's own habits are. */
function Clock({ value, label, onChange }: { value: string; label: string; onChange: (v: string) => void }) {
  return (
    <input
      class="input num"
      inputMode="numeric"
      maxLength={5}
      placeholder="09:00"
      autocomplete="off"
      aria-label={label}
      defaultValue={value}
      onChange={(ev) => {
        const time = clockOf(ev.currentTarget.value);
        ev.currentTarget.value = time || value;
        if (time && time !== value) onChange(time);
      }}
    />
  );
}

function Spans({
  spans,
  onChange,
  label,
}: {
  spans: readonly string[];
  onChange: (s: string[]) => void;
  label: string;
}) {
  const set = (i: number, which: 0 | 1, value: string): void => {
    const parts = (spans[i] ?? '09:00-18:00').split('-');
    parts[which] = which === 1 && value === '00:00' ? '24:00' : value;
    onChange(spans.map((s, k) => (k === i ? parts.join('-') : s)));
  };
  return (
    <span class="spans">
      {spans.map((s, i) => {
        const [from = '', to = ''] = s.split('-');
        const over = TIME.test(from) && TIME.test(to) && to < from;
        return (
          <span class={spanOk(s) ? 'span' : 'span wrong'} key={`${i}/${spans.length}`}>
            <Clock label={t('spanFrom', { day: label })} value={from} onChange={(v) => set(i, 0, v)} />
            <span aria-hidden="true">–</span>
            <Clock label={t('spanTo', { day: label })} value={to} onChange={(v) => set(i, 1, v)} />
            {over && <small class="dim">{t('nextDay')}</small>}
            <RemoveButton
              label={t('spanRemove', { day: label })}
              onClick={() => onChange(spans.filter((_s, k) => k !== i))}
            />
          </span>
        );
      })}
      {spans.length === 0 && <span class="dim">{t('dayClosed')}</span>}
      {spans.length < 4 && (
        <AddButton
          label={t('spanAdd')}
          onClick={() => onChange([...spans, spans.length ? '13:30-18:00' : '09:00-18:00'])}
        />
      )}
    </span>
  );
}

/** `base`: where in the document the hours stand: '' or 'hours.'. */
export function Calendar({ draft, base = '' }: { draft: Draft; base?: string }) {
  const week = (draft.value(`${base}week`) ?? {}) as Week;
  const setDay = (day: (typeof DAYS)[number], spans: string[]): void => {
    const made = { ...week };
    if (spans.length) made[day] = spans;
    else delete made[day];
    draft.set(`${base}week`, made);
  };
  const hours = weekMinutes(week) / 60;
  const error = draft.errors.value[`${base}week`];
  return (
    <>
      <Section title={t('week')} hint={t('weekHint')}>
        <ul class="week" key={draft.filled.value}>
          {DAYS.map((day) => (
            <li key={day}>
              <b>{t(`day_${day}`)}</b>
              <Spans spans={week[day] ?? []} label={t(`day_${day}`)} onChange={(s) => setDay(day, s)} />
            </li>
          ))}
        </ul>
        <p class="dim week-sum">
          {t('weekSum', { n: Number.isInteger(hours) ? hours : hours.toFixed(1) })}
          <button
            type="button"
            class="btn quiet small"
            onClick={() => {
              const monday = week.mon ?? [];
              const made: Week = { ...week };
              for (const d of ['tue', 'wed', 'thu', 'fri'] as const) {
                if (monday.length) made[d] = [...monday];
                else delete made[d];
              }
              draft.set(`${base}week`, made);
              draft.filled.value += 1;
            }}
          >
            {t('copyMonday')}
          </button>
        </p>
        {error && (
          <p class="error" role="alert">
            {error}
          </p>
        )}
      </Section>
      <Specials draft={draft} base={base} />
      <Closings draft={draft} base={base} />
    </>
  );
}

function Specials({ draft, base }: { draft: Draft; base: string }) {
  const all = (draft.value(`${base}special`) ?? {}) as Special;
  const rows = Object.entries(all);
  const error = draft.errors.value[`${base}special`];
  const store = (made: [string, Special[string]][]): void =>
    draft.set(`${base}special`, made.length ? Object.fromEntries(made) : undefined);
  const change = (key: string, to: string, day: Special[string]): void =>
    store(rows.map(([k, v]): [string, Special[string]] => (k === key ? [to, day] : [k, v])));
  const parts = (key: string): [string, string] => {
    const [from = '', to = from] = key.split('..');
    return [from, to];
  };
  const keyOf = (from: string, to: string): string => (to && to > from ? `${from}..${to}` : from);
  return (
    <Section title={t('specials')} hint={t('specialsHint')}>
      <ul class="specials" key={draft.filled.value}>
        {rows.map(([key, day], i) => {
          const [from, to] = parts(key);
          const open = Array.isArray(day) ? day : (day.open ?? []);
          const name = Array.isArray(day) ? '' : (day.name ?? '');
          const made = (n: string, o: string[]): Special[string] =>
            n ? { name: n, ...(o.length ? { open: o } : {}) } : o;
          return (
            <li key={`${i}/${rows.length}`}>
              <input
                class="input"
                aria-label={t('specialName')}
                placeholder={t('specialName')}
                maxLength={80}
                defaultValue={name}
                onChange={(ev) => change(key, key, made(ev.currentTarget.value.trim(), open))}
              />
              <span class="range">
                <input
                  type="date"
                  class="input num"
                  aria-label={t('dateFrom')}
                  defaultValue={from}
                  onChange={(ev) =>
                    ev.currentTarget.value &&
                    change(key, keyOf(ev.currentTarget.value, to > ev.currentTarget.value ? to : ''), day)
                  }
                />
                <span aria-hidden="true">–</span>
                <input
                  type="date"
                  class="input num"
                  aria-label={t('dateTo')}
                  min={from}
                  defaultValue={to}
                  onChange={(ev) => change(key, keyOf(from, ev.currentTarget.value), day)}
                />
              </span>
              <Spans spans={open} label={name || from} onChange={(o) => change(key, key, made(name, o))} />
              <RemoveButton
                label={t('removeOne', { name: name || key })}
                onClick={() => store(rows.filter(([k]) => k !== key))}
              />
            </li>
          );
        })}
      </ul>
      <AddButton
        label={t('specialAdd')}
        onClick={() => {
          const day = new Date();
          const used = new Set(rows.map(([k]) => k));
          let key = '';
          do {
            day.setDate(day.getDate() + 1);
            key = `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, '0')}-${String(day.getDate()).padStart(2, '0')}`;
          } while (used.has(key));
          store([...rows, [key, []]]);
        }}
      />
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
    </Section>
  );
}

function Closings({ draft, base }: { draft: Draft; base: string }) {
  const all = (draft.value(`${base}closed`) ?? []) as Closing[];
  const list = Array.isArray(all) ? all : [all];
  const error = draft.errors.value[`${base}closed`];
  const store = (made: Closing[]): void => draft.set(`${base}closed`, made.length ? made : undefined);
  const change = (i: number, p: Partial<Closing>): void => {
    const one = { ...(list[i] as Closing), ...p };
    if (!one.to) delete one.to;
    if (!one.reason) delete one.reason;
    store(list.map((c, k) => (k === i ? one : c)));
  };
  const local = (v: string | undefined): string => (v ?? '').replace(' ', 'T');
  const wall = (v: string): string => v.replace('T', ' ');
  return (
    <Section title={t('closings')} hint={t('closingsHint')}>
      <ul class="specials" key={draft.filled.value}>
        {list.map((c, i) => (
          <li key={`${i}/${list.length}`}>
            <input
              class="input"
              aria-label={t('closingReason')}
              placeholder={t('closingReason')}
              maxLength={80}
              defaultValue={c.reason ?? ''}
              onChange={(ev) => change(i, { reason: ev.currentTarget.value.trim() })}
            />
            <span class="range">
              <input
                type="datetime-local"
                class="input num"
                aria-label={t('dateFrom')}
                defaultValue={local(c.from)}
                onChange={(ev) => ev.currentTarget.value && change(i, { from: wall(ev.currentTarget.value) })}
              />
              <span aria-hidden="true">–</span>
              <input
                type="datetime-local"
                class="input num"
                aria-label={t('dateTo')}
                defaultValue={local(c.to)}
                onChange={(ev) => change(i, { to: wall(ev.currentTarget.value) })}
              />
            </span>
            {!c.to && <span class="dim">{t('closedUntilRemoved')}</span>}
            <RemoveButton
              label={t('removeOne', { name: c.reason || c.from })}
              onClick={() => store(list.filter((_c, k) => k !== i))}
            />
          </li>
        ))}
      </ul>
      <AddButton
        label={t('closingAdd')}
        onClick={() => {
          const now = new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
          store([...list, { from: wall(now) }]);
        }}
      />
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
    </Section>
  );
}
