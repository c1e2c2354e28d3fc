/* kinds.h: the kinds of documents that make a site, each with its table of keys and the struct that it fills. */
#ifndef KF_SETTINGS_KINDS_H
#define KF_SETTINGS_KINDS_H

#include "settings/keys.h"
#include "settings/site.h"

/* As document kinds go, in the order in which a site is put together. */
enum kind {
    KIND_SITE,
    KIND_HOURS,
    KIND_SKILL,
    KIND_QUEUE,
    KIND_CHANNEL,
    KIND_WORDING,
    KIND_RULE,
    KIND_CANNED,
    KIND_FORBIDDEN,
    KIND_BAN,
    KIND_ARTICLE,
    KIND_BOT,
    KIND_SCORECARD,
    KIND_SCHEDULE,
    KIND_CHECK,
    KIND_COUNT
};

/* -1: there is no such kind. */
int kind_parse(struct slice s);
const char *kind_name(enum kind k);
/* The table of a kind, for help and forms; NULL for wordings, whose members are free. */
const struct key *kind_keys(enum kind k);
/* Of a person in a set. */
extern const struct key person_keys[];

/* What a document fills: the noun itself, and what only building needs. */
struct rule_document {
    struct rule rule;
    int order; /* rules stand in this order, then by key */
};
struct schedule_document {
    struct schedule schedule;
    const char *at; /* "09:30" */
    const char *const *agents, *const *reviewers;
    size_t n_agents, n_reviewers;
};
union filled {
    struct site site;
    struct site_hours hours;
    struct site_queue queue;
    struct site_channel channel;
    struct rule_document rule;
    struct site_canned canned;
    struct site_skill skill;
    struct site_forbidden forbidden;
    struct site_ban ban;
    struct scorecard scorecard;
    struct schedule_document schedule;
    struct check check;
    struct article article;
    struct site_bot bot;
};

/* bots.c */
extern const struct key bot_keys[];
/* What the table cannot tell. */
enum kf_rc bot_finish(const struct keys_at *at, const struct kf_key *key, struct site_bot *b);

/* templates.c: of a channel, for its table. */
enum kf_rc templates_take(const struct keys_at *at, const struct key *k, struct json_t *list, void *into);

/* checks.c */
extern const struct key check_keys[];
enum kf_rc check_finish(const struct keys_at *at, const struct kf_key *key, struct check *c);

/* scorecards.c */
extern const struct key scorecard_keys[];
/* schedules.c */
extern const struct key schedule_keys[];
/* What the table cannot tell. */
enum kf_rc schedule_finish(const struct keys_at *at, const struct kf_key *key, struct schedule_document *d);
/* rules.c */
extern const struct key rule_keys[];
/* What the table cannot tell: does it go together? */
enum kf_rc rule_finish(const struct keys_at *at, const struct kf_key *key, const struct json_t *body, struct rule_document *d);

/* articles.c */
extern const struct key article_keys[];
enum kf_rc article_finish(const struct keys_at *at, const struct kf_key *key, struct article *a);

/* {"deleted":true}: a document that is no more. */
bool document_deleted(struct json_t *body);
/* Reads a document of any kind but wordings, checks what can be checked of it alone. */
enum kf_rc document_read(const struct keys_at *at, enum kind k, const struct kf_key *key, struct json_t *body, union filled *ret);
/* {"key": "text", …}: calls `each` for every text until it fails. */
enum kf_rc wordings_read(const struct keys_at *at, struct json_t *body, enum kf_rc (*each)(void *ctx, const char *key, const char *text),
                         void *ctx);
/* The language that a wording document's key means ("zh-tw" → "zh-TW"), NULL: none that we speak. */
const char *language_of_key(const struct kf_key *key);

#endif
