/* Until when somebody has promised something, read from what was written. */
#include "tests/unit/unit.h"

#include "core/promise.h"

#include <time.h>

static int64_t utc(int year, int month, int day, int hour, int minute)
{
    struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute };

    return 1000 * (int64_t)timegm(&tm);
}

static int shanghai(const void *zone, int64_t utc_ms)
{
    (void)zone;
    (void)utc_ms;
    return 8 * 3600;
}

/* Central Europe in 2026: +1 h, and +2 h from 29 March to 25 October, both at 01:00 UTC. */
static int europe(const void *zone, int64_t utc_ms)
{
    (void)zone;
    return utc_ms >= utc(2026, 3, 29, 1, 0) && utc_ms < utc(2026, 10, 25, 1, 0) ? 7200 : 3600;
}

#define NINE_TO_SIX         \
    {                       \
        {                   \
            9 * 60, 18 * 60 \
        }                   \
    }
/* Monday to Friday 9-18; Friday the 20th of November is a holiday. */
static const struct hours_special special[] = { { .year = 2026, .month = 11, .day = 20 } };
static const struct hours office = { .week = { NINE_TO_SIX, NINE_TO_SIX, NINE_TO_SIX, NINE_TO_SIX, NINE_TO_SIX },
                                     .n_week = { 1, 1, 1, 1, 1 },
                                     .special = special,
                                     .n_special = 1,
                                     .offset = shanghai };
static const struct hours never_closed = { .always = true, .offset = europe };

/* Written on Wednesday, 18 November 2026, at 14:00 in Shanghai. */
static const struct {
    const char *text;
    int day, hour, minute; /* of November, there; day 0: nothing is promised */
} rows[] = {
    /* How long. */
    { "我30分钟内回复您", 18, 14, 30 },
    { "３０ 分钟内给您答复", 18, 14, 30 },
    { "半小时内给您回电", 18, 14, 30 },
    { "半个小时后联系您", 18, 14, 30 },
    { "两个半小时内答复您", 18, 16, 30 },
    { "1.5小时内答复您", 18, 15, 30 },
    { "十五分鐘內回覆您", 18, 14, 15 },
    { "二十五分钟内回复", 18, 14, 25 },
    { "一刻钟后回复您", 18, 14, 15 },
    { "24小时内回复您", 19, 14, 0 },
    { "三天内给您答复", 21, 14, 0 },
    { "3日內回覆您", 21, 14, 0 },
    { "I will get back to you within 2 hours.", 18, 16, 0 },
    { "We'll call you back in half an hour", 18, 14, 30 },
    { "I'll reply to you in an hour", 18, 15, 0 },
    { "Will update you in 45 min", 18, 14, 45 },
    { "You hear from us within ten minutes", 18, 14, 10 },
    /* Working days: the holiday and the weekend do not count, and the day itself neither. */
    { "1个工作日内回复您", 20, 0, 0 },
    { "两个工作日内回复您", 24, 0, 0 },
    { "within 2 business days", 24, 0, 0 },
    /* When. */
    { "我今天下午5点前回复您", 18, 17, 0 },
    { "下午五点半之前给您答复", 18, 17, 30 },
    { "17:30前联系您", 18, 17, 30 },
    { "5点前回复您", 18, 17, 0 },
    { "晚上8点回电", 18, 20, 0 },
    { "明天上午10点一刻联系您", 19, 10, 15 },
    { "明早九点回覆您", 19, 9, 0 },
    { "中午12点前", 0, 0, 0 },
    { "I'll email you by 5:30 pm", 18, 17, 30 },
    { "We will contact you by 5pm today", 18, 17, 0 },
    { "I will let you know tomorrow at 10 am", 19, 10, 0 },
    { "下班前回复您", 18, 18, 0 },
    { "by close of business", 18, 18, 0 },
    { "今天内给您答复", 18, 18, 0 },
    { "明天给您回复", 19, 18, 0 },
    { "后天给您回复", 21, 0, 0 }, /* a holiday: to the end of the day */
    { "下周一联系您", 23, 18, 0 },
    { "周四前回覆您", 19, 18, 0 },
    { "we get back to you by friday", 21, 0, 0 },
    { "next monday", 23, 18, 0 },
    /* No promise of a time. */
    { "我会尽快回复您", 0, 0, 0 },
    { "您30分钟前下的单", 0, 0, 0 },
    { "you wrote 2 days ago", 0, 0, 0 },
    { "上午10点您下的单", 0, 0, 0 },
    { "订单 20261118123456 已发出", 0, 0, 0 },
    { "请按5键", 0, 0, 0 },
    { "满100减20", 0, 0, 0 },
    { "", 0, 0, 0 },
};

static void the_time_that_is_named_is_read_in_three_languages(void **state)
{
    int64_t at = utc(2026, 11, 18, 6, 0), got;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool any = promise_until((struct slice){ rows[i].text, strlen(rows[i].text) }, at, &office, false, &got);

        row_int_equal(rows[i].text, any, rows[i].day != 0);
        if (any)
            row_int_equal(rows[i].text, (got - at) / 60000,
                          (utc(2026, 11, rows[i].day, rows[i].hour, rows[i].minute) - 8 * 3600000 - at) / 60000);
    }
}

static void hours_and_minutes_count_while_it_is_open_where_that_is_asked_for(void **state)
{
    int64_t got;

    (void)state;
    /* Thursday 17:30 in Shanghai: half an hour that day, the rest on Monday, for Friday is a holiday. */
    assert_true(promise_until(SLICE("2小时内回复您"), utc(2026, 11, 19, 9, 30), &office, true, &got));
    assert_int_equal(got, utc(2026, 11, 23, 2, 30));
    assert_true(promise_until(SLICE("2小时内回复您"), utc(2026, 11, 19, 9, 30), &office, false, &got));
    assert_int_equal(got, utc(2026, 11, 19, 11, 30));
}

/* On the 25th of October 2026 the clocks go back at 03:00, on the 29th of March they go forward at 02:00. */
static void clocks_that_change_do_not_move_a_promise(void **state)
{
    int64_t got;

    (void)state;
    assert_true(promise_until(SLICE("tomorrow at 10 am"), utc(2026, 10, 24, 12, 0), &never_closed, false, &got));
    assert_int_equal(got, utc(2026, 10, 25, 9, 0));
    assert_true(promise_until(SLICE("tomorrow at 10 am"), utc(2026, 3, 28, 12, 0), &never_closed, false, &got));
    assert_int_equal(got, utc(2026, 3, 29, 8, 0));
    assert_true(promise_until(SLICE("within 24 hours"), utc(2026, 3, 28, 12, 0), &never_closed, false, &got));
    assert_int_equal(got, utc(2026, 3, 29, 12, 0));
    assert_true(promise_until(SLICE("明天"), utc(2026, 10, 24, 12, 0), &never_closed, false, &got));
    assert_int_equal(got, utc(2026, 10, 25, 23, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_time_that_is_named_is_read_in_three_languages),
        cmocka_unit_test(hours_and_minutes_count_while_it_is_open_where_that_is_asked_for),
        cmocka_unit_test(clocks_that_change_do_not_move_a_promise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
