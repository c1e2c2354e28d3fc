/* set.c: a whole site in one file, taken apart into the documents that the store keeps, and its people. */
#include "core/person.h"
#include "settings/kinds.h"
#include "settings/site.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

struct taking {
    struct keys_at at;
    struct site_set *ret;
    size_t cap;
};

static enum kf_rc add(struct taking *t, const char *kind, struct slice key, const json_t *body)
{
    struct document *d = &t->ret->docs[t->ret->n_docs];
    char what[80], *text;
    struct keys_at at = { .what = what, .arena = t->at.arena, .why = t->at.why };
    enum kf_rc rc;

    (void)snprintf(what, sizeof(what), "%s \"%.*s\"", kind, (int)(key.n < 40 ? key.n : 40), key.p);
    if (!key_parse(key, &d->key))
        return keys_fail(&at, "a key is 1 to 32 of a-z, 0-9, _ and -");
    (void)key_parse(slice_of(kind), &d->kind);
    for (size_t i = 0; i < t->ret->n_docs; i++)
        if (key_eq(&t->ret->docs[i].kind, &d->kind) && key_eq(&t->ret->docs[i].key, &d->key))
            return keys_fail(&at, "is there twice");
    text = json_dumps(body, JSON_COMPACT);
    if (!text || !(d->body = arena_text(at.arena, slice_of(text)))) {
        free(text);
        return keys_nomem(&at);
    }
    free(text);
    d->version = 1;
    rc = document_check(kind, slice_of(d->body), at.why);
    if (rc && at.why) { /* which one it was */
        struct kf_err err = *at.why;

        return kf_fail(at.why, rc, "%s%.190s", what, err.text + strcspn(err.text, ":"));
    }
    t->ret->n_docs++;
    return rc;
}

static struct slice text_of(const json_t *value)
{
    return (struct slice){ json_string_value(value), json_string_length(value) };
}

/* {"site": {"key": "demo", …}}: the key is the set's. */
static enum kf_rc take_site(struct taking *t, json_t *site)
{
    const json_t *key = json_object_get(site, "key");

    if (!json_is_string(key) || !key_parse(text_of(key), &t->ret->key))
        return keys_fail(&t->at, "site: key is missing, 1 to 32 of a-z, 0-9, _ and -");
    (void)json_object_del(site, "key");
    return add(t, "site", SLICE("site"), site);
}

/* {key: body, …}; languages are written "zh-CN" here, and "zh-cn" as keys of documents. */
static enum kf_rc take_named(struct taking *t, const char *kind, json_t *all)
{
    const char *name;
    json_t *body;

    json_object_foreach(all, name, body)
    {
        char key[KF_KEY_MAX + 2] = "";
        enum kf_rc rc;

        for (size_t i = 0; i <= KF_KEY_MAX && name[i]; i++)
            key[i] = strcmp(kind, "wording") == 0 && name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 32) : name[i];
        rc = add(t, kind, slice_of(key), body);
        if (rc)
            return rc;
    }
    return KF_OK;
}

/* [{"key": …}, …]. Rules stand in the order of the list, canned replies may go by their code. */
static enum kf_rc take_listed(struct taking *t, const char *kind, json_t *all)
{
    bool rules = strcmp(kind, "rule") == 0;

    for (size_t i = 0; i < json_array_size(all); i++) {
        json_t *body = json_array_get(all, i), *key = json_incref(json_object_get(body, "key"));
        enum kf_rc rc;

        if (!key && !rules)
            key = json_incref(json_object_get(body, "code"));
        if (!json_is_string(key)) {
            json_decref(key);
            return keys_fail(&t->at, "%s %zu: key is missing", kind, i + 1);
        }
        (void)json_object_del(body, "key");
        if (rules && !json_object_get(body, "order"))
            (void)json_object_set_new(body, "order", json_integer(100 + (json_int_t)i));
        rc = add(t, kind, text_of(key), body);
        json_decref(key);
        if (rc)
            return rc;
    }
    return KF_OK;
}

static enum kf_rc take_people(struct taking *t, json_t *all)
{
    struct site_set *set = t->ret;

    set->people = arena_array(t->at.arena, json_array_size(all) + 1, sizeof(*set->people));
    if (!set->people)
        return keys_nomem(&t->at);
    for (size_t i = 0; i < json_array_size(all); i++) {
        char what[40];
        const struct keys_at at = { .what = what, .arena = t->at.arena, .why = t->at.why };
        enum kf_rc rc;

        (void)snprintf(what, sizeof(what), "person %zu", i + 1);
        rc = keys_read(&at, person_keys, json_array_get(all, i), &set->people[i]);
        if (rc)
            return rc;
        for (size_t k = 0; k < i; k++)
            if (strcmp(set->people[k].email, set->people[i].email) == 0)
                return keys_fail(&at, "%s is there twice", set->people[i].email);
        set->n_people++;
    }
    return KF_OK;
}

static enum kf_rc take_part(struct taking *t, const char *name, json_t *part)
{
    static const struct {
        const char *name, *kind;
        bool listed;
    } parts[] = { { "channels", "channel", false },
                  { "hours", "hours", false },
                  { "skills", "skill", false },
                  { "forbidden", "forbidden", false },
                  { "bans", "ban", false },
                  { "articles", "article", false },
                  { "bots", "bot", false },
                  { "queues", "queue", false },
                  { "scorecards", "scorecard", false },
                  { "schedules", "schedule", false },
                  { "checks", "check", false },
                  { "wordings", "wording", false },
                  { "rules", "rule", true },
                  { "canned", "canned", true } };

    if (strcmp(name, "site") == 0)
        return json_is_object(part) ? take_site(t, part) : keys_fail(&t->at, "site must be an object");
    if (strcmp(name, "people") == 0)
        return json_is_array(part) ? take_people(t, part) : keys_fail(&t->at, "people must be a list");
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strcmp(name, parts[i].name) != 0)
            continue;
        if (parts[i].listed)
            return json_is_array(part) ? take_listed(t, parts[i].kind, part) : keys_fail(&t->at, "%s must be a list", name);
        return json_is_object(part) ? take_named(t, parts[i].kind, part) : keys_fail(&t->at, "%s must be an object", name);
    }
    return keys_fail(&t->at,
                     "\"%.32s\" is not known here; allowed are site, channels, hours, skills, queues, wordings, rules, canned, articles, "
                     "bots, forbidden, bans, scorecards, schedules, checks, people",
                     name);
}

static enum kf_rc take_parts(struct taking *t, json_t *root)
{
    const char *name;
    json_t *part;

    if (!json_is_object(root))
        return keys_fail(&t->at, "must be an object");
    if (!json_object_get(root, "site"))
        return keys_fail(&t->at, "site is missing");
    json_object_foreach(root, name, part)
    {
        t->cap += json_is_array(part) ? json_array_size(part) : json_object_size(part);
    }
    t->ret->docs = arena_array(t->at.arena, t->cap + 1, sizeof(*t->ret->docs));
    if (!t->ret->docs)
        return keys_nomem(&t->at);
    json_object_foreach(root, name, part)
    {
        enum kf_rc rc = take_part(t, name, part);

        if (rc)
            return rc;
    }
    return KF_OK;
}

/* People who work in a queue that there is not would wait for ever. */
static enum kf_rc check_people(const struct taking *t)
{
    const struct site_set *set = t->ret;

    for (size_t i = 0; i < set->n_people; i++)
        for (size_t q = 0; q < set->people[i].n_queues; q++) {
            size_t d = 0;

            while (d < set->n_docs && !(strcmp(set->docs[d].kind.s, "queue") == 0 && key_eq(&set->docs[d].key, &set->people[i].queues[q])))
                d++;
            if (d == set->n_docs)
                return keys_fail(&t->at, "person %zu: there is no queue \"%s\"", i + 1, set->people[i].queues[q].s);
        }
    return KF_OK;
}

/* What the parts say of each other is right, too, or the daemon would find out when it is too late. */
static enum kf_rc check_whole(const struct taking *t)
{
    struct site *site;
    enum kf_rc rc = site_build(&site, &t->ret->key, t->ret->docs, t->ret->n_docs, t->at.why);

    if (!rc)
        site_unref(site);
    return rc;
}

enum kf_rc site_set_parse(struct slice json, struct arena *arena, struct site_set *ret, struct kf_err *why)
{
    struct site_set set = { .n_docs = 0 };
    struct taking t = { .at = { .what = "set", .arena = arena, .why = why }, .ret = &set };
    json_t *root = NULL;
    enum kf_rc rc = keys_json(&t.at, json, &root);

    if (rc)
        return rc;
    rc = take_parts(&t, root);
    json_decref(root);
    if (rc || (rc = check_people(&t)) || (rc = check_whole(&t)))
        return rc;
    *ret = set;
    return KF_OK;
}
