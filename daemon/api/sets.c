/* sets.c: a whole site as one file: what it is now, what a file would change, and that change in one commit. Whoever has looked before he
 * applies says what he has seen (If-Match), and is told where somebody has changed it meanwhile. */
#include "api/documents.h"

#include "settings/kinds.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

/* Where the documents of a kind stand in a set. */
static const struct part {
    const char *kind, *name;
    bool listed; /* with their keys inside */
} parts[] = {
    { "hours", "hours", false },        { "skill", "skills", false },
    { "queue", "queues", false },       { "channel", "channels", false },
    { "wording", "wordings", false },   { "rule", "rules", true },
    { "canned", "canned", true },       { "forbidden", "forbidden", false },
    { "ban", "bans", false },           { "scorecard", "scorecards", false },
    { "schedule", "schedules", false }, { "article", "articles", false },
    { "bot", "bots", false },           { "check", "checks", false },
};

#define ORDER     100 /* of a rule that says nothing of it */
#define N_PARTS   (sizeof(parts) / sizeof(parts[0]))
#define TAG_BYTES 16

/* ---- what there is ---- */

struct set_tag {
    char s[2 * TAG_BYTES + 3]; /* with its quotes: an ETag */
};

static bool in_sets(const char *kind)
{
    for (size_t i = 0; i < N_PARTS; i++)
        if (strcmp(parts[i].kind, kind) == 0)
            return true;
    return strcmp(kind, "site") == 0;
}

/* Another one as soon as anything of the site has changed, what was taken away too, and secrets that no set shows. False: out of memory. */
static bool tag_of(const struct query *q, struct set_tag *ret)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    uint8_t digest[EVP_MAX_MD_SIZE];
    bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;

    for (size_t i = 0; ok && i < q->n_documents; i++) {
        const struct stored_document *d = &q->documents[i];
        char line[2 * sizeof(struct kf_key) + 32];
        int n = snprintf(line, sizeof(line), "%s/%s %lld\n", d->kind.s, d->key.s, (long long)d->version);

        ok = !in_sets(d->kind.s) || EVP_DigestUpdate(md, line, (size_t)n) == 1;
    }
    ok = ok && EVP_DigestFinal_ex(md, digest, NULL) == 1;
    EVP_MD_CTX_free(md);
    for (size_t i = 0; ok && i < TAG_BYTES; i++)
        (void)snprintf(ret->s + 1 + 2 * i, 3, "%02x", digest[i]);
    ret->s[0] = '"';
    (void)snprintf(ret->s + 1 + (size_t)(2 * TAG_BYTES), 2, "\"");
    return ok;
}

static void answer_tagged(struct turn *t, json_t *root, const struct set_tag *tag)
{
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    const struct http_pair headers[] = { { SLICE("Cache-Control"), SLICE("private, no-store") }, { SLICE("ETag"), slice_of(tag->s) } };
    const struct net_answer a = { .status = 200,
                                  .type = "application/json; charset=utf-8",
                                  .headers = headers,
                                  .n_headers = 2,
                                  .body = text ? slice_of(text) : SLICE("") };

    json_decref(root);
    if (text)
        turn_answer(t, &a);
    else
        turn_problem(t, 500, "out of memory");
    free(text);
}

/* ---- export ---- */

/* In a set, rules that do not say their order stand as they are listed. */
static void say_order(const char *kind, json_t *body)
{
    if (strcmp(kind, "rule") == 0 && !json_object_get(body, "order"))
        (void)json_object_set_new(body, "order", json_integer(ORDER));
}

static void export_part(json_t *set, const struct query *q, const struct part *p)
{
    json_t *all = p->listed ? json_array() : json_object();

    for (size_t i = 0; i < q->n_documents; i++) {
        const struct stored_document *d = &q->documents[i];
        const char *language = strcmp(p->kind, "wording") == 0 ? language_of_key(&d->key) : NULL;
        json_t *body;

        if (strcmp(d->kind.s, p->kind) != 0 || document_gone(d->body))
            continue;
        body = json_loads(d->body, 0, NULL);
        document_hide(d->kind.s, body, NULL);
        say_order(d->kind.s, body);
        if (p->listed) {
            (void)json_object_set_new(body, "key", json_string(d->key.s));
            (void)json_array_append_new(all, body);
        } else
            (void)json_object_set_new(all, language ? language : d->key.s, body);
    }
    if (json_array_size(all) || json_object_size(all))
        (void)json_object_set(set, p->name, all);
    json_decref(all);
}

static void have_set(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    const struct stored_document *site = rc ? NULL : document_in(q, &(struct kf_key){ "site" }, &(struct kf_key){ "site" });
    json_t *set, *body;
    struct set_tag tag;

    if (!rc && !tag_of(q, &tag))
        rc = KF_NOMEM;
    if (rc || !site) {
        turn_fail(t, rc ? rc : KF_ABSENT, why);
        return;
    }
    set = json_object();
    body = json_loads(site->body, 0, NULL);
    document_hide("site", body, NULL);
    (void)json_object_set_new(body, "key", json_string(site->site.s));
    (void)json_object_set_new(set, "site", body);
    for (size_t i = 0; i < N_PARTS; i++)
        export_part(set, q, &parts[i]);
    answer_tagged(t, set, &tag);
}

static void get_set(struct turn *t)
{
    documents_read(t, false, have_set, t);
}

/* ---- apply ---- */

struct applying {
    struct turn *turn;
    struct kf_key site;
    struct document_change *changes;
    size_t n;
    json_t *told;       /* [{"kind","key","does":"adds|changes|removes"}] */
    struct set_tag tag; /* of what it was compared with */
};

static bool same(const char *kind, const char *a, const char *b)
{
    json_t *x = json_loads(a, 0, NULL), *y = json_loads(b, 0, NULL);
    bool ret;

    say_order(kind, x);
    say_order(kind, y);
    ret = json_equal(x, y);

    json_decref(x);
    json_decref(y);
    return ret;
}

static void add_change(struct applying *a, const struct kf_key *kind, const struct kf_key *key, const char *body, int64_t version,
                       const char *does)
{
    a->changes[a->n++] = (struct document_change){ .kind = *kind, .key = *key, .body = body, .version = version };
    (void)json_array_append_new(a->told, json_pack("{s:s,s:s,s:s}", "kind", kind->s, "key", key->s, "does", does));
}

/* With the secrets of the document that it replaces. */
static const char *merged(struct applying *a, const struct document *d, const struct stored_document *old)
{
    json_t *body = json_loads(d->body, 0, NULL);
    char *text;
    const char *ret;

    document_keep(a->turn, d->kind.s, body, old ? old->body : NULL);
    text = json_dumps(body, JSON_COMPACT);
    ret = text ? arena_text(a->turn->arena, slice_of(text)) : NULL;
    free(text);
    json_decref(body);
    return ret;
}

/* What the set has and the site has not, or otherwise. False: out of memory. */
static bool compare_new(struct applying *a, const struct query *q, const struct site_set *set)
{
    for (size_t i = 0; i < set->n_docs; i++) {
        const struct document *d = &set->docs[i];
        const struct stored_document *old = document_in(q, &d->kind, &d->key);
        bool there = old && !document_gone(old->body);
        const char *body = merged(a, d, there ? old : NULL);

        if (!body)
            return false;
        if (!there || !same(d->kind.s, body, old->body))
            add_change(a, &d->kind, &d->key, body, old ? old->version : 0, there ? "changes" : "adds");
    }
    return true;
}

static bool set_has(const struct site_set *set, const struct stored_document *d)
{
    for (size_t i = 0; i < set->n_docs; i++)
        if (key_eq(&set->docs[i].kind, &d->kind) && key_eq(&set->docs[i].key, &d->key))
            return true;
    return false;
}

/* What the site has and the set has not, of the parts that the set speaks of. What people keep for themselves stays. */
static void compare_old(struct applying *a, const struct query *q, const struct site_set *set, const json_t *root)
{
    for (size_t i = 0; i < q->n_documents; i++) {
        const struct stored_document *d = &q->documents[i];
        bool spoken = false;

        for (size_t k = 0; k < N_PARTS; k++)
            spoken |= strcmp(parts[k].kind, d->kind.s) == 0 && json_object_get(root, parts[k].name);
        if (spoken && !document_gone(d->body) && !set_has(set, d))
            add_change(a, &d->kind, &d->key, NULL, d->version, "removes");
    }
}

static void applying_end(struct applying *a)
{
    json_decref(a->told);
    free(a);
}

/* What was only looked at has a tag to apply it with: it stands in the body, too, for pages that see no headers. */
static void told(struct applying *a, bool applied)
{
    json_t *root = json_pack("{s:b,s:O}", "applied", (int)applied, "changes", a->told);

    if (applied)
        turn_jansson(a->turn, 200, root);
    else {
        (void)json_object_set_new(root, "tag", json_string(a->tag.s));
        answer_tagged(a->turn, root, &a->tag);
    }
    applying_end(a);
}

/* Is it as whoever asks has seen it? Who says nothing of that takes it as it is. */
static bool seen(struct turn *t, const struct set_tag *tag)
{
    struct slice match = turn_header(t, "if-match");

    return !match.n || slice_is(match, "*") || slice_is(match, tag->s);
}

static void apply_loaded(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    (void)rc;
    (void)why;
    told(ctx, true);
}

static void applied(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct applying *a = ctx;

    (void)news;
    if (rc) {
        turn_fail(a->turn, rc, why);
        applying_end(a);
        return;
    }
    desk_changed(turn_desk(a->turn), &a->site, apply_loaded, a);
}

/* The set alone has been checked; the site that comes of it is checked, too: it may keep what the set does not speak of. */
static enum kf_rc plan(struct applying *a, const struct query *q, struct kf_err *why)
{
    struct site *site = desk_site(turn_desk(a->turn), &a->site);
    struct site_set set;
    json_t *root;
    enum kf_rc rc = site_set_parse(a->turn->body, a->turn->arena, &set, why);

    if (rc)
        return rc;
    if (!site || !key_eq(&set.key, &a->site))
        return kf_fail(why, KF_INVALID, "the set is of the site \"%s\", not of \"%s\"", set.key.s, a->site.s);
    a->changes = arena_array(a->turn->arena, set.n_docs + q->n_documents + 1, sizeof(*a->changes));
    root = json_loadb(a->turn->body.p, a->turn->body.n, 0, NULL);
    if (!a->changes || !root || !compare_new(a, q, &set))
        rc = kf_fail(why, KF_NOMEM, "out of memory");
    else
        compare_old(a, q, &set, root);
    json_decref(root);
    return rc ? rc : documents_check(a->turn, site, q, a->changes, a->n, why);
}

static void have_old(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct applying *a = ctx;
    struct turn *t = a->turn;
    struct kf_err wrong = { .rc = KF_OK };
    struct change *c;

    if (!rc && !tag_of(q, &a->tag))
        rc = KF_NOMEM;
    if (!rc && !seen(t, &a->tag)) {
        turn_problem(t, 412, "the settings have been changed since you looked: look again at what would change");
        applying_end(a);
        return;
    }
    if (rc || (rc = plan(a, q, &wrong))) {
        turn_fail(t, rc, wrong.rc ? &wrong : why);
        applying_end(a);
        return;
    }
    if (!a->n || slice_is(turn_query(t, "dry_run"), "1")) {
        told(a, false);
        return;
    }
    c = documents_change(t, &a->site, a->changes, a->n);
    if (!c) {
        applying_end(a);
        return;
    }
    turn_ports(t)->commit(turn_ports(t)->ctx, c, applied, a);
}

void sets_put(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct applying *a;
    struct query *q;

    if (!site)
        return;
    if (!t->op && !permit(m, VERB_SETTINGS_WRITE, &site->key, NULL)) {
        turn_problem(t, 403, "only administrators of the site may do this");
        return;
    }
    if (t->knocks) {
        net_admit(api_server(t->api), t->req);
        turn_end(t);
        return;
    }
    a = calloc(1, sizeof(*a));
    q = a ? query_new(QUERY_DOCUMENTS) : NULL;
    if (!q) {
        free(a);
        turn_problem(t, 500, "out of memory");
        return;
    }
    *a = (struct applying){ .turn = t, .site = site->key, .told = json_array() };
    q->site = site->key;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_old, a);
}

const struct route_entry routes_sets[] = { { "GET", "/api/v1/sites/*/set", GATE_EITHER_KEY, get_set },
                                           { "PUT", "/api/v1/sites/*/set", GATE_EITHER_KEY, sets_put },
                                           { NULL, NULL, GATE_OPEN, NULL } };
