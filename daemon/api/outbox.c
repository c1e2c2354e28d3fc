/* outbox.c: what has not got through to a platform, or is still to go: looked at, sent again, let be. No texts: whoever keeps the house need
 * not read what is said in it. */
#include "api/api.h"

#include <stdlib.h>

static struct site *outbox_site(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);

    if (site && !t->op && !permit(m, VERB_SETTINGS_WRITE, &site->key, NULL)) {
        turn_problem(t, 403, "the outbox needs the role admin");
        return NULL;
    }
    return site;
}

static const char *state_word(enum errand_state s)
{
    static const char *const words[] = { "waiting", "sending", "done", "failed", "uncertain", "handled" };

    return (size_t)s < sizeof(words) / sizeof(words[0]) ? words[s] : "handled";
}

static const char *kind_word(enum errand_kind k)
{
    static const char *const words[] = {
        [ERRAND_EDIT] = "edit",     [ERRAND_DELETE] = "recall", [ERRAND_TYPING] = "typing",     [ERRAND_READ] = "read",
        [ERRAND_CLOSED] = "closed", [ERRAND_FETCH] = "fetch",   [ERRAND_TYPING_OFF] = "typing", [ERRAND_REACT] = "reaction",
    };

    return (size_t)k < sizeof(words) / sizeof(words[0]) && words[k] ? words[k] : "message";
}

static json_t *errand_json(const struct errand *e)
{
    char id[KF_ID_TEXT], conv[KF_ID_TEXT];
    json_t *ret = json_pack("{s:s,s:s,s:s,s:s,s:I,s:s,s:s,s:i,s:I}", "id", id_text(&e->id, id), "site", e->site.s, "channel", e->channel.s,
                            "conversation", id_text(&e->conv, conv), "seq", (json_int_t)e->seq, "kind", kind_word(e->kind), "state",
                            state_word(e->state), "attempts", e->attempt, "created_at", (json_int_t)e->created_at);

    if (e->settled_at)
        (void)json_object_set_new(ret, "settled_at", json_integer(e->settled_at));
    if (e->state == ERRAND_QUEUED)
        (void)json_object_set_new(ret, "next_at", json_integer(e->due_at));
    if (e->part)
        (void)json_object_set_new(ret, "parts_sent", json_integer(e->part));
    if (e->error)
        (void)json_object_set_new(ret, "reason", json_string(e->error));
    return ret;
}

static void have_errands(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    json_t *items;

    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    items = json_array();
    for (size_t i = 0; i < q->n_errands; i++)
        (void)json_array_append_new(items, errand_json(&q->errands[i]));
    turn_jansson(t, 200, json_pack("{s:o,s:b}", "items", items, "more", (int)q->more));
}

static void get_outbox(struct turn *t)
{
    struct slice state = turn_query(t, "state"), limit = turn_query(t, "limit");
    int max = limit.n ? atoi(limit.p) : 50;
    unsigned which = !state.n || slice_is(state, "trouble") ? OUTBOX_TROUBLE
                     : slice_is(state, "waiting")           ? OUTBOX_WAITING
                     : slice_is(state, "all")               ? OUTBOX_TROUBLE | OUTBOX_WAITING
                                                            : 0;
    struct site *site = outbox_site(t);
    struct query *q;

    if (!site)
        return;
    if (!which || max < 1 || max > 200) {
        turn_problem(t, 400, which ? "limit: from 1 to 200" : "state: trouble, waiting or all");
        return;
    }
    q = query_new(QUERY_OUTBOX);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->site = site->key;
    q->needs = which;
    q->limit = max;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_errands, t);
}

static void act(struct turn *t, bool drop)
{
    struct site *site = outbox_site(t);
    const struct member *m;
    struct actor by;
    struct kf_id id;

    if (!site)
        return;
    m = t->op ? NULL : turn_member(t, &site->key);
    by = (struct actor){ .role = ROLE_AGENT,
                         .id = t->person,
                         .name = m       ? m->name
                                 : t->op ? "operator"
                                         : "",
                         .number = m ? m->number : NULL };
    if (!id_parse(t->segment[0], &id))
        turn_problem(t, 404, "there is nothing of that name to be sent");
    else if (drop)
        desk_outbox_drop(turn_desk(t), &site->key, &id, &by, turn_done, t);
    else
        desk_outbox_resend(turn_desk(t), &site->key, &id, &by, turn_done, t);
}

static void post_resend(struct turn *t)
{
    act(t, false);
}

static void post_drop(struct turn *t)
{
    act(t, true);
}

const struct route_entry routes_outbox[] = { { "GET", "/api/v1/outbox", GATE_EITHER_KEY, get_outbox },
                                             { "POST", "/api/v1/outbox/*/resend", GATE_EITHER_KEY, post_resend },
                                             { "POST", "/api/v1/outbox/*/drop", GATE_EITHER_KEY, post_drop },
                                             { NULL, NULL, GATE_OPEN, NULL } };
