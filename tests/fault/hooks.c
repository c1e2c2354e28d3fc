#include "fault/hooks.h"

#include "fault/chance.h"
#include "fault/crowd.h"
#include "fault/oracle.h"
#include "fault/post.h"
#include "fault/redis.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NODES    2
#define LINES    48 /* requests at a time */
#define LATE_MS  1000
#define AGAIN_MS 100

struct event {
    int talk, n; /* n: its place among all */
    int rows;
    bool told; /* answered with 2xx at least once */
};

struct delivery {
    int event, node;
    int64_t at; /* ms since the beginning */
};

struct line {
    int fd; /* -1: free */
    struct delivery what;
    int64_t from;
    char head[2048];
    size_t n_head;
};

struct run {
    const struct hooks_plan *plan;
    struct chance chance;
    struct redis redis;
    struct daemon nodes[NODES];
    char dir[SCRATCH_MAX], hook[64];
    struct event *events;
    struct delivery *queue; /* a heap by time */
    int n_queue, cap_queue;
    struct line lines[LINES];
    int *took, n_took;
    int64_t began;
};

/* ---- what is to be delivered when ---- */

static void put(struct run *r, struct delivery d)
{
    int i;

    if (r->n_queue == r->cap_queue) {
        r->cap_queue = r->cap_queue ? 2 * r->cap_queue : 4096;
        r->queue = realloc(r->queue, (size_t)r->cap_queue * sizeof(*r->queue));
        assert_non_null(r->queue);
    }
    for (i = r->n_queue++; i > 0 && r->queue[(i - 1) / 2].at > d.at; i = (i - 1) / 2)
        r->queue[i] = r->queue[(i - 1) / 2];
    r->queue[i] = d;
}

static struct delivery get(struct run *r)
{
    struct delivery ret = r->queue[0], last = r->queue[--r->n_queue];
    int i = 0;

    for (;;) {
        int k = 2 * i + 1;

        if (k + 1 < r->n_queue && r->queue[k + 1].at < r->queue[k].at)
            k++;
        if (k >= r->n_queue || r->queue[k].at >= last.at)
            break;
        r->queue[i] = r->queue[k];
        i = k;
    }
    r->queue[i] = last;
    return ret;
}

/* Once, twice or three times; of those that repeat themselves a third at the same moment at both nodes. */
static void schedule(struct run *r)
{
    for (int e = 0; e < r->plan->events; e++) {
        int times = 1 + chance_below(&r->chance, 3), at = chance_below(&r->chance, r->plan->span_ms);
        bool both = times > 1 && chance_below(&r->chance, 3) == 0;

        r->events[e] = (struct event){ .talk = chance_below(&r->chance, r->plan->talks), .n = e };
        for (int k = 0; k < times; k++) {
            int node = both ? k % NODES : chance_below(&r->chance, NODES);

            put(r, (struct delivery){ e, node, both ? at : chance_below(&r->chance, r->plan->span_ms) });
        }
    }
}

/* ---- one request ---- */

/* The platform's clock: a second between two messages of all. */
static void stamp(int n, char *ret, size_t size)
{
    time_t t = (time_t)(now_wall_ms() / 1000 / 86400 * 86400 - 86400 + n);
    struct tm tm;

    assert_non_null(gmtime_r(&t, &tm));
    assert_true(strftime(ret, size, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
}

static void ask(struct run *r, int fd, const struct delivery *d)
{
    const struct event *e = &r->events[d->event];
    char body[512], when[40], id[64];

    stamp(e->n, when, sizeof(when));
    (void)snprintf(id, sizeof(id), "evt_%llu_%d", (unsigned long long)r->plan->seed, e->n);
    (void)snprintf(body, sizeof(body),
                   "{\"type\":\"message.created\",\"timestamp\":\"%s\",\"data\":{\"id\":\"m%d\",\"conversation\":\"c%d\",\"user\":{"
                   "\"id\":\"u%d\",\"name\":\"User %d\"},\"type\":\"text\",\"text\":\"say %d %d\"}}",
                   when, e->n, e->talk, e->talk, e->talk, e->talk, e->n);
    post_send(fd, &r->nodes[d->node], r->hook, id, body);
}

/* No 2xx: the platform tries once more, wherever the balancer leads it. */
static void again(struct run *r, const struct delivery *d)
{
    put(r, (struct delivery){ d->event, chance_below(&r->chance, NODES), now_mono_ms() - r->began + AGAIN_MS });
}

static void begin_line(struct run *r, struct line *l, struct hooks_result *ret)
{
    struct delivery d = get(r);
    const struct daemon *node = &r->nodes[d.node];
    int fd = node->pid ? web_try_connect(node->port) : -1;

    if (fd < 0) {
        ret->broken++;
        again(r, &d);
        return;
    }
    *l = (struct line){ .fd = fd, .what = d, .from = now_mono_ms() };
    ret->deliveries++;
    ask(r, fd, &d);
}

static void end_line(struct run *r, struct line *l, struct hooks_result *ret)
{
    int status = 0, took = (int)(now_mono_ms() - l->from);

    (void)close(l->fd);
    l->fd = -1;
    if (sscanf(l->head, "HTTP/1.1 %3d", &status) != 1) {
        ret->broken++;
        again(r, &l->what);
        return;
    }
    r->took = realloc(r->took, (size_t)(r->n_took + 1) * sizeof(int));
    assert_non_null(r->took);
    r->took[r->n_took++] = took;
    ret->late += took > LATE_MS;
    if (status >= 200 && status < 300) {
        ret->answered++;
        r->events[l->what.event].told = true;
    } else {
        if (status != 503 && status != 429)
            fail_msg("a webhook was answered with %d", status);
        ret->refused++;
        again(r, &l->what);
    }
}

static void read_line(struct run *r, struct line *l, struct hooks_result *ret)
{
    ssize_t got = recv(l->fd, l->head + l->n_head, sizeof(l->head) - 1 - l->n_head, 0);

    if (got > 0) {
        l->n_head += (size_t)got;
        l->head[l->n_head] = '\0';
        if (!strstr(l->head, "\r\n\r\n") && l->n_head < sizeof(l->head) - 1)
            return;
    }
    end_line(r, l, ret);
}

static int turn(struct run *r, struct hooks_result *ret)
{
    struct pollfd p[LINES];
    int who[LINES], n = 0;

    for (int i = 0; i < LINES; i++) {
        struct line *l = &r->lines[i];

        if (l->fd < 0 && r->n_queue && r->queue[0].at <= now_mono_ms() - r->began)
            begin_line(r, l, ret);
        if (l->fd < 0)
            continue;
        who[n] = i;
        p[n++] = (struct pollfd){ .fd = l->fd, .events = POLLIN };
    }
    if (poll(p, (nfds_t)n, 2) > 0)
        for (int i = 0; i < n; i++)
            if (p[i].revents)
                read_line(r, &r->lines[who[i]], ret);
    return n;
}

/* ---- the nodes ---- */

static void begin(struct run *r)
{
    struct crowd nobody;
    char config[512];

    scratch_dir(r->dir, "kf-hooks");
    redis_prepare(&r->redis);
    redis_start(&r->redis, false);
    UNTIL(redis_pong(r->redis.path));
    (void)snprintf(config, sizeof(config),
                   "[store]\nurl = sqlite:%s/kefud.db\nfiles = %s/files.db\n[redis]\nurl = unix:%s\n[limits]\n"
                   "connections_per_address = 1000\nconversations = 1000000\n",
                   r->dir, r->dir, r->redis.path);
    daemon_start(&r->nodes[0], &(struct daemon_options){ .config = config });
    json_decref(crowd_enter(&nobody, &r->nodes[0], r->plan->seed, 0, 0, post_channel(9)));
    crowd_free(&nobody);
    (void)snprintf(r->hook, sizeof(r->hook), "%s", hook_path(&r->nodes[0], CROWD_SITE, "api"));
    daemon_stop(&r->nodes[0]);
    if (r->plan->mutant)
        (void)setenv("KEFUD_MUTANT", r->plan->mutant, 1);
    daemon_restart(&r->nodes[0]);
    daemon_start(&r->nodes[1], &(struct daemon_options){ .config = config });
}

static void end(struct run *r)
{
    char path[96];

    (void)unsetenv("KEFUD_MUTANT");
    for (int i = 0; i < NODES; i++)
        daemon_finish(&r->nodes[i]);
    redis_finish(&r->redis);
    for (const char *const *name =
             (const char *const[]){ "kefud.db", "kefud.db-wal", "kefud.db-shm", "files.db", "files.db-wal", "files.db-shm", NULL };
         *name; name++) {
        (void)snprintf(path, sizeof(path), "%s/%s", r->dir, *name);
        (void)unlink(path);
    }
    (void)rmdir(r->dir);
}

/* Kills it, and lets it live again; in a build with fault points until it has committed, but not answered, some batches later. */
static void rise_again(struct run *r, struct daemon *node)
{
    char fault[64];

    daemon_kill(node);
    (void)snprintf(fault, sizeof(fault), "after_commit_before_ack:%d", 50 + chance_below(&r->chance, 100));
    (void)setenv("KEFUD_FAULT", fault, 1);
    daemon_restart(node);
    (void)unsetenv("KEFUD_FAULT");
}

/* ---- the oracle ---- */

static void judge(struct run *r, struct hooks_result *ret)
{
    int talk, n, last_conv = -1, last_n = -1;
    char path[96];
    sqlite3_stmt *s;
    sqlite3 *db;

    (void)snprintf(path, sizeof(path), "%s/kefud.db", r->dir);
    db = oracle_open(path);
    s = oracle_ask(db, "SELECT m.conv, m.text, c.peer FROM message m JOIN conversation c ON c.n = m.conv WHERE m.role = 0 "
                       "ORDER BY m.conv, m.seq");
    while (sqlite3_step(s) == SQLITE_ROW) {
        int conv = sqlite3_column_int(s, 0);
        const char *peer = (const char *)sqlite3_column_text(s, 2);

        if (sscanf((const char *)sqlite3_column_text(s, 1), "say %d %d", &talk, &n) != 2 || n < 0 || n >= r->plan->events ||
            r->events[n].talk != talk || !peer || atoi(peer + 1) != talk) {
            ret->strangers++;
            continue;
        }
        ret->stored++;
        ret->duplicated += r->events[n].rows++ > 0;
        ret->inverted += conv == last_conv && n < last_n;
        last_conv = conv;
        last_n = n;
    }
    sqlite3_finalize(s);
    for (int i = 0; i < r->plan->events; i++)
        ret->lost += r->events[i].told && !r->events[i].rows;
    ret->gaps = oracle_gaps(db);
    sqlite3_close(db);
}

static int by_size(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void report(struct run *r, struct hooks_result *ret)
{
    qsort(r->took, (size_t)r->n_took, sizeof(int), by_size);
    if (r->n_took) {
        ret->p50_ms = r->took[r->n_took / 2];
        ret->p99_ms = r->took[(int64_t)r->n_took * 99 / 100];
        ret->max_ms = r->took[r->n_took - 1];
    }
    print_message(
        "F16: seed %llu, %d webhooks of %d conversations, %d deliveries: %d answered 2xx, %d refused, %d broken; %d kills, %d deaths "
        "between commit and answer\n",
        (unsigned long long)r->plan->seed, r->plan->events, r->plan->talks, ret->deliveries, ret->answered, ret->refused, ret->broken,
        r->plan->kills, ret->deaths);
    print_message("F16: stored %d, lost %d, duplicated %d, gaps %d, strangers %d; %d neighbours stand against the platform's time\n",
                  ret->stored, ret->lost, ret->duplicated, ret->gaps, ret->strangers, ret->inverted);
    print_message("F16: answered p50 %d ms, p99 %d ms, max %d ms, %d after more than %d ms\n", ret->p50_ms, ret->p99_ms, ret->max_ms,
                  ret->late, LATE_MS);
}

void hooks_campaign(const struct hooks_plan *plan, struct hooks_result *ret)
{
    struct run *r = calloc(1, sizeof(*r));
    int64_t deadline;
    int killed = 0;

    assert_non_null(r);
    *ret = (struct hooks_result){ 0 };
    r->plan = plan;
    r->chance.at = plan->seed;
    r->events = calloc((size_t)plan->events, sizeof(*r->events));
    assert_non_null(r->events);
    for (int i = 0; i < LINES; i++)
        r->lines[i].fd = -1;
    print_message("F16: seed %llu%s%s\n", (unsigned long long)plan->seed, plan->mutant ? ", mutant " : "",
                  plan->mutant ? plan->mutant : "");
    begin(r);
    schedule(r);
    r->began = now_mono_ms();
    deadline = r->began + plan->span_ms + 3LL * patience_ms();
    while (turn(r, ret) || r->n_queue) {
        if (now_mono_ms() > deadline)
            fail_msg("%d deliveries are still to be made", r->n_queue);
        for (int i = 0; i < NODES; i++)
            if (daemon_ended(&r->nodes[i])) {
                ret->deaths++;
                daemon_kill(&r->nodes[i]);
                daemon_restart(&r->nodes[i]);
            }
        if (killed < plan->kills && now_mono_ms() - r->began > (int64_t)plan->span_ms * (killed + 1) / (plan->kills + 1)) {
            rise_again(r, &r->nodes[chance_below(&r->chance, NODES)]);
            killed++;
        }
    }
    for (int i = 0; i < NODES; i++)
        daemon_kill(&r->nodes[i]);
    judge(r, ret);
    report(r, ret);
    end(r);
    free(r->events);
    free(r->queue);
    free(r->took);
    free(r);
}

void hooks_hold(const struct hooks_result *r, int events)
{
    assert_int_equal(r->lost, 0);
    assert_int_equal(r->duplicated, 0);
    assert_int_equal(r->gaps, 0);
    assert_int_equal(r->strangers, 0);
    assert_int_equal(r->stored, events);
}
