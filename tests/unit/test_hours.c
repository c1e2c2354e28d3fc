#include "tests/unit/unit.h"

#include "core/hours.h"

#include <time.h>

/* UTC, by another calendar than ours. */
static int64_t utc(int year, int month, int day, int hour, int minute, int second)
{
    struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute, .tm_sec = second };

    return 1000 * (int64_t)timegm(&tm);
}

static int fixed(const void *zone, int64_t utc_ms)
{
    (void)utc_ms;
    return *(const int *)zone;
}

/* Central Europe in 2026: +1 h, and +2 h from 29 March to 25 October, both at 01:00 UTC. */
static int europe(const void *zone, int64_t utc_ms)
{
    (void)zone;
    return utc_ms >= utc(2026, 3, 29, 1, 0, 0) && utc_ms < utc(2026, 10, 25, 1, 0, 0) ? 7200 : 3600;
}

static const int shanghai = 8 * 3600, zero = 0;

#define H(hour, minute) ((hour)*60 + (minute))
#define EVERY_DAY(...)                                                                                                                 \
    .week = { { __VA_ARGS__ }, { __VA_ARGS__ }, { __VA_ARGS__ }, { __VA_ARGS__ }, { __VA_ARGS__ }, { __VA_ARGS__ }, { __VA_ARGS__ } }, \
    .n_week = { 1, 1, 1, 1, 1, 1, 1 }

/* Monday to Friday 9-12 and 13:30-18; Friday night to 2; the New Year is a holiday, one Saturday is worked. */
static const struct hours_special special[] = {
    { .year = 2027, .month = 1, .day = 1 },
    { .year = 2026, .month = 11, .day = 28, .spans = { { H(10, 0), H(16, 0) } }, .n_spans = 1 },
    { .year = 2028, .month = 2, .day = 29, .spans = { { 0, 1440 } }, .n_spans = 1 },
};
static const struct hours office = {
    .week = { { { H(9, 0), H(12, 0) }, { H(13, 30), H(18, 0) } },
              { { H(9, 0), H(12, 0) }, { H(13, 30), H(18, 0) } },
              { { H(9, 0), H(12, 0) }, { H(13, 30), H(18, 0) } },
              { { H(9, 0), H(12, 0) }, { H(13, 30), H(18, 0) } },
              { { H(9, 0), H(12, 0) }, { H(20, 0), H(26, 0) } } },
    .n_week = { 2, 2, 2, 2, 2 },
    .special = special,
    .n_special = 3,
    .offset = fixed,
    .zone = &shanghai,
};

static void is_open_to_the_second(void **state)
{
    static const struct {
        const char *what;
        int y, mo, d, h, mi, s; /* in Shanghai */
        bool open;
    } rows[] = {
        { "Monday before", 2026, 11, 23, 8, 59, 59, false },
        { "Monday at", 2026, 11, 23, 9, 0, 0, true },
        { "Monday last second before noon", 2026, 11, 23, 11, 59, 59, true },
        { "Monday noon", 2026, 11, 23, 12, 0, 0, false },
        { "Monday after lunch", 2026, 11, 23, 13, 30, 0, true },
        { "Monday end", 2026, 11, 23, 17, 59, 59, true },
        { "Monday after the end", 2026, 11, 23, 18, 0, 0, false },
        { "Sunday", 2026, 11, 22, 10, 0, 0, false },
        { "Friday last second of the day", 2026, 11, 27, 23, 59, 59, true },
        { "Friday's night on Saturday", 2026, 11, 28, 0, 0, 0, true },
        { "Friday's night, last second", 2026, 11, 28, 1, 59, 59, true },
        { "Friday's night is over", 2026, 11, 28, 2, 0, 0, false },
        { "a worked Saturday", 2026, 11, 28, 10, 0, 0, true },
        { "a worked Saturday, end", 2026, 11, 28, 16, 0, 0, false },
        { "the Saturday after", 2026, 12, 5, 10, 0, 0, false },
        { "last day of the year, a Thursday", 2026, 12, 31, 17, 59, 59, true },
        { "New Year, a Friday", 2027, 1, 1, 9, 0, 0, false },
        { "New Year's night does not begin", 2027, 1, 1, 20, 0, 0, false },
        { "nor go on", 2027, 1, 2, 1, 0, 0, false },
        { "leap day, all of it", 2028, 2, 29, 23, 59, 59, true },
        { "and not after", 2028, 3, 1, 0, 0, 0, false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t t = utc(rows[i].y, rows[i].mo, rows[i].d, rows[i].h, rows[i].mi, rows[i].s) - 1000 * shanghai;

        row_int_equal(rows[i].what, hours_open(&office, t), rows[i].open);
    }
}

static void finds_the_next_opening_and_closing(void **state)
{
    static const struct {
        const char *what;
        int from[5], opening[5], closing[5]; /* in Shanghai: y m d h min */
    } rows[] = {
        { "before work", { 2026, 11, 23, 8, 0 }, { 2026, 11, 23, 9, 0 }, { 2026, 11, 23, 8, 0 } },
        { "at work", { 2026, 11, 23, 9, 0 }, { 2026, 11, 23, 9, 0 }, { 2026, 11, 23, 12, 0 } },
        { "at the end", { 2026, 11, 23, 18, 0 }, { 2026, 11, 24, 9, 0 }, { 2026, 11, 23, 18, 0 } },
        { "over midnight", { 2026, 11, 27, 21, 0 }, { 2026, 11, 27, 21, 0 }, { 2026, 11, 28, 2, 0 } },
        { "weekend", { 2026, 11, 28, 16, 0 }, { 2026, 11, 30, 9, 0 }, { 2026, 11, 28, 16, 0 } },
        { "year end, holiday and weekend", { 2026, 12, 31, 18, 0 }, { 2027, 1, 4, 9, 0 }, { 2026, 12, 31, 18, 0 } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const int *f = rows[i].from, *o = rows[i].opening, *c = rows[i].closing;
        int64_t t = utc(f[0], f[1], f[2], f[3], f[4], 0) - 1000 * shanghai;

        row_int_equal(rows[i].what, hours_next_opening(&office, t), utc(o[0], o[1], o[2], o[3], o[4], 0) - 1000 * shanghai);
        row_int_equal(rows[i].what, hours_next_closing(&office, t), utc(c[0], c[1], c[2], c[3], c[4], 0) - 1000 * shanghai);
    }
}

static void hours_follow_the_wall_clock_through_both_changes(void **state)
{
    /* 02:00 becomes 03:00 on 29 March, 03:00 becomes 02:00 on 25 October. */
    static const struct hours early = { EVERY_DAY({ H(2, 30), H(9, 0) }), .offset = europe };
    static const struct hours gap = { EVERY_DAY({ H(2, 0), H(3, 0) }), .offset = europe };

    (void)state;
    /* Spring: half past two does not exist; the first moment after it is three o'clock. */
    assert_true(hours_next_opening(&early, utc(2026, 3, 29, 0, 0, 0)) == utc(2026, 3, 29, 1, 0, 0));
    assert_false(hours_open(&early, utc(2026, 3, 29, 1, 0, 0) - 1));
    assert_true(hours_next_closing(&early, utc(2026, 3, 29, 1, 0, 0)) == utc(2026, 3, 29, 7, 0, 0));
    /* An hour that does not exist is not open. */
    assert_true(hours_next_opening(&gap, utc(2026, 3, 28, 2, 0, 0)) == utc(2026, 3, 30, 0, 0, 0));
    /* Autumn: half past two comes twice; it opens, closes when the clock is set back, and opens again. */
    assert_true(hours_next_opening(&early, utc(2026, 10, 24, 23, 0, 0)) == utc(2026, 10, 25, 0, 30, 0));
    assert_true(hours_next_closing(&early, utc(2026, 10, 25, 0, 30, 0)) == utc(2026, 10, 25, 1, 0, 0));
    assert_true(hours_next_opening(&early, utc(2026, 10, 25, 1, 0, 0)) == utc(2026, 10, 25, 1, 30, 0));
    /* An hour that comes twice is open twice, without a break. */
    assert_true(hours_next_closing(&gap, utc(2026, 10, 25, 0, 0, 0)) == utc(2026, 10, 25, 2, 0, 0));
}

/* A night's work is as long as the clock on the wall says, an hour less or more in those two nights; one that began the year before goes on. */
static void a_night_goes_through_both_changes_and_the_end_of_the_year(void **state)
{
    static const struct hours night = { EVERY_DAY({ H(22, 0), H(30, 0) }), .offset = europe };

    (void)state;
    assert_true(hours_next_opening(&night, utc(2026, 3, 28, 20, 59, 59)) == utc(2026, 3, 28, 21, 0, 0));
    assert_true(hours_next_closing(&night, utc(2026, 3, 28, 21, 0, 0)) == utc(2026, 3, 29, 4, 0, 0)); /* seven hours */
    assert_true(hours_next_opening(&night, utc(2026, 3, 29, 4, 0, 0)) == utc(2026, 3, 29, 20, 0, 0));
    assert_true(hours_next_closing(&night, utc(2026, 10, 24, 20, 0, 0)) == utc(2026, 10, 25, 5, 0, 0)); /* nine */
    assert_true(hours_next_opening(&night, utc(2026, 10, 25, 5, 0, 0)) == utc(2026, 10, 25, 21, 0, 0));
    assert_true(hours_open(&night, utc(2026, 12, 31, 22, 59, 59)));
    assert_true(hours_open(&night, utc(2026, 12, 31, 23, 0, 0)));
    assert_true(hours_next_closing(&night, utc(2026, 12, 31, 22, 0, 0)) == utc(2027, 1, 1, 5, 0, 0));
}

static void without_a_calendar_it_is_always_open(void **state)
{
    static const struct hours h = { .always = true };

    (void)state;
    assert_true(hours_open(&h, 12345));
    assert_true(hours_next_opening(&h, 12345) == 12345);
    assert_true(hours_next_closing(&h, 12345) == INT64_MAX);
}

static void what_never_opens_and_what_never_closes_is_said_so(void **state)
{
    static const struct hours never = { .offset = fixed, .zone = &zero };
    static const struct hours ever = { EVERY_DAY({ 0, 1440 }), .offset = fixed, .zone = &zero };
    static const struct hours_special far[] = {
        { .year = 2027, .month = 11, .day = 21, .spans = { { 0, 60 } }, .n_spans = 1 }, /* 365 days on */
        { .year = 2028, .month = 6, .day = 1, .spans = { { 0, 60 } }, .n_spans = 1 },
    };
    static const struct hours once = { .special = far, .n_special = 1, .offset = fixed, .zone = &zero };
    static const struct hours too_far = { .special = far + 1, .n_special = 1, .offset = fixed, .zone = &zero };
    const int64_t now = utc(2026, 11, 21, 12, 0, 0);

    (void)state;
    assert_true(hours_next_opening(&never, now) == INT64_MAX);
    assert_true(hours_next_closing(&never, now) == now);
    assert_true(hours_next_closing(&ever, now) == INT64_MAX);
    assert_true(hours_next_opening(&once, now) == utc(2027, 11, 21, 0, 0, 0));
    assert_true(hours_next_opening(&too_far, now) == INT64_MAX);
}

#define WALL(y, mo, d, h, mi) utc(y, mo, d, h, mi, 0)

/* A shop that works nights, closed for a week of holidays with one day of work in it, and shut twice for a while. */
static void holidays_working_days_and_closings_cut_into_the_week(void **state)
{
    static const struct hours_special days[] = {
        { .year = 2026, .month = 10, .day = 4, .spans = { { H(10, 0), H(16, 0) } }, .n_spans = 1, .name = "调休" },
        { .year = 2026, .month = 10, .day = 1, .to_year = 2026, .to_month = 10, .to_day = 7, .name = "国庆节" },
        { .year = 2026, .month = 12, .day = 30, .to_year = 2027, .to_month = 1, .to_day = 2, .name = "元旦" },
    };
    const struct hours_closing closings[] = {
        { WALL(2026, 11, 20, 14, 0), WALL(2026, 11, 20, 16, 30), "盘点" },
        { WALL(2026, 11, 24, 23, 0), WALL(2026, 11, 25, 1, 0), NULL },
        { WALL(2027, 5, 1, 0, 0), INT64_MAX, "搬家" },
    };
    const struct hours night = { EVERY_DAY({ H(8, 0), H(26, 0) }),
                                 .special = days,
                                 .n_special = 3,
                                 .closings = closings,
                                 .n_closings = 3,
                                 .offset = fixed,
                                 .zone = &shanghai };
    static const struct {
        const char *what;
        int at[6];
        bool open;
        const char *reason;
        int next[5]; /* opening; year 0: never */
    } rows[] = {
        { "the eve", { 2026, 9, 30, 23, 59, 59 }, true, NULL, { 0 } },
        { "the eve's night goes on into the holiday", { 2026, 10, 1, 1, 59, 59 }, true, NULL, { 0 } },
        { "and ends", { 2026, 10, 1, 2, 0, 0 }, false, "国庆节", { 2026, 10, 4, 10, 0 } },
        { "the holiday begins no interval", { 2026, 10, 1, 8, 0, 0 }, false, "国庆节", { 2026, 10, 4, 10, 0 } },
        { "a day of work inside of the range", { 2026, 10, 4, 10, 0, 0 }, true, NULL, { 0 } },
        { "which has its own end", { 2026, 10, 4, 16, 0, 0 }, false, "调休", { 2026, 10, 8, 8, 0 } },
        { "the last second of the range", { 2026, 10, 7, 23, 59, 59 }, false, "国庆节", { 2026, 10, 8, 8, 0 } },
        { "the night of the last holiday did not begin", { 2026, 10, 8, 1, 0, 0 }, false, NULL, { 2026, 10, 8, 8, 0 } },
        { "a range over the end of the year", { 2027, 1, 2, 12, 0, 0 }, false, "元旦", { 2027, 1, 3, 8, 0 } },
        { "last second before a closing", { 2026, 11, 20, 13, 59, 59 }, true, NULL, { 0 } },
        { "a closing", { 2026, 11, 20, 14, 0, 0 }, false, "盘点", { 2026, 11, 20, 16, 30 } },
        { "it is over", { 2026, 11, 20, 16, 30, 0 }, true, NULL, { 0 } },
        { "a closing over midnight", { 2026, 11, 25, 0, 30, 0 }, false, NULL, { 2026, 11, 25, 1, 0 } },
        { "until further notice", { 2027, 5, 1, 0, 0, 0 }, false, "搬家", { 0 } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const int *a = rows[i].at, *n = rows[i].next;
        int64_t t = utc(a[0], a[1], a[2], a[3], a[4], a[5]) - 1000 * shanghai, opening = hours_next_opening(&night, t);
        const char *reason = hours_reason(&night, t);

        row_int_equal(rows[i].what, hours_open(&night, t), rows[i].open);
        row_string_equal(rows[i].what, reason ? reason : "-", rows[i].reason ? rows[i].reason : "-");
        if (rows[i].open)
            row_int_equal(rows[i].what, opening == t, true);
        else if (!n[0])
            row_int_equal(rows[i].what, opening == INT64_MAX, true);
        else
            row_int_equal(rows[i].what, opening == utc(n[0], n[1], n[2], n[3], n[4], 0) - 1000 * shanghai, true);
    }
    assert_true(hours_next_closing(&night, WALL(2026, 11, 20, 13, 0) - 1000 * shanghai) == WALL(2026, 11, 20, 14, 0) - 1000 * shanghai);
}

static void what_is_always_open_can_be_closed_for_a_while(void **state)
{
    const struct hours_closing closing = { WALL(2026, 11, 20, 14, 0), WALL(2026, 11, 20, 15, 0), NULL };
    const struct hours h = { .always = true, .closings = &closing, .n_closings = 1, .offset = fixed, .zone = &zero };

    (void)state;
    assert_true(hours_open(&h, closing.from - 1));
    assert_false(hours_open(&h, closing.from));
    assert_true(hours_next_opening(&h, closing.from) == closing.to);
    assert_true(hours_next_closing(&h, closing.from - 86400000) == closing.from);
    assert_true(hours_next_closing(&h, closing.to) == INT64_MAX);
}

/* Every day of four centuries, each of which is made special once, by the C library's calendar. */
static void knows_every_date_of_four_centuries(void **state)
{
    struct hours_special today = { .spans = { { 0, 1440 } }, .n_spans = 1 };
    const struct hours h = { .special = &today, .n_special = 1, .offset = fixed, .zone = &zero };

    (void)state;
    for (int64_t day = utc(1900, 1, 1, 0, 0, 0) / 86400000; day < utc(2300, 1, 1, 0, 0, 0) / 86400000; day++) {
        time_t t = (time_t)(day * 86400);
        struct tm tm;

        (void)gmtime_r(&t, &tm);
        today.year = tm.tm_year + 1900;
        today.month = tm.tm_mon + 1;
        today.day = tm.tm_mday;
        if (hours_date(today.year, today.month, today.day) != day * 86400000 || hours_weekday(day * 86400000) != (tm.tm_wday + 6) % 7)
            fail_msg("%d-%d-%d", today.year, today.month, today.day);
        if (!hours_open(&h, day * 86400000) || !hours_open(&h, day * 86400000 + 86399999) || hours_open(&h, (day + 1) * 86400000))
            fail_msg("%d-%d-%d", today.year, today.month, today.day);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_open_to_the_second),
        cmocka_unit_test(finds_the_next_opening_and_closing),
        cmocka_unit_test(hours_follow_the_wall_clock_through_both_changes),
        cmocka_unit_test(a_night_goes_through_both_changes_and_the_end_of_the_year),
        cmocka_unit_test(without_a_calendar_it_is_always_open),
        cmocka_unit_test(what_never_opens_and_what_never_closes_is_said_so),
        cmocka_unit_test(holidays_working_days_and_closings_cut_into_the_week),
        cmocka_unit_test(what_is_always_open_can_be_closed_for_a_while),
        cmocka_unit_test(knows_every_date_of_four_centuries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
