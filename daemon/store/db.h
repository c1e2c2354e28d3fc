/* db.h: the seam between the store and a database. One connection belongs to one thread.
 *
 * All SQL stands in statements.def and is named; a statement is prepared once per connection, when it is first used:
 *
 *     struct stmt *s = stmt_begin(db, SQL_CONV_BY_ID);
 *     stmt_id(s, &id);                        arguments in the order of $1, $2 ...: the first error sticks, the rest do nothing
 *     if (stmt_row(s))
 *         n = get_i64(s);                     columns in the order of the SELECT
 *     rc = stmt_end(s, why);                  always; tells of the first error
 *
 * Bound memory is borrowed until stmt_end(). Text that get_text() returns lives until the next row. */
#ifndef KF_STORE_DB_H
#define KF_STORE_DB_H

#include "core/arena.h"
#include "core/id.h"
#include "core/rc.h"
#include "core/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum sql {
#define SQL(name, text) SQL_##name,
#include "store/statements.def"
#undef SQL
    SQL_COUNT
};

/* What a connection is for; a driver sets itself up accordingly. */
enum db_mode {
    DB_WRITE,   /* makes the file if need be; every commit is fsynced */
    DB_READ,    /* cannot write */
    DB_KEEP,    /* checkpoints, backups */
    DB_SCRATCH, /* makes a file that nobody else sees, and that is worth nothing before it is whole (SQLite) */
    DB_DERIVED, /* writes what can be rebuilt: commits are not fsynced one by one */
    DB_FILES    /* as DB_WRITE, and moves its own log: nobody waits for it */
};

/* One step of a schema: `text` brings it from the step before to `number`. */
struct migration {
    int number; /* 0 ends the table */
    const char *what;
    const char *text;
};

struct db;

struct stmt {
    struct db *db;
    void *handle;  /* the driver's */
    int arg, col;  /* the last one bound, the next one to read */
    enum kf_rc rc; /* the first error since stmt_begin() */
};

struct db_ops {
    const char *name;
    void (*close)(struct db *);
    enum kf_rc (*begin)(struct db *, bool write, struct kf_err *why);
    enum kf_rc (*commit)(struct db *, struct kf_err *why);
    void (*rollback)(struct db *);
    enum kf_rc (*exec)(struct db *, const char *text, struct kf_err *why); /* several commands, no arguments */
    enum kf_rc (*prepare)(struct stmt *, enum sql which);
    enum kf_rc (*bind_i64)(struct stmt *, int64_t);
    enum kf_rc (*bind_text)(struct stmt *, struct slice);
    enum kf_rc (*bind_bytes)(struct stmt *, struct slice);
    enum kf_rc (*bind_null)(struct stmt *);
    bool (*step)(struct stmt *); /* true: a row; false: the end, or rc is set */
    int64_t (*get_i64)(struct stmt *, int col);
    struct slice (*get_bytes)(struct stmt *, int col); /* p is NULL for NULL */
    void (*reset)(struct stmt *);
    /* Writes without waiting for the answer: `rows` (-1: any) of it are asked for, and what goes wrong is told by a later call, at the latest
     * by commit. False: it cannot, and nothing was done. NULL where an answer costs nothing. */
    bool (*later)(struct stmt *, int64_t rows);
    int64_t (*changed)(struct db *); /* rows of the last write */
    int (*schema)(struct db *);      /* the migration it is at; 0: empty, -1: cannot tell */
    /* Inside a transaction: nobody else migrates until its end. NULL where a transaction that writes is alone anyway. */
    enum kf_rc (*schema_lock)(struct db *, struct kf_err *why);
    enum kf_rc (*schema_set)(struct db *, int number, struct kf_err *why);
    /* A copy of all that it holds, before a migration. */
    enum kf_rc (*save)(struct db *, const char *to, struct kf_err *why);
    const struct migration *messages, *files;
    bool shared; /* others write at the same time: what is read to be changed must be locked */
};

struct db {
    const struct db_ops *ops;
    struct kf_err why; /* words of the last error */
    bool raced;        /* it was another node's doing: the same transaction, repeated, may succeed */
    struct stmt stmts[SQL_COUNT];
};

/* Whoever opens a database of that driver. `path` is a file name. */
enum kf_rc sqlite_open(struct db **ret, const char *path, enum db_mode mode, struct kf_err *why);
/* Says beside the file, in PATH.lock, that it is in use: `alone`, or together with others; KF_CONFLICT where that cannot be. It holds
 * until close(*ret), or until the process ends. */
enum kf_rc sqlite_enter(const char *path, bool alone, int *ret, struct kf_err *why);
/* `url` is postgresql://…, and one database holds it all. A link that is lost is made again by a later db_begin(); until then KF_AGAIN.
 * DB_WRITE also enters the database as one that uses it: `alone`, or together with others. */
enum kf_rc postgres_open(struct db **ret, const char *url, enum db_mode mode, bool alone, struct kf_err *why);
void db_close(struct db *db); /* takes NULL */

static inline enum kf_rc db_begin(struct db *db, bool write, struct kf_err *why)
{
    return db->ops->begin(db, write, why);
}

static inline enum kf_rc db_commit(struct db *db, struct kf_err *why)
{
    return db->ops->commit(db, why);
}

static inline void db_rollback(struct db *db)
{
    db->ops->rollback(db);
}

static inline enum kf_rc db_exec(struct db *db, const char *text, struct kf_err *why)
{
    return db->ops->exec(db, text, why);
}

struct stmt *stmt_begin(struct db *db, enum sql which);
void stmt_i64(struct stmt *s, int64_t v);
void stmt_i64_or_null(struct stmt *s, int64_t v);     /* 0 is NULL */
void stmt_id(struct stmt *s, const struct kf_id *id); /* the zero id is NULL */
void stmt_str(struct stmt *s, const char *text);      /* NULL is NULL */
void stmt_text(struct stmt *s, struct slice text);
void stmt_bytes(struct stmt *s, struct slice bytes); /* p NULL is NULL */
bool stmt_row(struct stmt *s);

int64_t get_i64(struct stmt *s);                       /* NULL is 0 */
struct slice get_slice(struct stmt *s);                /* p is NULL for NULL */
void get_id(struct stmt *s, struct kf_id *ret);        /* NULL is zero */
void get_key(struct stmt *s, struct kf_key *ret);      /* NULL is "" */
const char *get_text(struct stmt *s, struct arena *a); /* a copy; NULL is NULL; sets KF_NOMEM */
const char *get_str(struct stmt *s, struct arena *a);  /* the same, but NULL is "" */
struct slice get_copy(struct stmt *s, struct arena *a);
void get_fixed(struct stmt *s, void *ret, size_t n); /* zeros where the stored bytes have another length */

enum kf_rc stmt_end(struct stmt *s, struct kf_err *why);
/* Runs an INSERT … RETURNING of one number. */
enum kf_rc stmt_run_key(struct stmt *s, int64_t *ret, struct kf_err *why);
/* Runs to the end; KF_CONFLICT if `rows` ≥ 0 and not that many were written. */
enum kf_rc stmt_run(struct stmt *s, int64_t rows, struct kf_err *why);

#endif
