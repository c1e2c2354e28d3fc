/* Secrets at rest: in the database they are sealed, out of it they come as they were; a change of the key seals all anew. */
#include "tests/store/world.h"
#include "vault.h"

#include <sys/stat.h>

#define OLD "0000000000000000000000000000000000000000000000000000000000000001\n"
#define NEW "00000000000000000000000000000000000000000000000000000000000000a2\n"

static struct vault *vault; /* of the world that is open; NULL none */

static void use(const char *keys)
{
    struct kf_err why = { .rc = KF_OK };

    vault_free(vault);
    vault = NULL;
    if (keys && vault_read(&vault, slice_of(keys), &why))
        fail_msg("%s", why.text);
}

static enum kf_rc reopen_with(struct world *w, const char *keys, struct kf_err *why)
{
    struct store_config cfg = world_config(w);
    struct store_vault sv;

    store_close(w->store);
    w->store = NULL;
    use(keys);
    if (vault) {
        sv = vault_for_store(vault);
        cfg.vault = &sv;
    }
    return store_open(&w->store, &cfg, why);
}

static void must_open(struct world *w, const char *keys)
{
    struct kf_err why = { .rc = KF_OK };

    if (reopen_with(w, keys, &why))
        fail_msg("%s", why.text);
}

static int setup(void **state)
{
    vault = NULL;
    return setup_world(state);
}

static int teardown(void **state)
{
    int ret = teardown_world(state);

    vault_free(vault);
    return ret;
}

static enum kf_rc save(struct world *w, const char *kind, const char *name, int64_t version, const char *body)
{
    struct change *c = new_change(NOW + version);

    change_act(c, ACT_DOCUMENT)->u.document =
        (struct act_document){ .kind = key(kind), .key = key(name), .version = version, .body = body };
    return commit(w, c).rc;
}

#define CHANNEL \
    "{\"adapter\":\"fake\",\"hook\":\"aaaabbbbccccddddeeeeffff00001111\",\"settings\":{\"app\":\"a1\",\"secret\":\"very hidden words\"}}"

static void write_all(struct world *w)
{
    struct change *c = new_change(NOW);
    struct act *act = change_act(c, ACT_CHANNEL_STATE);

    act->u.blob.channel = key("fk");
    act->u.blob.name = "token";
    act->u.blob.bytes = SLICE("99 token of gold");
    act = change_act(c, ACT_CHANNEL_STATE);
    act->u.blob.channel = key("fk");
    act->u.blob.name = "cursor";
    act->u.blob.bytes = SLICE("page 7");
    act = change_act(c, ACT_TOTP);
    act->u.totp.person = id_of(7);
    memcpy(act->u.totp.secret, "twenty bytes secret!", sizeof(act->u.totp.secret));
    assert_int_equal(commit(w, c).rc, KF_OK);
    assert_int_equal(save(w, "channel", "fk", 1, CHANNEL), KF_OK);
    assert_int_equal(save(w, "channel", "fk", 2, CHANNEL), KF_OK);
}

static void look_body(const struct query *q, void *ctx)
{
    assert_int_equal(q->n_documents, 1);
    (void)snprintf(ctx, 512, "%s", q->documents[0].body);
}

static void look_bytes(const struct query *q, void *ctx)
{
    (void)snprintf(ctx, 512, "%.*s", (int)q->bytes_out.n, q->bytes_out.p);
}

static void look_totp(const struct query *q, void *ctx)
{
    (void)snprintf(ctx, 512, "%.20s", (const char *)q->totp.secret);
}

static enum kf_rc ask_all(struct world *w, char body[512], char token[512], char factor[512])
{
    struct query *q = query_new(QUERY_DOCUMENTS);
    enum kf_rc rc = ask(w, q, look_body, body);

    if (rc)
        return rc;
    q = query_new(QUERY_BLOB);
    q->site = key("demo");
    q->channel = key("fk");
    q->text = SLICE("token");
    rc = ask(w, q, look_bytes, token);
    if (rc)
        return rc;
    q = query_new(QUERY_TOTP);
    q->id = id_of(7);
    return ask(w, q, look_totp, factor);
}

static void all_is_as_it_was(struct world *w)
{
    char body[512], token[512], factor[512];

    assert_int_equal(ask_all(w, body, token, factor), KF_OK);
    assert_string_equal(body, CHANNEL);
    assert_string_equal(token, "99 token of gold");
    assert_string_equal(factor, "twenty bytes secret!");
}

/* How many rows show a secret to whoever reads the database. */
static int64_t shown(struct world *w)
{
    return number(w, "SELECT (SELECT COUNT(*) FROM document WHERE body LIKE '%very hidden%' OR body LIKE '%aaaabbbb%') + "
                     "(SELECT COUNT(*) FROM blob WHERE name = 'token' AND LENGTH(bytes) = 16) + "
                     "(SELECT COUNT(*) FROM totp WHERE LENGTH(secret) = 20)");
}

static void what_is_written_is_sealed_and_comes_out_as_it_was(void **state)
{
    struct world *w = *state;

    must_open(w, OLD);
    write_all(w);
    assert_int_equal(shown(w), 0);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM document WHERE body LIKE '%\"app\":\"a1\"%'"), 2); /* what is no secret can be read */
    assert_int_equal(number(w, "SELECT COUNT(*) FROM blob WHERE name = 'cursor' AND LENGTH(bytes) = 6"), 1);
    all_is_as_it_was(w);
    must_open(w, OLD);
    all_is_as_it_was(w);
}

static bool file_holds(const char *dir, const char *words)
{
    char cmd[256];

    (void)snprintf(cmd, sizeof(cmd), "grep -rqa -e '%s' '%s'", words, dir);
    return system(cmd) == 0;
}

static void what_was_plain_is_sealed_at_the_next_start(void **state)
{
    struct world *w = *state;

    write_all(w);
    assert_int_equal(shown(w), 4);
    must_open(w, OLD);
    assert_int_equal(shown(w), 0);
    all_is_as_it_was(w);
    if (!on_postgres()) { /* and nothing of it is left in pages that are free, nor in the log */
        assert_false(file_holds(w->dir, "very hidden"));
        assert_false(file_holds(w->dir, "token of gold"));
        assert_false(file_holds(w->dir, "twenty bytes"));
    }
}

static void a_new_key_on_top_seals_all_anew(void **state)
{
    struct world *w = *state;
    struct kf_err why = { .rc = KF_OK };

    must_open(w, OLD);
    write_all(w);
    must_open(w, NEW OLD);
    all_is_as_it_was(w);
    must_open(w, NEW);
    all_is_as_it_was(w);
    assert_int_equal(reopen_with(w, OLD, &why), KF_INVALID);
    assert_non_null(strstr(why.text, "which is not in the key file"));
    must_open(w, NEW);
}

static void a_lost_key_costs_the_secrets_and_nothing_else(void **state)
{
    struct world *w = *state;
    char body[512], keys[256], token[512];
    struct query *q;
    char *name;

    must_open(w, OLD);
    write_all(w);
    name = strdup(vault_for_store(vault).key);
    (void)snprintf(keys, sizeof(keys), NEW "# gone with the old disk\nlost %s\n", name);
    free(name);
    must_open(w, keys);
    assert_int_equal(ask(w, query_new(QUERY_DOCUMENTS), look_body, body), KF_OK);
    assert_string_equal(body, "{\"adapter\":\"fake\",\"settings\":{\"app\":\"a1\"}}");
    q = query_new(QUERY_BLOB);
    q->site = key("demo");
    q->channel = key("fk");
    q->text = SLICE("token");
    assert_int_equal(ask(w, q, look_bytes, token), KF_ABSENT); /* a new one is fetched */
    q = query_new(QUERY_TOTP);
    q->id = id_of(7);
    assert_int_equal(ask(w, q, look_totp, token), KF_IO); /* nobody gets in without what he has set up */
    assert_int_equal(save(w, "channel", "fk", 3, CHANNEL), KF_OK);
    assert_int_equal(ask(w, query_new(QUERY_DOCUMENTS), look_body, body), KF_OK);
    assert_string_equal(body, CHANNEL);
}

static void what_was_moved_or_changed_does_not_open(void **state)
{
    struct world *w = *state;
    char body[512], token[512], factor[512];

    must_open(w, OLD);
    write_all(w);
    (void)number(w, on_postgres() ? "WITH x AS (UPDATE document SET key = 'other' WHERE version = 2 RETURNING 1) SELECT COUNT(*) FROM x"
                                  : "UPDATE document SET key = 'other' WHERE version = 2");
    assert_int_equal(ask_all(w, body, token, factor), KF_INVALID);
}

static void a_key_file_is_read_line_by_line(void **state)
{
    static const struct {
        const char *text, *words; /* NULL: it is right */
    } rows[] = {
        { OLD, NULL },
        { "# made on Monday\n\n" NEW "\r\n" OLD, NULL },
        { "", "begins with no key" },
        { "lost 01234567\n" OLD, "begins with no key" },
        { OLD "lost 0123\n", "line 2" },
        { OLD "lost\n", "line 2" },
        { "0123\n", "line 1" },
        { OLD "zz00000000000000000000000000000000000000000000000000000000000000\n", "line 2" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kf_err why = { .rc = KF_OK };
        struct vault *v = NULL;

        assert_int_equal(vault_read(&v, slice_of(rows[i].text), &why), rows[i].words ? KF_INVALID : KF_OK);
        if (rows[i].words && !strstr(why.text, rows[i].words))
            fail_msg("row %zu: %s", i, why.text);
        vault_free(v);
    }
}

static void a_key_file_is_made_once_and_for_its_owner_alone(void **state)
{
    struct world *w = *state;
    struct vault *v = NULL;
    struct kf_err why = { .rc = KF_OK };
    char path[128], first[64];

    (void)snprintf(path, sizeof(path), "%s/secrets.key", w->dir);
    assert_int_equal(vault_open(&v, path, false, &why), KF_ABSENT);
    assert_int_equal(vault_open(&v, path, true, &why), KF_OK);
    (void)snprintf(first, sizeof(first), "%s", vault_for_store(v).key);
    vault_free(v);
    v = NULL;
    assert_int_equal(vault_open(&v, path, true, &why), KF_OK);
    assert_string_equal(vault_for_store(v).key, first);
    vault_free(v);
    v = NULL;
    assert_int_equal(chmod(path, 0604), 0);
    assert_int_equal(vault_open(&v, path, true, &why), KF_INVALID);
    assert_non_null(strstr(why.text, "everybody may read it"));
    assert_int_equal(chmod(path, 0600), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(what_is_written_is_sealed_and_comes_out_as_it_was, setup, teardown),
    cmocka_unit_test_setup_teardown(what_was_plain_is_sealed_at_the_next_start, setup, teardown),
    cmocka_unit_test_setup_teardown(a_new_key_on_top_seals_all_anew, setup, teardown),
    cmocka_unit_test_setup_teardown(a_lost_key_costs_the_secrets_and_nothing_else, setup, teardown),
    cmocka_unit_test_setup_teardown(what_was_moved_or_changed_does_not_open, setup, teardown),
    cmocka_unit_test_setup_teardown(a_key_file_is_read_line_by_line, setup, teardown),
    cmocka_unit_test_setup_teardown(a_key_file_is_made_once_and_for_its_owner_alone, setup, teardown),
};
RUN_BOTH(tests)
