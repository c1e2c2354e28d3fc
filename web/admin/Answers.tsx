// Answers.tsx: who answers before people do: the house's articles, and bots.
import './answers.css';
import { signal } from '@preact/signals';
import { api } from '../core/api';
import { LANGUAGE_NAMES, LANGUAGES, langOf } from '../core/i18n';
import { lang } from '../kit/i18n';
import { site } from '../kit/session';
import { shelfOf, type Body, type Doc, type Draft } from './docs';
import {
  AddButton,
  Choice,
  Lines,
  NumberField,
  RemoveButton,
  SecretField,
  Section,
  Switch,
  Tags,
  TextField,
} from './fields';
import { options, queueOptions } from './Rule';
import { t } from './words';

// ---- articles ----

interface Count {
  key: string;
  suggested: number;
  shown: number;
  helped: number;
  not_helped: number;
}

const counts = signal<readonly Count[]>([]);

/** How each article has helped so far. */
export async function loadCounts(): Promise<void> {
  try {
    counts.value = (await api<{ items: Count[] }>(`sites/${encodeURIComponent(site.value?.key ?? '')}/articles`)).items;
  } catch {
    counts.value = []; // the form goes on without them
  }
}

type Texts = Record<string, { title?: string; body?: string } | undefined>;
type Lang = (typeof LANGUAGES)[number];

const textsOf = (body: Body): Texts => (body['texts'] ?? {}) as Texts;
const siteLanguage = (): Lang => {
  const said = shelfOf('site').docs.value[0]?.body['language'];
  return LANGUAGES.find((l) => l === said) ?? 'zh-CN';
};

/** Its title, in the language of the page where it has one. */
export function articleTitle(body: Body): string {
  const texts = textsOf(body);
  for (const l of [lang.value, siteLanguage(), ...LANGUAGES]) {
    const title = texts[l]?.title;
    if (title) return title;
  }
  return '';
}

export function articleRow(d: Doc): { name: string; sub: string; off: boolean; order: string } {
  const name = articleTitle(d.body) || d.key;
  const n = counts.value.find((c) => c.key === d.key);
  const helps = n?.suggested ? t('articleHelps', { suggested: n.suggested, yes: n.helped, no: n.not_helped }) : '';
  const tongues = LANGUAGES.filter((l) => textsOf(d.body)[l]).map((l) => LANGUAGE_NAMES[l]);
  return { name, sub: helps || tongues.join(t('comma')), off: d.body['published'] !== true, order: name };
}

export function ArticleForm({ draft }: { draft: Draft }) {
  const texts = textsOf(draft.body.value);
  const there = LANGUAGES.filter((l) => texts[l] !== undefined);
  const shown = there.length ? there : [siteLanguage()];
  const left = LANGUAGES.filter((l) => !shown.includes(l));
  const n = counts.value.find((c) => c.key === draft.key.value);
  return (
    <>
      {shown.map((l) => (
        <ArticleText key={l} draft={draft} l={l} last={there.length < 2} />
      ))}
      {left.length > 0 && (
        <div class="chips">
          {left.map((l) => (
            <AddButton
              key={l}
              label={t('articleAddLang', { lang: LANGUAGE_NAMES[l] })}
              onClick={() => draft.set(`texts.${l}`, { title: '', body: '' })}
            />
          ))}
        </div>
      )}
      <Section title={t('s_article_more')}>
        <Tags draft={draft} name="tags" label={t('f_article_tags')} hint={t('f_article_tags_h')} />
        <TextField
          draft={draft}
          name="link"
          label={t('f_article_link')}
          hint={t('f_article_link_h')}
          type="url"
          maxLength={500}
          placeholder="https://"
        />
        <Switch draft={draft} name="published" label={t('f_article_published')} hint={t('f_article_published_h')} />
        {n && n.suggested > 0 && (
          <p class="counts num">
            {t('articleCounts', { suggested: n.suggested, shown: n.shown, yes: n.helped, no: n.not_helped })}
          </p>
        )}
      </Section>
    </>
  );
}

function ArticleText({ draft, l, last }: { draft: Draft; l: Lang; last: boolean }) {
  const name = `texts.${l}`;
  return (
    <section class="form-part" aria-label={LANGUAGE_NAMES[l]}>
      <header class="part-head">
        <h3 lang={l}>{LANGUAGE_NAMES[l]}</h3>
        {!last && (
          <RemoveButton
            label={t('removeOne', { name: LANGUAGE_NAMES[l] })}
            onClick={() => draft.set(name, undefined)}
          />
        )}
      </header>
      <TextField
        draft={draft}
        name={`${name}.title`}
        label={t('f_article_title')}
        hint={t('f_article_title_h')}
        lang={l}
        required
        maxLength={80}
      />
      <Lines
        draft={draft}
        name={`${name}.questions`}
        label={t('f_article_questions')}
        hint={t('f_article_questions_h')}
        lang={l}
        rows={3}
      />
      <TextField
        draft={draft}
        name={`${name}.body`}
        label={t('f_article_body')}
        hint={t('f_article_body_h')}
        lang={l}
        required
        rows={6}
        maxLength={3000}
      />
    </section>
  );
}

// ---- bots ----

const FORMS = ['kefud', 'openai', 'chatwoot'];

export function BotForm({ draft }: { draft: Draft }) {
  const form = draft.value('form');
  const model = form === 'openai';
  const calls = form === 'chatwoot';
  return (
    <>
      <Section title={t('s_bot')}>
        <TextField draft={draft} name="name" label={t('f_name')} hint={t('f_bot_name_h')} required maxLength={80} />
        <Choice draft={draft} name="form" label={t('f_bot_form')} options={options(FORMS, 'form')} />
        <TextField
          draft={draft}
          name="url"
          label={t('f_bot_url')}
          hint={model ? t('f_bot_url_model_h') : t('f_bot_url_h')}
          type="url"
          required
          maxLength={500}
          placeholder={model ? 'https://…/v1/chat/completions' : 'https://bot.example.com/turn'}
        />
        {!model && <SecretField draft={draft} name="secret" label={t('f_bot_secret')} hint={t('f_bot_secret_h')} />}
        <SecretField
          draft={draft}
          name="token"
          label={model ? t('f_bot_key') : t('f_bot_token')}
          hint={calls ? t('f_bot_token_calls_h') : t('f_bot_token_h')}
        />
        <Switch draft={draft} name="off" not label={t('enabled')} hint={t('f_bot_off_h')} />
      </Section>
      {model && <Model draft={draft} />}
      <Section title={t('s_bot_person')} hint={t('s_bot_person_h')}>
        <div class="grid">
          <Choice
            draft={draft}
            name="queue"
            label={t('f_bot_queue')}
            options={queueOptions()}
            none={t('f_bot_queue_own')}
          />
          <NumberField
            draft={draft}
            name="timeout_ms"
            label={t('f_bot_timeout')}
            min={1000}
            max={120_000}
            per={1000}
            unit={t('seconds')}
            def={15_000}
          />
          <NumberField draft={draft} name="attempts" label={t('f_bot_attempts')} min={1} max={5} def={3} />
          <NumberField draft={draft} name="turns_max" label={t('f_bot_turns_max')} min={1} max={50} def={20} />
          {!model && !calls && (
            <NumberField
              draft={draft}
              name="confidence_min"
              label={t('f_bot_confidence_min')}
              hint={t('f_bot_confidence_min_h')}
              min={0}
              max={100}
              unit="%"
              def={0}
            />
          )}
          <NumberField draft={draft} name="history_max" label={t('f_bot_history_max')} min={1} max={50} def={20} />
          <NumberField
            draft={draft}
            name="idle_ms"
            label={t('f_bot_idle')}
            hint={t('f_bot_idle_h')}
            min={0}
            max={86_400_000}
            per={60_000}
            unit={t('minutes')}
            def={900_000}
          />
        </div>
        <Tags draft={draft} name="handoff_words" label={t('f_bot_handoff_words')} hint={t('f_bot_handoff_words_h')} />
      </Section>
    </>
  );
}

function Model({ draft }: { draft: Draft }) {
  const prompt = String(draft.value('prompt') ?? '');
  return (
    <Section title={t('s_bot_model')}>
      <div class="grid">
        <TextField draft={draft} name="model" label={t('f_bot_model')} required maxLength={200} />
        <NumberField draft={draft} name="tokens_max" label={t('f_bot_tokens_max')} min={1} max={32_768} def={400} />
      </div>
      <TextField
        draft={draft}
        name="prompt"
        label={t('f_bot_prompt')}
        hint={t('f_bot_prompt_h')}
        rows={6}
        maxLength={8000}
        lang={langOf(prompt)}
      />
      <Switch draft={draft} name="developer" label={t('f_bot_developer')} />
      <Switch draft={draft} name="completion_tokens" label={t('f_bot_completion_tokens')} />
      <Switch draft={draft} name="no_tools" label={t('f_bot_no_tools')} hint={t('f_bot_no_tools_h')} />
    </Section>
  );
}
