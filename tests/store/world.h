/* world.h: a store in a directory of its own, and calls that wait for their answers.
 *
 * The tests of a program that ends with RUN_BOTH() are run on SQLite, and once more on PostgreSQL. */
#ifndef KF_TESTS_STORE_WORLD_H
#define KF_TESTS_STORE_WORLD_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "core/buf.h"
#include "store/store.h"
#include "tests/support/postgres.h"
#include "tests/support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MAYBE   __attribute__((unused)) static
#define NOW     1763740800000
#define MINUTE  60000
#define WAIT_MS 60000

/* Where the next world is made: NULL is SQLite, else the URL of a database in which each world has a schema of its own. */
__attribute__((unused)) static const char *world_postgres;

struct world {
    char dir[SCRATCH_MAX];
    char url[400], files[128], index[128], backup[128], head[128];
    int wake[2];
    struct store *store;
};

static void world_wake(void *ctx)
{
    struct world *w = ctx;
    ssize_t n = write(w->wake[1], "!", 1);

    (void)n;
}

static void world_log(int level, const char *line)
{
    if (level >= 2 && getenv("KEFUD_TEST_LOG"))
        fprintf(stderr, "%s\n", line);
}

static struct store_config world_config(struct world *w)
{
    return (struct store_config){ .url = w->url,
                                  .files_path = w->files,
                                  .index_path = w->index,
                                  .backup_dir = w->backup,
                                  .head_path = w->head,
                                  .wake = world_wake,
                                  .wake_ctx = w,
                                  .log = world_log };
}

MAYBE void world_open(struct world *w)
{
    struct store_config cfg = world_config(w);
    struct kf_err why = { .rc = KF_OK };

    if (store_open(&w->store, &cfg, &why))
        fail_msg("store_open: %s", why.text);
}

MAYBE void world_close(struct world *w)
{
    store_close(w->store);
    w->store = NULL;
}

/* The paths only; nothing is opened. */
MAYBE void world_make(struct world *w)
{
    memset(w, 0, sizeof(*w));
    scratch_dir(w->dir, "kf-store");
    snprintf(w->url, sizeof(w->url), "sqlite:%s/kefud.db", w->dir);
    if (world_postgres) {
        static int worlds;
        char sql[64];

        snprintf(sql, sizeof(sql), "CREATE SCHEMA w%d", ++worlds);
        (void)postgres_number(world_postgres, sql);
        snprintf(w->url, sizeof(w->url), "%s&options=-csearch_path%%3Dw%d", world_postgres, worlds);
    }
    snprintf(w->files, sizeof(w->files), "%s/files.db", w->dir);
    snprintf(w->index, sizeof(w->index), "%s/index.db", w->dir);
    snprintf(w->backup, sizeof(w->backup), "%s", w->dir);
    snprintf(w->head, sizeof(w->head), "%s/access.head", w->dir);
    assert_int_equal(pipe2(w->wake, O_NONBLOCK | O_CLOEXEC), 0);
}

MAYBE void world_remove(struct world *w)
{
    char cmd[128];

    close(w->wake[0]);
    close(w->wake[1]);
    snprintf(cmd, sizeof(cmd), "rm -rf '%s'", w->dir);
    assert_int_equal(system(cmd), 0);
}

MAYBE int setup_world(void **state)
{
    struct world *w = malloc(sizeof(*w));

    world_make(w);
    world_open(w);
    *state = w;
    return 0;
}

MAYBE int teardown_world(void **state)
{
    struct world *w = *state;

    store_close(w->store);
    world_remove(w);
    free(w);
    return 0;
}

MAYBE int64_t mono_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Drains until *done, or fails. */
MAYBE void world_wait(struct world *w, const bool *done)
{
    int64_t until = mono_ms() + WAIT_MS;
    char drop[64];

    while (!*done) {
        struct pollfd p = { .fd = w->wake[0], .events = POLLIN };

        if (mono_ms() > until)
            fail_msg("no answer in %d ms", WAIT_MS);
        (void)poll(&p, 1, 100);
        while (read(w->wake[0], drop, sizeof(drop)) > 0)
            ;
        store_drain(w->store);
    }
}

/* ---- answers that outlive their callbacks ---------------------------------------------------------------------------------- */

struct told {
    bool done;
    enum kf_rc rc;
    struct news news;
    struct message messages[8];
    struct entry entries[16];
    struct status_news statuses[8];
    struct message changed[8];
    struct kf_err why;
    char first_text[256], first_kind[64];
};

#define KEEP(t, n, field, count)                             \
    do {                                                     \
        for (size_t i_ = 0; i_ < (n)->count && i_ < 8; i_++) \
            (t)->field[i_] = (n)->field[i_];                 \
        (t)->news.field = NULL;                              \
    } while (0)

/* Texts inside point into freed memory afterwards: only numbers and ids are to be looked at. The lists are in T itself, which is
 * handed on by value, so nothing points at them. */
static void keep_news(void *ctx, enum kf_rc rc, const struct news *n, const struct kf_err *why)
{
    struct told *t = ctx;

    assert_false(t->done);
    t->done = true;
    t->rc = rc;
    if (why)
        t->why = *why;
    if (!n)
        return;
    t->news = *n;
    KEEP(t, n, messages, n_messages);
    KEEP(t, n, entries, n_entries);
    KEEP(t, n, statuses, n_statuses);
    KEEP(t, n, changed, n_changed);
    if (n->n_messages)
        snprintf(t->first_text, sizeof(t->first_text), "%.*s", (int)n->messages[0].text.n, n->messages[0].text.p);
    if (n->n_entries)
        snprintf(t->first_kind, sizeof(t->first_kind), "%s", n->entries[0].kind);
}

MAYBE struct told commit(struct world *w, struct change *c)
{
    struct told t = { .done = false };

    store_commit(w->store, c, keep_news, &t);
    world_wait(w, &t.done);
    return t;
}

/* The query's arena is kept alive: the answer is copied out by a function. */
struct asked {
    bool done;
    enum kf_rc rc;
    void (*look)(const struct query *q, void *ctx);
    void *ctx;
};

static void keep_answer(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct asked *a = ctx;

    (void)why;
    a->done = true;
    a->rc = rc;
    if (!rc && a->look)
        a->look(q, a->ctx);
}

MAYBE enum kf_rc ask(struct world *w, struct query *q, void (*look)(const struct query *q, void *ctx), void *ctx)
{
    struct asked a = { .look = look, .ctx = ctx };

    store_read(w->store, q, keep_answer, &a);
    world_wait(w, &a.done);
    return a.rc;
}

/* ---- both databases ---------------------------------------------------------------------------------------------------------------- */

/* Which of them a test is run on. */
MAYBE bool on_postgres(void)
{
    return world_postgres != NULL;
}

/* A number from the database itself, beside the store. */
MAYBE int64_t number(struct world *w, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    int64_t ret = -1;

    if (on_postgres())
        return postgres_number(w->url, sql);
    assert_int_equal(sqlite3_open_v2(w->url + strlen("sqlite:"), &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, WAIT_MS); /* the store may be recovering its log at this very moment */
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    if (sqlite3_step(s) == SQLITE_ROW)
        ret = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return ret;
}

/* What is about SQLite's own files. */
#define ONLY_SQLITE()      \
    do {                   \
        if (on_postgres()) \
            return;        \
    } while (0)

MAYBE void no_postgres(void **state)
{
    const char *why = NULL;

    (void)state;
    (void)postgres_server(&why);
    print_message("skipped: %s\n", why);
    skip();
}

MAYBE int run_on_postgres(int (*run)(void))
{
    const char *why = NULL, *dir = postgres_server(&why);
    const struct CMUnitTest none[] = { cmocka_unit_test(no_postgres) };
    char name[40];
    int ret;

    if (!dir)
        return cmocka_run_group_tests_name("postgresql", none, NULL, NULL);
    snprintf(name, sizeof(name), "kefud_%d", (int)getpid());
    world_postgres = strdup(postgres_database(dir, name));
    ret = run();
    free((char *)world_postgres);
    world_postgres = NULL;
    return ret;
}

/* The end of main(). */
#define RUN_BOTH(tests)                                                                                 \
    static int run_here(void)                                                                           \
    {                                                                                                   \
        return cmocka_run_group_tests_name(on_postgres() ? "postgresql" : "sqlite", tests, NULL, NULL); \
    }                                                                                                   \
    int main(void)                                                                                      \
    {                                                                                                   \
        int failed = run_here();                                                                        \
        return failed + run_on_postgres(run_here);                                                      \
    }

/* ---- short words ------------------------------------------------------------------------------------------------------------- */

MAYBE struct kf_key key(const char *s)
{
    struct kf_key k;

    assert_true(key_parse(slice_of(s), &k));
    return k;
}

MAYBE struct kf_id id_of(uint32_t n)
{
    struct kf_id id = { { 1 } };

    for (int i = 0; i < 4; i++)
        id.b[15 - i] = (uint8_t)(n >> (8 * i));
    return id;
}

MAYBE struct change *new_change(int64_t at)
{
    struct kf_key site = key("demo");
    struct change *c = change_new(&site, at);

    assert_non_null(c);
    return c;
}

/* A visitor writes through the widget; `peer` is also the address. */
MAYBE struct change *visitor_says(const char *peer, const char *cid, const char *text, int64_t at)
{
    struct change *c = new_change(at);
    struct opening *o = ARENA_NEW(c->arena, struct opening);
    struct act *a = change_act(c, ACT_MESSAGE);

    assert_non_null(o);
    *o = (struct opening){ .channel = key("web"),
                           .peer = change_text(c, slice_of(peer)),
                           .reopen_ms = 10 * MINUTE,
                           .state = CONV_WAITING,
                           .queue = key("sales"),
                           .locale = "zh-CN",
                           .address = change_text(c, slice_of(peer)),
                           .name = "" };
    c->opening = o;
    c->by = (struct actor){ .role = ROLE_VISITOR, .name = "" };
    a->u.message = (struct message){ .kind = MESSAGE_TEXT, .text = change_slice(c, slice_of(text)) };
    if (cid) {
        a->u.message.cid = change_text(c, slice_of(cid));
        c->key = slice_of(change_printf(c, "w:web:%s:%s", peer, cid));
        c->content = a->u.message.text;
    }
    return c;
}

MAYBE struct change *on_conv(const struct kf_id *conv, int64_t at)
{
    struct change *c = new_change(at);

    c->conv = *conv;
    return c;
}

MAYBE void add_step(struct change *c, enum conv_event_kind kind, uint32_t person, int64_t epoch)
{
    change_act(c, ACT_STEP)->u.step =
        (struct conv_event){ .kind = kind, .person = person ? id_of(person) : (struct kf_id){ { 0 } }, .epoch = epoch };
}

MAYBE void add_says(struct change *c, enum role role, const char *text)
{
    struct act *a = change_act(c, ACT_MESSAGE);

    a->u.message = (struct message){ .kind = MESSAGE_TEXT, .from = { .role = role, .name = "n" }, .text = change_slice(c, slice_of(text)) };
}

struct conv_copy {
    struct conv conv;
    char peer[64];
    size_t n;
};

MAYBE void copy_conv(const struct query *q, void *ctx)
{
    struct conv_copy *c = ctx;

    c->n = q->n_convs;
    if (!q->n_convs)
        return;
    c->conv = q->convs[0];
    snprintf(c->peer, sizeof(c->peer), "%s", q->convs[0].peer);
}

MAYBE struct conv_copy get_conv(struct world *w, const struct kf_id *id)
{
    struct conv_copy c = { .n = 0 };
    struct query *q = query_new(QUERY_CONV);

    q->id = *id;
    assert_int_equal(ask(w, q, copy_conv, &c), KF_OK);
    return c;
}

/* The texts of a conversation's messages, joined by '|', with "seq:" before each. */
MAYBE void copy_texts(const struct query *q, void *ctx)
{
    struct buf *b = ctx;

    for (size_t i = 0; i < q->n_messages; i++)
        buf_printf(b, "%s%lld:%.*s", i ? "|" : "", (long long)q->messages[i].seq, (int)q->messages[i].text.n, q->messages[i].text.p);
    if (q->more)
        buf_str(b, "|…");
}

MAYBE const char *texts(struct world *w, const struct kf_id *conv, int64_t after, int64_t before, int limit)
{
    static char ret[4096];
    struct query *q = query_new(QUERY_MESSAGES);
    struct buf b;

    buf_init(&b, sizeof(ret) - 1);
    q->id = *conv;
    q->after = after;
    q->before = before;
    q->limit = limit;
    assert_int_equal(ask(w, q, copy_texts, &b), KF_OK);
    snprintf(ret, sizeof(ret), "%s", b.p ? b.p : "");
    buf_finish(&b);
    return ret;
}

/* The kinds of a conversation's timeline, joined by spaces. */
MAYBE void copy_kinds(const struct query *q, void *ctx)
{
    struct buf *b = ctx;

    for (size_t i = 0; i < q->n_entries; i++) {
        assert_int_equal(q->entries[i].id, i + 1);
        buf_printf(b, "%s%s", i ? " " : "", q->entries[i].kind);
    }
}

MAYBE const char *kinds(struct world *w, const struct kf_id *conv)
{
    static char ret[1024];
    struct query *q = query_new(QUERY_TIMELINE);
    struct buf b;

    buf_init(&b, sizeof(ret) - 1);
    q->id = *conv;
    assert_int_equal(ask(w, q, copy_kinds, &b), KF_OK);
    snprintf(ret, sizeof(ret), "%s", b.p ? b.p : "");
    buf_finish(&b);
    return ret;
}

#endif
