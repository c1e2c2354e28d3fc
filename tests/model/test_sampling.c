/* Samples that draw themselves: once for each working day, whichever node is alive, whatever happens to it meanwhile. */
#include "shop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#define HOUR_MS   3600000LL
#define FRIDAY_MS 1763683200000LL /* 2025-11-21 08:00 in Shanghai */

static struct world w;

static void shop(int nodes, uint64_t seed)
{
    shop_open_plan(&w, &(struct world_plan){ .seed = seed, .nodes = nodes, .set = "tests/model/sampling.json", .from = FRIDAY_MS });
}

/* To a time of the first Friday's clock, in hours since its midnight; leases that were lost on the way are taken again. */
static void until(double hours)
{
    int64_t to = FRIDAY_MS + (int64_t)(hours * (double)HOUR_MS) - 8 * HOUR_MS;

    assert_true(to > w.now);
    world_step(&w, to - w.now);
    world_pass(&w, 20000);
}

static void talks(int from, int n, int node)
{
    agent_connect(&w, 0, node);
    agent_presence(&w, 0, PRESENCE_ONLINE);
    world_settle(&w);
    for (int i = from; i < from + n; i++) {
        visitor_connect(&w, i, node);
        visitor_say(&w, i, false);
        world_pass(&w, 3000);
        visitor_close_talk(&w, i);
        world_pass(&w, 1000);
    }
    agent_leave(&w, 0);
    assert_int_equal(world_number(&w, "SELECT count(*) FROM conversation WHERE state = 5 AND last_agent IS NOT NULL"), from + n);
}

static long long runs(const char *schedule)
{
    return world_number(&w, "SELECT count(*) FROM sample_run WHERE schedule = '%s'", schedule);
}

static long long drawn(const char *schedule)
{
    return world_number(&w, "SELECT COALESCE((SELECT drawn FROM sample_run WHERE schedule = '%s' ORDER BY day DESC LIMIT 1), -1)",
                        schedule);
}

static void a_day_is_drawn_once_at_its_time_and_spread_by_load(void **state)
{
    (void)state;
    shop(2, 5);
    talks(0, 6, 0);
    until(8.9);
    assert_int_equal(runs("daily"), 0);
    until(9.2); /* what was closed after 9:00 the day before */
    assert_int_equal(runs("daily"), 1);
    assert_int_equal(drawn("daily"), 3);
    assert_int_equal(world_number(&w, "SELECT population FROM sample_run"), 6);
    assert_int_equal(world_number(&w, "SELECT count(*) FROM review"), 3);
    assert_int_equal(world_number(&w, "SELECT max(n) - min(n) FROM (SELECT count(*) AS n FROM review GROUP BY reviewer)"), 1);
    until(9.6);
    assert_int_equal(runs("risk"), 1);
    assert_int_equal(drawn("risk"), 6); /* the agent is new: nothing of it is counted with the random ones */
    until(12);
    until(23);
    assert_int_equal(runs("daily"), 1);
    assert_int_equal(runs("paused"), 0);
    shop_end(&w);
}

static void a_weekend_is_drawn_on_monday_with_all_that_was_closed_since_friday(void **state)
{
    (void)state;
    shop(2, 6);
    until(9.5);
    assert_int_equal(runs("daily"), 1);
    assert_int_equal(drawn("daily"), 0); /* nothing was there, and the day is done */
    talks(0, 2, 0);
    until(20);
    talks(2, 2, 1);
    until(24 + 10);
    until(48 + 10);
    assert_int_equal(runs("daily"), 1);
    assert_int_equal(runs("risk"), 3); /* every day */
    until(72 + 8.9);
    assert_int_equal(runs("daily"), 1);
    until(72 + 9.1);
    assert_int_equal(runs("daily"), 2);
    assert_int_equal(drawn("daily"), 3);
    assert_int_equal(world_number(&w, "SELECT population FROM sample_run WHERE schedule = 'daily' ORDER BY day DESC LIMIT 1"), 4);
    shop_end(&w);
}

static void a_node_that_sleeps_or_dies_before_it_commits_draws_no_day_twice(void **state)
{
    (void)state;
    shop(2, 7);
    talks(0, 4, 0);
    for (int day = 0; day < 4; day++) {
        int victim = day % 2;

        until(day * 24 + (day > 0 ? 72 : 0) + 8.98); /* Friday, then from Tuesday on */
        w.nodes[victim].pause_at_commit = true;
        until(day * 24 + (day > 0 ? 72 : 0) + 9.3);
        if (day < 2)
            node_kill(&w, victim);
        else if (w.nodes[victim].paused)
            node_resume(&w, victim);
        world_pass(&w, 30000);
        if (!w.nodes[victim].up)
            node_start(&w, victim);
        world_pass(&w, 30000);
        w.nodes[victim].pause_at_commit = false;
        assert_int_equal(runs("daily"), day + 1);
    }
    assert_int_equal(world_number(&w, "SELECT count(*) FROM sample WHERE name = 'Daily'"),
                     world_number(&w, "SELECT count(*) FROM sample_run WHERE schedule = 'daily' AND drawn > 0"));
    assert_int_equal(world_number(&w, "SELECT count(*) FROM sample_run WHERE schedule = 'daily' AND drawn = 3"), 1);
    shop_end(&w);
}

static void whoever_comes_up_late_draws_the_day_that_was_missed(void **state)
{
    (void)state;
    shop(1, 8);
    talks(0, 3, 0);
    node_kill(&w, 0);
    world_step(&w, 6 * HOUR_MS); /* nobody was there at nine */
    node_start(&w, 0);
    world_pass(&w, 30000);
    assert_int_equal(runs("daily"), 1);
    assert_int_equal(drawn("daily"), 3);
    node_kill(&w, 0);
    node_start(&w, 0);
    world_pass(&w, 30000);
    assert_int_equal(runs("daily"), 1);
    shop_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_day_is_drawn_once_at_its_time_and_spread_by_load),
                                        cmocka_unit_test(a_weekend_is_drawn_on_monday_with_all_that_was_closed_since_friday),
                                        cmocka_unit_test(a_node_that_sleeps_or_dies_before_it_commits_draws_no_day_twice),
                                        cmocka_unit_test(whoever_comes_up_late_draws_the_day_that_was_missed) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
