/* ruling.h: what rules.c (which rules fire?) and rules_act.c (what do they do?) share. */
#ifndef KF_DESK_RULING_H
#define KF_DESK_RULING_H

#include "core/rule.h"
#include "desk/inner.h"

#define FIRINGS_MAX 8 /* those of act_ruled */

/* One look at one conversation. */
struct looking {
    struct desk *d;
    struct kf_key site;
    struct arena *arena;
    struct conv conv;
    struct message *messages; /* those that the rules have not seen, but for what the system said */
    size_t n_messages;
    const char **choices; /* what each of them picks; NULL none */
    struct rule_fired *fired;
    size_t n_fired;
    struct rules_past past;
    struct rule_fact *profile;
    size_t n_profile;
    int64_t position; /* in the queue; 0 unknown */
    bool known;       /* `fired` and `past` are read */
    bool placed;      /* the live layer was asked for the position */
    bool looked;      /* … and who is there */
    bool reread;      /* conv and messages were read again after a conflict */
    bool unasked;     /* not because the row is due: somebody went away */
};

/* Writes down what fires, or is held back, as acts of `c`. */
void rules_act(struct desk *d, struct desk_site *ds, struct change *c, const struct looking *l, const struct rule_firing *f, size_t n);
/* Does one of these firings end the conversation? */
bool rules_close(const struct rule_firing *f, size_t n);

#endif
