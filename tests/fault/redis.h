/* redis.h: campaign F2: Redis is killed, emptied, or comes back with what it knew long ago, while everybody talks. Nothing that
 * was acknowledged is touched by it, nobody loses a conversation, and those who come meanwhile are served when it is back. */
#ifndef KF_TESTS_FAULT_REDIS_H
#define KF_TESTS_FAULT_REDIS_H

#include "fault/crowd.h"
#include "tests/support/redis.h"

struct redis_plan {
    uint64_t seed;
    int rounds;
    bool own;           /* the server that kefud starts, by its pid; else one of the test's: kills and FLUSHALL */
    int stop_ms;        /* > 0 (F8): it is not killed, but stands still for so long */
    const char *mutant; /* NULL none */
};

struct redis_result {
    struct verdict verdict;
    int stops;
    int stall_before_ms, stall_ms;    /* the longest that a ping waited for its pong, before and while Redis stood still */
    int kills, flushes, stale;        /* stale: kills after which an old dump came back */
    int acked_without;                /* while Redis was away */
    int away_p50_ms, away_max_ms;     /* from the kill to the first answer */
    int routed_p50_ms, routed_max_ms; /* from that answer until a visitor who came meanwhile was served; -1: was not within 10 s */
    int unrouted;                     /* rounds in which that did not come about */
    int changed_hands;                /* conversations that had an owner before the first kill, and another one or epoch at the end */
};

void redis_campaign(const struct redis_plan *plan, struct redis_result *ret);
/* All that must be so. */
void redis_holds(const struct redis_result *r);

#endif
