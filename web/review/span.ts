// Which times a filter means.

/** The span that a time filter means, in the reader's own zone; [0, 0] is any time. */
export function span(time: string, now: number): [number, number] {
  const start = new Date(now);
  start.setHours(0, 0, 0, 0);
  const day = (back: number): number => {
    const d = new Date(start);
    d.setDate(d.getDate() - back);
    return d.getTime();
  };
  switch (time) {
    case '':
      return [0, 0];
    case 'today':
      return [day(0), 0];
    case 'yesterday':
      return [day(1), day(0) - 1];
    case '7':
      return [day(6), 0];
    case '30':
      return [day(29), 0];
  }
  const [a = '', b = ''] = time.split('..');
  const from = a ? new Date(`${a}T00:00:00`).getTime() : 0;
  const to = b ? new Date(`${b}T23:59:59.999`).getTime() : 0;
  return [Number.isFinite(from) ? from : 0, Number.isFinite(to) ? to : 0];
}
