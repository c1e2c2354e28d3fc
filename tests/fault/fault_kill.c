/* F1: kill -9 of kefud under load. What was acknowledged is there, once, in order, and everybody ends up with it.
 * SEED= and KILLS= repeat a run or make it longer. */
#include "fault/kill.h"
#include "fault/options.h"

static void no_kill_loses_doubles_or_reorders_what_was_acknowledged(void **state)
{
    struct kill_result r;

    (void)state;
    kill_campaign(&(struct kill_plan){ .seed = option_seed(), .kills = option_kills(200), .points = true, .mutant = option_mutant() }, &r);
    verdict_holds(&r.verdict);
    platform_holds(&r.platform);
    assert_true(r.verdict.acked > 10 * option_kills(200));
    assert_true(r.verdict.repeated > 0);
}

static void an_ack_before_the_commit_is_noticed(void **state)
{
    struct kill_result r;

    (void)state;
    kill_campaign(&(struct kill_plan){ .seed = option_seed(), .kills = option_kills(40), .points = true, .mutant = "ack_before_commit" },
                  &r);
    assert_true(r.verdict.lost > 0);
}

static void a_key_that_is_not_looked_up_is_noticed(void **state)
{
    struct kill_result r;

    (void)state;
    kill_campaign(&(struct kill_plan){ .seed = option_seed(), .kills = option_kills(40), .points = true, .mutant = "no_dedupe" }, &r);
    assert_true(r.verdict.duplicated > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_teardown(no_kill_loses_doubles_or_reorders_what_was_acknowledged, options_forget),
                                        cmocka_unit_test_teardown(an_ack_before_the_commit_is_noticed, options_forget),
                                        cmocka_unit_test_teardown(a_key_that_is_not_looked_up_is_noticed, options_forget) };

    option_only();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
