// Which conversations a sample is drawn from, and how many of them: the same for one that is drawn now and one of each day.
import { Field } from '../kit/Field';
import { agents, channelLabel, channels, left, queues } from './find';
import { l } from './learnWords';
import { Check, Select } from './Pick';
import { w } from './qualityWords';
import { t } from './words';

/** Members as the API and the document have them. */
export type Wish = Record<string, unknown>;

interface Props {
  of: Wish;
  onChange: (part: Wish) => void;
}

const COMPLAINT = 'complaint';

/** What makes a conversation a risk; of a risk list alone. */
export function Risks({ of, onChange }: Props) {
  const tags = Array.isArray(of.tags) ? (of.tags as string[]) : [COMPLAINT];
  const others = tags.filter((x) => x !== COMPLAINT);
  return (
    <>
      <Select
        label={l('dailyRating')}
        value={String(of.rating_max ?? 2)}
        options={(['1', '2', '3', '4'] as const).map((x) => [x, x] as const)}
        onChange={(v) => onChange({ rating_max: Number(v) })}
      />
      <Check
        checked={tags.includes(COMPLAINT)}
        onChange={(on) => onChange({ tags: on ? [...others, COMPLAINT] : others })}
      >
        {l('dailyComplaints')}
      </Check>
      <Check checked={of.findings === true} onChange={(on) => onChange({ findings: on })}>
        {l('dailyFindings')}
      </Check>
      <Check checked={of.new_agents === true} onChange={(on) => onChange({ new_agents: on })}>
        {l('dailyNewAgents')}
      </Check>
    </>
  );
}

interface HowManyProps extends Props {
  /** As long as nothing is said. */
  n: number;
  error?: string | undefined;
}

const SHARE = 5;
/** What is more does not count: that is seen at once, also while somebody is typing. */
export const MOST = { n: 2000, share: 100 };

/** A number or a share. */
export function HowMany({ of, n, error, onChange }: HowManyProps) {
  const shared = of.share !== undefined;
  const key = shared ? 'share' : 'n';
  return (
    <div class="how-many">
      <Select
        label={w('sampleMeasure')}
        value={key}
        options={(['n', 'share'] as const).map((x) => [x, w(`measure_${x}`)] as const)}
        onChange={(v) => onChange(v === 'share' ? { n: undefined, share: SHARE } : { n, share: undefined })}
      />
      <Field
        key={key}
        type="number"
        label={w(shared ? 'sampleShare' : 'sampleN')}
        defaultValue={String(of[key] ?? n)}
        error={error}
        hint={shared ? w('sampleMost', { n: MOST.n }) : ''}
        onInput={(ev) => {
          const typed = Math.round(Number(ev.currentTarget.value)) || 0;
          const counts = Math.min(MOST[key], typed);
          if (counts < typed) ev.currentTarget.value = String(counts);
          onChange({ [key]: counts });
        }}
        onBlur={(ev) => (ev.currentTarget.value = String(of[key] ?? n))}
      />
    </div>
  );
}

interface AmongProps {
  label: string;
  all: readonly (readonly [string, string])[];
  /** Keys as the document has them; none: all. */
  value: unknown;
  onChange: (v: string[]) => void;
}

/** Which of them; none is ticked: all. What is there no more can be unticked. */
function Among({ label, all, value, onChange }: AmongProps) {
  const chosen = Array.isArray(value) ? (value as string[]) : [];
  const gone = chosen.filter((x) => !all.some(([v]) => v === x)).map((x) => [x, x] as const);
  if (all.length + gone.length === 0) return null;
  return (
    <fieldset class="among">
      <legend>
        {label} {chosen.length === 0 && <span class="dim">{l('libAll')}</span>}
      </legend>
      {[...all, ...gone].map(([v, name]) => (
        <Check
          key={v}
          checked={chosen.includes(v)}
          onChange={(on) => onChange(on ? [...chosen, v] : chosen.filter((x) => x !== v))}
        >
          {name}
        </Check>
      ))}
    </fieldset>
  );
}

/** Only these queues, channels and agents. Those who have left are there with `past`, or when they are ticked. */
export function Whose({ of, onChange, past = false }: Props & { past?: boolean }) {
  const chosen = Array.isArray(of.agents) ? (of.agents as string[]) : [];
  const people = [
    ...agents.value.map((a) => [a.id, a.name] as const),
    ...left.value
      .filter((a) => past || chosen.includes(a.id))
      .map((a) => [a.id, t('agentLeft', { name: a.name })] as const),
  ];
  return (
    <>
      <Among
        label={l('dailyQueues')}
        all={queues.value.map((q) => [q.key, q.name] as const)}
        value={of.queues}
        onChange={(v) => onChange({ queues: v })}
      />
      <Among
        label={l('dailyChannels')}
        all={channels.value.map((x) => [x, channelLabel(x)] as const)}
        value={of.channels}
        onChange={(v) => onChange({ channels: v })}
      />
      <Among label={l('dailyAgents')} all={people} value={chosen} onChange={(v) => onChange({ agents: v })} />
    </>
  );
}
