/* check_inner.h: what the files of the checks share (check*.c). Nobody else includes it. */
#ifndef KF_CORE_CHECK_INNER_H
#define KF_CORE_CHECK_INNER_H

#include "core/check.h"

/* One conversation, and the check that looks at it. */
struct check_sight {
    const struct check_facts *facts;
    struct arena *arena;
    const char **spaced; /* of each message: forbid_text() */
    const char **parts;  /* of each of a person: the same of each part of a sentence, with the end of a line behind it; else NULL */
    size_t people;       /* messages of people */
    struct check_found *found;
    const struct check *check;
    size_t of_check; /* hits of it so far */
};

/* Somebody says something: no event, and nothing that was taken back. */
bool check_says_text(const struct message *m);
/* … and it is a person of the staff. */
bool check_by_person(const struct message *m);
/* The first of the words that message i holds; NULL: none. */
const char *check_holds(const struct check_sight *s, size_t i, const struct check_words *words);
/* False: out of memory. Beyond CHECK_HITS_MAX nothing is added. */
bool check_hit(struct check_sight *s, struct check_hit hit);

/* The larger ones, each in a file of its own; false: out of memory. */
bool check_promises(struct check_sight *s);
bool check_names(struct check_sight *s);

#endif
