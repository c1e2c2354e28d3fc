/* sampling.h: a sample is drawn from a population that the store has read, and spread over reviewers. Asked for by somebody, or by a
 * schedule: schedule.h says when. */
#ifndef KF_DESK_SAMPLING_H
#define KF_DESK_SAMPLING_H

#include "desk/ports.h"

#define SAMPLING_MAX       2000 /* reviews of one sample */
#define SAMPLING_REVIEWERS 64

struct sampling {
    struct sample_wish wish;
    struct sample_plan plan;
    int64_t to;                  /* up to when an agent's time here counts */
    const struct member *reader; /* draws only what he may read; NULL: all */
    struct sample_reviewer *reviewers;
    size_t n_reviewers;

    /* What came of it. */
    size_t population, drawn, unassigned; /* unassigned: nobody may review it */
    size_t wanted;                        /* what the plan asks for, though no more than SAMPLING_MAX are drawn; 0: of each agent */
    struct sample_pick *picks;
    size_t n_picks;
};

/* False: out of memory, or there are SAMPLING_REVIEWERS already. All lives in the arena. */
bool sampling_reviewer(struct sampling *s, struct arena *a, const struct member *m);
/* Of the answer to a QUERY_POPULATION, whose units it puts together anew. False: out of memory. */
bool sampling_draw(struct sampling *s, const struct ports *p, struct stored_quality *q, struct arena *a);
/* Writes kind, seed, population, card, picks and plan into the act; id, name and schedule are the caller's. False: out of memory. */
bool sampling_act(const struct sampling *s, const struct scorecard *card, const char *plan, struct change *c, struct act_sample *a);

#endif
