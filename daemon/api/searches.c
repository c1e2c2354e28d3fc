/* searches.c: searches that are kept, one's own and those that somebody shares with the site. What they find is still what permit() lets the
 * one find who runs them. */
#include "api/api.h"
#include "api/find.h"
#include "core/utf8.h"

#define ANSWER_MAX (4u << 20)
#define NAME_CHARS 60

/* Whoever may read transcripts keeps searches; programs have their own memory. NULL: answered. */
static struct site *searches_site(struct turn *t, const struct member **m)
{
    struct site *site = turn_site(t, m);

    if (!site)
        return NULL;
    if (!*m || !((*m)->roles & (MEMBER_AGENT | MEMBER_SUPERVISOR | MEMBER_REVIEWER))) {
        turn_problem(t, 403, "keeping searches needs the role agent, supervisor or reviewer");
        return NULL;
    }
    return site;
}

static bool may_share(const struct member *m)
{
    return permit(m, VERB_TRANSCRIPT, &m->site, NULL);
}

static void saved_json(struct buf *b, const struct saved_search *s, bool mine)
{
    char id[KF_ID_TEXT];

    buf_printf(b, "{\"id\":\"%s\",\"name\":", id_text(&s->id, id));
    buf_json(b, slice_of(s->name));
    buf_str(b, ",\"owner\":{\"id\":");
    buf_json(b, slice_of(id_text(&s->owner, id)));
    buf_str(b, ",\"name\":");
    buf_json(b, slice_of(s->owner_name));
    buf_printf(b, "},\"mine\":%s,\"shared\":%s,\"at\":%lld,\"filter\":%s}", mine ? "true" : "false", s->shared ? "true" : "false",
               (long long)s->at, s->filter);
}

static void listed(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    struct buf b;

    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    buf_init(&b, ANSWER_MAX);
    buf_str(&b, "{\"items\":[");
    for (size_t i = 0; i < q->n_saved; i++) {
        if (i)
            buf_char(&b, ',');
        saved_json(&b, &q->saved[i], id_eq(&q->saved[i].owner, &t->person));
    }
    buf_str(&b, "]}");
    turn_json(t, 200, &b);
    buf_finish(&b);
}

static void get_searches(struct turn *t)
{
    const struct member *m;
    struct site *site = searches_site(t, &m);
    struct query *q = turn_asks(t, site, QUERY_SAVED);

    if (!q)
        return;
    q->id = t->person;
    turn_ports(t)->read(turn_ports(t)->ctx, q, listed, t);
}

/* ---- keeping one ---- */

struct keeping {
    struct act_saved saved;
    const char *owner;
};

static void kept(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct turn *t = ctx;
    const struct keeping *k = t->state;
    const struct act_saved *a = k ? &k->saved : NULL;
    struct saved_search s;
    struct buf b;

    (void)news;
    if (rc || !a) {
        if (rc)
            turn_fail(t, rc, why);
        else
            turn_empty(t, 204);
        return;
    }
    s = (struct saved_search){ .id = a->id,
                               .owner = t->person,
                               .owner_name = k->owner,
                               .name = a->name,
                               .filter = a->filter,
                               .shared = a->shared,
                               .at = turn_ports(t)->now_ms(turn_ports(t)->ctx) };
    buf_init(&b, ANSWER_MAX);
    saved_json(&b, &s, true);
    turn_json(t, strcmp(t->method, "POST") == 0 ? 201 : 200, &b);
    buf_finish(&b);
}

/* Fills `ret` from the body, in the turn's arena. False: answered. */
static bool read_body(struct turn *t, const struct member *m, struct act_saved *ret)
{
    json_t *root = turn_body(t), *filter, *name, *shared;
    struct kf_err why = { .rc = KF_OK };
    struct slice words;
    char *text = NULL;
    bool ok = false;

    if (!root)
        return false;
    name = json_object_get(root, "name");
    filter = json_object_get(root, "filter");
    shared = json_object_get(root, "shared");
    words = (struct slice){ json_string_value(name), json_string_length(name) };
    if (!json_is_string(name) || !words.n || utf8_length(words) > NAME_CHARS)
        turn_problem(t, 400, "name: 1 to %d characters", NAME_CHARS);
    else if (!json_is_object(filter) || (shared && !json_is_boolean(shared)))
        turn_problem(t, 400, "filter: an object; shared: true or false");
    else if (!find_document(t->arena, filter, &why))
        turn_fail(t, KF_INVALID, &why);
    else if (json_is_true(shared) && !may_share(m))
        turn_problem(t, 403, "sharing searches needs the role supervisor or reviewer");
    else if (!(text = json_dumps(filter, JSON_COMPACT | JSON_SORT_KEYS)))
        turn_problem(t, 500, "out of memory");
    else
        ok = true;
    if (ok) {
        ret->name = arena_text(t->arena, words);
        ret->filter = arena_text(t->arena, slice_of(text));
        ret->shared = json_is_true(shared);
        ok = ret->name && ret->filter;
        if (!ok)
            turn_problem(t, 500, "out of memory");
    }
    free(text);
    json_decref(root);
    return ok;
}

static void commit_saved(struct turn *t, struct site *site, enum act_kind kind, const struct act_saved *a)
{
    const struct ports *p = turn_ports(t);
    struct change *c = change_new(&site->key, p->now_ms(p->ctx));

    if (!c) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    c->by = turn_actor(t, c);
    change_act(c, kind)->u.saved = (struct act_saved){ .id = a->id,
                                                       .name = change_text(c, slice_of(a->name)),
                                                       .filter = change_text(c, slice_of(a->filter)),
                                                       .shared = a->shared,
                                                       .fresh = a->fresh };
    p->commit(p->ctx, c, kept, t);
}

static void save(struct turn *t, bool new)
{
    const struct member *m;
    struct site *site = searches_site(t, &m);
    struct keeping *k = ARENA_NEW(t->arena, struct keeping);
    struct act_saved *a = k ? &k->saved : NULL;
    uint8_t chance[16];

    if (!site)
        return;
    if (!k || !(k->owner = arena_text(t->arena, slice_of(m->name)))) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    if (new) {
        turn_ports(t)->chance(turn_ports(t)->ctx, chance, sizeof(chance));
        a->id = id_make(turn_ports(t)->now_ms(turn_ports(t)->ctx), chance);
        a->fresh = true;
    } else if (!id_parse(t->segment[0], &a->id)) {
        turn_problem(t, 404, "there is no such search");
        return;
    }
    if (!read_body(t, m, a))
        return;
    t->state = k;
    commit_saved(t, site, ACT_SAVED, a);
}

static void post_search(struct turn *t)
{
    save(t, true);
}

static void put_search(struct turn *t)
{
    save(t, false);
}

static void delete_search(struct turn *t)
{
    const struct member *m;
    struct site *site = searches_site(t, &m);
    struct act_saved a = { .name = "", .filter = "" };

    if (!site)
        return;
    if (!id_parse(t->segment[0], &a.id)) {
        turn_problem(t, 404, "there is no such search");
        return;
    }
    a.shared = (m->roles & MEMBER_SUPERVISOR) != 0; /* one who looks after the site tidies up what is shared with it */
    commit_saved(t, site, ACT_SAVED_DROP, &a);
}

const struct route_entry routes_searches[] = { { "GET", "/api/v1/searches", GATE_STAFF, get_searches },
                                               { "POST", "/api/v1/searches", GATE_STAFF, post_search },
                                               { "PUT", "/api/v1/searches/*", GATE_STAFF, put_search },
                                               { "DELETE", "/api/v1/searches/*", GATE_STAFF, delete_search },
                                               { NULL, NULL, GATE_OPEN, NULL } };
