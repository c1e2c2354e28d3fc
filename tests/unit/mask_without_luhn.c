#include "tests/unit/mask_mutants.h"

#define MASK_LUHN  0
#define mask_find  mask_find_without_luhn
#define mask_text  mask_text_without_luhn
#define mask_blind mask_blind_without_luhn
void mask_text_without_luhn(struct slice text, struct buf *out);
void mask_blind_without_luhn(struct slice text, struct buf *out);
#include "core/mask.c"
