// A reaction to what the visitor has said, where the platform shows one. Only those are offered that every platform takes: a bot of Telegram's
// may use no others. What a chat does not allow all the same comes back as a line behind the message.
import { Dialog } from '../kit/Dialog';
import { Quote } from '../kit/Line';
import { d } from './moreWords';
import type { Room } from './room';
import { desk, dialog, doing, reactTo } from './work';

const EMOJI = ['👍', '❤️', '🙏', '👌', '😁', '🎉', '🤝', '😢'];

/** Ours that stands there; '' none. What did not get through has changed nothing, a taking back neither. */
function standing(room: Room, seq: number): string {
  let stands = '',
    before = '';
  for (const e of room.entries.value) {
    const emoji = String(e.data?.['emoji'] ?? '');
    if (e.after_seq !== seq) continue;
    if (e.kind === 'reaction' && e.by.role === 'agent') [before, stands] = [stands, emoji];
    else if (e.kind === 'reaction_failed' && emoji === stands) stands = before;
  }
  return stands;
}

export function ReactDialog({ room }: { room: Room }) {
  const seq = reactTo.value;
  const m = room.messages.value.find((one) => one.seq === seq);
  const stands = standing(room, seq);
  const close = (): void => void (dialog.value = '');
  const react = (emoji: string): void => {
    void doing(desk.act({ type: 'react', conversation: room.id, seq, emoji }), (w) => d('failedReact', { why: w }));
    close();
  };
  return (
    <Dialog title={d('reactTitle')} onClose={close}>
      {m && <Quote m={m} />}
      <div class="reacts" role="group" aria-label={d('reactTitle')}>
        {EMOJI.map((e) => (
          <button
            key={e}
            type="button"
            class="icon-btn"
            aria-pressed={e === stands}
            autofocus={e === (stands || EMOJI[0])}
            title={e === stands ? d('reactBack') : undefined}
            onClick={() => react(e === stands ? '' : e)}
          >
            {e}
          </button>
        ))}
      </div>
    </Dialog>
  );
}
