// Legal holds on a conversation or its visitor: said where it is read, to those who may set and lift them.
import { useSignal } from '@preact/signals';
import { Lock } from 'lucide';
import { useEffect } from 'preact/hooks';
import { api, query } from '../core/api';
import { exactTime } from '../core/time';
import { Icon } from '../kit/Icon';
import { lang } from '../kit/i18n';
import { may, site } from '../kit/session';
import { f } from './findWords';

interface Hold {
  id: string;
  reason: string;
  at: number;
  by: { name: string };
}

export function Holds({ conversation }: { conversation: string }) {
  const all = useSignal<readonly Hold[]>([]);
  const asks = may('supervisor', 'admin');
  useEffect(() => {
    let gone = false;
    all.value = [];
    if (!asks) return;
    api<{ items: Hold[] }>(`holds${query({ site: site.value?.key, conversation })}`)
      .then((got) => {
        if (!gone) all.value = got.items;
      })
      .catch(() => undefined); // the words are there, and that is what was asked for
    return () => {
      gone = true;
    };
  }, [conversation, asks]);
  if (all.value.length === 0) return null;
  return (
    <ul class="held">
      {all.value.map((x) => (
        <li key={x.id}>
          <Icon node={Lock} size={16} /> <b dir="auto">{f('held', { reason: x.reason })}</b>{' '}
          <span class="dim num">
            {f('heldBy', { name: x.by.name || 'kefuctl', time: exactTime(x.at, lang.value) })}
          </span>
        </li>
      ))}
    </ul>
  );
}
