/* rush.h: campaign F14 under load: many visitors at two nodes, one of which is killed in the middle, until enough has been
 * acknowledged. Some visitors come only when it has gone, some close and come back: somebody has to route them. */
#ifndef KF_TESTS_FAULT_RUSH_H
#define KF_TESTS_FAULT_RUSH_H

#include "fault/crowd.h"

struct rush_plan {
    uint64_t seed;
    int visitors, agents;
    int late;     /* of the visitors: come after the kill, and must be served as well */
    int restless; /* of the visitors: close and come back */
    int messages; /* to be acknowledged; the lease's holder is killed after half of them */
    int think_ms; /* a visitor's pause, at most */
};

struct rush_result {
    struct verdict verdict;
    struct platform_verdict platform;
    int acked_before, acked_ms; /* before the kill; how long the whole took */
    int unserved;               /* visitors whom nobody had taken at the end */
    int twice_held;             /* conversations that two agents believed theirs at the end */
};

void rush_campaign(const struct rush_plan *plan, struct rush_result *ret);
void rush_holds(const struct rush_result *r, const struct rush_plan *plan);

#endif
