/* holds.c: legal holds: what somebody has to keep as evidence is not deleted, whatever the times say. */
#include "api/api.h"
#include "core/utf8.h"

#define REASON_MAX 500

static struct site *holds_site(struct turn *t, const struct member **m)
{
    struct site *site = turn_site(t, m);

    if (site && !t->op && !permit(*m, VERB_HOLD, &site->key, NULL)) {
        turn_problem(t, 403, "legal holds need the role supervisor or admin");
        return NULL;
    }
    return site;
}

/* Those that he looks after, each between two blanks, whose holds are his; "": all of them are. */
static const char *queues_of(struct turn *t, const struct member *m)
{
    struct buf b;
    const char *ret;

    if (t->op || permit_holds_all(m))
        return "";
    buf_init(&b, 1u << 20);
    for (size_t i = 0; i < m->n_queues; i++)
        buf_printf(&b, " %s ", m->queues[i].s);
    ret = buf_ok(&b) ? arena_printf(t->arena, "%.*s", (int)buf_slice(&b).n, buf_slice(&b).p) : NULL;
    buf_finish(&b);
    return ret ? ret : " "; /* out of memory: of none */
}

static void have_holds(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    struct buf b;

    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    buf_init(&b, 16u << 20);
    buf_str(&b, q->text_out);
    turn_json(t, 200, &b);
    buf_finish(&b);
}

static void get_holds(struct turn *t)
{
    const struct member *m;
    struct site *site = holds_site(t, &m);
    struct slice conv = turn_query(t, "conversation");
    struct kf_id id = { { 0 } };
    struct query *q;
    bool lifted;

    if (!site || !turn_query_flag(t, "lifted", &lifted))
        return;
    if (conv.n && !id_parse(conv, &id)) {
        turn_problem(t, 400, "conversation: the id of a conversation");
        return;
    }
    q = query_new(QUERY_HOLDS);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->site = site->key;
    q->conv = id;
    q->needs = lifted;
    q->text = slice_of(queues_of(t, m));
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_holds, t);
}

struct holding {
    struct turn *turn;
    struct kf_id id;
    bool lifts;
};

static void held(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct holding *h = ctx;
    char id[KF_ID_TEXT];

    (void)news;
    if (rc)
        turn_fail(h->turn, rc, why);
    else if (h->lifts)
        turn_empty(h->turn, 204);
    else
        turn_jansson(h->turn, 201, json_pack("{s:s}", "id", id_text(&h->id, id)));
}

/* NULL: answered. */
static struct change *change_for(struct turn *t, const struct site *site, struct holding **ret)
{
    const struct ports *p = turn_ports(t);
    struct holding *h = ARENA_NEW(t->arena, struct holding);
    struct change *c = h ? change_new(&site->key, p->now_ms(p->ctx)) : NULL;

    if (!c) {
        turn_problem(t, 500, "out of memory");
        return NULL;
    }
    h->turn = t;
    c->by = turn_actor(t, c);
    *ret = h;
    return c;
}

static void set_hold(struct turn *t, const struct site *site, const struct member *m, const json_t *root)
{
    const char *conv = json_string_value(json_object_get(root, "conversation"));
    const char *visitor = json_string_value(json_object_get(root, "visitor")), *reason = json_string_value(json_object_get(root, "reason"));
    struct kf_id on = { { 0 } };
    struct holding *h;
    struct change *c;
    struct act *act;
    uint8_t chance[10];

    if (!conv == !visitor || !id_parse(slice_of(conv ? conv : visitor), &on)) {
        turn_problem(t, 400, "conversation or visitor: an id, one of both");
        return;
    }
    if (!reason || !*reason || utf8_length(slice_of(reason)) > REASON_MAX) {
        turn_problem(t, 400, "reason: 1 to %d characters", REASON_MAX);
        return;
    }
    c = change_for(t, site, &h);
    if (!c)
        return;
    turn_ports(t)->chance(turn_ports(t)->ctx, chance, sizeof(chance));
    h->id = id_make(c->at, chance);
    act = change_act(c, ACT_HOLD);
    act->u.hold.id = h->id;
    if (conv)
        act->u.hold.conv = on;
    else
        act->u.hold.visitor = on;
    act->u.hold.queues = change_text(c, slice_of(queues_of(t, m)));
    act->u.hold.reason = change_text(c, slice_of(reason));
    turn_ports(t)->commit(turn_ports(t)->ctx, c, held, h);
}

static void post_hold(struct turn *t)
{
    const struct member *m;
    struct site *site = holds_site(t, &m);
    json_t *root = site ? turn_body(t) : NULL;

    if (root)
        set_hold(t, site, m, root);
    json_decref(root);
}

static void delete_hold(struct turn *t)
{
    const struct member *m;
    struct site *site = holds_site(t, &m);
    struct holding *h;
    struct change *c;
    struct act *act;
    struct kf_id id;

    if (!site)
        return;
    if (!id_parse(t->segment[0], &id)) {
        turn_problem(t, 404, "there is no such hold");
        return;
    }
    c = change_for(t, site, &h);
    if (!c)
        return;
    h->lifts = true;
    act = change_act(c, ACT_HOLD_LIFT);
    act->u.hold.id = id;
    act->u.hold.queues = change_text(c, slice_of(queues_of(t, m)));
    turn_ports(t)->commit(turn_ports(t)->ctx, c, held, h);
}

const struct route_entry routes_holds[] = { { "GET", "/api/v1/holds", GATE_EITHER_KEY, get_holds },
                                            { "POST", "/api/v1/holds", GATE_EITHER_KEY, post_hold },
                                            { "DELETE", "/api/v1/holds/*", GATE_EITHER_KEY, delete_hold },
                                            { NULL, NULL, GATE_OPEN, NULL } };
