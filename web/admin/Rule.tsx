// Rule.tsx: one auto-reply: what it listens to, when it holds, what it does, how often.
import { useSignal } from '@preact/signals';
import { LANGUAGE_NAMES, LANGUAGES } from '../core/i18n';
import { allRules, at, type Draft, shelfOf } from './docs';
import { AddButton, Checks, Choice, NumberField, RemoveButton, Section, Switch, Tags, type Option } from './fields';
import { DAYS, spanOk } from './Hours';
import { wordings } from './shipped';
import { ruleName } from '../kit/rules';
import { t, wordOf } from './words';

export const EVENTS = [
  'opened',
  'message',
  'waiting',
  'nobody',
  'outside',
  'assigned',
  'transferred',
  'returned',
  'away',
  'back',
  'silent_agent',
  'silent_visitor',
  'closing',
  'closed',
  'reopened',
  'rated',
  'due',
];
const TIMED = ['waiting', 'silent_agent', 'silent_visitor', 'closing', 'due'];
const ACTIONS = ['say', 'form', 'choices', 'invite', 'tag', 'priority', 'move', 'park', 'close', 'answer', 'bot'];
const OFTEN = ['cause', 'conversation', 'visitor', 'day'];
const DAY_MS = 86_400_000;

export const options = (all: readonly string[], prefix: string): Option[] =>
  all.map((value) => ({ value, label: wordOf(prefix, value) }));

export const queueOptions = (): Option[] =>
  shelfOf('queue').docs.value.map((d) => ({ value: d.key, label: String(d.body['name'] ?? d.key) }));
export const botOptions = (): Option[] =>
  shelfOf('bot').docs.value.map((d) => ({ value: d.key, label: String(d.body['name'] ?? d.key) }));
const channelOptions = (): Option[] =>
  shelfOf('channel').docs.value.map((d) => ({ value: d.key, label: String(d.body['name'] ?? d.key) }));

/** All keys of wordings that there are, in any language. */
export function wordingKeys(): string[] {
  const keys = new Set<string>();
  for (const all of Object.values(wordings)) for (const k of Object.keys(all)) keys.add(k);
  for (const d of shelfOf('wording').docs.value) for (const k of Object.keys(d.body)) keys.add(k);
  return [...keys].sort();
}
const wordingOptions = (): Option[] => wordingKeys().map((value) => ({ value, label: wordOf('w', value) }));

/** What a rule does, in one line of a list. */
export function ruleWords(body: Record<string, unknown>): string {
  const event = wordOf('event', String(body['event'] ?? ''));
  const after = Number(body['after_ms'] ?? 0);
  const actions = (Array.isArray(body['actions']) ? body['actions'] : []).map((a) => wordOf('act', String(a)));
  const when = after > 0 ? t('ruleAfter', { event, s: after / 1000 }) : event;
  return t('ruleLine', { when, what: actions.join(t('comma')) });
}

const list = (v: unknown): string[] => (Array.isArray(v) ? v.map(String) : []);

export function RuleForm({ draft }: { draft: Draft }) {
  const event = String(draft.value('event') ?? '');
  const actions = list(draft.value('actions'));
  const has = (a: string): boolean => actions.includes(a);
  const timed = TIMED.includes(event);
  const says = has('say') || has('form') || has('choices') || has('answer');
  return (
    <>
      <Section title={t('ruleWhen')}>
        <div class="grid">
          <Choice
            draft={draft}
            name="event"
            label={t('f_rule_event')}
            options={options(EVENTS, 'event')}
            none={t('choose')}
          />
          {timed && (
            <NumberField
              draft={draft}
              name="after_ms"
              label={t('f_rule_after')}
              min={0}
              max={DAY_MS}
              per={1000}
              unit={t('seconds')}
              def={0}
            />
          )}
          {event === 'due' && (
            <Choice
              draft={draft}
              name="of"
              label={t('f_rule_of')}
              none={t('choose')}
              options={allRules().map((d) => ({ value: d.key, label: ruleName(d.key) }))}
            />
          )}
          {timed && (
            <>
              <NumberField
                draft={draft}
                name="every_ms"
                label={t('f_rule_every')}
                min={10_000}
                max={DAY_MS}
                per={1000}
                unit={t('seconds')}
              />
              <NumberField draft={draft} name="times" label={t('f_rule_times')} min={1} max={1000} />
            </>
          )}
        </div>
      </Section>
      <Conditions draft={draft} />
      <Section title={t('ruleDoes')}>
        <Checks draft={draft} name="actions" label={t('f_rule_actions')} options={options(ACTIONS, 'act')} />
        {says && (
          <Choice
            draft={draft}
            name="wording"
            label={t('f_rule_wording')}
            hint={t('f_rule_wording_h')}
            options={wordingOptions()}
            none={t('choose')}
          />
        )}
        {has('choices') && <Choices draft={draft} />}
        {has('tag') && <Tags draft={draft} name="tags" label={t('f_rule_tags')} />}
        {has('priority') && (
          <NumberField
            draft={draft}
            name="priority"
            label={t('f_rule_priority')}
            hint={t('priorityHint')}
            min={-100}
            max={100}
          />
        )}
        {has('move') && (
          <Choice draft={draft} name="to" label={t('f_rule_to')} options={queueOptions()} none={t('choose')} />
        )}
        {has('answer') && (
          <NumberField
            draft={draft}
            name="threshold"
            label={t('f_rule_threshold')}
            hint={t('f_rule_threshold_h')}
            min={1}
            max={100}
            def={40}
          />
        )}
        {has('bot') && (
          <Choice
            draft={draft}
            name="bot"
            label={t('f_rule_bot')}
            hint={botOptions().length ? undefined : t('botsNone')}
            options={botOptions()}
            none={t('choose')}
          />
        )}
        {has('close') && (
          <div class="grid">
            <NumberField
              draft={draft}
              name="notice_ms"
              label={t('f_rule_notice')}
              hint={t('f_rule_notice_h')}
              min={0}
              max={DAY_MS}
              per={1000}
              unit={t('seconds')}
              def={0}
            />
            <Choice
              draft={draft}
              name="closing_wording"
              label={t('f_rule_closing')}
              options={wordingOptions()}
              none={t('w_closed_idle')}
            />
          </div>
        )}
      </Section>
      <Section title={t('ruleOften')}>
        <div class="grid">
          <Choice draft={draft} name="often" label={t('f_rule_often')} options={options(OFTEN, 'often')} />
          <NumberField
            draft={draft}
            name="cooldown_ms"
            label={t('f_rule_cooldown')}
            min={0}
            max={30 * DAY_MS}
            per={60_000}
            unit={t('minutes')}
            def={0}
          />
          <NumberField
            draft={draft}
            name="order"
            label={t('f_rule_order')}
            hint={t('f_rule_order_h')}
            min={0}
            max={1000}
            def={100}
          />
        </div>
        <Choice
          draft={draft}
          name="unless"
          label={t('f_rule_unless')}
          hint={t('f_rule_unless_h')}
          none={t('none')}
          options={allRules()
            .filter((d) => at(d.body, 'when.keywords') !== undefined)
            .map((d) => ({ value: d.key, label: ruleName(d.key) }))}
        />
        <Switch draft={draft} name="mid_talk" label={t('f_rule_mid')} hint={t('f_rule_mid_h')} />
        <Switch draft={draft} name="off" not label={t('enabled')} />
      </Section>
    </>
  );
}

function Conditions({ draft }: { draft: Draft }) {
  const when = (draft.value('when') ?? {}) as Record<string, unknown>;
  const some =
    Object.keys(when).length > 0 || draft.value('queue') !== undefined || draft.value('channel') !== undefined;
  const open = useSignal(some);
  if (!open.value && !some) {
    return (
      <Section title={t('ruleIf')} hint={t('ruleIfNone')}>
        <AddButton label={t('ruleIfAdd')} onClick={() => (open.value = true)} />
      </Section>
    );
  }
  return (
    <Section title={t('ruleIf')} hint={t('ruleIfHint')}>
      <Tags draft={draft} name="when.keywords" label={t('c_keywords')} hint={t('c_keywords_h')} />
      <Tags draft={draft} name="when.choices" label={t('c_choices')} hint={t('c_choices_h')} />
      <Checks draft={draft} name="when.queues" label={t('c_queues')} options={queueOptions()} />
      <Checks draft={draft} name="when.channels" label={t('c_channels')} options={channelOptions()} />
      <Checks
        draft={draft}
        name="when.languages"
        label={t('c_languages')}
        options={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
      />
      <Checks
        draft={draft}
        name="when.days"
        label={t('c_days')}
        options={DAYS.map((value) => ({ value, label: t(`day_${value}`) }))}
      />
      <Tags
        draft={draft}
        name="when.clock"
        label={t('c_clock')}
        placeholder="09:00-18:00"
        fits={spanOk}
        wrong={t('errSpan')}
      />
      <div class="grid">
        <Yes draft={draft} name="when.first_contact" label={t('c_first_contact')} />
        <Yes draft={draft} name="when.replied" label={t('c_replied')} />
        <Yes draft={draft} name="when.staffed" label={t('c_staffed')} />
        <Yes draft={draft} name="when.open" label={t('c_open')} />
      </div>
      <div class="grid">
        <NumberField draft={draft} name="when.position_min" label={t('c_position_min')} min={1} max={100_000} />
        <NumberField draft={draft} name="when.position_max" label={t('c_position_max')} min={1} max={100_000} />
        <NumberField
          draft={draft}
          name="when.wait_min_ms"
          label={t('c_wait_min_ms')}
          min={1}
          max={DAY_MS}
          per={1000}
          unit={t('seconds')}
        />
        <NumberField
          draft={draft}
          name="when.wait_max_ms"
          label={t('c_wait_max_ms')}
          min={1}
          max={DAY_MS}
          per={1000}
          unit={t('seconds')}
        />
        <NumberField draft={draft} name="when.messages_min" label={t('c_messages_min')} min={1} max={100_000} />
        <NumberField draft={draft} name="when.messages_max" label={t('c_messages_max')} min={1} max={100_000} />
        <NumberField draft={draft} name="when.rating_min" label={t('c_rating_min')} min={1} max={5} />
        <NumberField draft={draft} name="when.rating_max" label={t('c_rating_max')} min={1} max={5} />
      </div>
      <Facts draft={draft} />
    </Section>
  );
}

/** Yes, no, or it does not matter. */
function Yes({ draft, name, label }: { draft: Draft; name: string; label: string }) {
  const v = draft.value(name);
  const now = v === true ? 'yes' : v === false ? 'no' : '';
  return (
    <fieldset class="field yes">
      <legend class="field-label">{label}</legend>
      <div class="chips">
        {(['', 'yes', 'no'] as const).map((x) => (
          <label key={x} class={x === now ? 'chip on' : 'chip'}>
            <input
              type="radio"
              name={`${draft.key.value}-${name}`}
              checked={x === now}
              onChange={() => draft.set(name, x === '' ? undefined : x === 'yes')}
            />
            {x === '' ? t('either') : t(x)}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function Facts({ draft }: { draft: Draft }) {
  const facts = Object.entries((draft.value('when.facts') ?? {}) as Record<string, string>);
  const store = (all: [string, string][]): void =>
    draft.set('when.facts', all.length ? Object.fromEntries(all) : undefined);
  return (
    <fieldset class="field">
      <legend class="field-label">{t('c_facts')}</legend>
      {facts.map(([name, value], i) => (
        <span class="pair" key={`${i}/${facts.length}/${draft.filled.value}`}>
          <input
            class="input"
            aria-label={t('factName')}
            defaultValue={name}
            onChange={(ev) => store(facts.map((f, k) => (k === i ? [ev.currentTarget.value.trim(), f[1]] : f)))}
          />
          <span aria-hidden="true">=</span>
          <input
            class="input"
            aria-label={t('factValue')}
            defaultValue={value}
            onChange={(ev) => store(facts.map((f, k) => (k === i ? [f[0], ev.currentTarget.value.trim() || '*'] : f)))}
          />
          <RemoveButton label={t('removeOne', { name })} onClick={() => store(facts.filter((_f, k) => k !== i))} />
        </span>
      ))}
      <AddButton label={t('factAdd')} onClick={() => store([...facts, [`fact${facts.length + 1}`, '*']])} />
      <div class="hint">{t('c_facts_h')}</div>
    </fieldset>
  );
}

interface RuleChoice {
  id: string;
  label?: string;
  wording?: string;
}

function Choices({ draft }: { draft: Draft }) {
  const all = (draft.value('choices') ?? []) as RuleChoice[];
  const store = (made: RuleChoice[]): void => draft.set('choices', made.length ? made : undefined);
  const error = draft.errors.value['choices'];
  return (
    <fieldset class="field">
      <legend class="field-label">{t('f_rule_choices')}</legend>
      {all.map((c, i) => (
        <span class="pair" key={`${i}/${all.length}/${draft.filled.value}`}>
          <input
            class="input"
            aria-label={t('choiceLabel')}
            placeholder={t('choiceLabel')}
            defaultValue={c.label ?? c.wording ?? ''}
            maxLength={40}
            onChange={(ev) =>
              store(all.map((x, k) => (k === i ? { id: x.id, label: ev.currentTarget.value.trim() } : x)))
            }
          />
          <input
            class="input"
            aria-label={t('choiceId')}
            placeholder={t('choiceId')}
            defaultValue={c.id}
            maxLength={32}
            onChange={(ev) => store(all.map((x, k) => (k === i ? { ...x, id: ev.currentTarget.value.trim() } : x)))}
          />
          <RemoveButton
            label={t('removeOne', { name: c.label ?? c.id })}
            onClick={() => store(all.filter((_x, k) => k !== i))}
          />
        </span>
      ))}
      <AddButton label={t('choiceAdd')} onClick={() => store([...all, { id: `c${all.length + 1}`, label: '' }])} />
      {error && (
        <div class="error" role="alert">
          {error}
        </div>
      )}
    </fieldset>
  );
}
