/* The private redis-server: started, guarded, started again, and never left behind. */
#define _GNU_SOURCE /* memmem */
#include "live_test.h"

#include "live/inside.h"

#include <fcntl.h>

static struct kf_key site;

static int begin(void **state)
{
    (void)state;
    world_begin();
    site = key_of("s");
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_end();
    return 0;
}

/* Not running: gone, or waiting to be reaped by somebody else. */
static bool is_dead(void *ctx)
{
    char path[64], text[512] = "";
    int fd;
    const char *p;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", *(int *)ctx);
    fd = open(path, O_RDONLY);
    if (fd < 0)
        return true;
    if (read(fd, text, sizeof(text) - 1) < 0)
        text[0] = '\0';
    close(fd);
    p = strrchr(text, ')');
    return !p || p[2] == 'Z';
}

static bool log_says(void *text)
{
    return strstr(w.log, text) != NULL;
}

/* ---- starting ------------------------------------------------------------------------------------------------------ */

static void it_comes_up_in_a_moment_and_ends_with_its_owner(void **state)
{
    int pid;

    (void)state;
    node_up(0, NULL, NULL);
    pid = live_server_pid(w.node[0].live);
    assert_true(pid > 0);
    assert_int_equal(do_reset(0, &site, 1).rc, KF_OK);
    node_close(0);
    assert_true(is_dead(&pid)); /* at once, and reaped */
    assert_null(strstr(w.log, "unreachable"));
}

static void stopped_it_ends_with_its_owner_too(void **state)
{
    int pid;

    (void)state;
    node_up(0, NULL, NULL);
    pid = live_server_pid(w.node[0].live);
    kill(pid, SIGSTOP);
    node_close(0);
    assert_true(is_dead(&pid));
}

static void what_keeps_it_from_starting_is_said_clearly(void **state)
{
    char script[128], dir[128];
    struct kf_err why = { 0 };
    int fd;

    (void)state;
    w.server = "no-such-redis-server";
    assert_int_equal(node_open(0, NULL, NULL, &why), KF_ABSENT);
    assert_string_equal(why.text,
                        "no-such-redis-server was not found: install the package redis-server, or name a running Redis by its url");

    (void)snprintf(script, sizeof(script), "%s/server", w.dir);
    fd = open(script, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    w.server = script;
    assert_int_equal(node_open(0, NULL, NULL, &why), KF_ABSENT); /* not executable */
    assert_int_equal(chmod(script, 0700), 0);
    assert_int_equal(node_open(0, NULL, NULL, &why), KF_IO); /* not a program */
    assert_non_null(strstr(why.text, "cannot be started: Exec format error"));
    assert_int_equal(unlink(script), 0);
    w.server = NULL;

    (void)snprintf(dir, sizeof(dir), "%s", w.dir);
    (void)strcat(w.dir, "/none");
    assert_int_equal(node_open(0, NULL, NULL, &why), KF_ABSENT);
    assert_non_null(strstr(why.text, "does not exist"));
    (void)strcpy(w.dir, dir);
    assert_null(w.node[0].live);
}

static void a_wrong_address_is_said_clearly(void **state)
{
    static const char *const urls[] = { "",
                                        "localhost:6379",
                                        "redis://",
                                        "redis://:1/",
                                        "redis://h:70000",
                                        "redis://h:x",
                                        "redis://h/x",
                                        "unix:relative",
                                        "redis://u:%zz@h",
                                        "redis://[::1:6379",
                                        "unix://nopath" };

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct kf_err why = { 0 };

        assert_int_equal(node_open(0, urls[i], NULL, &why), KF_INVALID);
        assert_non_null(strstr(why.text, "the address of Redis is malformed"));
    }
}

/* ---- guarded ------------------------------------------------------------------------------------------------------- */

static redisReply *ask(redisContext *c, const char *user, const char *password, const char *fmt, const char *arg)
{
    redisReply *r = redisCommand(c, "AUTH %s %s", user, password);

    if (r && r->type != REDIS_REPLY_ERROR) {
        freeReplyObject(r);
        r = redisCommand(c, fmt, arg);
    }
    assert_non_null(r);
    return r;
}

static void nobody_else_gets_in_and_kefud_itself_may_little(void **state)
{
    static const char *const forbidden[] = { "FLUSHALL",      "KEYS *",       "CONFIG GET *",  "ACL LIST",      "SHUTDOWN",
                                             "CLIENT LIST",   "GET x",        "GET key1",      "SET other:1 1", "PUBLISH x y",
                                             "SUBSCRIBE x",   "SCRIPT FLUSH", "MONITOR",       "SAVE",          "INFO",
                                             "EVAL return 0", "MODULE LIST",  "REPLICAOF a 1", "SCAN 0" };
    const struct redis_address *where;
    redisContext *c;
    redisReply *r;
    struct stat st;

    (void)state;
    node_up(0, NULL, NULL);
    where = &w.node[0].live->where;
    assert_int_equal(stat(where->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    c = redisConnectUnix(where->path);
    r = redisCommand(c, "PING");
    assert_int_equal(r->type, REDIS_REPLY_ERROR);
    assert_memory_equal(r->str, "NOAUTH", 6);
    freeReplyObject(r);
    r = ask(c, "kefud", "", "PING", NULL);
    assert_int_equal(r->type, REDIS_REPLY_ERROR);
    freeReplyObject(r);
    r = ask(c, "kefud", where->password, "PING", NULL);
    assert_int_equal(r->type, REDIS_REPLY_STATUS);
    freeReplyObject(r);
    for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
        r = ask(c, "kefud", where->password, forbidden[i], NULL);
        if (r->type != REDIS_REPLY_ERROR || strncmp(r->str, "NOPERM", 6) != 0)
            fail_msg("kefud may %s", forbidden[i]);
        freeReplyObject(r);
    }
    redisFree(c);
    assert_null(strstr(w.log, where->password));
}

static bool in_the_command_line(int pid, const char *text)
{
    char path[64], line[1024];
    ssize_t n;
    int fd;

    (void)snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
    fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    n = read(fd, line, sizeof(line));
    close(fd);
    return n > 0 && memmem(line, (size_t)n, text, strlen(text));
}

static void its_password_is_in_no_file_and_no_argument_and_our_files_are_not_its(void **state)
{
    char path[64], target[256];
    int pid, ours = open("/dev/full", O_WRONLY); /* without CLOEXEC, as a library might */

    (void)state;
    node_up(0, NULL, NULL);
    pid = live_server_pid(w.node[0].live);
    assert_false(in_the_command_line(pid, w.node[0].live->where.password));
    for (int fd = 0; fd < 64; fd++) {
        ssize_t n;

        (void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
        n = readlink(path, target, sizeof(target) - 1);
        if (n < 0)
            continue;
        target[n] = '\0';
        assert_string_not_equal(target, "/dev/full");
    }
    close(ours);
    /* world_end() finds the directory empty: the configuration came through a pipe */
}

/* ---- dying --------------------------------------------------------------------------------------------------------- */

static bool is_up_twice(void *ctx)
{
    const struct node *n = ctx;

    return n->ups == 2 && n->up;
}

static void killed_it_is_started_again_and_what_was_pending_is_answered_once(void **state)
{
    struct answer a[50] = { { 0 } };
    struct kf_id agent = AGENT(1);
    uint64_t begun;
    int pid;

    (void)state;
    node_up(0, NULL, NULL);
    assert_int_equal(do_reset(0, &site, 1).rc, KF_OK);
    assert_int_equal(do_ready(0, &site, 1).rc, KF_OK);
    pid = live_server_pid(w.node[0].live);
    kill(pid, SIGSTOP);
    for (int i = 0; i < 50; i++)
        live_connected(w.node[0].live, &site, &agent, 1, on_done, &a[i]);
    begun = uv_hrtime();
    kill(pid, SIGKILL);
    assert_true(wait_for(is_up_twice, &w.node[0], SOON_MS));
    assert_in_range((uv_hrtime() - begun) / 1000000, 0, SOON_MS / 2);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(a[i].count, 1);
        assert_int_equal(a[i].rc, KF_AGAIN);
    }
    assert_int_equal(w.node[0].downs, 1);
    assert_int_not_equal(live_server_pid(w.node[0].live), pid);
    assert_non_null(strstr(w.log, "event=redis_ended"));
    assert_int_equal(do_look(0, &site, 1).rc, KF_CONFLICT); /* empty */
    assert_int_equal(do_reset(0, &site, 1).rc, KF_OK);
}

static int count(const char *text)
{
    int n = 0;

    for (const char *p = w.log; (p = strstr(p, text)); p++)
        n++;
    return n;
}

static bool ended_three_times(void *ctx)
{
    (void)ctx;
    return count("event=redis_ended") >= 3;
}

static void one_that_ends_at_once_is_not_started_without_a_pause(void **state)
{
    uint64_t begun = uv_hrtime();

    (void)state;
    w.server = "/bin/false";
    assert_int_equal(node_open(0, NULL, NULL, NULL), KF_OK);
    assert_true(wait_for(ended_three_times, NULL, SOON_MS));
    assert_true((uv_hrtime() - begun) / 1000000 >= 100 + 200);
    w.server = NULL;
}

/* A process that opens, tells the server's pid, and waits to be killed. */
static void __attribute__((noreturn)) owner(int fd)
{
    int pid;

    world_begin();
    node_up(0, NULL, NULL);
    pid = live_server_pid(w.node[0].live);
    if (write(fd, &pid, sizeof(pid)) != sizeof(pid) || write(fd, w.dir, sizeof(w.dir)) != sizeof(w.dir))
        _exit(1);
    for (;;)
        pause();
}

static void killed_itself_kefud_leaves_no_server_behind(void **state)
{
    char dir[sizeof(w.dir)], path[128];
    int fd[2], pid = 0;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(fd), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        owner(fd[1]);
    assert_int_equal(read(fd[0], &pid, sizeof(pid)), sizeof(pid));
    assert_int_equal(read(fd[0], dir, sizeof(dir)), sizeof(dir));
    assert_false(is_dead(&pid));
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(wait_for(is_dead, &pid, SOON_MS));
    close(fd[0]);
    close(fd[1]);
    (void)snprintf(path, sizeof(path), "%s/redis.sock", dir);
    (void)unlink(path);
    assert_int_equal(rmdir(dir), 0);
}

static void what_it_says_is_logged_in_quotes(void **state)
{
    (void)state;
    node_up(0, NULL, NULL);
    assert_true(wait_for(log_says, (void *)(uintptr_t) "event=redis text=\"", SOON_MS));
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(it_comes_up_in_a_moment_and_ends_with_its_owner),
        T(stopped_it_ends_with_its_owner_too),
        T(what_keeps_it_from_starting_is_said_clearly),
        T(a_wrong_address_is_said_clearly),
        T(nobody_else_gets_in_and_kefud_itself_may_little),
        T(its_password_is_in_no_file_and_no_argument_and_our_files_are_not_its),
        T(killed_it_is_started_again_and_what_was_pending_is_answered_once),
        T(one_that_ends_at_once_is_not_started_without_a_pause),
        T(killed_itself_kefud_leaves_no_server_behind),
        T(what_it_says_is_logged_in_quotes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
