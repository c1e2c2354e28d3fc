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
    bool numbered;        /* one of them is a number, where choices are lines of text */
    int64_t form;         /* the seq of the newest of them that is a message form filled in; 0 none */
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

/* The acts of one look. */
struct acting {
    struct desk *d;
    struct desk_site *ds;
    struct change *c;
    const struct looking *l;
    bool moved;   /* a step was taken: what was decided on the state before it is over */
    bool invited; /* to rate */
};

/* Choices are buttons, but for channels that have none: there they are numbered lines, and the visitor writes the number. */
bool choices_are_lines(const struct site *s, const struct conv *conv);
/* `text` with the choices of `extra` as numbered lines, where that is how the visitor sees them; else `text`. */
struct slice choices_said(struct desk *d, struct desk_site *ds, struct change *c, const struct conv *conv, struct slice text,
                          const char *extra);

/* ---- articles.c ---- */

struct offered {
    const char *id, *label;
};

/* {"choices":[{"id","label"}]}, and as lines of the text where the channel has no buttons. */
void offer(const struct acting *a, const struct offered *list, size_t n, struct message *m);
/* The id of choice number `number` of what was offered; NULL: there is none. */
const char *offer_numbered(struct arena *a, const char *extra, int number);
/* With the words of the rule: the articles that were found, and a person. */
void articles_offer(const struct acting *a, const struct rule_firing *f);
/* Answers who has picked an article, or has said whether it helped: once, as `ruled` records. Not into a talk with a person, and not
 * where `silent`. */
void articles_picked(const struct acting *a, struct act_ruled *ruled, bool silent);
/* Of what is answered without a rule: it is written down as rules are, so that it happens once and is counted among the answers that a
 * machine gets. False: it has happened before. */
bool answer_once(const struct acting *a, struct act_ruled *ruled, const char *what, const char *cause);

/* Writes down what fires, or is held back, as acts of `a->c`. */
void rules_act(struct acting *a, const struct rule_firing *f, size_t n);
/* Thanks whoever has filled in the message form: once, as `ruled` records. Not where a rule has done so, nor where a person or a bot has
 * the word, nor where `silent`. */
void form_thanked(const struct acting *a, struct act_ruled *ruled, const struct rule_firing *f, size_t n, bool silent);
/* Does one of these firings end the conversation? */
bool rules_close(const struct rule_firing *f, size_t n);

#endif
