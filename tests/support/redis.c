#define _GNU_SOURCE /* nftw */
#include "redis.h"

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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

void redis_prepare(struct redis *r)
{
    *r = (struct redis){ 0 };
    scratch_dir(r->dir, "kf-redis");
    (void)snprintf(r->path, sizeof(r->path), "%s/redis.sock", r->dir);
}

static void dump_path(const struct redis *r, char *ret, size_t size)
{
    (void)snprintf(ret, size, "%s/dump.rdb", r->dir);
}

void redis_start(struct redis *r, bool keep)
{
    char dump[96];

    dump_path(r, dump, sizeof(dump));
    if (!keep)
        (void)unlink(dump);
    r->pid = fork();
    if (r->pid == 0) {
        int null = open("/dev/null", O_WRONLY);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(null, 1);
        execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", r->path, "--dir", r->dir, "--save", "", (char *)NULL);
        _exit(121);
    }
    assert_true(r->pid > 0);
}

void redis_kill(struct redis *r)
{
    if (!r->pid)
        return;
    (void)kill(r->pid, SIGKILL);
    (void)waitpid(r->pid, NULL, 0);
    r->pid = 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void redis_finish(struct redis *r)
{
    redis_kill(r);
    if (*r->dir)
        (void)nftw(r->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    *r = (struct redis){ 0 };
}

/* Sends one line and reads the first piece of the answer. False: nobody there. */
static bool ask_line(const char *path, const char *line, char *ret, size_t size)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    ssize_t got = 0;

    (void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 && dprintf(fd, "%s\r\n", line) > 0 &&
        poll(&p, 1, patience_ms()) == 1)
        got = recv(fd, ret, size - 1, 0);
    if (fd >= 0)
        (void)close(fd);
    ret[got > 0 ? got : 0] = '\0';
    return got > 0;
}

bool redis_pong(const char *path)
{
    char said[128];

    return ask_line(path, "PING", said, sizeof(said)) && (strncmp(said, "+PONG", 5) == 0 || strncmp(said, "-NOAUTH", 7) == 0);
}

bool redis_do(const struct redis *r, const char *command)
{
    char said[256];

    if (!ask_line(r->path, command, said, sizeof(said)))
        fail_msg("redis did not answer %s", command);
    return *said != '-';
}
