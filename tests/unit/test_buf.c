#include "tests/unit/unit.h"

#include "core/arena.h"
#include "core/buf.h"

#include <stdlib.h>

static void grows_up_to_its_maximum_and_not_a_byte_further(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    for (int i = 0; i < 1000; i++)
        buf_char(&b, 'a');
    assert_true(buf_ok(&b));
    assert_int_equal(buf_slice(&b).n, 1000);
    assert_int_equal(b.p[1000], '\0');
    buf_char(&b, 'b');
    assert_false(buf_ok(&b));
    assert_int_equal(buf_slice(&b).n, 1000);
    buf_finish(&b);
}

static void after_the_first_failure_nothing_is_added(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 5);
    buf_str(&b, "abc");
    buf_str(&b, "def"); /* does not fit */
    buf_str(&b, "g");   /* would, but the text would have a hole */
    buf_i64(&b, 1);
    buf_printf(&b, "%d", 1);
    assert_false(buf_ok(&b));
    assert_string_equal(b.p, "abc");
    assert_null(buf_take(&b));
    buf_finish(&b);
}

static void cleared_it_is_as_new(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 3);
    buf_str(&b, "abcd");
    buf_clear(&b);
    assert_true(buf_ok(&b));
    assert_string_equal(buf_slice(&b).p, "");
    buf_str(&b, "xyz");
    assert_string_equal(buf_slice(&b).p, "xyz");
    buf_finish(&b);
    buf_init(&b, 3);
    assert_string_equal(buf_slice(&b).p, ""); /* nothing was ever added */
    buf_finish(&b);
}

static void writes_every_number(void **state)
{
    static const struct {
        int64_t v;
        const char *text;
    } rows[] = { { 0, "0" },
                 { 7, "7" },
                 { -7, "-7" },
                 { 1763740800000, "1763740800000" },
                 { INT64_MAX, "9223372036854775807" },
                 { INT64_MIN, "-9223372036854775808" } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b;

        buf_init(&b, 30);
        buf_i64(&b, rows[i].v);
        row_string_equal(rows[i].text, buf_slice(&b).p, rows[i].text);
        buf_finish(&b);
    }
}

static void writes_json_that_is_safe_inside_a_script(void **state)
{
    static const struct {
        struct slice text;
        const char *json;
    } rows[] = {
        { SLICE(""), "\"\"" },
        { SLICE("你好 🙂"), "\"你好 🙂\"" },
        { SLICE("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"" },
        { SLICE("\n\r\t\b\x01\x1f\x7f"), "\"\\n\\r\\t\\u0008\\u0001\\u001f\\u007f\"" },
        { { "a\0b", 3 }, "\"a\\u0000b\"" },
        { SLICE("</script>&"), "\"\\u003c/script\\u003e\\u0026\"" },
        { SLICE("\xe2\x80\xa8|\xe2\x80\xa9|\xe2\x80\xa7"), "\"\\u2028|\\u2029|\xe2\x80\xa7\"" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b;

        buf_init(&b, 100);
        buf_json(&b, rows[i].text);
        row_string_equal(rows[i].json, buf_slice(&b).p, rows[i].json);
        buf_finish(&b);
    }
}

static void reads_what_any_writer_has_put_between_the_quotes(void **state)
{
    static const struct {
        const char *inside, *text;
    } rows[] = {
        { "", "" },
        { "a\\\"b\\\\c\\/d/", "a\"b\\c/d/" },
        { "\\n\\r\\t\\b\\f", "\n\r\t\b\f" },
        { "\\u001f\\u001F\\u003c\\u4f60\\u2028", "\x1f\x1f<你\xe2\x80\xa8" },
        { "\\ud83d\\ude42|\\uD83D\\uDE42", "🙂|🙂" },
        { "\\ud83d|\\ude42|\\ud83d\\u0041", "\xef\xbf\xbd|\xef\xbf\xbd|\xef\xbf\xbd"
                                            "A" },
        { "\\q|\\u12|\\u12g4|\\ud83d\\u12|\\", "\\q|\\u12|\\u12g4|\xef\xbf\xbd\\u12|\\" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b;

        buf_init(&b, 100);
        buf_unjson(&b, slice_of(rows[i].inside));
        row_string_equal(rows[i].inside, buf_slice(&b).p, rows[i].text);
        buf_finish(&b);
    }
}

static void what_json_holds_comes_back(void **state)
{
    struct buf there, back;
    char all[128];

    (void)state;
    for (int i = 0; i < 127; i++)
        all[i] = (char)(i + 1);
    all[127] = '\0';
    buf_init(&there, 2000);
    buf_init(&back, 2000);
    buf_json(&there, slice_of(all));
    buf_unjson(&back, (struct slice){ there.p + 1, there.n - 2 });
    assert_string_equal(back.p, all);
    buf_finish(&there);
    buf_finish(&back);
}

static void what_is_taken_belongs_to_the_taker(void **state)
{
    struct buf b;
    char *text;

    (void)state;
    buf_init(&b, 10);
    buf_printf(&b, "%s%d", "a", 1);
    text = buf_take(&b);
    assert_string_equal(text, "a1");
    assert_int_equal(buf_slice(&b).n, 0);
    buf_str(&b, "again");
    assert_string_equal(buf_slice(&b).p, "again");
    buf_finish(&b);
    free(text);
    buf_init(&b, 10);
    text = buf_take(&b); /* an empty one is a text, too */
    assert_string_equal(text, "");
    free(text);
    buf_finish(&b);
}

static void a_copy_lives_as_long_as_its_arena(void **state)
{
    struct arena *a = arena_new(0);
    struct slice copy;
    struct buf b;

    (void)state;
    buf_init(&b, 3);
    assert_string_equal(buf_copy(&b, a).p, ""); /* an empty one is a text, too */
    buf_str(&b, "abc");
    copy = buf_copy(&b, a);
    buf_char(&b, 'd'); /* does not fit */
    assert_null(buf_copy(&b, a).p);
    buf_finish(&b);
    assert_int_equal(copy.n, 3);
    assert_string_equal(copy.p, "abc");
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_up_to_its_maximum_and_not_a_byte_further),
        cmocka_unit_test(after_the_first_failure_nothing_is_added),
        cmocka_unit_test(cleared_it_is_as_new),
        cmocka_unit_test(writes_every_number),
        cmocka_unit_test(writes_json_that_is_safe_inside_a_script),
        cmocka_unit_test(reads_what_any_writer_has_put_between_the_quotes),
        cmocka_unit_test(what_json_holds_comes_back),
        cmocka_unit_test(what_is_taken_belongs_to_the_taker),
        cmocka_unit_test(a_copy_lives_as_long_as_its_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
