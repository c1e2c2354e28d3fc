/* What takes long and is rare has a thread of its own: archives and housekeeping. */
#include "store/archive.h"
#include "store/inside.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DAY_MS      86400000LL
#define KEEP_BACKUP (7 * DAY_MS)
#define KEEP_KEY    (30 * DAY_MS) /* of what belongs to no conversation; the others stay with theirs */
#define KEEP_SENT   (30 * DAY_MS)
#define KEEP_LOOSE  DAY_MS /* a file that nobody has sent */
#define SLICE_ROWS  1000   /* of one transaction: messages must not wait for the broom */

enum chore_kind { CHORE_BACKUP, CHORE_HOUSEKEEP };

struct chore {
    struct done done;
    struct chore *next;
    enum chore_kind kind;
    store_block_done *fn;
    void *ctx;
    enum kf_rc rc;
    struct kf_err why;
    int64_t now;
    char path[];
};

/* ---- housekeeping -------------------------------------------------------------------------------------------------------------- */

struct broom {
    enum sql sql;
    int64_t keep_ms;
    bool sliced; /* takes a LIMIT */
};

static const struct broom brooms[] = {
    { SQL_KEEP_SESSIONS, 0, true },     { SQL_KEEP_PARKED, DAY_MS, true },     { SQL_KEEP_CLAIMS, KEEP_KEY, true },
    { SQL_KEEP_LOGINS, DAY_MS, false }, { SQL_KEEP_ERRANDS, KEEP_SENT, true }, { SQL_KEEP_FILES, KEEP_LOOSE, true },
    { SQL_KEEP_RAW, 7 * DAY_MS, true },
};

/* One slice of one broom, by the writer; the upkeep thread waits for it. */
struct sweep {
    struct task task;
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool finished;
    const struct broom *broom;
    int64_t now, removed;
    enum kf_rc rc;
    struct kf_err why;
};

static enum kf_rc sweep_run(struct task *t, struct db *db, struct kf_err *why)
{
    struct sweep *w = (struct sweep *)t;
    struct stmt *s = stmt_begin(db, w->broom->sql);
    enum kf_rc rc;

    stmt_i64(s, w->now - w->broom->keep_ms);
    if (w->broom->sliced)
        stmt_i64(s, SLICE_ROWS);
    rc = stmt_run(s, -1, why);
    w->removed = rc ? 0 : db->ops->changed(db);
    return rc;
}

static void sweep_finish(struct task *t, enum kf_rc rc, const struct kf_err *why)
{
    struct sweep *w = (struct sweep *)t;

    pthread_mutex_lock(&w->lock);
    w->rc = rc;
    if (why)
        w->why = *why;
    w->finished = true;
    pthread_cond_signal(&w->over);
    pthread_mutex_unlock(&w->lock);
}

static enum kf_rc sweep_slice(struct store *s, const struct broom *b, int64_t now, int64_t *removed, struct kf_err *why)
{
    struct sweep w = { .task = { .run = sweep_run, .finish = sweep_finish }, .broom = b, .now = now };

    pthread_mutex_init(&w.lock, NULL);
    pthread_cond_init(&w.over, NULL);
    writer_task(s, &w.task);
    pthread_mutex_lock(&w.lock);
    while (!w.finished)
        pthread_cond_wait(&w.over, &w.lock);
    pthread_mutex_unlock(&w.lock);
    pthread_mutex_destroy(&w.lock);
    pthread_cond_destroy(&w.over);
    *removed = w.removed;
    if (w.rc)
        *why = w.why;
    return w.rc;
}

static enum kf_rc sweep_rows(struct store *s, int64_t now, struct kf_err *why)
{
    for (size_t i = 0; i < sizeof(brooms) / sizeof(brooms[0]); i++) {
        int64_t removed;

        do {
            enum kf_rc rc = sweep_slice(s, &brooms[i], now, &removed, why);

            if (rc)
                return rc;
        } while (brooms[i].sliced && removed == SLICE_ROWS);
    }
    return KF_OK;
}

/* Only what a migration has put there: NAME.schema-N. */
static bool is_saved(const struct store *s, const char *name)
{
    const char *paths[] = { s->postgres ? "postgresql" : s->path, s->files_path };

    for (size_t i = 0; i < 2; i++) {
        const char *slash = strrchr(paths[i], '/');
        const char *base = slash ? slash + 1 : paths[i];
        size_t n = strlen(base);

        if (n && strncmp(name, base, n) == 0 && strncmp(name + n, ".schema-", 8) == 0)
            return true;
    }
    return false;
}

static void sweep_saved(struct store *s, int64_t now)
{
    DIR *d = *s->backup_dir ? opendir(s->backup_dir) : NULL;
    char path[4096];
    struct dirent *e;
    struct stat st;

    /* cppcheck-suppress readdirCalled ; nobody else has this stream */
    while (d && (e = readdir(d)))
        if (is_saved(s, e->d_name) && snprintf(path, sizeof(path), "%s/%s", s->backup_dir, e->d_name) < (int)sizeof(path) &&
            stat(path, &st) == 0 && (int64_t)st.st_mtime * 1000 < now - KEEP_BACKUP)
            (void)remove(path);
    if (d)
        closedir(d);
}

/* ---- the thread ------------------------------------------------------------------------------------------------------------------ */

static struct chore *take(struct upkeep *u)
{
    struct chore *c;

    pthread_mutex_lock(&u->lock);
    while (!u->head && !u->stop)
        pthread_cond_wait(&u->more, &u->lock);
    c = u->head;
    if (c && !(u->head = c->next))
        u->tail = &u->head;
    pthread_mutex_unlock(&u->lock);
    return c;
}

static void *upkeep_main(void *arg)
{
    struct store *s = arg;
    struct chore *c;

    thread_name("kf-upkeep");
    while ((c = take(&s->upkeep))) {
        if (c->kind == CHORE_BACKUP)
            c->rc = archive_write(s, c->path, &c->why);
        else {
            sweep_saved(s, c->now);
            c->rc = sweep_rows(s, c->now, &c->why);
        }
        store_post(s, &c->done);
    }
    return NULL;
}

static void chore_done(struct done *d)
{
    struct chore *c = (struct chore *)d;

    if (c->fn)
        c->fn(c->ctx, c->rc, c->rc ? &c->why : NULL);
    free(c);
}

static void chore_take(struct store *s, struct chore *c)
{
    struct upkeep *u = &s->upkeep;
    bool stop;

    pthread_mutex_lock(&u->lock);
    stop = u->stop;
    if (!stop) {
        *u->tail = c;
        u->tail = &c->next;
        pthread_cond_signal(&u->more);
    }
    pthread_mutex_unlock(&u->lock);
    if (stop) {
        c->rc = kf_fail(&c->why, KF_AGAIN, "the store is closing");
        store_post(s, &c->done);
    }
}

static struct chore *chore_new(enum chore_kind kind, const char *path, store_block_done *fn, void *ctx)
{
    size_t n = strlen(path) + 1;
    struct chore *c = malloc(sizeof(*c) + n);

    if (!c)
        return NULL;
    *c = (struct chore){ .done.run = chore_done, .kind = kind, .fn = fn, .ctx = ctx };
    memcpy(c->path, path, n);
    return c;
}

void store_backup(struct store *s, const char *path, store_block_done *done, void *ctx)
{
    struct chore *c = chore_new(CHORE_BACKUP, path, done, ctx);

    if (c)
        chore_take(s, c);
    else
        store_no_memory(s, done, NULL, NULL, ctx);
}

/* The rows are swept; then the files that nobody names any more. */
struct second_half {
    struct store *store;
    store_block_done *fn;
    void *ctx;
    int64_t now;
};

static void rows_swept(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct second_half h = *(struct second_half *)ctx;

    free(ctx);
    if (rc || !*h.store->files_path) {
        if (h.fn)
            h.fn(h.ctx, rc, why);
    } else
        files_sweep(h.store, h.now - KEEP_LOOSE, h.fn, h.ctx);
}

void store_housekeep(struct store *s, int64_t now_ms, store_block_done *done, void *ctx)
{
    struct second_half *h = malloc(sizeof(*h));
    struct chore *c = h ? chore_new(CHORE_HOUSEKEEP, "", rows_swept, h) : NULL;

    if (!c) {
        free(h);
        store_no_memory(s, done, NULL, NULL, ctx);
        return;
    }
    *h = (struct second_half){ s, done, ctx, now_ms };
    c->now = now_ms;
    chore_take(s, c);
}

enum kf_rc upkeep_start(struct store *s, struct kf_err *why)
{
    if (pthread_create(&s->upkeep.thread, NULL, upkeep_main, s))
        return kf_fail(why, KF_NOMEM, "cannot start the thread of upkeep");
    s->upkeep.started = true;
    return KF_OK;
}

void upkeep_stop(struct store *s)
{
    struct upkeep *u = &s->upkeep;

    pthread_mutex_lock(&u->lock);
    u->stop = true;
    pthread_cond_signal(&u->more);
    pthread_mutex_unlock(&u->lock);
    if (u->started)
        pthread_join(u->thread, NULL);
    u->started = false;
}
