/* erase.h: taking the words out of what stays.
 *
 * Rows keep their numbers, times, kinds and who of the staff it was, so that figures stand and nobody misses a seq; texts, names, addresses,
 * platforms' ids, files, notes and what reviewers wrote go. The search index is told by `unindexed`, which holds the old text until it has
 * forgotten it; the contents of files are wiped, and freed pages with them, when the house is kept (wipe.c). */
#ifndef KF_STORE_ERASE_H
#define KF_STORE_ERASE_H

#include "store/db.h"

/* The chore that is due then. */
#define CHORE_WIPE "wipe"

/* Stands before whom a conversation was with, who is forgotten. */
#define ERASED_PEER "erased:"

struct erased {
    int64_t conversations, messages, files, raw;
};

/* One conversation of the store: its number and its id. `of` NULL: all of it; else only what that contact has said, in a group. `peer`: what
 * stands for whom it was with; "" stays as it is. Inside a transaction that writes. */
enum kf_rc erase_conv(struct db *db, int64_t n, const struct kf_id *conv, const struct kf_id *of, const char *peer, int64_t now,
                      struct erased *sum, struct kf_err *why);
/* What is freed has to be wiped. */
enum kf_rc erase_due(struct db *db, int64_t now, struct kf_err *why);

#endif
