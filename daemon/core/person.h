/* person.h: the staff. A person belongs to the installation, a member to a site. */
#ifndef KF_CORE_PERSON_H
#define KF_CORE_PERSON_H

#include "core/id.h"
#include "core/inbound.h"

#include <stdbool.h>
#include <stdint.h>

/* Roles of a member, a set. The numbers are stored. */
enum { MEMBER_AGENT = 1, MEMBER_SUPERVISOR = 2, MEMBER_REVIEWER = 4, MEMBER_ADMIN = 8 };

struct person {
    struct kf_id id;
    const char *email; /* lower case; unique per installation */
    const char *name;
    const char *password; /* the Argon2id string; NULL where it was not asked for */
    bool disabled;
    int64_t created_at;
};

#define MEMBER_QUEUES_MAX 32
#define MEMBER_SKILLS_MAX 32

struct member {
    struct kf_id person;
    struct kf_key site;
    unsigned roles;
    uint32_t verbs;     /* not 0: a program with an API key, which may these (1 << enum verb) and no others; it has no roles */
    const char *name;   /* the person's */
    const char *number; /* 工号, "" none */
    int capacity;       /* conversations at a time */
    struct kf_key queues[MEMBER_QUEUES_MAX];
    size_t n_queues;
    struct kf_key skills[MEMBER_SKILLS_MAX];
    size_t n_skills;
    uint8_t levels[MEMBER_SKILLS_MAX]; /* proficiency in each, 1 to 5; 0: nothing is said of it */
    bool disabled;
    /* Chosen presence, as stored. */
    enum presence presence;
    const char *presence_reason; /* "" none */
    int64_t presence_at;
};

/* A key with which a program may use the API of one site. The key itself is shown once and never stored. */
struct api_key {
    struct kf_id id;
    struct kf_key site;
    const char *name;  /* what the program is */
    const char *verbs; /* words of permit.h, separated by blanks */
    struct kf_id by;   /* who made it; zero: the operator */
    const char *by_name;
    int64_t created_at, seen_at, expires_at, revoked_at; /* 0: never */
};

/* A second factor (RFC 6238). */
#define TOTP_BYTES 20
struct totp {
    uint8_t secret[TOTP_BYTES];
    int64_t created_at, confirmed_at; /* confirmed_at 0: it is being set up */
    int64_t step;                     /* the newest one that was used: none up to it is taken again */
    int recovery_left;                /* codes that have not been used */
};

/* "refund" or "refund:4"; a skill named lang-TAG is a language that the person speaks, on-CHANNEL a channel that the person serves. */
#define SKILL_TEXT (KF_KEY_MAX + 3)
bool skill_parse(struct slice s, struct kf_key *key, uint8_t *level);
const char *skill_text(const struct kf_key *key, uint8_t level, char ret[SKILL_TEXT]);

const char *presence_name(enum presence p);
bool presence_parse(struct slice s, enum presence *ret);
/* One role's bit from its word ("agent" ...), 0 if unknown; and the word of one bit. */
unsigned member_role_parse(struct slice s);
const char *member_role_name(unsigned bit);

#endif
