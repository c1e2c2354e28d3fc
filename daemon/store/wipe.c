#include "store/wipe.h"

#include "store/erase.h"
#include "store/sqlite.h"

#include <poll.h>

#define LOG_MS  30000 /* how long readers are waited for */
#define STEP_MS 50

enum kf_rc wipe_due(struct db *db, int64_t *at, struct kf_err *why)
{
    struct stmt *q = stmt_begin(db, SQL_CHORE_GET);

    *at = 0;
    stmt_str(q, CHORE_WIPE);
    if (stmt_row(q))
        *at = get_i64(q);
    return stmt_end(q, why);
}

enum kf_rc wipe_log(struct db *db, struct kf_err *why)
{
    int64_t until = clock_us() / 1000 + LOG_MS;
    int code;

    while ((code = sqlite3_wal_checkpoint_v2(sqlite_handle(db), NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL)) == SQLITE_BUSY ||
           code == SQLITE_LOCKED) {
        if (clock_us() / 1000 > until)
            return kf_fail(why, KF_AGAIN, "somebody reads the database for too long to empty its log: try again later");
        (void)poll(NULL, 0, STEP_MS);
    }
    if (code != SQLITE_OK) {
        (void)sqlite_rc(db, code);
        return kf_fail(why, KF_AGAIN, "%s", db->why.text);
    }
    return KF_OK;
}

/* The copy may be large: it goes through a file. */
static enum kf_rc vacuum(struct db *db, struct kf_err *why)
{
    enum kf_rc rc = db_exec(db, "PRAGMA temp_store=FILE", why);

    if (!rc)
        rc = db_exec(db, "VACUUM", why);
    (void)db_exec(db, "PRAGMA temp_store=MEMORY", NULL);
    return rc;
}

enum kf_rc wipe_database(struct db *db, struct kf_err *why)
{
    enum kf_rc rc = vacuum(db, why);

    return rc ? rc : wipe_log(db, why);
}

/* ---- the messages ---- */

struct wiping {
    struct awaited awaited;
    int64_t at;
};

static enum kf_rc vacuum_run(struct task *t, struct db *db, struct kf_err *why)
{
    (void)t;
    return vacuum(db, why);
}

static enum kf_rc done_run(struct task *t, struct db *db, struct kf_err *why)
{
    const struct wiping *w = (struct wiping *)t;
    struct stmt *s = stmt_begin(db, SQL_GONE_DONE);
    enum kf_rc rc;

    stmt_i64(s, w->at);
    rc = stmt_run(s, -1, why);
    if (rc)
        return rc;
    s = stmt_begin(db, SQL_CHORE_DONE);
    stmt_str(s, CHORE_WIPE);
    stmt_i64(s, w->at);
    return stmt_run(s, -1, why);
}

/* By the writer; we wait for it. */
static enum kf_rc by_writer(struct store *s, enum kf_rc (*run)(struct task *, struct db *, struct kf_err *), bool alone, int64_t at,
                            struct kf_err *why)
{
    struct wiping w = { .awaited.task = { .run = run, .alone = alone }, .at = at };

    return writer_wait(s, &w.awaited, why);
}

/* Rows that are gone are really gone once nobody can see their old versions. */
static enum kf_rc wipe_postgres(struct store *s, struct kf_err *why)
{
    struct db *db = NULL;
    enum kf_rc rc = store_connect(s, &db, DB_KEEP, why);

    if (!rc)
        rc = db_exec(db,
                     "VACUUM message, timeline, conversation, customer, contact, file, content, block, raw_event, errand, reply_handle, "
                     "tag, review, "
                     "review_version, review_appeal, review_comment, reveal, unindexed, words, parked_status, also_ref",
                     why);
    db_close(db);
    return rc;
}

static enum kf_rc cut_log(struct store *s, struct kf_err *why)
{
    struct db *db = NULL;
    enum kf_rc rc = store_connect(s, &db, DB_KEEP, why);

    if (!rc)
        rc = wipe_log(db, why);
    db_close(db);
    return rc;
}

enum kf_rc wipe_messages(struct store *s, int64_t at, struct kf_err *why)
{
    enum kf_rc rc = s->postgres ? wipe_postgres(s, why) : by_writer(s, vacuum_run, true, at, why);

    if (!rc)
        rc = by_writer(s, done_run, false, at, why);
    return rc || s->postgres ? rc : cut_log(s, why);
}
