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

static void no_kill_loses_doubles_or_reorders_what_was_acknowledged(void **state)
{
    struct kill_result r;

    (void)state;
    kill_campaign(&(struct kill_plan){ .seed = seed_of(), .kills = kills_of(200), .points = true, .mutant = getenv("MUTANT") }, &r);
    verdict_holds(&r.verdict);
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
    const struct CMUnitTest tests[] = { cmocka_unit_test(no_kill_loses_doubles_or_reorders_what_was_acknowledged),
                                        cmocka_unit_test(an_ack_before_the_commit_is_noticed),
                                        cmocka_unit_test(a_key_that_is_not_looked_up_is_noticed) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
