/* bench_store: how fast the permanent record is, and how fast it finds.
 *
 *     bench_store [MESSAGES] [CONVERSATIONS] [DIRECTORY | postgresql://…, an empty database]
 *     bench_store find DIRECTORY [MESSAGES] [CONVERSATIONS]
 *
 * Writes MESSAGES (default 1,000,000) of some 60 bytes of Chinese, a visitor and an agent in turn, through the same calls as the
 * daemon, with the search index on; every message has a dedupe key of its own. Then searches. Prints figures only; fails if
 * something was not stored, or if a commit was not an fsync.
 *
 * `find` is about searching alone: nothing is forced to the disk while the store in DIRECTORY is filled (10,000,000 by default), and only
 * a tenth comes as changes; the rest are copies of those conversations, each time later. What is in DIRECTORY already is searched as it is, if it
 * is enough. It stays there. Fails if a first page takes the reader more
 * than PAGE_MS of CPU, which other work on the machine does not lengthen as it does the time that passes. */
#define _GNU_SOURCE
#include "store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define AT      1763740800000
#define FLIGHT  1500 /* sent and not yet answered */
#define QUERIES 30
#define APART   3000 /* ms between two messages: ten million are a year */
#define AGENTS  50
#define WEEK    (7 * 86400000LL)
#define TENTH   10  /* of what is to be found in comes as changes */
#define PAGE_MS 200 /* of CPU, for a first page */

static struct {
    struct store *store;
    int wake[2];
    uint64_t answered, failed;
    int64_t worst_lag;
    struct kf_id *convs;
    int64_t *epochs;
    bool *opened; /* its first message is on its way */
    int64_t last_at;
    uint64_t rng;
    bool finding; /* nothing is forced */
    int missed;
} b;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_store: %s: %s\n", what, why);
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static uint32_t chance(uint32_t n)
{
    b.rng ^= b.rng << 13;
    b.rng ^= b.rng >> 7;
    b.rng ^= b.rng << 17;
    return (uint32_t)((b.rng >> 16) % n);
}

/* ---- what is said: words by a falling frequency, so that pairs are as uneven as in life --------------------------------------- */

static const char *const words[] = {
    "我",   "的",   "你好", "请问", "订单", "退款",   "什么时候", "可以", "吗",   "谢谢", "发货", "物流",   "没有",
    "收到", "怎么", "查询", "客服", "麻烦", "看一下", "地址",     "修改", "发票", "优惠", "活动", "价格",   "质量",
    "问题", "换货", "申请", "已经", "三天", "了",     "还是",     "不行", "账号", "登录", "密码", "验证码", "手机",
    "短信", "投诉", "经理", "赔偿", "尺码", "颜色",   "库存",     "预售", "会员", "积分", "到账",
};
#define WORDS (sizeof(words) / sizeof(words[0]))

static struct slice sentence(struct change *c)
{
    char text[256];
    size_t n = 0;

    while (n < 54) {
        size_t i = chance((uint32_t)WORDS), j = chance((uint32_t)WORDS);
        const char *w = words[i < j ? i : j];
        size_t len = strlen(w);

        memcpy(text + n, w, len);
        n += len;
    }
    return change_slice(c, (struct slice){ text, n });
}

/* ---- writing ---------------------------------------------------------------------------------------------------------------------- */

static void wake(void *ctx)
{
    ssize_t n = write(b.wake[1], "!", 1);

    (void)ctx;
    (void)n;
}

static void answered(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    size_t conv = (size_t)(uintptr_t)ctx;

    b.answered++;
    if (rc) {
        b.failed++;
        if (b.failed == 1)
            fprintf(stderr, "bench_store: %s\n", why->text);
        return;
    }
    b.convs[conv] = news->conv.id;
    b.epochs[conv] = news->conv.epoch;
}

static void drain(int timeout_ms)
{
    struct pollfd p = { .fd = b.wake[0], .events = POLLIN };
    char drop[256];

    if (poll(&p, 1, timeout_ms) > 0)
        while (read(b.wake[0], drop, sizeof(drop)) > 0)
            ;
    store_drain(b.store);
}

static struct change *new_change(int64_t at)
{
    struct kf_key site = { "demo" };
    struct change *c = change_new(&site, at);

    if (!c)
        die("change", "out of memory");
    return c;
}

static struct kf_id agent_of(size_t conv)
{
    return (struct kf_id){ { 7, [15] = (uint8_t)(conv % AGENTS) } };
}

static struct opening *opening_of(struct change *c, size_t conv)
{
    static const struct kf_key queues[] = { { "sales" }, { "service" }, { "repair" }, { "sales" } };
    struct opening *o = ARENA_NEW(c->arena, struct opening);

    *o = (struct opening){
        .channel = { "web" }, .queue = queues[conv / AGENTS % 4], .state = CONV_WAITING, .reopen_ms = 600000, .locale = "zh-CN", .name = ""
    };
    o->peer = o->address = change_printf(c, "visitor-%zu", conv);
    return o;
}

/* One visitor in twenty begins with a form: too many for a short list. */
static bool has_form(size_t conv, bool opened)
{
    return conv % 20 == 7 && !opened;
}

static void say(size_t i, size_t conv)
{
    struct change *c = new_change(b.last_at = AT + (int64_t)i * APART);
    struct message *m;
    bool visitor = i & 1 || id_is_zero(&b.convs[conv]), form = visitor && has_form(conv, b.opened[conv]);

    if (visitor) {
        c->by = (struct actor){ .role = ROLE_VISITOR, .name = "" };
        c->opening = opening_of(c, conv);
        c->key = slice_of(change_printf(c, "w:web:visitor-%zu:%zx", conv, i));
        if (!b.opened[conv])
            change_act(c, ACT_STEP)->u.step = (struct conv_event){ .kind = CONV_ASSIGN, .person = agent_of(conv), .epoch = -1 };
        else if (chance(40) == 0) /* two in five are rated, most of them well */
            change_act(c, ACT_RATE)->u.rate.score = chance(4) == 0 ? 1 + (int)chance(4) : 5;
        b.opened[conv] = true;
    } else {
        c->by = (struct actor){ .role = ROLE_AGENT, .id = agent_of(conv), .name = "小李", .number = "1024" };
        c->conv = b.convs[conv];
        c->epoch = b.epochs[conv];
        c->key = slice_of(change_printf(c, "s:%zu:7:%zx", conv, i));
    }
    c->unruled = ~0U;
    m = &change_act(c, ACT_MESSAGE)->u.message;
    m->text = sentence(c);
    if (form) {
        m->kind = MESSAGE_CARD;
        m->extra = "{\"form\":{\"name\":\"王芳\",\"phone\":\"13800138000\"}}";
    }
    m->from = c->by;
    c->content = m->text;
    store_commit(b.store, c, answered, (void *)(uintptr_t)conv);
}

static void watch_lag(void)
{
    struct store_figures f;

    store_figures(b.store, &f);
    if ((int64_t)f.index_lag_ms > b.worst_lag)
        b.worst_lag = (int64_t)f.index_lag_ms;
}

/* CPU of the thread of that name, in µs. */
static double cpu_of(const char *name)
{
    DIR *d = opendir("/proc/self/task");
    double ret = 0;
    struct dirent *e;

    while (d && (e = readdir(d))) {
        unsigned long user, sys;
        char path[300], comm[64];
        FILE *f;

        snprintf(path, sizeof(path), "/proc/self/task/%s/stat", e->d_name);
        f = fopen(path, "r");
        if (!f)
            continue;
        if (fscanf(f, "%*d (%63[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", comm, &user, &sys) == 3 &&
            strcmp(comm, name) == 0)
            ret += (double)(user + sys) * 1e6 / (double)sysconf(_SC_CLK_TCK);
        fclose(f);
    }
    if (d)
        closedir(d);
    return ret;
}

static void write_all(size_t messages, size_t convs)
{
    static const char *const threads[] = { "kf-writer", "kf-index", "kf-checkpoint", "bench_store" };
    double cpu[4];
    struct store_figures before, after;
    int64_t from, took;
    size_t window = 400; /* conversations that talk at the same time; they come and go */

    store_figures(b.store, &before);
    for (int i = 0; i < 4; i++)
        cpu[i] = cpu_of(threads[i]);
    from = now_us();
    for (size_t i = 0; i < messages; i++) {
        size_t first = (size_t)((double)i / (double)messages * (double)(convs > window ? convs - window : 0));

        say(i, first + chance((uint32_t)(convs < window ? convs : window)));
        while (i + 1 - b.answered >= FLIGHT)
            drain(10);
        if (i % 512 == 0)
            watch_lag();
    }
    while (b.answered < messages)
        drain(10);
    took = now_us() - from;
    store_figures(b.store, &after);
    printf("committed       %zu messages in %.1f s: %.0f/s, %.1f to a commit, %.0f µs a commit\n", messages, (double)took / 1e6,
           (double)messages * 1e6 / (double)took, (double)messages / (double)(after.commits - before.commits),
           (double)(after.commit_us_total - before.commit_us_total) / (double)(after.commits - before.commits));
    printf("index           at most %" PRId64 " ms behind", b.worst_lag);
    from = now_us();
    for (watch_lag(); (store_figures(b.store, &after), after.index_lag_ms);)
        (void)poll(NULL, 0, 5);
    printf(", done %.0f ms after the last commit\n", (double)(now_us() - from) / 1e3);
    for (int i = 0; i < 4; i++)
        printf("cpu             %-14s %6.1f µs a message\n", threads[i], (cpu_of(threads[i]) - cpu[i]) / (double)messages);
}

/* ---- searching ---------------------------------------------------------------------------------------------------------------------- */

/* Who reviews may read everything; that is asked of each conversation all the same. */
static const struct member reviewer = { .person = { { 9 } }, .site = { "demo" }, .roles = MEMBER_REVIEWER, .name = "", .number = "" };

struct found {
    bool done;
    size_t convs, hits;
    int64_t count;
    bool capped;
};

static void found(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct found *f = ctx;

    if (rc)
        die("search", why->text);
    *f = (struct found){ true, q->n_convs, q->n_hits, q->number, q->capped };
}

static int by_time(const void *x, const void *y)
{
    return (*(const int64_t *)x > *(const int64_t *)y) - (*(const int64_t *)x < *(const int64_t *)y);
}

enum { OF_QUEUE = 1, OF_AGENT = 2, OF_RATING = 4, OF_WEEK = 8, OF_FORM = 16, OF_NO_FORM = 32 };

static void narrow(struct search *s, int with)
{
    if (with & OF_QUEUE) {
        s->queues[0] = (struct kf_key){ "service" };
        s->n_queues = 1;
    }
    if (with & OF_AGENT)
        s->agent = agent_of(60); /* of that queue, too */
    if (with & OF_RATING)
        s->rating = 2;
    if (with & (OF_FORM | OF_NO_FORM))
        s->form = with & OF_FORM ? 1 : -1;
    if (with & OF_WEEK)
        s->from = b.last_at - WEEK;
}

static void search_for(const char *terms, int with)
{
    int64_t took[QUERIES], median;
    struct found f = { .done = false };
    double cpu = cpu_of("kf-reader");

    for (int i = 0; i < QUERIES; i++) {
        struct query *q = query_new(QUERY_TRANSCRIPTS);
        int64_t from = now_us();

        q->site = (struct kf_key){ "demo" };
        q->search.reader = &reviewer;
        q->search.terms = slice_of(terms);
        q->search.limit = 20;
        q->with_last = true; /* as the page has it */
        narrow(&q->search, with);
        f.done = false;
        store_read(b.store, q, found, &f);
        while (!f.done)
            drain(100);
        took[i] = now_us() - from;
    }
    qsort(took, QUERIES, sizeof(took[0]), by_time);
    median = took[QUERIES / 2];
    cpu = (cpu_of("kf-reader") - cpu) / QUERIES;
    b.missed += cpu > PAGE_MS * 1e3;
    printf("search          %-16s%s%s%s%s%s first page %5.1f ms (median), %5.1f ms (worst), %5.1f ms of CPU; %zu conversations, %zu hits, "
           "%s%" PRId64 "\n",
           *terms ? terms : "(all)", with & OF_QUEUE ? " +queue" : "", with & OF_AGENT ? " +agent" : "", with & OF_RATING ? " +rating" : "",
           with & OF_WEEK ? " +week" : "",
           with & OF_FORM      ? " +form"
           : with & OF_NO_FORM ? " -form"
                               : "",
           (double)median / 1e3, (double)took[QUERIES - 1] / 1e3, cpu / 1e3, f.convs, f.hits, f.capped ? "more than " : "", f.count);
}

/* As an export does: all places of a result. */
static void listed(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct found *f = ctx;

    if (rc)
        die("list", why->text);
    *f = (struct found){ .done = true, .convs = q->n_places };
}

static void list_all(const char *terms, int with)
{
    struct query *q = query_new(QUERY_RESULT);
    struct found f = { .done = false };
    int64_t from = now_us();

    q->site = (struct kf_key){ "demo" };
    q->search.terms = slice_of(terms);
    q->limit = 200000;
    narrow(&q->search, with);
    store_read(b.store, q, listed, &f);
    while (!f.done)
        drain(100);
    printf("listed          %-16s%s %zu conversations in %.0f ms\n", terms, with & OF_QUEUE ? " +queue" : "", f.convs,
           (double)(now_us() - from) / 1e3);
}

/* ---- honesty ---------------------------------------------------------------------------------------------------------------------------- */

static const char stored[] = "SELECT COUNT(*), (SELECT COUNT(*) FROM conversation c WHERE c.seq <> (SELECT COUNT(*) FROM message m WHERE "
                             "m.conv = c.n)) FROM message";

static void check_postgres(const char *url, uint64_t messages)
{
    PGconn *db = PQconnectdb(url);
    PGresult *r = PQexec(db, stored);

    if (PQntuples(r) != 1 || strtoull(PQgetvalue(r, 0, 0), NULL, 10) != messages || strcmp(PQgetvalue(r, 0, 1), "0") != 0)
        die("check", "not everything that was acknowledged is there");
    PQclear(r);
    PQfinish(db);
}

/* What is on the disk, by another connection: as many messages as were answered, and seq dense. */
static void check(const char *path, uint64_t messages)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    uint64_t rows = 0, holes = 1;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL))
        die("check", sqlite3_errmsg(db));
    if (sqlite3_prepare_v2(db, stored, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
        rows = (uint64_t)sqlite3_column_int64(s, 0);
        holes = (uint64_t)sqlite3_column_int64(s, 1);
    }
    sqlite3_finalize(s);
    sqlite3_close(db);
    if (rows != messages || holes)
        die("check", "not everything that was acknowledged is there");
}

/* fsync(2) and fdatasync(2) as the store calls them. */
static uint64_t syncs;

int fdatasync(int fd)
{
    __atomic_add_fetch(&syncs, 1, __ATOMIC_RELAXED);
    return b.finding ? 0 : (int)syscall(SYS_fdatasync, fd);
}

static void search_all(void)
{
    search_for("退款", 0);
    search_for("我的", 0);
    search_for("投诉经理", 0);
    search_for("退款 -发票", 0);
    search_for("", 0);
    for (int with = 1; with < 16; with++)
        search_for("我的", with);
    for (int with = 0; with < 16; with += 3) {
        search_for("我的", with | OF_FORM);
        search_for("", with | OF_FORM);
        search_for("我的", with | OF_NO_FORM);
    }
    search_for("投诉经理", OF_QUEUE | OF_AGENT | OF_RATING | OF_WEEK);
    search_for("", OF_QUEUE | OF_AGENT | OF_RATING | OF_WEEK);
}

static void open_store(const char *dir, const char *url, size_t convs)
{
    char files[300], index[300];
    struct store_config cfg = { .url = url, .files_path = files, .index_path = index, .backup_dir = dir, .wake = wake };
    struct kf_err why = { .rc = KF_OK };

    snprintf(files, sizeof(files), "%s/files.db", dir);
    snprintf(index, sizeof(index), "%s/index.db", dir);
    b.convs = calloc(convs, sizeof(*b.convs));
    b.epochs = calloc(convs, sizeof(*b.epochs));
    b.opened = calloc(convs, sizeof(*b.opened));
    b.rng = 88172645463325252U;
    if (pipe2(b.wake, O_NONBLOCK | O_CLOEXEC) || !b.convs || !b.epochs || !b.opened || store_open(&b.store, &cfg, &why))
        die("open", why.text);
}

static void close_store(void)
{
    store_close(b.store);
    free(b.convs);
    free(b.epochs);
    free(b.opened);
}

/* ---- many from few ------------------------------------------------------------------------------------------------------------------------ */

static int64_t number_of(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s = NULL;
    int64_t ret;

    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) || sqlite3_step(s) != SQLITE_ROW)
        die(sql, sqlite3_errmsg(db));
    ret = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return ret;
}

static void run_sql(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL))
        die(sql, sqlite3_errmsg(db));
}

/* How far the copies are from what they are copies of. */
struct apart {
    int64_t talks, messages, ms;
};

/* Of a column of a copy: what is added to it, or NULL. */
static const char *moved(const char *table, const char *column, const struct apart *by, char *to, size_t size)
{
    bool talk = strcmp(table, "conversation") == 0 ? strcmp(column, "n") == 0 : strcmp(column, "conv") == 0;
    size_t n = strlen(column);

    if (talk)
        snprintf(to, size, "%s + %" PRId64, column, by->talks);
    else if (strcmp(column, "id") == 0 && strcmp(table, "message") == 0)
        snprintf(to, size, "id + %" PRId64, by->messages);
    else if (strcmp(column, "id") == 0)
        snprintf(to, size, "randomblob(16)");
    else if (strcmp(column, "peer") == 0)
        snprintf(to, size, "peer || '-%" PRId64 "'", by->talks);
    else if (strcmp(column, "at") == 0 || (n > 3 && strcmp(column + n - 3, "_at") == 0))
        snprintf(to, size, "%s + %" PRId64, column, by->ms);
    else
        snprintf(to, size, "%s", column);
    return to;
}

/* The first `upto` rows, which `key` numbers. */
static void copy_rows(sqlite3 *db, const char *table, const char *key, int64_t upto, const struct apart *by)
{
    char columns[2048] = "", values[4096] = "", sql[8192], one[160];
    sqlite3_stmt *s = NULL;

    snprintf(sql, sizeof(sql), "SELECT name FROM pragma_table_info('%s')", table);
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL))
        die(sql, sqlite3_errmsg(db));
    while (sqlite3_step(s) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(s, 0);
        size_t at = strlen(columns), to = strlen(values);

        snprintf(columns + at, sizeof(columns) - at, "%s%s", at ? ", " : "", name);
        snprintf(values + to, sizeof(values) - to, "%s%s", to ? ", " : "", moved(table, name, by, one, sizeof(one)));
    }
    sqlite3_finalize(s);
    snprintf(sql, sizeof(sql), "INSERT INTO %s (%s) SELECT %s FROM %s WHERE %s <= %" PRId64 " ORDER BY %s", table, columns, values, table,
             key, upto, key);
    run_sql(db, sql);
}

/* Whole copies, so that seq stays dense, until there are at least so many. */
static void grow(const char *path, int64_t messages)
{
    struct apart one = { 0 }, by;
    int64_t from = now_us(), have;
    sqlite3 *db;

    if (sqlite3_open(path, &db))
        die("grow", sqlite3_errmsg(db));
    run_sql(db, "PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; PRAGMA wal_autocheckpoint = 100000");
    one.talks = number_of(db, "SELECT MAX(n) FROM conversation");
    one.messages = number_of(db, "SELECT MAX(id) FROM message");
    one.ms = number_of(db, "SELECT MAX(at) - MIN(at) FROM message") + APART;
    by = one;
    for (have = one.messages; have < messages; have += one.messages) {
        run_sql(db, "BEGIN");
        copy_rows(db, "conversation", "n", one.talks, &by);
        copy_rows(db, "message", "id", one.messages, &by);
        copy_rows(db, "served", "conv", one.talks, &by);
        run_sql(db, "COMMIT");
        by = (struct apart){ by.talks + one.talks, by.messages + one.messages, by.ms + one.ms };
    }
    b.last_at = number_of(db, "SELECT at FROM message ORDER BY id DESC LIMIT 1");
    printf("copied          %" PRId64 " messages out of %" PRId64 " in %.1f s, %" PRId64 " conversations\n", have, one.messages,
           (double)(now_us() - from) / 1e6, number_of(db, "SELECT MAX(n) FROM conversation"));
    sqlite3_close(db);
}

static void await_index(void)
{
    struct store_figures f;
    int64_t from = now_us();

    for (store_figures(b.store, &f); f.index_lag_ms; store_figures(b.store, &f))
        drain(100);
    printf("index           complete after %.1f s\n", (double)(now_us() - from) / 1e6);
}

static int find(const char *dir, size_t messages, size_t convs)
{
    char path[300], url[310];

    snprintf(path, sizeof(path), "%s/kefud.db", dir);
    snprintf(url, sizeof(url), "sqlite:%s", path);
    b.finding = true;
    if (access(path, F_OK)) {
        open_store(dir, url, convs / TENTH + 1);
        write_all(messages / TENTH, convs / TENTH + 1);
        close_store();
        check(path, messages / TENTH);
    }
    grow(path, (int64_t)messages);
    open_store(dir, url, 1);
    await_index();
    search_all();
    close_store();
    printf("missed          %d first pages took more than %d ms of CPU\n", b.missed, PAGE_MS);
    return b.missed > 0;
}

static int whole(size_t messages, size_t convs, const char *where)
{
    bool postgres = where && strncmp(where, "postgres", 8) == 0;
    char dir[256], url[300], cmd[300];
    struct store_figures f;

    snprintf(dir, sizeof(dir), "%s/kf-bench-XXXXXX", where && !postgres ? where : "/tmp");
    if (!mkdtemp(dir))
        die("setup", "no directory");
    if (postgres)
        snprintf(url, sizeof(url), "%s", where);
    else
        snprintf(url, sizeof(url), "sqlite:%s/kefud.db", dir);
    open_store(dir, url, convs);
    syncs = 0;
    write_all(messages, convs);
    store_figures(b.store, &f);
    if (postgres)
        printf("fsync           %" PRIu64 " commits: synchronous_commit=on\n", f.commits);
    else
        printf("fsync           %" PRIu64 " commits, %" PRIu64 " calls: synchronous=FULL\n", f.commits, syncs);
    if (b.failed || (!postgres && syncs < f.commits))
        die("commit", b.failed ? "some failed" : "a commit was not an fsync");
    search_all();
    list_all("我的", 0);
    list_all("我的", OF_QUEUE);
    close_store();
    if (postgres)
        check_postgres(url, messages);
    else
        check(url + strlen("sqlite:"), messages);
    snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
    if (system(cmd))
        die("cleanup", dir);
    return 0;
}

static size_t number(int argc, char **argv, int at, size_t usual)
{
    return argc > at ? strtoul(argv[at], NULL, 10) : usual;
}

int main(int argc, char **argv)
{
    bool finding = argc > 2 && strcmp(argv[1], "find") == 0;
    size_t messages = finding ? number(argc, argv, 3, 10000000) : number(argc, argv, 1, 1000000);
    size_t convs = number(argc, argv, finding ? 4 : 2, messages / 20 + 1);

    return finding ? find(argv[2], messages, convs) : whole(messages, convs, argc > 3 ? argv[3] : NULL);
}
