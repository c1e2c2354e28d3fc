#include "seed.h"

#include "password.h"
#include "settings/site.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX (4u << 20)

struct seed {
    const struct ports *ports;
    char *path;
    void (*say)(void *ctx, const char *line);
    void (*done)(void *ctx, enum kf_rc rc, const struct kf_err *why);
    void *ctx;
    struct arena *arena;
    struct site_set set;
    char (*passwords)[32];
};

static void seed_end(struct seed *s, enum kf_rc rc, const struct kf_err *why)
{
    s->done(s->ctx, rc, why);
    arena_free(s->arena);
    free(s->path);
    free(s);
}

static enum kf_rc read_file(struct arena *a, const char *path, struct slice *ret, struct kf_err *why)
{
    FILE *f = fopen(path, "re");
    char *text = f ? arena_alloc(a, FILE_MAX) : NULL;
    size_t n;

    if (!text) {
        if (f)
            (void)fclose(f);
        return kf_fail(why, KF_ABSENT, "cannot read %s", path);
    }
    n = fread(text, 1, FILE_MAX - 1, f);
    (void)fclose(f);
    *ret = (struct slice){ text, n };
    return KF_OK;
}

static void chance_hex(const struct ports *p, char *ret, size_t bytes)
{
    uint8_t raw[64];

    p->chance(p->ctx, raw, bytes);
    for (size_t i = 0; i < bytes; i++)
        (void)snprintf(ret + 2 * i, 3, "%02x", raw[i]);
}

/* Letters that cannot be mistaken for one another when somebody types them from a terminal. */
static void make_password(const struct ports *p, char ret[32])
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
    const char *given = getenv("KEFUD_DEMO_PASSWORD");
    uint8_t raw[16];

    if (given && *given) {
        (void)snprintf(ret, 32, "%s", given);
        return;
    }
    p->chance(p->ctx, raw, sizeof(raw));
    for (size_t i = 0; i < sizeof(raw); i++)
        ret[i] = letters[raw[i] % (sizeof(letters) - 1)];
    ret[sizeof(raw)] = '\0';
}

/* The secret that signs visitors' tokens is this installation's own. */
static const char *site_body(struct seed *s, const char *body)
{
    char secret[65];
    json_t *root = json_loads(body, 0, NULL);
    char *text;
    const char *ret = body;

    if (!root)
        return body;
    if (!json_object_get(root, "token_secret")) {
        chance_hex(s->ports, secret, 32);
        json_object_set_new(root, "token_secret", json_string(secret));
    }
    text = json_dumps(root, JSON_COMPACT);
    if (text)
        ret = arena_text(s->arena, slice_of(text));
    free(text);
    json_decref(root);
    return ret ? ret : body;
}

static enum kf_rc add_person(struct seed *s, struct change *c, const struct site_person *p, char password[32], struct kf_err *why)
{
    char hash[PASSWORD_TEXT];
    uint8_t chance[10];
    struct kf_id id;
    struct act *act;
    enum kf_rc rc;

    make_password(s->ports, password);
    rc = password_hash(slice_of(password), hash, why);
    if (rc)
        return rc;
    s->ports->chance(s->ports->ctx, chance, sizeof(chance));
    id = id_make(c->at, chance);
    act = change_act(c, ACT_PERSON);
    act->u.person = (struct person){ .id = id,
                                     .email = change_text(c, slice_of(p->email)),
                                     .name = change_text(c, slice_of(p->name)),
                                     .password = change_text(c, slice_of(hash)),
                                     .created_at = c->at };
    act = change_act(c, ACT_MEMBER);
    act->u.member = (struct member){ .person = id,
                                     .site = s->set.key,
                                     .roles = p->roles,
                                     .name = change_text(c, slice_of(p->name)),
                                     .number = change_text(c, slice_of(p->number ? p->number : "")),
                                     .capacity = p->capacity,
                                     .n_queues = p->n_queues,
                                     .n_skills = p->n_skills,
                                     .presence_reason = "" };
    memcpy(act->u.member.queues, p->queues, sizeof(p->queues));
    memcpy(act->u.member.skills, p->skills, sizeof(p->skills));
    return KF_OK;
}

static void seeded(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct seed *s = ctx;
    char line[256];

    (void)news;
    for (size_t i = 0; !rc && i < s->set.n_people; i++) {
        (void)snprintf(line, sizeof(line), "  %-28s %-12s %s", s->set.people[i].email, s->set.people[i].name, s->passwords[i]);
        s->say(s->ctx, line);
    }
    seed_end(s, rc, why);
}

static enum kf_rc plan(struct seed *s, struct change **ret, struct kf_err *why)
{
    struct slice text;
    struct change *c;
    enum kf_rc rc = read_file(s->arena, s->path, &text, why);

    if (!rc)
        rc = site_set_parse(text, s->arena, &s->set, why);
    if (rc)
        return rc;
    c = change_new(&s->set.key, s->ports->now_ms(s->ports->ctx));
    s->passwords = arena_array(s->arena, s->set.n_people + 1, sizeof(*s->passwords));
    if (!c || !s->passwords) {
        change_free(c);
        return kf_fail(why, KF_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < s->set.n_docs; i++) {
        const struct document *d = &s->set.docs[i];
        struct act *act = change_act(c, ACT_DOCUMENT);
        bool site = strcmp(d->kind.s, "site") == 0;

        act->u.document = (struct act_document){ d->kind, d->key, 1, change_text(c, slice_of(site ? site_body(s, d->body) : d->body)) };
    }
    for (size_t i = 0; i < s->set.n_people && !rc; i++)
        rc = add_person(s, c, &s->set.people[i], s->passwords[i], why);
    if (rc) {
        change_free(c);
        return rc;
    }
    *ret = c;
    return KF_OK;
}

static void have_documents(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct seed *s = ctx;
    struct kf_err local = { 0 };
    struct change *c = NULL;

    if (!rc && q->n_documents) {
        seed_end(s, KF_OK, NULL);
        return;
    }
    if (!rc) {
        rc = plan(s, &c, &local);
        why = &local;
    }
    if (rc) {
        seed_end(s, rc, why);
        return;
    }
    s->ports->commit(s->ports->ctx, c, seeded, s);
}

void seed_site(const struct ports *ports, const char *path, void (*say)(void *ctx, const char *line),
               void (*done)(void *ctx, enum kf_rc rc, const struct kf_err *why), void *ctx)
{
    struct seed *s = calloc(1, sizeof(*s));
    struct query *q = query_new(QUERY_DOCUMENTS);
    struct kf_err why = { 0 };

    if (s)
        *s = (struct seed){ .ports = ports, .path = strdup(path), .say = say, .done = done, .ctx = ctx, .arena = arena_new(0) };
    if (!s || !q || !s->path || !s->arena) {
        if (q)
            arena_free(q->arena);
        if (s) {
            arena_free(s->arena);
            free(s->path);
        }
        free(s);
        (void)kf_fail(&why, KF_NOMEM, "out of memory");
        done(ctx, KF_NOMEM, &why);
        return;
    }
    ports->read(ports->ctx, q, have_documents, s);
}
