#include "tests/unit/unit.h"

#include "core/conv.h"

#define NOW 1763740800000
#define LIN 1
#define WU  2

static struct conv conv_in(enum conv_state s)
{
    struct conv c = {
        .id = ID(9),
        .state = s,
        .seq = 4,
        .ruled_seq = 4,
        .epoch = 7,
        .priority = 2,
        .queue = KEY("sales"),
        .opened_at = NOW - 60000,
        .arrived_at = NOW - 50000,
        .visitor_at = NOW - 40000,
    };

    if (s == CONV_OFFERED || s == CONV_SERVED)
        c.owner = ID(LIN);
    if (s == CONV_OFFERED)
        c.until = NOW + 20000;
    if (s == CONV_SERVED)
        c.served_at = NOW - 30000;
    if (s == CONV_WAITING)
        c.last_agent = ID(WU);
    if (s == CONV_CLOSED) {
        c.last_agent = ID(LIN);
        c.closed_at = NOW - 1000;
        c.wrapup_until = NOW + 9000;
    }
    return c;
}

static const char *describe(enum conv_event_kind k, enum conv_state s)
{
    static char text[64];

    (void)snprintf(text, sizeof(text), "event %d on %s", (int)k, conv_state_name(s));
    return text;
}

/* Every event on every state: where it leads (-1: conflict), and by how much the epoch rises. */
static void every_event_on_every_state_leads_where_the_picture_says(void **state)
{
    enum { NO = -1, B = CONV_BOT, W = CONV_WAITING, O = CONV_OFFERED, S = CONV_SERVED, P = CONV_PARKED, C = CONV_CLOSED };
    static const struct {
        enum conv_event_kind kind;
        int person;
        int64_t until;
        int to[6], rise[6]; /* by conv_state */
    } rows[] = {
        /*                                        bot waiting offered served parked closed */
        { CONV_NOTHING, 0, 0, { B, W, O, S, P, C }, { 0, 0, 0, 0, 0, 0 } },
        { CONV_VISITOR_SAYS, 0, 0, { B, W, O, S, P, W }, { 0, 0, 0, 0, 0, 1 } },
        { CONV_STAFF_SAYS, LIN, 0, { NO, NO, NO, S, NO, NO }, { 0, 0, 0, 0, 0, 0 } },
        { CONV_ASSIGN, WU, 0, { NO, S, NO, NO, NO, NO }, { 0, 1, 0, 0, 0, 0 } },
        { CONV_OFFER, WU, NOW + 5, { NO, O, NO, NO, NO, NO }, { 0, 1, 0, 0, 0, 0 } },
        { CONV_ACCEPT, LIN, 0, { NO, NO, S, NO, NO, NO }, { 0, 0, 0, 0, 0, 0 } },
        { CONV_REFUSE, LIN, 0, { NO, NO, W, NO, NO, NO }, { 0, 0, 1, 0, 0, 0 } },
        { CONV_RETURN, LIN, 0, { NO, NO, NO, W, NO, NO }, { 0, 0, 0, 1, 0, 0 } },
        { CONV_RETURN, 0, 0, { NO, NO, NO, W, NO, NO }, { 0, 0, 0, 1, 0, 0 } },
        { CONV_TRANSFER_PERSON, WU, 0, { S, S, S, S, S, NO }, { 1, 1, 1, 1, 1, 0 } },
        { CONV_TRANSFER_PERSON, WU, NOW + 5, { O, O, O, O, O, NO }, { 1, 1, 1, 1, 1, 0 } },
        { CONV_TRANSFER_QUEUE, 0, 0, { W, W, W, W, W, NO }, { 1, 1, 1, 1, 1, 0 } },
        { CONV_HELP, WU, 0, { NO, NO, O, S, NO, NO }, { 0, 0, 0, 0, 0, 0 } },
        { CONV_NAG, 0, 0, { NO, NO, NO, S, NO, NO }, { 0, 0, 0, 0, 0, 0 } },
        { CONV_TAKE, WU, 0, { S, S, S, S, S, NO }, { 1, 1, 1, 1, 1, 0 } },
        { CONV_PARK, 0, 0, { P, P, NO, NO, P, NO }, { 1, 1, 0, 0, 0, 0 } },
        { CONV_MOVE, 0, 0, { NO, W, NO, NO, W, NO }, { 0, 1, 0, 0, 1, 0 } },
        { CONV_UNPARK, 0, 0, { NO, NO, NO, NO, W, NO }, { 0, 0, 0, 0, 1, 0 } },
        { CONV_CLOSE, 0, 0, { C, C, C, C, C, NO }, { 1, 1, 1, 1, 1, 0 } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int s = CONV_BOT; s <= CONV_CLOSED; s++) {
            struct conv c = conv_in((enum conv_state)s), next = c;
            struct conv_event ev = {
                .kind = rows[i].kind, .person = ID(rows[i].person), .epoch = c.epoch, .until = rows[i].until, .number = 1
            };
            const char *row = describe(ev.kind, c.state);
            struct kf_err why = { 0 };
            enum kf_rc rc = conv_step(&c, &ev, NOW, &next, &why);

            row_int_equal(row, rc, rows[i].to[s] == NO ? KF_CONFLICT : KF_OK);
            if (rc) {
                row_int_equal(row, memcmp(&next, &c, sizeof(c)), 0);
                row_int_equal(row, why.text[0] != '\0', 1);
                continue;
            }
            row_int_equal(row, next.state, rows[i].to[s]);
            row_int_equal(row, next.epoch - c.epoch, rows[i].rise[s]);
            row_int_equal(row, !id_is_zero(&next.owner), next.state == CONV_OFFERED || next.state == CONV_SERVED);
            row_int_equal(row, next.until != 0, next.state == CONV_OFFERED);
            row_int_equal(row, next.priority, c.priority);
        }
}

/* The words reach the person whose click came too late: no names of our own, no numbers. */
static void what_comes_too_late_is_told_in_plain_words(void **state)
{
    (void)state;
    for (int kind = CONV_STAFF_SAYS; kind <= CONV_NAG; kind++)
        for (int s = CONV_BOT; s <= CONV_CLOSED; s++)
            for (int stale = 0; stale < 2; stale++) {
                struct conv c = conv_in((enum conv_state)s), next = c;
                struct conv_event ev = { .kind = (enum conv_event_kind)kind, .person = ID(LIN), .epoch = c.epoch - stale, .number = 1 };
                struct kf_err why = { 0 };

                if (!conv_step(&c, &ev, NOW, &next, &why))
                    continue;
                row_int_equal(why.text, strstr(why.text, "epoch") != NULL || strpbrk(why.text, "_0123456789") != NULL, 0);
            }
}

/* Handed over, refused: whoever handed it over has it again, if there; else it waits, and prefers that one. Who speaks has taken it. */
static void what_is_handed_over_can_be_given_back(void **state)
{
    static const struct {
        int64_t until; /* offered, or served at once */
        bool there;
        enum conv_state to;
    } rows[] = { { NOW + 5, true, CONV_SERVED }, { NOW + 5, false, CONV_WAITING }, { 0, true, CONV_SERVED }, { 0, false, CONV_WAITING } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct conv c = conv_in(CONV_SERVED), handed, back, said;
        struct conv_event give = { .kind = CONV_TRANSFER_PERSON, .person = ID(WU), .epoch = c.epoch, .until = rows[i].until };
        struct conv_event refuse = { .kind = CONV_REFUSE, .person = ID(WU), .epoch = c.epoch + 1, .staffed = rows[i].there };
        struct conv_event speak = { .kind = CONV_STAFF_SAYS, .person = ID(WU), .epoch = c.epoch + 1 };

        assert_int_equal(conv_step(&c, &give, NOW, &handed, NULL), KF_OK);
        assert_true(id_eq(&handed.back, &c.owner));
        assert_int_equal(conv_step(&handed, &refuse, NOW, &back, NULL), KF_OK);
        assert_int_equal(back.state, rows[i].to);
        assert_int_equal(back.epoch, c.epoch + 2);
        assert_true(id_is_zero(&back.back));
        assert_true(id_eq(rows[i].there ? &back.owner : &back.last_agent, &c.owner));
        assert_int_equal(back.arrived_at, c.arrived_at);
        if (handed.state != CONV_SERVED)
            continue;
        assert_int_equal(conv_step(&handed, &speak, NOW, &said, NULL), KF_OK);
        assert_int_equal(conv_step(&said, &refuse, NOW, &back, NULL), KF_CONFLICT);
    }
}

/* The line it is in changes, the wait does not. */
static void overflowing_keeps_the_first_arrival(void **state)
{
    struct conv c = conv_in(CONV_WAITING), next;
    struct conv_event ev = { .kind = CONV_MOVE, .queue = KEY("other"), .epoch = c.epoch };

    (void)state;
    assert_int_equal(conv_step(&c, &ev, NOW + 77, &next, NULL), KF_OK);
    assert_false(next.overflowed); /* a rule has moved it */
    ev.overflows = true;
    assert_int_equal(conv_step(&c, &ev, NOW + 77, &next, NULL), KF_OK);
    assert_true(next.overflowed);
    assert_string_equal(next.queue.s, "other");
    assert_int_equal(next.arrived_at, c.arrived_at);
    assert_int_equal(next.queued_at, NOW + 77);
    assert_int_equal(next.epoch, c.epoch + 1);
}

static void a_place_in_wrap_up_is_free_when_its_agent_says_so(void **state)
{
    struct conv c = conv_in(CONV_CLOSED), next;
    struct conv_event ev = { .kind = CONV_READY, .person = c.last_agent, .epoch = -1 };

    (void)state;
    c.wrapup_until = NOW + 1000;
    assert_true(conv_holds_place(&c, NOW));
    assert_int_equal(conv_step(&c, &ev, NOW, &next, NULL), KF_OK);
    assert_false(conv_holds_place(&next, NOW));
    ev.person = ID(WU);
    assert_int_equal(conv_step(&c, &ev, NOW, &next, NULL), KF_CONFLICT);
}

static void an_act_decided_on_another_epoch_is_a_conflict(void **state)
{
    static const struct {
        enum conv_event_kind kind;
        enum conv_state on;
        int person;
    } rows[] = {
        { CONV_ASSIGN, CONV_WAITING, WU },
        { CONV_OFFER, CONV_WAITING, WU },
        { CONV_ACCEPT, CONV_OFFERED, LIN },
        { CONV_REFUSE, CONV_OFFERED, LIN },
        { CONV_STAFF_SAYS, CONV_SERVED, LIN },
        { CONV_RETURN, CONV_SERVED, LIN },
        { CONV_TRANSFER_PERSON, CONV_SERVED, WU },
        { CONV_TRANSFER_QUEUE, CONV_SERVED, 0 },
        { CONV_TAKE, CONV_SERVED, WU },
        { CONV_PARK, CONV_WAITING, 0 },
        { CONV_MOVE, CONV_WAITING, 0 },
        { CONV_UNPARK, CONV_PARKED, 0 },
        { CONV_CLOSE, CONV_SERVED, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct conv c = conv_in(rows[i].on), next;
        struct conv_event ev = { .kind = rows[i].kind, .person = ID(rows[i].person) };
        const char *row = describe(ev.kind, c.state);

        ev.epoch = c.epoch - 1;
        row_int_equal(row, conv_step(&c, &ev, NOW, &next, NULL), KF_CONFLICT);
        ev.epoch = c.epoch + 1;
        row_int_equal(row, conv_step(&c, &ev, NOW, &next, NULL), KF_CONFLICT);
        ev.epoch = -1;
        row_int_equal(row, conv_step(&c, &ev, NOW, &next, NULL), KF_OK);
    }
}

static void only_the_owner_speaks_accepts_refuses_and_gives_back(void **state)
{
    static const struct {
        enum conv_event_kind kind;
        enum conv_state on;
    } rows[] = {
        { CONV_STAFF_SAYS, CONV_SERVED }, { CONV_ACCEPT, CONV_OFFERED }, { CONV_REFUSE, CONV_OFFERED }, { CONV_RETURN, CONV_SERVED }
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct conv c = conv_in(rows[i].on), next;
        struct conv_event ev = { .kind = rows[i].kind, .person = ID(WU), .epoch = c.epoch };

        row_int_equal(describe(ev.kind, c.state), conv_step(&c, &ev, NOW, &next, NULL), KF_CONFLICT);
    }
}

static void nobody_is_given_what_is_his_already_and_nothing_is_given_to_nobody(void **state)
{
    struct conv c = conv_in(CONV_SERVED), next;
    struct conv_event take = { .kind = CONV_TAKE, .person = ID(LIN), .epoch = -1 };
    struct conv_event transfer = { .kind = CONV_TRANSFER_PERSON, .person = ID(LIN), .epoch = -1 };
    struct conv_event assign = { .kind = CONV_ASSIGN, .epoch = -1 };
    struct conv w = conv_in(CONV_WAITING);

    (void)state;
    assert_int_equal(conv_step(&c, &take, NOW, &next, NULL), KF_CONFLICT);
    assert_int_equal(conv_step(&c, &transfer, NOW, &next, NULL), KF_CONFLICT);
    assert_int_equal(conv_step(&w, &assign, NOW, &next, NULL), KF_INVALID);
}

static void who_goes_back_to_the_queue_keeps_the_first_arrival(void **state)
{
    struct conv c = conv_in(CONV_SERVED), next;
    struct conv_event ev = { .kind = CONV_RETURN, .epoch = c.epoch };

    (void)state;
    assert_int_equal(conv_step(&c, &ev, NOW, &next, NULL), KF_OK);
    assert_int_equal(next.arrived_at, c.arrived_at);
    assert_int_equal(conv_effective(&next), c.arrived_at - 120000);
    assert_true(id_eq(&next.last_agent, &ID(LIN)));
    assert_int_equal(next.served_at, 0);

    c = conv_in(CONV_OFFERED);
    c.last_agent = ID(WU);
    ev = (struct conv_event){ .kind = CONV_REFUSE, .person = ID(LIN), .epoch = c.epoch };
    assert_int_equal(conv_step(&c, &ev, NOW, &next, NULL), KF_OK);
    assert_int_equal(next.arrived_at, c.arrived_at);
    assert_true(id_eq(&next.last_agent, &ID(WU))); /* not the one who refused */
}

/* Who was served has not waited: a queue's limit, its rings and its overflow count anew. Who was only offered to somebody has. */
static void the_wait_in_a_queue_begins_again_after_a_service(void **state)
{
    static const struct {
        enum conv_state from;
        enum conv_event_kind kind;
        bool handed, anew;
    } rows[] = {
        { CONV_SERVED, CONV_RETURN, false, true },
        { CONV_OFFERED, CONV_REFUSE, false, false },
        { CONV_OFFERED, CONV_REFUSE, true, true },
        { CONV_PARKED, CONV_UNPARK, false, true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct conv c = conv_in(rows[i].from), next;
        struct conv_event ev = { .kind = rows[i].kind, .person = ID(LIN), .epoch = c.epoch };

        c.queued_at = NOW - 45000;
        c.overflowed = true;
        if (rows[i].handed)
            c.back = ID(WU);
        assert_int_equal(conv_step(&c, &ev, NOW, &next, NULL), KF_OK);
        assert_int_equal(next.state, CONV_WAITING);
        assert_int_equal(next.arrived_at, c.arrived_at);
        assert_int_equal(next.queued_at, rows[i].anew ? NOW : c.queued_at);
        assert_int_equal(next.overflowed, !rows[i].anew);
    }
}

static void another_queue_is_a_new_arrival_without_a_favourite(void **state)
{
    struct conv c = conv_in(CONV_SERVED), next;
    struct conv_event ev = { .kind = CONV_TRANSFER_QUEUE, .queue = KEY("service"), .epoch = c.epoch };

    (void)state;
    assert_int_equal(conv_step(&c, &ev, NOW, &next, NULL), KF_OK);
    assert_string_equal(next.queue.s, "service");
    assert_int_equal(next.arrived_at, NOW);
    assert_true(id_is_zero(&next.last_agent));
}

static void a_late_word_reopens_as_a_new_arrival_with_the_last_agent_first(void **state)
{
    struct conv c = conv_in(CONV_CLOSED), next;
    struct conv_event ev = { .kind = CONV_VISITOR_SAYS, .epoch = 3 /* an old one never stops a visitor */ };

    (void)state;
    assert_int_equal(conv_step(&c, &ev, NOW, &next, NULL), KF_OK);
    assert_int_equal(next.state, CONV_WAITING);
    assert_int_equal(next.arrived_at, NOW);
    assert_int_equal(next.visitor_at, NOW);
    assert_int_equal(next.reopened, 1);
    assert_int_equal(next.closed_at, 0);
    assert_int_equal(next.wrapup_until, 0);
    assert_true(id_eq(&next.last_agent, &ID(LIN)));
    assert_false(conv_holds_place(&next, NOW));
}

static void what_was_parked_waits_again_only_if_somebody_is_there(void **state)
{
    struct conv c = conv_in(CONV_PARKED), next;
    struct conv_event ev = { .kind = CONV_VISITOR_SAYS, .epoch = -1, .staffed = true };

    (void)state;
    assert_int_equal(conv_step(&c, &ev, NOW, &next, NULL), KF_OK);
    assert_int_equal(next.state, CONV_WAITING);
    assert_int_equal(next.arrived_at, c.arrived_at);
    assert_int_equal(next.epoch, c.epoch + 1);
    ev.staffed = false;
    assert_int_equal(conv_step(&c, &ev, NOW, &next, NULL), KF_OK);
    assert_int_equal(next.state, CONV_PARKED);
    assert_int_equal(next.visitor_at, NOW);
}

static void only_who_was_served_leaves_a_place_to_wrap_up(void **state)
{
    struct conv served = conv_in(CONV_SERVED), waiting = conv_in(CONV_WAITING), next;
    struct conv_event ev = { .kind = CONV_CLOSE, .epoch = -1, .wrapup_ms = 15000 };

    (void)state;
    assert_int_equal(conv_step(&served, &ev, NOW, &next, NULL), KF_OK);
    assert_int_equal(next.wrapup_until, NOW + 15000);
    assert_true(id_eq(&next.last_agent, &ID(LIN)));
    assert_int_equal(next.closed_at, NOW);
    assert_true(conv_holds_place(&next, NOW + 14999));
    assert_false(conv_holds_place(&next, NOW + 15000));

    assert_int_equal(conv_step(&waiting, &ev, NOW, &next, NULL), KF_OK);
    assert_int_equal(next.wrapup_until, 0);
    assert_false(conv_holds_place(&next, NOW));
}

static void a_look_after_the_wrap_up_ends_it(void **state)
{
    struct conv c = conv_in(CONV_CLOSED), next;
    const struct conv_event look = { .kind = CONV_NOTHING };

    (void)state;
    assert_int_equal(conv_step(&c, &look, c.wrapup_until - 1, &next, NULL), KF_OK);
    assert_int_equal(conv_due(&next), c.wrapup_until);
    assert_int_equal(conv_step(&c, &look, c.wrapup_until, &next, NULL), KF_OK);
    assert_int_equal(conv_due(&next), INT64_MAX);
}

static void is_due_at_the_earliest_of_what_it_waits_for(void **state)
{
    static const struct {
        const char *what;
        struct conv c;
        int64_t due;
    } rows[] = {
        { "nothing", { .state = CONV_WAITING, .arrived_at = 5 }, INT64_MAX },
        { "rules have not looked: arrival", { .state = CONV_WAITING, .seq = 1, .arrived_at = 5 }, 5 },
        { "rules have not looked: visitor",
          { .state = CONV_SERVED, .seq = 2, .ruled_seq = 1, .arrived_at = 5, .visitor_at = 9, .staff_at = 7 },
          9 },
        { "rules have not looked: staff", { .state = CONV_SERVED, .seq = 2, .arrived_at = 5, .visitor_at = 9, .staff_at = 11 }, 11 },
        { "a rule wants to", { .state = CONV_WAITING, .rule_due_at = 20 }, 20 },
        { "a rule sooner than the newest", { .state = CONV_WAITING, .seq = 1, .arrived_at = 30, .rule_due_at = 20 }, 20 },
        { "an offer stands", { .state = CONV_OFFERED, .until = 40, .rule_due_at = 50 }, 40 },
        { "parked until a time", { .state = CONV_PARKED, .until = 60 }, 60 },
        { "parked until somebody comes", { .state = CONV_PARKED }, INT64_MAX },
        { "served: no until", { .state = CONV_SERVED, .until = 60 }, INT64_MAX },
        { "wrapping up", { .state = CONV_CLOSED, .wrapup_until = 70 }, 70 },
        { "open: no wrap-up", { .state = CONV_WAITING, .wrapup_until = 70 }, INT64_MAX },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        row_int_equal(rows[i].what, conv_due(&rows[i].c), rows[i].due);
}

static void visitors_see_three_states(void **state)
{
    static const char *const rows[][2] = { { "bot", "served" },    { "waiting", "waiting" }, { "offered", "waiting" },
                                           { "served", "served" }, { "parked", "waiting" },  { "closed", "closed" } };

    (void)state;
    for (int s = CONV_BOT; s <= CONV_CLOSED; s++) {
        assert_string_equal(conv_state_name((enum conv_state)s), rows[s][0]);
        assert_string_equal(conv_state_public((enum conv_state)s), rows[s][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_on_every_state_leads_where_the_picture_says),
        cmocka_unit_test(what_is_handed_over_can_be_given_back),
        cmocka_unit_test(overflowing_keeps_the_first_arrival),
        cmocka_unit_test(a_place_in_wrap_up_is_free_when_its_agent_says_so),
        cmocka_unit_test(an_act_decided_on_another_epoch_is_a_conflict),
        cmocka_unit_test(only_the_owner_speaks_accepts_refuses_and_gives_back),
        cmocka_unit_test(nobody_is_given_what_is_his_already_and_nothing_is_given_to_nobody),
        cmocka_unit_test(who_goes_back_to_the_queue_keeps_the_first_arrival),
        cmocka_unit_test(the_wait_in_a_queue_begins_again_after_a_service),
        cmocka_unit_test(another_queue_is_a_new_arrival_without_a_favourite),
        cmocka_unit_test(a_late_word_reopens_as_a_new_arrival_with_the_last_agent_first),
        cmocka_unit_test(what_was_parked_waits_again_only_if_somebody_is_there),
        cmocka_unit_test(only_who_was_served_leaves_a_place_to_wrap_up),
        cmocka_unit_test(a_look_after_the_wrap_up_ends_it),
        cmocka_unit_test(is_due_at_the_earliest_of_what_it_waits_for),
        cmocka_unit_test(visitors_see_three_states),
        cmocka_unit_test(what_comes_too_late_is_told_in_plain_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
