/* hooks.h: campaign F16: a platform repeats itself. Each webhook is sent one to three times, shuffled and delayed, to two nodes at
 * once, and again until it is answered with 2xx. */
#ifndef KF_TESTS_FAULT_HOOKS_H
#define KF_TESTS_FAULT_HOOKS_H

#include "support/daemon.h"

#include <stdint.h>

struct hooks_plan {
    uint64_t seed;
    int talks, events;  /* conversations, and messages in all */
    int span_ms;        /* over which the deliveries are spread */
    int kills;          /* of one of the nodes meanwhile */
    const char *mutant; /* NULL none */
};

struct hooks_result {
    int deliveries, answered, refused, broken; /* 2xx; other answers; no answer */
    int stored, lost, duplicated, gaps, strangers;
    int deaths;   /* of a node, between a commit and its answers */
    int inverted; /* neighbours in a conversation that stand against the platform's order: arrival decides, so there are some */
    int p50_ms, p99_ms, max_ms, late; /* late: answered after more than a second */
};

void hooks_campaign(const struct hooks_plan *plan, struct hooks_result *ret);
/* All that must be so: of this many webhooks each is one message. */
void hooks_hold(const struct hooks_result *r, int events);

#endif
