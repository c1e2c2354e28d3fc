/* crowd.h: visitors and agents who talk at once, in one thread, and what their logs say against the database. */
#ifndef KF_TESTS_FAULT_CROWD_H
#define KF_TESTS_FAULT_CROWD_H

#include "fault/platform.h"
#include "fault/talker.h"

#define CROWD_SITE "fault"
#define CROWD_MAX  256

struct crowd {
    uint64_t seed;
    struct talker *talkers; /* visitors first */
    int n, n_visitors, n_agents;
    struct talker_pace pace;
    struct platform *platform; /* beside them; NULL none */
};

/* Adds the site to the daemon, which is running, and brings `visitors` and `agents` into it; the agents are online when this returns.
 * `channels`: more members of the set's "channels" (",\"api\":{…}"), "" none. Returns what the operator was told, owned. */
json_t *crowd_enter(struct crowd *c, const struct daemon *d, uint64_t seed, int visitors, int agents, const char *channels);
void crowd_free(struct crowd *c);
/* One turn: everybody does what is due, then hears what comes within `ms`. */
void crowd_turn(struct crowd *c, const struct daemon *d, int ms);
/* Turns until `ms` have passed or the daemon has ended by itself: true if it has. */
bool crowd_live(struct crowd *c, const struct daemon *d, int ms);
/* Has the daemon ended? It stays to be reaped. */
bool daemon_ended(const struct daemon *d);
int crowd_up(const struct crowd *c); /* who is there of those who should be */
int crowd_open(const struct crowd *c);
int crowd_said(const struct crowd *c);
int crowd_acked(const struct crowd *c);
/* Nobody says anything new; returns when all is answered, and all that was answered has been seen by all who should. Fails the test
 * if that does not come about. */
void crowd_settle(struct crowd *c, const struct daemon *d);

/* ---- the oracle ---- */

struct verdict {
    int sent, acked, refused, unanswered;
    int refused_rows; /* told no when they were repeated, for the conversation was not theirs any more; stored all the same */
    int rows;         /* messages of theirs in the database */
    int lost;         /* acknowledged, and not there, or not as it was acknowledged */
    int duplicated;   /* the same client id twice */
    int reordered;    /* of one sender in one conversation, against the order of sending */
    int gaps;         /* conversations whose seq is not 1 … n */
    int unseen;       /* acknowledged, and a visitor of the conversation has never seen it */
    int fickle, backwards, errors, released, breaks, repeated;
    int conversations;
    int ack_p50_ms, ack_p99_ms, ack_max_ms;
    char first_error[200];
};

/* Reads the database itself, while nobody has it open. */
void crowd_judge(struct crowd *c, const char *database, struct verdict *ret);
/* One block of lines; `title` first. */
void verdict_print(const struct verdict *v, const char *title, uint64_t seed);
/* All that must be 0. */
void verdict_holds(const struct verdict *v);

#endif
