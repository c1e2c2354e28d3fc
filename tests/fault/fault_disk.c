/* F5: a full disk under load. Sends are put off, nothing is acknowledged that is not stored, and it heals by itself. */
#include "fault/disk.h"
#include "fault/options.h"

#define HEALED_MS 5000

static void a_full_disk_puts_everything_off_and_takes_nothing(void **state)
{
    struct disk_result r;

    (void)state;
    if (!disk_campaign(&(struct disk_plan){ .seed = option_seed(), .rounds = option_kills(5) }, &r)) {
        print_message("skipped: mounting a file system of one's own is not permitted here\n");
        skip();
    }
    verdict_holds(&r.verdict);
    platform_holds(&r.platform);
    assert_int_equal(r.verdict.breaks, 0);
    assert_true(r.hooks_refused > 0);
    assert_int_equal(r.not_ready, option_kills(5));
    assert_in_range(r.healed_max_ms, 0, HEALED_MS);
    assert_in_range(r.ready_max_ms, 0, HEALED_MS);
}

static int release(void **state)
{
    disk_release();
    return options_forget(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_full_disk_puts_everything_off_and_takes_nothing, release),
    };

    option_only();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
