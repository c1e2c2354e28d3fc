// The case library: good and bad examples without names, by tag and collection.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api, query } from '../core/api';
import { Button } from '../kit/Button';
import { site } from '../kit/session';
import { s } from '../kit/staffWords';
import { toast } from '../kit/Toast';
import { Case, type Example, readExamples } from './cases';
import { Failed } from './Failed';
import { l } from './learnWords';
import { Select } from './Pick';
import { asError, why } from './quality';

export function Library() {
  const all = useSignal<readonly Example[] | null>(null);
  const writes = useSignal(false);
  const failed = useSignal('');
  const only = useSignal({ good: '', tag: '', collection: '' });
  const load = async (): Promise<void> => {
    try {
      const got = await readExamples();
      all.value = got.items;
      writes.value = got.may_write;
      failed.value = '';
    } catch (e) {
      failed.value = why(e);
    }
  };
  useEffect(() => void load(), [site.value?.key]);
  const remove = async (x: Example): Promise<void> => {
    try {
      const path = `examples/${encodeURIComponent(x.id)}${query({ site: site.value?.key, revision: x.revision })}`;
      await api(path, { method: 'DELETE' });
      toast(l('libRemoved', { title: x.title }));
    } catch (e) {
      toast(asError(e).title || s('unreachable'), { bad: true });
    }
    await load();
  };
  const list = all.value ?? [];
  const choices = (names: string[]): (readonly [string, string])[] => [
    ['', l('libAll')],
    ...[...new Set(names.filter(Boolean))].sort().map((x) => [x, x] as const),
  ];
  const { good, tag, collection } = only.value;
  const shown = list.filter(
    (x) =>
      (!good || (good === 'good') === x.good) &&
      (!tag || x.tags.includes(tag)) &&
      (!collection || x.collection === collection),
  );
  return (
    <section class="sheet" aria-label={l('viewLibrary')}>
      <header class="sheet-head">
        <h2>{l('viewLibrary')}</h2>
        <Select
          label={l('libKind')}
          value={good}
          options={[
            ['', l('libAll')],
            ['good', l('libGood')],
            ['bad', l('libBad')],
          ]}
          onChange={(v) => (only.value = { ...only.value, good: v })}
        />
        <Select
          label={l('libTag')}
          value={tag}
          options={choices(list.flatMap((x) => x.tags))}
          onChange={(v) => (only.value = { ...only.value, tag: v })}
        />
        <Select
          label={l('libCollection')}
          value={collection}
          options={choices(list.map((x) => x.collection))}
          onChange={(v) => (only.value = { ...only.value, collection: v })}
        />
      </header>
      <Failed why={failed.value} retry={() => void load()} />
      {all.value && shown.length === 0 && <p class="empty">{l('libNone')}</p>}
      <ul class="cases">
        {shown.map((x) => (
          <Case key={x.id} of={x}>
            {writes.value && (
              <Button small kind="quiet" onClick={() => void remove(x)}>
                {l('libRemove')}
              </Button>
            )}
          </Case>
        ))}
      </ul>
    </section>
  );
}
