#include "tests/unit/unit.h"

#include "core/bucket.h"

static void gives_the_burst_then_the_rate_to_the_millisecond(void **state)
{
    struct bucket b;
    int64_t retry = -1;

    (void)state;
    bucket_init(&b, 3, 1000);
    for (int i = 0; i < 3; i++) {
        assert_true(bucket_take(&b, 3, 2, 1000, &retry));
        assert_int_equal(retry, 0);
    }
    assert_false(bucket_take(&b, 3, 2, 1000, &retry));
    assert_int_equal(retry, 500);
    assert_false(bucket_take(&b, 3, 2, 1499, &retry));
    assert_int_equal(retry, 1);
    assert_true(bucket_take(&b, 3, 2, 1500, &retry));
    assert_false(bucket_take(&b, 3, 2, 1500, NULL));
}

static void a_rate_that_does_not_divide_a_second_loses_nothing(void **state)
{
    struct bucket b;
    int taken = 0;

    (void)state;
    bucket_init(&b, 1, 0);
    for (int64_t now = 0; now < 10000; now++)
        taken += bucket_take(&b, 1, 3, now, NULL);
    assert_int_equal(taken, 30);
}

static void never_holds_more_than_the_burst(void **state)
{
    struct bucket b;
    int taken = 0;

    (void)state;
    bucket_init(&b, 5, 0);
    while (bucket_take(&b, 5, 1000, INT64_MAX / 2, NULL))
        taken++;
    assert_int_equal(taken, 5);
    while (bucket_take(&b, 2, 1000, INT64_MAX / 2 + 3600000, NULL)) /* the setting was lowered */
        taken++;
    assert_int_equal(taken, 7);
}

static void a_clock_that_goes_backwards_gives_nothing_and_takes_nothing(void **state)
{
    struct bucket b;
    int64_t retry;

    (void)state;
    bucket_init(&b, 1, 100000);
    assert_true(bucket_take(&b, 1, 1, 100000, NULL));
    assert_false(bucket_take(&b, 1, 1, 50000, &retry));
    assert_int_equal(retry, 1000);
    assert_false(bucket_take(&b, 1, 1, 50999, NULL));
    assert_true(bucket_take(&b, 1, 1, 51000, NULL));
}

static void without_a_rate_nothing_comes_back(void **state)
{
    struct bucket b;
    int64_t retry;

    (void)state;
    bucket_init(&b, 1, 0);
    assert_true(bucket_take(&b, 1, 0, 0, NULL));
    assert_false(bucket_take(&b, 1, 0, 1000000, &retry));
    assert_true(retry == INT64_MAX);
}

static void a_rate_below_one_a_second_is_kept_to_the_millisecond(void **state)
{
    struct bucket b;
    int64_t retry;
    int taken = 0;

    (void)state;
    bucket_init(&b, 30, 0);
    for (int i = 0; i < 30; i++)
        assert_true(bucket_take_in(&b, 30, 30, 60000, 0, NULL));
    assert_false(bucket_take_in(&b, 30, 30, 60000, 0, &retry));
    assert_int_equal(retry, 2000);
    assert_false(bucket_take_in(&b, 30, 30, 60000, 1999, &retry));
    assert_int_equal(retry, 1);
    assert_true(bucket_take_in(&b, 30, 30, 60000, 2000, NULL));
    for (int64_t now = 2001; now <= 602000; now += 7) /* seven a minute, looked at all the time */
        taken += bucket_take_in(&b, 1, 7, 60000, now, NULL);
    assert_int_equal(taken, 69);
}

static void what_was_taken_for_nothing_is_put_back_and_never_more_than_the_burst(void **state)
{
    struct bucket b;
    int taken = 0;

    (void)state;
    bucket_init(&b, 2, 0);
    assert_true(bucket_take(&b, 2, 1, 0, NULL));
    assert_true(bucket_take(&b, 2, 1, 0, NULL));
    assert_false(bucket_take(&b, 2, 1, 0, NULL));
    bucket_give(&b);
    assert_true(bucket_take(&b, 2, 1, 0, NULL));
    for (int i = 0; i < 9; i++)
        bucket_give(&b);
    while (bucket_take(&b, 2, 1, 0, NULL))
        taken++;
    assert_int_equal(taken, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_burst_then_the_rate_to_the_millisecond),
        cmocka_unit_test(a_rate_that_does_not_divide_a_second_loses_nothing),
        cmocka_unit_test(never_holds_more_than_the_burst),
        cmocka_unit_test(a_clock_that_goes_backwards_gives_nothing_and_takes_nothing),
        cmocka_unit_test(a_rate_below_one_a_second_is_kept_to_the_millisecond),
        cmocka_unit_test(without_a_rate_nothing_comes_back),
        cmocka_unit_test(what_was_taken_for_nothing_is_put_back_and_never_more_than_the_burst),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
