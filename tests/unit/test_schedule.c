#include "tests/unit/unit.h"

#include "core/schedule.h"

#define HOUR_MS 3600000LL

static int shanghai(const void *zone, int64_t utc_ms)
{
    (void)zone;
    (void)utc_ms;
    return 8 * 3600;
}

/* New York, on the days around the change of clocks in November 2026. */
static int new_york(const void *zone, int64_t utc_ms)
{
    (void)zone;
    return utc_ms < hours_date(2026, 11, 1) + 6 * HOUR_MS ? -4 * 3600 : -5 * 3600;
}

static struct hours office(int (*offset)(const void *, int64_t))
{
    static const struct hours_special holiday = { .year = 2026, .month = 11, .day = 25 };
    struct hours h = { .offset = offset, .special = &holiday, .n_special = 1 };

    for (int d = 0; d < 5; d++) {
        h.week[d][0] = (struct hours_span){ 540, 1080 };
        h.n_week[d] = 1;
    }
    return h;
}

static int64_t wall(int day, int hour, int minute)
{
    return hours_date(2026, 11, day) + hour * HOUR_MS + minute * 60000LL - 8 * HOUR_MS;
}

static void a_day_is_due_from_its_time_on_if_it_is_one_to_work_on(void **state)
{
    const struct hours h = office(shanghai);
    const struct schedule work = { .minute = 510, .workdays = true }, daily = { .minute = 510 }, off = { .minute = 510, .off = true };
    static const struct {
        const char *name;
        int day, hour, minute;
        bool work, daily;
        int from; /* the day before, of those on which one works */
    } rows[] = { { "Monday at 8:29", 16, 8, 29, false, false, 0 },
                 { "Monday at 8:30: since Friday", 16, 8, 30, true, true, 13 },
                 { "Monday before midnight", 16, 23, 59, true, true, 13 },
                 { "Tuesday: since Monday", 17, 9, 0, true, true, 16 },
                 { "Saturday", 21, 12, 0, false, true, 0 },
                 { "a holiday", 25, 12, 0, false, true, 0 },
                 { "after it: since the day before it", 26, 8, 30, true, true, 24 } };
    struct schedule_day d;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t now = wall(rows[i].day, rows[i].hour, rows[i].minute);

        print_message("%s\n", rows[i].name);
        assert_int_equal(schedule_due(&work, &h, now, &d), rows[i].work);
        if (rows[i].work) {
            assert_int_equal(d.day, hours_date(2026, 11, rows[i].day) / SCHEDULE_DAY_MS);
            assert_int_equal(d.at, wall(rows[i].day, 8, 30));
            assert_int_equal(d.from, wall(rows[i].from, 8, 30));
        }
        assert_int_equal(schedule_due(&daily, &h, now, &d), rows[i].daily);
        if (rows[i].daily)
            assert_int_equal(d.from, wall(rows[i].day - 1, 8, 30));
        assert_false(schedule_due(&off, &h, now, &d));
    }
}

static void the_next_one_is_after_now(void **state)
{
    const struct hours h = office(shanghai), never = { .offset = shanghai };
    const struct schedule work = { .minute = 510, .workdays = true }, off = { .minute = 510, .off = true };

    (void)state;
    assert_int_equal(schedule_next(&work, &h, wall(20, 8, 29)), wall(20, 8, 30));
    assert_int_equal(schedule_next(&work, &h, wall(20, 8, 30)), wall(23, 8, 30));
    assert_int_equal(schedule_next(&work, &h, wall(24, 9, 0)), wall(26, 8, 30));
    assert_int_equal(schedule_next(&work, &never, wall(20, 8, 29)), INT64_MAX);
    assert_int_equal(schedule_next(&off, &h, wall(20, 8, 29)), INT64_MAX);
}

static void a_clock_that_is_put_back_makes_no_second_day(void **state)
{
    const struct hours h = { .always = true, .offset = new_york };
    const struct schedule s = { .minute = 90 }; /* 1:30 comes twice on November 1 */
    int64_t first = hours_date(2026, 11, 1) + 5 * HOUR_MS + 30 * 60000LL, days[2];
    struct schedule_day d;

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_true(schedule_due(&s, &h, first + (i + 1) * HOUR_MS, &d));
        days[i] = d.day;
    }
    assert_int_equal(days[0], days[1]);
}

static void the_population_is_what_was_wished_for(void **state)
{
    const struct kf_key web = { "web" }, mail = { "mail" }, sales = { "sales" };
    static const char *const is[] = { "vip", "complaint" }, *const bad[] = { "refund", "complaint" }, *const other[] = { "complain" };
    const struct kf_id lin = { { 1 } }, wang = { { 2 } };
    const struct sample_unit u = {
        .agent = lin, .channel = web, .queue = sales, .rating = 2, .fresh = true, .risky = true, .tags = is, .n_tags = 2
    };
    const struct {
        const char *name;
        struct sample_wish w;
        bool reviewed, fits;
    } rows[] = {
        { "all", { .kind = SAMPLE_RANDOM }, false, true },
        { "not twice", { .kind = SAMPLE_RANDOM }, true, false },
        { "unless it is wished", { .kind = SAMPLE_RANDOM, .again = true }, true, true },
        { "an exercise is of what has no score", { .kind = SAMPLE_CALIBRATION }, false, true },
        { "its channel", { .channels = &web, .n_channels = 1 }, false, true },
        { "another channel", { .channels = &mail, .n_channels = 1 }, false, false },
        { "another queue", { .queues = &mail, .n_queues = 1 }, false, false },
        { "its agent", { .agents = &lin, .n_agents = 1 }, false, true },
        { "another agent", { .agents = &wang, .n_agents = 1 }, false, false },
        { "risk: the rating", { .kind = SAMPLE_RISK, .rating_max = 2 }, false, true },
        { "risk: a better rating", { .kind = SAMPLE_RISK, .rating_max = 1 }, false, false },
        { "risk: what a check has found", { .kind = SAMPLE_RISK, .rating_max = 1, .findings = true }, false, true },
        { "risk: a tag", { .kind = SAMPLE_RISK, .rating_max = 1, .tags = bad, .n_tags = 2 }, false, true },
        { "risk: another tag", { .kind = SAMPLE_RISK, .rating_max = 1, .tags = other, .n_tags = 1 }, false, false },
        { "risk: a new agent", { .kind = SAMPLE_RISK, .rating_max = 1, .new_agents = true }, false, true },
    };

    struct sample_unit scored = u, calibrating = u;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        print_message("%s\n", rows[i].name);
        assert_int_equal(sample_fits(&rows[i].w, &u, rows[i].reviewed), rows[i].fits);
        scored.scored = calibrating.calibrating = true;
        if (rows[i].w.kind == SAMPLE_CALIBRATION)
            assert_false(sample_fits(&rows[i].w, &scored, false));
        else
            assert_false(sample_fits(&rows[i].w, &calibrating, false));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_day_is_due_from_its_time_on_if_it_is_one_to_work_on),
                                        cmocka_unit_test(the_next_one_is_after_now),
                                        cmocka_unit_test(a_clock_that_is_put_back_makes_no_second_day),
                                        cmocka_unit_test(the_population_is_what_was_wished_for) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
