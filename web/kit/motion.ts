/** How to scroll to where somebody asked to be: a style sheet cannot take back what a script asks for by name. */
export function scrolling(): ScrollBehavior {
  return matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
}
