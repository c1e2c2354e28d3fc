/* F2: kill -9 of Redis, FLUSHALL, and a Redis that comes back with an old dump, under load.
 * SEED= repeats a run, KILLS= makes it longer. */
#include "fault/redis.h"

#include <stdlib.h>

static uint64_t seed_of(void)
{
    const char *given = getenv("SEED");

    return given ? strtoull(given, NULL, 10) : (uint64_t)now_wall_ms();
}

static int rounds_of(int usual)
{
    const char *given = getenv("KILLS");

    return given ? atoi(given) : usual;
}

static void a_private_redis_that_dies_takes_nothing_along(void **state)
{
    struct redis_result r;

    (void)state;
    redis_campaign(&(struct redis_plan){ .seed = seed_of(), .rounds = rounds_of(15), .own = true }, &r);
    redis_holds(&r);
}

static void a_redis_that_dies_or_is_emptied_takes_nothing_along(void **state)
{
    struct redis_result r;

    (void)state;
    redis_campaign(&(struct redis_plan){ .seed = seed_of(), .rounds = rounds_of(75) }, &r);
    redis_holds(&r);
}

static void a_live_layer_that_is_not_rebuilt_is_noticed(void **state)
{
    struct redis_result r;

    (void)state;
    redis_campaign(&(struct redis_plan){ .seed = seed_of(), .rounds = rounds_of(5), .own = true, .mutant = "one_rebuild" }, &r);
    assert_true(r.unrouted > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_private_redis_that_dies_takes_nothing_along),
                                        cmocka_unit_test(a_redis_that_dies_or_is_emptied_takes_nothing_along),
                                        cmocka_unit_test(a_live_layer_that_is_not_rebuilt_is_noticed) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
