/* When an errand that has not got through is tried again. */
#include "tests/unit/unit.h"

#include "core/errand.h"

#define HOUR 3600000LL
#define DAY  (24 * HOUR)

static void any_moment_up_to_a_bound_that_doubles(void **state)
{
    static const struct {
        int attempt;
        int64_t patience, longest;
    } rows[] = {
        { 0, 0, 1000 },       { 1, 0, 2000 },       { 9, 0, 512000 },      { 10, 0, HOUR / 4 },
        { 10, DAY, 1024000 }, { 13, DAY, 8192000 }, { 14, DAY, 4 * HOUR }, { 500, DAY, 4 * HOUR },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t longest = rows[i].longest;

        assert_int_equal(errand_again_ms(rows[i].attempt, 0, rows[i].patience, 0), 0);
        assert_int_equal(errand_again_ms(rows[i].attempt, 0, rows[i].patience, (uint32_t)longest), longest);
        assert_int_equal(errand_again_ms(rows[i].attempt, 0, rows[i].patience, (uint32_t)longest + 1), 0);
        assert_int_equal(errand_again_ms(rows[i].attempt, 0, rows[i].patience, (uint32_t)longest / 2), longest / 2);
    }
}

static void it_is_given_up_after_a_dozen_tries_or_when_patience_ends(void **state)
{
    static const struct {
        int attempt;
        int64_t age, patience;
        bool again;
    } rows[] = {
        { 10, 90 * DAY, 0, true },        { 11, 0, 0, false },           { 11, 0, 5 * DAY, true }, { 300, 5 * DAY - 1, 5 * DAY, true },
        { 300, 5 * DAY, 5 * DAY, false }, { 3, 6 * DAY, 5 * DAY, true }, /* it was held up by those before it */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(errand_again_ms(rows[i].attempt, rows[i].age, rows[i].patience, 7) >= 0, rows[i].again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_moment_up_to_a_bound_that_doubles),
        cmocka_unit_test(it_is_given_up_after_a_dozen_tries_or_when_patience_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
