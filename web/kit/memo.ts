// Skips a rendering whose properties are the same; `same` says what that means.
import { Component, type ComponentChildren, type FunctionComponent, h } from 'preact';

export function memo<P extends object>(
  view: FunctionComponent<P>,
  same: (a: P, b: P) => boolean,
): FunctionComponent<P> {
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      return !same(this.props as P, next);
    }
    override render(props: P): ComponentChildren {
      return h(view as FunctionComponent<object>, props);
    }
  }
  return Memo as unknown as FunctionComponent<P>;
}
