/* Those who wait: where each stands, what each page is told of it, and for how long. */
#include "shop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the four above first */
#include <cmocka.h>

static struct world w;

static int64_t position_of(int visitor)
{
    return w.visitors[visitor].seat.line.position;
}

/* A node that had stood still tells Redis of somebody who is gone, after Redis was filled anew and so has forgotten that. */
static void who_waits_no_more_stands_before_nobody(void **state)
{
    struct conv gone = { .id = { { 7 } }, .site = { "demo" }, .queue = { "service" }, .state = CONV_WAITING, .epoch = 1 };

    (void)state;
    shop_open(&w, 2, 20);
    agent_connect(&w, 0, 0);
    agent_presence(&w, 0, PRESENCE_BUSY); /* somebody is there, and takes nobody */
    world_settle(&w);
    (void)visitor_ask(&w, 0, 0);
    world_pass(&w, 3000);
    assert_int_equal(position_of(0), 1);
    gone.arrived_at = w.now - 60000;
    w.nodes[1].ports.live_put(&w.nodes[1], &gone, NULL, NULL);
    world_pass(&w, 3000);
    assert_int_equal(position_of(0), 2);
    world_pass(&w, 12000);
    assert_int_equal(position_of(0), 1);
    shop_end(&w);
}

/* Those who come together with the two who are taken at once stand behind them for a moment, and are told so. */
static void many_who_write_at_once_soon_know_their_place(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) { /* whenever the line was last looked at */
        int64_t last = 0, sum = 0;

        shop_open(&w, 2, 60 + (uint64_t)round);
        agent_online(&w, 0, 0);
        for (int i = 0; i < 6; i++)
            visitor_connect(&w, i, i % 2);
        world_pass(&w, 100 + 400 * round);
        for (int i = 0; i < 6; i++)
            visitor_say(&w, i, false);
        world_settle(&w);
        world_pass(&w, 1500); /* a lost hint, and the next look */
        assert_int_equal(world_number(&w, "SELECT count(*) FROM conversation WHERE state = 1"), 4);
        for (int i = 0; i < 6; i++) {
            sum += position_of(i);
            last = position_of(i) > last ? position_of(i) : last;
        }
        assert_int_equal(last, 4);
        assert_int_equal(sum, 1 + 2 + 3 + 4);
        shop_end(&w);
    }
}

/* The page of visitor 0 sits on node 1, which does not hear that agent 1 takes him on node 0. */
static void taken_unheard(uint64_t seed)
{
    struct kf_id conv;

    shop_open_plan(&w, &(struct world_plan){ .seed = seed, .nodes = 2, .skilled = true });
    for (int i = 0; i < 2; i++) {
        agent_connect(&w, i, 1 - i);
        agent_presence(&w, i, PRESENCE_BUSY); /* they pick for themselves */
    }
    world_settle(&w);
    conv = visitor_ask(&w, 0, 1);
    world_pass(&w, 3000);
    assert_int_equal(position_of(0), 1);
    node_pause(&w, 1);
    agent_accept(&w, 1, &conv);
    world_settle(&w);
    assert_true(is_in(&w, &conv, CONV_SERVED));
    node_resume(&w, 1);
    world_settle(&w);
    assert_int_equal(position_of(0), 1);
}

/* What is read because somebody sits down, or looks on, is news to those who are shown it there already. Their page would else go on saying
 * that they wait, while somebody talks to them: nothing looks for what the node seems to know. */
static void who_is_served_is_told_when_the_agent_sits_down_there(void **state)
{
    (void)state;
    taken_unheard(71);
    agent_connect(&w, 1, 1);
    assert_int_equal(position_of(0), 0);
    shop_end(&w);
}

static void who_is_served_is_told_when_somebody_looks_on(void **state)
{
    (void)state;
    taken_unheard(72);
    supervisor_act(&w, "watch", 1);
    world_settle(&w);
    assert_int_equal(position_of(0), 0);
    shop_end(&w);
}

/* Another page of the same visitor, on that node. */
static void another_page(int visitor, int of, int node)
{
    memcpy(w.visitors[visitor].token, w.visitors[of].token, sizeof(w.visitors[of].token));
    visitor_connect(&w, visitor, node);
}

static void who_is_served_is_told_on_all_pages(void **state)
{
    (void)state;
    taken_unheard(73);
    another_page(1, 0, 1);
    assert_int_equal(position_of(0), 0);
    shop_end(&w);
}

static void what_was_begun_on_another_node_is_shown_on_all_pages(void **state)
{
    struct kf_id conv;

    (void)state;
    shop_open(&w, 2, 74);
    visitor_connect(&w, 0, 1);
    another_page(1, 0, 0);
    node_pause(&w, 1);
    visitor_say(&w, 1, false);
    world_settle(&w);
    conv = w.acks[0].conv;
    node_resume(&w, 1);
    world_settle(&w);
    assert_false(id_eq(&w.visitors[0].seat.line.conv, &conv));
    another_page(2, 0, 1);
    assert_true(id_eq(&w.visitors[0].seat.line.conv, &conv));
    shop_end(&w);
}

static void hears_effective(void *ctx, enum kf_rc rc, const struct live_view *view, const struct kf_err *why)
{
    (void)why;
    assert_int_equal(rc, KF_OK);
    assert_int_equal(view->n_waiting, 1);
    *(int64_t *)ctx = view->waiting[0].effective;
}

/* Where the only one who waits stands in Redis. */
static int64_t effective_in_redis(int node)
{
    const struct kf_key site = { "demo" };
    int64_t ret = -1;

    w.nodes[node].ports.live_look(&w.nodes[node], &site, 10, hears_effective, &ret);
    while (ret < 0)
        world_settle(&w);
    return ret;
}

static bool keeps_house(int node)
{
    char hex[33];

    for (int k = 0; k < 16; k++)
        (void)snprintf(hex + 2 * k, 3, "%02X", w.nodes[node].id.b[k]);
    return world_number(&w, "SELECT count(*) FROM lease WHERE hex(node) = '%s'", hex) > 0;
}

/* Whoever keeps house tells Redis now and then what it has read of those who wait. That may have been read before somebody was put forward, and
 * be told after it. */
static void what_was_read_before_somebody_was_hastened_does_not_undo_it(void **state)
{
    int home;

    (void)state;
    shop_open_plan(&w, &(struct world_plan){ .seed = 21, .nodes = 2, .skilled = true });
    home = keeps_house(0) ? 0 : 1;
    agent_connect(&w, 0, 1 - home);
    agent_presence(&w, 0, PRESENCE_BUSY);
    world_settle(&w);
    (void)visitor_ask(&w, 0, 1 - home);
    world_pass(&w, 2000);
    for (int i = 1; i <= 20; i++) { /* each time another share of those who wait is told of */
        int64_t is;

        w.now += 1000;
        desk_tick(w.nodes[home].desk);
        node_pause(&w, home); /* it hears what it has asked, and what it makes of it waits */
        world_settle(&w);
        supervisor_hasten(&w, 0, i);
        world_settle(&w);
        is = world_number(&w, "SELECT effective FROM conversation");
        assert_int_equal(world_number(&w, "SELECT priority FROM conversation"), i);
        assert_int_equal(effective_in_redis(1 - home), is);
        node_resume(&w, home);
        world_settle(&w);
        assert_int_equal(effective_in_redis(1 - home), is);
        world_step(&w, 100);
    }
    shop_end(&w);
}

static void serve_and_end(int from, int to)
{
    for (int i = from; i < to; i++) {
        (void)visitor_ask(&w, i, 0);
        visitor_close_talk(&w, i);
        world_settle(&w);
    }
}

/* Is told position and wait, in steps of ten seconds and of minutes, without moving; 0: nobody can say. */
static void expects(int visitor, int64_t position, int64_t wait_s)
{
    world_pass(&w, 16500);
    assert_int_equal(position_of(visitor), position);
    assert_int_equal(w.visitors[visitor].seat.line.wait_s, wait_s);
}

/* What is expected is what was really done: position × time / how many ended in it. Of the first minutes of work the time is what it was, not
 * an hour, but five minutes at least; the places that are filled at its beginning say nothing, nor do too few. */
static void how_long_it_will_be_is_what_was_really_done(void **state)
{
    (void)state;
    shop_open(&w, 1, 47);
    agent_online(&w, 0, 0);
    serve_and_end(0, 4);
    agent_presence(&w, 0, PRESENCE_BUSY);
    (void)visitor_ask(&w, 4, 0);
    expects(4, 1, 0); /* four */
    agent_presence(&w, 0, PRESENCE_ONLINE);
    world_pass(&w, 1000);
    for (int i = 5; i < 8; i++) /* one has a place, two wait */
        (void)visitor_ask(&w, i, 0);
    world_pass(&w, 240000);
    expects(6, 1, 0); /* four have ended, six were taken */
    agent_presence(&w, 0, PRESENCE_BUSY);
    visitor_close_talk(&w, 4);
    expects(6, 1, 60); /* a fifth of five minutes, though it was less */
    expects(7, 2, 120);
    world_pass(&w, 60000);
    expects(6, 1, 60); /* it would be more by now, but nobody has gone first */
    visitor_close_talk(&w, 6);
    expects(7, 1, 120);
    shop_end(&w);
}

/* Who has been at work for longer: the last hour counts, and no more. */
static void how_long_it_will_be_is_what_the_last_hour_says(void **state)
{
    (void)state;
    shop_open(&w, 1, 48);
    agent_online(&w, 0, 0);
    (void)visitor_ask(&w, 0, 0);
    for (int s = 0; s < 4000; s++)
        world_step(&w, 1000);
    serve_and_end(1, 5);
    visitor_close_talk(&w, 0);
    world_settle(&w);
    agent_presence(&w, 0, PRESENCE_BUSY);
    (void)visitor_ask(&w, 5, 0);
    expects(5, 1, 12 * 60);
    shop_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_no_more_stands_before_nobody),
        cmocka_unit_test(many_who_write_at_once_soon_know_their_place),
        cmocka_unit_test(who_is_served_is_told_when_the_agent_sits_down_there),
        cmocka_unit_test(who_is_served_is_told_when_somebody_looks_on),
        cmocka_unit_test(who_is_served_is_told_on_all_pages),
        cmocka_unit_test(what_was_begun_on_another_node_is_shown_on_all_pages),
        cmocka_unit_test(what_was_read_before_somebody_was_hastened_does_not_undo_it),
        cmocka_unit_test(how_long_it_will_be_is_what_was_really_done),
        cmocka_unit_test(how_long_it_will_be_is_what_the_last_hour_says),
    };

    cmocka_set_test_filter(getenv("ONLY"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
