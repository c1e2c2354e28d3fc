/* Transcripts: what is found, in which order, page by page. */
#include "tests/store/world.h"

#include <inttypes.h>

struct result {
    char text[4096]; /* "peer:seq,seq peer:seq" */
    char cursor[64];
    char marks[128];
    int64_t count;
    bool capped;
};

static void copy_result(const struct query *q, void *ctx)
{
    struct result *r = ctx;
    struct buf b;

    buf_init(&b, sizeof(r->text) - 1);
    for (size_t i = 0; i < q->n_convs; i++) {
        bool first = true;

        buf_printf(&b, "%s%s", i ? " " : "", q->convs[i].peer);
        for (size_t k = 0; k < q->n_hits; k++)
            if (id_eq(&q->hits[k].conv, &q->convs[i].id)) {
                buf_printf(&b, "%s%" PRId64, first ? ":" : ",", q->hits[k].seq);
                first = false;
            }
    }
    snprintf(r->text, sizeof(r->text), "%s", b.p ? b.p : "");
    buf_clear(&b);
    for (size_t k = 0; q->n_hits && k < q->hits[0].n_marks; k++)
        buf_printf(&b, "[%d,%d)", q->hits[0].marks[k][0], q->hits[0].marks[k][1]);
    snprintf(r->marks, sizeof(r->marks), "%s", b.p ? b.p : "");
    buf_finish(&b);
    snprintf(r->cursor, sizeof(r->cursor), "%s", q->text_out);
    r->count = q->number;
    r->capped = q->capped;
}

static struct query *query_for(const char *terms)
{
    struct query *q = query_new(QUERY_TRANSCRIPTS);

    q->site = key("demo");
    q->search.terms = arena_copy(q->arena, slice_of(terms));
    q->search.limit = 20;
    return q;
}

static struct result find(struct world *w, struct query *q)
{
    struct result r = { .count = -1 };

    assert_int_equal(ask(w, q, copy_result, &r), KF_OK);
    return r;
}

/* The index is a little behind: wait until it is not. */
static void indexed(struct world *w)
{
    int64_t until = mono_ms() + WAIT_MS;
    struct store_figures f;

    do {
        assert_true(mono_ms() < until);
        (void)poll(NULL, 0, 5);
        store_figures(w->store, &f);
    } while (f.index_lag_ms);
}

static void say(struct world *w, const char *peer, const char *text, int64_t at)
{
    assert_int_equal(commit(w, visitor_says(peer, NULL, text, at)).rc, KF_OK);
}

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
    struct told t = commit(w, visitor_says("a", NULL, "旧的文字", NOW));

    for (int round = 0; round < 2; round++) { /* once as known to the index, once before it has looked again */
        const char *const words[][2] = { { "新的内容", "最后内容" }, { "第三内容", "第四内容" } };

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
    }
}

static void filters_hold_together(void **state)
{
    struct world *w = *state;
    struct told a = commit(w, visitor_says("a", NULL, "退款", NOW)), b = commit(w, visitor_says("b", NULL, "退款", NOW + 100));
    struct change *c = on_conv(&a.news.conv.id, NOW + 200);
    struct query *q;

    add_step(c, CONV_ASSIGN, 7, -1);
    change_act(c, ACT_RATE)->u.rate.score = 5;
    assert_int_equal(commit(w, c).rc, KF_OK);
    (void)b;
    indexed(w);
    for (int words = 0; words < 2; words++) {
        const char *terms = words ? "退款" : "";
        const char *only_a = words ? "a:1" : "a", *only_b = words ? "b:1" : "b";

        q = query_for(terms);
        q->search.agent = id_of(7);
        assert_string_equal(find(w, q).text, only_a);
        q = query_for(terms);
        q->search.agent = id_of(8);
        assert_string_equal(find(w, q).text, "");
        q = query_for(terms);
        q->search.rating = 5;
        assert_string_equal(find(w, q).text, only_a);
        q = query_for(terms);
        q->search.from = NOW + 1;
        assert_string_equal(find(w, q).text, only_b);
        q = query_for(terms);
        q->search.to = NOW + 100;
        assert_string_equal(find(w, q).text, only_a);
        q = query_for(terms);
        q->search.channel = key("mail");
        assert_string_equal(find(w, q).text, "");
        q = query_for(terms);
        q->search.channel = key("web");
        q->search.queues[0] = key("sales");
        q->search.n_queues = 1;
        assert_int_equal(find(w, q).count, 2);
        q = query_for(terms);
        q->search.queues[0] = key("support");
        q->search.n_queues = 1;
        assert_int_equal(find(w, q).count, 0);
        q = query_for(terms);
        q->site = key("other");
        assert_int_equal(find(w, q).count, 0);
    }
}

/* One that was taken after 20 s, answered 30 s later, silent for two minutes and closed by its agent; one that its visitor has closed. */
static void a_course_is_found_by_its_times(void **state)
{
    struct world *w = *state;
    struct told a = commit(w, visitor_says("a", NULL, "退款", NOW)), b = commit(w, visitor_says("b", NULL, "退款", NOW + 1));
    struct change *c = on_conv(&a.news.conv.id, NOW + 20000);
    static const struct {
        const char *what;
        struct search with;
        const char *found;
    } rows[] = {
        { "wait", { .wait = { true, 20000, 20999 } }, "a" },
        { "waited longer", { .wait = { true, 21000, INT64_MAX } }, "" },
        { "response", { .response = { true, 50000, 50000 } }, "a" },
        { "silence", { .silence = { true, 120000, INT64_MAX } }, "a" },
        { "no such silence", { .silence = { true, 120001, INT64_MAX } }, "" },
        { "lasted", { .lasted = { true, 180000, 180000 } }, "a" },
        { "by the agent", { .closed_by = 1 + ROLE_AGENT }, "a" },
        { "by the visitor", { .closed_by = 1 + ROLE_VISITOR }, "b" },
        { "closed", { .closed = 1 }, "b a" },
        { "open", { .closed = -1 }, "c" },
        { "tagged", { .tag = { "催单", 6 } }, "a" },
        { "tagged otherwise", { .tag = { "催", 3 } }, "" },
        { "tagged, and closed by the visitor", { .tag = { "催单", 6 }, .closed_by = 1 + ROLE_VISITOR }, "" },
        { "not reviewed", { .reviewed = REVIEWED_NO, .closed = 1 }, "b a" },
        { "reviewed", { .reviewed = REVIEWED_YES }, "" },
        { "a score", { .score = { true, 0, 10000 } }, "" },
        { "a rule", { .rule = { "greeting" } }, "" },
    };

    add_step(c, CONV_ASSIGN, 7, -1);
    change_act(c, ACT_TAG)->u.tag.text = "催单";
    assert_int_equal(commit(w, c).rc, KF_OK);
    c = on_conv(&a.news.conv.id, NOW + 50000);
    c->by = (struct actor){ .role = ROLE_AGENT, .id = id_of(7), .name = "小李" };
    change_act(c, ACT_MESSAGE)->u.message = (struct message){ .text = SLICE("您好"), .from = c->by };
    assert_int_equal(commit(w, c).rc, KF_OK);
    say(w, "a", "退款呢", NOW + 170000);
    c = on_conv(&a.news.conv.id, NOW + 180000);
    c->by = (struct actor){ .role = ROLE_AGENT, .id = id_of(7), .name = "小李" };
    add_step(c, CONV_CLOSE, 0, -1);
    assert_int_equal(commit(w, c).rc, KF_OK);
    c = on_conv(&b.news.conv.id, NOW + 1000);
    c->by = (struct actor){ .role = ROLE_VISITOR, .name = "" };
    add_step(c, CONV_CLOSE, 0, -1);
    assert_int_equal(commit(w, c).rc, KF_OK);
    say(w, "c", "退款", NOW + 2);
    indexed(w);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (int words = 0; words < 2; words++) {
            struct query *q = query_for(words ? "退款" : "");
            struct slice terms = q->search.terms;
            struct result r;
            char peers[64] = "";

            q->search = rows[i].with;
            q->search.terms = terms;
            r = find(w, q);
            for (const char *p = r.text; *p; p++)
                if (*p >= 'a' && *p <= 'c')
                    snprintf(peers + strlen(peers), sizeof(peers) - strlen(peers), "%s%c", *peers ? " " : "", *p);
            /* By words the newest hit decides, and the visitor of `a` has repeated it. */
            if (strcmp(peers, words && strcmp(rows[i].found, "b a") == 0 ? "a b" : rows[i].found) != 0)
                fail_msg("%s: %s, not %s", rows[i].what, peers, rows[i].found);
        }
}

/* ---- forms ---- */

static struct told says_card(struct world *w, const char *peer, enum message_kind kind, const char *extra, int64_t at)
{
    struct change *c = visitor_says(peer, NULL, "退款", at);

    c->acts[0].u.message.kind = kind;
    c->acts[0].u.message.extra = extra;
    return commit(w, c);
}

static void removes(struct world *w, const struct told *t, int64_t seq)
{
    struct change *c = on_conv(&t->news.conv.id, NOW + MINUTE);

    change_act(c, ACT_REMOVE)->u.edit.seq = seq;
    assert_int_equal(commit(w, c).rc, KF_OK);
}

/* form, and what is found, by newest. */
static void with_form(struct world *w, int form, const char *found)
{
    for (int words = 0; words < 2; words++) {
        struct query *q = query_for(words ? "退款" : "");
        char peers[64] = "";
        struct result r;

        q->search.form = form;
        r = find(w, q);
        for (const char *p = r.text; *p; p++)
            if (*p >= 'a' && *p <= 'g')
                snprintf(peers + strlen(peers), sizeof(peers) - strlen(peers), "%c", *p);
        assert_string_equal(peers, found);
        assert_int_equal(r.count, strlen(found));
    }
}

/* Who is asked for a form has not filled it in; a card of another kind is none; what was recalled is none any more. */
static void what_has_a_form_is_found_by_it(void **state)
{
    struct world *w = *state;
    struct told asked, gone;

    (void)says_card(w, "a", MESSAGE_CARD, "{\"form\":{\"phone\":\"13800138000\"}}", NOW);
    (void)says_card(w, "b", MESSAGE_CARD, "{\"lat\":31.2,\"lon\":121.4}", NOW + 1);
    asked = says_card(w, "c", MESSAGE_TEXT, NULL, NOW + 2);
    gone = says_card(w, "d", MESSAGE_CARD, "{\"form\":{\"name\":\"王芳\"}}", NOW + 3);
    (void)says_card(w, "e", MESSAGE_CARD, "{\"form\":{\"name\":\"李雷\"}}", NOW + 4);
    (void)says_card(w, "e", MESSAGE_CARD, "{\"form\":{\"topic\":\"again\"}}", NOW + 5);
    {
        struct change *c = on_conv(&asked.news.conv.id, NOW + 6);

        add_says(c, ROLE_SYSTEM, "请留下联系方式");
        c->acts[0].u.message.extra = "{\"form\":\"contact\"}";
        assert_int_equal(commit(w, c).rc, KF_OK);
    }
    indexed(w);
    with_form(w, 1, "eda");
    with_form(w, -1, "cb");
    with_form(w, 0, "edcba");
    removes(w, &gone, 1);
    indexed(w);
    with_form(w, 1, "ea");
}

/* A database of before the filter knows its forms once it was opened. */
static void forms_from_before_the_filter_are_found(void **state)
{
    struct world *w = *state;

    (void)says_card(w, "a", MESSAGE_CARD, "{\"form\":{\"phone\":\"13800138000\"}}", NOW);
    (void)says_card(w, "b", MESSAGE_TEXT, NULL, NOW + 1);
    indexed(w);
    world_close(w);
    (void)number(w, "DROP INDEX message_form");
    (void)number(w,
                 on_postgres() ? "UPDATE schema_version SET number = 18 WHERE part = 'messages' RETURNING 1" : "PRAGMA user_version = 18");
    world_open(w);
    with_form(w, 1, "a");
    with_form(w, -1, "b");
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
    struct told a = commit(w, visitor_says("a", NULL, "退款", NOW));
    struct change *c = on_conv(&a.news.conv.id, NOW + 1000);
    struct listing all, some;
    struct told_row row;
    struct query *q = NULL;

    change_act(c, ACT_TAG)->u.tag.text = "催单";
    add_step(c, CONV_CLOSE, 0, -1);
    assert_int_equal(commit(w, c).rc, KF_OK);
    say(w, "b", "退款", NOW + 2);
    say(w, "b", "又是退款", NOW + 3);
    indexed(w);
    for (int filtered = 0; filtered < 2; filtered++) { /* from both sides */
        q = query_for("退款");
        q->kind = QUERY_RESULT;
        q->limit = 8;
        if (filtered)
            q->search.channel = key("web");
        assert_int_equal(ask(w, q, copy_places, &all), KF_OK);
        assert_int_equal(all.n, 2);
        assert_false(all.more);
        q = query_new(QUERY_ROWS);
        q->site = key("demo");
        q->search.terms = arena_copy(q->arena, SLICE("退款"));
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
    q->search.terms = arena_copy(q->arena, SLICE("退款"));
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
/* ---- from whichever side ---- */

#define MANY 6000 /* so that the list of an agent is a long one */

static bool is_of_agent(int i)
{
    return i % 8 != 0;
}

static bool is_rated(int i)
{
    return i % 5 == 1;
}

static bool is_tagged(int i)
{
    return i % 3 == 0;
}

static bool has_word(int i)
{
    return i % 2 == 0;
}

static bool has_form(int i)
{
    return i % 7 == 2;
}

static struct change *first_words(const char *peer, int i)
{
    struct change *c = visitor_says(peer, NULL, has_word(i) ? "我要退款" : "你好", NOW + i);

    if (has_form(i)) {
        c->acts[0].u.message.kind = MESSAGE_CARD;
        c->acts[0].u.message.extra = "{\"form\":{\"name\":\"x\"}}";
    }
    return c;
}

static void write_many(struct world *w)
{
    struct told *t = calloc(MANY, sizeof(*t));
    char peer[16];

    assert_non_null(t);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(peer, sizeof(peer), "v%d", i);
        store_commit(w->store, first_words(peer, i), keep_news, &t[i]);
    }
    for (int i = 0; i < MANY; i++) {
        struct change *c;

        world_wait(w, &t[i].done);
        assert_int_equal(t[i].rc, KF_OK);
        c = on_conv(&t[i].news.conv.id, NOW + MANY + i);
        add_step(c, CONV_ASSIGN, is_of_agent(i) ? 7 : 8, -1);
        if (is_rated(i))
            change_act(c, ACT_RATE)->u.rate.score = 2;
        if (is_tagged(i))
            change_act(c, ACT_TAG)->u.tag.text = "催单";
        t[i].done = false;
        store_commit(w->store, c, keep_news, &t[i]);
    }
    for (int i = 0; i < MANY; i++) {
        world_wait(w, &t[i].done);
        assert_int_equal(t[i].rc, KF_OK);
    }
    free(t);
    indexed(w);
}

enum { BY_AGENT = 1, BY_RATING = 2, BY_TAG = 4, BY_TIME = 8, BY_WORD = 16, BY_FORM = 32, BY_NO_FORM = 64, BY_ALL = 127 };

static struct query *query_by(int by)
{
    struct query *q = query_for(by & BY_WORD ? "退款" : "");

    if (by & BY_AGENT)
        q->search.agent = id_of(7);
    if (by & BY_RATING)
        q->search.rating = 2;
    if (by & BY_TAG)
        q->search.tag = SLICE("催单");
    if (by & (BY_FORM | BY_NO_FORM))
        q->search.form = by & BY_FORM ? 1 : -1;
    if (by & BY_TIME)
        q->search.from = NOW + MANY / 2;
    return q;
}

static int64_t truly(int by)
{
    int64_t n = 0;

    for (int i = 0; i < MANY; i++)
        n += (!(by & BY_AGENT) || is_of_agent(i)) && (!(by & BY_RATING) || is_rated(i)) && (!(by & BY_TAG) || is_tagged(i)) &&
             (!(by & BY_TIME) || i >= MANY / 2) && (!(by & BY_WORD) || has_word(i)) && (!(by & BY_FORM) || has_form(i)) &&
             (!(by & BY_NO_FORM) || !has_form(i));
    return n;
}

static void count_places(const struct query *q, void *ctx)
{
    bool named[4 * MANY] = { false };
    size_t *n = ctx;

    *n = q->n_places;
    for (size_t i = 0; i < q->n_places; i++) {
        assert_in_range(q->places[i].n, 1, 4 * MANY - 1);
        assert_false(named[q->places[i].n]);
        named[q->places[i].n] = true;
    }
}

static int64_t on_pages(struct world *w, int by)
{
    struct result r = { .count = 0 };
    int64_t n = 0;

    do {
        struct query *q = query_by(by);

        q->search.limit = 100;
        q->search.cursor = arena_copy(q->arena, slice_of(r.cursor));
        r = find(w, q);
        n += *r.text ? 1 : 0;
        for (const char *p = r.text; *p; p++)
            n += *p == ' ';
    } while (*r.cursor);
    return n;
}

static void whichever_side_it_starts_from_the_same_is_found(void **state)
{
    struct world *w = *state;

    write_many(w);
    for (int by = 0; by <= BY_ALL; by++) {
        struct query *q;
        struct result r;
        size_t n = 0;

        if ((by & BY_FORM) && (by & BY_NO_FORM))
            continue;
        q = query_by(by);
        q->kind = QUERY_RESULT;
        q->limit = 2 * MANY;
        assert_int_equal(ask(w, q, count_places, &n), KF_OK);
        assert_int_equal(n, truly(by));
        r = find(w, query_by(by));
        assert_true(r.capped ? r.count < truly(by) : r.count == truly(by)); /* who counts for too long stops */
        if (truly(by) <= 500)
            assert_int_equal(on_pages(w, by), truly(by));
    }
}

static const struct CMUnitTest tests[] = {
    T(words_are_found_where_they_are),
    T(a_hit_says_where_the_word_stands),
    T(the_newest_hit_decides_the_order),
    T(pages_follow_the_cursor),
    T(a_page_is_not_shifted_by_what_comes_meanwhile),
    T(a_cursor_that_is_not_ours_is_refused),
    T(what_was_erased_is_not_found),
    T(what_was_edited_is_found_by_its_new_words),
    T(filters_hold_together),
    T(whichever_side_it_starts_from_the_same_is_found),
    T(a_course_is_found_by_its_times),
    T(what_has_a_form_is_found_by_it),
    T(forms_from_before_the_filter_are_found),
    T(all_of_a_result_is_listed_and_read_in_parts),
    T(one_contact_s_conversations_are_found),
    T(a_reader_finds_only_what_may_be_opened),
    T(a_conversation_that_is_read_says_whose_it_is),
    T(the_index_can_be_made_again),
    T(reindexing_finds_the_same),
};

RUN_BOTH(tests)
