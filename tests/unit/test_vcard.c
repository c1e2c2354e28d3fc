/* People in a file: what is read of them, and which files stay files. */
#include "tests/unit/unit.h"

#include "core/buf.h"
#include "protocols/vcard.h"

#include <stdlib.h>

#define CARD(version, inside) "BEGIN:VCARD\r\nVERSION:" version "\r\n" inside "END:VCARD\r\n"

/* name|given|family|work|TYPE number,…|mail,…; people apart by a line. NULL: it stays a file. */
static const char *said(struct arena *a, struct slice bytes, const char *mime, const char *name)
{
    struct vcard *all;
    struct buf b;
    size_t n;
    char *ret;

    if (!vcard_read(a, bytes, mime, name, &all, &n))
        return NULL;
    buf_init(&b, 65536);
    for (size_t i = 0; i < n; i++) {
        const struct slice parts[] = { all[i].name, all[i].given, all[i].family, all[i].work };

        for (size_t k = 0; k < COUNT(parts); k++) {
            buf_add(&b, parts[k]);
            buf_char(&b, '|');
        }
        for (size_t k = 0; k < all[i].n_phones; k++)
            buf_printf(&b, "%s%s%s%s", k ? "," : "", all[i].phones[k].type ? all[i].phones[k].type : "", all[i].phones[k].type ? " " : "",
                       all[i].phones[k].number.p);
        buf_char(&b, '|');
        for (size_t k = 0; k < all[i].n_mails; k++)
            buf_printf(&b, "%s%s", k ? "," : "", all[i].mails[k].p);
        if (i + 1 < n)
            buf_char(&b, '\n');
    }
    ret = arena_text(a, buf_slice(&b));
    buf_finish(&b);
    return ret;
}

static void people_are_read_as_phones_write_them(void **state)
{
    static const struct {
        const char *file, *want;
    } rows[] = {
        { CARD("3.0", "N:Lee;Ann;;;\r\nFN:Ann Lee\r\nTEL;TYPE=CELL:+1 (201) 555-0123\r\n"), "Ann Lee|Ann|Lee||CELL +12015550123|" },
        /* Of iPhones: groups, and what is preferred goes first. */
        { CARD("3.0", "N:王;芳;;;\r\nFN:王芳\r\nORG:小林家居\\, 上海;售后;\r\nitem1.EMAIL;type=INTERNET:fang@Shop.example\r\n"
                      "TEL;type=WORK;type=VOICE:021-5555 0123\r\nitem2.TEL;type=CELL;type=VOICE;type=pref:138 0013 "
                      "8000\r\nitem2.X-ABLabel:_$!<Mobile>!$_\r\n"),
          "王芳|芳|王|小林家居, 上海|CELL 13800138000,WORK 02155550123|fang@shop.example" },
        /* Of Android, 2.1: words in quoted-printable, whose lines go on. */
        { CARD("2.1", "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E7=8E=8B;=E8=8A=B3;;;\r\n"
                      "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E7=8E=8B=\r\n=E8=8A=B3\r\nTEL;CELL;PREF:+86 "
                      "138-0013-8000\r\nTEL;HOME:01088886666\r\n"),
          "王芳|芳|王||CELL +8613800138000,HOME 01088886666|" },
        { CARD("2.1", "FN;QUOTED-PRINTABLE;CHARSET=GBK:=CD=F5=B7=BC\r\nTEL:13800138000\r\n"), "王芳||||13800138000|" },
        { CARD("2.1", "FN;CHARSET=GB2312:\xcd\xf5\xb7\xbc\r\nTEL:13800138000\r\n"), "王芳||||13800138000|" },
        /* 4.0: numbers as addresses, lists in quotes, a colon in quotes. */
        { CARD("4.0", "FN;ALTID=\"a:b\":Ann Lee\r\nTEL;VALUE=uri;TYPE=\"voice,home\";PREF=2:tel:+1-201-555-0123;ext=5\r\n"
                      "TEL;VALUE=uri;TYPE=cell;PREF=1:tel:+12015550199\r\n"),
          "Ann Lee||||CELL +12015550199,HOME +12015550123|" },
        /* Folded, by a blank or a tab, in the middle of a character, too. */
        { "BEGIN:VCARD\nVERSION:3.0\nFN:Ann Ma\n rie Lee\nTEL;TYPE=\n\tCELL:+1201\n 5550123\nEND:VCARD\n",
          "Ann Marie Lee||||CELL +12015550123|" },
        { CARD("3.0", "FN:\xe7\x8e\r\n \x8b\r\nTEL:13800138000\r\n"), "王||||13800138000|" },
        { CARD("2.1", "FN:Ann\r\n Lee\r\nTEL:13800138000\r\n"), "Ann Lee||||13800138000|" }, /* where a blank was, it stays */
        /* One line, without escapes; who has no name is called as the parts say. */
        { CARD("3.0", "FN:Ann\\nLee\\, Dr\\; MD\r\nTEL:13800138000\r\n"), "Ann Lee, Dr; MD||||13800138000|" },
        { CARD("3.0", "N:Lee\\;x;Ann\r\nTEL:13800138000\r\n"), "Ann Lee;x|Ann|Lee;x||13800138000|" },
        { CARD("3.0", "N:欧阳;明\r\nTEL:13800138000\r\n"), "欧阳明|明|欧阳||13800138000|" },
        { CARD("3.0", "FN: \r\nN:Lee\r\nTEL:13800138000\r\n"), "Lee||Lee||13800138000|" },
        /* The same number once, none of a fax; a picture is passed over. */
        { CARD("3.0", "FN:A\r\nTEL;TYPE=FAX:02155550001\r\nTEL:13800138000\r\nTEL;TYPE=CELL:138 0013 8000\r\nTEL;TYPE=HOME:\r\nEMAIL: \r\n"
                      "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQ==\r\n"),
          "A||||13800138000|" },
        { CARD("2.1", "FN:A\r\nTEL:13800138000\r\nPHOTO;JPEG;ENCODING=BASE64:\r\n /9j/4AAQ\r\n SkZJRg==\r\n\r\n"), "A||||13800138000|" },
        { "\xef\xbb\xbf" CARD("3.0", "FN:A\r\nTEL:13800138000\r\n"), "A||||13800138000|" },
        { "begin:vcard\r\nversion:3.0\r\nfn:A\r\ntel:13800138000\r\nend:vcard", "A||||13800138000|" },
        { CARD("3.0", "FN:A\r\nTEL:13800138000\r\n") "\r\n" CARD("2.1", "FN:B\r\nTEL:13900139000\r\n"),
          "A||||13800138000|\nB||||13900139000|" },
        /* What stays a file. */
        { CARD("3.0", "FN:A\r\n"), NULL },
        { CARD("3.0", "TEL:13800138000\r\n"), NULL },
        { CARD("3.0", "FN:A\r\nTEL;TYPE=FAX:13800138000\r\n"), NULL },
        { CARD("3.0", "FN:A\r\nTEL:13800138000\r\n") CARD("3.0", "FN:B\r\n"), NULL }, /* nobody is left out */
        { CARD("3.0", "FN:A\r\nTEL:13800138000\r\nTEL:call me\r\n"), NULL },          /* nor a number, nor an address */
        { CARD("3.0", "FN:A\r\nTEL:13800138000\r\nEMAIL:ask the shop\r\n"), NULL },
        { CARD("3.0", "FN:\xcd\xf5\xb7\xbc\r\nTEL:13800138000\r\n"), NULL }, /* of no charset */
        { CARD("2.1", "FN;CHARSET=GBK:\xff\xff\r\nTEL:13800138000\r\n"), NULL },
        { CARD("2.1", "FN:A\r\nTEL:13800138000\r\nAGENT:\r\nBEGIN:VCARD\r\nFN:B\r\nEND:VCARD\r\n"), NULL },
        { CARD("3.0", "FN:a\xe2\x80\xae"
                      "b\r\nTEL:13800138000\r\n"),
          NULL }, /* it would turn the line round */
        { "BEGIN:VCARD\r\nFN:A\r\nTEL:13800138000\r\n", NULL },
        { CARD("3.0", "FN:A\r\nTEL:13800138000\r\n") "and more", NULL },
        { "END:VCARD\r\n", NULL },
        { "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", NULL },
        { "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *a = arena_new(0);
        const char *got = said(a, slice_of(rows[i].file), "text/plain", "people.vcf");

        if (!got != !rows[i].want || (got && strcmp(got, rows[i].want) != 0))
            fail_msg("row %zu: %s", i, got ? got : "a file");
        arena_free(a);
    }
}

static void what_is_not_called_a_vcard_is_none(void **state)
{
    static const struct {
        const char *mime, *name;
        bool one;
    } rows[] = {
        { "text/plain", "a.vcf", true },
        { "text/plain", "A.VCF", true },
        { "text/vcard; charset=utf-8", "a", true },
        { "text/x-vcard", NULL, true },
        { "text/plain", "a.txt", false },
        { "text/plain", "vcf", false },
        { NULL, NULL, false },
        { "application/octet-stream", "a.vcf", true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *a = arena_new(0);

        if ((said(a, SLICE(CARD("3.0", "FN:A\r\nTEL:13800138000\r\n")), rows[i].mime, rows[i].name) != NULL) != rows[i].one)
            fail_msg("row %zu", i);
        arena_free(a);
    }
}

/* Some of it, or all of it and a byte more. */
static void its_bounds_are_exact(void **state)
{
    static const char one[] = CARD("3.0", "FN:A\r\nTEL:13800138000\r\n");
    struct arena *a = arena_new(0);
    struct buf b;

    (void)state;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < VCARD_PEOPLE_MAX; i++)
        buf_str(&b, one);
    assert_non_null(said(a, buf_slice(&b), NULL, "a.vcf"));
    buf_str(&b, one);
    assert_null(said(a, buf_slice(&b), NULL, "a.vcf"));
    buf_clear(&b);
    buf_str(&b, one);
    while (b.n < VCARD_BYTES_MAX)
        buf_char(&b, '\n');
    assert_non_null(said(a, buf_slice(&b), NULL, "a.vcf"));
    buf_char(&b, '\n');
    assert_null(said(a, buf_slice(&b), NULL, "a.vcf"));
    buf_clear(&b);
    buf_str(&b, "BEGIN:VCARD\nFN:A\n");
    for (int i = 0; i < VCARD_PHONES_MAX; i++)
        buf_printf(&b, "TEL;PREF=1:1380013800%d\nTEL:1380013800%d\n", i, i);
    for (int i = 0; i < VCARD_MAILS_MAX; i++)
        buf_printf(&b, "EMAIL:a%d@shop.example\n", i);
    buf_str(&b, "END:VCARD\n");
    assert_string_equal(said(a, buf_slice(&b), NULL, "a.vcf"),
                        "A||||13800138007,13800138006,13800138005,13800138004,13800138003,13800138002,13800138001,13800138000|"
                        "a0@shop.example,a1@shop.example,a2@shop.example,a3@shop.example");
    for (int i = 0; i < 2; i++) {
        const char *further[] = { "TEL:13800138008\n", "EMAIL:a4@shop.example\n" };
        struct slice whole = buf_slice(&b);
        const char *more = arena_printf(a, "%.*s%sEND:VCARD\n", (int)(whole.n - 10), whole.p, further[i]);

        assert_null(said(a, slice_of(more), NULL, "a.vcf")); /* it would be left out */
    }
    buf_finish(&b);
    arena_free(a);
}

/* Cut anywhere, it is read or not, and nothing else happens. */
static void a_file_that_is_cut_is_no_contact(void **state)
{
    static const char whole[] =
        CARD("2.1", "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E7=8E=8B=\r\n=E8=8A=B3\r\nTEL;CELL:13800138000\r\n");

    (void)state;
    for (size_t n = 0; n + 2 < sizeof(whole) - 1; n++) {
        struct arena *a = arena_new(0);
        char *cut = malloc(n + 1);

        assert_non_null(cut);
        memcpy(cut, whole, n);
        assert_null(said(a, (struct slice){ cut, n }, NULL, "a.vcf"));
        free(cut);
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_are_read_as_phones_write_them),
        cmocka_unit_test(what_is_not_called_a_vcard_is_none),
        cmocka_unit_test(its_bounds_are_exact),
        cmocka_unit_test(a_file_that_is_cut_is_no_contact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
