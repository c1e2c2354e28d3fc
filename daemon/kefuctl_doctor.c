#include "kefuctl_doctor.h"

#include "lock.h"
#include "net/asset.h"
#include "store/store.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

void doctor_say(struct doctor *d, enum finding kind, const char *what, const char *advice, const char *fmt, ...)
{
    static const char *const words[] = { "ok", "note", "warning", "error" };
    va_list ap;

    d->found[kind]++;
    printf("%-8s %s: ", words[kind], what);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
    if (advice)
        printf("         -> %s\n", advice);
}

static void look_at_config(struct doctor *d)
{
    const char *path = d->ctl->config_path;
    struct stat st;

    if (!path) {
        doctor_say(d, FINDING_NOTE, "configuration", "name the file with -c if kefud is started with one", "no file, the defaults hold");
        return;
    }
    if (stat(path, &st) == 0 && (st.st_mode & S_IWOTH))
        doctor_say(d, FINDING_ERROR, "configuration", "chmod o-w", "everybody may write %s", path);
    else
        doctor_say(d, FINDING_OK, "configuration", NULL, "%s can be read and holds nothing unknown", path);
}

static bool on_network(const char *dir)
{
    static const unsigned long kinds[] = { NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, 0xff534d42UL /* CIFS */, 0xfe534d42UL /* SMB2 */,
                                           0x01021997UL /* 9p */ };
    struct statfs fs;

    if (statfs(dir, &fs) != 0)
        return false;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if ((unsigned long)fs.f_type == kinds[i])
            return true;
    return false;
}

static void look_at_space(struct doctor *d, const char *dir)
{
    struct statvfs vfs;
    struct statfs fs;
    double free_gib, share;

    if (on_network(dir))
        doctor_say(d, FINDING_ERROR, "state directory", "move it to a local disk: SQLite's locks do not hold over a network",
                   "%s lies on a network file system", dir);
    if (statfs(dir, &fs) == 0 && fs.f_type == TMPFS_MAGIC)
        doctor_say(d, FINDING_WARNING, "state directory", "move it to a disk", "%s is in memory: a reboot loses everything", dir);
    if (statvfs(dir, &vfs) != 0 || vfs.f_blocks == 0)
        return;
    free_gib = (double)vfs.f_bavail * (double)vfs.f_frsize / (1024.0 * 1024.0 * 1024.0);
    share = 100.0 * (double)vfs.f_bavail / (double)vfs.f_blocks;
    if (free_gib < 1.0 || share < 5.0)
        doctor_say(d, free_gib < 0.1 ? FINDING_ERROR : FINDING_WARNING, "disk",
                   "make room: on a full disk no message is acknowledged, and senders wait until there is some",
                   "%.1f GiB (%.0f %%) free in %s", free_gib, share, dir);
    else
        doctor_say(d, FINDING_OK, "disk", NULL, "%.1f GiB (%.0f %%) free", free_gib, share);
}

/* False: there is nothing further to look at in it. */
static bool look_at_state(struct doctor *d)
{
    const char *dir = d->ctl->cfg.node.state;
    struct stat st;

    if (stat(dir, &st) != 0) {
        doctor_say(d, errno == ENOENT ? FINDING_NOTE : FINDING_ERROR, "state directory",
                   errno == ENOENT ? "kefud makes it at its first start; or name another with --state"
                                   : "run doctor as root or as its owner",
                   "%s: %s", dir, strerror(errno));
        return false;
    }
    if (st.st_mode & (S_IRWXO | S_IWGRP))
        doctor_say(d, FINDING_WARNING, "state directory", "chmod 700: it holds conversations", "others may get into %s (mode %03o)", dir,
                   (unsigned)st.st_mode & 0777);
    else
        doctor_say(d, FINDING_OK, "state directory", NULL, "%s, its owner's alone", dir);
    if (access(dir, R_OK | W_OK | X_OK) != 0) {
        doctor_say(d, FINDING_ERROR, "state directory", "run doctor as root or as its owner", "%s: %s", dir, strerror(errno));
        return false;
    }
    look_at_space(d, dir);
    return true;
}

static void look_at_daemon(struct doctor *d)
{
    struct kf_err why = { 0 };
    enum kf_rc rc;
    int fd;

    rc = state_lock(d->ctl->cfg.node.state, &fd, &why);
    if (!rc)
        close(fd);
    d->running = rc == KF_CONFLICT;
    if (!d->running) {
        doctor_say(d, FINDING_NOTE, "daemon", NULL, "kefud is not running with this state directory");
        return;
    }
    rc = ctl_call(d->ctl, "GET", "/api/v1/status", NULL, &d->status, &why);
    if (rc)
        doctor_say(d, FINDING_ERROR, "daemon", "look at its log: journalctl -u kefud; restart it if it hangs", "it runs, but: %s",
                   why.text);
    else
        doctor_say(d, FINDING_OK, "daemon", NULL, "running, and answers");
}

static void say_integrity(struct doctor *d, sqlite3 *db, const char *path)
{
    sqlite3_stmt *check = NULL;
    const char *said = NULL;

    if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &check, NULL) == SQLITE_OK && sqlite3_step(check) == SQLITE_ROW)
        said = (const char *)sqlite3_column_text(check, 0);
    if (said && strcmp(said, "ok") == 0)
        doctor_say(d, FINDING_OK, "database", NULL, "%s opens and its structure is whole", path);
    else
        doctor_say(d, FINDING_ERROR, "database", "stop kefud, keep a copy of the file, then kefuctl restore the last backup", "%s: %s",
                   path, said ? said : sqlite3_errmsg(db));
    sqlite3_finalize(check);
}

static void look_at_file(struct doctor *d, const char *path)
{
    sqlite3 *db = NULL;
    struct stat st;

    if (stat(path, &st) != 0) {
        doctor_say(d, FINDING_NOTE, "database", NULL, "%s does not exist yet", path);
        return;
    }
    /* In the state directory nobody else gets that far. */
    if ((st.st_mode & S_IRWXO) && strncmp(path, d->ctl->cfg.node.state, strlen(d->ctl->cfg.node.state)) != 0)
        doctor_say(d, FINDING_WARNING, "database", "chmod 600", "others may read %s", path);
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK)
        say_integrity(d, db, path);
    else
        doctor_say(d, FINDING_ERROR, "database", "check its owner and mode", "%s: %s", path, sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* Nothing of it is ours alone: it is looked at whether a node runs or not. */
static void look_at_server(struct doctor *d)
{
    const struct store_config cfg = { .url = d->ctl->cfg.store.url };
    struct kf_err why = { 0 };
    char line[240];

    if (store_look(&cfg, line, sizeof(line), &why))
        doctor_say(d, FINDING_ERROR, "database", "check that the server runs, that the url of [store] is right, and its rights", "%s",
                   why.text);
    else
        doctor_say(d, FINDING_OK, "database", NULL, "%s", line);
}

static void look_at_database(struct doctor *d)
{
    const struct config *cfg = &d->ctl->cfg;
    struct ctl_owner owner;
    struct kf_err why = { 0 };
    int lock;

    if (strncmp(cfg->store.url, "sqlite:", 7) != 0) {
        look_at_server(d);
        return;
    }
    if (d->running) {
        const char *broken = json_string_value(json_object_get(d->status, "broken"));

        if (broken)
            doctor_say(d, FINDING_ERROR, "database", "repair the disk, then restart kefud", "%s", broken);
        else
            doctor_say(d, FINDING_NOTE, "database", "stop kefud for a check of its structure", "in use by kefud");
        return;
    }
    if (ctl_as_owner(d->ctl, &owner, &why)) {
        doctor_say(d, FINDING_ERROR, "database", "run doctor as the owner of the state directory", "%s", why.text);
        return;
    }
    /* Only while its lock is ours: SQLite repairs an interrupted write when it opens. */
    if (state_lock(cfg->node.state, &lock, &why) == KF_OK) {
        look_at_file(d, cfg->store.url + 7);
        look_at_file(d, cfg->store.files);
        close(lock);
    } else
        doctor_say(d, FINDING_ERROR, "database", NULL, "%s", why.text);
    ctl_as_before(&owner);
}

static void look_at_clock(struct doctor *d)
{
    struct timex tx = { 0 };
    struct stat st;
    char path[PATH_MAX];
    time_t now = time(NULL);

    snprintf(path, sizeof(path), "%s/kefud.db", d->ctl->cfg.node.state);
    if (now < 1735689600) { /* 2025: before kefud was written */
        doctor_say(d, FINDING_ERROR, "clock", "set it, and let chrony or systemd-timesyncd keep it", "it says %ld seconds since 1970",
                   (long)now);
        return;
    }
    if (stat(path, &st) == 0 && st.st_mtime > now + 60)
        doctor_say(d, FINDING_ERROR, "clock", "set it: times of messages would go backwards", "it stands %ld s before the last write",
                   (long)(st.st_mtime - now));
    if (adjtimex(&tx) == TIME_ERROR)
        doctor_say(d, FINDING_WARNING, "clock", "let chrony or systemd-timesyncd keep it", "the kernel says that nothing keeps it right");
    else
        doctor_say(d, FINDING_OK, "clock", NULL, "kept right");
}

static void look_at_limits(struct doctor *d)
{
    struct rlimit files;

    if (n_assets == 0)
        doctor_say(d, FINDING_ERROR, "pages", "install node and npm, then build again", "this build has no pages");
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max < 4096)
        doctor_say(d, FINDING_WARNING, "open files", "raise it (LimitNOFILE=65536 in the unit): each connection is one",
                   "at most %lu in this session", (unsigned long)files.rlim_max);
}

int ctl_doctor(struct ctl *ctl)
{
    struct doctor d = { .ctl = ctl };

    look_at_config(&d);
    if (look_at_state(&d)) {
        look_at_daemon(&d);
        look_at_database(&d);
    }
    doctor_redis(&d);
    look_at_clock(&d);
    doctor_tls(&d);
    doctor_ports(&d);
    doctor_proxy(&d);
    look_at_limits(&d);
    json_decref(d.status);
    printf("%d errors, %d warnings\n", d.found[FINDING_ERROR], d.found[FINDING_WARNING]);
    return d.found[FINDING_ERROR] ? CTL_FAILED : CTL_DONE;
}
