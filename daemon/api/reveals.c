/* reveals.c: who may not see what is masked in a transcript asks, with a reason; whoever may grant it hears of it, and decides. What is granted is
 * one conversation, to one person, for a day. Each step is in the access log; the reason is not, since it may name the visitor. */
#include "api/reveals.h"
#include "core/utf8.h"

#define REASON_MAX 500
#define GRANTED_MS 86400000LL

bool reveal_holds(const struct stored_reveal *r, int64_t now)
{
    return r && r->state == REVEAL_GRANTED && r->until > now;
}

bool reveal_grants(const struct member *m, const struct kf_key *site, const struct kf_key *queue, const struct kf_id *asker)
{
    struct conv of = { .site = *site, .queue = *queue };

    return m && !id_eq(&m->person, asker) && permit(m, VERB_REVEAL, site, &of);
}

/* A request that is being made or decided; the turn's. */
struct revealing {
    struct turn *turn;
    enum reveal_state to;
    struct kf_id id, conv, asker;
    struct kf_key site, queue;
    const char *reason; /* ASKED */
    int64_t until;      /* GRANTED */
};

/* Whoever may grant it; how many. */
static size_t tell_granters(const struct revealing *r, bool only_count)
{
    struct desk *d = turn_desk(r->turn);
    const struct member *m;
    size_t n = 0;

    for (size_t i = 0; (m = desk_member_at(d, &r->site, i)); i++)
        if (reveal_grants(m, &r->site, &r->queue, &r->asker)) {
            if (!only_count)
                desk_notice(d, &r->site, &m->person);
            n++;
        }
    return n;
}

static void done(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct revealing *r = ctx;
    char id[KF_ID_TEXT];

    (void)news;
    if (rc) {
        turn_fail(r->turn, rc, why);
        return;
    }
    (void)id_text(&r->id, id);
    if (r->to == REVEAL_ASKED) {
        turn_jansson(r->turn, 201, json_pack("{s:s}", "id", id));
        (void)tell_granters(r, false);
        return;
    }
    if (r->to == REVEAL_GRANTED)
        turn_jansson(r->turn, 200, json_pack("{s:s,s:s,s:I}", "id", id, "state", "granted", "until", (json_int_t)r->until));
    else
        turn_jansson(r->turn, 200, json_pack("{s:s,s:s}", "id", id, "state", "refused"));
    desk_notice(turn_desk(r->turn), &r->site, &r->asker);
}

static void commit(struct revealing *r)
{
    static const char *const kinds[] = { "reveal_asked", "reveal_granted", "reveal_refused" };
    const struct ports *p = turn_ports(r->turn);
    struct change *c = change_new(&r->site, p->now_ms(p->ctx));
    char conv[KF_ID_TEXT], id[KF_ID_TEXT], asker[KF_ID_TEXT];
    uint8_t chance[10];

    if (!c) {
        turn_problem(r->turn, 500, "out of memory");
        return;
    }
    c->by = turn_actor(r->turn, c);
    if (r->to == REVEAL_ASKED) {
        p->chance(p->ctx, chance, sizeof(chance));
        r->id = id_make(c->at, chance);
    }
    r->until = r->to == REVEAL_GRANTED ? c->at + GRANTED_MS : 0;
    change_act(c, ACT_REVEAL)->u.reveal = (struct act_reveal){
        .id = r->id, .to = r->to, .conv = r->conv, .reason = r->reason ? change_text(c, slice_of(r->reason)) : NULL, .until = r->until
    };
    change_act(c, ACT_AUDIT)->u.entry =
        (struct entry){ .at = c->at,
                        .kind = kinds[r->to],
                        .by = c->by,
                        .data = change_printf(c, "{\"conversation\":\"%s\",\"request\":\"%s\",\"person\":\"%s\"}", id_text(&r->conv, conv),
                                              id_text(&r->id, id), id_text(&r->asker, asker)) };
    p->commit(p->ctx, c, done, r);
}

static struct revealing *revealing_new(struct turn *t, enum reveal_state to)
{
    struct revealing *r = ARENA_NEW(t->arena, struct revealing);

    if (!r)
        turn_problem(t, 500, "out of memory");
    else
        *r = (struct revealing){ .turn = t, .to = to };
    return r;
}

/* ---- asking ------------------------------------------------------------------------------------------------------------------------------ */

static void have_conv(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct revealing *r = ctx;
    struct turn *t = r->turn;
    const struct conv *c = rc ? NULL : &q->convs[0];
    const struct member *m = c ? turn_member(t, &c->site) : NULL;

    if (rc && rc != KF_ABSENT)
        turn_fail(t, rc, why);
    else if (!c || !permit(m, VERB_TRANSCRIPT, &c->site, c))
        turn_problem(t, 404, "no such conversation");
    else if (permit(m, VERB_REVEAL, &c->site, c) || id_eq(&c->owner, &t->person) || id_eq(&c->last_agent, &t->person))
        turn_problem(t, 422, "you see it without asking");
    else {
        r->site = c->site;
        r->queue = c->queue;
        r->conv = c->id;
        r->asker = t->person;
        if (tell_granters(r, true))
            commit(r);
        else
            turn_problem(t, 422, "there is nobody who may grant it: it needs a supervisor of the queue");
    }
}

/* The reason, the turn's; NULL: answered. */
static const char *take_reason(struct turn *t)
{
    json_t *root = turn_body(t);
    const char *text = json_string_value(json_object_get(root, "reason")), *ret = NULL;

    if (!root)
        return NULL;
    if (!text || !*text || utf8_length(slice_of(text)) > REASON_MAX)
        turn_problem(t, 400, "reason: 1 to %d characters", REASON_MAX);
    else if (!(ret = arena_text(t->arena, slice_of(text))))
        turn_problem(t, 500, "out of memory");
    json_decref(root);
    return ret;
}

static void post_reveal(struct turn *t)
{
    struct revealing *r;
    const char *reason;
    struct query *q;
    struct kf_id id;

    if (!id_parse(t->segment[0], &id)) {
        turn_problem(t, 404, "no such conversation");
        return;
    }
    if (!(reason = take_reason(t)) || !(r = revealing_new(t, REVEAL_ASKED)))
        return;
    r->reason = reason;
    q = query_new(QUERY_CONV);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->id = id;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_conv, r);
}

/* ---- deciding ---------------------------------------------------------------------------------------------------------------------------- */

static void have_request(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct revealing *r = ctx;
    struct turn *t = r->turn;
    const struct stored_reveal *s = rc ? NULL : &q->reveals[0];
    const struct member *m = s ? turn_member(t, &s->site) : NULL;

    if (rc && rc != KF_ABSENT)
        turn_fail(t, rc, why);
    else if (s && m && id_eq(&s->person, &t->person))
        turn_problem(t, 403, "nobody grants it to himself");
    else if (!s || !reveal_grants(m, &s->site, &s->queue, &s->person))
        turn_problem(t, 404, "there is no such request");
    else {
        r->site = s->site;
        r->queue = s->queue;
        r->conv = s->conv;
        r->asker = s->person;
        commit(r);
    }
}

static void decide(struct turn *t, enum reveal_state to)
{
    struct revealing *r;
    struct query *q;
    struct kf_id id;

    if (!id_parse(t->segment[0], &id)) {
        turn_problem(t, 404, "there is no such request");
        return;
    }
    if (!(r = revealing_new(t, to)))
        return;
    q = query_new(QUERY_REVEAL);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    r->id = q->id = id;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_request, r);
}

static void post_grant(struct turn *t)
{
    decide(t, REVEAL_GRANTED);
}

static void post_refuse(struct turn *t)
{
    decide(t, REVEAL_REFUSED);
}

const struct route_entry routes_reveals[] = { { "POST", "/api/v1/transcripts/*/reveal", GATE_STAFF, post_reveal },
                                              { "POST", "/api/v1/reveals/*/grant", GATE_STAFF, post_grant },
                                              { "POST", "/api/v1/reveals/*/refuse", GATE_STAFF, post_refuse },
                                              { NULL, NULL, GATE_OPEN, NULL } };
