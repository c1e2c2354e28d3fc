// forms.tsx: the form of each kind of document.
import { useSignal } from '@preact/signals';
import { LANGUAGE_NAMES, LANGUAGES } from '../core/i18n';
import { initialsOf } from '../core/pinyin';
import { codePoints } from '../core/text';
import { shelfOf, type Body, type Draft, type Kind } from './docs';
import { Checks, Choice, ColorField, NumberField, Section, Switch, Tags, TextField, type Option } from './fields';
import { Calendar } from './Hours';
import { ArticleForm, BotForm } from './Answers';
import { ChannelForm } from './Channels';
import { botOptions, queueOptions, RuleForm } from './Rule';
import * as shipped from './shipped';
import { people } from './staff';
import { t, wordOf } from './words';

const DAY_MS = 86_400_000;
export const languageOptions = (): Option[] => LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }));

const zones = (): Option[] => {
  const all =
    typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : ['Asia/Shanghai', 'UTC'];
  return all.map((value) => ({ value, label: value }));
};

const hoursOptions = (): Option[] =>
  shelfOf('hours').docs.value.map((d) => ({ value: d.key, label: String(d.body['name'] ?? d.key) }));

/** Skills that somebody has or some queue asks for; a level behind a colon is no part of the word. */
export function skillWords(): string[] {
  const all = new Set<string>(shelfOf('skill').docs.value.map((d) => d.key));
  for (const p of people.value) for (const s of p.skills) all.add(s.split(':')[0] as string);
  for (const q of shelfOf('queue').docs.value)
    for (const name of ['skills', 'ring1', 'ring2'])
      for (const s of (q.body[name] as string[] | undefined) ?? []) if (s !== 'language') all.add(s);
  return [...all].sort();
}

const WORD = /^[a-z0-9_-]{1,32}$/;
export const isWord = (v: string): boolean => WORD.test(v);

interface FormProps {
  draft: Draft;
}

function Times({
  draft,
  rows,
}: FormProps & { rows: readonly (readonly [name: string, min: number, max: number, def: number, unit: 's' | 'm'])[] }) {
  return (
    <div class="grid">
      {rows.map(([name, min, max, def, unit]) => (
        <NumberField
          key={name}
          draft={draft}
          name={name}
          label={t(`f_${name}` as 'f_name')}
          min={min}
          max={max}
          def={def}
          per={unit === 's' ? 1000 : 60_000}
          unit={unit === 's' ? t('seconds') : t('minutes')}
        />
      ))}
    </div>
  );
}

function SiteForm({ draft }: FormProps) {
  return (
    <>
      <Section title={t('s_site_face')}>
        <TextField draft={draft} name="name" label={t('f_name')} hint={t('f_site_name_h')} required maxLength={80} />
        <div class="grid">
          <Choice
            draft={draft}
            name="language"
            label={t('f_language')}
            hint={t('f_language_h')}
            options={languageOptions()}
          />
          <Choice draft={draft} name="zone" label={t('f_zone')} hint={t('f_zone_h')} options={zones()} />
        </div>
        <Choice
          draft={draft}
          name="hours"
          label={t('f_hours')}
          hint={t('f_site_hours_h')}
          options={hoursOptions()}
          none={t('alwaysOpen')}
        />
        <ColorField draft={draft} name="color" label={t('f_color')} />
        <Tags
          draft={draft}
          name="embed"
          label={t('f_embed')}
          hint={t('f_embed_h')}
          placeholder="https://www.example.com"
          fits={(v) => /^https?:\/\/(\*\.)?[A-Za-z0-9-.]+(:\d{1,5})?$/.test(v)}
          wrong={t('errOrigin')}
        />
      </Section>
      <Section title={t('s_site_talks')}>
        <Times
          draft={draft}
          rows={[
            ['reopen_ms', 0, 30 * DAY_MS, 600_000, 'm'],
            ['grace_ms', 0, 600_000, 30_000, 's'],
            ['wrapup_ms', 0, 3_600_000, 0, 's'],
            ['sticky_ms', 0, 600_000, 20_000, 's'],
            ['recall_ms', 0, DAY_MS, 120_000, 's'],
            ['refused_ms', 0, 3_600_000, 30_000, 's'],
          ]}
        />
        <div class="grid">
          <NumberField draft={draft} name="missed_max" label={t('f_missed_max')} min={0} max={20} def={2} />
          <NumberField
            draft={draft}
            name="returning_ms"
            label={t('f_returning_ms')}
            min={0}
            max={DAY_MS}
            per={60_000}
            unit={t('minutes')}
            def={0}
          />
          <NumberField
            draft={draft}
            name="returning_priority"
            label={t('f_returning_priority')}
            hint={t('priorityHint')}
            min={-60}
            max={60}
            def={0}
          />
          <NumberField
            draft={draft}
            name="vip_priority"
            label={t('f_vip_priority')}
            hint={t('f_vip_priority_h')}
            min={-60}
            max={60}
            def={0}
          />
        </div>
      </Section>
      <Section title={t('s_site_limits')}>
        <div class="grid">
          <NumberField draft={draft} name="text_max" label={t('f_text_max')} min={1} max={20_000} def={4096} />
          <NumberField
            draft={draft}
            name="file_max"
            label={t('f_file_max')}
            min={0}
            max={1 << 30}
            per={1 << 20}
            unit="MB"
            def={10 << 20}
          />
          <NumberField
            draft={draft}
            name="message_burst"
            label={t('f_message_burst')}
            hint={t('zeroHouse')}
            min={0}
            max={1000}
            def={0}
          />
          <NumberField
            draft={draft}
            name="message_rate"
            label={t('f_message_rate')}
            hint={t('zeroHouse')}
            min={0}
            max={1000}
            def={0}
          />
        </div>
      </Section>
    </>
  );
}

function QueueForm({ draft }: FormProps) {
  const own = typeof draft.value('hours') === 'object';
  const others = queueOptions().filter((o) => o.value !== draft.key.value);
  const skills = skillWords();
  return (
    <>
      <Section title={t('s_queue')}>
        <TextField draft={draft} name="name" label={t('f_name')} hint={t('f_queue_name_h')} required maxLength={80} />
        <div class="grid">
          <TextField
            draft={draft}
            name="department"
            label={t('f_department')}
            hint={t('f_department_h')}
            maxLength={32}
          />
          <NumberField
            draft={draft}
            name="priority"
            label={t('f_priority')}
            hint={t('priorityHint')}
            min={-60}
            max={60}
            def={0}
          />
        </div>
        <Switch draft={draft} name="paused" label={t('f_paused')} hint={t('f_paused_h')} />
      </Section>
      <Section title={t('s_queue_assign')}>
        <Choice
          draft={draft}
          name="bot"
          label={t('f_queue_bot')}
          hint={botOptions().length ? t('f_queue_bot_h') : t('botsNone')}
          options={botOptions()}
          none={t('noBot')}
        />
        <Switch draft={draft} name="offer" label={t('f_offer')} hint={t('f_offer_h')} />
        {draft.value('offer') === true && (
          <NumberField
            draft={draft}
            name="offer_ms"
            label={t('f_offer_ms')}
            min={5000}
            max={600_000}
            per={1000}
            unit={t('seconds')}
            def={30_000}
          />
        )}
        <Tags
          draft={draft}
          name="skills"
          label={t('f_skills')}
          hint={t('f_queue_skills_h')}
          suggestions={skills}
          fits={isWord}
          wrong={t('errWord')}
        />
        <Switch draft={draft} name="language" label={t('f_queue_language')} hint={t('f_queue_language_h')} />
      </Section>
      <Section title={t('s_queue_rings')} hint={t('s_queue_rings_h')}>
        {(['ring1', 'ring2'] as const).map((ring) => (
          <div class="grid" key={ring}>
            <NumberField
              draft={draft}
              name={`${ring}_ms`}
              label={t(`f_${ring}_ms`)}
              min={0}
              max={DAY_MS}
              per={1000}
              unit={t('seconds')}
              def={0}
            />
            <Tags
              draft={draft}
              name={ring}
              label={t('f_ring')}
              suggestions={[...skills, 'language']}
              fits={isWord}
              wrong={t('errWord')}
            />
          </div>
        ))}
        <div class="grid">
          <NumberField
            draft={draft}
            name="overflow_ms"
            label={t('f_overflow_ms')}
            min={0}
            max={DAY_MS}
            per={1000}
            unit={t('seconds')}
            def={0}
          />
          <Choice draft={draft} name="overflow" label={t('f_overflow')} options={others} none={t('nobodyElse')} />
          <NumberField
            draft={draft}
            name="limit_ms"
            label={t('f_limit_ms')}
            min={0}
            max={DAY_MS}
            per={60_000}
            unit={t('minutes')}
            def={0}
          />
          <NumberField
            draft={draft}
            name="retry_ms"
            label={t('f_retry_ms')}
            min={60_000}
            max={DAY_MS}
            per={60_000}
            unit={t('minutes')}
            def={900_000}
          />
        </div>
      </Section>
      <Section title={t('s_queue_silent')}>
        <Times
          draft={draft}
          rows={[
            ['remind_ms', 0, DAY_MS, 60_000, 's'],
            ['alert_ms', 0, DAY_MS, 120_000, 's'],
            ['requeue_ms', 0, DAY_MS, 0, 's'],
          ]}
        />
      </Section>
      <Section title={t('s_queue_hours')}>
        <div class="chips" role="radiogroup" aria-label={t('s_queue_hours')}>
          <label class={own ? 'chip' : 'chip on'}>
            <input type="radio" name="own-hours" checked={!own} onChange={() => draft.set('hours', undefined)} />
            {t('hoursShared')}
          </label>
          <label class={own ? 'chip on' : 'chip'}>
            <input
              type="radio"
              name="own-hours"
              checked={own}
              onChange={() => draft.set('hours', { week: { mon: ['09:00-18:00'] } })}
            />
            {t('hoursOwn')}
          </label>
        </div>
        {!own && (
          <Choice draft={draft} name="hours" label={t('f_hours')} options={hoursOptions()} none={t('hoursOfSite')} />
        )}
        {own && <Choice draft={draft} name="zone" label={t('f_zone')} options={zones()} none={t('zoneOfSite')} />}
      </Section>
      {own && <Calendar draft={draft} base="hours." />}
    </>
  );
}

function HoursForm({ draft }: FormProps) {
  return (
    <>
      <Section title={t('s_hours')}>
        <div class="grid">
          <TextField draft={draft} name="name" label={t('f_name')} required maxLength={80} />
          <Choice draft={draft} name="zone" label={t('f_zone')} options={zones()} none={t('zoneOfSite')} />
        </div>
      </Section>
      <Calendar draft={draft} />
    </>
  );
}

function CannedForm({ draft }: FormProps) {
  const text = String(draft.value('text') ?? '');
  return (
    <Section title={t('s_canned')}>
      <TextField draft={draft} name="title" label={t('f_title')} required maxLength={80} />
      <TextField
        draft={draft}
        name="text"
        label={t('f_text')}
        hint={t('f_text_h', { n: codePoints(text), vars: '{姓名} {工号} {访客}' })}
        rows={6}
        required
        maxLength={4096}
      />
      <div class="grid">
        <TextField draft={draft} name="code" label={t('f_code')} hint={t('f_code_h')} required maxLength={32} />
        <TextField
          draft={draft}
          name="initials"
          label={t('f_initials')}
          hint={t('f_initials_h')}
          maxLength={32}
          placeholder={initialsOf(String(draft.value('title') ?? ''))}
        />
        <TextField draft={draft} name="folder" label={t('f_folder')} maxLength={80} />
        <Choice draft={draft} name="lang" label={t('f_lang')} options={languageOptions()} none={t('langOfSite')} />
      </div>
      <Checks
        draft={draft}
        name="queues"
        label={t('f_canned_queues')}
        hint={t('f_canned_queues_h')}
        options={queueOptions()}
      />
    </Section>
  );
}

function ForbiddenForm({ draft }: FormProps) {
  return (
    <Section title={t('s_forbidden')} hint={t('s_forbidden_h')}>
      <TextField draft={draft} name="name" label={t('f_forbidden_name')} required maxLength={80} />
      <Tags draft={draft} name="words" label={t('f_words')} hint={t('f_words_h')} />
      <TextField draft={draft} name="advice" label={t('f_advice')} hint={t('f_advice_h')} rows={2} maxLength={200} />
      <Switch draft={draft} name="off" not label={t('enabled')} />
    </Section>
  );
}

function SkillForm({ draft }: FormProps) {
  return (
    <Section title={t('s_skill')}>
      <TextField draft={draft} name="name" label={t('f_name')} hint={t('f_skill_name_h')} required maxLength={80} />
    </Section>
  );
}

/** Of one language: every wording there is, with what is shipped in the field as long as nothing else is said. */
function WordingForm({ draft }: FormProps) {
  const lang = LANGUAGES.find((l) => l.toLowerCase() === draft.key.value) ?? 'zh-CN';
  const defaults = shipped.wordings[lang] ?? {};
  const keys = [
    ...new Set([...Object.keys(defaults), ...shelfOf('wording').docs.value.flatMap((d) => Object.keys(d.body))]),
  ];
  const words = useSignal('');
  const needle = words.value.toLowerCase();
  const shown = keys.filter((k) => {
    const said = `${k} ${wordingName(k)} ${String(draft.value(k) ?? defaults[k] ?? '')}`;
    return !needle || said.toLowerCase().includes(needle);
  });
  return (
    <Section
      title={LANGUAGE_NAMES[lang]}
      hint={t('s_wording_h', { vars: '{name} {number} {position} {site} {opening}' })}
    >
      <input
        type="search"
        class="input"
        aria-label={t('wordingFind')}
        placeholder={t('wordingFind')}
        onInput={(ev) => !(ev as InputEvent).isComposing && (words.value = ev.currentTarget.value)}
        onCompositionEnd={(ev) => (words.value = ev.currentTarget.value)}
      />
      <div class="wordings" lang={lang}>
        {shown.map((k) => (
          <TextField
            key={k}
            draft={draft}
            name={k}
            label={wordingName(k)}
            hint={draft.value(k) === undefined ? undefined : t('wordingOwn')}
            rows={2}
            maxLength={4096}
            placeholder={defaults[k] ?? ''}
          />
        ))}
      </div>
      {shown.length === 0 && <p class="dim">{t('nothingFound')}</p>}
    </Section>
  );
}

export function wordingName(key: string): string {
  const known = wordOf('w', key);
  return known === key ? key : `${known} · ${key}`;
}

export const FORMS: Partial<Record<Kind, (p: FormProps) => preact.JSX.Element>> = {
  site: SiteForm,
  queue: QueueForm,
  hours: HoursForm,
  rule: RuleForm,
  wording: WordingForm,
  canned: CannedForm,
  forbidden: ForbiddenForm,
  skill: SkillForm,
  article: ArticleForm,
  bot: BotForm,
  channel: ChannelForm,
};

/** What a new one begins with. */
export const TEMPLATES: Partial<Record<Kind, Body>> = {
  queue: { name: '' },
  hours: {
    name: '',
    week: {
      mon: ['09:00-18:00'],
      tue: ['09:00-18:00'],
      wed: ['09:00-18:00'],
      thu: ['09:00-18:00'],
      fri: ['09:00-18:00'],
    },
  },
  rule: { event: 'opened', actions: ['say'] },
  canned: { title: '', text: '', code: '' },
  forbidden: { name: '', words: [] },
  skill: { name: '' },
  article: { published: true },
  bot: { name: '', url: '' },
  channel: { name: '', adapter: '', settings: {} },
  wording: {},
};
