/* sample.h: which conversations are reviewed, and by whom. The same seed and the same population give the same sample. */
#ifndef KF_CORE_SAMPLE_H
#define KF_CORE_SAMPLE_H

#include "core/review.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The tag of a conversation in whose course the visitor complained: the shipped rules set it, and a risk list has it by itself. */
#define SAMPLE_COMPLAINT "complaint"
#define SAMPLE_TAGS      16  /* of one wish */
#define SAMPLE_TAG_BYTES 200 /* of each */

/* One conversation of the population. */
struct sample_unit {
    struct kf_id conv, agent; /* the agent who is judged: the last one, see sample_about() */
    struct kf_key channel, queue;
    int64_t closed_at;
    int rating;       /* 0 none */
    bool fresh;       /* the agent is new here: a stratum of its own */
    bool scored;      /* it is in a random sample or on a risk list: its score can be read, or will be */
    bool calibrating; /* somebody still has to judge it in a calibration, and must not read what others gave it */
    struct kf_id
        risk; /* of a risk list alone: whom that is about, the last agent if it is about him, too; zero: nobody who has served it */
    int64_t risk_since;      /* when that one came */
    bool risky;              /* checks that mark a risk have found something that nobody has dismissed */
    const char *const *tags; /* of a risk list alone */
    size_t n_tags;
    const struct kf_id *served; /* who has served it: none of them may review it */
    size_t n_served;
};

/* Which of those that were closed in the time belong to the population. */
struct sample_wish {
    enum sample_kind kind;
    const struct kf_key *queues, *channels; /* n 0: any */
    size_t n_queues, n_channels;
    const struct kf_id *agents; /* likewise */
    size_t n_agents;
    int rating_max;          /* a risk list has ratings up to this, … */
    bool new_agents;         /* … what new agents have done, … */
    bool findings;           /* … what is risky, … */
    const char *const *tags; /* … and what has one of these */
    size_t n_tags;
    bool again; /* also what was reviewed before; a random sample alone asks */
};

/* Whom a review of it is about: the last agent, but what is on a risk list for what was found about somebody else is about that one. True: it is
 * somebody else. */
bool sample_about(const struct sample_wish *w, struct sample_unit *u);
bool sample_fits(const struct sample_wish *w, const struct sample_unit *u, bool reviewed);

enum sample_way {
    SAMPLE_PLAIN,     /* so many of all */
    SAMPLE_PER_AGENT, /* so many of each agent, or all that an agent has */
    SAMPLE_STRATA     /* so many in all, shared out over agent × channel × tenure by size, each stratum at least one while it lasts */
};

struct sample_plan {
    enum sample_way way;
    size_t n;
    int share; /* percent, 1 to 100, instead of n; 0: n counts */
    uint64_t seed;
};

/* How many are wanted of `size` units: n, or the share of them, rounded up. More than there are: all will be drawn. */
size_t sample_wanted(const struct sample_plan *plan, size_t size);

/* Sets chosen[i] for the units that are drawn and returns how many. Units must stand in one order (that of their ids). False `*ok`: out
 * of memory. */
size_t sample_draw(const struct sample_plan *plan, const struct sample_unit *units, size_t n, bool *chosen, bool *ok);

struct sample_reviewer {
    struct kf_id person;
    size_t load;                 /* reviews that wait for this one; counted on */
    const struct kf_key *queues; /* whose conversations he may read; n_queues 0: all */
    size_t n_queues;
};

/* May this one review it: has he not served it, and may he read it? */
bool sample_may(const struct sample_unit *u, const struct sample_reviewer *r);

/* Who reviews each chosen unit: of those who may, whoever has the least to do; among equals the seed decides. ret[i] is a number of
 * `reviewers`, or -1: nobody may (or it was not chosen). */
void sample_spread(const struct sample_unit *units, size_t n, const bool *chosen, struct sample_reviewer *reviewers, size_t n_reviewers,
                   uint64_t seed, int *ret);

/* Is the queue one of these? None given: yes. */
bool sample_lists(const struct kf_key *keys, size_t n, const struct kf_key *key);

/* How many of a population have to be drawn for a share that is known to ± `error` (0.05) with 95 % certainty, whatever it is. */
size_t sample_needed(size_t population, double error);

#endif
