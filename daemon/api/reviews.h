/* reviews.h: what the resources of quality review share. */
#ifndef KF_API_REVIEWS_H
#define KF_API_REVIEWS_H

#include "api/api.h"
#include "core/quality.h"
#include "settings/scorecards.h"

/* Of a list. Scores are whole numbers of hundredths. */
json_t *review_json(struct turn *t, const struct review *r);
/* {"id","name","number"?}; people who are gone have only their id. */
json_t *review_person(struct turn *t, const struct kf_key *site, const struct kf_id *id);

json_t *sample_json(const struct stored_sample *s);
/* The site, where the asker may draw samples and look at them; NULL: answered. */
struct site *sampling_site(struct turn *t, const struct member **m);

/* What the query string asks of reviews: from, to, agent, reviewer, queue, kind, item, fatal, appealed, overturned, week. */
struct review_filter {
    const struct member *reader; /* NULL: the operator */
    int64_t from, to;
    struct kf_id agent, reviewer;
    struct kf_key queue, item;
    enum sample_kind kind;
    bool any_kind, fatal, appealed, overturned;
    struct slice week; /* "2026-W47" of the site's zone; empty: any */
    const struct hours *clock;
};

/* False: answered. */
bool review_filter_read(struct turn *t, const struct site *site, const struct member *m, struct review_filter *ret);
bool review_fits(const struct review_filter *f, const struct review *r);
/* Did it fail on that item? `q` is the answer to a QUERY_QUALITY. */
bool review_failed(const struct stored_quality *q, const struct review *r, const struct kf_key *item);
/* The ISO week of a time in the site's zone: "2026-W47". */
#define WEEK_TEXT 12
const char *review_week(const struct hours *clock, int64_t at, char ret[WEEK_TEXT]);

#endif
