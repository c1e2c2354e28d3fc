/* rule.h: auto-reply rules as data, evaluated by a pure function.
 *
 * A rule listens to an event, has conditions that must all hold, and acts: it says a wording, offers choices, takes a message, tags,
 * moves, invites, closes. How often is part of the rule; that two nodes never fire it twice is held by the store (firing is unique there).
 *
 *   event ──► its conditions hold? ──► fired for this cause before? ──► cool-down, a machine, mid-talk? ──► fires
 *                     │ no                       │ yes                            │ yes
 *                     └── nothing                └── nothing                      └── held back, and the timeline says why
 */
#ifndef KF_CORE_RULE_H
#define KF_CORE_RULE_H

#include "core/answer.h"
#include "core/conv.h"
#include "core/hours.h"
#include "core/id.h"
#include "core/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The order of the words in rule.c, and of those in the settings. */
enum rule_event {
    RULE_OPENED,         /* the first message of a conversation */
    RULE_MESSAGE,        /* a message of the visitor */
    RULE_WAITING,        /* waits for `after_ms` */
    RULE_NOBODY,         /* waits or writes, and nobody of the queue is there (in business hours) */
    RULE_OUTSIDE,        /* writes outside business hours */
    RULE_AWAY,           /* the agent who serves it went away */
    RULE_ASSIGNED,       /* somebody has taken it */
    RULE_RETURNED,       /* it went back to the queue */
    RULE_CLOSED,         /* it has ended */
    RULE_SILENT_AGENT,   /* the visitor has waited for an answer for `after_ms` */
    RULE_SILENT_VISITOR, /* the agent has waited for `after_ms` */
    RULE_TRANSFERRED,    /* it was given to somebody else */
    RULE_REOPENED,       /* the visitor has come back to a conversation that was closed */
    RULE_BACK,           /* the agent of whose absence the visitor was told is there again */
    RULE_RATED,          /* the visitor has rated */
    RULE_CLOSING,        /* notice was given `after_ms` ago that it will be closed */
    RULE_DUE             /* the rule `of` fired `after_ms` ago, and the visitor has not written since */
};

enum rule_action {
    RULE_SAY = 1,      /* the wording */
    RULE_FORM = 2,     /* ask for contact details: offer the message form */
    RULE_PARK = 4,     /* take the conversation for later: it waits again when somebody of its queue is there */
    RULE_INVITE = 8,   /* to rate */
    RULE_CHOICES = 16, /* offer choices with the wording */
    RULE_TAG = 32,
    RULE_PRIORITY = 64,
    RULE_MOVE = 128,   /* to the queue `to` */
    RULE_CLOSE = 256,  /* now, or `notice_ms` after it fired unless somebody writes */
    RULE_ANSWER = 512, /* offer the articles that answer what was asked, with the wording; where none does, the rule does not fire */
    RULE_BOT = 1024    /* to the bot `bot` */
};

enum rule_often {
    RULE_ONCE_CONVERSATION,
    RULE_ONCE_CAUSE,
    RULE_ONCE_VISITOR, /* the contact: over all conversations */
    RULE_ONCE_DAY      /* the contact, by the calendar of the queue's time zone */
};

enum rule_answer { RULE_EITHER, RULE_YES, RULE_NO };

struct rule_fact {
    const char *name, *value; /* in a condition "*" is any value */
};

#define RULE_WORDS_MAX 8

struct rule_words {
    struct kf_key at[RULE_WORDS_MAX];
    size_t n;
};

/* All that is set must hold. */
struct rule_when {
    struct rule_words queues, channels, adapters, not_adapters; /* n 0: any */
    unsigned languages;                                         /* 1 zh-CN, 2 zh-TW, 4 en; 0 any */
    unsigned days;                                              /* 1 Monday, 2 Tuesday …; 0 any */
    struct hours_span clock[4];                                 /* n_clock 0: at any time */
    size_t n_clock;
    int position_min, position_max;   /* 0: not asked; a position that is not known fits neither */
    int64_t wait_min_ms, wait_max_ms; /* since its arrival; 0: not asked */
    int messages_min, messages_max;   /* of the visitor in this conversation, this one included */
    int rating_min, rating_max;       /* 0: not asked */
    const char *const *keywords;      /* one of them is enough: each a query of segment.h */
    size_t n_keywords;                /* 0: any text */
    /* Of each keyword forbid_spaced() of its first word: a text without that does not hold the keyword. "" nothing is known; NULL: of none. */
    const char *const *hints;
    const char *const *choices; /* ids: the visitor has picked one of them */
    size_t n_choices;
    const struct rule_fact *facts; /* all of them, of what is known of the visitor */
    size_t n_facts;
    enum rule_answer first_contact; /* the visitor's first conversation on this channel */
    enum rule_answer replied;       /* has a person answered in this conversation? */
    enum rule_answer staffed, open;
};

struct rule_choice {
    const char *id;
    const char *wording; /* the key of its label; NULL: `label` */
    const char *label;
};

struct rule {
    struct kf_key key;
    bool off;
    enum rule_event event;
    int64_t after_ms;
    int64_t every_ms;             /* of events that count time: again so often; 0: once */
    int times;                    /* … but not more often than this; 0: without end */
    struct kf_key of;             /* RULE_DUE: the rule that fired */
    struct kf_key unless;         /* a rule: not where its keywords are said, or its choices picked; "" none */
    struct kf_key queue, channel; /* "" any */
    struct rule_when when;
    bool mid_talk; /* also while an agent serves the conversation */
    enum rule_often often;
    int64_t cooldown_ms; /* not again so soon after it fired in this conversation; 0: no such bound */
    unsigned actions;    /* set of rule_action */
    const char *wording; /* key of the wording */
    const struct rule_choice *choices;
    size_t n_choices;
    const char *const *tags;
    size_t n_tags;
    int priority;
    struct kf_key to;
    struct kf_key bot;
    int64_t notice_ms;
    const char *closing_wording; /* said when it is closed; NULL: "closed_idle" */
    int threshold;               /* of RULE_ANSWER: the score from which on an article is offered */
};

/* Something that has fired before, as the store has it. What was held back is there, too: its cause begins with '-'. */
struct rule_fired {
    struct kf_key rule;
    const char *cause;
    int64_t at;
    bool elsewhere; /* in another conversation of the same contact */
};

/* So many of the newest texts of a visitor are held against the articles when it is no message that a rule listens to. */
#define RULE_SAID_MAX 4

/* All that a rule may know. */
struct rule_facts {
    const struct conv *conv;
    const struct message *message; /* the event's message, NULL when it has become due */
    const char *choice;            /* that the message picks; NULL none */
    const char *adapter;           /* of the channel, "" unknown */
    const char *language;          /* that the visitor is spoken to in */
    bool staffed;                  /* somebody of its queue is online (or busy) and connected */
    bool open_hours;
    bool agent_away; /* the owner's presence is away */
    int64_t agent_away_since;
    const char *automatic; /* why the message is held to be a machine's: "marked" "echo" "repeats" "busy"; NULL: it is not */
    int position;          /* in the queue; 0 unknown */
    int messages;          /* of the visitor up to this one */
    bool first_contact;
    const struct rule_fact *profile;
    size_t n_profile;
    const struct rule_fired *fired;
    size_t n_fired;
    const struct answer_index *answers; /* NULL: the house has no articles */
    struct slice said[RULE_SAID_MAX];   /* what the visitor has written last, the newest first; without what was picked from choices */
    size_t n_said;
    bool put_off; /* a rule has taken a message in this look already */
    int64_t now_ms;
    int64_t wall_ms; /* the same on the wall clock of the queue's time zone */
};

enum rule_verdict {
    RULE_FIRES,
    RULE_CLOSES, /* the notice that it gave before is over: close */
    RULE_HELD    /* would have fired; `held` says why not */
};

struct rule_firing {
    const struct rule *rule;
    enum rule_verdict verdict;
    const char *held; /* "mid_talk" "cooldown" "automatic" */
    /* "" once per conversation; else what it was: "away:1763740800000", "seq:3", "visitor", "day:20778"; "-mid_talk" when held. */
    char cause[40];
    struct answer_hit hits[ANSWER_HITS]; /* of RULE_ANSWER: what is offered, the best first */
    size_t n_hits;
};

/* Does it take a message, and let the visitor wait no more? */
bool rule_puts_off(const struct rule_firing *f);
/* Is what it says needless once a message form has come? It asks for one, or it is the greeting in place of which one is thanked. */
bool rule_form_answers(const struct rule *r);
/* Does one that fires say that wording? */
bool rule_wording_said(const struct rule_firing *f, size_t n, const char *wording);
/* What happens for message `facts->message`, or for what is due when it is NULL, in the order of the rules. Writes at most `max`, returns
 * how many. What has fired before (facts->fired) is left out. */
size_t rule_match(const struct rule *rules, size_t n, const struct rule_facts *facts, struct rule_firing *ret, size_t max);
/* Does the visitor say the keywords of the rule that it names in `unless`, or pick its choices? Where nothing is being said, what was said
 * last counts. */
bool rule_outdone(const struct rule *rules, size_t n, const struct rule *r, const struct rule_facts *facts);
/* When a rule wants to look at the conversation again if nothing happens; 0 never. Times in the past are not returned. */
int64_t rule_next_due(const struct rule *rules, size_t n, const struct rule_facts *facts);
/* The states in which no rule listens to a plain message of `role`, but for the silence after it and for certain words: see
 * change.unruled. */
unsigned rule_deaf_states(const struct rule *rules, size_t n, enum role role);
/* Does the text hold one of its keywords? Without keywords it does not. */
bool rule_says(const struct rule_when *w, struct slice text);
/* Does a rule wait for words that are in this text, or for a choice? Then it is to be asked in every state: where it is held back, that is
 * written down. */
bool rule_words_hit(const struct rule *rules, size_t n, struct slice text, bool choice);
/* How long after a message of `role` in a served conversation the first rule asks whether it was answered; 0: none does. */
int64_t rule_quiet_ms(const struct rule *rules, size_t n, enum role role);
/* Do the conditions hold? Where not, *which names the first that does not ("keywords"), for people who try a rule. */
bool rule_when_holds(const struct rule_when *w, const struct rule_facts *facts, const char **which);

/* What must be read before the rules can be asked, and when else they want to be. */
enum rule_need {
    RULE_NEED_FIRED = 1, /* of the contact, and whether it is the first contact */
    RULE_NEED_PROFILE = 2,
    RULE_NEED_POSITION = 4,
    RULE_NEED_OFFERED = 8, /* asked by whoever reads a number from a visitor: the choices that were offered last */
    RULE_NEED_LEAVING = 16 /* a look at who waits when the last agent goes: nothing else happens to them */
};
unsigned rule_needs(const struct rule *rules, size_t n);
/* So far must a visitor's messages be counted, for more make no difference to any rule; 0: not at all. */
int rule_counts_to(const struct rule *rules, size_t n);

/* Answers of rules in a row to a visitor who is never answered by a person: beyond RULE_BUSY_MAX within RULE_BUSY_MS the other side is held
 * to be a machine, and the rules fall silent. */
#define RULE_BUSY_MAX 10
#define RULE_BUSY_MS  (10 * 60000)
/* The same text so often in a row is a machine's. */
#define RULE_REPEATS_MAX 4
bool rule_too_busy(const struct rule_facts *facts);

bool rule_event_parse(struct slice s, enum rule_event *ret);
const char *rule_event_name(enum rule_event e);

#endif
