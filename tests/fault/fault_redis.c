/* F2: kill -9 of Redis, FLUSHALL, and a Redis that comes back with an old dump, under load.
 * SEED= repeats a run, KILLS= makes it longer. */
#include "fault/options.h"
#include "fault/redis.h"

static void a_private_redis_that_dies_takes_nothing_along(void **state)
{
    struct redis_result r;

    (void)state;
    redis_campaign(&(struct redis_plan){ .seed = option_seed(), .rounds = option_kills(15), .own = true }, &r);
    redis_holds(&r);
}

static void a_redis_that_dies_or_is_emptied_takes_nothing_along(void **state)
{
    struct redis_result r;

    (void)state;
    redis_campaign(&(struct redis_plan){ .seed = option_seed(), .rounds = option_kills(75) }, &r);
    redis_holds(&r);
}

/* Beyond what this machine makes a ping wait anyway. */
#define STALL_MS 100

static void a_redis_that_stands_still_stops_nobody(void **state)
{
    struct redis_result r;

    (void)state;
    redis_campaign(&(struct redis_plan){ .seed = option_seed(), .rounds = 2, .stop_ms = 10000 }, &r);
    redis_holds(&r);
    assert_true(r.acked_without > 0);
    assert_in_range(r.stall_ms, 0, r.stall_before_ms + STALL_MS);
}

static void a_live_layer_that_is_not_rebuilt_is_noticed(void **state)
{
    struct redis_result r;

    (void)state;
    redis_campaign(&(struct redis_plan){ .seed = option_seed(), .rounds = option_kills(5), .own = true, .mutant = "one_rebuild" }, &r);
    assert_true(r.unrouted > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_teardown(a_private_redis_that_dies_takes_nothing_along, options_forget),
                                        cmocka_unit_test_teardown(a_redis_that_dies_or_is_emptied_takes_nothing_along, options_forget),
                                        cmocka_unit_test_teardown(a_redis_that_stands_still_stops_nobody, options_forget),
                                        cmocka_unit_test_teardown(a_live_layer_that_is_not_rebuilt_is_noticed, options_forget) };

    option_only();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
