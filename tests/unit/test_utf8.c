#include "tests/unit/unit.h"

#include "core/utf8.h"

static void accepts_what_rfc_3629_allows_and_nothing_else(void **state)
{
    static const struct {
        struct slice text;
        bool valid;
    } rows[] = {
        { { "", 0 }, true },
        { { "a\0b", 3 }, true },
        { SLICE("\x7f"), true },
        { SLICE("\x80"), false },
        { SLICE("\xc1\xbf"), false }, /* overlong U+007F */
        { SLICE("\xc2\x80"), true },
        { SLICE("\xdf\xbf"), true },
        { SLICE("\xc2"), false },
        { SLICE("\xc2\x41"), false },
        { SLICE("\xe0\x9f\xbf"), false }, /* overlong U+07FF */
        { SLICE("\xe0\xa0\x80"), true },
        { SLICE("\xed\x9f\xbf"), true },  /* U+D7FF */
        { SLICE("\xed\xa0\x80"), false }, /* U+D800 */
        { SLICE("\xed\xbf\xbf"), false }, /* U+DFFF */
        { SLICE("\xee\x80\x80"), true },
        { SLICE("\xe4\xbd"), false },
        { SLICE("\xf0\x8f\xbf\xbf"), false }, /* overlong U+FFFF */
        { SLICE("\xf0\x90\x80\x80"), true },
        { SLICE("\xf4\x8f\xbf\xbf"), true },  /* U+10FFFF */
        { SLICE("\xf4\x90\x80\x80"), false }, /* above it */
        { SLICE("\xf5\x80\x80\x80"), false },
        { SLICE("\xff"), false },
        { SLICE("你好，世界 🙂"), true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (utf8_valid(rows[i].text) != rows[i].valid)
            fail_msg("row %zu", i);
}

static void counts_code_points(void **state)
{
    (void)state;
    assert_int_equal(utf8_length(SLICE("")), 0);
    assert_int_equal(utf8_length(SLICE("a你🙂é")), 4);
}

static void knows_a_text_in_which_nothing_is_seen(void **state)
{
    static const struct {
        struct slice text;
        bool blank;
    } rows[] = {
        { { "", 0 }, true },
        { SLICE(" \t\r\n\x01\x7f"), true },
        { SLICE("\xe3\x80\x80\xc2\xa0"), true },                                         /* U+3000 U+00A0 */
        { SLICE("\xe2\x80\x8b\xe2\x80\x8f\xe2\x80\xae\xe2\x81\xa0\xef\xbb\xbf"), true }, /* U+200B U+200F U+202E U+2060 U+FEFF */
        { SLICE("\xe3\x85\xa4\xe1\x85\x9f\xef\xbe\xa0"), true },                         /* U+3164 U+115F U+FFA0: the fillers of Hangul */
        { SLICE("\xe2\xa0\x80\xe1\xa0\x8e"), true },                                     /* U+2800 U+180E */
        { SLICE("\xf3\xa0\x80\x81\xef\xb8\x8f\xd8\x9c\xcd\x8f"), true },                 /* U+E0001 U+FE0F U+061C U+034F */
        { SLICE("\xe2\x9d\xa4\xef\xb8\x8f"), false },                                    /* a heart, and which form of it */
        { SLICE("\xe2\xa0\x81"), false },                                                /* U+2801 */
        { SLICE("\xe1\x84\x80"), false },                                                /* U+1100 */
        { SLICE("\xe3\x80\x80."), false },
        { SLICE("\xe3\x80\x81"), false }, /* U+3001 */
        { SLICE("\xe2\x80\x90"), false }, /* U+2010 */
        { SLICE("\xef\xbf\xbd"), false }, /* U+FFFD: what stands for U+0000 is seen */
        { SLICE("你"), false },
        { SLICE("🙂"), false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (utf8_blank(rows[i].text) != rows[i].blank)
            fail_msg("row %zu", i);
}

static void reads_back_each_code_point_it_writes(void **state)
{
    static const uint32_t rows[] = { 0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff };

    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++) {
        char text[4];
        size_t i = 0, n = utf8_put(text, rows[k]);

        assert_int_equal(utf8_next((struct slice){ text, n }, &i), rows[k]);
        assert_int_equal(i, n);
    }
}

static void writes_the_replacement_for_what_is_no_code_point(void **state)
{
    char text[4];

    (void)state;
    assert_int_equal(utf8_put(text, 0xd800), 3);
    assert_memory_equal(text, "\xef\xbf\xbd", 3);
    assert_int_equal(utf8_put(text, 0x110000), 3);
}

static void moves_by_one_byte_over_a_broken_sequence(void **state)
{
    size_t i = 0;
    struct slice s = SLICE("\xe4\xbd"
                           "a");

    (void)state;
    assert_int_equal(utf8_next(s, &i), 0xfffd);
    assert_int_equal(i, 1);
    assert_int_equal(utf8_next(s, &i), 0xfffd);
    assert_int_equal(utf8_next(s, &i), 'a');
    assert_int_equal(i, 3);
}

static void never_cuts_inside_what_is_read_as_one(void **state)
{
    static const struct {
        const char *what, *text;
        size_t max;
        const char *want;
    } rows[] = {
        { "nothing", "", 5, "" },
        { "all of it fits", "你好", 2, "你好" },
        { "one too many", "你好吗", 2, "你好" },
        { "zero still takes one", "ab", 0, "a" },
        { "e with acute, apart",
          "ae\xcc\x81"
          "b",
          2, "a" },
        { "e with acute, fits",
          "ae\xcc\x81"
          "b",
          3, "ae\xcc\x81" },
        { "thumb with skin", "a👍🏽b", 2, "a" },
        { "family", "x👩‍👩‍👧", 4, "x" },
        { "family fits", "x👩‍👩‍👧y", 6, "x👩‍👩‍👧" },
        { "heart, as emoji", "a❤️b", 2, "a" },
        { "two flags, half of the second", "🇨🇳🇯🇵", 3, "🇨🇳" },
        { "two flags, half of the first", "x🇨🇳🇯🇵", 2, "x" },
        { "flag and letter", "🇨🇳a", 2, "🇨🇳" },
        { "line end", "a\r\nb", 2, "a" },
        { "keycap", "a1️⃣b", 3, "a" },
        { "the bound beats a grapheme that is longer", "e\xcc\x81\xcc\x81\xcc\x81", 2, "e\xcc\x81" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice cut = utf8_cut(slice_of(rows[i].text), rows[i].max);
        char is[64];

        (void)snprintf(is, sizeof(is), "%.*s", (int)cut.n, cut.p);
        row_string_equal(rows[i].what, is, rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_rfc_3629_allows_and_nothing_else),
        cmocka_unit_test(counts_code_points),
        cmocka_unit_test(knows_a_text_in_which_nothing_is_seen),
        cmocka_unit_test(reads_back_each_code_point_it_writes),
        cmocka_unit_test(writes_the_replacement_for_what_is_no_code_point),
        cmocka_unit_test(moves_by_one_byte_over_a_broken_sequence),
        cmocka_unit_test(never_cuts_inside_what_is_read_as_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
