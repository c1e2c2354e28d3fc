// An icon from lucide's nodes, drawn in the colour of the text. It says nothing: the word beside it, or the label of its button, does.
import { h } from 'preact';

export type IconNode = readonly (readonly [tag: string, attrs: object])[];

export function Icon({ node, size = 20, class: cls }: { node: IconNode; size?: number; class?: string }) {
  return (
    <svg
      class={cls ? `icon ${cls}` : 'icon'}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width={size < 20 ? 2.2 : 1.9}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {node.map(([tag, attrs]) => h(tag, attrs as Record<string, string>))}
    </svg>
  );
}
