/* reviews.h: what the resources of quality review share. */
#ifndef KF_API_REVIEWS_H
#define KF_API_REVIEWS_H

#include "api/api.h"
#include "core/quality.h"
#include "settings/scorecards.h"

#define REVIEW_TEXT_CP      2000
#define REVIEW_MENTIONS_MAX 20

/* Of a list. Scores are whole numbers of hundredths. */
json_t *review_json(struct turn *t, const struct review *r);
/* {"id","name","number"?}; people who are gone have only their id. */
json_t *review_person(struct turn *t, const struct kf_key *site, const struct kf_id *id);

/* The contents as they are kept; an empty object where there are none. */
json_t *review_contents_json(const char *text);
/* The answers as numbers, without a word. */
json_t *review_numbers_json(const struct scorecard *card, const struct score_answer *answers);
/* 1 to REVIEW_TEXT_CP characters. */
bool review_is_text(const json_t *v);

json_t *sample_json(const struct stored_sample *s);
/* Who still has what to do of it, for supervisors: [{"person","open","gone"?}] of their queues; NULL: nobody, or that is not for `m` to see. */
json_t *sample_open_json(struct turn *t, const struct member *m, const struct stored_sample *s);
/* Is any of it of a queue that one looks after, or all of it; or has one drawn it? */
bool sample_seen(const struct member *m, const struct stored_sample *s, bool all);
/* The site, where the asker may draw samples and look at them; NULL: answered. */
struct site *sampling_site(struct turn *t, const struct member **m);

/* A review that somebody wants to read or change. It holds the turn until it is answered, and is gone then. */
struct opening_review {
    struct turn *turn;
    enum review_verb verb;
    void (*go)(struct opening_review *o); /* with all of what follows; answers, and calls opening_end() */
    const struct stored_quality *q;       /* of the read, until go() returns */
    const struct review *r;
    const struct member *m;
    const struct site *site;
    struct scorecard card;
    json_t *body; /* what was sent; NULL: nothing */
    struct kf_id id;
    struct buf out;
    /* Who hears of the change, once it is committed. */
    bool told, to_supervisors;
    struct kf_key site_key;
    struct kf_id agent, reviewer;
    struct kf_id mentioned[REVIEW_MENTIONS_MAX];
    size_t n_mentioned;
};

/* Reads the review of the route, and lets whoever may `verb` with it go on; answers everybody else. */
void open_review(struct turn *t, enum review_verb verb, bool with_body, void (*go)(struct opening_review *o));
void opening_end(struct opening_review *o);
/* By whoever asks, now; NULL: answered with 500. */
struct change *opening_change(struct opening_review *o);
/* Who is to hear of it: what `r` points to is gone when it is committed. `anybody`: its agent and its reviewer, too. */
void opening_concerns(struct opening_review *o, bool anybody);
/* … and tells them, whoever did it aside; an appeal is the supervisors' to decide. */
void opening_tell(const struct opening_review *o);
/* A line of the access log: this was done to it. */
void opening_audit(struct opening_review *o, struct change *c, const char *kind);
/* It was submitted, and its words were deleted since. */
bool opening_words_gone(const struct opening_review *o);
/* What was submitted; where its words were deleted since, the numbers, which are kept with the figures. */
json_t *opening_submitted(const struct opening_review *o);

/* comments.c: those of the review with whom they name, and whom one that is written now may name: who may read the review. */
json_t *comments_json(const struct opening_review *o);
json_t *readers_json(const struct opening_review *o);

/* What the query string asks of reviews: from, to, agent, reviewer, queue, kind, item, fatal, appealed, overturned, week, passed, decided; and with rated=1
 * those of `item` as well that did not fail on it. */
struct review_filter {
    const struct member *reader; /* NULL: the operator */
    int64_t from, to;
    struct kf_id agent, reviewer;
    struct kf_id after; /* of a list: the last one of the page before; zero: the first page */
    struct kf_key queue, item;
    enum sample_kind kind;
    bool any_kind, fatal, passed, appealed, decided, overturned;
    bool rated;        /* `item` was rated, whatever came of it */
    struct slice week; /* "2026-W47" of the site's zone; empty: any */
    const struct hours *clock;
};

/* False: answered. */
bool review_filter_read(struct turn *t, const struct site *site, const struct member *m, struct review_filter *ret);
bool review_fits(const struct review_filter *f, const struct review *r);
/* Is it one of those that are asked for by their item, if any is? `q` is the answer to a QUERY_QUALITY. */
bool review_item_fits(const struct review_filter *f, const struct stored_quality *q, const struct review *r);
/* The ISO week of a time in the site's zone: "2026-W47". */
#define WEEK_TEXT 12
const char *review_week(const struct hours *clock, int64_t at, char ret[WEEK_TEXT]);

#endif
