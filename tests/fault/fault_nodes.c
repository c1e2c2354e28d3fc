/* F14: a node that stands still for longer than its lease, or dies, while another goes on. SEED= repeats a run. */
#include "fault/nodes.h"
#include "fault/options.h"

static void a_holder_that_stops_or_dies_is_replaced_and_says_nothing_twice(void **state)
{
    struct nodes_result r;

    (void)state;
    nodes_campaign(&(struct nodes_plan){ .seed = option_seed(), .stops = 4, .kills = 4 }, &r);
    nodes_hold(&r);
    assert_true(r.lost_leases > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_holder_that_stops_or_dies_is_replaced_and_says_nothing_twice, options_forget),
    };

    option_only();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
