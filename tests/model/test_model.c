/* The promises P2, P3, P5 and P7 over random runs of several nodes under a virtual clock. STEPS and SEED change how much and what, NODES, FROM and
 * WITHOUT leave things out: a failure is shrunk for SHRINK_S seconds, and prints what is left of it in these words. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the four above first */
#include <cmocka.h>

static const uint64_t seeds[] = { 1, 2, 3 };

static int number_given(const char *name, int usual)
{
    const char *s = getenv(name);

    return s ? atoi(s) : usual;
}

/* "dies,says" as bits. */
static uint64_t without(void)
{
    const char *names = getenv("WITHOUT");
    uint64_t ret = 0;
    char list[1024], *save, *name;

    if (!names)
        return 0;
    (void)snprintf(list, sizeof(list), "%s", names);
    for (name = strtok_r(list, ",", &save); name; name = strtok_r(NULL, ",", &save))
        for (size_t k = 0; k < scenario_kinds(); k++)
            if (strcmp(scenario_kind(k), name) == 0)
                ret |= (uint64_t)1 << k;
    return ret;
}

static void run(uint64_t seed, int nodes)
{
    struct scenario s = { .seed = seed,
                          .nodes = nodes,
                          .steps = number_given("STEPS", 400),
                          .from = number_given("FROM", 0),
                          .without = without(),
                          .aloud = true };
    char words[300];
    int at = scenario_random(&s, words);

    if (!*words)
        return;
    (void)printf("  seed %llu, %d nodes, step %d: %s\n", (unsigned long long)seed, nodes, at, words);
    s.steps = at;
    scenario_shrink(&s, 1000 * number_given("SHRINK_S", 120));
    fail_msg("seed %llu, %d nodes, step %d: %s", (unsigned long long)seed, nodes, at, words);
}

static void run_all(int nodes)
{
    const char *given = getenv("SEED");

    if (number_given("NODES", nodes) != nodes)
        return;
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
