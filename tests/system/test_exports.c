/* Large tables over the wire: one row for each conversation, of whom there are KEFUD_EXPORT_ROWS (3,000; `make bench` takes 100,000 and reads
 * the lines that begin with "export"). */
#include "tests/support/cast.h"

#include <dirent.h>
#include <inttypes.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SITE       "demo"
#define AGENT      "agent1@demo.example"
#define SUPERVISOR "supervisor@demo.example"
#define COLUMNS    20
#define HELD_MAX   (4 << 20) /* what a socket's buffers may swallow: a table must be longer to be interrupted */
#define GROWTH_KB  (48 << 10)
#define BUILD_MS   300000 /* until the first byte of a large table on a busy machine */
#define REFUND     "q=%E9%80%80%E6%AC%BE"
#define LAST       "q=%E6%9C%AB%E5%B0%BE"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static struct daemon d;
static struct staff supervisor, agent;
static long rows = SANITIZED ? 300 : 3000; /* with checkers each costs ten times as much */

/* ---- many from one ------------------------------------------------------------------------------------------------------------- */

struct copied {
    const char *column, *by; /* SQL; i is the number of the copy, from 1 */
};

static void run_sql(sqlite3 *db, const char *sql)
{
    char *error = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %.200s", error, sql);
}

/* The rows of one conversation, once for each copy, with some columns of their own. */
static void copy_rows(sqlite3 *db, const char *table, const char *where, const struct copied *own, size_t n_own)
{
    char columns[2048] = "", values[4096] = "", sql[8192], ask[64];
    sqlite3_stmt *s = NULL;

    (void)snprintf(ask, sizeof(ask), "SELECT name FROM pragma_table_info('%s')", table);
    assert_int_equal(sqlite3_prepare_v2(db, ask, -1, &s, NULL), SQLITE_OK);
    while (sqlite3_step(s) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(s, 0), *value = name;
        size_t at = strlen(columns), to = strlen(values);

        for (size_t i = 0; i < n_own; i++)
            value = strcmp(own[i].column, name) == 0 ? own[i].by : value;
        (void)snprintf(columns + at, sizeof(columns) - at, "%s%s", at ? ", " : "", name);
        (void)snprintf(values + to, sizeof(values) - to, "%s%s", to ? ", " : "", value);
    }
    sqlite3_finalize(s);
    (void)snprintf(
        sql, sizeof(sql),
        "WITH RECURSIVE copy(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM copy WHERE i < %ld) INSERT INTO %s (%s) SELECT %s FROM %s, "
        "copy WHERE %s ORDER BY i",
        rows - 1, table, columns, values, table, where);
    run_sql(db, sql);
}

/* Beginnings that a spreadsheet would run, in turn. */
#define TEXT                                                                                                                          \
    "CASE i %% 8 WHEN 0 THEN '=HYPERLINK(\"http://evil.example\")' WHEN 1 THEN '+1' WHEN 2 THEN '-2+3' WHEN 3 THEN '@SUM(1)' WHEN 4 " \
    "THEN char(65309) || '1' WHEN 5 THEN char(9) || '=1' WHEN 6 THEN char(13, 10) || '=1' ELSE 'one, \"two\"' || char(13, 10) || "    \
    "'three' END || ' 退款 ' || CASE i WHEN (SELECT MAX(i) FROM copy) THEN '末尾 ' ELSE '' END || "

static void fill(void)
{
    static const struct copied conversation[] = { { "n", "1 + i" },
                                                  { "id", "randomblob(16)" },
                                                  { "peer", "peer || i" },
                                                  { "seq", "1" },
                                                  { "opened_at", "opened_at - 1000 * i" },
                                                  { "closed_at", "closed_at - 1000 * i" } };
    static const struct copied course[] = { { "conv", "1 + i" } };
    char path[128], text[1024];
    struct copied message[] = { { "id", "NULL" }, { "conv", "1 + i" }, { "text", text }, { "ref", "NULL" }, { "cid", "NULL" } };
    sqlite3 *db = NULL;

    (void)snprintf(text, sizeof(text), TEXT "substr(hex(zeroblob(%d)), 1, %d)", HELD_MAX, (int)(2 * HELD_MAX / rows));
    (void)snprintf(path, sizeof(path), "%s/kefud.db", d.state);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    run_sql(db, "BEGIN");
    copy_rows(db, "conversation", "n = 1", conversation, sizeof(conversation) / sizeof(conversation[0]));
    copy_rows(db, "message", "conv = 1 AND seq = 1", message, sizeof(message) / sizeof(message[0]));
    copy_rows(db, "course", "conv = 1", course, 1);
    run_sql(db, "UPDATE customer SET name = '=cmd|''/C calc''!A0'");
    run_sql(db, "INSERT INTO tag (conv, text, at) SELECT n, '@tag', 1 FROM conversation");
    run_sql(db, "COMMIT");
    sqlite3_close(db);
}

static int64_t found(const char *query)
{
    char path[300];
    json_t *r;
    int64_t ret;

    (void)snprintf(path, sizeof(path), "/api/v1/transcripts?site=" SITE "&%s", query);
    r = staff_get(&supervisor, &d, path);
    ret = number_at(r, "count");
    json_decref(r);
    return ret;
}

static int start(void **state)
{
    const char *given = getenv("KEFUD_EXPORT_ROWS");
    struct visitor v = { 0 };

    (void)state;
    rows = given ? strtol(given, NULL, 10) : rows;
    daemon_start(&d, &(struct daemon_options){ .demo = true });
    staff_online(&agent, &d, AGENT, SITE);
    visitor_enter(&v, &d, SITE, NULL);
    (void)visitor_say(&v, "c1", "退款");
    wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    wire_text(&v.wire, "{\"type\":\"close\",\"cid\":\"the-end\"}");
    assert_string_equal(wire_verdict(&v.wire, "the-end"), "ack");
    visitor_free(&v);
    staff_free(&agent);
    daemon_stop(&d);
    fill();
    daemon_restart(&d);
    staff_sign_in(&supervisor, &d, SUPERVISOR);
    for (int64_t end_at = now_mono_ms() + BUILD_MS; found(LAST) != 1; breathe())
        assert_true(now_mono_ms() < end_at);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    staff_free(&supervisor);
    daemon_finish(&d);
    return 0;
}

/* ---- what is seen of the daemon --------------------------------------------------------------------------------------------------- */

static long memory_kb(const char *which)
{
    char path[64], line[256];
    long ret = -1;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)d.pid);
    f = fopen(path, "r");
    assert_non_null(f);
    while (ret < 0 && fgets(line, sizeof(line), f))
        if (strncmp(line, which, strlen(which)) == 0)
            ret = strtol(line + strlen(which) + 1, NULL, 10);
    (void)fclose(f);
    return ret;
}

/* From now on VmHWM is the most since now. */
static void forget_peak(void)
{
    char path[64];
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/clear_refs", (int)d.pid);
    f = fopen(path, "w");
    assert_non_null(f);
    (void)fputs("5", f);
    (void)fclose(f);
}

/* Files without a name in the state directory that it holds open. */
static int nameless(void)
{
    char path[64];
    struct dirent *e;
    int n = 0;
    DIR *dir;

    (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)d.pid);
    dir = opendir(path);
    assert_non_null(dir);
    while ((e = readdir(dir))) {
        char to[512], link[400];
        ssize_t len;

        (void)snprintf(link, sizeof(link), "%s/%s", path, e->d_name);
        len = readlink(link, to, sizeof(to) - 1);
        to[len > 0 ? len : 0] = '\0';
        n += strncmp(to, d.state, strlen(d.state)) == 0 && strstr(to, " (deleted)");
    }
    closedir(dir);
    return n;
}

static int files(void)
{
    DIR *dir = opendir(d.state);
    struct dirent *e;
    int n = 0;

    assert_non_null(dir);
    while ((e = readdir(dir)))
        n += strstr(e->d_name, "-wal") == NULL && strstr(e->d_name, "-shm") == NULL;
    closedir(dir);
    return n;
}

static int64_t audited(void)
{
    char path[128];
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    int64_t n;

    (void)snprintf(path, sizeof(path), "%s/kefud.db", d.state);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM audit WHERE kind = 'transcripts_exported'", -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return n;
}

/* ---- by hand, for half of it -------------------------------------------------------------------------------------------------------- */

/* Where `slowly`, most of the answer stays in the daemon until somebody reads. */
static int ask_for(const char *format, bool slowly)
{
    char head[600];
    int fd = web_connect(&d, false), small = 4096;

    if (slowly)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    (void)snprintf(head, sizeof(head),
                   "GET /api/v1/exports/transcripts?site=" SITE
                   "&lang=en&format=%s&%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nCookie: %s\r\n\r\n",
                   format, REFUND, d.port, supervisor.cookie);
    web_send(fd, head, strlen(head));
    return fd;
}

/* Until the first byte is there: by then it stands in the access log. */
static void first_byte(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    assert_int_equal(poll(&p, 1, BUILD_MS), 1);
}

struct table {
    char *bytes;
    size_t n;
};

static struct table take(const char *format)
{
    long before, peak;
    int64_t entries = audited(), from = now_mono_ms();
    struct reply r;
    struct table t;
    int fd;

    forget_peak();
    before = memory_kb("VmRSS:");
    fd = ask_for(format, false);
    first_byte(fd);
    assert_int_equal(audited(), entries + 1);
    assert_true(web_read(fd, true, &r));
    assert_int_equal(r.status, 200);
    t = (struct table){ .n = (size_t)strtoull(reply_header(&r, "Content-Length"), NULL, 10) };
    t.bytes = malloc(t.n + 1);
    assert_non_null(t.bytes);
    for (size_t n = 0; n < t.n;) {
        ssize_t got = (first_byte(fd), read(fd, t.bytes + n, t.n - n));

        assert_true(got > 0);
        n += (size_t)got;
    }
    t.bytes[t.n] = '\0';
    close(fd);
    reply_free(&r);
    peak = memory_kb("VmHWM:");
    printf("export          %-5s %ld rows, %.1f MB in %" PRId64 " ms; kefud grew by %.1f MB at most\n", format, rows, (double)t.n / 1e6,
           now_mono_ms() - from, (double)(peak - before) / 1024);
    if (!SANITIZED && peak - before > GROWTH_KB)
        fail_msg("%ld rows took %ld KiB of memory", rows, peak - before);
    UNTIL(nameless() == 0);
    return t;
}

/* ---- tests ------------------------------------------------------------------------------------------------------------------------------- */

/* Would it be run? Of a cell's first characters, blanks skipped. */
static bool runs(const char *cell)
{
    static const char *const wide[] = { "＝", "＋", "－", "＠" };

    while (*cell == ' ')
        cell++;
    if (*cell && strchr("=+-@\t\r\n", *cell))
        return true;
    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
        if (strncmp(cell, wide[i], strlen(wide[i])) == 0)
            return true;
    return false;
}

/* Reads a field of RFC 4180 into `cell`, as much as fits; behind its comma or line end. */
static const char *field(const char *p, char *cell, size_t size, bool *last)
{
    bool quoted = *p == '"';
    size_t n = 0;

    for (p += quoted; *p; p++) {
        if (quoted && *p == '"' && p[1] != '"')
            break;
        if (!quoted && (*p == ',' || *p == '\r'))
            break;
        p += quoted && *p == '"';
        if (n + 1 < size)
            cell[n++] = *p;
    }
    cell[n] = '\0';
    p += quoted && *p == '"';
    *last = *p != ',';
    if (*last && *p)
        assert_memory_equal(p, "\r\n", 2);
    return *p ? p + (*last ? 2 : 1) : p;
}

static void a_large_table_of_text_is_whole_and_runs_nothing(void **state)
{
    struct table t = take("csv");
    long lines = 0;

    (void)state;
    assert_memory_equal(t.bytes, "\xef\xbb\xbf", 3);
    for (const char *p = t.bytes + 3; *p; lines++) {
        bool last = false;
        int columns = 0;

        for (; !last; columns++) {
            char cell[64];

            p = field(p, cell, sizeof(cell), &last);
            if (runs(cell))
                fail_msg("row %ld, column %d: %s", lines, columns, cell);
            if (lines && columns == 9)
                assert_string_equal(cell, "'=cmd|'/C calc'!A0");
        }
        assert_int_equal(columns, COLUMNS);
    }
    assert_int_equal(lines, rows + 1);
    free(t.bytes);
}

static void a_large_workbook_is_whole_and_has_no_formula(void **state)
{
    struct table t = take("xlsx");
    char path[128], *xml = NULL;
    const char *unpack[] = { "/usr/bin/unzip", "-p", path, "xl/worksheets/sheet1.xml", NULL };
    long lines = 0;
    FILE *f;

    (void)state;
    assert_memory_equal(t.bytes, "PK\x03\x04", 4);
    (void)snprintf(path, sizeof(path), "%s/table.xlsx", d.dir);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(t.bytes, 1, t.n, f), t.n);
    assert_int_equal(fclose(f), 0);
    free(t.bytes);
    if (access(unpack[0], X_OK)) {
        print_message("without unzip nobody looks into it\n");
        return;
    }
    assert_int_equal(program_run(unpack, NULL, &xml), 0);
    assert_null(strstr(xml, "<f>"));
    for (const char *p = xml; (p = strstr(p, "<row ")); p++)
        lines++;
    assert_int_equal(lines, rows + 1);
    for (const char *p = xml; (p = strstr(p, "<t")); p++)
        if (p[2] == '>' || p[2] == ' ') {
            const char *text = strchr(p, '>') + 1;

            assert_false(runs(text));
        }
    free(xml);
}

static void hang_up(int fd)
{
    close(fd);
    UNTIL(nameless() == 0);
}

static void whoever_hangs_up_leaves_nothing_behind(void **state)
{
    static const char *const formats[] = { "csv", "xlsx", "csv", "csv", "xlsx" }; /* more than may be made at once */
    int before = files();
    char some[1000];

    (void)state;
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) { /* before there is an answer */
        int fd = ask_for(formats[i], true);

        UNTIL(nameless() > 0);
        hang_up(fd);
    }
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        int fd = ask_for(formats[i], true);

        first_byte(fd);
        assert_int_equal(recv(fd, some, sizeof(some), MSG_WAITALL), sizeof(some));
        assert_memory_equal(some, "HTTP/1.1 200", 12);
        if (strcmp(formats[i], "csv") == 0) /* a workbook is packed, and may be gone into the socket as a whole */
            assert_true(nameless() > 0);
        hang_up(fd);
    }
    assert_int_equal(files(), before);
    assert_true(found(REFUND) > 0); /* it goes on */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_table_of_text_is_whole_and_runs_nothing),
        cmocka_unit_test(a_large_workbook_is_whole_and_has_no_formula),
        cmocka_unit_test(whoever_hangs_up_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
