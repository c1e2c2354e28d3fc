/* What platforms bring beside words: files that come later, what colleagues and visitors do there, what nobody could read. */
#include "tests/store/world.h"

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

static int64_t raws(struct world *w)
{
    return number(w, on_postgres() ? "SELECT COUNT(*) FROM raw_event WHERE kind LIKE 'unsupported %' AND body = CAST('{odd}' AS BYTEA)"
                                   : "SELECT COUNT(*) FROM raw_event WHERE kind LIKE 'unsupported %' AND body = CAST('{odd}' AS BLOB)");
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

/* What is told of somebody that is no message: it opens nothing. */
static void tells(struct world *w, const char *kind, const char *from, int64_t at)
{
    struct change *c = visitor_says("v1", NULL, "", at);

    ((struct opening *)c->opening)->joins = true;
    c->acts[0] = (struct act){ .kind = ACT_ENTRY };
    c->acts[0].u.entry = (struct entry){ .kind = kind, .by = c->by, .data = change_text(c, slice_of(from)) };
    assert_int_equal(commit(w, c).rc, KF_OK);
}

static struct told writes(struct world *w, const char *ref, int64_t at)
{
    struct change *c = visitor_says("v1", NULL, "hello", at);
    struct told t;

    c->acts[0].u.message.ref = change_text(c, slice_of(ref));
    t = commit(w, c);
    assert_int_equal(t.rc, KF_OK);
    return t;
}

static void closes(struct world *w, const struct kf_id *conv, int64_t at)
{
    struct change *c = on_conv(conv, at);

    add_step(c, CONV_CLOSE, 0, -1);
    assert_int_equal(commit(w, c).rc, KF_OK);
}

/* The timeline: by what somebody came stands after its line, and the message that it follows before it. */
static void copy_course(const struct query *q, void *ctx)
{
    struct buf *b = ctx;

    for (size_t i = 0; i < q->n_entries; i++) {
        const struct entry *e = &q->entries[i];

        buf_printf(b, "%s%s", i ? " " : "", e->kind);
        if (strcmp(e->kind, "follow") == 0)
            buf_printf(b, "@%lld%s", (long long)e->after_seq, e->data);
    }
}

static void course_is(struct world *w, const struct kf_id *conv, const char *want)
{
    struct query *q = query_new(QUERY_TIMELINE);
    struct buf b;

    buf_init(&b, 4096);
    q->id = *conv;
    assert_int_equal(ask(w, q, copy_course, &b), KF_OK);
    assert_true(buf_ok(&b));
    buf_char(&b, '\0');
    assert_string_equal(b.p, want);
    buf_finish(&b);
}

#define HOUR 3600000LL

static void by_what_somebody_comes_back_is_told_in_the_talk_that_follows(void **state)
{
    struct world *w = *state;
    struct told first = writes(w, "m-1", NOW), second, third;

    tells(w, "follow", "[0]", NOW + 1); /* while they talk: at once */
    closes(w, &first.news.conv.id, NOW + 2);
    tells(w, "follow", "[1]", NOW + HOUR);
    course_is(w, &first.news.conv.id, "opened follow@1[0] closed");
    second = writes(w, "m-2", NOW + HOUR + 1);
    assert_false(id_eq(&second.news.conv.id, &first.news.conv.id));
    course_is(w, &second.news.conv.id, "opened follow@0[1]");

    closes(w, &second.news.conv.id, NOW + HOUR + 2);
    tells(w, "follow", "[2]", NOW + HOUR + 3); /* soon enough to open the last one again */
    (void)writes(w, "m-3", NOW + HOUR + 4);
    (void)writes(w, "m-4", NOW + HOUR + 5);
    course_is(w, &second.news.conv.id, "opened follow@0[1] closed reopened follow@1[2]");

    closes(w, &second.news.conv.id, NOW + HOUR + 6);
    tells(w, "follow", "[3]", NOW + HOUR + 7);
    tells(w, "unfollow", "[4]", NOW + HOUR + 8); /* that ends what was, and says nothing of what comes */
    third = writes(w, "m-5", NOW + 26 * HOUR);
    course_is(w, &third.news.conv.id, "opened"); /* it is of the day before */
    course_is(w, &second.news.conv.id, "opened follow@0[1] closed reopened follow@1[2] closed unfollow");
}

/* Nobody has spoken yet, or the talk is long over, and the platform tells the new words first: somebody has to read them. */
static void new_words_of_what_has_not_come_begin_a_talk(void **state)
{
    struct world *w = *state;
    struct told t = edits(w, "theirs-1", "newest", NOW + 15), later;
    struct change *c;

    assert_int_equal(t.rc, KF_OK);
    assert_true(t.news.opened);
    assert_int_equal(edits(w, "theirs-1", "an older edit", NOW + 11).rc, KF_OK);
    c = visitor_says("v1", NULL, "as it was", NOW + 30);
    c->acts[0].u.message.ref = "theirs-1";
    assert_int_equal(commit(w, c).rc, KF_OK);
    assert_string_equal(texts(w, &t.news.conv.id, 0, 0, 5), "1:newest");
    closes(w, &t.news.conv.id, NOW - HOUR); /* long before the edits to come */
    assert_int_equal(edits(w, "theirs-1", "of a talk that is over", NOW + 16).rc, KF_OK);
    assert_string_equal(texts(w, &t.news.conv.id, 0, 0, 5), "1:of a talk that is over");
    assert_int_equal(edits(w, "theirs-2", "", NOW + 17).rc, KF_ABSENT); /* nothing that anybody could read */
    later = edits(w, "theirs-2", "of one that got lost", NOW + 17);
    assert_int_equal(later.rc, KF_OK);
    assert_true(later.news.opened);
    assert_true(id_eq(&later.news.conv.previous, &t.news.conv.id));
    assert_string_equal(texts(w, &later.news.conv.id, 0, 0, 5), "1:of one that got lost");
}

static void of_many_codes_the_newest_are_told(void **state)
{
    static const char *const codes[] = { "[1]", "[2]", "[3]", "[4]", "[5]", "[6]" };
    struct world *w = *state;
    struct told t = writes(w, "m-1", NOW);

    closes(w, &t.news.conv.id, NOW + 1);
    for (int i = 0; i < 6; i++)
        tells(w, "follow", codes[i], NOW + HOUR + i);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM parked_status"), 6);
    t = writes(w, "m-2", NOW + 2 * HOUR);
    course_is(w, &t.news.conv.id, "opened follow@0[3] follow@0[4] follow@0[5] follow@0[6]");
    assert_int_equal(number(w, "SELECT COUNT(*) FROM parked_status"), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)

static const struct CMUnitTest tests[] = {
    T(words_do_not_wait_for_files),
    T(a_file_takes_the_place_of_its_word),
    T(what_was_taken_back_stays_away),
    T(a_late_older_edit_changes_nothing),
    T(new_words_of_what_has_not_come_begin_a_talk),
    T(an_echo_of_our_own_message_is_none),
    T(machines_are_silent_for_whoever_has_opted_out),
    T(an_answer_finds_what_it_answers),
    T(who_is_called_otherwise_stays_the_same),
    T(what_nobody_could_read_is_kept_for_a_week),
    T(by_what_somebody_comes_back_is_told_in_the_talk_that_follows),
    T(of_many_codes_the_newest_are_told),
};

RUN_BOTH(tests)
