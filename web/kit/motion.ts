import { useEffect, useRef } from 'preact/hooks';

/** How to scroll to where somebody asked to be: a style sheet cannot take back what a script asks for by name. */
export function scrolling(): ScrollBehavior {
  return matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
}

/** True while what is drawn is history: the first rows at all, or rows above those that were there. `top` names the first. */
export function useQuiet(top: string, count: number): boolean {
  const was = useRef({ top: '', count: 0 });
  const quiet = top !== was.current.top || count - was.current.count > 5;
  useEffect(() => {
    was.current = { top, count };
  });
  return quiet;
}
