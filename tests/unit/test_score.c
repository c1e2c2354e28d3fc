#include "tests/unit/unit.h"

#include "core/quality.h"
#include "core/score.h"

/* Two sections: 60 and 40. w of the first is 60 / 20 points, of the second 40 / 10. */
static const struct score_item talk[] = {
    { .key = { "greeting" }, .type = SCORE_YESNO, .points = 10 },
    { .key = { "manner" }, .type = SCORE_STEPS5, .points = 10 },
    { .key = { "insult" }, .type = SCORE_FATAL, .scope = SCORE_ALL },
    { .key = { "silence" }, .type = SCORE_FATAL, .scope = SCORE_SECTION },
};
static const struct score_item matter[] = {
    { .key = { "solved" }, .type = SCORE_STEPS3, .points = 10 },
    { .key = { "extra" }, .type = SCORE_ADD, .points = 5 },
    { .key = { "late" }, .type = SCORE_DEDUCT, .points = 10 },
};
static const struct score_section sections[] = { { .key = { "talk" }, .weight = 60, .items = talk, .n_items = 4 },
                                                 { .key = { "matter" }, .weight = 40, .items = matter, .n_items = 3 } };
static const struct scorecard card = { .pass = 85, .sections = sections, .n_sections = 2, .n_items = 7 };

#define NA         \
    {              \
        .na = true \
    }
#define V(n)                        \
    {                               \
        .given = true, .value = (n) \
    }
#define NOTHING \
    {           \
        0       \
    }

static void a_score_is_what_was_earned_of_what_applies(void **state)
{
    static const struct {
        const char *name;
        struct score_answer a[7];
        int score, plain;
        bool fatal, passed;
        size_t missing;
    } rows[] = {
        { "all of it", { V(1), V(4), V(0), V(0), V(2), V(0), V(0) }, 10000, 10000, false, true, 0 },
        { "nothing", { V(0), V(0), V(0), V(0), V(0), V(0), V(0) }, 0, 0, false, false, 0 },
        /* 3 × (10 + 7.5) + 4 × 5 = 72.5 */
        { "parts", { V(1), V(3), V(0), V(0), V(1), V(0), V(0) }, 7250, 7250, false, false, 0 },
        /* 3 × 7.5 + 4 × 5 = 42.5 of 3 × 10 + 4 × 10 = 70: 60.71 */
        { "one does not apply", { NA, V(3), V(0), V(0), V(1), V(0), V(0) }, 6071, 6071, false, false, 0 },
        /* The second section does not apply at all: 52.5 of 60 */
        { "a section does not apply", { V(1), V(3), V(0), V(0), NA, V(0), V(0) }, 8750, 8750, false, true, 0 },
        { "nothing applies", { NA, NA, NA, NA, NA, NA, NA }, 10000, 10000, false, true, 0 },
        { "fatal to all", { V(1), V(4), V(1), V(0), V(2), V(0), V(0) }, 0, 10000, true, false, 0 },
        /* What was earned in the first section is lost: 40 of 100 */
        { "fatal to its section", { V(1), V(4), V(0), V(1), V(2), V(0), V(0) }, 4000, 10000, true, false, 0 },
        { "a fatal one that does not apply", { V(1), V(4), NA, V(0), V(2), V(0), V(0) }, 10000, 10000, false, true, 0 },
        { "points on top", { V(1), V(3), V(0), V(0), V(1), V(5), V(0) }, 7750, 7750, false, false, 0 },
        { "never above 100", { V(1), V(4), V(0), V(0), V(2), V(5), V(0) }, 10000, 10000, false, true, 0 },
        { "points off", { V(1), V(4), V(0), V(0), V(2), V(0), V(10) }, 9000, 9000, false, true, 0 },
        { "never below 0", { V(0), V(0), V(0), V(0), V(0), V(0), V(10) }, 0, 0, false, false, 0 },
        { "no answers yet", { NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING }, 0, 0, false, false, 3 },
        { "exactly what passes", { V(1), V(3), V(0), V(0), V(2), V(0), V(8) }, 8450, 8450, false, false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct score_line lines[7];
        struct score_sum s;

        score_evaluate(&card, rows[i].a, lines, &s);
        row_int_equal(rows[i].name, s.score, rows[i].score);
        row_int_equal(rows[i].name, s.plain, rows[i].plain);
        row_int_equal(rows[i].name, s.fatal, rows[i].fatal);
        row_int_equal(rows[i].name, s.passed, rows[i].passed);
        row_int_equal(rows[i].name, s.missing, rows[i].missing);
    }
}

/* 0 / 0 is no score. Neither is what is only added or taken off, or hits a section of which nothing applies. */
static void what_is_not_judged_at_all_has_no_score(void **state)
{
    static const struct {
        const char *name;
        struct score_answer a[7];
        bool empty;
    } rows[] = { { "nothing applies", { NA, NA, NA, NA, NA, NA, NA }, true },
                 { "nothing but points off", { NA, NA, V(0), V(0), NA, V(0), V(5) }, true },
                 { "a section is hit", { NA, NA, V(0), V(1), NA, V(0), V(0) }, true },
                 { "all is hit", { NA, NA, V(1), V(0), NA, V(0), V(0) }, false },
                 { "one applies", { NA, V(0), NA, NA, NA, NA, NA }, false },
                 { "no answers yet", { NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING }, false } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct score_sum s;

        score_evaluate(&card, rows[i].a, NULL, &s);
        row_int_equal(rows[i].name, s.empty, rows[i].empty);
    }
}

static void a_line_says_what_became_of_its_item(void **state)
{
    const struct score_answer a[7] = { V(1), V(3), V(1), NA, V(0), V(2), V(4) };
    const struct score_line want[7] = { { 1000, 1000, false }, { 750, 1000, true }, { 0, 0, true },   { 0, 0, false },
                                        { 0, 1000, true },     { 200, 0, false },   { -400, 0, true } };
    struct score_line lines[7];
    struct score_sum s;

    (void)state;
    score_evaluate(&card, a, lines, &s);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(lines[i].earned, want[i].earned);
        assert_int_equal(lines[i].max, want[i].max);
        assert_int_equal(lines[i].failed, want[i].failed);
    }
}

/* A review whose words are gone is read from its lines: they come to the same. */
static void answers_are_known_from_their_lines(void **state)
{
    static const struct score_answer rows[][7] = {
        { V(1), V(3), V(1), V(0), V(1), V(5), V(10) },
        { V(0), V(4), V(0), V(1), V(2), V(0), V(0) },
        { NA, V(1), NA, V(0), NA, V(3), V(7) },
        { V(1), V(2), V(0), V(0), V(0), V(1), V(1) },
        { NA, NA, NA, NA, NA, NA, NA },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct score_line lines[7];
        struct score_answer again[7];
        struct score_sum before, after;

        score_evaluate(&card, rows[i], lines, &before);
        for (size_t k = 0; k < 7; k++) {
            const struct score_item *it = score_item(&card, k, NULL);

            again[k] = score_answer_of(it, &lines[k]);
            assert_int_equal(again[k].value, rows[i][k].value);
            assert_int_equal(again[k].na, rows[i][k].na && it->points && it->type <= SCORE_STEPS5);
        }
        score_evaluate(&card, again, NULL, &after);
        assert_int_equal(after.score, before.score);
        assert_int_equal(after.plain, before.plain);
        assert_int_equal(after.fatal, before.fatal);
        assert_int_equal(after.missing, 0);
    }
}

static void items_are_found_by_number_and_by_key(void **state)
{
    const struct score_section *s = NULL;

    (void)state;
    assert_ptr_equal(score_item(&card, 4, &s), &matter[0]);
    assert_ptr_equal(s, &sections[1]);
    assert_null(score_item(&card, 7, &s));
    assert_int_equal(score_item_number(&card, SLICE("late")), 6);
    assert_int_equal(score_item_number(&card, SLICE("nothing")), -1);
    assert_int_equal(score_most(&talk[1]), 4);
    assert_int_equal(score_most(&matter[2]), 10);
}

/* 92, 88, 100, 76, and 95 with one fatal item; 85 passes: mean 71.2, without fatal 90.2, fatal-free 80 %, passed 3 of 5. */
static void five_reviews_add_up_as_worked_by_hand(void **state)
{
    static const struct {
        int score, plain;
        bool fatal;
    } rows[] = { { 9200, 9200, false }, { 8800, 8800, false }, { 10000, 10000, false }, { 7600, 7600, false }, { 0, 9500, true } };
    struct quality q = { 0 };
    int scores[5];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct review r = { .score = rows[i].score, .plain = rows[i].plain, .fatal = rows[i].fatal, .passed = rows[i].score >= 8500 };

        quality_add(&q, &r);
        scores[i] = rows[i].score;
    }
    assert_int_equal(q.reviews, 5);
    assert_int_equal(q.score, 5 * 7120);
    assert_int_equal(q.plain, 5 * 9020);
    assert_int_equal(q.fatal_free, 4);
    assert_int_equal(q.passed, 3);
    assert_int_equal(quality_median(scores, 5), 8800);
    assert_int_equal(quality_median(scores, 4), 8200);
    assert_int_equal(quality_median(scores, 0), 0);
}

static void appeals_are_counted_with_what_became_of_them(void **state)
{
    static const struct review rows[] = {
        { .appealed_at = 0 },
        { .appealed_at = 1000 },
        { .appealed_at = 1000, .decided_at = 5000, .outcome = APPEAL_REJECTED },
        { .appealed_at = 1000, .decided_at = 3000, .outcome = APPEAL_PARTLY },
        { .appealed_at = 1000, .decided_at = 4000, .outcome = APPEAL_ACCEPTED },
    };
    struct quality q = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        quality_add(&q, &rows[i]);
    assert_int_equal(q.appealed, 4);
    assert_int_equal(q.decided, 3);
    assert_int_equal(q.overturned, 2);
    assert_int_equal(q.turnaround_ms, 9000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_score_is_what_was_earned_of_what_applies),  cmocka_unit_test(what_is_not_judged_at_all_has_no_score),
        cmocka_unit_test(a_line_says_what_became_of_its_item),         cmocka_unit_test(answers_are_known_from_their_lines),
        cmocka_unit_test(items_are_found_by_number_and_by_key),        cmocka_unit_test(five_reviews_add_up_as_worked_by_hand),
        cmocka_unit_test(appeals_are_counted_with_what_became_of_them)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
