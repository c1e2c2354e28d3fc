/* mask_mutants.h: copies of the masker with one check taken out. */
#ifndef KF_TESTS_UNIT_MASK_MUTANTS_H
#define KF_TESTS_UNIT_MASK_MUTANTS_H

#include "core/mask.h"

size_t mask_find_without_luhn(struct slice text, struct mask_span *spans, size_t max);
size_t mask_find_without_check(struct slice text, struct mask_span *spans, size_t max);
size_t mask_find_without_folding(struct slice text, struct mask_span *spans, size_t max);

#endif
