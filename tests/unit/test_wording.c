#include "tests/unit/unit.h"

#include "core/wording.h"

static void picks_the_language_that_is_spoken_best(void **state)
{
    static const char *const rows[][2] = {
        { "zh-CN", "zh-CN" },      { "zh-TW", "zh-TW" },   { "en", "en" },        { "ZH-tw", "zh-TW" },       { "zh", "zh-CN" },
        { "zh-SG", "zh-CN" },      { "zh-HK", "zh-TW" },   { "zh-MO", "zh-TW" },  { "zh-Hant", "zh-TW" },     { "zh-Hant-CN", "zh-TW" },
        { "zh-Hans-HK", "zh-CN" }, { "zh-Hans", "zh-CN" }, { "en-US", "en" },     { "zh_TW.UTF-8", "zh-TW" }, { "zh_CN.UTF-8@x", "zh-CN" },
        { "fr-FR", "zh-XX" },      { "", "zh-XX" },        { "zhuang", "zh-XX" }, { "english", "zh-XX" },     { "-", "zh-XX" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        row_string_equal(rows[i][0], wording_language(rows[i][0], "zh-XX"), rows[i][1]);
    assert_string_equal(wording_language(NULL, "en"), "en");
}

static void finds_the_best_text_and_the_sites_own_first(void **state)
{
    static const struct wording all[] = {
        { "greeting", "en", "own en" },      { "greeting", "en", "shipped en" }, { "greeting", "zh-CN", "shipped cn" },
        { "closed", "zh-TW", "shipped tw" }, { "away", "zh-CN", "away cn" },
    };
    static const struct {
        const char *key, *lang, *fallback, *text;
    } rows[] = {
        { "greeting", "en", "zh-CN", "own en" },
        { "greeting", "zh-CN", "en", "shipped cn" },
        { "greeting", "zh-TW", "zh-CN", "shipped cn" },
        { "closed", "en", "zh-CN", "shipped tw" },
        { "away", NULL, NULL, "away cn" },
        { "unheard", "en", "zh-CN", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct wording *w = wording_find(all, COUNT(all), rows[i].key, rows[i].lang, rows[i].fallback);

        row_string_equal(rows[i].key, w ? w->text : "none", rows[i].text ? rows[i].text : "none");
    }
}

static void fills_in_what_is_known_and_leaves_out_the_rest(void **state)
{
    static const struct wording_value values[] = {
        { "name", "林小雨" }, { "number", "1024" }, { "empty", "" }, { "nothing", NULL }, { "brace", "{name}" }
    };
    static const char *const rows[][2] = {
        { "", "" },
        { "您好", "您好" },
        { "我是{name}（{number}）。", "我是林小雨（1024）。" },
        { "{name}{number}", "林小雨1024" },
        { "客服{who}为您服务", "客服为您服务" },
        { "agent {who} will help", "agent will help" },
        { "Hello {who}, welcome", "Hello, welcome" },
        { "{who} joined", "joined" },
        { "joined by {who}", "joined by" },
        { "a {empty} b {nothing} c", "a b c" },
        { "{who} {who} {name}", "林小雨" },
        { "{{name}", "{name}" },
        { "{{{name}}", "{林小雨}" },
        { "a { b", "a { b" },
        { "{", "{" },
        { "{}", "{}" },
        { "{Name}", "{Name}" },
        { "{name", "{name" },
        { "{brace}", "{name}" }, /* what is filled in is not read again */
        { "请稍候[[，您排在第 {who} 位]]。", "请稍候。" },
        { "请稍候[[，您排在第 {number} 位]]。", "请稍候，您排在第 1024 位。" },
        { "[[{name}]][[{who} and {name}]][[{empty}]]", "林小雨" },
        { "a [[{who} ]]b", "a b" },
        { "a [[{who}]]b", "a b" },
        { "[[no placeholder]]", "no placeholder" },
        { "[[{who}", "[[" },
        { "{who}]] [a] [[", "]] [a] [[" },
        { "[[[[{name}]]]]", "[[林小雨]]" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b;

        buf_init(&b, 1000);
        wording_fill(rows[i][0], values, COUNT(values), &b);
        row_string_equal(rows[i][0], buf_slice(&b).p, rows[i][1]);
        buf_finish(&b);
    }
}

static void touches_nothing_that_was_in_the_buffer_before(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    buf_str(&b, "x ");
    wording_fill(" {who}!", NULL, 0, &b);
    assert_string_equal(buf_slice(&b).p, "x !");
    buf_finish(&b);
}

static void a_text_too_long_for_the_buffer_fails_as_a_whole(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 4);
    wording_fill("ab{who} {{ {who}cdef", NULL, 0, &b);
    assert_false(buf_ok(&b));
    buf_finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(picks_the_language_that_is_spoken_best),          cmocka_unit_test(finds_the_best_text_and_the_sites_own_first),
        cmocka_unit_test(fills_in_what_is_known_and_leaves_out_the_rest),  cmocka_unit_test(touches_nothing_that_was_in_the_buffer_before),
        cmocka_unit_test(a_text_too_long_for_the_buffer_fails_as_a_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
