/* syncs.c: preloaded into kefud, counts the writes that were forced to the disk in the file that KEFUD_BENCH_SYNCS names (8 bytes, as the
 * machine has them). So that `synchronous=FULL` is seen, not believed. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic uint64_t *counter(void)
{
    static _Atomic(_Atomic uint64_t *) known;
    _Atomic uint64_t *p = atomic_load(&known);
    const char *path;
    void *map;
    int fd;

    if (p)
        return p;
    path = getenv("KEFUD_BENCH_SYNCS");
    fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return NULL;
    map = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED)
        return NULL;
    atomic_store(&known, (_Atomic uint64_t *)map);
    return map;
}

static int forward(const char *name, int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int rc = real(fd);
    _Atomic uint64_t *n = counter();

    if (n && rc == 0)
        atomic_fetch_add(n, 1);
    return rc;
}

int fsync(int fd)
{
    return forward("fsync", fd);
}

int fdatasync(int fd)
{
    return forward("fdatasync", fd);
}
