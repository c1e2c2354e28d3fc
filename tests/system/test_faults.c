/* Short runs of the campaigns of tests/fault: `make fault` runs them at length, at fault points too, and against mutants. */
#include "fault/hooks.h"
#include "fault/kill.h"
#include "fault/redis.h"

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
    platform_holds(&r.platform);
}

static void a_private_redis_that_dies_takes_nothing_along(void **state)
{
    struct redis_result r;

    (void)state;
    redis_campaign(&(struct redis_plan){ .seed = seed_of(), .rounds = 2, .own = true }, &r);
    redis_holds(&r);
}

static void a_redis_that_dies_or_is_emptied_takes_nothing_along(void **state)
{
    struct redis_result r;

    (void)state;
    redis_campaign(&(struct redis_plan){ .seed = seed_of(), .rounds = 5 }, &r);
    redis_holds(&r);
}

static void repeated_webhooks_at_two_nodes_are_one_message_each(void **state)
{
    struct hooks_result r;

    (void)state;
    hooks_campaign(&(struct hooks_plan){ .seed = seed_of(), .talks = 10, .events = 300, .span_ms = 2000 }, &r);
    hooks_hold(&r, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_kills_lose_nothing),
        cmocka_unit_test(a_private_redis_that_dies_takes_nothing_along),
        cmocka_unit_test(a_redis_that_dies_or_is_emptied_takes_nothing_along),
        cmocka_unit_test(repeated_webhooks_at_two_nodes_are_one_message_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
