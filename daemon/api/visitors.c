/* visitors.c: a visitor's rights: a copy of all that is known, and to be forgotten. */
#include "api/api.h"

#include <stdlib.h>
#include <string.h>

#define REFERENCE_MAX 64

static void erased(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct turn *t = ctx;
    struct buf b;

    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    buf_init(&b, 65536);
    buf_str(&b, news->receipt);
    turn_json(t, 200, &b);
    buf_finish(&b);
}

/* It stands in the access log for ever: a number of a case, no words about anybody. */
static bool reference_ok(const json_t *root, struct slice *ret)
{
    const json_t *value = json_object_get(root, "reference");

    *ret = SLICE("");
    if (!value)
        return true;
    if (!json_is_string(value) || json_string_length(value) > REFERENCE_MAX)
        return false;
    *ret = (struct slice){ json_string_value(value), json_string_length(value) };
    for (size_t i = 0; i < ret->n; i++) {
        char c = ret->p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '/'))
            return false;
    }
    return true;
}

static void erase(struct turn *t, const struct kf_key *site, const struct kf_id *visitor, struct slice reference)
{
    const struct ports *p = turn_ports(t);
    struct change *c = change_new(site, p->now_ms(p->ctx));
    struct act *act;

    if (!c) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    c->by = turn_actor(t, c);
    act = change_act(c, ACT_ERASE);
    act->u.erase.visitor = *visitor;
    act->u.erase.reference = reference.n ? change_text(c, reference) : NULL;
    p->commit(p->ctx, c, erased, t);
}

static void post_erase(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct slice reference;
    struct kf_id id;
    json_t *root;

    if (!site)
        return;
    if (!t->op && !permit(m, VERB_ERASE, &site->key, NULL)) {
        turn_problem(t, 403, "erasing a visitor needs the role admin");
        return;
    }
    root = turn_body(t);
    if (!root)
        return;
    if (!reference_ok(root, &reference))
        turn_problem(t, 400, "reference: at most %d of A-Z a-z 0-9 - _ . /, and nothing about anybody", REFERENCE_MAX);
    else if (!id_parse(t->segment[0], &id))
        turn_problem(t, 404, "there is no such visitor");
    else
        erase(t, &site->key, &id, reference);
    json_decref(root);
}

/* ---- the copy ---- */

/* It is written down who has asked for it before anything is shown. */
struct copying {
    struct turn *turn;
    struct buf known;
};

static void copy_noted(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct copying *k = ctx;

    (void)news;
    if (rc)
        turn_fail(k->turn, rc, why);
    else
        turn_json(k->turn, 200, &k->known);
    buf_finish(&k->known);
    free(k);
}

static void have_visitor(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    const struct ports *p = turn_ports(t);
    struct copying *k = rc ? NULL : calloc(1, sizeof(*k));
    struct change *c = k ? change_new(&q->site, p->now_ms(p->ctx)) : NULL;
    char id[KF_ID_TEXT];

    if (rc == KF_ABSENT)
        turn_problem(t, 404, "there is no such visitor");
    else if (rc)
        turn_fail(t, rc, why);
    if (rc)
        return;
    if (!c) {
        free(k);
        turn_problem(t, 500, "out of memory");
        return;
    }
    k->turn = t;
    buf_init(&k->known, strlen(q->text_out) + 1);
    buf_str(&k->known, q->text_out);
    c->by = turn_actor(t, c);
    change_act(c, ACT_AUDIT)->u.entry = (struct entry){
        .at = c->at, .kind = "visitor_exported", .by = c->by, .data = change_printf(c, "{\"visitor\":\"%s\"}", id_text(&q->id, id))
    };
    p->commit(p->ctx, c, copy_noted, k);
}

static void get_visitor(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct query *q;
    struct kf_id id;

    if (!site)
        return;
    if (!t->op && !permit(m, VERB_ERASE, &site->key, NULL)) {
        turn_problem(t, 403, "a copy of all that is known of a visitor needs the role admin");
        return;
    }
    if (!id_parse(t->segment[0], &id)) {
        turn_problem(t, 404, "there is no such visitor");
        return;
    }
    q = query_new(QUERY_VISITOR);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->site = site->key;
    q->id = id;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_visitor, t);
}

const struct route_entry routes_visitors[] = { { "GET", "/api/v1/visitors/*", GATE_EITHER_KEY, get_visitor },
                                               { "POST", "/api/v1/visitors/*/erase", GATE_EITHER_KEY, post_erase },
                                               { NULL, NULL, GATE_OPEN, NULL } };
