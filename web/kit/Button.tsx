import './Button.css';
import type { ComponentChildren, JSX } from 'preact';
import { Icon, type IconNode } from './Icon';

type Native = Omit<JSX.IntrinsicElements['button'], 'icon' | 'class' | 'label'>;

interface ButtonProps extends Native {
  kind?: 'primary' | 'plain' | 'quiet' | 'danger';
  small?: boolean;
  icon?: IconNode;
  class?: string;
  children?: ComponentChildren;
}

export function Button({ kind = 'plain', small, icon, class: cls = '', children, ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest} class={`btn ${kind}${small ? ' small' : ''} ${cls}`}>
      {icon && <Icon node={icon} size={16} />}
      {children}
    </button>
  );
}

interface IconButtonProps extends Native {
  icon: IconNode;
  /** The name that is read out and shown as a tooltip. */
  label: string;
  /** A key to show in the tooltip. */
  hint?: string;
  size?: number;
  class?: string;
  children?: ComponentChildren;
}

export function IconButton({ icon, label, hint, size = 20, class: cls = '', children, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      title={hint ? `${label} (${hint})` : label}
      aria-label={label}
      {...rest}
      class={`icon-btn ${cls}`}
    >
      <Icon node={icon} size={size} />
      {children}
    </button>
  );
}
