/* The PostgreSQL driver. Every call blocks its thread until the server has answered.
 *
 * A link that is lost ends the transaction that was under way, and db_begin() makes a new one, after a wait that doubles. Statements are
 * prepared under their names, once per link. */
#include "store/postgres.h"

#include "core/errand.h"
#include "store/archive.h"
#include "store/postgres_link.h"
#include "store/postgres_schema.h"

#include <stdio.h>
#include <stdlib.h>

#define PARAMS_MAX 64
#define WALK_ROWS  500
#define T_LOCKED   " FOR UPDATE"

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

static void drop_rows(struct prepared *s)
{
    PQclear(s->rows);
    s->rows = NULL;
    s->row = 0;
    s->ran = s->walking = s->all = false;
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
    enum kf_rc rc = link_run((struct postgres *)db, text);

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
        rc = link_run(p, begin_text(p, write));
        if (rc && !fresh && PQstatus(p->conn) != CONNECTION_OK) {
            rc = link_up(p);
            if (!rc)
                rc = link_run(p, begin_text(p, write));
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
    enum kf_rc rc = link_settle(p, NULL);

    if (!rc) {
        r = p->conn ? PQexec(p->conn, write_texts[SQL_COMMIT]) : NULL;
        rc = postgres_rc(db, r);
    }
    if (!rc && strcmp(PQcmdStatus(r), "COMMIT") != 0)
        rc = link_fail(p, KF_AGAIN, "the transaction had failed");
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

    (void)link_settle(p, NULL);
    p->late = KF_OK;
    if (p->inside && p->conn && PQtransactionStatus(p->conn) != PQTRANS_IDLE && link_run(p, write_texts[SQL_ROLLBACK]))
        link_drop(p);
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
    case SQL_LIST_QUEUE:
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
    rc = link_settle(p, NULL);
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
    enum kf_rc rc = link_settle(p, NULL);

    if (rc)
        return rc;

    if (snprintf(text, sizeof(text), "DECLARE %s NO SCROLL CURSOR FOR %s", names[q->which], select) >= (int)sizeof(text))
        return kf_fail(&p->db.why, KF_LIMIT, "%s is too long", names[q->which]);
    if (q->which != SQL_INDEX_FIND) {
        rc = link_run(p, "SET LOCAL cursor_tuple_fraction = 0.01");
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
        rc = link_fail(p, KF_AGAIN, "the link was lost");
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
        return link_fail(p, KF_AGAIN, PQerrorMessage(p->conn));
    rc = link_settle(p, &r);
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
    if (p->n_later == LATER_MAX && (s->rc = link_settle(p, NULL)))
        return true;
    s->rc = prepare_here(p, q);
    if (s->rc)
        return true;
    if (!p->n_later && !PQenterPipelineMode(p->conn))
        return false;
    if (send_one(p, q, s->arg))
        p->wanted[p->n_later++] = rows;
    else
        s->rc = p->late = link_fail(p, KF_AGAIN, PQerrorMessage(p->conn));
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
        (void)link_run(p, text);
    }
    drop_rows(q);
}

static int64_t changed(struct db *db)
{
    struct postgres *p = (struct postgres *)db;

    return link_settle(p, NULL) ? 0 : p->changed;
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
    rc = link_dial(p);
    if (rc) {
        if (why)
            *why = p->db.why;
        close_postgres(&p->db);
        return rc;
    }
    *ret = &p->db;
    return KF_OK;
}
