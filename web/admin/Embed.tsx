// Embed.tsx: how the chat gets onto the site's own pages: one line, the same with integrity, or a link.
import { site } from '../kit/session';
import { docOf } from './docs';
import { Section } from './fields';
import { Secret } from './Secret';
import { t } from './words';

const named = (name: string): string => document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? '';

export function Embed() {
  const key = site.value?.key ?? '';
  const body = docOf('site', 'site')?.body ?? {};
  const origins = (body['embed'] as string[] | undefined) ?? [];
  const host = location.origin;
  const loader = named('loader');
  const sum = named('loader-integrity');
  const extra = `data-site="${key}" data-color="${String(body['color'] ?? '#0b5fd0')}" data-lang="${String(body['language'] ?? 'zh-CN')}"`;
  return (
    <div class="page">
      <header class="page-head">
        <h2>{t('p_embed')}</h2>
      </header>
      <Section title={t('embedLine')} hint={t('embedLineHint')}>
        <Secret text={`<script async src="${host}/widget.js?site=${key}"></script>`} />
      </Section>
      <Section title={t('embedSri')} hint={t('embedSriHint')}>
        <Secret
          text={`<script async src="${host}${loader}" integrity="${sum}" crossorigin="anonymous" ${extra}></script>`}
        />
      </Section>
      <Section title={t('embedPage')} hint={t('embedPageHint')}>
        <Secret text={`${host}/chat/${key}`} />
        <p>
          <a href={`/chat/${encodeURIComponent(key)}`} target="_blank" rel="noopener">
            {t('embedTry')}
          </a>
        </p>
      </Section>
      <Section title={t('embedWho')} hint={t('embedWhoHint')}>
        {origins.length === 0 ? (
          <p>{t('embedNobody')}</p>
        ) : (
          <ul class="origins">
            {origins.map((o) => (
              <li key={o}>{o}</li>
            ))}
          </ul>
        )}
        <p>
          <a href="#/site">{t('embedChange')}</a>
        </p>
      </Section>
    </div>
  );
}
