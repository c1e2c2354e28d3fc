// Templates.tsx: wording that a channel's platform has approved, as agents will choose it: a list, one part for each, with what customers
// will read below it.
import { useId } from 'preact/hooks';
import { rendered, blanksOf } from '../core/template';
import { Area, Field } from '../kit/Field';
import { type Called, labelOf } from './called';
import type { Draft } from './docs';
import { AddButton, RemoveButton, Section } from './fields';
import { p } from './portableWords';
import { t } from './words';

/** Something that a platform has ready, as its channel can send it. */
export interface TemplateKind {
  name: string;
  help: string;
  name_help: string;
  reply: boolean;
  reads: boolean;
  opens: boolean;
  /** Approved wording with more to it. */
  worded?: boolean;
  values: readonly {
    name: string;
    type: 'text' | 'id' | 'url' | 'path' | 'target' | 'button';
    required: boolean;
    max: number;
    help: string;
  }[];
}

interface Template {
  key: string;
  title: string;
  kind?: string | undefined;
  values?: Record<string, string> | undefined;
  name: string;
  language?: string | undefined;
  text: string;
  fields?: string[] | undefined;
  header?: string | undefined;
  url_field?: string | undefined;
}

const TEMPLATES_MAX = 50;
/** Platforms that have what is ready, and no approved wording. */
const READY_ONLY = ['qq', 'wecom-kf'];
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

/** Of the text, then of the values by their names: the order of the daemon. */
const allBlanks = (x: Template): string[] =>
  blanksOf(
    [
      x.text,
      ...Object.keys(x.values ?? {})
        .sort()
        .map((k) => x.values?.[k]),
    ].join('\n'),
  );

/** QQ calls its ARK templates by a number. */
const numberOf = (kind: string | undefined): string => /^ark(\d+)$/.exec(kind ?? '')?.[1] ?? '';

/** What its kind does not have goes with the one before; labels stay with their blanks. */
function changed(x: Template, part: Partial<Template>, kind: TemplateKind | undefined): Template {
  const next = { ...x, ...part };
  const values = Object.entries(next.values ?? {}).filter(([k, v]) => v && kind?.values.some((p) => p.name === k));
  next.values = values.length ? Object.fromEntries(values) : undefined;
  if ('kind' in part) {
    if (kind && !kind.worded) next.header = undefined;
    if (!next.name || next.name === numberOf(x.kind)) next.name = numberOf(part.kind);
    if (kind && !kind.opens) next.url_field = undefined;
  }
  if (!('fields' in part)) {
    const before = allBlanks(x);
    next.fields = labelsOf(
      allBlanks(next),
      allBlanks(next).map((b) => x.fields?.[before.indexOf(b)] ?? ''),
    );
  }
  return clean(next);
}

export function Templates(props: {
  draft: Draft;
  adapter: string;
  kinds: readonly TemplateKind[];
  called: Called | undefined;
}) {
  const { draft, adapter, kinds } = props;
  const kindOf = (x: Partial<Template>): TemplateKind | undefined => kinds.find((k) => k.name === x.kind);
  const all = (draft.value('templates') ?? []) as readonly Template[];
  const store = (made: readonly Template[]): void => {
    draft.errors.value = Object.fromEntries(
      Object.entries(draft.errors.value).filter(([name]) => !name.startsWith('templates')),
    );
    draft.set('templates', made.length ? made : undefined);
  };
  const add = (): void => {
    const language = all.at(-1)?.language;
    const kind = READY_ONLY.includes(adapter) ? kinds[0]?.name : undefined;
    store([
      ...all,
      {
        key: freshKey(all),
        title: '',
        ...(kind ? { kind } : {}),
        name: numberOf(kind),
        text: '',
        ...(language ? { language } : {}),
      },
    ]);
  };
  const error = draft.errors.value['templates'];
  return (
    <Section title={p('templates')} hint={p('templatesHint')}>
      {all.map((one, i) => (
        <One
          key={`${one.key}/${draft.filled.value}`}
          one={one}
          adapter={adapter}
          kinds={kinds}
          called={props.called}
          wrong={(name) => draft.errors.value[`templates[${i}].${name}`]}
          set={(part) => store(all.map((x, k) => (k === i ? changed(x, part, kindOf({ ...x, ...part })) : x)))}
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
  kinds: readonly TemplateKind[];
  called: Called | undefined;
  wrong: (name: string) => string | undefined;
  set: (part: Partial<Template>) => void;
  remove: () => void;
}) {
  const { one, adapter, kinds, called, wrong, set } = props;
  const kind = kinds.find((k) => k.name === one.kind);
  const wechat = adapter === 'wechat';
  const whatsapp = !wechat && (!one.kind || kind?.worded);
  const blanks = allBlanks(one);
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
      {kinds.length > 0 && (
        <KindField one={one} kinds={kinds} worded={!READY_ONLY.includes(adapter)} error={wrong('kind')} set={set} />
      )}
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
          key={one.kind}
          label={kind?.reply ? kind.name_help : p(wechat ? 'templateId' : 'templateName')}
          defaultValue={one.name}
          maxLength={512}
          autocomplete="off"
          spellcheck={false}
          error={wrong('name')}
          onInput={(ev) => set({ name: ev.currentTarget.value.trim() })}
        />
        {whatsapp && (
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
        {whatsapp && (
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
        label={p(kind?.reply ? (kind.reads ? 'templateWords' : 'templateHere') : 'templateText')}
        hint={
          kind && !kind.reads
            ? p('templateHereHint')
            : p('templateTextHint', {
                blanks: kind?.reply ? '{{order}}' : wechat ? '{{thing1.DATA}}' : '{{1}} {{2}} … {{name}}',
              })
        }
        rows={3}
        maxLength={1024}
        defaultValue={one.text}
        error={wrong('text')}
        onInput={(ev) => set({ text: ev.currentTarget.value })}
      />
      {kind && kind.values.length > 0 && (
        <div class="grid">
          {kind.values.map((v) => (
            <Field
              key={v.name}
              label={labelOf(called, `${one.kind}.${v.name}`, v.name, v.required)}
              hint={called?.[`${one.kind}.${v.name}`]?.help ?? v.help}
              defaultValue={one.values?.[v.name] ?? ''}
              maxLength={v.max}
              autocomplete="off"
              spellcheck={false}
              error={wrong(`values.${v.name}`)}
              onInput={(ev) => set({ values: { ...one.values, [v.name]: ev.currentTarget.value.trim() } })}
            />
          ))}
        </div>
      )}
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
        {wechat && (!kind || kind.opens) && (
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
      {one.text && (!kind || kind.reads) && (
        <figure class="template-shown">
          <figcaption class="field-label">{p('templatePreview')}</figcaption>
          <p dir="auto" lang={one.language?.replace('_', '-')}>
            {rendered(one.values?.header ? `${one.values.header}\n${one.text}` : one.text, shown)}
          </p>
        </figure>
      )}
    </fieldset>
  );
}

/** Wording that was approved, or something that the platform has ready; and by which rules that goes. */
function KindField(props: {
  one: Template;
  kinds: readonly TemplateKind[];
  worded: boolean;
  error: string | undefined;
  set: (part: Partial<Template>) => void;
}) {
  const { one, kinds, error, set } = props;
  const reply = kinds.find((k) => k.name === one.kind)?.reply;
  const id = useId();
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {p('templateKind')}
      </label>
      <select
        class="input"
        id={id}
        aria-describedby={`${id}-h`}
        onChange={(ev) => set({ kind: ev.currentTarget.value || undefined })}
      >
        {props.worded && (
          <option value="" selected={!one.kind}>
            {p('templateKind_')}
          </option>
        )}
        {kinds.map((k) => (
          <option key={k.name} value={k.name} selected={k.name === one.kind}>
            {p(`kind_${k.name}` as 'kind_wxcard')}
          </option>
        ))}
      </select>
      <span id={`${id}-h`} class="hint">
        {p(reply ? 'templateReply' : 'templateAlways')}
      </span>
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
