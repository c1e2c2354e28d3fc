/* pair.h: two nodes on one Redis and one SQLite file, a crowd before them and another system beside it. */
#ifndef KF_TESTS_FAULT_PAIR_H
#define KF_TESTS_FAULT_PAIR_H

#include "fault/crowd.h"
#include "fault/redis.h"

#define PAIR 2

struct pair {
    struct daemon nodes[PAIR];
    struct crowd crowd; /* its `other` is the second node; silent nodes are left after PAIR_SILENCE_MS */
    struct platform platform;
    struct redis redis;
    char dir[SCRATCH_MAX], database[96];
};

#define PAIR_SILENCE_MS 1000

/* Everything runs, the agents are online, and the visitors are half at each node; nobody has said anything. */
void pair_begin(struct pair *p, uint64_t seed, int visitors, int agents);
/* Until `ms` have passed. */
void pair_turn(struct pair *p, int ms);
/* The crowd is settled, nothing is left to be sent, both nodes are killed (who is not running stays so), and judged. */
void pair_judge(struct pair *p, struct verdict *ret, struct platform_verdict *platform);
void pair_finish(struct pair *p);
/* The index of who holds the lease of the one site there is, as the nodes say themselves; -1: nobody. */
int pair_holder(struct pair *p);
/* Takes turns until somebody holds it. */
int pair_holder_wait(struct pair *p);

#endif
