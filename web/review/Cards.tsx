// Scorecards: sections, weights and items to be edited, beside the very form that reviewers fill in. What was used stays as it was.
import { useSignal } from '@preact/signals';
import { ArrowDown, ArrowLeft, ArrowUp, Plus, Trash2 } from 'lucide';
import { useEffect } from 'preact/hooks';
import { api, query } from '../core/api';
import { Button, IconButton } from '../kit/Button';
import { Area, Field } from '../kit/Field';
import { site } from '../kit/session';
import { s } from '../kit/staffWords';
import { toast } from '../kit/Toast';
import { Failed } from './Failed';
import { l } from './learnWords';
import { CardForm } from './Panel';
import { Select } from './Pick';
import { asError, type Card, type Contents, type Item, type ItemType, why } from './quality';
import { w } from './qualityWords';
import { put } from './Schedules';

interface Whole extends Card {
  lang?: string;
  appeal_days?: number;
}
interface Listed {
  key: string;
  version: number;
  name: string;
  body: Whole;
}
type Section = Card['sections'][number];

const TYPES: readonly ItemType[] = ['yesno', 'steps3', 'steps5', 'add', 'deduct', 'fatal'];
const fresh = (space: string): string => `${space}_${Date.now().toString(36)}${Math.random().toString(36).slice(2, 5)}`;
const whole = (v: string): number => Math.round(Number(v)) || 0;

function moved<T>(list: readonly T[], i: number, by: number): T[] {
  const ret = [...list];
  const [x] = ret.splice(i, 1);
  ret.splice(i + by, 0, x!);
  return ret;
}

interface MoveProps {
  i: number;
  n: number;
  name: string;
  onMove: (by: number) => void;
  onDrop: () => void;
}

function Move({ i, n, name, onMove, onDrop }: MoveProps) {
  return (
    <span class="card-move">
      <IconButton
        icon={ArrowUp}
        label={`${l('cardUp')} · ${name}`}
        size={16}
        disabled={i === 0}
        onClick={() => onMove(-1)}
      />
      <IconButton
        icon={ArrowDown}
        label={`${l('cardDown')} · ${name}`}
        size={16}
        disabled={i === n - 1}
        onClick={() => onMove(1)}
      />
      <IconButton icon={Trash2} label={`${l('cardDelete')} · ${name}`} size={16} disabled={n === 1} onClick={onDrop} />
    </span>
  );
}

function ItemEdit({ item: x, set, move }: { item: Item; set: (i: Item) => void; move: MoveProps }) {
  return (
    <li class="card-edit-item">
      <Field
        label={l('cardItem')}
        defaultValue={x.name}
        maxLength={120}
        onInput={(ev) => set({ ...x, name: ev.currentTarget.value })}
      />
      <Select
        label={l('cardType')}
        value={x.type}
        options={TYPES.map((t) => [t, l(`type_${t}`)] as const)}
        onChange={(v) => {
          const { points: _, scope: __, ...rest } = x;
          const type = v as ItemType;
          set(type === 'fatal' ? { ...rest, type, scope: 'all' } : { ...rest, type, points: x.points || 10 });
        }}
      />
      {x.type === 'fatal' ? (
        <Select
          label={l('cardScope')}
          value={x.scope ?? 'all'}
          options={[
            ['all', l('cardScopeAll')],
            ['section', l('cardScopeSection')],
          ]}
          onChange={(v) => set({ ...x, scope: v as 'all' })}
        />
      ) : (
        <Field
          type="number"
          label={l('cardPoints')}
          defaultValue={String(x.points ?? 10)}
          onInput={(ev) => set({ ...x, points: whole(ev.currentTarget.value) })}
        />
      )}
      <Move {...move} />
      <Area
        label={l('cardRule')}
        rows={2}
        maxLength={1000}
        defaultValue={x.rule ?? ''}
        onInput={(ev) => set({ ...x, rule: ev.currentTarget.value })}
      />
      <Area
        label={l('cardExamples')}
        rows={2}
        defaultValue={(x.examples ?? []).join('\n')}
        onInput={(ev) => {
          const examples = ev.currentTarget.value.split('\n').map((t) => t.trim());
          set({ ...x, examples: examples.filter(Boolean).slice(0, 8) });
        }}
      />
    </li>
  );
}

const newItem = (): Item => ({ key: fresh('i'), name: l('cardItem'), type: 'yesno', points: 10 });
const newSection = (weight: number): Section => ({
  key: fresh('s'),
  name: l('cardSection'),
  weight,
  items: [newItem()],
});

function SectionEdit({ section: x, set, move }: { section: Section; set: (s: Section) => void; move: MoveProps }) {
  const one = (i: number, item: Item): void => set({ ...x, items: x.items.map((y, j) => (j === i ? item : y)) });
  return (
    <fieldset class="card-edit-section">
      <legend>{x.name}</legend>
      <div class="card-edit-head">
        <Field
          label={l('cardSection')}
          defaultValue={x.name}
          maxLength={80}
          onInput={(ev) => set({ ...x, name: ev.currentTarget.value })}
        />
        <Field
          type="number"
          label={l('cardWeight')}
          defaultValue={String(x.weight)}
          onInput={(ev) => set({ ...x, weight: whole(ev.currentTarget.value) })}
        />
        <Move {...move} />
      </div>
      <ul>
        {x.items.map((y, i) => (
          <ItemEdit
            key={y.key}
            item={y}
            set={(item) => one(i, item)}
            move={{
              i,
              n: x.items.length,
              name: y.name,
              onMove: (by) => set({ ...x, items: moved(x.items, i, by) }),
              onDrop: () => set({ ...x, items: x.items.filter((z) => z !== y) }),
            }}
          />
        ))}
      </ul>
      <Button small icon={Plus} onClick={() => set({ ...x, items: [...x.items, newItem()] })}>
        {l('cardAddItem')}
      </Button>
    </fieldset>
  );
}

function Editor({ of, onClose }: { of: Listed; onClose: (saved: boolean) => void }) {
  const card = useSignal<Whole>(of.body);
  const tried = useSignal<Contents>({});
  const error = useSignal('');
  const busy = useSignal(false);
  const c = card.value;
  const total = c.sections.reduce((n, x) => n + x.weight, 0);
  const set = (part: Partial<Whole>): void => {
    card.value = { ...card.value, ...part };
  };
  const one = (i: number, section: Section): void =>
    set({ sections: card.value.sections.map((y, j) => (j === i ? section : y)) });
  const save = async (): Promise<void> => {
    if (total !== 100) {
      error.value = l('cardTotalBad', { n: total });
      return;
    }
    busy.value = true;
    try {
      await put('scorecard', { key: of.key, version: of.version, body: { ...card.value } });
      toast(l('cardSaved', { n: of.version + 1 }));
      onClose(true);
    } catch (e) {
      const why = asError(e);
      error.value = (why.status === 412 && l('dailyChanged')) || why.title || s('unreachable');
    }
    busy.value = false;
  };
  const title = l('cardEdit', { name: c.name });
  return (
    <section class="sheet" aria-label={title}>
      <header class="sheet-head">
        <Button small icon={ArrowLeft} autofocus onClick={() => onClose(false)}>
          {w('back')}
        </Button>
        <h2>{title}</h2>
        <p class={total === 100 ? 'dim num' : 'error num'} role="status">
          {l(total === 100 ? 'cardTotal' : 'cardTotalBad', { n: total })}
        </p>
        <Button kind="primary" disabled={busy.value} onClick={() => void save()}>
          {l('cardSave')}
        </Button>
      </header>
      {error.value && (
        <p class="error" role="alert">
          {error.value}
        </p>
      )}
      <div class="card-edit">
        <div class="draw">
          <Field
            label={w('sampleName')}
            defaultValue={c.name}
            maxLength={80}
            onInput={(ev) => set({ name: ev.currentTarget.value })}
          />
          <Field
            type="number"
            label={l('cardPass')}
            defaultValue={String(c.pass ?? 85)}
            onInput={(ev) => set({ pass: whole(ev.currentTarget.value) })}
          />
          <Field
            type="number"
            label={l('cardDays')}
            defaultValue={String(c.appeal_days ?? 3)}
            onInput={(ev) => set({ appeal_days: whole(ev.currentTarget.value) })}
          />
          {c.sections.map((x, i) => (
            <SectionEdit
              key={x.key}
              section={x}
              set={(section) => one(i, section)}
              move={{
                i,
                n: c.sections.length,
                name: x.name,
                onMove: (by) => set({ sections: moved(c.sections, i, by) }),
                onDrop: () => set({ sections: c.sections.filter((y) => y !== x) }),
              }}
            />
          ))}
          <Button
            small
            icon={Plus}
            onClick={() => set({ sections: [...c.sections, newSection(Math.max(1, 100 - total))] })}
          >
            {l('cardAddSection')}
          </Button>
          <p class="dim">{l('cardNaNote')}</p>
        </div>
        <section class="panel" aria-label={l('cardPreview')}>
          <h2>{l('cardPreview')}</h2>
          <CardForm card={c} contents={tried.value} set={(x) => (tried.value = x)} />
        </section>
      </div>
    </section>
  );
}

export function Cards() {
  const all = useSignal<readonly Listed[] | null>(null);
  const failed = useSignal('');
  const editing = useSignal<Listed | null>(null);
  const load = async (): Promise<void> => {
    try {
      all.value = (await api<{ items: Listed[] }>(`scorecards${query({ site: site.value?.key })}`)).items;
      failed.value = '';
    } catch (e) {
      failed.value = why(e);
    }
  };
  useEffect(() => void load(), [site.value?.key]);
  if (editing.value)
    return (
      <Editor
        key={editing.value.key}
        of={editing.value}
        onClose={(saved) => {
          editing.value = null;
          if (saved) void load();
        }}
      />
    );
  const start = (from: Whole): void => {
    editing.value = { key: fresh('card').replace('_', '-'), version: 0, name: from.name, body: from };
  };
  return (
    <section class="sheet" aria-label={l('viewCards')}>
      <header class="sheet-head">
        <h2>{l('viewCards')}</h2>
        <Button
          kind="primary"
          icon={Plus}
          onClick={() => start({ name: l('cardNew'), pass: 85, sections: [newSection(100)] })}
        >
          {l('cardNew')}
        </Button>
      </header>
      <Failed why={failed.value} retry={() => void load()} />
      <ul class="cases">
        {all.value?.map((x) => (
          <li key={x.key}>
            <h3>
              <button type="button" class="link" onClick={() => (editing.value = x)}>
                {x.name}
              </button>{' '}
              <span class="badge">{x.version ? l('cardVersion', { n: x.version }) : l('cardShippedMark')}</span>
            </h3>
            <p class="dim">{x.body.sections.map((y) => `${y.name} ${y.weight}%`).join(' · ')}</p>
            <Button small onClick={() => start(x.body)}>
              {l('cardCopy')}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
