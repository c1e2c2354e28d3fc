// Lines of an example: names stand as marks, which are said in the reader's language.
import { l } from './learnWords';

export interface Line {
  role: string;
  kind: string;
  text: string;
}

export const named = (text: string): string =>
  text
    .replaceAll('{visitor}', l('nameVisitor'))
    .replaceAll('{agent}', l('nameAgent'))
    .replaceAll('{name}', l('nameOther'));

const who = (role: string): string =>
  role === 'visitor' ? l('whoVisitor') : role === 'agent' ? l('whoAgent') : l('whoOther');

export function Lines({ lines }: { lines: readonly Line[] }) {
  return (
    <ul class="lines">
      {lines.map((x, i) => (
        <li key={i} class={x.role}>
          <span class="dim">{who(x.role)}</span> <span dir="auto">{named(x.text) || x.kind}</span>
        </li>
      ))}
    </ul>
  );
}
