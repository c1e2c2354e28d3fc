#include "tests/unit/unit.h"

#include "core/sample.h"

#include <stdlib.h>

#define UNITS 120

/* 60 conversations of agent 1, 40 of agent 2, 20 of agent 3; every fourth on another channel. */
static void fill(struct sample_unit *u)
{
    for (int i = 0; i < UNITS; i++) {
        u[i] = (struct sample_unit){ .conv = ID(i), .agent = ID(i < 60 ? 1 : i < 100 ? 2 : 3) };
        u[i].channel = i % 4 ? KEY("web") : KEY("wechat");
    }
}

static size_t of_agent(const struct sample_unit *u, const bool *chosen, int agent)
{
    size_t ret = 0;

    for (int i = 0; i < UNITS; i++)
        ret += chosen[i] && id_eq(&u[i].agent, &ID(agent));
    return ret;
}

static size_t draw(const struct sample_unit *u, enum sample_way way, size_t n, uint64_t seed, bool *chosen)
{
    const struct sample_plan plan = { .way = way, .n = n, .seed = seed };
    bool ok;
    size_t ret = sample_draw(&plan, u, UNITS, chosen, &ok);

    assert_true(ok);
    return ret;
}

static void the_same_seed_draws_the_same_and_another_draws_others(void **state)
{
    struct sample_unit u[UNITS];
    bool a[UNITS], b[UNITS], c[UNITS];

    (void)state;
    fill(u);
    assert_int_equal(draw(u, SAMPLE_PLAIN, 30, 7, a), 30);
    assert_int_equal(draw(u, SAMPLE_PLAIN, 30, 7, b), 30);
    assert_int_equal(draw(u, SAMPLE_PLAIN, 30, 8, c), 30);
    assert_memory_equal(a, b, sizeof(a));
    assert_memory_not_equal(a, c, sizeof(a));
    assert_int_equal(draw(u, SAMPLE_PLAIN, 0, 7, a), 0);
    assert_int_equal(draw(u, SAMPLE_PLAIN, 1000, 7, a), UNITS);
}

/* Over many seeds each is drawn about equally often: 2,000 draws of 30 of 120 are 500 each, standard deviation 19. */
static void each_is_as_likely_as_the_others(void **state)
{
    struct sample_unit u[UNITS];
    int times[UNITS] = { 0 };
    bool chosen[UNITS];

    (void)state;
    fill(u);
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        (void)draw(u, SAMPLE_PLAIN, 30, seed, chosen);
        for (int i = 0; i < UNITS; i++)
            times[i] += chosen[i];
    }
    for (int i = 0; i < UNITS; i++)
        assert_in_range(times[i], 400, 600);
}

static void a_quota_is_of_each_agent(void **state)
{
    struct sample_unit u[UNITS];
    bool chosen[UNITS];

    (void)state;
    fill(u);
    assert_int_equal(draw(u, SAMPLE_PER_AGENT, 25, 3, chosen), 25 + 25 + 20);
    assert_int_equal(of_agent(u, chosen, 1), 25);
    assert_int_equal(of_agent(u, chosen, 2), 25);
    assert_int_equal(of_agent(u, chosen, 3), 20);
}

/* Strata of 15 and 45, 10 and 30, 5 and 15: 24 of 120 are 3 and 9, 2 and 6, 1 and 3. */
static void strata_share_by_their_size(void **state)
{
    struct sample_unit u[UNITS];
    bool chosen[UNITS];
    size_t wechat = 0;

    (void)state;
    fill(u);
    assert_int_equal(draw(u, SAMPLE_STRATA, 24, 3, chosen), 24);
    assert_int_equal(of_agent(u, chosen, 1), 12);
    assert_int_equal(of_agent(u, chosen, 2), 8);
    assert_int_equal(of_agent(u, chosen, 3), 4);
    for (int i = 0; i < UNITS; i += 4)
        wechat += chosen[i];
    assert_int_equal(wechat, 6);
    assert_int_equal(draw(u, SAMPLE_STRATA, 6, 3, chosen), 6); /* one of each */
    assert_int_equal(of_agent(u, chosen, 3), 2);
    assert_int_equal(draw(u, SAMPLE_STRATA, 500, 3, chosen), UNITS);
}

static size_t draw_share(const struct sample_unit *u, size_t n, enum sample_way way, int share, bool *chosen)
{
    const struct sample_plan plan = { .way = way, .share = share, .seed = 3 };
    bool ok;
    size_t ret = sample_draw(&plan, u, n, chosen, &ok);

    assert_true(ok);
    return ret;
}

/* Of all, of each agent, or shared out: rounded up, so that something is drawn wherever there is something. */
static void a_share_is_rounded_up(void **state)
{
    struct sample_unit u[UNITS];
    bool chosen[UNITS];

    (void)state;
    fill(u);
    assert_int_equal(draw_share(u, UNITS, SAMPLE_PLAIN, 1, chosen), 2); /* 1.2 */
    assert_int_equal(draw_share(u, UNITS, SAMPLE_PLAIN, 10, chosen), 12);
    assert_int_equal(draw_share(u, UNITS, SAMPLE_PLAIN, 100, chosen), UNITS);
    assert_int_equal(draw_share(u, 1, SAMPLE_PLAIN, 1, chosen), 1);
    assert_int_equal(draw_share(u, 0, SAMPLE_PLAIN, 50, chosen), 0);
    assert_int_equal(draw_share(u, UNITS, SAMPLE_STRATA, 20, chosen), 24);
    assert_int_equal(of_agent(u, chosen, 1), 12);
    assert_int_equal(draw_share(u, UNITS, SAMPLE_PER_AGENT, 12, chosen), 8 + 5 + 3); /* 7.2, 4.8, 2.4 */
    assert_int_equal(of_agent(u, chosen, 1), 8);
    assert_int_equal(of_agent(u, chosen, 2), 5);
    assert_int_equal(of_agent(u, chosen, 3), 3);
}

static void who_has_least_to_do_reviews_and_nobody_what_he_served(void **state)
{
    const struct kf_id helper = ID(12);
    struct sample_unit u[UNITS];
    struct sample_reviewer r[] = { { .person = ID(11), .load = 4 }, { .person = ID(12) }, { .person = ID(3) } };
    bool chosen[UNITS];
    int to[UNITS];

    (void)state;
    fill(u);
    for (int i = 0; i < UNITS; i++)
        chosen[i] = i >= 94; /* 6 of agent 2, 20 of agent 3, who is a reviewer, too */
    u[119].served = &helper;
    u[119].n_served = 1;
    sample_spread(u, UNITS, chosen, r, 3, 5, to);
    for (int i = 0; i < UNITS; i++) {
        if (!chosen[i])
            assert_int_equal(to[i], -1);
        else if (i >= 100)
            assert_int_not_equal(to[i], 2);
    }
    assert_int_equal(to[119], 0);
    assert_int_equal(r[0].load + r[1].load + r[2].load, 4 + 26);
    assert_true(r[0].load >= r[1].load ? r[0].load - r[1].load <= 1 : r[1].load - r[0].load <= 1);
    sample_spread(u, UNITS, chosen, r + 2, 1, 5, to); /* only the agent of most of them is there */
    assert_int_equal(to[94], 0);
    assert_int_equal(to[110], -1);
}

/* The last agent, but of what is on a risk list for what was found about somebody else. */
static void whom_a_review_is_about(void **state)
{
    static const struct {
        enum sample_kind kind;
        bool findings, risky;
        int risk, about;
    } rows[] = { { SAMPLE_RISK, true, true, 2, 2 },       { SAMPLE_RISK, true, true, 1, 1 },  { SAMPLE_RISK, true, true, 0, 1 },
                 { SAMPLE_RISK, false, true, 2, 1 },      { SAMPLE_RISK, true, false, 2, 1 }, { SAMPLE_RANDOM, true, true, 2, 1 },
                 { SAMPLE_CALIBRATION, true, true, 2, 1 } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct sample_wish w = { .kind = rows[i].kind, .findings = rows[i].findings };
        struct sample_unit u = { .agent = ID(1), .risky = rows[i].risky };

        if (rows[i].risk)
            u.risk = ID(rows[i].risk);
        assert_int_equal(sample_about(&w, &u), rows[i].about != 1);
        assert_true(id_eq(&u.agent, &ID(rows[i].about)));
    }
}

static void nobody_gets_what_he_may_not_read(void **state)
{
    const struct kf_key sales = KEY("sales");
    struct sample_unit u[2] = { { .conv = ID(1), .agent = ID(1), .queue = KEY("sales") },
                                { .conv = ID(2), .agent = ID(1), .queue = KEY("repair") } };
    struct sample_reviewer r[] = { { .person = ID(11), .queues = &sales, .n_queues = 1 }, { .person = ID(12), .load = 9 } };
    const bool chosen[2] = { true, true };
    int to[2];

    (void)state;
    sample_spread(u, 2, chosen, r, 2, 5, to);
    assert_int_equal(to[0], 0);
    assert_int_equal(to[1], 1);
    sample_spread(u, 2, chosen, r, 1, 5, to);
    assert_int_equal(to[1], -1);
}

/* n = 1.96² × 0.25 / e², with the finite correction. */
static void how_many_are_needed(void **state)
{
    static const struct {
        size_t population;
        double error;
        size_t n;
    } rows[] = { { 2000, 0.05, 323 }, { 1000000, 0.05, 385 }, { 100, 0.05, 80 }, { 1, 0.05, 1 }, { 0, 0.05, 0 }, { 2000, 0.10, 92 } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(sample_needed(rows[i].population, rows[i].error), rows[i].n);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_same_seed_draws_the_same_and_another_draws_others),
                                        cmocka_unit_test(each_is_as_likely_as_the_others),
                                        cmocka_unit_test(a_quota_is_of_each_agent),
                                        cmocka_unit_test(strata_share_by_their_size),
                                        cmocka_unit_test(a_share_is_rounded_up),
                                        cmocka_unit_test(who_has_least_to_do_reviews_and_nobody_what_he_served),
                                        cmocka_unit_test(whom_a_review_is_about),
                                        cmocka_unit_test(nobody_gets_what_he_may_not_read),
                                        cmocka_unit_test(how_many_are_needed) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
