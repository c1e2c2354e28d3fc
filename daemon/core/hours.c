#include "core/hours.h"

#define MINUTE 60000LL
#define DAY    (1440 * MINUTE)
#define FAR    (400 * DAY)

/* Whole days since 1970-01-01, and what is left. */
static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* The day number of a date. Years begin in March here, so that the leap day is the last of its year. */
static int64_t day_number(int year, int month, int mday)
{
    int64_t y = year - (month <= 2), era = floor_div(y, 400), yoe = y - era * 400;
    int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + mday - 1;

    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

int64_t hours_date(int year, int month, int day)
{
    return day_number(year, month, day) * DAY;
}

int hours_weekday(int64_t wall_ms)
{
    int64_t day = floor_div(wall_ms, DAY);

    return (int)(day + 3 - 7 * floor_div(day + 3, 7)); /* 1970-01-01 was a Thursday */
}

static const struct hours_special *special_of(const struct hours *h, int64_t day)
{
    for (size_t i = 0; i < h->n_special; i++) {
        const struct hours_special *s = &h->special[i];
        int64_t from = day_number(s->year, s->month, s->day);

        if (day == from || (day > from && s->to_year && day <= day_number(s->to_year, s->to_month, s->to_day)))
            return s;
    }
    return NULL;
}

static const struct hours_span *spans_of(const struct hours *h, int64_t day, size_t *n)
{
    static const struct hours_span whole = { 0, 1440 };
    const struct hours_special *s = special_of(h, day);
    int weekday = hours_weekday(day * DAY);

    if (s) {
        *n = s->n_spans;
        return s->spans;
    }
    *n = h->always ? 1 : h->n_week[weekday];
    return h->always ? &whole : h->week[weekday];
}

int64_t hours_wall(const struct hours *h, int64_t utc_ms)
{
    return utc_ms + (h->offset ? 1000LL * h->offset(h->zone, utc_ms) : 0);
}

static const struct hours_closing *closing_at(const struct hours *h, int64_t local)
{
    for (size_t i = 0; i < h->n_closings; i++)
        if (local >= h->closings[i].from && local < h->closings[i].to)
            return &h->closings[i];
    return NULL;
}

/* Of the wall clock: what began yesterday may still be open, also when today is a special day. */
static bool open_at(const struct hours *h, int64_t local)
{
    int64_t day = floor_div(local, DAY);

    if (closing_at(h, local))
        return false;
    for (int back = 0; back <= 1; back++) {
        int64_t at = local - (day - back) * DAY;
        size_t n;
        const struct hours_span *s = spans_of(h, day - back, &n);

        for (size_t i = 0; i < n; i++)
            if (at >= s[i].from * MINUTE && at < s[i].to * MINUTE)
                return true;
    }
    return false;
}

static void nearer(int64_t at, int64_t local, int64_t *ret)
{
    if (at > local && at < *ret)
        *ret = at;
}

/* The next moment of the wall clock at which anything may begin or end, midnight at the latest. */
static int64_t next_edge(const struct hours *h, int64_t local)
{
    int64_t day = floor_div(local, DAY), ret = (day + 1) * DAY;

    for (int back = 0; back <= 1; back++) {
        size_t n;
        const struct hours_span *s = spans_of(h, day - back, &n);

        for (size_t i = 0; i < n; i++) {
            nearer((day - back) * DAY + s[i].from * MINUTE, local, &ret);
            nearer((day - back) * DAY + s[i].to * MINUTE, local, &ret);
        }
    }
    for (size_t i = 0; i < h->n_closings; i++) {
        nearer(h->closings[i].from, local, &ret);
        nearer(h->closings[i].to, local, &ret);
    }
    return ret;
}

/* The first moment after `from` at which the offset is another one; it is at `to`. */
static int64_t clock_change(const struct hours *h, int64_t from, int64_t to)
{
    int before = h->offset(h->zone, from);

    while (to - from > 1) {
        int64_t mid = from + (to - from) / 2;

        if (h->offset(h->zone, mid) == before)
            from = mid;
        else
            to = mid;
    }
    return to;
}

/* Goes from edge to edge until it is open (or closed). Where the clocks change between two edges, that moment is an edge too. */
static int64_t seek(const struct hours *h, int64_t utc_ms, bool open)
{
    int64_t t = utc_ms;

    while (t - utc_ms <= FAR) {
        int64_t local = hours_wall(h, t), next;

        if (open_at(h, local) == open)
            return t;
        next = t + next_edge(h, local) - local;
        if (h->offset && h->offset(h->zone, next) != h->offset(h->zone, t))
            next = clock_change(h, t, next);
        t = next;
    }
    return INT64_MAX;
}

static bool never_closes(const struct hours *h)
{
    return h->always && !h->n_special && !h->n_closings;
}

bool hours_open(const struct hours *h, int64_t utc_ms)
{
    return never_closes(h) || open_at(h, hours_wall(h, utc_ms));
}

int64_t hours_next_opening(const struct hours *h, int64_t utc_ms)
{
    return never_closes(h) ? utc_ms : seek(h, utc_ms, true);
}

int64_t hours_next_closing(const struct hours *h, int64_t utc_ms)
{
    return never_closes(h) ? INT64_MAX : seek(h, utc_ms, false);
}

const char *hours_reason(const struct hours *h, int64_t utc_ms)
{
    int64_t local = hours_wall(h, utc_ms);
    const struct hours_closing *closing = closing_at(h, local);
    const struct hours_special *special;

    if (closing)
        return closing->reason;
    if (open_at(h, local))
        return NULL;
    special = special_of(h, floor_div(local, DAY));
    return special ? special->name : NULL;
}
