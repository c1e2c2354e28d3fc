/* F16: webhooks that come twice, late, shuffled, at two nodes at once. SEED= repeats a run. */
#include "fault/hooks.h"

#include <stdlib.h>

static uint64_t seed_of(void)
{
    const char *given = getenv("SEED");

    return given ? strtoull(given, NULL, 10) : (uint64_t)now_wall_ms();
}

static void repeated_webhooks_at_two_nodes_are_one_message_each(void **state)
{
    struct hooks_result r;

    (void)state;
    hooks_campaign(&(struct hooks_plan){ .seed = seed_of(), .talks = 40, .events = 3000, .span_ms = 20000 }, &r);
    hooks_hold(&r, 3000);
    assert_int_equal(r.late, 0);
}

static void nodes_that_die_meanwhile_make_no_difference(void **state)
{
    struct hooks_result r;

    (void)state;
    hooks_campaign(&(struct hooks_plan){ .seed = seed_of(), .talks = 40, .events = 3000, .span_ms = 20000, .kills = 10 }, &r);
    hooks_hold(&r, 3000);
    assert_true(r.broken > 0);
}

static void a_key_that_is_not_looked_up_is_noticed(void **state)
{
    struct hooks_result r;

    (void)state;
    hooks_campaign(&(struct hooks_plan){ .seed = seed_of(), .talks = 20, .events = 300, .span_ms = 3000, .mutant = "no_dedupe" }, &r);
    assert_true(r.duplicated > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(repeated_webhooks_at_two_nodes_are_one_message_each),
                                        cmocka_unit_test(nodes_that_die_meanwhile_make_no_difference),
                                        cmocka_unit_test(a_key_that_is_not_looked_up_is_noticed) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
