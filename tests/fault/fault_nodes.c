/* F14: a node that stands still for longer than its lease, or dies, while another goes on; also under load. SEED= repeats a run. */
#include "fault/nodes.h"
#include "fault/options.h"
#include "fault/rush.h"

static void a_holder_that_stops_or_dies_is_replaced_and_says_nothing_twice(void **state)
{
    struct nodes_result r;

    (void)state;
    nodes_campaign(&(struct nodes_plan){ .seed = option_seed(), .stops = 4, .kills = 4 }, &r);
    nodes_hold(&r);
    assert_true(r.lost_leases > 0);
}

static void two_hundred_visitors_lose_nothing_when_one_of_two_nodes_is_killed(void **state)
{
    const struct rush_plan plan = {
        .seed = option_seed(), .visitors = 200, .agents = 20, .late = 30, .restless = 20, .messages = 10000, .think_ms = 800
    };
    struct rush_result r;

    (void)state;
    rush_campaign(&plan, &r);
    rush_holds(&r, &plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_holder_that_stops_or_dies_is_replaced_and_says_nothing_twice, options_forget),
        cmocka_unit_test_teardown(two_hundred_visitors_lose_nothing_when_one_of_two_nodes_is_killed, options_forget),
    };

    option_only();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
