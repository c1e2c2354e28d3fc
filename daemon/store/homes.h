/* homes.h: of which conversation and site each message of the search index is. Arrays of many in one row: a search asks this of each of its
 * hundreds of thousands of hits, newest first, and a row for each would cost three times what finding them costs. */
#ifndef KF_STORE_HOMES_H
#define KF_STORE_HOMES_H

#include "store/db.h"

#define HOMES_N 1024 /* messages of a row */

struct home {
    int64_t conv; /* 0: the index does not know the message */
    int64_t site; /* its number in the index */
};

/* One row at a time. Begin with { .db = the index, .row = -1 }. */
struct homes {
    struct db *db;
    int64_t row;
    bool changed;
    int64_t packed[HOMES_N];
};

enum kf_rc homes_get(struct homes *h, int64_t message, struct home *ret, struct kf_err *why);
/* KF_INVALID where a number is too big to be kept. Nothing is written before homes_flush() or a message of another row. */
enum kf_rc homes_put(struct homes *h, int64_t message, struct home home, struct kf_err *why);
enum kf_rc homes_flush(struct homes *h, struct kf_err *why);

#endif
