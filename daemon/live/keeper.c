#define _GNU_SOURCE /* pipe2, close_range, strchrnul */
#include "live/keeper.h"

#include "core/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AGAIN_MIN_MS = 100, AGAIN_MAX_MS = 5000, STAYED_MS = 10000 };

/* Lines of one run of the server. On its own, because the next run may begin before its end has been read. */
struct keeper_output {
    uv_pipe_t pipe;
    struct keeper *keeper; /* NULL: nobody listens any more */
    char text[1024];
    size_t n;
};

static void on_again(uv_timer_t *timer);

/* ---- what it says -------------------------------------------------------------------------------------------------- */

static void line_read(struct keeper *k, char *line)
{
    char text[NOTE_TEXT];
    const char *warning = strstr(line, " # ");

    live_note(k->cfg.log, warning ? NOTE_INFO : NOTE_DEBUG, "live event=redis text=%s", live_quote(line, text));
    if (strcasestr(line, "ready to accept connections"))
        k->cfg.ready(k->cfg.ctx);
}

static void take_lines(struct keeper_output *o)
{
    char *end;

    while (o->keeper && (end = memchr(o->text, '\n', o->n))) {
        size_t n = (size_t)(end - o->text) + 1;

        *end = '\0';
        if (n > 1)
            line_read(o->keeper, o->text);
        o->n -= n;
        memmove(o->text, o->text + n, o->n);
    }
    if (o->n == sizeof(o->text))
        o->n = 0; /* a line without end is none */
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    struct keeper_output *o = handle->data;

    (void)suggested;
    *ret = uv_buf_init(o->text + o->n, (unsigned)(sizeof(o->text) - o->n));
}

static void handle_closed(struct keeper *k)
{
    if (--k->handles == 0)
        k->cfg.finished(k->cfg.ctx);
}

static void on_output_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void output_close(struct keeper_output *o)
{
    if (o->keeper && o->keeper->output == o)
        o->keeper->output = NULL;
    o->keeper = NULL;
    uv_close((uv_handle_t *)&o->pipe, on_output_closed);
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct keeper_output *o = stream->data;

    (void)buf;
    if (n < 0) {
        output_close(o);
        return;
    }
    o->n += (size_t)n;
    take_lines(o);
}

/* Takes `fd` over. */
static bool output_open(struct keeper *k, int fd)
{
    struct keeper_output *o = calloc(1, sizeof(*o));

    if (!o) {
        close(fd);
        return false;
    }
    uv_pipe_init(k->cfg.loop, &o->pipe, 0);
    o->pipe.data = o;
    o->keeper = k;
    if (uv_pipe_open(&o->pipe, fd)) {
        close(fd);
        output_close(o);
        return false;
    }
    if (k->output)
        output_close(k->output);
    k->output = o;
    uv_read_start((uv_stream_t *)&o->pipe, on_alloc, on_output);
    return true;
}

/* ---- what it is told ----------------------------------------------------------------------------------------------- */

static void quoted(struct buf *b, const char *text)
{
    buf_char(b, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buf_char(b, '\\');
        buf_char(b, *text);
    }
    buf_char(b, '"');
}

/* Through a pipe to its standard input: the password is in no file and in no argument. The user may run what the scripts run. */
static void configuration(const struct keeper *k, struct buf *b)
{
    buf_str(b, "port 0\nunixsocketperm 600\nunixsocket ");
    quoted(b, k->where.path);
    buf_str(b, "\ndir ");
    quoted(b, k->cfg.state_dir);
    buf_str(b, "\nsave \"\"\nappendonly no\ndaemonize no\nlogfile \"\"\nloglevel notice\nalways-show-logo no\n"
               "databases 1\nmaxclients 100\nmaxmemory-policy noeviction\n"
               "user default off resetpass -@all\nuser ");
    buf_printf(b, "%s on >%s", k->where.user, k->where.password);
    buf_str(b, " ~kefu:* resetchannels &kefu:* -@all +ping +client|setname +select +script|load +evalsha +publish +subscribe"
               " +get +set +unlink +zadd +zrem +zcard +zcount +zrank +zscore +zrange +zrevrange +zrangebyscore +zrevrangebyscore"
               " +zremrangebyscore +hget +hmget +exists +hset +hsetnx +hdel +hgetall +hkeys +sadd +smembers\n");
}

static bool random_text(char *ret, size_t n)
{
    unsigned char bytes[24];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return false;
    for (size_t i = 0; i + 1 < n && i / 2 < sizeof(bytes); i++)
        ret[i] = "0123456789abcdef"[i % 2 ? bytes[i / 2] & 15 : bytes[i / 2] >> 4];
    return true;
}

/* ---- starting ------------------------------------------------------------------------------------------------------ */

struct pipes {
    int config[2], output[2], trouble[2];
};

static void close_pair(int fd[2])
{
    for (int i = 0; i < 2; i++) {
        if (fd[i] >= 0)
            close(fd[i]);
        fd[i] = -1;
    }
}

static bool open_pair(int fd[2])
{
    if (pipe2(fd, O_CLOEXEC) == 0)
        return true;
    fd[0] = fd[1] = -1;
    return false;
}

static void child_failed(int fd)
{
    int error = errno;

    (void)!write(fd, &error, sizeof(error));
    _exit(127);
}

/* Between fork and exec: only what is safe after a fork of a process with threads. */
static void __attribute__((noreturn)) become_server(const char *program, const struct pipes *p, pid_t parent)
{
    char *const argv[] = { (char *)(uintptr_t)program, (char *)(uintptr_t) "-", NULL };
    sigset_t none;

    /* The second question closes the gap: who died before the first line ran sends no signal. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
        _exit(127);
    (void)setpgid(0, 0); /* what a terminal sends to kefud is not for it */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(p->config[0], 0) < 0 || dup2(p->output[1], 1) < 0 || dup2(p->output[1], 2) < 0)
        child_failed(p->trouble[1]);
    (void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC); /* our sockets and databases are none of its business */
    execv(program, argv);
    child_failed(p->trouble[1]);
    _exit(127);
}

/* Waits until the child has become the server: 0, or the error that kept it from that. */
static int exec_error(int fd)
{
    int error = 0;
    ssize_t n;

    do
        n = read(fd, &error, sizeof(error));
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof(error) ? error : 0;
}

static enum kf_rc fork_server(struct keeper *k, struct pipes *p, struct kf_err *why)
{
    pid_t parent = getpid(), pid = fork();
    int error;

    if (pid == 0)
        become_server(k->program, p, parent);
    if (pid < 0)
        return kf_fail(why, KF_IO, "%s: cannot start a process: %s", k->program, strerror(errno));
    close(p->trouble[1]);
    p->trouble[1] = -1;
    error = exec_error(p->trouble[0]);
    if (error) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            continue;
        return kf_fail(why, KF_IO, "%s: cannot be started: %s", k->program, strerror(error));
    }
    k->pid = pid;
    k->started = uv_now(k->cfg.loop);
    return KF_OK;
}

static enum kf_rc start(struct keeper *k, struct kf_err *why)
{
    struct pipes p = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
    enum kf_rc rc = KF_IO;
    struct buf conf;

    buf_init(&conf, 4096); /* less than a pipe holds: nobody has to read while we write */
    configuration(k, &conf);
    if (!buf_ok(&conf)) {
        rc = kf_fail(why, KF_LIMIT, "the state directory's name is too long");
        goto end;
    }
    if (!open_pair(p.config) || !open_pair(p.output) || !open_pair(p.trouble) || write(p.config[1], conf.p, conf.n) != (ssize_t)conf.n) {
        rc = kf_fail(why, KF_IO, "redis-server cannot be started: %s", strerror(errno));
        goto end;
    }
    rc = fork_server(k, &p, why);
    if (rc)
        goto end;
    live_note(k->cfg.log, NOTE_INFO, "live event=redis_started pid=%d", (int)k->pid);
    if (!output_open(k, p.output[0]))
        live_note(k->cfg.log, NOTE_WARN, "live event=redis_output why=\"no memory\"");
    p.output[0] = -1;
end:
    close_pair(p.config);
    close_pair(p.output);
    close_pair(p.trouble);
    buf_finish(&conf);
    return rc;
}

/* ---- keeping ------------------------------------------------------------------------------------------------------- */

static void start_later(struct keeper *k)
{
    uv_timer_start(&k->again, on_again, (uint64_t)k->backoff_ms, 0);
    k->backoff_ms = k->backoff_ms * 2 < AGAIN_MAX_MS ? k->backoff_ms * 2 : AGAIN_MAX_MS;
}

static void on_child(uv_signal_t *handle, int signum)
{
    struct keeper *k = handle->data;
    int status = 0;

    (void)signum;
    if (!k->pid || waitpid(k->pid, &status, WNOHANG) != k->pid)
        return;
    live_note(k->cfg.log, NOTE_ERROR, "live event=redis_ended pid=%d %s=%d", (int)k->pid, WIFSIGNALED(status) ? "signal" : "status",
              WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    k->pid = 0;
    if (uv_now(k->cfg.loop) - k->started >= STAYED_MS)
        k->backoff_ms = AGAIN_MIN_MS;
    start_later(k);
}

static void on_again(uv_timer_t *timer)
{
    struct keeper *k = timer->data;
    struct kf_err why = { 0 };
    char text[NOTE_TEXT];

    if (start(k, &why) == KF_OK)
        return;
    live_note(k->cfg.log, NOTE_ERROR, "live event=redis_not_started why=%s", live_quote(why.text, text));
    start_later(k);
}

/* ---- birth and death ----------------------------------------------------------------------------------------------- */

/* A name without a slash is looked for in PATH here, because between fork and exec there is no telling what failed. */
static bool find_program(const char *name, char *ret, size_t max)
{
    const char *path = getenv("PATH"), *end;

    if (strchr(name, '/'))
        return snprintf(ret, max, "%s", name) < (int)max && access(ret, X_OK) == 0;
    for (path = path ? path : "/usr/local/bin:/usr/bin:/bin"; *path; path = *end ? end + 1 : end) {
        end = strchrnul(path, ':');
        if (end > path && snprintf(ret, max, "%.*s/%s", (int)(end - path), path, name) < (int)max && access(ret, X_OK) == 0)
            return true;
    }
    return false;
}

enum kf_rc keeper_init(struct keeper *k, const struct keeper_config *cfg, struct kf_err *why)
{
    enum kf_rc rc;
    struct stat st;

    *k = (struct keeper){ .cfg = *cfg, .backoff_ms = AGAIN_MIN_MS };
    if (!find_program(cfg->program, k->program, sizeof(k->program)))
        return kf_fail(why, KF_ABSENT, "%s was not found: install the package redis-server, or name a running Redis by its url",
                       cfg->program);
    if (stat(cfg->state_dir, &st) || !S_ISDIR(st.st_mode))
        return kf_fail(why, KF_ABSENT, "the state directory %s does not exist", cfg->state_dir);
    if (snprintf(k->where.path, sizeof(k->where.path), "%s/redis.sock", cfg->state_dir) >= (int)sizeof(k->where.path))
        return kf_fail(why, KF_LIMIT, "the state directory's name is too long for a socket in it (at most 96 bytes)");
    if (strpbrk(cfg->state_dir, "\n\r"))
        return kf_fail(why, KF_INVALID, "the state directory's name has a line break");
    (void)strcpy(k->where.user, "kefud");
    if (!random_text(k->where.password, 33))
        return kf_fail(why, KF_IO, "no random bytes");
    rc = start(k, why);
    if (rc)
        return rc;
    uv_signal_init(cfg->loop, &k->child);
    uv_timer_init(cfg->loop, &k->again);
    k->child.data = k->again.data = k;
    k->handles = 2;
    uv_signal_start(&k->child, on_child, SIGCHLD);
    on_child(&k->child, SIGCHLD); /* it may have ended already */
    return KF_OK;
}

static void on_handle_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

void keeper_finish(struct keeper *k)
{
    /* It holds nothing that could be lost, and SIGKILL ends a stopped one too. */
    if (k->pid) {
        kill(k->pid, SIGKILL);
        while (waitpid(k->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
        k->pid = 0;
        (void)unlink(k->where.path);
    }
    k->finished = true;
    if (k->output)
        output_close(k->output);
    uv_close((uv_handle_t *)&k->child, on_handle_closed);
    uv_close((uv_handle_t *)&k->again, on_handle_closed);
}
