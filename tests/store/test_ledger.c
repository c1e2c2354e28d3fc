/* The access log: whoever changes it behind kefud's back is found out, at the very entry. */
#include "tests/store/world.h"

#include <signal.h>
#include <sys/wait.h>

#define HEADS 512

static void note(struct world *w, const char *kind, int64_t at)
{
    struct change *c = new_change(at);

    c->by = (struct actor){ .role = ROLE_AGENT, .id = id_of(7), .name = "李娜" };
    change_act(c, ACT_AUDIT)->u.entry = (struct entry){ .at = at, .kind = kind, .by = c->by, .data = "{\"conversation\":\"x\"}" };
    assert_int_equal(commit(w, c).rc, KF_OK);
}

static void note_many(struct world *w, int n)
{
    for (int i = 0; i < n; i++)
        note(w, "transcript_read", NOW + i);
}

static void copy_text(const struct query *q, void *ctx)
{
    snprintf(ctx, 4096, "%s", q->text_out);
}

/* What the walk says, with the head that lies beside the state. */
static const char *verify_with(struct world *w, const char *heads)
{
    static char ret[4096];
    struct query *q = query_new(QUERY_AUDIT_VERIFY);

    q->audit.heads = arena_copy(q->arena, slice_of(heads));
    assert_int_equal(ask(w, q, copy_text, ret), KF_OK);
    return ret;
}

static const char *head(const struct world *w, char ret[HEADS])
{
    FILE *f = fopen(w->head, "re");
    size_t n;

    assert_non_null(f);
    n = fread(ret, 1, HEADS - 1, f);
    ret[n] = '\0';
    ret[strcspn(ret, "\n")] = '\0';
    while (*ret && ret[strlen(ret) - 1] == ' ')
        ret[strlen(ret) - 1] = '\0';
    (void)fclose(f);
    return ret;
}

static const char *verify(struct world *w)
{
    char kept[HEADS];

    return verify_with(w, head(w, kept));
}

static void must_say(const char *answer, const char *words)
{
    if (!strstr(answer, words))
        fail_msg("instead of %s it says: %s", words, answer);
}

static void a_log_that_nobody_touched_is_whole(void **state)
{
    struct world *w = *state;

    must_say(verify(w), "\"ok\":true");
    note_many(w, 5);
    must_say(verify(w), "\"first\":1,\"last\":5,\"entries\":5,");
    must_say(verify(w), "\"unchained\":0,\"ok\":true");
    world_close(w);
    world_open(w);
    note_many(w, 2);
    must_say(verify(w), "\"first\":1,\"last\":7,\"entries\":7,"); /* the node has kept its name */
    must_say(verify(w), "\"ok\":true");
}

static void several_entries_of_one_change_are_one_after_the_other(void **state)
{
    struct world *w = *state;
    struct change *c = new_change(NOW);

    for (int i = 0; i < 3; i++)
        change_act(c, ACT_AUDIT)->u.entry = (struct entry){ .at = NOW, .kind = "x", .data = "{}" };
    assert_int_equal(commit(w, c).rc, KF_OK);
    must_say(verify(w), "\"last\":3,\"entries\":3,");
    must_say(verify(w), "\"ok\":true");
}

/* A change that is refused has left no entry. */
static void what_was_not_done_is_not_in_the_log(void **state)
{
    struct world *w = *state;
    struct kf_id nobody = id_of(99);
    struct change *c = on_conv(&nobody, NOW);

    change_act(c, ACT_AUDIT)->u.entry = (struct entry){ .at = NOW, .kind = "x", .data = "{}" };
    add_says(c, ROLE_AGENT, "hello");
    assert_int_equal(commit(w, c).rc, KF_ABSENT);
    note(w, "y", NOW);
    must_say(verify(w), "\"last\":1,\"entries\":1,");
    assert_int_equal(number(w, "SELECT COUNT(*) FROM audit"), 1);
}

/* ---- behind its back ---- */

/* Each of these is done to a log of ten entries. */
static const struct {
    const char *sql[3];
    const char *found;
} tricks[] = {
    { { "UPDATE audit SET data = '{}' WHERE entry = 4" }, "\"broken\":{\"entry\":4,\"what\":\"changed\"" },
    { { "UPDATE audit SET kind = 'login' WHERE entry = 10" }, "\"broken\":{\"entry\":10,\"what\":\"changed\"" },
    { { "UPDATE audit SET at = at + 1 WHERE entry = 1" }, "\"broken\":{\"entry\":1,\"what\":\"changed\"" },
    { { "UPDATE audit SET name = 'nobody' WHERE entry = 7" }, "\"broken\":{\"entry\":7,\"what\":\"changed\"" },
    { { "UPDATE audit SET by_id = NULL WHERE entry = 7" }, "\"broken\":{\"entry\":7,\"what\":\"changed\"" },
    { { "UPDATE audit SET site = 'blog' WHERE entry = 7" }, "\"broken\":{\"entry\":7,\"what\":\"changed\"" },
    { { "DELETE FROM audit WHERE entry = 5" }, "\"broken\":{\"entry\":5,\"what\":\"missing\"" },
    { { "DELETE FROM audit WHERE entry IN (5, 6, 8)" }, "entries 5 to 6 are missing" },
    { { "DELETE FROM audit WHERE entry = 1" }, "\"what\":\"beginning\"" },
    { { "DELETE FROM audit WHERE entry = 5", "UPDATE audit SET entry = -entry WHERE entry > 5",
        "UPDATE audit SET entry = -entry - 1 WHERE entry < 0" },
      "\"broken\":{\"entry\":5,\"what\":\"changed\"" },
    { { "UPDATE audit SET entry = 0 WHERE entry = 3", "UPDATE audit SET entry = 3 WHERE entry = 6",
        "UPDATE audit SET entry = 6 WHERE entry = 0" },
      "\"broken\":{\"entry\":3,\"what\":\"moved\"" },
    { { "UPDATE audit SET n = 1000 WHERE entry = 3" }, "\"what\":\"moved\"" },
    { { "DELETE FROM audit WHERE entry > 7" }, "\"broken\":{\"entry\":8,\"what\":\"cut\"" },
    { { "DELETE FROM audit WHERE entry > 7", "UPDATE chain SET entry = 7, hash = (SELECT hash FROM audit WHERE entry = 7)" },
      "\"broken\":{\"entry\":8,\"what\":\"cut\"" },
    { { "DELETE FROM audit", "DELETE FROM chain" }, "\"broken\":{\"entry\":1,\"what\":\"cut\"" },
    { { "INSERT INTO audit (site, at, kind, role, data) VALUES ('demo', 1, 'login', 1, '{}')" }, "it was put in" },
    { { "UPDATE audit SET node = NULL WHERE entry = 6" }, "\"broken\":{\"entry\":6,\"what\":\"missing\"" },
    /* Moved as a whole: everything changes place, the numbers too. */
    { { "UPDATE audit SET entry = -entry", "UPDATE audit SET entry = 11 + entry" }, "\"what\":\"changed\"" },
    { { "UPDATE audit SET n = n + 1000 WHERE entry < 5" }, "stands before entry 4 in the table" },
    /* The heads: the table in the database, and what it is compared with. */
    { { "UPDATE chain SET entry = 12" }, "it ends with entry 10, and the table of heads knows entry 12" },
    { { "UPDATE chain SET hash = (SELECT hash FROM audit WHERE entry = 9)" }, "entry 10 is not the one of the table of heads: expected " },
    { { "DELETE FROM audit" }, "\"broken\":{\"entry\":1,\"what\":\"cut\"" },
    { { "UPDATE audit SET data = '{}' WHERE entry = 4" }, "its hash does not fit what it says: expected " },
    { { "DELETE FROM audit WHERE entry IN (5, 6)" }, "entries 5 to 6 are missing: expected 5, found 7" },
};

static void whatever_was_done_to_it_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(tricks) / sizeof(tricks[0]); i++) {
        struct world *w = malloc(sizeof(*w));
        void *again = w;
        const char *answer;

        world_make(w);
        world_open(w);
        note_many(w, 10);
        for (size_t k = 0; k < 3 && tricks[i].sql[k]; k++)
            (void)number(w, tricks[i].sql[k]);
        answer = verify(w);
        if (!strstr(answer, tricks[i].found) || strstr(answer, "\"ok\":false") == NULL)
            fail_msg("%s: %s", tricks[i].sql[0], answer);
        (void)teardown_world(&again);
    }
}

/* The newest entries are cut off while kefud writes on: the file beside stays as a witness. */
static void a_cut_log_that_goes_on_stays_cut(void **state)
{
    struct world *w = *state;

    note_many(w, 6);
    (void)number(w, "DELETE FROM audit WHERE entry > 3");
    (void)number(w, "UPDATE chain SET entry = 3, hash = (SELECT hash FROM audit WHERE entry = 3)");
    note_many(w, 5);
    must_say(verify_with(w, ""), "\"last\":8,\"entries\":8,"); /* by itself it looks whole */
    must_say(verify_with(w, ""), "\"ok\":true");
    must_say(verify(w), "\"broken\":{\"entry\":6,\"what\":\"changed\"");
    world_close(w);
    world_open(w);
    note_many(w, 5);
    must_say(verify(w), "\"broken\":{\"entry\":6,\"what\":\"changed\"");
}

static void a_head_written_down_elsewhere_proves_the_same(void **state)
{
    struct world *w = *state;
    char kept[HEADS];

    note_many(w, 6);
    (void)head(w, kept);
    note_many(w, 3);
    must_say(verify_with(w, kept), "\"ok\":true");
    (void)number(w, "DELETE FROM audit WHERE entry > 4");
    (void)number(w, "UPDATE chain SET entry = 4, hash = (SELECT hash FROM audit WHERE entry = 4)");
    must_say(verify_with(w, kept), "and a head kept elsewhere knows entry 6");
    assert_true(strlen(kept) > 100);
}

static void what_is_no_head_is_refused(void **state)
{
    static const char *const no[] = { "x", "019bb7a3-0000-7000-8000-000000000000 5 00", "019bb7a3-0000-7000-8000-000000000000  " };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        struct query *q = query_new(QUERY_AUDIT_VERIFY);

        q->audit.heads = arena_copy(q->arena, slice_of(no[i]));
        assert_int_equal(ask(w, q, NULL, NULL), KF_INVALID);
    }
}

/* Two nodes write into one database: each its own chain. */
static void two_nodes_write_two_chains(void **state)
{
    struct world *w = *state, other = *w;
    const char *answer, *second;

    assert_int_equal(pipe2(other.wake, O_NONBLOCK | O_CLOEXEC), 0);
    snprintf(other.head, sizeof(other.head), "%s/other.head", w->dir);
    snprintf(other.files, sizeof(other.files), "%s/other-files.db", w->dir);
    snprintf(other.index, sizeof(other.index), "%s/other-index.db", w->dir);
    world_open(&other);
    for (int i = 0; i < 4; i++) {
        note(w, "a", NOW + i);
        note(&other, "b", NOW + i);
    }
    answer = verify(w);
    must_say(answer, "\"first\":1,\"last\":4,\"entries\":4,");
    second = strstr(answer, "\"entries\":4,");
    assert_non_null(strstr(second + 1, "\"first\":1,\"last\":4,\"entries\":4,"));
    must_say(answer, "\"ok\":true");
    world_close(&other);
    close(other.wake[0]);
    close(other.wake[1]);
}

/* The chain of another node is gone with all that this database knew of it: only what was kept elsewhere tells. */
static void a_chain_that_is_gone_is_missed_by_whoever_kept_its_head(void **state)
{
    struct world *w = *state, other = *w;
    char kept[HEADS];

    assert_int_equal(pipe2(other.wake, O_NONBLOCK | O_CLOEXEC), 0);
    snprintf(other.head, sizeof(other.head), "%s/other.head", w->dir);
    snprintf(other.files, sizeof(other.files), "%s/other-files.db", w->dir);
    snprintf(other.index, sizeof(other.index), "%s/other-index.db", w->dir);
    note_many(w, 3);
    world_open(&other);
    note_many(&other, 4);
    (void)head(&other, kept);
    world_close(&other);
    (void)number(w, "DELETE FROM audit WHERE node = (SELECT node FROM chain WHERE entry = 4)");
    must_say(verify(w), "it ends with entry 0, and the table of heads knows entry 4");
    (void)number(w, "DELETE FROM chain WHERE entry = 4");
    must_say(verify(w), "\"ok\":true"); /* nobody here knows */
    must_say(verify_with(w, kept), "it ends with entry 0, and a head kept elsewhere knows entry 4");
    close(other.wake[0]);
    close(other.wake[1]);
}

/* ---- large ---- */

static long memory_kb(const char *which)
{
    FILE *f = fopen("/proc/self/status", "re");
    char line[256];
    long ret = -1;

    assert_non_null(f);
    while (ret < 0 && fgets(line, sizeof(line), f))
        if (strncmp(line, which, strlen(which)) == 0)
            ret = strtol(line + strlen(which), NULL, 10);
    (void)fclose(f);
    return ret;
}

/* From now on VmHWM is the most since now. */
static void forget_peak(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "we");

    assert_non_null(f);
    (void)fputs("5", f);
    (void)fclose(f);
}

/* Read row by row: beside the cache of a reader (32 MiB) it takes little. */
static void a_large_log_is_checked_in_little_memory(void **state)
{
    enum { ENTRIES = 100000, ACTS = 1000, MORE_KB = 60 << 10 };
    struct world *w = *state;
    long before, after;

    for (int i = 0; i < ENTRIES; i += ACTS) {
        struct change *c = new_change(NOW + i);

        for (int k = 0; k < ACTS; k++)
            change_act(c, ACT_AUDIT)->u.entry =
                (struct entry){ .at = NOW + i + k, .kind = "transcript_read", .by = c->by, .data = "{\"conversation\":\"x\"}" };
        assert_int_equal(commit(w, c).rc, KF_OK);
    }
    forget_peak();
    before = memory_kb("VmRSS:");
    must_say(verify(w), "\"first\":1,\"last\":100000,\"entries\":100000,");
    after = memory_kb("VmHWM:");
    must_say(verify(w), "\"ok\":true");
#ifdef __SANITIZE_ADDRESS__
    after = before; /* it keeps what was freed */
#endif
    if (after - before > MORE_KB)
        fail_msg("it took %ld KiB", after - before);
    (void)number(w, "UPDATE audit SET name = 'x' WHERE entry = 77777");
    must_say(verify(w), "\"broken\":{\"entry\":77777,\"what\":\"changed\"");
}

/* ---- killed in the middle ---- */

/* A child writes entries without end and is killed: what it leaves is a whole chain that ends at or after the head beside it. */
static void a_node_that_is_killed_leaves_a_whole_chain(void **state)
{
    struct world *w = *state;

    world_close(w);
    for (int round = 0; round < 8; round++) {
        pid_t pid = fork();
        int status;

        assert_true(pid >= 0);
        if (pid == 0) {
            alarm(20);
            world_open(w);
            for (int64_t i = 0;; i++) {
                struct change *c = new_change(NOW + i);

                change_act(c, ACT_AUDIT)->u.entry = (struct entry){ .at = NOW, .kind = "x", .data = "{}" };
                store_commit(w->store, c, NULL, NULL);
                if (i % 64 == 0)
                    store_drain(w->store);
                if (store_broken(w->store))
                    _exit(1);
                (void)poll(NULL, 0, i % 32 == 0);
            }
        }
        for (int64_t until = mono_ms() + WAIT_MS; number(w, "SELECT COUNT(*) FROM audit") < 40 * (round + 1);) {
            assert_true(mono_ms() < until);
            (void)poll(NULL, 0, 3);
        }
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        world_open(w);
        must_say(verify(w), "\"ok\":true");
        world_close(w);
    }
    world_open(w);
    assert_int_equal(number(w, "SELECT COUNT(DISTINCT node) FROM audit"), 1);
    assert_int_equal(number(w, "SELECT MAX(entry) - COUNT(*) FROM audit"), 0);
}

/* ---- listed ---- */

static const char *listed(struct world *w, const char *kind, uint32_t person, int limit)
{
    static char ret[4096];
    struct query *q = query_new(QUERY_AUDIT);

    q->site = key("demo");
    q->audit.kind = slice_of(kind);
    if (person)
        q->audit.person = id_of(person);
    q->limit = limit;
    assert_int_equal(ask(w, q, copy_text, ret), KF_OK);
    return ret;
}

static void the_log_is_listed_from_its_end(void **state)
{
    struct world *w = *state;

    note(w, "first", NOW);
    note(w, "second", NOW + 1);
    note(w, "third", NOW + 2);
    must_say(listed(w, "", 0, 2), "\"kind\":\"third\"");
    must_say(listed(w, "", 0, 2), "\"kind\":\"second\"");
    assert_null(strstr(listed(w, "", 0, 2), "first"));
    must_say(listed(w, "", 0, 2), "\"cursor\":\"2\"");
    must_say(listed(w, "", 0, 3), "\"cursor\":null");
    must_say(listed(w, "first", 7, 9), "\"name\":\"李娜\"");
    must_say(listed(w, "first", 8, 9), "\"items\":[]");
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, setup_world, teardown_world)

static const struct CMUnitTest tests[] = {
    EACH(a_log_that_nobody_touched_is_whole),
    EACH(several_entries_of_one_change_are_one_after_the_other),
    EACH(what_was_not_done_is_not_in_the_log),
    cmocka_unit_test(whatever_was_done_to_it_is_found),
    EACH(a_cut_log_that_goes_on_stays_cut),
    EACH(a_head_written_down_elsewhere_proves_the_same),
    EACH(what_is_no_head_is_refused),
    EACH(two_nodes_write_two_chains),
    EACH(a_chain_that_is_gone_is_missed_by_whoever_kept_its_head),
    EACH(a_large_log_is_checked_in_little_memory),
    EACH(a_node_that_is_killed_leaves_a_whole_chain),
    EACH(the_log_is_listed_from_its_end),
};

RUN_BOTH(tests)
