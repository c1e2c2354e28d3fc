/* failing.h: campaigns F6 and F19: one call of kefud fails, and another one, while everybody talks: a write to a database, its fsync(),
 * an allocation. A preloaded library (preload/failing.c) does it, at moments of chance. */
#ifndef KF_TESTS_FAULT_FAILING_H
#define KF_TESTS_FAULT_FAILING_H

#include "fault/crowd.h"
#include "fault/preload/failing_page.h"

struct failing_plan {
    uint64_t seed;
    int faults;
    bool memory;        /* F19: allocations; else F6: calls on databases */
    const char *mutant; /* NULL none; needs a build with MODE=fault */
};

struct failing_result {
    struct verdict verdict;
    struct platform_verdict platform;
    int armed[FAILING_KINDS], failed[FAILING_KINDS]; /* how often it was asked for, and came about */
    int ended[FAILING_KINDS];                        /* daemons that ended with 74 after it */
    int crashed;                                     /* by a signal, or with any other code */
    int library;                                     /* the same, inside of a library that does not look whether it got memory */
    bool whole;                                      /* the database passes its check */
};

void failing_campaign(const struct failing_plan *plan, struct failing_result *ret);
/* All that must be so. */
void failing_holds(const struct failing_plan *plan, const struct failing_result *r);

#endif
