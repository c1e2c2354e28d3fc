/* oversee.c: what those do who oversee a site, beside their socket: why does this wait, hand many on at once, pause a queue. */
#include "api/api.h"

#include <stdlib.h>
#include <string.h>

#define MANY_MAX 200

/* ---- why ---- */

static void have_why(void *ctx, enum kf_rc rc, const struct buf *json, const struct kf_err *why)
{
    struct turn *t = ctx;

    if (rc)
        turn_fail(t, rc, why);
    else
        turn_json(t, 200, json);
}

static void have_conv(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    struct kf_key site;

    if (rc && rc != KF_ABSENT)
        turn_fail(t, rc, why);
    else if (rc || !key_parse(t->segment[0], &site) || !key_eq(&site, &q->convs[0].site) ||
             !permit(turn_member(t, &site), VERB_TIMELINE, &site, &q->convs[0]))
        turn_problem(t, 404, "no such conversation");
    else
        desk_why(turn_desk(t), &q->convs[0], have_why, t);
}

static void get_why(struct turn *t)
{
    struct query *q;
    struct kf_id id;

    if (!id_parse(t->segment[1], &id)) {
        turn_problem(t, 404, "no such conversation");
        return;
    }
    q = query_new(QUERY_CONV);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->id = id;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_conv, t);
}

/* ---- many at once ---- */

struct many {
    struct turn *turn;
    struct kf_key site;
    json_t *root, *items; /* what was asked, what came of it */
    struct inbound in;
    size_t i;
};

static void many_next(struct many *m);

static void many_end(struct many *m)
{
    turn_jansson(m->turn, 200, json_pack("{s:o}", "items", m->items));
    json_decref(m->root);
    free(m);
}

static void one_done(void *ctx, enum kf_rc rc, const char *warning, const struct kf_err *why)
{
    struct many *m = ctx;
    json_t *id = json_array_get(json_object_get(m->root, "conversations"), m->i++);
    json_t *one =
        rc ? json_pack("{s:O,s:b,s:s,s:s}", "conversation", id, "done", 0, "code", frame_error_code(rc), "message", kf_words(rc, why))
           : json_pack("{s:O,s:b}", "conversation", id, "done", 1);

    if (warning)
        (void)json_object_set_new(one, "warning", json_string(warning));
    json_array_append_new(m->items, one);
    many_next(m);
}

/* One after the other: each sees where the one before has gone. */
static void many_next(struct many *m)
{
    const json_t *id = json_array_get(json_object_get(m->root, "conversations"), m->i);
    struct kf_id conv;

    if (!id) {
        many_end(m);
        return;
    }
    (void)id_parse(slice_of(json_string_value(id)), &conv);
    desk_transfer(turn_desk(m->turn), &m->site, &m->turn->person, &conv, &m->in, one_done, m);
}

static bool ids_fit(const json_t *list)
{
    struct kf_id id;

    for (size_t i = 0; i < json_array_size(list); i++)
        if (!id_parse(slice_of(json_string_value(json_array_get(list, i))), &id))
            return false;
    return json_array_size(list) > 0 && json_array_size(list) <= MANY_MAX;
}

static bool goal_fits(const json_t *to, struct inbound *ret)
{
    const char *agent = json_string_value(json_object_get(to, "agent")), *queue = json_string_value(json_object_get(to, "queue")),
               *department = json_string_value(json_object_get(to, "department"));

    if (json_object_size(to) != 1)
        return false;
    return agent   ? id_parse(slice_of(agent), &ret->to_agent)
           : queue ? key_parse(slice_of(queue), &ret->to_queue)
                   : key_parse(slice_of(department), &ret->to_department);
}

static void post_transfer(struct turn *t)
{
    json_t *root = turn_body(t);
    struct many *m;

    if (!root)
        return;
    m = calloc(1, sizeof(*m));
    if (!m || !key_parse(t->segment[0], &m->site) || !turn_member(t, &m->site))
        turn_problem(t, m ? 404 : 500, m ? "no such site" : "out of memory");
    else if (!ids_fit(json_object_get(root, "conversations")))
        turn_problem(t, 400, "conversations: a list of 1 to %d ids", MANY_MAX);
    else if (!goal_fits(json_object_get(root, "to"), &m->in))
        turn_problem(t, 400, "to: an object with one of agent, queue and department");
    else {
        m->turn = t;
        m->root = root;
        m->items = json_array();
        m->in.text = slice_of(json_string_value(json_object_get(root, "note")));
        many_next(m);
        return;
    }
    json_decref(root);
    free(m);
}

/* ---- pausing a queue ---- */

struct pausing {
    struct turn *turn;
    struct kf_key site, queue;
    bool paused;
};

static void pause_loaded(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct pausing *p = ctx;

    (void)rc;
    (void)why;
    turn_empty(p->turn, 204);
    free(p);
}

static void paused(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct pausing *p = ctx;

    (void)news;
    if (rc) {
        turn_fail(p->turn, rc, why);
        free(p);
        return;
    }
    desk_changed(turn_desk(p->turn), &p->site, pause_loaded, p);
}

/* The newest version of the document, with that one member changed. */
static void pause_commit(struct pausing *p, const struct stored_document *doc)
{
    struct turn *t = p->turn;
    const struct ports *ports = turn_ports(t);
    struct change *c = change_new(&p->site, ports->now_ms(ports->ctx));
    json_t *body = json_loads(doc->body, 0, NULL);
    char *text = NULL;
    struct act *act;

    if (c && body && json_object_set_new(body, "paused", json_boolean(p->paused)) == 0)
        text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    if (!text) {
        change_free(c);
        turn_problem(t, 500, "out of memory");
        free(p);
        return;
    }
    c->by = turn_actor(t, c);
    act = change_act(c, ACT_DOCUMENT);
    act->u.document.kind = doc->kind;
    act->u.document.key = doc->key;
    act->u.document.version = doc->version + 1;
    act->u.document.body = change_text(c, slice_of(text));
    free(text);
    change_act(c, ACT_AUDIT)->u.entry = (struct entry){ .at = c->at,
                                                        .kind = p->paused ? "queue_paused" : "queue_resumed",
                                                        .by = c->by,
                                                        .data = change_printf(c, "{\"queue\":\"%s\"}", p->queue.s) };
    ports->commit(ports->ctx, c, paused, p);
}

static void have_documents(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct pausing *p = ctx;

    if (rc) {
        turn_fail(p->turn, rc, why);
        free(p);
        return;
    }
    for (size_t i = 0; i < q->n_documents; i++)
        if (strcmp(q->documents[i].kind.s, "queue") == 0 && key_eq(&q->documents[i].key, &p->queue)) {
            pause_commit(p, &q->documents[i]);
            return;
        }
    turn_problem(p->turn, 404, "no such queue");
    free(p);
}

/* A supervisor's, of that queue: it changes nothing but whether its conversations are handed out. */
static void post_pause(struct turn *t)
{
    json_t *root = turn_body(t);
    const json_t *on = json_object_get(root, "paused");
    struct pausing *p = root ? calloc(1, sizeof(*p)) : NULL;
    struct conv any = { .state = CONV_WAITING };
    struct query *q;

    if (!root)
        return;
    if (!p || !key_parse(t->segment[0], &p->site) || !key_parse(t->segment[1], &p->queue) || !turn_member(t, &p->site) ||
        !site_queue(desk_site(turn_desk(t), &p->site), &p->queue)) {
        turn_problem(t, p ? 404 : 500, p ? "no such queue" : "out of memory");
        goto fail;
    }
    any.site = p->site;
    any.queue = p->queue;
    if (!permit(turn_member(t, &p->site), VERB_WATCH, &p->site, &any)) {
        turn_problem(t, 403, "pausing a queue needs the role supervisor");
        goto fail;
    }
    if (!json_is_boolean(on)) {
        turn_problem(t, 400, "paused: true or false");
        goto fail;
    }
    p->turn = t;
    p->paused = json_is_true(on);
    q = query_new(QUERY_DOCUMENTS);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        goto fail;
    }
    json_decref(root);
    q->site = p->site;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_documents, p);
    return;
fail:
    json_decref(root);
    free(p);
}

const struct route_entry routes_oversee[] = { { "GET", "/api/v1/sites/*/conversations/*/why", GATE_STAFF, get_why },
                                              { "POST", "/api/v1/sites/*/conversations/transfer", GATE_STAFF, post_transfer },
                                              { "POST", "/api/v1/sites/*/queues/*/pause", GATE_STAFF, post_pause },
                                              { NULL, NULL, GATE_OPEN, NULL } };
