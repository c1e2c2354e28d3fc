// Lines of the talk that is open are taken into the case library: seen without names before they are kept.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { api, query } from '../core/api';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import { Area, Field } from '../kit/Field';
import { k } from '../kit/i18n';
import { site } from '../kit/session';
import { s } from '../kit/staffWords';
import { toast } from '../kit/Toast';
import { lineOf } from '../kit/names';
import { at, transcript } from './find';
import { l } from './learnWords';
import { type Line, Lines, named } from './lines';
import { Check, Select } from './Pick';
import { asError, items, type Review } from './quality';
import { w } from './qualityWords';

const split = (text: string | undefined): string[] => (text ?? '').split(/[\s,，、]+/).filter(Boolean);

interface Words {
  title: string;
  note: string;
  collection: string;
  tags: string[];
}

interface KeepProps {
  review: Review;
  /** Of the scorecard: what it is an example for. */
  item?: string;
  onClose: () => void;
}

export function Keep({ review, item, onClose }: KeepProps) {
  const seqs = useSignal<readonly number[]>(at.value ? [at.value] : []);
  const good = useSignal(true);
  const chosen = useSignal<readonly string[]>(item ? [item] : []);
  const lines = useSignal<readonly Line[]>([]);
  const error = useSignal('');
  const busy = useSignal(false);
  const strike = useSignal<readonly string[]>([]);
  const title = useRef<HTMLInputElement>(null);
  const note = useRef<HTMLTextAreaElement>(null);
  const tags = useRef<HTMLInputElement>(null);
  const collection = useRef<HTMLInputElement>(null);
  /** What is written about the lines, and how it will be read. */
  const words = useSignal<Words>({ title: '', note: '', collection: '', tags: [] });
  const seen = useSignal<Words | null>(null);
  const wrote = (): Words => ({
    title: title.current?.value.trim() ?? '',
    note: note.current?.value.trim() ?? '',
    collection: collection.current?.value.trim() ?? '',
    tags: split(tags.current?.value),
  });
  const path = `examples${query({ site: site.value?.key })}`;
  const body = () => ({
    conversation: review.conversation,
    review: review.id,
    seqs: seqs.value,
    strike: strike.value,
  });
  useEffect(() => {
    let gone = false;
    if (!seqs.value.length) {
      lines.value = [];
      return;
    }
    api<{ lines: Line[] } & Words>(path, { method: 'POST', body: { ...body(), ...words.value, dry_run: true } })
      .then((got) => {
        if (gone) return;
        lines.value = got.lines;
        seen.value = got;
        error.value = '';
      })
      .catch((e: unknown) => {
        if (!gone) error.value = asError(e).title || s('unreachable');
      });
    return () => {
      gone = true;
    };
  }, [seqs.value, strike.value, words.value]);
  const keep = async (): Promise<void> => {
    if (!seqs.value.length) {
      error.value = l('libPick');
      return;
    }
    busy.value = true;
    try {
      await api(path, {
        method: 'POST',
        body: {
          ...body(),
          good: good.value,
          ...wrote(),
          items: chosen.value,
        },
      });
      toast(l('libKept'));
      onClose();
    } catch (e) {
      error.value = asError(e).title || s('unreachable');
    }
    busy.value = false;
  };
  const toggle = <T,>(list: readonly T[], x: T, on: boolean): T[] => (on ? [...list, x] : list.filter((y) => y !== x));
  const said = (transcript.value?.messages ?? []).filter((m) => m.kind !== 'event' && m.kind !== 'removed');
  return (
    <Dialog
      title={l('libKeep')}
      onClose={onClose}
      wide
      footer={
        <>
          <Button onClick={onClose}>{k('cancel')}</Button>
          <Button kind="primary" disabled={busy.value} onClick={() => void keep()}>
            {l('libKeep')}
          </Button>
        </>
      }
    >
      <div
        class="draw keep"
        onFocusOut={() => {
          const now = wrote();
          if (JSON.stringify(now) !== JSON.stringify(words.value)) words.value = now;
        }}
      >
        <Field inputRef={title} label={l('libTitle')} maxLength={120} autofocus />
        <Select
          label={l('libKind')}
          value={good.value ? 'good' : 'bad'}
          options={[
            ['good', l('libGood')],
            ['bad', l('libBad')],
          ]}
          onChange={(v) => (good.value = v === 'good')}
        />
        <fieldset>
          <legend>{l('libLines')}</legend>
          {said.map((m) => (
            <Check
              key={m.seq}
              checked={seqs.value.includes(m.seq)}
              onChange={(on) => (seqs.value = toggle(seqs.value, m.seq, on))}
            >
              <span class="dim num">{w('onMessage', { seq: m.seq })}</span>{' '}
              <span dir="auto">{lineOf(m) || m.kind}</span>
            </Check>
          ))}
        </fieldset>
        <Field label={l('libStrike')} onBlur={(ev) => (strike.value = split(ev.currentTarget.value))} />
        <section aria-label={l('libPreview')} aria-live="polite">
          <h3>{l('libPreview')}</h3>
          {lines.value.length > 0 && seen.value && (
            <p dir="auto">
              <b>{named(seen.value.title)}</b>{' '}
              {[seen.value.note, ...seen.value.tags, seen.value.collection].filter(Boolean).map(named).join(' · ')}
            </p>
          )}
          {lines.value.length ? <Lines lines={lines.value} /> : <p class="dim">{l('libPick')}</p>}
        </section>
        <Area inputRef={note} label={l('libNote')} rows={2} maxLength={2000} />
        <Field inputRef={tags} label={l('libTags')} />
        <Field inputRef={collection} label={l('libCollection')} maxLength={40} />
        <fieldset>
          <legend>{l('libItems')}</legend>
          {items(review.card).map((i) => (
            <Check
              key={i.key}
              checked={chosen.value.includes(i.key)}
              onChange={(on) => (chosen.value = toggle(chosen.value, i.key, on))}
            >
              {i.name}
            </Check>
          ))}
        </fieldset>
        {error.value && (
          <p class="error" role="alert">
            {error.value}
          </p>
        )}
      </div>
    </Dialog>
  );
}
