#include "world.h"

#include "core/mutant.h"
#include "seed.h"

#include <assert.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SITE     "demo"
#define CAPACITY 2

static const struct kf_key site_key = { SITE };

static bool busy(const struct world *w);
static void wrong(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void wrong(struct world *w, const char *fmt, ...)
{
    va_list ap;

    if (*w->wrong)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(w->wrong, sizeof(w->wrong), fmt, ap);
    va_end(ap);
}

/* splitmix64: the same numbers for the same seed on every machine. */
static uint64_t chance(struct world *w)
{
    uint64_t z = w->chance += 0x9e3779b97f4a7c15ULL;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

uint32_t world_pick(struct world *w, uint32_t n)
{
    return (uint32_t)(chance(w) % n);
}

/* ---- what a node asks of the world ---- */

enum asked { ASK_COMMIT, ASK_READ, ASK_RESET, ASK_READY, ASK_LOOK, ASK_RESERVE, ASK_PUT, ASK_AGENT, ASK_CONNECTED, ASK_GONE, ASK_POSITION };

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
    void *arg;
    struct kf_key site, queue;
    struct kf_id conv, agent, *agents;
    size_t n;
    int64_t a, b, c;
    struct conv row;
    char peer[300], locale[16];
    struct request *next;
};

static void look_at_commit(struct world *w, const struct change *c, const struct news *news);

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

    r->viewed(r->arg, r->node->dying ? KF_AGAIN : rc, r->node->dying ? NULL : view, why);
    end(r);
}

static void on_position(void *ctx, enum kf_rc rc, int64_t position, int64_t length, const struct kf_err *why)
{
    struct request *r = ctx;

    r->positioned(r->arg, r->node->dying ? KF_AGAIN : rc, position, length, why);
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

    if (n->paused || n->dying) {
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

static int64_t port_now(void *ctx)
{
    struct model_node *n = ctx;

    return n->world->now;
}

static void port_chance(void *ctx, void *bytes, size_t n)
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

/* ---- the oracle at each commit ---- */

static const struct conv_event *step_of(const struct change *c)
{
    for (size_t i = 0; i < c->n_acts; i++)
        if (c->acts[i].kind == ACT_STEP)
            return &c->acts[i].u.step;
    return NULL;
}

static void look_at_commit(struct world *w, const struct change *c, const struct news *news)
{
    const struct conv *a = &news->before, *b = &news->conv;
    const struct conv_event *step = step_of(c);

    w->commits++;
    if (news->duplicate)
        w->duplicates++;
    if (!news->has_conv || news->duplicate || news->opened)
        return;
    if (b->epoch < a->epoch)
        wrong(w, "an epoch went back");
    if (a->state == CONV_SERVED && b->state == CONV_SERVED && !id_eq(&a->owner, &b->owner) && step && step->kind != CONV_TRANSFER_PERSON &&
        step->kind != CONV_TAKE)
        wrong(w, "a conversation that was served got another owner by an automatic match");
    if (step && (step->kind == CONV_ASSIGN || step->kind == CONV_OFFER)) {
        w->matches++;
        if (a->epoch != step->epoch)
            wrong(w, "a match was committed on epoch %lld, decided on %lld", (long long)a->epoch, (long long)step->epoch);
    }
    if (step && step->kind == CONV_STAFF_SAYS && (a->epoch != step->epoch || !id_eq(&a->owner, &c->by.id)))
        wrong(w, "an agent's message was stored under an epoch that was not its own");
    if (step && (step->kind == CONV_RETURN || step->kind == CONV_REFUSE)) {
        w->returns++;
        if (a->arrived_at != b->arrived_at || a->priority != b->priority)
            wrong(w, "a conversation that went back to the queue lost its first arrival");
    }
}

/* ---- sockets that are not there ---- */

static struct seat_model *seat_of(struct world *w, int node, uint64_t conn)
{
    for (int i = 0; i < AGENTS; i++)
        if (w->agents[i].seat.conn == conn && w->agents[i].seat.node == node)
            return &w->agents[i].seat;
    for (int i = 0; i < VISITORS; i++)
        if (w->visitors[i].seat.conn == conn && w->visitors[i].seat.node == node)
            return &w->visitors[i].seat;
    return NULL;
}

static void own(struct agent_model *a, const struct kf_id *conv, bool mine)
{
    struct owned *place = NULL;

    for (size_t i = 0; i < sizeof(a->owned) / sizeof(a->owned[0]); i++) {
        if (a->owned[i].used && id_eq(&a->owned[i].conv, conv)) {
            a->owned[i].used = mine;
            return;
        }
        if (!a->owned[i].used && !place)
            place = &a->owned[i];
    }
    if (mine && place)
        *place = (struct owned){ *conv, true };
}

static bool json_id(const json_t *root, const char *name, struct kf_id *ret)
{
    return id_parse(slice_of(json_string_value(json_object_get(root, name))), ret);
}

static void heard_ack(struct world *w, const struct seat_model *seat, const json_t *root)
{
    const char *cid = json_string_value(json_object_get(root, "cid"));
    int64_t seq = json_integer_value(json_object_get(root, "seq"));
    struct ack *ack;

    if (!cid || seq <= 0 || (*cid != 'm' && *cid != 's'))
        return;
    if (w->n_acks == w->cap_acks) {
        w->cap_acks = w->cap_acks ? 2 * w->cap_acks : 1024;
        w->acks = realloc(w->acks, w->cap_acks * sizeof(*w->acks));
        assert(w->acks);
    }
    ack = &w->acks[w->n_acks++];
    *ack = (struct ack){ .visitor = seat->staff ? -1 : seat->who, .seq = seq };
    (void)snprintf(ack->cid, sizeof(ack->cid), "%s", cid);
    (void)json_id(root, "conversation", &ack->conv);
}

static void heard_staff(struct world *w, struct seat_model *seat, const char *type, const json_t *root)
{
    struct agent_model *a = &w->agents[seat->who];
    const json_t *conv = json_object_get(root, "conversation");
    struct kf_id id;
    size_t i;
    json_t *c;

    if (strcmp(type, "welcome") == 0) {
        memset(a->owned, 0, sizeof(a->owned));
        json_array_foreach(json_object_get(root, "conversations"), i, c) if (json_id(c, "id", &id)) own(a, &id, true);
    } else if (strcmp(type, "assigned") == 0 && json_id(conv, "id", &id))
        own(a, &id, true);
    else if (strcmp(type, "released") == 0 && json_id(root, "conversation", &id))
        own(a, &id, false);
}

static void heard(struct world *w, struct seat_model *seat, struct slice text)
{
    json_t *root = json_loadb(text.p, text.n, 0, NULL);
    const char *type = json_string_value(json_object_get(root, "type"));

    assert(type);
    if (strcmp(type, "welcome") == 0)
        seat->welcomed = true;
    if (strcmp(type, "ack") == 0)
        heard_ack(w, seat, root);
    if (seat->staff)
        heard_staff(w, seat, type, root);
    else if (strcmp(type, "welcome") == 0) {
        const char *token = json_string_value(json_object_get(root, "token"));

        if (token)
            (void)snprintf(w->visitors[seat->who].token, sizeof(w->visitors[0].token), "%s", token);
    }
    json_decref(root);
}

static void net_send_model(void *ctx, uint64_t conn, struct net_frame *f)
{
    struct model_node *n = ctx;
    struct seat_model *seat = seat_of(n->world, n->index, conn);

    if (seat && !n->dying)
        heard(n->world, seat, net_frame_text(f));
}

static void net_close_model(void *ctx, uint64_t conn, int code, const char *reason)
{
    struct model_node *n = ctx;
    struct seat_model *seat = seat_of(n->world, n->index, conn);

    (void)code;
    (void)reason;
    if (seat)
        seat->conn = 0; /* the page hangs up too; the session is told at the next step */
}

/* ---- nodes ---- */

static void store_wake(void *ctx)
{
    struct model_node *n = ctx;

    __atomic_store_n(&n->wake, true, __ATOMIC_RELEASE);
}

static void live_changed(void *ctx, bool up)
{
    struct model_node *n = ctx;

    if (n->desk && !n->dying && !n->paused)
        desk_live_changed(n->desk, up);
}

static void live_hinted(void *ctx, const struct kf_key *site, const struct kf_id *conv, int64_t seq)
{
    struct model_node *n = ctx;

    if (n->desk && !n->dying && !n->paused)
        desk_hint(n->desk, site, conv, seq);
}

static struct ports ports_of(struct model_node *n)
{
    return (struct ports){ .ctx = n,
                           .now_ms = port_now,
                           .mono_ms = port_now,
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
                           .live_position = port_position,
                           .live_hint = port_hint,
                           .live_watch = port_watch,
                           .fetch = port_fetch };
}

static void quiet_log(int level, const char *line)
{
    if (getenv("MODEL_LOG") || level >= 3)
        (void)fprintf(stderr, "%d %s\n", level, line);
}

static void open_store(struct world *w, struct model_node *n)
{
    char files[128], index[128], backup[128];
    struct store_config cfg = { .url = w->url, .files_path = files, .index_path = index, .backup_dir = backup, .readers = 1 };
    struct kf_err why = { 0 };

    (void)snprintf(files, sizeof(files), "%s/files-%d.db", w->dir, n->index);
    (void)snprintf(index, sizeof(index), "%s/index-%d.db", w->dir, n->index);
    (void)snprintf(backup, sizeof(backup), "%s/backup", w->dir);
    cfg.wake = store_wake;
    cfg.wake_ctx = n;
    cfg.log = quiet_log;
    if (store_open(&n->store, &cfg, &why)) {
        (void)fprintf(stderr, "store: %s\n", why.text);
        abort();
    }
}

static void was_loaded(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    bool *done = ctx;

    if (rc) {
        (void)fprintf(stderr, "load: %s\n", why ? why->text : "?");
        abort();
    }
    *done = true;
}

static void pump(struct world *w)
{
    uv_run(&w->loop, UV_RUN_NOWAIT);
    for (int i = 0; i < w->n_nodes; i++)
        if (w->nodes[i].store && __atomic_exchange_n(&w->nodes[i].wake, false, __ATOMIC_ACQ_REL))
            store_drain(w->nodes[i].store);
}

/* Gives the other threads and Redis a chance without spinning. */
static void rest(struct world *w)
{
    (void)poll(&(struct pollfd){ .fd = uv_backend_fd(&w->loop), .events = POLLIN }, 1, busy(w) ? 1 : 0);
}

#ifdef KEFUD_FAULT
static void between_halves(void *ctx, void (*second)(void *arg), void *arg)
{
    struct model_node *n = ctx;

    if (!n->paused || n->between_go) {
        second(arg);
        return;
    }
    n->between_go = second;
    n->between_arg = arg;
}
#endif

void node_wake_and_die(struct world *w, int i)
{
    struct model_node *n = &w->nodes[i];

    if (n->between_go)
        n->between_go(n->between_arg);
    n->between_go = NULL;
    node_kill(w, i);
}

void node_start(struct world *w, int i)
{
    struct model_node *n = &w->nodes[i];
    const struct session_net net = { n, net_send_model, net_close_model };
    const struct live_config live = { .url = w->redis,
                                      .state_dir = w->dir,
                                      .now_ms = port_now,
                                      .now_ctx = n,
                                      .changed = live_changed,
                                      .hint = live_hinted,
                                      .ctx = n,
                                      .log = quiet_log };
    struct desk_config desk = { .public_url = "http://127.0.0.1", .new_per_minute = 100000, .log = quiet_log };
    struct live_config cfg = live;
    struct session_ops ops;
    struct kf_err why = { 0 };
    bool loaded = false;
    uint8_t bytes[10];

    assert(!n->up);
    *n = (struct model_node){ .world = w, .index = i, .up = true };
    n->held_end = &n->held;
    port_chance(n, bytes, sizeof(bytes));
    n->id = id_make(w->now, bytes);
    desk.node = cfg.node = n->id;
    n->ports = ports_of(n);
    open_store(w, n);
    if (live_open(&n->live, &w->loop, &cfg, &why)) {
        (void)fprintf(stderr, "live: %s\n", why.text);
        abort();
    }
#ifdef KEFUD_FAULT
    if (mutant("nonatomic_reserve")) {
        live_test_mutate(n->live, "nonatomic-reserve");
        live_test_between(n->live, between_halves, n);
    }
#endif
    n->desk = desk_new(&n->ports, &desk);
    assert(n->desk);
    ops = desk_session_ops(n->desk);
    n->session = session_new(&net, &ops);
    assert(n->session);
    desk_attach(n->desk, n->session);
    desk_load(n->desk, was_loaded, &loaded);
    while (!loaded || !live_up(n->live)) {
        pump(w);
        rest(w);
    }
}

/* What it has asked for is answered with "nothing works", until it asks no more. What was on its way to the store may have got through
 * or not: both happen when a process dies. */
void node_kill(struct world *w, int i)
{
    struct model_node *n = &w->nodes[i];

    n->dying = true;
    n->paused = false;
    if (n->between_go)
        n->between_go(n->between_arg);
    n->between_go = NULL;
    w->kills++;
    while (!desk_quiet(n->desk) || n->held) {
        struct request *r = n->held;

        pump(w);
        if (!r) {
            rest(w);
            continue;
        }
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
        default:
            if (r->live)
                r->live(r->arg, KF_AGAIN, &away);
            break;
        }
        end(r);
    }
    live_close(n->live);
    n->live = NULL;
    store_close(n->store);
    n->store = NULL;
    session_free(n->session);
    desk_free(n->desk);
    n->session = NULL;
    n->desk = NULL;
    n->up = false;
    for (int k = 0; k < AGENTS; k++)
        if (w->agents[k].seat.node == i)
            w->agents[k].seat.conn = 0;
    for (int k = 0; k < VISITORS; k++)
        if (w->visitors[k].seat.node == i)
            w->visitors[k].seat.conn = 0;
    pump(w);
}

void node_pause(struct world *w, int i)
{
    if (w->nodes[i].up && !w->nodes[i].paused) {
        w->nodes[i].paused = true;
        w->pauses++;
    }
}

void node_resume(struct world *w, int i)
{
    struct model_node *n = &w->nodes[i];
    struct request *r = n->held;

    if (!n->up || !n->paused)
        return;
    n->paused = false;
    if (n->between_go)
        n->between_go(n->between_arg);
    n->between_go = NULL;
    n->held = NULL;
    n->held_end = &n->held;
    for (struct request *next; r; r = next) {
        next = r->next;
        r->next = NULL;
        perform(r);
    }
}

void redis_flush(struct world *w)
{
    char path[160];
    redisContext *c;

    (void)snprintf(path, sizeof(path), "%s", w->redis + strlen("unix:"));
    c = redisConnectUnix(path);
    assert(c && !c->err);
    freeReplyObject(redisCommand(c, "FLUSHALL"));
    redisFree(c);
    w->flushes++;
}

/* ---- time ---- */

static bool busy(const struct world *w)
{
    for (int i = 0; i < w->n_nodes; i++)
        if (w->nodes[i].up && w->nodes[i].desk && !w->nodes[i].paused && !desk_quiet(w->nodes[i].desk))
            return true;
    return false;
}

void world_settle(struct world *w)
{
    int calm = 0;

    /* A hint from Redis starts something new after everything seemed over: three looks in a row must find nothing. */
    while (calm < 3) {
        pump(w);
        if (busy(w)) {
            calm = 0;
            rest(w);
        } else {
            calm++;
            rest(w);
        }
    }
}

static void hang_up(struct world *w, struct seat_model *seat, uint64_t conn)
{
    struct model_node *n = &w->nodes[seat->node];

    if (n->up && n->session)
        session_closed(n->session, conn);
}

void world_pass(struct world *w, int64_t ms)
{
    for (int64_t t = 0; t < ms; t += 100) {
        w->now += 100;
        for (int i = 0; i < w->n_nodes; i++)
            if (w->nodes[i].up && !w->nodes[i].paused)
                desk_tick(w->nodes[i].desk);
        world_settle(w);
    }
}

/* ---- people ---- */

static void say(struct world *w, const struct seat_model *seat, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void say(struct world *w, const struct seat_model *seat, const char *fmt, ...)
{
    struct model_node *n = &w->nodes[seat->node];
    char text[1024];
    va_list ap;

    if (!seat->conn || !n->up || n->paused)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    session_text(n->session, seat->conn, slice_of(text));
}

static void sit(struct world *w, struct seat_model *seat, int who, bool staff, int node, const char *cookie)
{
    struct model_node *n = &w->nodes[node];

    if (seat->conn)
        hang_up(w, seat, seat->conn);
    seat->conn = 0;
    if (!n->up || n->paused)
        return;
    *seat = (struct seat_model){ .conn = ++w->next_conn, .node = node, .staff = staff, .who = who };
    assert(session_open(n->session, seat->conn, staff ? FRAME_STAFF : FRAME_VISITOR, &site_key, "192.0.2.1", cookie));
}

void visitor_connect(struct world *w, int visitor, int node)
{
    struct visitor_model *v = &w->visitors[visitor];

    sit(w, &v->seat, visitor, false, node, NULL);
    say(w, &v->seat, "{\"type\":\"hello\",\"locale\":\"zh-CN\"%s%s%s}", *v->token ? ",\"token\":\"" : "", v->token, *v->token ? "\"" : "");
    world_settle(w);
}

void visitor_say(struct world *w, int visitor, bool repeat)
{
    struct visitor_model *v = &w->visitors[visitor];

    if (!repeat)
        v->next_cid++;
    say(w, &v->seat, "{\"type\":\"message\",\"cid\":\"m%d_%d\",\"kind\":\"text\",\"text\":\"第 %d 句\"}", visitor, v->next_cid,
        v->next_cid);
}

void visitor_close_talk(struct world *w, int visitor)
{
    say(w, &w->visitors[visitor].seat, "{\"type\":\"close\",\"cid\":\"x%lld_%d\"}", (long long)w->now, visitor);
}

void agent_connect(struct world *w, int agent, int node)
{
    struct agent_model *a = &w->agents[agent];

    sit(w, &a->seat, agent, true, node, a->token);
    say(w, &a->seat, "{\"type\":\"hello\"}");
    world_settle(w);
}

void agent_leave(struct world *w, int agent)
{
    struct agent_model *a = &w->agents[agent];

    if (a->seat.conn && !w->nodes[a->seat.node].paused) {
        hang_up(w, &a->seat, a->seat.conn);
        a->seat.conn = 0;
    }
}

void agent_presence(struct world *w, int agent, enum presence p)
{
    struct agent_model *a = &w->agents[agent];

    if (!a->seat.welcomed || !a->seat.conn)
        return;
    a->presence = p;
    say(w, &a->seat, "{\"type\":\"presence\",\"cid\":\"p%llu\",\"presence\":\"%s\"}", (unsigned long long)chance(w), presence_name(p));
}

/* One of those that the console shows, whatever has become of it meanwhile. */
static const struct kf_id *one_of(struct world *w, struct agent_model *a)
{
    size_t n = sizeof(a->owned) / sizeof(a->owned[0]), from = world_pick(w, (uint32_t)n);

    for (size_t i = 0; i < n; i++)
        if (a->owned[(from + i) % n].used)
            return &a->owned[(from + i) % n].conv;
    return NULL;
}

void agent_say(struct world *w, int agent)
{
    struct agent_model *a = &w->agents[agent];
    const struct kf_id *conv = one_of(w, a);
    char id[KF_ID_TEXT];

    if (conv)
        say(w, &a->seat, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"s%llu\",\"kind\":\"text\",\"text\":\"好的\"}",
            id_text(conv, id), (unsigned long long)chance(w));
}

void agent_close_talk(struct world *w, int agent)
{
    struct agent_model *a = &w->agents[agent];
    const struct kf_id *conv = one_of(w, a);
    char id[KF_ID_TEXT];

    if (conv)
        say(w, &a->seat, "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"x%llu\"}", id_text(conv, id),
            (unsigned long long)chance(w));
}

void agent_transfer(struct world *w, int agent)
{
    struct agent_model *a = &w->agents[agent];
    const struct kf_id *conv = one_of(w, a);
    char id[KF_ID_TEXT];

    if (conv)
        say(w, &a->seat, "{\"type\":\"transfer\",\"conversation\":\"%s\",\"cid\":\"t%llu\",\"to\":{\"queue\":\"sales\"}}",
            id_text(conv, id), (unsigned long long)chance(w));
}

/* ---- the oracle over the database ---- */

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s;
    int64_t ret = -1;

    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK) {
        (void)fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
        abort();
    }
    if (sqlite3_step(s) == SQLITE_ROW)
        ret = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return ret;
}

static void check_acks(struct world *w, sqlite3 *db)
{
    sqlite3_stmt *s;

    assert(sqlite3_prepare_v2(
               db, "SELECT count(*) FROM message m JOIN conversation c ON c.n = m.conv WHERE c.id = ?1 AND m.seq = ?2 AND m.cid = ?3", -1,
               &s, NULL) == SQLITE_OK);
    for (size_t i = 0; i < w->n_acks; i++) {
        const struct ack *a = &w->acks[i];

        sqlite3_bind_blob(s, 1, a->conv.b, 16, SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, a->seq);
        sqlite3_bind_text(s, 3, a->cid, -1, SQLITE_STATIC);
        if (sqlite3_step(s) != SQLITE_ROW || sqlite3_column_int64(s, 0) != 1)
            wrong(w, "an acknowledged message is not there: %s seq %lld", a->cid, (long long)a->seq);
        sqlite3_reset(s);
    }
    sqlite3_finalize(s);
}

/* Places of agents who are online, as the store has it, and who have a socket on a node that runs. */
static int online_free(struct world *w, sqlite3 *db)
{
    int places = 0;

    for (int i = 0; i < AGENTS; i++) {
        const struct agent_model *a = &w->agents[i];
        char hex[33], sql[300];

        if (!a->seat.conn || !a->seat.welcomed || w->nodes[a->seat.node].paused)
            continue;
        for (int k = 0; k < 16; k++)
            (void)snprintf(hex + 2 * k, 3, "%02X", a->id.b[k]);
        (void)snprintf(sql, sizeof(sql), "SELECT presence FROM member WHERE hex(person) = '%s'", hex);
        if (number(db, sql) != PRESENCE_ONLINE)
            continue;
        (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM conversation WHERE state IN (2,3) AND hex(owner) = '%s'", hex);
        places += CAPACITY - (int)number(db, sql);
    }
    return places;
}

void world_check(struct world *w, bool calm)
{
    sqlite3 *db;

    assert(sqlite3_open_v2(w->url + strlen("sqlite:"), &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    if (number(db, "SELECT count(*) FROM (SELECT conv, cid FROM message WHERE cid IS NOT NULL AND cid <> '' GROUP BY conv, role, cid "
                   "HAVING count(*) > 1)"))
        wrong(w, "P2: one cid, two messages");
    if (number(db, "SELECT count(*) FROM (SELECT conv FROM message GROUP BY conv HAVING count(*) <> max(seq) OR min(seq) <> 1)"))
        wrong(w, "P3: a conversation's seq has gaps");
    if (number(db, "SELECT count(*) FROM conversation WHERE (state IN (2,3)) <> (owner IS NOT NULL)"))
        wrong(w, "P5: owner and state do not go together");
    if (number(db, "SELECT count(*) FROM (SELECT owner FROM conversation WHERE state IN (2,3) GROUP BY owner HAVING count(*) > 2)"))
        wrong(w, "P5: an agent was given more than its capacity");
    if (number(db, "SELECT count(*) FROM (SELECT conv FROM firing GROUP BY conv, rule, cause HAVING count(*) > 1)"))
        wrong(w, "P2: a rule fired twice for one cause");
    if (calm && number(db, "SELECT count(*) FROM conversation WHERE state = 1") > 0 && online_free(w, db) > 0)
        wrong(w, "P5: %lld wait while %d places are free", (long long)number(db, "SELECT count(*) FROM conversation WHERE state = 1"),
              online_free(w, db));
    if (calm && number(db, "SELECT count(*) FROM conversation WHERE ruled_seq < seq"))
        wrong(w, "P7: rules have not looked at something for seconds");
    check_acks(w, db);
    sqlite3_close(db);
}

/* ---- opening ---- */

static void ignore_line(void *ctx, const char *line)
{
    (void)ctx;
    (void)line;
}

/* A session for each agent, and a capacity that is small enough to matter. */
static void committed(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    bool *done = ctx;

    (void)news;
    if (rc) {
        (void)fprintf(stderr, "commit: %s\n", why->text);
        abort();
    }
    *done = true;
}

static void add_agents(struct world *w, struct model_node *n)
{
    struct change *c = change_new(&site_key, w->now);
    bool done = false;

    assert(c);
    for (int i = 0; i < AGENTS; i++) {
        struct agent_model *a = &w->agents[i];
        struct act *act = change_act(c, ACT_PERSON);
        unsigned len = 32;
        uint8_t bytes[10];

        port_chance(n, bytes, sizeof(bytes));
        a->id = id_make(w->now, bytes);
        (void)snprintf(a->token, sizeof(a->token), "token-of-agent-%d", i);
        act->u.person = (struct person){ .id = a->id,
                                         .email = change_printf(c, "model%d@demo.example", i),
                                         .name = change_printf(c, "模型%d", i),
                                         .password = "-",
                                         .created_at = c->at };
        *change_member(c) = (struct member){ .person = a->id,
                                             .site = site_key,
                                             .roles = MEMBER_AGENT,
                                             .name = change_printf(c, "模型%d", i),
                                             .number = change_printf(c, "%d", 2000 + i),
                                             .capacity = CAPACITY,
                                             .presence_reason = "" };
        act = change_act(c, ACT_SESSION);
        assert(EVP_Digest(a->token, strlen(a->token), act->u.session.hash, &len, EVP_sha256(), NULL) == 1);
        act->u.session.person = a->id;
        act->u.session.expires_at = c->at + 365LL * 24 * 3600 * 1000;
        act->u.session.address = "";
    }
    store_commit(n->store, c, committed, &done);
    while (!done) {
        pump(w);
        rest(w);
    }
}

static void seed_store(struct world *w)
{
    struct model_node *n = &w->nodes[0];
    bool done = false;

    *n = (struct model_node){ .world = w };
    n->held_end = &n->held;
    n->ports = ports_of(n);
    open_store(w, n);
    seed_site(&n->ports, "config/sites/demo.json", ignore_line, was_loaded, &done);
    while (!done) {
        pump(w);
        rest(w);
    }
    add_agents(w, n);
    store_close(n->store);
    n->store = NULL;
}

/* One Redis for all nodes; it dies with the test. */
static void redis_start(struct world *w)
{
    char path[100];
    redisContext *c;

    (void)snprintf(path, sizeof(path), "%s/redis.sock", w->dir);
    (void)snprintf(w->redis, sizeof(w->redis), "unix:%s", path);
    w->redis_pid = fork();
    assert(w->redis_pid >= 0);
    if (w->redis_pid == 0) {
        int nowhere = open("/dev/null", O_RDWR);

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(nowhere, 1);
        (void)dup2(nowhere, 2);
        (void)execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no", (char *)NULL);
        _exit(127);
    }
    while (!(c = redisConnectUnix(path)) || c->err) {
        assert(waitpid(w->redis_pid, NULL, WNOHANG) == 0);
        if (c)
            redisFree(c);
        rest(w);
    }
    redisFree(c);
}

void world_open(struct world *w, uint64_t seed, int nodes)
{
    memset(w, 0, sizeof(*w));
    w->seed = w->chance = seed;
    w->now = 1795000000000LL;
    w->n_nodes = nodes;
    assert(uv_loop_init(&w->loop) == 0);
    (void)snprintf(w->dir, sizeof(w->dir), "/tmp/kefud-model-XXXXXX");
    assert(mkdtemp(w->dir));
    (void)snprintf(w->url, sizeof(w->url), "sqlite:%s/kefud.db", w->dir);
    w->nodes[0].world = w;
    redis_start(w);
    seed_store(w);
    for (int i = 0; i < nodes; i++)
        node_start(w, i);
}

void world_close(struct world *w)
{
    char cmd[128];

    for (int i = 0; i < w->n_nodes; i++)
        if (w->nodes[i].up)
            node_kill(w, i);
    (void)kill(w->redis_pid, SIGKILL);
    (void)waitpid(w->redis_pid, NULL, 0);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert(uv_loop_close(&w->loop) == 0);
    free(w->acks);
    (void)snprintf(cmd, sizeof(cmd), "rm -rf '%s'", w->dir);
    assert(system(cmd) == 0);
}
