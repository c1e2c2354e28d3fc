/* part.h: a text that is longer than a platform takes, in parts. */
#ifndef KF_CORE_PART_H
#define KF_CORE_PART_H

#include "core/slice.h"

/* Part number `part` (from 0) of `text`, at most `max` code points (0: no bound): cut behind a line, a sentence or a word where one ends in
 * the second half of it, never inside of what people see as one character. `*more`: others follow. The same text is always cut alike. Empty:
 * there is no such part. */
struct slice text_part(struct slice text, size_t max, int part, bool *more);

#endif
