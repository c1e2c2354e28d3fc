/* inside.h: what the files of the model's world share. Nobody else includes it. */
#ifndef KF_TESTS_MODEL_INSIDE_H
#define KF_TESTS_MODEL_INSIDE_H

#include "world.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <jansson.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#define SITE     "demo"
#define CAPACITY 2
#define GRACE_MS 30000

/* As skills.json has it: what the queues ask for, until a ring lets it go. */
#define LIMIT_MS 120000
#define RING1_MS 6000
#define RING2_MS 12000
enum { SKILL_REFUND = 1, SKILL_VIP = 2, SKILLS = 2 /* how many */ };
/* What agent number i knows. */
static inline unsigned skills_of(int i)
{
    return i % 3 == 0 ? SKILL_REFUND | SKILL_VIP : i % 3 == 1 ? SKILL_REFUND : 0;
}
/* How well, if at all: of the k-th skill. */
static inline int level_of(int i, int k)
{
    return 1 + (i + k) % 5;
}
#define CALM_MS 12000 /* a lease's takeover, and two sweeps */
#define SKEW_MS 400   /* a node's clock is at most so far off */

extern const struct kf_key site_key;

/* Keeps the first failure. */
void wrong(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
uint64_t chance(struct world *w);

/* ---- ports.c: what a node asks of the world ---- */
struct ports ports_of(struct model_node *n);
int64_t port_now(void *ctx);
void port_chance(void *ctx, void *bytes, size_t n);
/* What a dying node still asks for is answered with "nothing works": one request; false: there is none. */
bool request_refuse(struct model_node *n);
/* What a paused node has asked for is done. */
void requests_perform(struct model_node *n);
size_t requests_held(const struct model_node *n);

/* ---- oracle.c ---- */
void look_at_commit(struct world *w, const struct change *c, const struct news *news);

/* ---- reference.c: the router a second time ---- */
/* What is needed of whoever takes somebody who has waited so long in that queue. */
unsigned needs_of(const struct kf_key *queue, int64_t waited);
/* Whom a pass over this view has to match with whom, in order; at most `max`. */
size_t reference_pass(struct world *w, const struct live_view *v, int64_t now, struct planned *ret, size_t max);
/* A node is handed a view; asks for a reservation; is done with it. */
void pass_expect(struct model_node *n, const struct live_view *v, int limit);
void pass_asks(struct model_node *n, const struct kf_id *conv, const struct kf_id *agent);
void pass_ends(struct model_node *n);

/* ---- people.c: sockets that are not there ---- */
void net_send_model(void *ctx, uint64_t conn, struct net_frame *f);
void net_close_model(void *ctx, uint64_t conn, int code, const char *reason);

/* ---- calm.c: what Redis says, held against the store ---- */
/* Nobody waits who could be served: R5, with its second. Moves the clock on when somebody seems to. */
void check_used(struct world *w);
/* Who waits there waits here, in the same order; whoever has so much to do there has it here. Only while nothing is under way. */
void check_live(struct world *w);

/* ---- world.c ---- */
bool busy(const struct world *w);
/* One turn of the loop, and what the stores have to say. */
void pump(struct world *w);
/* Gives the other threads and Redis a chance without spinning. */
void rest(struct world *w);
void open_store(struct world *w, struct model_node *n);
void was_loaded(void *ctx, enum kf_rc rc, const struct kf_err *why);

#endif
