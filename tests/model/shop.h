/* shop.h: what most tests of the model begin and end with, and what happens in them every day. */
#ifndef KF_TESTS_SHOP_H
#define KF_TESTS_SHOP_H

#include "world.h"

/* A world in which leases are taken and Redis is filled. */
void shop_open(struct world *w, int nodes, uint64_t seed);
void shop_open_plan(struct world *w, const struct world_plan *plan);
/* Asserts that the world has seen nothing wrong. */
void shop_end(struct world *w);

/* Comes to this node, and takes what is there. */
void agent_online(struct world *w, int agent, int node);
/* Comes to this node and says something; the conversation that it is in. */
struct kf_id visitor_ask(struct world *w, int visitor, int node);
/* Is the conversation in this state, as stored? */
bool is_in(struct world *w, const struct kf_id *conv, enum conv_state state);

#endif
