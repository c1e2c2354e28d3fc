/* F4: the power fails under load. What was acknowledged had been forced to the disk. SEED= and KILLS= as in fault_kill. */
#include "fault/kill.h"
#include "fault/options.h"

static void no_power_failure_takes_what_was_acknowledged(void **state)
{
    struct kill_result r;

    (void)state;
    kill_campaign(&(struct kill_plan){ .seed = option_seed(), .kills = option_kills(60), .points = true, .power = true }, &r);
    verdict_holds(&r.verdict);
    platform_holds(&r.platform);
    assert_true(r.loss.blocks > 0);
    assert_true(r.loss.kept > 0);
}

static void a_commit_that_is_not_forced_to_the_disk_is_noticed(void **state)
{
    struct kill_result r;

    (void)state;
    kill_campaign(
        &(struct kill_plan){ .seed = option_seed(), .kills = option_kills(10), .points = true, .power = true, .mutant = "no_sync" }, &r);
    assert_true(r.verdict.lost > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_teardown(no_power_failure_takes_what_was_acknowledged, options_forget),
                                        cmocka_unit_test_teardown(a_commit_that_is_not_forced_to_the_disk_is_noticed, options_forget) };

    option_only();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
