import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const en: Like<typeof zhCN> = {
  goneHas: {
    one: '{name} reviews no more and still has {n} review open',
    other: '{name} reviews no more and still has {n} reviews open',
  },
  who: 'Who still has some',
  whoIn: 'Who still has some: {name}',
  has: { one: '{n} review open', other: '{n} reviews open' },
  gone: 'reviews no more',
  spread: 'Give to others',
  spreadOf: 'Give to others: {name}',
  takeBack: 'Take back',
  takeBackOf: 'Take back: {name}',
  takeOut: 'Take out',
  takeOutOf: 'Take out: {name}',
  hint: 'They go to whoever may review them and has the least to do; nobody gets conversations of their own. A saved draft is not handed on. What is taken back nobody reviews, and it can be drawn again.',
  hintCalibration:
    'A calibration is for those who were chosen. Once somebody is taken out, it can be compared when the others are done.',
  spreading: { one: '{n} review of {name} goes to others', other: '{n} reviews of {name} go to others' },
  takingBack: { one: '{n} review of {name} is taken back', other: '{n} reviews of {name} are taken back' },
  takingOut: '{name} is taken out of the calibration',
  undo: 'Undo',
  moved: '{n} given to others',
  taken: '{n} taken back',
  left: { one: '{n} that nobody may review', other: '{n} that nobody may review' },
  missed: '{n} taken back',
  failed: 'The reviews of {name} were not given to others: {why}',
  failedBack: 'The reviews of {name} were not taken back: {why}',
  failedOut: '{name} was not taken out of the calibration: {why}',
  nothingOpen: '{name} has nothing left to review',
  nobodyElse: 'nobody else may review them',
};
