// The door of the pages for staff: sign in, choose a site, or hear why neither works.
import './SignIn.css';
import { useSignal } from '@preact/signals';
import { ChevronRight, MessagesSquare } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ApiError } from '../core/api';
import { LANGUAGE_NAMES, LANGUAGES } from '../core/i18n';
import type { Role, SiteRole } from '../core/staff';
import { Button } from './Button';
import { Field } from './Field';
import { Icon } from './Icon';
import { k, lang } from './i18n';
import { keepLang } from './prefs';
import { s } from './staffWords';
import { chooseSite, expired, phase, restore, session, signIn, signOut, site } from './session';

export function roleName(role: Role): string {
  return s(`role_${role}`);
}

function Languages() {
  return (
    <div class="gate-foot" role="group" aria-label={s('language')}>
      {LANGUAGES.map((l) => (
        <button key={l} type="button" lang={l} aria-pressed={lang.value === l} onClick={() => keepLang(l)}>
          {LANGUAGE_NAMES[l]}
        </button>
      ))}
    </div>
  );
}

function Card({ title, sub, children }: { title: string; sub?: string; children: ComponentChildren }) {
  return (
    <main class="gate">
      <div class="gate-card">
        <div class="gate-brand">
          <span class="gate-mark">
            <Icon node={MessagesSquare} size={22} />
          </span>
          <div>
            <h1>{title}</h1>
            {sub && <p>{sub}</p>}
          </div>
        </div>
        {children}
        <Languages />
      </div>
    </main>
  );
}

export function SignIn({ title }: { title: string }) {
  const email = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  const code = useRef<HTMLInputElement>(null);
  const second = useSignal(false); // the account has a second factor
  const busy = useSignal(false);
  const missing = useSignal<'' | 'email' | 'password' | 'code'>('');
  const wrong = useSignal('');
  const left = useSignal(0);

  useEffect(() => {
    (email.current?.value ? password : email).current?.focus();
  }, []);
  useEffect(() => {
    if (second.value) code.current?.focus();
  }, [second.value]);
  useEffect(() => {
    if (left.value <= 0) return;
    const timer = setTimeout(() => left.value--, 1000);
    return () => clearTimeout(timer);
  }, [left.value]);

  async function submit(ev: Event): Promise<void> {
    ev.preventDefault();
    if (busy.value || left.value > 0) return;
    const who = email.current?.value.trim() ?? '';
    const secret = password.current?.value ?? '';
    const number = code.current?.value.trim() ?? '';
    missing.value = !who ? 'email' : !secret ? 'password' : second.value && !number ? 'code' : '';
    wrong.value = '';
    if (missing.value) {
      const fields = { email, password, code };
      fields[missing.value].current?.focus();
      return;
    }
    busy.value = true;
    try {
      await signIn(who, secret, number);
    } catch (e) {
      explain(e);
    } finally {
      busy.value = false;
    }
  }

  function explain(e: unknown): void {
    const error = e instanceof ApiError ? e : new ApiError(0, '');
    if (error.code === 'totp_required') {
      second.value = true;
    } else if (error.code === 'totp_wrong') {
      wrong.value = s('codeWrong');
      code.current?.select();
      code.current?.focus();
    } else if (error.status === 401) {
      wrong.value = s('wrong');
      password.current?.select();
      password.current?.focus();
    } else if (error.status === 429) {
      left.value = Math.max(1, error.retryAfter || 30);
    } else if (error.title.startsWith('tls_required')) {
      wrong.value = s('tls');
    } else if (error.status === 0) {
      wrong.value = s('unreachable');
    } else {
      wrong.value = s('failed', { why: error.title || String(error.status) });
    }
  }

  return (
    <Card title={title} sub={s('welcome')}>
      {expired.value && !wrong.value && <p class="gate-note">{s('expired')}</p>}
      <form onSubmit={(ev) => void submit(ev)} noValidate style={{ display: 'grid', gap: '14px' }}>
        <Field
          inputRef={email}
          label={s('email')}
          type="email"
          name="email"
          autocomplete="username"
          inputMode="email"
          spellcheck={false}
          error={missing.value === 'email' ? s('needEmail') : undefined}
        />
        <Field
          inputRef={password}
          label={s('password')}
          type="password"
          name="password"
          autocomplete="current-password"
          error={missing.value === 'password' ? s('needPassword') : undefined}
        />
        {second.value && (
          <Field
            inputRef={code}
            label={s('code')}
            hint={s('codeHint')}
            name="code"
            autocomplete="one-time-code"
            spellcheck={false}
            error={missing.value === 'code' ? s('needCode') : undefined}
          />
        )}
        <div role="alert">
          {wrong.value && <p class="gate-note bad">{wrong.value}</p>}
          {left.value > 0 && <p class="gate-note bad num">{s('tooOften', { s: left.value })}</p>}
        </div>
        <Button kind="primary" type="submit" disabled={busy.value || left.value > 0}>
          {busy.value ? s('signingIn') : s('signIn')}
        </Button>
      </form>
    </Card>
  );
}

function Sites({ sites }: { sites: readonly SiteRole[] }) {
  return (
    <Card title={s('chooseSite')} sub={session.value?.person.name ?? ''}>
      <div class="gate-sites">
        {sites.map((x) => (
          <button key={x.key} type="button" onClick={() => chooseSite(x)}>
            <strong>{x.name}</strong>
            <small>{x.roles.map(roleName).join(s('listComma'))}</small>
            <Icon node={ChevronRight} />
          </button>
        ))}
      </div>
      <Button kind="quiet" onClick={() => void signOut()}>
        {s('signOut')}
      </Button>
    </Card>
  );
}

/** Shows `children` to whoever is signed in at a site with one of these roles. */
export function Gate({
  title,
  roles,
  children,
}: {
  title: string;
  roles: readonly Role[];
  children: () => ComponentChildren;
}) {
  useEffect(() => {
    if (phase.value === 'unknown') void restore();
  }, []);
  switch (phase.value) {
    case 'unknown':
      return null;
    case 'failed':
      return (
        <Card title={title}>
          <p class="gate-note bad" role="alert">
            {s('unreachable')}
          </p>
          <Button kind="primary" onClick={() => void restore()}>
            {k('retry')}
          </Button>
        </Card>
      );
    case 'out':
      return <SignIn title={title} />;
    case 'in':
  }
  const all = session.value?.sites ?? [];
  const here = site.value;
  if (!here && all.length > 0) return <Sites sites={all} />;
  if (!here || !here.roles.some((r) => roles.includes(r))) {
    return (
      <Card title={s('forbidden')} sub={here?.name ?? ''}>
        <p>{s('needsRole', { role: roles.map(roleName).join(s('listOr')) })}</p>
        {all.length > 1 && <Button onClick={() => chooseSite(null)}>{s('chooseSite')}</Button>}
        <Button kind="quiet" onClick={() => void signOut()}>
          {s('signOut')}
        </Button>
      </Card>
    );
  }
  return <>{children()}</>;
}
