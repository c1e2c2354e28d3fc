/* postgres.h: a real PostgreSQL for tests. The test run has one server for all programs (KEFUD_POSTGRES names its directory); a program that
 * is run by itself starts one, which ends with it. */
#ifndef KF_TESTS_SUPPORT_POSTGRES_H
#define KF_TESTS_SUPPORT_POSTGRES_H

#include <stdbool.h>

/* NULL, and *why says why, where there is no PostgreSQL. Else the directory of the server. */
const char *postgres_server(const char **why);
/* A server that is this program's alone, which may be restarted. */
const char *postgres_own_server(const char **why);
/* Ends it as a crash would, and starts it again. */
void postgres_restart(const char *dir);
/* Makes a database on that server; its URL ("postgresql://…"). Static memory until the next call. */
const char *postgres_database(const char *dir, const char *name);
/* The first column of the first row; fails the test if the statement fails. */
long long postgres_number(const char *url, const char *sql);

#endif
