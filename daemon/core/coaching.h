/* coaching.h: a note that a supervisor plans for an agent: what to work at, and when both look at it again.
 *
 *   PLANNED ──► ACKNOWLEDGED ──► DONE
 *      └───────────────────────────┘       closed without having been acknowledged
 *
 * The agent acknowledges; any supervisor of the agent's queues closes it, with what came of it. */
#ifndef KF_CORE_COACHING_H
#define KF_CORE_COACHING_H

#include "core/id.h"
#include "core/rc.h"

#include <stdint.h>

/* Stored: only append. */
enum coaching_state { COACHING_PLANNED, COACHING_ACKNOWLEDGED, COACHING_DONE };
enum coaching_event { COACHING_PLAN, COACHING_ACKNOWLEDGE, COACHING_CLOSE };

struct coaching {
    struct kf_id id;
    struct kf_key site;
    int64_t revision; /* rises with everything that is changed of it */
    struct kf_id agent, by;
    struct kf_id review; /* what it is about; zero: nothing in particular */
    struct kf_key queue; /* of that review; "" none */
    const char *by_name, *text;
    int64_t follow_at; /* when it is looked at again */
    enum coaching_state state;
    const char *answer, *outcome; /* the agent's words; what came of it. "" none */
    int64_t at, acknowledged_at, done_at;
};

/* What an event makes of it; KF_CONFLICT: not in this state. Who may is permit_coaching()'s to say. */
enum kf_rc coaching_step(enum coaching_state from, enum coaching_event ev, enum coaching_state *ret, struct kf_err *why);
const char *coaching_state_name(enum coaching_state s);

#endif
