/* How much a browser's frame may hold, and what is in it that means harm. */
#include "tests/unit/frame.h"

/* ---- bounds ---------------------------------------------------------------------------------------------------------------- */

static struct buf message_of(const char *unit, size_t times)
{
    struct buf b;

    buf_init(&b, 1u << 20);
    buf_str(&b, "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"text\",\"text\":\"");
    for (size_t i = 0; i < times; i++)
        buf_str(&b, unit);
    buf_str(&b, "\"}");
    return b;
}

static void text_is_bounded_in_code_points(void **state)
{
    static const char *const units[] = { "a", "客", "😀", "\\u5ba2", "\\ud83d\\ude00", "\\u0000" };
    struct turn t;

    (void)state;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        struct buf b = message_of(units[i], 4096);

        assert_int_equal(decode(&t, V, buf_slice(&b)), KF_OK);
        end(&t);
        buf_finish(&b);
        b = message_of(units[i], 4097);
        assert_int_equal(decode(&t, V, buf_slice(&b)), KF_LIMIT);
        assert_string_equal(t.why.text, "text: at most 4096 characters");
        end(&t);
        buf_finish(&b);
    }
}

/* A card whose title, words and address have so many letters. */
static enum kf_rc decode_card(struct turn *t, const struct frame_limits *l, size_t title, size_t words, size_t url)
{
    struct buf b;
    enum kf_rc rc;

    buf_init(&b, 65536);
    buf_str(&b, "{\"type\":\"message\"," IN_CONV ",\"kind\":\"card\",\"title\":\"");
    for (size_t i = 0; i < title; i++)
        buf_str(&b, "客");
    buf_str(&b, "\",\"text\":\"");
    for (size_t i = 0; i < words; i++)
        buf_str(&b, "😀");
    buf_str(&b, "\",\"url\":\"https://x.example/");
    for (size_t i = strlen("https://x.example/"); i < url; i++)
        buf_char(&b, 'u');
    buf_str(&b, "\"}");
    t->arena = arena_new(1u << 20);
    t->why = (struct kf_err){ .rc = KF_OK };
    rc = frame_decode(t->arena, S, l, buf_slice(&b), &t->in, &t->why);
    buf_finish(&b);
    return rc;
}

static void each_part_of_a_card_is_bounded_and_all_of_it(void **state)
{
    static const struct {
        size_t title, words, url, text_max;
        enum kf_rc rc;
        const char *why;
    } rows[] = {
        { 128, 512, 1024, 4096, KF_OK, "" },
        { 129, 1, 20, 4096, KF_LIMIT, "title: at most 128 characters" },
        { 1, 513, 20, 4096, KF_LIMIT, "text: at most 512 characters" },
        { 1, 1, 1025, 4096, KF_LIMIT, "url: at most 1024 bytes" },
        { 128, 512, 1024, 1666, KF_OK, "" },
        { 128, 512, 1024, 1665, KF_LIMIT, "card: title, text and url have at most 1665 characters together" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct frame_limits l = { .text_max = rows[i].text_max };
        struct turn t;

        assert_int_equal(decode_card(&t, &l, rows[i].title, rows[i].words, rows[i].url), rows[i].rc);
        assert_string_equal(t.why.text, rows[i].why);
        end(&t);
    }
}

static struct buf nested(int levels, char open, char close)
{
    struct buf b;

    buf_init(&b, 4u << 20);
    buf_str(&b, "{\"type\":\"ping\",\"x\":");
    for (int i = 0; i < levels; i++) {
        buf_char(&b, open);
        if (open == '{')
            buf_str(&b, "\"a\":");
    }
    buf_str(&b, "1");
    for (int i = 0; i < levels; i++)
        buf_char(&b, close);
    buf_char(&b, '}');
    return b;
}

static void sixteen_levels_are_enough(void **state)
{
    struct turn t;
    struct buf b;

    (void)state;
    b = nested(15, '[', ']');
    assert_int_equal(decode(&t, V, buf_slice(&b)), KF_OK);
    end(&t);
    buf_finish(&b);
    b = nested(16, '{', '}');
    assert_int_equal(decode(&t, V, buf_slice(&b)), KF_INVALID);
    assert_string_equal(t.why.text, "JSON of more than 16 levels");
    end(&t);
    buf_finish(&b);
    b = nested(1000000, '[', ']');
    assert_int_equal(decode(&t, V, buf_slice(&b)), KF_INVALID);
    end(&t);
    buf_finish(&b);
    /* Brackets inside strings are text. */
    expect_ok(&t, V, "{\"type\":\"ping\",\"x\":\"[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\"}");
    end(&t);
}

static void a_long_page_address_is_cut_not_refused(void **state)
{
    struct buf b;
    struct turn t;

    (void)state;
    buf_init(&b, 1u << 20);
    buf_str(&b, "{\"type\":\"hello\",\"page\":{\"url\":\"");
    for (int i = 0; i < 5000; i++)
        buf_char(&b, 'u');
    buf_str(&b, "\"}}");
    assert_int_equal(decode(&t, V, buf_slice(&b)), KF_OK);
    assert_int_equal(t.in.page.n, strlen("{\"url\":\"\"}") + 2048);
    end(&t);
    buf_finish(&b);
}

static void a_profile_is_bounded(void **state)
{
    struct buf b;
    struct turn t;

    (void)state;
    buf_init(&b, 1u << 20);
    buf_str(&b, "{\"type\":\"profile\",\"cid\":\"1\",\"profile\":{");
    for (int i = 0; i < 51; i++)
        buf_printf(&b, "%s\"k%d\":1", i ? "," : "", i);
    buf_str(&b, "}}");
    assert_int_equal(decode(&t, V, buf_slice(&b)), KF_INVALID);
    end(&t);
    buf_clear(&b);
    buf_str(&b, "{\"type\":\"profile\",\"cid\":\"1\",\"profile\":{");
    for (int i = 0; i < 10; i++) {
        buf_printf(&b, "%s\"k%d\":\"", i ? "," : "", i);
        for (int k = 0; k < 1000; k++)
            buf_char(&b, 'x');
        buf_char(&b, '"');
    }
    buf_str(&b, "}}");
    assert_int_equal(decode(&t, V, buf_slice(&b)), KF_LIMIT);
    end(&t);
    buf_finish(&b);
}

/* ---- hostile texts ----------------------------------------------------------------------------------------------------------- */

static void hostile_texts_stay_texts(void **state)
{
    static const struct {
        const char *json, *text;
    } rows[] = {
        { "</script><script>alert(1)</script>", "</script><script>alert(1)</script>" },
        { "<img src=x onerror=alert(1)>&amp;", "<img src=x onerror=alert(1)>&amp;" },
        { "a\\u2028b\xe2\x80\xa9", "a\xe2\x80\xa8"
                                   "b\xe2\x80\xa9" },
        { "a\\u0000b", "a\xef\xbf\xbd"
                       "b" },
        { "a\\ud800b", "a\xef\xbf\xbd"
                       "b" },
        { "\\udc00\\ud83d\\ude00\\ud83d", "\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd" },
        { "\\ud83d\\ud83d\\ude00", "\xef\xbf\xbd\xf0\x9f\x98\x80" },
        { "\\\\ud800 \\\\u0000", "\\ud800 \\u0000" },
        { "\xe2\x80\xae"
          "evil\xe2\x80\xac",
          "\xe2\x80\xae"
          "evil\xe2\x80\xac" },
        { "\\u0001\\u001b[31m\\u007f", "\x01\x1b[31m\x7f" },
        { "'; DROP TABLE message; --", "'; DROP TABLE message; --" },
        { "%s%n{name}\\r\\nX: y", "%s%n{name}\r\nX: y" },
        { "\xf4\x8f\xbf\xbf\xef\xbf\xbe", "\xf4\x8f\xbf\xbf\xef\xbf\xbe" },
    };
    struct turn t;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf b = message_of(rows[i].json, 1);

        if (decode(&t, V, buf_slice(&b)))
            fail_msg("%s: %s", b.p, t.why.text);
        expect_slice(t.in.text, rows[i].text);
        end(&t);
        buf_finish(&b);
    }
}

static void a_raw_nul_or_a_cut_frame_is_refused(void **state)
{
    static const char whole[] =
        "{\"type\":\"message\",\"cid\":\"c\\u0031\",\"kind\":\"text\",\"text\":\"\\ud83d\\ude00好\",\"x\":[1.5e3,-2]}";
    struct turn t;

    (void)state;
    assert_int_equal(decode(&t, V, SLICE("{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"text\",\"text\":\"a\0b\"}")), KF_INVALID);
    end(&t);
    assert_int_equal(decode(&t, V, SLICE("{\"type\":\"ping\"}\0")), KF_INVALID);
    end(&t);
    for (size_t n = 0; n < sizeof(whole) - 1; n++) {
        char *copy = malloc(n + 1); /* exactly as long, so that a sanitizer sees a read beyond the end */

        assert_non_null(copy);
        memcpy(copy, whole, n);
        assert_int_equal(decode(&t, V, (struct slice){ copy, n }), KF_INVALID);
        end(&t);
        free(copy);
    }
}

static void an_arena_that_is_full_ends_the_frame_only(void **state)
{
    static const char text[] = "{\"type\":\"message\",\"cid\":\"c1\",\"kind\":\"text\",\"text\":\"a text that has to be copied\"}";
    struct inbound in;
    struct kf_err why;

    (void)state;
    for (size_t max = 1; max < 96; max++) {
        struct arena *a = arena_new(max);
        enum kf_rc rc = frame_decode(a, V, &limits, slice_of(text), &in, &why);

        assert_true(rc == KF_NOMEM || (rc == KF_OK && in.text.n == 28));
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_bounded_in_code_points),
        cmocka_unit_test(each_part_of_a_card_is_bounded_and_all_of_it),
        cmocka_unit_test(sixteen_levels_are_enough),
        cmocka_unit_test(a_long_page_address_is_cut_not_refused),
        cmocka_unit_test(a_profile_is_bounded),
        cmocka_unit_test(hostile_texts_stay_texts),
        cmocka_unit_test(a_raw_nul_or_a_cut_frame_is_refused),
        cmocka_unit_test(an_arena_that_is_full_ends_the_frame_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
