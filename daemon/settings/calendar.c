#include "settings/calendar.h"

#include "core/utf8.h"

#include <jansson.h>
#include <stdio.h>

#define SPANS_MAX    4
#define SPECIAL_MAX  366
#define CLOSINGS_MAX 32
#define NAME_MAX_CP  80

static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

static int two_digits(const char *p)
{
    return p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9' ? 10 * (p[0] - '0') + p[1] - '0' : -1;
}

/* "hh:mm" up to 24:00, in minutes; -1: it is not. */
static int minute_of(const char *p)
{
    int h = two_digits(p), m = p[2] == ':' ? two_digits(p + 3) : -1;

    if (h < 0 || m < 0 || m > 59 || h > 24 || (h == 24 && m > 0))
        return -1;
    return 60 * h + m;
}

bool calendar_span(const json_t *value, struct hours_span *ret)
{
    const char *p = json_string_value(value);

    if (!p || json_string_length(value) != 11 || p[5] != '-')
        return false;
    ret->from = minute_of(p);
    ret->to = minute_of(p + 6);
    if (ret->from < 0 || ret->from == 1440 || ret->to < 0 || ret->from == ret->to)
        return false;
    if (ret->to < ret->from)
        ret->to += 1440;
    return true;
}

int calendar_day(const char *name)
{
    for (int i = 0; i < 7; i++)
        if (strcmp(name, days[i]) == 0)
            return i;
    return -1;
}

/* `name`: "week.mon", where failures say it was. */
static enum kf_rc spans_of(const struct keys_at *at, const char *name, const json_t *list, struct hours_span *ret, size_t *n)
{
    if (!json_is_array(list) || json_array_size(list) > SPANS_MAX)
        return keys_fail(at, "%s must be a list of at most %d spans", name, SPANS_MAX);
    *n = json_array_size(list);
    for (size_t i = 0; i < *n; i++)
        if (!calendar_span(json_array_get(list, i), &ret[i]))
            return keys_fail(at, "%s: a span is \"09:00-18:00\", \"22:00-02:00\" or \"00:00-24:00\"", name);
    return KF_OK;
}

static enum kf_rc week_of(const struct keys_at *at, json_t *week, struct hours *ret)
{
    const char *name;
    json_t *list;

    if (!json_is_object(week))
        return keys_fail(at, "week must be an object");
    json_object_foreach(week, name, list)
    {
        int day = calendar_day(name);
        char path[16];
        enum kf_rc rc;

        if (day < 0)
            return keys_fail(at, "week: \"%.16s\" is not a day; allowed are mon, tue, wed, thu, fri, sat, sun", name);
        (void)snprintf(path, sizeof(path), "week.%s", name);
        rc = spans_of(at, path, list, ret->week[day], &ret->n_week[day]);
        if (rc)
            return rc;
    }
    return KF_OK;
}

/* "2026-10-01": a day that there is. */
static bool date_of(const char *p, int *year_of, int *month_of, int *day_of)
{
    static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int century, year, month, day;

    if (strnlen(p, 10) != 10 || p[4] != '-' || p[7] != '-')
        return false;
    century = two_digits(p);
    year = two_digits(p + 2);
    *month_of = month = two_digits(p + 5);
    *day_of = day = two_digits(p + 8);
    if (century < 0 || year < 0 || month < 1 || month > 12)
        return false;
    *year_of = 100 * century + year;
    if (month == 2 && day == 29)
        return *year_of % 4 == 0 && (*year_of % 100 != 0 || *year_of % 400 == 0);
    return day >= 1 && day <= length[month - 1];
}

/* "2026-10-01", or a range of such days, which does not run backwards. */
static bool days_of(const char *p, struct hours_special *ret)
{
    size_t n = strlen(p);

    if (!date_of(p, &ret->year, &ret->month, &ret->day))
        return false;
    if (n == 10)
        return true;
    return n == 22 && p[10] == '.' && p[11] == '.' && date_of(p + 12, &ret->to_year, &ret->to_month, &ret->to_day) &&
           hours_date(ret->year, ret->month, ret->day) < hours_date(ret->to_year, ret->to_month, ret->to_day);
}

/* A short text of people, as names and reasons are. */
static enum kf_rc text_of(const struct keys_at *at, const char *name, const json_t *value, const char **ret)
{
    size_t n = utf8_length((struct slice){ json_string_value(value), json_string_length(value) });

    if (!json_is_string(value) || n < 1 || n > NAME_MAX_CP)
        return keys_fail(at, "%s must be a text of 1 to %d characters", name, NAME_MAX_CP);
    *ret = arena_text(at->arena, slice_of(json_string_value(value)));
    return *ret ? KF_OK : keys_nomem(at);
}

/* A list of spans, or an object with a name beside it. */
static enum kf_rc special_day(const struct keys_at *at, const char *date, json_t *value, struct hours_special *ret)
{
    char path[48];
    const char *member;
    json_t *part;
    enum kf_rc rc = KF_OK;

    (void)snprintf(path, sizeof(path), "special.%.22s", date);
    if (!days_of(date, ret))
        return keys_fail(at, "special: \"%.24s\" is not a day; write \"2026-10-01\" or \"2026-10-01..2026-10-07\"", date);
    if (!json_is_object(value))
        return spans_of(at, path, value, ret->spans, &ret->n_spans);
    json_object_foreach(value, member, part)
    {
        if (strcmp(member, "name") == 0)
            rc = text_of(at, path, part, &ret->name);
        else if (strcmp(member, "open") == 0)
            rc = spans_of(at, path, part, ret->spans, &ret->n_spans);
        else
            rc = keys_fail(at, "%s: \"%.32s\" is not known here; allowed are name, open", path, member);
        if (rc)
            return rc;
    }
    return KF_OK;
}

/* Single days first, so that they stand before the ranges that they lie in. */
static enum kf_rc special_of(const struct keys_at *at, json_t *special, struct hours *ret)
{
    size_t n = json_object_size(special);
    struct hours_special *all;
    const char *date;
    json_t *value;

    if (!json_is_object(special) || n > SPECIAL_MAX)
        return keys_fail(at, "special must be an object of at most %d days", SPECIAL_MAX);
    all = arena_array(at->arena, n + 1, sizeof(*all));
    if (!all)
        return keys_nomem(at);
    for (int ranges = 0; ranges <= 1; ranges++)
        json_object_foreach(special, date, value)
        {
            enum kf_rc rc;

            if ((strlen(date) > 10) != ranges)
                continue;
            rc = special_day(at, date, value, &all[ret->n_special]);
            if (rc)
                return rc;
            ret->n_special++;
        }
    ret->special = all;
    return KF_OK;
}

/* "2026-11-21 14:00" of the wall clock. */
static bool moment_of(const json_t *value, int64_t *ret)
{
    const char *p = json_string_value(value);
    int year, month, day, minute;

    if (!p || json_string_length(value) != 16 || p[10] != ' ' || !date_of(p, &year, &month, &day))
        return false;
    minute = minute_of(p + 11);
    *ret = hours_date(year, month, day) + 60000LL * minute;
    return minute >= 0;
}

static enum kf_rc closing_of(const struct keys_at *at, size_t i, json_t *value, struct hours_closing *ret)
{
    const char *member;
    char path[48];
    json_t *part;

    (void)snprintf(path, sizeof(path), "closed.%zu", i + 1);
    if (!json_is_object(value))
        return keys_fail(at, "%s must be an object", path);
    if (!moment_of(json_object_get(value, "from"), &ret->from))
        return keys_fail(at, "%s.from must be a time such as \"2026-11-21 14:00\"", path);
    ret->to = INT64_MAX;
    json_object_foreach(value, member, part)
    {
        if (strcmp(member, "to") == 0 && (!moment_of(part, &ret->to) || ret->to <= ret->from))
            return keys_fail(at, "%s.to must be a time such as \"2026-11-21 16:30\", later than from", path);
        if (strcmp(member, "reason") == 0) {
            enum kf_rc rc = text_of(at, path, part, &ret->reason);

            if (rc)
                return rc;
        } else if (strcmp(member, "from") != 0 && strcmp(member, "to") != 0)
            return keys_fail(at, "%s: \"%.32s\" is not known here; allowed are from, to, reason", path, member);
    }
    return KF_OK;
}

static enum kf_rc closings_of(const struct keys_at *at, json_t *list, struct hours *ret)
{
    size_t n = json_array_size(list);
    struct hours_closing *all;

    if (!json_is_array(list) || n > CLOSINGS_MAX)
        return keys_fail(at, "closed must be a list of at most %d closings", CLOSINGS_MAX);
    all = arena_array(at->arena, n + 1, sizeof(*all));
    if (!all)
        return keys_nomem(at);
    for (size_t i = 0; i < n; i++) {
        enum kf_rc rc = closing_of(at, i, json_array_get(list, i), &all[i]);

        if (rc)
            return rc;
    }
    ret->closings = all;
    ret->n_closings = n;
    return KF_OK;
}

enum kf_rc calendar_member(const struct keys_at *at, const char *name, json_t *value, struct hours *ret)
{
    if (strcmp(name, "week") == 0)
        return week_of(at, value, ret);
    if (strcmp(name, "special") == 0)
        return special_of(at, value, ret);
    if (strcmp(name, "closed") == 0)
        return closings_of(at, value, ret);
    return keys_fail(at, "\"%.32s\" is not known here; allowed are week, special, closed", name);
}

enum kf_rc calendar_read(const struct keys_at *at, json_t *value, struct hours *ret)
{
    const char *member;
    json_t *part;

    *ret = (struct hours){ 0 };
    if (!json_is_object(value))
        return keys_fail(at, "must be an object");
    json_object_foreach(value, member, part)
    {
        enum kf_rc rc = calendar_member(at, member, part, ret);

        if (rc)
            return rc;
    }
    return KF_OK;
}
