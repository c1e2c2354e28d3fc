/* facets.h: what a conversation is found by, words aside: the filters of a search, and the list that a search with them starts from. */
#ifndef KF_STORE_FACETS_H
#define KF_STORE_FACETS_H

#include "store/inside.h"

/* Of a conversation that was looked at. */
struct facets {
    int64_t n, seq, opened_at;
};

/* Is there anything to ask of a conversation? */
bool facets_asked(const struct search *f);
/* The conversations of the site, the newest first, from the list that the most telling filter has. `which` is for facets_row(). */
struct stmt *facets_list(struct db *db, const struct query *q, enum sql *which);
/* Of a row of that list: does it fit? */
enum kf_rc facets_row(struct db *db, const struct query *q, struct stmt *row, enum sql which, struct facets *ret, bool *fits,
                      struct kf_err *why);
/* Of the conversation of that number: does it fit? `ret` may be NULL for a conversation that is known to be of the
 * site; else it is asked whether it is. */
enum kf_rc facets_of(struct db *db, const struct query *q, int64_t n, struct facets *ret, bool *fits, struct kf_err *why);
/* At most `limit` of the numbers of all conversations that the filter `i` alone would leave, of other sites too, in no order, from an index and cheaply.
 * NULL: that filter is not asked for, or has no such index. */
#define FACETS_NUMBERED 5
struct stmt *facets_numbers(struct db *db, const struct query *q, size_t i, int64_t limit);
/* What a list says beside a conversation. */
enum kf_rc facets_beside(struct db *db, int64_t n, struct arena *a, struct search_row *ret, struct kf_err *why);

#endif
