/* Contents of files, archives, migrations, housekeeping. */
#include "tests/store/world.h"

#include <sqlite3.h>
#include <sys/stat.h>

struct stored {
    bool done;
    enum kf_rc rc;
    uint8_t sha256[32];
    int64_t size;
};

static void put_done(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    (void)why;
    ((struct stored *)ctx)->rc = rc;
    ((struct stored *)ctx)->done = true;
}

static void end_done(void *ctx, enum kf_rc rc, const uint8_t sha256[32], int64_t size, const struct kf_err *why)
{
    struct stored *s = ctx;

    (void)why;
    *s = (struct stored){ .done = true, .rc = rc, .size = size };
    if (sha256)
        memcpy(s->sha256, sha256, 32);
}

static struct stored upload(struct world *w, uint32_t handle, const char *bytes, size_t n, size_t piece)
{
    struct kf_id id = id_of(handle);
    struct stored s = { .done = false };

    for (size_t at = 0; at < n; at += piece) {
        s.done = false;
        store_file_put(w->store, &id, (struct slice){ bytes + at, n - at < piece ? n - at : piece }, put_done, &s);
        world_wait(w, &s.done);
        assert_int_equal(s.rc, KF_OK);
    }
    s.done = false;
    store_file_end(w->store, &id, end_done, &s);
    world_wait(w, &s.done);
    return s;
}

struct got {
    bool done;
    enum kf_rc rc;
    char bytes[STORE_BLOCK];
    size_t n;
};

static void get_done(void *ctx, enum kf_rc rc, struct slice block, const struct kf_err *why)
{
    struct got *g = ctx;

    (void)why;
    g->rc = rc;
    g->n = block.n;
    assert_true(block.n <= sizeof(g->bytes));
    memcpy(g->bytes, block.p, block.n);
    g->done = true;
}

static enum kf_rc get(struct world *w, const uint8_t sha256[32], int64_t index, struct got *g)
{
    g->done = false;
    store_file_get(w->store, sha256, index, get_done, g);
    world_wait(w, &g->done);
    return g->rc;
}

static int64_t number_in(const char *path, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    int64_t ret = -1;

    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    if (sqlite3_step(s) == SQLITE_ROW)
        ret = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return ret;
}

static int64_t number_of_files(struct world *w, const char *sql)
{
    return on_postgres() ? number(w, sql) : number_in(w->files, sql);
}

static char *random_bytes(size_t n)
{
    char *p = malloc(n);
    uint32_t x = 12345;

    assert_non_null(p);
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525 + 1013904223;
        p[i] = (char)(x >> 24);
    }
    return p;
}

static void a_file_comes_back_as_it_went_in(void **state)
{
    static const size_t sizes[] = { 1, STORE_BLOCK - 1, STORE_BLOCK, STORE_BLOCK + 1, 3 * STORE_BLOCK + 17 };
    static const size_t pieces[] = { 999, STORE_BLOCK, 200000 };
    struct world *w = *state;
    struct got *g = malloc(sizeof(*g));
    char *bytes = random_bytes(4 * STORE_BLOCK);
    uint32_t handle = 1;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
            struct stored s = upload(w, handle++, bytes, sizes[i], pieces[k]);
            size_t at = 0;

            assert_int_equal(s.rc, KF_OK);
            assert_int_equal(s.size, sizes[i]);
            for (int64_t index = 0;; index++) {
                assert_int_equal(get(w, s.sha256, index, g), KF_OK);
                if (!g->n)
                    break;
                assert_true(at + g->n <= sizes[i]);
                assert_memory_equal(g->bytes, bytes + at, g->n);
                at += g->n;
            }
            assert_int_equal(at, sizes[i]);
        }
    assert_int_equal(number_of_files(w, "SELECT COUNT(*) FROM content"), 5); /* the same contents are stored once */
    free(bytes);
    free(g);
}

static void an_empty_file_is_a_file(void **state)
{
    struct world *w = *state;
    struct kf_id id = id_of(1);
    struct stored s = { .done = false };
    struct got *g = malloc(sizeof(*g));

    store_file_put(w->store, &id, SLICE(""), put_done, &s);
    world_wait(w, &s.done);
    s.done = false;
    store_file_end(w->store, &id, end_done, &s);
    world_wait(w, &s.done);
    assert_int_equal(s.rc, KF_OK);
    assert_int_equal(s.size, 0);
    assert_int_equal(s.sha256[0], 0xe3); /* SHA-256 of nothing: e3b0c442… */
    assert_int_equal(get(w, s.sha256, 0, g), KF_OK);
    assert_int_equal(g->n, 0);
    free(g);
}

static void nobody_else_may_read_the_databases(void **state)
{
    static const char *const names[] = { "kefud.db", "kefud.db-wal", "files.db", "index.db" };
    struct world *w = *state;
    struct stat st;
    char path[256];

    ONLY_SQLITE();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", w->dir, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static void what_was_never_stored_is_absent(void **state)
{
    struct world *w = *state;
    uint8_t sha256[32] = { 1 };
    struct kf_id id = id_of(5);
    struct stored s = { .done = false };
    struct got *g = malloc(sizeof(*g));

    assert_int_equal(get(w, sha256, 0, g), KF_ABSENT);
    store_file_end(w->store, &id, end_done, &s);
    world_wait(w, &s.done);
    assert_int_equal(s.rc, KF_ABSENT);
    free(g);
}

static void what_is_dropped_leaves_nothing(void **state)
{
    struct world *w = *state;
    char *bytes = random_bytes(2 * STORE_BLOCK);
    struct kf_id id = id_of(5);
    struct stored s = { .done = false };

    store_file_put(w->store, &id, (struct slice){ bytes, 2 * STORE_BLOCK }, put_done, &s);
    world_wait(w, &s.done);
    store_file_drop(w->store, &id);
    s.done = false;
    store_file_end(w->store, &id, end_done, &s);
    world_wait(w, &s.done);
    assert_int_equal(s.rc, KF_ABSENT);
    assert_int_equal(number_of_files(w, "SELECT (SELECT COUNT(*) FROM content) + (SELECT COUNT(*) FROM block)"), 0);
    free(bytes);
}

static void name_file(struct world *w, uint32_t id, const struct stored *s, int64_t at)
{
    struct change *c = new_change(at);
    struct act_file *f = &change_act(c, ACT_FILE)->u.file;

    f->id = id_of(id);
    memcpy(f->sha256, s->sha256, 32);
    f->size = s->size;
    f->name = "photo.png";
    f->mime = "image/png";
    f->width = 640;
    c->by = (struct actor){ .role = ROLE_AGENT, .id = id_of(7), .name = "Li" };
    assert_int_equal(commit(w, c).rc, KF_OK);
}

static void copy_file(const struct query *q, void *ctx)
{
    assert_string_equal(q->file.name, "photo.png");
    assert_string_equal(q->file.mime, "image/png");
    *(struct stored_file *)ctx = q->file;
}

static void send_file(struct world *w, uint32_t id)
{
    struct change *c = visitor_says("v1", NULL, "", NOW);

    c->acts[0].u.message.kind = MESSAGE_IMAGE;
    c->acts[0].u.message.file = id_of(id);
    assert_int_equal(commit(w, c).rc, KF_OK);
}

static void a_file_knows_who_sent_it_where(void **state)
{
    struct world *w = *state;
    struct stored s = upload(w, 1, "abc", 3, 3);
    struct conv_copy c = { .n = 0 };
    struct stored_file f;
    struct query *q;

    name_file(w, 11, &s, NOW);
    q = query_new(QUERY_FILE);
    q->id = id_of(11);
    assert_int_equal(ask(w, q, copy_file, &f), KF_OK);
    assert_int_equal(f.width, 640);
    assert_memory_equal(f.sha256, s.sha256, 32);
    assert_true(id_eq(&f.by.id, &(struct kf_id){ { 1, [15] = 7 } }));
    q = query_new(QUERY_FILE_CONVS);
    q->id = id_of(11);
    assert_int_equal(ask(w, q, copy_conv, &c), KF_OK);
    assert_int_equal(c.n, 0);
    send_file(w, 11);
    q = query_new(QUERY_FILE_CONVS);
    q->id = id_of(11);
    assert_int_equal(ask(w, q, copy_conv, &c), KF_OK);
    assert_int_equal(c.n, 1);
    assert_string_equal(c.peer, "v1");
}

/* ---- housekeeping ---------------------------------------------------------------------------------------------------------------- */

static void kept(void *ctx, enum kf_rc rc, const char *report, const struct kf_err *why)
{
    (void)report;
    put_done(ctx, rc, why);
}

static void housekeep(struct world *w, int64_t now)
{
    struct stored s = { .done = false };

    store_housekeep(w->store, &(struct housekeeping){ .now = now }, kept, &s);
    world_wait(w, &s.done);
    assert_int_equal(s.rc, KF_OK);
}

static void orphans_go_and_what_was_sent_stays(void **state)
{
    struct world *w = *state;
    struct stored sent = upload(w, 1, "sent", 4, 4), loose = upload(w, 2, "loose", 5, 5), nameless = upload(w, 3, "nameless", 8, 8);
    struct got *g = malloc(sizeof(*g));
    int64_t far = 4102444800000; /* 2100: all that is there is old then, by whatever clock it was written */

    name_file(w, 11, &sent, NOW);
    name_file(w, 12, &loose, NOW);
    send_file(w, 11);
    housekeep(w, far);
    assert_int_equal(get(w, sent.sha256, 0, g), KF_OK);
    assert_int_equal(get(w, loose.sha256, 0, g), KF_ABSENT);
    assert_int_equal(get(w, nameless.sha256, 0, g), KF_ABSENT);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM file"), 1);
    free(g);
}

static void what_is_over_is_swept(void **state)
{
    struct world *w = *state;
    const char *count = "SELECT (SELECT COUNT(*) FROM session) * 100 + (SELECT COUNT(*) FROM claim) * 10 + (SELECT COUNT(*) FROM login)";
    const int64_t day = 24LL * 60 * MINUTE;

    for (int i = 0; i < 2; i++) {
        struct change *c = new_change(NOW);
        struct act_session *s = &change_act(c, ACT_SESSION)->u.session;

        s->hash[0] = (uint8_t)(1 + i);
        s->person = id_of(7);
        s->expires_at = NOW + (i ? 100 * day : day);
        c->key = i ? SLICE("p:x:1") : SLICE("p:x:2");
        change_act(c, ACT_LOGIN)->u.login.account = "a";
        assert_int_equal(commit(w, c).rc, KF_OK);
    }
    assert_int_equal(commit(w, visitor_says("v1", "c1", "x", NOW)).rc, KF_OK);
    assert_int_equal(number(w, count), 231);
    housekeep(w, NOW + day / 2);
    assert_int_equal(number(w, count), 231);
    housekeep(w, NOW + 2 * day);
    assert_int_equal(number(w, count), 130);
    housekeep(w, NOW + 40 * day); /* the key of a message stays with its conversation */
    assert_int_equal(number(w, count), 110);
}

/* ---- archives -------------------------------------------------------------------------------------------------------------------------- */

static void count_answers(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    (void)news;
    (void)why;
    assert_int_equal(rc, KF_OK);
    ++*(int *)ctx;
}

/* One look at what the store has to say. */
static void hear(struct world *w, int wait_ms)
{
    struct pollfd p = { .fd = w->wake[0], .events = POLLIN };
    char drop[64];

    (void)poll(&p, 1, wait_ms);
    while (read(w->wake[0], drop, sizeof(drop)) > 0)
        ;
    store_drain(w->store);
}

static void an_archive_made_while_writing_comes_back(void **state)
{
    struct world *w = *state, copy;
    struct stored file = upload(w, 1, "contents", 8, 8), s = { .done = false };
    struct got *g = malloc(sizeof(*g));
    char archive[128];
    struct store_config cfg;
    struct kf_err why = { .rc = KF_OK };
    int answered = 0, sent = 0;
    int64_t archived;

    name_file(w, 11, &file, NOW);
    send_file(w, 11);
    snprintf(archive, sizeof(archive), "%s/archive.tar", w->dir);
    store_backup(w->store, archive, put_done, &s);
    while (!s.done) { /* writing goes on meanwhile */
        if (sent - answered < 50) {
            store_commit(w->store, visitor_says("v1", NULL, "meanwhile", NOW + sent), count_answers, &answered);
            sent++;
        }
        hear(w, sent - answered < 50 ? 0 : 50);
    }
    while (answered < sent)
        hear(w, 50);
    assert_int_equal(s.rc, KF_OK);
    s.done = false;
    store_backup(w->store, archive, put_done, &s);
    world_wait(w, &s.done);
    assert_int_equal(s.rc, KF_CONFLICT); /* never over an old one */
    world_close(w);

    world_make(&copy);
    cfg = world_config(&copy);
    if (store_restore(&cfg, archive, &why))
        fail_msg("store_restore: %s", why.text);
    world_open(&copy);
    archived = number(&copy, "SELECT COUNT(*) FROM message");
    assert_true(archived >= 1 && archived <= sent + 1);
    assert_int_equal(number(&copy, "SELECT seq FROM conversation"), archived);
    assert_int_equal(get(&copy, file.sha256, 0, g), KF_OK);
    assert_int_equal(g->n, 8);
    assert_int_equal(commit(&copy, visitor_says("v1", NULL, "and on", NOW)).news.first_seq, archived + 1);
    world_close(&copy);
    world_remove(&copy);
    free(g);
}

static void a_damaged_archive_changes_nothing(void **state)
{
    struct world *w = *state;
    struct stored s = { .done = false };
    char archive[128];
    struct store_config cfg = world_config(w);
    struct stat st;
    FILE *f;

    (void)commit(w, visitor_says("v1", NULL, "x", NOW));
    snprintf(archive, sizeof(archive), "%s/archive.tar", w->dir);
    store_backup(w->store, archive, put_done, &s);
    world_wait(w, &s.done);
    assert_int_equal(s.rc, KF_OK);
    (void)commit(w, visitor_says("v1", NULL, "y", NOW));
    world_close(w);
    assert_int_equal(stat(archive, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    for (int way = 0; way < 3; way++) {
        if (way == 0) { /* a page in the middle is other than it was */
            f = fopen(archive, "r+");
            assert_non_null(f);
            fseek(f, 512 + 4096, SEEK_SET);
            for (int i = 0; i < 512; i++)
                fputs("rubbish!", f);
            fclose(f);
        } else
            assert_int_equal(truncate(archive, way == 1 ? 20000 : 100), 0);
        assert_int_equal(store_restore(&cfg, archive, NULL), KF_INVALID);
        assert_int_equal(number(w, "SELECT COUNT(*) FROM message"), 2);
    }
    assert_int_equal(store_restore(&cfg, "/nonexistent", NULL), KF_ABSENT);
    world_open(w);
}

/* ---- the digests of an archive ---- */

struct bytes {
    char *p;
    size_t n;
};

static struct bytes bytes_of(const char *path)
{
    struct bytes ret = { NULL, 0 };
    struct stat st;
    FILE *f = fopen(path, "r");

    assert_non_null(f);
    assert_int_equal(fstat(fileno(f), &st), 0);
    ret.n = (size_t)st.st_size;
    ret.p = malloc(ret.n);
    assert_non_null(ret.p);
    assert_int_equal(fread(ret.p, 1, ret.n, f), ret.n);
    fclose(f);
    return ret;
}

static void write_bytes(const char *path, const void *p, size_t n, size_t zeros)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    while (zeros--)
        assert_int_equal(fputc(0, f), 0);
    assert_int_equal(fclose(f), 0);
}

static size_t place_of(const struct bytes *b, const char *words)
{
    const char *at = memmem(b->p, b->n, words, strlen(words));

    assert_non_null(at);
    return (size_t)(at - b->p);
}

/* An archive with a message, a file, and its end; what is beside it in the database then. */
static struct bytes archive_of(struct world *w, char *path, size_t size)
{
    struct stored file = upload(w, 1, "a paper of some length", 22, 22), s = { .done = false };

    name_file(w, 11, &file, NOW);
    send_file(w, 11);
    (void)commit(w, visitor_says("v1", NULL, "words to be kept as they are", NOW));
    snprintf(path, size, "%s/archive.tar", w->dir);
    store_backup(w->store, path, put_done, &s);
    world_wait(w, &s.done);
    assert_int_equal(s.rc, KF_OK);
    (void)commit(w, visitor_says("v1", NULL, "said since", NOW));
    world_close(w);
    return bytes_of(path);
}

/* One byte suffices, where no database would notice it. */
static void an_archive_that_is_not_what_was_saved_is_refused(void **state)
{
    struct world *w = *state;
    char path[128];
    struct bytes whole = archive_of(w, path, sizeof(path));
    const size_t sums = place_of(&whole, "SHA256SUMS");
    struct store_config cfg = world_config(w);
    const struct {
        size_t flip, cut; /* 0: not */
        const char *words;
    } rows[] = {
        { place_of(&whole, "words to be kept"), 0, "the archive is damaged: messages.db was saved with the SHA-256 " },
        { place_of(&whole, "a paper of some"), 0, "the archive is damaged: files.db was saved with the SHA-256 " },
        { sums + 512, 0, "the archive is damaged: messages.db was saved with the SHA-256 " },
        { place_of(&whole, "  files.db\n") + 2, 0, "the archive is damaged: its SHA256SUMS does not name files.db" },
        { sums, 0, "the archive is damaged: what stands behind files.db cannot be read" },
        { 0, whole.n - 1024 - 512 + 10, "the archive is cut short: it ends in the middle of SHA256SUMS" },
        { 0, sums, "the archive is cut short: it ends right behind files.db" },
        { 0, sums - 4096, "the archive is cut short: it ends in the middle of files.db" },
        { 0, 20000, "the archive is cut short: it ends in the middle of messages.db" },
        { 0, 100, "this is not an archive of kefud: messages.db is missing" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kf_err why = { .rc = KF_OK };

        if (rows[i].flip)
            whole.p[rows[i].flip] ^= 1;
        write_bytes(path, whole.p, rows[i].cut ? rows[i].cut : whole.n, 0);
        if (rows[i].flip)
            whole.p[rows[i].flip] ^= 1;
        if (store_restore(&cfg, path, &why) != KF_INVALID || strncmp(why.text, rows[i].words, strlen(rows[i].words)) != 0 ||
            !strstr(why.text, "; nothing was changed"))
            fail_msg("%s: %s", rows[i].words, why.text);
        assert_int_equal(number(w, "SELECT COUNT(*) FROM message"), 3);
        assert_int_equal(number(w, "SELECT COUNT(*) FROM message WHERE text = 'said since'"), 1);
    }
    write_bytes(path, whole.p, whole.n, 0);
    assert_int_equal(store_restore(&cfg, path, NULL), KF_OK);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM message"), 2);
    free(whole.p);
}

/* It ended behind files.db. */
static void an_archive_from_before_the_digests_comes_back(void **state)
{
    struct world *w = *state;
    char path[128];
    struct bytes whole = archive_of(w, path, sizeof(path));
    struct store_config cfg = world_config(w);
    struct kf_err why = { .rc = KF_OK };

    write_bytes(path, whole.p, place_of(&whole, "SHA256SUMS"), 1024);
    if (store_restore(&cfg, path, &why))
        fail_msg("store_restore: %s", why.text);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM message"), 2);
    free(whole.p);
}

static void any_tar_and_sha256sum_know_an_archive(void **state)
{
    struct world *w = *state;
    char path[128], cmd[800];
    struct bytes whole = archive_of(w, path, sizeof(path));

    free(whole.p);
    snprintf(cmd, sizeof(cmd), "mkdir '%s/out' && tar -C '%s/out' -xf '%s' && cd '%s/out' && sha256sum --quiet -c SHA256SUMS", w->dir,
             w->dir, path, w->dir);
    assert_int_equal(system(cmd), 0);
}

/* What was saved from one kind of database goes into the other. */
static void an_archive_moves_to_the_other_kind_of_database(void **state)
{
    struct world *w = *state, other;
    struct stored file = upload(w, 1, "contents", 8, 8), s = { .done = false };
    struct got *g = malloc(sizeof(*g));
    struct store_config cfg;
    struct told t;
    struct kf_err why = { .rc = KF_OK };
    char archive[128];
    const char *here = world_postgres, *none, *dir = postgres_server(&none);

    if (!dir) {
        print_message("skipped: %s\n", none);
        skip();
    }
    name_file(w, 11, &file, NOW);
    send_file(w, 11);
    t = commit(w, visitor_says("v2", "c1", "我要退款，谢谢 <ok>", NOW));
    snprintf(archive, sizeof(archive), "%s/archive.tar", w->dir);
    store_backup(w->store, archive, put_done, &s);
    world_wait(w, &s.done);
    assert_int_equal(s.rc, KF_OK);
    world_close(w);

    world_postgres = here ? NULL : strdup(postgres_database(dir, "kefud_moved"));
    world_make(&other);
    cfg = world_config(&other);
    if (store_restore(&cfg, archive, &why))
        fail_msg("store_restore: %s", why.text);
    world_open(&other);
    assert_string_equal(texts(&other, &t.news.conv.id, 0, 0, 10), "1:我要退款，谢谢 <ok>");
    assert_int_equal(number(&other, "SELECT COUNT(*) FROM message"), 2);
    assert_int_equal(get(&other, file.sha256, 0, g), KF_OK);
    assert_memory_equal(g->bytes, "contents", 8);
    assert_true(commit(&other, visitor_says("v2", "c1", "我要退款，谢谢 <ok>", NOW)).news.duplicate); /* it knows its keys */
    assert_int_equal(commit(&other, visitor_says("v2", "c2", "next", NOW)).news.first_seq, 2);
    assert_int_equal(number(&other, "SELECT COUNT(*) FROM conversation"), 2);
    world_close(&other);
    world_remove(&other);
    free(g);
    if (!here)
        free((char *)world_postgres);
    world_postgres = here;
}

/* ---- migrations -------------------------------------------------------------------------------------------------------------------------- */

#include "store/inside.h"
#include "store/sqlite.h"

static const struct migration two_steps[] = {
    { 1, "one", "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (42);" },
    { 2, "two", "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1;" },
    { 0, NULL, NULL },
};

static const struct migration broken_step[] = {
    { 1, "one", "CREATE TABLE a (x INTEGER);" },
    { 2, "two", "CREATE TABLE b (x INTEGER); CREATE TABLE a (x INTEGER);" },
    { 0, NULL, NULL },
};

static const struct migration one_step[] = {
    { 1, "one", "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (42);" },
    { 0, NULL, NULL },
};

static void a_migration_saves_the_database_first(void **state)
{
    struct world *w = *state;
    char path[128], backup[160], nowhere[200], saved[200];
    struct kf_err why = { .rc = KF_OK };
    struct db *db;

    ONLY_SQLITE();
    snprintf(path, sizeof(path), "%s/m.db", w->dir);
    snprintf(backup, sizeof(backup), "%s/first", w->dir); /* nobody has made it yet */
    snprintf(nowhere, sizeof(nowhere), "%s/not/there", w->dir);
    snprintf(saved, sizeof(saved), "%s/m.db.schema-1", backup);
    assert_int_equal(sqlite_open(&db, path, DB_WRITE, &why), KF_OK);
    assert_int_equal(migrate(db, one_step, path, backup, &why), KF_OK);
    assert_int_not_equal(access(saved, F_OK), 0); /* nothing to save in an empty one */
    assert_int_equal(migrate(db, two_steps, path, nowhere, &why), KF_IO);
    assert_non_null(strstr(why.text, "backup directory"));
    assert_int_equal(number_in(path, "PRAGMA user_version"), 1);
    assert_int_equal(migrate(db, two_steps, path, backup, &why), KF_OK);
    assert_int_equal(access(saved, F_OK), 0);
    assert_int_equal(number_in(saved, "SELECT x FROM a"), 42);
    assert_int_equal(number_in(saved, "PRAGMA user_version"), 1);
    assert_int_equal(number_in(path, "SELECT y FROM a"), 43);
    assert_int_equal(migrate(db, two_steps, path, w->dir, &why), KF_OK); /* again: nothing */
    assert_int_equal(migrate(db, one_step, path, w->dir, &why), KF_UNSUPPORTED);
    assert_int_equal(migrate(db, two_steps, path, NULL, &why), KF_OK);
    db_close(db);
}

static void a_migration_that_fails_leaves_the_old_schema(void **state)
{
    struct world *w = *state;
    char path[128];
    struct kf_err why = { .rc = KF_OK };
    struct db *db;

    ONLY_SQLITE();
    snprintf(path, sizeof(path), "%s/m.db", w->dir);
    assert_int_equal(sqlite_open(&db, path, DB_WRITE, &why), KF_OK);
    assert_int_equal(migrate(db, one_step, path, w->dir, &why), KF_OK);
    assert_int_not_equal(migrate(db, broken_step, path, w->dir, &why), KF_OK);
    assert_non_null(strstr(why.text, "migration 2"));
    db_close(db);
    assert_int_equal(number_in(path, "PRAGMA user_version"), 1);
    assert_int_equal(number_in(path, "SELECT COUNT(*) FROM sqlite_master WHERE name = 'b'"), 0);
}

static void a_migration_of_postgresql_saves_an_archive_first(void **state)
{
    struct world *w = *state;
    char saved[160], back[100];
    struct kf_err why = { .rc = KF_OK };
    struct store_config cfg = world_config(w);
    struct db *db;
    int now;

    if (!on_postgres())
        return;
    assert_int_equal(commit(w, visitor_says("v1", NULL, "x", NOW)).rc, KF_OK);
    world_close(w);
    assert_int_equal(postgres_open(&db, w->url, DB_WRITE, false, &why), KF_OK);
    now = db->ops->schema(db);
    snprintf(saved, sizeof(saved), "%s/postgresql.schema-%d", w->dir, now);
    if (migrate(db, (const struct migration[]){ { now + 1, "shoes", "ALTER TABLE customer ADD COLUMN shoe BIGINT" }, { 0, NULL, NULL } },
                "postgresql", w->dir, &why))
        fail_msg("migrate: %s", why.text);
    assert_int_equal(db->ops->schema(db), now + 1);
    assert_int_equal(number(w, "SELECT COUNT(shoe) FROM customer"), 0);
    db_close(db);
    assert_int_equal(store_open(&w->store, &cfg, &why), KF_UNSUPPORTED); /* a newer one was here */
    snprintf(back, sizeof(back), "UPDATE schema_version SET number = %d WHERE part = 'messages' RETURNING 1", now);
    assert_int_equal(number(w, back), 1);
    assert_int_equal(number(w, "DELETE FROM message RETURNING 1"), 1);
    assert_int_equal(store_restore(&cfg, saved, &why), KF_OK);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM message"), 1);
}

static void nobody_restores_under_a_running_node(void **state)
{
    struct world *w = *state;
    struct store_config cfg = world_config(w);
    struct stored s = { .done = false };
    struct kf_err why = { .rc = KF_OK };
    char archive[128];
    struct store *alone = NULL;

    snprintf(archive, sizeof(archive), "%s/archive.tar", w->dir);
    store_backup(w->store, archive, put_done, &s);
    world_wait(w, &s.done);
    assert_int_equal(s.rc, KF_OK);
    assert_int_equal(store_restore(&cfg, archive, &why), KF_CONFLICT);
    cfg.alone = true;
    assert_int_equal(store_open(&alone, &cfg, &why), KF_CONFLICT); /* nor begins one whose Redis nobody else knows */
}

static void saved_databases_are_kept_seven_days(void **state)
{
    struct world *w = *state;
    const char *const names[] = { on_postgres() ? "postgresql.schema-1" : "kefud.db.schema-1", "files.db.schema-2", "other.db.schema-1" };
    struct stat st;
    char path[256];

    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/%s", w->dir, names[i]);
        fclose(fopen(path, "w"));
    }
    assert_int_equal(stat(path, &st), 0);
    for (int day = 6; day <= 8; day += 2) {
        housekeep(w, ((int64_t)st.st_mtime + day * 86400) * 1000);
        for (int i = 0; i < 3; i++) {
            snprintf(path, sizeof(path), "%s/%s", w->dir, names[i]);
            assert_int_equal(access(path, F_OK) == 0, day == 6 || i == 2);
        }
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_world, teardown_world)
static const struct CMUnitTest tests[] = {
    T(a_file_comes_back_as_it_went_in),
    T(an_empty_file_is_a_file),
    T(nobody_else_may_read_the_databases),
    T(what_was_never_stored_is_absent),
    T(what_is_dropped_leaves_nothing),
    T(a_file_knows_who_sent_it_where),
    T(orphans_go_and_what_was_sent_stays),
    T(what_is_over_is_swept),
    T(an_archive_made_while_writing_comes_back),
    T(a_damaged_archive_changes_nothing),
    T(an_archive_that_is_not_what_was_saved_is_refused),
    T(an_archive_from_before_the_digests_comes_back),
    T(any_tar_and_sha256sum_know_an_archive),
    T(a_migration_saves_the_database_first),
    T(a_migration_that_fails_leaves_the_old_schema),
    T(an_archive_moves_to_the_other_kind_of_database),
    T(a_migration_of_postgresql_saves_an_archive_first),
    T(nobody_restores_under_a_running_node),
    T(saved_databases_are_kept_seven_days),
};

RUN_BOTH(tests)
