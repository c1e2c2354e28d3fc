/* nodes.h: campaign F14: two nodes; the one that holds the lease is stopped for longer than it may be silent, or killed. The other takes
 * over; when the first goes on, what it still wants to write is refused where it has become wrong. */
#ifndef KF_TESTS_FAULT_NODES_H
#define KF_TESTS_FAULT_NODES_H

#include "fault/crowd.h"

struct nodes_plan {
    uint64_t seed;
    int stops, kills; /* of the holder */
};

struct nodes_result {
    struct verdict verdict;
    struct platform_verdict platform;
    int taken_max_ms;  /* until the other node held the lease */
    int routed_max_ms; /* until a visitor who came at that moment was served */
    int unrouted;
    int lost_leases; /* told so by the node that was stopped */
    int with_lock;   /* stops in the middle of a commit: taken back, for then nobody can write */
    int twice_held;  /* conversations that two agents believed theirs at the end */
};

void nodes_campaign(const struct nodes_plan *plan, struct nodes_result *ret);
void nodes_hold(const struct nodes_result *r);

#endif
