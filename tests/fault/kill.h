/* kill.h: campaign F1: kefud is killed at random moments and at the moments that matter, while everybody talks. */
#ifndef KF_TESTS_FAULT_KILL_H
#define KF_TESTS_FAULT_KILL_H

#include "fault/crowd.h"

struct kill_plan {
    uint64_t seed;
    int kills;
    bool points;        /* also at fault points: needs a build with MODE=fault */
    const char *mutant; /* NULL none */
};

struct kill_result {
    struct verdict verdict;
    struct platform_verdict platform;
    int at_random, at_point, before_ready;
    int ready_p50_ms, ready_max_ms; /* from the start to the line that says so */
    int back_p50_ms, back_max_ms;   /* from then until everybody has been welcomed */
    int lives_back;                 /* lives long enough to tell */
};

void kill_campaign(const struct kill_plan *plan, struct kill_result *ret);

#endif
