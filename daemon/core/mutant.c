#include "core/mutant.h"

#ifdef KEFUD_FAULT
#include <stdlib.h>
#include <string.h>

static const char *chosen;
static bool set;

void mutant_set(const char *name)
{
    chosen = name;
    set = true;
}

bool mutant(const char *name)
{
    const char *m = set ? chosen : getenv("KEFUD_MUTANT");

    return m && strcmp(m, name) == 0;
}
#else
typedef int core_has_no_mutants;
#endif
