#include "tests/unit/mask_mutants.h"

#define MASK_FOLDING 0
#define mask_find    mask_find_without_folding
#define mask_text    mask_text_without_folding
#define mask_blind   mask_blind_without_folding
void mask_text_without_folding(struct slice text, struct buf *out);
void mask_blind_without_folding(struct slice text, struct buf *out);
#include "core/mask.c"
