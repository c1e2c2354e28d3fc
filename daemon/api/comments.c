/* comments.c: comments on reviews, and whom they name. Who is named is said by id: a name in the text is only a name. */
#include "api/reviews.h"

#include <stdlib.h>

static json_t *named(const struct kf_id *who, const char *name)
{
    char id[KF_ID_TEXT];

    return json_pack("{s:s,s:s}", "id", id_text(who, id), "name", name);
}

static json_t *comment_json(const struct review_comment *c)
{
    char id[KF_ID_TEXT], parent[KF_ID_TEXT];
    json_t *ret = json_pack("{s:s,s:I,s:o,s:s,s:[]}", "id", id_text(&c->id, id), "at", (json_int_t)c->at, "by", named(&c->by, c->by_name),
                            "text", c->text, "mentions");

    if (c->seq)
        (void)json_object_set_new(ret, "seq", json_integer(c->seq));
    if (!id_is_zero(&c->parent))
        (void)json_object_set_new(ret, "parent", json_string(id_text(&c->parent, parent)));
    return ret;
}

static void add_mention(json_t *comment, const struct mention *m)
{
    (void)json_array_append_new(json_object_get(comment, "mentions"), named(&m->person, m->name));
}

json_t *comments_json(const struct opening_review *o)
{
    json_t *ret = json_array();
    size_t k = 0;

    for (size_t i = 0; i < o->q->n_comments; i++) {
        json_t *one = comment_json(&o->q->comments[i]);

        for (; k < o->q->n_mentions && id_eq(&o->q->mentions[k].comment, &o->q->comments[i].id); k++)
            add_mention(one, &o->q->mentions[k].who);
        (void)json_array_append_new(ret, one);
    }
    return ret;
}

json_t *readers_json(const struct opening_review *o)
{
    bool may = permit_review(o->m, REVIEW_COMMENT, o->r, o->q->blind);
    json_t *ret = json_array();
    const struct member *m;

    for (size_t i = 0; may && (m = desk_member_at(turn_desk(o->turn), &o->r->site, i)); i++)
        if (!id_eq(&m->person, &o->turn->person) && permit_review(m, REVIEW_READ, o->r, o->q->blind))
            (void)json_array_append_new(ret, review_person(o->turn, &o->r->site, &m->person));
    return ret;
}

/* ---- writing one ---------------------------------------------------------------------------------------------------------------------- */

static bool is_mentioned(const struct opening_review *o, const struct kf_id *who)
{
    for (size_t i = 0; i < o->n_mentioned; i++)
        if (id_eq(&o->mentioned[i], who))
            return true;
    return false;
}

static bool take_mention(struct opening_review *o, const json_t *one)
{
    struct kf_id *to = &o->mentioned[o->n_mentioned];
    const struct member *m;

    if (!id_parse(slice_of(json_string_value(one)), to) || is_mentioned(o, to))
        turn_problem(o->turn, 400, "mentions: ids of people, each once");
    else if (id_eq(to, &o->turn->person))
        turn_problem(o->turn, 422, "mentions: nobody mentions himself");
    else if (!(m = desk_member(turn_desk(o->turn), &o->r->site, to)))
        turn_problem(o->turn, 422, "mentions: %s is nobody of this site", json_string_value(one));
    else if (!permit_review(m, REVIEW_READ, o->r, o->q->blind))
        turn_problem(o->turn, 422, "mentions: %s may not read this review", m->name);
    else {
        o->n_mentioned++;
        return true;
    }
    return false;
}

/* Each of them may read the review. False: answered. */
static bool take_mentions(struct opening_review *o)
{
    const json_t *all;

    if (!turn_list(o->turn, o->body, "mentions", &all))
        return false;
    if (json_array_size(all) > REVIEW_MENTIONS_MAX) {
        turn_problem(o->turn, 400, "mentions: at most %d", REVIEW_MENTIONS_MAX);
        return false;
    }
    for (size_t i = 0; i < json_array_size(all); i++)
        if (!take_mention(o, json_array_get(all, i)))
            return false;
    return true;
}

static bool take_comment(struct opening_review *o, struct review_comment *ret)
{
    const json_t *text = json_object_get(o->body, "text"), *seq = json_object_get(o->body, "seq");
    const char *parent = json_string_value(json_object_get(o->body, "parent"));

    if (!review_is_text(text))
        turn_problem(o->turn, 400, "text: 1 to %d characters", REVIEW_TEXT_CP);
    else if (seq && (!json_is_integer(seq) || json_integer_value(seq) < 1 || json_integer_value(seq) > (1LL << 53) - 1))
        turn_problem(o->turn, 400, "seq: the number of a message");
    else if (parent && !id_parse(slice_of(parent), &ret->parent))
        turn_problem(o->turn, 400, "parent: the id of a comment");
    else {
        ret->text = json_string_value(text);
        ret->seq = json_integer_value(seq);
        return take_mentions(o);
    }
    return false;
}

/* Into the change, with the names that they have now; NULL: out of memory. */
static struct mention *mentions_of(const struct opening_review *o, struct change *c)
{
    struct mention *ret = arena_array(c->arena, o->n_mentioned + 1, sizeof(*ret));

    for (size_t i = 0; ret && i < o->n_mentioned; i++) {
        ret[i].person = o->mentioned[i];
        ret[i].name = change_text(c, slice_of(desk_member(turn_desk(o->turn), &o->r->site, &o->mentioned[i])->name));
    }
    return ret;
}

static void commented(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct opening_review *o = ctx;

    (void)news;
    if (rc)
        turn_fail(o->turn, rc, why);
    else {
        turn_json(o->turn, 201, &o->out);
        opening_tell(o);
    }
    opening_end(o);
}

static void answer_with(struct opening_review *o, const struct review_comment *m, const struct mention *mentions)
{
    json_t *answer = comment_json(m);
    char *text;

    for (size_t i = 0; i < o->n_mentioned; i++)
        add_mention(answer, &mentions[i]);
    text = json_dumps(answer, JSON_COMPACT);
    json_decref(answer);
    if (text)
        buf_str(&o->out, text);
    else
        o->out.failed = true;
    free(text);
}

static void comment(struct opening_review *o)
{
    const struct ports *p = turn_ports(o->turn);
    struct review_comment m = { .seq = 0 };
    struct change *c = take_comment(o, &m) ? opening_change(o) : NULL;
    struct mention *mentions = c ? mentions_of(o, c) : NULL;
    uint8_t chance[10];

    if (!mentions) {
        if (c) {
            change_free(c);
            turn_problem(o->turn, 500, "out of memory");
        }
        opening_end(o);
        return;
    }
    opening_concerns(o, review_is_told(o->r));
    p->chance(p->ctx, chance, sizeof(chance));
    m.id = id_make(c->at, chance);
    m.at = c->at;
    m.by = c->by.id;
    m.by_name = c->by.name;
    change_act(c, ACT_COMMENT)->u.comment = (struct act_comment){ .id = m.id,
                                                                  .review = o->id,
                                                                  .seq = m.seq,
                                                                  .parent = m.parent,
                                                                  .text = change_text(c, slice_of(m.text)),
                                                                  .mentions = mentions,
                                                                  .n_mentions = o->n_mentioned };
    answer_with(o, &m, mentions);
    if (!buf_ok(&o->out)) { /* before the commit: what is kept is answered */
        change_free(c);
        turn_problem(o->turn, 500, "out of memory");
        opening_end(o);
        return;
    }
    p->commit(p->ctx, c, commented, o);
}

static void comment_post(struct turn *t)
{
    open_review(t, REVIEW_COMMENT, true, comment);
}

const struct route_entry routes_comments[] = { { "POST", "/api/v1/reviews/*/comments", GATE_STAFF, comment_post },
                                               { NULL, NULL, GATE_OPEN, NULL } };
