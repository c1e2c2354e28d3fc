/* What may be answered because of an event: a code that stands for one text, and a minute in the middle of two days. */
#include "tests/store/outbox.h"

#define DAY (24 * 60 * MINUTE)

/* Of an event on the platform: it joins the newest conversation of that peer. */
static struct told event(struct world *w, const char *peer, int64_t at, int64_t expires_ms, const char *text, bool code, bool ends)
{
    struct change *c = visitor_says(peer, NULL, "", at);
    struct opening *o = ARENA_NEW(c->arena, struct opening);
    struct act *a = &c->acts[0];

    assert_non_null(o);
    *o = *c->opening;
    o->joins = true;
    c->opening = o;
    *a = (struct act){ .kind = ACT_HANDLE };
    a->u.handle.text = text;
    a->u.handle.expires_ms = expires_ms;
    a->u.handle.left = code ? 1 : 3;
    a->u.handle.code = code;
    a->u.handle.ends = ends;
    return commit(w, c);
}

static void two_days(struct world *w, const struct kf_id *conv, const char *text, int64_t at)
{
    window_opens(w, conv, text, at, at + 2 * DAY, 5);
}

static void left_is(struct world *w, const struct kf_id *conv, int64_t now, int left, int64_t until, bool texts)
{
    struct window l = window_of(w, conv, now);

    assert_int_equal(l.left, left);
    assert_int_equal(l.until, until);
    assert_int_equal(l.texts, texts);
}

static void answers(struct world *w, const struct kf_id *conv, int64_t at, enum role role)
{
    struct change *c = on_conv(conv, at);

    add_says(c, role, "answer");
    c->acts[0].errand = true;
    assert_int_equal(commit(w, c).rc, KF_OK);
}

static void an_event_before_the_first_words_is_nothing_to_answer(void **state)
{
    struct world *w = *state;
    struct told t = event(w, "nobody", NOW, NOW + MINUTE, "follow", false, false);

    assert_int_equal(t.rc, KF_OK);
    assert_false(t.news.has_conv);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM reply_handle"), 0);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM conversation"), 0);
}

static void an_event_opens_a_minute_where_nothing_better_stands(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);
    struct told t;

    two_days(w, &conv, "hello", NOW);
    t = event(w, "v1", NOW + 10, NOW + 10 + MINUTE, "scan", false, false);
    assert_true(t.news.window); /* whoever looks on is told */
    left_is(w, &conv, NOW + 20, 5, NOW + 2 * DAY, false);
    t = event(w, "v1", NOW + 3 * DAY, NOW + 3 * DAY + MINUTE, "again", false, false);
    assert_int_equal(t.rc, KF_OK);
    left_is(w, &conv, NOW + 3 * DAY, 3, NOW + 3 * DAY + MINUTE, false);
}

/* A session that is with somebody else: the five are over, and one text still goes. */
static void a_code_goes_before_all_else_and_once(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);

    two_days(w, &conv, "hello", NOW);
    assert_int_equal(event(w, "v1", NOW + 10, NOW + 10 + 2 * DAY, "code:A", true, true).rc, KF_OK);
    left_is(w, &conv, NOW + 20, 1, NOW + 10 + 2 * DAY, true);
    two_days(w, &conv, "more", NOW + 30); /* which ends later, and cannot be answered meanwhile */
    left_is(w, &conv, NOW + 40, 1, NOW + 10 + 2 * DAY, true);
    answers(w, &conv, NOW + 40, ROLE_AGENT);
    left_is(w, &conv, NOW + 40, 5, NOW + 30 + 2 * DAY, false); /* it is on its way */
    goes_by(w, NOW + 50, "code:A", false);
    left_is(w, &conv, NOW + 60, 5, NOW + 30 + 2 * DAY, false);
    answers(w, &conv, NOW + 60, ROLE_AGENT);
    goes_by(w, NOW + 70, "more", false);
    left_is(w, &conv, NOW + 80, 4, NOW + 30 + 2 * DAY, false);
}

static void a_rule_uses_up_no_code(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);

    two_days(w, &conv, "hello", NOW);
    assert_int_equal(event(w, "v1", NOW + 10, NOW + 10 + 2 * DAY, "code:A", true, false).rc, KF_OK);
    answers(w, &conv, NOW + 20, ROLE_SYSTEM);
    goes_by(w, NOW + 30, "hello", false);
    left_is(w, &conv, NOW + 40, 1, NOW + 10 + 2 * DAY, true);
    answers(w, &conv, NOW + 40, ROLE_AGENT);
    goes_by(w, NOW + 50, "code:A", false);
}

static void a_code_that_is_refused_ends_alone(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);

    two_days(w, &conv, "hello", NOW);
    assert_int_equal(event(w, "v1", NOW + 10, NOW + 10 + 2 * DAY, "code:A", true, false).rc, KF_OK);
    answers(w, &conv, NOW + 20, ROLE_AGENT);
    goes_by(w, NOW + 30, "code:A", true);
    left_is(w, &conv, NOW + 40, 5, NOW + 2 * DAY, false);
}

static void a_code_takes_the_place_of_an_older_one_and_may_lapse(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);

    assert_int_equal(event(w, "v1", NOW, NOW + 2 * DAY, "code:A", true, true).rc, KF_OK);
    assert_int_equal(event(w, "v1", NOW + 10, NOW + MINUTE, "code:B", true, true).rc, KF_OK);
    left_is(w, &conv, NOW + 20, 1, NOW + MINUTE, true);
    left_is(w, &conv, NOW + MINUTE, 0, NOW + MINUTE, false);
    two_days(w, &conv, "hello", NOW + MINUTE);
    left_is(w, &conv, NOW + MINUTE + 10, 5, NOW + MINUTE + 2 * DAY, false);
    assert_int_equal(event(w, "v1", NOW + 2 * MINUTE, 0, NULL, false, true).rc, KF_OK); /* over, and that is all */
    left_is(w, &conv, NOW + 2 * MINUTE + 1, 0, NOW + 2 * MINUTE, false);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_world, teardown_world)
static const struct CMUnitTest tests[] = {
    T(an_event_before_the_first_words_is_nothing_to_answer),
    T(an_event_opens_a_minute_where_nothing_better_stands),
    T(a_code_goes_before_all_else_and_once),
    T(a_rule_uses_up_no_code),
    T(a_code_that_is_refused_ends_alone),
    T(a_code_takes_the_place_of_an_older_one_and_may_lapse),
};

RUN_BOTH(tests)
