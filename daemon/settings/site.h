/* site.h: one site as it is set up: an immutable, counted snapshot of its documents. A change swaps the snapshot; whoever holds a
 * reference goes on with the old one.
 *
 * Documents are JSON; one table of keys per kind gives parser, defaults, ranges and help. An unknown key is an error. */
#ifndef KF_SETTINGS_SITE_H
#define KF_SETTINGS_SITE_H

#include "core/address.h"
#include "core/answer.h"
#include "core/check.h"
#include "core/forbid.h"
#include "core/hours.h"
#include "core/id.h"
#include "core/rc.h"
#include "core/rule.h"
#include "core/schedule.h"
#include "core/score.h"
#include "core/slice.h"
#include "core/template.h"
#include "core/wording.h"

#include <stdbool.h>
#include <stddef.h>

/* A document as the store has it. kinds: "site" (key "site"), "hours", "channel", "queue", "rule", "wording" (key: language, "zh-cn"), "canned", "skill",
 * "forbidden", "ban", "article", "bot", "scorecard", "schedule", "check".
 * Documents are never removed: {"deleted":true} is one that is no more. */
struct document {
    struct kf_key kind, key;
    int64_t version;
    const char *body; /* a JSON object */
};

struct site_channel {
    struct kf_key key;
    const char *adapter; /* "widget" for the web page, else the name of a protocols/ adapter */
    const char *name;
    bool off;
    struct kf_key queue;        /* where its conversations go */
    const char *hook;           /* 32 hex digits of /hooks/{key}; NULL for the widget */
    const char *settings;       /* the adapter's own settings, JSON; the adapter's key table checks them */
    const char *const *notices; /* events ("joined", "closed" ...) whose words are sent there like a message */
    size_t n_notices;
    int weight, priority;
    const struct template *templates; /* what agents may choose from once the time for replies is over, and before */
    size_t n_templates;
};

struct site_queue {
    struct kf_key key;
    const char *name;
    bool offer;       /* agents accept or refuse; else conversations are assigned at once */
    int64_t offer_ms; /* how long an offer stands */
    struct kf_key skills[8];
    size_t n_skills;
    bool language;                    /* of the visitor: needed too */
    int64_t ring_ms[2];               /* after so long in the queue … */
    struct kf_key ring1[8], ring2[8]; /* … these are not needed any more; "language": the language */
    size_t n_ring1, n_ring2;
    int64_t overflow_ms;
    struct kf_key overflow; /* "" none */
    int64_t limit_ms, retry_ms;
    int64_t silent_ms[3]; /* an agent has not answered: reminder, alert, back to the line */
    int64_t wrapup_ms;    /* -1: as the site says */
    int priority;
    struct kf_key bot;        /* talks first to who comes here; "" none */
    struct kf_key department; /* "" none */
    bool paused;
    struct hours hours;      /* its own, those that it names, or the site's; open day and night where there are none */
    bool own_hours;          /* written into its document */
    struct kf_key hours_key; /* "" not named */
    const char *zone;        /* IANA name */
};

/* Business hours that several queues keep. */
struct site_hours {
    struct kf_key key;
    const char *name, *zone; /* zone NULL: the site's */
    struct hours hours;
};

struct site_canned {
    struct kf_key key;
    const char *code;     /* short code typed after '/' */
    const char *initials; /* pinyin initials of the title, lower case */
    const char *title, *text, *lang;
    const char *folder;      /* "" none */
    struct kf_key queues[8]; /* n_queues 0: of all */
    size_t n_queues;
    const char *person; /* an id: nobody else has it; NULL: everybody */
};

struct site_skill {
    struct kf_key key;
    const char *name;
};

/* A list of what no agent should say, as it is written down; a site has the words of all lists. */
struct site_forbidden {
    struct kf_key key;
    const char *name, *advice;
    const char *const *words;
    size_t n_words;
    bool off;
};

/* Somebody who may not write. One of visitor, network, and user of a channel is set. */
struct site_ban {
    struct kf_key key;
    const char *visitor; /* the id of a contact */
    const char *address; /* "203.0.113.0/24" */
    struct network network;
    bool has_network;
    struct kf_key channel;
    const char *user; /* the platform's name of somebody on that channel */
    bool mute;        /* for a while, rather than for good: only the words differ */
    const char *reason;
    int64_t until; /* 0: until it is taken back */
};

/* The order of the words in kinds.c. */
enum bot_form { BOT_OWN, BOT_OPENAI, BOT_CHATWOOT };

/* A machine that talks to visitors before people do. */
struct site_bot {
    struct kf_key key;
    const char *name; /* what visitors read */
    enum bot_form form;
    bool off;
    const char *url;
    const char *secret;  /* signs what it is sent; NULL: not signed */
    const char *token;   /* NULL none. BOT_CHATWOOT: what it shows when it calls */
    struct kf_key queue; /* where it hands over to; "" the conversation's own */
    int64_t timeout_ms;
    int attempts;       /* of one turn */
    int confidence_min; /* percent; below it the bot is not believed */
    int turns_max;      /* answers in one conversation */
    int history_max;    /* messages that it is shown */
    int64_t idle_ms;    /* a visitor who has been silent for so long after its answer is let go; 0: never */
    /* Of a model. */
    const char *model, *prompt;
    bool developer;         /* the prompt's role is `developer`, not `system` */
    bool completion_tokens; /* tokens_max goes as max_completion_tokens, not max_tokens */
    bool no_tools;
    int tokens_max;
    const char *const *handoff_words;
    size_t n_handoff_words; /* 0: the keywords of the rule "person_words" */
};

#define SITE_SCHEDULES 32

enum links { LINKS_ANY, LINKS_LISTED, LINKS_NONE };

struct site {
    int refs;
    struct kf_key key;
    const char *name;
    const char *language;     /* default one: "zh-CN" */
    const char *zone;         /* of reports and hours */
    struct kf_key hours_key;  /* of queues that name none; "" none */
    struct hours hours;       /* those, in the site's zone */
    const char *color;        /* "#0b5fd0" */
    const char *const *embed; /* origins that may embed the widget; n_embed 0: none but ourselves */
    size_t n_embed;
    const char *identity_secret;  /* NULL: identities are not believed */
    const char *token_secret;     /* signs visitors' tokens and the addresses of files; made at first start */
    const char *token_secret_old; /* what was signed with this one still holds: while the secret is being changed; NULL */
    int text_max;                 /* code points of a message */
    int64_t file_max;             /* bytes of an upload */
    int64_t reopen_ms;            /* 10 min */
    int64_t grace_ms;             /* an agent may be away from the net for so long: 30 s */
    int64_t wrapup_ms;            /* 0 */
    int64_t sticky_ms;
    int missed_max;     /* 2 */
    int64_t refused_ms; /* 30 s */
    int64_t returning_ms;
    int returning_priority, vip_priority;
    int64_t recall_ms;             /* 2 min */
    enum links links;              /* in what visitors write */
    const char *const *link_hosts; /* of LINKS_LISTED */
    size_t n_link_hosts;
    int duplicate_max;               /* the same text of a visitor within a minute; 0: no bound */
    int message_burst, message_rate; /* 0: those of the installation */
    const struct site_channel *channels;
    size_t n_channels;
    const struct site_hours *calendars;
    size_t n_calendars;
    const struct site_queue *queues;
    size_t n_queues;
    const struct rule *rules;
    size_t n_rules;
    const struct wording *wordings; /* the site's own first, then the shipped defaults */
    size_t n_wordings;
    const struct site_canned *canned;
    size_t n_canned;
    const struct site_skill *skills;
    size_t n_skills;
    const struct forbidden_word *forbidden;
    size_t n_forbidden;
    const struct site_ban *bans;
    size_t n_bans;
    const struct scorecard *scorecards; /* the site's own first, then the shipped ones; `body` is their document */
    size_t n_scorecards;
    const struct schedule *schedules;
    size_t n_schedules;         /* at most SITE_SCHEDULES */
    const struct check *checks; /* as the scorecards */
    size_t n_checks;
    const struct article *articles;
    size_t n_articles;
    const struct answer_index *answers; /* of those that are published; NULL: there are no articles */
    const struct site_bot *bots;
    size_t n_bots;
};

/* Builds a snapshot (one reference) from the documents of one site. On failure `why` names document, member and reason. */
enum kf_rc site_build(struct site **ret, const struct kf_key *key, const struct document *docs, size_t n, struct kf_err *why);
struct site *site_ref(struct site *s);
void site_unref(struct site *s);

const struct site_channel *site_channel(const struct site *s, const struct kf_key *key);
const struct template *site_template(const struct site_channel *ch, struct slice key); /* NULL: it has none of that key */
const struct site_channel *site_channel_by_hook(const struct site *s, struct slice hook);
const struct article *site_article(const struct site *s, const struct kf_key *key);
const struct site_queue *site_queue(const struct site *s, const struct kf_key *key);
const struct site_bot *site_bot(const struct site *s, const struct kf_key *key);
/* -1 if there is none of that name. */
int site_queue_number(const struct site *s, const struct kf_key *key);
const struct schedule *site_schedule(const struct site *s, const struct kf_key *key);
const struct scorecard *site_scorecard(const struct site *s, const struct kf_key *key); /* NULL: there is none */

const struct check *site_check(const struct site *s, const struct kf_key *key); /* likewise */

/* One document alone: does it fit its kind's table? For the API and kefuctl. */
enum kf_rc document_check(const char *kind, struct slice body, struct kf_err *why);

/* A set, as config/sites/demo.json is one: {"site":{"key":"demo",…},"channels":{key:{…}},"queues":{…},"rules":[…],"wordings":{lang:{key:text}},
 * "canned":[…],"people":[{"email","name","number","roles","queues","skills","capacity"}]} taken apart into documents and people.
 * All lives in `arena`. */
struct site_person {
    const char *email, *name, *number;
    unsigned roles;
    int capacity;
    struct kf_key queues[32], skills[32];
    size_t n_queues, n_skills;
    uint8_t levels[32];
};
struct arena;
struct site_set {
    struct kf_key key;
    struct document *docs;
    size_t n_docs;
    struct site_person *people;
    size_t n_people;
};
enum kf_rc site_set_parse(struct slice json, struct arena *arena, struct site_set *ret, struct kf_err *why);

#endif
