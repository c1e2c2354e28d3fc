/* main.c: puts the parts together, runs the loop, takes them apart again. The order of starting and stopping follows what libwebsockets,
 * hiredis and libcurl demand of a shared loop (docs/architecture.md). */
#include "api/api.h"
#include "config.h"
#include "core/fault.h"
#include "lock.h"
#include "log.h"
#include "notify.h"
#include "seed.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define TICK_MS  100
#define STOP_MS  2000
#define NO_FILES 65536

struct node {
    uv_loop_t loop;
    uv_async_t wake;
    uv_timer_t tick, watchdog, stopping;
    uv_signal_t hup, term, intr;
    struct config cfg;
    struct config_args args;
    struct store *store;
    struct live *live;
    struct net_client *client;
    struct net_server *server;
    struct session *session;
    struct desk *desk;
    struct api *api;
    struct ports ports;
    struct kf_id id;
    bool started, stop, closing;
    int64_t stop_until; /* mono: whatever is under way, the stop goes on then */
    int exit_code;
    char control[256];
};

/* ---- the world as the desk sees it ---- */

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
    struct node *n = ctx;

    if (n->store) {
        store_commit(n->store, c, done, arg);
        return;
    }
    change_free(c);
    done(arg, KF_AGAIN, NULL, &is_gone);
}

static void port_read(void *ctx, struct query *q, store_answer *done, void *arg)
{
    struct node *n = ctx;

    if (n->store) {
        store_read(n->store, q, done, arg);
        return;
    }
    done(arg, KF_AGAIN, q, &is_gone);
    arena_free(q->arena);
}

static bool live_there(const struct node *n, live_done *done, void *arg)
{
    if (!n->live && done)
        done(arg, KF_AGAIN, &is_gone);
    return n->live != NULL;
}

static void no_answer(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    (void)ctx;
    (void)rc;
    (void)why;
}

static bool port_live_up(void *ctx)
{
    struct node *n = ctx;

    return n->live && live_up(n->live);
}

static void port_reset(void *ctx, const struct kf_key *site, int64_t lease, live_done *done, void *arg)
{
    struct node *n = ctx;

    if (live_there(n, done, arg))
        live_reset(n->live, site, lease, done ? done : no_answer, arg);
}

static void port_ready(void *ctx, const struct kf_key *site, int64_t lease, live_done *done, void *arg)
{
    struct node *n = ctx;

    if (live_there(n, done, arg))
        live_ready(n->live, site, lease, done ? done : no_answer, arg);
}

static void port_look(void *ctx, const struct kf_key *site, int limit, live_viewed *done, void *arg)
{
    struct node *n = ctx;

    if (n->live)
        live_look(n->live, site, limit, done, arg);
    else
        done(arg, KF_AGAIN, NULL, &is_gone);
}

static void port_reserve(void *ctx, const struct kf_key *site, int64_t lease, const struct kf_id *conv, int64_t epoch,
                         const struct kf_id *agent, int64_t hold_ms, live_done *done, void *arg)
{
    struct node *n = ctx;

    if (live_there(n, done, arg))
        live_reserve(n->live, site, lease, conv, epoch, agent, hold_ms, done ? done : no_answer, arg);
}

static void port_put(void *ctx, const struct conv *c, live_done *done, void *arg)
{
    struct node *n = ctx;

    if (live_there(n, done, arg))
        live_put(n->live, c, done ? done : no_answer, arg);
}

static void port_agent(void *ctx, const struct kf_key *site, const struct kf_id *agent, enum presence presence, int capacity,
                       live_done *done, void *arg)
{
    struct node *n = ctx;

    if (live_there(n, done, arg))
        live_agent(n->live, site, agent, presence, capacity, done ? done : no_answer, arg);
}

static void port_connected(void *ctx, const struct kf_key *site, const struct kf_id *agents, size_t count, live_done *done, void *arg)
{
    struct node *n = ctx;

    if (live_there(n, done, arg))
        live_connected(n->live, site, agents, count, done ? done : no_answer, arg);
}

static void port_gone(void *ctx, const struct kf_key *site, const struct kf_id *agent, live_done *done, void *arg)
{
    struct node *n = ctx;

    if (live_there(n, done, arg))
        live_gone(n->live, site, agent, done ? done : no_answer, arg);
}

static void port_refuse(void *ctx, const struct kf_key *site, const struct kf_id *conv, const struct kf_id *agent, int64_t until,
                        bool handed, live_done *done, void *arg)
{
    struct node *n = ctx;

    if (live_there(n, done, arg))
        live_refuse(n->live, site, conv, agent, until, handed, done ? done : no_answer, arg);
}

static void port_position(void *ctx, const struct kf_key *site, const struct kf_key *queue, const struct kf_id *conv,
                          live_position_done *done, void *arg)
{
    struct node *n = ctx;

    if (n->live)
        live_position(n->live, site, queue, conv, done, arg);
    else
        done(arg, KF_AGAIN, 0, 0, &is_gone);
}

static void port_positions(void *ctx, const struct kf_key *site, const struct kf_key *queue, int limit, live_positions_done *done,
                           void *arg)
{
    struct node *n = ctx;

    if (n->live)
        live_positions(n->live, site, queue, limit, done, arg);
    else
        done(arg, KF_AGAIN, NULL, 0, 0, &is_gone);
}

static void port_hint(void *ctx, const struct kf_key *site, const struct kf_id *conv, int64_t seq)
{
    struct node *n = ctx;

    if (n->live)
        live_hint(n->live, site, conv, seq);
}

static void port_watch(void *ctx, const struct kf_key *site)
{
    struct node *n = ctx;

    if (n->live)
        live_watch(n->live, site);
}

static void port_fetch(void *ctx, const struct http_req *req, net_fetched *done, void *arg)
{
    struct node *n = ctx;

    if (n->client)
        net_fetch(n->client, req, done, arg);
    else
        done(arg, &(struct http_resp){ .status = 0 });
}

static void port_file_put(void *ctx, const struct kf_id *handle, struct slice block, store_block_done *done, void *arg)
{
    struct node *n = ctx;

    store_file_put(n->store, handle, block, done, arg);
}

static void port_file_end(void *ctx, const struct kf_id *handle, store_file_done *done, void *arg)
{
    struct node *n = ctx;

    store_file_end(n->store, handle, done, arg);
}

static void port_file_get(void *ctx, const uint8_t sha256[32], int64_t index, store_file_block *done, void *arg)
{
    struct node *n = ctx;

    store_file_get(n->store, sha256, index, done, arg);
}

static struct ports ports_of(struct node *n)
{
    return (struct ports){ .ctx = n,
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

/* ---- callbacks of the parts ---- */

static void stop_begin(struct node *n, int exit_code);

static void on_wake(uv_async_t *h)
{
    struct node *n = h->data;

    store_drain(n->store);
    if (n->started && store_broken(n->store) && !n->stop) {
        log_pairs(LOG_ERROR, "main", "event", "store_broken", "reason", store_broken(n->store), NULL);
        stop_begin(n, EX_IOERR);
    }
}

static void store_wake(void *ctx)
{
    struct node *n = ctx;

    uv_async_send(&n->wake);
}

static void on_live(void *ctx, bool up)
{
    struct node *n = ctx;

    if (n->desk)
        desk_live_changed(n->desk, up);
}

static void on_hint(void *ctx, const struct kf_key *site, const struct kf_id *conv, int64_t seq)
{
    struct node *n = ctx;

    if (n->desk)
        desk_hint(n->desk, site, conv, seq);
}

static void session_net_send(void *ctx, uint64_t conn, struct net_frame *f)
{
    struct node *n = ctx;

    net_send(n->server, conn, f);
}

static void session_net_close(void *ctx, uint64_t conn, int code, const char *reason)
{
    struct node *n = ctx;

    net_close(n->server, conn, code, reason);
}

struct work {
    uv_work_t req;
    void (*run)(void *arg);
    void (*after)(void *arg);
    void *arg;
};

static void work_run(uv_work_t *req)
{
    struct work *w = req->data;

    w->run(w->arg);
}

static void work_after(uv_work_t *req, int status)
{
    struct work *w = req->data;

    (void)status;
    w->after(w->arg);
    free(w);
}

static void node_work(void *ctx, void (*run)(void *arg), void (*after)(void *arg), void *arg)
{
    struct node *n = ctx;
    struct work *w = calloc(1, sizeof(*w));

    if (!w) {
        run(arg); /* slow is better than never */
        after(arg);
        return;
    }
    *w = (struct work){ .req.data = w, .run = run, .after = after, .arg = arg };
    uv_queue_work(&n->loop, &w->req, work_run, work_after);
}

static void reload_changed(int level, const char *line)
{
    log_line(level, line);
}

static void take_bounds(const struct config *cfg, struct desk_config *ret)
{
    ret->new_per_minute = (int)cfg->limits.conversations;
    ret->text_max = (int)cfg->limits.text;
    ret->message_burst = (int)cfg->limits.message_burst;
    ret->message_rate = (int)cfg->limits.message_rate;
    ret->json_levels = (int)cfg->limits.json_depth;
    ret->file_max = cfg->limits.upload;
    ret->hello_ms = cfg->limits.hello_time;
}

static enum kf_rc node_reload(void *ctx, struct kf_err *why)
{
    struct node *n = ctx;
    struct desk_config bounds = { 0 };
    enum kf_rc rc;

    notify_reloading();
    rc = config_reload(&n->cfg, &n->args, reload_changed, why);
    if (!rc) {
        log_set_level((enum log_level)n->cfg.log.level);
        rc = net_server_reload_tls(n->server, why);
    }
    if (rc)
        log_pairs(LOG_ERROR, "main", "event", "reload_refused", "reason", why->text, NULL);
    else {
        log_pairs(LOG_INFO, "main", "event", "reloaded", NULL);
        take_bounds(&n->cfg, &bounds);
        desk_bounds(n->desk, &bounds);
        desk_load(n->desk, NULL, NULL);
    }
    notify_ready("running");
    return rc;
}

/* ---- stopping ---- */

static void close_one(uv_handle_t *h, void *arg)
{
    (void)arg;
    if (!uv_is_closing(h))
        uv_close(h, NULL);
}

/* Everything is answered: take the parts apart in the order that their libraries ask for. */
static void stop_finish(struct node *n)
{
    struct live *live = n->live;
    struct net_client *client = n->client;

    if (n->closing)
        return;
    n->closing = true;
    n->live = NULL; /* before its last answers: they may ask for more */
    live_close(live);
    if (n->server)
        net_server_close(n->server);
    n->client = NULL;
    net_client_close(client);
    uv_close((uv_handle_t *)&n->tick, NULL);
    uv_close((uv_handle_t *)&n->watchdog, NULL);
    uv_close((uv_handle_t *)&n->stopping, NULL);
    uv_close((uv_handle_t *)&n->hup, NULL);
    uv_close((uv_handle_t *)&n->term, NULL);
    uv_close((uv_handle_t *)&n->intr, NULL);
    uv_close((uv_handle_t *)&n->wake, NULL);
}

static void on_stopping(uv_timer_t *t)
{
    struct node *n = t->data;

    if (desk_quiet(n->desk) || n->exit_code || port_mono(n) >= n->stop_until)
        stop_finish(n);
}

static void drained(void *ctx)
{
    struct node *n = ctx;

    /* The last completions: what was accepted is committed and told. A platform that does not answer is not waited for much longer. */
    uv_timer_stop(&n->tick);
    n->stop_until = port_mono(n) + STOP_MS;
    uv_timer_start(&n->stopping, on_stopping, 0, 20);
}

static void stop_begin(struct node *n, int exit_code)
{
    if (n->stop)
        return;
    n->stop = true;
    n->exit_code = exit_code;
    notify_stopping();
    log_pairs(LOG_INFO, "main", "event", "stopping", NULL);
    if (n->desk)
        desk_stop(n->desk);
    if (n->server)
        net_server_drain(n->server, 1000, (int)n->cfg.limits.drain, drained, n);
    else
        stop_finish(n);
}

static void on_signal(uv_signal_t *h, int signum)
{
    struct node *n = h->data;
    struct kf_err why = { 0 };

    if (signum != SIGHUP)
        stop_begin(n, 0);
    else if (n->started && !n->stop)
        (void)node_reload(n, &why);
}

/* ---- starting ---- */

static void say(void *ctx, const char *line)
{
    (void)ctx;
    puts(line);
}

static void on_tick(uv_timer_t *t)
{
    struct node *n = t->data;

    desk_tick(n->desk);
}

static void on_watchdog(uv_timer_t *t)
{
    (void)t;
    notify_watchdog();
}

/* What somebody else holds may be free in a while: sysexits(3) calls that a temporary failure. */
static int exit_code_of(const struct kf_err *why)
{
    return why && why->rc == KF_CONFLICT ? EX_TEMPFAIL : EX_UNAVAILABLE;
}

static void start_failed(struct node *n, const struct kf_err *why)
{
    log_pairs(LOG_ERROR, "main", "event", "start_failed", "reason", why && *why->text ? why->text : "unknown", NULL);
    (void)fprintf(stderr, "kefud: %s\n", why && *why->text ? why->text : "cannot start");
    stop_begin(n, exit_code_of(why));
}

/* "By memory": half of it, at 32 KiB for a TLS connection and what it keeps here; never more than there are descriptors for. */
static int connections_max(const struct config *c)
{
    int64_t memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGE_SIZE) / 2 / 32768;
    struct rlimit r;

    if (c->limits.connections > 0)
        return (int)c->limits.connections;
    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && memory > (int64_t)r.rlim_cur - 256)
        memory = (int64_t)r.rlim_cur - 256;
    return memory < 64 ? 64 : (int)memory;
}

static enum kf_rc open_server(struct node *n, struct kf_err *why)
{
    const struct config *c = &n->cfg;
    struct net_config net = { .listen = c->listen.addresses.items,
                              .n_listen = c->listen.addresses.n,
                              .control = n->control,
                              .certificate = c->tls.certificate,
                              .key = c->tls.key,
                              .proxies = c->listen.proxies.items,
                              .n_proxies = c->listen.proxies.n,
                              .hosts = c->listen.hosts.items,
                              .n_hosts = c->listen.hosts.n,
                              .visitor_protocol = PROTOCOL_VISITOR,
                              .staff_protocol = PROTOCOL_STAFF,
                              .visitor_path = "/ws/visitor",
                              .staff_path = "/ws/agent",
                              .connections_per_address = (int)c->limits.connections_per_address,
                              .connections_max = connections_max(c),
                              .header_timeout_ms = (int)c->limits.header_time,
                              .body_timeout_ms = (int)c->limits.body_time,
                              .message_max = (size_t)c->limits.frame,
                              .send_queue_max = (size_t)c->limits.send_queue,
                              .ping_ms = (int)c->limits.ping,
                              .ops = api_net_ops(n->api),
                              .ctx = n->api,
                              .log = log_line };

    return net_server_open(&n->server, &n->loop, &net, why);
}

static void loaded(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct node *n = ctx;
    struct kf_err local = { 0 };
    const char *scheme = n->cfg.tls.certificate ? "https" : "http";
    char url[96];

    if (n->stop)
        return;
    fault_point("before_ready");
    if (rc) {
        start_failed(n, why);
        return;
    }
    if (open_server(n, &local)) {
        start_failed(n, &local);
        return;
    }
    api_attach(n->api, n->server);
    (void)snprintf(url, sizeof(url), "%s://%s", scheme, net_server_address(n->server));
    desk_listens_at(n->desk, url);
    n->started = true;
    uv_timer_start(&n->tick, on_tick, 0, TICK_MS);
    if (notify_watchdog_ms() > 0)
        uv_timer_start(&n->watchdog, on_watchdog, 0, (uint64_t)notify_watchdog_ms());
    if (n->cfg.demo) {
        const char *at = net_server_address(n->server);

        printf("visitor   %s://%s/chat/demo\nconsole   %s://%s/console/\nreview    %s://%s/review/\nadmin     %s://%s/admin/\n", scheme, at,
               scheme, at, scheme, at, scheme, at);
    }
    printf("kefud ready %s://%s/\n", scheme, net_server_address(n->server));
    (void)fflush(stdout);
    notify_ready("running");
    log_pairs(LOG_INFO, "main", "event", "ready", "address", net_server_address(n->server), NULL);
}

static void seeded(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct node *n = ctx;

    if (n->stop)
        return;
    if (rc) {
        start_failed(n, why);
        return;
    }
    desk_load(n->desk, loaded, n);
}

static enum kf_rc open_store(struct node *n, struct kf_err *why)
{
    const struct store_config cfg = { .url = n->cfg.store.url,
                                      .files_path = n->cfg.store.files,
                                      .index_path = n->cfg.store.index,
                                      .backup_dir = n->cfg.store.backup,
                                      .alone = !n->cfg.redis.url,
                                      .readers = (int)n->cfg.store.readers,
                                      .queue_max = (size_t)n->cfg.store.queue,
                                      .wake = store_wake,
                                      .wake_ctx = n,
                                      .log = log_line };

    return store_open(&n->store, &cfg, why);
}

static enum kf_rc open_live(struct node *n, struct kf_err *why)
{
    const struct live_config cfg = { .url = n->cfg.redis.url,
                                     .password = n->cfg.redis.password,
                                     .state_dir = n->cfg.node.state,
                                     .server = n->cfg.redis.server,
                                     .now_ms = port_now,
                                     .now_ctx = n,
                                     .node = n->id,
                                     .changed = on_live,
                                     .hint = on_hint,
                                     .ctx = n,
                                     .log = log_line };

    return live_open(&n->live, &n->loop, &cfg, why);
}

static enum kf_rc open_parts(struct node *n, struct kf_err *why)
{
    const struct net_client_config client = { .allow_http = n->cfg.channels.allow_http,
                                              .allow_private = n->cfg.channels.allow_private,
                                              .max_total = (int)n->cfg.channels.connections,
                                              .max_per_host = (int)n->cfg.channels.connections_per_host,
                                              .user_agent = "kefud/" KEFUD_VERSION };
    const struct session_net net = { n, session_net_send, session_net_close };
    struct desk_config desk = { .node = n->id,
                                .sole = !n->cfg.redis.url,
                                .files_origin = n->cfg.listen.files_origin,
                                .public_url = n->cfg.listen.public_url.n ? n->cfg.listen.public_url.items[0] : "",
                                .log = log_line };
    struct session_ops ops;
    struct api_config api;
    enum kf_rc rc = open_store(n, why);

    if (!rc)
        rc = open_live(n, why);
    if (!rc)
        rc = net_client_open(&n->client, &n->loop, &client, why);
    if (rc)
        return rc;
    take_bounds(&n->cfg, &desk);
    n->desk = desk_new(&n->ports, &desk);
    if (!n->desk)
        return kf_fail(why, KF_NOMEM, "out of memory");
    ops = desk_session_ops(n->desk);
    n->session = session_new(&net, &ops);
    api = (struct api_config){ .ports = &n->ports,
                               .desk = n->desk,
                               .session = n->session,
                               .cfg = &n->cfg,
                               .work = node_work,
                               .store = n->store,
                               .live = n->live,
                               .reload = node_reload,
                               .ctx = n,
                               .log = log_line };
    n->api = n->session ? api_new(&api) : NULL;
    if (!n->api)
        return kf_fail(why, KF_NOMEM, "out of memory");
    desk_attach(n->desk, n->session);
    return KF_OK;
}

static void run(struct node *n)
{
    struct kf_err why = { 0 };
    char demo[512];

    uv_loop_init(&n->loop);
    uv_async_init(&n->loop, &n->wake, on_wake);
    uv_timer_init(&n->loop, &n->tick);
    uv_timer_init(&n->loop, &n->watchdog);
    uv_timer_init(&n->loop, &n->stopping);
    uv_signal_init(&n->loop, &n->hup);
    uv_signal_init(&n->loop, &n->term);
    uv_signal_init(&n->loop, &n->intr);
    n->wake.data = n->tick.data = n->watchdog.data = n->stopping.data = n->hup.data = n->term.data = n->intr.data = n;
    uv_signal_start(&n->hup, on_signal, SIGHUP);
    uv_signal_start(&n->term, on_signal, SIGTERM);
    uv_signal_start(&n->intr, on_signal, SIGINT);
    n->ports = ports_of(n);
    if (open_parts(n, &why))
        start_failed(n, &why);
    else if (n->cfg.demo && config_shipped("sites/demo.json", demo, sizeof(demo)))
        seed_site(&n->ports, demo, say, seeded, n);
    else
        desk_load(n->desk, loaded, n);
    uv_run(&n->loop, UV_RUN_DEFAULT);
    store_close(n->store); /* commits what is queued; its completions still find server, session and desk */
    n->store = NULL;
    uv_run(&n->loop, UV_RUN_DEFAULT); /* what those have given to workers */
    net_server_free(n->server);
    api_free(n->api);
    session_free(n->session);
    desk_free(n->desk);
    uv_walk(&n->loop, close_one, NULL);
    uv_run(&n->loop, UV_RUN_DEFAULT);
    uv_loop_close(&n->loop);
}

/* libwebsockets sizes two tables by the limit of open files: never leave it at infinity. */
static void bound_files(void)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return;
    r.rlim_cur = r.rlim_max == RLIM_INFINITY || r.rlim_max > NO_FILES ? NO_FILES : r.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &r);
}

static int check_only(struct config *cfg)
{
    struct buf b;

    buf_init(&b, 1u << 20);
    config_print(cfg, &b);
    (void)fwrite(buf_slice(&b).p, 1, buf_slice(&b).n, stdout);
    buf_finish(&b);
    return 0;
}

static int faults_told;

static void tell_fault(const char *line)
{
    faults_told++;
    (void)fprintf(stderr, "kefud: %s\n", line);
}

int main(int argc, char **argv)
{
    static struct node n;
    struct kf_err why = { 0 };
    uint8_t chance[10];
    int lock = -1;

    (void)setenv("UV_THREADPOOL_SIZE", "4", 0);
    (void)signal(SIGPIPE, SIG_IGN); /* the next write says so */
    (void)umask(077);               /* databases, logs of them, sockets: the owner's alone */
    if (config_args_parse(argc, argv, &n.args, &why)) {
        (void)fprintf(stderr, "kefud: %s\n%s", why.text, config_usage);
        return EX_USAGE;
    }
    if (n.args.help || n.args.version) {
        (void)fputs(n.args.help ? config_usage : "kefud " KEFUD_VERSION "\n", stdout);
        return 0;
    }
    if (n.args.check)
        n.args.fault = tell_fault;
    if (config_open(&n.cfg, &n.args, &why)) {
        if (!faults_told)
            (void)fprintf(stderr, "kefud: %s\n", why.text);
        return EX_CONFIG;
    }
    if (n.args.check) {
        int rc = check_only(&n.cfg);

        config_free(&n.cfg);
        return rc;
    }
    log_set_level((enum log_level)n.cfg.log.level);
    bound_files();
    if (state_lock(n.cfg.node.state, &lock, &why)) {
        (void)fprintf(stderr, "kefud: %s\n", why.text);
        config_free(&n.cfg);
        return exit_code_of(&why);
    }
    (void)snprintf(n.control, sizeof(n.control), "%s/kefud.sock", n.cfg.node.state);
    curl_global_init(CURL_GLOBAL_ALL);
    port_chance(NULL, chance, sizeof(chance));
    n.id = id_make(port_now(NULL), chance);
    run(&n);
    curl_global_cleanup();
    config_free(&n.cfg);
    (void)close(lock);
    return n.exit_code;
}
