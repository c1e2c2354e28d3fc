/* What must hold when things go wrong: nothing acknowledged is lost, nothing refused harms the others. */
#include "tests/store/world.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* Many at once, as they come from the sockets. */
struct crowd {
    size_t answered, ok, conflicts, again, other;
    bool all;
    size_t wanted;
};

static void one_more(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct crowd *c = ctx;

    (void)news;
    (void)why;
    c->answered++;
    c->ok += rc == KF_OK;
    c->conflicts += rc == KF_CONFLICT;
    c->again += rc == KF_AGAIN;
    c->other += rc != KF_OK && rc != KF_CONFLICT && rc != KF_AGAIN;
    c->all = c->answered == c->wanted;
}

static const char holes[] = "SELECT COUNT(*) FROM conversation c WHERE c.seq <> (SELECT COUNT(*) FROM message m WHERE m.conv = c.n) OR "
                            "c.seq <> (SELECT MAX(m.seq) FROM message m WHERE m.conv = c.n)";

static void seq_is_dense_under_many_conversations(void **state)
{
    struct world *w = *state;
    struct crowd crowd = { .wanted = 3000 };

    for (int i = 0; i < 3000; i++) {
        char peer[24], cid[24];

        snprintf(peer, sizeof(peer), "v%d", i % 37);
        snprintf(cid, sizeof(cid), "c%d", i / 2); /* every second one is a repeat or another visitor's */
        store_commit(w->store, visitor_says(peer, i % 2 ? cid : NULL, "x", NOW + i), one_more, &crowd);
    }
    world_wait(w, &crowd.all);
    assert_int_equal(crowd.ok, 3000);
    assert_int_equal(number(w, holes), 0);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM conversation"), 37);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM message"), 3000);
}

struct ordered {
    int64_t last_seq;
    int n;
    bool all, disorder;
};

static void in_order(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct ordered *o = ctx;

    (void)why;
    assert_int_equal(rc, KF_OK);
    if (news->first_seq != o->last_seq + 1)
        o->disorder = true;
    o->last_seq = news->first_seq;
    o->all = ++o->n == 200;
}

/* One writes through the peer, the other through the conversation's id: their order is that of the calls all the same. */
static void changes_of_one_conversation_keep_their_order(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", NULL, "0", NOW));
    struct ordered o = { .last_seq = 1 };
    struct crowd crowd = { .wanted = 200 };

    for (int i = 0; i < 200; i++) {
        struct change *c;
        char peer[24];

        snprintf(peer, sizeof(peer), "other%d", i);
        store_commit(w->store, visitor_says(peer, NULL, "x", NOW), one_more, &crowd);
        if (i % 2)
            c = visitor_says("v1", NULL, "peer", NOW);
        else {
            c = on_conv(&t.news.conv.id, NOW);
            add_says(c, ROLE_AGENT, "id");
        }
        store_commit(w->store, c, in_order, &o);
    }
    world_wait(w, &o.all);
    world_wait(w, &crowd.all);
    assert_false(o.disorder);
}

static void a_change_that_fails_does_not_harm_the_others(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v0", NULL, "x", NOW));
    struct crowd good = { .wanted = 60 }, bad = { .wanted = 20 };

    for (int i = 0; i < 80; i++) {
        struct change *c;
        char peer[24];

        snprintf(peer, sizeof(peer), "v%d", i % 7);
        if (i % 4) {
            store_commit(w->store, visitor_says(peer, NULL, "x", NOW), one_more, &good);
            continue;
        }
        c = on_conv(&t.news.conv.id, NOW); /* no plan sees that: the database itself refuses it */
        add_says(c, ROLE_SYSTEM, "never");
        change_act(c, ACT_PROFILE)->u.profile = "{broken";
        store_commit(w->store, c, one_more, &bad);
    }
    world_wait(w, &good.all);
    world_wait(w, &bad.all);
    assert_int_equal(good.ok, 60);
    assert_int_equal(bad.ok, 0);
    assert_int_equal(bad.other, 20);
    assert_int_equal(number(w, holes), 0);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM message WHERE text = 'never'"), 0);
}

static void two_who_take_the_same_conversation(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v0", NULL, "x", NOW));
    struct crowd crowd = { .wanted = 10 };

    for (uint32_t i = 0; i < 10; i++) {
        struct change *c = on_conv(&t.news.conv.id, NOW);

        add_step(c, CONV_ASSIGN, 100 + i, t.news.conv.epoch);
        store_commit(w->store, c, one_more, &crowd);
    }
    world_wait(w, &crowd.all);
    assert_int_equal(crowd.ok, 1);
    assert_int_equal(crowd.conflicts, 9);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM served"), 1);
}

static void a_full_queue_says_so_at_once(void **state)
{
    struct world w;
    struct crowd crowd = { .wanted = 2000 };
    struct store_config cfg;

    (void)state;
    world_make(&w);
    cfg = (struct store_config){ .url = w.url, .queue_max = 5, .wake = world_wake, .wake_ctx = &w };
    assert_int_equal(store_open(&w.store, &cfg, NULL), KF_OK);
    for (int i = 0; i < 2000; i++)
        store_commit(w.store, visitor_says("v", NULL, "x", NOW), one_more, &crowd);
    world_wait(&w, &crowd.all);
    assert_true(crowd.again > 0);
    assert_int_equal(crowd.ok + crowd.again, 2000);
    assert_int_equal(number(&w, "SELECT COUNT(*) FROM message"), (int64_t)crowd.ok);
    world_close(&w);
    world_remove(&w);
}

static void one_answer(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    (void)q;
    one_more(ctx, rc, NULL, why);
}

static void a_full_queue_of_questions_says_so_at_once(void **state)
{
    struct world w;
    struct crowd crowd = { .wanted = 2000 };
    struct store_config cfg;

    (void)state;
    world_make(&w);
    cfg = (struct store_config){ .url = w.url, .readers = 1, .reads_max = 5, .wake = world_wake, .wake_ctx = &w };
    assert_int_equal(store_open(&w.store, &cfg, NULL), KF_OK);
    for (int i = 0; i < 2000; i++)
        store_read(w.store, query_new(QUERY_MEMBERS), one_answer, &crowd);
    world_wait(&w, &crowd.all);
    assert_true(crowd.again > 0);
    assert_true(crowd.ok > 0);
    assert_int_equal(crowd.ok + crowd.again, 2000);
    world_close(&w);
    world_remove(&w);
}

/* ---- the disk is full --------------------------------------------------------------------------------------------------------- */

static void limit_files(rlim_t bytes)
{
    struct rlimit l;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
    l.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

struct put {
    bool done;
    enum kf_rc rc;
    char words[sizeof(((struct kf_err *)0)->text)];
};

static void put_done(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct put *p = ctx;

    p->rc = rc;
    (void)snprintf(p->words, sizeof(p->words), "%s", why ? why->text : "");
    p->done = true;
}

/* What the database says of the disk is for the log: who uploads is told only that it has to be done again. */
static void a_full_disk_takes_no_upload_and_keeps_its_words_to_itself(void **state)
{
    struct world *w = *state;
    static char big[STORE_BLOCK];
    struct kf_id id = id_of(7);
    struct put p = { 0 };

    ONLY_SQLITE();
    signal(SIGXFSZ, SIG_IGN);
    memset(big, 'x', sizeof(big));
    limit_files(100000);
    for (int i = 0; i < 100 && !p.rc; i++) {
        p.done = false;
        store_file_put(w->store, &id, (struct slice){ big, sizeof(big) }, put_done, &p);
        world_wait(w, &p.done);
    }
    assert_int_equal(p.rc, KF_AGAIN);
    assert_string_equal(p.words, kf_words(KF_AGAIN, NULL));
    assert_null(store_broken(w->store));
    limit_files(RLIM_INFINITY);
    id = id_of(8);
    p = (struct put){ 0 };
    store_file_put(w->store, &id, (struct slice){ big, sizeof(big) }, put_done, &p);
    world_wait(w, &p.done);
    assert_int_equal(p.rc, KF_OK);
}

static void a_full_disk_acknowledges_nothing_and_heals(void **state)
{
    struct world *w = *state;
    char big[4000];
    int64_t before;
    int stored = 0;
    struct told t;

    ONLY_SQLITE();
    signal(SIGXFSZ, SIG_IGN);
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    limit_files(600000);
    do {
        char cid[24];

        snprintf(cid, sizeof(cid), "c%d", stored);
        t = commit(w, visitor_says("v1", cid, big, NOW));
        stored += t.rc == KF_OK;
        assert_true(stored < 1000);
    } while (t.rc == KF_OK);
    assert_int_equal(t.rc, KF_AGAIN);
    assert_null(store_broken(w->store));
    limit_files(RLIM_INFINITY);
    before = number(w, "SELECT COUNT(*) FROM message");
    assert_int_equal(before, stored);
    t = commit(w, visitor_says("v1", "later", "there is room again", NOW));
    assert_int_equal(t.rc, KF_OK);
    assert_int_equal(t.news.first_seq, stored + 1);
    assert_int_equal(number(w, holes), 0);
}

/* ---- kill -9 --------------------------------------------------------------------------------------------------------------------- */

struct acked {
    int fd;
    struct world *w;
};

static void write_ack(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct acked *a = ctx;
    ssize_t n;
    int64_t seq = news ? news->first_seq : 0;

    (void)why;
    if (rc == KF_OK)
        n = write(a->fd, &seq, sizeof(seq));
    (void)n;
}

static void commit_for_ever(struct world *w, int fd)
{
    struct acked a = { fd, w };
    char drop[64], cid[32];

    world_open(w);
    for (unsigned i = 0;; i++) {
        struct pollfd p = { .fd = w->wake[0], .events = POLLIN };

        for (int k = 0; k < 20; k++) {
            snprintf(cid, sizeof(cid), "p%d-%u-%d", (int)getpid(), i, k);
            store_commit(w->store, visitor_says("v1", cid, "x", NOW), write_ack, &a);
        }
        (void)poll(&p, 1, 1000);
        while (read(w->wake[0], drop, sizeof(drop)) > 0)
            ;
        store_drain(w->store);
    }
}

/* The highest seq that the child has acknowledged before it died. */
static int64_t run_and_kill(struct world *w, int acks)
{
    int64_t seq = 0, highest = 0;
    int fd[2], n = 0;
    pid_t child;

    assert_int_equal(pipe(fd), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fd[0]);
        commit_for_ever(w, fd[1]);
        _exit(0);
    }
    close(fd[1]);
    while (n < acks && read(fd[0], &seq, sizeof(seq)) == (ssize_t)sizeof(seq)) {
        n++;
        highest = seq > highest ? seq : highest;
    }
    assert_int_equal(n, acks);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    while (read(fd[0], &seq, sizeof(seq)) == (ssize_t)sizeof(seq)) /* what it had said before it died counts too */
        highest = seq > highest ? seq : highest;
    close(fd[0]);
    return highest;
}

static void what_was_acknowledged_survives_kill_9(void **state)
{
    struct world w;

    (void)state;
    world_make(&w);
    for (int round = 0; round < 8; round++) {
        int64_t acked = run_and_kill(&w, 30 + 97 * round);

        assert_true(number(&w, "SELECT COUNT(*) FROM message") >= acked);
        assert_int_equal(number(&w, holes), 0);
        assert_int_equal(number(&w, "SELECT COUNT(*) FROM message") - number(&w, "SELECT COUNT(*) FROM claim"), 0);
    }
    world_open(&w);
    assert_int_equal(commit(&w, visitor_says("v1", "after", "x", NOW)).rc, KF_OK);
    world_close(&w);
    world_remove(&w);
}

/* ---- a broken database ------------------------------------------------------------------------------------------------------------- */

static void a_corrupt_database_stops_for_good(void **state)
{
    struct world *w = *state;
    char path[200], rubbish[4096];
    struct told t;
    int64_t page;
    FILE *f;

    ONLY_SQLITE();
    for (int i = 0; i < 50; i++)
        assert_int_equal(commit(w, visitor_says("v1", NULL, "x", NOW)).rc, KF_OK);
    world_close(w); /* the log goes into the file */
    page = number(w, "SELECT rootpage FROM sqlite_master WHERE name = 'conversation'");
    snprintf(path, sizeof(path), "%s", w->url + strlen("sqlite:"));
    f = fopen(path, "r+");
    assert_non_null(f);
    memset(rubbish, 0xa5, sizeof(rubbish));
    assert_int_equal(fseek(f, (page - 1) * 4096, SEEK_SET), 0);
    assert_int_equal(fwrite(rubbish, sizeof(rubbish), 1, f), 1);
    fclose(f);
    {
        struct store_config cfg = { .url = w->url, .wake = world_wake, .wake_ctx = w };

        assert_int_equal(store_open(&w->store, &cfg, NULL), KF_OK);
    }
    t = commit(w, visitor_says("v1", NULL, "x", NOW));
    assert_int_equal(t.rc, KF_IO);
    assert_non_null(store_broken(w->store));
    t = commit(w, visitor_says("v2", NULL, "x", NOW));
    assert_int_equal(t.rc, KF_IO);
}

static void another_kind_of_url_is_refused_in_words(void **state)
{
    static const char *const rows[] = { "postgresql:///kefud?host=/nonexistent", "mysql://x", "sqlite:", "" };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct store_config cfg = { .url = rows[i] };
        struct kf_err why = { .rc = KF_OK };
        struct store *s = NULL;

        assert_int_not_equal(store_open(&s, &cfg, &why), KF_OK);
        assert_null(s);
        assert_true(strlen(why.text) > 10);
    }
}

/* What a completion asks for while the store closes is answered too. */
struct chain {
    struct world *w;
    int left;
    enum kf_rc last;
};

static void one_leads_to_another(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct chain *c = ctx;

    (void)news;
    (void)why;
    c->last = rc;
    if (c->left-- > 0)
        store_commit(c->w->store, visitor_says("v", NULL, "x", NOW), one_leads_to_another, c);
}

static void closing_answers_everything(void **state)
{
    struct world *w = *state;
    struct chain c = { .w = w, .left = 3 };
    struct crowd crowd = { .wanted = 1200 };

    for (int i = 0; i < 1200; i++)
        store_commit(w->store, visitor_says("v", NULL, "x", NOW), one_more, &crowd);
    store_commit(w->store, visitor_says("v", NULL, "x", NOW), one_leads_to_another, &c);
    store_close(w->store);
    w->store = NULL;
    assert_true(crowd.all);
    assert_int_equal(crowd.ok, 1200);
    assert_int_equal(c.left, -1);
    assert_int_equal(c.last, KF_AGAIN);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM message"), 1201);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_world, teardown_world)
static const struct CMUnitTest tests[] = {
    T(seq_is_dense_under_many_conversations),
    T(changes_of_one_conversation_keep_their_order),
    T(a_change_that_fails_does_not_harm_the_others),
    T(two_who_take_the_same_conversation),
    cmocka_unit_test(a_full_queue_says_so_at_once),
    cmocka_unit_test(a_full_queue_of_questions_says_so_at_once),
    T(a_full_disk_acknowledges_nothing_and_heals),
    T(a_full_disk_takes_no_upload_and_keeps_its_words_to_itself),
    cmocka_unit_test(what_was_acknowledged_survives_kill_9),
    T(a_corrupt_database_stops_for_good),
    cmocka_unit_test(another_kind_of_url_is_refused_in_words),
    T(closing_answers_everything),
};

RUN_BOTH(tests)
