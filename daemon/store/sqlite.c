/* The SQLite driver. WAL, synchronous=FULL; checkpoints are never made by the writer (see checkpoint.c). */
#include "store/sqlite.h"

#include "core/errand.h"
#include "core/mutant.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define T_KEY       "INTEGER PRIMARY KEY"
#define T_KEY_ONCE  "INTEGER PRIMARY KEY AUTOINCREMENT"
#define T_INT       "INTEGER"
#define T_TEXT      "TEXT"
#define T_BYTES     "BLOB"
#define T_CLUSTERED " WITHOUT ROWID"
#define T_LOCKED    ""
#define T_ALSO
#define T_RELEARN "" /* the index is a database of its own, and knows its own version */
#define T_FILES_ALSO

static const char *const texts[] = {
#define SQL(name, text) [SQL_##name] = text,
#include "store/statements.def"
#undef SQL
};

const struct migration sqlite_migrations[] = {
#define MIGRATION(number, what, text) { number, what, text },
#include "store/migrations.def"
#undef MIGRATION
    { 0, NULL, NULL },
};

const struct migration sqlite_file_migrations[] = {
#define FILE_MIGRATION(number, what, text) { number, what, text },
#include "store/migrations.def"
#undef FILE_MIGRATION
    { 0, NULL, NULL },
};

struct sqlite {
    struct db db;
    sqlite3 *handle;
};

sqlite3 *sqlite_handle(struct db *db)
{
    return ((struct sqlite *)db)->handle;
}

static int last_errno(sqlite3 *h, int which)
{
    sqlite3_file *f = NULL;
    int e = 0;

    if (sqlite3_file_control(h, "main", which, (void *)&f) == SQLITE_OK && f && f->pMethods)
        (void)f->pMethods->xFileControl(f, SQLITE_FCNTL_LAST_ERRNO, &e);
    return e;
}

/* An error of writing that is a matter of space or of a limit: nothing is broken, it heals when there is room. ENOSPC itself never
 * gets here, SQLite calls it SQLITE_FULL. The file remembers the error; errno has long been overwritten. */
static bool no_room(sqlite3 *h)
{
    int log = last_errno(h, SQLITE_FCNTL_JOURNAL_POINTER), file = last_errno(h, SQLITE_FCNTL_FILE_POINTER);

    return log == EDQUOT || log == EFBIG || file == EDQUOT || file == EFBIG;
}

static enum kf_rc io_error(sqlite3 *h, int extended)
{
    switch (extended) {
    case SQLITE_IOERR_NOMEM:
        return KF_NOMEM;
    case SQLITE_IOERR_SHMSIZE: /* before anything was written: the shared memory file could not grow */
    case SQLITE_IOERR_SHMMAP:
    case SQLITE_IOERR_SHMOPEN:
    case SQLITE_IOERR_SHMLOCK:
    case SQLITE_IOERR_LOCK:
    case SQLITE_IOERR_BLOCKED:
        return KF_AGAIN;
    case SQLITE_IOERR_WRITE:
    case SQLITE_IOERR_TRUNCATE:
        return no_room(h) ? KF_AGAIN : KF_IO;
    default:
        return KF_IO;
    }
}

enum kf_rc sqlite_rc(struct db *db, int code)
{
    sqlite3 *h = sqlite_handle(db);
    int extended = h ? sqlite3_extended_errcode(h) : code;
    enum kf_rc rc;

    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return KF_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_READONLY:
    case SQLITE_INTERRUPT:
        rc = KF_AGAIN;
        break;
    case SQLITE_NOMEM:
        rc = KF_NOMEM;
        break;
    case SQLITE_CONSTRAINT:
        rc = KF_CONFLICT;
        break;
    case SQLITE_TOOBIG:
        rc = KF_LIMIT;
        break;
    case SQLITE_IOERR:
        rc = io_error(h, extended);
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        rc = KF_IO;
        break;
    default:
        rc = KF_INVALID;
    }
    return kf_fail(&db->why, rc, "sqlite: %s (%d)", h ? sqlite3_errmsg(h) : sqlite3_errstr(code), extended);
}

static void close_sqlite(struct db *db)
{
    struct sqlite *d = (struct sqlite *)db;

    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(db->stmts[i].handle);
    sqlite3_close(d->handle);
    free(d);
}

static enum kf_rc exec(struct db *db, const char *text, struct kf_err *why)
{
    enum kf_rc rc = sqlite_rc(db, sqlite3_exec(sqlite_handle(db), text, NULL, NULL, NULL));

    if (rc && why)
        *why = db->why;
    return rc;
}

static enum kf_rc begin(struct db *db, bool write, struct kf_err *why)
{
    return stmt_run(stmt_begin(db, write ? SQL_BEGIN_WRITE : SQL_BEGIN_READ), -1, why);
}

static enum kf_rc commit(struct db *db, struct kf_err *why)
{
    return stmt_run(stmt_begin(db, SQL_COMMIT), -1, why);
}

/* Some errors roll back by themselves; to roll back once more would be an error of its own. */
static void rollback(struct db *db)
{
    struct kf_err kept = db->why;

    if (!sqlite3_get_autocommit(sqlite_handle(db)))
        (void)stmt_run(stmt_begin(db, SQL_ROLLBACK), -1, NULL);
    db->why = kept;
}

static enum kf_rc prepare(struct stmt *s, enum sql which)
{
    sqlite3_stmt *h = NULL;
    enum kf_rc rc = sqlite_rc(s->db, sqlite3_prepare_v3(sqlite_handle(s->db), texts[which], -1, SQLITE_PREPARE_PERSISTENT, &h, NULL));

    s->handle = h;
    return rc;
}

static enum kf_rc bind_i64(struct stmt *s, int64_t v)
{
    int code = sqlite3_bind_int64(s->handle, s->arg, v);

    return code ? sqlite_rc(s->db, code) : KF_OK;
}

static enum kf_rc bind_text(struct stmt *s, struct slice t)
{
    int code = sqlite3_bind_text64(s->handle, s->arg, t.p, t.n, SQLITE_STATIC, SQLITE_UTF8);

    return code ? sqlite_rc(s->db, code) : KF_OK;
}

static enum kf_rc bind_bytes(struct stmt *s, struct slice b)
{
    int code = sqlite3_bind_blob64(s->handle, s->arg, b.p, b.n, SQLITE_STATIC);

    return code ? sqlite_rc(s->db, code) : KF_OK;
}

static enum kf_rc bind_null(struct stmt *s)
{
    int code = sqlite3_bind_null(s->handle, s->arg);

    return code ? sqlite_rc(s->db, code) : KF_OK;
}

static bool step(struct stmt *s)
{
    int code = sqlite3_step(s->handle);

    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE)
        s->rc = sqlite_rc(s->db, code);
    return false;
}

static int64_t column_i64(struct stmt *s, int col)
{
    return sqlite3_column_int64(s->handle, col);
}

static struct slice column_bytes(struct stmt *s, int col)
{
    const char *p;

    if (sqlite3_column_type(s->handle, col) == SQLITE_NULL)
        return (struct slice){ NULL, 0 };
    p = sqlite3_column_blob(s->handle, col);
    return (struct slice){ p ? p : "", (size_t)sqlite3_column_bytes(s->handle, col) };
}

static void reset(struct stmt *s)
{
    sqlite3_reset(s->handle);
}

static int64_t changed(struct db *db)
{
    return sqlite3_changes64(sqlite_handle(db));
}

static int schema(struct db *db)
{
    sqlite3_stmt *h = NULL;
    int ret = -1;

    if (sqlite3_prepare_v2(sqlite_handle(db), "PRAGMA user_version", -1, &h, NULL) == SQLITE_OK && sqlite3_step(h) == SQLITE_ROW)
        ret = sqlite3_column_int(h, 0);
    else
        (void)sqlite_rc(db, sqlite3_errcode(sqlite_handle(db)));
    sqlite3_finalize(h);
    return ret;
}

static enum kf_rc schema_set(struct db *db, int number, struct kf_err *why)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "PRAGMA user_version=%d", number);
    return exec(db, text, why);
}

/* An exact copy at this moment, page by page through SQLite itself, so that a log that is not yet in the file is in the copy. */
static enum kf_rc save(struct db *db, const char *to, struct kf_err *why)
{
    sqlite3 *out = NULL;
    sqlite3_backup *b;
    int fd = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), code;

    if (fd < 0)
        return kf_fail(why, KF_AGAIN, "cannot save the database to %s before the migration: %s", to, strerror(errno));
    (void)close(fd);
    code = sqlite3_open_v2(to, &out, SQLITE_OPEN_READWRITE, NULL);

    if (code == SQLITE_OK && (b = sqlite3_backup_init(out, "main", sqlite_handle(db), "main"))) {
        do
            code = sqlite3_backup_step(b, -1);
        while (code == SQLITE_OK);
        sqlite3_backup_finish(b);
    }
    if (code != SQLITE_DONE)
        (void)kf_fail(why, KF_AGAIN, "cannot save the database to %s before the migration: %s", to, sqlite3_errmsg(out));
    sqlite3_close(out);
    return code == SQLITE_DONE ? KF_OK : KF_AGAIN;
}

static const struct db_ops ops = {
    .name = "sqlite",
    .close = close_sqlite,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .exec = exec,
    .prepare = prepare,
    .bind_i64 = bind_i64,
    .bind_text = bind_text,
    .bind_bytes = bind_bytes,
    .bind_null = bind_null,
    .step = step,
    .get_i64 = column_i64,
    .get_bytes = column_bytes,
    .reset = reset,
    .changed = changed,
    .schema = schema,
    .schema_set = schema_set,
    .save = save,
    .messages = sqlite_migrations,
    .files = sqlite_file_migrations,
};

static const char *pragmas(enum db_mode mode)
{
    switch (mode) {
    case DB_WRITE:
        return "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-65536;"
               "PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=OFF";
    case DB_DERIVED:
        return "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-65536;"
               "PRAGMA temp_store=MEMORY";
    case DB_FILES:
        return "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-8192; PRAGMA temp_store=MEMORY; PRAGMA "
               "secure_delete=ON";
    case DB_SCRATCH:
        return "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY";
    case DB_READ:
        return "PRAGMA query_only=ON; PRAGMA cache_size=-32768; PRAGMA temp_store=MEMORY";
    case DB_KEEP:
    default:
        return "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0";
    }
}

/* What visitors said is nobody's business: 0600 from the first moment. The log and the shared memory take their modes from this. */
static void make_private(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd >= 0)
        (void)close(fd);
}

enum kf_rc sqlite_enter(const char *path, bool alone, int *ret, struct kf_err *why)
{
    char name[PATH_MAX];
    enum kf_rc rc = KF_OK;
    int fd, n = snprintf(name, sizeof(name), "%s.lock", path);

    if (n <= 0 || (size_t)n >= sizeof(name))
        return kf_fail(why, KF_INVALID, "the name of the database is too long");
    fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return kf_fail(why, KF_IO, "%s: %s", name, strerror(errno));
    if (flock(fd, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0) {
        *ret = fd;
        return KF_OK;
    }
    if (errno != EWOULDBLOCK)
        rc = kf_fail(why, KF_IO, "%s: %s", name, strerror(errno));
    else if (alone)
        rc = kf_fail(why, KF_CONFLICT,
                     "another node uses %s: a second node needs a Redis url that both name, and an archive is put back while none runs",
                     path);
    else
        rc = kf_fail(why, KF_CONFLICT, "%s is in use by a node that has no Redis url, or an archive is being put back", path);
    (void)close(fd);
    return rc;
}

enum kf_rc sqlite_open(struct db **ret, const char *path, enum db_mode mode, struct kf_err *why)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    struct sqlite *d = calloc(1, sizeof(*d));
    enum kf_rc rc;

    if (!d)
        return kf_fail(why, KF_NOMEM, "out of memory");
    d->db.ops = &ops;
    if (mode == DB_WRITE || mode == DB_DERIVED || mode == DB_FILES || mode == DB_SCRATCH) {
        flags |= SQLITE_OPEN_CREATE;
        make_private(path);
    }
    rc = sqlite_rc(&d->db, sqlite3_open_v2(path, &d->handle, flags, NULL));
    if (!rc) {
        sqlite3_busy_timeout(d->handle, 5000);
        rc = exec(&d->db, pragmas(mode), NULL);
        if (!rc && mutant("no_sync"))
            rc = exec(&d->db, "PRAGMA synchronous=NORMAL", NULL);
    }
    if (rc) {
        (void)kf_fail(why, rc, "%s: %s", path, d->db.why.text);
        close_sqlite(&d->db);
        return rc;
    }
    *ret = &d->db;
    return KF_OK;
}
