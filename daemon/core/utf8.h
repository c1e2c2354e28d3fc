/* utf8.h: code points and where they end. RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF. */
#ifndef KF_CORE_UTF8_H
#define KF_CORE_UTF8_H

#include "core/slice.h"

#include <stdint.h>

bool utf8_valid(struct slice s);
/* How many code points; the text must be valid. */
size_t utf8_length(struct slice s);
/* The code point at *i, which moves on; U+FFFD for a broken sequence (moves by one byte). */
uint32_t utf8_next(struct slice s, size_t *i);
/* Nothing in it is seen: controls, blanks of every width (U+3000, no-break, the fillers of Hangul, empty Braille), and what has none at all
 * (zero-width, direction marks, selectors of forms, tags). */
bool utf8_blank(struct slice s);
/* No controls in it (C0, C1, DEL), no other ends of lines, and nothing that turns the direction of what follows: it does nothing to a terminal
 * or a log that shows it. */
bool utf8_one_line(struct slice s);
/* Writes 1 to 4 bytes, returns how many. */
size_t utf8_put(char out[4], uint32_t cp);
/* The longest prefix of at most `max` code points that does not end inside a grapheme (combining marks, ZWJ sequences, variation
 * selectors, regional indicator pairs, emoji modifiers stay with what they belong to). At least one code point if s is not empty. */
struct slice utf8_cut(struct slice s, size_t max);

#endif
