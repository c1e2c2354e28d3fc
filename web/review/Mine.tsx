// An agent's own reviews: how they went by week, beside the middle of the team; each with its lines, to be acknowledged or appealed.
import './quality.css';
import { useSignal } from '@preact/signals';
import { ArrowLeft } from 'lucide';
import { useEffect } from 'preact/hooks';
import { api, query } from '../core/api';
import type { Transcript } from '../core/staff';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { site } from '../kit/session';
import { Tabs } from '../kit/Tabs';
import { told, transcript } from './find';
import { Panel } from './Panel';
import { openReview, points, review, type ReviewRow, reviews, type Sum, why } from './quality';
import { type Coached, Note } from './coach';
import { Failed } from './Failed';
import { l } from './learnWords';
import { NoticeList } from './Notices';
import { goal, loadNotices, notices } from './told';
import { w } from './qualityWords';
import { Row } from './Rows';
import { Training } from './Training';

const ROWS = 100;

interface Own {
  total: Sum;
  weeks: Sum[];
  team: { reviews: number; median: number };
}

function Trend({ own }: { own: Own }) {
  if (!own.total.reviews) return null;
  return (
    <div class="trend">
      <p>
        <b class="num">{w('mineMean', { score: points(own.total.score_sum / own.total.reviews) })}</b>{' '}
        <span class="dim num">{w('mineTeam', { score: points(own.team.median) })}</span>
      </p>
      <table class="table">
        <caption class="hidden">{w('mineTrend')}</caption>
        <thead>
          <tr>
            <th scope="col">{w('by_week')}</th>
            <th scope="col">{w('figReviews')}</th>
            <th scope="col">{w('figMean')}</th>
          </tr>
        </thead>
        <tbody>
          {[...own.weeks]
            .sort((a, b) => (b.key ?? '').localeCompare(a.key ?? ''))
            .slice(0, 8)
            .map((x) => (
              <tr key={x.key}>
                <th scope="row" class="num">
                  {x.key}
                </th>
                <td class="num">{x.reviews}</td>
                <td class="num">
                  <meter min={0} max={10000} value={x.score_sum / x.reviews} aria-hidden="true" />{' '}
                  {points(x.score_sum / x.reviews)}
                </td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}

export function Mine({ onClose }: { onClose: () => void }) {
  const rows = useSignal<readonly ReviewRow[] | null>(null);
  const own = useSignal<Own | null>(null);
  const notes = useSignal<readonly Coached[]>([]);
  const failed = useSignal('');
  const load = async (): Promise<void> => {
    try {
      const [list, mine, coached] = await Promise.all([
        reviews({ list: 'about_me' }),
        api<Own>(`quality/mine${query({ site: site.value?.key })}`),
        api<{ items: Coached[] }>(`coaching${query({ site: site.value?.key, list: 'mine' })}`),
        loadNotices(),
      ]);
      rows.value = list;
      own.value = mine;
      notes.value = coached.items;
      failed.value = '';
    } catch (e) {
      failed.value = why(e);
    }
  };
  useEffect(() => {
    void load();
    const heard = (): void => void load();
    document.addEventListener('kefud-notice', heard);
    return () => {
      document.removeEventListener('kefud-notice', heard);
      void openReview(null, false);
      transcript.value = null;
    };
  }, []);
  const open = async (review: string, conversation: string): Promise<void> => {
    await openReview(review, false);
    try {
      transcript.value = told(await api<Transcript>(`transcripts/${encodeURIComponent(conversation)}`));
    } catch {
      transcript.value = null; // the lines then stand without their words
    }
  };
  const r = review.value;
  // As soon as it is there: who has begun to write when the transcript comes shall not be taken away from it.
  useEffect(() => {
    if (r && !goal.peek()) document.querySelector<HTMLElement>('.mine .panel')?.focus();
  }, [r?.id]);
  const part = useSignal<'reviews' | 'training'>('reviews');
  return (
    <Dialog title={w('mineTitle')} onClose={onClose} wide>
      <div class="mine">
        <Failed why={failed.value} retry={() => void load()} />
        {!r && (
          <Tabs
            label={w('mineTitle')}
            selected={part.value}
            onSelect={(key) => (part.value = key as 'reviews')}
            items={[
              { key: 'reviews', label: w('tasks') },
              { key: 'training', label: l('training') },
            ]}
          />
        )}
        {!r && part.value === 'training' ? (
          <Training />
        ) : r ? (
          <>
            <p>
              <Button small icon={ArrowLeft} onClick={() => void openReview(null, false)}>
                {w('back')}
              </Button>
            </p>
            <Panel review={r} onDone={() => void load()} />
          </>
        ) : (
          <>
            {(notices.value?.length ?? 0) > 0 && (
              <section aria-label={w('notices')}>
                <h3>{w('notices')}</h3>
                <NoticeList
                  onOpen={(n) => {
                    if (n.kind !== 'mention') {
                      location.href = `/review/${query({ site: site.value?.key, id: n.conversation })}`;
                      return;
                    }
                    goal.value = n;
                    if (n.review) void open(n.review, n.conversation);
                  }}
                />
              </section>
            )}
            {own.value && <Trend own={own.value} />}
            {notes.value.length > 0 && (
              <section class="mine-notes" aria-label={l('coachMine')}>
                <h3>{l('coachMine')}</h3>
                <ul>
                  {notes.value.map((x) => (
                    <Note key={`${x.id}/${x.revision}`} note={x} whose={x.by.name} onDone={() => void load()} />
                  ))}
                </ul>
              </section>
            )}
            {rows.value?.length === 0 && <p class="empty">{w('mineNone')}</p>}
            <ul class="mine-list" aria-label={w('mineTitle')}>
              {(rows.value ?? []).slice(0, ROWS).map((x) => (
                <li key={x.id}>
                  <button type="button" onClick={() => void open(x.id, x.conversation)}>
                    <Row r={x} selected={false} />
                  </button>
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </Dialog>
  );
}
