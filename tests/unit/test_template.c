/* Wording with blanks: which of it is good, what may be filled in, what comes of it. */
#include "core/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void blanks_are_found_in_the_order_in_which_they_are_sent(void **state)
{
    static const struct {
        const char *text, *names;
    } rows[] = {
        { "{{1}} and {{2}}", "1 2 " },
        { "{{2}} before {{1}}, and {{2}} again", "1 2 " },
        { "{{10}}{{9}}{{8}}{{7}}{{6}}{{5}}{{4}}{{3}}{{2}}{{1}}", "1 2 3 4 5 6 7 8 9 10 " },
        { "{{time}} before {{order_id}}", "time order_id " },
        { "状态：{{phrase2.DATA}}\n{{ thing1.DATA }}", "phrase2 thing1 " },
        { "no {blank} at all }}", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct template_blanks got;
        char names[200] = "";

        assert_int_equal(template_read(slice_of(rows[i].text), &got, NULL), KF_OK);
        for (size_t k = 0; k < got.n; k++)
            (void)snprintf(names + strlen(names), sizeof(names) - strlen(names), "%.*s ", (int)got.names[k].n, got.names[k].p);
        assert_string_equal(names, rows[i].names);
        assert_int_equal(got.numbered, got.n && rows[i].names[0] <= '9');
    }
}

static void wording_that_no_platform_approves_is_refused(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        { "{{1}} {{3}}", "text: blanks are numbered from 1 without gaps; {{2}} is missing" },
        { "{{2}}", "text: blanks are numbered from 1 without gaps; {{1}} is missing" },
        { "{{1}} {{name}}", "text: blanks are all numbered, or all have names" },
        { "{{}}", "text: a blank is {{1}}" },
        { "{{01}}", "text: a blank is {{1}}" },
        { "{{1st}}", "text: a blank is {{1}}" },
        { "{{100}}", "text: a blank is {{1}}" },
        { "{{order no}}", "text: a blank is {{1}}" },
        { "{{订单}}", "text: a blank is {{1}}" },
        { "{{a_name_of_more_than_32_characters_}}", "text: a blank is {{1}}" },
        { "{{1}} {{2", "text: a blank that begins with {{ ends with }}" },
        { "{{a}}{{b}}{{c}}{{d}}{{e}}{{f}}{{g}}{{h}}{{i}}{{j}}{{k}}{{l}}{{m}}{{n}}{{o}}{{p}}{{q}}{{r}}{{s}}{{t}}{{u}}",
          "text: at most 20 blanks" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct template_blanks got;
        struct kf_err why = { .rc = KF_OK };

        assert_int_equal(template_read(slice_of(rows[i].text), &got, &why), KF_INVALID);
        if (strncmp(why.text, rows[i].words, strlen(rows[i].words)) != 0)
            fail_msg("%s: %s", rows[i].text, why.text);
    }
}

static struct template made(const char *text, const char *url_field)
{
    struct template ret = { .text = text, .url_field = url_field };

    assert_int_equal(template_read(slice_of(text), &ret.blanks, NULL), KF_OK);
    return ret;
}

static void what_is_filled_in_stands_in_the_text(void **state)
{
    struct template numbered = made("您的订单 {{1}} 已{{2}}，{{1}}。", NULL), named = made("{{thing1.DATA}}\n", "订单页面");
    const struct template_value values[] = { { SLICE("2"), SLICE("{{1}}") }, { SLICE("1"), SLICE("A") } };
    const struct template_value more[] = { { SLICE("thing1"), SLICE("x") }, { SLICE("url"), SLICE("https://a.example/") } };
    struct buf b;

    (void)state;
    buf_init(&b, 4096);
    assert_int_equal(template_check(&numbered, values, 2, NULL), KF_OK);
    template_write(&numbered, values, 2, &b);
    assert_true(slice_is(buf_slice(&b), "您的订单 A 已{{1}}，A。")); /* what is filled in is not filled in again */
    buf_clear(&b);
    assert_int_equal(template_check(&named, more, 2, NULL), KF_OK);
    template_write(&named, more, 2, &b);
    assert_true(slice_is(buf_slice(&b), "x\n\nhttps://a.example/"));
    buf_finish(&b);
}

static void what_is_missing_or_too_much_is_named(void **state)
{
    static const char *const fields[] = { "订单号", "状态" };
    char longest[TEMPLATE_VALUE_MAX + 1];
    struct template t = made("{{1}} {{2}}", "页面");
    const struct {
        struct template_value values[4];
        size_t n;
        enum kf_rc rc;
        const char *words;
    } rows[] = {
        { { { SLICE("1"), SLICE("a") } }, 1, KF_INVALID, "fields.2: required (状态)" },
        { { { SLICE("1"), SLICE("a") }, { SLICE("2"), SLICE(" ") } }, 2, KF_INVALID, "fields.2: empty (状态)" },
        { { { SLICE("1"), SLICE("a") }, { SLICE("2"), SLICE("b") } }, 2, KF_INVALID, "fields.url: required (页面)" },
        { { { SLICE("3"), SLICE("a") } }, 1, KF_INVALID, "fields.3: this template has no such field; it has 1, 2, url" },
        { { { SLICE("1"), SLICE("a\nb") } }, 1, KF_INVALID, "fields.1: one line" },
        { { { SLICE("1"), SLICE("a\xe2\x80\xa8"
                                "b") } },
          1,
          KF_INVALID,
          "fields.1: one line" },
        { { { SLICE("1"), { longest, TEMPLATE_VALUE_MAX + 1 } } }, 1, KF_LIMIT, "fields.1: at most 512 characters" },
        { { { SLICE("1"), { longest, TEMPLATE_VALUE_MAX } },
            { SLICE("2"), { longest, TEMPLATE_VALUE_MAX } },
            { SLICE("url"), SLICE("u") } },
          3,
          KF_LIMIT,
          "fields: with them the template has 1027 characters; allowed are 1024" },
    };

    (void)state;
    t.fields = fields;
    t.n_fields = 2;
    memset(longest, 'x', sizeof(longest));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kf_err why = { .rc = KF_OK };

        assert_int_equal(template_check(&t, rows[i].values, rows[i].n, &why), rows[i].rc);
        if (strncmp(why.text, rows[i].words, strlen(rows[i].words)) != 0)
            fail_msg("%zu: %s", i, why.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_are_found_in_the_order_in_which_they_are_sent),
        cmocka_unit_test(wording_that_no_platform_approves_is_refused),
        cmocka_unit_test(what_is_filled_in_stands_in_the_text),
        cmocka_unit_test(what_is_missing_or_too_much_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
