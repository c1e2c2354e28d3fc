#include "tests/unit/unit.h"

#include "core/arena.h"
#include "settings/zone.h"

#include <stdlib.h>
#include <time.h>

static struct arena *arena;

static struct zone *zone_named(const char *name)
{
    struct kf_err why = { 0 };
    struct zone *z = NULL;

    if (zone_load(&z, arena, name, &why))
        fail_msg("%s", why.text);
    return z;
}

static int64_t utc(int year, int month, int day, int hour, int minute, int second)
{
    struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute, .tm_sec = second };

    return 1000 * (int64_t)timegm(&tm);
}

static void knows_the_offsets_of_the_world(void **state)
{
    static const struct {
        const char *zone;
        int at[6], offset;
    } rows[] = {
        { "UTC", { 2026, 1, 1 }, 0 },
        { "Asia/Shanghai", { 2026, 11, 21 }, 28800 },
        { "Asia/Shanghai", { 1990, 7, 1 }, 32400 }, /* summer time was tried */
        { "Asia/Kathmandu", { 2026, 1, 1 }, 20700 },
        { "Europe/Berlin", { 2026, 3, 29, 0, 59, 59 }, 3600 },
        { "Europe/Berlin", { 2026, 3, 29, 1, 0, 0 }, 7200 },
        { "Europe/Berlin", { 2026, 10, 25, 0, 59, 59 }, 7200 },
        { "Europe/Berlin", { 2026, 10, 25, 1, 0, 0 }, 3600 },
        { "Europe/Berlin", { 2099, 3, 29, 0, 59, 59 }, 3600 }, /* beyond the table: by the footer */
        { "Europe/Berlin", { 2099, 3, 29, 1, 0, 0 }, 7200 },
        { "America/New_York", { 2096, 3, 11, 6, 59, 59 }, -18000 }, /* the second Sunday of a leap year's March */
        { "America/New_York", { 2096, 3, 11, 7, 0, 0 }, -14400 },
        { "Australia/Sydney", { 2098, 12, 31, 23, 59, 59 }, 39600 }, /* summer over the end of the year */
        { "Australia/Sydney", { 2099, 7, 1 }, 36000 },
        { "America/St_Johns", { 2026, 1, 1 }, -12600 },
        { "Pacific/Kiritimati", { 2026, 1, 1 }, 50400 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const int *a = rows[i].at;

        row_int_equal(rows[i].zone, zone_offset(zone_named(rows[i].zone), utc(a[0], a[1], a[2], a[3], a[4], a[5])), rows[i].offset);
    }
}

/* Against the C library, every 11 hours for 160 years. */
static void agrees_with_the_c_library(void **state)
{
    static const char *const zones[] = { "Asia/Shanghai",    "Asia/Taipei",       "Europe/London",       "Europe/Dublin",
                                         "America/New_York", "Africa/Casablanca", "Australia/Sydney",    "America/Sao_Paulo",
                                         "Asia/Tehran",      "Pacific/Auckland",  "Australia/Lord_Howe", "America/Nuuk",
                                         "Antarctica/Troll", "Asia/Gaza",         "Asia/Pyongyang" };

    (void)state;
    for (size_t i = 0; i < COUNT(zones); i++) {
        struct zone *z = zone_named(zones[i]);

        assert_int_equal(setenv("TZ", zones[i], 1), 0);
        tzset();
        for (int64_t t = utc(1940, 1, 1, 0, 0, 0) / 1000; t < utc(2100, 1, 1, 0, 0, 0) / 1000; t += 11 * 3600) {
            time_t at = (time_t)t;
            struct tm tm;

            (void)localtime_r(&at, &tm);
            if (zone_offset(z, 1000 * t) != tm.tm_gmtoff)
                fail_msg("%s at %lld: %d, not %ld", zones[i], (long long)t, zone_offset(z, 1000 * t), tm.tm_gmtoff);
        }
    }
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
}

/* A file of one type and no changes, with a footer. */
static struct slice file_with(const char *footer)
{
    static char bytes[256];
    static const char header[44] = { 'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 4 };
    static const char type[10] = { 0, 0, 0x0e, 0x10, 0, 0, 'C', 'E', 'T', 0 }; /* 3600, standard, its name */
    size_t n = 0;

    for (int k = 0; k < 2; k++) {
        memcpy(bytes + n, header, sizeof(header));
        memcpy(bytes + n + sizeof(header), type, sizeof(type));
        n += sizeof(header) + sizeof(type);
    }
    n += (size_t)snprintf(bytes + n, sizeof(bytes) - n, "\n%s\n", footer);
    return (struct slice){ bytes, n };
}

static void reads_every_form_of_footer(void **state)
{
    static const struct {
        const char *footer;
        int winter, summer; /* 15 January and 15 July 2026, noon; winter 1: refused */
    } rows[] = {
        { "", 3600, 3600 },
        { "CST-8", 28800, 28800 },
        { "<+0330>-3:30", 12600, 12600 },
        { "<-03>3", -10800, -10800 },
        { "CET-1CEST,M3.5.0,M10.5.0/3", 3600, 7200 },
        { "IST-1GMT0,M10.5.0,M3.5.0/1", 0, 3600 },
        { "XXX3YYY1,J60/0,J300/0", -10800, -3600 },
        { "XXX3YYY,0/0,J365/25", -7200, -7200 },
        { "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", -7200, -3600 },
        { "X-8", 1, 0 },
        { "CST", 1, 0 },
        { "CST-200", 1, 0 },
        { "CET-1CEST", 1, 0 },
        { "CET-1CEST,M3.5.0", 1, 0 },
        { "CET-1CEST,M13.5.0,M10.5.0", 1, 0 },
        { "CET-1CEST,M3.6.0,M10.5.0", 1, 0 },
        { "CET-1CEST,M3.5.7,M10.5.0", 1, 0 },
        { "CET-1CEST,M3.5.0,M10.5.0 ", 1, 0 },
        { "<CET-1", 1, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct zone *z = NULL;
        enum kf_rc rc = zone_read(&z, arena, "test", file_with(rows[i].footer), NULL);

        row_int_equal(rows[i].footer, rc, rows[i].winter == 1 ? KF_INVALID : KF_OK);
        if (rc)
            continue;
        row_int_equal(rows[i].footer, zone_offset(z, utc(2026, 1, 15, 12, 0, 0)), rows[i].winter);
        row_int_equal(rows[i].footer, zone_offset(z, utc(2026, 7, 15, 12, 0, 0)), rows[i].summer);
    }
}

static void a_file_that_was_cut_is_refused_wherever_that_was(void **state)
{
    struct slice whole = file_with("CST-8");

    (void)state;
    for (size_t n = 0; n < whole.n; n++) {
        char *cut = malloc(n + 1); /* its own memory, so that a read beyond the end is seen */
        struct zone *z;

        assert_non_null(cut);
        memcpy(cut, whole.p, n);
        assert_int_equal(zone_read(&z, arena, "test", (struct slice){ cut, n }, NULL), KF_INVALID);
        free(cut);
    }
}

static void a_zone_that_there_is_not_is_said_so(void **state)
{
    static const char *const rows[] = { "", "/etc/passwd", "../x", "Asia/", "Asia/Nowhere", "Asia/Shang hai", "Asia" };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kf_err why = { 0 };
        struct zone *z;

        row_int_equal(rows[i], zone_load(&z, arena, rows[i], &why), KF_INVALID);
        row_int_equal(rows[i], why.text[0] != '\0', 1);
    }
}

static int setup(void **state)
{
    (void)state;
    arena = arena_new(0);
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_offsets_of_the_world),      cmocka_unit_test(agrees_with_the_c_library),
        cmocka_unit_test(reads_every_form_of_footer),          cmocka_unit_test(a_file_that_was_cut_is_refused_wherever_that_was),
        cmocka_unit_test(a_zone_that_there_is_not_is_said_so),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
