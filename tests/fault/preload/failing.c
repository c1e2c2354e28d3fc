/* failing.c: preloaded into kefud, lets one call fail when it is told to by the page that KEFUD_FAILING names (failing_page.h): an allocation,
 * or a call on the files of a database. A process that dies of it leaves both stacks in its log: of that call, and of the death. */
#undef _FILE_OFFSET_BITS /* open() and open64() are two names here, and both are ours */
#undef _FORTIFY_SOURCE
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT */
#endif
#include "failing_page.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define REAL(name, ret, ...) ((ret(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))
#define FDS                  4096

static struct failing_page *page;
static _Atomic unsigned char ours[FDS]; /* descriptors of databases */
static __thread bool inside;

static void say(const char *text)
{
    (void)!write(STDERR_FILENO, text, strlen(text));
}

static void on_death(int signum)
{
    void *here[64];
    int n = backtrace(here, 64);

    say("failing: the process died here:\n");
    backtrace_symbols_fd(here, n, STDERR_FILENO);
    say("failing: the allocation that failed last was asked for here:\n");
    backtrace_symbols_fd(page->where, page->depth, STDERR_FILENO);
    say("failing: end\n");
    (void)signal(signum, SIG_DFL);
    (void)raise(signum);
}

__attribute__((constructor)) static void map(void)
{
    const char *name = getenv("KEFUD_FAILING");
    static const int deadly[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL };
    void *warm[4];
    int fd;

    /* What kefud starts inherits the environment; it is left alone. */
    if (!name || strcmp(program_invocation_short_name, "kefud") != 0)
        return;
    fd = open(name, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)backtrace(warm, 4); /* the first call loads a library */
    page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (page == MAP_FAILED)
        page = NULL;
    for (size_t i = 0; page && !getenv("ASAN_OPTIONS") && i < sizeof(deadly) / sizeof(deadly[0]); i++)
        (void)signal(deadly[i], on_death);
}

/* ---- memory ---- */

static bool allocation_fails(void)
{
    if (!page || inside || page->kind != FAILING_MEMORY || page->countdown <= 0 || atomic_fetch_sub(&page->countdown, 1) != 1)
        return false;
    inside = true;
    page->depth = backtrace(page->where, FAILING_DEPTH);
    inside = false;
    page->failed++;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t n)
{
    static void *(*real)(size_t);

    if (!real)
        real = REAL(malloc, void *, size_t);
    return allocation_fails() ? NULL : real(n);
}

void *calloc(size_t n, size_t size)
{
    static void *(*real)(size_t, size_t);

    if (!real)
        real = REAL(calloc, void *, size_t, size_t);
    return allocation_fails() ? NULL : real(n, size);
}

void *realloc(void *p, size_t n)
{
    static void *(*real)(void *, size_t);

    if (!real)
        real = REAL(realloc, void *, void *, size_t);
    return n && allocation_fails() ? NULL : real(p, n);
}

/* ---- the files of databases ---- */

static bool call_fails(int fd, enum failing_kind kind)
{
    if (!page || fd < 0 || fd >= FDS || !ours[fd] || page->kind != (int)kind || page->countdown <= 0 ||
        atomic_fetch_sub(&page->countdown, 1) != 1)
        return false;
    page->failed++;
    return true;
}

static int opened(int fd, const char *path)
{
    const char *dot = strrchr(path, '.');

    /* Not the index: it is derived, and what is wrong with it is made anew. */
    if (fd >= 0 && fd < FDS)
        ours[fd] = page && dot && (strcmp(dot, ".db") == 0 || strcmp(dot, ".db-wal") == 0) && !strstr(path, "/index.db");
    return fd;
}

int open(const char *path, int flags, ...)
{
    va_list ap;
    mode_t mode;

    va_start(ap, flags);
    mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    return opened(REAL(open, int, const char *, int, ...)(path, flags, mode), path);
}

int open64(const char *path, int flags, ...)
{
    va_list ap;
    mode_t mode;

    va_start(ap, flags);
    mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    return opened(REAL(open64, int, const char *, int, ...)(path, flags, mode), path);
}

int close(int fd)
{
    if (fd >= 0 && fd < FDS)
        ours[fd] = 0;
    return REAL(close, int, int)(fd);
}

/* How much of a write happens: all, a part, or none with errno set. */
static ssize_t writable(int fd, size_t n)
{
    if (call_fails(fd, FAILING_WRITE)) {
        errno = EIO;
        return -1;
    }
    if (call_fails(fd, FAILING_FULL)) {
        errno = ENOSPC;
        return -1;
    }
    return call_fails(fd, FAILING_SHORT) ? (ssize_t)(n + 1) / 2 : (ssize_t)n;
}

ssize_t write(int fd, const void *p, size_t n)
{
    ssize_t part = writable(fd, n);

    return part < 0 ? part : REAL(write, ssize_t, int, const void *, size_t)(fd, p, (size_t)part);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    ssize_t part = writable(fd, n);

    return part < 0 ? part : REAL(pwrite, ssize_t, int, const void *, size_t, off_t)(fd, p, (size_t)part, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off_t at)
{
    ssize_t part = writable(fd, n);

    return part < 0 ? part : REAL(pwrite64, ssize_t, int, const void *, size_t, off_t)(fd, p, (size_t)part, at);
}

static bool bad(int fd, enum failing_kind kind)
{
    if (!call_fails(fd, kind))
        return false;
    errno = EIO;
    return true;
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
    return bad(fd, FAILING_READ) ? -1 : REAL(pread, ssize_t, int, void *, size_t, off_t)(fd, p, n, at);
}

ssize_t pread64(int fd, void *p, size_t n, off_t at)
{
    return bad(fd, FAILING_READ) ? -1 : REAL(pread64, ssize_t, int, void *, size_t, off_t)(fd, p, n, at);
}

int fsync(int fd)
{
    return bad(fd, FAILING_SYNC) ? -1 : REAL(fsync, int, int)(fd);
}

int fdatasync(int fd)
{
    return bad(fd, FAILING_SYNC) ? -1 : REAL(fdatasync, int, int)(fd);
}
