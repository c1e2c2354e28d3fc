#include "store/inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
    if (mkdir(backup_dir, 0700) && errno != EEXIST) /* the first time that anything is saved there */
        return kf_fail(why, KF_IO, "cannot make the backup directory %.120s: %s", backup_dir, strerror(errno));
    (void)remove(to);
    return db->ops->save(db, to, why);
}

static enum kf_rc migrate_one(struct db *db, const struct migration *m, struct kf_err *why)
{
    struct kf_err inner = { .rc = KF_OK };
    enum kf_rc rc = db_begin(db, true, &inner);

    if (!rc && db->ops->schema_lock)
        rc = db->ops->schema_lock(db, &inner);
    if (!rc && db->ops->schema(db) < m->number) { /* another node may have been faster */
        rc = db_exec(db, m->text, &inner);
        if (!rc)
            rc = db->ops->schema_set(db, m->number, &inner);
    }
    if (!rc)
        rc = db_commit(db, &inner);
    if (rc) {
        db_rollback(db);
        return kf_fail(why, rc, "migration %d (%s): %.150s", m->number, m->what, inner.text);
    }
    return KF_OK;
}

enum kf_rc migrate_upto(struct db *db, const struct migration *all, int upto, struct kf_err *why)
{
    int now = db->ops->schema(db);
    enum kf_rc rc = now < 0 ? kf_fail(why, KF_IO, "%s", db->why.text) : KF_OK;

    for (const struct migration *m = all; m->number && m->number <= upto && !rc; m++)
        if (m->number > now)
            rc = migrate_one(db, m, why);
    return rc;
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
    return rc ? rc : migrate_upto(db, all, newest, why);
}
