/* A day with its night: nothing starves, a free place is used within a second, and whoever wrote outside of the hours is answered when they
 * begin again. A short one by default; DAY=full is 25 hours with 200 agents and 5,000 visitors. SEED= repeats a run. */
#include "day.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the four above first */
#include <cmocka.h>

static const struct day_plan short_day = { .agents = 20,
                                           .visitors = 300,
                                           .set = "tests/model/day_short.json",
                                           .from_s = 32340,    /* 08:59 */
                                           .opens_s = 32400,   /* 09:00 */
                                           .closes_s = 32880,  /* 09:08 */
                                           .reopens_s = 33120, /* 09:12 */
                                           .until_s = 33340,
                                           .service_s = 50 };
static const struct day_plan full_day = { .agents = 200,
                                          .visitors = 5000,
                                          .set = "tests/model/day.json",
                                          .from_s = 31500,
                                          .opens_s = 32400,
                                          .closes_s = 64800,
                                          .reopens_s = 86400 + 32400,
                                          .until_s = 86400 + 39600,
                                          .service_s = 1500 };

static void a_day_leaves_nobody_without_an_answer(void **state)
{
    const char *which = getenv("DAY"), *seed = getenv("SEED");
    struct day_plan plan = which && strcmp(which, "full") == 0 ? full_day : short_day;
    struct day_result r;

    (void)state;
    plan.seed = seed ? strtoull(seed, NULL, 10) : 1;
    day_run(&plan, &r);
    assert_string_equal(r.wrong, "");
    assert_int_equal(r.conversations, plan.visitors);
    assert_true(r.outside > plan.visitors / 30);
    assert_true(r.line_max > 0);
    assert_int_equal(r.unanswered, 0);
    assert_true(r.overtaken_max_ms <= 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_day_leaves_nobody_without_an_answer) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
