/* main.c: puts the parts together, runs the loop, takes them apart again. The order of starting and stopping follows what libwebsockets,
 * hiredis and libcurl demand of a shared loop (docs/architecture.md). */
#include "api/api.h"
#include "config.h"
#include "core/fault.h"
#include "lock.h"
#include "log.h"
#include "notify.h"
#include "protocols/json.h"
#include "seed.h"
#include "streams.h"
#include "vault.h"
#include "world.h"

#include <curl/curl.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#include <uv.h>

#define TICK_MS   100
#define STOP_MS   2000
#define OVERDUE_S 30 /* beyond the limit of the drain */
#define NO_FILES  65536
#define FILES_MIN 128 /* 50 of its own, 64 connections; with fewer nobody, not even kefuctl, is told that it is full */

#define CROWD     500 /* connections */

struct node {
    uv_loop_t loop;
    uv_async_t wake;
    uv_timer_t tick, watchdog, stopping;
    uv_signal_t hup, term, intr;
    struct config cfg;
    struct config_args args;
    struct world world;
    struct vault *vault; /* the store's */
    struct net_server *server;
    struct session *session;
    struct desk *desk;
    struct api *api;
    struct ports ports;
    struct kf_id id;
    bool started, stop, closing;
    bool keeping;       /* the house is being kept */
    int64_t kept_at;    /* mono: when that began; 0: not yet */
    uint64_t crowd;     /* the most connections since that was last looked after */
    int64_t stop_until; /* mono: whatever is under way, the stop goes on then */
    int exit_code;
    char control[256];
};

/* ---- callbacks of the parts ---- */

static void stop_begin(struct node *n, int exit_code);

static void on_wake(uv_async_t *h)
{
    struct node *n = h->data;

    store_drain(n->world.store);
    if (n->started && store_broken(n->world.store) && !n->stop) {
        log_pairs(LOG_ERROR, "main", "event", "store_broken", "reason", store_broken(n->world.store), NULL);
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
    ret->searches = (int)cfg->limits.searches;
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
    struct live *live = n->world.live;
    struct net_client *client = n->world.client;

    if (n->closing)
        return;
    n->closing = true;
    n->world.live = NULL; /* before its last answers: they may ask for more */
    live_close(live);
    if (n->server)
        net_server_close(n->server);
    n->world.client = NULL;
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

    if (desk_quiet(n->desk) || n->exit_code || n->ports.mono_ms(n->ports.ctx) >= n->stop_until)
        stop_finish(n);
}

static void drained(void *ctx)
{
    struct node *n = ctx;

    /* The last completions: what was accepted is committed and told. A platform that does not answer is not waited for much longer. */
    uv_timer_stop(&n->tick);
    n->stop_until = n->ports.mono_ms(n->ports.ctx) + STOP_MS;
    uv_timer_start(&n->stopping, on_stopping, 0, 20);
}

static volatile sig_atomic_t overdue_code;

/* Whatever hangs while it stops, it ends: what was acknowledged is in the store, and who restarts it waits for that. */
static void on_overdue(int signum)
{
    static const char said[] = "error main event=stop_overdue\n";

    (void)signum;
    (void)!write(STDERR_FILENO, said, sizeof(said) - 1);
    _exit(overdue_code);
}

static void stop_within(unsigned seconds, int exit_code)
{
    overdue_code = exit_code ? exit_code : EX_SOFTWARE;
    (void)signal(SIGALRM, on_overdue);
    (void)alarm(seconds);
}

static void stop_begin(struct node *n, int exit_code)
{
    if (n->stop)
        return;
    n->stop = true;
    n->exit_code = exit_code;
    stop_within((unsigned)(n->cfg.limits.drain / 1000) + OVERDUE_S, exit_code);
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

static void housekept(void *ctx, enum kf_rc rc, const char *report, const struct kf_err *why)
{
    struct node *n = ctx;

    (void)report;
    n->keeping = false;
    if (rc)
        log_pairs(LOG_WARN, "main", "event", "housekeeping", "reason", why ? why->text : kf_rc_name(rc), NULL);
}

/* By itself, and without writing the databases anew: that waits for kefuctl housekeep, at an hour that somebody chooses. */
static void keep_house(struct node *n)
{
    int64_t mono = n->ports.mono_ms(n->ports.ctx);
    struct housekeeping h;

    if (!n->kept_at)
        n->kept_at = mono; /* not at the start: there is enough to do */
    if (n->keeping || n->stop || mono - n->kept_at < n->cfg.store.housekeep_every)
        return;
    n->keeping = true;
    n->kept_at = mono;
    h = api_housekeeping(&n->cfg, n->ports.now_ms(n->ports.ctx));
    store_housekeep(n->world.store, &h, housekept, n);
}

/* When a crowd has gone, what it took lies about free and is given back. That looks through the whole heap, so it is not done for a few. */
static void after_crowd(struct node *n)
{
    struct net_figures f;
    uint64_t here;

    net_figures(n->server, &f);
    here = f.connections;
    if (here > n->crowd)
        n->crowd = here;
    if (n->crowd < CROWD || here > n->crowd / 2)
        return;
    n->crowd = here;
    (void)malloc_trim(1 << 20);
}

static void on_tick(uv_timer_t *t)
{
    struct node *n = t->data;

    desk_tick(n->desk);
    keep_house(n);
    after_crowd(n);
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
                              .bodies_max = c->limits.bodies,
                              .spool_dir = c->node.state,
                              .spool_max = c->limits.spool,
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
    enum kf_rc rc = vault_open(&n->vault, n->cfg.store.key_file, true, why);
    struct store_vault vault = { 0 };
    const struct store_config cfg = { .url = n->cfg.store.url,
                                      .vault = &vault,
                                      .files_path = n->cfg.store.files,
                                      .index_path = n->cfg.store.index,
                                      .backup_dir = n->cfg.store.backup,
                                      .head_path = n->cfg.node.head,
                                      .alone = !n->cfg.redis.url,
                                      .readers = (int)n->cfg.store.readers,
                                      .queue_max = (size_t)n->cfg.store.queue,
                                      .wake = store_wake,
                                      .wake_ctx = n,
                                      .log = log_line };

    if (rc)
        return rc;
    vault = vault_for_store(n->vault);
    return store_open(&n->world.store, &cfg, why);
}

static enum kf_rc open_live(struct node *n, struct kf_err *why)
{
    const struct live_config cfg = { .url = n->cfg.redis.url,
                                     .password = n->cfg.redis.password,
                                     .state_dir = n->cfg.node.state,
                                     .server = n->cfg.redis.server,
                                     .now_ms = n->ports.now_ms,
                                     .now_ctx = n->ports.ctx,
                                     .node = n->id,
                                     .changed = on_live,
                                     .hint = on_hint,
                                     .ctx = n,
                                     .log = log_line };

    return live_open(&n->world.live, &n->loop, &cfg, why);
}

static enum kf_rc open_parts(struct node *n, struct kf_err *why)
{
    const struct net_client_config client = { .allow_http = n->cfg.channels.allow_http,
                                              .allow_private = n->cfg.channels.allow_private,
                                              .ca_file = n->cfg.channels.ca_file,
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
        rc = net_client_open(&n->world.client, &n->loop, &client, why);
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
                               .store = n->world.store,
                               .live = n->world.live,
                               .reload = node_reload,
                               .ctx = n,
                               .log = log_line };
    n->api = n->session ? api_new(&api) : NULL;
    if (!n->api)
        return kf_fail(why, KF_NOMEM, "out of memory");
    desk_attach(n->desk, n->session);
    return KF_OK;
}

/* A demo without its people is one that nobody can look at. */
static enum kf_rc find_demo(const struct config *cfg, char *path, size_t size, struct kf_err *why)
{
    if (!cfg->demo || config_shipped("sites/demo.json", path, size))
        return KF_OK;
    return kf_fail(why, KF_INVALID,
                   "--demo: its site is not there: sites/demo.json belongs into ../share/kefud or ../config beside the program");
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
    if (find_demo(&n->cfg, demo, sizeof(demo), &why) || open_parts(n, &why))
        start_failed(n, &why);
    else if (n->cfg.demo)
        seed_site(&n->ports, demo, say, seeded, n);
    else
        desk_load(n->desk, loaded, n);
    uv_run(&n->loop, UV_RUN_DEFAULT);
    store_close(n->world.store); /* commits what is queued; its completions still find server, session and desk */
    n->world.store = NULL;
    vault_free(n->vault);
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
static enum kf_rc bound_files(struct kf_err *why)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return KF_OK;
    r.rlim_cur = r.rlim_max == RLIM_INFINITY || r.rlim_max > NO_FILES ? NO_FILES : r.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &r);
    if (r.rlim_cur < FILES_MIN)
        return kf_fail(why, KF_LIMIT, "only %llu files may be open at a time, %d are needed (LimitNOFILE= of the unit, ulimit -n)",
                       (unsigned long long)r.rlim_cur, FILES_MIN);
    return KF_OK;
}

static int check_only(struct config *cfg)
{
    struct buf b;

    buf_init(&b, 1u << 20);
    config_print(cfg, &b);
    (void)fwrite(buf_slice(&b).p, 1, buf_slice(&b).n, stdout);
    buf_finish(&b);
    return streams_written("kefud") ? 0 : EX_IOERR;
}

static int faults_told;

static void tell_fault(const char *line)
{
    faults_told++;
    (void)fprintf(stderr, "kefud: %s\n", line);
}

/* What hashing a password takes (19 MiB, on each of four threads) goes back to the system when it is freed. By itself glibc keeps all that
 * was once freed, up to 32 MiB a piece, for the next time. */
static void give_memory_back(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 8 << 20); /* the heap's end moves seldom: so much stays for what comes and goes all the time */
}

int main(int argc, char **argv)
{
    static struct node n;
    struct kf_err why = { 0 };
    uint8_t chance[10];
    int lock = -1;

    if (!streams_open())
        return EX_UNAVAILABLE;
    (void)setenv("UV_THREADPOOL_SIZE", "4", 0);
    give_memory_back();
    (void)signal(SIGPIPE, SIG_IGN); /* the next write says so */
    (void)umask(077);               /* databases, logs of them, sockets: the owner's alone */
    if (config_args_parse(argc, argv, &n.args, &why)) {
        (void)fprintf(stderr, "kefud: %s\n%s", why.text, config_usage);
        return EX_USAGE;
    }
    if (n.args.help || n.args.version) {
        (void)fputs(n.args.help ? config_usage : "kefud " KEFUD_VERSION "\n", stdout);
        return streams_written("kefud") ? 0 : EX_IOERR;
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
    if (bound_files(&why) || state_lock(n.cfg.node.state, &lock, &why)) {
        (void)fprintf(stderr, "kefud: %s\n", why.text);
        config_free(&n.cfg);
        return exit_code_of(&why);
    }
    (void)snprintf(n.control, sizeof(n.control), "%s/kefud.sock", n.cfg.node.state);
    curl_global_init(CURL_GLOBAL_ALL);
    json_memory(NULL);
    n.ports = world_ports(&n.world);
    n.ports.chance(n.ports.ctx, chance, sizeof(chance));
    n.id = id_make(n.ports.now_ms(n.ports.ctx), chance);
    run(&n);
    curl_global_cleanup();
    config_free(&n.cfg);
    (void)close(lock);
    return n.exit_code;
}
