#include "store/index.h"
#include "store/inside.h"

#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool may_run(const struct readers *r, enum ask_class class)
{
    return r->lines[class].head && (class != ASK_LONG || r->long_running == 0 || r->long_running + 1 < r->n_threads);
}

static struct ask *first(struct readers *r)
{
    static const enum ask_class order[] = { ASK_DUTY, ASK_TALK, ASK_LONG };

    for (size_t i = 0; i < COUNT(order); i++) {
        struct ask_line *line = &r->lines[order[i]];
        struct ask *k = line->head;

        if (!may_run(r, order[i]))
            continue;
        if (!(line->head = k->next))
            line->tail = &line->head;
        r->queued--;
        r->long_running += k->class == ASK_LONG;
        return k;
    }
    return NULL;
}

/* NULL: none, and none will come. */
static struct ask *take(struct readers *r)
{
    struct ask *k;

    pthread_mutex_lock(&r->lock);
    while (!(k = first(r)) && !(r->stop && r->queued == 0))
        pthread_cond_wait(&r->more, &r->lock);
    pthread_mutex_unlock(&r->lock);
    return k;
}

static void taken(struct readers *r, enum ask_class class)
{
    if (class != ASK_LONG)
        return;
    pthread_mutex_lock(&r->lock);
    r->long_running--;
    pthread_cond_broadcast(&r->more); /* the next long one, or the end, which others wait for */
    pthread_mutex_unlock(&r->lock);
}

static void reader_free(struct reader *r)
{
    if (r->index != r->db)
        db_close(r->index);
    if (r->files != r->db)
        db_close(r->files);
    db_close(r->db);
    free(r);
}

static void *reader_main(void *arg)
{
    struct reader *me = arg;
    struct store *s = me->store;
    struct ask *k;

    thread_name("kf-reader");
    while ((k = take(&s->readers))) {
        enum ask_class class = k->class;

        k->read(k, me);
        store_post(s, &k->done);
        taken(&s->readers, class);
    }
    reader_free(me);
    return NULL;
}

static enum kf_rc open_others(struct store *s, struct reader *r, struct kf_err *why)
{
    enum kf_rc rc = index_open_reader(s, &r->index, why);

    return rc || !*s->files_path ? rc : sqlite_open(&r->files, s->files_path, DB_READ, why);
}

static enum kf_rc start_one(struct store *s, pthread_t *ret, struct kf_err *why)
{
    struct reader *r = calloc(1, sizeof(*r));
    enum kf_rc rc;

    if (!r)
        return kf_fail(why, KF_NOMEM, "out of memory");
    r->store = s;
    rc = store_connect(s, &r->db, DB_READ, why);
    if (!rc && s->postgres) {
        r->index = *s->index_path ? r->db : NULL;
        r->files = *s->files_path ? r->db : NULL;
    } else if (!rc)
        rc = open_others(s, r, why);
    if (!rc && pthread_create(ret, NULL, reader_main, r))
        rc = kf_fail(why, KF_NOMEM, "cannot start a reader's thread");
    if (rc)
        reader_free(r);
    return rc;
}

enum kf_rc readers_start(struct store *s, int n, struct kf_err *why)
{
    struct readers *r = &s->readers;
    enum kf_rc rc = KF_OK;

    r->threads = calloc((size_t)n, sizeof(*r->threads));
    if (!r->threads)
        return kf_fail(why, KF_NOMEM, "out of memory");
    for (int i = 0; i < n && !rc; i++) {
        rc = start_one(s, &r->threads[i], why);
        if (!rc)
            r->n_threads++;
    }
    return rc;
}

/* The long ones can fill half of the room only. */
static bool is_full(const struct readers *r, enum ask_class class)
{
    return class != ASK_DUTY && r->queued >= (class == ASK_LONG ? r->max / 2 : r->max);
}

void readers_take(struct store *s, struct ask *k)
{
    struct readers *r = &s->readers;
    struct ask_line *line = &r->lines[k->class];
    bool stop, full;

    k->next = NULL;
    pthread_mutex_lock(&r->lock);
    stop = r->stop;
    full = is_full(r, k->class);
    if (!stop && !full) {
        *line->tail = k;
        line->tail = &k->next;
        r->queued++;
        pthread_cond_signal(&r->more);
    }
    pthread_mutex_unlock(&r->lock);
    if (stop || full) {
        k->rc = kf_fail(&k->why, KF_AGAIN, stop ? "the server is going down" : "too much waits to be read; try again in a moment");
        store_post(s, &k->done);
    }
}

void readers_stop(struct store *s)
{
    struct readers *r = &s->readers;

    pthread_mutex_lock(&r->lock);
    r->stop = true;
    pthread_cond_broadcast(&r->more);
    pthread_mutex_unlock(&r->lock);
    for (size_t i = 0; i < r->n_threads; i++)
        pthread_join(r->threads[i], NULL);
    r->n_threads = 0;
}
