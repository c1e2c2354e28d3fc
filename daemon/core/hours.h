/* hours.h: business hours, as pure functions of a calendar and a time.
 *
 * Weekly intervals (several a day, past midnight), special days (holidays, extra working days). The time zone comes in as a function
 * from UTC to the offset in force, so that core needs no zone database. */
#ifndef KF_CORE_HOURS_H
#define KF_CORE_HOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* [from, to) in minutes since midnight of the day it begins on; to may pass 1440: it ends on the day after. */
struct hours_span {
    int from, to;
};

struct hours_special {
    int year, month, day;
    struct hours_span spans[4];
    size_t n_spans; /* 0: closed all day */
};

struct hours {
    bool always;                  /* no calendar was given: open day and night */
    struct hours_span week[7][4]; /* Monday first */
    size_t n_week[7];
    const struct hours_special *special;
    size_t n_special;
    /* Seconds east of UTC that are in force at `utc_ms`. */
    int (*offset)(const void *zone, int64_t utc_ms);
    const void *zone;
};

bool hours_open(const struct hours *h, int64_t utc_ms);
/* The first time ≥ utc_ms at which it is open; INT64_MAX if that is not within 400 days. */
int64_t hours_next_opening(const struct hours *h, int64_t utc_ms);
/* The first time > utc_ms at which it is closed; INT64_MAX likewise; utc_ms itself if it is closed. */
int64_t hours_next_closing(const struct hours *h, int64_t utc_ms);

#endif
