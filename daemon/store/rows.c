#include "store/rows.h"

#include "core/buf.h"
#include "store/postgres.h"
#include "store/sqlite.h"

#include <inttypes.h>
#include <stdlib.h>

#define COLUMNS_MAX 64
#define SEND_BYTES  65536
/* Of COPY's binary form: a signature, flags, and the length of what a later version may say there. */
#define HEAD_BYTES 19
static const char head[HEAD_BYTES] = "PGCOPY\n\377\r\n";

struct table {
    char name[64];
    struct buf list; /* its columns, quoted, with commas */
    bool numbers[COLUMNS_MAX], bytes[COLUMNS_MAX];
    int n;
};

struct copy {
    struct db *postgres;
    PGconn *pg;
    sqlite3 *lite;
    struct db *lite_db;
    struct kf_err *why;
};

static enum kf_rc lite_failed(struct copy *c, int code)
{
    enum kf_rc rc = sqlite_rc(c->lite_db, code);

    return kf_fail(c->why, rc ? rc : KF_INVALID, "%s", c->lite_db->why.text);
}

static enum kf_rc pg_failed(struct copy *c, PGresult *r)
{
    enum kf_rc rc = postgres_rc(c->postgres, r);

    PQclear(r);
    return kf_fail(c->why, rc ? rc : KF_AGAIN, "%s", c->postgres->why.text);
}

static enum kf_rc pg_run(struct copy *c, const char *text)
{
    return db_exec(c->postgres, text, c->why);
}

/* ---- the tables -------------------------------------------------------------------------------------------------------------------- */

static enum kf_rc read_columns(struct copy *c, struct table *t)
{
    sqlite3_stmt *s = NULL;
    char sql[128];
    int code;

    (void)snprintf(sql, sizeof(sql), "SELECT name, type FROM pragma_table_info('%s') ORDER BY cid", t->name);
    code = sqlite3_prepare_v2(c->lite, sql, -1, &s, NULL);
    for (t->n = 0; code == SQLITE_OK && (code = sqlite3_step(s)) == SQLITE_ROW && t->n < COLUMNS_MAX; code = SQLITE_OK) {
        const char *type = (const char *)sqlite3_column_text(s, 1);

        buf_printf(&t->list, "%s\"%s\"", t->n ? ", " : "", (const char *)sqlite3_column_text(s, 0));
        t->numbers[t->n] = strcmp(type, "INTEGER") == 0;
        t->bytes[t->n++] = strcmp(type, "BLOB") == 0;
    }
    sqlite3_finalize(s);
    if (code != SQLITE_DONE)
        return lite_failed(c, code);
    return buf_ok(&t->list) ? KF_OK : kf_fail(c->why, KF_NOMEM, "out of memory");
}

static enum kf_rc each_table(struct copy *c, enum kf_rc (*run)(struct copy *, const struct table *))
{
    sqlite3_stmt *s = NULL;
    int code =
        sqlite3_prepare_v2(c->lite,
                           "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'unindexed' "
                           "ORDER BY rowid",
                           -1, &s, NULL);
    enum kf_rc rc = KF_OK;

    while (!rc && code == SQLITE_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        struct table t = { .n = 0 };

        (void)snprintf(t.name, sizeof(t.name), "%s", (const char *)sqlite3_column_text(s, 0));
        buf_init(&t.list, 8192);
        rc = read_columns(c, &t);
        if (!rc)
            rc = run(c, &t);
        buf_finish(&t.list);
        code = SQLITE_OK;
    }
    sqlite3_finalize(s);
    return rc || code == SQLITE_DONE || code == SQLITE_OK ? rc : lite_failed(c, code);
}

/* ---- out of PostgreSQL --------------------------------------------------------------------------------------------------------------- */

static uint64_t get_number(const unsigned char *p, size_t n)
{
    uint64_t ret = 0;

    for (size_t i = 0; i < n; i++)
        ret = ret << 8 | p[i];
    return ret;
}

/* A field: its length in four bytes, all ones for NULL, then its bytes. False: this is not what COPY sends. */
static bool save_field(sqlite3_stmt *to, const struct table *t, int i, const unsigned char **p, size_t *left)
{
    uint32_t n;
    bool ok;

    if (*left < 4)
        return false;
    n = (uint32_t)get_number(*p, 4);
    *p += 4;
    *left -= 4;
    if (n == UINT32_MAX)
        return sqlite3_bind_null(to, i + 1) == SQLITE_OK;
    if (n > *left)
        return false;
    if (t->numbers[i])
        ok = n == 8 && sqlite3_bind_int64(to, i + 1, (int64_t)get_number(*p, 8)) == SQLITE_OK;
    else if (t->bytes[i])
        ok = (n ? sqlite3_bind_blob64(to, i + 1, *p, n, SQLITE_STATIC) : sqlite3_bind_zeroblob(to, i + 1, 0)) == SQLITE_OK;
    else
        ok = sqlite3_bind_text64(to, i + 1, (const char *)*p, n, SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK;
    *p += n;
    *left -= n;
    return ok;
}

/* The first piece begins with the head, the last one is only a mark. */
static enum kf_rc save_row(struct copy *c, sqlite3_stmt *to, const struct table *t, const char *piece, size_t n, bool first)
{
    const unsigned char *p = (const unsigned char *)piece;
    int code;

    if (first) {
        if (n < HEAD_BYTES || memcmp(p, head, 11) != 0)
            return kf_fail(c->why, KF_INVALID, "postgresql sends %s in a form that we do not know", t->name);
        p += HEAD_BYTES;
        n -= HEAD_BYTES;
    }
    if (n == 0 || (n == 2 && get_number(p, 2) == UINT16_MAX))
        return KF_OK;
    if (n < 2 || get_number(p, 2) != (uint64_t)t->n)
        return kf_fail(c->why, KF_INVALID, "%s has other columns than it should", t->name);
    p += 2;
    n -= 2;
    for (int i = 0; i < t->n; i++)
        if (!save_field(to, t, i, &p, &n))
            return kf_fail(c->why, KF_INVALID, "a row of %s is not as it should be", t->name);
    code = sqlite3_step(to);
    sqlite3_reset(to);
    return code == SQLITE_DONE ? KF_OK : lite_failed(c, code);
}

static enum kf_rc save_rows(struct copy *c, const struct table *t, sqlite3_stmt *to)
{
    enum kf_rc rc = KF_OK;
    bool first = true;
    PGresult *r;
    char *piece;
    int n;

    while ((n = PQgetCopyData(c->pg, &piece, 0)) > 0) {
        if (!rc) /* after a failure the rest is only read away */
            rc = save_row(c, to, t, piece, (size_t)n, first);
        first = false;
        PQfreemem(piece);
    }
    while ((r = PQgetResult(c->pg))) {
        if (!rc && PQresultStatus(r) != PGRES_COMMAND_OK)
            rc = pg_failed(c, r);
        else
            PQclear(r);
    }
    return rc;
}

static enum kf_rc save_table(struct copy *c, const struct table *t)
{
    sqlite3_stmt *to = NULL;
    struct buf sql;
    PGresult *r;
    enum kf_rc rc;
    int code;

    buf_init(&sql, 16384);
    buf_printf(&sql, "INSERT INTO \"%s\" (%s) VALUES (", t->name, t->list.p);
    for (int i = 0; i < t->n; i++)
        buf_str(&sql, i ? ", ?" : "?");
    buf_char(&sql, ')');
    code = buf_ok(&sql) ? sqlite3_prepare_v2(c->lite, sql.p, -1, &to, NULL) : SQLITE_NOMEM;
    buf_clear(&sql);
    buf_printf(&sql, "COPY (SELECT %s FROM \"%s\") TO STDOUT (FORMAT binary)", t->list.p, t->name);
    if (code != SQLITE_OK || !buf_ok(&sql))
        rc = lite_failed(c, code ? code : SQLITE_NOMEM);
    else {
        r = PQexec(c->pg, sql.p);
        if (PQresultStatus(r) == PGRES_COPY_OUT) {
            PQclear(r);
            rc = save_rows(c, t, to);
        } else
            rc = pg_failed(c, r);
    }
    sqlite3_finalize(to);
    buf_finish(&sql);
    return rc;
}

/* ---- back into it -------------------------------------------------------------------------------------------------------------------- */

static void put_number(struct buf *b, uint64_t v, int n)
{
    while (n--)
        buf_char(b, (char)(v >> (8 * n)));
}

static void put_row(struct buf *b, const struct table *t, sqlite3_stmt *from)
{
    put_number(b, (uint64_t)t->n, 2);
    for (int i = 0; i < t->n; i++) {
        if (sqlite3_column_type(from, i) == SQLITE_NULL)
            put_number(b, UINT32_MAX, 4);
        else if (t->numbers[i]) {
            put_number(b, 8, 4);
            put_number(b, (uint64_t)sqlite3_column_int64(from, i), 8);
        } else {
            const void *p = sqlite3_column_blob(from, i); /* of a text its bytes */
            int n = sqlite3_column_bytes(from, i);

            put_number(b, (uint64_t)n, 4);
            buf_add(b, (struct slice){ p ? p : "", (size_t)n });
        }
    }
}

static enum kf_rc send(struct copy *c, struct buf *b)
{
    if (!buf_ok(b))
        return kf_fail(c->why, KF_NOMEM, "out of memory");
    if (PQputCopyData(c->pg, b->p, (int)b->n) != 1)
        return pg_failed(c, NULL);
    buf_clear(b);
    return KF_OK;
}

static enum kf_rc restore_rows(struct copy *c, const struct table *t, sqlite3_stmt *from)
{
    struct buf b;
    PGresult *r;
    enum kf_rc rc = KF_OK;
    int code;

    buf_init(&b, 1u << 30);
    buf_add(&b, (struct slice){ head, sizeof(head) });
    while ((code = sqlite3_step(from)) == SQLITE_ROW && !rc) {
        put_row(&b, t, from);
        if (b.n > SEND_BYTES)
            rc = send(c, &b);
    }
    if (!rc && code != SQLITE_DONE)
        rc = lite_failed(c, code);
    put_number(&b, UINT16_MAX, 2);
    if (!rc)
        rc = send(c, &b);
    buf_finish(&b);
    (void)PQputCopyEnd(c->pg, rc ? "it is not whole" : NULL);
    while ((r = PQgetResult(c->pg))) {
        if (!rc && PQresultStatus(r) != PGRES_COMMAND_OK)
            rc = pg_failed(c, r);
        else
            PQclear(r);
    }
    return rc;
}

/* What numbers itself goes on after the highest. */
static enum kf_rc renumber(struct copy *c, const struct table *t)
{
    char sql[600];

    (void)snprintf(
        sql, sizeof(sql),
        "DO $$ DECLARE col TEXT; BEGIN FOR col IN SELECT a.attname FROM pg_attribute a WHERE a.attrelid = '\"%s\"'::regclass AND "
        "a.attidentity <> '' LOOP EXECUTE format('SELECT setval(pg_get_serial_sequence(%%L, %%L), (SELECT COALESCE(MAX(%%I), 0) + 1 "
        "FROM %%I), false)', '\"%s\"', col, col, '%s'); END LOOP; END $$",
        t->name, t->name, t->name);
    return pg_run(c, sql);
}

static enum kf_rc restore_table(struct copy *c, const struct table *t)
{
    sqlite3_stmt *from = NULL;
    struct buf sql;
    PGresult *r;
    enum kf_rc rc;

    buf_init(&sql, 16384);
    buf_printf(&sql, "TRUNCATE \"%s\"", t->name);
    rc = buf_ok(&sql) ? pg_run(c, sql.p) : kf_fail(c->why, KF_NOMEM, "out of memory");
    buf_clear(&sql);
    buf_printf(&sql, "SELECT %s FROM \"%s\"", t->list.p, t->name);
    if (!rc && sqlite3_prepare_v2(c->lite, sql.p, -1, &from, NULL) != SQLITE_OK)
        rc = lite_failed(c, sqlite3_errcode(c->lite));
    buf_clear(&sql);
    buf_printf(&sql, "COPY \"%s\" (%s) FROM STDIN (FORMAT binary)", t->name, t->list.p);
    if (!rc) {
        r = PQexec(c->pg, sql.p);
        if (PQresultStatus(r) == PGRES_COPY_IN) {
            PQclear(r);
            rc = restore_rows(c, t, from);
        } else
            rc = pg_failed(c, r);
    }
    sqlite3_finalize(from);
    buf_finish(&sql);
    return rc ? rc : renumber(c, t);
}

/* ---- all of them --------------------------------------------------------------------------------------------------------------------- */

static struct copy copy_of(struct db *postgres, struct db *lite, struct kf_err *why)
{
    return (struct copy){ postgres, postgres_handle(postgres), sqlite_handle(lite), lite, why };
}

enum kf_rc rows_save(struct db *postgres, struct db *to, struct kf_err *why)
{
    struct copy c = copy_of(postgres, to, why);

    return c.pg ? each_table(&c, save_table) : pg_failed(&c, NULL);
}

enum kf_rc rows_restore(struct db *postgres, struct db *from, struct kf_err *why)
{
    struct copy c = copy_of(postgres, from, why);

    return c.pg ? each_table(&c, restore_table) : pg_failed(&c, NULL);
}
