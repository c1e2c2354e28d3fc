/* The copy that a visitor may ask for: what is known, what was said, and the files. Each transcript that is read for it stands in the access
 * log. */
#include "kefuctl.h"

#include "core/id.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct copy {
    struct ctl *ctl;
    const char *dir;
    size_t files;
    struct kf_err why;
};

static enum kf_rc no_place(struct copy *c, const char *path)
{
    return kf_fail(&c->why, KF_IO, "cannot make %s: %s", path, strerror(errno));
}

/* Only its owner reads what it holds. */
static enum kf_rc make_dir(struct copy *c, const char *name)
{
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s%s", c->dir, name);
    return mkdir(path, 0700) ? no_place(c, path) : KF_OK;
}

static enum kf_rc make_file(struct copy *c, const char *name, int *ret)
{
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/%s", c->dir, name);
    *ret = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*ret >= 0)
        return KF_OK;
    return errno == EEXIST ? kf_fail(&c->why, KF_CONFLICT, "%s is there already", path) : no_place(c, path);
}

static enum kf_rc end_file(struct copy *c, int fd, enum kf_rc rc)
{
    bool bad = !rc && fsync(fd);

    if ((close(fd) || bad) && !rc)
        rc = kf_fail(&c->why, KF_IO, "cannot write: %s", strerror(errno));
    return rc;
}

static enum kf_rc save(struct copy *c, const char *name, const json_t *what)
{
    int fd;
    enum kf_rc rc = make_file(c, name, &fd);

    if (rc)
        return rc;
    if (json_dumpfd(what, fd, JSON_INDENT(2)) || write(fd, "\n", 1) != 1)
        rc = kf_fail(&c->why, KF_IO, "cannot write %s: %s", name, strerror(errno));
    return end_file(c, fd, rc);
}

/* Ids are of our making; they become names of files all the same only where they look like it. */
static bool is_id(const char *s)
{
    return strlen(s) == 36 && strspn(s, "0123456789abcdef-") == 36;
}

/* A file may have been shown more than once. */
static enum kf_rc copy_file(struct copy *c, const char *id)
{
    char name[64], path[4096];
    enum kf_rc rc;
    int fd;

    (void)snprintf(name, sizeof(name), "files/%s", id);
    (void)snprintf(path, sizeof(path), "/files/%s", id);
    rc = make_file(c, name, &fd);
    if (rc)
        return rc == KF_CONFLICT ? KF_OK : rc;
    rc = end_file(c, fd, ctl_fetch(c->ctl, path, fd, &c->why));
    if (rc == KF_REJECTED) { /* gone meanwhile: the rest is worth having */
        (void)snprintf(path, sizeof(path), "%s/%s", c->dir, name);
        (void)unlink(path);
        fprintf(stderr, "kefuctl: %s is not there any more\n", name);
        return KF_OK;
    }
    c->files += rc == KF_OK;
    return rc;
}

static enum kf_rc copy_files(struct copy *c, const json_t *transcript)
{
    const json_t *m;
    enum kf_rc rc = KF_OK;
    size_t i;

    json_array_foreach(json_object_get(transcript, "messages"), i, m)
    {
        const char *id = ctl_text(json_object_get(m, "file"), "id");

        if (!rc && is_id(id))
            rc = copy_file(c, id);
    }
    return rc;
}

static enum kf_rc copy_talk(struct copy *c, const json_t *talk)
{
    const char *id = ctl_text(talk, "id"), *contact = ctl_text(talk, "contact");
    char name[80], path[256];
    json_t *got = NULL;
    enum kf_rc rc;

    if (!is_id(id))
        return kf_fail(&c->why, KF_IO, "kefud has named a conversation that is none");
    (void)snprintf(name, sizeof(name), "conversations/%s.json", id);
    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s%s%s", id, *contact ? "?contact=" : "", contact);
    rc = ctl_call(c->ctl, "GET", path, NULL, &got, &c->why);
    if (!rc)
        rc = save(c, name, got);
    if (!rc)
        rc = copy_files(c, got);
    json_decref(got);
    return rc;
}

int ctl_export(struct ctl *ctl, const char *id, const char *dir, const char *site)
{
    struct copy c = { .ctl = ctl, .dir = dir };
    struct kf_key key = { "" };
    json_t *known = NULL, *talk;
    char path[128];
    enum kf_rc rc;
    size_t i;

    rc = is_id(id) ? KF_OK : kf_fail(&c.why, KF_INVALID, "%s is not the id of a visitor", id);
    if (!rc && site && !key_parse(slice_of(site), &key))
        rc = kf_fail(&c.why, KF_INVALID, "%s is not the key of a site", site);
    (void)snprintf(path, sizeof(path), "/api/v1/visitors/%.36s%s%s", id, site ? "?site=" : "", site ? key.s : "");
    if (!rc)
        rc = ctl_call(ctl, "GET", path, NULL, &known, &c.why);
    if (!rc && !(rc = make_dir(&c, "")) && !(rc = make_dir(&c, "/conversations")))
        rc = make_dir(&c, "/files");
    if (!rc)
        rc = save(&c, "visitor.json", known);
    json_array_foreach(json_object_get(known, "conversations"), i, talk)
    {
        if (!rc)
            rc = copy_talk(&c, talk);
    }
    if (!rc)
        printf("%s: %zu conversations, %zu files\n", dir, json_array_size(json_object_get(known, "conversations")), c.files);
    json_decref(known);
    return rc ? ctl_fail(&c.why) : CTL_DONE;
}
