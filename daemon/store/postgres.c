/* The PostgreSQL driver. Every call blocks its thread until the server has answered.
 *
 * A link that is lost ends the transaction that was under way, and db_begin() makes a new one, after a wait that doubles. Statements are
 * prepared under their names, once per link. */
#include "store/postgres.h"

#include "core/mutant.h"
#include "store/archive.h"
#include "store/postgres_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PARAMS_MAX  64
#define WALK_ROWS   500
#define LATER_MAX   200 /* few enough for their answers to fit into the socket: the server must never wait for us to read them */
#define WAIT_MIN_MS 100
#define WAIT_MAX_MS 5000
#define T_LOCKED    " FOR UPDATE"

static const char *const write_texts[] = {
#define SQL(name, text)                  [SQL_##name] = text,
#define SQL_EACH(name, sqlite, postgres) [SQL_##name] = postgres,
#include "store/statements.def"
#undef SQL
};

/* Who only reads may not lock. */
#undef T_LOCKED
#define T_LOCKED ""
static const char *const read_texts[] = {
#define SQL(name, text)                  [SQL_##name] = text,
#define SQL_EACH(name, sqlite, postgres) [SQL_##name] = postgres,
#include "store/statements.def"
#undef SQL
};

static const char *const names[] = {
#define SQL(name, text) [SQL_##name] = #name,
#include "store/statements.def"
#undef SQL
};

struct postgres {
    struct db db;
    PGconn *conn; /* NULL: no link */
    char *url;
    enum db_mode mode;
    bool alone;
    unsigned links; /* made so far: what was prepared is known to one of them only */
    int64_t retry_at, wait_ms;
    bool inside; /* a transaction */
    int64_t changed;
    /* Writes that were sent and whose answers nobody has read yet, with what they must have changed; and how one of them has failed. */
    int64_t wanted[LATER_MAX];
    int n_later;
    enum kf_rc late;
};

struct prepared {
    enum sql which;
    unsigned link; /* on which it is prepared */
    const char *values[PARAMS_MAX];
    int lengths[PARAMS_MAX], formats[PARAMS_MAX];
    char numbers[PARAMS_MAX][24];
    PGresult *rows;
    int row; /* the next one */
    bool ran, walking, all;
};

PGconn *postgres_handle(struct db *db)
{
    return ((struct postgres *)db)->conn;
}

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

/* The first line: what follows quotes rows, which are nobody's business. */
static enum kf_rc fail_with(struct postgres *p, enum kf_rc rc, const char *words)
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
        return fail_with(p, KF_AGAIN, words ? words : p->conn ? PQerrorMessage(p->conn) : "the link was lost");
    db->raced = is_race(state);
    return fail_with(p, rc_of_state(state), words ? words : state);
}

/* ---- the link ---------------------------------------------------------------------------------------------------------------- */

static void drop_rows(struct prepared *s)
{
    PQclear(s->rows);
    s->rows = NULL;
    s->row = 0;
    s->ran = s->walking = s->all = false;
}

static void hang_up(struct postgres *p)
{
    PQfinish(p->conn);
    p->conn = NULL;
    p->inside = false;
    p->n_later = 0;
}

/* ---- answers that are read later --------------------------------------------------------------------------------------------- */

/* The answer to one of the statements that were sent, and what ends it. */
static PGresult *next_answer(struct postgres *p)
{
    PGresult *r = PQgetResult(p->conn), *end;

    if (r && PQresultStatus(r) != PGRES_PIPELINE_SYNC)
        while ((end = PQgetResult(p->conn)))
            PQclear(end);
    return r;
}

static void read_late(struct postgres *p, int64_t wanted)
{
    PGresult *r = next_answer(p);
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

/* Reads all answers that are due, and then that of the statement that was sent after them, if `last` asks for it. */
static enum kf_rc settle(struct postgres *p, PGresult **last)
{
    struct kf_err why;

    if (!p->conn || PQpipelineStatus(p->conn) == PQ_PIPELINE_OFF)
        return p->late;
    if (!PQpipelineSync(p->conn) && !p->late)
        p->late = fail_with(p, KF_AGAIN, PQerrorMessage(p->conn));
    for (int i = 0; i < p->n_later; i++)
        read_late(p, p->wanted[i]);
    p->n_later = 0;
    if (last)
        *last = next_answer(p);
    PQclear(next_answer(p)); /* of the sync */
    why = p->db.why;
    if (!PQexitPipelineMode(p->conn) && !p->late) {
        p->late = fail_with(p, KF_AGAIN, "the link was lost");
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

static enum kf_rc run_text(struct postgres *p, const char *text)
{
    PGresult *r;
    enum kf_rc rc = settle(p, NULL);

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
    return rc ? rc : run_text(p, "SET lock_timeout = '10s'");
}

static enum kf_rc set_up(struct postgres *p)
{
    enum kf_rc rc = run_text(p, session);

    if (!rc)
        rc = run_text(p, session_of(p->mode));
    if (!rc)
        rc = check_server(p);
    if (!rc && mutant("no_sync"))
        rc = run_text(p, "SET synchronous_commit = off");
    return rc || p->mode != DB_WRITE ? rc : enter(p);
}

static enum kf_rc dial(struct postgres *p)
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
        rc = fail_with(p, KF_AGAIN, p->conn ? PQerrorMessage(p->conn) : "out of memory");
    else {
        (void)PQsetNoticeReceiver(p->conn, say_nothing, NULL);
        rc = set_up(p);
    }
    if (rc)
        hang_up(p);
    return rc;
}

/* While it is away, each who asks in vain is told at once: only one in a while knocks. */
static enum kf_rc link_up(struct postgres *p)
{
    int64_t now = mono_ms();
    enum kf_rc rc;

    if (p->conn && PQstatus(p->conn) == CONNECTION_OK)
        return KF_OK;
    hang_up(p);
    if (now < p->retry_at)
        return p->db.why.rc ? KF_AGAIN : fail_with(p, KF_AGAIN, "the server is away");
    rc = dial(p);
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

static void close_postgres(struct db *db)
{
    struct postgres *p = (struct postgres *)db;

    for (int i = 0; i < SQL_COUNT; i++) {
        struct prepared *s = db->stmts[i].handle;

        if (s)
            PQclear(s->rows);
        free(s);
    }
    PQfinish(p->conn);
    free(p->url);
    free(p);
}

/* ---- transactions -------------------------------------------------------------------------------------------------------------- */

static enum kf_rc exec(struct db *db, const char *text, struct kf_err *why)
{
    enum kf_rc rc = run_text((struct postgres *)db, text);

    if (rc && why)
        *why = db->why;
    return rc;
}

static const char *begin_text(const struct postgres *p, bool write)
{
    if (!write)
        return read_texts[SQL_BEGIN_READ];
    if (p->mode == DB_FILES)
        return "BEGIN; SELECT pg_advisory_xact_lock(" PG_LOCKS ", " PG_FILES ")";
    if (p->mode == DB_DERIVED)
        return "BEGIN; SELECT pg_advisory_xact_lock(" PG_LOCKS ", " PG_INDEX ")";
    return write_texts[SQL_BEGIN_WRITE];
}

/* A link that has died while nobody used it is noticed here, and costs nobody an answer. */
static enum kf_rc begin(struct db *db, bool write, struct kf_err *why)
{
    struct postgres *p = (struct postgres *)db;
    bool fresh = !p->conn;
    enum kf_rc rc = link_up(p);

    db->raced = false;
    p->late = KF_OK;
    if (!rc) {
        rc = run_text(p, begin_text(p, write));
        if (rc && !fresh && PQstatus(p->conn) != CONNECTION_OK) {
            rc = link_up(p);
            if (!rc)
                rc = run_text(p, begin_text(p, write));
        }
    }
    p->inside = !rc;
    if (rc && why)
        *why = db->why;
    return rc;
}

/* The server answers COMMIT with ROLLBACK where something had failed before. Without an answer nobody knows: it may have been stored, and
 * who sends it again is told so by its key. */
static enum kf_rc commit(struct db *db, struct kf_err *why)
{
    struct postgres *p = (struct postgres *)db;
    PGresult *r = NULL;
    enum kf_rc rc = settle(p, NULL);

    if (!rc) {
        r = p->conn ? PQexec(p->conn, write_texts[SQL_COMMIT]) : NULL;
        rc = postgres_rc(db, r);
    }
    if (!rc && strcmp(PQcmdStatus(r), "COMMIT") != 0)
        rc = fail_with(p, KF_AGAIN, "the transaction had failed");
    PQclear(r);
    p->inside = rc != KF_OK && p->conn && PQstatus(p->conn) == CONNECTION_OK;
    if (rc && why)
        *why = db->why;
    return rc;
}

static void rollback(struct db *db)
{
    struct postgres *p = (struct postgres *)db;
    struct kf_err kept = db->why;
    bool raced = db->raced;

    (void)settle(p, NULL);
    p->late = KF_OK;
    if (p->inside && p->conn && PQtransactionStatus(p->conn) != PQTRANS_IDLE && run_text(p, write_texts[SQL_ROLLBACK]))
        hang_up(p);
    p->inside = false;
    db->why = kept;
    db->raced = raced;
}

/* ---- statements ------------------------------------------------------------------------------------------------------------------- */

static enum kf_rc prepare(struct stmt *s, enum sql which)
{
    struct prepared *q = calloc(1, sizeof(*q));

    if (!q)
        return kf_fail(&s->db->why, KF_NOMEM, "out of memory");
    q->which = which;
    s->handle = q;
    return KF_OK;
}

static enum kf_rc bind(struct stmt *s, const char *value, size_t n, bool binary)
{
    struct prepared *q = s->handle;

    if (s->arg > PARAMS_MAX)
        return kf_fail(&s->db->why, KF_LIMIT, "%s has more than %d parameters", names[q->which], PARAMS_MAX);
    if (n > INT32_MAX / 2)
        return kf_fail(&s->db->why, KF_LIMIT, "a value is too long for the database");
    q->values[s->arg - 1] = value;
    q->lengths[s->arg - 1] = (int)n;
    q->formats[s->arg - 1] = binary;
    return KF_OK;
}

static enum kf_rc bind_i64(struct stmt *s, int64_t v)
{
    struct prepared *q = s->handle;
    char *text = q->numbers[(s->arg - 1) % PARAMS_MAX];
    int n = snprintf(text, sizeof(q->numbers[0]), "%lld", (long long)v);

    return bind(s, text, (size_t)n, false);
}

static enum kf_rc bind_bytes(struct stmt *s, struct slice b)
{
    return bind(s, b.p, b.n, true);
}

static enum kf_rc bind_null(struct stmt *s)
{
    return bind(s, NULL, 0, false);
}

/* What may have very many rows, of which the first are wanted: they come through a cursor, some at a time. */
static bool is_walk(enum sql which)
{
    switch ((int)which) {
    case SQL_INDEX_FIND:
    case SQL_LIST_SITE:
    case SQL_LIST_CHANNEL:
    case SQL_LIST_CONTACT:
    case SQL_LIST_RATING:
    case SQL_LIST_AGENT:
        return true;
    default:
        return false;
    }
}

static const char *text_of(const struct postgres *p, enum sql which)
{
    return p->mode == DB_READ || p->mode == DB_KEEP ? read_texts[which] : write_texts[which];
}

static enum kf_rc take_rows(struct stmt *s, PGresult *r)
{
    struct postgres *p = (struct postgres *)s->db;
    struct prepared *q = s->handle;
    enum kf_rc rc = postgres_rc(s->db, r);

    PQclear(q->rows);
    q->rows = rc ? NULL : r;
    q->row = 0;
    if (rc)
        PQclear(r);
    else
        p->changed = strtoll(PQcmdTuples(r), NULL, 10);
    return rc;
}

static enum kf_rc prepare_here(struct postgres *p, struct prepared *q)
{
    const char *text = text_of(p, q->which);
    PGresult *r;
    enum kf_rc rc;

    if (q->link == p->links)
        return KF_OK;
    if (!text)
        return kf_fail(&p->db.why, KF_UNSUPPORTED, "%s is not for PostgreSQL", names[q->which]);
    rc = settle(p, NULL);
    if (rc)
        return rc;
    r = PQprepare(p->conn, names[q->which], text, 0, NULL);
    rc = postgres_rc(&p->db, r);
    PQclear(r);
    if (!rc)
        q->link = p->links;
    return rc;
}

static enum kf_rc walk_on(struct stmt *s)
{
    struct postgres *p = (struct postgres *)s->db;
    struct prepared *q = s->handle;
    char text[80];
    enum kf_rc rc;

    (void)snprintf(text, sizeof(text), "FETCH %d FROM %s", WALK_ROWS, names[q->which]);
    rc = take_rows(s, PQexecParams(p->conn, text, 0, NULL, NULL, NULL, NULL, 1));
    q->all = rc || PQntuples(q->rows) < WALK_ROWS;
    return rc;
}

/* Of hits all are counted, of a list that may be the whole store only the beginning is read: so the planner is told. */
static enum kf_rc walk_begin(struct stmt *s)
{
    struct postgres *p = (struct postgres *)s->db;
    struct prepared *q = s->handle;
    const char *select = text_of(p, q->which);
    char text[2048];
    PGresult *r;
    enum kf_rc rc = settle(p, NULL);

    if (rc)
        return rc;

    if (snprintf(text, sizeof(text), "DECLARE %s NO SCROLL CURSOR FOR %s", names[q->which], select) >= (int)sizeof(text))
        return kf_fail(&p->db.why, KF_LIMIT, "%s is too long", names[q->which]);
    if (q->which != SQL_INDEX_FIND) {
        rc = run_text(p, "SET LOCAL cursor_tuple_fraction = 0.01");
        if (rc)
            return rc;
    }
    r = PQexecParams(p->conn, text, s->arg, NULL, q->values, q->lengths, q->formats, 1);
    rc = postgres_rc(&p->db, r);
    PQclear(r);
    q->walking = !rc;
    return rc ? rc : walk_on(s);
}

static bool send_one(struct postgres *p, const struct prepared *q, int n)
{
    return PQsendQueryPrepared(p->conn, names[q->which], n, q->values, q->lengths, q->formats, 1) == 1;
}

static enum kf_rc run(struct stmt *s)
{
    struct postgres *p = (struct postgres *)s->db;
    struct prepared *q = s->handle;
    PGresult *r = NULL;
    enum kf_rc rc = p->inside ? p->late : link_up(p);

    q->ran = true;
    if (!rc && !p->conn)
        rc = fail_with(p, KF_AGAIN, "the link was lost");
    if (!rc && p->inside && is_walk(q->which))
        return walk_begin(s);
    q->all = true;
    if (!rc)
        rc = prepare_here(p, q);
    if (rc)
        return rc;
    if (!p->n_later)
        return take_rows(s, PQexecPrepared(p->conn, names[q->which], s->arg, q->values, q->lengths, q->formats, 1));
    /* With those that wait for their answers it makes one trip. */
    if (!send_one(p, q, s->arg))
        return fail_with(p, KF_AGAIN, PQerrorMessage(p->conn));
    rc = settle(p, &r);
    if (rc)
        PQclear(r);
    return rc ? rc : take_rows(s, r);
}

static bool later(struct stmt *s, int64_t rows)
{
    struct postgres *p = (struct postgres *)s->db;
    struct prepared *q = s->handle;

    if (!p->inside || !p->conn || p->late)
        return false;
    if (p->n_later == LATER_MAX && (s->rc = settle(p, NULL)))
        return true;
    s->rc = prepare_here(p, q);
    if (s->rc)
        return true;
    if (!p->n_later && !PQenterPipelineMode(p->conn))
        return false;
    if (send_one(p, q, s->arg))
        p->wanted[p->n_later++] = rows;
    else
        s->rc = p->late = fail_with(p, KF_AGAIN, PQerrorMessage(p->conn));
    return true;
}

static bool step(struct stmt *s)
{
    struct prepared *q = s->handle;

    if (!q->ran)
        s->rc = run(s);
    else if (q->rows && q->row >= PQntuples(q->rows) && !q->all)
        s->rc = walk_on(s);
    if (s->rc || !q->rows || q->row >= PQntuples(q->rows))
        return false;
    q->row++;
    return true;
}

static struct slice column_bytes(struct stmt *s, int col)
{
    const struct prepared *q = s->handle;

    if (!q->rows || !q->row || PQgetisnull(q->rows, q->row - 1, col))
        return (struct slice){ NULL, 0 };
    return (struct slice){ PQgetvalue(q->rows, q->row - 1, col), (size_t)PQgetlength(q->rows, q->row - 1, col) };
}

/* Numbers come in network order, of two, four or eight bytes. */
static int64_t column_i64(struct stmt *s, int col)
{
    struct slice b = column_bytes(s, col);
    uint64_t ret = b.n && (b.p[0] & 0x80) ? UINT64_MAX : 0;

    if (b.n > sizeof(ret))
        return 0;
    for (size_t i = 0; i < b.n; i++)
        ret = ret << 8 | (unsigned char)b.p[i];
    return (int64_t)ret;
}

static void reset(struct stmt *s)
{
    struct postgres *p = (struct postgres *)s->db;
    struct prepared *q = s->handle;
    char text[80];

    if (q->walking && p->conn && PQtransactionStatus(p->conn) == PQTRANS_INTRANS) {
        (void)snprintf(text, sizeof(text), "CLOSE %s", names[q->which]);
        (void)run_text(p, text);
    }
    drop_rows(q);
}

static int64_t changed(struct db *db)
{
    struct postgres *p = (struct postgres *)db;

    return settle(p, NULL) ? 0 : p->changed;
}

/* ---- the schema --------------------------------------------------------------------------------------------------------------------- */

static const char *part_of(const struct postgres *p)
{
    return p->mode == DB_FILES ? "files" : "messages";
}

int postgres_schema(struct db *db, const char *part)
{
    struct postgres *p = (struct postgres *)db;
    char text[120];
    PGresult *r = NULL;
    int ret = -1;

    if (link_up(p) || !(r = PQexec(p->conn, "SELECT 1 WHERE to_regclass('schema_version') IS NOT NULL")) || postgres_rc(db, r))
        goto out;
    ret = 0;
    if (PQntuples(r) == 0)
        goto out;
    PQclear(r);
    (void)snprintf(text, sizeof(text), "SELECT number FROM schema_version WHERE part = '%s'", part);
    r = PQexec(p->conn, text);
    if (postgres_rc(db, r))
        ret = -1;
    else if (PQntuples(r))
        ret = atoi(PQgetvalue(r, 0, 0));
out:
    PQclear(r);
    return ret;
}

static int schema(struct db *db)
{
    return postgres_schema(db, part_of((struct postgres *)db));
}

static enum kf_rc schema_lock(struct db *db, struct kf_err *why)
{
    return exec(db, "SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(" PG_LOCKS ", " PG_MIGRATION ")", why);
}

static enum kf_rc schema_set(struct db *db, int number, struct kf_err *why)
{
    char text[400];

    (void)snprintf(text, sizeof(text),
                   "CREATE TABLE IF NOT EXISTS schema_version (part TEXT PRIMARY KEY, number BIGINT NOT NULL);"
                   "INSERT INTO schema_version (part, number) VALUES ('%s', %d) ON CONFLICT (part) DO UPDATE SET number = excluded.number",
                   part_of((struct postgres *)db), number);
    return exec(db, text, why);
}

static enum kf_rc save(struct db *db, const char *to, struct kf_err *why)
{
    return archive_write_postgres(((struct postgres *)db)->url, true, to, why);
}

static const struct db_ops ops = {
    .name = "postgres",
    .close = close_postgres,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .exec = exec,
    .prepare = prepare,
    .bind_i64 = bind_i64,
    .bind_text = bind_bytes,
    .bind_bytes = bind_bytes,
    .bind_null = bind_null,
    .step = step,
    .get_i64 = column_i64,
    .get_bytes = column_bytes,
    .reset = reset,
    .later = later,
    .changed = changed,
    .schema = schema,
    .schema_lock = schema_lock,
    .schema_set = schema_set,
    .save = save,
    .messages = postgres_migrations,
    .files = postgres_file_migrations,
    .shared = true,
};

enum kf_rc postgres_open(struct db **ret, const char *url, enum db_mode mode, bool alone, struct kf_err *why)
{
    struct postgres *p = calloc(1, sizeof(*p));
    enum kf_rc rc;

    if (!p || !(p->url = strdup(url))) {
        free(p);
        return kf_fail(why, KF_NOMEM, "out of memory");
    }
    p->db.ops = &ops;
    p->mode = mode;
    p->alone = alone;
    rc = dial(p);
    if (rc) {
        if (why)
            *why = p->db.why;
        close_postgres(&p->db);
        return rc;
    }
    *ret = &p->db;
    return KF_OK;
}
