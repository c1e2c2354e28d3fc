/* The writer: one thread, one connection, one transaction for all that is queued. It waits for nothing: while a batch is being
 * committed the next one gathers, so batches grow with the load by themselves. */
#include "core/fault.h"
#include "core/mutant.h"
#include "store/apply.h"
#include "store/index.h"

#include <openssl/evp.h>
#include <poll.h>
#include <stdlib.h>

#define RACES_MAX     5
#define HEAD_EVERY_US (3600LL * 1000000)

struct hasher {
    EVP_MD *md;
    EVP_MD_CTX *ctx;
};

static bool hash(const struct hasher *h, struct slice space, struct slice text, uint8_t ret[32])
{
    return EVP_DigestInit_ex2(h->ctx, h->md, NULL) == 1 && EVP_DigestUpdate(h->ctx, space.p, space.n) == 1 &&
           EVP_DigestUpdate(h->ctx, "", 1) == 1 && EVP_DigestUpdate(h->ctx, text.p ? text.p : "", text.n) == 1 &&
           EVP_DigestFinal_ex(h->ctx, ret, NULL) == 1;
}

/* The key is hashed within its site, so that the same text of two sites is two keys. */
static bool hash_key(const struct hasher *h, struct job *j)
{
    const struct change *c = j->change;
    uint8_t print[32];

    if (c->key.n == 0 || mutant("no_dedupe"))
        return true;
    j->keyed = true;
    if (!hash(h, slice_of(c->site.s), c->key, j->key))
        return false;
    if (c->content.n == 0)
        return true;
    if (!hash(h, SLICE("content"), c->content, print))
        return false;
    memcpy(&j->print, print, sizeof(j->print));
    if (j->print == 0)
        j->print = 1;
    return true;
}

/* By place, and in a place by turn: the order of the queue is kept where it matters, and rows are touched in one order by all nodes. */
static int by_order(const void *a, const void *b)
{
    const struct job *x = *(struct job *const *)a, *y = *(struct job *const *)b;

    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return x->turn < y->turn ? -1 : x->turn > y->turn;
}

/* Gives the batch back to who asked; nobody here may touch it afterwards. */
static void give_back(struct store *s, struct job **jobs, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++)
        jobs[i]->done.next = &jobs[i + 1]->done;
    store_post_many(s, &jobs[0]->done, &jobs[n - 1]->done);
}

static void answer_all(struct job **jobs, size_t n, enum kf_rc rc, const struct kf_err *why)
{
    for (size_t i = 0; i < n; i++) {
        jobs[i]->rc = rc;
        jobs[i]->why = *why;
        jobs[i]->why.rc = rc;
    }
}

/* The head of the access log is kept beside the database, and told to the log once in a while. */
void writer_logged(struct store *s, const struct ledger_page *p)
{
    int64_t now = clock_us();
    bool cut = s->ledger.cut;
    char text[LEDGER_TEXT];

    if (!p->begun)
        return;
    ledger_committed(&s->ledger, p);
    if (s->ledger.cut && !s->writer.cut_told) {
        s->writer.cut_told = true;
        store_log(s, 3, "access_log_cut", "the newest entries of the access log are gone: kefuctl audit verify");
    }
    if (!cut && (!s->writer.head_told || now - s->writer.head_told > HEAD_EVERY_US)) {
        s->writer.head_told = now;
        store_log(s, 1, "access_log", ledger_text(&p->head, text));
    }
}

/* ---- one transaction --------------------------------------------------------------------------------------------------------- */

static bool fill(struct batch *b, struct job **jobs, struct job **sorted, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sorted[i] = jobs[i];
        jobs[i]->turn = (unsigned)i;
        if (!batch_resolve(b, jobs[i]))
            return false;
    }
    qsort(sorted, n, sizeof(struct job *), by_order);
    if (!batch_lock(b, sorted, n))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!batch_apply(b, sorted[i]))
            return false;
    return batch_flush(b);
}

static enum kf_rc commit_filled(struct store *s, struct job **jobs, size_t n, struct kf_err *why)
{
    enum kf_rc rc;

    if (mutant("ack_before_commit")) {
        s->writer.answered = true;
        give_back(s, jobs, n);
        (void)poll(NULL, 0, 5); /* a disk that takes its time: the answers leave the house before */
    }
    fault_point("before_commit");
    rc = db_commit(s->writer.db, why);
    fault_point("after_commit_before_ack");
    return rc;
}

/* KF_OK: every job has its own answer, and what they changed is on the disk. */
static enum kf_rc try_batch(struct store *s, struct job **jobs, size_t n, bool *indexable, struct kf_err *why)
{
    struct writer *w = &s->writer;
    struct job *sorted[BATCH_MAX];
    struct arena *a = arena_new(0);
    struct batch *b = w->batch;
    enum kf_rc rc;

    if (!a)
        return kf_fail(why, KF_NOMEM, "out of memory");
    batch_init(b, w->db, a);
    b->vault = &s->vault;
    b->ledger = &s->ledger;
    rc = db_begin(w->db, true, why);
    if (rc)
        goto out;
    if (!fill(b, jobs, sorted, n)) {
        rc = b->hard;
        *why = b->why;
    } else
        rc = commit_filled(s, jobs, n, why);
    if (rc)
        db_rollback(w->db);
    else {
        *indexable |= b->indexable;
        writer_logged(s, &b->page);
    }
out:
    arena_free(a);
    return rc;
}

/* Who comes back at once meets the same one again: each steps aside for another while, longer each time. */
static void step_aside(int tries)
{
    (void)poll(NULL, 0, (int)(clock_us() % (4LL << tries)));
}

/* Two nodes may have met: the same key, the first word of one visitor, locks in another order. One of them is through, so it is tried again. */
static enum kf_rc try_often(struct store *s, struct job **jobs, size_t n, bool *indexable, struct kf_err *why)
{
    enum kf_rc rc = try_batch(s, jobs, n, indexable, why);

    for (int i = 0; rc && s->writer.db->raced && i < RACES_MAX; i++) {
        step_aside(i);
        rc = try_batch(s, jobs, n, indexable, why);
    }
    return rc;
}

/* A change that fails although its plan found nothing wrong must not harm the others: they are repeated one by one. */
static void commit_jobs(struct store *s, struct job **jobs, size_t n, bool *indexable)
{
    struct kf_err why = { .rc = KF_OK };
    enum kf_rc rc;

    if (store_broken(s)) {
        (void)kf_fail(&why, KF_IO, "%s", s->broken_text);
        answer_all(jobs, n, KF_IO, &why);
        return;
    }
    rc = try_often(s, jobs, n, indexable, &why);
    if (!rc) {
        store_well(s, &s->writer.unwell, "commit");
        return;
    }
    if (rc == KF_IO) {
        store_break(s, why.text);
        answer_all(jobs, n, KF_IO, &why);
    } else if ((rc == KF_AGAIN && !(s->writer.db->raced && n > 1)) || rc == KF_NOMEM) {
        store_unwell(s, &s->writer.unwell, "commit", why.text);
        (void)kf_fail(&why, KF_AGAIN, "%s", kf_words(KF_AGAIN, NULL));
        answer_all(jobs, n, KF_AGAIN, &why);
    } else if (n == 1) {
        store_log(s, 3, "change_failed", why.text);
        (void)kf_fail(&why, rc, "%s", kf_words(rc, NULL));
        answer_all(jobs, n, rc, &why);
    } else
        for (size_t i = 0; i < n; i++)
            commit_jobs(s, &jobs[i], 1, indexable);
}

static enum kf_rc try_task(struct db *db, struct task *t, struct kf_err *why)
{
    enum kf_rc rc = t->alone ? KF_OK : db_begin(db, true, why);

    if (rc)
        return rc;
    rc = t->run(t, db, why);
    if (t->alone)
        return rc;
    if (!rc)
        rc = db_commit(db, why);
    if (rc)
        db_rollback(db);
    return rc;
}

static void run_task(struct store *s, struct task *t)
{
    struct db *db = s->writer.db;
    struct kf_err why = { .rc = KF_OK };
    enum kf_rc rc;

    if (store_broken(s))
        rc = kf_fail(&why, KF_IO, "%s", s->broken_text);
    else
        rc = try_task(db, t, &why);
    for (int i = 0; rc && db->raced && i < RACES_MAX; i++) {
        step_aside(i);
        rc = try_task(db, t, &why);
    }
    if (rc == KF_IO)
        store_break(s, why.text);
    t->finish(t, rc, rc ? &why : NULL);
}

/* ---- the thread ---------------------------------------------------------------------------------------------------------------- */

static void count(struct store *s, struct job **jobs, size_t n, int64_t us)
{
    static const size_t bounds[] = { 1, 4, 16, 64, 256, 500 };
    int i = 0;

    while (i < 5 && n > bounds[i])
        i++;
    atomic_fetch_add(&s->batch_le[i], 1);
    atomic_fetch_add(&s->commits, 1);
    atomic_fetch_add(&s->changes, n);
    atomic_fetch_add(&s->commit_us, (uint64_t)us);
    for (size_t k = 0; k < n; k++)
        if (jobs[k]->rc)
            atomic_fetch_add(jobs[k]->rc == KF_CONFLICT ? &s->conflicts : &s->failed, 1);
}

static void commit_batch(struct store *s, struct job **jobs, size_t n)
{
    int64_t from = clock_us();
    bool indexable = false;

    s->writer.answered = false;
    commit_jobs(s, jobs, n, &indexable);
    if (indexable)
        index_nudge(s);
    if (s->writer.answered)
        return;
    count(s, jobs, n, clock_us() - from);
    give_back(s, jobs, n);
}

/* Waits for work. False: there is none and there will be none. */
static bool take(struct writer *w, struct job **jobs, size_t *n, struct task **task)
{
    *n = 0;
    *task = NULL;
    pthread_mutex_lock(&w->lock);
    while (!w->head && !w->tasks && !w->stop)
        pthread_cond_wait(&w->more, &w->lock);
    while (w->head && *n < BATCH_MAX) {
        jobs[(*n)++] = w->head;
        w->head = w->head->next;
    }
    if (!w->head)
        w->tail = &w->head;
    w->queued -= *n;
    *task = w->tasks;
    if (w->tasks && !(w->tasks = w->tasks->next))
        w->tasks_tail = &w->tasks;
    pthread_mutex_unlock(&w->lock);
    return *n || *task;
}

static void *writer_main(void *arg)
{
    struct store *s = arg;
    struct hasher h = { EVP_MD_fetch(NULL, "SHA256", NULL), EVP_MD_CTX_new() };
    struct job *jobs[BATCH_MAX];
    struct task *task;
    size_t n;

    thread_name("kf-writer");
    if (!h.md || !h.ctx)
        store_break(s, "SHA-256 is not to be had");
    while (take(&s->writer, jobs, &n, &task)) {
        for (size_t i = 0; i < n && !store_broken(s); i++)
            if (!hash_key(&h, jobs[i]))
                store_break(s, "SHA-256 failed");
        if (n)
            commit_batch(s, jobs, n);
        if (task)
            run_task(s, task);
    }
    EVP_MD_CTX_free(h.ctx);
    EVP_MD_free(h.md);
    return NULL;
}

/* ---- from the caller's thread -------------------------------------------------------------------------------------------------- */

void writer_take(struct store *s, struct job *job)
{
    struct writer *w = &s->writer;
    const char *no = NULL;

    pthread_mutex_lock(&w->lock);
    if (w->stop)
        no = "the server is going down";
    else if (w->queued >= s->queue_max)
        no = "too much waits for the disk: nothing was acknowledged; try again soon";
    else {
        *w->tail = job;
        w->tail = &job->next;
        if (w->queued++ == 0)
            pthread_cond_signal(&w->more);
    }
    pthread_mutex_unlock(&w->lock);
    if (no) {
        job->rc = kf_fail(&job->why, KF_AGAIN, "%s", no);
        store_post(s, &job->done);
    }
}

/* From any thread. After the stop tasks are not taken any more: they are finished at once. */
void writer_task(struct store *s, struct task *t)
{
    struct writer *w = &s->writer;
    const struct kf_err closing = { .rc = KF_AGAIN, .text = "the store is closing" };
    bool stop;

    pthread_mutex_lock(&w->lock);
    stop = w->stop;
    if (!stop) {
        *w->tasks_tail = t;
        w->tasks_tail = &t->next;
        pthread_cond_signal(&w->more);
    }
    pthread_mutex_unlock(&w->lock);
    if (stop)
        t->finish(t, KF_AGAIN, &closing);
}

static void awaited_finish(struct task *t, enum kf_rc rc, const struct kf_err *why)
{
    struct awaited *a = (struct awaited *)t;

    if (!rc && a->after)
        a->after(a);
    pthread_mutex_lock(&a->lock);
    a->rc = rc;
    if (why)
        a->why = *why;
    a->finished = true;
    pthread_cond_signal(&a->over);
    pthread_mutex_unlock(&a->lock);
}

enum kf_rc writer_wait(struct store *s, struct awaited *a, struct kf_err *why)
{
    a->task.finish = awaited_finish;
    a->finished = false;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->over, NULL);
    writer_task(s, &a->task);
    pthread_mutex_lock(&a->lock);
    while (!a->finished)
        pthread_cond_wait(&a->over, &a->lock);
    pthread_mutex_unlock(&a->lock);
    pthread_mutex_destroy(&a->lock);
    pthread_cond_destroy(&a->over);
    if (a->rc)
        *why = a->why;
    return a->rc;
}

enum kf_rc writer_start(struct store *s, struct kf_err *why)
{
    s->writer.batch = calloc(1, sizeof(*s->writer.batch));
    if (!s->writer.batch)
        return kf_fail(why, KF_NOMEM, "out of memory");
    if (pthread_create(&s->writer.thread, NULL, writer_main, s))
        return kf_fail(why, KF_NOMEM, "cannot start the writer's thread");
    s->writer.started = true;
    return KF_OK;
}

void writer_stop(struct store *s)
{
    struct writer *w = &s->writer;

    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->lock);
    if (w->started)
        pthread_join(w->thread, NULL);
    w->started = false;
}
