#include "world.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t clock_of(clockid_t which)
{
    struct timespec ts;

    clock_gettime(which, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t port_now(void *ctx)
{
    (void)ctx;
    return clock_of(CLOCK_REALTIME);
}

static int64_t port_mono(void *ctx)
{
    (void)ctx;
    return clock_of(CLOCK_MONOTONIC);
}

static void draw(void *bytes, size_t n)
{
    if (RAND_bytes(bytes, (int)n) != 1)
        abort(); /* without chance there are no secrets: nothing else may go on */
}

/* Each message needs a few ids, and a call of the generator costs as much for ten bytes as for a thousand: they are drawn in advance.
 * What has been handed out is wiped. The loop's thread only. */
static void port_chance(void *ctx, void *bytes, size_t n)
{
    static uint8_t pool[2048];
    static size_t left;

    (void)ctx;
    if (n > 64) {
        draw(bytes, n);
        return;
    }
    if (left < n) {
        draw(pool, sizeof(pool));
        left = sizeof(pool);
    }
    left -= n;
    memcpy(bytes, pool + left, n);
    explicit_bzero(pool + left, n);
}

/* While the parts are being taken apart, the last completions of one may still ask another one that is gone. They are answered at once. */
static const struct kf_err is_gone = { .rc = KF_AGAIN, .text = "the node is stopping" };

static void port_commit(void *ctx, struct change *c, store_done *done, void *arg)
{
    struct world *w = ctx;

    if (w->store) {
        store_commit(w->store, c, done, arg);
        return;
    }
    change_free(c);
    done(arg, KF_AGAIN, NULL, &is_gone);
}

static void port_read(void *ctx, struct query *q, store_answer *done, void *arg)
{
    struct world *w = ctx;

    if (w->store) {
        store_read(w->store, q, done, arg);
        return;
    }
    done(arg, KF_AGAIN, q, &is_gone);
    arena_free(q->arena);
}

static bool live_there(const struct world *w, live_done *done, void *arg)
{
    if (!w->live && done)
        done(arg, KF_AGAIN, &is_gone);
    return w->live != NULL;
}

static void no_answer(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    (void)ctx;
    (void)rc;
    (void)why;
}

static bool port_live_up(void *ctx)
{
    struct world *w = ctx;

    return w->live && live_up(w->live);
}

static void port_reset(void *ctx, const struct kf_key *site, int64_t lease, live_done *done, void *arg)
{
    struct world *w = ctx;

    if (live_there(w, done, arg))
        live_reset(w->live, site, lease, done ? done : no_answer, arg);
}

static void port_ready(void *ctx, const struct kf_key *site, int64_t lease, live_done *done, void *arg)
{
    struct world *w = ctx;

    if (live_there(w, done, arg))
        live_ready(w->live, site, lease, done ? done : no_answer, arg);
}

static void port_look(void *ctx, const struct kf_key *site, int limit, live_viewed *done, void *arg)
{
    struct world *w = ctx;

    if (w->live)
        live_look(w->live, site, limit, done, arg);
    else
        done(arg, KF_AGAIN, NULL, &is_gone);
}

static void port_reserve(void *ctx, const struct kf_key *site, int64_t lease, const struct kf_id *conv, int64_t epoch,
                         const struct kf_id *agent, int64_t hold_ms, live_done *done, void *arg)
{
    struct world *w = ctx;

    if (live_there(w, done, arg))
        live_reserve(w->live, site, lease, conv, epoch, agent, hold_ms, done ? done : no_answer, arg);
}

static void port_put(void *ctx, const struct conv *c, live_done *done, void *arg)
{
    struct world *w = ctx;

    if (live_there(w, done, arg))
        live_put(w->live, c, done ? done : no_answer, arg);
}

static void port_agent(void *ctx, const struct kf_key *site, const struct kf_id *agent, enum presence presence, int capacity,
                       live_done *done, void *arg)
{
    struct world *w = ctx;

    if (live_there(w, done, arg))
        live_agent(w->live, site, agent, presence, capacity, done ? done : no_answer, arg);
}

static void port_connected(void *ctx, const struct kf_key *site, const struct kf_id *agents, size_t count, live_done *done, void *arg)
{
    struct world *w = ctx;

    if (live_there(w, done, arg))
        live_connected(w->live, site, agents, count, done ? done : no_answer, arg);
}

static void port_gone(void *ctx, const struct kf_key *site, const struct kf_id *agent, live_done *done, void *arg)
{
    struct world *w = ctx;

    if (live_there(w, done, arg))
        live_gone(w->live, site, agent, done ? done : no_answer, arg);
}

static void port_refuse(void *ctx, const struct kf_key *site, const struct kf_id *conv, const struct kf_id *agent, int64_t until,
                        bool handed, live_done *done, void *arg)
{
    struct world *w = ctx;

    if (live_there(w, done, arg))
        live_refuse(w->live, site, conv, agent, until, handed, done ? done : no_answer, arg);
}

static void port_position(void *ctx, const struct kf_key *site, const struct kf_key *queue, const struct kf_id *conv,
                          live_position_done *done, void *arg)
{
    struct world *w = ctx;

    if (w->live)
        live_position(w->live, site, queue, conv, done, arg);
    else
        done(arg, KF_AGAIN, 0, 0, &is_gone);
}

static void port_positions(void *ctx, const struct kf_key *site, const struct kf_key *queue, int64_t from, int limit,
                           live_positions_done *done, void *arg)
{
    struct world *w = ctx;

    if (w->live)
        live_positions(w->live, site, queue, from, limit, done, arg);
    else
        done(arg, KF_AGAIN, NULL, 0, 0, &is_gone);
}

static void port_hint(void *ctx, const struct kf_key *site, const struct kf_id *conv, int64_t seq)
{
    struct world *w = ctx;

    if (w->live)
        live_hint(w->live, site, conv, seq);
}

static void port_watch(void *ctx, const struct kf_key *site)
{
    struct world *w = ctx;

    if (w->live)
        live_watch(w->live, site);
}

static void port_fetch(void *ctx, const struct http_req *req, net_fetched *done, void *arg)
{
    struct world *w = ctx;

    if (w->client)
        net_fetch(w->client, req, done, arg);
    else
        done(arg, &(struct http_resp){ .status = 0 });
}

static void port_file_put(void *ctx, const struct kf_id *handle, struct slice block, store_block_done *done, void *arg)
{
    struct world *w = ctx;

    store_file_put(w->store, handle, block, done, arg);
}

static void port_file_end(void *ctx, const struct kf_id *handle, store_file_done *done, void *arg)
{
    struct world *w = ctx;

    store_file_end(w->store, handle, done, arg);
}

static void port_file_get(void *ctx, const uint8_t sha256[32], int64_t index, store_file_block *done, void *arg)
{
    struct world *w = ctx;

    store_file_get(w->store, sha256, index, done, arg);
}

struct ports world_ports(struct world *w)
{
    return (struct ports){ .ctx = w,
                           .now_ms = port_now,
                           .mono_ms = port_mono,
                           .chance = port_chance,
                           .commit = port_commit,
                           .read = port_read,
                           .live_up = port_live_up,
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
                           .fetch = port_fetch,
                           .file_put = port_file_put,
                           .file_end = port_file_end,
                           .file_get = port_file_get };
}
