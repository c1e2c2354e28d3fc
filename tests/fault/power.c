#include "fault/power.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 4096

void power_on(const char *dir)
{
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        fail_msg("%s: %s", dir, strerror(errno));
    (void)setenv("KEFUD_POWER", dir, 1);
    (void)setenv("LD_PRELOAD", daemon_program("tests/fault/preload/powerless.so"), 1);
}

void power_off(void)
{
    (void)unsetenv("KEFUD_POWER");
    (void)unsetenv("LD_PRELOAD");
}

static size_t read_block(int fd, int64_t i, char *block)
{
    ssize_t n = pread(fd, block, BLOCK, i * BLOCK);

    memset(block + (n > 0 ? n : 0), 0, (size_t)(BLOCK - (n > 0 ? n : 0)));
    return n > 0 ? (size_t)n : 0;
}

/* `real` becomes `copy`, but for the blocks that chance lets through. A disk writes what it has in any order. */
static void fail_file(int real, int copy, struct chance *chance, struct power_loss *ret)
{
    char ours[BLOCK], theirs[BLOCK];
    struct stat a, b;
    int64_t size, n;
    bool some = chance_below(chance, 2); /* else nothing of it came through */

    assert_true(fstat(real, &a) == 0 && fstat(copy, &b) == 0);
    size = b.st_size;
    n = (a.st_size > b.st_size ? a.st_size : b.st_size) / BLOCK + 1;
    for (int64_t i = 0; i < n; i++) {
        size_t n_ours = read_block(real, i, ours), n_theirs = read_block(copy, i, theirs);

        if (n_ours == n_theirs && memcmp(ours, theirs, n_ours) == 0)
            continue;
        ret->blocks++;
        if (some && n_ours >= n_theirs && chance_below(chance, 2)) {
            ret->kept++;
            assert_int_equal(pwrite(copy, ours, n_ours, i * BLOCK), n_ours); /* what is on the disk stays there */
            size = i * BLOCK + (int64_t)n_ours > size ? i * BLOCK + (int64_t)n_ours : size;
        } else if (n_theirs)
            assert_int_equal(pwrite(real, theirs, n_theirs, i * BLOCK), n_theirs);
        else if (n_ours)
            assert_int_equal(pwrite(real, theirs, n_ours, i * BLOCK), n_ours); /* zeros: cut off below, or a hole */
    }
    assert_int_equal(ftruncate(real, size), 0);
    assert_int_equal(ftruncate(copy, size), 0);
}

void power_fail(const char *dir, const char *state, struct chance *chance, struct power_loss *ret)
{
    DIR *d = opendir(dir);
    const struct dirent *e;
    char path[512];

    assert_non_null(d);
    while ((e = readdir(d))) {
        int copy, real;

        if (*e->d_name == '.')
            continue;
        (void)snprintf(path, sizeof(path), "%s/%.200s", dir, e->d_name);
        copy = open(path, O_RDWR | O_CLOEXEC);
        (void)snprintf(path, sizeof(path), "%s/%.200s", state, e->d_name);
        real = open(path, O_RDWR | O_CLOEXEC);
        if (copy >= 0 && real >= 0)
            fail_file(real, copy, chance, ret);
        if (copy >= 0)
            (void)close(copy);
        if (real >= 0)
            (void)close(real);
        (void)snprintf(path, sizeof(path), "%s/%.200s-shm", state, e->d_name);
        (void)unlink(path);
    }
    (void)closedir(d);
}

void power_forget(const char *dir)
{
    DIR *d = opendir(dir);
    const struct dirent *e;
    char path[512];

    assert_non_null(d);
    while ((e = readdir(d))) {
        (void)snprintf(path, sizeof(path), "%s/%.200s", dir, e->d_name);
        if (*e->d_name != '.')
            (void)unlink(path);
    }
    (void)closedir(d);
    (void)rmdir(dir);
}
