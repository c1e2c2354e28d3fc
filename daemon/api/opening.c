/* opening.c: a review that somebody wants to read or change: who may, what is written down, who hears of it. */
#include "api/reviews.h"

#include <stdlib.h>
#include <string.h>

void opening_end(struct opening_review *o)
{
    json_decref(o->body);
    buf_finish(&o->out);
    free(o);
}

static void have_review(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct opening_review *o = ctx;
    struct turn *t = o->turn;
    struct kf_err wrong = { .rc = KF_OK };

    o->q = &q->quality;
    o->r = rc ? NULL : &q->quality.reviews[0];
    o->m = o->r ? turn_member(t, &o->r->site) : NULL;
    o->site = o->r ? desk_site(turn_desk(t), &o->r->site) : NULL;
    if (rc && rc != KF_ABSENT)
        turn_fail(t, rc, why);
    else if (!o->r || !o->site || !permit_review(o->m, REVIEW_READ, o->r, o->q->blind))
        turn_problem(t, 404, "there is no such review");
    else if (!permit_review(o->m, o->verb, o->r, o->q->blind))
        turn_problem(t, 403, "this review is not yours to do that with");
    else if (!o->q->n_cards)
        turn_problem(t, 500, "its scorecard is missing");
    else if (scorecard_parse(slice_of(o->q->cards[0].body), &o->q->cards[0].key, o->q->cards[0].version, q->arena, &o->card, &wrong))
        turn_fail(t, wrong.rc, &wrong);
    else {
        o->go(o);
        return;
    }
    opening_end(o);
}

void open_review(struct turn *t, enum review_verb verb, bool with_body, void (*go)(struct opening_review *o))
{
    struct opening_review *o;
    struct query *q;
    struct kf_id id;
    json_t *body = NULL;

    if (!id_parse(t->segment[0], &id)) {
        turn_problem(t, 404, "there is no such review");
        return;
    }
    if (with_body && !(body = turn_body(t)))
        return;
    o = calloc(1, sizeof(*o));
    q = o ? query_new(QUERY_REVIEW) : NULL;
    if (!q) {
        json_decref(body);
        free(o);
        turn_problem(t, 500, "out of memory");
        return;
    }
    *o = (struct opening_review){ .turn = t, .verb = verb, .go = go, .body = body, .id = id };
    buf_init(&o->out, 16u << 20);
    q->id = id;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_review, o);
}

bool opening_words_gone(const struct opening_review *o)
{
    return review_is_in(o->r) && strcmp(o->q->body, "{}") == 0;
}

json_t *opening_submitted(const struct opening_review *o)
{
    struct score_answer answers[SCORE_ITEMS_MAX] = { { .given = false } };

    if (!opening_words_gone(o))
        return review_contents_json(o->q->body);
    for (size_t i = 0; i < o->q->n_lines; i++) {
        const struct review_line *l = &o->q->lines[i];
        const struct score_line line = { .earned = l->earned, .max = l->max, .failed = l->failed };
        int n = score_item_number(&o->card, slice_of(l->item.s));

        if (n >= 0)
            answers[n] = score_answer_of(score_item(&o->card, (size_t)n, NULL), &line);
    }
    return review_numbers_json(&o->card, answers);
}

/* ---- what becomes of it ---- */

struct change *opening_change(struct opening_review *o)
{
    struct change *c = change_new(&o->r->site, turn_ports(o->turn)->now_ms(turn_ports(o->turn)->ctx));

    if (c)
        c->by = turn_actor(o->turn, c);
    else
        turn_problem(o->turn, 500, "out of memory");
    return c;
}

void opening_audit(struct opening_review *o, struct change *c, const char *kind)
{
    char id[KF_ID_TEXT], conv[KF_ID_TEXT];

    change_act(c, ACT_AUDIT)->u.entry = (struct entry){ .at = c->at,
                                                        .kind = kind,
                                                        .by = c->by,
                                                        .data = change_printf(c, "{\"review\":\"%s\",\"conversation\":\"%s\"}",
                                                                              id_text(&o->id, id), id_text(&o->r->conv, conv)) };
}

void opening_concerns(struct opening_review *o, bool anybody)
{
    o->told = anybody;
    o->site_key = o->r->site;
    o->agent = o->r->agent;
    o->reviewer = o->r->reviewer;
}

static void tell_one(const struct opening_review *o, const struct kf_id *person)
{
    if (!id_eq(person, &o->turn->person))
        desk_notice(turn_desk(o->turn), &o->site_key, person);
}

void opening_tell(const struct opening_review *o)
{
    struct desk *d = turn_desk(o->turn);
    const struct member *m;

    for (size_t i = 0; i < o->n_mentioned; i++)
        tell_one(o, &o->mentioned[i]);
    if (!o->told)
        return;
    tell_one(o, &o->agent);
    tell_one(o, &o->reviewer);
    for (size_t i = 0; o->to_supervisors && (m = desk_member_at(d, &o->site_key, i)); i++)
        if (!m->disabled && (m->roles & MEMBER_SUPERVISOR))
            tell_one(o, &m->person);
}
