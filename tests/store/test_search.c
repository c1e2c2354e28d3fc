/* Transcripts: what is found, in which order, page by page. */
#include "tests/store/finding.h"
#include "tests/store/older.h"

#include <inttypes.h>

static void words_are_found_where_they_are(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *terms, *result;
    } rows[] = {
        { "退款", "d:1 b:1 a:1" },
        { "投诉", "c:1" },
        { "退款 投诉", "" },
        { "款退", "" },
        { "refund", "d:1" },
        { "REFUND 退款", "d:1" },
        { "退款 -refund", "b:1 a:1" },
        { "\"my order\"", "e:1" },
        { "\"order my\"", "" },
        { "不在", "" },
        { "，。", "" },
        { "", "e d c b a" },
    };

    say(w, "a", "我要退款", NOW);
    say(w, "a", "快一点", NOW + 1);
    say(w, "b", "退款流程是什么", NOW + 2);
    say(w, "c", "我要投诉你们", NOW + 3);
    say(w, "d", "Refund 退款 please", NOW + 4);
    say(w, "e", "where is my order", NOW + 5);
    indexed(w);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct result r = find(w, query_for(rows[i].terms));

        if (strcmp(r.text, rows[i].result) != 0)
            fail_msg("%s: %s, not %s", rows[i].terms, r.text, rows[i].result);
        assert_false(r.capped);
    }
}

struct look {
    const char *terms, *result, *marks;
};

static void are_found(struct world *w, const struct look *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct result r = find(w, query_for(rows[i].terms));

        if (strcmp(r.text, rows[i].result) != 0 || strcmp(r.marks, rows[i].marks) != 0)
            fail_msg("%s: %s %s, not %s %s", rows[i].terms, r.text, r.marks, rows[i].result, rows[i].marks);
    }
}

/* A word of letters and digits is found by each of its parts, by all of them, and in no other order. */
static void letters_are_found_beside_digits(void **state)
{
    struct world *w = *state;
    static const struct look rows[] = {
        { "iphone", "c:1 b:1 a:1", "[0,6)" },
        { "IPHONE15", "b:1 a:1", "[0,8)" },
        { "iphone 15", "b:1 a:1", "[0,8)" },
        { "15iphone", "", "" },
        { "iphone1", "", "" },
        { "15", "b:1 a:1", "[6,8)" },
        { "\"15手机\"", "a:1", "[8,12)" },
        { "手机 iphone", "a:1", "[2,8)[10,12)" },
        { "iphone -15", "c:1", "[0,6)" },
        { "iphone -iphone15", "c:1", "[0,6)" },
        { "10086", "d:1", "[3,8)" },
        { "a10086", "d:1", "[2,8)" },
        { "a1008", "", "" },
    };

    say(w, "a", "我的iPhone15手机坏了", NOW);
    say(w, "b", "ｉＰｈｏｎｅ１５ Pro", NOW + 1);
    say(w, "c", "iPhone", NOW + 2);
    say(w, "d", "订单A10086已发货", NOW + 3);
    indexed(w);
    are_found(w, rows, sizeof(rows) / sizeof(rows[0]));
}

/* A word of two characters is where these stand side by side, and nowhere else: what is between ends a run. */
static void chinese_is_found_exactly(void **state)
{
    struct world *w = *state;
    static const struct look rows[] = {
        { "果手", "", "" },
        { "退款", "b:1", "[7,9)" },
        { "苹果 手机", "a:1", "[0,2)[3,5)" },
        { "\"苹果，手机\"", "a:1", "[0,5)" },
        { "\"苹果 手机\"", "a:1", "[0,5)" }, /* whatever stands between */
        { "\"苹果手机\"", "", "" },
        { "先退 -退款", "c:1", "[1,3)" },
        { "手机 -\"果，手\"", "", "" },
        { "手机 -果手", "a:1", "[3,5)" },
    };

    say(w, "a", "苹果，手机壳", NOW);
    say(w, "b", "我要退。款项：退款", NOW + 1);
    say(w, "c", "请先退 款项另说", NOW + 2);
    indexed(w);
    are_found(w, rows, sizeof(rows) / sizeof(rows[0]));
}

/* 退货 is 退貨: in what was said, in what is looked for, in a phrase, in what must not be; and it is marked where it stands. */
static void chinese_is_found_in_both_ways_of_writing_it(void **state)
{
    struct world *w = *state;
    static const struct look rows[] = {
        { "退货", "c:1 b:1 a:1", "[2,4)" },
        { "退貨", "c:1 b:1 a:1", "[2,4)" },
        { "货退", "", "" },
        { "\"退货 發票\"", "c:1", "[2,7)" },
        { "发票 退貨", "c:1", "[2,4)[5,7)" },
        { "退货 -發票", "b:1 a:1", "[0,2)" },
        { "退貨 -我要", "b:1", "[0,2)" },
        { "iphone 退货", "b:1", "[0,2)[3,9)" },
        { "裏面", "d:1", "[1,3)" },
        { "裡面", "d:1", "[1,3)" },
        { "龍", "d:1", "[3,4)" },
    };

    say(w, "a", "我要退货", NOW);
    say(w, "b", "退貨 iPhone15", NOW + 1);
    say(w, "c", "我要退貨，发票呢", NOW + 2);
    say(w, "d", "𠮷里面\uf9c4", NOW + 3);
    indexed(w);
    are_found(w, rows, sizeof(rows) / sizeof(rows[0]));
}

static void a_hit_says_where_the_word_stands(void **state)
{
    struct world *w = *state;
    struct result r;

    say(w, "a", "hello", NOW);
    say(w, "a", "您好，我要退款，可以退款吗", NOW + 1);
    indexed(w);
    r = find(w, query_for("退款"));
    assert_string_equal(r.text, "a:2");
    assert_string_equal(r.marks, "[5,7)[10,12)");
    assert_int_equal(r.count, 1);
}

static void the_newest_hit_decides_the_order(void **state)
{
    struct world *w = *state;

    say(w, "a", "退款", NOW);
    say(w, "b", "退款", NOW + 1);
    say(w, "a", "退款", NOW + 2);
    indexed(w);
    assert_string_equal(find(w, query_for("退款")).text, "a:2,1 b:1");
}

static void pages_follow_the_cursor(void **state)
{
    struct world *w = *state;
    const char *const all[] = { "退款", "" };

    for (int i = 0; i < 7; i++) {
        char peer[2] = { (char)('a' + i), '\0' };

        say(w, peer, "退款", NOW + i);
        say(w, peer, "退款了吗", NOW + i);
    }
    indexed(w);
    for (size_t k = 0; k < 2; k++) {
        struct buf seen;
        struct result r = { .cursor = "" };
        int pages = 0;

        buf_init(&seen, 1000);
        do {
            struct query *q = query_for(all[k]);

            q->search.limit = 3;
            q->search.cursor = arena_copy(q->arena, slice_of(r.cursor));
            r = find(w, q);
            assert_int_equal(r.count, 7);
            for (const char *p = r.text; *p; p++)
                if (*p >= 'a' && *p <= 'g')
                    buf_char(&seen, *p);
            pages++;
        } while (*r.cursor);
        assert_int_equal(pages, 3);
        assert_string_equal(seen.p, "gfedcba");
        buf_finish(&seen);
    }
}

static void a_page_is_not_shifted_by_what_comes_meanwhile(void **state)
{
    struct world *w = *state;
    struct query *q;
    struct result r;

    for (int i = 0; i < 4; i++) {
        char peer[2] = { (char)('a' + i), '\0' };

        say(w, peer, "退款", NOW + i);
    }
    indexed(w);
    q = query_for("退款");
    q->search.limit = 2;
    r = find(w, q);
    assert_string_equal(r.text, "d:1 c:1");
    say(w, "z", "退款", NOW + 10);
    say(w, "a", "退款", NOW + 11);
    indexed(w);
    q = query_for("退款");
    q->search.limit = 2;
    q->search.cursor = arena_copy(q->arena, slice_of(r.cursor));
    assert_string_equal(find(w, q).text, "b:1 a:1");
}

static void a_cursor_that_is_not_ours_is_refused(void **state)
{
    struct world *w = *state;
    const char *const rows[] = { "x", "1", "1.", "1.2.3", "-1.5", "1.2x", "999999999999999999999999999999999999999999999999999.1" };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct query *q = query_for("退款");

        q->search.cursor = arena_copy(q->arena, slice_of(rows[i]));
        assert_int_equal(ask(w, q, NULL, NULL), KF_INVALID);
    }
}

static void what_was_erased_is_not_found(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("a", NULL, "我的秘密词", NOW));
    struct change *c;

    say(w, "a", "别的", NOW);
    indexed(w);
    assert_string_equal(find(w, query_for("秘密")).text, "a:1");
    c = on_conv(&t.news.conv.id, NOW + 1);
    change_act(c, ACT_REMOVE)->u.edit.seq = 1;
    t = commit(w, c);
    assert_int_equal(t.news.n_changed, 1);
    assert_int_equal(t.changed[0].kind, MESSAGE_REMOVED);
    assert_string_equal(find(w, query_for("秘密")).text, ""); /* at once, whatever the index knows */
    indexed(w);
    assert_int_equal(find(w, query_for("秘密")).count, 0);
    assert_string_equal(texts(w, &t.news.conv.id, 0, 0, 10), "1:|2:别的");
}

static void what_was_edited_is_found_by_its_new_words(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("a", NULL, "舊的文字", NOW));

    for (int round = 0; round < 2; round++) { /* once as known to the index, once before it has looked again */
        const char *const words[][2] = { { "新的内容", "最後內容" }, { "第三内容", "第四内容" } };

        for (int i = 0; i < 2; i++) {
            struct change *c = on_conv(&t.news.conv.id, NOW + 1);
            struct act *a = change_act(c, ACT_EDIT);

            a->u.edit.seq = 1;
            a->u.edit.text = words[round][i];
            assert_int_equal(commit(w, c).rc, KF_OK);
        }
        indexed(w);
        assert_string_equal(find(w, query_for(words[round][1])).text, "a:1");
        assert_int_equal(find(w, query_for(words[round][0])).count, 0);
        assert_int_equal(find(w, query_for("旧的")).count, 0);
        assert_string_equal(find(w, query_for("内容")).text, "a:1");
    }
}

struct listing {
    struct search_place places[8];
    size_t n;
    bool more;
};

static void copy_places(const struct query *q, void *ctx)
{
    struct listing *l = ctx;

    l->n = q->n_places;
    l->more = q->more;
    memcpy(l->places, q->places, q->n_places * sizeof(*q->places));
}

struct told_row {
    char text[200];
};

static void copy_rows(const struct query *q, void *ctx)
{
    struct told_row *r = ctx;

    *r->text = '\0';
    for (size_t i = 0; i < q->n_convs; i++)
        snprintf(r->text + strlen(r->text), sizeof(r->text) - strlen(r->text), "%s:%" PRId64 ":%" PRId64 ":%s ", q->convs[i].peer,
                 q->rows[i].hits, q->rows[i].lasted, q->rows[i].tags);
    assert_int_equal(q->n_hits, q->n_convs);
}

static void all_of_a_result_is_listed_and_read_in_parts(void **state)
{
    struct world *w = *state;
    struct told a = commit(w, visitor_says("a", NULL, "退貨", NOW));
    struct change *c = on_conv(&a.news.conv.id, NOW + 1000);
    struct listing all, some;
    struct told_row row;
    struct query *q = NULL;

    change_act(c, ACT_TAG)->u.tag.text = "催单";
    add_step(c, CONV_CLOSE, 0, -1);
    assert_int_equal(commit(w, c).rc, KF_OK);
    say(w, "b", "退货", NOW + 2);
    say(w, "b", "又是退貨", NOW + 3);
    indexed(w);
    for (int filtered = 0; filtered < 2; filtered++) { /* from both sides */
        q = query_for("退货");
        q->kind = QUERY_RESULT;
        q->limit = 8;
        if (filtered)
            q->search.channel = key("web");
        assert_int_equal(ask(w, q, copy_places, &all), KF_OK);
        assert_int_equal(all.n, 2);
        assert_false(all.more);
        q = query_new(QUERY_ROWS);
        q->site = key("demo");
        q->search.terms = arena_copy(q->arena, SLICE("退货"));
        q->places = all.places;
        q->n_places = all.n;
        assert_int_equal(ask(w, q, copy_rows, &row), KF_OK);
        assert_string_equal(row.text, "b:2:-1: a:1:1000:催单 ");
    }
    q = query_for("");
    q->kind = QUERY_RESULT;
    q->limit = 1;
    assert_int_equal(ask(w, q, copy_places, &some), KF_OK);
    assert_int_equal(some.n, 1);
    assert_true(some.more);
    /* What is erased between the two is left out. */
    c = on_conv(&a.news.conv.id, NOW + 2000);
    change_act(c, ACT_REMOVE)->u.edit.seq = 1;
    assert_int_equal(commit(w, c).rc, KF_OK);
    q = query_new(QUERY_ROWS);
    q->site = key("demo");
    q->search.terms = arena_copy(q->arena, SLICE("退货"));
    q->places = all.places;
    q->n_places = all.n;
    assert_int_equal(ask(w, q, copy_rows, &row), KF_OK);
    assert_string_equal(row.text, "b:2:-1: ");
}

static void one_contact_s_conversations_are_found(void **state)
{
    struct world *w = *state;
    struct told a = commit(w, visitor_says("a", NULL, "退款", NOW));
    struct told again, b = commit(w, visitor_says("b", NULL, "退款", NOW + 1));
    struct change *c = on_conv(&a.news.conv.id, NOW + 2);
    struct query *q;

    add_step(c, CONV_ASSIGN, 7, -1);
    add_step(c, CONV_CLOSE, 0, -1);
    assert_int_equal(commit(w, c).rc, KF_OK);
    again = commit(w, visitor_says("a", NULL, "又是退款", NOW + 20 * MINUTE));
    assert_true(again.news.opened);
    assert_true(id_eq(&again.news.conv.contact, &a.news.conv.contact));
    indexed(w);
    for (int words = 0; words < 2; words++) {
        const char *terms = words ? "退款" : "";

        q = query_for(terms);
        q->search.contact = a.news.conv.contact;
        assert_string_equal(find(w, q).text, words ? "a:1 a:1" : "a a");
        q = query_for(terms);
        q->search.contact = a.news.conv.contact;
        q->search.agent = id_of(7);
        assert_int_equal(find(w, q).count, 1);
        q = query_for(terms);
        q->search.contact = b.news.conv.contact;
        q->search.agent = id_of(7);
        assert_int_equal(find(w, q).count, 0);
        q = query_for(terms);
        q->search.contact = id_of(99);
        assert_int_equal(find(w, q).count, 0);
    }
}

/* Served once is not enough: what was handed on is somebody else's. */
static void a_reader_finds_only_what_may_be_opened(void **state)
{
    struct world *w = *state;
    struct told kept = commit(w, visitor_says("kept", NULL, "退款", NOW)),
                passed = commit(w, visitor_says("passed", NULL, "退款", NOW + 1));
    struct member agent = { .person = id_of(7), .site = key("demo"), .roles = MEMBER_AGENT };
    struct member reviewer = { .person = id_of(9), .site = key("demo"), .roles = MEMBER_REVIEWER, .n_queues = 1 };
    struct change *c = on_conv(&kept.news.conv.id, NOW + 2);
    struct query *q;

    add_step(c, CONV_ASSIGN, 7, -1);
    assert_int_equal(commit(w, c).rc, KF_OK);
    c = on_conv(&passed.news.conv.id, NOW + 3);
    add_step(c, CONV_ASSIGN, 7, -1);
    add_step(c, CONV_TRANSFER_PERSON, 8, -1);
    assert_int_equal(commit(w, c).rc, KF_OK);
    indexed(w);
    for (int words = 0; words < 2; words++) {
        const char *terms = words ? "退款" : "";

        q = query_for(terms);
        q->search.agent = id_of(7);
        assert_int_equal(find(w, q).count, 2);
        q = query_for(terms);
        q->search.agent = id_of(7);
        q->search.reader = &agent;
        assert_string_equal(find(w, q).text, words ? "kept:1" : "kept");
        reviewer.queues[0] = key("sales");
        q = query_for(terms);
        q->search.reader = &reviewer;
        assert_int_equal(find(w, q).count, 2);
        reviewer.queues[0] = key("support");
        q = query_for(terms);
        q->search.reader = &reviewer;
        assert_int_equal(find(w, q).count, 0);
    }
}

/* Whether a number is found would tell its digits, one guess after the other: to whom they are masked it is not there, wanted or not. */
static void what_is_masked_is_not_found(void **state)
{
    struct world *w = *state;
    struct told told = commit(w, visitor_says("grouped", NULL, "退款 138 0013 8000 iphone", NOW));
    struct change *c = on_conv(&told.news.conv.id, NOW + 2);
    static const struct {
        const char *terms, *shown, *masked, *marks; /* marks of the masked one */
    } rows[] = {
        { "0013", "grouped:1", "", "" },
        { "\"138 0013 8000\"", "grouped:1", "", "" },
        { "13900139000", "whole:1", "", "" },
        { "138ꀀꀀꀀꀀ8000", "", "", "" },
        { "138 8000", "grouped:1", "grouped:1", "[3,6)[12,16)" },
        { "退款 iphone", "grouped:1", "grouped:1", "[0,2)[17,23)" },
        { "退款 -0013", "whole:1", "whole:1 grouped:1", "[0,2)" },
        { "退款 -iphone", "whole:1", "whole:1", "[0,2)" },
        { "退款 -13900139000", "grouped:1", "whole:1 grouped:1", "[0,2)" },
    };

    say(w, "whole", "退款 13900139000", NOW + 1);
    indexed(w);
    add_step(c, CONV_ASSIGN, 7, -1);
    assert_int_equal(commit(w, c).rc, KF_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (int way = 0; way < 6; way++) { /* by the index, and from the side of a filter */
            struct query *q = query_for(rows[i].terms);
            const char *want = way < 2 ? rows[i].shown : rows[i].masked;
            struct result r;

            if (way % 2)
                q->search.channel = key("web");
            q->search.masked = way >= 2;
            q->search.self = way < 4 ? (struct kf_id){ { 0 } } : id_of(8);
            r = find(w, q);
            assert_string_equal(r.text, want);
            assert_int_equal(r.count, !*want ? 0 : strchr(want, ' ') ? 2 : 1);
            if (way >= 2)
                assert_string_equal(r.marks, rows[i].marks);
        }
    for (int own = 7; own <= 8; own++) {
        struct query *q = query_for("0013");

        q->search.masked = true;
        q->search.self = id_of((uint8_t)own);
        assert_string_equal(find(w, q).text, own == 7 ? "grouped:1" : ""); /* who serves it sees it */
    }
}

static void copy_name(const struct query *q, void *ctx)
{
    assert_int_equal(q->n_convs, 1);
    snprintf(ctx, 64, "%s", q->convs[0].visitor_name);
}

static void a_conversation_that_is_read_says_whose_it_is(void **state)
{
    struct world *w = *state;
    struct change *c = visitor_says("a", NULL, "退款", NOW);
    char name[64] = "";
    struct told t;
    struct query *q;

    ((struct opening *)c->opening)->name = "王芳";
    t = commit(w, c);
    assert_int_equal(t.rc, KF_OK);
    indexed(w);
    assert_int_equal(ask(w, query_for("退款"), copy_name, name), KF_OK);
    assert_string_equal(name, "王芳");
    q = query_new(QUERY_CONV);
    q->id = t.news.conv.id;
    *name = '\0';
    assert_int_equal(ask(w, q, copy_name, name), KF_OK);
    assert_string_equal(name, "王芳");
}

static void the_index_can_be_made_again(void **state)
{
    struct world *w = *state;
    char name[160];
    FILE *f;

    say(w, "a", "退款", NOW);
    indexed(w);
    world_close(w);
    f = fopen(w->index, "w"); /* a broken index is thrown away at the start */
    assert_non_null(f);
    for (int i = 0; i < 4096; i++)
        fputs("rubbish ", f);
    fclose(f);
    snprintf(name, sizeof(name), "%s-wal", w->index);
    (void)unlink(name);
    world_open(w);
    indexed(w);
    assert_string_equal(find(w, query_for("退款")).text, "a:1");
}

static void in_the_index(const struct world *w, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(w->index, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* What an older kefud has learnt of the words is learnt anew, as they are cut and folded now. */
static void an_index_of_an_older_kefud_is_made_again(void **state)
{
    struct world *w = *state;
    static const struct {
        int migration;
        const char *index, *terms;
    } rows[] = {
        { 24, "DELETE FROM homes; PRAGMA user_version=2", "iphone" },
        { 25, "DELETE FROM homes; PRAGMA user_version=3", "退货" },
    };

    say(w, "a", "iPhone15要退貨", NOW);
    indexed(w);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        world_close(w);
        if (on_postgres()) {
            make_older(w, rows[i].migration);
            (void)number(w, "UPDATE words SET text = '''iphone15'':1 ''要'':2 ''退'':3 ''貨'':4'");
        } else
            in_the_index(w, rows[i].index);
        world_open(w);
        indexed(w);
        assert_string_equal(find(w, query_for(rows[i].terms)).text, "a:1");
    }
}

/* An older kefud was stopped between an edit and its index: the log names a text that the index of now has never learnt. */
static void what_an_older_kefud_was_to_forget_is_not_there(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("a", NULL, "我要退貨", NOW));
    struct change *c;

    say(w, "b", "我也要退貨", NOW + 1);
    indexed(w);
    world_close(w);
    (void)number(w, "INSERT INTO unindexed (message, text) SELECT MIN(id), '想換貨' FROM message");
    if (on_postgres()) {
        make_older(w, 25);
        (void)number(w, "UPDATE words SET text = '''想'':1 ''換'':2 ''貨'':3'");
    } else
        in_the_index(w, "DELETE FROM homes; PRAGMA user_version=3");
    world_open(w);
    indexed(w);
    assert_string_equal(find(w, query_for("退货")).text, "b:1 a:1");
    assert_string_equal(find(w, query_for("换货")).text, "");
    c = on_conv(&t.news.conv.id, NOW + 2);
    change_act(c, ACT_REMOVE)->u.edit.seq = 1;
    assert_int_equal(commit(w, c).rc, KF_OK);
    indexed(w);
    assert_string_equal(find(w, query_for("退货")).text, "b:1");
}

static void reindexed(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    (void)why;
    assert_int_equal(rc, KF_OK);
    *(bool *)ctx = true;
}

static void reindexing_finds_the_same(void **state)
{
    struct world *w = *state;
    bool done = false;

    say(w, "a", "退款", NOW);
    say(w, "b", "退款", NOW + 1);
    indexed(w);
    store_reindex(w->store, reindexed, &done);
    world_wait(w, &done);
    assert_string_equal(find(w, query_for("退款")).text, "b:1 a:1");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_world, teardown_world)
static const struct CMUnitTest tests[] = {
    T(words_are_found_where_they_are),
    T(letters_are_found_beside_digits),
    T(chinese_is_found_exactly),
    T(chinese_is_found_in_both_ways_of_writing_it),
    T(a_hit_says_where_the_word_stands),
    T(the_newest_hit_decides_the_order),
    T(pages_follow_the_cursor),
    T(a_page_is_not_shifted_by_what_comes_meanwhile),
    T(a_cursor_that_is_not_ours_is_refused),
    T(what_was_erased_is_not_found),
    T(what_was_edited_is_found_by_its_new_words),
    T(all_of_a_result_is_listed_and_read_in_parts),
    T(one_contact_s_conversations_are_found),
    T(a_reader_finds_only_what_may_be_opened),
    T(what_is_masked_is_not_found),
    T(a_conversation_that_is_read_says_whose_it_is),
    T(the_index_can_be_made_again),
    T(an_index_of_an_older_kefud_is_made_again),
    T(what_an_older_kefud_was_to_forget_is_not_there),
    T(reindexing_finds_the_same),
};

RUN_BOTH(tests)
