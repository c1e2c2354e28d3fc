#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum kf_rc make_directory(const char *dir, struct kf_err *why)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s", dir);

    if (n <= 0 || (size_t)n >= sizeof(path))
        return kf_fail(why, KF_INVALID, "state directory: not a path");
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            return kf_fail(why, KF_IO, "%s: %s", path, strerror(errno));
        *slash = '/';
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return kf_fail(why, KF_IO, "%s: %s", path, strerror(errno));
    return KF_OK;
}

static enum kf_rc taken(int fd, const char *dir, struct kf_err *why)
{
    char pid[16] = "";
    ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

    pid[n > 0 ? n : 0] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
    return kf_fail(why, KF_CONFLICT,
                   "%s is in use by process %s. A second node needs a state directory of its own, a Redis url and a database that both "
                   "name",
                   dir, *pid ? pid : "(unknown)");
}

enum kf_rc state_lock(const char *dir, int *fd, struct kf_err *why)
{
    char path[PATH_MAX], pid[16];
    enum kf_rc rc = make_directory(dir, why);
    int n, file;

    if (rc)
        return rc;
    n = snprintf(path, sizeof(path), "%s/lock", dir);
    if (n <= 0 || (size_t)n >= sizeof(path))
        return kf_fail(why, KF_INVALID, "state directory: the path is too long");
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return kf_fail(why, KF_IO, "%s: %s", path, strerror(errno));
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        rc = errno == EWOULDBLOCK ? taken(file, dir, why) : kf_fail(why, KF_IO, "%s: %s", path, strerror(errno));
        close(file);
        return rc;
    }
    /* For people and for taken(); the lock holds without it. */
    n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
    if (ftruncate(file, 0) != 0 || pwrite(file, pid, (size_t)n, 0) != n) {
        rc = kf_fail(why, KF_IO, "%s: %s", path, strerror(errno));
        close(file);
        return rc;
    }
    *fd = file;
    return KF_OK;
}
