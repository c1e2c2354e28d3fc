// What is told of each result: which facts, and whether as a table across the page while no transcript is open. Kept on this computer.
import { computed, signal } from '@preact/signals';
import { Columns3, Star } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Found } from '../core/staff';
import { duration, exactTime, listTime } from '../core/time';
import { Icon } from '../kit/Icon';
import { lang } from '../kit/i18n';
import { Menu, type MenuItem } from '../kit/Menu';
import { channelIcon, channelName } from '../kit/names';
import { prefs, setPrefs } from '../kit/prefs';
import { scoreLabel, type Score } from '../kit/Rating';
import { chosen, queues } from './find';
import { f } from './findWords';
import { t } from './words';

const COLUMNS = ['opened', 'channel', 'agent', 'state', 'rating', 'queue', 'wait', 'lasted', 'closed'] as const;
type Column = (typeof COLUMNS)[number];
/** As long as nobody has chosen. */
const USUAL: readonly string[] = ['opened', 'channel', 'agent', 'state', 'rating'];
/** Pixels in the table. */
const WIDTHS: Readonly<Record<Column, number>> = {
  opened: 96,
  channel: 112,
  agent: 112,
  state: 88,
  rating: 64,
  queue: 112,
  wait: 80,
  lasted: 80,
  closed: 96,
};
/** The visitor, and what was said. */
const NAME_WIDTH = 150;
const TEXT_WIDTH = 240;
const GAP = 12;
const PADDING = 32;
/** A table needs a page of this width. */
const WIDE = '(min-width: 900px)';

const wide = signal(true);
const width = signal(0);

const picked = computed(() => COLUMNS.filter((c) => (prefs.value.columns ?? USUAL).includes(c)));
/** The page could show a table now, and is to. */
export const tables = computed(() => wide.value && prefs.value.table);
export const asTable = computed(() => tables.value && !chosen.value);
/** Of the chosen ones, the first that there is room for. */
const shown = computed(() => {
  let left = width.value - PADDING - NAME_WIDTH - GAP - TEXT_WIDTH;
  return picked.value.filter((c) => (left -= WIDTHS[c] + GAP) >= 0);
});
export const rowHeight = computed(() => (asTable.value ? 44 : 84));

function columnName(c: Column): string {
  const names: Record<Column, () => string> = {
    opened: () => t('opened'),
    channel: () => t('channel'),
    agent: () => t('agent'),
    state: () => f('colState'),
    rating: () => t('rating'),
    queue: () => f('queue'),
    wait: () => f('colWait'),
    lasted: () => t('lasted'),
    closed: () => f('colClosed'),
  };
  return names[c]();
}

function flip(c: Column): void {
  const now = picked.peek();
  setPrefs({ columns: COLUMNS.filter((x) => (x === c) !== now.includes(x)) });
}

export function ColumnsMenu() {
  useEffect(() => {
    const page = matchMedia(WIDE);
    const look = (): void => void (wide.value = page.matches);
    look();
    page.addEventListener('change', look);
    return () => page.removeEventListener('change', look);
  }, []);
  const items: MenuItem[] = COLUMNS.map((c) => ({
    key: c,
    label: columnName(c),
    checked: picked.value.includes(c),
    many: true,
    onSelect: () => flip(c),
  }));
  if (wide.value)
    items.unshift({
      key: 'table',
      label: f('colTable'),
      checked: prefs.value.table,
      many: true,
      onSelect: () => setPrefs({ table: !prefs.value.table }),
    });
  return (
    <Menu label={f('columns')} class="icon-btn columns-btn" items={items}>
      <Icon node={Columns3} size={16} />
    </Menu>
  );
}

function Value({ of: x, column }: { of: Found; column: Column }) {
  const c = x.conversation;
  const time = (at: number | undefined) =>
    at ? (
      <time dateTime={new Date(at).toISOString()} title={exactTime(at, lang.value)}>
        {listTime(at, Date.now(), lang.value)}
      </time>
    ) : null;
  switch (column) {
    case 'opened':
      return time(c.opened_at);
    case 'closed':
      return time(c.closed_at);
    case 'channel':
      return (
        <>
          <Icon node={channelIcon(c.channel)} size={12} /> {channelName(c.channel)}
        </>
      );
    case 'agent':
      return <>{c.agent ? c.agent.name : t('noAgent')}</>;
    case 'state':
      return <>{c.state === 'closed' ? f('state_closed') : t('stillOpen')}</>;
    case 'rating':
      return <Rated n={c.rating} />;
    case 'queue':
      return <>{queues.value.find((q) => q.key === c.queue)?.name ?? c.queue}</>;
    case 'wait':
      return <>{c.served_at && c.arrived_at ? duration(c.served_at - c.arrived_at) : ''}</>;
    case 'lasted':
      return <>{c.closed_at ? duration(c.closed_at - c.opened_at) : ''}</>;
  }
}

function Rated({ n }: { n: number }) {
  if (!n) return null;
  return (
    <span class={n <= 2 ? 'rated low' : 'rated'} title={scoreLabel(n as Score)}>
      <Icon node={Star} size={12} /> <span class="num">{n}</span>
      <span class="hidden">{scoreLabel(n as Score)}</span>
    </span>
  );
}

/** Those for which a word beside the figure is needed where no column head says it. */
const NAMED: ReadonlySet<Column> = new Set<Column>(['queue', 'wait', 'lasted', 'closed']);

/** The facts of a row that is no line of a table, but for the time of its beginning, which has a place of its own. */
export function Foot({ of: x }: { of: Found }) {
  return (
    <span class="result-foot">
      {picked.value
        .filter((c) => c !== 'opened' && (c !== 'state' || x.conversation.state !== 'closed'))
        .filter((c) => c !== 'rating' || x.conversation.rating > 0)
        .map((c) => (
          <span key={c} class={`fact ${c === 'state' ? 'open' : c === 'rating' ? 'rating' : 'clip'}`}>
            {NAMED.has(c) && <span>{columnName(c)} </span>}
            <Value of={x} column={c} />
          </span>
        ))}
    </span>
  );
}

export const opensShown = computed(() => picked.value.includes('opened'));

const grid = (): { gridTemplateColumns: string } => ({
  gridTemplateColumns: [`${NAME_WIDTH}px`, 'minmax(0, 1fr)', ...shown.value.map((c) => `${WIDTHS[c]}px`)].join(' '),
});

/** The heads of the columns; each line says them of itself, to those who do not see them. */
export function TableHead() {
  useEffect(() => {
    const box = document.querySelector('.results');
    if (!box) return;
    const seen = new ResizeObserver(() => (width.value = box.clientWidth));
    seen.observe(box);
    return () => seen.disconnect();
  }, []);
  return (
    <div class="table-head" aria-hidden="true" style={grid()}>
      <span>{f('colVisitor')}</span>
      <span>{f('colSaid')}</span>
      {shown.value.map((c) => (
        <span key={c} class="clip">
          {columnName(c)}
        </span>
      ))}
    </div>
  );
}

interface TableRowProps {
  of: Found;
  selected: boolean;
  name: ComponentChildren;
  said: ComponentChildren;
}

/** One line of the table: the name, the words, the facts. */
export function TableRow({ of: x, selected, name, said }: TableRowProps) {
  return (
    <div class={selected ? 'result line on' : 'result line'} style={grid()}>
      <span class="line-name">{name}</span>
      <span class="result-text clip">{said}</span>
      {shown.value.map((c) => (
        <span key={c} class="fact clip num" data-column={c}>
          <span class="hidden">{columnName(c)} </span>
          <Value of={x} column={c} />
        </span>
      ))}
    </div>
  );
}
