/* Order on the platform: links, wording that should not be used, and who is meant by a ban. */
#include "tests/unit/unit.h"

#include "core/forbid.h"
#include "core/link.h"
#include "settings/site.h"

static void finds_the_links_in_what_people_write(void **state)
{
    static const struct {
        const char *text, *hosts; /* separated by blanks */
    } rows[] = {
        { "看 https://a.example/x?y=1 吧", "a.example" },
        { "HTTP://A.Example", "A.Example" },
        { "www.a.example。", "www.a.example" },
        { "加我 abc.com，谢谢", "abc.com" },
        { "taobao.com/item 和 jd.com", "taobao.com jd.com" },
        { "a.b.com.cn.", "a.b.com.cn" },
        { "mail me: ann@abc.com", "" },
        { "3.5 米，约 2.com?", "2.com" },
        { "图纸.dwg plan.dwg", "" },
        { "e.g. this", "" },
        { "https://", "" },
        { "www.", "" },
        { "", "" },
        { "ftp://x.y/z https://q.r", "x.y q.r" },
        /* As a Chinese keyboard writes them, and with what nobody sees. */
        { "ｅｖｉｌ．ｃｏｍ/a", "evil.com" },
        { "evil。com", "evil.com" },
        { "http：//evil。com", "evil.com" },
        { "ev\u200bil.c\u00adom", "evil.com" },
        { "好的。com 是什么", "" },
        { "我用 ok。谢谢", "" },
        { "evil.中国 和 e.g.中文", "evil.中国" },
        /* Any scheme, and whom it is really about. */
        { "weixin://dl/x", "dl" },
        { "hxxp://evil", "evil" },
        { "javascript:alert(1)", "alert" },
        { "mailto:a@b.com", "b.com" },
        { "https://xiaolin.example@evil.com/x", "evil.com" },
        { "https://[::1]/", "[::1]" },
        { "https://商城.example", "商城.example" },
        { "http://%65vil.com", "%65vil.com" },
        { "size:XL Tel:13800138000 12:30 and/or://", "" },
        /* Addresses of numbers. */
        { "1.2.3.4/x 和 10.0.0.300、1.2.3、1.2.3.4.5", "1.2.3.4" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice rest, host;
        char found[200] = "";
        struct buf folded;

        buf_init(&folded, 1000);
        link_fold(slice_of(rows[i].text), &folded);
        rest = buf_slice(&folded);

        while (link_next(&rest, &host))
            (void)snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%.*s", *found ? " " : "", (int)host.n, host.p);
        row_string_equal(rows[i].text, found, rows[i].hosts);
        buf_finish(&folded);
    }
}

static void a_listed_host_stands_for_all_below_it(void **state)
{
    static const char *const hosts[] = { "a.example", "b.com" };

    (void)state;
    assert_true(link_listed(SLICE("a.example"), hosts, 2));
    assert_true(link_listed(SLICE("Shop.A.example"), hosts, 2));
    assert_false(link_listed(SLICE("bad-a.example"), hosts, 2));
    assert_false(link_listed(SLICE("a.example.evil.com"), hosts, 2));
    assert_false(link_listed(SLICE("example"), hosts, 2));
}

static struct site *site_with(const char *kind, const char *body)
{
    struct kf_key k;
    struct document docs[] = { { KEY("site"), KEY("site"), 1, "{\"name\":\"S\"}" }, { .key = KEY("x"), .version = 1, .body = body } };
    struct kf_err why = { 0 };
    struct site *s = NULL;

    assert_true(key_parse(slice_of(kind), &k));
    docs[1].kind = k;
    if (site_build(&s, &KEY("s"), docs, 2, &why))
        fail_msg("%s", why.text);
    return s;
}

static void finds_wording_whatever_stands_between_its_characters(void **state)
{
    struct site *s =
        site_with("forbidden", "{\"name\":\"cold\",\"words\":[\"随便\",\"不知道\",\"not my "
                               "job\",\"Idiot\",\"a1b\",\"1b\",\"b2b1\",\"關我甚麼事\",\"没办法\"],\"advice\":\"我帮您查一下\"}");
    static const struct {
        const char *text, *first;
        size_t n;
    } rows[] = {
        { "随便您", "随便", 1 },
        { "随 便、我不-知-道", "随便", 2 },
        { "我知道，随后便好", NULL, 0 },
        { "That is NOT my  job!", "not my job", 1 },
        { "notmyjob", NULL, 0 },
        { "ｉｄｉｏｔ", "Idiot", 1 },
        { "idiotic", NULL, 0 },
        { "idiot2", NULL, 0 }, /* a word of letters and digits is one */
        { "2idiot", NULL, 0 },
        { "x1idiot2y", NULL, 0 },
        { "a1b2 c1b", NULL, 0 },
        { "见b2b1网", "b2b1", 1 },
        { "i1d1i1o1t", NULL, 0 },
        { "", NULL, 0 },
        { "i.d.i.o.t", "Idiot", 1 },
        { "You I-D-I-O-T!", "Idiot", 1 },
        { "u i\nd i_o ｔ", "Idiot", 1 },
        { "an i d i o t.", "Idiot", 1 },
        { "I did; I ought", NULL, 0 },
        { "i d i o t i c", NULL, 0 },
        { "id i o t", NULL, 0 },
        { "i 2 d i o t", NULL, 0 },
        { "v i d i o t", NULL, 0 },
        { "a i随d i o t", NULL, 0 },
        { "x i.d.i.o.t", "Idiot", 1 },
        { "x\u2003i.d.i.o.t", "Idiot", 1 },
        { "x\ri.d.i.o.t", "Idiot", 1 },
        { "i.d.i.o.t 2", "Idiot", 1 },
        { "r u 7 i-d-i-o-t y", "Idiot", 1 },
        { "plan b\u3000i.d.i.o.t\u3000c", "Idiot", 1 },
        { "1.i.d.i.o.t", "Idiot", 1 },
        { "2 i d i o t 4", "Idiot", 1 },
        { "i d i o t u", "Idiot", 1 },
        { "i.d.i.o.t2", "Idiot", 1 },
        { "4i.d.i.o.t", "Idiot", 1 },
        { "x1.i.d.i.o.t", "Idiot", 1 },
        { "a.1.b", "a1b", 2 },
        { "x.i.d.i.o.t", NULL, 0 },
        { "i.d x i.o.t", NULL, 0 },
        { "关我什么事", "關我甚麼事", 1 }, /* in both ways of writing Chinese */
        { "隨 便、我不-知-道", "随便", 2 },
        { "沒辦法", "没办法", 1 },
        { "有辦法", NULL, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct forbidden_word *found[4];
        size_t n = forbid_find(s->forbidden, s->n_forbidden, slice_of(rows[i].text), found, 4);

        row_int_equal(rows[i].text, n, rows[i].n);
        if (n)
            row_string_equal(rows[i].text, found[0]->word, rows[i].first);
    }
    assert_int_equal(forbid_find(s->forbidden, s->n_forbidden, SLICE("随便，不知道"), (const struct forbidden_word *[1]){ NULL }, 1), 1);
    assert_string_equal(s->forbidden[0].advice, "我帮您查一下");
    site_unref(s);
    s = site_with("forbidden", "{\"name\":\"cold\",\"words\":[\"随便\"],\"off\":true}");
    assert_int_equal(s->n_forbidden, 0);
    site_unref(s);
}

static void a_ban_means_one_kind_of_somebody(void **state)
{
    static const struct {
        const char *body, *field; /* NULL: right */
    } rows[] = {
        { "{\"visitor\":\"01936b2e-0000-7000-8000-000000000001\",\"reason\":\"r\"}", NULL },
        { "{\"address\":\"203.0.113.0/24\",\"reason\":\"r\",\"mute\":true,\"until\":5}", NULL },
        { "{\"channel\":\"api\",\"user\":\"u1\",\"reason\":\"r\"}", NULL },
        { "{\"reason\":\"r\"}", "visitor" },
        { "{\"visitor\":\"01936b2e-0000-7000-8000-000000000001\"}", "reason" },
        { "{\"visitor\":\"somebody\",\"reason\":\"r\"}", "visitor" },
        { "{\"address\":\"203.0.113\",\"reason\":\"r\"}", "address" },
        { "{\"channel\":\"api\",\"reason\":\"r\"}", "visitor" },
        { "{\"user\":\"u1\",\"reason\":\"r\"}", "visitor" },
        { "{\"address\":\"::1\",\"channel\":\"api\",\"user\":\"u1\",\"reason\":\"r\"}", "visitor" },
        { "{\"address\":\"::1\",\"reason\":\"r\",\"until\":-1}", "until" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kf_err why = { 0 };

        row_int_equal(rows[i].body, document_check("ban", slice_of(rows[i].body), &why), rows[i].field ? KF_INVALID : KF_OK);
        if (rows[i].field)
            row_string_equal(rows[i].body, why.field, rows[i].field);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_links_in_what_people_write),
        cmocka_unit_test(a_listed_host_stands_for_all_below_it),
        cmocka_unit_test(finds_wording_whatever_stands_between_its_characters),
        cmocka_unit_test(a_ban_means_one_kind_of_somebody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
