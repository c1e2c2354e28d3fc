#include "store/index.h"

#include "store/homes.h"
#include "store/sqlite.h"
#include "store/wipe.h"
#include "store/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SCHEMA_NOW 4 /* rises with what core/segment.h makes of a text, too: PostgreSQL learns anew by a migration */
#define ROUND_ROWS 4000
#define GATHER_MS  100 /* after a commit: what comes meanwhile goes into the same round */
#define POLL_MS    500 /* another node may commit without telling us */

static const char schema[] = "CREATE TABLE mark (message INTEGER NOT NULL, unindexed INTEGER NOT NULL);"
                             "INSERT INTO mark (message, unindexed) VALUES (0, 0);"
                             "CREATE TABLE site (n INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);"
                             "CREATE TABLE homes (n INTEGER PRIMARY KEY, packed BLOB NOT NULL);"
                             "CREATE VIRTUAL TABLE words USING fts5 (text, content='', columnsize=0, tokenize='kefud');"
                             "PRAGMA user_version=4;";

struct round {
    struct db *main, *index;
    struct kf_err *why;
    int64_t message, unindexed; /* the marks */
    int64_t rows;               /* learnt */
    bool changed;
    struct kf_key site; /* the last one looked up */
    int64_t site_n;
    struct homes homes;
};

/* ---- one round ------------------------------------------------------------------------------------------------------------- */

static enum kf_rc read_marks(struct round *r)
{
    struct stmt *s = stmt_begin(r->index, SQL_INDEX_MARKS);

    if (stmt_row(s)) {
        r->message = get_i64(s);
        r->unindexed = get_i64(s);
    }
    return stmt_end(s, r->why);
}

static enum kf_rc site_number(struct round *r, const struct kf_key *site, int64_t *ret)
{
    struct stmt *s;
    enum kf_rc rc;

    if (r->site_n && key_eq(&r->site, site)) {
        *ret = r->site_n;
        return KF_OK;
    }
    *ret = 0;
    s = stmt_begin(r->index, SQL_INDEX_SITE_FIND);
    stmt_str(s, site->s);
    if (stmt_row(s))
        *ret = get_i64(s);
    rc = stmt_end(s, r->why);
    if (!rc && !*ret) {
        s = stmt_begin(r->index, SQL_INDEX_SITE_ADD);
        stmt_str(s, site->s);
        rc = stmt_run_key(s, ret, r->why);
    }
    r->site = *site;
    r->site_n = *ret;
    return rc;
}

/* Events are ours, not anybody's words; what was removed has none. */
static bool worth(int64_t kind, struct slice text)
{
    return text.p && text.n && kind != MESSAGE_EVENT && kind != MESSAGE_REMOVED;
}

static enum kf_rc add(struct round *r, int64_t id, int64_t conv, const struct kf_key *site, struct slice text)
{
    int64_t site_n;
    enum kf_rc rc = site_number(r, site, &site_n);
    struct stmt *s;

    if (rc)
        return rc;
    s = stmt_begin(r->index, SQL_INDEX_ADD);
    stmt_i64(s, id);
    stmt_text(s, text);
    rc = stmt_run(s, -1, r->why);
    return rc ? rc : homes_put(&r->homes, id, (struct home){ conv, site_n }, r->why);
}

static enum kf_rc drop(struct round *r, int64_t id, struct slice text)
{
    struct stmt *s = stmt_begin(r->index, SQL_INDEX_DROP);

    stmt_i64(s, id);
    stmt_text(s, text);
    return stmt_run(s, -1, r->why);
}

/* Ends a read during which something else may have failed first. */
static enum kf_rc read_end(struct stmt *s, enum kf_rc rc, struct kf_err *why)
{
    enum kf_rc ended = stmt_end(s, rc ? NULL : why);

    return rc ? rc : ended;
}

/* The message as it stands in this snapshot. */
static enum kf_rc add_again(struct round *r, int64_t id)
{
    struct stmt *s = stmt_begin(r->main, SQL_INDEXABLE_ONE);
    struct kf_key site;
    struct slice text;
    int64_t conv, kind;
    enum kf_rc rc = KF_OK;

    stmt_i64(s, id);
    if (stmt_row(s)) {
        conv = get_i64(s);
        get_key(s, &site);
        kind = get_i64(s);
        text = get_slice(s);
        if (worth(kind, text))
            rc = add(r, id, conv, &site, text);
    }
    return read_end(s, rc, r->why);
}

static enum kf_rc newest_unindexed(struct round *r, int64_t *ret)
{
    struct stmt *s = stmt_begin(r->main, SQL_UNINDEX_NEWEST);

    *ret = 0;
    if (stmt_row(s))
        *ret = get_i64(s);
    return stmt_end(s, r->why);
}

/* Edited or erased since the last round. Of several edits of a message the first names the text that the index knows; afterwards it
 * knows the text of this snapshot. What is beyond the mark was never learnt, and will be as it now stands. The whole log is
 * read in one snapshot: half of it would name texts that are between the two. */
static enum kf_rc forget(struct round *r)
{
    int64_t newest;
    enum kf_rc rc = newest_unindexed(r, &newest);
    struct stmt *s;

    if (rc || newest <= r->unindexed)
        return rc;
    s = stmt_begin(r->main, SQL_UNINDEX_LIST);
    stmt_i64(s, r->unindexed);
    stmt_i64(s, r->message);
    while (!rc && stmt_row(s)) {
        int64_t id = get_i64(s);
        struct slice old = get_slice(s);

        if (old.n)
            rc = drop(r, id, old);
        if (!rc)
            rc = add_again(r, id);
    }
    r->unindexed = newest;
    r->changed = true;
    return read_end(s, rc, r->why);
}

static enum kf_rc learn(struct round *r)
{
    struct stmt *s = stmt_begin(r->main, SQL_INDEXABLE);
    enum kf_rc rc = KF_OK;

    stmt_i64(s, r->message);
    stmt_i64(s, ROUND_ROWS);
    while (!rc && stmt_row(s)) {
        int64_t id = get_i64(s), conv = get_i64(s), kind;
        struct kf_key site;
        struct slice text;

        get_key(s, &site);
        kind = get_i64(s);
        text = get_slice(s);
        if (worth(kind, text))
            rc = add(r, id, conv, &site, text);
        r->message = id;
        r->rows++;
        r->changed = true;
    }
    return read_end(s, rc, r->why);
}

static enum kf_rc set_marks(struct round *r)
{
    struct stmt *s = stmt_begin(r->index, SQL_INDEX_SET_MARKS);

    stmt_i64(s, r->message);
    stmt_i64(s, r->unindexed);
    return stmt_run(s, 1, r->why);
}

/* One transaction of the index over one snapshot of the messages. *rows: how much there was to do. */
static enum kf_rc one_round(struct indexer *x, int64_t *rows, int64_t *unindexed, struct kf_err *why)
{
    struct round r = { .main = x->main, .index = x->db, .why = why, .homes = { .db = x->db, .row = -1 } };
    enum kf_rc rc = db_begin(x->main, false, why);

    if (rc)
        return rc;
    rc = db_begin(x->db, true, why);
    if (!rc)
        rc = read_marks(&r);
    if (!rc)
        rc = forget(&r);
    if (!rc)
        rc = learn(&r);
    if (!rc)
        rc = homes_flush(&r.homes, why);
    if (!rc && r.changed)
        rc = set_marks(&r);
    db_rollback(x->main);
    if (!rc && r.changed)
        rc = db_commit(x->db, why);
    if (rc || !r.changed)
        db_rollback(x->db);
    *rows = r.rows;
    *unindexed = r.unindexed;
    return rc;
}

/* ---- the log of erased texts: emptied by the writer once the index has forgotten them ------------------------------------------ */

struct empty_task {
    struct task task;
    int64_t upto;
};

static enum kf_rc empty_run(struct task *t, struct db *db, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, SQL_UNINDEX_DONE);

    stmt_i64(s, ((struct empty_task *)t)->upto);
    return stmt_run(s, -1, why);
}

static void empty_finish(struct task *t, enum kf_rc rc, const struct kf_err *why)
{
    (void)rc; /* what stays is emptied with the next ones */
    (void)why;
    free(t);
}

static void empty_log(struct store *s, int64_t upto)
{
    struct empty_task *t = calloc(1, sizeof(*t));

    if (!t)
        return;
    t->task.run = empty_run;
    t->task.finish = empty_finish;
    t->upto = upto;
    writer_task(s, &t->task);
}

/* ---- the thread ------------------------------------------------------------------------------------------------------------------ */

static int64_t now_ms(void)
{
    return clock_us() / 1000;
}

static void catch_up(struct store *s)
{
    struct indexer *x = &s->indexer;
    struct kf_err why = { .rc = KF_OK };
    int64_t rows = 0, unindexed = 0, emptied = x->emptied;
    enum kf_rc rc = KF_OK;

    do {
        int64_t from = now_ms();

        rc = s->postgres ? words_round(x->db, &x->from, ROUND_ROWS, &rows, &why) : one_round(x, &rows, &unindexed, &why);
        if (!rc && rows < ROUND_ROWS) { /* all that was committed before `from` is in */
            pthread_mutex_lock(&x->lock);
            if (x->pending_since && x->pending_since < from)
                x->pending_since = x->last_nudge >= from ? from : 0;
            pthread_mutex_unlock(&x->lock);
        }
    } while (!rc && rows >= ROUND_ROWS && !atomic_load(&x->stop));
    if (rc) {
        store_unwell(s, &x->unwell, "index", why.text);
        return;
    }
    store_well(s, &x->unwell, "index");
    /* Rounds are not fsynced; what the index has forgotten must be on the disk before the log of it goes. */
    if (unindexed > emptied && sqlite3_wal_checkpoint_v2(sqlite_handle(x->db), NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) == SQLITE_OK) {
        empty_log(s, unindexed);
        x->emptied = unindexed;
    }
}

static enum kf_rc start_over(struct indexer *x, struct kf_err *why)
{
    enum kf_rc rc = db_begin(x->db, true, why);

    if (!rc)
        rc = db_exec(x->db,
                     "INSERT INTO words (words) VALUES ('delete-all'); DELETE FROM homes; DELETE FROM site;"
                     "UPDATE mark SET message = 0, unindexed = 0",
                     why);
    if (!rc)
        rc = db_commit(x->db, why);
    if (rc)
        db_rollback(x->db);
    return rc;
}

static enum kf_rc relearn(struct indexer *x, struct kf_err *why)
{
    x->from = (struct words_from){ 0 };
    return words_start_over(x->db, why);
}

static struct reindex *take_reindex(struct indexer *x)
{
    struct reindex *r;

    pthread_mutex_lock(&x->lock);
    r = x->reindex;
    if (r)
        x->reindex = r->next;
    pthread_mutex_unlock(&x->lock);
    return r;
}

/* What was erased is forgotten, then no old segment has it any more, nor a free page, nor the log. */
static enum kf_rc wipe(struct store *s, struct kf_err *why)
{
    struct indexer *x = &s->indexer;
    enum kf_rc rc;

    catch_up(s);
    if (x->unwell)
        return kf_fail(why, KF_AGAIN, "the search index cannot be brought up to date: see the log");
    if (s->postgres)
        return KF_OK;
    rc = db_begin(x->db, true, why);
    if (!rc)
        rc = db_exec(x->db, "INSERT INTO words (words) VALUES ('optimize')", why);
    if (!rc)
        rc = db_commit(x->db, why);
    if (rc)
        db_rollback(x->db);
    return rc ? rc : wipe_database(x->db, why);
}

static void run_reindexes(struct store *s)
{
    struct indexer *x = &s->indexer;
    struct reindex *r;

    while ((r = take_reindex(x))) {
        if (r->wipe)
            r->rc = wipe(s, &r->why);
        else
            r->rc = s->postgres ? relearn(x, &r->why) : start_over(x, &r->why);
        if (!r->rc && !r->wipe)
            catch_up(s);
        store_post(s, &r->done);
    }
}

/* False: stop. */
static bool wait_for_work(struct indexer *x)
{
    struct timespec until;
    int rc = 0;

    pthread_mutex_lock(&x->lock);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += POLL_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (!x->pending_since && !x->reindex && !atomic_load(&x->stop) && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&x->more, &x->lock, &until);
    if (x->pending_since && !x->reindex && !atomic_load(&x->stop)) {
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += GATHER_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        for (rc = 0; !x->reindex && !atomic_load(&x->stop) && rc != ETIMEDOUT;)
            rc = pthread_cond_timedwait(&x->more, &x->lock, &until);
    }
    pthread_mutex_unlock(&x->lock);
    return !atomic_load(&x->stop);
}

static void *index_main(void *arg)
{
    struct store *s = arg;

    thread_name("kf-index");
    while (wait_for_work(&s->indexer)) {
        run_reindexes(s);
        catch_up(s);
    }
    run_reindexes(s);
    return NULL;
}

void index_nudge(struct store *s)
{
    struct indexer *x = &s->indexer;
    int64_t t = now_ms();

    if (!x->started)
        return;
    pthread_mutex_lock(&x->lock);
    x->last_nudge = t;
    if (!x->pending_since) {
        x->pending_since = t;
        pthread_cond_signal(&x->more);
    }
    pthread_mutex_unlock(&x->lock);
}

int64_t index_lag_ms(struct store *s)
{
    struct indexer *x = &s->indexer;
    int64_t ret;

    pthread_mutex_lock(&x->lock);
    ret = x->pending_since ? now_ms() - x->pending_since : 0;
    pthread_mutex_unlock(&x->lock);
    return ret;
}

static void reindexed(struct done *d)
{
    struct reindex *r = (struct reindex *)d;

    if (r->fn)
        r->fn(r->ctx, r->rc, r->rc ? &r->why : NULL);
    free(r);
}

static void ask_indexer(struct store *s, bool wipes, store_block_done *fn, void *ctx)
{
    struct indexer *x = &s->indexer;
    struct reindex *r = calloc(1, sizeof(*r));
    bool taken = false;

    if (!r) {
        store_no_memory(s, fn, NULL, NULL, ctx);
        return;
    }
    r->done.run = reindexed;
    r->wipe = wipes;
    r->fn = fn;
    r->ctx = ctx;
    pthread_mutex_lock(&x->lock);
    if (x->started && !atomic_load(&x->stop)) {
        r->next = x->reindex;
        x->reindex = r;
        taken = true;
        pthread_cond_signal(&x->more);
    }
    pthread_mutex_unlock(&x->lock);
    if (!taken) {
        if (!wipes)
            r->rc = kf_fail(&r->why, KF_UNSUPPORTED, "there is no search index here");
        store_post(s, &r->done);
    }
}

void store_reindex(struct store *s, store_block_done *fn, void *ctx)
{
    ask_indexer(s, false, fn, ctx);
}

void index_wipe(struct store *s, store_block_done *fn, void *ctx)
{
    ask_indexer(s, true, fn, ctx);
}

/* ---- start and stop ------------------------------------------------------------------------------------------------------------- */

static void remove_files(const char *path)
{
    static const char *const tails[] = { "", "-wal", "-shm" };
    char name[4096];

    for (size_t i = 0; i < 3; i++)
        if (snprintf(name, sizeof(name), "%s%s", path, tails[i]) < (int)sizeof(name))
            (void)remove(name);
}

/* All or nothing: a first start may be cut short. */
static enum kf_rc make_tables(struct db *db, struct kf_err *why)
{
    enum kf_rc rc = db_begin(db, true, why);

    if (rc)
        return rc;
    rc = db_exec(db, schema, why);
    if (!rc)
        rc = db_commit(db, why);
    if (rc)
        db_rollback(db);
    return rc;
}

static enum kf_rc open_once(struct store *s, struct kf_err *why)
{
    struct indexer *x = &s->indexer;
    enum kf_rc rc = sqlite_open(&x->db, s->index_path, DB_DERIVED, why);
    int now;

    if (!rc)
        rc = tokenizer_register(x->db, why);
    if (rc)
        return rc;
    now = x->db->ops->schema(x->db);
    if (now == 0)
        return make_tables(x->db, why);
    return now == SCHEMA_NOW ? KF_OK : kf_fail(why, KF_IO, "the search index is of another version");
}

/* A store that was put back from an older copy has fewer messages than the index has seen. */
static enum kf_rc check_marks(struct indexer *x, struct kf_err *why)
{
    struct round r = { .main = x->main, .index = x->db, .why = why };
    enum kf_rc rc = read_marks(&r);
    struct stmt *s;
    int64_t newest = 0;

    if (rc)
        return rc;
    s = stmt_begin(x->main, SQL_MESSAGE_NEWEST);
    if (stmt_row(s))
        newest = get_i64(s);
    rc = stmt_end(s, why);
    return !rc && r.message > newest ? start_over(x, why) : rc;
}

/* It is derived: what cannot be read is thrown away and made again. */
static enum kf_rc open_index(struct store *s, struct kf_err *why)
{
    enum kf_rc rc = open_once(s, why);

    if (rc != KF_IO && rc != KF_INVALID)
        return rc;
    store_log(s, 2, "index_rebuild", why->text);
    db_close(s->indexer.db);
    s->indexer.db = NULL;
    remove_files(s->index_path);
    return open_once(s, why);
}

enum kf_rc index_start(struct store *s, struct kf_err *why)
{
    struct indexer *x = &s->indexer;
    struct kf_err ours = { .rc = KF_OK };
    enum kf_rc rc;

    if (!*s->index_path)
        return KF_OK;
    rc = s->postgres ? store_connect(s, &x->db, DB_DERIVED, &ours) : open_index(s, &ours);
    if (!rc && !s->postgres)
        rc = sqlite_open(&x->main, s->path, DB_READ, &ours);
    if (!rc && !s->postgres)
        rc = check_marks(x, &ours);
    if (rc) {
        if (why)
            *why = ours;
        return rc;
    }
    x->pending_since = now_ms(); /* whatever is in the store already */
    if (pthread_create(&x->thread, NULL, index_main, s))
        return kf_fail(why, KF_NOMEM, "cannot start the thread of the search index");
    x->started = true;
    return KF_OK;
}

void index_stop(struct store *s)
{
    struct indexer *x = &s->indexer;

    pthread_mutex_lock(&x->lock);
    atomic_store(&x->stop, true);
    pthread_cond_signal(&x->more);
    pthread_mutex_unlock(&x->lock);
    if (x->started)
        pthread_join(x->thread, NULL);
    x->started = false;
}

enum kf_rc index_open_reader(struct store *s, struct db **ret, struct kf_err *why)
{
    enum kf_rc rc;

    *ret = NULL;
    if (!*s->index_path)
        return KF_OK;
    rc = sqlite_open(ret, s->index_path, DB_READ, why);
    return rc ? rc : tokenizer_register(*ret, why);
}
