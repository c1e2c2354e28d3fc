/* options.h: what the environment tells a campaign: SEED repeats a run, KILLS makes it longer or shorter, ONLY chooses tests by a pattern,
 * MUTANT runs it against a mistake (where it must fail). */
#ifndef KF_TESTS_FAULT_OPTIONS_H
#define KF_TESTS_FAULT_OPTIONS_H

#include "support/daemon.h"

#include <stdlib.h>

static inline uint64_t option_seed(void)
{
    const char *given = getenv("SEED");

    return given ? strtoull(given, NULL, 10) : (uint64_t)now_wall_ms();
}

static inline int option_kills(int usual)
{
    const char *given = getenv("KILLS");

    return given ? atoi(given) : usual;
}

static inline const char *option_mutant(void)
{
    return getenv("MUTANT");
}

static inline void option_only(void)
{
    if (getenv("ONLY"))
        cmocka_set_test_filter(getenv("ONLY"));
}

/* What a test that has failed may have left to the daemons of the next. */
static inline int options_forget(void **state)
{
    (void)state;
    (void)unsetenv("KEFUD_MUTANT");
    (void)unsetenv("KEFUD_FAULT");
    (void)unsetenv("KEFUD_POWER");
    (void)unsetenv("KEFUD_FAILING");
    (void)unsetenv("LD_PRELOAD");
    return 0;
}

#endif
