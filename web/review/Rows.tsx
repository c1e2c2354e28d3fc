// Reviews as a list.
import { lang } from '../kit/i18n';
import { List } from '../kit/List';
import { channelName } from '../kit/names';
import { listTime } from '../core/time';
import { eager, points, type ReviewRow } from './quality';
import { w } from './qualityWords';

export function Row({ r, selected }: { r: ReviewRow; selected: boolean }) {
  return (
    <div class={selected ? 'result on' : 'result'}>
      <span class="result-top">
        <b class="clip">{r.agent.name}</b>
        <time class="num" dateTime={new Date(r.closed_at).toISOString()}>
          {listTime(r.closed_at, Date.now(), lang.value)}
        </time>
      </span>
      <span class="result-foot">
        <span>{channelName(r.channel)}</span>
        <span class="clip">{r.sample.name || w(`kind_${r.sample.kind}`)}</span>
        <span class={`state ${r.state}`}>{w(`state_${r.state}`)}</span>
        {r.score !== undefined && (
          <b class={r.fatal || !r.passed ? 'rated low num' : 'rated num'}>
            {r.fatal && `${w('fatal')} · `}
            {points(r.score)}
          </b>
        )}
      </span>
    </div>
  );
}

interface RowsProps {
  label: string;
  rows: readonly ReviewRow[];
  selected: string | undefined;
  onOpen: (r: ReviewRow) => void;
  empty: string;
}

export function Rows({ label, rows, selected, onOpen, empty }: RowsProps) {
  return (
    <List
      label={label}
      items={rows}
      keyOf={(r) => r.id}
      rowHeight={64}
      selected={selected}
      onSelect={onOpen}
      onOpen={() => {
        const first =
          document.querySelector<HTMLElement>('.panel input') ?? document.querySelector<HTMLElement>('.panel');
        eager.value = !first;
        first?.focus();
      }}
      render={(r, on) => <Row r={r} selected={on} />}
      empty={
        <div class="empty">
          <p>{empty}</p>
        </div>
      }
    />
  );
}
