/* Checkpoints have a thread of their own, so that no commit ever waits for one. PASSIVE moves pages whenever there are enough; when
 * the log has grown all the same, because somebody was always writing, RESTART asks the next writer to begin at its front. */
#include "store/inside.h"
#include "store/sqlite.h"

#include <errno.h>
#include <time.h>

#define PASSIVE_PAGES 1000
#define RESTART_PAGES 16384 /* 64 MiB */
#define IDLE_S        5

static bool checkpoint(struct store *s, int mode)
{
    struct db *db = s->keeper.db;
    int in_log = 0, moved = 0;
    int code = sqlite3_wal_checkpoint_v2(sqlite_handle(db), NULL, mode, &in_log, &moved);

    if (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED) {
        if (mode == SQLITE_CHECKPOINT_TRUNCATE && code == SQLITE_OK)
            atomic_store(&s->wal_pages, 0);
        store_well(s, &s->keeper.unwell, "checkpoint");
    } else if (sqlite_rc(db, code) == KF_IO)
        store_break(s, db->why.text); /* pages may be lost: nobody may write on */
    else
        store_unwell(s, &s->keeper.unwell, "checkpoint", db->why.text);
    return code == SQLITE_OK;
}

/* While somebody reads for long (an archive is being made) a restart would hold up the writer again and again for nothing: after one
 * that did not succeed, the log may grow by as much again before the next. */
static void make_room(struct store *s)
{
    struct keeper *k = &s->keeper;
    int64_t pages = atomic_load(&s->wal_pages);

    if (pages < RESTART_PAGES)
        k->restart_at = RESTART_PAGES;
    if (pages >= PASSIVE_PAGES)
        (void)checkpoint(s, SQLITE_CHECKPOINT_PASSIVE);
    if (pages >= k->restart_at && !checkpoint(s, SQLITE_CHECKPOINT_RESTART))
        k->restart_at = pages + RESTART_PAGES;
}

static bool wait_for_work(struct keeper *k, bool log_is_empty)
{
    struct timespec until;
    int rc = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += IDLE_S;
    while (!k->due && !k->stop && rc != ETIMEDOUT)
        rc = log_is_empty ? pthread_cond_wait(&k->more, &k->lock) : pthread_cond_timedwait(&k->more, &k->lock, &until);
    k->due = false;
    return rc == ETIMEDOUT;
}

static void *keeper_main(void *arg)
{
    struct store *s = arg;
    struct keeper *k = &s->keeper;

    thread_name("kf-checkpoint");
    pthread_mutex_lock(&k->lock);
    while (!k->stop) {
        bool idle = wait_for_work(k, atomic_load(&s->wal_pages) == 0);

        if (k->stop)
            break;
        pthread_mutex_unlock(&k->lock);
        if (idle)
            (void)checkpoint(s, SQLITE_CHECKPOINT_TRUNCATE);
        else
            make_room(s);
        pthread_mutex_lock(&k->lock);
    }
    pthread_mutex_unlock(&k->lock);
    return NULL;
}

void keeper_nudge(struct store *s)
{
    struct keeper *k = &s->keeper;

    pthread_mutex_lock(&k->lock);
    k->due = true;
    pthread_cond_signal(&k->more);
    pthread_mutex_unlock(&k->lock);
}

/* After each commit, on the writer's thread. */
static int committed(void *ctx, sqlite3 *h, const char *name, int pages)
{
    struct store *s = ctx;
    int64_t before = atomic_exchange(&s->wal_pages, pages);

    (void)h;
    (void)name;
    if (before == 0 || pages / PASSIVE_PAGES != before / PASSIVE_PAGES)
        keeper_nudge(s);
    return SQLITE_OK;
}

enum kf_rc keeper_start(struct store *s, struct kf_err *why)
{
    enum kf_rc rc = sqlite_open(&s->keeper.db, s->path, DB_KEEP, why);

    if (rc)
        return rc;
    sqlite3_busy_timeout(sqlite_handle(s->keeper.db), 200);
    sqlite3_wal_hook(sqlite_handle(s->writer.db), committed, s);
    if (pthread_create(&s->keeper.thread, NULL, keeper_main, s))
        return kf_fail(why, KF_NOMEM, "cannot start the thread of checkpoints");
    s->keeper.started = true;
    return KF_OK;
}

void keeper_stop(struct store *s)
{
    struct keeper *k = &s->keeper;

    pthread_mutex_lock(&k->lock);
    k->stop = true;
    pthread_cond_signal(&k->more);
    pthread_mutex_unlock(&k->lock);
    if (k->started)
        pthread_join(k->thread, NULL);
    k->started = false;
}
