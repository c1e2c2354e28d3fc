/* oracle.h: the database, read past kefud, while nobody has it open. */
#ifndef KF_TESTS_FAULT_ORACLE_H
#define KF_TESTS_FAULT_ORACLE_H

#include <sqlite3.h>

/* Opens it and checks its integrity; what is wrong fails the test. */
sqlite3 *oracle_open(const char *path);
sqlite3_stmt *oracle_ask(sqlite3 *db, const char *sql);
/* The number that a query returns. */
int oracle_count(sqlite3 *db, const char *sql);
/* The same of a database that is in use. */
int oracle_peek(const char *path, const char *sql);
/* Conversations whose seq is not 1 … n. */
int oracle_gaps(sqlite3 *db);

#endif
