/* rule.h: auto-reply rules as data, evaluated by a pure function.
 *
 * A rule listens to an event, has conditions that must all hold, and says a wording. How often is part of the rule; that it
 * fires at most once per conversation and cause is held by the store (firing is unique there). */
#ifndef KF_CORE_RULE_H
#define KF_CORE_RULE_H

#include "core/conv.h"
#include "core/id.h"
#include "core/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rule_event {
    RULE_OPENED,   /* the first message of a conversation */
    RULE_MESSAGE,  /* a message of the visitor */
    RULE_WAITING,  /* waits for `after_ms` */
    RULE_NOBODY,   /* waits or writes, and nobody of the queue is there (in business hours) */
    RULE_OUTSIDE,  /* writes outside business hours */
    RULE_AWAY,     /* the agent who serves it went away */
    RULE_ASSIGNED, /* somebody has taken it */
    RULE_RETURNED, /* it went back to the queue */
    RULE_CLOSED,
    RULE_SILENT_AGENT,  /* the visitor has waited for an answer for `after_ms` */
    RULE_SILENT_VISITOR /* the agent has waited for `after_ms` */
};

enum rule_action {
    RULE_SAY = 1,   /* the wording */
    RULE_FORM = 2,  /* ask for contact details: offer the message form */
    RULE_PARK = 4,  /* take the conversation for later: it waits again when somebody of its queue is there */
    RULE_INVITE = 8 /* to rate */
};

enum rule_often { RULE_ONCE_CONVERSATION, RULE_ONCE_CAUSE };

struct rule {
    struct kf_key key;
    bool off;
    enum rule_event event;
    int64_t after_ms;
    struct kf_key queue, channel; /* "" any */
    bool mid_talk;                /* also while an agent serves the conversation */
    enum rule_often often;
    unsigned actions;    /* set of rule_action */
    const char *wording; /* key of the wording */
};

/* All that a rule may know. */
struct rule_facts {
    const struct conv *conv;
    const struct message *message; /* the event's message, NULL when it has become due */
    bool staffed;                  /* somebody of its queue is online (or busy) and connected */
    bool open_hours;
    bool agent_away; /* the owner's presence is away */
    int64_t agent_away_since;
    bool automatic; /* the message was made by a machine on the other side */
    int64_t now_ms;
};

struct rule_firing {
    const struct rule *rule;
    char cause[24]; /* "" once per conversation; else what it was: "away:1763740800000", "epoch:3" */
};

/* Which rules fire for what has happened with message `facts->message` (or for what is due when it is NULL), in the order of the
 * rules. Writes at most `max`, returns how many. Does not know what fired before: the store does. */
size_t rule_match(const struct rule *rules, size_t n, const struct rule_facts *facts, struct rule_firing *ret, size_t max);
/* When a rule wants to look at the conversation again if nothing happens; 0 never. Times in the past are not returned. */
int64_t rule_next_due(const struct rule *rules, size_t n, const struct rule_facts *facts);
/* The states in which no rule listens to a plain message of `role`: see change.unruled. */
unsigned rule_deaf_states(const struct rule *rules, size_t n, enum role role);

bool rule_event_parse(struct slice s, enum rule_event *ret);
const char *rule_event_name(enum rule_event e);

#endif
