// What could not be read, and asking again. No reason: nothing failed.
import { Button } from '../kit/Button';
import { k } from '../kit/i18n';
import { w } from './qualityWords';

export function Failed({ why, retry }: { why: string; retry: () => void }) {
  if (!why) return null;
  return (
    <p class="empty" role="alert">
      {w('loadFailed', { why })}{' '}
      <Button small onClick={retry}>
        {k('retry')}
      </Button>
    </p>
  );
}
