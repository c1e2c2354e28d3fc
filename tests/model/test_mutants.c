/* A test that cannot fail proves nothing: each mutant must be caught by the runs of test_model.c. Needs a build that has them. */
#include "core/mutant.h"
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#ifndef KEFUD_FAULT
#error "this build has no mutants: MODE=fault"
#endif
#define SEEDS 20

static void caught_by_random_runs(const char *name)
{
    char words[300] = "";

    mutant_set(name);
    for (uint64_t seed = 1; seed <= SEEDS && !*words; seed++)
        (void)scenario_random(&(struct scenario){ .seed = seed, .nodes = 2, .steps = 600 }, words);
    mutant_set(NULL);
    if (!*words)
        fail_msg("the mutant %s has survived %d seeds", name, SEEDS);
}

static void a_reservation_in_two_calls_is_caught(void **state)
{
    char words[300];

    (void)state;
    mutant_set("nonatomic_reserve");
    scenario_stale_holder(3, words);
    mutant_set(NULL);
    assert_string_not_equal(words, "");
}

static void a_commit_without_epoch_is_caught(void **state)
{
    (void)state;
    caught_by_random_runs("no_epoch");
}

static void a_requeue_with_a_new_arrival_is_caught(void **state)
{
    (void)state;
    caught_by_random_runs("requeue_arrival");
}

static void a_router_that_ignores_skills_is_caught(void **state)
{
    (void)state;
    caught_by_random_runs("ignore_skills");
}

static void a_router_that_ignores_proficiency_is_caught(void **state)
{
    (void)state;
    caught_by_random_runs("ignore_proficiency");
}

static void a_router_that_ignores_load_is_caught(void **state)
{
    (void)state;
    caught_by_random_runs("ignore_load");
}

static void a_line_that_serves_the_newest_first_is_caught(void **state)
{
    (void)state;
    caught_by_random_runs("newest_first");
}

static void a_wait_without_limit_is_caught(void **state)
{
    (void)state;
    caught_by_random_runs("no_limit");
}

static void an_agent_who_is_gone_and_waited_for_is_caught(void **state)
{
    (void)state;
    caught_by_random_runs("no_grace");
}

static void what_a_rule_says_twice_is_caught(void **state)
{
    (void)state;
    caught_by_random_runs("rules_twice");
}

static void a_redis_that_is_not_rebuilt_is_caught(void **state)
{
    (void)state;
    caught_by_random_runs("one_rebuild");
}

static void no_trigger_on_a_freed_place_is_caught(void **state)
{
    char words[300];

    (void)state;
    mutant_set("no_trigger");
    scenario_free_place(7, words);
    mutant_set(NULL);
    assert_string_not_equal(words, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(no_trigger_on_a_freed_place_is_caught),
                                        cmocka_unit_test(a_requeue_with_a_new_arrival_is_caught),
                                        cmocka_unit_test(a_commit_without_epoch_is_caught),
                                        cmocka_unit_test(a_router_that_ignores_skills_is_caught),
                                        cmocka_unit_test(a_router_that_ignores_proficiency_is_caught),
                                        cmocka_unit_test(a_router_that_ignores_load_is_caught),
                                        cmocka_unit_test(a_line_that_serves_the_newest_first_is_caught),
                                        cmocka_unit_test(a_wait_without_limit_is_caught),
                                        cmocka_unit_test(an_agent_who_is_gone_and_waited_for_is_caught),
                                        cmocka_unit_test(what_a_rule_says_twice_is_caught),
                                        cmocka_unit_test(a_redis_that_is_not_rebuilt_is_caught),
                                        cmocka_unit_test(a_reservation_in_two_calls_is_caught) };

    cmocka_set_test_filter(getenv("ONLY"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
