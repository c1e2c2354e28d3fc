// What kefud ships, so that people see what is said as long as they say nothing else.
import all from '../../config/defaults/wordings.json';

export const wordings: Record<string, Record<string, string>> = all;
