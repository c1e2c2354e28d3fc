/* sight.h: a message that is looked for, as its reader sees it: does it have the words, and where do they stand in it? Who reads personal data
 * masked finds nothing by its digits. */
#ifndef KF_STORE_SIGHT_H
#define KF_STORE_SIGHT_H

#include "core/buf.h"
#include "store/db.h"
#include "store/store.h"

struct sight {
    struct db *db;
    const struct query *q;
    struct slice terms; /* of the query */
    bool blind;         /* words are looked for as the reader sees them */
    struct buf seen;    /* with `blind`: the text that was looked at last */
};

/* `db`, the one with the messages, and `q` are borrowed until sight_finish(). */
void sight_init(struct sight *ret, struct db *db, const struct query *q);
void sight_finish(struct sight *s);

/* Has a text of the conversation `conv` the words? */
enum kf_rc sight_match(struct sight *s, int64_t conv, struct slice text, bool *ret, struct kf_err *why);
/* The same of a message by its number. What is gone has none. */
enum kf_rc sight_has(struct sight *s, int64_t conv, int64_t message, bool *ret, struct kf_err *why);
/* All of a hit but whose it is; its text is empty if it is gone. It is the query's. */
enum kf_rc sight_read(struct sight *s, int64_t conv, int64_t message, struct search_hit *ret, struct kf_err *why);

#endif
