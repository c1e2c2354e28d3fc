/* routing.h: what the live layer and the settings say, in the numbers that core/route.h decides on; and its decisions, in words. */
#ifndef KF_DESK_ROUTING_H
#define KF_DESK_ROUTING_H

#include "core/route.h"
#include "desk/inner.h"

#define ROUTING_WORDS 63

struct routing {
    struct arena *arena; /* owns all of this */
    const struct desk_site *ds;
    struct route_ask *asks;
    size_t n_asks;
    struct route_agent *agents, *before; /* `before`: as they were when the pass began, and with each decision that was explained since */
    size_t n_agents;
    struct kf_key words[ROUTING_WORDS], languages[ROUTING_WORDS], channels[ROUTING_WORDS];
    size_t n_words, n_languages, n_channels;
};

/* False: out of memory; finish it all the same. Who waits in a paused queue is not among the asks. */
bool routing_init(struct routing *r, const struct desk_site *ds, const struct live_view *view);
/* The same without anybody who waits. */
bool routing_agents(struct routing *r, const struct desk_site *ds, const struct live_view *view);
void routing_finish(struct routing *r);
/* One who waits, whatever its queue's state. False: there is no queue, or no room for it. */
bool routing_ask(struct routing *r, const struct live_view *view, const struct live_waiting *w, struct route_ask *ret);
/* The decision as data of a timeline entry, in the arena: why, epoch, ring, how long it waited, who else came into question, who did not and
 * why. Decisions are to be explained in the order in which they were made. NULL: out of memory. */
const char *routing_reason(struct routing *r, const struct route_ask *ask, size_t agent, const char *why, int64_t now_ms);
/* `"candidates":[…],"excluded":[…],"barred":{…}` as things stand. */
void routing_explain(struct buf *b, const struct routing *r, const struct route_ask *ask, const struct route_agent *agents, int64_t now_ms);

#endif
