/* A mutant that tests must catch: only in builds made to fail. */
#ifdef KEFUD_FAULT
#include "live/inside.h"

#include <string.h>

void live_test_mutate(struct live *l, const char *name)
{
    if (strcmp(name, "nonatomic-reserve") == 0)
        l->nonatomic_reserve = true;
}
#else
typedef int live_mutant_is_not_built;
#endif
