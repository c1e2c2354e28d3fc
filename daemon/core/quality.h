/* quality.h: what reviews add up to. Every figure is a sum over the reviews that it was counted from, so that those can be shown.
 *
 *     fatal-free rate = reviews without a fatal item / reviews
 *     mean            = Σ score / reviews; without fatal: Σ of what the scores would be without fatal items / reviews
 *     appeal rate     = reviews appealed / reviews; overturn rate = appeals accepted or partly accepted / appeals decided */
#ifndef KF_CORE_QUALITY_H
#define KF_CORE_QUALITY_H

#include "core/review.h"

struct quality {
    size_t reviews, fatal_free, passed, appealed, decided, overturned;
    int64_t score, plain;  /* sums of hundredths */
    int64_t turnaround_ms; /* from appeal to decision, of those that were decided */
};

void quality_add(struct quality *q, const struct review *r);
/* The middle one, or the mean of the middle two rounded down; sorts `scores`. 0 for none. */
int quality_median(int *scores, size_t n);

#endif
