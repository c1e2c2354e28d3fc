#include "core/fault.h"

#ifdef KEFUD_FAULT
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

void fault_point(const char *name)
{
    static atomic_long passed;
    const char *chosen = getenv("KEFUD_FAULT");
    size_t n = strlen(name);

    if (!chosen || strncmp(chosen, name, n) != 0 || chosen[n] != ':')
        return;
    if (atomic_fetch_add(&passed, 1) + 1 == strtol(chosen + n + 1, NULL, 10))
        raise(SIGKILL);
}
#else
typedef int core_has_no_faults;
#endif
