/* archive.h: one file that holds both databases: a tar archive of messages.db and files.db, in this order, so that every file that a
 * message names is in it, and so that any tar can look inside. They are SQLite databases whatever the store's own is: what was
 * saved from the one can be put back into the other. Behind them stands SHA256SUMS with their digests, which store_restore() compares
 * before it changes anything. An archive of before has none: it is taken when it has its end and its databases are sound. */
#ifndef KF_STORE_ARCHIVE_H
#define KF_STORE_ARCHIVE_H

#include "store/inside.h"

enum kf_rc archive_write(struct store *s, const char *path, struct kf_err *why);
/* The same of PostgreSQL, in the schema that it has now. */
enum kf_rc archive_write_postgres(const char *url, bool with_files, const char *path, struct kf_err *why);

#endif
