// A text that is to be copied whole: a key, an address, a line of code.
import { Copy } from 'lucide';
import { Button } from '../kit/Button';
import { s } from '../kit/staffWords';
import { toast } from '../kit/Toast';

export function Secret({ text }: { text: string }) {
  return (
    <div class="secret">
      <code>{text}</code>
      <Button
        small
        icon={Copy}
        onClick={() =>
          void navigator.clipboard
            ?.writeText(text)
            .then(() => toast(s('copied')))
            .catch(() => toast(s('copyFailed'), { bad: true }))
        }
      >
        {s('copy')}
      </Button>
    </div>
  );
}
