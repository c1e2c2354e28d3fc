/* What platforms bring beside words: files that come later, what colleagues and visitors do there, what nobody could read. */
#include "tests/store/world.h"

#include <sqlite3.h>

struct errands_copy {
    size_t n;
    enum errand_kind kinds[8];
};

static void copy_errands(const struct query *q, void *ctx)
{
    struct errands_copy *c = ctx;

    c->n = q->n_errands;
    for (size_t i = 0; i < q->n_errands && i < 8; i++)
        c->kinds[i] = q->errands[i].kind;
}

static struct errands_copy due(struct world *w)
{
    struct errands_copy c = { .n = 0 };
    struct query *q = query_new(QUERY_ERRANDS);

    q->site = key("demo");
    q->now = NOW + 1000;
    q->limit = 10;
    assert_int_equal(ask(w, q, copy_errands, &c), KF_OK);
    return c;
}

static struct told begin(struct world *w)
{
    struct change *c = visitor_says("v1", NULL, "[image]", NOW);
    struct told t;

    c->acts[0].fetch = true;
    c->acts[0].u.message.kind = MESSAGE_IMAGE;
    c->acts[0].u.message.ref = "theirs-1";
    c->acts[0].u.message.extra = "{\"fetch\":{\"id\":\"m1\"}}";
    t = commit(w, c);
    assert_int_equal(t.rc, KF_OK);
    return t;
}

static struct told says(struct world *w, const struct kf_id *conv, enum role role, const char *text, bool errand)
{
    struct change *c = on_conv(conv, NOW + 10);

    add_says(c, role, text);
    c->acts[0].errand = errand;
    return commit(w, c);
}

static void words_do_not_wait_for_files(void **state)
{
    struct world *w = *state;
    struct told t = begin(w);
    struct errands_copy c = due(w);

    assert_int_equal(c.n, 1);
    assert_int_equal(c.kinds[0], ERRAND_FETCH);
    assert_int_equal(says(w, &t.news.conv.id, ROLE_AGENT, "one moment", true).rc, KF_OK);
    assert_int_equal(says(w, &t.news.conv.id, ROLE_AGENT, "here it is", true).rc, KF_OK);
    c = due(w); /* one of each line, words first */
    assert_int_equal(c.n, 2);
    assert_int_equal(c.kinds[0], ERRAND_SEND);
    assert_int_equal(c.kinds[1], ERRAND_FETCH);
}

static struct told arrives(struct world *w, const struct kf_id *conv)
{
    struct change *c = on_conv(conv, NOW + 20);
    struct act *act = change_act(c, ACT_MEDIA);

    act->u.media.seq = 1;
    act->u.media.kind = MESSAGE_IMAGE;
    act->u.media.text = SLICE("");
    act->u.media.file = id_of(77);
    act->u.media.extra = "{\"file\":{}}";
    return commit(w, c);
}

static void a_file_takes_the_place_of_its_word(void **state)
{
    struct world *w = *state;
    struct told t = begin(w), a = arrives(w, &t.news.conv.id);

    assert_int_equal(a.rc, KF_OK);
    assert_int_equal(a.news.n_changed, 1);
    assert_int_equal(a.news.n_messages, 0);
}

static void what_was_taken_back_stays_away(void **state)
{
    struct world *w = *state;
    struct told t = begin(w), a;
    struct change *c = on_conv(&t.news.conv.id, NOW + 15);

    change_act(c, ACT_REMOVE)->u.edit.ref = "theirs-1";
    assert_int_equal(commit(w, c).rc, KF_OK);
    a = arrives(w, &t.news.conv.id);
    assert_int_equal(a.rc, KF_OK);
    assert_int_equal(a.news.n_changed, 0);
}

/* What the visitor has made of it, as the platform tells now, by the platform's clock. */
static struct told edits(struct world *w, const char *ref, const char *text, int64_t edited_ms)
{
    struct change *c = visitor_says("v1", NULL, "", NOW + 20);

    c->acts[0] = (struct act){ .kind = ACT_EDIT };
    c->acts[0].u.edit.ref = ref;
    c->acts[0].u.edit.text = text;
    c->acts[0].u.edit.edited_ms = edited_ms;
    c->acts[0].u.edit.own = true;
    return commit(w, c);
}

static void a_late_older_edit_changes_nothing(void **state)
{
    static const struct {
        const char *text;
        int64_t edited_ms;
        const char *shown;
    } rows[] = {
        { "second", NOW + 8, "second" },   { "first", NOW + 5, "second" },  { "of the same second", NOW + 8, "of the same second" },
        { "untimed", 0, "untimed" },       { "third", NOW + 7, "untimed" }, { "untimed", NOW + 12, "untimed" },
        { "fourth", NOW + 11, "untimed" }, { "last", NOW + 13, "last" },
    };
    struct world *w = *state;
    struct change *c = visitor_says("v1", NULL, "as it was", NOW);
    struct told t;
    char shown[64];

    c->acts[0].u.message.ref = "theirs-1";
    t = commit(w, c);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(edits(w, "theirs-1", rows[i].text, rows[i].edited_ms).rc, KF_OK);
        (void)snprintf(shown, sizeof(shown), "1:%s", rows[i].shown);
        assert_string_equal(texts(w, &t.news.conv.id, 0, 0, 5), shown);
    }
    assert_string_equal(kinds(w, &t.news.conv.id), "opened edited edited edited edited edited edited edited"); /* none is lost */

    assert_int_equal(edits(w, "theirs-2", "came before it", NOW + 30).rc, KF_OK);
    assert_int_equal(edits(w, "theirs-2", "and before that", NOW + 29).rc, KF_OK);
    assert_string_equal(texts(w, &t.news.conv.id, 0, 0, 5), "1:last|2:came before it");
}

static void an_echo_of_our_own_message_is_none(void **state)
{
    struct world *w = *state;
    struct told t = begin(w), e;
    struct change *c = on_conv(&t.news.conv.id, NOW + 15);

    add_says(c, ROLE_AGENT, "[image]");
    c->acts[0].echo = true;
    c->acts[0].u.message.ref = "theirs-1";
    e = commit(w, c);
    assert_int_equal(e.rc, KF_OK);
    assert_int_equal(e.news.n_messages, 0);
    c = on_conv(&t.news.conv.id, NOW + 16);
    add_says(c, ROLE_AGENT, "from my phone");
    c->acts[0].echo = true;
    c->acts[0].u.message.ref = "theirs-2";
    assert_int_equal(commit(w, c).news.n_messages, 1);
}

static void machines_are_silent_for_whoever_has_opted_out(void **state)
{
    struct world *w = *state;
    struct told t = begin(w);
    struct change *c = on_conv(&t.news.conv.id, NOW + 5);

    change_act(c, ACT_OPT)->u.out = true;
    assert_int_equal(commit(w, c).rc, KF_OK);
    t = says(w, &t.news.conv.id, ROLE_SYSTEM, "buy more", true);
    assert_int_equal(t.news.n_errands, 0);
    assert_int_equal(t.messages[0].delivery, DELIVERY_NONE);
    assert_int_equal(says(w, &t.news.conv.id, ROLE_AGENT, "a person", true).news.n_errands, 1);
    c = on_conv(&t.news.conv.id, NOW + 5);
    change_act(c, ACT_OPT)->u.out = false;
    assert_int_equal(commit(w, c).rc, KF_OK);
    assert_int_equal(says(w, &t.news.conv.id, ROLE_SYSTEM, "welcome back", true).news.n_errands, 1);
}

static void an_answer_finds_what_it_answers(void **state)
{
    struct world *w = *state;
    struct told t = begin(w);
    static const struct {
        const char *ref;
        int64_t seq;
    } rows[] = { { "theirs-1", 1 }, { "never-seen", 0 }, { NULL, 0 } };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct change *c = on_conv(&t.news.conv.id, NOW + 20);

        add_says(c, ROLE_VISITOR, "that one");
        c->acts[0].answers = rows[i].ref;
        assert_int_equal(commit(w, c).messages[0].reply_to, rows[i].seq);
    }
}

static struct told renamed(struct world *w, const char *from, const char *to)
{
    struct change *c = new_change(NOW + 30);
    struct act *act = change_act(c, ACT_RENAME);

    act->u.rename.channel = key("web");
    act->u.rename.from = from;
    act->u.rename.to = to;
    return commit(w, c);
}

static void who_is_called_otherwise_stays_the_same(void **state)
{
    struct world *w = *state;
    struct told t = begin(w), again;

    assert_int_equal(renamed(w, "v1", "v1-new").rc, KF_OK);
    again = commit(w, visitor_says("v1-new", NULL, "still me", NOW + 40));
    assert_true(id_eq(&again.news.conv.id, &t.news.conv.id));
    assert_true(id_eq(&again.news.conv.contact, &t.news.conv.contact));
    again = commit(w, visitor_says("v1", NULL, "somebody else", NOW + 50));
    assert_false(id_eq(&again.news.conv.id, &t.news.conv.id));
    /* That name is taken: both stay who they are. */
    assert_int_equal(renamed(w, "v1", "v1-new").rc, KF_OK);
    again = commit(w, visitor_says("v1-new", NULL, "me again", NOW + 60));
    assert_true(id_eq(&again.news.conv.id, &t.news.conv.id));
    assert_int_equal(renamed(w, "v1", "v1").rc, KF_INVALID);
    assert_int_equal(renamed(w, "v1", "").rc, KF_INVALID);
}

static int raws(struct world *w)
{
    char path[200];
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    int n;

    (void)snprintf(path, sizeof(path), "%s/kefud.db", w->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT COUNT(*) FROM raw_event WHERE kind LIKE 'unsupported %' AND body = CAST('{odd}' AS BLOB)",
                                        -1, &s, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    n = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return n;
}

static void kept(void *ctx, enum kf_rc rc, const char *report, const struct kf_err *why)
{
    (void)report;
    (void)why;
    assert_int_equal(rc, KF_OK);
    *(bool *)ctx = true;
}

static void what_nobody_could_read_is_kept_for_a_week(void **state)
{
    struct world *w = *state;
    struct change *c = visitor_says("v1", NULL, "[unsupported message]", NOW);
    struct act *act = change_act(c, ACT_RAW);
    bool done = false;

    act->u.blob.name = "unsupported";
    act->u.blob.bytes = SLICE("{odd}");
    assert_int_equal(commit(w, c).rc, KF_OK);
    assert_int_equal(raws(w), 1);
    store_housekeep(w->store, &(struct housekeeping){ .now = NOW + 6LL * 86400000 }, kept, &done);
    world_wait(w, &done);
    assert_int_equal(raws(w), 1);
    done = false;
    store_housekeep(w->store, &(struct housekeeping){ .now = NOW + 8LL * 86400000 }, kept, &done);
    world_wait(w, &done);
    assert_int_equal(raws(w), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(words_do_not_wait_for_files, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(a_file_takes_the_place_of_its_word, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(what_was_taken_back_stays_away, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(a_late_older_edit_changes_nothing, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(an_echo_of_our_own_message_is_none, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(machines_are_silent_for_whoever_has_opted_out, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(an_answer_finds_what_it_answers, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(who_is_called_otherwise_stays_the_same, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(what_nobody_could_read_is_kept_for_a_week, setup_world, teardown_world),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
