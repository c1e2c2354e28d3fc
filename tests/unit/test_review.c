#include "tests/unit/unit.h"

#include "core/review.h"

#define AGENT    1
#define REVIEWER 2
#define OTHER    3
#define UNTIL    5000

static void each_event_is_for_one_role_and_for_some_states(void **state)
{
    static const struct {
        enum review_state from;
        enum review_event ev;
        int who;
        int64_t now;
        enum kf_rc rc;
        enum review_state to;
    } rows[] = {
        { REVIEW_ASSIGNED, REVIEW_SAVE, REVIEWER, 1, KF_OK, REVIEW_DRAFT },
        { REVIEW_ASSIGNED, REVIEW_SUBMIT, REVIEWER, 1, KF_OK, REVIEW_SUBMITTED },
        { REVIEW_DRAFT, REVIEW_SAVE, REVIEWER, 1, KF_OK, REVIEW_DRAFT },
        { REVIEW_DRAFT, REVIEW_SUBMIT, REVIEWER, 1, KF_OK, REVIEW_SUBMITTED },
        { REVIEW_DRAFT, REVIEW_SUBMIT, OTHER, 1, KF_DENIED, 0 },
        { REVIEW_DRAFT, REVIEW_SAVE, AGENT, 1, KF_DENIED, 0 },
        { REVIEW_SUBMITTED, REVIEW_SAVE, REVIEWER, 1, KF_CONFLICT, 0 },
        { REVIEW_SUBMITTED, REVIEW_SUBMIT, REVIEWER, 1, KF_CONFLICT, 0 },
        { REVIEW_DRAFT, REVIEW_ACKNOWLEDGE, AGENT, 1, KF_DENIED, 0 },
        { REVIEW_DRAFT, REVIEW_APPEAL, AGENT, 1, KF_DENIED, 0 },
        { REVIEW_SUBMITTED, REVIEW_ACKNOWLEDGE, AGENT, 1, KF_OK, REVIEW_ACKNOWLEDGED },
        { REVIEW_SUBMITTED, REVIEW_ACKNOWLEDGE, AGENT, UNTIL, KF_OK, REVIEW_ACKNOWLEDGED },
        { REVIEW_SUBMITTED, REVIEW_ACKNOWLEDGE, REVIEWER, 1, KF_DENIED, 0 },
        { REVIEW_SUBMITTED, REVIEW_APPEAL, AGENT, UNTIL - 1, KF_OK, REVIEW_APPEALED },
        { REVIEW_SUBMITTED, REVIEW_APPEAL, AGENT, UNTIL, KF_CONFLICT, 0 },
        { REVIEW_SUBMITTED, REVIEW_APPEAL, OTHER, 1, KF_DENIED, 0 },
        { REVIEW_ACKNOWLEDGED, REVIEW_APPEAL, AGENT, 1, KF_CONFLICT, 0 },
        { REVIEW_APPEALED, REVIEW_APPEAL, AGENT, 1, KF_CONFLICT, 0 },
        { REVIEW_APPEALED, REVIEW_DECIDE, OTHER, 1, KF_OK, REVIEW_FINAL },
        { REVIEW_APPEALED, REVIEW_DECIDE, REVIEWER, 1, KF_DENIED, 0 },
        { REVIEW_APPEALED, REVIEW_DECIDE, AGENT, 1, KF_DENIED, 0 },
        { REVIEW_MISSED, REVIEW_SAVE, REVIEWER, 1, KF_CONFLICT, 0 },
        { REVIEW_MISSED, REVIEW_SUBMIT, REVIEWER, 1, KF_CONFLICT, 0 },
        { REVIEW_MISSED, REVIEW_DECIDE, OTHER, 1, KF_CONFLICT, 0 },
        { REVIEW_SUBMITTED, REVIEW_DECIDE, OTHER, 1, KF_CONFLICT, 0 },
        { REVIEW_FINAL, REVIEW_DECIDE, OTHER, 1, KF_CONFLICT, 0 },
        { REVIEW_FINAL, REVIEW_APPEAL, AGENT, 1, KF_CONFLICT, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct review r = { .state = rows[i].from, .agent = ID(AGENT), .reviewer = ID(REVIEWER), .appeal_until = UNTIL };
        enum review_state to = REVIEW_ASSIGNED;
        struct kf_err why = { 0 };
        char name[32];

        (void)snprintf(name, sizeof(name), "row %zu", i);
        row_int_equal(name, review_step(&r, rows[i].ev, &ID(rows[i].who), rows[i].now, &to, &why), rows[i].rc);
        if (rows[i].rc == KF_OK)
            row_int_equal(name, to, rows[i].to);
    }
}

static void an_exercise_of_the_reviewers_is_nothing_for_the_agent(void **state)
{
    const struct review r = { .state = REVIEW_SUBMITTED, .kind = SAMPLE_CALIBRATION, .agent = ID(AGENT), .appeal_until = UNTIL };
    enum review_state to;

    (void)state;
    assert_false(review_is_told(&r));
    assert_int_equal(review_step(&r, REVIEW_APPEAL, &ID(AGENT), 1, &to, NULL), KF_DENIED);
}

static void it_stands_when_nobody_can_appeal_any_more(void **state)
{
    struct review r = { .state = REVIEW_SUBMITTED, .appeal_until = UNTIL };

    (void)state;
    assert_false(review_stands(&r, UNTIL - 1));
    assert_true(review_stands(&r, UNTIL));
    r.state = REVIEW_APPEALED;
    assert_false(review_stands(&r, UNTIL + 1));
    r.state = REVIEW_ACKNOWLEDGED;
    assert_true(review_stands(&r, 1));
}

static int shanghai(const void *zone, int64_t utc_ms)
{
    (void)zone;
    (void)utc_ms;
    return 8 * 3600;
}

/* Monday to Friday, and one Friday that is a holiday. */
static void the_window_counts_working_days_to_the_end_of_the_last(void **state)
{
    static const struct hours_special holiday = { .year = 2026, .month = 1, .day = 2 };
    struct hours h = { .offset = shanghai, .special = &holiday, .n_special = 1 };
    const struct hours always = { .always = true, .offset = shanghai };
    int64_t zone = 8LL * 3600000;

    (void)state;
    for (int d = 0; d < 5; d++) {
        h.week[d][0] = (struct hours_span){ 540, 1080 };
        h.n_week[d] = 1;
    }
    const struct {
        const char *name;
        int month, day, hour, days, to_month, to_day;
    } rows[] = {
        { "Monday, three days: to the end of Thursday", 11, 16, 10, 3, 11, 20 },
        { "Thursday: Friday, Monday, Tuesday", 11, 19, 10, 3, 11, 25 },
        { "Saturday: Monday to Wednesday", 11, 21, 23, 3, 11, 26 },
        { "late on Monday is still Monday", 11, 16, 23, 1, 11, 18 },
        { "early on Monday, too", 11, 16, 0, 1, 11, 18 },
        { "no day at all: to the end of the day", 11, 16, 10, 0, 11, 17 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t from = hours_date(2026, rows[i].month, rows[i].day) + rows[i].hour * 3600000LL - zone;

        row_int_equal(rows[i].name, review_window(&h, from, rows[i].days), hours_date(2026, rows[i].to_month, rows[i].to_day) - zone);
    }
    /* New Year's Eve 2025 is a Wednesday; Friday the 2nd is a holiday: Thursday and Monday. */
    assert_int_equal(review_window(&h, hours_date(2025, 12, 31) + 36000000 - zone, 2), hours_date(2026, 1, 6) - zone);
    assert_int_equal(review_window(&always, hours_date(2026, 11, 20) + 36000000 - zone, 3), hours_date(2026, 11, 24) - zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(each_event_is_for_one_role_and_for_some_states),
                                        cmocka_unit_test(an_exercise_of_the_reviewers_is_nothing_for_the_agent),
                                        cmocka_unit_test(it_stands_when_nobody_can_appeal_any_more),
                                        cmocka_unit_test(the_window_counts_working_days_to_the_end_of_the_last) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
