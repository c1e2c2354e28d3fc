#include "store/inside.h"
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* An exact copy at this moment, page by page through SQLite itself, so that a log that is not yet in the file is in the copy. */
static enum kf_rc copy_to(struct db *db, const char *to, struct kf_err *why)
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

static enum kf_rc save_before(struct db *db, const char *path, const char *backup_dir, int from, struct kf_err *why)
{
    const char *base = strrchr(path, '/');
    char to[4096];
    int n;

    if (!backup_dir || !*backup_dir)
        return kf_fail(why, KF_INVALID, "a migration needs a place to save the database first: no backup directory is set");
    n = snprintf(to, sizeof(to), "%s/%s.schema-%d", backup_dir, base ? base + 1 : path, from);
    if (n < 0 || (size_t)n >= sizeof(to))
        return kf_fail(why, KF_INVALID, "the name of the backup directory is too long");
    (void)remove(to);
    return copy_to(db, to, why);
}

static enum kf_rc migrate_one(struct db *db, const struct migration *m, struct kf_err *why)
{
    struct kf_err inner = { .rc = KF_OK };
    char mark[64];
    enum kf_rc rc = db_begin(db, true, &inner);

    (void)snprintf(mark, sizeof(mark), "PRAGMA user_version=%d", m->number);
    if (!rc && db->ops->schema(db) < m->number) { /* another node may have been faster */
        rc = db_exec(db, m->text, &inner);
        if (!rc)
            rc = db_exec(db, mark, &inner);
    }
    if (!rc)
        rc = db_commit(db, &inner);
    if (rc) {
        db_rollback(db);
        return kf_fail(why, rc, "migration %d (%s): %.150s", m->number, m->what, inner.text);
    }
    return KF_OK;
}

enum kf_rc migrate(struct db *db, const struct migration *all, const char *path, const char *backup_dir, struct kf_err *why)
{
    int now = db->ops->schema(db), newest = 0;
    enum kf_rc rc = KF_OK;

    if (now < 0)
        return kf_fail(why, KF_IO, "%s: %.150s", path, db->why.text);
    for (const struct migration *m = all; m->number; m++)
        newest = m->number;
    if (now > newest)
        return kf_fail(why, KF_UNSUPPORTED, "%s was written by a newer kefud (schema %d, this one knows %d)", path, now, newest);
    if (now > 0 && now < newest)
        rc = save_before(db, path, backup_dir, now, why);
    for (const struct migration *m = all; m->number && !rc; m++)
        if (m->number > now)
            rc = migrate_one(db, m, why);
    return rc;
}
