/* ports.c: what a node asks of the world: the real store and the real Redis, with pauses and deaths in between. */
#include "inside.h"

/* ---- what a node asks of the world ---- */

enum asked {
    ASK_COMMIT,
    ASK_READ,
    ASK_RESET,
    ASK_READY,
    ASK_LOOK,
    ASK_RESERVE,
    ASK_PUT,
    ASK_AGENT,
    ASK_CONNECTED,
    ASK_REFUSE,
    ASK_GONE,
    ASK_POSITION,
    ASK_POSITIONS
};

struct request {
    struct model_node *node;
    enum asked kind;
    struct change *change;
    struct query *query;
    store_done *committed;
    store_answer *answered;
    live_done *live;
    live_viewed *viewed;
    live_position_done *positioned;
    live_positions_done *lined;
    void *arg;
    struct kf_key site, queue;
    struct kf_id conv, agent, *agents;
    size_t n;
    int64_t a, b, c;
    struct conv row;
    char peer[300], locale[16];
    struct request *next;
};

static void end(struct request *r)
{
    r->node->world->asked--;
    free(r->agents);
    free(r);
}

static const struct kf_err away = { .rc = KF_AGAIN, .text = "this node is dead" };

static void on_committed(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct request *r = ctx;
    struct world *w = r->node->world;

    if (!rc)
        look_at_commit(w, r->change, news);
    else if (rc == KF_CONFLICT)
        w->conflicts++;
    if (r->node->dying)
        r->committed(r->arg, KF_AGAIN, NULL, &away); /* it was killed before it heard */
    else
        r->committed(r->arg, rc, news, why);
    end(r);
}

static void on_read(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct request *r = ctx;

    r->answered(r->arg, r->node->dying ? KF_AGAIN : rc, q, why);
    end(r);
}

static void on_live(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct request *r = ctx;

    if (r->live)
        r->live(r->arg, r->node->dying ? KF_AGAIN : rc, why);
    end(r);
}

static void on_viewed(void *ctx, enum kf_rc rc, const struct live_view *view, const struct kf_err *why)
{
    struct request *r = ctx;
    struct model_node *n = r->node;

    if (!rc && !n->dying)
        pass_expect(n, view, (int)r->a);
    r->viewed(r->arg, n->dying ? KF_AGAIN : rc, n->dying ? NULL : view, why);
    pass_ends(n);
    end(r);
}

static void on_position(void *ctx, enum kf_rc rc, int64_t position, int64_t length, const struct kf_err *why)
{
    struct request *r = ctx;

    r->positioned(r->arg, r->node->dying ? KF_AGAIN : rc, position, length, why);
    end(r);
}

static void on_positions(void *ctx, enum kf_rc rc, const struct kf_id *convs, size_t n, int64_t length, const struct kf_err *why)
{
    struct request *r = ctx;

    if (r->node->dying)
        r->lined(r->arg, KF_AGAIN, NULL, 0, 0, &away);
    else
        r->lined(r->arg, rc, convs, n, length, why);
    end(r);
}

static void perform(struct request *r)
{
    struct model_node *n = r->node;

    switch (r->kind) {
    case ASK_COMMIT:
        store_commit(n->store, r->change, on_committed, r);
        break;
    case ASK_READ:
        store_read(n->store, r->query, on_read, r);
        break;
    case ASK_RESET:
        live_reset(n->live, &r->site, r->a, on_live, r);
        break;
    case ASK_READY:
        live_ready(n->live, &r->site, r->a, on_live, r);
        break;
    case ASK_LOOK:
        live_look(n->live, &r->site, (int)r->a, on_viewed, r);
        break;
    case ASK_RESERVE:
        live_reserve(n->live, &r->site, r->a, &r->conv, r->b, &r->agent, r->c, on_live, r);
        break;
    case ASK_PUT:
        r->row.peer = r->peer;
        r->row.locale = r->locale;
        live_put(n->live, &r->row, on_live, r);
        break;
    case ASK_AGENT:
        live_agent(n->live, &r->site, &r->agent, (enum presence)r->a, (int)r->b, on_live, r);
        break;
    case ASK_CONNECTED:
        live_connected(n->live, &r->site, r->agents, r->n, on_live, r);
        break;
    case ASK_GONE:
        live_gone(n->live, &r->site, &r->agent, on_live, r);
        break;
    case ASK_REFUSE:
        live_refuse(n->live, &r->site, &r->conv, &r->agent, r->a, r->b != 0, on_live, r);
        break;
    case ASK_POSITIONS:
        live_positions(n->live, &r->site, &r->queue, r->a, (int)r->b, on_positions, r);
        break;
    case ASK_POSITION:
    default:
        live_position(n->live, &r->site, &r->queue, &r->conv, on_position, r);
        break;
    }
}

static struct request *ask(void *ctx, enum asked kind, void *arg)
{
    struct model_node *n = ctx;
    struct request *r = calloc(1, sizeof(*r));

    assert(r);
    r->node = n;
    r->kind = kind;
    r->arg = arg;
    n->world->asked++;
    return r;
}

/* A paused process asks for nothing: what its completions lead to waits until it goes on. A dying one is told that nothing works. */
static void go(struct request *r)
{
    struct model_node *n = r->node;
    enum asked kind = r->kind;

    if (kind == ASK_COMMIT && n->pause_at_commit && --n->pause_at_commit == 0)
        node_pause(n->world, n->index);
    if (n->paused || n->dying || (n->slow_disk && kind == ASK_COMMIT)) {
        *n->held_end = r;
        n->held_end = &r->next;
        return;
    }
    perform(r);
    if (kind == ASK_RESERVE && n->pause_at_reserve) {
        n->pause_at_reserve = false;
        node_pause(n->world, n->index);
    }
}

int64_t port_now(void *ctx)
{
    struct model_node *n = ctx;

    return n->world->now + n->skew;
}

static int64_t port_mono(void *ctx)
{
    struct model_node *n = ctx;

    return n->world->now;
}

void port_chance(void *ctx, void *bytes, size_t n)
{
    struct model_node *node = ctx;
    uint8_t *p = bytes;

    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)chance(node->world);
}

static void port_commit(void *ctx, struct change *c, store_done *done, void *arg)
{
    struct request *r = ask(ctx, ASK_COMMIT, arg);

    r->change = c;
    r->committed = done;
    go(r);
}

static void port_read(void *ctx, struct query *q, store_answer *done, void *arg)
{
    struct request *r = ask(ctx, ASK_READ, arg);

    r->query = q;
    r->answered = done;
    go(r);
}

static bool port_up(void *ctx)
{
    struct model_node *n = ctx;

    return !n->dying && live_up(n->live);
}

static void port_reset(void *ctx, const struct kf_key *site, int64_t lease, live_done *done, void *arg)
{
    struct request *r = ask(ctx, ASK_RESET, arg);

    r->site = *site;
    r->a = lease;
    r->live = done;
    go(r);
}

static void port_ready(void *ctx, const struct kf_key *site, int64_t lease, live_done *done, void *arg)
{
    struct request *r = ask(ctx, ASK_READY, arg);

    r->site = *site;
    r->a = lease;
    r->live = done;
    go(r);
}

static void port_look(void *ctx, const struct kf_key *site, int limit, live_viewed *done, void *arg)
{
    struct request *r = ask(ctx, ASK_LOOK, arg);

    r->site = *site;
    r->a = limit;
    r->viewed = done;
    go(r);
}

static void port_reserve(void *ctx, const struct kf_key *site, int64_t lease, const struct kf_id *conv, int64_t epoch,
                         const struct kf_id *agent, int64_t hold_ms, live_done *done, void *arg)
{
    struct request *r = ask(ctx, ASK_RESERVE, arg);

    pass_asks(ctx, conv, agent);
    r->site = *site;
    r->a = lease;
    r->conv = *conv;
    r->b = epoch;
    r->agent = *agent;
    r->c = hold_ms;
    r->live = done;
    go(r);
}

static void port_put(void *ctx, const struct conv *c, live_done *done, void *arg)
{
    struct request *r = ask(ctx, ASK_PUT, arg);

    r->row = *c;
    (void)snprintf(r->peer, sizeof(r->peer), "%s", c->peer ? c->peer : "");
    (void)snprintf(r->locale, sizeof(r->locale), "%s", c->locale ? c->locale : "");
    r->live = done;
    go(r);
}

static void port_agent(void *ctx, const struct kf_key *site, const struct kf_id *agent, enum presence presence, int capacity,
                       live_done *done, void *arg)
{
    struct request *r = ask(ctx, ASK_AGENT, arg);

    r->site = *site;
    r->agent = *agent;
    r->a = presence;
    r->b = capacity;
    r->live = done;
    go(r);
}

static void port_connected(void *ctx, const struct kf_key *site, const struct kf_id *agents, size_t n, live_done *done, void *arg)
{
    struct request *r = ask(ctx, ASK_CONNECTED, arg);

    r->site = *site;
    r->agents = calloc(n, sizeof(*agents));
    assert(r->agents);
    memcpy(r->agents, agents, n * sizeof(*agents));
    r->n = n;
    r->live = done;
    go(r);
}

static void port_gone(void *ctx, const struct kf_key *site, const struct kf_id *agent, live_done *done, void *arg)
{
    struct request *r = ask(ctx, ASK_GONE, arg);

    r->site = *site;
    r->agent = *agent;
    r->live = done;
    go(r);
}

static void port_refuse(void *ctx, const struct kf_key *site, const struct kf_id *conv, const struct kf_id *agent, int64_t until,
                        bool handed, live_done *done, void *arg)
{
    struct request *r = ask(ctx, ASK_REFUSE, arg);

    r->site = *site;
    r->conv = *conv;
    r->agent = *agent;
    r->a = until;
    r->b = handed;
    r->live = done;
    go(r);
}

static void port_position(void *ctx, const struct kf_key *site, const struct kf_key *queue, const struct kf_id *conv,
                          live_position_done *done, void *arg)
{
    struct request *r = ask(ctx, ASK_POSITION, arg);

    r->site = *site;
    r->queue = *queue;
    r->conv = *conv;
    r->positioned = done;
    go(r);
}

static void port_positions(void *ctx, const struct kf_key *site, const struct kf_key *queue, int64_t from, int limit,
                           live_positions_done *done, void *arg)
{
    struct request *r = ask(ctx, ASK_POSITIONS, arg);

    r->site = *site;
    r->queue = *queue;
    r->a = from;
    r->b = limit;
    r->lined = done;
    go(r);
}

static void port_hint(void *ctx, const struct kf_key *site, const struct kf_id *conv, int64_t seq)
{
    struct model_node *n = ctx;

    /* A hint may be lost, and one in four is. */
    if (!n->paused && !n->dying && world_pick(n->world, 4))
        live_hint(n->live, site, conv, seq);
}

static void port_watch(void *ctx, const struct kf_key *site)
{
    struct model_node *n = ctx;

    live_watch(n->live, site);
}

static void port_fetch(void *ctx, const struct http_req *req, net_fetched *done, void *arg)
{
    (void)ctx;
    (void)req;
    (void)done;
    (void)arg;
    assert(!"the model's site has no platform");
}

struct ports ports_of(struct model_node *n)
{
    return (struct ports){ .ctx = n,
                           .now_ms = port_now,
                           .mono_ms = port_mono,
                           .chance = port_chance,
                           .commit = port_commit,
                           .read = port_read,
                           .live_up = port_up,
                           .live_reset = port_reset,
                           .live_ready = port_ready,
                           .live_look = port_look,
                           .live_reserve = port_reserve,
                           .live_put = port_put,
                           .live_agent = port_agent,
                           .live_connected = port_connected,
                           .live_gone = port_gone,
                           .live_refuse = port_refuse,
                           .live_position = port_position,
                           .live_positions = port_positions,
                           .live_hint = port_hint,
                           .live_watch = port_watch,
                           .fetch = port_fetch };
}

bool request_refuse(struct model_node *n)
{
    struct request *r = n->held;

    if (!r)
        return false;
    n->held = r->next;
    if (!n->held)
        n->held_end = &n->held;
    switch (r->kind) {
    case ASK_COMMIT:
        change_free(r->change);
        r->committed(r->arg, KF_AGAIN, NULL, &away);
        break;
    case ASK_READ:
        r->answered(r->arg, KF_AGAIN, r->query, &away);
        arena_free(r->query->arena);
        break;
    case ASK_LOOK:
        r->viewed(r->arg, KF_AGAIN, NULL, &away);
        break;
    case ASK_POSITION:
        r->positioned(r->arg, KF_AGAIN, 0, 0, &away);
        break;
    case ASK_POSITIONS:
        r->lined(r->arg, KF_AGAIN, NULL, 0, 0, &away);
        break;
    default:
        if (r->live)
            r->live(r->arg, KF_AGAIN, &away);
        break;
    }
    end(r);
    return true;
}

size_t requests_held(const struct model_node *n)
{
    size_t ret = 0;

    for (const struct request *r = n->held; r; r = r->next)
        ret++;
    return ret;
}

void requests_perform(struct model_node *n)
{
    struct request *r = n->held;

    n->held = NULL;
    n->held_end = &n->held;
    for (struct request *next; r; r = next) {
        next = r->next;
        r->next = NULL;
        perform(r);
    }
}
