/* How long and how often a visitor can be answered: the handles that messages bring, and what ends them. */
#include "tests/store/older.h"
#include "tests/store/outbox.h"

static void set_handle(struct world *w, const struct kf_id *conv, const char *text, int64_t expires_ms, int left)
{
    window_opens(w, conv, text, NOW, expires_ms, left);
}

static void set_beside(struct world *w, const struct kf_id *conv, const char *text, int64_t at, int64_t expires_ms)
{
    struct change *c = on_conv(conv, at);
    struct act *a = change_act(c, ACT_HANDLE);

    a->u.handle.text = text;
    a->u.handle.expires_ms = expires_ms;
    a->u.handle.left = 2;
    a->u.handle.beside = true;
    assert_int_equal(commit(w, c).rc, KF_OK);
}

static void left_is(struct world *w, const struct kf_id *conv, int64_t now, int left, int64_t until, int64_t fewer_at)
{
    struct window l = window_of(w, conv, now);

    assert_int_equal(l.left, left);
    assert_int_equal(l.until, until);
    assert_int_equal(l.fewer_at, fewer_at);
}

/* Sends one more; `over`: the platform takes nothing more on that handle. */
static void replies_on(struct world *w, const struct kf_id *conv, int64_t at, const char *handle, int used, bool over)
{
    (void)answer(w, conv, "hello");
    assert_int_equal(goes_by(w, at, handle, over).e.handle_used, used);
}

static void ends_window(struct world *w, const struct kf_id *conv, int64_t at, const char *ref)
{
    struct change *c = conv ? on_conv(conv, at) : new_change(at);
    struct act *a = change_act(c, ACT_STATUS);

    a->u.status.ref = ref;
    a->u.status.delivery = DELIVERY_FAILED;
    a->u.status.reason = "131047";
    a->u.status.window_over = true;
    assert_int_equal(commit(w, c).rc, KF_OK);
}

/* A tap on a menu opens a minute; the two days that a message has opened stay open beside it. */
static void a_shorter_handle_displaces_none_that_has_replies_left(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);
    struct errands_copy e;

    set_handle(w, &conv, "reply-token", NOW + 48 * 60 * MINUTE, 1);
    set_handle(w, &conv, "tap", NOW + MINUTE, 3);
    (void)answer(w, &conv, "hello");
    e = due(w, NOW + 10, 1);
    assert_string_equal(e.handle, "reply-token");
    assert_int_equal(claim(w, &e.e.id).rc, KF_OK);
    assert_int_equal(settle(w, &e.e.id, ERRAND_DONE, NULL, NULL).rc, KF_OK);
    set_handle(w, &conv, "tap", NOW + MINUTE, 3); /* the other is used up */
    (void)answer(w, &conv, "more");
    e = due(w, NOW + 10, 1);
    assert_string_equal(e.handle, "tap");
    assert_int_equal(e.e.handle_left, 3);
    set_handle(w, &conv, "later", NOW + 2 * MINUTE, 5);
    assert_string_equal(due(w, NOW + 10, 1).handle, "later");
}

/* Where each message of the visitor is answered for itself: the newest first, then what older ones have left. */
static void the_newest_message_with_replies_left_is_answered(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);

    set_beside(w, &conv, "A", NOW, NOW + 60 * MINUTE);
    replies_on(w, &conv, NOW + 10, "A", 0, false);
    set_beside(w, &conv, "B", NOW + MINUTE, NOW + 61 * MINUTE);
    set_beside(w, &conv, "late", NOW + MINUTE, NOW + 50 * MINUTE); /* it was written before the others */
    set_beside(w, &conv, "B", NOW + MINUTE, NOW + 61 * MINUTE);
    left_is(w, &conv, NOW + MINUTE, 5, NOW + 61 * MINUTE, NOW + 50 * MINUTE);
    replies_on(w, &conv, NOW + MINUTE, "B", 0, false);
    replies_on(w, &conv, NOW + MINUTE, "B", 1, false);
    left_is(w, &conv, NOW + MINUTE, 3, NOW + 60 * MINUTE, NOW + 50 * MINUTE);
    (void)answer(w, &conv, "on its way");
    left_is(w, &conv, NOW + MINUTE, 2, NOW + 50 * MINUTE, 0); /* it takes the one that is left of A */
    settle_part(w, NOW + MINUTE, 0, NULL, ERRAND_FAILED);
    replies_on(w, &conv, NOW + MINUTE, "A", 1, false);
    replies_on(w, &conv, NOW + 2 * MINUTE, "late", 0, false);
    left_is(w, &conv, NOW + 2 * MINUTE, 1, NOW + 50 * MINUTE, 0);
    left_is(w, &conv, NOW + 50 * MINUTE, 0, NOW + 61 * MINUTE, 0);
}

/* A mail's handle holds the ids of its thread: no index of a database takes so much. */
static void a_handle_may_be_long(void **state)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/";
    struct world *w = *state;
    struct kf_id conv = talk(w);
    char text[12001];
    uint32_t x = 1;

    for (size_t i = 0; i < sizeof(text) - 1; i++)
        text[i] = digits[(x = x * 1664525 + 1013904223) >> 26];
    text[sizeof(text) - 1] = '\0';
    set_handle(w, &conv, text, NOW + 60 * MINUTE, -1);
    set_beside(w, &conv, text, NOW, NOW + 60 * MINUTE);
    (void)answer(w, &conv, "to all of that");
    assert_memory_equal(due(w, NOW + 10, 1).handle, text, 32);
    assert_int_equal(number(w, "SELECT MAX(LENGTH(text)) FROM reply_handle"), sizeof(text) - 1);
}

static void kept(void *ctx, enum kf_rc rc, const char *report, const struct kf_err *why)
{
    (void)report;
    (void)why;
    assert_int_equal(rc, KF_OK);
    *(bool *)ctx = true;
}

static int64_t handles_after(struct world *w, int64_t now)
{
    bool done = false;

    store_housekeep(w->store, &(struct housekeeping){ .now = now }, kept, &done);
    world_wait(w, &done);
    return number(w, "SELECT COUNT(*) FROM reply_handle");
}

static void what_has_ended_is_not_answered_and_goes(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);
    char name[16];

    set_beside(w, &conv, "A", NOW, NOW + 2 * MINUTE);
    set_beside(w, &conv, "B", NOW, NOW + MINUTE);
    replies_on(w, &conv, NOW + MINUTE - 1, "A", 0, false);
    replies_on(w, &conv, NOW + MINUTE - 1, "A", 1, false);
    left_is(w, &conv, NOW + MINUTE - 1, 2, NOW + MINUTE, 0);
    left_is(w, &conv, NOW + MINUTE, 0, NOW + 2 * MINUTE, 0);
    set_beside(w, &conv, "C", NOW + MINUTE, NOW + 9 * MINUTE);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM reply_handle"), 1);
    for (int i = 0; i < HANDLES_MAX + 3; i++) {
        (void)snprintf(name, sizeof(name), "D%d", i);
        set_beside(w, &conv, name, NOW + MINUTE, NOW + 9 * MINUTE + i);
    }
    assert_int_equal(number(w, "SELECT COUNT(*) FROM reply_handle"), HANDLES_MAX);
    left_is(w, &conv, NOW + MINUTE, 2 * HANDLES_MAX, NOW + 9 * MINUTE + HANDLES_MAX + 2, NOW + 9 * MINUTE + 3);
    assert_int_equal(handles_after(w, NOW + 9 * MINUTE + 10 + 24 * 60 * MINUTE), HANDLES_MAX - 7);
    assert_int_equal(handles_after(w, NOW + 72 * 60 * MINUTE), 1); /* it says since when nothing goes */
    set_handle(w, &conv, "renews", NOW + 48 * 60 * MINUTE, 5);     /* the one window of another kind of channel */
    assert_int_equal(number(w, "SELECT COUNT(*) FROM reply_handle"), 1);
}

/* A message that the platform calls too late to answer, and all that are older; what has come since is another matter. */
static void a_refusal_ends_what_is_no_newer(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);

    set_beside(w, &conv, "A", NOW, NOW + 60 * MINUTE);
    set_beside(w, &conv, "B", NOW + 1, NOW + 60 * MINUTE + 1);
    replies_on(w, &conv, NOW + MINUTE, "B", 0, true);
    left_is(w, &conv, NOW + MINUTE, 0, NOW + MINUTE, 0);
    set_beside(w, &conv, "C", NOW + MINUTE, NOW + 61 * MINUTE);
    left_is(w, &conv, NOW + MINUTE, 2, NOW + 61 * MINUTE, 0);
}

static void the_handle_of_an_older_store_is_kept(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);

    set_handle(w, &conv, "reply-token", NOW + 60 * MINUTE, 5);
    replies_on(w, &conv, NOW + 10, "reply-token", 0, false);
    world_close(w);
    make_older(w, 22);
    world_open(w);
    left_is(w, &conv, NOW + 20, 4, NOW + 60 * MINUTE, 0);
    set_beside(w, &conv, "next", NOW + 20, NOW + 61 * MINUTE);
    left_is(w, &conv, NOW + 20, 6, NOW + 61 * MINUTE, NOW + 60 * MINUTE);
}

/* A platform that takes everything may say afterwards that it was too late: then it is too late for the next one, too, unless the visitor has
 * written since; whether that comes before or after we know what the platform calls the message. */
static void a_handle_ends_when_a_later_failure_says_so(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);
    struct errands_copy e;
    struct change *c;

    for (int parked = 0; parked < 2; parked++) {
        const char *ref = parked ? "late-2" : "late-1";

        set_handle(w, &conv, "reply-token", NOW + 48 * 60 * MINUTE, 5);
        (void)answer(w, &conv, "hello");
        e = due(w, NOW + 10, 1);
        assert_int_equal(e.e.handle_expires_ms, NOW + 48 * 60 * MINUTE);
        assert_int_equal(claim(w, &e.e.id).rc, KF_OK);
        if (parked)
            ends_window(w, NULL, NOW + 20, ref);
        assert_int_equal(settle(w, &e.e.id, ERRAND_DONE, ref, NULL).rc, KF_OK);
        if (!parked)
            ends_window(w, &conv, NOW + 20, ref);
        (void)answer(w, &conv, "more");
        e = due(w, NOW + 40, 1);
        assert_in_range(e.e.handle_expires_ms, NOW, NOW + 40);
        assert_int_equal(claim(w, &e.e.id).rc, KF_OK);
        assert_int_equal(settle(w, &e.e.id, ERRAND_DONE, parked ? "again-2" : "again-1", NULL).rc, KF_OK);
    }
    c = on_conv(&conv, NOW + 50); /* the visitor writes, and only then the fate of the one before is told */
    c->by.role = ROLE_VISITOR;
    change_act(c, ACT_MESSAGE)->u.message = (struct message){ .at = NOW + 50, .from = c->by, .kind = MESSAGE_TEXT, .text = SLICE("well?") };
    assert_int_equal(commit(w, c).rc, KF_OK);
    set_handle(w, &conv, "next", NOW + 48 * 60 * MINUTE, 5);
    ends_window(w, &conv, NOW + 60, "again-2");
    (void)answer(w, &conv, "and more");
    assert_int_equal(due(w, NOW + 70, 1).e.handle_expires_ms, NOW + 48 * 60 * MINUTE);
}

/* Our clock may say that there is time left; the platform has the last word. */
static void a_handle_ends_when_the_platform_says_so(void **state)
{
    struct world *w = *state;
    struct kf_id conv = talk(w);
    struct errands_copy e;
    struct change *c;

    set_handle(w, &conv, "reply-token", NOW + 48 * 60 * MINUTE, 5);
    (void)answer(w, &conv, "hello");
    e = due(w, NOW + 10, 1);
    assert_int_equal(claim(w, &e.e.id).rc, KF_OK);
    c = new_change(NOW + 30);
    change_act(c, ACT_ERRAND_SETTLE)->u.errand = (struct errand){
        .id = e.e.id, .state = ERRAND_FAILED, .attempt = 1, .error = "45015", .handle = "reply-token", .handle_over = true
    };
    assert_int_equal(commit(w, c).rc, KF_OK);
    (void)answer(w, &conv, "more");
    assert_int_equal(due(w, NOW + 40, 1).e.handle_expires_ms, NOW + 30);
    set_handle(w, &conv, "next", NOW + 48 * 60 * MINUTE, 5); /* the visitor has written again */
    e = due(w, NOW + 40, 1);
    assert_string_equal(e.handle, "next");
    assert_int_equal(claim(w, &e.e.id).rc, KF_OK);
    c = new_change(NOW + 50);
    change_act(c, ACT_ERRAND_SETTLE)->u.errand = (struct errand){
        .id = e.e.id, .state = ERRAND_FAILED, .attempt = 1, .error = "45015", .handle = "reply-token", .handle_over = true
    };
    assert_int_equal(commit(w, c).rc, KF_OK);
    (void)answer(w, &conv, "and more");
    assert_int_equal(due(w, NOW + 60, 1).e.handle_expires_ms, NOW + 48 * 60 * MINUTE); /* that was about the one before */
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_world, teardown_world)
static const struct CMUnitTest tests[] = {
    T(a_shorter_handle_displaces_none_that_has_replies_left),
    T(the_newest_message_with_replies_left_is_answered),
    T(a_handle_may_be_long),
    T(what_has_ended_is_not_answered_and_goes),
    T(a_refusal_ends_what_is_no_newer),
    T(the_handle_of_an_older_store_is_kept),
    T(a_handle_ends_when_the_platform_says_so),
    T(a_handle_ends_when_a_later_failure_says_so),
};

RUN_BOTH(tests)
