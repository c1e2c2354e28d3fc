#include "core/schedule.h"

#define MINUTE_MS 60000LL

/* A time of the wall as UTC. Where the clock is put back it is the first of the two, or the hour after; where it is put forward, the hour
 * after the gap. */
static int64_t utc_of(const struct hours *h, int64_t wall)
{
    int64_t guess = wall - (hours_wall(h, wall) - wall);

    return wall - (hours_wall(h, guess) - guess);
}

static int64_t time_of(const struct schedule *s, const struct hours *h, int64_t day)
{
    return utc_of(h, day * SCHEDULE_DAY_MS + s->minute * MINUTE_MS);
}

static bool takes_day(const struct schedule *s, const struct hours *h, int64_t day)
{
    return !s->workdays || hours_next_opening(h, utc_of(h, day * SCHEDULE_DAY_MS)) < utc_of(h, (day + 1) * SCHEDULE_DAY_MS);
}

bool schedule_due(const struct schedule *s, const struct hours *h, int64_t now, struct schedule_day *ret)
{
    int64_t day = hours_wall(h, now) / SCHEDULE_DAY_MS, at = time_of(s, h, day), before = day - 1;

    if (s->off || now < at || !takes_day(s, h, day))
        return false;
    while (before > day - SCHEDULE_BACK && !takes_day(s, h, before))
        before--;
    *ret = (struct schedule_day){ .day = day, .at = at, .from = time_of(s, h, before) };
    return true;
}

int64_t schedule_next(const struct schedule *s, const struct hours *h, int64_t now)
{
    int64_t day = hours_wall(h, now) / SCHEDULE_DAY_MS;

    for (int64_t d = day; !s->off && d <= day + 400; d++)
        if (time_of(s, h, d) > now && takes_day(s, h, d))
            return time_of(s, h, d);
    return INT64_MAX;
}
