#include "store/postgres_link.h"

#include "core/mutant.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_MIN_MS 100
#define WAIT_MAX_MS 5000

static int64_t mono_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- what an error means --------------------------------------------------------------------------------------------------- */

/* By SQLSTATE: the first two characters are its class. */
static enum kf_rc rc_of_state(const char *state)
{
    static const struct {
        const char *begins;
        enum kf_rc rc;
    } rows[] = {
        { "XX001", KF_IO }, /* its data are damaged: nobody may write on */
        { "XX002", KF_IO },    { "23", KF_CONFLICT }, { "22", KF_INVALID }, { "54", KF_LIMIT }, { "08", KF_AGAIN }, /* a broken link ... */
        { "25006", KF_AGAIN },                                                                                      /* a standby */
        { "4000", KF_AGAIN },                                                                                       /* not serializable */
        { "40P01", KF_AGAIN },                                                                                      /* a deadlock */
        { "53", KF_AGAIN },    /* disk, memory, too many connections */
        { "55P03", KF_AGAIN }, /* somebody holds a lock too long */
        { "57", KF_AGAIN },    /* it goes down, or an operator has interrupted us */
        { "58", KF_AGAIN },    /* what its disk tells it; it stops by itself where it must */
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strncmp(state, rows[i].begins, strlen(rows[i].begins)) == 0)
            return rows[i].rc;
    return KF_INVALID;
}

/* Another node's transaction met ours: a row that both inserted, or locks in another order. */
static bool is_race(const char *state)
{
    return strcmp(state, "23505") == 0 || strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0;
}

enum kf_rc link_fail(struct postgres *p, enum kf_rc rc, const char *words)
{
    return kf_fail(&p->db.why, rc, "postgresql: %.*s", (int)strcspn(words, "\n"), words);
}

enum kf_rc postgres_rc(struct db *db, const PGresult *r)
{
    struct postgres *p = (struct postgres *)db;
    ExecStatusType status = r ? PQresultStatus(r) : PGRES_FATAL_ERROR;
    const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
    const char *words = r ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;

    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_COPY_OUT || status == PGRES_COPY_IN)
        return KF_OK;
    if (!p->conn || PQstatus(p->conn) != CONNECTION_OK || !state)
        return link_fail(p, KF_AGAIN, words ? words : p->conn ? PQerrorMessage(p->conn) : "the link was lost");
    db->raced = is_race(state);
    return link_fail(p, rc_of_state(state), words ? words : state);
}

/* ---- the link ---------------------------------------------------------------------------------------------------------------- */

void link_drop(struct postgres *p)
{
    PQfinish(p->conn);
    p->conn = NULL;
    p->inside = false;
    p->n_later = 0;
}

/* ---- answers that are read later --------------------------------------------------------------------------------------------- */

/* The answer to one of the statements that were sent, and what ends it. */
static PGresult *link_answer(struct postgres *p)
{
    PGresult *r = PQgetResult(p->conn), *end;

    if (r && PQresultStatus(r) != PGRES_PIPELINE_SYNC)
        while ((end = PQgetResult(p->conn)))
            PQclear(end);
    return r;
}

static void read_late(struct postgres *p, int64_t wanted)
{
    PGresult *r = link_answer(p);
    enum kf_rc rc;

    if (p->late) { /* the first failure is the one that tells why; after it the server skips the rest */
        PQclear(r);
        return;
    }
    rc = postgres_rc(&p->db, r);
    if (!rc) {
        p->changed = strtoll(PQcmdTuples(r), NULL, 10);
        if (wanted >= 0 && p->changed != wanted)
            rc = kf_fail(&p->db.why, KF_CONFLICT, "somebody was faster");
    }
    p->late = rc;
    PQclear(r);
}

enum kf_rc link_settle(struct postgres *p, PGresult **last)
{
    struct kf_err why;

    if (!p->conn || PQpipelineStatus(p->conn) == PQ_PIPELINE_OFF)
        return p->late;
    if (!PQpipelineSync(p->conn) && !p->late)
        p->late = link_fail(p, KF_AGAIN, PQerrorMessage(p->conn));
    for (int i = 0; i < p->n_later; i++)
        read_late(p, p->wanted[i]);
    p->n_later = 0;
    if (last)
        *last = link_answer(p);
    PQclear(link_answer(p)); /* of the sync */
    why = p->db.why;
    if (!PQexitPipelineMode(p->conn) && !p->late) {
        p->late = link_fail(p, KF_AGAIN, "the link was lost");
        why = p->db.why;
    }
    p->db.why = why;
    return p->late;
}

static void say_nothing(void *ctx, const PGresult *r)
{
    (void)ctx;
    (void)r;
}

enum kf_rc link_run(struct postgres *p, const char *text)
{
    PGresult *r;
    enum kf_rc rc = link_settle(p, NULL);

    if (rc)
        return rc;
    r = p->conn ? PQexec(p->conn, text) : NULL;
    rc = postgres_rc(&p->db, r);
    PQclear(r);
    return rc;
}

/* A commit is on the disk when it answers; what a node that hangs has locked is free again after a while; a server notices, too, when
 * we are gone. */
static const char session[] = "SET client_min_messages = warning;"
                              "SET lock_timeout = '10s';"
                              "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;"
                              "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN "
                              "'remote_apply' ELSE 'on' END, "
                              "false);";

static const char *session_of(enum db_mode mode)
{
    switch (mode) {
    case DB_READ:
        return "SET default_transaction_read_only = on; SET idle_in_transaction_session_timeout = '60s'; SET cursor_tuple_fraction = 1";
    case DB_DERIVED:
        return "SET synchronous_commit = off; SET idle_in_transaction_session_timeout = '60s'";
    case DB_KEEP:
        return "SET lock_timeout = 0";
    case DB_WRITE:
    case DB_FILES:
    case DB_SCRATCH:
    default:
        return "SET idle_in_transaction_session_timeout = '30s'";
    }
}

/* What must be so before anything is acknowledged. */
static enum kf_rc check_server(struct postgres *p)
{
    PGresult *r =
        PQexec(p->conn, "SELECT current_setting('server_encoding'), current_setting('fsync'), current_setting('synchronous_commit'), "
                        "pg_is_in_recovery()");
    enum kf_rc rc = postgres_rc(&p->db, r);

    if (rc)
        goto out;
    if (strcmp(PQgetvalue(r, 0, 0), "UTF8") != 0)
        rc = kf_fail(&p->db.why, KF_UNSUPPORTED, "the database's encoding is %s: make one with UTF8", PQgetvalue(r, 0, 0));
    else if (p->mode == DB_READ || p->mode == DB_KEEP)
        rc = KF_OK;
    else if (strcmp(PQgetvalue(r, 0, 3), "t") == 0)
        rc = kf_fail(&p->db.why, KF_AGAIN, "postgresql: the server is a standby: it takes no writes");
    else if (strcmp(PQgetvalue(r, 0, 1), "on") != 0)
        rc = kf_fail(&p->db.why, KF_UNSUPPORTED, "postgresql runs with fsync = off: what it has committed would not survive its machine");
    else if (p->mode != DB_DERIVED && strcmp(PQgetvalue(r, 0, 2), "on") != 0 && strcmp(PQgetvalue(r, 0, 2), "remote_apply") != 0)
        rc = kf_fail(&p->db.why, KF_UNSUPPORTED, "postgresql answers before a commit is on the disk: synchronous_commit = %s",
                     PQgetvalue(r, 0, 2));
out:
    PQclear(r);
    return rc;
}

/* Held until the link ends. One that was killed a moment ago may still be seen to hold it. */
static enum kf_rc enter(struct postgres *p)
{
    PGresult *r = PQexec(p->conn, p->alone ? "SET lock_timeout = '2s'; SELECT pg_advisory_lock(" PG_LOCKS ", " PG_IN_USE ")"
                                           : "SET lock_timeout = '2s'; SELECT pg_advisory_lock_shared(" PG_LOCKS ", " PG_IN_USE ")");
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    enum kf_rc rc = postgres_rc(&p->db, r);

    if (state && strcmp(state, "55P03") == 0)
        rc = kf_fail(&p->db.why, KF_CONFLICT, "%s",
                     p->alone
                         ? "another node uses this database: a second node needs a Redis url that both name, and an archive is put back "
                           "while none runs"
                         : "this database is in use by a node that has no Redis url, or an archive is being put back");
    PQclear(r);
    return rc ? rc : link_run(p, "SET lock_timeout = '10s'");
}

static enum kf_rc set_up(struct postgres *p)
{
    enum kf_rc rc = link_run(p, session);

    if (!rc)
        rc = link_run(p, session_of(p->mode));
    if (!rc)
        rc = check_server(p);
    if (!rc && mutant("no_sync"))
        rc = link_run(p, "SET synchronous_commit = off");
    return rc || p->mode != DB_WRITE ? rc : enter(p);
}

enum kf_rc link_dial(struct postgres *p)
{
    /* What stands before the URL it may say otherwise. */
    static const char *const keys[] = { "connect_timeout",  "keepalives_idle",  "keepalives_interval",
                                        "keepalives_count", "tcp_user_timeout", "dbname",
                                        "application_name", "client_encoding",  NULL };
    const char *values[] = { "5", "10", "5", "3", "15000", p->url, "kefud", "UTF8", NULL };
    enum kf_rc rc;

    p->conn = PQconnectdbParams(keys, values, 1);
    p->links++;
    if (PQstatus(p->conn) != CONNECTION_OK)
        rc = link_fail(p, KF_AGAIN, p->conn ? PQerrorMessage(p->conn) : "out of memory");
    else {
        (void)PQsetNoticeReceiver(p->conn, say_nothing, NULL);
        rc = set_up(p);
    }
    if (rc)
        link_drop(p);
    return rc;
}

enum kf_rc link_up(struct postgres *p)
{
    int64_t now = mono_ms();
    enum kf_rc rc;

    if (p->conn && PQstatus(p->conn) == CONNECTION_OK)
        return KF_OK;
    link_drop(p);
    if (now < p->retry_at)
        return p->db.why.rc ? KF_AGAIN : link_fail(p, KF_AGAIN, "the server is away");
    rc = link_dial(p);
    if (!rc) {
        p->wait_ms = p->retry_at = 0;
        return KF_OK;
    }
    p->wait_ms = p->wait_ms ? 2 * p->wait_ms : WAIT_MIN_MS;
    if (p->wait_ms > WAIT_MAX_MS)
        p->wait_ms = WAIT_MAX_MS;
    p->retry_at = mono_ms() + p->wait_ms;
    return KF_AGAIN;
}
