/* part.h: a text that is longer than a platform takes, in parts. */
#ifndef KF_CORE_PART_H
#define KF_CORE_PART_H

#include "core/slice.h"

/* What a platform counts when it says how long a text may be. */
enum text_unit { TEXT_CODE_POINTS, TEXT_UTF16, TEXT_BYTES };

/* How long it is in these; the text must be valid. */
size_t text_length(struct slice text, enum text_unit unit);

/* Part number `part` (from 0) of `text`, at most `max` units (0: no bound): cut behind a line, a sentence or a word where one ends in
 * the second half of it, never inside of what people see as one character. `*more`: others follow. The same text is always cut alike. Empty:
 * there is no such part. */
struct slice text_part(struct slice text, size_t max, enum text_unit unit, int part, bool *more);

#endif
