// The door of the pages for staff: sign in, choose a site, or hear why neither works.
import './SignIn.css';
import { ChevronRight, MessagesSquare } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { LANGUAGE_NAMES, LANGUAGES } from '../core/i18n';
import type { Role, SiteRole } from '../core/staff';
import { Button } from './Button';
import { Icon } from './Icon';
import { k, lang } from './i18n';
import { lazy } from './lazy';
import { keepLang } from './prefs';
import { s } from './staffWords';
import { chooseSite, phase, restore, session, signOut, site } from './session';

// Most days nobody signs in.
const SignInForm = lazy(() => import('./later').then((m) => m.SignInForm));

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

export function Card({ title, sub, children }: { title: string; sub?: string; children: ComponentChildren }) {
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
      return <SignInForm title={title} />;
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
