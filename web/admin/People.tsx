// People.tsx: who works here, what they may do, what they know; and the skills of all of them beside each other.
import { useSignal } from '@preact/signals';
import { KeyRound, Plus, UserX } from 'lucide';
import { useEffect, useRef } from 'preact/hooks';
import { ApiError } from '../core/api';
import type { Role } from '../core/staff';
import { Avatar } from '../kit/Avatar';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { Field } from '../kit/Field';
import { k, lang } from '../kit/i18n';
import { toast } from '../kit/Toast';
import { session } from '../kit/session';
import { roleName } from '../kit/SignIn';
import { Draft, shelfOf, type Body } from './docs';
import { Checks, NumberField, Tags, TextField, type Option } from './fields';
import { skillWords } from './forms';
import { queueOptions } from './Rule';
import {
  addPerson,
  changePerson,
  disablePerson,
  loadPeople,
  people,
  peopleState,
  resetTotp,
  setPassword,
  type PersonBody,
  type PersonRow,
} from './staff';
import { t } from './words';

const ROLES: readonly Role[] = ['agent', 'supervisor', 'reviewer', 'admin'];
const SKILL = /^[a-z0-9_-]{1,32}(:[1-9]\d?)?$/;
const roleOptions = (): Option[] => ROLES.map((value) => ({ value, label: roleName(value) }));

function why(e: unknown): string {
  return e instanceof ApiError ? (e.status === 0 ? t('errOffline') : e.title || String(e.status)) : String(e);
}

async function doing(work: Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await work;
    if (done) toast(done);
    return true;
  } catch (e) {
    toast(t('failed', { why: why(e) }), { bad: true });
    return false;
  }
}

export function People() {
  useEffect(() => void loadPeople(), []);
  const chosen = useSignal<PersonRow | 'new' | null>(null);
  const password = useSignal<PersonRow | null>(null);
  const order = new Intl.Collator(lang.value === 'zh-TW' ? 'zh-u-co-stroke' : 'zh-u-co-pinyin');
  const rows = [...people.value].sort(
    (a, b) => Number(a.disabled) - Number(b.disabled) || order.compare(a.name, b.name),
  );
  return (
    <div class="page">
      <header class="page-head">
        <h2>{t('p_people')}</h2>
        <Button kind="primary" icon={Plus} onClick={() => (chosen.value = 'new')}>
          {t('personAdd')}
        </Button>
      </header>
      {peopleState.value === 'failed' && (
        <p class="error" role="alert">
          {t('loadFailed')}{' '}
          <Button small onClick={() => void loadPeople()}>
            {k('retry')}
          </Button>
        </p>
      )}
      <div class="table-box" role="region" tabIndex={0} aria-label={t('p_people')}>
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{t('person')}</th>
              <th scope="col">{t('f_number')}</th>
              <th scope="col">{t('f_roles')}</th>
              <th scope="col">{t('f_queues')}</th>
              <th scope="col">{t('f_skills')}</th>
              <th scope="col" class="right">
                {t('f_capacity')}
              </th>
              <th scope="col">
                <span class="hidden">{t('acts')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((p) => (
              <tr key={p.id} class={p.disabled ? 'off' : ''}>
                <th scope="row">
                  <button type="button" class="row-link" onClick={() => (chosen.value = p)}>
                    <Avatar name={p.name} size={28} presence={p.disabled || !p.connected ? 'offline' : p.presence} />
                    <span>{p.name}</span>
                  </button>
                </th>
                <td class="num">{p.number}</td>
                <td>
                  {p.disabled ? <span class="mark bad">{t('disabled')}</span> : p.roles.map(roleName).join(t('comma'))}
                </td>
                <td>
                  {p.queues.length ? (
                    p.queues.map(queueName).join(t('comma'))
                  ) : (
                    <span class="dim">{t('allQueues')}</span>
                  )}
                </td>
                <td>{p.skills.join(t('comma'))}</td>
                <td class="right num">{p.capacity}</td>
                <td class="acts">
                  <Button small kind="quiet" icon={KeyRound} onClick={() => (password.value = p)}>
                    {t('passwordSet')}
                  </Button>
                  {p.id !== session.value?.person.id && !p.disabled && (
                    <Button
                      small
                      kind="quiet"
                      icon={UserX}
                      onClick={() => void doing(disablePerson(p.id), t('personDisabled', { name: p.name }))}
                    >
                      {t('disable')}
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {chosen.value && (
        <PersonDialog person={chosen.value === 'new' ? null : chosen.value} onClose={() => (chosen.value = null)} />
      )}
      {password.value && <PasswordDialog person={password.value} onClose={() => (password.value = null)} />}
    </div>
  );
}

export function queueName(key: string): string {
  return String(shelfOf('queue').docs.value.find((d) => d.key === key)?.body['name'] ?? key);
}

/** A draft that no document stands behind: the same controls serve people. */
function useFields(body: Body): Draft {
  const kept = useRef<Draft | null>(null);
  if (!kept.current) {
    kept.current = new Draft('site', '', undefined, body);
    kept.current.keep = () => undefined;
  }
  return kept.current;
}

function PersonDialog({ person, onClose }: { person: PersonRow | null; onClose: () => void }) {
  const draft = useFields(
    person
      ? {
          number: person.number,
          roles: person.roles,
          capacity: person.capacity,
          queues: person.queues,
          skills: person.skills,
        }
      : { roles: ['agent'], capacity: 5 },
  );
  const failed = useSignal('');
  const busy = useSignal(false);
  const save = async (): Promise<void> => {
    const b = draft.body.value;
    const missing: Record<string, string> = {};
    for (const name of person ? ['roles'] : ['name', 'email', 'password', 'roles'])
      if (!b[name]) missing[name] = t('errRequired');
    draft.errors.value = missing;
    if (Object.keys(missing).length) return;
    busy.value = true;
    failed.value = '';
    const body: PersonBody = {
      number: String(b['number'] ?? ''),
      roles: b['roles'] as Role[],
      capacity: Number(b['capacity'] ?? 5),
      queues: (b['queues'] ?? []) as string[],
      skills: (b['skills'] ?? []) as string[],
    };
    try {
      if (person) await changePerson(person.id, body);
      else
        await addPerson({
          ...body,
          name: String(b['name']),
          email: String(b['email']),
          password: String(b['password']),
        });
      toast(t('saved'));
      onClose();
    } catch (e) {
      if (e instanceof ApiError && e.member) draft.errors.value = { [e.member]: e.title };
      else failed.value = why(e);
    } finally {
      busy.value = false;
    }
  };
  return (
    <Dialog
      wide
      title={person ? person.name : t('personAdd')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{k('cancel')}</Button>
          <Button kind="primary" disabled={busy.value} onClick={() => void save()}>
            {t('save')}
          </Button>
        </>
      }
    >
      <div class="grid">
        {!person && (
          <TextField
            draft={draft}
            name="name"
            label={t('f_person_name')}
            hint={t('f_person_name_h')}
            required
            maxLength={80}
          />
        )}
        <TextField draft={draft} name="number" label={t('f_number')} maxLength={16} />
      </div>
      {!person && (
        <div class="grid">
          <TextField
            draft={draft}
            name="email"
            type="email"
            label={t('f_email')}
            required
            maxLength={254}
            take={(v) => v.trim().toLowerCase() || undefined}
          />
          <TextField
            draft={draft}
            name="password"
            type="password"
            label={t('f_password')}
            hint={t('f_password_h')}
            required
            maxLength={256}
          />
        </div>
      )}
      <Checks draft={draft} name="roles" label={t('f_roles')} options={roleOptions()} />
      <NumberField draft={draft} name="capacity" label={t('f_capacity')} hint={t('f_capacity_h')} min={0} max={100} />
      <Checks
        draft={draft}
        name="queues"
        label={t('f_queues')}
        hint={t('f_person_queues_h')}
        options={queueOptions()}
      />
      <Tags
        draft={draft}
        name="skills"
        label={t('f_skills')}
        hint={t('f_person_skills_h')}
        suggestions={skillWords()}
        fits={(v) => SKILL.test(v)}
        wrong={t('errSkill')}
      />
      {failed.value && (
        <p class="error" role="alert">
          {failed.value}
        </p>
      )}
    </Dialog>
  );
}

function PasswordDialog({ person, onClose }: { person: PersonRow; onClose: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  const failed = useSignal('');
  const save = async (): Promise<void> => {
    try {
      await setPassword(person.id, input.current?.value ?? '');
      toast(t('passwordDone', { name: person.name }));
      onClose();
    } catch (e) {
      failed.value = why(e);
    }
  };
  return (
    <Dialog
      title={t('passwordFor', { name: person.name })}
      onClose={onClose}
      footer={
        <>
          <Button onClick={() => void doing(resetTotp(person.id), t('totpReset')).then((ok) => ok && onClose())}>
            {t('totpResetDo')}
          </Button>
          <Button kind="primary" onClick={() => void save()}>
            {t('save')}
          </Button>
        </>
      }
    >
      <Field
        label={t('f_password')}
        hint={t('f_password_h')}
        type="password"
        inputRef={input}
        autocomplete="new-password"
        error={failed.value || undefined}
      />
    </Dialog>
  );
}

// ---- skills ----

const LEVELS = 5;

/** People beside skills. A level is part of the word that the person's document holds: refund:4. */
export function Skills() {
  useEffect(() => void loadPeople(), []);
  const skills = skillWords();
  const used = (skill: string): string[] =>
    shelfOf('queue')
      .docs.value.filter((d) =>
        ['skills', 'ring1', 'ring2'].some((n) => ((d.body[n] as string[] | undefined) ?? []).includes(skill)),
      )
      .map((d) => String(d.body['name'] ?? d.key));
  const level = (p: PersonRow, skill: string): number => {
    const found = p.skills.find((s) => s.split(':')[0] === skill);
    return found ? Number(found.split(':')[1] ?? 1) : 0;
  };
  const set = (p: PersonRow, skill: string, to: number): void => {
    const rest = p.skills.filter((s) => s.split(':')[0] !== skill);
    const made = to > 0 ? [...rest, to > 1 ? `${skill}:${to}` : skill] : rest;
    const { number, roles, capacity, queues } = p;
    void doing(changePerson(p.id, { number, roles, capacity, queues, skills: made }));
  };
  const agents = people.value.filter((p) => !p.disabled && p.roles.includes('agent'));
  return (
    <div class="skills">
      <h3>{t('skillsWho')}</h3>
      <p class="hint">{t('skillsHint')}</p>
      {skills.length === 0 ? (
        <p class="empty">{t('skillsNone')}</p>
      ) : (
        <div class="table-box" role="region" tabIndex={0} aria-label={t('skillsWho')}>
          <table class="table">
            <thead>
              <tr>
                <th scope="col">{t('person')}</th>
                {skills.map((s) => (
                  <th scope="col" key={s} title={used(s).join(t('comma'))}>
                    {s}
                    <small class="dim">{used(s).join(t('comma')) || t('skillUnused')}</small>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {agents.map((p) => (
                <tr key={p.id}>
                  <th scope="row">{p.name}</th>
                  {skills.map((s) => (
                    <td key={s}>
                      <select
                        class="input small"
                        aria-label={t('skillLevel', { name: p.name, skill: s })}
                        onChange={(ev) => set(p, s, Number(ev.currentTarget.value))}
                      >
                        {Array.from({ length: Math.max(LEVELS, level(p, s)) + 1 }, (_, n) => (
                          <option key={n} value={n} selected={n === level(p, s)}>
                            {n === 0 ? '–' : n}
                          </option>
                        ))}
                      </select>
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
