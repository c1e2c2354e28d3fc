#include "kefuctl.h"

#include "core/buf.h"
#include "core/person.h"
#include "lock.h"
#include "password.h"
#include "store/store.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* The store without a loop: it wakes an eventfd, on which we wait for the one answer that is due. */
struct session {
    struct store *store;
    int wake, lock;
    bool answered;
    enum kf_rc rc;
    struct kf_err *why;
};

/* How long an answer of a store that nobody else uses may take. */
#define ANSWER_MS 60000

static void on_wake(void *ctx)
{
    const struct session *s = ctx;
    uint64_t one = 1;

    if (write(s->wake, &one, sizeof(one)) < 0)
        return; /* full: it is awake */
}

static void on_line(int level, const char *line)
{
    if (level >= 2)
        fprintf(stderr, "kefuctl: %s\n", line);
}

static struct store_config store_config(const struct config *cfg, struct session *s)
{
    return (struct store_config){
        .url = cfg->store.url,
        .files_path = cfg->store.files,
        .index_path = cfg->store.index,
        .backup_dir = cfg->store.backup,
        .head_path = cfg->node.head,
        .readers = 1,
        .wake = on_wake,
        .wake_ctx = s,
        .log = on_line,
    };
}

static enum kf_rc lock_state(struct ctl *ctl, int *fd, struct kf_err *why)
{
    enum kf_rc rc = state_lock(ctl->cfg.node.state, fd, why);

    if (rc == KF_CONFLICT)
        return kf_fail(why, rc, "kefud runs with this state directory, but does not answer at its socket: %s/kefud.sock",
                       ctl->cfg.node.state);
    return rc;
}

/* A mistyped directory shall not become one. PostgreSQL answers for itself. */
static enum kf_rc there_is_one(const struct config *cfg, struct kf_err *why)
{
    const char *path = strncmp(cfg->store.url, "sqlite:", 7) == 0 ? cfg->store.url + 7 : NULL;

    if (path && access(path, F_OK) != 0)
        return kf_fail(why, KF_ABSENT, "there is no database %s (%s): name the state directory with --state, or start kefud once", path,
                       strerror(errno));
    return KF_OK;
}

static enum kf_rc session_open(struct session *s, struct ctl *ctl, struct kf_err *why)
{
    struct store_config cfg = store_config(&ctl->cfg, s);
    enum kf_rc rc;

    *s = (struct session){ .wake = -1, .lock = -1, .why = why };
    rc = there_is_one(&ctl->cfg, why);
    if (!rc)
        rc = lock_state(ctl, &s->lock, why);
    if (rc)
        return rc;
    s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->wake < 0)
        return kf_fail(why, KF_IO, "eventfd: %s", strerror(errno));
    return store_open(&s->store, &cfg, why);
}

static void session_close(struct session *s)
{
    store_close(s->store);
    if (s->wake >= 0)
        close(s->wake);
    if (s->lock >= 0)
        close(s->lock);
}

static enum kf_rc session_wait(struct session *s)
{
    struct pollfd fd = { .fd = s->wake, .events = POLLIN };

    while (!s->answered) {
        uint64_t n;
        int ready = poll(&fd, 1, ANSWER_MS);

        if (ready == 0)
            return kf_fail(s->why, KF_IO, "the store does not answer");
        if (ready > 0 && read(s->wake, &n, sizeof(n)) < 0 && errno != EAGAIN)
            return kf_fail(s->why, KF_IO, "eventfd: %s", strerror(errno));
        store_drain(s->store);
    }
    s->answered = false;
    return s->rc;
}

static void answered(struct session *s, enum kf_rc rc, const struct kf_err *why)
{
    s->answered = true;
    s->rc = rc;
    if (rc)
        kf_fail(s->why, rc, "%s", why ? why->text : kf_rc_name(rc));
}

static void on_commit(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    (void)news;
    answered(ctx, rc, why);
}

struct place {
    struct session *session;
    const struct kf_key *queues; /* that are asked for */
    size_t n_queues;
};

static bool is_queue(const struct stored_document *d)
{
    return strcmp(d->kind.s, "queue") == 0;
}

static bool has_queue(const struct query *q, const struct kf_key *key)
{
    for (size_t i = 0; i < q->n_documents; i++)
        if (is_queue(&q->documents[i]) && key_eq(&q->documents[i].key, key))
            return true;
    return false;
}

/* Who serves only a queue that is none would never get anything. */
static enum kf_rc no_queue(const struct query *q, const struct kf_key *key, struct kf_err *why)
{
    struct buf all;
    enum kf_rc rc;

    buf_init(&all, 400);
    for (size_t i = 0; i < q->n_documents; i++)
        if (is_queue(&q->documents[i]))
            buf_printf(&all, "%s%s", all.n ? ", " : "", q->documents[i].key.s);
    rc = kf_fail(why, KF_INVALID, "queues: there is no queue \"%s\"; there %s%.*s", key->s, all.n ? "are: " : "is none at all", (int)all.n,
                 all.n ? all.p : "");
    buf_finish(&all);
    return rc;
}

/* Is there such a site, with such queues? An admin of none could never do anything. */
static void on_documents(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    const struct place *p = ctx;
    struct session *s = p->session;

    answered(s, rc, why);
    if (!rc && q->n_documents == 0)
        s->rc = kf_fail(s->why, KF_ABSENT, "there is no site %s", q->site.s);
    for (size_t i = 0; !s->rc && i < p->n_queues; i++)
        if (!has_queue(q, &p->queues[i]))
            s->rc = no_queue(q, &p->queues[i], s->why);
}

static enum kf_rc find_place(struct session *s, const struct kf_key *site, const struct kf_key *queues, size_t n_queues)
{
    struct place p = { .session = s, .queues = queues, .n_queues = n_queues };
    struct query *q = query_new(QUERY_DOCUMENTS);

    if (!q)
        return kf_fail(s->why, KF_NOMEM, "out of memory");
    q->site = *site;
    store_read(s->store, q, on_documents, &p);
    return session_wait(s);
}

struct found_person {
    struct session *session;
    struct kf_id id;
    bool found;
};

static void on_person(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct found_person *f = ctx;

    f->found = rc == KF_OK && q->person;
    if (f->found)
        f->id = q->person->id;
    answered(f->session, rc == KF_ABSENT ? KF_OK : rc, why);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One who is known already keeps the id (and gets the password that was asked for). */
static enum kf_rc person_id(struct session *s, const char *email, int64_t now, struct kf_id *ret)
{
    struct found_person f = { .session = s };
    struct query *q = query_new(QUERY_PERSON);
    uint8_t chance[10];
    enum kf_rc rc;

    if (!q)
        return kf_fail(s->why, KF_NOMEM, "out of memory");
    q->text = arena_copy(q->arena, slice_of(email));
    store_read(s->store, q, on_person, &f);
    rc = session_wait(s);
    if (rc)
        return rc;
    if (f.found) {
        *ret = f.id;
        return KF_OK;
    }
    if (getrandom(chance, sizeof(chance), 0) != (ssize_t)sizeof(chance))
        return kf_fail(s->why, KF_IO, "no random bytes for an id");
    *ret = id_make(now, chance);
    return KF_OK;
}

static enum kf_rc parse_keys(const char *list, struct kf_key *ret, size_t max, size_t *n, uint8_t *levels, const char *what,
                             struct kf_err *why)
{
    uint8_t level;
    size_t len;

    for (*n = 0; list && *list; list += len + (list[len] != '\0')) {
        len = strcspn(list, ", ");
        if (!len)
            continue;
        if (*n == max)
            return kf_fail(why, KF_LIMIT, "at most %zu %s", max, what);
        if (!skill_parse((struct slice){ list, len }, &ret[*n], &level) || (level && !levels))
            return kf_fail(why, KF_INVALID, "%.*s is not a key: 1 to 32 of a-z 0-9 _ -", (int)len, list);
        if (levels)
            levels[*n] = level;
        (*n)++;
    }
    return KF_OK;
}

static unsigned parse_roles(const char *list)
{
    unsigned ret = 0;
    size_t n;

    for (; *list; list += n + (list[n] != '\0')) {
        n = strcspn(list, ", ");
        ret |= n ? member_role_parse((struct slice){ list, n }) : 0;
    }
    return ret;
}

static const char *lower(struct change *c, const char *text)
{
    char *ret = (char *)change_text(c, slice_of(text));

    for (char *p = ret; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return ret;
}

static enum kf_rc write_person(struct change *c, const struct ctl_person *p, const struct kf_key *site, const struct kf_id *id,
                               const char *hash, struct kf_err *why)
{
    struct person *person = &change_act(c, ACT_PERSON)->u.person;
    struct member *member;
    struct entry *audit;
    char text[KF_ID_TEXT];
    enum kf_rc rc;

    person->id = *id;
    person->email = lower(c, p->email);
    person->name = change_text(c, slice_of(p->name));
    person->password = change_text(c, slice_of(hash));
    person->created_at = c->at;
    member = change_member(c);
    member->person = *id;
    member->site = *site;
    member->roles = parse_roles(p->roles);
    member->name = change_text(c, slice_of(p->name));
    member->number = change_text(c, slice_of(p->number));
    member->capacity = p->capacity >= 0 ? p->capacity : 5;
    member->presence_reason = "";
    rc = parse_keys(p->queues, member->queues, MEMBER_QUEUES_MAX, &member->n_queues, NULL, "queues", why);
    if (!rc)
        rc = parse_keys(p->skills, member->skills, MEMBER_SKILLS_MAX, &member->n_skills, member->levels, "skills", why);
    if (rc)
        return rc;
    audit = &change_act(c, ACT_AUDIT)->u.entry;
    audit->kind = "person_added";
    audit->by = c->by;
    audit->at = c->at;
    audit->data = change_printf(c, "{\"person\":\"%s\",\"by\":\"kefuctl\"}", id_text(id, text));
    return KF_OK;
}

static enum kf_rc add(struct session *s, const struct ctl_person *p, const char *hash)
{
    int64_t now = now_ms();
    struct kf_key site, queues[MEMBER_QUEUES_MAX];
    struct change *c = NULL;
    size_t n_queues;
    struct kf_id id;
    enum kf_rc rc;

    if (!key_parse(slice_of(p->site), &site))
        return kf_fail(s->why, KF_INVALID, "%s is not the key of a site", p->site);
    rc = parse_keys(p->queues, queues, MEMBER_QUEUES_MAX, &n_queues, NULL, "queues", s->why);
    if (!rc)
        rc = find_place(s, &site, queues, n_queues);
    if (rc)
        return rc;
    c = change_new(&site, now);
    if (!c)
        return kf_fail(s->why, KF_NOMEM, "out of memory");
    c->by = (struct actor){ .role = ROLE_SYSTEM, .name = "" };
    c->epoch = -1;
    rc = person_id(s, lower(c, p->email), now, &id);
    if (!rc)
        rc = write_person(c, p, &site, &id, hash, s->why);
    if (rc) {
        change_free(c);
        return rc;
    }
    store_commit(s->store, c, on_commit, s);
    return session_wait(s);
}

enum kf_rc ctl_store_add(struct ctl *ctl, const struct ctl_person *person, const char *password, struct kf_err *why)
{
    char hash[PASSWORD_TEXT];
    struct ctl_owner owner;
    struct session s;
    enum kf_rc rc;

    rc = password_hash(slice_of(password), hash, why);
    if (!rc)
        rc = ctl_as_owner(ctl, &owner, why);
    if (rc)
        return rc;
    rc = session_open(&s, ctl, why);
    if (!rc)
        rc = add(&s, person, hash);
    session_close(&s);
    ctl_as_before(&owner);
    explicit_bzero(hash, sizeof(hash));
    return rc;
}

/* ---- the access log ---- */

struct verified {
    struct session *session;
    json_t *answer;
};

static void on_verified(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct verified *v = ctx;

    if (!rc)
        v->answer = json_loads(q->text_out, 0, NULL);
    answered(v->session, rc, why);
}

enum kf_rc ctl_store_verify(struct ctl *ctl, const char *heads, json_t **ret, struct kf_err *why)
{
    struct ctl_owner owner;
    struct session s;
    struct verified v = { .session = &s };
    struct query *q;
    enum kf_rc rc = ctl_as_owner(ctl, &owner, why);

    if (rc)
        return rc;
    rc = session_open(&s, ctl, why);
    q = rc ? NULL : query_new(QUERY_AUDIT_VERIFY);
    if (q) {
        q->audit.heads = arena_copy(q->arena, slice_of(heads));
        store_read(s.store, q, on_verified, &v);
        rc = session_wait(&s);
    }
    session_close(&s);
    ctl_as_before(&owner);
    if (!rc && !v.answer)
        return kf_fail(why, KF_NOMEM, "out of memory");
    *ret = v.answer;
    return rc;
}

/* ---- archives ---- */

/* The daemon may write in its state directory alone, and the archive shall go where the operator says: it is made there and copied.
 * The same on the way back. */
static void passing_path(const struct ctl *ctl, char *ret, size_t size)
{
    snprintf(ret, size, "%s/kefuctl-%ld.archive", ctl->cfg.node.state, (long)getpid());
}

int ctl_backup(struct ctl *ctl, const char *file)
{
    struct kf_err why = { 0 };
    char path[PATH_MAX];
    json_t *body;
    enum kf_rc rc;

    if (access(file, F_OK) == 0)
        return kf_fail(&why, KF_CONFLICT, "%s exists; a backup overwrites nothing", file), ctl_fail(&why);
    passing_path(ctl, path, sizeof(path));
    body = json_pack("{s:s}", "path", path);
    rc = ctl_call(ctl, "POST", "/api/v1/backup", body, NULL, &why);
    json_decref(body);
    if (!rc)
        rc = ctl_copy(path, file, 0600, &why);
    if (unlink(path) != 0 && errno != ENOENT)
        fprintf(stderr, "kefuctl: %s stays: %s\n", path, strerror(errno));
    if (rc)
        return ctl_fail(&why);
    printf("%s holds all messages and files\n", file);
    return CTL_DONE;
}

static enum kf_rc restore(struct ctl *ctl, const char *passing, struct kf_err *why)
{
    struct session s = { 0 };
    struct store_config cfg = store_config(&ctl->cfg, &s);
    enum kf_rc rc = state_lock(ctl->cfg.node.state, &s.lock, why);

    if (rc == KF_CONFLICT)
        return kf_fail(why, rc, "kefud is running: stop it first (systemctl stop kefud)");
    if (rc)
        return rc;
    rc = store_restore(&cfg, passing, why);
    close(s.lock);
    return rc;
}

/* What is wrong with an archive is said beside its name; the store may have read a copy of it. */
static int bad_archive(const char *file, const struct kf_err *why)
{
    struct kf_err named = *why;

    if (why->rc == KF_INVALID)
        (void)kf_fail(&named, why->rc, "%s: %s", file, why->text);
    return ctl_fail(&named);
}

/* Only what root copies for another owner needs to pass through the state directory. */
int ctl_restore(struct ctl *ctl, const char *file)
{
    struct kf_err why = { 0 };
    struct ctl_owner owner;
    char path[PATH_MAX];
    enum kf_rc rc;

    if (access(file, R_OK) != 0)
        return kf_fail(&why, KF_ABSENT, "%s: %s", file, strerror(errno)), ctl_fail(&why);
    passing_path(ctl, path, sizeof(path));
    rc = ctl_as_owner(ctl, &owner, &why);
    if (rc)
        return ctl_fail(&why);
    if (owner.changed) {
        uid_t uid = geteuid();
        gid_t gid = getegid();

        ctl_as_before(&owner);
        rc = ctl_copy(file, path, 0600, &why);
        if (!rc && chown(path, uid, gid) != 0)
            rc = kf_fail(&why, KF_IO, "%s: %s", path, strerror(errno));
        if (!rc)
            rc = ctl_as_owner(ctl, &owner, &why);
    }
    if (!rc)
        rc = restore(ctl, owner.changed ? path : file, &why);
    if (owner.changed)
        unlink(path);
    ctl_as_before(&owner);
    if (rc)
        return bad_archive(file, &why);
    printf("%s is back in place; start kefud, it makes the search index and Redis anew\n", file);
    printf("An archive holds no key: where channels have secrets, bring the secrets.key of the old state directory to %s first\n",
           ctl->cfg.store.key_file);
    return CTL_DONE;
}
