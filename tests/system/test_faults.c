/* Short runs of the campaigns of tests/fault: `make fault` runs them at length, at fault points too, and against mutants. */
#include "fault/failing.h"
#include "fault/hooks.h"
#include "fault/kill.h"
#include "fault/options.h"
#include "fault/redis.h"
#include "fault/rush.h"

static void five_kills_lose_nothing(void **state)
{
    struct kill_result r;

    (void)state;
    kill_campaign(&(struct kill_plan){ .seed = option_seed(), .kills = 5 }, &r);
    verdict_holds(&r.verdict);
    platform_holds(&r.platform);
}

static void a_private_redis_that_dies_takes_nothing_along(void **state)
{
    struct redis_result r;

    (void)state;
    redis_campaign(&(struct redis_plan){ .seed = option_seed(), .rounds = 2, .own = true }, &r);
    redis_holds(&r);
}

static void a_redis_that_dies_or_is_emptied_takes_nothing_along(void **state)
{
    struct redis_result r;

    (void)state;
    redis_campaign(&(struct redis_plan){ .seed = option_seed(), .rounds = 5 }, &r);
    redis_holds(&r);
}

static void repeated_webhooks_at_two_nodes_are_one_message_each(void **state)
{
    struct hooks_result r;

    (void)state;
    hooks_campaign(&(struct hooks_plan){ .seed = option_seed(), .talks = 10, .events = 300, .span_ms = 2000 }, &r);
    hooks_hold(&r, 300);
}

static void a_crowd_at_two_nodes_loses_nothing_when_one_is_killed(void **state)
{
    const struct rush_plan plan = { .seed = option_seed(), .visitors = 40, .agents = 8, .messages = 1500, .think_ms = 200 };
    struct rush_result r;

    (void)state;
    rush_campaign(&plan, &r);
    rush_holds(&r, &plan);
}

static void errors_of_the_disk_lose_nothing(void **state)
{
    const struct failing_plan plan = { .seed = option_seed(), .faults = 12 };
    struct failing_result r;

    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    skip(); /* the sanitizer wants to be preloaded alone */
#endif
    failing_campaign(&plan, &r);
    failing_holds(&plan, &r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(five_kills_lose_nothing, options_forget),
        cmocka_unit_test_teardown(a_private_redis_that_dies_takes_nothing_along, options_forget),
        cmocka_unit_test_teardown(a_redis_that_dies_or_is_emptied_takes_nothing_along, options_forget),
        cmocka_unit_test_teardown(repeated_webhooks_at_two_nodes_are_one_message_each, options_forget),
        cmocka_unit_test_teardown(errors_of_the_disk_lose_nothing, options_forget),
        cmocka_unit_test_teardown(a_crowd_at_two_nodes_loses_nothing_when_one_is_killed, options_forget),
    };

    option_only();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
