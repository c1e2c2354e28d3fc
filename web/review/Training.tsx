// What agents learn from: the collections of the case library, to be read.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Case, type Example, readExamples } from './cases';
import { Failed } from './Failed';
import { l } from './learnWords';
import { Select } from './Pick';
import { why } from './quality';

export function Training() {
  const all = useSignal<readonly Example[] | null>(null);
  const collection = useSignal('');
  const failed = useSignal('');
  const load = async (): Promise<void> => {
    try {
      all.value = (await readExamples()).items.filter((x) => x.collection);
      failed.value = '';
    } catch (e) {
      failed.value = why(e);
    }
  };
  useEffect(() => void load(), []);
  const list = all.value ?? [];
  const names = [...new Set(list.map((x) => x.collection))].sort();
  const shown = list.filter((x) => !collection.value || x.collection === collection.value);
  return (
    <div class="training">
      <Failed why={failed.value} retry={() => void load()} />
      {names.length > 1 && (
        <Select
          label={l('libCollection')}
          value={collection.value}
          options={[['', l('libAll')] as const, ...names.map((x) => [x, x] as const)]}
          onChange={(v) => (collection.value = v)}
        />
      )}
      {all.value?.length === 0 && <p class="empty">{l('trainNone')}</p>}
      <ul class="cases">
        {shown.map((x) => (
          <Case key={x.id} of={x} />
        ))}
      </ul>
    </div>
  );
}
