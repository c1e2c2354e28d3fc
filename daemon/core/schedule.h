/* schedule.h: samples that draw themselves: at a time of the day, on every day or on working days.
 *
 * Days and times are those of the clock on the wall, and a working day is one on which the hours open. A schedule is due once a day; the
 * sample of a day takes what was closed since the one before, so that a weekend is not lost. */
#ifndef KF_CORE_SCHEDULE_H
#define KF_CORE_SCHEDULE_H

#include "core/hours.h"
#include "core/sample.h"

#define SCHEDULE_LISTED 32 /* queues, channels, agents, reviewers of one */
#define SCHEDULE_BACK   31 /* days that a sample looks back at most */
#define SCHEDULE_DAY_MS 86400000LL

struct schedule {
    struct kf_key key;
    const char *name;
    bool off;
    int minute; /* of the day */
    bool workdays;
    struct kf_key card;
    enum sample_kind kind; /* random or risk */
    enum sample_way way;
    int n, share; /* one of them is 0 */
    int rating_max;
    bool new_agents, findings, again;
    const char *const *tags;
    size_t n_tags;
    struct kf_key queues[SCHEDULE_LISTED], channels[SCHEDULE_LISTED]; /* n 0: all */
    size_t n_queues, n_channels;
    const struct kf_id *agents, *reviewers; /* n 0: all; all with the role reviewer */
    size_t n_agents, n_reviewers;
};

/* A day on which it is drawn. */
struct schedule_day {
    int64_t day;  /* days since 1970 of the wall's calendar */
    int64_t at;   /* when it is due, UTC */
    int64_t from; /* when it was due before: what was closed from then on until `at` is its population */
};

/* The day of `now`, if its sample is due by now; false: it is not, or this is no day for it. */
bool schedule_due(const struct schedule *s, const struct hours *h, int64_t now, struct schedule_day *ret);
/* When it is due next after `now`; INT64_MAX: never. */
int64_t schedule_next(const struct schedule *s, const struct hours *h, int64_t now);

#endif
