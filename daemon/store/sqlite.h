/* sqlite.h: what only those parts of the store may know that are SQLite's own: search, backup, checkpoints. */
#ifndef KF_STORE_SQLITE_H
#define KF_STORE_SQLITE_H

#include "store/db.h"

#include <sqlite3.h>

extern const struct migration sqlite_migrations[], sqlite_file_migrations[];

sqlite3 *sqlite_handle(struct db *db);
/* What a code of SQLite means to us; the words go to db->why. KF_IO: the database must not be trusted any more. */
enum kf_rc sqlite_rc(struct db *db, int code);

#endif
