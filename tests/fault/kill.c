#include "fault/kill.h"

#include "fault/oracle.h"
#include "fault/post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VISITORS  8
#define RESTLESS  4 /* of the visitors: they close and come back, so that there is always somebody to be routed */
#define AGENTS    3
#define LIFE_MS   700
#define POINT_MS  3000 /* a point that is not reached by then is not waited for any longer */
#define KILLS_MAX 2000

/* Where, and at most how many passings later. */
static const struct {
    const char *name;
    int within;
} points[] = {
    { "before_commit", 120 }, { "after_commit_before_ack", 120 },
    { "after_ack", 250 },     { "after_reserve", 2 },
    { "after_match", 2 },     { "before_ready", 1 },
    { "before_claim", 20 },   { "after_send", 20 },
    { "before_settle", 20 },
};

struct kill_run {
    struct daemon d;
    struct crowd crowd;
    struct platform platform;
    char power[SCRATCH_MAX]; /* where the copies lie; "" the power holds */
    struct chance chance;
    int ready[KILLS_MAX], n_ready;
    int back[KILLS_MAX], n_back;
};

static int by_size(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void spread(int *list, int n, int *p50, int *max)
{
    qsort(list, (size_t)n, sizeof(*list), by_size);
    *p50 = n ? list[n / 2] : 0;
    *max = n ? list[n - 1] : 0;
}

/* kill -9; and where the power fails with it, of what was not forced to the disk only a part is left. */
static void die(struct kill_run *r, struct kill_result *ret)
{
    if (r->d.pid)
        daemon_kill(&r->d);
    if (*r->power)
        power_fail(r->power, r->d.state, &r->chance, &ret->loss);
}

/* Lives until somebody is killed: by us at a random moment, or by itself at the point that was chosen for this life. */
static void one_life(struct kill_run *r, const struct kill_plan *plan, struct kill_result *ret)
{
    bool at_point = plan->points && chance_below(&r->chance, 2) == 0, ended = false;
    int pick = chance_below(&r->chance, (int)(sizeof(points) / sizeof(points[0]))), code = 0;
    int life = at_point ? POINT_MS : chance_below(&r->chance, LIFE_MS);
    int64_t began = now_mono_ms(), ready;
    bool back = false;
    char fault[64];

    (void)snprintf(fault, sizeof(fault), "%s:%d", points[pick].name, 1 + chance_below(&r->chance, points[pick].within));
    if (at_point)
        (void)setenv("KEFUD_FAULT", fault, 1);
    if (!daemon_try(&r->d, &code)) {
        if (!at_point || code != 128 + 9)
            fail_msg("kefud ended with %d before it was ready", code);
        (void)unsetenv("KEFUD_FAULT");
        die(r, ret);
        ret->before_ready++;
        ret->at_point++;
        return;
    }
    (void)unsetenv("KEFUD_FAULT");
    ready = now_mono_ms();
    r->ready[r->n_ready++] = (int)(ready - began);
    while (!ended && now_mono_ms() < ready + life) {
        ended = crowd_live(&r->crowd, &r->d, 5);
        if (!back && crowd_up(&r->crowd) == r->crowd.n) {
            back = true;
            r->back[r->n_back++] = (int)(now_mono_ms() - ready);
        }
    }
    ret->at_point += ended;
    ret->at_random += !ended;
    if (ended && !at_point)
        fail_msg("kefud ended by itself");
    die(r, ret);
}

/* What was found half sent is sent again, after a moment. A mutant may have taken one for done whose end it never wrote down. */
static void errands_end(struct kill_run *r, const char *path, bool mutant)
{
    int64_t end = now_mono_ms() + 2LL * patience_ms();
    int left = 1;

    while (left) {
        left = oracle_peek(path, "SELECT COUNT(*) FROM errand WHERE state < 2");
        crowd_turn(&r->crowd, &r->d, 20);
        if (now_mono_ms() < end)
            continue;
        if (mutant)
            return;
        fail_msg("%d errands are still to be done", left);
    }
}

void kill_campaign(const struct kill_plan *plan, struct kill_result *ret)
{
    struct kill_run *r = calloc(1, sizeof(*r));
    const char *title = plan->power ? "F4" : "F1";
    char path[128];

    assert_non_null(r);
    assert_in_range(plan->kills, 1, KILLS_MAX);
    *ret = (struct kill_result){ 0 };
    r->chance.at = plan->seed;
    print_message("%s: seed %llu, %d kills%s%s\n", title, (unsigned long long)plan->seed, plan->kills, plan->mutant ? ", mutant " : "",
                  plan->mutant ? plan->mutant : "");
    if (plan->power) {
        scratch_dir(r->power, "kf-power");
        power_on(r->power);
    }
    daemon_start(&r->d, &(struct daemon_options){ .config = "[limits]\nconnections_per_address = 1000\nconversations = 1000000\n"
                                                            "[channels]\nallow_http = yes\nallow_private = yes\n" });
    platform_init(&r->platform, plan->seed);
    json_decref(crowd_enter(&r->crowd, &r->d, plan->seed, VISITORS, AGENTS, post_channel(r->platform.port)));
    (void)snprintf(r->platform.hook, sizeof(r->platform.hook), "%s", hook_path(&r->d, CROWD_SITE, "api"));
    r->crowd.platform = &r->platform;
    for (int i = VISITORS - RESTLESS; i < VISITORS; i++)
        r->crowd.talkers[i].leaves = true;
    (void)crowd_live(&r->crowd, &r->d, 300);
    die(r, ret);
    if (plan->mutant) /* only now: what is needed to talk at all was set up by a daemon that is right */
        (void)setenv("KEFUD_MUTANT", plan->mutant, 1);
    for (int i = 1; i < plan->kills; i++)
        one_life(r, plan, ret);
    daemon_restart(&r->d);
    (void)snprintf(path, sizeof(path), "%s/kefud.db", r->d.state);
    crowd_settle(&r->crowd, &r->d);
    errands_end(r, path, plan->mutant != NULL);
    die(r, ret);
    ret->at_random++;
    crowd_judge(&r->crowd, path, &ret->verdict);
    platform_judge(&r->platform, path, &ret->platform);
    spread(r->ready, r->n_ready, &ret->ready_p50_ms, &ret->ready_max_ms);
    spread(r->back, r->n_back, &ret->back_p50_ms, &ret->back_max_ms);
    ret->lives_back = r->n_back;
    verdict_print(&ret->verdict, title, plan->seed);
    platform_print(&ret->platform, title);
    print_message("%s: killed %d at random moments, %d at fault points (%d before it was ready); ready p50 %d ms, max %d ms; "
                  "all back p50 %d ms, max %d ms (%d lives)\n",
                  title, ret->at_random, ret->at_point, ret->before_ready, ret->ready_p50_ms, ret->ready_max_ms, ret->back_p50_ms,
                  ret->back_max_ms, ret->lives_back);
    if (plan->power)
        print_message("%s: %lld blocks were written and not forced to the disk, of which %lld came through\n", title,
                      (long long)ret->loss.blocks, (long long)ret->loss.kept);
    (void)unsetenv("KEFUD_MUTANT");
    power_off();
    crowd_free(&r->crowd);
    platform_free(&r->platform);
    daemon_finish(&r->d);
    if (*r->power)
        power_forget(r->power);
    free(r);
}
