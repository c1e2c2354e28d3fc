#include "store/store.h"

#include "store/index.h"
#include "store/inside.h"
#include "store/sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

int64_t clock_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void thread_name(const char *name)
{
    (void)prctl(PR_SET_NAME, name);
}

void store_log(struct store *s, int level, const char *event, const char *why)
{
    char line[512];
    int n = snprintf(line, sizeof(line), "store event=%s why=\"", event);

    if (!s->log || n < 0)
        return;
    for (; *why && (size_t)n + 2 < sizeof(line); why++)
        line[n++] = *why == '"' || *why == '\\' ? '\'' : *why; /* nothing in it can end the value */
    line[n++] = '"';
    line[n] = '\0';
    s->log(level, line);
}

void store_unwell(struct store *s, bool *unwell, const char *event, const char *why)
{
    if (!*unwell)
        store_log(s, 2, event, why);
    *unwell = true;
}

void store_well(struct store *s, bool *unwell, const char *event)
{
    if (*unwell)
        store_log(s, 1, event, "well again");
    *unwell = false;
}

void store_break(struct store *s, const char *words)
{
    if (atomic_load(&s->broken))
        return;
    (void)snprintf(s->broken_text, sizeof(s->broken_text), "%s", words);
    atomic_store(&s->broken, true);
    store_log(s, 3, "broken", words);
}

const char *store_broken(const struct store *s)
{
    return atomic_load(&s->broken) ? s->broken_text : NULL;
}

/* ---- answers -------------------------------------------------------------------------------------------------------------- */

void store_post_many(struct store *s, struct done *first, struct done *last)
{
    bool wake;

    last->next = NULL;
    pthread_mutex_lock(&s->done_lock);
    wake = !s->done_head;
    *s->done_tail = first;
    s->done_tail = &last->next;
    pthread_mutex_unlock(&s->done_lock);
    if (wake && s->wake)
        s->wake(s->wake_ctx);
}

void store_post(struct store *s, struct done *d)
{
    store_post_many(s, d, d);
}

static struct done *take_done(struct store *s)
{
    struct done *d;

    pthread_mutex_lock(&s->done_lock);
    d = s->done_head;
    s->done_head = NULL;
    s->done_tail = &s->done_head;
    pthread_mutex_unlock(&s->done_lock);
    return d;
}

static bool drain_once(struct store *s)
{
    struct done *d = take_done(s), *next;
    bool any = d != NULL;

    for (; d; d = next) {
        next = d->next;
        d->run(d);
    }
    return any;
}

void store_drain(struct store *s)
{
    (void)drain_once(s);
}

/* ---- changes and queries ---------------------------------------------------------------------------------------------------- */

static void job_done(struct done *d)
{
    struct job *j = (struct job *)d;
    struct arena *a = j->change->arena;

    if (j->fn)
        j->fn(j->ctx, j->rc, j->rc ? NULL : j->news, j->rc ? &j->why : NULL);
    arena_free(a);
}

/* When there is no memory left for a job, the refusal takes the place of the change itself. */
struct refusal {
    struct done done;
    struct arena *arena;
    store_done *fn;
    void *ctx;
};

static const struct kf_err no_memory = { .rc = KF_NOMEM, .text = "out of memory" };

static void change_refused(struct done *d)
{
    struct refusal r = *(struct refusal *)d;

    if (r.fn)
        r.fn(r.ctx, KF_NOMEM, NULL, &no_memory);
    arena_free(r.arena);
}

_Static_assert(sizeof(struct refusal) <= sizeof(struct change), "a refusal must fit into a change");

void store_commit(struct store *s, struct change *c, store_done *fn, void *ctx)
{
    struct arena *a = c->arena;
    struct job *j = c->failed ? NULL : ARENA_NEW(a, struct job);

    if (!j) {
        struct refusal *r = (struct refusal *)(void *)c;

        *r = (struct refusal){ .done.run = change_refused, .arena = a, .fn = fn, .ctx = ctx };
        store_post(s, &r->done);
        return;
    }
    j->done.run = job_done;
    j->change = c;
    j->fn = fn;
    j->ctx = ctx;
    writer_take(s, j);
}

/* A query and its way through the store are one allocation, so that asking cannot fail. */
struct asked_query {
    struct query query;
    struct ask ask;
    store_answer *fn;
    void *ctx;
};

struct query *query_new(enum query_kind kind)
{
    struct arena *a = arena_new(0);
    struct asked_query *q = a ? ARENA_NEW(a, struct asked_query) : NULL;

    if (!q) {
        arena_free(a);
        return NULL;
    }
    q->query.arena = a;
    q->query.kind = kind;
    return &q->query;
}

static struct asked_query *query_of(struct ask *k)
{
    return (struct asked_query *)(void *)((char *)k - offsetof(struct asked_query, ask));
}

static void query_done(struct done *d)
{
    struct asked_query *q = query_of((struct ask *)d);

    if (q->fn)
        q->fn(q->ctx, q->ask.rc, &q->query, q->ask.rc ? &q->ask.why : NULL);
    arena_free(q->query.arena);
}

static void query_read(struct ask *k, struct reader *r)
{
    k->rc = query_run(r, &query_of(k)->query, &k->why);
    if (k->rc == KF_AGAIN || k->rc == KF_IO) { /* a database's words are for the log */
        store_unwell(r->store, &r->unwell, "read", k->why.text);
        (void)kf_fail(&k->why, k->rc, "%s", kf_words(k->rc, NULL));
    } else if (!k->rc)
        store_well(r->store, &r->unwell, "read");
}

static enum ask_class class_of(enum query_kind kind)
{
    switch (kind) {
    case QUERY_LEASES:
        return ASK_DUTY;
    case QUERY_TRANSCRIPTS:
    case QUERY_RESULT:
    case QUERY_ROWS:
    case QUERY_AGREEMENT:
    case QUERY_TO_CHECK:
    case QUERY_TRY_CHECK:
    case QUERY_FINDINGS:
    case QUERY_FINDING_COUNTS:
    case QUERY_AUDIT:
    case QUERY_AUDIT_VERIFY:
    case QUERY_REVIEWS:
    case QUERY_QUALITY:
    case QUERY_SAMPLES:
    case QUERY_POPULATION:
    case QUERY_COUNTS:
        return ASK_LONG;
    default:
        return ASK_TALK;
    }
}

void store_read(struct store *s, struct query *query, store_answer *fn, void *ctx)
{
    struct asked_query *q = (struct asked_query *)query;

    q->ask.class = class_of(query->kind);
    q->ask.done.run = query_done;
    q->ask.read = query_read;
    q->fn = fn;
    q->ctx = ctx;
    readers_take(s, &q->ask);
}

/* ---- no memory ----------------------------------------------------------------------------------------------------------- */

static void spare_done(struct done *d)
{
    struct spare *p = (struct spare *)d, was = *p;

    p->taken = false;
    if (was.block)
        was.block(was.ctx, KF_NOMEM, &no_memory);
    else if (was.file)
        was.file(was.ctx, KF_NOMEM, NULL, 0, &no_memory);
    else if (was.get)
        was.get(was.ctx, KF_NOMEM, SLICE(""), &no_memory);
}

void store_no_memory(struct store *s, store_block_done *block, store_file_done *file, store_file_block *get, void *ctx)
{
    struct spare *p = NULL;

    for (int i = 0; i < SPARES && !p; i++)
        if (!s->spares[i].taken)
            p = &s->spares[i];
    if (!p) /* more calls than spares in one turn of the loop, and no memory for any */
        abort();
    *p = (struct spare){ .done.run = spare_done, .taken = true, .block = block, .file = file, .get = get, .ctx = ctx };
    store_post(s, &p->done);
}

/* ---- open and close ------------------------------------------------------------------------------------------------------------ */

static bool is_postgres(const char *url)
{
    return slice_starts(slice_of(url), "postgresql://") || slice_starts(slice_of(url), "postgres://");
}

enum kf_rc store_connect(struct store *s, struct db **ret, enum db_mode mode, struct kf_err *why)
{
    if (s->postgres)
        return postgres_open(ret, s->path, mode, s->alone, why);
    return sqlite_open(ret, mode == DB_FILES ? s->files_path : s->path, mode, why);
}

static bool take_words(struct store *s, const struct store_config *cfg)
{
    s->path = strdup(s->postgres ? cfg->url : cfg->url + strlen("sqlite:"));
    s->files_path = strdup(cfg->files_path ? cfg->files_path : "");
    s->index_path = strdup(cfg->index_path ? cfg->index_path : "");
    s->backup_dir = strdup(cfg->backup_dir ? cfg->backup_dir : "");
    return s->path && s->files_path && s->index_path && s->backup_dir;
}

static void free_store(struct store *s)
{
    db_close(s->writer.db);
    db_close(s->keeper.db);
    db_close(s->indexer.db);
    db_close(s->indexer.main);
    db_close(s->filer.db);
    ledger_close(&s->ledger);
    pthread_mutex_destroy(&s->done_lock);
    pthread_mutex_destroy(&s->writer.lock);
    pthread_cond_destroy(&s->writer.more);
    pthread_mutex_destroy(&s->readers.lock);
    pthread_cond_destroy(&s->readers.more);
    pthread_mutex_destroy(&s->keeper.lock);
    pthread_cond_destroy(&s->keeper.more);
    pthread_mutex_destroy(&s->upkeep.lock);
    pthread_cond_destroy(&s->upkeep.more);
    pthread_mutex_destroy(&s->filer.lock);
    pthread_cond_destroy(&s->filer.more);
    pthread_mutex_destroy(&s->indexer.lock);
    pthread_cond_destroy(&s->indexer.more);
    if (s->in_use >= 0)
        (void)close(s->in_use); /* last: nothing of ours is open any more */
    free(s->writer.batch);
    free(s->readers.threads);
    free(s->path);
    free(s->files_path);
    free(s->index_path);
    free(s->backup_dir);
    free(s);
}

static struct store *new_store(const struct store_config *cfg)
{
    struct store *s = calloc(1, sizeof(*s));
    pthread_condattr_t monotonic;

    if (!s)
        return NULL;
    s->queue_max = cfg->queue_max ? cfg->queue_max : 100000;
    s->readers.max = cfg->reads_max ? cfg->reads_max : 20000;
    s->wake = cfg->wake;
    s->wake_ctx = cfg->wake_ctx;
    s->log = cfg->log;
    s->postgres = is_postgres(cfg->url);
    s->alone = cfg->alone;
    if (cfg->vault)
        s->vault = *cfg->vault;
    s->in_use = -1;
    s->ledger.fd = -1;
    s->done_tail = &s->done_head;
    s->writer.tail = &s->writer.head;
    s->writer.tasks_tail = &s->writer.tasks;
    for (size_t i = 0; i < ASK_CLASSES; i++)
        s->readers.lines[i].tail = &s->readers.lines[i].head;
    s->filer.tail = &s->filer.head;
    s->upkeep.tail = &s->upkeep.head;
    pthread_mutex_init(&s->done_lock, NULL);
    pthread_mutex_init(&s->writer.lock, NULL);
    pthread_cond_init(&s->writer.more, NULL);
    pthread_mutex_init(&s->readers.lock, NULL);
    pthread_cond_init(&s->readers.more, NULL);
    pthread_mutex_init(&s->keeper.lock, NULL);
    pthread_cond_init(&s->keeper.more, NULL);
    pthread_mutex_init(&s->indexer.lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->indexer.more, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&s->filer.lock, NULL);
    pthread_cond_init(&s->filer.more, NULL);
    pthread_mutex_init(&s->upkeep.lock, NULL);
    pthread_cond_init(&s->upkeep.more, NULL);
    if (!take_words(s, cfg)) {
        free_store(s);
        return NULL;
    }
    return s;
}

enum kf_rc store_open(struct store **ret, const struct store_config *cfg, struct kf_err *why)
{
    struct store *s;
    enum kf_rc rc;

    if (!is_postgres(cfg->url) && (!slice_starts(slice_of(cfg->url), "sqlite:") || !cfg->url[strlen("sqlite:")]))
        return kf_fail(why, KF_INVALID, "database: \"%.100s\" is neither sqlite:PATH nor postgresql://…", cfg->url ? cfg->url : "");
    s = new_store(cfg);
    if (!s)
        return kf_fail(why, KF_NOMEM, "out of memory");
    rc = s->postgres ? KF_OK : sqlite_enter(s->path, s->alone, &s->in_use, why);
    if (!rc)
        rc = store_connect(s, &s->writer.db, DB_WRITE, why);
    if (!rc)
        rc = migrate(s->writer.db, s->writer.db->ops->messages, s->postgres ? "postgresql" : s->path, s->backup_dir, why);
    if (!rc)
        rc = ledger_open(&s->ledger, cfg->head_path ? cfg->head_path : "", why);
    if (!rc)
        rc = ledger_check(&s->ledger, s->writer.db, why);
    if (!rc && s->vault.key)
        rc = vault_enter(s, s->writer.db, why);
    if (!rc && !s->postgres)
        rc = keeper_start(s, why);
    if (!rc)
        rc = filer_start(s, why);
    if (!rc)
        rc = index_start(s, why);
    if (!rc)
        rc = readers_start(s, cfg->readers > 0 ? cfg->readers : 2, why);
    if (!rc)
        rc = writer_start(s, why);
    if (!rc)
        rc = upkeep_start(s, why);
    if (rc) {
        store_close(s);
        return rc;
    }
    *ret = s;
    return KF_OK;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    upkeep_stop(s);
    filer_stop(s);
    writer_stop(s);
    index_stop(s);
    readers_stop(s);
    keeper_stop(s);
    while (drain_once(s)) /* what completions ask for is answered too, with KF_AGAIN */
        ;
    free_store(s);
}

void store_figures(const struct store *s, struct store_figures *ret)
{
    struct writer *w = &((struct store *)s)->writer; /* a lock is not part of what the caller sees as const */

    *ret = (struct store_figures){
        .commits = atomic_load(&s->commits),
        .changes = atomic_load(&s->changes),
        .conflicts = atomic_load(&s->conflicts),
        .failed = atomic_load(&s->failed),
        .commit_us_total = atomic_load(&s->commit_us),
        .fsyncs = atomic_load(&s->commits),
        .index_lag_ms = (uint64_t)index_lag_ms((struct store *)s),
    };
    for (int i = 0; i < 6; i++)
        ret->batch_le[i] = atomic_load(&s->batch_le[i]);
    pthread_mutex_lock(&w->lock);
    ret->queued = w->queued;
    pthread_mutex_unlock(&w->lock);
}
