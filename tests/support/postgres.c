#include "postgres.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char shared_dir[SCRATCH_MAX], own_dir[SCRATCH_MAX];
static pid_t starter; /* a child that this program has forked must not end what is not its own */

static int script(const char *what, const char *dir)
{
    char command[400];
    int status;

    snprintf(command, sizeof(command), "sh tests/support/postgres.sh %s '%s'", what, dir);
    status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void end_one(const char *dir)
{
    char command[200];

    if (!*dir || getpid() != starter)
        return;
    (void)script("stop", dir);
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    if (system(command))
        fprintf(stderr, "%s stays\n", dir);
}

static void end_all(void)
{
    end_one(shared_dir);
    end_one(own_dir);
}

static const char *start(char dir[SCRATCH_MAX], const char **why)
{
    *why = "PostgreSQL is not installed, or did not start";
    scratch_dir(dir, "kefud-postgres");
    if (!starter) {
        starter = getpid();
        (void)atexit(end_all);
    }
    if (script("start", dir) == 0)
        return dir;
    end_one(dir);
    *dir = '\0';
    return NULL;
}

const char *postgres_server(const char **why)
{
    static bool tried;
    const char *given = getenv("KEFUD_POSTGRES");

    if (given && *given == '/')
        return given;
    if (given) { /* the run has found out that there is none, and why */
        *why = given;
        return NULL;
    }
    *why = "PostgreSQL did not start";
    if (tried)
        return *shared_dir ? shared_dir : NULL;
    tried = true;
    return start(shared_dir, why);
}

const char *postgres_own_server(const char **why)
{
    const char *given = getenv("KEFUD_POSTGRES");

    if (given && *given != '/') {
        *why = given;
        return NULL;
    }
    return *own_dir ? own_dir : start(own_dir, why);
}

void postgres_restart(const char *dir)
{
    if (script("restart", dir))
        fail_msg("PostgreSQL in %s does not start again", dir);
}

static PGresult *run(const char *url, const char *sql, PGconn **conn)
{
    PGresult *r;

    *conn = PQconnectdb(url);
    if (PQstatus(*conn) != CONNECTION_OK)
        fail_msg("%s: %s", url, PQerrorMessage(*conn));
    r = PQexec(*conn, sql);
    if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(*conn));
    return r;
}

const char *postgres_database(const char *dir, const char *name)
{
    static char url[300];
    char sql[160];
    PGconn *conn;

    snprintf(url, sizeof(url), "postgresql://kefud@/postgres?host=%s", dir);
    snprintf(sql, sizeof(sql), "CREATE DATABASE %s", name);
    PQclear(run(url, sql, &conn));
    PQfinish(conn);
    snprintf(url, sizeof(url), "postgresql://kefud@/%s?host=%s", name, dir);
    return url;
}

long long postgres_number(const char *url, const char *sql)
{
    PGconn *conn;
    PGresult *r = run(url, sql, &conn);
    long long ret = PQntuples(r) ? strtoll(PQgetvalue(r, 0, 0), NULL, 10) : -1;

    PQclear(r);
    PQfinish(conn);
    return ret;
}
