#include "fault/rush.h"

#include "fault/pair.h"

#include <stdlib.h>

static int unserved(const struct crowd *c, const struct rush_plan *plan)
{
    int ret = 0;

    for (int i = plan->restless; i < c->n_visitors; i++)
        ret += !c->talkers[i].served;
    return ret;
}

/* Until so many are acknowledged and, at last, everybody who stays is served. */
static void live_until(struct pair *p, const struct rush_plan *plan, int acked, bool served)
{
    int64_t end = now_mono_ms() + 4LL * patience_ms();

    while (crowd_acked(&p->crowd) < acked || (served && unserved(&p->crowd, plan))) {
        crowd_turn(&p->crowd, &p->nodes[0], 5);
        for (int i = 0; i < PAIR; i++)
            if (daemon_ended(&p->nodes[i]))
                fail_msg("node %d ended by itself", i);
        if (now_mono_ms() > end)
            fail_msg("%d of %d are acknowledged, %d visitors are not served", crowd_acked(&p->crowd), acked, unserved(&p->crowd, plan));
    }
}

void rush_campaign(const struct rush_plan *plan, struct rush_result *ret)
{
    struct pair *p = calloc(1, sizeof(*p));
    struct crowd *c = &p->crowd;
    int64_t began;

    assert_non_null(p);
    *ret = (struct rush_result){ 0 };
    print_message("F14: seed %llu, %d visitors, %d agents, %d messages\n", (unsigned long long)plan->seed, plan->visitors, plan->agents,
                  plan->messages);
    pair_begin(p, plan->seed, plan->visitors, plan->agents);
    c->pace.think_ms = plan->think_ms;
    for (int i = 0; i < plan->visitors; i++) {
        c->talkers[i].leaves = i < plan->restless;
        c->talkers[i].out = i >= plan->visitors - plan->late;
    }
    began = now_mono_ms();
    live_until(p, plan, plan->messages / 2, false);
    daemon_kill(&p->nodes[pair_holder_wait(p)]);
    ret->acked_before = crowd_acked(c);
    for (int i = plan->visitors - plan->late; i < plan->visitors; i++)
        c->talkers[i].out = false;
    live_until(p, plan, plan->messages, true);
    ret->acked_ms = (int)(now_mono_ms() - began);
    ret->unserved = unserved(c, plan);
    pair_judge(p, &ret->verdict, &ret->platform);
    ret->twice_held = crowd_twice_held(c);
    verdict_print(&ret->verdict, "F14 load", plan->seed);
    platform_print(&ret->platform, "F14 load");
    print_message("F14 load: %d were acknowledged before the kill, all after %d ms; %d visitors not served, %d conversations held twice\n",
                  ret->acked_before, ret->acked_ms, ret->unserved, ret->twice_held);
    pair_finish(p);
    free(p);
}

void rush_holds(const struct rush_result *r, const struct rush_plan *plan)
{
    verdict_holds(&r->verdict);
    platform_holds(&r->platform);
    assert_true(r->verdict.acked >= plan->messages);
    assert_true(r->acked_before >= plan->messages / 2);
    assert_true(r->verdict.breaks > 0);
    assert_int_equal(r->unserved, 0);
    assert_int_equal(r->twice_held, 0);
}
