#include "tests/unit/unit.h"

#include "core/permit.h"

#define ME    1
#define OTHER 2

static struct conv conv_of(enum conv_state s, const char *queue, int owner, int last)
{
    struct conv c = { .site = KEY("shop"), .state = s, .owner = ID(owner), .last_agent = ID(last) };

    (void)snprintf(c.queue.s, sizeof(c.queue.s), "%s", queue);
    return c;
}

static struct member member_of(unsigned roles, const char *queue)
{
    struct member m = { .person = ID(ME), .site = KEY("shop"), .roles = roles };

    if (queue) {
        (void)snprintf(m.queues[0].s, sizeof(m.queues[0].s), "%s", queue);
        m.n_queues = 1;
    }
    return m;
}

#define A MEMBER_AGENT
#define S MEMBER_SUPERVISOR
#define R MEMBER_REVIEWER
#define D MEMBER_ADMIN

/* Each verb on each kind of conversation: the roles that may, each of them alone and set to the queue `sales`. */
static void each_role_may_what_its_line_says_and_no_more(void **state)
{
    static const enum verb verbs[] = { VERB_READ,  VERB_TIMELINE,   VERB_SAY,    VERB_NOTE,   VERB_ACCEPT, VERB_TRANSFER,
                                       VERB_CLOSE, VERB_TRANSCRIPT, VERB_EXPORT, VERB_REVEAL, VERB_JUDGE };
    static const struct {
        const char *what;
        enum conv_state s;
        const char *queue;
        int owner, last;
        /*       read  line     say    note   accept transfer close transcript export reveal judge */
        unsigned may[11];
    } rows[] = {
        { "served by me", CONV_SERVED, "sales", ME, 0, { A | S, A | S | R, A | S, A | S, S, A | S, A | S, A | S | R, S, S, S | R } },
        { "served by another", CONV_SERVED, "sales", OTHER, 0, { S, S | R, 0, S, S, S, S, S | R, S, S, S | R } },
        { "offered to me", CONV_OFFERED, "sales", ME, 0, { A | S, A | S | R, 0, A | S, A | S, S, S, A | S | R, S, S, S | R } },
        { "offered to another", CONV_OFFERED, "sales", OTHER, 0, { S, S | R, 0, S, S, S, S, S | R, S, S, S | R } },
        { "waits in my queue", CONV_WAITING, "sales", 0, 0, { A | S, A | S | R, 0, A | S, A | S, S, S, S | R, S, S, S | R } },
        { "parked in my queue", CONV_PARKED, "sales", 0, 0, { A | S, A | S | R, 0, A | S, A | S, S, S, S | R, S, S, S | R } },
        { "with the bot", CONV_BOT, "sales", 0, 0, { S, S | R, 0, S, S, S, S, S | R, S, S, S | R } },
        { "closed by me", CONV_CLOSED, "sales", 0, ME, { A | S, A | S | R, 0, A | S, 0, 0, 0, A | S | R, S, S, 0 } },
        { "closed by another", CONV_CLOSED, "sales", 0, OTHER, { S, S | R, 0, S, 0, 0, 0, S | R, S, S, S | R } },
        { "other queue, served by me", CONV_SERVED, "repair", ME, 0, { A, A, A, A, 0, A, A, A, 0, 0, 0 } },
        { "other queue, waits", CONV_WAITING, "repair", 0, 0, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } },
        { "other queue, closed by another", CONV_CLOSED, "repair", 0, OTHER, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } },
    };
    static const unsigned roles[] = { A, S, R, D };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t v = 0; v < COUNT(verbs); v++)
            for (size_t r = 0; r < COUNT(roles); r++) {
                struct conv c = conv_of(rows[i].s, rows[i].queue, rows[i].owner, rows[i].last);
                struct member m = member_of(roles[r], "sales");

                if (permit(&m, verbs[v], &KEY("shop"), &c) != ((rows[i].may[v] & roles[r]) != 0))
                    fail_msg("%s: verb %d, %s", rows[i].what, (int)verbs[v], member_role_name(roles[r]));
            }
}

/* Whom routing gives the conversations of every queue may also pick from every queue. */
static void who_is_set_to_no_queue_serves_and_oversees_all(void **state)
{
    struct conv c = conv_of(CONV_WAITING, "repair", 0, 0), served = conv_of(CONV_SERVED, "repair", OTHER, 0);
    struct member supervisor = member_of(S, NULL), reviewer = member_of(R, NULL), agent = member_of(A, NULL);

    (void)state;
    assert_true(permit(&supervisor, VERB_READ, &c.site, &c));
    assert_true(permit(&reviewer, VERB_TRANSCRIPT, &c.site, &c));
    assert_true(permit(&agent, VERB_READ, &c.site, &c));
    assert_true(permit(&agent, VERB_ACCEPT, &c.site, &c));
    assert_false(permit(&agent, VERB_READ, &c.site, &served));
}

static void verbs_on_the_site_belong_to_few(void **state)
{
    static const struct {
        enum verb verb;
        unsigned may;
    } rows[] = {
        { VERB_READ, 0 },           { VERB_SAY, 0 },
        { VERB_TRANSCRIPT, S | R }, { VERB_EXPORT, S },
        { VERB_PRESENCE_OTHER, S }, { VERB_SETTINGS_READ, S | D },
        { VERB_SETTINGS_WRITE, D }, { VERB_PEOPLE, D },
        { VERB_AUDIT, D },          { VERB_STATUS, S | D },
        { VERB_REVEAL, 0 },         { VERB_SAMPLE, S | R },
        { VERB_QUALITY, S | R },    { VERB_CHECKS, S },
        { VERB_JUDGE, 0 },          { VERB_ERASE, D },
        { VERB_HOLD, S | D },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (unsigned role = A; role <= D; role <<= 1) {
            struct member m = member_of(role, "sales");

            if (permit(&m, rows[i].verb, &KEY("shop"), NULL) != ((rows[i].may & role) != 0))
                fail_msg("verb %d, %s", (int)rows[i].verb, member_role_name(role));
        }
}

static void nothing_crosses_sites_and_the_disabled_may_nothing(void **state)
{
    struct conv c = conv_of(CONV_SERVED, "sales", ME, 0), foreign = c;
    struct member m = member_of(A | S | R | D, NULL), disabled = m, none = member_of(0, NULL);

    (void)state;
    foreign.site = KEY("other");
    disabled.disabled = true;
    for (int v = VERB_READ; v <= VERB_JUDGE; v++) {
        assert_true(permit(&m, (enum verb)v, &KEY("shop"), &c));
        assert_false(permit(&m, (enum verb)v, &KEY("other"), &foreign));
        assert_false(permit(&m, (enum verb)v, &KEY("other"), &c));
        assert_false(permit(&m, (enum verb)v, &KEY("shop"), &foreign));
        assert_false(permit(&m, (enum verb)v, &KEY("other"), NULL));
        assert_false(permit(&disabled, (enum verb)v, &KEY("shop"), &c));
        assert_false(permit(&none, (enum verb)v, &KEY("shop"), &c));
        assert_false(permit(NULL, (enum verb)v, &KEY("shop"), &c));
    }
}

static void a_key_may_what_it_was_made_for_on_its_own_site(void **state)
{
    struct member key = { .person = ID(ME), .site = KEY("shop"), .verbs = key_verbs(SLICE("read transcript people")) };
    struct conv served = conv_of(CONV_SERVED, "sales", OTHER, 0), closed = conv_of(CONV_CLOSED, "sales", 0, OTHER);

    (void)state;
    assert_true(permit(&key, VERB_READ, &KEY("shop"), &served));
    assert_true(permit(&key, VERB_TRANSCRIPT, &KEY("shop"), &closed));
    assert_true(permit(&key, VERB_TRANSCRIPT, &KEY("shop"), NULL));
    assert_true(permit(&key, VERB_PEOPLE, &KEY("shop"), NULL));
    assert_false(permit(&key, VERB_TIMELINE, &KEY("shop"), &served));
    assert_false(permit(&key, VERB_EXPORT, &KEY("shop"), NULL));
    assert_false(permit(&key, VERB_SETTINGS_WRITE, &KEY("shop"), NULL));
    assert_false(permit(&key, VERB_READ, &KEY("blog"), NULL));
    key.verbs = ~0U; /* whatever was stored: it has no desk */
    for (enum verb v = VERB_SAY; v <= VERB_CLOSE; v++)
        assert_false(permit(&key, v, &KEY("shop"), &served));
    key.disabled = true;
    assert_false(permit(&key, VERB_READ, &KEY("shop"), &served));
}

static void verbs_of_keys_are_words(void **state)
{
    static const char *const wrong[] = { "", "say", "read say", "reads", "read  timeline", " read", "read,timeline" };
    enum verb v;

    (void)state;
    assert_int_equal(key_verbs(SLICE("read")), 1U << VERB_READ);
    assert_int_equal(key_verbs(SLICE("status audit")), 1U << VERB_STATUS | 1U << VERB_AUDIT);
    for (size_t i = 0; i < COUNT(wrong); i++)
        row_int_equal(wrong[i], key_verbs(slice_of(wrong[i])), 0);
    for (v = VERB_READ; verb_name(v); v++) {
        enum verb back;

        assert_true(verb_parse(slice_of(verb_name(v)), &back));
        assert_int_equal(back, v);
    }
}

/* ---- reviews: role × state × verb ---- */

enum seen { HIDDEN, ASSIGNED, TOLD, BLIND, EXERCISE, MISSED };

static struct review review_of(enum seen seen)
{
    struct review r = { .site = KEY("shop"), .queue = KEY("sales"), .agent = ID(7), .reviewer = ID(8), .state = REVIEW_SUBMITTED };

    if (seen == ASSIGNED)
        r.state = REVIEW_DRAFT;
    if (seen == BLIND || seen == EXERCISE || seen == MISSED)
        r.kind = SAMPLE_CALIBRATION;
    if (seen == MISSED)
        r.state = REVIEW_MISSED;
    return r;
}

static void each_may_with_a_review_what_its_line_says_and_no_more(void **state)
{
    static const struct {
        const char *who;
        unsigned roles;
        int person;
        const char *queue;
        enum seen seen;
        /*  read score comment answer judge */
        bool may[5];
    } rows[] = {
        { "the agent, a draft", A, 7, NULL, ASSIGNED, { 0, 0, 0, 0, 0 } },
        { "the agent", A, 7, NULL, TOLD, { 1, 0, 1, 1, 0 } },
        { "the agent, an exercise", A, 7, NULL, EXERCISE, { 0, 0, 0, 0, 0 } },
        { "the agent who is everything else, too", A | S | R | D, 7, NULL, TOLD, { 1, 0, 1, 1, 0 } },
        { "the agent who is everything else, a draft", A | S | R | D, 7, NULL, ASSIGNED, { 0, 0, 0, 0, 0 } },
        { "another agent", A, 1, NULL, TOLD, { 0, 0, 0, 0, 0 } },
        { "its reviewer, a draft", R, 8, "sales", ASSIGNED, { 1, 1, 1, 0, 0 } },
        { "its reviewer", R, 8, "sales", TOLD, { 1, 1, 1, 0, 0 } },
        { "its reviewer, blind", R, 8, "sales", BLIND, { 1, 1, 1, 0, 0 } },
        { "its reviewer, who is a supervisor", R | S, 8, NULL, TOLD, { 1, 1, 1, 0, 0 } },
        { "who was its reviewer and is none any more", A, 8, NULL, TOLD, { 0, 0, 0, 0, 0 } },
        { "another reviewer, a draft", R, 1, "sales", ASSIGNED, { 0, 0, 0, 0, 0 } },
        { "another reviewer", R, 1, "sales", TOLD, { 1, 0, 1, 0, 0 } },
        { "another reviewer, blind", R, 1, "sales", BLIND, { 0, 0, 0, 0, 0 } },
        { "another reviewer, an exercise that is over", R, 1, "sales", EXERCISE, { 1, 0, 1, 0, 0 } },
        { "who has missed it", R, 8, "sales", MISSED, { 1, 1, 1, 0, 0 } },
        { "another reviewer, what somebody has missed", R, 1, "sales", MISSED, { 0, 0, 0, 0, 0 } },
        { "a supervisor, what somebody has missed", S, 1, "sales", MISSED, { 0, 0, 0, 0, 0 } },
        { "the agent, what somebody has missed", A, 7, NULL, MISSED, { 0, 0, 0, 0, 0 } },
        { "a reviewer of another queue", R, 1, "repair", TOLD, { 0, 0, 0, 0, 0 } },
        { "a supervisor, a draft", S, 1, "sales", ASSIGNED, { 0, 0, 0, 0, 0 } },
        { "a supervisor", S, 1, "sales", TOLD, { 1, 0, 1, 0, 1 } },
        { "a supervisor, an exercise that is over", S, 1, "sales", EXERCISE, { 1, 0, 1, 0, 0 } },
        { "a supervisor of another queue", S, 1, "repair", TOLD, { 0, 0, 0, 0, 0 } },
        { "an administrator", D, 1, NULL, TOLD, { 0, 0, 0, 0, 0 } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct review r = review_of(rows[i].seen);
        struct member m = member_of(rows[i].roles, rows[i].queue), disabled, foreign;

        m.person = ID(rows[i].person);
        disabled = foreign = m;
        disabled.disabled = true;
        foreign.site = KEY("blog");
        for (int v = REVIEW_READ; v <= REVIEW_JUDGE; v++) {
            row_int_equal(rows[i].who, permit_review(&m, (enum review_verb)v, &r, rows[i].seen == BLIND), rows[i].may[v]);
            assert_false(permit_review(&disabled, (enum review_verb)v, &r, false));
            assert_false(permit_review(&foreign, (enum review_verb)v, &r, false));
        }
    }
}

static void a_program_that_counts_quality_reads_what_was_submitted(void **state)
{
    struct member key = { .person = ID(ME), .site = KEY("shop"), .verbs = key_verbs(SLICE("quality")) };
    struct review told = review_of(TOLD), draft = review_of(ASSIGNED);

    (void)state;
    assert_true(permit_review(&key, REVIEW_READ, &told, false));
    assert_false(permit_review(&key, REVIEW_READ, &told, true));
    assert_false(permit_review(&key, REVIEW_READ, &draft, false));
    for (int v = REVIEW_SCORE; v <= REVIEW_JUDGE; v++)
        assert_false(permit_review(&key, (enum review_verb)v, &told, false));
    key.verbs = key_verbs(SLICE("transcript"));
    assert_false(permit_review(&key, REVIEW_READ, &told, false));
    assert_int_equal(key_verbs(SLICE("sample")), 0);
}

static void coaching_is_between_a_supervisor_and_the_agent(void **state)
{
    const struct kf_id me = ID(ME), other = ID(OTHER);
    static const struct {
        enum coaching_verb verb;
        bool own;
        unsigned may;
    } rows[] = { { COACHING_READ, false, S },   { COACHING_MANAGE, false, S },
                 { COACHING_ANSWER, false, 0 }, { COACHING_READ, true, A | S | R | D },
                 { COACHING_MANAGE, true, 0 },  { COACHING_ANSWER, true, A | S | R | D } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (unsigned role = A; role <= D; role <<= 1) {
            struct member m = member_of(role, "sales");

            if (permit_coaching(&m, rows[i].verb, &KEY("shop"), rows[i].own ? &me : &other) != ((rows[i].may & role) != 0))
                fail_msg("coaching %d, %s, %s", (int)rows[i].verb, rows[i].own ? "own" : "of another", member_role_name(role));
            assert_false(permit_coaching(&m, rows[i].verb, &KEY("other"), &me));
            m.disabled = true;
            assert_false(permit_coaching(&m, rows[i].verb, &KEY("shop"), &me));
            m.disabled = false;
            m.verbs = key_verbs(SLICE("transcript"));
            assert_false(permit_coaching(&m, rows[i].verb, &KEY("shop"), &me));
        }
}

/* As for transcripts: what is of another queue is not there. */
static void what_is_drawn_held_and_coached_is_of_own_queues(void **state)
{
    static const struct {
        const char *own, *queue, *agent; /* NULL: of all */
        bool drawn, coached;
    } rows[] = { { NULL, "sales", "sales", true, true },
                 { "sales", "sales", "sales", true, true },
                 { "sales", "service", "service", false, false },
                 { "sales", "service", NULL, false, false },
                 { "sales", "", "sales", false, true },
                 { "sales", "", "service", false, false },
                 { "sales", "", NULL, false, true },
                 { "sales", "sales", "service", true, true } };
    const struct kf_id me = ID(ME), other = ID(OTHER), nobody = { { 0 } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct member m = member_of(S, rows[i].own), of = member_of(A, rows[i].agent);
        struct kf_key queue = { "" };

        (void)snprintf(queue.s, sizeof(queue.s), "%s", rows[i].queue);
        assert_int_equal(permit_drawn(&m, &other, &queue), rows[i].drawn);
        assert_int_equal(permit_drawn(&m, &nobody, &queue), rows[i].drawn);
        assert_true(permit_drawn(&m, &me, &queue));
        assert_int_equal(permit_coached(&m, &of, &queue), rows[i].coached);
        assert_int_equal(permit_holds_all(&m), !rows[i].own);
        m.roles |= D;
        assert_true(permit_holds_all(&m));
    }
}

static void reviews_are_handed_over_by_supervisors_of_their_queue_but_not_of_oneself(void **state)
{
    static const struct {
        unsigned roles;
        const char *own; /* NULL: all */
        bool may;
    } rows[] = { { S, NULL, true },  { S, "sales", true }, { S, "service", false },
                 { R, NULL, false }, { A, NULL, false },   { D, NULL, false } };
    const struct kf_key queue = KEY("sales"), here = member_of(S, NULL).site, elsewhere = KEY("elsewhere");
    const struct kf_id me = ID(ME), other = ID(OTHER);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct member m = member_of(rows[i].roles, rows[i].own);

        assert_int_equal(permit_handover(&m, &here, &queue, &other), rows[i].may);
        assert_false(permit_handover(&m, &here, &queue, &me));
        assert_false(permit_handover(&m, &elsewhere, &queue, &other));
        m.disabled = true;
        assert_false(permit_handover(&m, &here, &queue, &other));
    }
}

static void the_library_is_read_by_who_talks_and_reviews_and_written_by_few(void **state)
{
    static const struct {
        bool write;
        unsigned may;
    } rows[] = { { false, A | S | R }, { true, S | R } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (unsigned role = A; role <= D; role <<= 1) {
            struct member m = member_of(role, "sales");

            if (permit_example(&m, rows[i].write, &KEY("shop")) != ((rows[i].may & role) != 0))
                fail_msg("examples %d, %s", (int)rows[i].write, member_role_name(role));
            assert_false(permit_example(&m, rows[i].write, &KEY("other")));
            m.verbs = key_verbs(SLICE("transcript"));
            assert_false(permit_example(&m, rows[i].write, &KEY("shop")));
        }
    assert_false(permit_example(NULL, false, &KEY("shop")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_role_may_what_its_line_says_and_no_more),
        cmocka_unit_test(who_is_set_to_no_queue_serves_and_oversees_all),
        cmocka_unit_test(verbs_on_the_site_belong_to_few),
        cmocka_unit_test(nothing_crosses_sites_and_the_disabled_may_nothing),
        cmocka_unit_test(a_key_may_what_it_was_made_for_on_its_own_site),
        cmocka_unit_test(verbs_of_keys_are_words),
        cmocka_unit_test(each_may_with_a_review_what_its_line_says_and_no_more),
        cmocka_unit_test(a_program_that_counts_quality_reads_what_was_submitted),
        cmocka_unit_test(coaching_is_between_a_supervisor_and_the_agent),
        cmocka_unit_test(what_is_drawn_held_and_coached_is_of_own_queues),
        cmocka_unit_test(reviews_are_handed_over_by_supervisors_of_their_queue_but_not_of_oneself),
        cmocka_unit_test(the_library_is_read_by_who_talks_and_reviews_and_written_by_few),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
