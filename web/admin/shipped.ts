// What kefud ships, so that people see what is said and done as long as they say nothing else.
import allRules from '../../config/defaults/rules.json';
import allWordings from '../../config/defaults/wordings.json';
import type { Body } from './docs';

export const wordings: Record<string, Record<string, string>> = allWordings;
export const rules: readonly (Body & { key: string })[] = allRules;
