#include "core/hours.h"

#define MINUTE 60000LL
#define DAY    (1440 * MINUTE)
#define FAR    (400 * DAY)

/* Whole days since 1970-01-01, and what is left. */
static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* The date of a day number. Years begin in March here, so that the leap day is the last of its year. */
static void civil(int64_t day, int *year, int *month, int *mday)
{
    int64_t z = day + 719468; /* since 0000-03-01 */
    int64_t era = floor_div(z, 146097), doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t m = (5 * doy + 2) / 153;

    *mday = (int)(doy - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = (int)(yoe + 400 * era + (*month <= 2));
}

static const struct hours_span *spans_of(const struct hours *h, int64_t day, size_t *n)
{
    int64_t weekday = day + 3 - 7 * floor_div(day + 3, 7); /* 1970-01-01 was a Thursday; Monday is 0 */
    int year, month, mday;

    if (h->n_special) {
        civil(day, &year, &month, &mday);
        for (size_t i = 0; i < h->n_special; i++) {
            const struct hours_special *s = &h->special[i];

            if (s->day == mday && s->month == month && s->year == year) {
                *n = s->n_spans;
                return s->spans;
            }
        }
    }
    *n = h->n_week[weekday];
    return h->week[weekday];
}

/* Wall-clock time in ms since 1970. */
static int64_t local_of(const struct hours *h, int64_t utc_ms)
{
    return utc_ms + (h->offset ? 1000LL * h->offset(h->zone, utc_ms) : 0);
}

/* Of the wall clock: what began yesterday may still be open, also when today is a special day. */
static bool open_at(const struct hours *h, int64_t local)
{
    int64_t day = floor_div(local, DAY);

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

/* The next moment of the wall clock at which anything may begin or end, midnight at the latest. */
static int64_t next_edge(const struct hours *h, int64_t local)
{
    int64_t day = floor_div(local, DAY), ret = (day + 1) * DAY;

    for (int back = 0; back <= 1; back++) {
        size_t n;
        const struct hours_span *s = spans_of(h, day - back, &n);

        for (size_t i = 0; i < n; i++) {
            int64_t from = (day - back) * DAY + s[i].from * MINUTE, to = (day - back) * DAY + s[i].to * MINUTE;

            if (from > local && from < ret)
                ret = from;
            if (to > local && to < ret)
                ret = to;
        }
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
        int64_t local = local_of(h, t), next;

        if (open_at(h, local) == open)
            return t;
        next = t + next_edge(h, local) - local;
        if (h->offset && h->offset(h->zone, next) != h->offset(h->zone, t))
            next = clock_change(h, t, next);
        t = next;
    }
    return INT64_MAX;
}

bool hours_open(const struct hours *h, int64_t utc_ms)
{
    return h->always || open_at(h, local_of(h, utc_ms));
}

int64_t hours_next_opening(const struct hours *h, int64_t utc_ms)
{
    return h->always ? utc_ms : seek(h, utc_ms, true);
}

int64_t hours_next_closing(const struct hours *h, int64_t utc_ms)
{
    return h->always ? INT64_MAX : seek(h, utc_ms, false);
}
