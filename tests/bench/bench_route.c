/* bench_route: what it costs to find somebody, with many agents and a long line.
 *
 *     bench_route DIRECTORY [AGENTS] [WAITING]
 *
 * First the decision alone (core/route.h), then with the live layer's scripts on a private redis-server in DIRECTORY, in the calls of the
 * desk: look, decide, reserve, and tell what was committed. The store has no part in it. Prints lines `name value`; fails if somebody was
 * not given to an agent. */
#define _GNU_SOURCE
#include "core/route.h"
#include "live/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

#define AT       1763740800000
#define SKILLS   8 /* a conversation needs one of them, an agent has three */
#define PLACES   20
#define LOOK     200 /* as many of the line, and matches a pass, as the desk takes */
#define LOOK_ALL 20000
#define FLIGHT   1000
#define ROUNDS   300
#define LEASE    1

static struct {
    uv_loop_t loop;
    struct live *live;
    bool up;
    size_t pending, refused;
    int n_agents, n_waiting;
    struct route_agent *agents;
    struct route_ask *asks;
    /* what the last look has said */
    size_t seen_agents, seen_asks;
    int64_t total;
    size_t positions;
} b;

static const struct kf_key site = { "bench" }, queue = { "service" }, channel = { "web" };
static const struct route_policy policy = { .sticky_ms = 20000, .heavy_ms = 60000 };

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_route: %s: %s\n", what, why);
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void *list_of(size_t n, size_t size)
{
    void *ret = calloc(n, size);

    if (!ret)
        die("memory", "there is none");
    return ret;
}

static int by_value(const void *x, const void *y)
{
    int64_t l = *(const int64_t *)x, r = *(const int64_t *)y;

    return (l > r) - (l < r);
}

static void print_times(const char *name, int64_t *us, size_t n)
{
    qsort(us, n, sizeof(*us), by_value);
    printf("%s_p50_us %lld\n%s_p99_us %lld\n", name, (long long)us[n / 2], name, (long long)us[n * 99 / 100]);
}

/* ---- who there is: each has its number in its id, and what follows from it ---- */

static struct kf_id id_of(uint8_t kind, int n)
{
    return (struct kf_id){ { kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n } };
}

static unsigned number_in(const struct kf_id *id)
{
    return (unsigned)id->b[13] << 16 | (unsigned)id->b[14] << 8 | id->b[15];
}

static struct route_agent agent_of(const struct kf_id *id, int load, int capacity, int64_t handled)
{
    unsigned n = number_in(id);
    struct route_agent ret = { .id = *id, .online = true, .load = load, .capacity = capacity, .queues = 1, .handled = handled };

    for (unsigned i = 0; i < 3; i++) {
        unsigned skill = (n * 7 + i * 3) % SKILLS;

        ret.skills |= 1ULL << skill;
        ret.level[skill] = (uint8_t)(1 + (n + i) % 5);
    }
    return ret;
}

static struct route_ask ask_of(const struct kf_id *id, int64_t epoch, int64_t effective)
{
    return (struct route_ask){ .conv = *id,
                               .epoch = epoch,
                               .effective = effective,
                               .waiting_since_ms = effective,
                               .weight = 1,
                               .skills = 1ULL << number_in(id) * 5 % SKILLS };
}

/* Longest first, but in no order of the numbers. */
static int64_t arrival(int n)
{
    return AT - 1000 - (int64_t)n * 7919 % 600000;
}

/* ---- the decision alone ---- */

/* Everybody has all places taken but the first `free`, who have one; or, below 0, all have all of them. */
static void set_up(int free)
{
    for (int i = 0; i < b.n_agents; i++) {
        struct kf_id id = id_of(0xa0, i);

        b.agents[i] = agent_of(&id, free < 0 ? 0 : i < free ? PLACES - 1 : PLACES, PLACES, 0);
    }
    for (int i = 0; i < b.n_waiting; i++) {
        struct kf_id id = id_of(0xc0, i);

        b.asks[i] = ask_of(&id, 1, arrival(i));
    }
}

static void decide_one(const char *name, int n_asks)
{
    struct route_match m[LOOK];
    int64_t us[ROUNDS];

    set_up(1);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t began = now_us();

        b.agents[0].load = PLACES - 1;
        if (route_pass(&policy, b.asks, (size_t)n_asks, b.agents, (size_t)b.n_agents, AT, m, LOOK) != 1)
            die(name, "the free place was not used");
        us[i] = now_us() - began;
    }
    print_times(name, us, ROUNDS);
}

static void decide_all(void)
{
    struct route_match *m = list_of((size_t)b.n_waiting, sizeof(*m));
    int64_t began;

    set_up(-1);
    began = now_us();
    if (route_pass(&policy, b.asks, (size_t)b.n_waiting, b.agents, (size_t)b.n_agents, AT, m, (size_t)b.n_waiting) != (size_t)b.n_waiting)
        die("decide_all", "somebody was left");
    printf("decide_all_ms %lld\n", (long long)(now_us() - began) / 1000);
    free(m);
}

/* ---- with the live layer ---- */

/* Stands still: nothing runs out. */
static int64_t clock_ms(void *ctx)
{
    (void)ctx;
    return AT;
}

static void changed(void *ctx, bool up)
{
    (void)ctx;
    b.up = up;
}

static void hinted(void *ctx, const struct kf_key *at, const struct kf_id *conv, int64_t seq)
{
    (void)ctx;
    (void)at;
    (void)conv;
    (void)seq;
}

static void logged(int level, const char *line)
{
    if (level >= 3)
        fprintf(stderr, "bench_route: %s\n", line);
}

/* Until at most so many have no answer yet. */
static void wait_for(size_t pending)
{
    while (b.pending > pending)
        uv_run(&b.loop, UV_RUN_ONCE);
}

static void done(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    (void)ctx;
    b.pending--;
    if (rc == KF_CONFLICT)
        b.refused++;
    else if (rc)
        die("live", why->text);
}

/* As the desk makes rows of it (desk/routing.c). */
static void looked(void *ctx, enum kf_rc rc, const struct live_view *view, const struct kf_err *why)
{
    (void)ctx;
    b.pending--;
    if (rc)
        die("look", why->text);
    b.seen_agents = view->n_agents;
    b.seen_asks = view->n_waiting;
    b.total = view->total_waiting;
    for (size_t i = 0; i < view->n_agents; i++) {
        const struct live_agent *a = &view->agents[i];

        b.agents[i] = agent_of(&a->id, a->load, a->capacity, a->handled);
        b.agents[i].idle_since = a->idle_since;
        b.agents[i].online = a->connected && a->presence == PRESENCE_ONLINE;
    }
    for (size_t i = 0; i < view->n_waiting; i++)
        b.asks[i] = ask_of(&view->waiting[i].conv, view->waiting[i].epoch, view->waiting[i].effective);
}

static void look(int limit)
{
    b.pending++;
    live_look(b.live, &site, limit, looked, NULL);
    wait_for(0);
}

static void put(const struct kf_id *conv, int64_t epoch, enum conv_state state, const struct kf_id *owner)
{
    struct conv c = { .id = *conv,
                      .site = site,
                      .queue = queue,
                      .channel = channel,
                      .locale = "zh-CN",
                      .state = state,
                      .epoch = epoch,
                      .arrived_at = arrival((int)number_in(conv)),
                      .queued_at = arrival((int)number_in(conv)) };

    if (owner)
        c.owner = *owner;
    b.pending++;
    live_put(b.live, &c, done, NULL);
}

static void say_capacity(int agent, int capacity)
{
    struct kf_id id = id_of(0xa0, agent);

    b.pending++;
    live_agent(b.live, &site, &id, PRESENCE_ONLINE, capacity, done, NULL);
}

static void fill(void)
{
    struct kf_id *ids = list_of((size_t)b.n_agents, sizeof(*ids));
    int64_t began;

    b.pending++;
    live_reset(b.live, &site, LEASE, done, NULL);
    wait_for(0);
    began = now_us();
    for (int i = 0; i < b.n_agents; i++) {
        ids[i] = id_of(0xa0, i);
        say_capacity(i, 0);
        wait_for(FLIGHT);
    }
    for (int i = 0; i < b.n_waiting; i++) {
        struct kf_id id = id_of(0xc0, i);

        put(&id, 1, CONV_WAITING, NULL);
        wait_for(FLIGHT);
    }
    b.pending += 2;
    live_connected(b.live, &site, ids, (size_t)b.n_agents, done, NULL);
    live_ready(b.live, &site, LEASE, done, NULL);
    wait_for(0);
    printf("rebuild_ms %lld\n", (long long)(now_us() - began) / 1000);
    free(ids);
}

/* One pass and all that follows from it but the commit; returns how many were given to somebody. */
static size_t pass(int limit)
{
    struct route_match m[LOOK];
    size_t n;

    look(limit);
    n = route_pass(&policy, b.asks, b.seen_asks, b.agents, b.seen_agents, AT, m, LOOK);
    for (size_t i = 0; i < n; i++) {
        b.pending++;
        live_reserve(b.live, &site, LEASE, &b.asks[m[i].ask].conv, b.asks[m[i].ask].epoch, &b.agents[m[i].agent].id, 20000, done, NULL);
    }
    wait_for(0);
    for (size_t i = 0; i < n; i++)
        put(&b.asks[m[i].ask].conv, b.asks[m[i].ask].epoch + 1, CONV_SERVED, &b.agents[m[i].agent].id);
    return n;
}

static void passes_in_vain(const char *name, int limit, int rounds)
{
    int64_t began = now_us();

    for (int i = 0; i < rounds; i++)
        if (pass(limit))
            die(name, "nobody was free");
    printf("%s_per_second %.0f\n", name, rounds * 1e6 / (double)(now_us() - began));
}

/* Somebody gets one more place; until who waited for it has it reserved. */
static void places_one_by_one(void)
{
    int64_t us[ROUNDS];

    for (int i = 0; i < ROUNDS; i++) {
        int64_t began = now_us();

        say_capacity(i % b.n_agents, 1 + i / b.n_agents);
        if (pass(LOOK) != 1)
            die("place", "the free place was not used");
        us[i] = now_us() - began;
        wait_for(0);
    }
    print_times("place", us, ROUNDS);
}

static void everybody(void)
{
    int64_t began;
    int passes = 0;

    for (int i = 0; i < b.n_agents; i++) {
        say_capacity(i, PLACES);
        wait_for(FLIGHT);
    }
    wait_for(0);
    look(0);
    began = now_us();
    for (int64_t left = b.total; left > 0; passes++) {
        size_t n = pass(LOOK);

        if (!n)
            die("everybody", "there are places, and somebody waits");
        left -= (int64_t)n;
    }
    wait_for(0);
    printf("assign_all_ms %lld\nassign_all_passes %d\n", (long long)(now_us() - began) / 1000, passes);
    look(0);
    if (b.total || b.refused)
        die("everybody", "somebody was refused or is left");
}

static void positions_known(void *ctx, enum kf_rc rc, const struct kf_id *convs, size_t n, int64_t length, const struct kf_err *why)
{
    (void)ctx;
    (void)convs;
    (void)length;
    b.pending--;
    if (rc)
        die("positions", why->text);
    b.positions = n;
}

static void positions(void)
{
    int64_t us[ROUNDS];

    for (int i = 0; i < ROUNDS; i++) {
        int64_t began = now_us();

        b.pending++;
        live_positions(b.live, &site, &queue, 0, b.n_waiting, positions_known, NULL);
        wait_for(0);
        us[i] = now_us() - began;
        if (b.positions != (size_t)b.n_waiting)
            die("positions", "not all were named");
    }
    print_times("positions", us, ROUNDS);
}

static void with_redis(const char *dir)
{
    const struct live_config cfg = {
        .state_dir = dir, .now_ms = clock_ms, .node = id_of(0xd0, 1), .changed = changed, .hint = hinted, .log = logged
    };
    struct kf_err why = { 0 };

    if (uv_loop_init(&b.loop) || live_open(&b.live, &b.loop, &cfg, &why))
        die("live", why.text);
    while (!b.up)
        uv_run(&b.loop, UV_RUN_ONCE);
    fill();
    passes_in_vain("pass", LOOK, ROUNDS);
    passes_in_vain("pass_wide", LOOK_ALL, ROUNDS / 30);
    positions();
    places_one_by_one();
    everybody();
    live_close(b.live);
    uv_run(&b.loop, UV_RUN_DEFAULT);
    uv_loop_close(&b.loop);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        die("usage", "bench_route DIRECTORY [AGENTS] [WAITING]");
    b.n_agents = argc > 2 ? atoi(argv[2]) : 1000;
    b.n_waiting = argc > 3 ? atoi(argv[3]) : 10000;
    if (b.n_agents < 1 || b.n_waiting < LOOK || b.n_waiting > LOOK_ALL || b.n_waiting > b.n_agents * PLACES)
        die("usage", "200 to 20,000 wait, and at most 20 for each agent");
    b.agents = list_of((size_t)b.n_agents, sizeof(*b.agents));
    b.asks = list_of((size_t)b.n_waiting, sizeof(*b.asks));
    printf("agents %d\nwaiting %d\n", b.n_agents, b.n_waiting);
    decide_one("decide", LOOK);
    decide_one("decide_wide", b.n_waiting);
    decide_all();
    with_redis(argv[1]);
    free(b.agents);
    free(b.asks);
    return 0;
}
