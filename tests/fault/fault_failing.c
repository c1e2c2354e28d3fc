/* F6: a call on a database fails: EIO, ENOSPC, a short write, an fsync(). F19: an allocation fails.
 * SEED= repeats a run, KILLS= makes it longer. F19 runs when MEMORY= is set: some libraries end the process where memory is out. */
#include "fault/failing.h"
#include "fault/options.h"

static void no_error_of_the_disk_loses_what_was_acknowledged(void **state)
{
    const struct failing_plan plan = { .seed = option_seed(), .faults = option_kills(100), .mutant = option_mutant() };
    struct failing_result r;

    (void)state;
    failing_campaign(&plan, &r);
    failing_holds(&plan, &r);
}

static void no_failed_allocation_ends_the_daemon(void **state)
{
    const struct failing_plan plan = { .seed = option_seed(), .faults = option_kills(400), .memory = true, .mutant = option_mutant() };
    struct failing_result r;

    (void)state;
    if (!getenv("MEMORY"))
        skip();
    failing_campaign(&plan, &r);
    failing_holds(&plan, &r);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_teardown(no_error_of_the_disk_loses_what_was_acknowledged, options_forget),
                                        cmocka_unit_test_teardown(no_failed_allocation_ends_the_daemon, options_forget) };

    option_only();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
