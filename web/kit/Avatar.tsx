// The first character of a name; an icon for bots and the system. Decoration: the name stands beside it.
import './Avatar.css';
import { Icon, type IconNode } from './Icon';
import type { Presence } from '../core/wire';

interface AvatarProps {
  name?: string | undefined;
  icon?: IconNode;
  size?: 28 | 36 | 40;
  neutral?: boolean;
  presence?: Presence | undefined;
}

export function initial(name: string): string {
  const [first = ''] = Array.from(name.trim());
  return first.toUpperCase();
}

export function Avatar({ name = '', icon, size = 36, neutral, presence }: AvatarProps) {
  return (
    <span class={`avatar s${size}${neutral ? ' neutral' : ''}`} aria-hidden="true">
      {icon ? <Icon node={icon} size={Math.round(size * 0.55)} /> : initial(name)}
      {presence && <span class={`dot ${presence}`} />}
    </span>
  );
}
