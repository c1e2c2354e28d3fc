/* F4: the power fails under load. What was acknowledged had been forced to the disk. SEED= and KILLS= as in fault_kill. */
#include "fault/kill.h"

#include <stdlib.h>

static uint64_t seed_of(void)
{
    const char *given = getenv("SEED");

    return given ? strtoull(given, NULL, 10) : (uint64_t)now_wall_ms();
}

static int kills_of(int usual)
{
    const char *given = getenv("KILLS");

    return given ? atoi(given) : usual;
}

/* A test that has failed may have left them. */
static int forget(void **state)
{
    (void)state;
    (void)unsetenv("KEFUD_MUTANT");
    (void)unsetenv("KEFUD_FAULT");
    power_off();
    return 0;
}

static void no_power_failure_takes_what_was_acknowledged(void **state)
{
    struct kill_result r;

    (void)state;
    kill_campaign(&(struct kill_plan){ .seed = seed_of(), .kills = kills_of(60), .points = true, .power = true }, &r);
    verdict_holds(&r.verdict);
    platform_holds(&r.platform);
    assert_true(r.loss.blocks > 0);
    assert_true(r.loss.kept > 0);
}

static void a_commit_that_is_not_forced_to_the_disk_is_noticed(void **state)
{
    struct kill_result r;

    (void)state;
    kill_campaign(&(struct kill_plan){ .seed = seed_of(), .kills = kills_of(10), .points = true, .power = true, .mutant = "no_sync" }, &r);
    assert_true(r.verdict.lost > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_teardown(no_power_failure_takes_what_was_acknowledged, forget),
                                        cmocka_unit_test_teardown(a_commit_that_is_not_forced_to_the_disk_is_noticed, forget) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
