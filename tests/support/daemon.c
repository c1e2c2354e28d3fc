#define _GNU_SOURCE /* nftw, pipe2 */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 60000
#define START_MS    120000
#define SAID_MAX    65536

/* KEFUD_TEST_FILTER='*word*' runs only the tests of that name; KEFUD_TEST_TRACE=1 shows what passes, KEFUD_TEST_KEEP=1 keeps the directory. */
__attribute__((constructor)) static void choose_tests(void)
{
    if (getenv("KEFUD_TEST_FILTER"))
        cmocka_set_test_filter(getenv("KEFUD_TEST_FILTER"));
}

int patience_ms(void)
{
    return PATIENCE_MS;
}

static int64_t clock_of(clockid_t which)
{
    struct timespec ts;

    clock_gettime(which, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t now_mono_ms(void)
{
    return clock_of(CLOCK_MONOTONIC);
}

int64_t now_wall_ms(void)
{
    return clock_of(CLOCK_REALTIME);
}

void breathe(void)
{
    poll(NULL, 0, 10);
}

/* ---- files ---- */

static char *read_all(const char *path)
{
    FILE *f = fopen(path, "re");
    char *text = calloc(1, 1);
    size_t n = 0, got;

    while (f && text) {
        char *more = realloc(text, n + 65537);

        if (!more)
            break;
        text = more;
        got = fread(text + n, 1, 65536, f);
        n += got;
        text[n] = '\0';
        if (got == 0)
            break;
    }
    if (f)
        (void)fclose(f);
    return text;
}

static void write_all(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");

    if (!f || fputs(text, f) < 0 || fclose(f) != 0)
        fail_msg("cannot write %s", path);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

const char *daemon_program(const char *name)
{
    static char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);

    assert_true(n > 0);
    path[n] = '\0';
    for (int up = 0; up < 3; up++) /* BUILD/tests/LAYER/test_x */
        *strrchr(path, '/') = '\0';
    (void)snprintf(path + strlen(path), 64, "/%s", name);
    return path;
}

/* ---- log ---- */

static void log_path(const struct daemon *d, char *ret, size_t n)
{
    (void)snprintf(ret, n, "%s/stderr", d->dir);
}

char *daemon_log(const struct daemon *d)
{
    char path[128];

    log_path(d, path, sizeof(path));
    return read_all(path);
}

void daemon_log_wait(const struct daemon *d, const char *text)
{
    int64_t end = now_mono_ms() + patience_ms();
    bool found = false;

    while (!found && now_mono_ms() < end) {
        char *log = daemon_log(d);

        found = strstr(log, text) != NULL;
        free(log);
        breathe();
    }
    if (!found)
        fail_msg("the log never said: %s", text);
}

static void show_log(const struct daemon *d)
{
    char *log = daemon_log(d);
    size_t n = strlen(log);

    print_error("---- the daemon's log ends with:\n%s\n----\n", n > 6000 ? log + n - 6000 : log);
    free(log);
}

/* ---- running ---- */

void daemon_prepare(struct daemon *d, const struct daemon_options *options)
{
    *d = (struct daemon){ .out = -1, .options = *options };
    scratch_dir(d->dir, "kf-test");
    (void)snprintf(d->state, sizeof(d->state), "%s/state", d->dir);
    (void)snprintf(d->conf, sizeof(d->conf), "%s/kefud.conf", d->dir);
    (void)snprintf(d->control, sizeof(d->control), "%s/kefud.sock", d->state);
    write_all(d->conf, options->config ? options->config : "");
}

static void exec_daemon(const struct daemon *d, int out, const char *program)
{
    const char *argv[20];
    char listen[32], path[128];
    int n = 0, err;

    (void)snprintf(listen, sizeof(listen), "127.0.0.1:%d", d->options.keep_port ? d->port : 0);
    log_path(d, path, sizeof(path));
    err = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setenv("KEFUD_DEMO_PASSWORD", d->options.password ? d->options.password : DEMO_PASSWORD, 1);
    if (d->options.valgrind) {
        argv[n++] = "valgrind";
        argv[n++] = "-q";
        argv[n++] = "--error-exitcode=99";
    }
    argv[n++] = program;
    argv[n++] = "-c";
    argv[n++] = d->conf;
    argv[n++] = "--state";
    argv[n++] = d->state;
    argv[n++] = "--listen";
    argv[n++] = listen;
    if (d->options.demo)
        argv[n++] = "--demo";
    argv[n] = NULL;
    if (err < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
        _exit(120);
    execvp(argv[0], (char *const *)argv);
    _exit(121);
}

static void spawn(struct daemon *d)
{
    char program[4096];
    int pipes[2];

    (void)snprintf(program, sizeof(program), "%s", daemon_program("kefud"));
    if (pipe2(pipes, O_CLOEXEC) != 0)
        fail_msg("pipe: %s", strerror(errno));
    d->pid = fork();
    if (d->pid == 0)
        exec_daemon(d, pipes[1], program);
    (void)close(pipes[1]);
    d->out = pipes[0];
    if (d->pid < 0)
        fail_msg("fork: %s", strerror(errno));
}

/* Waits for the end of the process; its exit code, 128 + a signal's number, or -1 when it still runs at the deadline. */
static int reap(struct daemon *d, int64_t end)
{
    int status = 0;

    for (;;) {
        pid_t got = waitpid(d->pid, &status, WNOHANG);

        if (got == d->pid)
            break;
        if (now_mono_ms() > end)
            return -1;
        breathe();
    }
    d->pid = 0;
    (void)close(d->out);
    d->out = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Reads its output up to the line that says it is ready. */
static bool read_ready(struct daemon *d, int64_t end)
{
    size_t n = 0;

    free(d->said);
    d->said = calloc(1, SAID_MAX + 1);
    while (d->said && n < SAID_MAX) {
        struct pollfd p = { .fd = d->out, .events = POLLIN };
        int64_t left = end - now_mono_ms();
        const char *line;
        ssize_t got;

        if (left <= 0 || poll(&p, 1, (int)left) <= 0)
            return false;
        got = read(d->out, d->said + n, SAID_MAX - n);
        if (got <= 0)
            return false;
        n += (size_t)got;
        line = strstr(d->said, "kefud ready ");
        if (line && strchr(line, '\n')) {
            const char *port = strrchr(line, ':');

            assert_non_null(port);
            d->port = atoi(port + 1);
            assert_in_range(d->port, 1, 65535);
            return true;
        }
    }
    return false;
}

bool daemon_try(struct daemon *d, int *code)
{
    int64_t end = now_mono_ms() + START_MS;

    assert_int_equal(d->pid, 0);
    spawn(d);
    if (read_ready(d, end))
        return true;
    *code = reap(d, end);
    if (d->pid) {
        kill(d->pid, SIGKILL);
        (void)reap(d, INT64_MAX);
        show_log(d);
        fail_msg("kefud did not become ready within %d s", START_MS / 1000);
    }
    return false;
}

void daemon_restart(struct daemon *d)
{
    int code = 0;

    if (daemon_try(d, &code))
        return;
    show_log(d);
    fail_msg("kefud ended with %d before it was ready", code);
}

void daemon_start(struct daemon *d, const struct daemon_options *options)
{
    daemon_prepare(d, options);
    daemon_restart(d);
}

void daemon_signal(struct daemon *d, int signum)
{
    assert_true(d->pid > 0);
    assert_int_equal(kill(d->pid, signum), 0);
}

void daemon_halt(struct daemon *d)
{
    int status = 0;

    daemon_signal(d, SIGSTOP);
    assert_int_equal(waitpid(d->pid, &status, WUNTRACED), d->pid);
    assert_true(WIFSTOPPED(status));
}

void daemon_stop(struct daemon *d)
{
    int code;

    daemon_signal(d, SIGTERM);
    code = reap(d, now_mono_ms() + START_MS);
    if (d->pid) {
        kill(d->pid, SIGABRT);
        (void)reap(d, INT64_MAX);
    }
    if (code != 0) {
        show_log(d);
        fail_msg("kefud ended with %d", code);
    }
}

void daemon_kill(struct daemon *d)
{
    daemon_signal(d, SIGKILL);
    (void)reap(d, INT64_MAX);
}

void daemon_finish(struct daemon *d)
{
    if (d->pid)
        daemon_stop(d);
    free(d->said);
    d->said = NULL;
    if (!getenv("KEFUD_TEST_KEEP"))
        (void)nftw(d->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- other programs ---- */

static void feed(int fd, const char *input)
{
    size_t n = input ? strlen(input) : 0;

    if (n && write(fd, input, n) != (ssize_t)n)
        print_error("the program did not take its input\n");
    (void)close(fd);
}

int program_run(const char *const *argv, const char *input, char **out)
{
    int64_t end = now_mono_ms() + START_MS;
    char path[] = "/tmp/kf-run-XXXXXX";
    int in[2] = { -1, -1 }, fd = mkstemp(path), status = 0;
    pid_t pid, got = 0;

    assert_true(fd >= 0 && pipe2(in, O_CLOEXEC) == 0);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (dup2(in[0], 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
            _exit(120);
        execvp(argv[0], (char *const *)argv);
        _exit(121);
    }
    (void)close(in[0]);
    feed(in[1], input);
    while ((got = waitpid(pid, &status, WNOHANG)) == 0 && now_mono_ms() < end)
        breathe();
    if (got == 0) {
        kill(pid, SIGKILL);
        (void)waitpid(pid, &status, 0);
    }
    (void)close(fd);
    *out = read_all(path);
    (void)unlink(path);
    return got == 0 ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
