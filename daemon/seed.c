#include "seed.h"

#include "password.h"
#include "settings/site.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX     (4u << 20)
#define SECRET_BYTES 24

struct seed {
    const struct ports *ports;
    struct arena *arena;
    struct site_set set;
    struct seed_options options;
    struct change *change;
    json_t *channels;
    const char **passwords;
};

/* ---- chance ---- */

static const char *chance_hex(struct seed *s, size_t bytes)
{
    char text[2 * 64 + 1];
    uint8_t raw[64];

    s->ports->chance(s->ports->ctx, raw, bytes);
    for (size_t i = 0; i < bytes; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", raw[i]);
    return arena_text(s->arena, slice_of(text));
}

/* Letters that cannot be mistaken for one another when somebody types them from a terminal. */
static const char *chance_password(struct seed *s)
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
    char text[17];
    uint8_t raw[16];

    s->ports->chance(s->ports->ctx, raw, sizeof(raw));
    for (size_t i = 0; i < sizeof(raw); i++)
        text[i] = letters[raw[i] % (sizeof(letters) - 1)];
    text[sizeof(raw)] = '\0';
    return arena_text(s->arena, slice_of(text));
}

static json_t *chance_secret(struct seed *s)
{
    char text[80] = "whsec_";
    uint8_t raw[SECRET_BYTES];

    s->ports->chance(s->ports->ctx, raw, sizeof(raw));
    (void)EVP_EncodeBlock((unsigned char *)text + strlen(text), raw, sizeof(raw));
    return json_string(text);
}

/* ---- documents ---- */

/* The secret that signs visitors' tokens is this installation's own. */
static void finish_site(struct seed *s, json_t *site)
{
    if (!json_object_get(site, "token_secret"))
        json_object_set_new(site, "token_secret", json_string(chance_hex(s, 32)));
}

static void replace_secrets(struct seed *s, json_t *settings)
{
    const char *name;
    json_t *list, *entry;
    size_t i;

    json_object_foreach(settings, name, list)
        json_array_foreach(list, i, entry) if (json_is_string(entry) && strncmp(json_string_value(entry), "whsec_", 6) == 0)
            json_array_set_new(list, i, chance_secret(s));
}

/* The address that a platform calls is a secret too: nobody can guess it. */
static void finish_channel(struct seed *s, const struct document *d, json_t *body)
{
    const char *adapter = json_string_value(json_object_get(body, "adapter"));
    json_t *settings = json_object_get(body, "settings"), *told;

    if (!adapter || strcmp(adapter, "widget") == 0)
        return;
    if (!json_object_get(body, "hook"))
        json_object_set_new(body, "hook", json_string(chance_hex(s, 16)));
    if (s->options.fresh_secrets)
        replace_secrets(s, settings);
    told = json_pack("{s:s,s:s,s:o}", "key", d->key.s, "adapter", adapter, "hook",
                     json_sprintf("/hooks/%s", json_string_value(json_object_get(body, "hook"))));
    if (s->options.fresh_secrets && json_object_get(settings, "secrets"))
        json_object_set(told, "secrets", json_object_get(settings, "secrets"));
    json_array_append_new(s->channels, told);
}

static const char *finished(struct seed *s, const struct document *d)
{
    bool site = strcmp(d->kind.s, "site") == 0, channel = strcmp(d->kind.s, "channel") == 0;
    json_t *body = site || channel ? json_loads(d->body, 0, NULL) : NULL;
    const char *ret = d->body;
    char *text;

    if (!body)
        return ret;
    if (site)
        finish_site(s, body);
    else
        finish_channel(s, d, body);
    text = json_dumps(body, JSON_COMPACT);
    ret = text ? arena_text(s->arena, slice_of(text)) : NULL;
    free(text);
    json_decref(body);
    return ret;
}

/* ---- people ---- */

static enum kf_rc add_person(struct seed *s, const struct site_person *p, const char *password, struct kf_err *why)
{
    struct change *c = s->change;
    char hash[PASSWORD_TEXT];
    uint8_t chance[10];
    struct kf_id id;
    struct member *member;
    struct act *act;
    enum kf_rc rc = password_hash(slice_of(password), hash, why);

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
    member = change_member(c);
    *member = (struct member){ .person = id,
                               .site = s->set.key,
                               .roles = p->roles,
                               .name = change_text(c, slice_of(p->name)),
                               .number = change_text(c, slice_of(p->number ? p->number : "")),
                               .capacity = p->capacity,
                               .n_queues = p->n_queues,
                               .n_skills = p->n_skills,
                               .presence_reason = "" };
    memcpy(member->queues, p->queues, sizeof(p->queues));
    memcpy(member->skills, p->skills, sizeof(p->skills));
    memcpy(member->levels, p->levels, sizeof(p->levels));
    return KF_OK;
}

/* ---- the whole ---- */

static enum kf_rc plan(struct seed *s, struct slice set, struct kf_err *why)
{
    enum kf_rc rc = site_set_parse(set, s->arena, &s->set, why);

    if (rc)
        return rc;
    s->change = change_new_settings(&s->set.key, s->ports->now_ms(s->ports->ctx));
    s->passwords = arena_array(s->arena, s->set.n_people + 1, sizeof(*s->passwords));
    if (!s->change || !s->passwords)
        return kf_fail(why, KF_NOMEM, "out of memory");
    for (size_t i = 0; i < s->set.n_docs; i++) {
        const struct document *d = &s->set.docs[i];
        const char *body = finished(s, d);
        struct act *act = change_act(s->change, ACT_DOCUMENT);

        if (!body)
            return kf_fail(why, KF_NOMEM, "out of memory");
        act->u.document = (struct act_document){ d->kind, d->key, 1, change_text(s->change, slice_of(body)) };
    }
    for (size_t i = 0; i < s->set.n_people && !rc; i++) {
        s->passwords[i] = s->options.password ? arena_text(s->arena, slice_of(s->options.password)) : chance_password(s);
        rc = s->passwords[i] ? add_person(s, &s->set.people[i], s->passwords[i], why) : kf_fail(why, KF_NOMEM, "out of memory");
    }
    return rc;
}

enum kf_rc seed_plan(struct seed **ret, const struct ports *ports, struct slice set, const struct seed_options *options, struct kf_err *why)
{
    struct arena *a = arena_new(0);
    struct seed *s = a ? ARENA_NEW(a, struct seed) : NULL;
    enum kf_rc rc;

    if (!s) {
        arena_free(a);
        return kf_fail(why, KF_NOMEM, "out of memory");
    }
    s->arena = a;
    s->ports = ports;
    s->options = *options;
    s->channels = json_array();
    rc = plan(s, set, why);
    if (rc) {
        seed_free(s);
        return rc;
    }
    *ret = s;
    return KF_OK;
}

const struct kf_key *seed_key(const struct seed *s)
{
    return &s->set.key;
}

struct change *seed_change(struct seed *s)
{
    struct change *ret = s->change;

    s->change = NULL;
    return ret;
}

json_t *seed_json(const struct seed *s)
{
    json_t *people = json_array();

    for (size_t i = 0; i < s->set.n_people; i++)
        json_array_append_new(people, json_pack("{s:s,s:s,s:s}", "email", s->set.people[i].email, "name", s->set.people[i].name, "password",
                                                s->passwords[i]));
    return json_pack("{s:s,s:o,s:O}", "site", s->set.key.s, "people", people, "channels", s->channels);
}

void seed_free(struct seed *s)
{
    if (!s)
        return;
    change_free(s->change);
    json_decref(s->channels);
    arena_free(s->arena);
}

/* ---- the demo ---- */

struct demo {
    const struct ports *ports;
    char *path;
    void (*say)(void *ctx, const char *line);
    void (*done)(void *ctx, enum kf_rc rc, const struct kf_err *why);
    void *ctx;
    struct seed *seed;
};

static void demo_end(struct demo *d, enum kf_rc rc, const struct kf_err *why)
{
    d->done(d->ctx, rc, why);
    seed_free(d->seed);
    free(d->path);
    free(d);
}

static void demo_tell(const struct demo *d)
{
    const struct seed *s = d->seed;
    json_t *channel;
    char line[256];
    size_t i;

    for (i = 0; i < s->set.n_people; i++) {
        (void)snprintf(line, sizeof(line), "  %-28s %-12s %s", s->set.people[i].email, s->set.people[i].name, s->passwords[i]);
        d->say(d->ctx, line);
    }
    json_array_foreach(s->channels, i, channel)
    {
        const char *secret = json_string_value(json_array_get(json_object_get(channel, "secrets"), 0));

        (void)snprintf(line, sizeof(line), "  channel %-8s %s %s", json_string_value(json_object_get(channel, "key")),
                       json_string_value(json_object_get(channel, "hook")), secret ? secret : "");
        d->say(d->ctx, line);
    }
}

static void demo_seeded(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct demo *d = ctx;

    (void)news;
    if (!rc)
        demo_tell(d);
    demo_end(d, rc, why);
}

static enum kf_rc demo_plan(struct demo *d, struct kf_err *why)
{
    const char *given = getenv("KEFUD_DEMO_PASSWORD");
    const struct seed_options options = { .password = given && *given ? given : NULL, .fresh_secrets = true };
    FILE *f = fopen(d->path, "re");
    char *text = f ? malloc(FILE_MAX) : NULL;
    size_t n = text ? fread(text, 1, FILE_MAX, f) : 0;
    enum kf_rc rc;

    if (f)
        (void)fclose(f);
    if (!text)
        return kf_fail(why, KF_ABSENT, "cannot read %s", d->path);
    rc = seed_plan(&d->seed, d->ports, (struct slice){ text, n }, &options, why);
    free(text);
    return rc;
}

static void have_documents(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct demo *d = ctx;
    struct kf_err local = { 0 };

    if (!rc && q->n_documents) {
        demo_end(d, KF_OK, NULL);
        return;
    }
    if (!rc) {
        rc = demo_plan(d, &local);
        why = &local;
    }
    if (rc)
        demo_end(d, rc, why);
    else
        d->ports->commit(d->ports->ctx, seed_change(d->seed), demo_seeded, d);
}

void seed_site(const struct ports *ports, const char *path, void (*say)(void *ctx, const char *line),
               void (*done)(void *ctx, enum kf_rc rc, const struct kf_err *why), void *ctx)
{
    struct demo *d = calloc(1, sizeof(*d));
    struct query *q = query_new(QUERY_DOCUMENTS);
    struct kf_err why = { 0 };

    if (d)
        *d = (struct demo){ .ports = ports, .path = strdup(path), .say = say, .done = done, .ctx = ctx };
    if (!d || !q || !d->path) {
        if (q)
            arena_free(q->arena);
        if (d)
            free(d->path);
        free(d);
        (void)kf_fail(&why, KF_NOMEM, "out of memory");
        done(ctx, KF_NOMEM, &why);
        return;
    }
    ports->read(ports->ctx, q, have_documents, d);
}
