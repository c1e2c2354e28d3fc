#include "tests/unit/unit.h"

#include "core/han.h"
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
          "ab" },                        /* a joiner is read over */
        { "邊󠄀界", "边+界" },       /* so is an ideographic variation selector */
        { "退貨 退货", "退+货|退+货" },  /* one form of every character, */
        { "\uf9b4\U0002f800", "领+丽" }, /* of what Unicode has twice, too */
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
        { "\"退，款\"", "(\"退\" + \".\" + \"款\")", "('退' <2> '款')" },
        { "退款 发票", "(\"退\" + \"款\" AND \"发\" + \"票\")", "('退' <-> '款') & ('发' <-> '票')" },
        { "退款　发票", "(\"退\" + \"款\" AND \"发\" + \"票\")", "('退' <-> '款') & ('发' <-> '票')" }, /* full-width blank */
        { "iPhone15手机", "(\"iphone\" + \"15\" AND \"手\" + \"机\")", "('iphone' <-> '15') & ('手' <-> '机')" },
        { "iPhone手机", "(\"iphone\" AND \"手\" + \"机\")", "('iphone') & ('手' <-> '机')" },
        { "Free Shipping", "(\"free\" AND \"shipping\")", "('free') & ('shipping')" },
        { "\"Free Shipping\"", "(\"free\" + \"shipping\")", "('free' <-> 'shipping')" },
        { "“发票 号”", "(\"发\" + \"票\" + \".\" + \"号\")", "('发' <-> '票' <2> '号')" },
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
        { "退，款", "退款", false, " & '退' & '款'" }, /* an index knows where a run ends, */
        { "退 款", "退款", false, " & '退' & '款'" },
        { "退，款", "\"退，款\"", true, " & '退' & '款'" },
        { "退…… 款", "\"退 款\"", true, " & '退' & '款'" }, /* though not what stands there */
        { "退款", "\"退 款\"", false, " & '退' & '款'" },
        { "退a款", "\"退 款\"", false, " & '退' & '款'" },
        { "苹果，手机壳", "果手", false, " & '果' & '手'" },
        { "苹果，手机壳", "苹果 手机", true, " & '苹' & '果' & '手' & '机'" },
        { "iPhone 15", "iphone15", true, " & 'iphone' & '15'" }, /* the parts of a word are often written apart */
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
        { "我要退貨", "退货", true, " & '退' & '货'" },
        { "我要退货", "退貨 -發票", true, " & '退' & '货'" },
        { "退貨和发票", "退货 -發票", false, " & '退' & '货'" },
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
        { "退，款", "退款", 0, { { 0, 0 } } },
        { "退，款就是退款", "退款", 1, { { 5, 7 } } },
        { "iPhone 15", "iphone15", 1, { { 0, 9 } } },            /* an index finds it so: it shall be seen what it found */
        { "iPhone 15 iPhone15", "iphone15", 1, { { 10, 18 } } }, /* but where nothing stands between, only that */
        { "退，款", "\"退 款\"", 1, { { 0, 3 } } },
        { "退，票", "退款", 0, { { 0, 0 } } },
        { "🙂Hello hello", "HELLO", 2, { { 1, 6 }, { 7, 12 } } },
        { "发票号码", "发票 票号", 1, { { 0, 3 } } }, /* overlapping ones are one */
        { "发票号码", "号码 发票", 1, { { 0, 4 } } }, /* and so are touching ones */
        { "哈哈哈", "哈哈", 1, { { 0, 3 } } },
        { "a b c b", "b -c", 2, { { 2, 3 }, { 6, 7 } } }, /* what must not be is not marked */
        { "Café", "cafe", 1, { { 0, 4 } } },
        { "abc", "", 0, { { 0, 0 } } },
        { "我的iPhone15手机", "iphone", 1, { { 2, 8 } } },
        { "我的iPhone15手机", "iphone15", 1, { { 2, 10 } } },
        { "iPhone 15", "iphone15", 1, { { 0, 9 } } }, /* the parts of a word likewise */
        { "x y z", "y \"x y z\"", 1, { { 0, 5 } } },
        { "🙂退貨，退货", "退货", 2, { { 1, 3 }, { 4, 6 } } },
        { "我的訂單𩙪", "订单 颷", 1, { { 2, 5 } } }, /* of several bytes more or less */
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

/* The one is found by the other and the other by the one, and stands where it stands. */
static void a_word_is_found_however_its_characters_are_written(void **state)
{
    static const char *const rows[][2] = {
        { "退货", "退貨" }, { "发票", "發票" },     { "理发", "理髮" }, { "之后", "之後" },     { "皇后", "皇後" },
        { "里面", "裡面" }, { "裡面", "裏面" },     { "里麵", "裏麪" }, { "干净", "乾淨" },     { "干部", "幹部" },
        { "台湾", "臺灣" }, { "台灣", "臺湾" },     { "台风", "颱風" }, { "枱面", "檯面" },     { "方便面", "方便麵" },
        { "着急", "著急" }, { "线上", "綫上" },     { "線上", "綫上" }, { "为什么", "爲什麼" }, { "為什麽", "为甚么" },
        { "群组", "羣組" }, { "客服说", "客服說" }, { "說明", "説明" }, { "回复", "回覆" },     { "回復", "回覆" },
        { "复制", "複製" }, { "了解", "瞭解" },     { "账号", "帳號" }, { "帐号", "賬號" },     { "只有", "衹有" },
        { "一只", "一隻" }, { "借口", "藉口" },     { "余额", "餘額" }, { "馀额", "餘額" },     { "时钟", "時鐘" },
        { "锺", "鍾" },     { "周末", "週末" },     { "联系", "聯繫" }, { "关系", "關係" },     { "面条", "麵條" },
        { "历史", "歷史" }, { "日历", "日曆" },     { "松紧", "鬆緊" }, { "征求", "徵求" },     { "托运", "託運" },
        { "你好", "妳好" }, { "它", "牠" },         { "家具", "傢具" }, { "众", "衆" },         { "眾", "衆" },
        { "污渍", "汙漬" }, { "卫生", "衛生" },     { "衞生", "衛生" }, { "叙述", "敘述" },     { "叙述", "敍述" },
        { "龙龟", "龍龜" }, { "龜", "\uf907" },     { "车", "\uf902" }, { "𫚭", "鱲" },         { "𩙪", "颷" },
        { "寿司", "壽司" }, { "采购", "採購" },     { "制造", "製造" }, { "系统", "系統" },     { "咨询", "諮詢" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int way = 0; way < 2; way++) {
            struct slice text = slice_of(rows[i][way]), query = slice_of(rows[i][!way]);
            int marks[2][2] = { { 0 } };

            row_int_equal(rows[i][way], segment_match(text, query), true);
            row_int_equal(rows[i][way], segment_holds(text, query), true);
            row_int_equal(rows[i][way], segment_marks(text, query, marks, 2), 1);
            row_int_equal(rows[i][way], marks[0][0], 0);
            row_int_equal(rows[i][way], marks[0][1], (int)utf8_length(text));
        }
}

static void characters_that_only_look_alike_are_not_one(void **state)
{
    static const char *const rows[][2] = {
        { "未", "末" }, { "己", "已" }, { "已", "巳" }, { "土", "士" }, { "日", "曰" }, { "人", "入" }, { "坐", "座" }, { "做", "作" },
        { "度", "渡" }, { "那", "哪" }, { "的", "得" }, { "像", "象" }, { "订", "定" }, { "后", "候" }, { "里", "理" }, { "发", "法" },
        { "帐", "涨" }, { "干", "千" }, { "干", "于" }, { "台", "抬" }, { "面", "棉" }, { "货", "贷" }, { "買", "賣" }, { "买", "卖" },
        { "們", "門" }, { "还", "环" }, { "国", "囯" }, { "々", "〇" }, { "〇", "零" }, { "ア", "ァ" }, { "カ", "か" }, { "ㄅ", "勹" },
        { "円", "圓" }, { "気", "氣" }, { "한", "韓" }, /* what Japanese and Korean have of their own stays as it is */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        row_int_equal(rows[i][0], segment_match(slice_of(rows[i][0]), slice_of(rows[i][1])), false);
        row_int_equal(rows[i][1], segment_match(slice_of(rows[i][1]), slice_of(rows[i][0])), false);
    }
}

/* What was folded stays as it is, stays of its kind, and nothing but Chinese characters is touched. */
static void every_character_is_folded_once_and_for_all(void **state)
{
    uint32_t from, form;
    size_t n = 0, i = 0;

    (void)state;
    for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
        uint32_t to = han_fold(cp);
        bool han = (cp >= 0x3400 && cp <= 0x4dbf) || (cp >= 0x4e00 && cp <= 0x9fff) || (cp >= 0xf900 && cp <= 0xfaff) || cp >= 0x20000;

        if (to == cp)
            continue;
        n++;
        if (!han_next(&i, &from, &form) || from != cp || form != to)
            fail_msg("U+%04X is not the next one", (unsigned)cp);
        if (!han || to < 0x3400 || (to > 0x9fff && to < 0x20000) || to > 0x3ffff || han_fold(to) != to)
            fail_msg("U+%04X becomes U+%04X", (unsigned)cp, (unsigned)to);
    }
    assert_false(han_next(&i, &from, &form));
    assert_in_range(n, 5000, 6000);
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
        { "buy now", "buynow" },      { "buy now ", "buynow" },  { "Buy NOW", "buynow" }, { "buy\u3000\u200b now!!", "buynow" },
        { "ｂｕｙ now。", "buynow" }, { "（在 吗？）", "在吗" }, { "在吗😀", "在吗" },     { "在不在", "在不在" },
        { "退貨嗎？", "退货吗" },     { "？！", "?!" },          { "3.5 米", "3.5米" },   { "", "" },
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
        cmocka_unit_test(a_word_is_found_however_its_characters_are_written),
        cmocka_unit_test(characters_that_only_look_alike_are_not_one),
        cmocka_unit_test(every_character_is_folded_once_and_for_all),
        cmocka_unit_test(spaces_out_the_tokens_of_a_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
