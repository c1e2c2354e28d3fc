/* Long texts in parts: where they are cut, and that nothing is lost. */
#include "tests/unit/unit.h"

#include "core/part.h"
#include "core/utf8.h"

#include <string.h>

static void a_text_is_cut_where_people_would(void **state)
{
    static const struct {
        const char *text;
        size_t max;
        const char *parts[4];
    } rows[] = {
        { "short", 10, { "short" } },
        { "", 10, { "" } },
        { "exactly ten", 11, { "exactly ten" } },
        { "one two three four", 10, { "one two ", "three four" } },
        { "line one\nline two", 12, { "line one\n", "line two" } },
        { "您好。请稍等，我查一下", 6, { "您好。", "请稍等，", "我查一下" } },
        { "一二三四五。六七八九十", 8, { "一二三四五。", "六七八九十" } },
        { "abcdefghijklmnop", 5, { "abcde", "fghij", "klmno", "p" } },
        { "a b c d e f", 0, { "a b c d e f" } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool more = true;
        int k = 0;

        for (; more; k++) {
            struct slice part = text_part(slice_of(rows[i].text), rows[i].max, TEXT_CODE_POINTS, k, &more);

            assert_true(k < 4 && rows[i].parts[k]);
            if (part.n != strlen(rows[i].parts[k]) || memcmp(part.p, rows[i].parts[k], part.n) != 0)
                fail_msg("%s: part %d is %.*s", rows[i].text, k, (int)part.n, part.p);
        }
        if (k < 4)
            assert_null(rows[i].parts[k]);
        assert_int_equal(text_part(slice_of(rows[i].text), rows[i].max, TEXT_CODE_POINTS, k, &more).n, 0);
    }
}

static void platforms_count_differently(void **state)
{
    static const struct {
        const char *text;
        enum text_unit unit;
        size_t length, max;
        const char *parts[4];
    } rows[] = {
        { "a\u00e9\u6c49\U0001f600", TEXT_CODE_POINTS, 4, 9, { "a\u00e9\u6c49\U0001f600" } },
        { "a\u00e9\u6c49\U0001f600", TEXT_UTF16, 5, 4, { "a\u00e9\u6c49", "\U0001f600" } },
        { "a\u00e9\u6c49\U0001f600", TEXT_BYTES, 10, 6, { "a\u00e9\u6c49", "\U0001f600" } },
        { "\u6c49\u5b57\u8868", TEXT_BYTES, 9, 8, { "\u6c49\u5b57", "\u8868" } },
        { "\U0001f44b\U0001f3fd\U0001f44b", TEXT_UTF16, 6, 5, { "\U0001f44b\U0001f3fd", "\U0001f44b" } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool more = true;

        assert_int_equal(text_length(slice_of(rows[i].text), rows[i].unit), rows[i].length);
        for (int k = 0; more; k++) {
            struct slice part = text_part(slice_of(rows[i].text), rows[i].max, rows[i].unit, k, &more);

            assert_true(k < 4 && rows[i].parts[k]);
            assert_true(text_length(part, rows[i].unit) <= rows[i].max);
            assert_int_equal(part.n, strlen(rows[i].parts[k]));
            assert_memory_equal(part.p, rows[i].parts[k], part.n);
        }
    }
}

static void no_part_is_too_long_and_no_word_is_lost(void **state)
{
    char text[4001];
    size_t letters = 0, found = 0;
    bool more = true;

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        text[i] = i % 7 == 6 ? ' ' : i % 97 == 96 ? '\n' : (char)('a' + i % 26);
        letters += text[i] != ' ' && text[i] != '\n';
    }
    text[sizeof(text) - 1] = '\0';
    for (int k = 0; more; k++) {
        struct slice part = text_part(slice_of(text), 100, TEXT_CODE_POINTS, k, &more);

        assert_true(part.n > 0 && utf8_length(part) <= 100);
        for (size_t i = 0; i < part.n; i++)
            found += part.p[i] != ' ' && part.p[i] != '\n';
    }
    assert_int_equal(found, letters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_cut_where_people_would),
        cmocka_unit_test(platforms_count_differently),
        cmocka_unit_test(no_part_is_too_long_and_no_word_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
