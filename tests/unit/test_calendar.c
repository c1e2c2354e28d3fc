/* Business hours as people write them, in the time zones of the world. */
#include "tests/unit/unit.h"

#include "settings/site.h"

#include <time.h>

/* The site keeps the hours of the document "shop"; the queue `own` has some of its own, `named` names others. */
static struct site *site_with(const char *zone, const char *calendar)
{
    static char site[128];
    const struct document docs[] = {
        { KEY("site"), KEY("site"), 1, site },
        { KEY("hours"), KEY("shop"), 1, calendar },
        { KEY("hours"), KEY("tokyo"), 1, "{\"name\":\"T\",\"zone\":\"Asia/Tokyo\",\"week\":{\"mon\":[\"09:00-10:00\"]}}" },
        { KEY("queue"), KEY("plain"), 1, "{\"name\":\"P\"}" },
        { KEY("queue"), KEY("own"), 1, "{\"name\":\"O\",\"hours\":{\"week\":{\"tue\":[\"00:00-24:00\"]}}}" },
        { KEY("queue"), KEY("named"), 1, "{\"name\":\"N\",\"hours\":\"tokyo\"}" },
        { KEY("queue"), KEY("moved"), 1, "{\"name\":\"M\",\"hours\":\"tokyo\",\"zone\":\"UTC\"}" },
    };
    struct kf_err why = { 0 };
    struct site *s = NULL;

    (void)snprintf(site, sizeof(site), "{\"name\":\"S\",\"zone\":\"%s\",\"hours\":\"shop\"}", zone);
    if (site_build(&s, &KEY("shop"), docs, COUNT(docs), &why))
        fail_msg("%s", why.text);
    return s;
}

static int64_t utc(const char *text)
{
    struct tm tm = { 0 };

    if (sscanf(text, "%d-%d-%d %d:%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
        fail_msg("%s", text);
    tm.tm_year -= 1900;
    tm.tm_mon--;
    return 1000 * (int64_t)timegm(&tm);
}

static void follows_the_clocks_of_the_world(void **state)
{
    static const char night[] = "{\"name\":\"n\",\"week\":{\"sat\":[\"22:00-04:00\"],\"sun\":[\"02:30-09:00\"]}}";
    static const char day[] = "{\"name\":\"d\",\"week\":{\"mon\":[\"09:00-18:00\"],\"fri\":[\"09:00-18:00\"],\"sat\":[\"00:00-24:00\"]}}";
    static const struct {
        const char *what, *zone, *calendar, *at; /* UTC */
        bool open;
        const char *opening, *closing; /* UTC; NULL: now */
    } rows[] = {
        { "spring forward cuts an hour off the night", "America/New_York", night, "2026-03-08 06:59:59", true, NULL,
          "2026-03-08 13:00:00" },
        { "the shift is shorter", "America/New_York", night, "2026-03-08 08:00:00", true, NULL, "2026-03-08 13:00:00" },
        { "fall back makes it longer", "America/New_York", night, "2026-11-01 05:30:00", true, NULL, "2026-11-01 14:00:00" },
        { "a shift of half an hour", "Australia/Lord_Howe", night, "2026-10-03 15:45:00", true, NULL, "2026-10-03 22:00:00" },
        { "a quarter hour off", "Asia/Kathmandu", day, "2026-11-23 03:14:59", false, "2026-11-23 03:15:00", NULL },
        { "a Friday's evening, then all Saturday", "Asia/Shanghai", day, "2026-11-27 10:00:00", false, "2026-11-27 16:00:00", NULL },
        { "Saturday ends at midnight", "Asia/Shanghai", day, "2026-11-28 15:59:59", true, NULL, "2026-11-28 16:00:00" },
        { "a day that was left out", "Pacific/Apia", day, "2011-12-30 09:59:59", false, "2011-12-30 10:00:00", NULL },
        { "the other side of the date line", "Pacific/Kiritimati", day, "2026-11-22 18:59:59", false, "2026-11-22 19:00:00", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct site *s = site_with(rows[i].zone, rows[i].calendar);
        const struct hours *h = &site_queue(s, &KEY("plain"))->hours;
        int64_t t = utc(rows[i].at);

        row_int_equal(rows[i].what, hours_open(h, t), rows[i].open);
        row_int_equal(rows[i].what, hours_next_opening(h, t) / 1000, (rows[i].opening ? utc(rows[i].opening) : t) / 1000);
        row_int_equal(rows[i].what, hours_next_closing(h, t) / 1000, (rows[i].closing ? utc(rows[i].closing) : t) / 1000);
        row_int_equal(rows[i].what, hours_open(&s->hours, t), rows[i].open);
        site_unref(s);
    }
}

static void a_queue_keeps_its_own_hours_those_it_names_or_the_sites(void **state)
{
    struct site *s = site_with("Asia/Shanghai", "{\"name\":\"S\",\"week\":{\"wed\":[\"09:00-18:00\"]}}");
    static const struct {
        const char *queue, *at;
        bool open;
    } rows[] = {
        { "plain", "2026-11-25 01:00:00", true },  { "plain", "2026-11-24 01:00:00", false }, { "own", "2026-11-24 01:00:00", true },
        { "own", "2026-11-25 01:00:00", false },   { "named", "2026-11-23 00:30:00", true },  { "named", "2026-11-23 09:30:00", false },
        { "moved", "2026-11-23 00:30:00", false }, { "moved", "2026-11-23 09:30:00", true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kf_key key;

        assert_true(key_parse(slice_of(rows[i].queue), &key));
        row_int_equal(rows[i].queue, hours_open(&site_queue(s, &key)->hours, utc(rows[i].at)), rows[i].open);
    }
    site_unref(s);
}

static void reads_days_ranges_and_closings(void **state)
{
    struct site *s =
        site_with("Asia/Shanghai",
                  "{\"name\":\"S\",\"week\":{\"thu\":[\"09:00-18:00\"]},\"special\":{\"2026-10-01..2026-10-07\":{\"name\":\"国庆节\"},"
                  "\"2026-10-04\":{\"name\":\"调休\",\"open\":[\"10:00-16:00\"]},\"2026-12-31\":[]},"
                  "\"closed\":[{\"from\":\"2026-11-19 14:00\",\"to\":\"2026-11-19 15:00\",\"reason\":\"盘点\"},"
                  "{\"from\":\"2027-01-01 00:00\"}]}");
    const struct hours *h = &s->hours;

    (void)state;
    assert_string_equal(hours_reason(h, utc("2026-10-01 02:00:00")), "国庆节");
    assert_true(hours_open(h, utc("2026-10-04 02:00:00"))); /* the day of its own stands before the range */
    assert_true(hours_open(h, utc("2026-10-08 02:00:00")));
    assert_false(hours_open(h, utc("2026-12-31 02:00:00")));
    assert_string_equal(hours_reason(h, utc("2026-11-19 06:00:00")), "盘点");
    assert_true(hours_open(h, utc("2026-11-19 07:00:00")));
    assert_true(hours_next_opening(h, utc("2026-12-24 10:00:00")) == INT64_MAX);
    site_unref(s);
}

static void what_is_wrong_is_named_with_its_place(void **state)
{
    static const struct {
        const char *body, *field, *why;
    } rows[] = {
        { "{}", "name", "name is missing" },
        { "{\"name\":\"a\",\"zone\":\"Mars/Olympus\"}", "zone", "there is no time zone" },
        { "{\"name\":\"a\",\"week\":{\"mon\":[\"9-18\"]}}", "week.mon", "a span is" },
        { "{\"name\":\"a\",\"week\":{\"funday\":[]}}", "week", "\"funday\" is not a day" },
        { "{\"name\":\"a\",\"special\":{\"2026-02-30\":[]}}", "special", "is not a day" },
        { "{\"name\":\"a\",\"special\":{\"2026-10-07..2026-10-01\":[]}}", "special", "is not a day" },
        { "{\"name\":\"a\",\"special\":{\"2026-10-01..\":[]}}", "special", "is not a day" },
        { "{\"name\":\"a\",\"special\":{\"2026-10-01\":{\"opens\":[]}}}", "special.2026-10-01", "allowed are name, open" },
        { "{\"name\":\"a\",\"special\":{\"2026-10-01\":{\"name\":7}}}", "special.2026-10-01", "must be a text" },
        { "{\"name\":\"a\",\"closed\":{}}", "closed", "must be a list" },
        { "{\"name\":\"a\",\"closed\":[{}]}", "closed.1.from", "must be a time" },
        { "{\"name\":\"a\",\"closed\":[{\"from\":\"2026-11-19 14:00\"},{\"from\":\"2026-11-19T14:00\"}]}", "closed.2.from",
          "must be a time" },
        { "{\"name\":\"a\",\"closed\":[{\"from\":\"2026-11-19 14:00\",\"to\":\"2026-11-19 14:00\"}]}", "closed.1.to", "later than from" },
        { "{\"name\":\"a\",\"closed\":[{\"from\":\"2026-11-19 14:00\",\"until\":1}]}", "closed.1", "allowed are from, to, reason" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kf_err why = { 0 };

        row_int_equal(rows[i].body, document_check("hours", slice_of(rows[i].body), &why), KF_INVALID);
        row_string_equal(rows[i].body, why.field, rows[i].field);
        if (!strstr(why.text, rows[i].why))
            fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].body, why.text, rows[i].why);
    }
}

static void hours_that_there_are_not_are_refused(void **state)
{
    const struct document docs[] = {
        { KEY("site"), KEY("site"), 1, "{\"name\":\"S\"}" },
        { KEY("queue"), KEY("q"), 1, "{\"name\":\"Q\",\"hours\":\"none\"}" },
    };
    struct kf_err why = { 0 };
    struct site *s = NULL;

    (void)state;
    assert_int_equal(site_build(&s, &KEY("s"), docs, 2, &why), KF_INVALID);
    assert_string_equal(why.text, "queue q: hours: there is no document \"none\" of the kind hours");
    assert_string_equal(why.field, "hours");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_clocks_of_the_world),      cmocka_unit_test(a_queue_keeps_its_own_hours_those_it_names_or_the_sites),
        cmocka_unit_test(reads_days_ranges_and_closings),       cmocka_unit_test(what_is_wrong_is_named_with_its_place),
        cmocka_unit_test(hours_that_there_are_not_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
