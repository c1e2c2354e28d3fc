/* Machine checks as the store keeps them: what is still to be looked at, what was found, and what somebody makes of it. */
#include "tests/store/world.h"

#include <string.h>

#define AGENT    101
#define REVIEWER 102

static const struct forbidden_word rude[] = { { "不知道", " 不 知 道 ", "", "" } };
static const struct forbidden_word promises[] = { { "回复您", " 回 复 您 ", "", "" } };
static const struct hours always = { .always = true };

static const struct hours *hours(const void *ctx, const struct kf_key *queue)
{
    (void)ctx;
    (void)queue;
    return &always;
}

/* Forbidden wording, promises, and an invitation to rate. */
static struct check checks[3];
static struct checking checking;

static void make_checks(int64_t version)
{
    checks[0] = (struct check){ .key = key("rude"), .version = version, .type = CHECK_FORBIDDEN, .risk = true, .words = { rude, 1 } };
    checks[1] =
        (struct check){ .key = key("promise"), .version = version, .type = CHECK_PROMISE, .after_ms = 1000, .words = { promises, 1 } };
    checks[2] = (struct check){ .key = key("invited"), .version = version, .type = CHECK_INVITES };
    checking = (struct checking){ .checks = checks, .n = 3, .language = "zh-CN", .hours = hours };
}

/* ---- making ---- */

static struct kf_id conv_of(struct told *t)
{
    assert_int_equal(t->rc, KF_OK);
    return t->news.conv.id;
}

static void agent_says(struct world *w, const struct kf_id *conv, const char *text, int64_t at)
{
    struct change *c = on_conv(conv, at);
    struct message *m;

    c->by = (struct actor){ .role = ROLE_AGENT, .id = id_of(AGENT), .name = "林" };
    m = &change_act(c, ACT_MESSAGE)->u.message;
    m->from = c->by;
    m->text = (struct slice){ text, strlen(text) };
    assert_int_equal(commit(w, c).rc, KF_OK);
}

static void closes(struct world *w, const struct kf_id *conv, int64_t epoch, int64_t at)
{
    struct change *c = on_conv(conv, at);

    add_step(c, CONV_CLOSE, AGENT, epoch);
    assert_int_equal(commit(w, c).rc, KF_OK);
}

/* Served by AGENT, who says one thing; closed at `at`. */
static struct kf_id talk(struct world *w, const char *peer, const char *text, int64_t at)
{
    struct told t = commit(w, visitor_says(peer, NULL, "你好", at - MINUTE));
    struct kf_id conv = conv_of(&t);
    struct change *c = on_conv(&conv, at - MINUTE);

    add_step(c, CONV_ASSIGN, AGENT, t.news.conv.epoch);
    t = commit(w, c);
    agent_says(w, &conv, text, at - MINUTE / 2);
    closes(w, &conv, t.news.conv.epoch, at);
    return conv;
}

/* ---- asking ---- */

struct looked {
    size_t n;
    struct {
        struct kf_id conv;
        int64_t due_at, again;
        bool open;
        size_t n_hits;
        struct check_hit hits[8];
        char line[64];
    } at[16];
    int64_t next;
};

static void keep_looked(const struct query *q, void *ctx)
{
    struct looked *l = ctx;

    l->n = q->n_checked;
    l->next = q->number;
    for (size_t i = 0; i < q->n_checked && i < 16; i++) {
        const struct checked *k = &q->checked[i];

        l->at[i].conv = k->conv;
        l->at[i].due_at = k->due_at;
        l->at[i].again = k->found.again;
        l->at[i].open = k->open;
        l->at[i].n_hits = k->found.n;
        for (size_t h = 0; h < k->found.n && h < 8; h++) {
            l->at[i].hits[h] = k->found.hits[h];
            l->at[i].hits[h].word = k->found.hits[h].word ? "不知道" : NULL;
        }
        if (k->lines && k->found.n)
            (void)snprintf(l->at[i].line, sizeof(l->at[i].line), "%.*s", (int)k->lines[0].text.n, k->lines[0].text.p);
    }
}

static struct looked look(struct world *w, int64_t now)
{
    struct query *q = query_new(QUERY_TO_CHECK);
    struct looked ret = { .n = 0 };

    q->site = key("demo");
    q->now = now;
    q->checking = &checking;
    assert_int_equal(ask(w, q, keep_looked, &ret), KF_OK);
    return ret;
}

static enum kf_rc note(struct world *w, const struct looked *l, size_t i, int64_t at)
{
    struct change *c = on_conv(&l->at[i].conv, at);
    struct act_checked *a = &change_act(c, ACT_CHECKED)->u.checked;

    *a = (struct act_checked){ .due_at = l->at[i].due_at, .again = l->at[i].again, .hits = l->at[i].hits, .n_hits = l->at[i].n_hits };
    return commit(w, c).rc;
}

struct list {
    size_t n;
    struct stored_finding at[16];
    char word[16][32];
    bool more;
    int64_t cursor_at, cursor_n;
};

static void keep_findings(const struct query *q, void *ctx)
{
    struct list *l = ctx;

    l->n = q->n_findings;
    l->more = q->more;
    l->cursor_at = q->finding_filter.cursor_at;
    l->cursor_n = q->finding_filter.cursor_n;
    for (size_t i = 0; i < q->n_findings && i < 16; i++) {
        l->at[i] = q->findings[i];
        (void)snprintf(l->word[i], sizeof(l->word[i]), "%s", q->findings[i].word);
    }
}

static struct list findings(struct world *w, struct finding_filter f, const struct kf_id *conv, int limit)
{
    struct query *q = query_new(QUERY_FINDINGS);
    struct list ret = { .n = 0 };

    q->site = key("demo");
    q->finding_filter = f;
    q->limit = limit;
    if (conv)
        q->conv = *conv;
    assert_int_equal(ask(w, q, keep_findings, &ret), KF_OK);
    return ret;
}

static enum kf_rc judge(struct world *w, const struct kf_id *id, enum finding_state from, enum finding_state to)
{
    struct change *c = new_change(NOW + MINUTE);

    c->by = (struct actor){ .role = ROLE_AGENT, .id = id_of(REVIEWER), .name = "周" };
    change_act(c, ACT_FINDING)->u.finding = (struct act_finding){ .id = *id, .from = from, .to = to };
    return commit(w, c).rc;
}

#define ANY ((struct finding_filter){ .state = -1 })

/* ---- what is true ---- */

static void what_is_closed_is_to_be_looked_at_until_the_findings_are_in(void **state)
{
    struct world *w = *state;
    struct kf_id conv;
    struct looked l;
    struct list all;

    make_checks(3);
    assert_int_equal(look(w, NOW).n, 0);
    conv = talk(w, "p1", "不知道", NOW);
    assert_int_equal(look(w, NOW - 1).n, 0);
    l = look(w, NOW);
    assert_int_equal(l.n, 1);
    assert_true(id_eq(&l.at[0].conv, &conv));
    assert_int_equal(l.at[0].n_hits, 2);
    assert_int_equal(findings(w, ANY, NULL, 0).n, 0);
    assert_int_equal(note(w, &l, 0, NOW + 1), KF_OK);
    assert_int_equal(look(w, NOW + MINUTE).n, 0);
    assert_int_equal(note(w, &l, 0, NOW + 2), KF_CONFLICT); /* another node was slower */
    all = findings(w, ANY, &conv, 0);
    assert_int_equal(all.n, 2);
    assert_string_equal(all.at[0].check.s, "rude");
    assert_string_equal(all.word[0], "不知道");
    assert_int_equal(all.at[0].version, 3);
    assert_true(all.at[0].risk);
    assert_int_equal(all.at[0].seq, 2);
    assert_int_equal(all.at[0].state, FINDING_OPEN);
    assert_memory_equal(&all.at[0].agent, &(struct kf_id[]){ id_of(AGENT) }[0], sizeof(struct kf_id));
    assert_string_equal(all.at[1].check.s, "invited");
    assert_int_equal(all.at[1].closed_at, NOW);
}

static void what_somebody_has_judged_stays_when_it_is_looked_at_again(void **state)
{
    struct world *w = *state;
    struct kf_id conv;
    struct looked l;
    struct list all;
    struct told t;

    make_checks(1);
    conv = talk(w, "p1", "不知道", NOW);
    l = look(w, NOW);
    assert_int_equal(note(w, &l, 0, NOW + 1), KF_OK);
    all = findings(w, ANY, &conv, 0);
    assert_int_equal(judge(w, &all.at[0].id, FINDING_OPEN, FINDING_DISMISSED), KF_OK);
    assert_int_equal(judge(w, &all.at[0].id, FINDING_OPEN, FINDING_TAKEN), KF_CONFLICT);
    assert_int_equal(judge(w, &conv, FINDING_OPEN, FINDING_TAKEN), KF_ABSENT);
    /* The visitor comes back, somebody invites to rate, it is closed again: what is not so any more is gone, unless it was judged. */
    t = commit(w, visitor_says("p1", NULL, "还有一个问题", NOW + MINUTE));
    assert_true(t.news.reopened);
    assert_true(id_eq(&t.news.conv.id, &conv));
    l = look(w, NOW + MINUTE);
    assert_int_equal(l.n, 0);
    closes(w, &conv, -1, NOW + 2 * MINUTE);
    make_checks(2);
    checking.n = 2; /* nobody asks for an invitation any more */
    l = look(w, NOW + 2 * MINUTE);
    assert_int_equal(l.n, 1);
    assert_int_equal(note(w, &l, 0, NOW + 2 * MINUTE), KF_OK);
    all = findings(w, ANY, &conv, 0);
    assert_int_equal(all.n, 1);
    assert_int_equal(all.at[0].state, FINDING_DISMISSED);
    assert_int_equal(all.at[0].version, 2);
    assert_int_equal(all.at[0].closed_at, NOW + 2 * MINUTE);
}

static void a_conversation_that_is_open_again_is_only_struck_out(void **state)
{
    struct world *w = *state;
    struct kf_id conv;
    struct looked l;

    make_checks(1);
    conv = talk(w, "p1", "不知道", NOW);
    (void)commit(w, visitor_says("p1", NULL, "还有", NOW + 1000));
    l = look(w, NOW + MINUTE);
    assert_int_equal(l.n, 1);
    assert_true(l.at[0].open);
    assert_int_equal(note(w, &l, 0, NOW + MINUTE), KF_OK);
    assert_int_equal(findings(w, ANY, &conv, 0).n, 0);
    assert_int_equal(look(w, NOW + MINUTE).n, 0);
}

static void a_promise_is_looked_at_again_when_it_is_due(void **state)
{
    struct world *w = *state;
    int64_t due = NOW - MINUTE / 2 + 30 * MINUTE;
    struct kf_id conv;
    struct looked l;

    make_checks(1);
    checking.n = 2;
    conv = talk(w, "p1", "30分钟内回复您", NOW);
    l = look(w, NOW);
    assert_int_equal(l.at[0].n_hits, 0);
    assert_int_equal(l.at[0].again, due);
    assert_int_equal(note(w, &l, 0, NOW), KF_OK);
    assert_int_equal(look(w, due - 1).n, 0);
    l = look(w, due);
    assert_int_equal(l.n, 1);
    assert_int_equal(l.at[0].n_hits, 1);
    assert_int_equal(l.at[0].hits[0].seq, 2);
    assert_int_equal(l.at[0].again, 0);
    /* Had somebody written to the same visitor in a conversation after it, it would have been kept. */
    (void)talk(w, "p1", "查到了", NOW + 20 * MINUTE);
    l = look(w, due);
    assert_true(id_eq(&l.at[1].conv, &conv) || id_eq(&l.at[0].conv, &conv));
    assert_int_equal(l.at[0].n_hits + l.at[1].n_hits, 0);
}

static void findings_are_listed_by_what_is_asked_for_and_in_pages(void **state)
{
    struct world *w = *state;
    struct list page;
    struct looked l;
    size_t seen = 0;

    make_checks(1);
    for (int i = 0; i < 5; i++) {
        char peer[16];

        (void)snprintf(peer, sizeof(peer), "p%d", i);
        (void)talk(w, peer, i % 2 ? "好" : "不知道", NOW + i * MINUTE);
    }
    l = look(w, NOW + 9 * MINUTE);
    assert_int_equal(l.n, 5);
    for (size_t i = 0; i < l.n; i++)
        assert_int_equal(note(w, &l, i, NOW + 9 * MINUTE), KF_OK);
    page = findings(w, ANY, NULL, 3);
    for (;;) {
        seen += page.n;
        if (!page.more)
            break;
        page = findings(w, (struct finding_filter){ .state = -1, .cursor_at = page.cursor_at, .cursor_n = page.cursor_n }, NULL, 3);
    }
    assert_int_equal(seen, 8);
    assert_int_equal(findings(w, (struct finding_filter){ .state = -1, .check = key("rude") }, NULL, 0).n, 3);
    assert_int_equal(findings(w, (struct finding_filter){ .state = FINDING_TAKEN }, NULL, 0).n, 0);
    assert_int_equal(findings(w, (struct finding_filter){ .state = -1, .agent = id_of(REVIEWER) }, NULL, 0).n, 0);
    assert_int_equal(findings(w, (struct finding_filter){ .state = -1, .agent = id_of(AGENT) }, NULL, 0).n, 8);
    assert_int_equal(findings(w, (struct finding_filter){ .state = -1, .from = NOW + MINUTE, .to = NOW + 2 * MINUTE }, NULL, 0).n, 1);
    assert_int_equal(findings(w, (struct finding_filter){ .state = -1, .queue = key("none") }, NULL, 0).n, 0);
}

static void keep_found(const struct query *q, void *ctx)
{
    char *ret = ctx;

    for (size_t i = 0; i < q->n_convs; i++)
        strcat(strcat(ret, i ? " " : ""), q->convs[i].peer);
}

static void keep_risky(const struct query *q, void *ctx)
{
    size_t *ret = ctx;

    for (size_t i = 0; i < q->quality.n_units; i++)
        *ret += q->quality.units[i].risky;
}

/* p1 and p3 have said what is a risk, all have not invited to rate, which is none; of p3 it is dismissed. */
static void what_was_found_is_found_by_and_drawn_as_a_risk_until_it_is_dismissed(void **state)
{
    struct world *w = *state;
    const struct {
        const char *check, *found;
        int rating;
    } rows[] = {
        { "rude", "p1", 0 },
        { "invited", "p3 p2 p1", 0 },
        { "promise", "", 0 },
        { "rude", "", 5 },
    };
    struct looked l;
    struct list all;
    struct query *q;
    size_t risky = 0;

    make_checks(1);
    (void)talk(w, "p1", "不知道", NOW);
    (void)talk(w, "p2", "好", NOW + 1);
    (void)talk(w, "p3", "不知道", NOW + 2);
    l = look(w, NOW + 2);
    for (size_t i = 0; i < l.n; i++)
        assert_int_equal(note(w, &l, i, NOW + 2), KF_OK);
    all = findings(w, (struct finding_filter){ .state = -1, .check = key("rude") }, NULL, 0); /* the newest first: p3 */
    assert_int_equal(judge(w, &all.at[0].id, FINDING_OPEN, FINDING_DISMISSED), KF_OK);
    assert_int_equal(judge(w, &all.at[1].id, FINDING_OPEN, FINDING_TAKEN), KF_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char found[64] = "";

        q = query_new(QUERY_TRANSCRIPTS);
        q->site = key("demo");
        q->search.check = key(rows[i].check);
        q->search.rating = rows[i].rating;
        assert_int_equal(ask(w, q, keep_found, found), KF_OK);
        assert_string_equal(found, rows[i].found);
    }
    q = query_new(QUERY_POPULATION);
    q->site = key("demo");
    assert_int_equal(ask(w, q, keep_risky, &risky), KF_OK);
    assert_int_equal(risky, 1);
}

static void keep_counts(const struct query *q, void *ctx)
{
    int64_t *ret = ctx;

    assert_int_equal(q->n_finding_counts, 2);
    ret[0] = q->finding_counts[0].by_state[FINDING_OPEN];
    ret[1] = q->finding_counts[1].by_state[FINDING_OPEN];
    ret[2] = q->finding_counts[1].by_state[FINDING_TAKEN];
}

static void findings_are_counted_by_check_and_by_what_became_of_them(void **state)
{
    struct world *w = *state;
    struct query *q = query_new(QUERY_FINDING_COUNTS);
    struct looked l;
    struct list all;
    int64_t counts[3];

    make_checks(1);
    (void)talk(w, "p1", "不知道", NOW);
    (void)talk(w, "p2", "不知道", NOW + 1);
    l = look(w, NOW + 1);
    for (size_t i = 0; i < l.n; i++)
        assert_int_equal(note(w, &l, i, NOW + 1), KF_OK);
    all = findings(w, (struct finding_filter){ .state = -1, .check = key("rude") }, NULL, 0);
    assert_int_equal(judge(w, &all.at[0].id, FINDING_OPEN, FINDING_TAKEN), KF_OK);
    q->site = key("demo");
    q->after = NOW;
    q->before = NOW + MINUTE;
    assert_int_equal(ask(w, q, keep_counts, counts), KF_OK);
    assert_int_equal(counts[0], 2);
    assert_int_equal(counts[1], 1);
    assert_int_equal(counts[2], 1);
}

static struct looked try(struct world *w, int64_t from, int64_t to, int limit)
{
    struct query *q = query_new(QUERY_TRY_CHECK);
    struct looked ret = { .n = 0 };

    q->site = key("demo");
    q->now = NOW;
    q->after = from;
    q->before = to;
    q->limit = limit;
    q->checking = &checking;
    assert_int_equal(ask(w, q, keep_looked, &ret), KF_OK);
    return ret;
}

static void what_was_closed_is_tried_in_pages_with_its_lines(void **state)
{
    struct world *w = *state;
    struct looked l;

    make_checks(1);
    for (int i = 0; i < 5; i++) {
        char peer[16];

        (void)snprintf(peer, sizeof(peer), "p%d", i);
        (void)talk(w, peer, "不知道", NOW + (i < 3 ? i : 3) * MINUTE); /* the last two in the same moment */
    }
    l = try(w, NOW, NOW + MINUTE, 10);
    assert_int_equal(l.n, 1);
    assert_string_equal(l.at[0].line, "不知道");
    assert_int_equal(l.next, 0);
    l = try(w, NOW, NOW + 9 * MINUTE, 3);
    assert_int_equal(l.n, 2);
    assert_int_equal(l.next, NOW + 3 * MINUTE);
    l = try(w, NOW, l.next, 10);
    assert_int_equal(l.n, 3);
    assert_int_equal(l.next, 0);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM finding"), 0);
}

static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)
    TEST(what_is_closed_is_to_be_looked_at_until_the_findings_are_in),
    TEST(what_somebody_has_judged_stays_when_it_is_looked_at_again),
    TEST(a_conversation_that_is_open_again_is_only_struck_out),
    TEST(a_promise_is_looked_at_again_when_it_is_due),
    TEST(findings_are_listed_by_what_is_asked_for_and_in_pages),
    TEST(what_was_found_is_found_by_and_drawn_as_a_risk_until_it_is_dismissed),
    TEST(findings_are_counted_by_check_and_by_what_became_of_them),
    TEST(what_was_closed_is_tried_in_pages_with_its_lines),
};

RUN_BOTH(tests)
