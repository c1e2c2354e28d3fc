/* check.h: what a machine can look for in a closed conversation, as data, evaluated by a pure function.
 *
 *   transcript + who had it when ──► each check that applies ──► hits {check, message, why}
 *
 * A hit is a proposal for a reviewer, never a score. It cites a message; why it is one is said in a word, a time and a term of the check's
 * own document, and never in the words of a visitor: hits outlive what was erased. */
#ifndef KF_CORE_CHECK_H
#define KF_CORE_CHECK_H

#include "core/arena.h"
#include "core/conv.h"
#include "core/forbid.h"
#include "core/hours.h"
#include "core/message.h"
#include "core/rule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The order of the words in check.c, and of those in the settings. */
enum check_type {
    CHECK_SAYS,      /* one of the agents' `messages` first or last messages must hold one of `words` */
    CHECK_INVITES,   /* the visitor must have been asked to rate */
    CHECK_WAITS,     /* whoever waits must be told so within `after_ms` */
    CHECK_SILENCE,   /* no visitor may wait for an answer of the agent for longer than `after_ms` */
    CHECK_FORBIDDEN, /* no agent may say what the site's lists or `words` forbid */
    CHECK_PRIVATE,   /* no agent may ask for one of `words` with one of `with` */
    CHECK_PROMISE,   /* an answer that was promised with one of `words` must have come by the time that was said with it */
    CHECK_NAME       /* nobody may be addressed by another name than his own, with one of `words` for a title */
};

enum check_place { CHECK_FIRST, CHECK_LAST, CHECK_ANYWHERE };

struct check_words {
    const struct forbidden_word *at;
    size_t n;
};

struct check {
    struct kf_key key;
    int64_t version;  /* of its document; 0: shipped */
    const char *body; /* the document itself; NULL where only that was to be read */
    bool off;
    enum check_type type;
    struct rule_words queues, channels; /* n 0: of all */
    unsigned languages;                 /* of the visitor: 1 zh-CN, 2 zh-TW, 4 en; 0 any */
    enum check_place place;
    int messages;
    int64_t after_ms;
    bool working;  /* what is promised in hours and minutes counts while it is open */
    bool machines; /* what the system and bots say counts as well */
    bool risk;     /* what it finds belongs on a risk list */
    struct check_words words, with, except;
};

/* Who had the conversation from a time on; zero: nobody. */
struct check_turn {
    int64_t after_seq, at;
    struct kf_id person;
};

/* All that a check may know. */
struct check_facts {
    const struct conv *conv;
    const char *language;           /* that the visitor was spoken to in */
    const struct message *messages; /* all, in the order of seq */
    size_t n;
    const struct check_turn *turns; /* in the order of time */
    size_t n_turns;
    const char *name;                       /* of the customer; "" unknown */
    const struct hours *hours;              /* of its queue */
    const struct forbidden_word *forbidden; /* of the site */
    size_t n_forbidden;
    const int64_t *later; /* when people have written to the same visitor after it was closed, in the order of time */
    size_t n_later;
    int64_t now_ms;
};

struct check_hit {
    const struct check *check;
    int64_t seq;        /* of the message */
    struct kf_id agent; /* whose it is; zero: nobody's */
    int64_t ms;         /* how long it took, or was too late; 0: no question of time */
    const char *word;   /* of the document or the site's lists; NULL none */
};

#define CHECK_HITS_MAX 8 /* of one check in one conversation: more of the same tells no more */

struct check_found {
    struct check_hit *hits;
    size_t n;
    int64_t again; /* when something will be known that is not yet: to be evaluated again then; 0: all is known */
};

/* The hits of all checks that apply, in the order of the checks, then of the messages; in the arena. False: out of memory. */
bool check_run(const struct check *checks, size_t n, const struct check_facts *facts, struct arena *a, struct check_found *ret);

const char *check_type_name(enum check_type t);

/* What becomes of a hit. The numbers are stored. */
enum finding_state { FINDING_OPEN = 0, FINDING_TAKEN = 1, FINDING_DISMISSED = 2 };
const char *finding_state_name(enum finding_state s);
bool finding_state_parse(struct slice s, enum finding_state *ret);

#endif
