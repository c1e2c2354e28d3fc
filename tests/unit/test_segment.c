#include "tests/unit/unit.h"

#include "core/segment.h"
#include "core/utf8.h"

/* Tokens with '|' between them, '+' before one that is joined to the one before. */
static const char *tokens_of(const char *text)
{
    static char out[1024];
    struct segmenter s;
    struct segment t;
    size_t n = 0;

    out[0] = '\0';
    segmenter_init(&s, slice_of(text));
    while (segmenter_next(&s, &t))
        n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%.*s", t.joined ? "+" : n ? "|" : "", (int)t.n, t.token);
    return out;
}

static void cuts_text_into_folded_tokens(void **state)
{
    static const struct {
        const char *text, *tokens;
    } rows[] = {
        { "", "" },
        { " \t\r\n", "" },
        { "你好", "你+好" },
        { "你好，世界。", "你+好|世+界" },
        { "你 好", "你|好" },
        { "iPhone手机壳", "iphone|手+机+壳" },
        { "手机iPhone", "手+机|iphone" },
        { "订单A10086已发货", "订+单|a+10086|已+发+货" },
        { "ＡＢＣ１２３", "abc+123" },
        { "iPhone15手机", "iphone+15|手+机" },
        { "3M 4s b2b Ｗi-Fi6", "3+m|4+s|b+2+b|wi|fi+6" },
        { "e\xcc\x81"
          "15\xe2\x80\x8dｇ",
          "e+15+g" }, /* what is read over does not part them */
        { "138\xEA\x80\x80\xEA\x80\x80"
          "8000 E\xEA\x80\x80"
          "678",
          "138\xEA\x80\x80\xEA\x80\x80"
          "8000|e\xEA\x80\x80"
          "678" }, /* nor is a word that is hidden in part */
        { "ABC-12.5", "abc|12|5" },
        { "don't", "don|t" },
        { "Café CAFÉ cafe\xcc\x81", "cafe|cafe|cafe" },
        { "Straße ŒUVRE Ærø Þór", "strasse|oeuvre|aero|thor" },
        { "lǜsè Nǐ HẢO", "luse|ni|hao" },
        { "Đặng İstanbul Łódź", "dang|istanbul|lodz" },
        { "ΆΛΦΑ λόγος", "αλφα|λογοσ" },
        { "МОСКВА Ёлка Їжак", "москва|елка|їжак" },
        { "カタカナ ｶﾀｶﾅ", "カ+タ+カ+ナ|カ+タ+カ+ナ" },
        { "ひらがな・カナ", "ひ+ら+が+な|カ+ナ" },
        { "한국어", "한+국+어" },
        { "㐀𠀀𪜶", "㐀+𠀀+𪜶" }, /* extensions A, B, C */
        { "人々〇", "人+々+〇" },
        { "ㄅㄆㄇ", "ㄅ+ㄆ+ㄇ" },
        { "好🙂的👍🏽", "好|的" },
        { "a\xe2\x80\x8d"
          "b",
          "ab" },                  /* a joiner is read over */
        { "邊󠄀界", "邊+界" }, /* so is an ideographic variation selector */
        { "שלום مرحبا สวัสดี", "שלום|مرحبا|สวัสดี" },
        { "¥199.00！", "199|00" },
        { "https://a.example/x?y=1", "https|a|example|x|y|1" },
        { "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij",
          "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabc" },
        { "\xe4\xbd"
          "a\xff",
          "a" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        row_string_equal(rows[i].text, tokens_of(rows[i].text), rows[i].tokens);
}

static void tells_where_each_token_stands_in_bytes_and_code_points(void **state)
{
    const char *text = "a你🙂é\xcc\x81x好";
    struct segmenter s;
    struct segment t;

    (void)state;
    segmenter_init(&s, slice_of(text));
    assert_true(segmenter_next(&s, &t));
    assert_int_equal(t.from, 0);
    assert_int_equal(t.cp_to, 1);
    assert_true(segmenter_next(&s, &t));
    assert_int_equal(t.from, 1);
    assert_int_equal(t.to, 4);
    assert_int_equal(t.cp_from, 1);
    assert_true(t.cjk);
    assert_true(segmenter_next(&s, &t)); /* e, accents and x: one word */
    assert_int_equal(t.from, 8);
    assert_int_equal(t.to, 13);
    assert_int_equal(t.cp_from, 3);
    assert_int_equal(t.cp_to, 6);
    assert_string_equal(t.token, "ex");
    assert_true(segmenter_next(&s, &t));
    assert_int_equal(t.cp_from, 6);
    assert_false(segmenter_next(&s, &t));
    assert_false(segmenter_next(&s, &t));
}

static void writes_queries_for_both_databases(void **state)
{
    static const struct {
        const char *query, *fts5, *ts; /* NULL: nothing to look for */
    } rows[] = {
        { "", NULL, NULL },
        { "，。！", NULL, NULL },
        { "-退款", NULL, NULL },
        { "退款", "(\"退\" + \"款\")", "('退' <-> '款')" },
        { "退款 发票", "(\"退\" + \"款\" AND \"发\" + \"票\")", "('退' <-> '款') & ('发' <-> '票')" },
        { "退款　发票", "(\"退\" + \"款\" AND \"发\" + \"票\")", "('退' <-> '款') & ('发' <-> '票')" }, /* full-width blank */
        { "iPhone15手机", "(\"iphone\" + \"15\" AND \"手\" + \"机\")", "('iphone' <-> '15') & ('手' <-> '机')" },
        { "iPhone手机", "(\"iphone\" AND \"手\" + \"机\")", "('iphone') & ('手' <-> '机')" },
        { "Free Shipping", "(\"free\" AND \"shipping\")", "('free') & ('shipping')" },
        { "\"Free Shipping\"", "(\"free\" + \"shipping\")", "('free' <-> 'shipping')" },
        { "“发票 号”", "(\"发\" + \"票\" + \"号\")", "('发' <-> '票' <-> '号')" },
        { "\"open end", "(\"open\" + \"end\")", "('open' <-> 'end')" },
        { "退款 -发票", "(\"退\" + \"款\") NOT \"发\" + \"票\"", "('退' <-> '款') & !('发' <-> '票')" },
        { "-a b -\"c d\"", "(\"b\") NOT \"a\" NOT \"c\" + \"d\"", "!('a') & ('b') & !('c' <-> 'd')" },
        { "a-b", "(\"a\" AND \"b\")", "('a') & ('b')" },
        { "a -b-c", "(\"a\") NOT \"b\" + \"c\"", "('a') & !('b' <-> 'c')" },
        { "a -", "(\"a\")", "('a')" },
        { "x\" OR 1=1 --", "(\"x\" AND \"or\" + \"1\" + \"1\")", "('x') & ('or' <-> '1' <-> '1')" },
        { "it's 'q' \\ NEAR(", "(\"it\" AND \"s\" AND \"q\" AND \"near\")", "('it') & ('s') & ('q') & ('near')" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b;

        buf_init(&b, 4096);
        row_int_equal(rows[i].query, segment_fts5(slice_of(rows[i].query), &b), rows[i].fts5 != NULL);
        row_string_equal(rows[i].query, buf_slice(&b).p, rows[i].fts5 ? rows[i].fts5 : "");
        buf_clear(&b);
        row_int_equal(rows[i].query, segment_tsquery(slice_of(rows[i].query), &b), rows[i].ts != NULL);
        row_string_equal(rows[i].query, buf_slice(&b).p, rows[i].ts ? rows[i].ts : "");
        buf_finish(&b);
    }
}

/* What an index that knows every place would find. */
static void tells_a_hit_from_its_text(void **state)
{
    static const struct {
        const char *text, *query;
        bool hit;
        const char *loose;
    } rows[] = {
        { "我要退款", "退款", true, " & '退' & '款'" },
        { "退，款", "退款", true, " & '退' & '款'" }, /* an index does not know what stands between */
        { "款退", "退款", false, " & '退' & '款'" },
        { "退款和发票", "发票 退款", true, " & '发' & '票' & '退' & '款'" },
        { "退款和发票", "退款 -发票", false, " & '退' & '款'" },
        { "退款和票发", "退款 -发票", true, " & '退' & '款'" },
        { "free of charge, shipping", "\"free shipping\"", false, " & 'free' & 'shipping'" },
        { "Free  Shipping!", "\"free shipping\"", true, " & 'free' & 'shipping'" },
        { "anything", "-x", false, "" },
        { "", "x", false, " & 'x'" },
        { "x x x", "x", true, " & 'x'" },
        { "我的iPhone15", "iphone", true, " & 'iphone'" },
        { "我的iPhone15", "iphone15", true, " & 'iphone' & '15'" },
        { "iPhone的15", "iphone15", false, " & 'iphone' & '15'" },
        { "iPhone16", "iphone15", false, " & 'iphone' & '15'" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b;

        row_int_equal(rows[i].text, segment_match(slice_of(rows[i].text), slice_of(rows[i].query)), rows[i].hit);
        buf_init(&b, 4096);
        segment_tsquery_loose(slice_of(rows[i].query), &b);
        row_string_equal(rows[i].query, buf_slice(&b).p, rows[i].loose);
        buf_finish(&b);
    }
}

static void marks_what_was_found_in_code_points(void **state)
{
    static const struct {
        const char *text, *query;
        size_t n;
        int marks[4][2];
    } rows[] = {
        { "我要退款，怎么退款？", "退款", 2, { { 2, 4 }, { 7, 9 } } },
        { "退，款", "退款", 0, { { 0, 0 } } },      /* nothing may stand between */
        { "退，款", "\"退 款\"", 1, { { 0, 3 } } }, /* but for a phrase that says so */
        { "🙂Hello hello", "HELLO", 2, { { 1, 6 }, { 7, 12 } } },
        { "发票号码", "发票 票号", 1, { { 0, 3 } } }, /* overlapping ones are one */
        { "发票号码", "号码 发票", 1, { { 0, 4 } } }, /* and so are touching ones */
        { "哈哈哈", "哈哈", 1, { { 0, 3 } } },
        { "a b c b", "b -c", 2, { { 2, 3 }, { 6, 7 } } }, /* what must not be is not marked */
        { "Café", "cafe", 1, { { 0, 4 } } },
        { "abc", "", 0, { { 0, 0 } } },
        { "我的iPhone15手机", "iphone", 1, { { 2, 8 } } },
        { "我的iPhone15手机", "iphone15", 1, { { 2, 10 } } },
        { "iPhone 15", "iphone15", 0, { { 0, 0 } } }, /* nor between the parts of a word */
        { "x y z", "y \"x y z\"", 1, { { 0, 5 } } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int marks[4][2];
        size_t n = segment_marks(slice_of(rows[i].text), slice_of(rows[i].query), marks, 4);

        row_int_equal(rows[i].text, n, rows[i].n);
        for (size_t k = 0; k < n; k++) {
            row_int_equal(rows[i].text, marks[k][0], rows[i].marks[k][0]);
            row_int_equal(rows[i].text, marks[k][1], rows[i].marks[k][1]);
        }
    }
}

static void writes_no_more_marks_than_there_is_room_for(void **state)
{
    int marks[3][2] = { { 0 } };

    (void)state;
    assert_int_equal(segment_marks(SLICE("a b a b a"), SLICE("a"), marks, 2), 2);
    assert_int_equal(marks[1][0], 4);
    assert_int_equal(marks[2][1], 0);
}

static void a_query_beyond_its_bounds_is_cut(void **state)
{
    struct buf long_query, out;

    (void)state;
    buf_init(&long_query, 100000);
    buf_init(&out, 100000);
    for (int i = 0; i < 3000; i++)
        buf_str(&long_query, i % 7 ? "好 " : "多多多多");
    for (int i = 0; i < 3000; i++)
        buf_str(&long_query, "长");
    assert_true(segment_fts5(buf_slice(&long_query), &out));
    assert_true(out.n < 128 * 8 + 32 * 6);
    buf_finish(&long_query);
    buf_finish(&out);
}

static void spaces_out_the_tokens_of_a_text(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 100);
    segment_spaced(SLICE("你好，World!"), &b);
    assert_string_equal(buf_slice(&b).p, "你 好 world");
    buf_clear(&b);
    segment_spaced(SLICE("iPhone15手机 b2b"), &b); /* by whole words */
    assert_string_equal(buf_slice(&b).p, "iphone15 手 机 b2b");
    buf_finish(&b);
}

static void the_same_is_the_same_however_it_is_typed(void **state)
{
    static const char *const rows[][2] = {
        { "buy now", "buynow" },
        { "buy now ", "buynow" },
        { "Buy NOW", "buynow" },
        { "buy\u3000\u200b now!!", "buynow" },
        { "ｂｕｙ now。", "buynow" },
        { "（在 吗？）", "在吗" },
        { "在吗😀", "在吗" },
        { "在不在", "在不在" },
        { "？！", "?!" },
        { "3.5 米", "3.5米" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b;

        buf_init(&b, 1000);
        segment_plain(slice_of(rows[i][0]), &b);
        buf_char(&b, '\0');
        row_string_equal(rows[i][0], b.p, rows[i][1]);
        buf_finish(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_is_the_same_however_it_is_typed),
        cmocka_unit_test(cuts_text_into_folded_tokens),
        cmocka_unit_test(tells_where_each_token_stands_in_bytes_and_code_points),
        cmocka_unit_test(writes_queries_for_both_databases),
        cmocka_unit_test(tells_a_hit_from_its_text),
        cmocka_unit_test(marks_what_was_found_in_code_points),
        cmocka_unit_test(writes_no_more_marks_than_there_is_room_for),
        cmocka_unit_test(a_query_beyond_its_bounds_is_cut),
        cmocka_unit_test(spaces_out_the_tokens_of_a_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
