/* live_test.h: what the tests of the live layer share: nodes on one loop with a clock of their own, calls that wait for their answer,
 * and a redis-server that belongs to the test, where it may do what kefud's user may not. */
#ifndef KF_TESTS_LIVE_TEST_H
#define KF_TESTS_LIVE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "live/live.h"
#include "tests/support/scratch.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#define UNUSED    __attribute__((unused))
#define NODES_MAX 4

struct hinted {
    struct kf_key site;
    struct kf_id conv;
    int64_t seq;
};

struct node {
    struct live *live;
    bool up;
    int ups, downs;
    struct hinted hints[16];
    int n_hints;
};

static struct world {
    uv_loop_t loop;
    int64_t now;
    char dir[SCRATCH_MAX];
    struct node node[NODES_MAX];
    const char *server; /* the program of private servers; NULL: the usual one */
    char log[1 << 16];
    size_t n_log;
} w;

static int64_t UNUSED world_now(void *ctx)
{
    (void)ctx;
    return w.now;
}

static void UNUSED world_log(int level, const char *line)
{
    int n;

    if (getenv("LIVE_TEST_LOG"))
        fprintf(stderr, "%d %s\n", level, line);
    if (w.n_log > sizeof(w.log) / 2)
        w.n_log = 0;
    n = snprintf(w.log + w.n_log, sizeof(w.log) - w.n_log, "%s\n", line);
    w.n_log += (size_t)n;
}

/* ---- waiting: always for a condition, never for luck ---------------------------------------------------------------- */

typedef bool condition(void *ctx);

static void UNUSED on_wake(uv_timer_t *timer)
{
    (void)timer;
}

static void UNUSED on_wake_closed(uv_handle_t *handle)
{
    *(bool *)handle->data = true;
}

/* What ought to come soon: a busy machine may take its time. */
#define SOON_MS 60000

/* Runs the loop until it holds; false if it does not within `ms`. */
static bool UNUSED wait_for(condition *holds, void *ctx, uint64_t ms)
{
    uint64_t end = uv_hrtime() / 1000000 + ms;
    uv_timer_t wake;
    bool closed = false, ok;

    uv_timer_init(&w.loop, &wake);
    uv_timer_start(&wake, on_wake, 10, 10);
    while (!(ok = holds(ctx)) && uv_hrtime() / 1000000 < end)
        uv_run(&w.loop, UV_RUN_ONCE);
    wake.data = &closed;
    uv_close((uv_handle_t *)&wake, on_wake_closed);
    while (!closed)
        uv_run(&w.loop, UV_RUN_ONCE);
    return ok;
}

static bool UNUSED is_true(void *ctx)
{
    return *(bool *)ctx;
}

static bool UNUSED is_up(void *ctx)
{
    const struct node *n = ctx;

    return n->up;
}

static bool UNUSED is_down(void *ctx)
{
    const struct node *n = ctx;

    return !n->up;
}

/* ---- names --------------------------------------------------------------------------------------------------------- */

/* A conversation, an agent, a node: anything with a small number. */
static struct kf_id UNUSED id_of(int kind, int n)
{
    return (struct kf_id){ { (uint8_t)kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
                             (uint8_t)n } };
}

#define CONV(n)  id_of(0xc0, (n))
#define AGENT(n) id_of(0xa0, (n))
#define NODE(n)  id_of(0xd0, (n))

static struct kf_key UNUSED key_of(const char *text)
{
    struct kf_key k;

    assert_true(key_parse(slice_of(text), &k));
    return k;
}

/* ---- nodes --------------------------------------------------------------------------------------------------------- */

static void UNUSED on_changed(void *ctx, bool up)
{
    struct node *n = ctx;

    assert_int_not_equal(n->up, up);
    n->up = up;
    if (up)
        n->ups++;
    else
        n->downs++;
}

static void UNUSED on_hint(void *ctx, const struct kf_key *site, const struct kf_id *conv, int64_t seq)
{
    struct node *n = ctx;

    n->hints[n->n_hints % 16] = (struct hinted){ *site, *conv, seq };
    n->n_hints++;
}

static void UNUSED world_begin(void)
{
    memset(&w, 0, sizeof(w));
    assert_int_equal(uv_loop_init(&w.loop), 0);
    w.now = 1763740800000;
    scratch_dir(w.dir, "kf-live");
}

/* Node `i`, on the Redis at `url`, or with a private one (NULL). */
static enum kf_rc UNUSED node_open(int i, const char *url, const char *password, struct kf_err *why)
{
    struct live_config cfg = {
        .url = url,
        .password = password,
        .state_dir = w.dir,
        .server = w.server,
        .now_ms = world_now,
        .node = NODE(i),
        .changed = on_changed,
        .hint = on_hint,
        .ctx = &w.node[i],
        .log = world_log,
    };

    w.node[i] = (struct node){ .live = NULL };
    return live_open(&w.node[i].live, &w.loop, &cfg, why);
}

static void UNUSED node_up(int i, const char *url, const char *password)
{
    struct kf_err why = { 0 };

    if (node_open(i, url, password, &why))
        fail_msg("node %d: %s", i, why.text);
    if (!wait_for(is_up, &w.node[i], SOON_MS))
        fail_msg("node %d does not come up: %s", i, w.log);
}

static void UNUSED node_close(int i)
{
    live_close(w.node[i].live);
    w.node[i].live = NULL;
}

/* Whatever was opened is gone: else the loop would not be empty. */
static void UNUSED world_end(void)
{
    char path[128];

    for (int i = 0; i < NODES_MAX; i++)
        node_close(i);
    uv_run(&w.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w.loop), 0);
    (void)snprintf(path, sizeof(path), "%s/redis.sock", w.dir);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(rmdir(w.dir), 0);
}

/* ---- calls that wait for their answer ------------------------------------------------------------------------------ */

struct answer {
    int count;
    bool there;
    enum kf_rc rc;
    struct kf_err why;
};

static void UNUSED on_done(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct answer *a = ctx;

    assert_true((rc == KF_OK) == (why == NULL));
    a->count++;
    a->there = true;
    a->rc = rc;
    if (why)
        a->why = *why;
}

static struct answer UNUSED answered(struct answer *a)
{
    assert_true(wait_for(is_true, &a->there, SOON_MS));
    assert_int_equal(a->count, 1);
    return *a;
}

#define ANSWER(call)                                                            \
    ({                                                                          \
        struct answer a_ = { 0 };                                               \
        (call);                                                                 \
        assert_int_equal(a_.count, 0); /* never before the call has returned */ \
        answered(&a_);                                                          \
    })

static struct answer UNUSED do_reset(int node, const struct kf_key *site, int64_t lease)
{
    return ANSWER(live_reset(w.node[node].live, site, lease, on_done, &a_));
}

static struct answer UNUSED do_ready(int node, const struct kf_key *site, int64_t lease)
{
    return ANSWER(live_ready(w.node[node].live, site, lease, on_done, &a_));
}

static struct answer UNUSED do_put(int node, const struct conv *c)
{
    return ANSWER(live_put(w.node[node].live, c, on_done, &a_));
}

static struct answer UNUSED do_agent(int node, const struct kf_key *site, int agent, enum presence presence, int capacity)
{
    struct kf_id id = AGENT(agent);

    return ANSWER(live_agent(w.node[node].live, site, &id, presence, capacity, on_done, &a_));
}

static struct answer UNUSED do_connected(int node, const struct kf_key *site, int agent)
{
    struct kf_id id = AGENT(agent);

    return ANSWER(live_connected(w.node[node].live, site, &id, 1, on_done, &a_));
}

static struct answer UNUSED do_gone(int node, const struct kf_key *site, int agent)
{
    struct kf_id id = AGENT(agent);

    return ANSWER(live_gone(w.node[node].live, site, &id, on_done, &a_));
}

static struct answer UNUSED do_reserve(int node, const struct kf_key *site, int64_t lease, int conv, int64_t epoch, int agent,
                                       int64_t hold_ms)
{
    struct kf_id c = CONV(conv), a = AGENT(agent);

    return ANSWER(live_reserve(w.node[node].live, site, lease, &c, epoch, &a, hold_ms, on_done, &a_));
}

struct seen {
    bool there;
    enum kf_rc rc;
    struct kf_err why;
    struct live_waiting waiting[64];
    struct live_agent agents[64];
    size_t n_waiting, n_agents;
    int64_t total;
};

static void UNUSED on_viewed(void *ctx, enum kf_rc rc, const struct live_view *view, const struct kf_err *why)
{
    struct seen *s = ctx;

    assert_false(s->there);
    assert_true((rc == KF_OK) == (view != NULL));
    s->there = true;
    s->rc = rc;
    if (why)
        s->why = *why;
    if (!view)
        return;
    assert_in_range(view->n_waiting, 0, 64);
    assert_in_range(view->n_agents, 0, 64);
    memcpy(s->waiting, view->waiting, view->n_waiting * sizeof(*view->waiting));
    memcpy(s->agents, view->agents, view->n_agents * sizeof(*view->agents));
    s->n_waiting = view->n_waiting;
    s->n_agents = view->n_agents;
    s->total = view->total_waiting;
}

static struct seen UNUSED do_look(int node, const struct kf_key *site, int limit)
{
    struct seen s = { 0 };

    live_look(w.node[node].live, site, limit, on_viewed, &s);
    assert_false(s.there);
    assert_true(wait_for(is_true, &s.there, SOON_MS));
    return s;
}

static const struct live_agent *UNUSED agent_in(const struct seen *s, int agent)
{
    struct kf_id id = AGENT(agent);

    for (size_t i = 0; i < s->n_agents; i++) {
        if (id_eq(&s->agents[i].id, &id))
            return &s->agents[i];
    }
    fail_msg("agent %d is not there", agent);
    abort();
}

static int UNUSED load_of(int node, const struct kf_key *site, int agent)
{
    struct seen s = do_look(node, site, 0);

    assert_int_equal(s.rc, KF_OK);
    return agent_in(&s, agent)->load;
}

static bool UNUSED waits(int node, const struct kf_key *site, int conv)
{
    struct seen s = do_look(node, site, 64);
    struct kf_id id = CONV(conv);

    assert_int_equal(s.rc, KF_OK);
    for (size_t i = 0; i < s.n_waiting; i++) {
        if (id_eq(&s.waiting[i].conv, &id))
            return true;
    }
    return false;
}

struct place {
    bool there;
    enum kf_rc rc;
    int64_t position, length;
};

static void UNUSED on_position(void *ctx, enum kf_rc rc, int64_t position, int64_t length, const struct kf_err *why)
{
    struct place *p = ctx;

    (void)why;
    *p = (struct place){ true, rc, position, length };
}

static struct place UNUSED do_position(int node, const struct kf_key *site, const char *queue, int conv)
{
    struct kf_key q = key_of(queue);
    struct kf_id id = CONV(conv);
    struct place p = { 0 };

    live_position(w.node[node].live, site, &q, &id, on_position, &p);
    assert_true(wait_for(is_true, &p.there, SOON_MS));
    return p;
}

struct line {
    bool there;
    enum kf_rc rc;
    int64_t length;
    size_t n;
    struct kf_id convs[64];
};

static void UNUSED on_line(void *ctx, enum kf_rc rc, const struct kf_id *convs, size_t n, int64_t length, const struct kf_err *why)
{
    struct line *l = ctx;

    (void)why;
    *l = (struct line){ .there = true, .rc = rc, .length = length, .n = n };
    for (size_t i = 0; i < n && i < 64; i++)
        l->convs[i] = convs[i];
}

static struct line UNUSED do_positions(int node, const struct kf_key *site, const char *queue, int64_t from, int limit)
{
    struct kf_key q = key_of(queue);
    struct line l = { 0 };

    live_positions(w.node[node].live, site, &q, from, limit, on_line, &l);
    assert_true(wait_for(is_true, &l.there, SOON_MS));
    return l;
}

/* ---- conversations ------------------------------------------------------------------------------------------------- */

static struct conv UNUSED conv_waiting(const struct kf_key *site, int n, int64_t epoch, const char *queue, int64_t arrived_at)
{
    return (struct conv){
        .id = CONV(n), .site = *site, .queue = key_of(queue), .state = CONV_WAITING, .epoch = epoch, .arrived_at = arrived_at
    };
}

static struct conv UNUSED conv_of(const struct kf_key *site, int n, int64_t epoch, enum conv_state state, int owner)
{
    struct conv c = conv_waiting(site, n, epoch, "main", w.now);

    c.state = state;
    if (owner)
        c.owner = AGENT(owner);
    return c;
}

static struct conv UNUSED conv_wrapping(const struct kf_key *site, int n, int64_t epoch, int agent, int64_t until)
{
    struct conv c = conv_of(site, n, epoch, CONV_CLOSED, 0);

    c.last_agent = AGENT(agent);
    c.wrapup_until = until;
    return c;
}

/* ---- a redis-server of the test's own ------------------------------------------------------------------------------ */

struct server {
    pid_t pid;
    char path[96], url[128];
    redisContext *admin; /* may do anything */
};

/* `options` end with NULL. Waits until it answers. */
static void UNUSED server_start(struct server *s, const char *const *options)
{
    const char *argv[32] = { "redis-server",
                             "--port",
                             "0",
                             "--save",
                             "",
                             "--appendonly",
                             "no",
                             "--enable-debug-command",
                             "yes",
                             "--enable-protected-configs",
                             "yes",
                             "--dir",
                             w.dir,
                             "--unixsocket" };
    int argc = 14, failed = 0;
    pid_t parent = getpid();

    (void)snprintf(s->path, sizeof(s->path), "%s/own.sock", w.dir);
    (void)snprintf(s->url, sizeof(s->url), "unix:%s", s->path);
    argv[argc++] = s->path;
    for (; options && *options; options++)
        argv[argc++] = *options;
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent || !freopen("/dev/null", "w", stdout))
            _exit(127);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    s->admin = NULL;
    while (!s->admin || s->admin->err) {
        assert_true(failed++ < 1000);
        if (s->admin)
            redisFree(s->admin);
        (void)poll(NULL, 0, 10);
        s->admin = redisConnectUnix(s->path);
    }
}

static void UNUSED server_kill(struct server *s)
{
    if (s->admin)
        redisFree(s->admin);
    s->admin = NULL;
    if (s->pid) {
        kill(s->pid, SIGKILL);
        assert_int_equal(waitpid(s->pid, NULL, 0), s->pid);
    }
    s->pid = 0;
    (void)unlink(s->path);
}

/* One command by its words; returns the integer, or 0 for OK; fails on an error. */
static int64_t UNUSED admin(struct server *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int64_t UNUSED admin(struct server *s, const char *fmt, ...)
{
    redisReply *r;
    va_list ap;
    int64_t v;

    va_start(ap, fmt);
    r = redisvCommand(s->admin, fmt, ap);
    va_end(ap);
    if (!r)
        fail_msg("admin: %s", s->admin->errstr);
    if (r->type == REDIS_REPLY_ERROR)
        fail_msg("admin: %s", r->str);
    v = r->type == REDIS_REPLY_INTEGER ? r->integer : 0;
    freeReplyObject(r);
    return v;
}

#endif
