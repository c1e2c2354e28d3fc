/* id.h: the ids of conversations, people, contacts, files, errands: UUID version 7 (RFC 9562), 16 bytes, sorted by time.
 * Sites, channels and queues are named by keys instead: short words that people chose. */
#ifndef KF_CORE_ID_H
#define KF_CORE_ID_H

#include "core/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct kf_id {
    uint8_t b[16];
};

#define KF_ID_TEXT 37 /* with the terminating NUL */

/* `chance` is 10 random bytes. */
struct kf_id id_make(int64_t now_ms, const uint8_t chance[10]);
/* The next one of somebody whose last was `last`: of one millisecond it is the greater, for at least 2,048 of them (RFC 9562 6.2, method 1). */
struct kf_id id_after(const struct kf_id *last, int64_t now_ms, const uint8_t chance[10]);
/* "01936b2e-….": lower case, 36 characters. Returns `text`. */
char *id_text(const struct kf_id *id, char text[KF_ID_TEXT]);
/* Accepts exactly the form that id_text() writes, in either case. */
bool id_parse(struct slice text, struct kf_id *ret);

static inline bool id_is_zero(const struct kf_id *id)
{
    static const struct kf_id zero;

    return memcmp(id, &zero, sizeof(zero)) == 0;
}

static inline bool id_eq(const struct kf_id *a, const struct kf_id *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* A key (site, channel, queue, rule, skill): 1 to 32 of [a-z0-9_-], terminated. */
#define KF_KEY_MAX 32
struct kf_key {
    char s[KF_KEY_MAX + 1];
};

/* False leaves `ret` empty. */
bool key_parse(struct slice text, struct kf_key *ret);

static inline bool key_eq(const struct kf_key *a, const struct kf_key *b)
{
    return strcmp(a->s, b->s) == 0;
}

/* A client's id of an act: 1 to 64 of [A-Za-z0-9_-]. */
#define KF_CID_MAX 64

/* A language tag has at most so many characters (RFC 5646 4.4.1). */
#define KF_LOCALE_MAX 35
bool cid_valid(struct slice cid);

#endif
