/* A card is a text of lines, and is read from one again. */
#include "core/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void a_mini_program_is_an_app_and_a_path(void **state)
{
    static const struct {
        const char *url, *app, *path;
    } rows[] = {
        { "miniprogram:wx0123456789abcdef/pages/index.html?a=1", "wx0123456789abcdef", "pages/index.html?a=1" },
        { "miniprogram:gh_1/a", "gh_1", "a" },
        { "miniprogram:wx/a", NULL, NULL },
        { "miniprogram:wx12/", NULL, NULL },
        { "miniprogram:wx12", NULL, NULL },
        { "miniprogram:wx12/a b", NULL, NULL },
        { "miniprogram:wx1 2/a", NULL, NULL },
        { "miniprogram:012345678901234567890123456789012/a", NULL, NULL },
        { "https://wx12/a", NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct card_mini mini;

        assert_int_equal(card_mini(slice_of(rows[i].url), &mini), rows[i].app != NULL);
        if (rows[i].app)
            assert_true(slice_is(mini.app, rows[i].app) && slice_is(mini.path, rows[i].path));
    }
}

static void a_card_is_written_and_read_again(void **state)
{
    static const struct {
        const char *title, *words, *url, *text;
    } rows[] = {
        { "退货说明", "七天内可以退。\n运费我们付。", "https://shop.example/r?a=1#top",
          "退货说明\n七天内可以退。\n运费我们付。\nhttps://shop.example/r?a=1#top" },
        { "下单", "七折", "miniprogram:wx12/pages/a.html", "下单\n七折\nminiprogram:wx12/pages/a.html" },
        { "Returns", "", "HTTP://shop.example", "Returns\nHTTP://shop.example" },
        { "Two", "see https://a.example/\nhttps://b.example/", "https://c.example/",
          "Two\nsee https://a.example/\nhttps://b.example/\nhttps://c.example/" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct card card = { slice_of(rows[i].title), slice_of(rows[i].words), slice_of(rows[i].url) }, got;
        struct buf b;

        buf_init(&b, 4096);
        card_write(&b, &card);
        assert_true(slice_is(buf_slice(&b), rows[i].text));
        assert_true(card_read(buf_slice(&b), &got));
        assert_true(slice_eq(got.title, card.title));
        assert_true(slice_eq(got.words, card.words));
        assert_true(slice_eq(got.url, card.url));
        buf_finish(&b);
    }
}

static void what_ends_in_no_address_below_a_title_is_none(void **state)
{
    static const char *const rows[] = { "",
                                        "https://shop.example/",
                                        "\nhttps://shop.example/",
                                        "title",
                                        "title\n",
                                        "title\nwords",
                                        "title\nhttps://",
                                        "title\nhttps://shop.example/\n",
                                        "title\nhttps://shop.example/a b",
                                        "title\nhttps://shop.example/\x7f",
                                        "title\njavascript:alert(1)",
                                        "title\nftp://shop.example/",
                                        "title\nsee https://shop.example/" };
    struct card card;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (card_read(slice_of(rows[i]), &card))
            fail_msg("\"%s\" was read as a card", rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_is_written_and_read_again),
        cmocka_unit_test(a_mini_program_is_an_app_and_a_path),
        cmocka_unit_test(what_ends_in_no_address_below_a_title_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
