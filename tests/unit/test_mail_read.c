/* What mail is written in: words, addresses, dates, parameters, bodies, quotes, HTML, forms. The adapter itself is tried by test_mail.c. */
#include "unit.h"

#include "core/buf.h"
#include "core/utf8.h"
#include "protocols/mail_impl.h"

#include <string.h>

static int arena_setup(void **state)
{
    *state = arena_new(0);
    return *state ? 0 : -1;
}

static int arena_teardown(void **state)
{
    arena_free(*state);
    return 0;
}

static void expect(struct slice have, const char *want)
{
    if (!slice_is(have, want))
        fail_msg("\"%.*s\", expected \"%s\"", (int)have.n, have.p, want);
}

/* ---- words, addresses, dates ------------------------------------------------------------------------------------------------- */

static void words_are_read_in_every_charset(void **state)
{
    static const struct {
        const char *raw, *text;
    } rows[] = {
        { "plain", "plain" },
        { "=?gb2312?B?xOO6w6OsysC95w==?=", "你好，世界" },
        { "=?GB18030?b?xOO6w6OsysC95w==?=", "你好，世界" },
        { "=?big5?B?sXqmbqFBpUCsyQ==?=", "您好，世界" },
        { "=?ISO-2022-JP?B?GyRCJDMkcyRLJEEkTxsoQg==?=", "こんにちは" },
        { "=?gbk?Q?=BC=DB=B8=F1?= =?utf-8?Q?_2?= 3", "价格 2 3" },
        { "=?utf-8?B?5Lg=?=\r\n =?UTF-8?B?rQ==?=", "中" }, /* a character cut in two */
        { "=?utf-8*en?Q?x?=", "x" },
        { "=?koi8-r?Q?=F0?=", "П" },
        { "=?x-unknown?Q?a=E9?=", "aé" },
        { "=?utf-8?Q?a=0D=0AB?=", "a B" }, /* no line ends in a header */
        { "=?utf-8?X?a?=", "=?utf-8?X?a?=" },
        { "=?utf-8?Q?open", "=?utf-8?Q?open" },
        { "caf\xe9", "café" },
        { "caf\xc3\xa9", "café" },
        { "=?utf-8?B?/w==?=", "\xef\xbf\xbd" },
        { "", "" },
    };
    struct arena *a = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(mail_words(a, slice_of(rows[i].raw)), rows[i].text);
}

static void addresses_are_found_in_what_people_write(void **state)
{
    static const struct {
        const char *raw;
        size_t n;
        const char *name, *address;
    } rows[] = {
        { "eva@Mail.Example", 1, "", "eva@mail.example" },
        { "\"N\xc3\xa4"
          "f, Eva\" <Eva@mail.example>, b@x.example",
          2, "Näf, Eva", "Eva@mail.example" },
        { "eva@mail.example (Eva (of Acme))", 1, "Eva (of Acme)", "eva@mail.example" },
        { "=?utf-8?Q?N=C3=A4f?= <eva@mail.example>", 1, "Näf", "eva@mail.example" },
        { "friends: a@x.example, b@x.example;, c@x.example", 3, "", "a@x.example" },
        { "undisclosed-recipients:;", 0, NULL, NULL },
        { "<>", 0, NULL, NULL },
        { "not an address", 0, NULL, NULL },
        { "\"a\\\"b\" <a@x.example>", 1, "a\"b", "a@x.example" },
        { "<a @x.example>", 1, "", "a@x.example" },
        { "\"open <a@x.example>", 0, NULL, NULL },
    };
    struct arena *a = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mail_address all[4];

        if (mail_addresses(a, slice_of(rows[i].raw), all, 4) != rows[i].n)
            fail_msg("%s", rows[i].raw);
        if (!rows[i].n)
            continue;
        expect(all[0].name, rows[i].name);
        expect(all[0].address, rows[i].address);
    }
}

static void dates_are_read_as_they_are_written(void **state)
{
    static const struct {
        const char *raw;
        int64_t ms;
    } rows[] = {
        { "Mon, 21 Sep 2026 13:26:40 +0200", 1789990000000 },
        { "21 Sep 26 11:26:40 GMT", 1789990000000 },
        { "Mon, 21 Sep 2026 07:26:40 EDT (summer)", 1789990000000 },
        { "Mon,21 Sep 2026 11:26 -0000", 1789989960000 },
        { "1 Jan 1970 0:00:01 +0000", 1000 },
        { "Mon, 31 Feb 2026 11:26:40 +0000", 0 },
        { "yesterday", 0 },
        { "", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t at = 0;

        assert_int_equal(mail_date(slice_of(rows[i].raw), &at), rows[i].ms != 0);
        assert_int_equal(at, rows[i].ms);
    }
}

static void parameters_are_put_together(void **state)
{
    static const struct {
        const char *raw, *name, *value;
    } rows[] = {
        { "text/plain; charset=utf-8", "charset", "utf-8" },
        { "text/plain; CHARSET=\"a;b\"; x=y", "charset", "a;b" },
        { "attachment; filename*=UTF-8'en'r%C3%A9sum%C3%A9.pdf; filename=x", "filename", "résumé.pdf" },
        { "attachment; filename*0*=gbk''%BC%DB; filename*1*=%B8%F1; filename*2=.txt", "filename", "价格.txt" },
        { "attachment; filename*0=\"long \"; filename*1=\"name\"", "filename", "long name" },
        { "attachment; filename=\"=?utf-8?Q?=C3=A9?=.pdf\"", "filename", "é.pdf" },
        { "attachment; filename=\"\xe4\xbb\xb7.txt\"", "filename", "价.txt" },
        { "attachment", "filename", "" },
        { "attachment; filename", "filename", "" },
        { "attachment; filename*=%ff", "filename", "ÿ" },
    };
    struct arena *a = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(mail_param(a, slice_of(rows[i].raw), rows[i].name), rows[i].value);
    expect(mail_value(a, SLICE(" Text/PLAIN ;x")), "text/plain");
}

/* ---- bodies ---------------------------------------------------------------------------------------------------------------------- */

static void bodies_are_found_however_they_are_wrapped(void **state)
{
    static const struct {
        const char *raw, *text;
        size_t parts;
    } rows[] = {
        { "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo\n--b--\nafter", "one\ntwo", 0 },
        { "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nno end", "no end", 0 },
        { "Content-Type: multipart/mixed; boundary=b\n\n--bb\n\nx\n--b \n\ny\n--b--", "y", 0 },
        { "Content-Type: multipart/mixed\n\n--b\n\nx", "--b\n\nx", 0 },
        { "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\naGk=\n!!\naGk=", "hihi", 0 },
        { "Content-Transfer-Encoding: quoted-printable\n\na=\n b=zz=C3=A9=", "a b=zzé", 0 },
        { "Content-Type: image/png; name=p.png\nContent-Transfer-Encoding: base64\n\nUE5HREFUQQ==", "", 1 },
        { "Content-Type: text/plain; format=flowed\n\na \nb\n> c \n> d\n-- \ne", "a b\n> c d\n-- \ne", 0 },
        { "Content-Type: text/plain; charset=gb2312\n\n\xc4\xe3\xba\xc3", "你好", 0 },
        { "Content-Type: multipart/mixed; boundary=b\n\nno such line", "no such line", 0 },
        { "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n\xe4\xbd\xa0\xe5\xa5\xbd", "你好", 0 },
        { "no header at all", "", 0 },
        { "", "", 0 },
    };
    struct arena *a = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mail_letter l;

        assert_true(mail_mime(a, slice_of(rows[i].raw), &l));
        expect(mail_trimmed(l.text), rows[i].text);
        assert_int_equal(l.n_parts, rows[i].parts);
    }
}

static void parts_within_parts_end_somewhere(void **state)
{
    struct arena *a = *state;
    struct mail_letter l;
    struct buf b;

    buf_init(&b, 1u << 20);
    for (int i = 0; i < 100; i++)
        buf_printf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
    buf_str(&b, "\ndeep");
    assert_true(mail_mime(a, buf_slice(&b), &l));
    buf_clear(&b);
    buf_str(&b, "Content-Type: multipart/mixed; boundary=b\n\n");
    for (int i = 0; i < 3000; i++)
        buf_str(&b, "--b\nContent-Type: a/b\n\nx\n");
    assert_true(mail_mime(a, buf_slice(&b), &l));
    assert_true(l.n_parts < MAIL_PARTS_MAX);
    buf_finish(&b);
}

static void what_is_quoted_is_cut_and_nothing_is_lost(void **state)
{
    static const struct {
        const char *text, *head, *quoted;
    } rows[] = {
        { "yes\n\nOn Mon, Acme wrote:\n> soon\n", "yes", "On Mon, Acme wrote:\n> soon" },
        { "yes\n\nOn Mon, 21 Sep 2026 at 11:26,\nAcme <a@x.example> wrote:\n\n> soon", "yes",
          "On Mon, 21 Sep 2026 at 11:26,\nAcme <a@x.example> wrote:\n\n> soon" },
        { "好的\n\n在 2026年9月21日，小林 <a@x.example> 写道：\n> 在路上", "好的",
          "在 2026年9月21日，小林 <a@x.example> 写道：\n> 在路上" },
        { "好\n\n------------------ 原始邮件 ------------------\n发件人: a", "好",
          "------------------ 原始邮件 ------------------\n发件人: a" },
        { "ok\n-----Original Message-----\nFrom: a", "ok", "-----Original Message-----\nFrom: a" },
        { "ok\n________________________________\nFrom: a\nSent: b\nhi", "ok", "From: a\nSent: b\nhi" },
        { "> only quoted", "> only quoted", "" },
        { "On 3 Sep, b@x.example wrote:\n> one\nmy answer\n> two\nanother",
          "On 3 Sep, b@x.example wrote:\n> one\nmy answer\n> two\nanother", "" },
        { "老板写道：\n请回电", "老板写道：\n请回电", "" }, /* a person's own words */
        { "He wrote:\nno", "He wrote:\nno", "" },
        { "", "", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice quoted;

        expect(mail_unquoted(slice_of(rows[i].text), &quoted), rows[i].head);
        expect(quoted, rows[i].quoted);
    }
}

static void html_becomes_text(void **state)
{
    static const struct {
        const char *html, *text;
    } rows[] = {
        { "<p>a&amp;b</p><p>c</p>", "a&b\n\nc" },
        { "<html><head><title>t</title><style>p{}</style></head><body>x<br>y</body></html>", "x\ny" },
        { "<script>alert(1)</script>ok<!-- no -->", "ok" },
        { "<ul><li>one<li>two</ul>", "- one\n- two" },
        { "a  \n b", "a b" },
        { "<a href=\"x>y\">link</a>", "link" },
        { "<a class=b HREF='https://shop.example/?a=1&amp;b=2'>这里</a>有", "这里 <https://shop.example/?a=1&b=2>有" },
        { "<a href=https://shop.example/>shop.example</a> <a href=\"https://shop.example/x\">https://shop.example/x</a>",
          "shop.example https://shop.example/x" },
        { "<a href=\"https://a.example/\"><img src=x alt=logo></a>b<a href=\"javascript:x\">c</a><a href=\"mailto:a@b\">d</a>", "bcd" },
        { "<a href=\"https://a.example/1\">x<a href=\"https://a.example/2\">y</a></a>", "xy <https://a.example/2>" },
        { "<ol><li>one<ul><li>deeper</ul><li>two</ol><ul><li>three", "1. one\n  - deeper\n2. two\n- three" },
        { "<ol><ol><ol><ol><ol><ol><ol><ol><ol><li>x</ol></ol></ol></ol></ol></ol></ol></ol></ol><li>y", "1. x\n- y" },
        { "</ol><li>x", "- x" },
        { "<table><tr><th>订单</th><th>状态</th></tr><tr><td>A-1</td><td>已发货</td></tr></table>", "订单 状态\nA-1 已发货" },
        { "hi <img alt=\"🙂\" src=x><img alt=\"image001.png\"><img alt='图片'>", "hi 🙂" },
        { "&#20320;&#x597D;&#0;&bogus;", "你好\xef\xbf\xbd&bogus;" },
        { "1 < 2 && 3 > 2", "1 < 2 && 3 > 2" },
        { "<h1>T</h1><div>x</div>", "T\nx" },
        { "a<blockquote>b<p>c</p><blockquote>d</blockquote>e</blockquote>f", "a\n> b\n\n> c\n\n> > d\n> e\nf" },
        { "a<blockquote style=\"margin:0 0 0 40px;border:none;padding:0px\">b</blockquote>c", "a\nb\nc" },
        { "</blockquote></blockquote>a<blockquote>b", "a\n> b" },
        { "<blockquote><blockquote><blockquote><blockquote>deep", "> > > deep" },
        { "<script>never", "" },
        { "<", "<" },
        { "", "" },
    };
    struct arena *a = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(mail_html_text(a, slice_of(rows[i].html)), rows[i].text);
}

/* Anybody may send such a thing, and everybody waits while it is read. */
static void of_a_page_without_end_the_beginning_is_read(void **state)
{
    static const char cut[] = "[the rest was left out: it is too long]";
    static const struct {
        const char *before, *again;
        size_t most;
    } rows[] = {
        { "<blockquote><blockquote><blockquote><ol><ol><ol><ol><ol><ol><ol><ol>", "<li>", 1100000 }, /* each makes thirty bytes of four */
        { "<blockquote><blockquote><blockquote><pre>", "\nx", 1100000 },
        { "", "é", 1100000 },
        { "", "<table><tr><td>", 0 },
    };
    struct arena *a = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice text;
        struct buf b;

        buf_init(&b, 4u << 20);
        buf_str(&b, rows[i].before);
        while (b.n < 3u << 20)
            buf_str(&b, rows[i].again);
        text = mail_html_text(a, buf_slice(&b));
        assert_in_range(text.n, sizeof(cut) - 1, rows[i].most + sizeof(cut));
        assert_memory_equal(text.p + text.n - (sizeof(cut) - 1), cut, sizeof(cut) - 1);
        assert_true(utf8_valid(text));
        buf_finish(&b);
    }
}

/* A quote below a text that nobody would read so far down stays where it is: looking for it would take seconds. */
static void far_below_no_quote_is_looked_for(void **state)
{
    struct slice quoted;
    struct buf b;

    (void)state;
    buf_init(&b, 1u << 20);
    while (b.n < 300u << 10)
        buf_str(&b, "From: nobody\n");
    buf_str(&b, "> old");
    assert_int_equal(mail_unquoted(buf_slice(&b), &quoted).n, b.n);
    assert_int_equal(quoted.n, 0);
    buf_finish(&b);
}

/* As Gmail, Apple Mail, Thunderbird, Outlook on the web and Yahoo write an answer whose only text is HTML. */
static void what_html_quotes_is_cut_too(void **state)
{
    static const struct {
        const char *html, *head, *quoted;
    } rows[] = {
        { "<div dir=\"ltr\">fresh words</div><br><div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">On Mon, Shop "
          "wrote:<br></div>"
          "<blockquote class=\"gmail_quote\" style=\"margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex\">"
          "<div>old words</div><div>more of them</div></blockquote></div>",
          "fresh words", "On Mon, Shop wrote:\n> old words\n> more of them" },
        { "<html><body>fresh words<div><br><blockquote type=\"cite\"><div>On 21 Sep 2026, at 11:26, Shop &lt;s@x.example&gt; "
          "wrote:</div><br>"
          "<div>old words</div></blockquote></div></body></html>",
          "fresh words", "> On 21 Sep 2026, at 11:26, Shop <s@x.example> wrote:\n\n> old words" },
        { "<p>fresh</p><div class=\"moz-cite-prefix\">On 9/21/26 11:26, Shop wrote:<br></div><blockquote type=\"cite\" "
          "cite=\"mid:x\"><p>old</p>"
          "</blockquote>",
          "fresh", "On 9/21/26 11:26, Shop wrote:\n\n> old" },
        { "<div>fresh</div><hr><div id=\"divRplyFwdMsg\"><b>From:</b> Shop<br><b>Sent:</b> Monday<br></div><div>old</div>", "fresh",
          "From: Shop\nSent: Monday\nold" },
        { "<div>好的</div><blockquote>在 2026年9月21日，小林写道：<br>在路上</blockquote>", "好的",
          "> 在 2026年9月21日，小林写道：\n> 在路上" },
        { "<blockquote>only quoted</blockquote>", "> only quoted", "" },
        { "<div>see<blockquote>one</blockquote>my answer</div>", "see\n> one\nmy answer", "" },
    };
    struct arena *a = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice quoted;

        expect(mail_unquoted(mail_html_text(a, slice_of(rows[i].html)), &quoted), rows[i].head);
        expect(quoted, rows[i].quoted);
    }
}

static void forms_are_not_fooled_by_their_contents(void **state)
{
    static const char body[] =
        "preamble\r\n--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\nContent-Type: Text/Plain\r\n\r\n"
        "--bx\r\n --b\r\nx--b\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\n\r\n--b--\r\n";
    struct arena *a = *state;
    struct mail_field *f;
    bool failed;

    assert_int_equal(mail_form(a, SLICE("multipart/form-data; boundary=b"), slice_of(body), &f, &failed), 2);
    expect(f[0].value, "--bx\r\n --b\r\nx--b\r\n");
    expect(f[0].file_name, "a.txt");
    expect(f[0].type, "text/plain");
    expect(f[1].value, "");
    assert_int_equal(mail_form(a, SLICE("application/x-www-form-urlencoded"), SLICE("a=1+2&b=%E4%BD%A0"), &f, &failed), 2);
    expect(f[0].value, "1 2");
    expect(f[1].value, "你");
    assert_true(mail_form(a, SLICE("application/json"), SLICE("{}"), &f, &failed) == SIZE_MAX);
    assert_true(mail_form(a, SLICE("multipart/form-data"), slice_of(body), &f, &failed) == SIZE_MAX);
    assert_true(mail_form(a, SLICE("multipart/form-data; boundary=zz"), slice_of(body), &f, &failed) == SIZE_MAX);
}

#define READING(f) cmocka_unit_test_setup_teardown(f, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        READING(words_are_read_in_every_charset),
        READING(addresses_are_found_in_what_people_write),
        READING(dates_are_read_as_they_are_written),
        READING(parameters_are_put_together),
        READING(bodies_are_found_however_they_are_wrapped),
        READING(parts_within_parts_end_somewhere),
        READING(what_is_quoted_is_cut_and_nothing_is_lost),
        READING(html_becomes_text),
        READING(what_is_quoted_is_cut_and_nothing_is_lost),
        READING(what_html_quotes_is_cut_too),
        READING(of_a_page_without_end_the_beginning_is_read),
        READING(far_below_no_quote_is_looked_for),
        READING(forms_are_not_fooled_by_their_contents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
