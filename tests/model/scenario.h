/* scenario.h: what happens in a random run. The seed decides; it is printed with every failure. */
#ifndef KF_TESTS_SCENARIO_H
#define KF_TESTS_SCENARIO_H

#include "world.h"

struct scenario {
    uint64_t seed;
    int nodes, steps;
    int from;         /* nothing happens before this step, but time passes */
    uint64_t without; /* bit k: what is number k of the kinds does not happen */
    bool aloud;       /* a failure is printed with the steps before it */
};

/* The kinds of things that happen, and their names. At most 64. */
size_t scenario_kinds(void);
const char *scenario_kind(size_t i);
/* Runs `steps` events on `nodes` nodes, with faults (kills, pauses, an emptied Redis), then heals everything and looks again. What went wrong
 * is in `words` ("" nothing). The number of steps that were made. */
int scenario_random(const struct scenario *s, char words[300]);
/* Of a run that fails: the same with fewer steps and fewer kinds of them, as far as it still fails and there is time; what is left is printed. */
void scenario_shrink(const struct scenario *failed, int64_t budget_ms);
/* One node, no faults: whenever a place is free it takes who waits, with no time passing. */
void scenario_free_place(uint64_t seed, char words[300]);
/* A lease holder that falls asleep while it reserves, and comes back for a moment when another one has long gone on: what it leaves behind must
 * not give anybody more than a full load. */
void scenario_stale_holder(uint64_t seed, char words[300]);

#endif
