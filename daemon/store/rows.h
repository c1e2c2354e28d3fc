/* rows.h: all rows of all tables, from PostgreSQL into SQLite and back. Which tables and columns there are is read from the SQLite
 * database, which stands at the same migration; what is derived (`unindexed`, the search index) stays behind. */
#ifndef KF_STORE_ROWS_H
#define KF_STORE_ROWS_H

#include "store/db.h"

/* Both inside a transaction of theirs. `to` is empty. */
enum kf_rc rows_save(struct db *postgres, struct db *to, struct kf_err *why);
/* What PostgreSQL held is gone then, and its numbers go on after those that came. */
enum kf_rc rows_restore(struct db *postgres, struct db *from, struct kf_err *why);

#endif
