import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../kit/Button';
import { Area } from '../kit/Field';
import { Chips, RatingSteps, type Score } from '../kit/Rating';
import { rate, rating, skipRating } from './talk';
import { t } from './laterWords';

const TAGS = ['slow', 'unsolved', 'attitude', 'unclear', 'transfer'] as const;
const LABELS = {
  slow: 'tagSlow',
  unsolved: 'tagUnsolved',
  attitude: 'tagAttitude',
  unclear: 'tagUnclear',
  transfer: 'tagTransfer',
} as const;

export function RatingCard() {
  const [score, setScore] = useState<Score>();
  const [tags, setTags] = useState<string[]>([]);
  const comment = useRef<HTMLTextAreaElement>(null);
  const card = useRef<HTMLFormElement>(null);
  const sending = rating.value === 'sending';
  useEffect(() => {
    card.current?.scrollIntoView({ block: 'nearest' });
  }, [score]);
  return (
    <form
      ref={card}
      class="card"
      aria-label={t('rateTitle')}
      onSubmit={(ev) => {
        ev.preventDefault();
        if (score) rate(score, score <= 3 ? tags : [], comment.current?.value.trim() ?? '');
      }}
    >
      <h2>{t('rateTitle')}</h2>
      <RatingSteps label={t('rateLabel')} value={score} onChange={setScore} />
      {score !== undefined && score <= 3 && (
        <>
          <p class="soft">{t('rateTags')}</p>
          <Chips
            label={t('rateTags')}
            options={TAGS.map((key) => ({ key, label: t(LABELS[key]) }))}
            chosen={tags}
            onToggle={(key) => setTags(tags.includes(key) ? tags.filter((x) => x !== key) : [...tags, key])}
          />
        </>
      )}
      {score !== undefined && (
        <Area
          label={t('rateComment')}
          placeholder={t('rateCommentHint')}
          rows={2}
          maxLength={1000}
          inputRef={comment}
        />
      )}
      <div class="card-acts">
        <Button kind="quiet" onClick={skipRating}>
          {t('rateSkip')}
        </Button>
        <Button kind="primary" type="submit" disabled={!score || sending}>
          {t('rateSend')}
        </Button>
      </div>
    </form>
  );
}
