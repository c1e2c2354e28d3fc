/* world.c: nodes, time, and the database and Redis that they share. */
#include "inside.h"

#include "core/mutant.h"
#include "seed.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

const struct kf_key site_key = { SITE };

void wrong(struct world *w, const char *fmt, ...)
{
    va_list ap;

    if (*w->wrong)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(w->wrong, sizeof(w->wrong), fmt, ap);
    va_end(ap);
}

/* splitmix64: the same numbers for the same seed on every machine. */
static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

uint64_t chance(struct world *w)
{
    return splitmix(&w->chance);
}

void world_script(struct world *w, uint64_t number)
{
    uint64_t from = w->seed;

    w->script = splitmix(&from) ^ number * 0xd1342543de82ef95ULL;
    w->script = splitmix(&w->script);
}

uint32_t world_choose(struct world *w, uint32_t n)
{
    return (uint32_t)(splitmix(&w->script) % n);
}

uint32_t world_pick(struct world *w, uint32_t n)
{
    return (uint32_t)(chance(w) % n);
}

/* ---- nodes ---- */

static void store_wake(void *ctx)
{
    struct model_node *n = ctx;

    __atomic_store_n(&n->wake, true, __ATOMIC_RELEASE);
    (void)uv_async_send(&n->world->stirred);
}

/* What was said is fetched in pump(); it is enough that the loop's descriptor became readable. */
static void stirred(uv_async_t *async)
{
    (void)async;
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

static void quiet_log(int level, const char *line)
{
    if (getenv("MODEL_LOG") || level >= 3)
        (void)fprintf(stderr, "%d %s\n", level, line);
}

void open_store(struct world *w, struct model_node *n)
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

void was_loaded(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    bool *done = ctx;

    if (rc) {
        (void)fprintf(stderr, "load: %s\n", why ? why->text : "?");
        abort();
    }
    *done = true;
}

void pump(struct world *w)
{
    uv_run(&w->loop, UV_RUN_NOWAIT);
    for (int i = 0; i < w->n_nodes; i++)
        if (w->nodes[i].store && __atomic_exchange_n(&w->nodes[i].wake, false, __ATOMIC_ACQ_REL))
            store_drain(w->nodes[i].store);
}

void rest(struct world *w)
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
    struct desk_config desk = {
        .public_url = "http://127.0.0.1", .new_per_minute = 100000, .waiting_max = w->waiting_max, .log = quiet_log
    };
    struct live_config cfg = live;
    struct session_ops ops;
    struct kf_err why = { 0 };
    bool loaded = false;
    uint8_t bytes[10];

    assert(!n->up);
    w->fault_at = w->now;
    *n = (struct model_node){ .world = w, .index = i, .up = true };
    n->held_end = &n->held;
    n->skew = w->skewed ? (int64_t)world_pick(w, 2 * SKEW_MS + 1) - SKEW_MS : 0;
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

    w->fault_at = w->now;
    n->dying = true;
    n->paused = false;
    if (n->between_go)
        n->between_go(n->between_arg);
    n->between_go = NULL;
    w->kills++;
    while (!desk_quiet(n->desk) || n->held) {
        pump(w);
        if (!request_refuse(n))
            rest(w);
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
    for (int k = 0; k < w->n_agents; k++)
        if (w->agents[k].seat.node == i && w->agents[k].seat.conn) {
            w->agents[k].seat.conn = 0;
            w->agents[k].gone_at = w->now;
        }
    for (int k = 0; k < w->n_visitors; k++)
        if (w->visitors[k].seat.node == i)
            w->visitors[k].seat.conn = 0;
    pump(w);
}

void node_pause(struct world *w, int i)
{
    if (w->nodes[i].up && !w->nodes[i].paused) {
        w->nodes[i].paused = true;
        w->fault_at = w->now;
        w->pauses++;
    }
}

void node_resume(struct world *w, int i)
{
    struct model_node *n = &w->nodes[i];

    if (!n->up || !n->paused)
        return;
    w->fault_at = w->now;
    n->paused = false;
    if (n->between_go)
        n->between_go(n->between_arg);
    n->between_go = NULL;
    requests_perform(n);
}

void disk_slow(struct world *w, int i, bool on)
{
    w->nodes[i].slow_disk = on;
    if (!on && !w->nodes[i].paused)
        requests_perform(&w->nodes[i]);
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
    w->fault_at = w->now;
    w->flushes++;
}

/* ---- time ---- */

bool busy(const struct world *w)
{
    size_t held = 0;
    bool slow = false;

    for (int i = 0; i < w->n_nodes; i++) {
        const struct model_node *n = &w->nodes[i];

        if (n->up && n->desk && !n->paused && !n->slow_disk && !desk_quiet(n->desk))
            return true;
        held += requests_held(n);
        slow |= n->slow_disk;
    }
    return slow && w->asked > held; /* it is not quiet before its commits have left */
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

void world_step(struct world *w, int64_t ms)
{
    w->now += ms;
    for (int i = 0; i < w->n_nodes; i++)
        if (w->nodes[i].up && !w->nodes[i].paused)
            desk_tick(w->nodes[i].desk);
    world_settle(w);
}

void world_pass(struct world *w, int64_t ms)
{
    for (int64_t t = 0; t < ms; t += 100)
        world_step(w, 100);
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

static void learn(struct member *m, int i)
{
    static const struct {
        unsigned skill;
        struct kf_key key;
    } all[SKILLS] = { { SKILL_REFUND, { "refund" } }, { SKILL_VIP, { "vip" } } };

    for (size_t k = 0; k < SKILLS; k++)
        if (skills_of(i) & all[k].skill) {
            m->levels[m->n_skills] = (uint8_t)level_of(i, (int)k);
            m->skills[m->n_skills++] = all[k].key;
        }
}

static void add_agents(struct world *w, struct model_node *n)
{
    struct change *c = change_new(&site_key, w->now);
    bool done = false;

    assert(c);
    for (int i = 0; i < w->n_agents; i++) {
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
                                             .roles = MEMBER_AGENT | (w->skilled && i == 0 ? MEMBER_SUPERVISOR : 0),
                                             .name = change_printf(c, "模型%d", i),
                                             .number = change_printf(c, "%d", 2000 + i),
                                             .capacity = w->capacity,
                                             .presence_reason = "" };
        if (w->skilled)
            learn(c->acts[c->n_acts - 1].u.member, i);
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

static void seed_store(struct world *w, const char *set)
{
    struct model_node *n = &w->nodes[0];
    bool done = false;

    *n = (struct model_node){ .world = w };
    n->held_end = &n->held;
    n->ports = ports_of(n);
    open_store(w, n);
    seed_site(&n->ports, set, ignore_line, was_loaded, &done);
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
    world_open_plan(w, &(struct world_plan){ .seed = seed, .nodes = nodes });
}

void world_open_plan(struct world *w, const struct world_plan *plan)
{
    memset(w, 0, sizeof(*w));
    w->seed = w->chance = plan->seed;
    world_script(w, 0);
    w->now = plan->from ? plan->from : 1795000000000LL;
    w->n_nodes = plan->nodes;
    w->n_agents = plan->agents ? plan->agents : 6;
    w->n_visitors = plan->visitors ? plan->visitors : 24;
    w->skilled = plan->skilled;
    w->skewed = plan->skewed;
    w->waiting_max = plan->waiting_max;
    w->weight = plan->skilled ? 2 : 1;
    w->capacity = plan->skilled ? 2 * CAPACITY + 1 : CAPACITY;
    assert(w->n_agents <= AGENTS_MAX && w->n_visitors <= VISITORS_MAX);
    assert(uv_loop_init(&w->loop) == 0 && uv_async_init(&w->loop, &w->stirred, stirred) == 0);
    scratch_dir(w->dir, "kefud-model");
    (void)snprintf(w->url, sizeof(w->url), "sqlite:%s/kefud.db", w->dir);
    w->nodes[0].world = w;
    redis_start(w);
    seed_store(w, plan->set ? plan->set : plan->skilled ? "tests/model/skills.json" : "config/sites/demo.json");
    for (int i = 0; i < plan->nodes; i++)
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
    uv_close((uv_handle_t *)&w->stirred, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert(uv_loop_close(&w->loop) == 0);
    free(w->acks);
    (void)snprintf(cmd, sizeof(cmd), "rm -rf '%s'", w->dir);
    if (*w->wrong && getenv("KEEP")) {
        printf("kept %s now %lld\n", w->dir, (long long)w->now);
        return;
    }
    assert(system(cmd) == 0);
}
