// The second factor of whoever is signed in: set up with an authenticator app, kept safe by recovery codes, turned off with a code.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { api, ApiError } from '../core/api';
import { Button } from './Button';
import { Dialog } from './Dialog';
import { Field } from './Field';
import { k } from './i18n';
import { w } from './enterWords';
import { s } from './staffWords';
import { toast } from './Toast';

type State =
  | { is: 'asking' | 'off' }
  | { is: 'on'; left: number }
  | { is: 'pending'; secret: string; uri: string }
  | { is: 'kept'; recovery: readonly string[] };

interface Told {
  state: 'off' | 'pending' | 'on';
  recovery_left?: number;
}

/** In groups of four, as people read it aloud. */
const grouped = (secret: string): string => (secret.match(/.{1,4}/g) ?? []).join(' ');

export function SecondFactor({ onClose }: { onClose: () => void }) {
  const state = useSignal<State>({ is: 'asking' });
  const wrong = useSignal('');
  const busy = useSignal(false);
  const code = useRef<HTMLInputElement>(null); // or the password, before there is a factor
  const now = state.value;

  async function step(act: () => Promise<void>): Promise<void> {
    if (busy.value) return;
    busy.value = true;
    wrong.value = '';
    try {
      await act();
    } catch (e) {
      const error = e instanceof ApiError ? e : new ApiError(0, '');
      if (error.code === 'totp_wrong') wrong.value = w('codeWrong');
      else if (error.code === 'password_wrong' || (error.status === 400 && now.is === 'off'))
        wrong.value = w('passwordWrong');
      else if (error.status === 429) wrong.value = w('tooOften', { s: Math.max(1, error.retryAfter || 30) });
      else wrong.value = error.status === 0 ? s('unreachable') : w('factorFailed', { why: error.title });
      code.current?.select();
      code.current?.focus();
    } finally {
      busy.value = false;
    }
  }

  const ask = async (): Promise<void> => {
    const told = await api<Told>('session/totp');
    state.value = told.state === 'on' ? { is: 'on', left: told.recovery_left ?? 0 } : { is: 'off' };
  };
  const begin = async (): Promise<void> => {
    state.value = {
      is: 'pending',
      ...(await api<{ secret: string; uri: string }>('session/totp', {
        method: 'POST',
        body: { password: code.current?.value ?? '' },
      })),
    };
  };
  const send = async (path: string): Promise<{ recovery: string[] } | undefined> =>
    await api(`session/totp/${path}`, { method: 'POST', body: { code: code.current?.value.trim() ?? '' } });
  const confirm = async (): Promise<void> => {
    state.value = { is: 'kept', recovery: (await send('confirm'))?.recovery ?? [] };
  };
  const end = async (): Promise<void> => {
    await send('disable');
    toast(w('factorEnded'));
    onClose();
  };

  useEffect(() => void step(ask), []);
  useEffect(() => code.current?.focus(), [now.is]);

  const main = {
    asking: null,
    off: () => void step(begin),
    pending: () => void step(confirm),
    on: () => void step(end),
    kept: onClose,
  }[now.is];
  const label = {
    asking: '',
    off: w('factorStart'),
    pending: w('factorEnable'),
    on: w('factorDisable'),
    kept: w('factorDone'),
  }[now.is];

  return (
    <Dialog
      title={s('factor')}
      onClose={onClose}
      footer={
        <>
          {now.is !== 'kept' && <Button onClick={onClose}>{k('cancel')}</Button>}
          {main && (
            <Button kind={now.is === 'on' ? 'danger' : 'primary'} disabled={busy.value} onClick={main}>
              {label}
            </Button>
          )}
        </>
      }
    >
      {now.is === 'off' && <p>{w('factorOff')}</p>}
      {now.is === 'on' && <p>{w('factorOn', { n: now.left })}</p>}
      {now.is === 'pending' && (
        <>
          <p>{w('factorSecret')}</p>
          <p>
            <code>{grouped(now.secret)}</code>
          </p>
          <p>
            <a href={now.uri}>{w('factorOpen')}</a>
          </p>
        </>
      )}
      {now.is === 'kept' && (
        <>
          <p>{w('factorRecovery')}</p>
          <ul class="recovery">
            {now.recovery.map((one) => (
              <li key={one}>
                <code>{one}</code>
              </li>
            ))}
          </ul>
        </>
      )}
      {(now.is === 'off' || now.is === 'pending' || now.is === 'on') && (
        <form
          onSubmit={(ev) => {
            ev.preventDefault();
            main?.();
          }}
        >
          <Field
            key={now.is}
            inputRef={code}
            type={now.is === 'off' ? 'password' : 'text'}
            label={now.is === 'off' ? w('password') : now.is === 'pending' ? w('factorConfirm') : w('code')}
            name={now.is === 'off' ? 'password' : 'code'}
            autocomplete={now.is === 'off' ? 'current-password' : 'one-time-code'}
            spellcheck={false}
            error={wrong.value || undefined}
          />
        </form>
      )}
      {wrong.value && now.is === 'asking' && <p role="alert">{wrong.value}</p>}
    </Dialog>
  );
}
