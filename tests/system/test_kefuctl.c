/* kefuctl against a real kefud: what it says, what it does, and what it refuses. */
#define _GNU_SOURCE
#include "tests/support/scratch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

static char base[SCRATCH_MAX]; /* a directory for each test */
static char state[128];        /* base/state */
static char said[65536];

/* ---- programs ---- */

static const char *program(const char *variable, const char *name)
{
    static char path[512];
    const char *given = getenv(variable);

    if (given)
        return given;
    snprintf(path, sizeof(path), "build/%s", name);
    return path;
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Starts a program; `*out` is what it writes (both streams if `both`), `input` what it reads. */
static pid_t spawn(const char *const *argv, const char *input, bool both, int *out)
{
    int in_pipe[2], out_pipe[2];
    pid_t pid;

    assert_int_equal(pipe2(in_pipe, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out_pipe, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(in_pipe[0], 0);
        dup2(out_pipe[1], 1);
        if (both)
            dup2(out_pipe[1], 2);
        execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    close(in_pipe[0]);
    close(out_pipe[1]);
    if (input)
        assert_int_equal(write(in_pipe[1], input, strlen(input)), (ssize_t)strlen(input));
    close(in_pipe[1]);
    *out = out_pipe[0];
    return pid;
}

/* Reads into `said` until the end, or until `word` was read; false after `limit_ms`. */
static bool listen_for(int fd, const char *word, int64_t limit_ms)
{
    int64_t end = now_ms() + limit_ms;
    size_t n = 0;

    said[0] = '\0';
    while (now_ms() < end) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        ssize_t got;

        if (poll(&p, 1, 100) <= 0)
            continue;
        got = read(fd, said + n, sizeof(said) - 1 - n);
        if (got <= 0)
            return word == NULL;
        n += (size_t)got;
        said[n] = '\0';
        if (word && strstr(said, word))
            return true;
    }
    return false;
}

/* Runs kefuctl with the words after it (ended by NULL); its exit code, its words in `said`. */
static int ctl(const char *input, ...)
{
    const char *argv[24] = { program("KEFUCTL", "kefuctl") };
    int n = 1, out, status = 0;
    const char *word;
    va_list ap;
    pid_t pid;

    va_start(ap, input);
    while ((word = va_arg(ap, const char *)) && n < 23)
        argv[n++] = word;
    va_end(ap);
    pid = spawn(argv, input, true, &out);
    if (!listen_for(out, NULL, 60000))
        fail_msg("kefuctl said, and did not end: %s", said);
    close(out);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define WRONG_USAGE     64 /* sysexits(3) */
#define CTL(input, ...) ctl(input, "--state", state, __VA_ARGS__, (char *)NULL)

static void must_say(const char *words)
{
    if (!strstr(said, words))
        fail_msg("instead of \"%s\" it said: %s", words, said);
}

/* ---- kefud ---- */

static pid_t daemon_pid;
static int daemon_out;
static char address[64];

static void start(const char *config)
{
    const char *argv[] = { program("KEFUD", "kefud"), "--state", state, "--listen", "127.0.0.1:0", "--demo",
                           config ? "-c" : NULL,      config,    NULL };
    char *at;

    daemon_pid = spawn(argv, NULL, false, &daemon_out);
    if (!listen_for(daemon_out, "kefud ready ", 30000))
        fail_msg("kefud did not get ready: %s", said);
    at = strstr(said, "kefud ready http://");
    assert_non_null(at);
    snprintf(address, sizeof(address), "%.*s", (int)strcspn(at + 19, "/"), at + 19);
}

static void stop(void)
{
    int status = 0;

    if (!daemon_pid)
        return;
    kill(daemon_pid, SIGTERM);
    assert_int_equal(waitpid(daemon_pid, &status, 0), daemon_pid);
    daemon_pid = 0;
    close(daemon_out);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int fresh(void **unused)
{
    (void)unused;
    scratch_dir(base, "kf-ctl");
    snprintf(state, sizeof(state), "%s/state", base);
    setenv("KEFUD_DEMO_PASSWORD", "the demo's own password", 1);
    return 0;
}

static int sweep(void **unused)
{
    const char *argv[] = { "/bin/rm", "-rf", base, NULL };
    int out, status;
    pid_t pid;

    (void)unused;
    if (daemon_pid) { /* a test that failed has left it */
        kill(daemon_pid, SIGKILL);
        waitpid(daemon_pid, &status, 0);
        daemon_pid = 0;
        close(daemon_out);
    }
    pid = spawn(argv, NULL, true, &out);
    close(out);
    return waitpid(pid, &status, 0) == pid ? 0 : -1;
}

static size_t ignore(char *p, size_t size, size_t n, void *ctx)
{
    (void)p;
    (void)ctx;
    return size * n;
}

/* The status of POST /api/v1/session. */
static long sign_in(const char *email, const char *password)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    char url[128], origin[128], body[256];
    long status = 0;

    snprintf(url, sizeof(url), "http://%s/api/v1/session", address);
    snprintf(origin, sizeof(origin), "Origin: http://%s", address);
    snprintf(body, sizeof(body), "{\"email\":\"%s\",\"password\":\"%s\"}", email, password);
    headers = curl_slist_append(headers, origin);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return status;
}

static void put(const char *path, const char *text, mode_t mode)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fchmod(fileno(f), mode), 0);
    fclose(f);
}

/* ---- the tests ---- */

static void status_tells_how_the_daemon_is(void **unused)
{
    (void)unused;
    start(NULL);
    assert_int_equal(CTL(NULL, "status"), 0);
    must_say("sites[0].key: demo");
    must_say("redis: ");
    assert_int_equal(CTL(NULL, "--json", "status"), 0);
    must_say("{\n");
    stop();
    assert_int_equal(CTL(NULL, "status"), 1);
    must_say("nobody answers at");
}

static void a_daemon_that_hangs_is_told_from_one_that_is_gone(void **unused)
{
    (void)unused;
    start(NULL);
    assert_int_equal(kill(daemon_pid, SIGSTOP), 0);
    assert_int_equal(CTL(NULL, "doctor"), 1);
    must_say("it runs, but: ");
    must_say("it hangs, or was stopped");
    assert_int_equal(CTL(NULL, "reindex"), 1);
    must_say("it hangs, or was stopped. What was asked for may still be done");
    assert_int_equal(kill(daemon_pid, SIGCONT), 0);
    assert_int_equal(CTL(NULL, "status"), 0);
    stop();
}

static void a_person_is_added_renewed_and_disabled_while_it_runs(void **unused)
{
    (void)unused;
    start(NULL);
    assert_int_equal(CTL("my first long password\n", "user", "add", "Li@Example.com", "--name", "Li Lei", "--site", "demo", "--roles",
                         "agent", "--queues", "service,none"),
                     1);
    must_say("queues: there is no queue \"none\"; there are: ");
    must_say("service");
    assert_int_equal(
        CTL("my first long password\n", "user", "add", "Li@Example.com", "--name", "Li Lei", "--site", "none", "--roles", "agent"), 1);
    must_say("there is no site \"none\"");
    assert_int_equal(CTL("my first long password\n", "user", "add", "Li@Example.com", "--name", "Li Lei", "--site", "demo", "--roles",
                         "agent,reviewer", "--queues", "service", "--capacity", "3"),
                     0);
    assert_int_equal(sign_in("li@example.com", "my first long password"), 201);
    assert_int_equal(sign_in("li@example.com", "another long password"), 401);
    assert_int_equal(CTL("my second long password\n", "user", "passwd", "li@example.com"), 0);
    assert_int_equal(sign_in("li@example.com", "my first long password"), 401);
    assert_int_equal(sign_in("li@example.com", "my second long password"), 201);
    assert_int_equal(CTL(NULL, "user", "disable", "li@example.com"), 0);
    assert_int_equal(sign_in("li@example.com", "my second long password"), 401);
    assert_int_equal(CTL("some long password 1\n", "user", "passwd", "nobody@example.com"), 1);
    stop();
}

static void a_person_is_added_while_it_is_stopped(void **unused)
{
    (void)unused;
    start(NULL);
    stop();
    assert_int_equal(
        CTL("my first long password\n", "user", "add", "Han@Example.com", "--name", "Han Meimei", "--site", "demo", "--roles", "agent"), 0);
    assert_int_equal(
        CTL("my first long password\n", "user", "add", "x@example.com", "--name", "X", "--site", "nowhere", "--roles", "agent"), 1);
    must_say("there is no site nowhere");
    assert_int_equal(CTL("my first long password\n", "user", "add", "x@example.com", "--name", "X", "--site", "demo", "--roles", "agent",
                         "--queues", "service,none"),
                     1);
    must_say("queues: there is no queue \"none\"; there are: ");
    must_say("service");
    assert_int_equal(CTL("my first long password\n", "user", "add", "li@example.com", "--name", "Li", "--site", "demo", "--roles", "agent",
                         "--queues", "service"),
                     0);
    start(NULL);
    assert_int_equal(sign_in("han@example.com", "my first long password"), 201);
    stop();
}

static void a_site_is_added_while_it_runs(void **unused)
{
    char file[128], password[64] = "";
    const char *told;

    (void)unused;
    start(NULL);
    snprintf(file, sizeof(file), "%s/second.json", base);
    put(file,
        "{\"site\":{\"key\":\"second\",\"name\":\"Second\"},\"queues\":{\"desk\":{\"name\":\"Desk\"}},"
        "\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"Page\",\"queue\":\"desk\"}},"
        "\"people\":[{\"email\":\"li@second.example\",\"name\":\"Li\",\"roles\":[\"agent\"],\"queues\":[\"desk\"],\"capacity\":3}]}",
        0600);
    assert_int_equal(CTL(NULL, "site", "add", file), 0);
    must_say("site: second");
    told = strstr(said, "people[0].password: ");
    assert_non_null(told);
    assert_int_equal(sscanf(told, "people[0].password: %63s", password), 1);
    assert_int_equal(sign_in("li@second.example", password), 201);
    assert_int_equal(
        CTL("one password for both\n", "user", "add", "li@second.example", "--name", "Li", "--site", "demo", "--roles", "agent"), 0);
    assert_int_equal(sign_in("li@second.example", password), 401);
    assert_int_equal(sign_in("li@second.example", "one password for both"), 201);
    assert_int_equal(CTL(NULL, "site", "add", file), 1);
    must_say("there is a site \"second\" already");
    put(file, "{\"site\":{\"key\":\"third\",\"nme\":\"Third\"}}", 0600);
    assert_int_equal(CTL(NULL, "site", "add", file), 1);
    must_say("nme");
    assert_int_equal(CTL(NULL, "site", "add"), WRONG_USAGE);
    stop();
}

static void what_cannot_be_added_is_refused_in_words(void **unused)
{
    static const struct {
        const char *input;
        const char *roles;
        int code;
        const char *words;
    } rows[] = {
        { "too short\n", "agent", 1, "at least 15 characters" },
        { "", "agent", 1, "no password on standard input" },
        { "a long enough password\n", "agent,king", 1, "king is no role" },
        { "a long enough password\n", ",", 1, "at least one role" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(CTL(rows[i].input, "user", "add", "x@example.com", "--name", "X", "--site", "demo", "--roles", rows[i].roles),
                         rows[i].code);
        must_say(rows[i].words);
    }
}

static void the_outbox_is_looked_at(void **unused)
{
    (void)unused;
    start(NULL);
    assert_int_equal(CTL(NULL, "outbox", "list"), 0);
    assert_int_equal(CTL(NULL, "outbox", "list", "--which", "all", "--site", "demo"), 0);
    assert_int_equal(CTL(NULL, "outbox", "list", "--which", "lost"), 1);
    must_say("--which: trouble, waiting or all");
    assert_int_equal(CTL(NULL, "outbox", "resend", "01936b2e-0000-7000-8000-00000000dead"), 1);
    must_say("there is nothing of that name to be sent");
    assert_int_equal(CTL(NULL, "outbox", "drop", "01936b2e-0000-7000-8000-00000000dead", "--site", "demo"), 1);
    assert_int_equal(CTL(NULL, "outbox", "drop"), WRONG_USAGE);
    assert_int_equal(CTL(NULL, "outbox", "lose"), WRONG_USAGE);
    stop();
}

static void channels_are_looked_at_and_tried(void **unused)
{
    (void)unused;
    start(NULL);
    assert_int_equal(CTL(NULL, "channel", "list"), 0);
    must_say("/hooks/");
    must_say("generic");
    assert_int_equal(CTL(NULL, "channel", "test", "api"), 1); /* the demo's address leads nowhere */
    must_say("ok     settings");
    must_say("error  platform");
    assert_int_equal(CTL(NULL, "channel", "test", "none", "--site", "demo"), 1);
    must_say("no such channel");
    assert_int_equal(CTL(NULL, "channel", "test"), WRONG_USAGE);
    stop();
}

static void a_wrong_command_line_says_what_there_is(void **unused)
{
    static const char *const acts[] = { "passwd", "disable", "reset-totp" };

    (void)unused;
    assert_int_equal(ctl(NULL, (char *)NULL), WRONG_USAGE);
    must_say("usage: kefuctl");
    assert_int_equal(CTL(NULL, "dance"), WRONG_USAGE);
    must_say("there is no command dance");
    assert_int_equal(CTL(NULL, "backup"), WRONG_USAGE);
    assert_int_equal(CTL(NULL, "backup", "--colour"), WRONG_USAGE); /* nor does it make a file of that name */
    must_say("one FILE is needed after backup");
    assert_int_equal(CTL(NULL, "restore", "--colour"), WRONG_USAGE);
    assert_int_equal(CTL(NULL, "site", "export", "--colour"), WRONG_USAGE);
    assert_int_equal(CTL(NULL, "user", "add", "x@example.com"), WRONG_USAGE);
    must_say("user add needs");
    assert_int_equal(CTL(NULL, "user", "add", "x@example.com", "--capacity", "many"), WRONG_USAGE);
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        assert_int_equal(CTL(NULL, "user", acts[i]), WRONG_USAGE);
        must_say("one EMAIL, and nothing else, is needed after user");
        assert_int_equal(CTL(NULL, "user", acts[i], "--colour"), WRONG_USAGE);
        assert_int_equal(CTL(NULL, "user", acts[i], "x@example.com", "y@example.com"), WRONG_USAGE);
        must_say("one EMAIL");
    }
    assert_int_equal(CTL(NULL, "user", "greet"), WRONG_USAGE);
    must_say("user needs add, passwd, disable or reset-totp, not greet");
    assert_int_equal(CTL(NULL, "user", "add", "x@example.com", "y@example.com"), WRONG_USAGE);
    must_say("user add takes one EMAIL");
    assert_int_equal(CTL(NULL, "key", "list", "--colour"), WRONG_USAGE);
    must_say("key takes --site, --name, --verbs and --days, not --colour");
    assert_int_equal(CTL(NULL, "status", "-c"), WRONG_USAGE);
    must_say("a value is missing after -c");
    assert_int_equal(CTL(NULL, "site", "add", "/nowhere/set.json"), 1);
    must_say("kefuctl: unable to open /nowhere/set.json");
    assert_int_equal(ctl(NULL, "--help", (char *)NULL), 0);
    assert_int_equal(CTL(NULL, "user", "add", "--help"), 0);
    must_say("usage: kefuctl");
}

static void a_backup_is_put_back_in_another_place(void **unused)
{
    char archive[128], elsewhere[128], keys[200], brought[200];

    (void)unused;
    snprintf(archive, sizeof(archive), "%s/archive", base);
    snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", base);
    start(NULL);
    assert_int_equal(CTL("my first long password\n", "user", "add", "li@example.com", "--name", "Li", "--site", "demo", "--roles", "agent"),
                     0);
    assert_int_equal(CTL(NULL, "backup", archive), 0);
    assert_int_equal(CTL(NULL, "backup", archive), 1);
    must_say("overwrites nothing");
    assert_int_equal(CTL(NULL, "restore", archive), 1);
    must_say("stop it first");
    stop();

    snprintf(keys, sizeof(keys), "%s/secrets.key", state);
    snprintf(brought, sizeof(brought), "%s/secrets.key", elsewhere);
    strcpy(state, elsewhere);
    assert_int_equal(CTL(NULL, "restore", archive), 0);
    must_say("is back in place");
    must_say("bring the secrets.key of the old state directory to");
    must_say(brought);
    assert_int_equal(rename(keys, brought), 0); /* without it nobody can read the secrets */
    start(NULL);
    assert_int_equal(sign_in("li@example.com", "my first long password"), 201);
    stop();
    assert_int_equal(truncate(archive, 20000), 0);
    assert_int_equal(CTL(NULL, "restore", archive), 1);
    must_say(archive);
    must_say("the archive is cut short: it ends in the middle of messages.db; nothing was changed");
    put(archive, "this is no archive", 0600);
    assert_int_equal(CTL(NULL, "restore", archive), 1);
    must_say("this is not an archive of kefud");
    start(NULL);
    assert_int_equal(sign_in("li@example.com", "my first long password"), 201);
    stop();
}

static void index_and_housekeeping_answer_when_they_are_done(void **unused)
{
    (void)unused;
    start(NULL);
    assert_int_equal(CTL(NULL, "reindex"), 0);
    assert_int_equal(CTL(NULL, "housekeep"), 0);
    stop();
}

static void holds_are_asked_for_by_the_id_of_a_conversation(void **unused)
{
    (void)unused;
    start(NULL);
    assert_int_equal(CTL(NULL, "hold", "list", "--conversation", "x"), 1);
    must_say("conversation: the id of a conversation");
    assert_int_equal(CTL(NULL, "hold", "list", "--site", "demo", "--conversation", "x"), 1);
    must_say("conversation: the id of a conversation");
    assert_int_equal(CTL(NULL, "hold", "list", "--conversation", "01936b2e-0000-7000-8000-000000000001"), 0);
    stop();
}

/* What is in the database may be older than the rule that names are one line: U+009B is ESC [ in a terminal. */
static void nothing_that_is_listed_steers_a_terminal(void **unused)
{
    char database[160];
    sqlite3 *db;

    (void)unused;
    start(NULL);
    assert_int_not_equal(CTL(NULL, "key", "add", "--name",
                             "\xc2\x9b"
                             "2J",
                             "--verbs", "status", "--site", "demo"),
                         0);
    must_say("name: one line");
    assert_null(strstr(said, "\xc2\x9b"));
    assert_int_equal(CTL(NULL, "key", "add", "--name", "夜班", "--verbs", "status", "--site", "demo"), 0);
    stop();
    snprintf(database, sizeof(database), "%s/kefud.db", state);
    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE api_key SET name = name || char(155) || '2J'", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    start(NULL);
    assert_int_equal(CTL(NULL, "key", "list", "--site", "demo"), 0);
    must_say("夜班??2J");
    assert_null(strstr(said, "\xc2\x9b"));
    assert_int_equal(CTL(NULL, "--json", "key", "list", "--site", "demo"), 0);
    must_say("夜班");
    stop();
}

/* Beside kefud and without it, and when somebody has been at the database. */
static void the_access_log_is_checked_and_what_was_done_to_it_is_found(void **unused)
{
    char database[160], head[160], away[160];
    sqlite3 *db;

    (void)unused;
    start(NULL);
    assert_int_equal(CTL(NULL, "key", "add", "--name", "one", "--verbs", "status", "--site", "demo"), 0);
    assert_int_equal(CTL(NULL, "key", "add", "--name", "two", "--verbs", "status", "--site", "demo"), 0);
    assert_int_equal(CTL(NULL, "audit", "list", "--site", "demo", "--kind", "key_added"), 0);
    must_say("key_added");
    assert_int_equal(CTL(NULL, "audit", "verify"), 0);
    must_say("OK  head ");
    stop();
    assert_int_equal(CTL(NULL, "audit", "verify"), 0);
    must_say("OK  head ");
    snprintf(head, sizeof(head), "%s/access.head", state);
    snprintf(away, sizeof(away), "%s/access.away", state);
    assert_int_equal(rename(head, away), 0); /* all that is there fits together, and may be half of it */
    assert_int_equal(CTL(NULL, "audit", "verify"), 1);
    must_say("OK  head ");
    assert_int_equal(CTL(NULL, "audit", "verify", "--heads", away), 0);
    assert_int_equal(rename(away, head), 0);
    snprintf(database, sizeof(database), "%s/kefud.db", state);
    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db,
                     "DELETE FROM audit WHERE entry = (SELECT MAX(entry) FROM audit); UPDATE chain SET entry = entry - 1, hash = (SELECT "
                     "hash FROM audit ORDER BY entry DESC LIMIT 1)",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(CTL(NULL, "audit", "verify"), 1);
    must_say("BROKEN at entry ");
    must_say("cut");
    start(NULL);
    assert_int_equal(CTL(NULL, "audit", "verify"), 1);
    must_say("BROKEN at entry ");
    assert_int_equal(CTL(NULL, "audit", "verify", "--heads", "/nowhere"), 1);
    must_say("/nowhere");
    assert_int_equal(CTL(NULL, "audit", "verify", "--heads", "/dev/zero"), 1);
    must_say("/dev/zero is too large");
    stop();
}

static void a_reload_with_a_broken_file_changes_nothing_and_says_why(void **unused)
{
    char config[128];

    (void)unused;
    snprintf(config, sizeof(config), "%s/kefud.conf", base);
    put(config, "[log]\nlevel = info\n", 0600);
    start(config);
    assert_int_equal(CTL(NULL, "reload"), 0);
    put(config, "[log]\nlevel = loud\n", 0600);
    assert_int_equal(CTL(NULL, "reload"), 1);
    must_say("write debug, info, warn or error");
    assert_int_equal(CTL(NULL, "status"), 0);
    stop();
}

/* ---- the first minutes ---- */

static void the_demo_says_where_to_click_and_who_its_people_are(void **unused)
{
    static const char *const people[] = { "agent1", "agent2", "supervisor", "reviewer", "admin" };
    static const char *const pages[] = { "/chat/demo", "/console/", "/review/", "/admin/" };
    char line[200];

    (void)unused;
    start(NULL);
    for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++) {
        snprintf(line, sizeof(line), "%s@demo.example", people[i]);
        must_say(line);
    }
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        snprintf(line, sizeof(line), "http://%s%s\n", address, pages[i]);
        must_say(line);
    }
    assert_non_null(strstr(said, "password"));
    stop();
}

/* ---- doctor ---- */

static void doctor_finds_nothing_wrong_with_a_demo(void **unused)
{
    char config[128];

    (void)unused;
    snprintf(config, sizeof(config), "%s/kefud.conf", base);
    put(config, "[listen]\naddresses = 127.0.0.1:0\n", 0600);
    start(config);
    assert_int_equal(CTL(NULL, "-c", config, "doctor"), 0);
    must_say("ok       daemon: running, and answers");
    must_say("0 errors");
    stop();
    assert_int_equal(CTL(NULL, "-c", config, "doctor"), 0);
    must_say("its structure is whole");
}

static void doctor_sees_a_broken_database(void **unused)
{
    char path[160];
    char junk[4096];
    FILE *f;

    (void)unused;
    start(NULL);
    stop();
    snprintf(path, sizeof(path), "%s/kefud.db", state);
    memset(junk, 0x5a, sizeof(junk));
    f = fopen(path, "r+");
    assert_non_null(f);
    for (long page = 1; page < 12; page++) {
        fseek(f, page * 4096, SEEK_SET);
        assert_int_equal(fwrite(junk, 1, sizeof(junk), f), sizeof(junk));
    }
    fclose(f);
    assert_int_equal(CTL(NULL, "doctor"), 1);
    must_say("error    database");
    must_say("kefuctl restore");
}

static void doctor_sees_what_is_wrong_around_it(void **unused)
{
    struct sockaddr_in taken = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(taken);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char config[128], text[512], redis[160];

    (void)unused;
    snprintf(config, sizeof(config), "%s/kefud.conf", base);
    assert_int_equal(bind(fd, (struct sockaddr *)&taken, len), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&taken, &len), 0);

    snprintf(redis, sizeof(redis), "%s/nobody.sock", base);
    snprintf(text, sizeof(text),
             "[listen]\naddresses = 127.0.0.1:%d\npublic_url = https://chat.example.com\n[redis]\nurl = unix:%s\n[node]\nstate = %s\n",
             ntohs(taken.sin_port), redis, state);
    put(config, text, 0600);
    assert_int_equal(ctl(NULL, "-c", config, "doctor", (char *)NULL), 1);
    must_say("is taken");
    must_say("error    redis");
    must_say("list its address in [listen] proxies");
    close(fd);

    put(config, "[limits]\ntxt = 1\n", 0600);
    assert_int_equal(ctl(NULL, "-c", config, "doctor", (char *)NULL), 1);
    must_say("kefud.conf:2: [limits] has no key txt");
}

static void shell(const char *command)
{
    const char *argv[] = { "/bin/sh", "-c", command, NULL };
    int out, status = 0;
    pid_t pid = spawn(argv, NULL, true, &out);

    assert_true(listen_for(out, NULL, 30000));
    close(out);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status)
        fail_msg("%s: %s", command, said);
}

static void doctor_sees_a_key_that_is_not_the_certificates(void **unused)
{
    char config[128], text[768], command[768];

    (void)unused;
    snprintf(command, sizeof(command),
             "cd %s && for n in a b; do openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 "
             "-subj /CN=chat.example.com -keyout $n.key -out $n.crt; done && chmod 600 *.key",
             base);
    shell(command);
    snprintf(config, sizeof(config), "%s/kefud.conf", base);
    snprintf(text, sizeof(text), "[node]\nstate = %s\n[tls]\ncertificate = %s/a.crt\nkey = %s/b.key\n", state, base, base);
    put(config, text, 0600);
    assert_int_equal(ctl(NULL, "-c", config, "doctor", (char *)NULL), 1);
    must_say("is not the key of");
    snprintf(text, sizeof(text),
             "[node]\nstate = %s\n[listen]\naddresses = 127.0.0.1:0\npublic_url = https://other.example.com\n[tls]\ncertificate = "
             "%s/a.crt\nkey = %s/a.key\n",
             state, base, base);
    put(config, text, 0600);
    assert_int_equal(ctl(NULL, "-c", config, "doctor", (char *)NULL), 1);
    must_say("the certificate is not for other.example.com");
    must_say(" days left");
}

/* Answers every connection as a proxy does that knows nothing of upgrades; its process. */
static pid_t proxy_without_upgrades(int *port)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pid_t pid;

    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    pid = fork();
    assert_true(pid >= 0);
    while (pid == 0) {
        char request[4096];
        int one = accept(fd, NULL, NULL);

        if (one < 0 || read(one, request, sizeof(request)) < 0 || write(one, answer, sizeof(answer) - 1) < 0)
            _exit(1);
        close(one);
    }
    close(fd);
    return pid;
}

static void doctor_tries_whether_a_websocket_gets_through(void **unused)
{
    char config[128], text[512];
    int port, status;
    pid_t pid = proxy_without_upgrades(&port);

    (void)unused;
    snprintf(config, sizeof(config), "%s/kefud.conf", base);
    start(NULL);
    snprintf(text, sizeof(text), "[listen]\naddresses = 127.0.0.1:0\npublic_url = http://%s\nproxies = 127.0.0.1\n", address);
    put(config, text, 0600);
    assert_int_equal(CTL(NULL, "-c", config, "doctor"), 0);
    must_say("a WebSocket gets through");
    snprintf(text, sizeof(text), "[listen]\naddresses = 127.0.0.1:0\npublic_url = http://127.0.0.1:%d\nproxies = 127.0.0.1\n", port);
    put(config, text, 0600);
    assert_int_equal(CTL(NULL, "-c", config, "doctor"), 1);
    must_say("a WebSocket does not get through");
    must_say("let the proxy pass Upgrade: websocket");
    stop();
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void doctor_sees_a_clock_that_was_put_back(void **unused)
{
    struct timespec ahead[2] = { 0 };
    char path[160];

    (void)unused;
    start(NULL);
    stop();
    clock_gettime(CLOCK_REALTIME, &ahead[0]);
    ahead[0].tv_sec += 3600;
    ahead[1] = ahead[0];
    snprintf(path, sizeof(path), "%s/kefud.db", state);
    assert_int_equal(utimensat(AT_FDCWD, path, ahead, 0), 0);
    assert_int_equal(CTL(NULL, "doctor"), 1);
    must_say("error    clock");
    must_say("times of messages would go backwards");
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, fresh, sweep)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(the_demo_says_where_to_click_and_who_its_people_are),
        EACH(status_tells_how_the_daemon_is),
        EACH(a_daemon_that_hangs_is_told_from_one_that_is_gone),
        EACH(a_person_is_added_renewed_and_disabled_while_it_runs),
        EACH(a_person_is_added_while_it_is_stopped),
        EACH(a_site_is_added_while_it_runs),
        EACH(what_cannot_be_added_is_refused_in_words),
        EACH(the_outbox_is_looked_at),
        EACH(channels_are_looked_at_and_tried),
        EACH(a_wrong_command_line_says_what_there_is),
        EACH(a_backup_is_put_back_in_another_place),
        EACH(index_and_housekeeping_answer_when_they_are_done),
        EACH(holds_are_asked_for_by_the_id_of_a_conversation),
        EACH(nothing_that_is_listed_steers_a_terminal),
        EACH(the_access_log_is_checked_and_what_was_done_to_it_is_found),
        EACH(a_reload_with_a_broken_file_changes_nothing_and_says_why),
        EACH(doctor_finds_nothing_wrong_with_a_demo),
        EACH(doctor_sees_a_broken_database),
        EACH(doctor_sees_what_is_wrong_around_it),
        EACH(doctor_tries_whether_a_websocket_gets_through),
        EACH(doctor_sees_a_clock_that_was_put_back),
        EACH(doctor_sees_a_key_that_is_not_the_certificates),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
