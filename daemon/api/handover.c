/* handover.c: what somebody has still to review goes to others, or back: who has left the site, or is away, keeps no sample for ever. */
#include "api/reviews.h"

#include "desk/sampling.h"

#include <stdlib.h>

static bool reviews_here(const struct member *m)
{
    return m && !m->disabled && (m->roles & (MEMBER_REVIEWER | MEMBER_SUPERVISOR));
}

/* ---- who has what ----------------------------------------------------------------------------------------------------------------------- */

/* Of that person, in the queues that the asker looks after. */
static json_int_t open_of(const struct member *m, const struct stored_sample *s, const struct kf_id *person)
{
    const struct kf_id nobody = { { 0 } };
    int64_t ret = 0;

    for (size_t i = 0; i < s->n_parts; i++)
        if (id_eq(&s->parts[i].reviewer, person) && permit_handover(m, &m->site, &s->parts[i].queue, &nobody))
            ret += s->parts[i].open;
    return (json_int_t)ret;
}

json_t *sample_open_json(struct turn *t, const struct member *m, const struct stored_sample *s)
{
    json_t *ret = NULL;

    for (size_t i = 0; i < s->n_parts; i++) {
        const struct kf_id *person = &s->parts[i].reviewer;
        json_int_t open = open_of(m, s, person);
        json_t *one;
        size_t before = 0;

        while (before < i && !id_eq(&s->parts[before].reviewer, person))
            before++;
        if (!open || before < i)
            continue;
        one = json_pack("{s:o,s:I}", "person", review_person(t, &m->site, person), "open", open);
        if (!reviews_here(desk_member(turn_desk(t), &m->site, person)))
            (void)json_object_set_new(one, "gone", json_true());
        if (!ret)
            ret = json_array();
        (void)json_array_append_new(ret, one);
    }
    return ret;
}

/* ---- giving it to others ---------------------------------------------------------------------------------------------------------------- */

struct handing {
    struct turn *turn;
    struct kf_key site;
    struct kf_id from, sample; /* sample zero: of all of them */
    bool take_back, gone;      /* gone: whoever it is reviews no more here */
    struct sampling to;
    size_t moved, taken, left;
    json_t *body;
};

static void handing_end(struct handing *h)
{
    json_decref(h->body);
    free(h);
}

static void handed(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct handing *h = ctx;

    (void)news;
    if (rc)
        turn_fail(h->turn, rc, why);
    else
        turn_jansson(
            h->turn, 200,
            json_pack("{s:I,s:I,s:I}", "moved", (json_int_t)h->moved, "taken_back", (json_int_t)h->taken, "left", (json_int_t)h->left));
    handing_end(h);
}

/* Which of those that are open the asker may hand over, put together at the front; how many. */
static size_t find_own(const struct handing *h, const struct member *m, struct stored_quality *q)
{
    size_t n = 0;

    for (size_t i = 0; i < q->n_units && n < SAMPLING_MAX; i++) {
        if (!permit_handover(m, &h->site, &q->units[i].queue, &q->units[i].agent) ||
            (!id_is_zero(&h->sample) && !id_eq(&h->sample, &q->open[i].sample)))
            continue;
        q->units[n] = q->units[i];
        q->open[n++] = q->open[i];
    }
    return n;
}

static void know_loads(struct handing *h, const struct stored_quality *q)
{
    for (size_t i = 0; i < h->to.n_reviewers; i++)
        for (size_t k = 0; k < q->n_loads; k++)
            if (id_eq(&h->to.reviewers[i].person, &q->loads[k].person))
                h->to.reviewers[i].load = q->loads[k].load;
}

/* A calibration stays with those who were chosen for it: who is gone is taken out, so that it can end. */
static bool plan(struct handing *h, const struct stored_quality *q, size_t n, struct arena *a, struct act_handover *act)
{
    bool *spread = arena_array(a, n + 1, sizeof(*spread));
    int *to = arena_array(a, n + 1, sizeof(*to));
    uint64_t seed = 0;

    act->moves = arena_array(a, n + 1, sizeof(*act->moves));
    if (!spread || !to || !act->moves)
        return false;
    turn_ports(h->turn)->chance(turn_ports(h->turn)->ctx, &seed, sizeof(seed));
    for (size_t i = 0; i < n; i++)
        spread[i] = !h->take_back && q->open[i].kind != SAMPLE_CALIBRATION;
    sample_spread(q->units, n, spread, h->to.reviewers, h->to.n_reviewers, seed, to);
    for (size_t i = 0; i < n; i++) {
        bool taken = h->take_back || (h->gone && q->open[i].kind == SAMPLE_CALIBRATION);
        struct handover_move m = { .review = q->open[i].id };

        if (to[i] >= 0)
            m.to = h->to.reviewers[to[i]].person;
        h->moved += to[i] >= 0;
        h->taken += taken;
        h->left += to[i] < 0 && !taken;
        if (to[i] >= 0 || taken)
            act->moves[act->n_moves++] = m;
    }
    act->from = h->from;
    return true;
}

static void commit(struct handing *h, struct change *c)
{
    const struct ports *p = turn_ports(h->turn);
    char from[KF_ID_TEXT];

    c->by = turn_actor(h->turn, c);
    change_act(c, ACT_AUDIT)->u.entry =
        (struct entry){ .at = c->at,
                        .kind = "reviews_handed_over",
                        .by = c->by,
                        .data = change_printf(c, "{\"from\":\"%s\",\"moved\":%zu,\"taken_back\":%zu,\"left\":%zu}", id_text(&h->from, from),
                                              h->moved, h->taken, h->left) };
    p->commit(p->ctx, c, handed, h);
}

static void have_open(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct handing *h = ctx;
    const struct ports *p = turn_ports(h->turn);
    const struct member *m = turn_member(h->turn, &h->site);
    struct change *c = rc ? NULL : change_new(&h->site, p->now_ms(p->ctx));
    struct act_handover *act = c ? ARENA_NEW(c->arena, struct act_handover) : NULL;
    size_t n = 0;

    if (rc)
        turn_fail(h->turn, rc, why);
    else if (act) {
        n = m ? find_own(h, m, &q->quality) : 0;
        know_loads(h, &q->quality);
        if (!plan(h, &q->quality, n, c->arena, act))
            turn_problem(h->turn, 500, "out of memory");
        else if (!act->n_moves && n)
            turn_problem_as(h->turn, 422, "nobody_else", "nobody else may review any of them");
        else if (!act->n_moves)
            turn_problem_as(h->turn, 422, "nothing_open", "there is nothing open of this person");
        else {
            change_act(c, ACT_HANDOVER)->u.handover = act;
            commit(h, c);
            return;
        }
    } else
        turn_problem(h->turn, 500, "out of memory");
    if (c)
        change_free(c);
    handing_end(h);
}

/* ---- what is asked for ---------------------------------------------------------------------------------------------------------------- */

static bool take_id(struct handing *h, const char *name, const char *words, bool needed, struct kf_id *ret)
{
    const json_t *v = json_object_get(h->body, name);

    if ((!v && !needed) || id_parse(slice_of(json_string_value(v)), ret))
        return true;
    turn_problem(h->turn, 400, "%s: %s", name, words);
    return false;
}

/* Those who are named, or all reviewers of the site but the one. */
static bool take_others(struct handing *h)
{
    struct desk *d = turn_desk(h->turn);
    const json_t *named, *item;
    const struct member *m;
    size_t i;

    if (!turn_list(h->turn, h->body, "to", &named))
        return false;
    for (i = 0; !json_array_size(named) && (m = desk_member_at(d, &h->site, i)); i++)
        if (!m->disabled && (m->roles & MEMBER_REVIEWER) && !id_eq(&m->person, &h->from))
            (void)sampling_reviewer(&h->to, h->turn->arena, m);
    json_array_foreach(named, i, item)
    {
        struct kf_id id;

        m = id_parse(slice_of(json_string_value(item)), &id) ? desk_member(d, &h->site, &id) : NULL;
        if (!reviews_here(m) || id_eq(&id, &h->from) || !sampling_reviewer(&h->to, h->turn->arena, m)) {
            turn_problem(h->turn, 400, "to: the ids of at most %d other reviewers and supervisors of the site", SAMPLING_REVIEWERS);
            return false;
        }
    }
    return true;
}

static bool take_asked(struct handing *h)
{
    if (!take_id(h, "from", "the id of a person", true, &h->from) || !take_id(h, "sample", "the id of a sample", false, &h->sample) ||
        !turn_flag(h->turn, h->body, "take_back", &h->take_back) || !take_others(h))
        return false;
    h->gone = !reviews_here(desk_member(turn_desk(h->turn), &h->site, &h->from));
    return true;
}

static void post_handover(struct turn *t)
{
    const struct member *m;
    struct site *site = sampling_site(t, &m);
    json_t *body;
    struct handing *h;
    struct query *q;

    if (!site)
        return;
    if (!(m->roles & MEMBER_SUPERVISOR)) {
        turn_problem(t, 403, "giving reviews to others needs the role supervisor");
        return;
    }
    body = turn_body(t);
    if (!body)
        return;
    h = calloc(1, sizeof(*h));
    q = h ? query_new(QUERY_OPEN_REVIEWS) : NULL;
    if (!q) {
        free(h);
        json_decref(body);
        turn_problem(t, 500, "out of memory");
        return;
    }
    *h = (struct handing){ .turn = t, .site = site->key, .body = body };
    if (!take_asked(h)) {
        arena_free(q->arena);
        handing_end(h);
        return;
    }
    q->site = h->site;
    q->id = h->from;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_open, h);
}

const struct route_entry routes_handover[] = { { "POST", "/api/v1/samples/handover", GATE_STAFF, post_handover },
                                               { NULL, NULL, GATE_OPEN, NULL } };
