#include "fault/nodes.h"

#include "fault/oracle.h"
#include "fault/post.h"
#include "fault/redis.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODES      2
#define VISITORS   6
#define RESTLESS   2
#define AGENTS     4
#define SILENCE_MS 1000
#define STOP_MS    11000 /* a lease is lost after 8 s */
#define ROUTE_MS   20000
#define ROUTED_MS  10000 /* what is promised after a lease holder's death */
#define LATE_MS    1000  /* for what this machine needs besides */

struct run {
    struct daemon nodes[NODES];
    struct crowd crowd;
    struct platform platform;
    struct redis redis;
    struct chance chance;
    char dir[64], database[96];
};

static void turn_for(struct run *r, int ms)
{
    int64_t end = now_mono_ms() + ms;

    while (now_mono_ms() < end)
        crowd_turn(&r->crowd, &r->nodes[0], 5);
}

/* By the database: who holds the lease of the one site there is. */
static int holder(struct run *r)
{
    for (int i = 0; i < NODES; i++) {
        struct reply reply;
        bool holds;

        if (!r->nodes[i].pid)
            continue;
        reply = web_expect(&r->nodes[i], 200, &(struct ask){ .path = "/api/v1/status", .control = true });
        holds = json_is_true(value_at(reply.json, "lease"));
        reply_free(&reply);
        if (holds)
            return i;
    }
    return -1;
}

static int holder_wait(struct run *r)
{
    int64_t end = now_mono_ms() + patience_ms();
    int ret;

    while ((ret = holder(r)) < 0) {
        turn_for(r, 20);
        if (now_mono_ms() > end)
            fail_msg("nobody holds the lease");
    }
    return ret;
}

static int64_t lease_epoch(const struct run *r)
{
    return oracle_peek(r->database, "SELECT COALESCE(MAX(epoch), 0) FROM lease");
}

static int count_in_log(const struct daemon *d, const char *text)
{
    char *log = daemon_log(d);
    int ret = 0;

    for (const char *at = log; (at = strstr(at, text)); at++)
        ret++;
    free(log);
    return ret;
}

/* One visitor comes when the holder has gone, and waits until somebody else routes. */
static void newcomer_waits(struct run *r, struct talker *who, int64_t epoch, int64_t from, struct nodes_result *ret)
{
    int taken = 0, routed;

    while (!who->served && now_mono_ms() < from + ROUTE_MS) {
        crowd_turn(&r->crowd, &r->nodes[0], 5);
        if (!taken && lease_epoch(r) > epoch)
            taken = (int)(now_mono_ms() - from);
    }
    routed = (int)(now_mono_ms() - from);
    ret->unrouted += !who->served;
    if (taken > ret->taken_max_ms)
        ret->taken_max_ms = taken;
    if (routed > ret->routed_max_ms)
        ret->routed_max_ms = routed;
    if (getenv("KEFUD_TEST_TALK"))
        print_message("F14: the lease was taken over after %d ms, a newcomer served after %d ms\n", taken, routed);
    if (who->served)
        talker_leave(who);
}

/* Can anybody write? */
static bool writable(const struct run *r)
{
    sqlite3 *db = NULL;
    bool ret;

    assert_int_equal(sqlite3_open_v2(r->database, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 1000);
    ret = sqlite3_exec(db, "BEGIN IMMEDIATE; ROLLBACK", NULL, NULL, NULL) == SQLITE_OK;
    sqlite3_close(db);
    return ret;
}

/* Who is stopped in the middle of a commit has the lock of the one SQLite file, and everybody waits, whatever the leases say: nothing is
 * acknowledged until it goes on. Here the stop is to be one that leaves the database to the other node. */
static void stop_between_commits(struct run *r, struct daemon *d, struct nodes_result *ret)
{
    daemon_signal(d, SIGSTOP);
    while (!writable(r)) {
        ret->with_lock++;
        daemon_signal(d, SIGCONT);
        turn_for(r, 20 + chance_below(&r->chance, 50));
        daemon_signal(d, SIGSTOP);
    }
}

static void one_round(struct run *r, bool stop, struct talker *newcomer, struct nodes_result *ret)
{
    int first = holder_wait(r);
    int64_t epoch = lease_epoch(r), from;
    struct daemon *d = &r->nodes[first];

    turn_for(r, 200 + chance_below(&r->chance, 500));
    if (stop)
        stop_between_commits(r, d, ret);
    else
        daemon_kill(d);
    from = now_mono_ms();
    newcomer->node = !first;
    newcomer->out = false;
    newcomer_waits(r, newcomer, epoch, from, ret);
    if (stop) {
        while (now_mono_ms() < from + STOP_MS)
            turn_for(r, 50);
        daemon_signal(d, SIGCONT);
    } else
        daemon_restart(d);
    turn_for(r, 1000);
    for (int i = 0; i < r->crowd.n; i += 2) /* else all would be at one node now */
        talker_move(&r->crowd.talkers[i]);
    turn_for(r, 500);
}

static void begin(struct run *r, const struct nodes_plan *plan)
{
    char config[640];

    r->chance.at = plan->seed;
    (void)snprintf(r->dir, sizeof(r->dir), "/tmp/kf-nodes-XXXXXX");
    if (!mkdtemp(r->dir))
        fail_msg("mkdtemp: %s", strerror(errno));
    (void)snprintf(r->database, sizeof(r->database), "%s/kefud.db", r->dir);
    redis_prepare(&r->redis);
    redis_start(&r->redis, false);
    UNTIL(redis_pong(r->redis.path));
    (void)snprintf(config, sizeof(config),
                   "[store]\nurl = sqlite:%s/kefud.db\nfiles = %s/files.db\n[redis]\nurl = unix:%s\n[limits]\n"
                   "connections_per_address = 1000\nconversations = 1000000\n[channels]\nallow_http = yes\nallow_private = yes\n",
                   r->dir, r->dir, r->redis.path);
    daemon_start(&r->nodes[0], &(struct daemon_options){ .config = config });
    platform_init(&r->platform, plan->seed);
    json_decref(
        crowd_enter(&r->crowd, &r->nodes[0], plan->seed, VISITORS + plan->stops + plan->kills, AGENTS, post_channel(r->platform.port)));
    (void)snprintf(r->platform.hook, sizeof(r->platform.hook), "%s", hook_path(&r->nodes[0], CROWD_SITE, "api"));
    daemon_start(&r->nodes[1], &(struct daemon_options){ .config = config });
    r->crowd.platform = &r->platform;
    r->crowd.other = &r->nodes[1];
    r->crowd.pace.silence_ms = SILENCE_MS;
    for (int i = 0; i < r->crowd.n; i++) {
        r->crowd.talkers[i].node = i % NODES;
        r->crowd.talkers[i].leaves = i < RESTLESS;
        r->crowd.talkers[i].out = i >= VISITORS && i < r->crowd.n_visitors;
        r->crowd.talkers[i].most = r->crowd.talkers[i].out;
    }
}

static void end(struct run *r, struct nodes_result *ret)
{
    int64_t until = now_mono_ms() + 2LL * patience_ms();
    char path[96];

    crowd_settle(&r->crowd, &r->nodes[0]);
    while (oracle_peek(r->database, "SELECT COUNT(*) FROM errand WHERE state < 2")) {
        turn_for(r, 50);
        if (now_mono_ms() > until)
            fail_msg("errands are still to be done");
    }
    ret->twice_held = crowd_twice_held(&r->crowd);
    for (int i = 0; i < NODES; i++) {
        ret->lost_leases += count_in_log(&r->nodes[i], "lease_lost");
        daemon_kill(&r->nodes[i]);
    }
    crowd_judge(&r->crowd, r->database, &ret->verdict);
    platform_judge(&r->platform, r->database, &ret->platform);
    crowd_free(&r->crowd);
    platform_free(&r->platform);
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

void nodes_campaign(const struct nodes_plan *plan, struct nodes_result *ret)
{
    struct run *r = calloc(1, sizeof(*r));
    int stops = plan->stops, kills = plan->kills;

    assert_non_null(r);
    *ret = (struct nodes_result){ 0 };
    print_message("F14: seed %llu, %d stops, %d kills of the lease's holder\n", (unsigned long long)plan->seed, stops, kills);
    begin(r, plan);
    turn_for(r, 500);
    for (int i = 0; i < plan->stops + plan->kills; i++) {
        bool stop = stops && (!kills || chance_below(&r->chance, stops + kills) < stops);

        one_round(r, stop, &r->crowd.talkers[VISITORS + i], ret);
        stops -= stop;
        kills -= !stop;
    }
    end(r, ret);
    verdict_print(&ret->verdict, "F14", plan->seed);
    platform_print(&ret->platform, "F14");
    print_message("F14: the lease was taken over within %d ms, a newcomer served within %d ms (%d not); %d leases given up by who was "
                  "stopped, %d conversations held twice; stopped %d times in the middle of a "
                  "commit, and let go on\n",
                  ret->taken_max_ms, ret->routed_max_ms, ret->unrouted, ret->lost_leases, ret->twice_held, ret->with_lock);
    free(r);
}

void nodes_hold(const struct nodes_result *r)
{
    verdict_holds(&r->verdict);
    platform_holds(&r->platform);
    assert_int_equal(r->unrouted, 0);
    assert_int_equal(r->twice_held, 0);
    assert_in_range(r->routed_max_ms, 0, ROUTED_MS + LATE_MS);
}
