/* wipe.h: what was erased is not only unlinked: no byte of it stays in the files of the store.
 *
 * SQLite leaves deleted text in free pages, in the gaps of pages that were rearranged, in the log and in segments of the search index. So
 * once something was erased the databases are written anew (VACUUM), the index is merged into one segment first, and the logs are emptied into
 * their databases and cut. PostgreSQL is told to VACUUM. While the messages are written anew commits wait. */
#ifndef KF_STORE_WIPE_H
#define KF_STORE_WIPE_H

#include "store/inside.h"

/* Is there anything? *at: since when. */
enum kf_rc wipe_due(struct db *db, int64_t *at, struct kf_err *why);
/* The messages: on a thread that may wait for the writer. The index and the files have been wiped before. `at`: from wipe_due(). */
enum kf_rc wipe_messages(struct store *s, int64_t at, struct kf_err *why);
/* Of one connection: writes the database anew and cuts its log; KF_AGAIN where somebody reads for too long. */
enum kf_rc wipe_database(struct db *db, struct kf_err *why);
enum kf_rc wipe_log(struct db *db, struct kf_err *why); /* only the log */

#endif
