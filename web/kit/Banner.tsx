import './Banner.css';
import type { ComponentChildren } from 'preact';
import { Icon, type IconNode } from './Icon';

interface BannerProps {
  kind: 'info' | 'warn' | 'bad' | 'note';
  icon?: IconNode;
  children: ComponentChildren;
  action?: string;
  onAction?: () => void;
  /** A countdown changes each second: then it is not read out again and again. */
  quiet?: boolean;
}

export function Banner({ kind, icon, children, action, onAction, quiet }: BannerProps) {
  return (
    <div class={`banner ${kind}`} role={quiet ? 'group' : 'status'}>
      {icon && <Icon node={icon} size={16} />}
      <div class="words">{children}</div>
      {action && (
        <button type="button" class="act" onClick={onAction}>
          {action}
        </button>
      )}
    </div>
  );
}
