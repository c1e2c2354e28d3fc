/* An agent goes: lost with the network or a node, barred from serving, or only thought to be gone. Who was being served is served on. */
#include "shop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
/* cmocka wants the four above first */
#include <cmocka.h>

static struct world w;

/* ---- gone with the network, or with a node ---- */

static void nobody_stays_with_an_agent_who_is_gone(void **state)
{
    struct kf_id conv;

    (void)state;
    shop_open(&w, 2, 16);
    agent_online(&w, 0, 0);
    conv = visitor_ask(&w, 0, 1);
    world_pass(&w, 7000);
    assert_true(agent_has(&w, 0, &conv));
    agent_online(&w, 1, 1);
    agent_leave(&w, 0);
    world_pass(&w, 32000); /* the grace time and two seconds */
    assert_int_equal(world_number(&w, "SELECT count(*) FROM conversation WHERE state = 3 AND last_agent IS NULL"), 1);
    world_pass(&w, 6000); /* a lost hint */
    assert_true(agent_has(&w, 1, &conv));
    assert_int_equal(world_number(&w, "SELECT count(*) FROM conversation WHERE state = 3"), 1);
    shop_end(&w);
}

/* Two minutes with an agent are no two minutes in line: whoever is lost by one is not told at once that nobody has time. */
static void who_was_served_for_long_is_not_sent_away_when_the_agent_is_lost(void **state)
{
    struct kf_id conv;

    (void)state;
    shop_open_plan(&w, &(struct world_plan){ .seed = 24, .nodes = 2, .skilled = true }); /* the limit is two minutes */
    agent_online(&w, 1, 1);
    for (int i = 1; i <= w.capacity / w.weight; i++)
        (void)visitor_ask(&w, i, 1);
    world_pass(&w, 20000); /* the rings, for whom they know too little */
    assert_int_equal(world_number(&w, "SELECT count(*) FROM conversation WHERE state = 3"), w.capacity / w.weight);
    agent_online(&w, 0, 0);
    conv = visitor_ask(&w, 0, 0);
    world_pass(&w, 130000);
    assert_true(agent_has(&w, 0, &conv));
    agent_leave(&w, 0);
    world_pass(&w, 130000); /* the grace time, and most of the limit */
    assert_true(is_in(&w, &conv, CONV_WAITING));
    world_pass(&w, 30000);
    assert_true(is_in(&w, &conv, CONV_PARKED));
    shop_end(&w);
}

/* Beats bear the time of the wall clock, and it is set: on all nodes alike, as on the hosts of one time server. */
static void nobody_is_lost_when_the_clock_is_set(void **state)
{
    static const char lost[] = "SELECT count(*) FROM timeline WHERE kind = 'returned'";

    (void)state;
    shop_open(&w, 2, 29);
    agent_online(&w, 0, 0);
    agent_online(&w, 1, 1);
    for (int i = 0; i < 6; i++)
        (void)visitor_ask(&w, i, i % 2); /* more than they can take: the line is looked at all the time */
    world_pass(&w, 7000);
    assert_int_equal(world_number(&w, "SELECT count(*) FROM conversation WHERE state = 3"), 4);
    for (int i = 0; i < 20; i++) { /* at every phase of beat and sweep */
        w.nodes[0].skew += i % 2 ? -60000 : 60000;
        w.nodes[1].skew += i % 2 ? -60000 : 60000;
        world_pass(&w, 12000 + i * 100);
        assert_int_equal(world_number(&w, lost), 0);
        assert_int_equal(world_number(&w, "SELECT count(*) FROM conversation WHERE state = 3"), 4);
    }
    agent_leave(&w, 1); /* who is really gone is still found out */
    world_pass(&w, 40000);
    assert_true(world_number(&w, lost) > 0);
    shop_end(&w);
}

static void who_is_killed_with_the_node_is_not_waited_for_either(void **state)
{
    struct kf_id conv;

    (void)state;
    shop_open(&w, 2, 17);
    agent_online(&w, 0, 0);
    agent_online(&w, 1, 1);
    agent_presence(&w, 1, PRESENCE_BUSY);
    world_settle(&w);
    conv = visitor_ask(&w, 0, 1);
    world_pass(&w, 7000);
    assert_true(agent_has(&w, 0, &conv));
    node_kill(&w, 0);
    agent_presence(&w, 1, PRESENCE_ONLINE);
    world_pass(&w, 52000); /* the lease, the heartbeat, the grace time, two seconds */
    assert_true(agent_has(&w, 1, &conv));
    world_check(&w, false);
    shop_end(&w);
}

/* ---- who may serve no more ---- */

static void was_stored(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    (void)news;
    (void)why;
    *(enum kf_rc *)ctx = rc;
}

/* As the API does it at that node: the account is switched off, or the roles are others. */
static void bar(int agent, int node, bool disable)
{
    struct model_node *n = &w.nodes[node];
    const struct kf_key site = { "demo" };
    struct member m = *desk_member(n->desk, &site, &w.agents[agent].id);
    struct change *c = change_new(&site, w.now);
    enum kf_rc rc = KF_AGAIN;

    if (disable)
        change_act(c, ACT_PERSON)->u.person =
            (struct person){ .id = m.person, .email = change_printf(c, "model%d@demo.example", agent), .name = m.name, .disabled = true };
    else {
        m.roles = MEMBER_REVIEWER;
        *change_member(c) = m;
    }
    n->ports.commit(n->ports.ctx, c, was_stored, &rc);
    while (w.asked)
        world_settle(&w);
    assert_int_equal(rc, KF_OK);
    desk_changed(n->desk, disable ? NULL : &site, NULL, NULL);
    world_settle(&w);
}

/* There is no grace for who does not come back; whichever node keeps house, and at whichever it was said. */
static void who_may_serve_no_more_keeps_nobody(void **state)
{
    (void)state;
    for (int row = 0; row < 4; row++) {
        struct kf_id conv;
        int64_t arrived;

        shop_open(&w, 2, 51 + (uint64_t)row);
        agent_online(&w, 0, row % 2);
        conv = visitor_ask(&w, 0, 1);
        world_pass(&w, 7000);
        assert_true(agent_has(&w, 0, &conv));
        agent_online(&w, 1, 0);
        arrived = world_number(&w, "SELECT arrived_at FROM conversation");
        bar(0, 1 - row % 2, row < 2);
        world_pass(&w, 7000); /* a lost hint, and the next look; the grace time is 30 s */
        assert_int_equal(w.agents[0].seat.conn, 0);
        assert_true(agent_has(&w, 1, &conv));
        assert_int_equal(world_number(&w, "SELECT arrived_at FROM conversation"), arrived);
        assert_int_equal(world_number(&w, "SELECT count(*) FROM timeline WHERE kind = 'returned'"), 1);
        assert_int_equal(world_number(&w, "SELECT count(*) FROM message WHERE text LIKE '刚才为您服务的客服暂时无法继续%%'"), 1);
        shop_end(&w);
    }
}

/* ---- presence ---- */

/* Nobody could say that anybody is there while the link to Redis was away. The first who has it back does not count that against the others'
 * people. */
static void nobody_is_lost_when_redis_is_back(void **state)
{
    struct kf_id conv;

    (void)state;
    for (int home = 0; home < 2; home++) { /* one of them keeps house */
        shop_open(&w, 2, 45);
        agent_online(&w, 0, 1 - home);
        conv = visitor_ask(&w, 0, 1 - home);
        world_pass(&w, 7000);
        assert_true(agent_has(&w, 0, &conv));
        node_pause(&w, 0);
        node_pause(&w, 1);
        world_pass(&w, 40000);
        node_resume(&w, home);
        desk_live_changed(w.nodes[home].desk, true);
        world_pass(&w, 2000);
        node_resume(&w, 1 - home);
        desk_live_changed(w.nodes[1 - home].desk, true);
        world_pass(&w, 12000);
        assert_int_equal(world_number(&w, "SELECT count(*) FROM timeline WHERE kind = 'returned'"), 0);
        shop_end(&w);
    }
}

/* What a node last saw in Redis is up to a second old. Of those who sit at it it knows better. */
static void a_node_knows_who_sits_at_it(void **state)
{
    (void)state;
    for (int node = 0; node < 2; node++) { /* one of them keeps house, and looks more often */
        shop_open(&w, 2, 44);
        agent_online(&w, 0, node);
        world_pass(&w, 3000);
        agent_leave(&w, 0);
        world_pass(&w, 5000);
        visitor_connect(&w, 0, node);
        assert_false(w.visitors[0].seat.staffed);
        agent_connect(&w, 0, node);
        visitor_connect(&w, 1, node);
        assert_true(w.visitors[1].seat.staffed);
        shop_end(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_stays_with_an_agent_who_is_gone),
        cmocka_unit_test(who_was_served_for_long_is_not_sent_away_when_the_agent_is_lost),
        cmocka_unit_test(nobody_is_lost_when_the_clock_is_set),
        cmocka_unit_test(who_is_killed_with_the_node_is_not_waited_for_either),
        cmocka_unit_test(who_may_serve_no_more_keeps_nobody),
        cmocka_unit_test(nobody_is_lost_when_redis_is_back),
        cmocka_unit_test(a_node_knows_who_sits_at_it),
    };

    cmocka_set_test_filter(getenv("ONLY"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
