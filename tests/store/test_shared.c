/* Several nodes on one PostgreSQL: two stores in one process, each with its own threads and links. */
#include "tests/store/world.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The same database, seen by two nodes. */
struct two {
    struct world a, b;
};

static int setup_two(void **state)
{
    struct two *t = calloc(1, sizeof(*t));

    world_make(&t->a);
    world_make(&t->b);
    snprintf(t->b.url, sizeof(t->b.url), "%s", t->a.url);
    world_open(&t->a);
    world_open(&t->b);
    *state = t;
    return 0;
}

static int teardown_two(void **state)
{
    struct two *t = *state;

    store_close(t->a.store);
    store_close(t->b.store);
    world_remove(&t->a);
    world_remove(&t->b);
    free(t);
    return 0;
}

struct crowd {
    size_t answered, ok, conflicts, duplicates, again, other, wanted;
    bool all;
};

static void one_more(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct crowd *c = ctx;

    (void)why;
    c->answered++;
    c->ok += rc == KF_OK;
    c->duplicates += rc == KF_OK && news->duplicate;
    c->conflicts += rc == KF_CONFLICT;
    c->again += rc == KF_AGAIN;
    c->other += rc != KF_OK && rc != KF_CONFLICT && rc != KF_AGAIN;
    c->all = c->answered == c->wanted;
}

static void wait_both(struct two *t, struct crowd *a, struct crowd *b)
{
    world_wait(&t->a, &a->all);
    world_wait(&t->b, &b->all);
}

static const char holes[] = "SELECT COUNT(*) FROM conversation c WHERE c.seq <> (SELECT COUNT(*) FROM message m WHERE m.conv = c.n) OR "
                            "c.seq <> (SELECT MAX(m.seq) FROM message m WHERE m.conv = c.n)";

/* Both write into the same conversations, by their peers and by their ids. */
static void seq_is_dense_though_two_nodes_write(void **state)
{
    struct two *t = *state;
    struct crowd a = { .wanted = 1500 }, b = { .wanted = 1500 };
    struct kf_id ids[7];
    char peer[24];

    for (int i = 0; i < 7; i++) {
        snprintf(peer, sizeof(peer), "v%d", i);
        ids[i] = commit(&t->a, visitor_says(peer, NULL, "x", NOW)).news.conv.id;
    }
    for (int i = 0; i < 1500; i++) {
        struct change *c;

        snprintf(peer, sizeof(peer), "v%d", i % 7);
        store_commit(t->a.store, visitor_says(peer, NULL, "x", NOW + i), one_more, &a);
        snprintf(peer, sizeof(peer), "v%d", 6 - i % 7);
        if (i % 3)
            c = visitor_says(peer, NULL, "y", NOW + i);
        else {
            c = on_conv(&ids[i % 7], NOW + i);
            add_says(c, ROLE_AGENT, "z");
        }
        store_commit(t->b.store, c, one_more, &b);
    }
    wait_both(t, &a, &b);
    assert_int_equal(a.ok + b.ok, 3000);
    assert_int_equal(number(&t->a, holes), 0);
    assert_int_equal(number(&t->a, "SELECT COUNT(*) FROM conversation"), 7);
    assert_int_equal(number(&t->a, "SELECT COUNT(*) FROM message"), 3007);
}

/* The first words of visitors whom nobody knows yet, with the same keys, at both nodes at once. */
static void the_same_key_at_two_nodes_is_one_message(void **state)
{
    struct two *t = *state;
    struct crowd a = { .wanted = 300 }, b = { .wanted = 300 };

    for (int i = 0; i < 300; i++) {
        char peer[24];

        snprintf(peer, sizeof(peer), "v%d", i % 100);
        store_commit(t->a.store, visitor_says(peer, i < 100 ? "c1" : i < 200 ? "c2" : "c3", "x", NOW), one_more, &a);
        snprintf(peer, sizeof(peer), "v%d", 99 - i % 100);
        store_commit(t->b.store, visitor_says(peer, i < 100 ? "c1" : i < 200 ? "c2" : "c3", "x", NOW), one_more, &b);
    }
    wait_both(t, &a, &b);
    assert_int_equal(a.ok + b.ok, 600);
    assert_int_equal(a.duplicates + b.duplicates, 300);
    assert_int_equal(number(&t->a, "SELECT COUNT(*) FROM message"), 300);
    assert_int_equal(number(&t->a, "SELECT COUNT(*) FROM conversation"), 100);
    assert_int_equal(number(&t->a, "SELECT COUNT(*) FROM customer"), 100);
    assert_int_equal(number(&t->a, holes), 0);
}

static void one_of_two_nodes_takes_a_conversation(void **state)
{
    struct two *t = *state;
    struct crowd a = { .wanted = 20 }, b = { .wanted = 20 };
    struct kf_id ids[20];
    int64_t epochs[20];

    for (int i = 0; i < 20; i++) {
        char peer[24];
        struct told told;

        snprintf(peer, sizeof(peer), "v%d", i);
        told = commit(&t->a, visitor_says(peer, NULL, "x", NOW));
        ids[i] = told.news.conv.id;
        epochs[i] = told.news.conv.epoch;
    }
    for (int i = 0; i < 20; i++) {
        struct change *c = on_conv(&ids[i], NOW), *d = on_conv(&ids[19 - i], NOW);

        add_step(c, CONV_ASSIGN, 100, epochs[i]);
        add_step(d, CONV_ASSIGN, 200, epochs[19 - i]);
        store_commit(t->a.store, c, one_more, &a);
        store_commit(t->b.store, d, one_more, &b);
    }
    wait_both(t, &a, &b);
    assert_int_equal(a.ok + b.ok, 20);
    assert_int_equal(a.conflicts + b.conflicts, 20);
    assert_int_equal(number(&t->a, "SELECT COUNT(*) FROM served"), 20);
}

static struct change *takes_lease(uint32_t node, int shard, int64_t epoch, bool take)
{
    struct change *c = new_change(NOW);

    change_act(c, ACT_LEASE)->u.lease = (struct act_lease){ .shard = shard, .node = id_of(node), .epoch = epoch, .take = take };
    return c;
}

static void one_of_two_nodes_takes_the_lease(void **state)
{
    struct two *t = *state;

    for (int64_t epoch = 0; epoch < 20; epoch++) {
        struct crowd a = { .wanted = 1 }, b = { .wanted = 1 };

        store_commit(t->a.store, takes_lease(1, 0, epoch, true), one_more, &a);
        store_commit(t->b.store, takes_lease(2, 0, epoch, true), one_more, &b);
        wait_both(t, &a, &b);
        assert_int_equal(a.ok + b.ok, 1);
        assert_int_equal(a.conflicts + b.conflicts, 1);
        /* Who has it may beat, who has it not may not; and what is decided under an older one is refused. */
        assert_int_equal(commit(&t->a, takes_lease(1, 0, epoch + 1, false)).rc, a.ok ? KF_OK : KF_CONFLICT);
        assert_int_equal(commit(&t->b, takes_lease(2, 0, epoch + 1, false)).rc, b.ok ? KF_OK : KF_CONFLICT);
    }
    assert_int_equal(number(&t->a, "SELECT epoch FROM lease"), 20);
}

/* Failed sign-ins lock rows that no place stands for, each node in its own order. */
static void a_deadlock_is_repeated(void **state)
{
    struct two *t = *state;

    struct crowd first = { .wanted = 60 };

    for (int i = 0; i < 60; i++) {
        struct change *c = new_change(NOW);

        change_act(c, ACT_LOGIN)->u.login.account = change_printf(c, "a%d", i);
        store_commit(t->a.store, c, one_more, &first);
    }
    world_wait(&t->a, &first.all);
    for (int round = 0; round < 5; round++) {
        struct crowd a = { .wanted = 60 }, b = { .wanted = 60 };

        for (int i = 0; i < 60; i++) {
            struct change *c = new_change(NOW + round), *d = new_change(NOW + round);

            change_act(c, ACT_LOGIN)->u.login.account = change_printf(c, "a%d", i);
            change_act(d, ACT_LOGIN)->u.login.account = change_printf(d, "a%d", 59 - i);
            store_commit(t->a.store, c, one_more, &a);
            store_commit(t->b.store, d, one_more, &b);
        }
        wait_both(t, &a, &b);
        assert_int_equal(a.ok + b.ok, 120);
    }
    assert_int_equal(number(&t->a, "SELECT COUNT(*) FROM login WHERE failures = 11"), 60);
}

/* ---- the link -------------------------------------------------------------------------------------------------------------------------- */

/* All our links end; the next commit makes a new one, and so does the next question. */
static void a_link_that_ends_is_made_again(void **state)
{
    struct two *t = *state;
    struct told told = commit(&t->a, visitor_says("v1", "c1", "x", NOW));
    struct kf_id conv = told.news.conv.id;

    for (int i = 0; i < 5; i++) {
        char cid[16];
        int64_t until = mono_ms() + WAIT_MS;

        (void)number(&t->a, "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'kefud' AND "
                            "datname = current_database()");
        snprintf(cid, sizeof(cid), "d%d", i);
        do {
            told = commit(&t->a, visitor_says("v1", cid, "x", NOW));
            assert_true(told.rc == KF_OK || told.rc == KF_AGAIN);
        } while (told.rc && mono_ms() < until);
        assert_int_equal(told.rc, KF_OK);
        assert_int_equal(told.news.first_seq, i + 2);
        assert_int_equal(get_conv(&t->b, &conv).conv.seq, i + 2);
    }
}

/* A wire between a store and the server that is cut as soon as it has carried a COMMIT: the server gets it, the answer never arrives. */
struct wire {
    int listening;
    char dir[SCRATCH_MAX];
    const char *server;
    pthread_t thread;
    atomic_bool armed, stop;
    atomic_int cuts;
};

struct line {
    struct wire *wire;
    int client;
};

static int connect_to(const char *dir)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(un.sun_path, sizeof(un.sun_path), "%s/.s.PGSQL.5432", dir);
    if (connect(fd, (struct sockaddr *)&un, sizeof(un))) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool pass(int from, int to, bool *commit_seen)
{
    char bytes[65536];
    ssize_t n = read(from, bytes, sizeof(bytes));

    if (commit_seen && n > 0)
        *commit_seen = memmem(bytes, (size_t)n, "COMMIT", 7) != NULL;
    return n > 0 && write(to, bytes, (size_t)n) == n;
}

static void *carry(void *arg)
{
    struct line l = *(struct line *)arg;
    int server = connect_to(l.wire->server);
    struct pollfd p[2] = { { .fd = l.client, .events = POLLIN }, { .fd = server, .events = POLLIN } };
    bool seen = false, open = server >= 0;
    char rest[4096];

    free(arg);
    while (open && !atomic_load(&l.wire->stop)) {
        if (poll(p, 2, 50) < 0)
            break;
        if (p[0].revents)
            open = pass(l.client, server, &seen);
        if (open && seen && atomic_load(&l.wire->armed)) {
            atomic_fetch_add(&l.wire->cuts, 1);
            if (read(server, rest, sizeof(rest)) > 0) /* it has answered: what it was asked to commit is committed */
                break;
        }
        if (open && p[1].revents)
            open = pass(server, l.client, NULL);
    }
    close(l.client);
    close(server);
    return NULL;
}

static void *accept_lines(void *arg)
{
    struct wire *w = arg;
    struct pollfd p = { .fd = w->listening, .events = POLLIN };

    while (!atomic_load(&w->stop))
        if (poll(&p, 1, 50) > 0) {
            struct line *l = malloc(sizeof(*l));
            pthread_t t;

            *l = (struct line){ w, accept4(w->listening, NULL, NULL, SOCK_CLOEXEC) };
            if (pthread_create(&t, NULL, carry, l) == 0)
                pthread_detach(t);
        }
    return NULL;
}

static void wire_begin(struct wire *w)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    const char *why;

    memset(w, 0, sizeof(*w));
    w->server = postgres_server(&why);
    scratch_dir(w->dir, "kf-wire");
    snprintf(un.sun_path, sizeof(un.sun_path), "%s/.s.PGSQL.5432", w->dir);
    w->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(w->listening, (struct sockaddr *)&un, sizeof(un)), 0);
    assert_int_equal(listen(w->listening, 16), 0);
    assert_int_equal(pthread_create(&w->thread, NULL, accept_lines, w), 0);
}

static void wire_end(struct wire *w)
{
    char cmd[128];

    atomic_store(&w->stop, true);
    pthread_join(w->thread, NULL);
    close(w->listening);
    snprintf(cmd, sizeof(cmd), "rm -rf '%s'", w->dir);
    assert_int_equal(system(cmd), 0);
}

/* The URL of a world, but through the wire. */
static void through(const struct wire *w, struct world *world)
{
    char *host = strstr(world->url, w->server), rest[200];

    assert_non_null(host);
    snprintf(rest, sizeof(rest), "%s", host + strlen(w->server));
    snprintf(host, sizeof(world->url) - (size_t)(host - world->url), "%s%s", w->dir, rest);
}

static void a_commit_without_an_answer_is_not_acknowledged_and_its_repeat_finds_its_key(void **state)
{
    static struct wire wire;
    struct world w;
    char direct[400];
    struct told t;
    int64_t until = mono_ms() + WAIT_MS;

    (void)state;
    wire_begin(&wire);
    world_make(&w);
    snprintf(direct, sizeof(direct), "%s", w.url);
    through(&wire, &w);
    w.files[0] = w.index[0] = '\0'; /* one writer, one kind of COMMIT */
    world_open(&w);
    assert_int_equal(commit(&w, visitor_says("v1", "c1", "first", NOW)).rc, KF_OK);
    atomic_store(&wire.armed, true);
    t = commit(&w, visitor_says("v1", "c2", "second", NOW));
    assert_int_equal(t.rc, KF_AGAIN);
    assert_null(store_broken(w.store));
    assert_int_equal(atomic_load(&wire.cuts), 1);
    atomic_store(&wire.armed, false);
    assert_int_equal(postgres_number(direct, "SELECT COUNT(*) FROM message"), 2); /* it had got through */
    do
        t = commit(&w, visitor_says("v1", "c2", "second", NOW));
    while (t.rc == KF_AGAIN && mono_ms() < until);
    assert_int_equal(t.rc, KF_OK);
    assert_true(t.news.duplicate);
    assert_int_equal(t.news.first_seq, 2);
    assert_int_equal(postgres_number(direct, "SELECT COUNT(*) FROM message"), 2);
    world_close(&w);
    world_remove(&w);
    wire_end(&wire);
}

/* A server that is not there is said at once, and is not knocked at by each. */
static void while_it_is_away_each_is_answered_at_once(void **state)
{
    static struct wire wire;
    struct crowd crowd = { .wanted = 500 };
    struct world w;
    int64_t from;

    (void)state;
    wire_begin(&wire);
    world_make(&w);
    through(&wire, &w);
    world_open(&w);
    assert_int_equal(commit(&w, visitor_says("v1", "c1", "x", NOW)).rc, KF_OK);
    wire_end(&wire); /* the lines break, and nobody answers at the door */
    from = mono_ms();
    for (int i = 0; i < 500; i++)
        store_commit(w.store, visitor_says("v1", NULL, "x", NOW), one_more, &crowd);
    world_wait(&w, &crowd.all);
    assert_int_equal(crowd.again, 500);
    assert_true(mono_ms() - from < 5000);
    world_close(&w);
    world_remove(&w);
}

/* ---- search ------------------------------------------------------------------------------------------------------------------------------ */

static void count_found(const struct query *q, void *ctx)
{
    *(int64_t *)ctx = q->number;
}

static int64_t find(struct world *w, const char *terms)
{
    struct query *q = query_new(QUERY_TRANSCRIPTS);
    int64_t n = -1;

    q->site = key("demo");
    q->search.terms = arena_copy(q->arena, slice_of(terms));
    q->search.limit = 20;
    assert_int_equal(ask(w, q, count_found, &n), KF_OK);
    return n;
}

static void find_soon(struct world *w, const char *terms, int64_t wanted)
{
    int64_t until = mono_ms() + WAIT_MS, n;

    while ((n = find(w, terms)) != wanted && mono_ms() < until)
        (void)poll(NULL, 0, 20);
    assert_int_equal(n, wanted);
}

static void what_one_node_hears_is_found_at_the_other(void **state)
{
    struct two *t = *state;
    struct told told = commit(&t->a, visitor_says("v1", NULL, "我要退款", NOW));
    struct change *c = on_conv(&told.news.conv.id, NOW);

    find_soon(&t->b, "退款", 1);
    change_act(c, ACT_REMOVE)->u.edit.seq = 1;
    assert_int_equal(commit(&t->b, c).rc, KF_OK);
    find_soon(&t->a, "退款", 0);
    assert_int_equal(number(&t->a, "SELECT COUNT(*) FROM words"), 0);
}

/* A tsvector knows 255 places of a word, and none beyond the 16,383rd. */
static void a_message_beyond_the_bounds_of_a_tsvector_is_found_all_the_same(void **state)
{
    struct two *t = *state;
    const int repeats = 400, long_words = 17000;
    struct buf b;

    buf_init(&b, 1u << 20);
    for (int i = 0; i < repeats; i++)
        buf_str(&b, "哈");
    buf_str(&b, "退哈款，到此为止");
    buf_char(&b, '\0');
    assert_int_equal(commit(&t->a, visitor_says("v1", NULL, b.p, NOW)).rc, KF_OK);
    buf_clear(&b);
    for (int i = 0; i < long_words; i++)
        buf_printf(&b, "w%d ", i);
    buf_str(&b, "the very end");
    buf_char(&b, '\0');
    assert_int_equal(commit(&t->a, visitor_says("v2", NULL, b.p, NOW)).rc, KF_OK);
    buf_finish(&b);
    find_soon(&t->a, "到此", 1);
    find_soon(&t->a, "\"very end\"", 1);
    assert_int_equal(find(&t->a, "退哈款"), 1);
    assert_int_equal(find(&t->a, "退款"), 0); /* both are there, but not together */
    assert_int_equal(find(&t->a, "哈 -退哈"), 0);
    assert_int_equal(find(&t->a, "\"end very\""), 0);
    assert_int_equal(find(&t->a, "w16999 -退款"), 1);
    assert_int_equal(number(&t->a, "SELECT COUNT(*) FROM words WHERE dense = 1"), 2);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_two, teardown_two)
static const struct CMUnitTest tests[] = {
    T(seq_is_dense_though_two_nodes_write),
    T(the_same_key_at_two_nodes_is_one_message),
    T(one_of_two_nodes_takes_a_conversation),
    T(one_of_two_nodes_takes_the_lease),
    T(a_deadlock_is_repeated),
    T(a_link_that_ends_is_made_again),
    cmocka_unit_test(a_commit_without_an_answer_is_not_acknowledged_and_its_repeat_finds_its_key),
    cmocka_unit_test(while_it_is_away_each_is_answered_at_once),
    T(what_one_node_hears_is_found_at_the_other),
    T(a_message_beyond_the_bounds_of_a_tsvector_is_found_all_the_same),
};

static int run_here(void)
{
    return cmocka_run_group_tests_name("postgresql", tests, NULL, NULL);
}

int main(void)
{
    return run_on_postgres(run_here);
}
