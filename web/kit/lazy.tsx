// A view whose code comes when it is first wanted.
import { useSignal } from '@preact/signals';
import { type FunctionComponent, h } from 'preact';
import { useEffect } from 'preact/hooks';
import { k } from './i18n';

export function lazy<P extends object>(load: () => Promise<FunctionComponent<P>>): FunctionComponent<P> {
  let here: FunctionComponent<P> | undefined;
  return function Lazy(props: P) {
    const got = useSignal(here);
    const failed = useSignal(false);
    const ask = (): void => {
      failed.value = false;
      load().then(
        (view) => {
          here = view;
          // A function as a value, not as a way to find one.
          got.value = view;
        },
        () => (failed.value = true),
      );
    };
    useEffect(() => {
      if (!here) ask();
    }, []);
    if (got.value) return h(got.value as FunctionComponent<object>, props);
    return failed.value ? (
      <p class="empty" role="alert">
        <button type="button" class="btn small" onClick={ask}>
          {k('retry')}
        </button>
      </p>
    ) : null;
  };
}
