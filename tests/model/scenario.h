/* scenario.h: what happens in a random run. The seed decides; it is printed with every failure. */
#ifndef KF_TESTS_SCENARIO_H
#define KF_TESTS_SCENARIO_H

#include "world.h"

/* Runs `steps` events on `nodes` nodes, with faults (kills, pauses, an emptied Redis), then heals everything and looks again. What went wrong
 * is in `words` ("" nothing). */
void scenario_random(uint64_t seed, int nodes, int steps, char words[300]);
/* One node, no faults: whenever a place is free it takes who waits, with no time passing. */
void scenario_free_place(uint64_t seed, char words[300]);
/* A lease holder that falls asleep while it reserves, and comes back for a moment when another one has long gone on: what it leaves behind must
 * not give anybody more than a full load. */
void scenario_stale_holder(uint64_t seed, char words[300]);

#endif
