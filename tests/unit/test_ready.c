/* What a platform has ready: what is filled in stands in its text and its values, and the note of it is read as it was written. */
#include "protocols/chosen.h"
#include "protocols/ready.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct ready_part parts[] = {
    { "path", READY_PATH, true, 24, "the page" },
    { "link", READY_ADDRESS, false, 64, "where it leads" },
    { "words", READY_TEXT, false, 20, "what stands below" },
    { .name = NULL },
};
static const struct ready_kind kinds[] = {
    { .name = "page", .help = "a page", .name_help = "app", .form = READY_ID, .reply = true, .text_max = 12, .lines = 1, .parts = parts },
    { .name = "notice", .help = "a notice", .name_help = "id", .form = READY_ID },
    { .name = NULL },
};

static struct template page(void)
{
    static const struct template_value values[] = { { SLICE("path"), SLICE("pages/o?id={{order}}") },
                                                    { SLICE("link"), SLICE("https://shop.example/o#{{order}}") },
                                                    { SLICE("words"), SLICE("{{state}}") } };
    struct template ret = { .kind = "page", .name = "app1", .text = "订单 {{n}}", .values = values, .n_values = 3 };

    assert_int_equal(template_blanks(&ret, &ret.blanks, NULL), KF_OK);
    return ret;
}

static void blanks_of_the_values_stand_behind_those_of_the_text(void **state)
{
    const struct template t = page();

    (void)state;
    assert_int_equal(t.blanks.n, 3);
    assert_true(slice_is(t.blanks.names[0], "n"));
    assert_true(slice_is(t.blanks.names[1], "order"));
    assert_true(slice_is(t.blanks.names[2], "state"));
    assert_int_equal(ready_check(kinds, &t, NULL), KF_OK);
}

static void what_is_filled_in_is_encoded_where_it_leads_somewhere(void **state)
{
    const struct template_value values[] = { { SLICE("n"), SLICE("7") },
                                             { SLICE("order"), SLICE("A&b=c/灯") },
                                             { SLICE("state"), SLICE("\"到了\"") } };
    const struct template t = page();
    struct message m = { .kind = MESSAGE_TEXT };
    struct arena *a = arena_new(0);
    struct chosen c;
    struct buf b, extra;

    (void)state;
    buf_init(&b, 4096);
    chosen_write(&b, &t, &kinds[0], values, 3);
    assert_true(chosen_reply(buf_slice(&b)));
    buf_init(&extra, 4096);
    buf_printf(&extra, "{\"ready\":%s}", b.p);
    m.extra = extra.p;
    assert_true(chosen_ready(&m));
    assert_false(chosen_is(&m));
    assert_int_equal(chosen_read(a, &m, &c), KF_OK);
    assert_true(slice_is(c.kind, "page"));
    assert_true(slice_is(c.name, "app1"));
    assert_int_equal(c.n, 3);
    assert_true(slice_is(chosen_value(&c, "path"), "pages/o?id=A%26b%3Dc%2F%E7%81%AF"));
    assert_true(slice_is(chosen_value(&c, "link"), "https://shop.example/o#A%26b%3Dc%2F%E7%81%AF"));
    assert_true(slice_is(chosen_value(&c, "words"), "\"到了\""));
    assert_null(chosen_value(&c, "other").p);
    buf_clear(&b);
    chosen_write(&b, &(struct template){ .kind = "notice", .name = "1", .text = "x" }, &kinds[1], NULL, 0);
    assert_false(chosen_reply(buf_slice(&b)));
    buf_finish(&extra);
    buf_finish(&b);
    arena_free(a);
}

/* In bytes, as the platform counts; an address grows by being encoded. */
static void what_is_too_long_with_it_is_said_before_it_goes(void **state)
{
    static const struct {
        const char *n, *order, *state, *words;
    } rows[] = {
        { "12345", "1234567890123", "到了", NULL },
        { "123456", "1", "a", "fields: with them the text has 13 bytes; the platform takes 12" },
        { "1", "12345678901234", "a", "fields: with them path has 25 bytes; the platform takes 24" },
        { "1", "灯灯", "a", "fields: with them path has 29 bytes; the platform takes 24" },
        { "1", "1", "123456789012345678901", "fields: with them words has 21 bytes; the platform takes 20" },
    };
    const struct template t = page();

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct template_value values[] = { { SLICE("n"), slice_of(rows[i].n) },
                                                 { SLICE("order"), slice_of(rows[i].order) },
                                                 { SLICE("state"), slice_of(rows[i].state) } };
        struct kf_err why = { .rc = KF_OK };

        assert_int_equal(ready_fits(&kinds[0], &t, values, 3, &why), rows[i].words ? KF_LIMIT : KF_OK);
        if (rows[i].words)
            assert_string_equal(why.text, rows[i].words);
    }
}

/* Each line is one thing there: what is filled in may not make one too long, however short the text is. */
static void a_line_that_is_too_long_with_it_is_said_before_it_goes(void **state)
{
    static const struct ready_kind menu = {
        .name = "menu", .help = "m", .name_help = "n", .reply = true, .text_max = 100, .first_max = 12, .line_max = 8
    };
    static const struct {
        const char *a, *b, *words;
    } rows[] = {
        { "123456789012", "12345678", NULL },
        { "1234567890灯", "1", "fields: with them line 1 of the text has 13 bytes; the platform takes 12" },
        { "1", "灯灯灯", "fields: with them line 3 of the text has 9 bytes; the platform takes 8" },
    };
    struct template t = { .kind = "menu", .name = "1", .text = "{{a}}\nx\n{{b}}" };
    const struct template wide = { .kind = "menu", .name = "1", .text = "1\n123456789" };
    struct kf_err why = { .rc = KF_OK };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct template_value values[] = { { SLICE("a"), slice_of(rows[i].a) }, { SLICE("b"), slice_of(rows[i].b) } };

        assert_int_equal(ready_fits(&menu, &t, values, 2, &why), rows[i].words ? KF_LIMIT : KF_OK);
        if (rows[i].words)
            assert_string_equal(why.text, rows[i].words);
    }
    assert_int_equal(ready_check((const struct ready_kind[]){ menu, { .name = NULL } }, &wide, &why), KF_INVALID);
    assert_string_equal(why.text, "text: line 2 has 9 bytes; the platform takes 8");
}

static void what_is_not_known_is_named_in_whole_characters(void **state)
{
    static const struct template_value values[] = { { SLICE("a价格价格价格价格价格价格"), SLICE("1") } };
    const struct template t = { .kind = "page", .name = "1", .text = "x", .values = values, .n_values = 1 };
    struct kf_err why = { .rc = KF_OK };

    (void)state;
    assert_int_equal(ready_check(kinds, &t, &why), KF_INVALID);
    assert_string_equal(why.text, "values.a价格价格价格价格价格价格: not known here; page has path, link, words");
}

/* It stands on a stranger's screen, and in the list that agents choose from. */
static void a_text_that_cannot_be_read_is_none(void **state)
{
    static const char *const texts[] = { "  ", "\n", "a\tb", "a\rb", "a\u202eb", "a\u2028b", "\u2066a" };
    struct template t = { .kind = "notice", .name = "1", .text = "二\n行" };
    struct kf_err why = { .rc = KF_OK };

    (void)state;
    assert_int_equal(ready_check(kinds, &t, &why), KF_OK);
    for (size_t i = 0; i < COUNT(texts); i++) {
        t.text = texts[i];
        assert_int_equal(ready_check(kinds, &t, &why), KF_INVALID);
        assert_string_equal(why.text, "text: words, in lines, without control characters");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_of_the_values_stand_behind_those_of_the_text),
        cmocka_unit_test(what_is_filled_in_is_encoded_where_it_leads_somewhere),
        cmocka_unit_test(what_is_too_long_with_it_is_said_before_it_goes),
        cmocka_unit_test(what_is_not_known_is_named_in_whole_characters),
        cmocka_unit_test(a_text_that_cannot_be_read_is_none),
        cmocka_unit_test(a_line_that_is_too_long_with_it_is_said_before_it_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
