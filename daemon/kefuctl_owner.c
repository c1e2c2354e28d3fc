#include "kefuctl.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum kf_rc ctl_as_owner(const struct ctl *ctl, struct ctl_owner *ret, struct kf_err *why)
{
    struct stat st;

    *ret = (struct ctl_owner){ .uid = geteuid(), .gid = getegid() };
    if (geteuid() != 0 || stat(ctl->cfg.node.state, &st) != 0 || st.st_uid == 0)
        return KF_OK;
    if (setgroups(1, &st.st_gid) != 0 || setegid(st.st_gid) != 0 || seteuid(st.st_uid) != 0)
        return kf_fail(why, KF_IO, "cannot act as the owner of %s: %s", ctl->cfg.node.state, strerror(errno));
    ret->changed = true;
    return KF_OK;
}

void ctl_as_before(const struct ctl_owner *owner)
{
    if (!owner->changed)
        return;
    if (seteuid(owner->uid) != 0 || setegid(owner->gid) != 0 || setgroups(1, &owner->gid) != 0)
        _exit(CTL_FAILED);
}

static enum kf_rc pump(int in, int out, const char *from, const char *to, struct kf_err *why)
{
    static char block[1 << 16];
    ssize_t n;

    while ((n = read(in, block, sizeof(block))) != 0) {
        ssize_t done = 0;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return kf_fail(why, KF_IO, "%s: %s", from, strerror(errno));
        while (done < n) {
            ssize_t w = write(out, block + done, (size_t)(n - done));

            if (w < 0 && errno != EINTR)
                return kf_fail(why, KF_IO, "%s: %s", to, strerror(errno));
            done += w > 0 ? w : 0;
        }
    }
    return KF_OK;
}

enum kf_rc ctl_copy(const char *from, const char *to, mode_t mode, struct kf_err *why)
{
    enum kf_rc rc;
    int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;

    if (in < 0)
        return kf_fail(why, KF_IO, "%s: %s", from, strerror(errno));
    out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (out < 0) {
        rc = kf_fail(why, errno == EEXIST ? KF_CONFLICT : KF_IO, "%s: %s", to, strerror(errno));
        close(in);
        return rc;
    }
    rc = pump(in, out, from, to, why);
    if (!rc && fsync(out) != 0)
        rc = kf_fail(why, KF_IO, "%s: %s", to, strerror(errno));
    close(in);
    if (close(out) != 0 && !rc)
        rc = kf_fail(why, KF_IO, "%s: %s", to, strerror(errno));
    if (rc)
        unlink(to);
    return rc;
}
