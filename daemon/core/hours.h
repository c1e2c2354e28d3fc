/* hours.h: business hours, as pure functions of a calendar and a time.
 *
 * Weekly intervals (several a day, past midnight), special days (holidays, extra working days), temporary closings. The time zone comes
 * in as a function from UTC to the offset in force, so that core needs no zone database.
 *
 * An interval belongs to the day on which it begins: the night shift before a holiday works to its end, and a holiday that is closed all
 * day begins none. Whoever wants the eve to end earlier names it as a special day, too. A closing cuts through everything. */
#ifndef KF_CORE_HOURS_H
#define KF_CORE_HOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* [from, to) in minutes since midnight of the day it begins on; to may pass 1440: it ends on the day after. */
struct hours_span {
    int from, to;
};

/* One day, or all from it to (to_year, to_month, to_day) where to_year is not 0. The first one that fits counts. */
struct hours_special {
    int year, month, day;
    int to_year, to_month, to_day;
    const char *name; /* "国庆节"; NULL none */
    struct hours_span spans[4];
    size_t n_spans; /* 0: closed all day */
};

/* [from, to) of the wall clock, in ms since 1970 as if it were UTC; to INT64_MAX: until further notice. */
struct hours_closing {
    int64_t from, to;
    const char *reason; /* NULL none */
};

struct hours {
    bool always;                  /* no calendar was given: open day and night */
    struct hours_span week[7][4]; /* Monday first */
    size_t n_week[7];
    const struct hours_special *special;
    size_t n_special;
    const struct hours_closing *closings;
    size_t n_closings;
    /* Seconds east of UTC that are in force at `utc_ms`. */
    int (*offset)(const void *zone, int64_t utc_ms);
    const void *zone;
};

bool hours_open(const struct hours *h, int64_t utc_ms);
/* The first time ≥ utc_ms at which it is open; INT64_MAX if that is not within 400 days. */
int64_t hours_next_opening(const struct hours *h, int64_t utc_ms);
/* The first time > utc_ms at which it is closed; INT64_MAX likewise; utc_ms itself if it is closed. */
int64_t hours_next_closing(const struct hours *h, int64_t utc_ms);
/* Why it is closed now: the reason of a closing, or the name of a special day; NULL: it is open, or nothing was said. */
const char *hours_reason(const struct hours *h, int64_t utc_ms);
/* What the clock on the wall shows, in ms since 1970 as if it were UTC. */
int64_t hours_wall(const struct hours *h, int64_t utc_ms);
/* The weekday of such a time, Monday 0. */
int hours_weekday(int64_t wall_ms);
/* The wall-clock time of a date that there is. */
int64_t hours_date(int year, int month, int day);

#endif
