/* forbid.h: wording that no agent should send. Found in any case and width, in simplified and traditional characters, whatever stands between
 * those ("随 便", "隨-便"), and where letters stand alone ("i.d.i.o.t"). */
#ifndef KF_CORE_FORBID_H
#define KF_CORE_FORBID_H

#include "core/buf.h"
#include "core/slice.h"

#include <stddef.h>

struct forbidden_word {
    const char *word;   /* as it was written */
    const char *spaced; /* as forbid_spaced() gives it */
    const char *name;   /* what kind of wording it is */
    const char *advice; /* "" none */
};

/* The folded words and characters of a text with a blank around each: " 随 便 ". */
void forbid_spaced(struct slice text, struct buf *ret);
/* The same of a text in which words are looked for; behind it what was spelled letter by letter, as words. */
void forbid_text(struct slice text, struct buf *ret);
/* Which of the words are in `text`; at most `max`. */
size_t forbid_find(const struct forbidden_word *words, size_t n, struct slice text, const struct forbidden_word **ret, size_t max);

#endif
