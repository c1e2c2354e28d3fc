/* conv.h: one conversation, from the first word to the close.
 *
 *   BOT ──► WAITING ──► OFFERED ──► SERVED ──► CLOSED
 *              ▲  ▲────refused─┘      │          │
 *              │  └────agent lost─────┘          │
 *              └───────came back in time─────────┘
 *   No accept needed: WAITING ──► SERVED. Taken for later: PARKED, then WAITING.
 *   Handed to a bot: WAITING or PARKED ──► BOT; the bot hands over or puts it off (PARKED), or a person takes it: a person's first word ends
 *   the bot's part.
 *   Handed to a person: OFFERED or SERVED, with `back`, who has it again if that person refuses.
 *
 * The store owns every conversation. Its state changes through one door, conv_step(), which the store calls inside the
 * commit, with the row as it is then: no decision is made on a stale row. Pure: time comes in. */
#ifndef KF_CORE_CONV_H
#define KF_CORE_CONV_H

#include "core/id.h"
#include "core/message.h"
#include "core/rc.h"

#include <stdbool.h>
#include <stdint.h>

/* The numbers are stored: only append. */
enum conv_state {
    CONV_BOT = 0,
    CONV_WAITING = 1,
    CONV_OFFERED = 2, /* to `owner`, until `until` */
    CONV_SERVED = 3,  /* by `owner` */
    CONV_PARKED = 4,  /* until `until`; 0: until somebody of its queue is online */
    CONV_CLOSED = 5
};

struct conv {
    struct kf_id id;
    struct kf_key site, channel, queue;
    struct kf_id contact, customer;
    struct kf_id previous; /* the conversation before this one with the same peer, or zero */
    const char *peer;      /* the platform's name of the exchange; borrowed from the arena it was read into */
    const char *locale;    /* of the visitor, "" unknown */
    enum conv_state state;
    int64_t seq;             /* of the newest message */
    int64_t epoch;           /* rises by one at each change of owner, of waiting, or of the place in line: the fencing token */
    struct kf_id owner;      /* while offered or served, else zero */
    struct kf_id last_agent; /* who served it last, while it was not served: routed to first */
    int64_t until;           /* of OFFERED and PARKED; 0 none */
    int priority;            /* each point is worth 60 s of waiting */
    int weight;              /* places that it takes of its agent; 0: 1 */
    struct kf_id back;       /* who has handed it over, until the other one has taken it; zero: nobody */
    struct kf_key bot;       /* while BOT: which one talks, by the key of its document; afterwards which one has; "" none */
    struct kf_id helper;     /* a second person who may speak in it; the owner stays the one */

    /* Times in ms; 0: never. */
    int64_t opened_at;
    int64_t arrived_at; /* entry into the queue: kept when an agent is lost or refuses, new after a reopening */
    int64_t
        queued_at; /* since when it has waited in this queue: later than arrived_at when it was moved, taken for later, or lost by an agent */
    bool overflowed;   /* it came into this queue because nobody was free in another one; over when somebody has served it */
    int64_t served_at; /* of the present owner */
    int64_t closed_at;
    int64_t wrapup_until; /* closed, and still holding its place with last_agent */
    int64_t visitor_at;   /* last message by the visitor */
    int64_t staff_at;     /* last message by a person of the staff */
    int64_t asked_at;     /* first message of the visitor that no person has answered; 0: all are */
    int nagged;           /* how often somebody was told of that: once the owner, twice a supervisor too */

    int64_t visitor_read, staff_read; /* seq up to which each side has read */
    int64_t ruled_seq;                /* the rules have looked at everything up to here */
    int64_t heard_seq;                /* the last message that they have to look at: those behind it concern no rule */
    int64_t rule_due_at;              /* when a rule wants to look again; 0 never */
    int rating;                       /* 0: none */
    bool invited;                     /* to rate */
    int64_t reopened;                 /* how often */
    const char *visitor_name;         /* of the customer, "" unknown; only where it was read to be shown, else NULL; borrowed as `peer` */
};

/* What happens to a conversation. */
enum conv_event_kind {
    CONV_NOTHING = 0,     /* a look: like every other event it clears a wrap-up that is over, so that the row is due no more */
    CONV_VISITOR_SAYS,    /* closed → waiting when in time (the store opens a new one otherwise); parked → waiting if `staffed` */
    CONV_STAFF_SAYS,      /* by the owner, under `epoch` */
    CONV_ASSIGN,          /* waiting → served by `person`: an automatic match, under `epoch` */
    CONV_OFFER,           /* waiting → offered to `person` until `until`, under `epoch` */
    CONV_ACCEPT,          /* offered → served, by `person` under `epoch` */
    CONV_REFUSE,          /* offered, or served with `back`: by `person` under `epoch`: refused, timed out, disconnected.
                           * → served by `back`, if that one is there, else → waiting */
    CONV_RETURN,          /* served → waiting under `epoch`: the agent was lost or gave it back; first arrival kept */
    CONV_TRANSFER_PERSON, /* any open state → offered (if `until`) or served by `person`, under `epoch`; `back` is who served it */
    CONV_TRANSFER_QUEUE, /* served, or with the bot → waiting in `queue`, under `epoch`; arrival now. Waiting, offered, parked: arrival kept */
    CONV_TAKE,           /* any open state → served by `person`: takeover, or `a` in the console; under `epoch` */
    CONV_PARK,           /* waiting → parked until `until`. With the bot: likewise, for `queue` if one is named; arrival now */
    CONV_MOVE,           /* waiting or parked → waiting in `queue`, under `epoch`; arrival kept: the visitor has asked for nothing else */
    CONV_UNPARK,         /* parked → waiting; arrival kept */
    CONV_CLOSE,          /* any open state → closed; wrap-up if a person served it */
    CONV_READY,          /* closed and wrapping up with `person` → closed: the place is free before its time */
    CONV_HELP,           /* offered or served: `person` is the helper from now on; zero: nobody. No new epoch */
    CONV_NAG,            /* served: `number` is how often somebody was told that the visitor waits for an answer, and rises */
    CONV_HAND_BOT        /* waiting or parked → with the bot `bot`, under `epoch` */
};

struct conv_event {
    enum conv_event_kind kind;
    struct kf_id person;
    struct kf_key queue, bot;
    int64_t epoch; /* the one it was decided on; -1: whatever it is (visitors, rules) */
    int64_t until;
    int64_t wrapup_ms; /* CONV_CLOSE: how long the place stays taken */
    bool overflows;    /* CONV_MOVE: nobody was free where it waited */
    bool staffed;      /* CONV_VISITOR_SAYS: somebody of the queue is there. CONV_REFUSE: so is `back`, who serves it again */
    int number;
};

/* The conversation after `ev`. KF_CONFLICT when the epoch or the owner is not what `ev` was decided on, or the state does not know
 * this event (the words say which); then `ret` is not written. CONV_VISITOR_SAYS never fails. */
enum kf_rc conv_step(const struct conv *c, const struct conv_event *ev, int64_t now_ms, struct conv *ret, struct kf_err *why);

/* Has a person or a bot ever had it? Else there is nobody to be rated. */
bool conv_was_served(const struct conv *c);
/* The earliest time at which somebody must look at this row again; INT64_MAX: never. The one definition of due_at. */
int64_t conv_due(const struct conv *c);

/* The order of waiting: arrival − 60 s × priority, smaller goes first. */
static inline int64_t conv_effective(const struct conv *c)
{
    return c->arrived_at - 60000 * (int64_t)c->priority;
}

/* Places that it takes. */
static inline int conv_weight(const struct conv *c)
{
    return c->weight > 0 ? c->weight : 1;
}

/* Since when the visitor waits for an answer of the present owner; 0: for none. */
static inline int64_t conv_unanswered(const struct conv *c)
{
    return c->state != CONV_SERVED || !c->asked_at ? 0 : c->asked_at > c->served_at ? c->asked_at : c->served_at;
}

static inline bool conv_is_open(const struct conv *c)
{
    return c->state != CONV_CLOSED;
}

/* True for states that hold one place of `owner` (or, while wrapping up, of last_agent). */
bool conv_holds_place(const struct conv *c, int64_t now_ms);

const char *conv_state_name(enum conv_state s);
/* What a visitor's wire shows: bot is served, offered and parked are waiting. */
const char *conv_state_public(enum conv_state s);

#endif
