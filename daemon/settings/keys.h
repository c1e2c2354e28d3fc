/* keys.h: one table of keys reads one kind of JSON object: types, ranges, defaults and help in one place.
 *
 * An unknown member, a wrong type, a value out of range: an error that names the object, the member and what is allowed. */
#ifndef KF_SETTINGS_KEYS_H
#define KF_SETTINGS_KEYS_H

#include "core/arena.h"
#include "core/rc.h"
#include "core/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_t;

enum key_type {
    KEY_TEXT,    /* const char *; min and max count code points */
    KEY_INT,     /* int64_t */
    KEY_SMALL,   /* int */
    KEY_BOOL,    /* bool */
    KEY_WORD,    /* struct kf_key */
    KEY_WORDS,   /* struct kf_key[max], and their number at `count` */
    KEY_SKILLS,  /* struct kf_key[max], their number at `count`, and uint8_t[max] of proficiency at `levels`: "refund", "refund:4" */
    KEY_TEXTS,   /* const char *const *, and their number at `count` */
    KEY_CHOICE,  /* an enum: the number of the word among `choices` */
    KEY_CHOICES, /* unsigned: one bit for each word of `choices` */
    KEY_OBJECT,  /* const char *: the object as compact JSON */
    KEY_OTHER,   /* an object that `take` reads */
    KEY_ANY      /* of whatever type: `take` says which */
};

/* Where an object is read: what failures call it, and whose memory its texts are. */
struct keys_at {
    const char *what; /* "channel web" */
    struct arena *arena;
    struct kf_err *why;
    const char *path; /* of an object inside of it, with its dot: "when."; NULL: the document itself */
};

struct key {
    const char *name;
    enum key_type type;
    bool required;
    bool secret; /* never shown again by pages and exports */
    int64_t min, max;
    const char *def;                 /* as text; NULL: zero, none, empty */
    const char *choices;             /* separated by blanks */
    bool (*fits)(struct slice text); /* KEY_TEXT, and each of KEY_TEXTS: its form; NULL any */
    const char *form;                /* the words for what fits */
    size_t at, count, levels;        /* offsets in the struct that is filled */
    enum kf_rc (*take)(const struct keys_at *, const struct key *, struct json_t *value, void *into);
    const char *help;
};

/* Fills `into` from `object`, which must be one, as `table` (ended by a NULL name) says. */
enum kf_rc keys_read(const struct keys_at *at, const struct key *table, struct json_t *object, void *into);
/* KF_INVALID, with the object's name in front: keys_fail(at, "%s is too long", …). The words begin with the member that is wrong. */
enum kf_rc keys_fail(const struct keys_at *at, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
enum kf_rc keys_nomem(const struct keys_at *at);

/* Strict JSON: UTF-8, no duplicate members, 16 levels, nothing behind it; an object or an array at the top. The caller releases it. */
enum kf_rc keys_json(const struct keys_at *at, struct slice text, struct json_t **ret);

#endif
