/* route.h: who takes which conversation. Pure: all that a decision may know is in its arguments.
 *
 * Order of waiting: arrival − 60 s × priority. Who may take it: of its queue, on its channel, with its language and its skills (rings let
 * go of some of them with time), not one who has just refused it, with places for its weight. Of those: the one who served last if free
 * within the sticky bound, then the highest band of proficiency, least load (load/capacity), longest idle, fewest handled, smallest id.
 * A conversation whose only candidates are full does not hold up those behind it; but one that needs several places at once, and has
 * waited for `heavy_ms`, keeps them free with one of its candidates until it gets them. */
#ifndef KF_CORE_ROUTE_H
#define KF_CORE_ROUTE_H

#include "core/id.h"
#include "core/inbound.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROUTE_BITS     64
#define ROUTE_LEVEL    3 /* proficiency 1 to 5 of who says nothing of it */
#define ROUTE_RINGS    2
#define ROUTE_LANGUAGE (1ULL << 63) /* in `relaxed`: the language too */

/* Queues, skills, languages and channels are bits here; the caller numbers them (at most 64 each per site; skill 63 is not given). */
struct route_agent {
    struct kf_id id;
    bool online;        /* presence online, connected, may get automatic matches */
    int load, capacity; /* in places: a conversation takes as many as its weight */
    uint64_t queues, skills;
    uint64_t languages, channels; /* 0: all */
    uint8_t level[ROUTE_BITS];    /* of each skill; 0: ROUTE_LEVEL */
    int64_t idle_since;
    int64_t handled;
    bool held; /* kept free by this pass for somebody who needs several places */
};

/* Somebody who refused or missed it, and until when nobody asks again. Who has handed it to a queue is asked again where nobody else who is
 * there could ever take it. */
struct route_refusal {
    struct kf_id agent;
    int64_t until;
    bool handed;
};

struct route_ask {
    struct kf_id conv;
    int64_t epoch;
    int64_t effective; /* arrival − 60 s × priority */
    int64_t waiting_since_ms;
    int queue;                     /* number of its queue */
    int weight;                    /* places that it takes; 0: 1 */
    uint64_t skills;               /* all of them are needed */
    uint64_t language, channel;    /* one bit each; 0: any will do */
    int64_t ring_ms[ROUTE_RINGS];  /* after so long … ; 0: never */
    uint64_t relaxed[ROUTE_RINGS]; /* … these are not needed any more */
    struct kf_id prefer;           /* zero: none */
    const struct route_refusal *refusals;
    size_t n_refusals;
    bool may_return; /* to who has handed it over: route_decide() finds out by itself */
};

struct route_policy {
    int64_t sticky_ms;   /* for so long after its arrival a conversation waits for `prefer` if that agent is online but full */
    int64_t overflow_ms; /* 0: never */
    int64_t heavy_ms;    /* 0: never keeps places free */
};

/* Why an agent does not come into question. */
enum route_bar {
    ROUTE_MAY,
    ROUTE_ABSENT,
    ROUTE_OTHER_QUEUE,
    ROUTE_OTHER_CHANNEL,
    ROUTE_OTHER_LANGUAGE,
    ROUTE_LACKS_SKILLS,
    ROUTE_REFUSED,
    ROUTE_HANDED,
    ROUTE_FULL
};
enum route_bar route_bar(const struct route_ask *ask, const struct route_agent *a, int64_t now_ms);
const char *route_bar_name(
    enum route_bar bar); /* "absent" "queue" "channel" "language" "skills" "refused" "handed" "full"; ROUTE_MAY: "" */

/* How many rings have been let go: 0 to ROUTE_RINGS. */
int route_ring(const struct route_ask *ask, int64_t now_ms);
/* The lowest of the agent's levels in what is needed now; 0: nothing is. */
int route_level(const struct route_ask *ask, const struct route_agent *a, int64_t now_ms);

enum route_verdict { ROUTE_QUEUE, ROUTE_ASSIGN, ROUTE_OVERFLOW };

struct route {
    enum route_verdict verdict;
    struct kf_id agent;
    const char *why; /* a word for the timeline: "sticky" "proficiency" "least_load" "longest_idle" "only_one" */
};

/* Who takes this conversation? */
struct route route_decide(const struct route_policy *p, const struct route_ask *ask, const struct route_agent *agents, size_t n,
                          int64_t now_ms);

struct route_match {
    size_t ask, agent; /* indexes */
    const char *why;
};

/* A whole pass: asks (sorted here by effective time, then id) meet agents until nothing fits; the agents' load counts up as it goes.
 * Writes at most `max` matches, returns how many. Reorders `asks`. */
size_t route_pass(const struct route_policy *p, struct route_ask *asks, size_t n_asks, struct route_agent *agents, size_t n_agents,
                  int64_t now_ms, struct route_match *ret, size_t max);

#endif
