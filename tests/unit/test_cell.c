#include "tests/unit/unit.h"

#include "core/cell.h"

static void what_begins_like_a_formula_is_made_text(void **state)
{
    static const struct {
        const char *text, *cell;
    } rows[] = {
        { "", "" },
        { "你好", "你好" },
        { "=1+1", "'=1+1" },
        { "+86 138", "'+86 138" },
        { "-1", "'-1" },
        { "@SUM(A1)", "'@SUM(A1)" },
        { "\t=1", "'\t=1" },
        { "\rx", "'\rx" },
        { "\nx", "'\nx" },
        { "＝cmd", "'＝cmd" },
        { "＋1", "'＋1" },
        { "－1", "'－1" },
        { "＠x", "'＠x" },
        { "﹣1", "'﹣1" },
        { "−1", "'−1" },
        { "  =1", "'  =1" },
        { "　=1", "'　=1" },
        { "\xe2\x80\x8b=1", "'\xe2\x80\x8b=1" }, /* no width */
        { "\xef\xbb\xbf=1", "'\xef\xbb\xbf=1" }, /* a mark of byte order */
        { "\x01=1", "'=1" },                     /* what is left out does not hide it */
        { "1=1", "1=1" },
        { "a\tb", "a\tb" },
        { "'=1", "'=1" },
        { "a\x01\x02z", "az" },
        { "   ", "   " },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b;

        buf_init(&b, 1000);
        cell_text(slice_of(rows[i].text), &b);
        row_string_equal(rows[i].text, buf_slice(&b).p, rows[i].cell);
        buf_finish(&b);
    }
}

static void a_field_is_quoted_where_it_needs_it(void **state)
{
    static const struct {
        const char *text, *field;
    } rows[] = {
        { "", "" },
        { "abc", "abc" },
        { "a,b", "\"a,b\"" },
        { "a;b", "\"a;b\"" },
        { "a\"b", "\"a\"\"b\"" },
        { "a\nb", "\"a\nb\"" },
        { " a", "\" a\"" },
        { "=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b;

        buf_init(&b, 1000);
        cell_csv(slice_of(rows[i].text), &b);
        row_string_equal(rows[i].text, buf_slice(&b).p, rows[i].field);
        buf_finish(&b);
    }
}

static void what_does_not_fit_says_so(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 3);
    cell_csv(SLICE("abcd"), &b);
    assert_false(buf_ok(&b));
    buf_finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_begins_like_a_formula_is_made_text),
        cmocka_unit_test(a_field_is_quoted_where_it_needs_it),
        cmocka_unit_test(what_does_not_fit_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
