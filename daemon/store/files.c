/* The contents of files: a database of its own, with a writer of its own, so that an upload never stands before a message. Contents
 * lie in blocks under their SHA-256; what is still coming in has none yet. */
#include "store/inside.h"
#include "store/wipe.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define QUEUE_BYTES (64u << 20)
#define BATCH_JOBS  256
#define HALF_MS     3600000 /* an upload that has not moved for so long is abandoned */
#define SWEEP_ROWS  500
#define ANEW_MAX    (1LL << 30)

enum file_act { FILE_PUT, FILE_END, FILE_DROP, FILE_SWEEP };

struct file_job {
    struct done done;
    struct file_job *next;
    enum file_act act;
    struct kf_id handle;
    store_block_done *put_done;
    store_file_done *end_done;
    void *ctx;
    enum kf_rc rc;
    struct kf_err why;
    int64_t before; /* FILE_SWEEP */
    bool wipes;     /* likewise: what was freed must not be found in it */
    uint8_t sha256[32];
    int64_t size;
    size_t n;
    char bytes[];
};

struct upload {
    struct upload *next;
    struct kf_id handle;
    int64_t content; /* its number in the database; 0: nothing written yet */
    int64_t blocks, size;
    EVP_MD_CTX *sha;
    bool failed; /* a batch with some of it was lost */
    bool over;   /* ended or dropped in the batch that is under way */
    bool fresh;  /* `content` was given in the batch that is under way */
    size_t held;
    char block[STORE_BLOCK];
};

static int64_t wall_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- uploads ------------------------------------------------------------------------------------------------------------------- */

static void upload_free(struct upload *u)
{
    EVP_MD_CTX_free(u->sha);
    free(u);
}

static struct upload *upload_find(struct filer *f, const struct kf_id *handle)
{
    struct upload *u = f->uploads;

    while (u && (u->over || !id_eq(&u->handle, handle)))
        u = u->next;
    return u;
}

static struct upload *upload_new(struct filer *f, const struct kf_id *handle)
{
    struct upload *u = calloc(1, sizeof(*u));

    if (!u || !(u->sha = EVP_MD_CTX_new()) || EVP_DigestInit_ex(u->sha, EVP_sha256(), NULL) != 1) {
        if (u)
            upload_free(u);
        return NULL;
    }
    u->handle = *handle;
    u->next = f->uploads;
    f->uploads = u;
    return u;
}

static enum kf_rc upload_begin(struct db *db, struct upload *u, struct kf_err *why)
{
    struct stmt *s;

    if (u->content)
        return KF_OK;
    s = stmt_begin(db, SQL_FILES_NEW);
    stmt_i64(s, wall_ms());
    u->fresh = true;
    return stmt_run_key(s, &u->content, why);
}

static enum kf_rc upload_flush(struct db *db, struct upload *u, struct kf_err *why)
{
    struct stmt *s;
    enum kf_rc rc = upload_begin(db, u, why);

    if (rc || !u->held)
        return rc;
    s = stmt_begin(db, SQL_FILES_BLOCK_ADD);
    stmt_i64(s, u->content);
    stmt_i64(s, u->blocks++);
    stmt_bytes(s, (struct slice){ u->block, u->held });
    u->held = 0;
    return stmt_run(s, 1, why);
}

static enum kf_rc drop_content(struct db *db, int64_t content, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, SQL_FILES_DROP_BLOCKS);
    enum kf_rc rc;

    stmt_i64(s, content);
    rc = stmt_run(s, -1, why);
    if (rc)
        return rc;
    s = stmt_begin(db, SQL_FILES_DROP);
    stmt_i64(s, content);
    return stmt_run(s, -1, why);
}

static enum kf_rc put(struct filer *f, struct file_job *j, struct kf_err *why)
{
    struct upload *u = upload_find(f, &j->handle);
    size_t from = 0;
    enum kf_rc rc = KF_OK;

    if (!u && !(u = upload_new(f, &j->handle)))
        return kf_fail(why, KF_NOMEM, "out of memory");
    if (u->failed)
        return KF_OK; /* the end tells */
    if (EVP_DigestUpdate(u->sha, j->bytes, j->n) != 1)
        return kf_fail(why, KF_NOMEM, "SHA-256 failed");
    u->size += (int64_t)j->n;
    while (from < j->n && !rc) {
        size_t n = j->n - from < STORE_BLOCK - u->held ? j->n - from : STORE_BLOCK - u->held;

        memcpy(u->block + u->held, j->bytes + from, n);
        u->held += n;
        from += n;
        if (u->held == STORE_BLOCK)
            rc = upload_flush(f->db, u, why);
    }
    return rc;
}

/* The same contents are stored once: who comes second gives up its own. */
static enum kf_rc end_as(struct db *db, struct upload *u, const uint8_t sha256[32], struct kf_err *why)
{
    struct slice key = { (const char *)sha256, 32 };
    struct stmt *s = stmt_begin(db, SQL_FILES_FIND);
    int64_t known = 0;
    enum kf_rc rc;

    stmt_bytes(s, key);
    if (stmt_row(s))
        known = get_i64(s);
    rc = stmt_end(s, why);
    if (rc)
        return rc;
    if (known) {
        s = stmt_begin(db, SQL_FILES_TOUCH); /* it is young again: no sweep takes it before it is referred to */
        stmt_i64(s, wall_ms());
        stmt_i64(s, known);
        rc = stmt_run(s, 1, why);
        return rc ? rc : drop_content(db, u->content, why);
    }
    s = stmt_begin(db, SQL_FILES_DONE);
    stmt_bytes(s, key);
    stmt_i64(s, u->size);
    stmt_i64(s, wall_ms());
    stmt_i64(s, u->content);
    return stmt_run(s, 1, why);
}

static enum kf_rc end(struct filer *f, struct file_job *j, struct kf_err *why)
{
    struct upload *u = upload_find(f, &j->handle);
    EVP_MD_CTX *copy;
    bool ok;
    enum kf_rc rc;

    if (!u) {
        j->rc = kf_fail(&j->why, KF_ABSENT, "there is no such upload");
        return KF_OK;
    }
    if (u->failed) {
        j->rc = kf_fail(&j->why, KF_AGAIN, "some of the upload was lost: send it again");
        u->over = true;
        return u->content ? drop_content(f->db, u->content, why) : KF_OK;
    }
    copy = EVP_MD_CTX_new(); /* the batch may be lost and the end asked for again */
    ok = copy && EVP_MD_CTX_copy_ex(copy, u->sha) == 1 && EVP_DigestFinal_ex(copy, j->sha256, NULL) == 1;
    EVP_MD_CTX_free(copy);
    if (!ok)
        return kf_fail(why, KF_NOMEM, "SHA-256 failed");
    j->size = u->size;
    u->over = true;
    rc = upload_flush(f->db, u, why);
    return rc ? rc : end_as(f->db, u, j->sha256, why);
}

static enum kf_rc drop(struct filer *f, struct file_job *j, struct kf_err *why)
{
    struct upload *u = upload_find(f, &j->handle);

    if (!u)
        return KF_OK;
    u->over = true;
    return u->content ? drop_content(f->db, u->content, why) : KF_OK;
}

/* ---- what nobody refers to -------------------------------------------------------------------------------------------------------- */

static enum kf_rc forget_half(struct db *db, int64_t before, struct kf_err *why)
{
    int64_t found[SWEEP_ROWS];
    size_t n = 0;
    struct stmt *s = stmt_begin(db, SQL_FILES_HALF);
    enum kf_rc rc;

    stmt_i64(s, before);
    while (n < SWEEP_ROWS && stmt_row(s))
        found[n++] = get_i64(s);
    rc = stmt_end(s, why);
    for (size_t i = 0; i < n && !rc; i++)
        rc = drop_content(db, found[i], why);
    return rc;
}

static enum kf_rc referred(struct db *messages, struct slice sha256, bool *ret, struct kf_err *why)
{
    struct stmt *s = stmt_begin(messages, SQL_FILE_OF_SHA256);

    stmt_bytes(s, sha256);
    *ret = stmt_row(s);
    return stmt_end(s, why);
}

/* Orphans among the next contents after *from; *from becomes 0 at the end. */
static enum kf_rc sweep_some(struct db *db, struct db *messages, int64_t before, int64_t *from, struct kf_err *why)
{
    int64_t orphans[SWEEP_ROWS], last = 0;
    size_t n = 0, rows = 0;
    struct stmt *s = stmt_begin(db, SQL_FILES_OLD);
    enum kf_rc rc = KF_OK, ended;
    bool used;

    stmt_i64(s, before);
    stmt_i64(s, *from);
    stmt_i64(s, SWEEP_ROWS);
    while (!rc && stmt_row(s)) {
        rows++;
        last = get_i64(s);
        rc = referred(messages, get_slice(s), &used, why);
        if (!rc && !used)
            orphans[n++] = last;
    }
    ended = stmt_end(s, rc ? NULL : why);
    rc = rc ? rc : ended;
    for (size_t i = 0; i < n && !rc; i++)
        rc = drop_content(db, orphans[i], why);
    *from = rows == SWEEP_ROWS ? last : 0;
    return rc;
}

struct gone {
    uint8_t sha256[32];
    int64_t at;
};

static enum kf_rc read_gone(struct db *messages, struct arena *a, struct gone **ret, size_t *n, struct kf_err *why)
{
    struct stmt *s = stmt_begin(messages, SQL_GONE_LIST);
    size_t cap = 0;

    *n = 0;
    while (stmt_row(s)) {
        if (*n == cap) {
            struct gone *more = arena_array(a, cap ? 2 * cap : 64, sizeof(*more));

            if (!more) {
                (void)stmt_end(s, NULL);
                return kf_fail(why, KF_NOMEM, "out of memory");
            }
            if (cap)
                memcpy(more, *ret, cap * sizeof(*more));
            cap = cap ? 2 * cap : 64;
            *ret = more;
        }
        get_fixed(s, (*ret)[*n].sha256, 32);
        (*ret)[(*n)++].at = get_i64(s);
    }
    return stmt_end(s, why);
}

/* Unless somebody else has it, or has sent the same since. */
static enum kf_rc drop_one_gone(struct db *db, struct db *messages, const struct gone *g, struct kf_err *why)
{
    struct slice key = { (const char *)g->sha256, sizeof(g->sha256) };
    struct stmt *s;
    int64_t n = 0;
    bool used;
    enum kf_rc rc = referred(messages, key, &used, why);

    if (rc || used)
        return rc;
    s = stmt_begin(db, SQL_FILES_GONE);
    stmt_bytes(s, key);
    stmt_i64(s, g->at);
    if (stmt_row(s))
        n = get_i64(s);
    rc = stmt_end(s, why);
    return rc || !n ? rc : drop_content(db, n, why);
}

/* What was erased does not wait for a day. */
static enum kf_rc drop_gone(struct db *db, struct db *messages, struct kf_err *why)
{
    struct arena *a = arena_new(0);
    struct gone *gone = NULL;
    size_t n = 0;
    enum kf_rc rc = a ? read_gone(messages, a, &gone, &n, why) : kf_fail(why, KF_NOMEM, "out of memory");

    if (!rc && n)
        rc = db_begin(db, true, why);
    for (size_t i = 0; !rc && i < n; i++)
        rc = drop_one_gone(db, messages, &gone[i], why);
    if (!rc && n)
        rc = db_commit(db, why);
    if (rc)
        db_rollback(db);
    arena_free(a);
    return rc;
}

/* A large one is not written anew: what was freed in it was overwritten with zeros then. */
static enum kf_rc wipe(struct store *s, struct kf_err *why)
{
    struct db *db = s->filer.db;
    struct stat st;

    if (s->postgres)
        return KF_OK;
    return stat(s->files_path, &st) == 0 && st.st_size > ANEW_MAX ? wipe_log(db, why) : wipe_database(db, why);
}

static enum kf_rc sweep(struct store *s, int64_t before, bool wipes, struct kf_err *why)
{
    struct db *db = s->filer.db, *messages = NULL;
    int64_t from = 0;
    enum kf_rc rc = store_connect(s, &messages, DB_READ, why);

    if (!rc)
        rc = drop_gone(db, messages, why);
    while (!rc) {
        rc = db_begin(db, true, why);
        if (!rc)
            rc = sweep_some(db, messages, before, &from, why);
        if (!rc)
            rc = db_commit(db, why);
        if (rc)
            db_rollback(db);
        if (!from)
            break;
    }
    db_close(messages);
    return rc || !wipes ? rc : wipe(s, why);
}

/* ---- the thread ------------------------------------------------------------------------------------------------------------------------ */

static enum kf_rc run_all(struct filer *f, struct file_job **jobs, size_t n, struct kf_err *why)
{
    enum kf_rc rc = db_begin(f->db, true, why);

    for (size_t i = 0; i < n && !rc; i++) {
        jobs[i]->rc = KF_OK;
        rc = jobs[i]->act == FILE_PUT ? put(f, jobs[i], why) : jobs[i]->act == FILE_END ? end(f, jobs[i], why) : drop(f, jobs[i], why);
    }
    if (!rc)
        rc = db_commit(f->db, why);
    if (rc)
        db_rollback(f->db);
    return rc;
}

/* What memory knows of the uploads must not run ahead of the disk: those of a lost batch have failed, and cannot be ended. */
static void settle(struct filer *f, struct file_job **jobs, size_t n, enum kf_rc rc, const struct kf_err *why)
{
    struct upload **at = &f->uploads, *u;

    for (u = f->uploads; u; u = u->next) {
        if (rc && u->fresh)
            u->content = 0; /* the number will be given to another */
        u->over &= !rc;
        u->fresh = false;
    }
    for (size_t i = 0; rc && i < n; i++) {
        jobs[i]->rc = rc;
        jobs[i]->why = *why;
        u = upload_find(f, &jobs[i]->handle);
        if (u)
            u->failed = true;
    }
    while ((u = *at)) {
        if (u->over) {
            *at = u->next;
            upload_free(u);
        } else
            at = &u->next;
    }
}

static void run_batch(struct store *s, struct file_job **jobs, size_t n)
{
    struct kf_err why = { .rc = KF_OK };
    enum kf_rc rc;

    if (store_broken(s))
        rc = kf_fail(&why, KF_IO, "%s", s->broken_text);
    else if (jobs[0]->act == FILE_SWEEP)
        rc = sweep(s, jobs[0]->before, jobs[0]->wipes, &why);
    else
        rc = run_all(&s->filer, jobs, n, &why);
    if (rc == KF_IO)
        store_break(s, why.text);
    if (rc == KF_NOMEM)
        rc = KF_AGAIN;
    if (rc == KF_AGAIN) { /* a database's words are for the log */
        store_unwell(s, &s->filer.unwell, "files", why.text);
        (void)kf_fail(&why, rc, "%s", kf_words(rc, NULL));
    } else if (!rc)
        store_well(s, &s->filer.unwell, "files");
    if (jobs[0]->act != FILE_SWEEP)
        settle(&s->filer, jobs, n, rc, &why);
    else if (rc) {
        jobs[0]->rc = rc;
        jobs[0]->why = why;
    }
    for (size_t i = 0; i < n; i++)
        store_post(s, &jobs[i]->done);
}

/* A sweep is a batch of its own. */
static size_t take(struct filer *f, struct file_job **jobs)
{
    size_t n = 0;

    pthread_mutex_lock(&f->lock);
    while (!f->head && !f->stop)
        pthread_cond_wait(&f->more, &f->lock);
    while (f->head && n < BATCH_JOBS && !(n && f->head->act == FILE_SWEEP)) {
        jobs[n++] = f->head;
        f->queued -= f->head->n;
        f->head = f->head->next;
        if (jobs[0]->act == FILE_SWEEP)
            break;
    }
    if (!f->head)
        f->tail = &f->head;
    pthread_mutex_unlock(&f->lock);
    return n;
}

static void *filer_main(void *arg)
{
    struct store *s = arg;
    struct file_job *jobs[BATCH_JOBS];
    size_t n;

    thread_name("kf-files");
    while ((n = take(&s->filer, jobs)))
        run_batch(s, jobs, n);
    return NULL;
}

/* ---- from the caller's thread -------------------------------------------------------------------------------------------------------------- */

static void job_done(struct done *d)
{
    struct file_job *j = (struct file_job *)d;
    const struct kf_err *why = j->rc ? &j->why : NULL;

    if (j->end_done)
        j->end_done(j->ctx, j->rc, j->rc ? NULL : j->sha256, j->size, why);
    else if (j->put_done)
        j->put_done(j->ctx, j->rc, why);
    free(j);
}

static struct file_job *job_new(enum file_act act, const struct kf_id *handle, struct slice bytes)
{
    struct file_job *j = malloc(sizeof(*j) + bytes.n);

    if (!j)
        return NULL;
    *j = (struct file_job){ .done.run = job_done, .act = act, .n = bytes.n };
    if (handle)
        j->handle = *handle;
    if (bytes.n)
        memcpy(j->bytes, bytes.p, bytes.n);
    return j;
}

static void job_take(struct store *s, struct file_job *j)
{
    struct filer *f = &s->filer;
    const char *no = NULL;

    pthread_mutex_lock(&f->lock);
    if (!f->started || f->stop)
        no = f->stop ? "the store is closing" : "there is no database for files here";
    else if (j->n && f->queued + j->n > QUEUE_BYTES)
        no = "too many uploads are waiting for the disk";
    else {
        *f->tail = j;
        f->tail = &j->next;
        f->queued += j->n;
        pthread_cond_signal(&f->more);
    }
    pthread_mutex_unlock(&f->lock);
    if (no) {
        j->rc = kf_fail(&j->why, KF_AGAIN, "%s", no);
        store_post(s, &j->done);
    }
}

void store_file_put(struct store *s, const struct kf_id *handle, struct slice block, store_block_done *done, void *ctx)
{
    struct file_job *j = job_new(FILE_PUT, handle, block);

    if (!j) {
        store_no_memory(s, done, NULL, NULL, ctx);
        return;
    }
    j->put_done = done;
    j->ctx = ctx;
    job_take(s, j);
}

void store_file_end(struct store *s, const struct kf_id *handle, store_file_done *done, void *ctx)
{
    struct file_job *j = job_new(FILE_END, handle, (struct slice){ NULL, 0 });

    if (!j) {
        store_no_memory(s, NULL, done, NULL, ctx);
        return;
    }
    j->end_done = done;
    j->ctx = ctx;
    job_take(s, j);
}

void store_file_drop(struct store *s, const struct kf_id *handle)
{
    struct file_job *j = job_new(FILE_DROP, handle, (struct slice){ NULL, 0 });

    if (j) /* else it is forgotten at the next start */
        job_take(s, j);
}

void files_sweep(struct store *s, int64_t before, bool wipes, store_block_done *done, void *ctx)
{
    struct file_job *j = job_new(FILE_SWEEP, NULL, (struct slice){ NULL, 0 });

    if (!j) {
        store_no_memory(s, done, NULL, NULL, ctx);
        return;
    }
    j->before = before;
    j->wipes = wipes;
    j->put_done = done;
    j->ctx = ctx;
    job_take(s, j);
}

/* ---- reading -------------------------------------------------------------------------------------------------------------------------------- */

struct block_ask {
    struct ask ask;
    uint8_t sha256[32];
    int64_t index;
    store_file_block *fn;
    void *ctx;
    char *bytes;
    size_t n;
};

static void block_read(struct ask *k, struct reader *r)
{
    struct block_ask *b = (struct block_ask *)k;
    struct slice got = { NULL, 0 };
    struct stmt *s;
    bool any;

    if (!r->files) {
        k->rc = kf_fail(&k->why, KF_ABSENT, "there is no database for files here");
        return;
    }
    s = stmt_begin(r->files, SQL_FILES_BLOCK);
    stmt_i64(s, b->index);
    stmt_bytes(s, (struct slice){ (const char *)b->sha256, 32 });
    any = stmt_row(s);
    if (any) {
        (void)get_i64(s);
        got = get_slice(s);
        b->bytes = got.n ? malloc(got.n) : NULL;
        if (b->bytes)
            memcpy(b->bytes, got.p, got.n);
        b->n = b->bytes ? got.n : 0;
    }
    k->rc = stmt_end(s, &k->why);
    if (!k->rc && !any)
        k->rc = kf_fail(&k->why, KF_ABSENT, "there is no such file");
    else if (!k->rc && got.n && !b->bytes)
        k->rc = kf_fail(&k->why, KF_NOMEM, "out of memory");
}

static void block_done(struct done *d)
{
    struct block_ask *b = (struct block_ask *)d;

    b->fn(b->ctx, b->ask.rc, (struct slice){ b->bytes ? b->bytes : "", b->n }, b->ask.rc ? &b->ask.why : NULL);
    free(b->bytes);
    free(b);
}

void store_file_get(struct store *s, const uint8_t sha256[32], int64_t index, store_file_block *done, void *ctx)
{
    struct block_ask *b = calloc(1, sizeof(*b));

    if (!b) {
        store_no_memory(s, NULL, NULL, done, ctx);
        return;
    }
    b->ask.done.run = block_done;
    b->ask.read = block_read;
    memcpy(b->sha256, sha256, sizeof(b->sha256));
    b->index = index;
    b->fn = done;
    b->ctx = ctx;
    readers_take(s, &b->ask);
}

/* ---- start and stop --------------------------------------------------------------------------------------------------------------------------- */

static enum kf_rc forget_abandoned(struct db *db, struct kf_err *why)
{
    enum kf_rc rc = db_begin(db, true, why);

    if (!rc)
        rc = forget_half(db, wall_ms() - HALF_MS, why);
    if (!rc)
        rc = db_commit(db, why);
    if (rc)
        db_rollback(db);
    return rc;
}

enum kf_rc filer_start(struct store *s, struct kf_err *why)
{
    struct filer *f = &s->filer;
    enum kf_rc rc;

    if (!*s->files_path)
        return KF_OK;
    rc = store_connect(s, &f->db, DB_FILES, why);
    if (!rc)
        rc = migrate(f->db, f->db->ops->files, s->files_path, s->backup_dir, why);
    if (!rc)
        rc = forget_abandoned(f->db, why);
    if (rc)
        return rc;
    if (pthread_create(&f->thread, NULL, filer_main, s))
        return kf_fail(why, KF_NOMEM, "cannot start the thread of files");
    f->started = true;
    return KF_OK;
}

void filer_stop(struct store *s)
{
    struct filer *f = &s->filer;
    struct upload *next;
    bool started;

    pthread_mutex_lock(&f->lock);
    f->stop = true;
    started = f->started;
    pthread_cond_signal(&f->more);
    pthread_mutex_unlock(&f->lock);
    if (started)
        pthread_join(f->thread, NULL);
    for (struct upload *u = f->uploads; u; u = next) {
        next = u->next;
        upload_free(u);
    }
    f->uploads = NULL;
}
