// The rail at the left edge of the pages of the staff: where one can go, and one's own menu.
import { ClipboardCheck, MessagesSquare, Settings2, type IconNode } from 'lucide';
import type { ComponentChildren } from 'preact';
import type { Role } from '../core/staff';
import { Account } from './Account';
import { Icon } from './Icon';
import { may } from './session';
import { s } from './staffWords';

const PLACES: readonly {
  id: 'console' | 'review' | 'admin';
  icon: IconNode;
  word: 'railTalks' | 'railReview' | 'railAdmin';
  roles: Role[];
}[] = [
  { id: 'console', icon: MessagesSquare, word: 'railTalks', roles: ['agent', 'supervisor'] },
  { id: 'review', icon: ClipboardCheck, word: 'railReview', roles: ['reviewer', 'supervisor'] },
  { id: 'admin', icon: Settings2, word: 'railAdmin', roles: ['admin'] },
];

interface RailProps {
  here: 'console' | 'review' | 'admin';
  /** Buttons above the account. */
  children?: ComponentChildren;
}

export function Rail({ here, children }: RailProps) {
  return (
    <nav class="rail" aria-label={s('rail')}>
      {PLACES.filter((p) => p.id === here || may(...p.roles)).map((p) => (
        <a
          key={p.id}
          class="rail-item"
          href={`/${p.id}/`}
          aria-current={p.id === here ? 'page' : undefined}
          onClick={(ev) => p.id === here && ev.preventDefault()}
        >
          <Icon node={p.icon} />
          <span>{s(p.word)}</span>
        </a>
      ))}
      <span class="grow" />
      {children}
      <Account />
    </nav>
  );
}
