/* What takes long and is rare has a thread of its own: archives and housekeeping. */
#include "core/buf.h"
#include "store/archive.h"
#include "store/index.h"
#include "store/inside.h"
#include "store/retain.h"
#include "store/wipe.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DAY_MS      86400000LL
#define KEEP_BACKUP (7 * DAY_MS)
#define KEEP_KEY    (30 * DAY_MS) /* of what belongs to no conversation; the others stay with theirs */
#define KEEP_SENT   (30 * DAY_MS)
#define KEEP_LOOSE  DAY_MS /* a file that nobody has sent */
#define REPORT_MAX  (1U << 20)
#define SLICE_ROWS  1000 /* of one transaction: messages must not wait for the broom */

enum chore_kind { CHORE_BACKUP, CHORE_ROWS, CHORE_WIPE };

/* Housekeeping under way: one step after the other, each by the thread whose it is. */
struct keeping {
    struct store *store;
    struct housekeeping how;
    store_housekept *fn;
    void *ctx;
    int64_t wipe_at;   /* something was erased, at the latest then; 0: nothing */
    struct buf report; /* members of its object */
};

struct chore {
    struct done done;
    struct chore *next;
    enum chore_kind kind;
    store_block_done *fn;
    void *ctx;
    enum kf_rc rc;
    struct kf_err why;
    struct keeping *keeping; /* CHORE_ROWS, CHORE_WIPE */
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
    { SQL_KEEP_HANDLES, DAY_MS, true },
};

/* One slice of one broom, by the writer; the upkeep thread waits for it. */
struct sweep {
    struct awaited awaited;
    const struct broom *broom;
    int64_t now, removed;
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

static enum kf_rc sweep_slice(struct store *s, const struct broom *b, int64_t now, int64_t *removed, struct kf_err *why)
{
    struct sweep w = { .awaited.task.run = sweep_run, .broom = b, .now = now };
    enum kf_rc rc = writer_wait(s, &w.awaited, why);

    *removed = w.removed;
    return rc;
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

static void tell_saved(struct keeping *k, const char *path, int64_t until, bool any)
{
    if (any)
        buf_char(&k->report, ',');
    buf_str(&k->report, "{\"path\":");
    buf_json(&k->report, slice_of(path));
    buf_printf(&k->report, ",\"until\":%" PRId64 "}", until);
}

/* Those that stay are named: what was erased since is still in them. */
static void sweep_saved(struct keeping *k)
{
    struct store *s = k->store;
    DIR *d = *s->backup_dir ? opendir(s->backup_dir) : NULL;
    int64_t keep = k->how.backup_ms > 0 ? k->how.backup_ms : KEEP_BACKUP;
    char path[4096];
    struct dirent *e;
    struct stat st;
    bool any = false;

    buf_str(&k->report, "\"backups\":[");
    /* cppcheck-suppress readdirCalled ; nobody else has this stream */
    while (d && (e = readdir(d))) {
        if (!is_saved(s, e->d_name) || snprintf(path, sizeof(path), "%s/%s", s->backup_dir, e->d_name) >= (int)sizeof(path) ||
            stat(path, &st))
            continue;
        if ((int64_t)st.st_mtime * 1000 < k->how.now - keep && !k->how.dry)
            (void)remove(path);
        else {
            tell_saved(k, path, (int64_t)st.st_mtime * 1000 + keep, any);
            any = true;
        }
    }
    buf_char(&k->report, ']');
    if (d)
        closedir(d);
}

/* On the thread of upkeep, with a connection of its own. */
static enum kf_rc keep_rows(struct keeping *k, struct kf_err *why)
{
    struct db *db = NULL;
    enum kf_rc rc;

    sweep_saved(k);
    rc = k->how.dry ? KF_OK : sweep_rows(k->store, k->how.now, why);
    if (!rc)
        rc = store_connect(k->store, &db, DB_READ, why);
    buf_char(&k->report, ',');
    if (!rc)
        rc = retain(k->store, db, &k->how, &k->report, why);
    if (!rc)
        rc = wipe_due(db, &k->wipe_at, why);
    db_close(db);
    return rc;
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
        else
            c->rc = c->kind == CHORE_ROWS ? keep_rows(c->keeping, &c->why) : wipe_messages(s, c->keeping->wipe_at, &c->why);
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

/* ---- one step after the other, from the caller's thread ---- */

static void keeping_end(struct keeping *k, enum kf_rc rc, const struct kf_err *why)
{
    const struct kf_err no_memory = { .rc = KF_NOMEM, .text = "out of memory" };

    if (!rc && !buf_ok(&k->report)) {
        rc = KF_NOMEM;
        why = &no_memory;
    }
    if (k->fn)
        k->fn(k->ctx, rc, rc ? NULL : k->report.p, why);
    buf_finish(&k->report);
    free(k);
}

static void keeping_told(struct keeping *k)
{
    bool wiped = k->wipe_at && k->how.wipe && !k->how.dry;

    buf_printf(&k->report, ",\"wipe\":\"%s\"}", wiped ? "done" : k->wipe_at ? "due" : "none");
    keeping_end(k, KF_OK, NULL);
}

static void step(struct keeping *k, enum chore_kind kind, store_block_done *next)
{
    const struct kf_err no_memory = { .rc = KF_NOMEM, .text = "out of memory" };
    struct chore *c = chore_new(kind, "", next, k);

    if (!c) {
        keeping_end(k, KF_NOMEM, &no_memory);
        return;
    }
    c->keeping = k;
    chore_take(k->store, c);
}

static void wiped(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    if (rc)
        keeping_end(ctx, rc, why);
    else
        keeping_told(ctx);
}

static void index_wiped(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    if (rc)
        keeping_end(ctx, rc, why);
    else
        step(ctx, CHORE_WIPE, wiped);
}

/* The index before the messages: the texts that it has to forget are still among them. */
static void files_kept(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct keeping *k = ctx;

    if (rc)
        keeping_end(k, rc, why);
    else if (k->wipe_at && k->how.wipe)
        index_wipe(k->store, index_wiped, k);
    else
        keeping_told(k);
}

static void rows_kept(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct keeping *k = ctx;

    if (rc)
        keeping_end(k, rc, why);
    else if (k->how.dry)
        keeping_told(k);
    else if (!*k->store->files_path)
        files_kept(k, KF_OK, NULL);
    else
        files_sweep(k->store, k->how.now - KEEP_LOOSE, k->wipe_at && k->how.wipe, files_kept, k);
}

void store_housekeep(struct store *s, const struct housekeeping *h, store_housekept *done, void *ctx)
{
    struct keeping *k = calloc(1, sizeof(*k));
    struct chore *c = k ? chore_new(CHORE_ROWS, "", rows_kept, k) : NULL;

    if (!c) {
        const struct kf_err no_memory = { .rc = KF_NOMEM, .text = "out of memory" };

        free(k);
        if (done)
            done(ctx, KF_NOMEM, NULL, &no_memory);
        return;
    }
    *k = (struct keeping){ .store = s, .how = *h, .fn = done, .ctx = ctx };
    buf_init(&k->report, REPORT_MAX);
    buf_printf(&k->report, "{\"dry\":%s,", h->dry ? "true" : "false");
    c->keeping = k;
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
