#include "settings/calendar.h"

#include <jansson.h>
#include <stdlib.h>

#define SPANS_MAX   4
#define SPECIAL_MAX 366

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

static bool span_of(const json_t *value, struct hours_span *ret)
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

static enum kf_rc spans_of(const struct keys_at *at, const char *name, const char *day, const json_t *list, struct hours_span *ret,
                           size_t *n)
{
    if (!json_is_array(list) || json_array_size(list) > SPANS_MAX)
        return keys_fail(at, "%s of %s must be a list of at most %d spans", name, day, SPANS_MAX);
    *n = json_array_size(list);
    for (size_t i = 0; i < *n; i++)
        if (!span_of(json_array_get(list, i), &ret[i]))
            return keys_fail(at, "%s of %s: a span is \"09:00-18:00\", \"22:00-02:00\" or \"00:00-24:00\"", name, day);
    return KF_OK;
}

static enum kf_rc week_of(const struct keys_at *at, const char *name, json_t *week, struct hours *ret)
{
    const char *day;
    json_t *list;

    if (!json_is_object(week))
        return keys_fail(at, "week of %s must be an object", name);
    json_object_foreach(week, day, list)
    {
        enum kf_rc rc;
        size_t i = 0;

        while (i < 7 && strcmp(day, days[i]) != 0)
            i++;
        if (i == 7)
            return keys_fail(at, "%s: \"%.16s\" is not a day; allowed are mon, tue, wed, thu, fri, sat, sun", name, day);
        rc = spans_of(at, name, day, list, ret->week[i], &ret->n_week[i]);
        if (rc)
            return rc;
    }
    return KF_OK;
}

/* "2026-10-01": a day that there is. */
static bool date_of(const char *p, struct hours_special *ret)
{
    static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int century, year;

    if (strlen(p) != 10 || p[4] != '-' || p[7] != '-')
        return false;
    century = two_digits(p);
    year = two_digits(p + 2);
    ret->month = two_digits(p + 5);
    ret->day = two_digits(p + 8);
    if (century < 0 || year < 0 || ret->month < 1 || ret->month > 12)
        return false;
    ret->year = 100 * century + year;
    if (ret->month == 2 && ret->day == 29)
        return ret->year % 4 == 0 && (ret->year % 100 != 0 || ret->year % 400 == 0);
    return ret->day >= 1 && ret->day <= length[ret->month - 1];
}

static enum kf_rc special_of(const struct keys_at *at, const char *name, json_t *special, struct hours *ret)
{
    size_t n = json_object_size(special);
    struct hours_special *all;
    const char *date;
    json_t *list;

    if (!json_is_object(special) || n > SPECIAL_MAX)
        return keys_fail(at, "special of %s must be an object of at most %d days", name, SPECIAL_MAX);
    all = arena_array(at->arena, n + 1, sizeof(*all));
    if (!all)
        return keys_nomem(at);
    json_object_foreach(special, date, list)
    {
        struct hours_special *s = &all[ret->n_special];
        enum kf_rc rc;

        if (!date_of(date, s))
            return keys_fail(at, "%s: \"%.16s\" is not a day; write \"2026-10-01\"", name, date);
        rc = spans_of(at, name, date, list, s->spans, &s->n_spans);
        if (rc)
            return rc;
        ret->n_special++;
    }
    ret->special = all;
    return KF_OK;
}

enum kf_rc calendar_read(const struct keys_at *at, const char *name, json_t *value, struct hours *ret)
{
    const char *member;
    json_t *part;

    *ret = (struct hours){ 0 };
    json_object_foreach(value, member, part)
    {
        enum kf_rc rc;

        if (strcmp(member, "week") == 0)
            rc = week_of(at, name, part, ret);
        else if (strcmp(member, "special") == 0)
            rc = special_of(at, name, part, ret);
        else
            rc = keys_fail(at, "%s: \"%.32s\" is not known here; allowed are week, special", name, member);
        if (rc)
            return rc;
    }
    return KF_OK;
}
