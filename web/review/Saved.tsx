// Searches that are kept, and tables of what was found.
import { signal, useSignal } from '@preact/signals';
import { Bookmark, Download, Trash2 } from 'lucide';
import { useEffect, useRef } from 'preact/hooks';
import { api, ApiError, download, query } from '../core/api';
import { Button, IconButton } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { Field } from '../kit/Field';
import { Icon } from '../kit/Icon';
import { k, lang } from '../kit/i18n';
import { Menu, type MenuItem } from '../kit/Menu';
import { may, site } from '../kit/session';
import { s } from '../kit/staffWords';
import { toast } from '../kit/Toast';
import { ask, filterOf, question, wanted, type Question } from './find';
import { f } from './findWords';

interface SavedSearch {
  id: string;
  name: string;
  owner: { id: string; name: string };
  mine: boolean;
  shared: boolean;
  filter: Partial<Question>;
}

const kept = signal<readonly SavedSearch[]>([]);

function words(e: unknown): string {
  return e instanceof ApiError && e.status !== 0 ? e.title : s('unreachable');
}

function place(id = ''): string {
  return `searches${id && `/${encodeURIComponent(id)}`}${query({ site: site.value?.key })}`;
}

async function load(): Promise<void> {
  try {
    kept.value = (await api<{ items: SavedSearch[] }>(place())).items;
  } catch {
    // The menu then has none to offer; saving says what is wrong.
  }
}

export function Saved() {
  const dialog = useSignal<'no' | 'save' | 'manage'>('no');
  useEffect(() => void load(), [site.value?.key]);
  const items: MenuItem[] = kept.value.map((x) => ({
    key: x.id,
    label: x.mine ? x.name : `${x.name} · ${f('sharedBy', { name: x.owner.name })}`,
    checked: same(x.filter),
    onSelect: () => ask(x.filter),
  }));
  items.push({ key: 'save', label: f('saveThis'), onSelect: () => (dialog.value = 'save') });
  if (kept.value.length > 0)
    items.push({ key: 'manage', label: f('manage'), onSelect: () => (dialog.value = 'manage') });
  return (
    <>
      <span class="chip">
        <Menu label={f('saved')} align="start" class="chip-btn saved-btn" items={items}>
          <Icon node={Bookmark} size={16} />
          <span>{f('saved')}</span>
        </Menu>
      </span>
      {dialog.value === 'save' && <Save onClose={() => (dialog.value = 'no')} />}
      {dialog.value === 'manage' && <Manage onClose={() => (dialog.value = 'no')} />}
    </>
  );
}

function same(filter: Partial<Question>): boolean {
  const now = filterOf(question.value);
  const keys = new Set([...Object.keys(now), ...Object.keys(filter)]) as Set<keyof Question>;
  return [...keys].every((key) => now[key] === filter[key]);
}

function Save({ onClose }: { onClose: () => void }) {
  const name = useRef<HTMLInputElement>(null);
  const share = useRef<HTMLInputElement>(null);
  const bad = useSignal('');
  const save = async (): Promise<void> => {
    const text = name.current?.value.trim() ?? '';
    bad.value = text ? '' : f('saveNameNeeded');
    if (!text) {
      name.current?.focus();
      return;
    }
    try {
      await api(place(), {
        method: 'POST',
        body: { name: text, shared: share.current?.checked === true, filter: filterOf(question.value) },
      });
      toast(f('savedAs', { name: text }));
      onClose();
      await load();
    } catch (e) {
      bad.value = f('failed', { why: words(e) });
    }
  };
  return (
    <Dialog
      title={f('saveTitle')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{k('cancel')}</Button>
          <Button kind="primary" onClick={() => void save()}>
            {f('save')}
          </Button>
        </>
      }
    >
      <Field
        inputRef={name}
        label={f('saveName')}
        maxLength={60}
        defaultValue={question.value.q}
        error={bad.value || undefined}
        onKeyDown={(ev) => {
          if (ev.key === 'Enter' && !ev.isComposing && ev.keyCode !== 229) void save();
        }}
      />
      {may('supervisor', 'reviewer') && (
        <label class="tick">
          <input ref={share} type="checkbox" /> {f('share')}
        </label>
      )}
    </Dialog>
  );
}

function Manage({ onClose }: { onClose: () => void }) {
  const drop = async (x: SavedSearch): Promise<void> => {
    try {
      await api(place(x.id), { method: 'DELETE' });
      toast(f('removed', { name: x.name }));
      await load();
    } catch (e) {
      toast(f('failed', { why: words(e) }), { bad: true });
    }
  };
  return (
    <Dialog title={f('manageTitle')} onClose={onClose} footer={<Button onClick={onClose}>{k('close')}</Button>}>
      {kept.value.length === 0 ? (
        <p>{f('savedNone')}</p>
      ) : (
        <ul class="saved-list">
          {kept.value.map((x) => (
            <li key={x.id}>
              <span class="clip">{x.name}</span>
              <span class="dim">{x.mine && !x.shared ? f('mine') : f('sharedBy', { name: x.owner.name })}</span>
              {(x.mine || may('supervisor')) && (
                <IconButton icon={Trash2} label={f('remove', { name: x.name })} onClick={() => void drop(x)} />
              )}
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}

export function Export() {
  const busy = useSignal(false);
  if (!may('supervisor')) return null;
  const run = async (format: 'csv' | 'xlsx'): Promise<void> => {
    busy.value = true;
    try {
      await download(`exports/transcripts${query({ ...wanted(), format, lang: lang.value })}`);
      toast(f('exported'));
    } catch (e) {
      toast(f('failed', { why: words(e) }), { bad: true });
    } finally {
      busy.value = false;
    }
  };
  return (
    <span class="chip" aria-busy={busy.value}>
      <Menu
        label={f('exportAs')}
        align="start"
        class="chip-btn export-btn"
        items={(['csv', 'xlsx'] as const).map((format) => ({
          key: format,
          label: f(format === 'csv' ? 'exportCsv' : 'exportXlsx'),
          disabled: busy.value ? f('exporting') : undefined,
          onSelect: () => void run(format),
        }))}
      >
        <Icon node={Download} size={16} />
        <span>{busy.value ? f('exporting') : f('exportAs')}</span>
      </Menu>
    </span>
  );
}
