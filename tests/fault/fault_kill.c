/* F1: kill -9 of kefud under load. What was acknowledged is there, once, in order, and everybody ends up with it.
 * SEED= and KILLS= repeat a run or make it longer. */
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

/* A test that has failed may have left it. */
static int forget(void **state)
{
    (void)state;
    (void)unsetenv("KEFUD_MUTANT");
    (void)unsetenv("KEFUD_FAULT");
    return 0;
}

static void no_kill_loses_doubles_or_reorders_what_was_acknowledged(void **state)
{
    struct kill_result r;

    (void)state;
    kill_campaign(&(struct kill_plan){ .seed = seed_of(), .kills = kills_of(200), .points = true, .mutant = getenv("MUTANT") }, &r);
    verdict_holds(&r.verdict);
    platform_holds(&r.platform);
    assert_true(r.verdict.acked > 1000);
    assert_true(r.verdict.repeated > 0);
}

static void an_ack_before_the_commit_is_noticed(void **state)
{
    struct kill_result r;

    (void)state;
    kill_campaign(&(struct kill_plan){ .seed = seed_of(), .kills = kills_of(40), .points = true, .mutant = "ack_before_commit" }, &r);
    assert_true(r.verdict.lost > 0);
}

static void a_key_that_is_not_looked_up_is_noticed(void **state)
{
    struct kill_result r;

    (void)state;
    kill_campaign(&(struct kill_plan){ .seed = seed_of(), .kills = kills_of(40), .points = true, .mutant = "no_dedupe" }, &r);
    assert_true(r.verdict.duplicated > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_teardown(no_kill_loses_doubles_or_reorders_what_was_acknowledged, forget),
                                        cmocka_unit_test_teardown(an_ack_before_the_commit_is_noticed, forget),
                                        cmocka_unit_test_teardown(a_key_that_is_not_looked_up_is_noticed, forget) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
