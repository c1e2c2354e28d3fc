// Templates.tsx: wording that a channel's platform has approved, as agents will choose it: a list, one part for each, with what customers
// will read below it.
import { rendered, blanksOf } from '../core/template';
import { Area, Field } from '../kit/Field';
import type { Draft } from './docs';
import { AddButton, RemoveButton, Section } from './fields';
import { p } from './portableWords';
import { t } from './words';

interface Template {
  key: string;
  title: string;
  name: string;
  language?: string | undefined;
  text: string;
  fields?: string[] | undefined;
  header?: string | undefined;
  url_field?: string | undefined;
}

const TEMPLATES_MAX = 50;
const HEADERS = ['none', 'image', 'video', 'document'] as const;

/** A word that none of them has. */
function freshKey(all: readonly Template[]): string {
  let n = all.length + 1;
  while (all.some((x) => x.key === `t${n}`)) n++;
  return `t${n}`;
}

/** One for each blank, or none: those that nobody has named go by the blank's own name. */
function labelsOf(blanks: readonly string[], labels: readonly string[]): string[] | undefined {
  return labels.some(Boolean) ? blanks.map((b, i) => labels[i] || b) : undefined;
}

export function Templates({ draft, adapter }: { draft: Draft; adapter: string }) {
  const all = (draft.value('templates') ?? []) as readonly Template[];
  const store = (made: readonly Template[]): void => {
    draft.errors.value = Object.fromEntries(
      Object.entries(draft.errors.value).filter(([name]) => !name.startsWith('templates')),
    );
    draft.set('templates', made.length ? made : undefined);
  };
  const add = (): void => {
    const language = all.at(-1)?.language;
    store([...all, { key: freshKey(all), title: '', name: '', text: '', ...(language ? { language } : {}) }]);
  };
  const error = draft.errors.value['templates'];
  return (
    <Section title={p('templates')} hint={p('templatesHint')}>
      {all.map((one, i) => (
        <One
          key={`${one.key}/${draft.filled.value}`}
          one={one}
          adapter={adapter}
          wrong={(name) => draft.errors.value[`templates[${i}].${name}`]}
          set={(part) => store(all.map((x, k) => (k === i ? clean({ ...x, ...part }) : x)))}
          remove={() => store(all.filter((_x, k) => k !== i))}
        />
      ))}
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      {all.length < TEMPLATES_MAX && <AddButton label={p('templateAdd')} onClick={add} />}
    </Section>
  );
}

/** Without what is not said. */
function clean(x: Template): Template {
  return Object.fromEntries(Object.entries(x).filter(([, v]) => v !== undefined)) as unknown as Template;
}

function One(props: {
  one: Template;
  adapter: string;
  wrong: (name: string) => string | undefined;
  set: (part: Partial<Template>) => void;
  remove: () => void;
}) {
  const { one, adapter, wrong, set } = props;
  const wechat = adapter === 'wechat';
  const blanks = blanksOf(one.text);
  const labels = one.fields ?? [];
  const shown = Object.fromEntries([
    ...blanks.map((b, i) => [b, `[${labels[i] || b}]`]),
    ...(one.url_field ? [['url', `[${one.url_field}]`]] : []),
  ]) as Record<string, string>;
  return (
    <fieldset class="field template">
      <legend class="field-label">
        {one.title || p('templateNew')}{' '}
        <RemoveButton label={t('removeOne', { name: one.title || p('templateNew') })} onClick={props.remove} />
      </legend>
      <div class="grid">
        <Field
          label={p('templateTitle')}
          defaultValue={one.title}
          maxLength={80}
          autocomplete="off"
          error={wrong('title')}
          onInput={(ev) => set({ title: ev.currentTarget.value })}
        />
        <Field
          label={p(wechat ? 'templateId' : 'templateName')}
          defaultValue={one.name}
          maxLength={512}
          autocomplete="off"
          spellcheck={false}
          error={wrong('name')}
          onInput={(ev) => set({ name: ev.currentTarget.value.trim() })}
        />
        {!wechat && (
          <Field
            label={p('templateLanguage')}
            defaultValue={one.language ?? ''}
            placeholder="zh_CN"
            maxLength={16}
            autocomplete="off"
            spellcheck={false}
            error={wrong('language')}
            onInput={(ev) => set({ language: ev.currentTarget.value.trim() || undefined })}
          />
        )}
        {!wechat && (
          <label class="field">
            <span class="field-label">{p('templateHeader')}</span>
            <select
              class="input"
              onChange={(ev) => set({ header: ev.currentTarget.value === 'none' ? undefined : ev.currentTarget.value })}
            >
              {HEADERS.map((h) => (
                <option key={h} value={h} selected={h === (one.header ?? 'none')}>
                  {p(`templateHeader_${h}`)}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <Area
        label={p('templateText')}
        hint={p('templateTextHint', { blanks: wechat ? '{{thing1.DATA}}' : '{{1}} {{2}} … {{name}}' })}
        rows={3}
        maxLength={1024}
        defaultValue={one.text}
        error={wrong('text')}
        onInput={(ev) => {
          const text = ev.currentTarget.value;
          set({ text, fields: labelsOf(blanksOf(text), labels) });
        }}
      />
      <div class="grid">
        {blanks.map((b, i) => (
          <Field
            key={b}
            label={p('templateField', { name: `{{${b}}}` })}
            defaultValue={labels[i] ?? ''}
            placeholder={b}
            maxLength={40}
            autocomplete="off"
            error={i === 0 ? wrong('fields') : undefined}
            onInput={(ev) => {
              const said = ev.currentTarget.value.trim();
              set({
                fields: labelsOf(
                  blanks,
                  blanks.map((_b, k) => (k === i ? said : (labels[k] ?? ''))),
                ),
              });
            }}
          />
        ))}
        {wechat && (
          <Field
            label={p('templateUrl')}
            hint={p('templateUrlHint')}
            defaultValue={one.url_field ?? ''}
            maxLength={40}
            autocomplete="off"
            error={wrong('url_field')}
            onInput={(ev) => set({ url_field: ev.currentTarget.value.trim() || undefined })}
          />
        )}
      </div>
      {one.text && (
        <figure class="template-shown">
          <figcaption class="field-label">{p('templatePreview')}</figcaption>
          <p dir="auto" lang={one.language?.replace('_', '-')}>
            {rendered(one.text, shown)}
          </p>
        </figure>
      )}
    </fieldset>
  );
}
