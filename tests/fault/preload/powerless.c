/* powerless.c: preloaded into kefud, keeps beside each database a copy of what a disk would still hold if the power failed now: of what
 * was written, only what was forced to it. The copies lie in the directory that KEFUD_POWER names.
 *
 * A block that was written is remembered, and copied when fsync() of its file has returned. Names of files count as durable at once. */
#undef _FILE_OFFSET_BITS /* open() and open64() are two names here, and both are ours */
#undef _FORTIFY_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK  4096
#define BLOCKS (1 << 20) /* files of up to 4 GiB */
#define FILES  16
#define FDS    4096

struct tracked {
    dev_t dev;
    ino_t ino;
    int copy; /* descriptor of the copy */
    unsigned char *dirty;
    size_t top; /* no dirty block at or beyond */
    char path[256];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct tracked files[FILES];
static struct tracked *by_fd[FDS];

#define REAL(name, ret, ...) ((ret(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

static bool wanted(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot && (strcmp(dot, ".db") == 0 || strcmp(dot, ".db-wal") == 0);
}

static void copy_path(const char *path, char *ret, size_t size)
{
    const char *slash = strrchr(path, '/');

    (void)snprintf(ret, size, "%s/%s", getenv("KEFUD_POWER"), slash ? slash + 1 : path);
}

static void copy_all(int from, int to)
{
    char block[BLOCK];
    off_t at = 0;
    ssize_t n;

    while ((n = pread(from, block, sizeof(block), at)) > 0) {
        if (REAL(pwrite, ssize_t, int, const void *, size_t, off_t)(to, block, (size_t)n, at) != n)
            abort();
        at += n;
    }
    if (REAL(ftruncate, int, int, off_t)(to, at) != 0)
        abort();
}

/* Under the lock. What a process finds when it opens a file for the first time is what the disk holds. */
static struct tracked *begin(int fd, const char *path)
{
    struct tracked *t = files;
    char copy[512];
    struct stat st;

    if (fstat(fd, &st) != 0)
        return NULL;
    for (; t < files + FILES && t->dirty; t++)
        if (t->dev == st.st_dev && t->ino == st.st_ino)
            return t;
    if (t == files + FILES)
        abort();
    copy_path(path, copy, sizeof(copy));
    t->dev = st.st_dev;
    t->ino = st.st_ino;
    t->dirty = calloc(1, BLOCKS);
    t->copy = REAL(open, int, const char *, int, ...)(copy, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (!t->dirty || t->copy < 0)
        abort();
    (void)snprintf(t->path, sizeof(t->path), "%s", path);
    copy_all(fd, t->copy);
    return t;
}

static int opened(int fd, const char *path, int flags)
{
    if (fd < 0 || fd >= FDS || !getenv("KEFUD_POWER") || (flags & O_ACCMODE) == O_RDONLY || !wanted(path))
        return fd;
    pthread_mutex_lock(&lock);
    by_fd[fd] = begin(fd, path);
    pthread_mutex_unlock(&lock);
    return fd;
}

static mode_t mode_of(int flags, va_list ap)
{
    return flags & O_CREAT ? va_arg(ap, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list ap;
    mode_t mode;

    va_start(ap, flags);
    mode = mode_of(flags, ap);
    va_end(ap);
    return opened(REAL(open, int, const char *, int, ...)(path, flags, mode), path, flags);
}

int open64(const char *path, int flags, ...)
{
    va_list ap;
    mode_t mode;

    va_start(ap, flags);
    mode = mode_of(flags, ap);
    va_end(ap);
    return opened(REAL(open64, int, const char *, int, ...)(path, flags, mode), path, flags);
}

int close(int fd)
{
    if (fd >= 0 && fd < FDS) {
        pthread_mutex_lock(&lock);
        by_fd[fd] = NULL;
        pthread_mutex_unlock(&lock);
    }
    return REAL(close, int, int)(fd);
}

int unlink(const char *path)
{
    int rc = REAL(unlink, int, const char *)(path);
    char copy[512];

    if (rc == 0 && getenv("KEFUD_POWER") && wanted(path)) {
        copy_path(path, copy, sizeof(copy));
        pthread_mutex_lock(&lock);
        for (struct tracked *t = files; t < files + FILES; t++)
            if (t->dirty && strcmp(t->path, path) == 0)
                t->dev = 0; /* whoever has this name next is another file */
        pthread_mutex_unlock(&lock);
        (void)REAL(unlink, int, const char *)(copy);
    }
    return rc;
}

static void wrote(int fd, off_t at, ssize_t n)
{
    struct tracked *t;

    if (n <= 0 || fd < 0 || fd >= FDS)
        return;
    pthread_mutex_lock(&lock);
    t = by_fd[fd];
    if (t) {
        size_t first = (size_t)at / BLOCK, last = (size_t)(at + n - 1) / BLOCK;

        if (last >= BLOCKS)
            abort();
        memset(t->dirty + first, 1, last - first + 1);
        if (last >= t->top)
            t->top = last + 1;
    }
    pthread_mutex_unlock(&lock);
}

ssize_t write(int fd, const void *p, size_t n)
{
    ssize_t got = REAL(write, ssize_t, int, const void *, size_t)(fd, p, n);

    if (fd >= 0 && fd < FDS && by_fd[fd] && got > 0)
        wrote(fd, lseek(fd, 0, SEEK_CUR) - got, got);
    return got;
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    ssize_t got = REAL(pwrite, ssize_t, int, const void *, size_t, off_t)(fd, p, n, at);

    wrote(fd, at, got);
    return got;
}

ssize_t pwrite64(int fd, const void *p, size_t n, off_t at)
{
    ssize_t got = REAL(pwrite64, ssize_t, int, const void *, size_t, off_t)(fd, p, n, at);

    wrote(fd, at, got);
    return got;
}

/* Under the lock, so that no block is written to while it is copied without being remembered for the next time. */
static void forced(struct tracked *t, int fd)
{
    char block[BLOCK];
    struct stat st;

    for (size_t i = 0; i < t->top; i++) {
        ssize_t n;

        if (!t->dirty[i])
            continue;
        t->dirty[i] = 0;
        n = pread(fd, block, sizeof(block), (off_t)i * BLOCK);
        if (n > 0 && REAL(pwrite, ssize_t, int, const void *, size_t, off_t)(t->copy, block, (size_t)n, (off_t)i * BLOCK) != n)
            abort();
    }
    t->top = 0;
    if (fstat(fd, &st) != 0 || REAL(ftruncate, int, int, off_t)(t->copy, st.st_size) != 0)
        abort();
}

static int force(int rc, int fd)
{
    if (rc == 0 && fd >= 0 && fd < FDS) {
        pthread_mutex_lock(&lock);
        if (by_fd[fd])
            forced(by_fd[fd], fd);
        pthread_mutex_unlock(&lock);
    }
    return rc;
}

int fsync(int fd)
{
    return force(REAL(fsync, int, int)(fd), fd);
}

int fdatasync(int fd)
{
    return force(REAL(fdatasync, int, int)(fd), fd);
}
