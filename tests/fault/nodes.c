#include "fault/nodes.h"

#include "fault/oracle.h"
#include "fault/pair.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VISITORS  6
#define RESTLESS  2
#define AGENTS    4
#define STOP_MS   11000 /* a lease is lost after 8 s */
#define ROUTE_MS  20000
#define ROUTED_MS 10000 /* what is promised after a lease holder's death */
#define LATE_MS   1000  /* for what this machine needs besides */
#define LOG_SHOWN 4000  /* bytes */

struct run {
    struct pair pair;
    struct chance chance;
};

static int64_t lease_epoch(const struct run *r)
{
    return oracle_peek(r->pair.database, "SELECT COALESCE(MAX(epoch), 0) FROM lease");
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

/* Can anybody write? */
static bool writable(const struct run *r)
{
    sqlite3 *db = NULL;
    bool ret;

    assert_int_equal(sqlite3_open_v2(r->pair.database, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 1000);
    ret = sqlite3_exec(db, "BEGIN IMMEDIATE; ROLLBACK", NULL, NULL, NULL) == SQLITE_OK;
    sqlite3_close(db);
    return ret;
}

/* What the node that should have routed has said last, and whether it could have written. */
static void tell_why(const struct run *r, const struct talker *who, int64_t epoch)
{
    char *log = daemon_log(&r->pair.nodes[who->node]);
    size_t n = strlen(log), last = n > LOG_SHOWN ? n - LOG_SHOWN : 0;

    print_message("F14: not served: the database can%s be written, lease epochs %lld before and %lld now, node %d says:\n%s\n",
                  writable(r) ? "" : "not", (long long)epoch, (long long)lease_epoch(r), who->node, log + last);
    free(log);
}

/* One visitor comes when the holder has gone, and waits until somebody else routes. */
static void newcomer_waits(struct run *r, struct talker *who, int64_t epoch, int64_t from, struct nodes_result *ret)
{
    int taken = 0, routed;

    while (!who->served && now_mono_ms() < from + ROUTE_MS) {
        crowd_turn(&r->pair.crowd, &r->pair.nodes[0], 5);
        if (!taken && lease_epoch(r) > epoch)
            taken = (int)(now_mono_ms() - from);
    }
    routed = (int)(now_mono_ms() - from);
    ret->unrouted += !who->served;
    if (!who->served)
        tell_why(r, who, epoch);
    if (taken > ret->taken_max_ms)
        ret->taken_max_ms = taken;
    if (routed > ret->routed_max_ms)
        ret->routed_max_ms = routed;
    if (getenv("KEFUD_TEST_TALK"))
        print_message("F14: the lease was taken over after %d ms, a newcomer served after %d ms\n", taken, routed);
    if (who->served)
        talker_leave(who);
}

/* Who is stopped in the middle of a commit has the lock of the one SQLite file, and everybody waits, whatever the leases say: nothing is
 * acknowledged until it goes on. Here the stop is to be one that leaves the database to the other node. */
static void stop_between_commits(struct run *r, struct daemon *d, struct nodes_result *ret)
{
    daemon_halt(d);
    while (!writable(r)) {
        ret->with_lock++;
        daemon_signal(d, SIGCONT);
        pair_turn(&r->pair, 20 + chance_below(&r->chance, 50));
        daemon_halt(d);
    }
}

static void one_round(struct run *r, bool stop, struct talker *newcomer, struct nodes_result *ret)
{
    int first = pair_holder_wait(&r->pair);
    int64_t epoch = lease_epoch(r), from;
    struct daemon *d = &r->pair.nodes[first];

    pair_turn(&r->pair, 200 + chance_below(&r->chance, 500));
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
            pair_turn(&r->pair, 50);
        daemon_signal(d, SIGCONT);
    } else
        daemon_restart(d);
    pair_turn(&r->pair, 1000);
    for (int i = 0; i < r->pair.crowd.n; i += 2) /* else all would be at one node now */
        talker_move(&r->pair.crowd.talkers[i]);
    pair_turn(&r->pair, 500);
}

static void begin(struct run *r, const struct nodes_plan *plan)
{
    struct crowd *c = &r->pair.crowd;

    r->chance.at = plan->seed;
    pair_begin(&r->pair, plan->seed, VISITORS + plan->stops + plan->kills, AGENTS);
    for (int i = 0; i < c->n; i++) {
        c->talkers[i].leaves = i < RESTLESS;
        c->talkers[i].out = i >= VISITORS && i < c->n_visitors;
        c->talkers[i].most = c->talkers[i].out;
    }
}

static void end(struct run *r, struct nodes_result *ret)
{
    pair_judge(&r->pair, &ret->verdict, &ret->platform);
    ret->twice_held = crowd_twice_held(&r->pair.crowd);
    for (int i = 0; i < PAIR; i++)
        ret->lost_leases += count_in_log(&r->pair.nodes[i], "lease_lost");
    pair_finish(&r->pair);
}

void nodes_campaign(const struct nodes_plan *plan, struct nodes_result *ret)
{
    struct run *r = calloc(1, sizeof(*r));
    int stops = plan->stops, kills = plan->kills;

    assert_non_null(r);
    *ret = (struct nodes_result){ 0 };
    print_message("F14: seed %llu, %d stops, %d kills of the lease's holder\n", (unsigned long long)plan->seed, stops, kills);
    begin(r, plan);
    pair_turn(&r->pair, 500);
    for (int i = 0; i < plan->stops + plan->kills; i++) {
        bool stop = stops && (!kills || chance_below(&r->chance, stops + kills) < stops);

        one_round(r, stop, &r->pair.crowd.talkers[VISITORS + i], ret);
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
