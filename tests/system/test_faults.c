/* Short runs of the campaigns of tests/fault: `make fault` runs them at length, and against mutants. */
#include "fault/kill.h"

#include <stdlib.h>

static uint64_t seed_of(void)
{
    const char *given = getenv("SEED");

    return given ? strtoull(given, NULL, 10) : (uint64_t)now_wall_ms();
}

static void five_kills_lose_nothing(void **state)
{
    struct kill_result r;

    (void)state;
    kill_campaign(&(struct kill_plan){ .seed = seed_of(), .kills = 5 }, &r);
    verdict_holds(&r.verdict);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(five_kills_lose_nothing) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
