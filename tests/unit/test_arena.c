#include "tests/unit/unit.h"

#include "core/arena.h"

#include <stdalign.h>

static void everything_is_zeroed_and_aligned(void **state)
{
    struct arena *a = arena_new(0);

    (void)state;
    for (size_t n = 0; n < 5000; n = n * 2 + 1) {
        char *p = arena_alloc(a, n);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xaa, n); /* what comes after must not see it */
    }
    arena_free(a);
}

static void allocations_never_overlap(void **state)
{
    struct arena *a = arena_new(0);
    unsigned char *p[300];
    size_t n[300];

    (void)state;
    for (size_t i = 0; i < COUNT(p); i++) {
        n[i] = i * 37 % 1999 + 1;
        p[i] = arena_alloc(a, n[i]);
        memset(p[i], (int)(i & 0xff), n[i]);
    }
    for (size_t i = 0; i < COUNT(p); i++)
        for (size_t k = 0; k < n[i]; k++)
            assert_int_equal(p[i][k], i & 0xff);
    arena_free(a);
}

static void the_bound_holds_for_the_sum_of_all(void **state)
{
    struct arena *a = arena_new(100);

    (void)state;
    assert_non_null(arena_alloc(a, 48));
    assert_non_null(arena_alloc(a, 48));
    assert_null(arena_alloc(a, 16));
    assert_null(arena_text(a, SLICE("four and more bytes")));
    assert_null(arena_copy(a, SLICE("four and more bytes")).p);
    assert_null(arena_printf(a, "%20d", 7));
    arena_free(a);
}

static void a_product_that_overflows_is_refused(void **state)
{
    struct arena *a = arena_new(0);

    (void)state;
    assert_null(arena_array(a, SIZE_MAX / 2, 3));
    assert_null(arena_alloc(a, SIZE_MAX));
    assert_non_null(arena_array(a, 0, 8));
    assert_non_null(arena_array(a, 8, 0));
    arena_free(a);
}

static void texts_are_copied_and_terminated(void **state)
{
    struct arena *a = arena_new(0);
    char source[] = "abcdef";
    const char *text = arena_text(a, (struct slice){ source, 3 });
    struct slice copy = arena_copy(a, (struct slice){ source, 6 });

    (void)state;
    source[0] = 'x';
    assert_string_equal(text, "abc");
    assert_string_equal(copy.p, "abcdef");
    assert_int_equal(copy.n, 6);
    assert_string_equal(arena_text(a, (struct slice){ NULL, 0 }), "");
    assert_string_equal(arena_printf(a, "%s-%d", "n", 7), "n-7");
    arena_free(a);
    arena_free(NULL);
}

static void an_array_grows_and_keeps_what_it_holds(void **state)
{
    struct arena *a = arena_new(0), *small = arena_new(64);
    uint64_t *all = NULL, *none = NULL;
    size_t moved = 0;

    (void)state;
    for (uint64_t n = 0; n < 1000; n++) {
        uint64_t *more = arena_more(a, all, n, sizeof(*all));

        assert_non_null(more);
        moved += more != all;
        all = more;
        all[n] = n * 7;
    }
    for (uint64_t n = 0; n < 1000; n++)
        assert_int_equal(all[n], n * 7);
    assert_true(moved <= 10);
    for (size_t n = 0; (none = arena_more(small, none, n, sizeof(*none))); n++)
        assert_true(n < 8);
    arena_free(small);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_zeroed_and_aligned),   cmocka_unit_test(allocations_never_overlap),
        cmocka_unit_test(the_bound_holds_for_the_sum_of_all), cmocka_unit_test(a_product_that_overflows_is_refused),
        cmocka_unit_test(texts_are_copied_and_terminated),    cmocka_unit_test(an_array_grows_and_keeps_what_it_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
