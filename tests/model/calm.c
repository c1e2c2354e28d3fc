/* calm.c: what Redis knows must be what the store says, and leave nothing undone. */
#include "inside.h"

#define PLANNED 64

/* One look through any node, and what is asked of it. */
struct look {
    struct world *w;
    struct model_node *node;
    void (*judge)(struct look *l, const struct live_view *v);
    struct planned plan[PLANNED];
    size_t n_plan;
    bool there;
};

static void looked(void *ctx, enum kf_rc rc, const struct live_view *v, const struct kf_err *why)
{
    struct look *l = ctx;

    l->there = true;
    if (rc)
        wrong(l->w, "Redis cannot be looked at: %s", why->text);
    else
        l->judge(l, v);
}

static void look_through(struct world *w, struct look *l, void (*judge)(struct look *l, const struct live_view *v))
{
    *l = (struct look){ .w = w, .judge = judge };
    for (int i = 0; i < w->n_nodes; i++)
        if (w->nodes[i].up && !w->nodes[i].paused)
            l->node = &w->nodes[i];
    assert(l->node);
    live_look(l->node->live, &site_key, 1000, looked, l);
    while (!l->there) {
        pump(w);
        rest(w);
    }
}

/* ---- nothing is left undone ---- */

static void plan(struct look *l, const struct live_view *v)
{
    l->n_plan = reference_pass(l->w, v, port_now(l->node), l->plan, PLANNED);
}

void check_used(struct world *w)
{
    struct look first, second;

    look_through(w, &first, plan);
    if (!first.n_plan)
        return;
    /* A second, and the sweep's own step; who looks here may have a clock that is ahead of that of whoever sweeps. */
    world_pass(w, 1200 + (w->skewed ? 2 * SKEW_MS : 0));
    look_through(w, &second, plan);
    for (size_t i = 0; i < first.n_plan; i++)
        for (size_t k = 0; k < second.n_plan; k++)
            if (id_eq(&first.plan[i].conv, &second.plan[k].conv))
                wrong(w, "R5: somebody waits who could have been served for a second");
}

void world_check_used(struct world *w)
{
    for (int i = 0; i < w->n_nodes; i++)
        if (!w->nodes[i].up || w->nodes[i].paused)
            return;
    if (w->skilled && w->now - w->fault_at > 2 * CALM_MS)
        check_used(w);
}

/* ---- the same here and there ---- */

static void hex_of(const struct kf_id *id, char ret[33])
{
    for (int k = 0; k < 16; k++)
        (void)snprintf(ret + 2 * k, 3, "%02X", id->b[k]);
}

static void same(struct look *l, const struct live_view *v)
{
    struct world *w = l->w;
    char hex[33];

    if (world_number(w, "SELECT count(*) FROM conversation WHERE state = 1") != v->total_waiting)
        wrong(w, "R6: %lld wait in Redis, in the store it is another number", (long long)v->total_waiting);
    for (size_t i = 0; i < v->n_waiting; i++) {
        const struct live_waiting *c = &v->waiting[i];

        hex_of(&c->conv, hex);
        if (world_number(w,
                         "SELECT count(*) FROM conversation WHERE hex(id) = '%s' AND state = 1 AND epoch = %lld AND effective = %lld AND "
                         "queue = '%s' AND queued_at = %lld AND weight = %d",
                         hex, (long long)c->epoch, (long long)c->effective, c->queue.s, (long long)c->since, c->weight) != 1)
            wrong(w, "R6: somebody who waits in Redis waits in another way in the store");
    }
    for (size_t i = 0; i < v->n_agents; i++) {
        const struct live_agent *a = &v->agents[i];

        hex_of(&a->id, hex);
        if (world_number(w,
                         "SELECT coalesce(sum(weight), 0) FROM conversation WHERE (state IN (2,3) AND hex(owner) = '%s') OR (state = 5 AND "
                         "hex(last_agent) = '%s' AND wrapup_until > %lld)",
                         hex, hex, (long long)port_now(l->node)) != a->load)
            wrong(w, "R2: in Redis somebody has %d places taken, in the store it is another number", a->load);
        if (world_number(w, "SELECT presence FROM member WHERE hex(person) = '%s'", hex) != (int64_t)a->presence)
            wrong(w, "R5: Redis has a presence that is not the stored one");
    }
}

void check_live(struct world *w)
{
    struct look l;

    look_through(w, &l, same);
}
