// A message left for later (留言): how to reach the visitor, and what it is about.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Check } from 'lucide';
import type { Item } from '../core/transcript';
import { Button } from '../kit/Button';
import { Area, Field } from '../kit/Field';
import { Icon } from '../kit/Icon';
import { formDraft, formWrong, items, keepForm, sendForm } from './talk';
import { t } from './laterWords';

type Errors = { phone?: string; email?: string; text?: string };

const PHONE = /^[+＋]?[\d０-９][\d０-９\s\-()（）]{4,24}$/;
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@.]+$/;

/** Where what the server said of the form stands: at one of its fields, or, '', at the whole. */
function wrongAt(): '' | keyof Errors {
  const field = formWrong.value?.field;
  if (field === 'contact') return 'phone';
  return field === 'phone' || field === 'email' || field === 'text' ? field : '';
}

export function ContactForm({ item }: { item: Item }) {
  const form = useRef<HTMLFormElement>(null);
  const [sent, setSent] = useState(false);
  // What was filled in before; and the question has been put already: it need not be written again.
  const first = useMemo<Partial<Record<string, string>>>(
    () => ({ text: items.value.findLast?.((i) => i.own && i.kind === 'text')?.text ?? '', ...formDraft() }),
    [sent],
  );
  // Somebody is there now, so nobody need be called back; who wants to be opens it again.
  const joined = items.value.some((i) => i.seq > item.seq && (i.event === 'joined' || i.from.role === 'agent'));
  const [again, setAgain] = useState(false);
  const [errors, setErrors] = useState<Errors>({});
  // Filled in: by a form of the visitor further down, or just now.
  const cards = items.value.filter((i) => i.own && i.kind === 'card' && (i.seq === 0 || i.seq > item.seq));
  const done = sent || cards.length > 0;
  useEffect(() => {
    const at = formWrong.value && wrongAt();
    if (at !== undefined) form.current?.querySelector<HTMLElement>(at ? `[name="${at}"]` : '[type="submit"]')?.focus();
  }, [sent]);
  if (done) {
    // On its way it stands below, and says so.
    if (!cards.some((i) => i.seq > 0)) return null;
    return (
      <p class="card-done">
        <Icon node={Check} size={16} />
        {t('formSent')}
      </p>
    );
  }
  if (joined && !again) {
    return (
      <div class="card-done">
        <span>{t('formJoined')}</span>
        <Button kind="quiet" small onClick={() => setAgain(true)}>
          {t('formReopen')}
        </Button>
      </div>
    );
  }
  const said = formWrong.value?.message;
  const shown: Errors = { ...(said && { [wrongAt()]: said }), ...errors };
  const filled = () => {
    const data = new FormData(form.current!);
    const get = (name: string) => String(data.get(name) ?? '').trim();
    return { name: get('name'), phone: get('phone'), email: get('email'), text: get('text') };
  };
  const submit = () => {
    const values = filled();
    const found = check(values);
    formWrong.value = undefined; // said of what was sent, not of what stands there now
    setErrors(found);
    const first = Object.keys(found)[0];
    if (first) {
      form.current!.querySelector<HTMLElement>(`[name="${first}"]`)?.focus();
      return;
    }
    setSent(true);
    keepForm(null);
    sendForm(Object.fromEntries(Object.entries(values).filter(([, v]) => v)), () => setSent(false));
  };
  return (
    <form
      ref={form}
      class="card"
      noValidate
      aria-label={t('formTitle')}
      onInput={() => keepForm(filled())}
      onSubmit={(ev) => {
        ev.preventDefault();
        submit();
      }}
    >
      <h2>{t('formTitle')}</h2>
      <p class="soft">{t('formIntro')}</p>
      <Field label={t('formName')} name="name" autocomplete="name" maxLength={60} defaultValue={first.name ?? ''} />
      <Field
        label={t('formPhone')}
        name="phone"
        type="tel"
        autocomplete="tel"
        maxLength={26}
        defaultValue={first.phone ?? ''}
        error={shown.phone}
      />
      <Field
        label={t('formEmail')}
        name="email"
        type="email"
        autocomplete="email"
        maxLength={120}
        defaultValue={first.email ?? ''}
        error={shown.email}
      />
      <Area label={t('formText')} name="text" rows={3} maxLength={2000} defaultValue={first.text} error={shown.text} />
      {said && !wrongAt() && (
        <div class="field">
          <p class="error" role="alert">
            {said}
          </p>
        </div>
      )}
      <div class="card-acts">
        <Button kind="primary" type="submit">
          {t('formSend')}
        </Button>
      </div>
    </form>
  );
}

function check(v: { phone: string; email: string; text: string }): Errors {
  const errors: Errors = {};
  if (!v.phone && !v.email) errors.phone = t('formNeedContact');
  if (v.phone && !PHONE.test(v.phone)) errors.phone = t('formBadPhone');
  if (v.email && !EMAIL.test(v.email)) errors.email = t('formBadEmail');
  if (!v.text) errors.text = t('formNeedText');
  return errors;
}
