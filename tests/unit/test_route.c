#include "tests/unit/unit.h"

#include "core/route.h"

#include <stdlib.h>

#define NOW    1000000
#define SALES  0
#define REFUND 1U

static const struct route_policy policy = { .sticky_ms = 20000, .overflow_ms = 60000 };

/* An agent of all queues who could take three more, but for what the row says. */
#define AGENT(...)                                                                     \
    {                                                                                  \
        .online = true, .capacity = 3, .queues = ~0ULL, .idle_since = 500, __VA_ARGS__ \
    }
#define ASK(...)                                                                     \
    {                                                                                \
        .conv = ID(100), .queue = SALES, .waiting_since_ms = NOW - 1000, __VA_ARGS__ \
    }

static void chooses_by_load_then_idle_time_then_count_then_id(void **state)
{
    static const struct {
        const char *what;
        struct route_agent agents[3];
        int chosen;
        const char *why;
    } rows[] = {
        { "the only one", { AGENT(.id = ID(1)), AGENT(.id = ID(2), .online = false) }, 1, "only_one" },
        { "less load", { AGENT(.id = ID(1), .load = 2), AGENT(.id = ID(2), .load = 1) }, 2, "least_load" },
        { "load is a share",
          { AGENT(.id = ID(1), .load = 1, .capacity = 2), AGENT(.id = ID(2), .load = 2, .capacity = 5) },
          2,
          "least_load" },
        { "longest idle", { AGENT(.id = ID(1), .idle_since = 400), AGENT(.id = ID(2), .idle_since = 399) }, 2, "longest_idle" },
        { "fewest handled", { AGENT(.id = ID(1), .handled = 5), AGENT(.id = ID(2), .handled = 4) }, 2, "longest_idle" },
        { "smallest id", { AGENT(.id = ID(2)), AGENT(.id = ID(1)) }, 1, "longest_idle" },
        { "load before idle time",
          { AGENT(.id = ID(1), .load = 1, .idle_since = 0), AGENT(.id = ID(2), .load = 0, .idle_since = 999) },
          2,
          "least_load" },
    };
    const struct route_ask ask = ASK(.skills = 0);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t n = id_is_zero(&rows[i].agents[2].id) ? 2 : 3;
        struct route r = route_decide(&policy, &ask, rows[i].agents, n, NOW);

        row_int_equal(rows[i].what, r.verdict, ROUTE_ASSIGN);
        row_int_equal(rows[i].what, r.agent.b[15], rows[i].chosen);
        row_string_equal(rows[i].what, r.why, rows[i].why);
    }
}

static void what_was_handed_to_a_queue_comes_back_only_where_nobody_else_could_take_it(void **state)
{
    static const struct route_refusal past[] = { { ID(1), NOW, true } }, by_one[] = { { ID(1), NOW + 9, true } },
                                      by_both[] = { { ID(1), NOW + 9, true }, { ID(2), NOW + 9, false } };
    static const struct {
        const char *what;
        struct route_agent agents[2];
        const struct route_refusal *refusals;
        size_t n;
        int chosen; /* 0: it waits */
    } rows[] = {
        { "another one is there", { AGENT(.id = ID(1)), AGENT(.id = ID(2), .load = 2) }, by_one, 1, 2 },
        { "another one is full", { AGENT(.id = ID(1)), AGENT(.id = ID(2), .load = 3) }, by_one, 1, 0 },
        { "the other one is away", { AGENT(.id = ID(1)), AGENT(.id = ID(2), .online = false) }, by_one, 1, 1 },
        { "the other one is of another queue", { AGENT(.id = ID(1)), AGENT(.id = ID(2), .queues = 2) }, by_one, 1, 1 },
        { "the other one has refused it", { AGENT(.id = ID(1)), AGENT(.id = ID(2)) }, by_both, 2, 1 },
        { "the time is over", { AGENT(.id = ID(1)), AGENT(.id = ID(2), .load = 3) }, past, 1, 1 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct route_ask ask = ASK(.refusals = rows[i].refusals, .n_refusals = rows[i].n);
        struct route r = route_decide(&policy, &ask, rows[i].agents, 2, NOW);

        row_int_equal(rows[i].what, r.verdict == ROUTE_ASSIGN ? r.agent.b[15] : 0, rows[i].chosen);
    }
}

static void nobody_gets_what_he_cannot_or_may_not_take(void **state)
{
    static const struct route_refusal mine[] = { { ID(3), NOW + 9, false }, { ID(1), NOW + 1, false } }, past[] = { { ID(1), NOW, false } },
                                      others[] = { { ID(2), NOW + 1, false } };
    static const struct {
        const char *what;
        struct route_agent agent;
        struct route_ask ask;
        enum route_verdict verdict;
    } rows[] = {
        { "fits", AGENT(.id = ID(1)), ASK(.skills = 0), ROUTE_ASSIGN },
        { "not online", AGENT(.id = ID(1), .online = false), ASK(.skills = 0), ROUTE_QUEUE },
        { "one place left", AGENT(.id = ID(1), .load = 2), ASK(.skills = 0), ROUTE_ASSIGN },
        { "full", AGENT(.id = ID(1), .load = 3), ASK(.skills = 0), ROUTE_QUEUE },
        { "over full", AGENT(.id = ID(1), .load = 4), ASK(.skills = 0), ROUTE_QUEUE },
        { "no capacity", AGENT(.id = ID(1), .capacity = 0), ASK(.skills = 0), ROUTE_QUEUE },
        { "another queue", AGENT(.id = ID(1), .queues = 2), ASK(.queue = SALES), ROUTE_QUEUE },
        { "queue 63", AGENT(.id = ID(1), .queues = 1ULL << 63), ASK(.queue = 63), ROUTE_ASSIGN },
        { "all skills", AGENT(.id = ID(1), .skills = 7), ASK(.skills = 5), ROUTE_ASSIGN },
        { "a skill is missing", AGENT(.id = ID(1), .skills = 4), ASK(.skills = 5), ROUTE_QUEUE },
        { "refused it just now", AGENT(.id = ID(1)), ASK(.refusals = mine, .n_refusals = 2), ROUTE_QUEUE },
        { "refused it long ago", AGENT(.id = ID(1)), ASK(.refusals = past, .n_refusals = 1), ROUTE_ASSIGN },
        { "two places of two", AGENT(.id = ID(1), .load = 1), ASK(.weight = 2), ROUTE_ASSIGN },
        { "two places of one", AGENT(.id = ID(1), .load = 2), ASK(.weight = 2), ROUTE_QUEUE },
        { "his channel", AGENT(.id = ID(1), .channels = 6), ASK(.channel = 4), ROUTE_ASSIGN },
        { "another channel", AGENT(.id = ID(1), .channels = 2), ASK(.channel = 4), ROUTE_QUEUE },
        { "all channels", AGENT(.id = ID(1)), ASK(.channel = 4), ROUTE_ASSIGN },
        { "his language", AGENT(.id = ID(1), .languages = 1), ASK(.language = 1), ROUTE_ASSIGN },
        { "another language", AGENT(.id = ID(1), .languages = 2), ASK(.language = 1), ROUTE_QUEUE },
        { "somebody else refused it", AGENT(.id = ID(1)), ASK(.refusals = others, .n_refusals = 1), ROUTE_ASSIGN },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        row_int_equal(rows[i].what, route_decide(&policy, &rows[i].ask, &rows[i].agent, 1, NOW).verdict, rows[i].verdict);
}

static void the_most_proficient_go_first(void **state)
{
    const struct route_agent agents[] = { AGENT(.id = ID(1), .skills = 3, .level = { 5, 2 }), AGENT(.id = ID(2), .skills = 3, .load = 2),
                                          AGENT(.id = ID(3), .skills = 1, .level = { 4 }) };
    static const struct {
        uint64_t skills;
        int chosen;
        const char *why;
    } rows[] = { { 1, 1, "proficiency" }, { 3, 2, "proficiency" }, { 0, 1, "longest_idle" }, { 2, 2, "proficiency" } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct route_ask ask = ASK(.skills = rows[i].skills);
        struct route r = route_decide(&policy, &ask, agents, 3, NOW);

        assert_int_equal(r.agent.b[15], rows[i].chosen);
        assert_string_equal(r.why, rows[i].why);
    }
}

static void rings_let_skills_go_with_time(void **state)
{
    const struct route_agent plain = AGENT(.id = ID(1), .languages = 2);
    static const struct {
        int64_t waited;
        int ring;
        enum route_bar bar;
    } rows[] = { { 0, 0, ROUTE_OTHER_LANGUAGE },
                 { 9999, 0, ROUTE_OTHER_LANGUAGE },
                 { 10000, 1, ROUTE_LACKS_SKILLS },
                 { 19999, 1, ROUTE_LACKS_SKILLS },
                 { 20000, 2, ROUTE_MAY } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct route_ask ask = ASK(.skills = REFUND, .language = 1, .ring_ms = { 10000, 20000 },
                                         .relaxed = { ROUTE_LANGUAGE, REFUND }, .waiting_since_ms = NOW - rows[i].waited);

        assert_int_equal(route_ring(&ask, NOW), rows[i].ring);
        assert_string_equal(route_bar_name(route_bar(&ask, &plain, NOW)), route_bar_name(rows[i].bar));
    }
}

/* Single places that come free one by one would go to the light ones behind it for ever. */
static void who_needs_many_places_gets_them_in_the_end(void **state)
{
    static const struct route_policy p = { .heavy_ms = 60000 };
    struct route_agent agents[] = { AGENT(.id = ID(1), .load = 2), AGENT(.id = ID(2), .load = 3) };
    struct route_ask asks[] = { ASK(.conv = ID(11), .effective = 1, .weight = 2, .waiting_since_ms = NOW - 59999),
                                ASK(.conv = ID(12), .effective = 2) };
    struct route_match m[2];

    (void)state;
    assert_int_equal(route_pass(&p, asks, 2, agents, 2, NOW, m, 2), 1);
    agents[0].load = 2;
    assert_int_equal(route_pass(&p, asks, 2, agents, 2, NOW + 1, m, 2), 0); /* the free place is kept */
    agents[0] = (struct route_agent)AGENT(.id = ID(1), .load = 1);
    agents[1].held = false;
    assert_int_equal(route_pass(&p, asks, 2, agents, 2, NOW + 1, m, 2), 1);
    assert_int_equal(m[0].ask, 0);
    assert_int_equal(agents[0].load, 3);
}

static void waits_for_the_one_it_knows_within_the_bound_only(void **state)
{
    static const struct {
        const char *what;
        struct route_agent known;
        int64_t waited;
        enum route_verdict verdict;
        int chosen;
    } rows[] = {
        { "free: at once, though busier", AGENT(.id = ID(1), .load = 2), 0, ROUTE_ASSIGN, 1 },
        { "free, after the bound", AGENT(.id = ID(1), .load = 2), 20000, ROUTE_ASSIGN, 1 },
        { "full, within", AGENT(.id = ID(1), .load = 3), 19999, ROUTE_QUEUE, 0 },
        { "full, after", AGENT(.id = ID(1), .load = 3), 20000, ROUTE_ASSIGN, 2 },
        { "gone", AGENT(.id = ID(1), .online = false), 0, ROUTE_ASSIGN, 2 },
        { "not of this queue any more", AGENT(.id = ID(1), .queues = 2), 0, ROUTE_ASSIGN, 2 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct route_agent agents[] = { rows[i].known, AGENT(.id = ID(2)) };
        const struct route_ask ask = ASK(.prefer = ID(1), .waiting_since_ms = NOW - rows[i].waited);
        struct route r = route_decide(&policy, &ask, agents, 2, NOW);

        row_int_equal(rows[i].what, r.verdict, rows[i].verdict);
        row_int_equal(rows[i].what, r.agent.b[15], rows[i].chosen);
        if (rows[i].chosen == 1)
            row_string_equal(rows[i].what, r.why, "sticky");
    }
}

static void overflows_when_nobody_was_free_for_so_long(void **state)
{
    const struct route_agent full[] = { AGENT(.id = ID(1), .load = 3) };
    const struct route_policy never = { .overflow_ms = 0 };
    struct route_ask ask = ASK(.waiting_since_ms = NOW - 59999);

    (void)state;
    assert_int_equal(route_decide(&policy, &ask, full, 1, NOW).verdict, ROUTE_QUEUE);
    ask.waiting_since_ms--;
    assert_int_equal(route_decide(&policy, &ask, full, 1, NOW).verdict, ROUTE_OVERFLOW);
    assert_int_equal(route_decide(&policy, &ask, NULL, 0, NOW).verdict, ROUTE_OVERFLOW);
    assert_int_equal(route_decide(&never, &ask, full, 1, NOW).verdict, ROUTE_QUEUE);
}

static void a_pass_goes_by_effective_time_and_over_those_that_nobody_can_take(void **state)
{
    struct route_agent agents[] = { AGENT(.id = ID(1), .capacity = 1), AGENT(.id = ID(2), .capacity = 1, .queues = 2, .skills = REFUND) };
    struct route_ask asks[] = {
        ASK(.conv = ID(13), .effective = 300),
        ASK(.conv = ID(12), .effective = 200, .skills = REFUND), /* first of those who need it, but not of agent 2's queue */
        ASK(.conv = ID(11), .effective = 300),                   /* the same time: smaller id */
        ASK(.conv = ID(14), .effective = 900, .queue = 1, .skills = REFUND),
    };
    struct route_match m[4];

    (void)state;
    agents[0].queues = 1;
    assert_int_equal(route_pass(&policy, asks, 4, agents, 2, NOW, m, 4), 2);
    assert_int_equal(asks[m[0].ask].conv.b[15], 11);
    assert_int_equal(agents[m[0].agent].id.b[15], 1);
    assert_int_equal(asks[m[1].ask].conv.b[15], 14);
    assert_int_equal(agents[m[1].agent].id.b[15], 2);
}

static void a_pass_shares_out_evenly_and_never_over_capacity(void **state)
{
    struct route_agent agents[] = { AGENT(.id = ID(1)), AGENT(.id = ID(2)), AGENT(.id = ID(3), .load = 2) };
    struct route_ask asks[10];
    struct route_match m[10];

    (void)state;
    for (int i = 0; i < 10; i++)
        asks[i] = (struct route_ask)ASK(.conv = ID(20 + i), .effective = i);
    assert_int_equal(route_pass(&policy, asks, 4, agents, 3, NOW, m, 10), 4);
    assert_int_equal(agents[0].load, 2);
    assert_int_equal(agents[1].load, 2);
    assert_int_equal(agents[2].load, 2);
    assert_int_equal(route_pass(&policy, asks, 10, agents, 3, NOW, m, 10), 3); /* that is all there is */
    for (int i = 0; i < 3; i++)
        assert_int_equal(agents[i].load, 3);
    assert_int_equal(route_pass(&policy, asks, 0, agents, 3, NOW, m, 10), 0);
}

static void a_pass_writes_no_more_than_there_is_room_for(void **state)
{
    struct route_agent agents[] = { AGENT(.id = ID(1)) };
    struct route_ask asks[] = { ASK(.effective = 2), ASK(.effective = 1) };
    struct route_match m[1];

    (void)state;
    assert_int_equal(route_pass(&policy, asks, 2, agents, 1, NOW, m, 1), 1);
    assert_int_equal(asks[m[0].ask].effective, 1);
}

/* A thousand random passes against what must hold of any of them. */
static void random_passes_keep_order_capacity_and_leave_nothing_that_fits(void **state)
{
    unsigned seed = 20261121;

    (void)state;
    for (int round = 0; round < 1000; round++) {
        struct route_agent agents[5];
        struct route_ask asks[12];
        struct route_match m[12];
        bool taken[12] = { false };
        size_t n;

        for (int i = 0; i < 5; i++)
            agents[i] = (struct route_agent)AGENT(.id = ID(i + 1), .online = rand_r(&seed) % 4 > 0, .load = rand_r(&seed) % 5,
                                                  .queues = (uint64_t)rand_r(&seed) % 4, .skills = (uint64_t)rand_r(&seed) % 4);
        for (int i = 0; i < 12; i++)
            asks[i] = (struct route_ask)ASK(.conv = ID(50 + i), .effective = rand_r(&seed) % 6, .queue = rand_r(&seed) % 2,
                                            .skills = (uint64_t)rand_r(&seed) % 4);
        n = route_pass(&policy, asks, 12, agents, 5, NOW, m, 12);
        for (size_t i = 0; i < n; i++) {
            const struct route_agent *a = &agents[m[i].agent];

            assert_false(taken[m[i].ask]);
            taken[m[i].ask] = true;
            assert_true(i == 0 || m[i - 1].ask < m[i].ask);
            assert_true(a->online && a->load <= a->capacity);
            assert_true(a->queues >> asks[m[i].ask].queue & 1);
            assert_int_equal(asks[m[i].ask].skills & ~a->skills, 0);
        }
        for (size_t i = 0; i < 12; i++)
            if (!taken[i])
                assert_int_equal(route_decide(&policy, &asks[i], agents, 5, NOW).verdict, ROUTE_QUEUE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chooses_by_load_then_idle_time_then_count_then_id),
        cmocka_unit_test(what_was_handed_to_a_queue_comes_back_only_where_nobody_else_could_take_it),
        cmocka_unit_test(nobody_gets_what_he_cannot_or_may_not_take),
        cmocka_unit_test(the_most_proficient_go_first),
        cmocka_unit_test(rings_let_skills_go_with_time),
        cmocka_unit_test(who_needs_many_places_gets_them_in_the_end),
        cmocka_unit_test(waits_for_the_one_it_knows_within_the_bound_only),
        cmocka_unit_test(overflows_when_nobody_was_free_for_so_long),
        cmocka_unit_test(a_pass_goes_by_effective_time_and_over_those_that_nobody_can_take),
        cmocka_unit_test(a_pass_shares_out_evenly_and_never_over_capacity),
        cmocka_unit_test(a_pass_writes_no_more_than_there_is_room_for),
        cmocka_unit_test(random_passes_keep_order_capacity_and_leave_nothing_that_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
