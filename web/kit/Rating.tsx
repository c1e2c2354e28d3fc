// Satisfaction on five labelled steps. A radio group: arrows choose, the words are read out.
import './Rating.css';
import { useId } from 'preact/hooks';
import { Angry, Frown, Laugh, Meh, Smile } from 'lucide';
import { Icon } from './Icon';
import { en } from '../i18n/rating/en';
import { zhCN } from '../i18n/rating/zh-CN';
import { zhTW } from '../i18n/rating/zh-TW';
import { words } from './i18n';

const r = words<typeof zhCN>({ 'zh-CN': zhCN, 'zh-TW': zhTW, en });

export const SCORES = [1, 2, 3, 4, 5] as const;
export type Score = (typeof SCORES)[number];
const FACES = { 1: Angry, 2: Frown, 3: Meh, 4: Smile, 5: Laugh };

export function scoreLabel(score: Score): string {
  return r(`rate${score}`);
}

interface RatingProps {
  label: string;
  value: Score | undefined;
  onChange: (score: Score) => void;
}

export function RatingSteps({ label, value, onChange }: RatingProps) {
  const name = useId();
  return (
    <div class="rating-steps" role="radiogroup" aria-label={label}>
      {SCORES.map((s) => (
        <label key={s} class={s === value ? 'rating-step on' : 'rating-step'}>
          <input type="radio" name={name} value={s} checked={s === value} onChange={() => onChange(s)} />
          <Icon node={FACES[s]} size={28} />
          {scoreLabel(s)}
        </label>
      ))}
    </div>
  );
}

interface ChipsProps {
  label: string;
  options: { key: string; label: string }[];
  chosen: readonly string[];
  onToggle: (key: string) => void;
}

export function Chips({ label, options, chosen, onToggle }: ChipsProps) {
  return (
    <div class="chips" role="group" aria-label={label}>
      {options.map((o) => (
        <button
          key={o.key}
          type="button"
          class="chip"
          aria-pressed={chosen.includes(o.key)}
          onClick={() => onToggle(o.key)}
        >
          {o.label}
        </button>
      ))}
    </div>
  );
}
