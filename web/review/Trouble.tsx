// Why there are no results, or no transcript, and what can be done about it.
import type { ApiError } from '../core/api';
import { Button } from '../kit/Button';
import { k } from '../kit/i18n';
import { roleName } from '../kit/SignIn';
import { s } from '../kit/staffWords';
import { t } from './words';

export function Trouble({ error, retry }: { error: ApiError; retry: () => void }) {
  if (error.status === 400 && error.message.startsWith('q:')) {
    return (
      <div class="empty" role="alert">
        <p>{t('wordNeeded')}</p>
      </div>
    );
  }
  if (error.status === 403) {
    return (
      <div class="empty" role="alert">
        <p>{t('forbidden', { role: roleName('reviewer') })}</p>
      </div>
    );
  }
  return (
    <div class="empty" role="alert">
      <p>
        {error.status === 0
          ? s('unreachable')
          : error.status === 429
            ? t('searchSlow')
            : t('searchFailed', { why: error.title || String(error.status) })}
      </p>
      {error.id && <p class="dim num">{t('quoteId', { id: error.id })}</p>}
      <Button small onClick={retry}>
        {k('retry')}
      </Button>
    </div>
  );
}
