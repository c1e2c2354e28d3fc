/* A Redis that is away, empty, slow, full, loading, busy or read-only. Nothing here may be taken as success, harm the loop, or be asked
 * again without a pause. */
#include "live_test.h"

#include "live/inside.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

static struct server redis;
static struct kf_key site;

static int begin(void **state)
{
    (void)state;
    world_begin();
    site = key_of("s");
    return 0;
}

static int end(void **state)
{
    (void)state;
    server_kill(&redis);
    world_end();
    return 0;
}

static void rebuild(int64_t lease)
{
    assert_int_equal(do_reset(0, &site, lease).rc, KF_OK);
    assert_int_equal(do_agent(0, &site, 1, PRESENCE_ONLINE, 9).rc, KF_OK);
    assert_int_equal(do_connected(0, &site, 1).rc, KF_OK);
    assert_int_equal(do_ready(0, &site, lease).rc, KF_OK);
}

static int with_redis(void **state)
{
    (void)begin(state);
    server_start(&redis, NULL);
    node_up(0, redis.url, NULL);
    rebuild(1);
    return 0;
}

static struct answer put_waiting(int n)
{
    struct conv c = conv_waiting(&site, n, 1, "main", w.now);

    return do_put(0, &c);
}

static double cpu_s(void)
{
    struct rusage u;

    assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
    return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* ---- empty --------------------------------------------------------------------------------------------------------- */

static void emptied_at_any_time_it_is_unready_until_it_is_rebuilt(void **state)
{
    struct answer a;

    (void)state;
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(put_waiting(i).rc, KF_OK);
        (void)admin(&redis, "FLUSHALL");
        a = put_waiting(i);
        assert_true(live_unready(a.rc, &a.why));
        a = do_reserve(0, &site, 1, i, 1, 1, 1000);
        assert_true(live_unready(a.rc, &a.why));
        assert_int_equal(do_look(0, &site, 1).rc, KF_CONFLICT);
        rebuild(1);
        assert_int_equal(put_waiting(i).rc, KF_OK);
        assert_int_equal(do_reserve(0, &site, 1, i, 1, 1, 1000).rc, KF_OK);
    }
    assert_int_equal(w.node[0].downs, 0);
}

static void robbed_of_some_keys_it_is_unready_as_well(void **state)
{
    struct seen s;

    (void)state;
    assert_int_equal(put_waiting(1).rc, KF_OK);
    (void)admin(&redis, "DEL kefu:{s}:convs"); /* as a Redis might that evicts what it likes */
    s = do_look(0, &site, 9);
    assert_true(live_unready(s.rc, &s.why));
    assert_int_equal(do_reserve(0, &site, 1, 1, 1, 1, 1000).rc, KF_CONFLICT);
    rebuild(1);
    assert_int_equal(put_waiting(1).rc, KF_OK);
    assert_true(waits(0, &site, 1));
}

static const char *hex_of(struct kf_id id)
{
    static char ret[2][33];
    static int turn;
    char *hex = ret[turn++ % 2];

    for (int i = 0; i < 16; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", id.b[i]);
    return hex;
}

static bool gives_nothing_out(void *ctx)
{
    struct seen s = do_look(0, &site, 9);

    (void)ctx;
    return live_unready(s.rc, &s.why);
}

/* Whatever of ours somebody has made something else of: whoever stumbles over it has it loaded anew, and then it is ours again. */
static void spoiled_by_somebody_it_is_loaded_anew(void **state)
{
    static const char *const keys[] = { "ready",   "convs",  "waiting", "queue:main", "queues", "ending",   "weights", "traits",
                                        "refused", "agents", "gone",    "sums",       "heard",  "places:1", "beats:1" };

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        bool of_agent = strchr(keys[i], ':') && strstr(keys[i], ":1");
        char key[80];

        (void)snprintf(key, sizeof(key), "kefu:{s}:%.*s%s", of_agent ? (int)strcspn(keys[i], ":") + 1 : 80, keys[i],
                       of_agent ? hex_of(AGENT(1)) : "");
        assert_int_equal(put_waiting(1).rc, KF_OK);
        (void)admin(&redis, "SET %s spoiled", key);
        (void)put_waiting(2);
        (void)do_connected(0, &site, 1);
        (void)do_reserve(0, &site, 1, 2, 1, 1, 1000);
        (void)do_gone(0, &site, 1);
        if (strcmp(keys[i], "refused") == 0) /* of no use to anybody in these */
            rebuild(1);
        else if (!wait_for(gives_nothing_out, NULL, SOON_MS))
            fail_msg("%s: nobody has noticed: %s", keys[i], w.log);
        rebuild(1);
        assert_int_equal(put_waiting(1).rc, KF_OK);
        if (do_reserve(0, &site, 1, 1, 1, 1, 1000).rc)
            fail_msg("%s: it gives nothing out any more: %s", keys[i], w.log);
    }
    assert_int_equal(w.node[0].downs, 0);
}

/* The sums are a help: a node of another version does not keep them, nor may anybody rely on their being there. */
static void a_look_counts_anew_what_the_sums_do_not_know(void **state)
{
    struct seen s;

    (void)state;
    assert_int_equal(put_waiting(1).rc, KF_OK);
    assert_int_equal(do_reserve(0, &site, 1, 1, 1, 1, 1000).rc, KF_OK);
    assert_int_equal(load_of(0, &site, 1), 1);
    (void)admin(&redis, "ZADD kefu:{s}:places:%s +inf %s", hex_of(AGENT(1)), hex_of(CONV(9)));
    (void)admin(&redis, "HSET kefu:{s}:agents %s %s", hex_of(AGENT(1)), "3 2 77 5"); /* as whoever changes a place does */
    assert_int_equal(load_of(0, &site, 1), 2);
    (void)admin(&redis, "DEL kefu:{s}:sums kefu:{s}:heard");
    s = do_look(0, &site, 9);
    assert_int_equal(agent_in(&s, 1)->load, 2);
    assert_true(agent_in(&s, 1)->connected);
}

static void without_its_scripts_it_gets_them_again(void **state)
{
    struct answer a[20] = { { 0 } };

    (void)state;
    (void)admin(&redis, "SCRIPT FLUSH");
    for (int i = 0; i < 20; i++) {
        struct conv c = conv_waiting(&site, i + 1, 1, "main", w.now + i);

        live_put(w.node[0].live, &c, on_done, &a[i]);
    }
    for (int i = 0; i < 20; i++)
        assert_int_equal(answered(&a[i]).rc, KF_OK);
    assert_int_equal(do_position(0, &site, "main", 20).position, 20);
    (void)admin(&redis, "SCRIPT FLUSH");
    assert_true(waits(0, &site, 1));
    assert_int_equal(w.node[0].downs, 0);
}

/* ---- -ERR of all kinds --------------------------------------------------------------------------------------------- */

/* Writing is refused with `word` for now; what only reads goes on if `reads`; nothing was half done. */
static void refuses(const char *word, bool reads)
{
    struct seen s;
    struct answer a = put_waiting(1);

    assert_int_equal(a.rc, KF_AGAIN);
    assert_memory_equal(a.why.text, word, strlen(word));
    assert_true(a.why.retry_after_ms >= 100);
    assert_int_equal(do_reserve(0, &site, 1, 7, 1, 1, 1000).rc, KF_AGAIN);
    s = do_look(0, &site, 9);
    assert_int_equal(s.rc, reads ? KF_OK : KF_AGAIN);
    if (!reads)
        return;
    assert_int_equal(s.total, 1);
    assert_int_equal(agent_in(&s, 1)->load, 0);
}

static bool is_unready(void *ctx)
{
    struct seen s = do_look(0, &site, 0);

    (void)ctx;
    return live_unready(s.rc, &s.why);
}

/* What could not be told is not forgotten: as soon as Redis takes it, the site is unready, and its holder rebuilds it. */
static void serves_again(void)
{
    assert_true(wait_for(is_unready, NULL, SOON_MS));
    rebuild(1);
    assert_int_equal(put_waiting(7).rc, KF_OK);
    assert_int_equal(put_waiting(1).rc, KF_OK);
    assert_true(waits(0, &site, 1));
    assert_int_equal(do_reserve(0, &site, 1, 7, 1, 1, 1000).rc, KF_OK);
    assert_int_equal(w.node[0].downs, 0);
}

static void out_of_memory_it_is_asked_later(void **state)
{
    (void)state;
    assert_int_equal(put_waiting(7).rc, KF_OK);
    (void)admin(&redis, "CONFIG SET maxmemory 1");
    assert_int_equal(put_waiting(1).rc, KF_AGAIN);
    assert_true(waits(0, &site, 7));
    (void)admin(&redis, "CONFIG SET maxmemory 0");
    serves_again();
}

static void read_only_it_is_asked_later(void **state)
{
    (void)state;
    assert_int_equal(put_waiting(7).rc, KF_OK);
    (void)admin(&redis, "REPLICAOF 127.0.0.1 1");
    refuses("READONLY ", true);
    (void)admin(&redis, "REPLICAOF NO ONE");
    serves_again();
}

static void without_its_replicas_it_is_asked_later(void **state)
{
    (void)state;
    assert_int_equal(put_waiting(7).rc, KF_OK);
    (void)admin(&redis, "CONFIG SET min-replicas-to-write 1");
    refuses("NOREPLICAS ", true);
    (void)admin(&redis, "CONFIG SET min-replicas-to-write 0");
    serves_again();
}

/* What INFO says under `field`. */
static bool info_is(const char *field, const char *value)
{
    redisReply *r = redisCommand(redis.admin, "INFO");
    char line[128];
    bool ok;

    assert_non_null(r);
    (void)snprintf(line, sizeof(line), "\n%s:%s\r", field, value);
    ok = r->type == REDIS_REPLY_STRING && strstr(r->str, line);
    freeReplyObject(r);
    return ok;
}

static bool has_failed_to_save(void *ctx)
{
    (void)ctx;
    return info_is("rdb_last_bgsave_status", "err");
}

static void with_a_failing_disk_it_is_asked_later(void **state)
{
    char sub[128];

    (void)state;
    assert_int_equal(put_waiting(7).rc, KF_OK);
    (void)snprintf(sub, sizeof(sub), "%s/sub", w.dir);
    assert_int_equal(mkdir(sub, 0700), 0);
    (void)admin(&redis, "CONFIG SET dir %s", sub);
    assert_int_equal(rmdir(sub), 0); /* nothing can be saved there */
    (void)admin(&redis, "CONFIG SET save %s", "3600 1");
    (void)admin(&redis, "BGSAVE");
    assert_true(wait_for(has_failed_to_save, NULL, SOON_MS));
    refuses("MISCONF ", true);
    (void)admin(&redis, "CONFIG SET save %s", "");
    serves_again();
}

static void busy_with_a_script_it_is_asked_later(void **state)
{
    redisContext *busy = redisConnectUnix(redis.path);
    redisReply *r = NULL;
    struct answer a;
    double cpu;

    (void)state;
    assert_int_equal(put_waiting(7).rc, KF_OK);
    (void)admin(&redis, "CONFIG SET busy-reply-threshold 50");
    redisAppendCommand(busy, "EVAL %s 0", "while true do end");
    assert_int_equal(redisBufferWrite(busy, NULL), REDIS_OK);
    cpu = cpu_s();
    do
        a = put_waiting(1); /* the first may still come before the endless one */
    while (a.rc == KF_OK);
    assert_int_equal(a.rc, KF_AGAIN);
    refuses("BUSY ", false);
    assert_true(cpu_s() - cpu < 0.2);
    (void)admin(&redis, "SCRIPT KILL");
    assert_int_equal(redisGetReply(busy, (void **)&r), REDIS_OK);
    freeReplyObject(r);
    redisFree(busy);
    serves_again();
}

static void while_it_loads_it_is_not_up_and_soon_after_it_is(void **state)
{
    static const char *const slowly[] = { "--key-load-delay", "200", "--loading-process-events-interval-bytes", "1024", NULL };
    char dump[128];
    uint64_t begun, loaded;
    double cpu;

    (void)state;
    server_start(&redis, NULL);
    (void)admin(&redis, "DEBUG POPULATE 5000");
    (void)admin(&redis, "SAVE");
    server_kill(&redis);
    server_start(&redis, slowly);
    assert_true(info_is("loading", "1"));
    cpu = cpu_s();
    begun = uv_hrtime();
    assert_int_equal(node_open(0, redis.url, NULL, NULL), KF_OK);
    while (!info_is("loading", "0")) {
        (void)wait_for(is_up, &w.node[0], 50);
        if (w.node[0].up)
            break;
    }
    loaded = uv_hrtime();
    assert_true(loaded - begun > 500 * 1000000ull); /* else nothing was tried */
    assert_non_null(strstr(w.log, "LOADING"));
    assert_true(wait_for(is_up, &w.node[0], SOON_MS));
    assert_true(cpu_s() - cpu < 0.2 * (double)(uv_hrtime() - begun) / 1e9);
    (void)snprintf(dump, sizeof(dump), "%s/dump.rdb", w.dir);
    assert_int_equal(unlink(dump), 0);
}

/* ---- signing in ---------------------------------------------------------------------------------------------------- */

static bool log_says(void *text)
{
    return strstr(w.log, text) != NULL;
}

static int port_free(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    close(fd);
    return ntohs(at.sin_port);
}

static void over_tcp_with_user_password_and_database(void **state)
{
    char port[8], url[160];
    const char *const options[] = { "--port", port, "--bind", "127.0.0.1", NULL };
    struct node *n = &w.node[0];

    (void)state;
    (void)snprintf(port, sizeof(port), "%d", port_free());
    server_start(&redis, options);
    (void)admin(&redis,
                "ACL SETUSER kefud on >%s ~kefu:* resetchannels &kefu:* -@all +@read +@write +@pubsub +select +evalsha +script|load",
                "p:a@s/s");
    (void)admin(&redis, "CONFIG SET requirepass other");

    (void)snprintf(url, sizeof(url), "redis://localhost:%s", port); /* by a name, and without credentials */
    assert_int_equal(node_open(0, url, NULL, NULL), KF_OK);
    assert_true(wait_for(log_says, (void *)(uintptr_t) "NOAUTH", SOON_MS));
    node_close(0);
    (void)snprintf(url, sizeof(url), "redis://kefud:wrong@127.0.0.1:%s", port);
    assert_int_equal(node_open(0, url, NULL, NULL), KF_OK);
    assert_true(wait_for(log_says, (void *)(uintptr_t) "WRONGPASS", SOON_MS));
    assert_false(n->up);
    assert_null(strstr(w.log, "wrong"));
    node_close(0);

    (void)snprintf(url, sizeof(url), "redis://kefud:p%%3Aa%%40s%%2fs@localhost:%s/3", port);
    node_up(0, url, NULL); /* CLIENT SETNAME is refused to it, which does not matter */
    rebuild(1);
    assert_int_equal(put_waiting(1).rc, KF_OK);
    (void)admin(&redis, "SELECT 3");
    assert_int_equal(admin(&redis, "EXISTS kefu:{s}:ready"), 1);
    node_close(0);
    (void)snprintf(url, sizeof(url), "redis://kefud@127.0.0.1:%s", port);
    node_up(0, url, "p:a@s/s");
    node_close(0);
    (void)snprintf(url, sizeof(url), "unix://kefud@%s", redis.path);
    node_up(0, url, "p:a@s/s");
    node_close(0);
    (void)snprintf(url, sizeof(url), "unix:%s", redis.path);
    node_up(0, url, "other"); /* the default user */
}

static void a_user_who_may_not_is_told_so_by_each_call(void **state)
{
    char url[160];
    struct answer a;

    (void)state;
    (void)admin(&redis, "ACL SETUSER poor on >p ~other:* &* +@all");
    (void)snprintf(url, sizeof(url), "unix://poor:p@%s", redis.path);
    node_close(0);
    node_up(0, url, NULL);
    a = put_waiting(1);
    assert_int_equal(a.rc, KF_AUTH);
}

/* ---- away ---------------------------------------------------------------------------------------------------------- */

static void away_every_call_is_answered_once_and_later(void **state)
{
    struct answer a[10] = { { 0 } };
    struct live_figures f;
    char url[128];

    (void)state;
    (void)snprintf(url, sizeof(url), "unix:%s/nobody.sock", w.dir);
    assert_int_equal(node_open(0, url, NULL, NULL), KF_OK);
    assert_false(live_up(w.node[0].live));
    for (int i = 0; i < 10; i++) {
        live_gone(w.node[0].live, &site, &(struct kf_id){ { 1 } }, on_done, &a[i]);
        assert_false(a[i].there);
    }
    live_figures(w.node[0].live, &f);
    assert_int_equal(f.pending, 10);
    for (int i = 0; i < 10; i++)
        assert_int_equal(answered(&a[i]).rc, KF_AGAIN);
    live_figures(w.node[0].live, &f);
    assert_int_equal(f.pending, 0);
    assert_int_equal(f.calls, 10);
    assert_int_equal(f.failed, 10);
    live_hint(w.node[0].live, &site, NULL, 0);
    assert_int_equal(w.node[0].downs, 0); /* it never was up */
}

static void what_a_node_could_not_tell_makes_the_site_unready_even_while_it_is_rebuilt(void **state)
{
    struct conv c = conv_of(&site, 1, 2, CONV_SERVED, 1);
    struct answer a;

    (void)state;
    assert_int_equal(do_put(0, &c).rc, KF_OK);
    assert_int_equal(do_reset(0, &site, 1).rc, KF_OK);
    assert_int_equal(node_open(1, redis.url, NULL, NULL), KF_OK);
    c.state = CONV_CLOSED;
    c.epoch++;
    assert_int_equal(do_put(1, &c).rc, KF_AGAIN); /* not connected yet */
    assert_true(wait_for(is_up, &w.node[1], SOON_MS));
    a = do_connected(1, &site, 1); /* the doubt was told before */
    assert_int_equal(a.rc, KF_OK);
    a = do_ready(0, &site, 1);
    assert_true(live_unready(a.rc, &a.why));
    a = do_reserve(0, &site, 1, 7, 1, 1, 1000);
    assert_true(live_unready(a.rc, &a.why));
    rebuild(1);
    assert_int_equal(do_look(0, &site, 0).rc, KF_OK);
}

static void missing_at_the_start_it_is_found_when_it_comes(void **state)
{
    char url[128];

    (void)state;
    (void)snprintf(url, sizeof(url), "unix:%s/own.sock", w.dir);
    assert_int_equal(node_open(0, url, NULL, NULL), KF_OK);
    assert_true(wait_for(log_says, (void *)(uintptr_t) "event=unreachable", SOON_MS));
    server_start(&redis, NULL);
    assert_true(wait_for(is_up, &w.node[0], SOON_MS));
    rebuild(1);
}

static bool all_answered(void *ctx)
{
    const struct answer *a = ctx;

    for (int i = 0; i < 100; i++) {
        if (!a[i].there)
            return false;
    }
    return true;
}

static void killed_it_is_down_and_what_was_pending_is_answered_once(void **state)
{
    struct answer a[100] = { { 0 } };
    struct live_figures f;
    pid_t pid = redis.pid;

    (void)state;
    kill(pid, SIGSTOP); /* so that nothing is answered any more */
    for (int i = 0; i < 100; i++) {
        struct conv c = conv_waiting(&site, i, 1, "main", w.now);

        live_put(w.node[0].live, &c, on_done, &a[i]);
    }
    server_kill(&redis);
    assert_true(wait_for(all_answered, a, SOON_MS));
    assert_true(wait_for(is_down, &w.node[0], SOON_MS));
    for (int i = 0; i < 100; i++) {
        assert_int_equal(a[i].count, 1);
        assert_int_equal(a[i].rc, KF_AGAIN);
    }
    server_start(&redis, NULL);
    assert_true(wait_for(is_up, &w.node[0], SOON_MS));
    assert_int_equal(w.node[0].ups, 2);
    assert_int_equal(w.node[0].downs, 1);
    a[0] = put_waiting(1);
    assert_true(live_unready(a[0].rc, &a[0].why));
    rebuild(1);
    assert_int_equal(put_waiting(1).rc, KF_OK);
    live_figures(w.node[0].live, &f);
    assert_int_equal(f.reconnects, 1);
}

/* ---- slow ---------------------------------------------------------------------------------------------------------- */

struct pulse {
    uint64_t last, worst;
};

static void on_tick(uv_timer_t *timer)
{
    struct pulse *p = timer->data;
    uint64_t now = uv_hrtime() / 1000000;

    if (now - p->last > p->worst)
        p->worst = now - p->last;
    p->last = now;
}

static void standing_still_it_misses_the_deadline_and_the_loop_does_not_stall(void **state)
{
    static struct pulse p;
    struct answer a = { 0 }, late = { 0 };
    struct kf_id agent = AGENT(1);
    uint64_t begun = uv_hrtime() / 1000000, ms;
    static uv_timer_t tick; /* a test that fails leaves it behind */
    static bool closed;

    (void)state;
    p = (struct pulse){ .last = uv_hrtime() / 1000000 };
    uv_timer_init(&w.loop, &tick);
    tick.data = &p;
    uv_timer_start(&tick, on_tick, 10, 10);
    uv_unref((uv_handle_t *)&tick);
    kill(redis.pid, SIGSTOP);
    live_connected(w.node[0].live, &site, &agent, 1, on_done, &a);
    assert_true(wait_for(is_true, &a.there, SOON_MS));
    ms = uv_hrtime() / 1000000 - begun;
    assert_int_equal(a.rc, KF_AGAIN);
    assert_true(ms >= LINK_DEADLINE_MS - 50);
    assert_true(wait_for(is_down, &w.node[0], SOON_MS));
    live_connected(w.node[0].live, &site, &agent, 1, on_done, &late); /* now it is known to be away */
    begun = uv_hrtime() / 1000000;
    assert_true(wait_for(is_true, &late.there, SOON_MS));
    assert_true(uv_hrtime() / 1000000 - begun < LINK_DEADLINE_MS); /* it was not asked */
    assert_int_equal(late.rc, KF_AGAIN);
    kill(redis.pid, SIGCONT);
    assert_true(wait_for(is_up, &w.node[0], SOON_MS));
    assert_int_equal(put_waiting(1).rc, KF_OK); /* it was only slow: nothing is lost */
    assert_int_equal(a.count + late.count, 2);
    assert_true(p.worst < LINK_DEADLINE_MS); /* nobody stood still with it */
    tick.data = &closed;
    uv_close((uv_handle_t *)&tick, on_wake_closed);
    assert_true(wait_for(is_true, &closed, SOON_MS));
}

static struct answer many[LIVE_PENDING_MAX + 10];

static bool too_many_answered(void *ctx)
{
    (void)ctx;
    return many[LIVE_PENDING_MAX + 9].there;
}

static bool all_of_many_answered(void *ctx)
{
    struct live_figures f;

    (void)ctx;
    live_figures(w.node[0].live, &f);
    return f.pending == 0;
}

static void more_than_the_bound_do_not_wait_for_it(void **state)
{
    struct kf_id agent = AGENT(1);

    (void)state;
    memset(many, 0, sizeof(many));
    kill(redis.pid, SIGSTOP);
    for (int i = 0; i < LIVE_PENDING_MAX + 10; i++)
        live_connected(w.node[0].live, &site, &agent, 1, on_done, &many[i]);
    assert_true(wait_for(too_many_answered, NULL, SOON_MS));
    kill(redis.pid, SIGCONT);
    assert_true(wait_for(all_of_many_answered, NULL, SOON_MS));
    for (int i = 0; i < LIVE_PENDING_MAX + 10; i++) {
        assert_int_equal(many[i].count, 1);
        assert_int_equal(many[i].rc, i < LIVE_PENDING_MAX ? KF_OK : KF_AGAIN);
    }
    assert_int_equal(w.node[0].downs, 0);
}

/* ---- half alive ---------------------------------------------------------------------------------------------------- */

static bool was_down(void *ctx)
{
    const struct node *n = ctx;

    return n->downs > 0 && n->up;
}

static bool has_hint(void *ctx)
{
    const struct node *n = ctx;

    return n->n_hints > 0;
}

static void a_lost_subscription_is_told_and_hints_come_again(void **state)
{
    (void)state;
    node_up(1, redis.url, NULL);
    live_watch(w.node[1].live, &site);
    (void)admin(&redis, "CLIENT KILL TYPE pubsub");
    assert_true(wait_for(was_down, &w.node[1], SOON_MS));
    live_hint(w.node[0].live, &site, NULL, 3);
    assert_true(wait_for(has_hint, &w.node[1], SOON_MS));
}

static void a_closed_link_answers_what_is_pending_and_leaves_the_loop_empty(void **state)
{
    struct answer a[5] = { { 0 } };
    struct kf_id agent = AGENT(1);

    (void)state;
    kill(redis.pid, SIGSTOP);
    for (int i = 0; i < 5; i++)
        live_connected(w.node[0].live, &site, &agent, 1, on_done, &a[i]);
    node_close(0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(a[i].count, 1);
        assert_int_equal(a[i].rc, KF_AGAIN);
    }
    kill(redis.pid, SIGCONT);
    /* The others end while they connect, and while they are asked for their names. */
    assert_int_equal(node_open(1, redis.url, NULL, NULL), KF_OK);
    node_close(1);
    assert_int_equal(node_open(2, "redis://localhost:1", NULL, NULL), KF_OK);
    uv_run(&w.loop, UV_RUN_NOWAIT);
    node_close(2);
    assert_int_equal(node_open(3, redis.url, NULL, NULL), KF_OK);
    uv_run(&w.loop, UV_RUN_NOWAIT);
    uv_run(&w.loop, UV_RUN_NOWAIT);
    node_close(3);
}

#define T(name, setup) cmocka_unit_test_setup_teardown(name, setup, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(emptied_at_any_time_it_is_unready_until_it_is_rebuilt, with_redis),
        T(robbed_of_some_keys_it_is_unready_as_well, with_redis),
        T(spoiled_by_somebody_it_is_loaded_anew, with_redis),
        T(a_look_counts_anew_what_the_sums_do_not_know, with_redis),
        T(without_its_scripts_it_gets_them_again, with_redis),
        T(out_of_memory_it_is_asked_later, with_redis),
        T(read_only_it_is_asked_later, with_redis),
        T(without_its_replicas_it_is_asked_later, with_redis),
        T(with_a_failing_disk_it_is_asked_later, with_redis),
        T(busy_with_a_script_it_is_asked_later, with_redis),
        T(while_it_loads_it_is_not_up_and_soon_after_it_is, begin),
        T(over_tcp_with_user_password_and_database, begin),
        T(a_user_who_may_not_is_told_so_by_each_call, with_redis),
        T(away_every_call_is_answered_once_and_later, begin),
        T(what_a_node_could_not_tell_makes_the_site_unready_even_while_it_is_rebuilt, with_redis),
        T(missing_at_the_start_it_is_found_when_it_comes, begin),
        T(killed_it_is_down_and_what_was_pending_is_answered_once, with_redis),
        T(standing_still_it_misses_the_deadline_and_the_loop_does_not_stall, with_redis),
        T(more_than_the_bound_do_not_wait_for_it, with_redis),
        T(a_lost_subscription_is_told_and_hints_come_again, with_redis),
        T(a_closed_link_answers_what_is_pending_and_leaves_the_loop_empty, with_redis),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
