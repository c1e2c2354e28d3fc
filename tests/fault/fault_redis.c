/* F2: kill -9 of Redis, FLUSHALL, and a Redis that comes back with an old dump, under load.
 * SEED= repeats a run, KILLS= makes it longer. */
#include "fault/redis.h"

#include <stdlib.h>

#define ROUTED_MS 3000

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

static void holds(const struct redis_result *r)
{
    verdict_holds(&r->verdict);
    assert_int_equal(r->changed_hands, 0);
    assert_int_equal(r->verdict.released, 0);
    assert_int_equal(r->verdict.breaks, 0);
    assert_int_equal(r->unrouted, 0);
    assert_true(r->acked_without > 0);
    assert_in_range(r->routed_max_ms, 0, ROUTED_MS);
}

static void a_private_redis_that_dies_takes_nothing_along(void **state)
{
    struct redis_result r;

    (void)state;
    redis_campaign(&(struct redis_plan){ .seed = seed_of(), .rounds = rounds_of(15), .own = true }, &r);
    holds(&r);
}

static void a_redis_that_dies_or_is_emptied_takes_nothing_along(void **state)
{
    struct redis_result r;

    (void)state;
    redis_campaign(&(struct redis_plan){ .seed = seed_of(), .rounds = rounds_of(75) }, &r);
    holds(&r);
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
