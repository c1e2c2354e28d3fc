// The parts that come later.
import './parts.css';
import { useEffect, useRef } from 'preact/hooks';
import { LogOut, Star, Volume2, VolumeX } from 'lucide';
import { LANGUAGE_NAMES, LANGUAGES } from '../core/i18n';
import { Button } from '../kit/Button';
import { lang } from '../kit/i18n';
import type { MenuItem } from '../kit/Menu';
import { askRating, end, items, rating, setLanguage, setSound, sound, state } from './chat';
import { t } from './laterWords';

export { ContactForm } from './ContactForm';
export { discard, retry, sendFiles } from './files';
export { Media } from '../kit/Media';
export { Popup } from '../kit/Menu';
export { RatingCard } from './RatingCard';

export function languages(): MenuItem[] {
  return LANGUAGES.map((code) => ({
    key: code,
    label: LANGUAGE_NAMES[code],
    lang: code,
    checked: code === lang.value,
    onSelect: () => setLanguage(code),
  }));
}

export function acts(onEnd: () => void): MenuItem[] {
  const ret: MenuItem[] = [
    {
      key: 'sound',
      label: sound.value ? t('soundOff') : t('soundOn'),
      icon: sound.value ? VolumeX : Volume2,
      onSelect: () => setSound(!sound.value),
    },
  ];
  if (rating.value === 'no' && items.value.some((i) => i.from.role === 'agent')) {
    ret.push({ key: 'rate', label: t('rate'), icon: Star, onSelect: askRating });
  }
  if (state.value === 'waiting' || state.value === 'served') {
    ret.push({ key: 'end', label: t('end'), icon: LogOut, onSelect: onEnd });
  }
  return ret;
}

export function fieldLabel(name: string): string {
  const labels: Record<string, string> = {
    name: t('formName'),
    phone: t('formPhone'),
    email: t('formEmail'),
    text: t('formText'),
  };
  return labels[name] ?? name;
}

export function EndCard({ onDone }: { onDone: () => void }) {
  const first = useRef<HTMLDivElement>(null);
  useEffect(() => {
    first.current?.scrollIntoView({ block: 'end' });
    first.current?.querySelector('button')?.focus();
  }, []);
  return (
    <div class="card" role="group" aria-label={t('endAsk')} ref={first}>
      <h2>{t('endAsk')}</h2>
      <p class="soft">{t('endText')}</p>
      <div class="card-acts">
        <Button onClick={onDone}>{t('endKeep')}</Button>
        <Button
          kind="primary"
          onClick={() => {
            end();
            onDone();
          }}
        >
          {t('end')}
        </Button>
      </div>
    </div>
  );
}
