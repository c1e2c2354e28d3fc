// The second bundle: all that a conversation needs once it is one.
import './parts.css';
import { LogOut, Star, Volume2, VolumeX } from 'lucide';
import { LANGUAGE_NAMES, LANGUAGES } from '../core/i18n';
import { lang } from './i18n';
import type { MenuItem } from '../kit/Menu';
import { setLanguage, state } from './chat';
import { askRating, items, rating, setSound, sound } from './talk';
import { t } from './laterWords';

export { sendFiles } from './files';
export { Popup } from '../kit/Menu';
export { Talk } from './Conversation';
export { begin, sendText, typed } from './talk';

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
