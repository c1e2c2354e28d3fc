#include "fault/redis.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define VISITORS   6
#define AGENTS     3
#define ROUNDS_MAX 200
#define ROUTE_MS   10000
#define ROUTED_MS  3000 /* what is promised */

/* ---- who has which conversation, by the database ---- */

struct holding {
    uint8_t conv[16], owner[16];
    int64_t epoch;
};

struct run {
    struct daemon d;
    struct crowd crowd;
    struct redis redis;
    struct chance chance;
    bool saved; /* there is an old dump */
    char sock[128];
    char database[128];
    struct holding held[VISITORS];
    int n_held;
    int away[ROUNDS_MAX], routed[ROUNDS_MAX], n;
};

/* What is served now. With `known` only those, in their order. */
static int holdings(struct run *r, struct holding *ret, int max)
{
    sqlite3_stmt *s = NULL;
    sqlite3 *db = NULL;
    int n = 0;

    if (sqlite3_open_v2(r->database, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        fail_msg("%s: %s", r->database, sqlite3_errmsg(db));
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT id, owner, epoch FROM conversation WHERE state = 3 ORDER BY n", -1, &s, NULL),
                     SQLITE_OK);
    while (n < max && sqlite3_step(s) == SQLITE_ROW) {
        memcpy(ret[n].conv, sqlite3_column_blob(s, 0), 16);
        memcpy(ret[n].owner, sqlite3_column_blob(s, 1), 16);
        ret[n++].epoch = sqlite3_column_int64(s, 2);
    }
    sqlite3_finalize(s);
    sqlite3_close(db);
    return n;
}

static int changed_hands(struct run *r)
{
    struct holding now[CROWD_MAX];
    int n = holdings(r, now, CROWD_MAX), ret = 0;

    for (int i = 0; i < r->n_held; i++) {
        bool same = false;

        for (int k = 0; k < n; k++)
            same |= memcmp(&now[k], &r->held[i], sizeof(now[k])) == 0;
        ret += !same;
    }
    return ret;
}

/* ---- a round ---- */

static pid_t server_pid(const struct run *r)
{
    struct reply reply = web_expect(&r->d, 200, &(struct ask){ .path = "/api/v1/status", .control = true });
    pid_t pid = (pid_t)number_at(reply.json, "redis_pid");

    reply_free(&reply);
    return pid;
}

/* Only what our own daemon has started. */
static void kill_child(const struct run *r, pid_t pid)
{
    char path[64], text[512] = "";
    const char *at;
    FILE *f;
    int parent = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    f = fopen(path, "re");
    assert_non_null(f);
    assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
    (void)fclose(f);
    at = strrchr(text, ')');
    assert_non_null(at);
    assert_int_equal(sscanf(at, ") %*c %d", &parent), 1);
    assert_int_equal(parent, r->d.pid);
    assert_int_equal(kill(pid, SIGKILL), 0);
}

enum harm { HARM_KILL, HARM_STALE, HARM_FLUSH, HARM_STOP };
static const char *const harm_names[] = { "killed", "killed, an old dump came back", "emptied", "stood still" };

/* Lives for so long, with one ping after the other: returns the longest wait for a pong. The loop answers them, so this is how long
 * it may have stood. */
static int live_pinging(struct run *r, int ms)
{
    struct talker *t = &r->crowd.talkers[r->crowd.n - 1];
    int64_t end = now_mono_ms() + ms, from;
    int longest = 0;

    while (now_mono_ms() < end) {
        talker_ping(t);
        from = now_mono_ms();
        while (!t->pongs && now_mono_ms() < from + patience_ms())
            crowd_turn(&r->crowd, &r->d, 5);
        if (now_mono_ms() - from > longest)
            longest = (int)(now_mono_ms() - from);
    }
    return longest;
}

/* A Redis that stands still answers nothing and takes all that it is told: nobody may wait for it. */
static void stand_still(struct run *r, const struct redis_plan *plan, struct redis_result *ret, struct talker *newcomer)
{
    int before = live_pinging(r, plan->stop_ms / 2), still;

    assert_int_equal(kill(r->redis.pid, SIGSTOP), 0);
    newcomer->out = false;
    still = live_pinging(r, plan->stop_ms);
    assert_int_equal(kill(r->redis.pid, SIGCONT), 0);
    ret->stops++;
    if (before > ret->stall_before_ms)
        ret->stall_before_ms = before;
    if (still > ret->stall_ms)
        ret->stall_ms = still;
}

static enum harm do_harm(struct run *r, const struct redis_plan *plan, struct redis_result *ret, struct talker *newcomer)
{
    enum harm harm = plan->own ? HARM_KILL : plan->stop_ms ? HARM_STOP : (enum harm)chance_below(&r->chance, 3);

    if (harm == HARM_STOP)
        stand_still(r, plan, ret, newcomer);
    else if (plan->own) {
        kill_child(r, server_pid(r));
        ret->kills++;
    } else if (harm == HARM_FLUSH) {
        assert_true(redis_do(&r->redis, "FLUSHALL"));
        ret->flushes++;
    } else {
        redis_kill(&r->redis);
        redis_start(&r->redis, harm == HARM_STALE && r->saved);
        ret->stale += harm == HARM_STALE && r->saved;
        ret->kills++;
    }
    return harm;
}

static bool turn_until(struct run *r, int64_t end, bool (*done)(const struct run *, const struct talker *), const struct talker *who)
{
    while (!done(r, who) && now_mono_ms() < end) {
        crowd_turn(&r->crowd, &r->d, 5);
        if (daemon_ended(&r->d))
            fail_msg("kefud ended by itself");
    }
    return done(r, who);
}

static bool answers(const struct run *r, const struct talker *who)
{
    (void)who;
    return redis_pong(r->sock);
}

static bool is_served(const struct run *r, const struct talker *who)
{
    (void)r;
    return who->served;
}

static void one_round(struct run *r, const struct redis_plan *plan, struct redis_result *ret, struct talker *newcomer)
{
    int64_t from, pong;
    enum harm harm;
    int acked;

    (void)crowd_live(&r->crowd, &r->d, 50 + chance_below(&r->chance, 300));
    if (!plan->own && chance_below(&r->chance, 4) == 0)
        r->saved |= redis_do(&r->redis, "SAVE");
    acked = crowd_acked(&r->crowd);
    from = now_mono_ms();
    harm = do_harm(r, plan, ret, newcomer);
    newcomer->out = false;
    if (!turn_until(r, from + 3LL * ROUTE_MS, answers, newcomer))
        fail_msg("redis did not come back");
    pong = now_mono_ms();
    ret->acked_without += crowd_acked(&r->crowd) - acked;
    r->away[r->n] = (int)(pong - from);
    if (turn_until(r, pong + ROUTE_MS, is_served, newcomer))
        r->routed[r->n] = (int)(now_mono_ms() - pong);
    else {
        r->routed[r->n] = ROUTE_MS;
        ret->unrouted++;
    }
    if (getenv("KEFUD_TEST_TALK"))
        print_message("F2: %s: away %d ms, routed after %d ms\n", harm_names[harm], r->away[r->n], r->routed[r->n]);
    r->n++;
    if (newcomer->served)
        talker_leave(newcomer);
}

static bool all_served(const struct run *r, const struct talker *who)
{
    (void)who;
    for (int i = 0; i < r->crowd.n_visitors; i++)
        if (!r->crowd.talkers[i].out && !r->crowd.talkers[i].served)
            return false;
    return crowd_up(&r->crowd) == r->crowd.n;
}

static void begin(struct run *r, const struct redis_plan *plan)
{
    char config[256];

    r->chance.at = plan->seed;
    if (!plan->own) {
        redis_prepare(&r->redis);
        redis_start(&r->redis, false);
        UNTIL(redis_pong(r->redis.path));
    }
    (void)snprintf(config, sizeof(config), "[limits]\nconnections_per_address = 1000\nconversations = 1000000\n%s%s\n",
                   plan->own ? "" : "[redis]\nurl = unix:", plan->own ? "" : r->redis.path);
    if (plan->mutant)
        (void)setenv("KEFUD_MUTANT", plan->mutant, 1);
    daemon_start(&r->d, &(struct daemon_options){ .config = config });
    (void)unsetenv("KEFUD_MUTANT");
    (void)snprintf(r->sock, sizeof(r->sock), "%s%s", plan->own ? r->d.state : r->redis.path, plan->own ? "/redis.sock" : "");
    (void)snprintf(r->database, sizeof(r->database), "%s/kefud.db", r->d.state);
    json_decref(crowd_enter(&r->crowd, &r->d, plan->seed, VISITORS + plan->rounds, AGENTS, ""));
    for (int i = VISITORS; i < r->crowd.n_visitors; i++) {
        r->crowd.talkers[i].out = true;
        r->crowd.talkers[i].most = 1;
    }
    if (!turn_until(r, now_mono_ms() + patience_ms(), all_served, NULL))
        fail_msg("not everybody was served");
    r->n_held = holdings(r, r->held, VISITORS);
    assert_int_equal(r->n_held, VISITORS);
}

static int by_size(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void end(struct run *r, const struct redis_plan *plan, struct redis_result *ret)
{
    const char *word = plan->stop_ms ? "F8" : plan->own ? "F2 (own)" : "F2 (given)";

    for (int i = 0; i < r->crowd.n_visitors; i++)
        r->crowd.talkers[i].out = false;
    if (!turn_until(r, now_mono_ms() + patience_ms(), all_served, NULL))
        ret->unrouted++;
    crowd_settle(&r->crowd, &r->d);
    ret->changed_hands = changed_hands(r);
    daemon_kill(&r->d);
    crowd_judge(&r->crowd, r->database, &ret->verdict);
    qsort(r->away, (size_t)r->n, sizeof(int), by_size);
    qsort(r->routed, (size_t)r->n, sizeof(int), by_size);
    ret->away_p50_ms = r->away[r->n / 2];
    ret->away_max_ms = r->away[r->n - 1];
    ret->routed_p50_ms = r->routed[r->n / 2];
    ret->routed_max_ms = r->routed[r->n - 1];
    verdict_print(&ret->verdict, word, plan->seed);
    print_message("%s: %d kills (%d came back with an old dump), %d times emptied; away p50 %d ms, max %d ms, %d acked meanwhile; "
                  "a newcomer served p50 %d ms, max %d ms after PONG, %d not; %d of %d held conversations changed hands\n",
                  word, ret->kills, ret->stale, ret->flushes, ret->away_p50_ms, ret->away_max_ms, ret->acked_without, ret->routed_p50_ms,
                  ret->routed_max_ms, ret->unrouted, ret->changed_hands, r->n_held);
}

static void say_stall(const struct redis_result *ret)
{
    print_message("F8: stood still %d times; the longest wait for a pong was %d ms meanwhile, %d ms before\n", ret->stops, ret->stall_ms,
                  ret->stall_before_ms);
}

void redis_campaign(const struct redis_plan *plan, struct redis_result *ret)
{
    struct run *r = calloc(1, sizeof(*r));

    assert_non_null(r);
    assert_in_range(plan->rounds, 1, ROUNDS_MAX);
    *ret = (struct redis_result){ 0 };
    print_message("%s: seed %llu, %d rounds%s%s\n", plan->stop_ms ? "F8" : "F2", (unsigned long long)plan->seed, plan->rounds,
                  plan->mutant ? ", mutant " : "", plan->mutant ? plan->mutant : "");
    begin(r, plan);
    for (int i = 0; i < plan->rounds && !(plan->mutant && ret->unrouted); i++)
        one_round(r, plan, ret, &r->crowd.talkers[VISITORS + i]);
    end(r, plan, ret);
    if (plan->stop_ms)
        say_stall(ret);
    crowd_free(&r->crowd);
    daemon_finish(&r->d);
    redis_finish(&r->redis);
    free(r);
}

void redis_holds(const struct redis_result *r)
{
    verdict_holds(&r->verdict);
    assert_int_equal(r->changed_hands, 0);
    assert_int_equal(r->verdict.released, 0);
    assert_int_equal(r->verdict.breaks, 0);
    assert_int_equal(r->unrouted, 0);
    assert_in_range(r->routed_max_ms, 0, ROUTED_MS);
}
