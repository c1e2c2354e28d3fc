/* postgres.h: what only those parts of the store may know that are PostgreSQL's own: archives, diagnosis. */
#ifndef KF_STORE_POSTGRES_H
#define KF_STORE_POSTGRES_H

#include "store/db.h"

#include <libpq-fe.h>

/* The first half of our advisory locks' keys; they hold in one database. Those of places have keys of 64 bits, and never meet these. */
#define PG_LOCKS     "1801807477"
#define PG_IN_USE    "1" /* held by whoever uses the database, for as long as it does */
#define PG_FILES     "2" /* one batch of the files at a time */
#define PG_INDEX     "3" /* one round of the search index at a time */
#define PG_MIGRATION "4"

PGconn *postgres_handle(struct db *db); /* NULL while there is no link */
/* What a result means to us; the words go to db->why. Takes NULL. Never frees it. */
enum kf_rc postgres_rc(struct db *db, const PGresult *r);
/* The migration at which "messages" or "files" are; 0: there is none yet, -1: cannot tell. */
int postgres_schema(struct db *db, const char *part);

#endif
