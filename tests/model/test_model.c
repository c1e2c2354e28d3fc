/* The promises P2, P3, P5 and P7 over random runs of several nodes under a virtual clock. STEPS and SEED change how much and what
 * (STEPS=1000000 takes hours); a seed that fails becomes a row of `seeds`. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the four above first */
#include <cmocka.h>

static const uint64_t seeds[] = { 1, 2, 3 };

static int steps(void)
{
    const char *s = getenv("STEPS");

    return s ? atoi(s) : 400;
}

static void run(uint64_t seed, int nodes)
{
    char words[300];

    scenario_random(seed, nodes, steps(), words);
    if (*words)
        fail_msg("seed %llu, %d nodes: %s", (unsigned long long)seed, nodes, words);
}

static void run_all(int nodes)
{
    const char *given = getenv("SEED");

    if (given) {
        run(strtoull(given, NULL, 10), nodes);
        return;
    }
    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
        run(seeds[i], nodes);
}

static void one_node_keeps_its_promises(void **state)
{
    (void)state;
    run_all(1);
}

static void two_nodes_keep_their_promises(void **state)
{
    (void)state;
    run_all(2);
}

static void three_nodes_keep_their_promises(void **state)
{
    (void)state;
    run_all(3);
}

static void a_free_place_takes_who_waits_at_once(void **state)
{
    char words[300];

    (void)state;
    scenario_free_place(7, words);
    assert_string_equal(words, "");
}

static void a_holder_that_overslept_overfills_nobody(void **state)
{
    char words[300];

    (void)state;
    scenario_stale_holder(3, words);
    assert_string_equal(words, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_free_place_takes_who_waits_at_once),
                                        cmocka_unit_test(a_holder_that_overslept_overfills_nobody),
                                        cmocka_unit_test(one_node_keeps_its_promises), cmocka_unit_test(two_nodes_keep_their_promises),
                                        cmocka_unit_test(three_nodes_keep_their_promises) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
