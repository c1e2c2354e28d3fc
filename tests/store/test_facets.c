/* Transcripts: filters, alone and together, with words and without, from whichever side a search begins. */
#include "tests/store/finding.h"
#include "tests/store/older.h"

#include <inttypes.h>

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
    make_older(w, 18);
    world_open(w);
    with_form(w, 1, "a");
    with_form(w, -1, "b");
}

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

#define T(f) cmocka_unit_test_setup_teardown(f, setup_world, teardown_world)
static const struct CMUnitTest tests[] = {
    T(filters_hold_together),          T(whichever_side_it_starts_from_the_same_is_found), T(a_course_is_found_by_its_times),
    T(what_has_a_form_is_found_by_it), T(forms_from_before_the_filter_are_found),
};

RUN_BOTH(tests)
