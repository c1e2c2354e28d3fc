import type { Like } from '../../core/i18n';
import type { zhCN } from './zh-CN';

export const en: Like<typeof zhCN> = {
  out: 'Export',
  outHint: 'All settings of this site in one JSON file. Secrets, people and conversations are not in it.',
  outDo: 'Export as JSON',
  in: 'Import',
  inHint:
    'First you see what would change; then all of it takes effect at once. Parts that the file has (queues, rules …) become what it says, and what it leaves out of them is removed. Parts that it does not have, and secrets, stay as they are.',
  inChoose: 'Choose a file…',
  inFile: 'Settings file (JSON)',
  inNoJson: 'This is no JSON file: {why}',
  inRefused: 'Nothing was imported: {why}',
  inSame: 'It says what is set already. Nothing would change.',
  inMoved: 'The settings were changed meanwhile. Look again at what would change.',
  inWill: { one: '{n} change:', other: '{n} changes:' },
  adds: 'New',
  changes: 'Changed',
  removes: 'Removed',
  inApply: { one: 'Apply {n} change', other: 'Apply {n} changes' },
  inDone: { one: '{n} change imported, in effect now', other: '{n} changes imported, in effect now' },
  k_ban: 'Block',
  k_scorecard: 'Scorecard',
  k_schedule: 'Daily sample',
  k_check: 'Machine check',
};
