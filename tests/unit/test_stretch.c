#include "tests/unit/unit.h"

#include "core/stretch.h"

#define T0 5000

/* One sign after the other, and then it is said. */
struct sign {
    int64_t at;
    bool on;
};

static int64_t typed(const struct sign *signs, size_t n, int64_t said)
{
    struct stretch s = { .any = false };

    for (size_t i = 0; i < n; i++)
        stretch_sign(&s, signs[i].on, T0 + signs[i].at);
    return stretch_ms(&s, T0 + said);
}

#define TYPED(said, ...) \
    typed((const struct sign[]){ __VA_ARGS__ }, sizeof((const struct sign[]){ __VA_ARGS__ }) / sizeof(struct sign), said)

static void it_lasts_from_the_first_sign_to_what_is_said(void **state)
{
    const struct stretch none = { .any = false };

    (void)state;
    assert_int_equal(stretch_ms(&none, T0), 0);
    assert_int_equal(TYPED(1500, { 0, true }), 1500);
    assert_int_equal(TYPED(7200, { 0, true }, { 3000, true }, { 6000, true }), 7200);
}

static void a_pause_ends_it_and_the_next_sign_begins_anew(void **state)
{
    (void)state;
    assert_int_equal(TYPED(STRETCH_PAUSE_MS, { 0, true }), STRETCH_PAUSE_MS);
    assert_int_equal(TYPED(STRETCH_PAUSE_MS + 1, { 0, true }), 0);
    assert_int_equal(TYPED(9000, { 0, true }, { STRETCH_PAUSE_MS, true }), 9000);
    assert_int_equal(TYPED(9001, { 0, true }, { STRETCH_PAUSE_MS + 1, true }), 1000);
}

/* Pages that say so before they send it, and those that have been silent since. */
static void the_sign_that_it_is_over_ends_it_unless_it_is_said_at_once(void **state)
{
    (void)state;
    assert_int_equal(TYPED(4010, { 0, true }, { 3000, true }, { 4000, false }), 4000);
    assert_int_equal(TYPED(4000 + STRETCH_END_MS, { 0, true }, { 4000, false }), 4000);
    assert_int_equal(TYPED(4001 + STRETCH_END_MS, { 0, true }, { 4000, false }), 0);
    assert_int_equal(TYPED(4500, { 0, true }, { 4000, false }, { 4200, false }), 4000);
    assert_int_equal(TYPED(5000, { 0, true }, { 4000, false }, { 4500, true }), 500);
    assert_int_equal(TYPED(100, { 0, false }), 0);
}

static void nobody_types_for_longer_than_the_bound_and_no_clock_makes_it_less_than_nothing(void **state)
{
    struct stretch s = { .any = false };
    int64_t at = 0;

    (void)state;
    for (; at <= STRETCH_MAX_MS; at += 3000)
        stretch_sign(&s, true, T0 + at);
    assert_int_equal(stretch_ms(&s, T0 + at), STRETCH_MAX_MS);
    assert_int_equal(TYPED(-1000, { 0, true }), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_lasts_from_the_first_sign_to_what_is_said),
        cmocka_unit_test(a_pause_ends_it_and_the_next_sign_begins_anew),
        cmocka_unit_test(the_sign_that_it_is_over_ends_it_unless_it_is_said_at_once),
        cmocka_unit_test(nobody_types_for_longer_than_the_bound_and_no_clock_makes_it_less_than_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
