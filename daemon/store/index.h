/* index.h: the search index. Derived from the messages, in a database of its own, with a writer of its own that is at most a second
 * behind. Contentless: it knows which words a message has, the message itself is read from the store, so that what was
 * erased cannot be shown. */
#ifndef KF_STORE_INDEX_H
#define KF_STORE_INDEX_H

#include "store/inside.h"

enum kf_rc tokenizer_register(struct db *db, struct kf_err *why);

enum kf_rc index_start(struct store *s, struct kf_err *why); /* none without a path */
void index_stop(struct store *s);
/* Something was committed that it should learn. */
void index_nudge(struct store *s);
/* Forgets for good what was erased; answers at once where there is no index. */
void index_wipe(struct store *s, store_block_done *done, void *ctx);
int64_t index_lag_ms(struct store *s);
/* A connection for searching. NULL in *ret where there is no index. */
enum kf_rc index_open_reader(struct store *s, struct db **ret, struct kf_err *why);

#endif
