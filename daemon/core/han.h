/* han.h: one form for a Chinese character that is written in several ways: traditional and simplified, by the standards of the mainland, Taiwan and
 * Hong Kong, and what Unicode has twice. Code point for code point, so that places in a text stay what they are.
 *
 * What several traditional characters have become is one with all of them (后 and 後, 干 with 乾 and 幹): who searches finds more rather than nothing.
 *
 * The search index is made of these forms: whoever changes han.def lets it be learnt anew (SCHEMA_NOW of store/index.c, and a migration). */
#ifndef KF_CORE_HAN_H
#define KF_CORE_HAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The form that stands for `cp`, mostly the simplified one; anything else is its own. Folding twice changes nothing. */
uint32_t han_fold(uint32_t cp);
/* All that is not its own form, one after the other, *i being 0 at first. False at the end. */
bool han_next(size_t *i, uint32_t *from, uint32_t *to);

#endif
