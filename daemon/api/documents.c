/* documents.c: settings: the documents of a site, one by one. Reading gives a version as an ETag, writing must name it (If-Match), so that
 * nobody overwrites what he has not seen. A change counts on this node at once, on the others with the hint that they get. */
#include "api/documents.h"

#include "protocols/channel.h"
#include "settings/kinds.h"
#include "settings/sense.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSIONS_MAX 100

/* ---- what is there ---- */

bool document_gone(const char *body)
{
    json_t *root = json_loads(body, 0, NULL);
    bool ret = document_deleted(root);

    json_decref(root);
    return ret;
}

json_t *document_json(const struct stored_document *d)
{
    json_t *body = json_loads(d->body, 0, NULL), *secrets = json_array();
    json_t *ret = json_pack("{s:s,s:s,s:I,s:I,s:s}", "kind", d->kind.s, "key", d->key.s, "version", (json_int_t)d->version, "at",
                            (json_int_t)d->at, "by", d->by);

    if (document_deleted(body)) {
        json_decref(body);
        json_decref(secrets);
        (void)json_object_set_new(ret, "deleted", json_true());
        return ret;
    }
    document_hide(d->kind.s, body, secrets);
    (void)json_object_set_new(ret, "body", body ? body : json_null());
    if (json_array_size(secrets))
        (void)json_object_set(ret, "secrets", secrets);
    json_decref(secrets);
    return ret;
}

const struct stored_document *document_in(const struct query *q, const struct kf_key *kind, const struct kf_key *key)
{
    for (size_t i = 0; i < q->n_documents; i++)
        if (key_eq(&q->documents[i].kind, kind) && key_eq(&q->documents[i].key, key))
            return &q->documents[i];
    return NULL;
}

/* ---- what shall be ---- */

/* What only the adapter itself sees, such as a secret that cannot be decoded. */
static enum kf_rc opens(const struct channel_ops *ops, struct slice settings, struct kf_err *why)
{
    struct channel *ch = NULL;
    enum kf_rc rc = ops->open(&ch, settings, why);

    ops->close(ch);
    return rc;
}

static enum kf_rc check_adapter(const struct document_change *c, struct kf_err *why)
{
    json_t *root = json_loads(c->body, 0, NULL);
    const char *adapter = json_string_value(json_object_get(root, "adapter"));
    char *settings = json_dumps(json_object_get(root, "settings"), JSON_COMPACT);
    const struct channel_ops *ops = adapter ? channel_find(adapter) : NULL;
    struct kf_err inner = { .rc = KF_OK };
    enum kf_rc rc = KF_OK;

    if (adapter && strcmp(adapter, "widget") != 0) {
        if (!ops)
            rc = kf_fail(&inner, KF_INVALID, "adapter: there is no adapter \"%.32s\"", adapter);
        else if (channel_check(ops, slice_of(settings ? settings : "{}"), &inner) ||
                 opens(ops, slice_of(settings ? settings : "{}"), &inner))
            rc = inner.rc;
        if (rc) {
            (void)snprintf(why->field, sizeof(why->field), "%s%.*s", ops ? "settings." : "", (int)strcspn(inner.text, ": ["), inner.text);
            (void)kf_fail(why, rc, "channel %s: %s%.180s", c->key.s, ops ? "settings." : "", inner.text);
        }
    }
    free(settings);
    json_decref(root);
    return rc;
}

/* What its adapter says of each of its templates, which may stand in its document only if it can send them. */
static enum kf_rc check_templates(const struct site_channel *sc, struct kf_err *why)
{
    const struct channel_ops *ops = channel_find(sc->adapter);

    if (sc->n_templates && !(ops && (ops->caps & CHAN_TEMPLATES))) {
        (void)snprintf(why->field, sizeof(why->field), "templates");
        return kf_fail(why, KF_INVALID, "channel %s: templates: the adapter %s sends none; leave them out", sc->key.s, sc->adapter);
    }
    for (size_t i = 0; i < sc->n_templates; i++) {
        struct kf_err inner = { .rc = KF_OK };

        if (!channel_template(ops, &sc->templates[i], &inner))
            continue;
        (void)snprintf(why->field, sizeof(why->field), "templates[%zu].%.*s", i, (int)strcspn(inner.text, ": ["), inner.text);
        return kf_fail(why, KF_INVALID, "channel %s: templates[%zu].%.180s", sc->key.s, i, inner.text);
    }
    return KF_OK;
}

/* Of the channels that change. */
static enum kf_rc check_sent(const struct site *built, const struct document_change *changes, size_t n, struct kf_err *why)
{
    enum kf_rc rc = KF_OK;

    for (size_t k = 0; k < n && !rc; k++) {
        const struct site_channel *sc =
            changes[k].body && strcmp(changes[k].kind.s, "channel") == 0 ? site_channel(built, &changes[k].key) : NULL;

        if (sc)
            rc = check_templates(sc, why);
    }
    return rc;
}

static enum kf_rc check_adapters(const struct kf_key *key, const char *member, const struct rule_words *words, struct kf_err *why)
{
    char names[160] = "widget";

    for (size_t i = 0; i < words->n; i++) {
        if (strcmp(words->at[i].s, "widget") == 0 || channel_find(words->at[i].s))
            continue;
        for (size_t k = 0, n = strlen(names); channel_registry[k] && n < sizeof(names); n = strlen(names), k++)
            (void)snprintf(names + n, sizeof(names) - n, " %s", channel_registry[k]->name);
        (void)snprintf(why->field, sizeof(why->field), "when.%s", member);
        return kf_fail(why, KF_INVALID, "rule %s: when.%s: there is no adapter \"%s\"; allowed are %s", key->s, member, words->at[i].s,
                       names);
    }
    return KF_OK;
}

/* A conversation that takes more places than any agent has would wait for ever. Where there is no agent yet, nobody knows. */
static enum kf_rc check_weight(struct turn *t, const struct site_channel *sc, const struct kf_key *site, struct kf_err *why)
{
    const struct member *m;
    int most = 0;

    for (size_t i = 0; (m = desk_member_at(turn_desk(t), site, i)); i++)
        if (!m->disabled && m->capacity > most)
            most = m->capacity;
    if (!most || sc->weight <= most)
        return KF_OK;
    (void)snprintf(why->field, sizeof(why->field), "weight");
    return kf_fail(why, KF_INVALID, "channel %s: weight is %d; allowed is 1 to %d: no agent has more places", sc->key.s, sc->weight, most);
}

/* Held against what this node knows beside the documents: its adapters, its agents. */
static enum kf_rc check_around(struct turn *t, const struct site *built, const struct document_change *c, struct kf_err *why)
{
    const struct site_channel *sc = strcmp(c->kind.s, "channel") == 0 ? site_channel(built, &c->key) : NULL;
    enum kf_rc rc = sc ? check_weight(t, sc, &built->key, why) : KF_OK;

    for (size_t i = 0; !rc && i < built->n_rules && strcmp(c->kind.s, "rule") == 0; i++) {
        const struct rule *r = &built->rules[i];

        if (!key_eq(&r->key, &c->key))
            continue;
        rc = check_adapters(&r->key, "adapters", &r->when.adapters, why);
        if (!rc)
            rc = check_adapters(&r->key, "not_adapters", &r->when.not_adapters, why);
    }
    return rc;
}

/* What is about to be saved must not only fit. */
static enum kf_rc check_sense(struct turn *t, const struct site *built, const struct document_change *changes, size_t n, struct kf_err *why)
{
    int64_t now_ms = turn_ports(t)->now_ms(turn_ports(t)->ctx);
    enum kf_rc rc = KF_OK;

    for (size_t k = 0; k < n && !rc; k++)
        if (changes[k].body && !(rc = check_around(t, built, &changes[k], why)))
            rc = document_sense(built, &changes[k].kind, &changes[k].key, slice_of(changes[k].body), now_ms, why);
    return rc;
}

enum kf_rc documents_build(struct turn *t, const struct site *site, const struct query *q, const struct document_change *changes, size_t n,
                           struct site **ret, struct kf_err *why)
{
    struct document *docs = arena_array(t->arena, q->n_documents + n + 1, sizeof(*docs));
    size_t n_docs = 0;
    enum kf_rc rc;

    if (!docs)
        return kf_fail(why, KF_NOMEM, "out of memory");
    for (size_t i = 0; i < q->n_documents; i++) {
        const struct stored_document *d = &q->documents[i];
        bool changed = false;

        for (size_t k = 0; k < n; k++)
            changed |= key_eq(&changes[k].kind, &d->kind) && key_eq(&changes[k].key, &d->key);
        if (!changed)
            docs[n_docs++] = (struct document){ d->kind, d->key, d->version, d->body };
    }
    for (size_t k = 0; k < n; k++) {
        if (changes[k].body && strcmp(changes[k].kind.s, "channel") == 0 && (rc = check_adapter(&changes[k], why)))
            return rc;
        if (changes[k].body)
            docs[n_docs++] = (struct document){ changes[k].kind, changes[k].key, changes[k].version + 1, changes[k].body };
    }
    rc = site_build(ret, &site->key, docs, n_docs, why);
    if (!rc && ((rc = check_sent(*ret, changes, n, why)) || (rc = check_sense(t, *ret, changes, n, why)))) {
        site_unref(*ret);
        *ret = NULL;
    }
    return rc;
}

enum kf_rc documents_check(struct turn *t, const struct site *site, const struct query *q, const struct document_change *changes, size_t n,
                           struct kf_err *why)
{
    struct site *built = NULL;
    enum kf_rc rc = documents_build(t, site, q, changes, n, &built, why);

    if (!rc)
        site_unref(built);
    return rc;
}

const char *document_finish(struct turn *t, const struct document_change *c, json_t *body, const struct stored_document *old)
{
    const char *ret;
    char *text;

    document_keep(t, c->kind.s, body, old && !document_gone(old->body) ? old->body : NULL);
    text = json_dumps(body, JSON_COMPACT);
    ret = text ? arena_text(t->arena, slice_of(text)) : NULL;
    free(text);
    return ret;
}

struct change *documents_change(struct turn *t, const struct kf_key *site, const struct document_change *changes, size_t n)
{
    struct change *c = change_new_settings(site, turn_ports(t)->now_ms(turn_ports(t)->ctx));

    if (!c) {
        turn_problem(t, 500, "out of memory");
        return NULL;
    }
    c->by = turn_actor(t, c);
    for (size_t i = 0; i < n; i++) {
        const struct document_change *d = &changes[i];

        change_act(c, ACT_DOCUMENT)->u.document =
            (struct act_document){ .kind = d->kind,
                                   .key = d->key,
                                   .version = d->version + 1,
                                   .body = d->body ? change_text(c, slice_of(d->body)) : "{\"deleted\":true}" };
        change_act(c, ACT_AUDIT)->u.entry = (struct entry){ .at = c->at,
                                                            .kind = d->body ? "settings_changed" : "settings_deleted",
                                                            .by = c->by,
                                                            .data = change_printf(c, "{\"kind\":\"%s\",\"key\":\"%s\",\"version\":%lld}",
                                                                                  d->kind.s, d->key.s, (long long)d->version + 1) };
    }
    return c;
}

/* ---- reading ---- */

void documents_read(struct turn *t, bool write, store_answer *done, void *ctx)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct query *q;

    if (!site)
        return;
    if (!t->op && !permit(m, write ? VERB_SETTINGS_WRITE : VERB_SETTINGS_READ, &site->key, NULL)) {
        turn_problem(t, 403, "only administrators of the site may do this");
        return;
    }
    q = query_new(QUERY_DOCUMENTS);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->site = site->key;
    turn_ports(t)->read(turn_ports(t)->ctx, q, done, ctx);
}

static void have_list(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    struct slice kind = turn_query(t, "kind");
    json_t *items;

    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    items = json_array();
    for (size_t i = 0; i < q->n_documents; i++)
        if ((!kind.n || slice_is(kind, q->documents[i].kind.s)) && !document_gone(q->documents[i].body))
            (void)json_array_append_new(items, document_json(&q->documents[i]));
    turn_jansson(t, 200, json_pack("{s:o}", "items", items));
}

static void get_list(struct turn *t)
{
    documents_read(t, false, have_list, t);
}

/* Kind and key of the path; false: answered. */
static bool named(struct turn *t, struct kf_key *kind, struct kf_key *key)
{
    if (key_parse(t->segment[1], kind) && kind_parse(t->segment[1]) >= 0 && key_parse(t->segment[2], key))
        return true;
    turn_problem(t, 404, "there is no such kind of document, or no such key");
    return false;
}

/* 304: whoever asks has this version already. */
static void answer_one(struct turn *t, int status, const struct stored_document *d)
{
    json_t *root = document_json(d);
    char *text = json_dumps(root, JSON_COMPACT);
    char tag[32] = "";
    struct http_pair headers[] = { { SLICE("Cache-Control"), SLICE("private, no-store") }, { SLICE("ETag"), slice_of(tag) } };
    struct net_answer a = { .status = status, .type = "application/json; charset=utf-8", .headers = headers, .n_headers = 2 };

    (void)snprintf(tag, sizeof(tag), "\"%lld\"", (long long)d->version);
    headers[1].value = slice_of(tag);
    json_decref(root);
    if (!text) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    a.body = slice_of(text);
    if (strcmp(t->method, "PUT") != 0 && http_has_already(turn_header(t, "if-none-match"), tag)) {
        a.status = 304;
        a.type = NULL;
        a.body = SLICE("");
    }
    turn_answer(t, &a);
    free(text);
}

static void have_one(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    const struct stored_document *d;
    struct kf_key kind, key;

    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    if (!named(t, &kind, &key))
        return;
    d = document_in(q, &kind, &key);
    if (!d || document_gone(d->body))
        turn_problem(t, 404, "there is no such document");
    else
        answer_one(t, 200, d);
}

static void get_one(struct turn *t)
{
    documents_read(t, false, have_one, t);
}

static void have_versions(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    json_t *items;

    if (rc || !q->n_documents) {
        turn_fail(t, rc ? rc : KF_ABSENT, why);
        return;
    }
    items = json_array();
    for (size_t i = 0; i < q->n_documents; i++)
        (void)json_array_append_new(items, document_json(&q->documents[i]));
    turn_jansson(t, 200, json_pack("{s:o}", "items", items));
}

static void get_versions(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct kf_key kind, key;
    struct query *q;

    if (!site)
        return;
    if (!t->op && !permit(m, VERB_SETTINGS_READ, &site->key, NULL)) {
        turn_problem(t, 403, "only administrators of the site may do this");
        return;
    }
    if (!named(t, &kind, &key))
        return;
    q = query_new(QUERY_VERSIONS);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->site = site->key;
    q->text = t->segment[1];
    q->text2 = t->segment[2];
    q->limit = VERSIONS_MAX;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_versions, t);
}

/* ---- writing ---- */

struct editing {
    struct turn *turn;
    struct kf_key site;
    struct document_change change;
    json_t *body;    /* as it came; NULL: delete */
    int64_t expects; /* the version that was seen; 0: none */
    struct stored_document result;
};

static void editing_end(struct editing *e)
{
    json_decref(e->body);
    free(e);
}

static void edit_loaded(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct editing *e = ctx;

    (void)rc;
    (void)why; /* it is stored: that this node could not read it again now is not the asker's trouble */
    if (e->change.body)
        answer_one(e->turn, e->expects ? 200 : 201, &e->result);
    else
        turn_empty(e->turn, 204);
    editing_end(e);
}

static void edited(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct editing *e = ctx;

    (void)news;
    if (rc == KF_CONFLICT)
        turn_problem_as(e->turn, 412, "conflict", why->text);
    else if (rc)
        turn_fail(e->turn, rc, why);
    if (rc) {
        editing_end(e);
        return;
    }
    desk_changed(turn_desk(e->turn), &e->site, edit_loaded, e);
}

/* Supervisors keep order, scorecards, checks and schedules. */
static bool of_supervisors(const char *kind)
{
    return strcmp(kind, "ban") == 0 || strcmp(kind, "scorecard") == 0 || strcmp(kind, "schedule") == 0 || strcmp(kind, "check") == 0;
}

/* Agents keep replies of their own, supervisors what is theirs; all else is for administrators. */
static bool may_edit(struct turn *t, const struct member *m, const struct editing *e, const struct stored_document *old)
{
    json_t *before = old && !document_gone(old->body) ? json_loads(old->body, 0, NULL) : NULL;
    const char *was = json_string_value(json_object_get(before, "person"));
    const char *is = json_string_value(json_object_get(e->body, "person"));
    char me[KF_ID_TEXT];
    bool ret;

    (void)id_text(&t->person, me);
    ret = t->op || permit(m, VERB_SETTINGS_WRITE, &e->site, NULL) ||
          (of_supervisors(e->change.kind.s) && permit(m, VERB_PRESENCE_OTHER, &e->site, NULL)) ||
          (m && !t->key && !m->disabled && strcmp(e->change.kind.s, "canned") == 0 && (!before || (was && strcmp(was, me) == 0)) &&
           (!e->body || (is && strcmp(is, me) == 0)) && (e->body || before));
    json_decref(before);
    return ret;
}

/* The body as it will be stored, in the turn's arena. */
static bool finish_body(struct editing *e, const struct stored_document *old)
{
    if (!e->body)
        return true;
    e->change.body = document_finish(e->turn, &e->change, e->body, old);
    return e->change.body != NULL;
}

static void have_current(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct editing *e = ctx;
    struct turn *t = e->turn;
    struct site *site = desk_site(turn_desk(t), &e->site);
    const struct stored_document *old = rc ? NULL : document_in(q, &e->change.kind, &e->change.key);
    int64_t now = old && !document_gone(old->body) ? old->version : 0;
    struct kf_err wrong = { .rc = KF_OK };
    struct change *c = NULL;

    if (rc || !site)
        turn_fail(t, rc ? rc : KF_ABSENT, why);
    else if (!may_edit(t, turn_member(t, &e->site), e, old))
        turn_problem(t, 403, "only %s of the site may do this",
                     of_supervisors(e->change.kind.s) ? "supervisors and administrators" : "administrators");
    else if (!e->body && !now)
        turn_problem(t, 404, "there is no such document");
    else if (e->expects != now) {
        char words[120];

        (void)snprintf(words, sizeof(words), now ? "it is at version %lld now: read it again" : "there is no such document any more",
                       (long long)now);
        turn_problem_as(t, 412, "conflict", words);
    } else if (!finish_body(e, old))
        turn_problem(t, 500, "out of memory");
    else {
        e->change.version = old ? old->version : 0;
        if (documents_check(t, site, q, &e->change, 1, &wrong))
            turn_fail(t, wrong.rc, &wrong);
        else
            c = documents_change(t, &e->site, &e->change, 1);
    }
    if (!c) {
        editing_end(e);
        return;
    }
    e->result = (struct stored_document){ .site = e->site,
                                          .kind = e->change.kind,
                                          .key = e->change.key,
                                          .version = e->change.version + 1,
                                          .at = c->at,
                                          .by = arena_text(t->arena, slice_of(c->by.name)),
                                          .body = e->change.body };
    turn_ports(t)->commit(turn_ports(t)->ctx, c, edited, e);
}

/* The version in `"3"`; 0: it is nothing of the kind. */
static int64_t version_of(struct slice tag)
{
    int64_t ret = 0;

    if (tag.n < 3 || tag.n >= 20 || tag.p[0] != '"' || tag.p[tag.n - 1] != '"')
        return 0;
    for (size_t i = 1; i + 1 < tag.n; i++) {
        if (tag.p[i] < '0' || tag.p[i] > '9')
            return 0;
        ret = 10 * ret + (tag.p[i] - '0');
    }
    return ret;
}

/* If-Match: "3", or If-None-Match: * for what is new. -1: answered. Whatever there is ("*") and a list are not what somebody has read, and a
 * weak one is never the same (RFC 9110, 13.1.1). */
static int64_t expected(struct turn *t)
{
    struct slice match = turn_header(t, "if-match"), none = turn_header(t, "if-none-match");
    int64_t ret = version_of(match);

    if (slice_is(none, "*") && !match.n)
        return 0;
    if (ret)
        return ret;
    if (match.n > 2 && memcmp(match.p, "W/", 2) == 0)
        turn_problem(t, 412, "If-Match: a weak version matches none: send the ETag as it was given, \"N\"");
    else if (match.n || none.n)
        turn_problem(t, 400, "If-Match is one version, \"N\"; If-None-Match is * and only for what is new");
    else
        turn_problem(t, 428, "say which version you have seen: If-Match: \"N\", or If-None-Match: * for a new one");
    return -1;
}

static void edit(struct turn *t, bool remove)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct editing *e;
    struct kf_key kind, key;
    struct query *q;
    json_t *body = NULL;
    int64_t expects;

    if (!site || !named(t, &kind, &key) || (expects = expected(t)) < 0)
        return;
    if (!remove && !(body = turn_body(t)))
        return;
    if (!remove && document_deleted(body)) {
        json_decref(body);
        turn_problem(t, 400, "to take it away, use DELETE");
        return;
    }
    e = calloc(1, sizeof(*e));
    q = e ? query_new(QUERY_DOCUMENTS) : NULL;
    if (!q) {
        json_decref(body);
        free(e);
        turn_problem(t, 500, "out of memory");
        return;
    }
    *e = (struct editing){ .turn = t, .site = site->key, .body = body, .expects = expects, .change = { .kind = kind, .key = key } };
    q->site = site->key;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_current, e);
}

static void put_one(struct turn *t)
{
    edit(t, false);
}

static void delete_one(struct turn *t)
{
    edit(t, true);
}

const struct route_entry routes_documents[] = { { "GET", "/api/v1/sites/*/documents", GATE_EITHER_KEY, get_list },
                                                { "GET", "/api/v1/sites/*/documents/*/*", GATE_EITHER_KEY, get_one },
                                                { "PUT", "/api/v1/sites/*/documents/*/*", GATE_EITHER_KEY, put_one },
                                                { "DELETE", "/api/v1/sites/*/documents/*/*", GATE_EITHER_KEY, delete_one },
                                                { "GET", "/api/v1/sites/*/documents/*/*/versions", GATE_EITHER_KEY, get_versions },
                                                { NULL, NULL, GATE_OPEN, NULL } };
