/* What a seat is told, when commits, reads and hints overtake each other. */
#include "session/session.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdlib.h>

#define SITE  KEY("demo")
#define OTHER KEY("other")

/* Frames as "CONN:type:seq " in the order in which they were sent. */
struct rig {
    struct session *s;
    char said[512];
    int fetches;
    int64_t fetch_after;
};

static void on_send(void *ctx, uint64_t conn, struct net_frame *f)
{
    struct rig *r = ctx;
    struct slice text = net_frame_text(f);
    json_t *root = json_loadb(text.p, text.n, 0, NULL);
    size_t n = strlen(r->said);

    assert_non_null(root);
    (void)snprintf(r->said + n, sizeof(r->said) - n, "%d:%s:%lld ", (int)conn, json_string_value(json_object_get(root, "type")),
                   (long long)json_integer_value(json_object_get(root, "seq")));
    json_decref(root);
}

static void on_close(void *ctx, uint64_t conn, int code, const char *reason)
{
    (void)ctx, (void)conn, (void)code, (void)reason;
    fail_msg("nobody is to be sent away here");
}

static void on_inbound(void *ctx, struct seat *seat, struct arena *a, const struct inbound *in)
{
    (void)ctx, (void)seat, (void)a, (void)in;
}

static void on_seat(void *ctx, struct seat *seat)
{
    (void)ctx, (void)seat;
}

static void on_fetch(void *ctx, const struct kf_id *conv, int64_t after)
{
    struct rig *r = ctx;

    (void)conv;
    r->fetches++;
    r->fetch_after = after;
}

static void on_limits(void *ctx, const struct kf_key *site, struct frame_limits *ret)
{
    (void)ctx, (void)site;
    *ret = (struct frame_limits){ .text_max = 100 };
}

static int setup(void **state)
{
    struct rig *r = calloc(1, sizeof(*r));
    const struct session_net net = { r, on_send, on_close };
    const struct session_ops ops = { r, on_inbound, on_seat, on_seat, on_fetch, on_limits, NULL, NULL };

    r->s = session_new(&net, &ops);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;

    session_free(r->s);
    free(r);
    return 0;
}

static void sit(struct rig *r, uint64_t conn, enum frame_side side, struct kf_key site, struct kf_id who)
{
    struct seat *seat = session_open(r->s, conn, side, &site, "192.0.2.1", NULL);

    assert_true(session_sit(r->s, seat, &who));
    seat->hello = seat->welcomed = true;
}

#define VISITOR ID(1)
#define ANNA    ID(2)
#define BEN     ID(3)

/* The conversation served by `owner`. */
static struct conv served(struct kf_id owner, int64_t seq, int64_t epoch)
{
    return (struct conv){ .id = ID(9),
                          .site = SITE,
                          .contact = VISITOR,
                          .owner = owner,
                          .state = CONV_SERVED,
                          .seq = seq,
                          .epoch = epoch,
                          .peer = "v:1",
                          .locale = "" };
}

/* The news of a commit that appended the message `now.seq`. */
static void said(struct rig *r, struct conv before, struct conv now)
{
    struct message m = { .seq = now.seq, .at = 1, .from = { .role = ROLE_VISITOR, .name = "" }, .text = SLICE("x") };
    struct news news = { .has_conv = true, .before = before, .conv = now, .messages = &m, .n_messages = 1 };

    session_news(r->s, &news, 0);
}

static void show(struct rig *r, struct conv c)
{
    assert_non_null(session_show(r->s, &c));
}

/* A visitor's page is told of the conversation in its welcome. */
static void welcome(struct rig *r, uint64_t conn, struct conv c)
{
    struct seat *seat = session_seat(r->s, conn);

    seat->welcomed = false;
    show(r, c);
    seat->conv = c.id;
    seat->counted = c.seq;
    seat->welcomed = true;
}

static void a_second_window_takes_nothing_off_the_first(void **state)
{
    struct rig *r = *state;
    struct conv c = served(ANNA, 4, 2);

    sit(r, 10, FRAME_STAFF, SITE, ANNA);
    show(r, c);
    session_owner_told(r->s, &c.id);
    /* The second window is welcomed with a row that was read just before the news of its newest message came. */
    sit(r, 11, FRAME_STAFF, SITE, ANNA);
    show(r, served(ANNA, 5, 2));
    session_owner_told(r->s, &c.id);
    said(r, served(ANNA, 4, 2), served(ANNA, 5, 2));
    assert_non_null(strstr(r->said, "10:message:5"));
}

static void an_owner_is_told_nothing_before_being_told_so(void **state)
{
    struct rig *r = *state;
    struct conv before = { .state = CONV_WAITING, .seq = 1 };

    sit(r, 10, FRAME_STAFF, SITE, ANNA);
    said(r, before, served(ANNA, 2, 2));
    said(r, served(ANNA, 2, 2), served(ANNA, 3, 2));
    assert_string_equal(r->said, "");
    session_owner_told(r->s, &ID(9)); /* `assigned` says seq 3 */
    said(r, served(ANNA, 3, 2), served(ANNA, 4, 2));
    assert_string_equal(r->said, "10:message:4 ");
}

static void overtaken_news_do_not_silence_the_present_owner(void **state)
{
    struct rig *r = *state;

    sit(r, 10, FRAME_STAFF, SITE, ANNA);
    sit(r, 11, FRAME_STAFF, SITE, BEN);
    show(r, served(BEN, 3, 4)); /* as it was read: Ben has it by now */
    session_owner_told(r->s, &ID(9));
    said(r, (struct conv){ .state = CONV_WAITING, .seq = 1 }, served(ANNA, 2, 2)); /* the commit of before */
    r->said[0] = '\0';
    said(r, served(BEN, 3, 4), served(BEN, 4, 4));
    assert_string_equal(r->said, "11:message:4 ");
}

static void gaps_are_read_before_anything_newer_is_told(void **state)
{
    struct rig *r = *state;
    struct message m[2] = { { .seq = 2, .from = { .role = ROLE_AGENT, .name = "" }, .text = SLICE("a") },
                            { .seq = 3, .from = { .role = ROLE_AGENT, .name = "" }, .text = SLICE("b") } };
    struct conv c = served(ANNA, 3, 2);

    sit(r, 20, FRAME_VISITOR, SITE, VISITOR);
    welcome(r, 20, served(ANNA, 1, 2));
    said(r, served(ANNA, 2, 2), c); /* 2 was committed on another node */
    assert_string_equal(r->said, "");
    assert_int_equal(r->fetches, 1);
    assert_int_equal(r->fetch_after, 1);
    session_catch_up(r->s, &c, m, 2);
    assert_string_equal(r->said, "20:message:2 20:message:3 ");
    assert_int_equal(r->fetches, 1);
}

static void what_is_read_is_not_told_to_the_socket_that_wrote_it(void **state)
{
    struct rig *r = *state;
    struct message m[2] = { { .seq = 2, .from = { .role = ROLE_AGENT, .name = "" }, .text = SLICE("a") },
                            { .seq = 3, .from = { .role = ROLE_VISITOR, .id = VISITOR, .name = "" }, .text = SLICE("b"), .cid = "c1" } };
    struct conv c = served(ANNA, 3, 2);

    sit(r, 20, FRAME_VISITOR, SITE, VISITOR);
    welcome(r, 20, served(ANNA, 1, 2));
    sit(r, 21, FRAME_VISITOR, SITE, VISITOR); /* another window of the same visitor */
    welcome(r, 21, served(ANNA, 1, 2));
    session_wrote(session_seat(r->s, 20), SLICE("c1"));
    said(r, served(ANNA, 2, 2), c); /* 2 was committed on another node */
    session_catch_up(r->s, &c, m, 2);
    assert_string_equal(r->said, "21:message:2 20:message:2 21:message:3 ");
}

static void a_read_that_failed_is_repeated_by_the_sweep(void **state)
{
    struct rig *r = *state;
    struct conv c = served(ANNA, 3, 2);

    sit(r, 20, FRAME_VISITOR, SITE, VISITOR);
    welcome(r, 20, served(ANNA, 1, 2));
    said(r, served(ANNA, 2, 2), c);
    session_catch_up(r->s, &c, NULL, 0);
    assert_int_equal(r->fetches, 1); /* not at once: the database may be away */
    session_sweep(r->s);
    assert_int_equal(r->fetches, 2);
    session_sweep(r->s);
    assert_int_equal(r->fetches, 2); /* one at a time */
}

/* The page was here before there was anything; then another page opened a conversation on another node, and the hint brought the row. */
static void a_page_of_before_is_told_all_of_what_was_opened_elsewhere(void **state)
{
    struct rig *r = *state;
    struct message m[2] = { { .seq = 1, .from = { .role = ROLE_VISITOR, .id = VISITOR, .name = "" }, .text = SLICE("a"), .cid = "c1" },
                            { .seq = 2, .from = { .role = ROLE_SYSTEM, .name = "" }, .text = SLICE("b") } };
    struct conv c = served(ANNA, 2, 2);
    struct news news = { .has_conv = true, .conv = c };

    sit(r, 20, FRAME_VISITOR, SITE, VISITOR);
    session_news(r->s, &news, 0);
    assert_int_equal(r->fetches, 1);
    assert_int_equal(r->fetch_after, 0);
    session_catch_up(r->s, &c, m, 2);
    assert_string_equal(r->said, "20:message:1 20:message:2 ");
}

/* Likewise, but a second page was welcomed before the hint came: it reads as history what its welcome counted. */
static void a_welcome_takes_nothing_off_the_pages_of_before(void **state)
{
    struct rig *r = *state;
    struct message m[3] = { { .seq = 1, .from = { .role = ROLE_VISITOR, .name = "" }, .text = SLICE("a") },
                            { .seq = 2, .from = { .role = ROLE_SYSTEM, .name = "" }, .text = SLICE("b") },
                            { .seq = 3, .from = { .role = ROLE_AGENT, .name = "" }, .text = SLICE("c") } };
    struct conv c = served(ANNA, 3, 2);

    sit(r, 20, FRAME_VISITOR, SITE, VISITOR);
    sit(r, 21, FRAME_VISITOR, SITE, VISITOR);
    welcome(r, 21, served(ANNA, 2, 2));
    session_sweep(r->s);
    assert_int_equal(r->fetch_after, 0);
    session_catch_up(r->s, &c, m, 3);
    assert_string_equal(r->said, "20:message:1 20:message:2 21:message:3 20:message:3 ");
}

/* An old conversation moves (it was rated, or erased) while the page shows a newer one: nothing of it is said again. */
static void an_older_conversation_is_not_told_again(void **state)
{
    struct rig *r = *state;
    struct news news = { .has_conv = true, .conv = served(ANNA, 7, 2) };

    sit(r, 20, FRAME_VISITOR, SITE, VISITOR);
    session_seat(r->s, 20)->conv = ID(10);
    session_news(r->s, &news, 0);
    session_sweep(r->s);
    assert_int_equal(r->fetches, 0);
    assert_string_equal(r->said, "");
}

static void nobody_hears_of_another_site(void **state)
{
    struct rig *r = *state;
    struct buf b;

    sit(r, 10, FRAME_STAFF, SITE, ANNA);
    sit(r, 11, FRAME_STAFF, OTHER, ANNA);
    show(r, served(ANNA, 1, 2));
    said(r, served(ANNA, 1, 2), served(ANNA, 2, 2));
    buf_init(&b, 100);
    frame_queue(&b, 1, 1);
    session_send_who(r->s, &OTHER, &ANNA, &b, 0);
    buf_finish(&b);
    assert_string_equal(r->said, "10:message:2 11:queue:0 ");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_second_window_takes_nothing_off_the_first),
        T(an_owner_is_told_nothing_before_being_told_so),
        T(overtaken_news_do_not_silence_the_present_owner),
        T(gaps_are_read_before_anything_newer_is_told),
        T(what_is_read_is_not_told_to_the_socket_that_wrote_it),
        T(a_read_that_failed_is_repeated_by_the_sweep),
        T(a_page_of_before_is_told_all_of_what_was_opened_elsewhere),
        T(a_welcome_takes_nothing_off_the_pages_of_before),
        T(an_older_conversation_is_not_told_again),
        T(nobody_hears_of_another_site),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
