/* route.h: who takes which conversation. Pure: all that a decision may know is in its arguments.
 *
 * Order of waiting: arrival − 60 s × priority. Choice of agent: the one who served last if free within the sticky bound,
 * then least load (load/capacity), longest idle, fewest handled, smallest id. A conversation whose only candidates are full does not
 * hold up those behind it. */
#ifndef KF_CORE_ROUTE_H
#define KF_CORE_ROUTE_H

#include "core/id.h"
#include "core/inbound.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Queues and skills are bits here; the caller numbers them (at most 64 each per site). */
struct route_agent {
    struct kf_id id;
    bool online; /* presence online, connected, may get automatic matches */
    int load, capacity;
    uint64_t queues, skills;
    int64_t idle_since;
    int64_t handled;
};

struct route_ask {
    struct kf_id conv;
    int64_t epoch;
    int64_t effective; /* arrival − 60 s × priority */
    int64_t waiting_since_ms;
    int queue;            /* number of its queue */
    uint64_t skills;      /* all of them are needed */
    struct kf_id prefer;  /* zero: none */
    struct kf_id exclude; /* refused or missed it last; zero: none */
    int64_t exclude_until;
};

struct route_policy {
    int64_t sticky_ms;   /* for so long after its arrival a conversation waits for `prefer` if that agent is online but full */
    int64_t overflow_ms; /* 0: never */
};

enum route_verdict { ROUTE_QUEUE, ROUTE_ASSIGN, ROUTE_OVERFLOW };

struct route {
    enum route_verdict verdict;
    struct kf_id agent;
    const char *why; /* a word for the timeline: "sticky" "least_load" "longest_idle" "only_one" */
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
