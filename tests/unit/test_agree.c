#include "tests/unit/unit.h"

#include "core/agree.h"

#define NA AGREE_NONE

static void near(double is, double want)
{
    if (is < want - 0.00006 || is > want + 0.00006)
        fail_msg("%f, not %f", is, want);
}

/* Two reviewers on 20 talks: both pass 12, only the first 3, only the second 1, neither 4. */
static void kappa_of_a_table_worked_by_hand(void **state)
{
    static const int table[] = { 12, 3, 1, 4 }, same[] = { 5, 0, 0, 5 }, chance[] = { 4, 4, 4, 4 }, none[] = { 0, 0, 0, 0 },
                     one[] = { 9, 0, 0, 0 };
    double ret;

    (void)state;
    assert_true(agree_kappa(table, 2, &ret)); /* (16 - 11.5) / (20 - 11.5) */
    near(ret, 0.5294);
    assert_true(agree_kappa(same, 2, &ret));
    near(ret, 1);
    assert_true(agree_kappa(chance, 2, &ret));
    near(ret, 0);
    assert_false(agree_kappa(none, 2, &ret));
    assert_false(agree_kappa(one, 2, &ret));
}

static void alpha_of_the_same_table(void **state)
{
    static const struct {
        int n;
        double a, b;
    } rows[] = { { 12, 1, 1 }, { 3, 1, 0 }, { 1, 0, 1 }, { 4, 0, 0 } };
    double ratings[40], ret;
    size_t u = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int k = 0; k < rows[i].n; k++, u++) {
            ratings[2 * u] = rows[i].a;
            ratings[2 * u + 1] = rows[i].b;
        }
    assert_true(agree_alpha(ratings, 20, 2, AGREE_NOMINAL, &ret));
    near(ret, 0.5357);
}

/* Krippendorff's published example: three coders, fifteen units, much of it missing. */
static void alpha_of_the_published_example(void **state)
{
    static const double r[15 * 3] = { NA, 1, NA, NA, NA, NA, NA, 2, 2,  NA, 1, 1,  NA, 3, 3,  3, 3,  4,  4,  4, 4,  1, 3,
                                      NA, 2, NA, 2,  1,  NA, 1,  1, NA, 1,  3, NA, 3,  3, NA, 3, NA, NA, NA, 3, NA, 4 };
    double ret;

    (void)state;
    assert_true(agree_alpha(r, 15, 3, AGREE_NOMINAL, &ret));
    assert_true(ret > 0.6905 && ret < 0.6915);
    assert_true(agree_alpha(r, 15, 3, AGREE_INTERVAL, &ret));
    assert_true(ret > 0.8105 && ret < 0.8115);
}

static void alpha_is_not_defined_without_pairs_or_differences(void **state)
{
    static const double single[] = { 1, NA, NA, 2 }, same[] = { 1, 1, 1, 1 };
    double ret;

    (void)state;
    assert_false(agree_alpha(single, 2, 2, AGREE_NOMINAL, &ret));
    assert_false(agree_alpha(same, 2, 2, AGREE_INTERVAL, &ret));
    assert_false(agree_alpha(same, 0, 2, AGREE_INTERVAL, &ret));
}

/* First talk: 90, 80, 70. Second: 60, 80, not rated. The first reviewer: (+15 and -20) / 2. */
static void severity_is_the_distance_from_the_others(void **state)
{
    static const double r[] = { 90, 80, 70, 60, 80, NA };
    double ret;

    (void)state;
    assert_true(agree_severity(r, 2, 3, 0, &ret));
    near(ret, -2.5);
    assert_true(agree_severity(r, 2, 3, 1, &ret));
    near(ret, 10);
    assert_true(agree_severity(r, 2, 3, 2, &ret));
    near(ret, -15);
    assert_false(agree_severity(r + 3, 1, 3, 2, &ret));
}

static void a_spread_needs_two(void **state)
{
    static const double two[] = { NA, 88, 92, NA }, one[] = { NA, 88, NA, NA };
    double ret;

    (void)state;
    assert_true(agree_spread(two, 4, &ret));
    near(ret, 4);
    assert_false(agree_spread(one, 4, &ret));
    near(ret, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kappa_of_a_table_worked_by_hand),          cmocka_unit_test(alpha_of_the_same_table),
        cmocka_unit_test(alpha_of_the_published_example),           cmocka_unit_test(alpha_is_not_defined_without_pairs_or_differences),
        cmocka_unit_test(severity_is_the_distance_from_the_others), cmocka_unit_test(a_spread_needs_two)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
