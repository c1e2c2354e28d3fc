// Signing in: address, password, and the second factor of whoever has one.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ApiError } from '../core/api';
import { Button } from './Button';
import { Field } from './Field';
import { expired, signIn } from './session';
import { Card } from './SignIn';
import { w } from './enterWords';
import { s } from './staffWords';

export function SignInForm({ title }: { title: string }) {
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
      wrong.value = w('codeWrong');
      code.current?.select();
      code.current?.focus();
    } else if (error.status === 401) {
      wrong.value = w('wrong');
      password.current?.select();
      password.current?.focus();
    } else if (error.status === 429) {
      left.value = Math.max(1, error.retryAfter || 30);
    } else if (error.title.startsWith('tls_required')) {
      wrong.value = w('tls');
    } else if (error.status === 0) {
      wrong.value = s('unreachable');
    } else {
      wrong.value = w('failed', { why: error.title || String(error.status) });
    }
  }

  return (
    <Card title={title} sub={s('welcome')}>
      {expired.value && !wrong.value && <p class="gate-note">{w('expired')}</p>}
      <form onSubmit={(ev) => void submit(ev)} noValidate style={{ display: 'grid', gap: '14px' }}>
        <Field
          inputRef={email}
          label={w('email')}
          type="email"
          name="email"
          autocomplete="username"
          inputMode="email"
          spellcheck={false}
          error={missing.value === 'email' ? w('needEmail') : undefined}
        />
        <Field
          inputRef={password}
          label={w('password')}
          type="password"
          name="password"
          autocomplete="current-password"
          error={missing.value === 'password' ? w('needPassword') : undefined}
        />
        {second.value && (
          <Field
            inputRef={code}
            label={w('code')}
            hint={w('codeHint')}
            name="code"
            autocomplete="one-time-code"
            spellcheck={false}
            error={missing.value === 'code' ? w('needCode') : undefined}
          />
        )}
        <div role="alert">
          {wrong.value && <p class="gate-note bad">{wrong.value}</p>}
          {left.value > 0 && <p class="gate-note bad num">{w('tooOften', { s: left.value })}</p>}
        </div>
        <Button kind="primary" type="submit" disabled={busy.value || left.value > 0}>
          {busy.value ? w('signingIn') : w('signIn')}
        </Button>
      </form>
    </Card>
  );
}
