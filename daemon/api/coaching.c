/* coaching.c: what supervisors plan with agents, when it is looked at again, and what came of it. The agent is told, and acknowledges. */
#include "api/reviews.h"
#include "core/utf8.h"

#include <stdlib.h>

#define TEXT_CP     2000
#define LISTED_MAX  500
#define DAY_MS      86400000LL

#define FOLLOW_DAYS 3660

static int64_t clock_ms(struct turn *t)
{
    return turn_ports(t)->now_ms(turn_ports(t)->ctx);
}

/* ---- as JSON --------------------------------------------------------------------------------------------------------------------------- */

static void set_time(json_t *o, const char *name, int64_t at)
{
    if (at)
        (void)json_object_set_new(o, name, json_integer(at));
}

/* Whoever has written it may, whatever queues he looks after by now; other supervisors where they look after the agent. */
static bool may(struct turn *t, const struct member *m, enum coaching_verb verb, const struct coaching *c)
{
    return permit_coaching(m, verb, &c->site, &c->agent) && (id_eq(&c->agent, &m->person) || id_eq(&c->by, &m->person) ||
                                                             permit_coached(m, desk_member(turn_desk(t), &c->site, &c->agent), &c->queue));
}

static json_t *may_json(struct turn *t, const struct member *m, const struct coaching *c)
{
    enum coaching_state to;

    return json_pack("{s:b,s:b}", "acknowledge",
                     (int)(may(t, m, COACHING_ANSWER, c) && coaching_step(c->state, COACHING_ACKNOWLEDGE, &to, NULL) == KF_OK), "close",
                     (int)(may(t, m, COACHING_MANAGE, c) && coaching_step(c->state, COACHING_CLOSE, &to, NULL) == KF_OK));
}

static json_t *coaching_json(struct turn *t, const struct member *m, const struct coaching *c)
{
    char id[KF_ID_TEXT], by[KF_ID_TEXT], review[KF_ID_TEXT];
    json_t *ret = json_pack("{s:s,s:I,s:o,s:{s:s,s:s},s:s,s:I,s:s,s:s,s:s,s:I,s:b,s:o}", "id", id_text(&c->id, id), "revision",
                            (json_int_t)c->revision, "agent", review_person(t, &c->site, &c->agent), "by", "id", id_text(&c->by, by),
                            "name", c->by_name, "text", c->text, "follow_at", (json_int_t)c->follow_at, "state",
                            coaching_state_name(c->state), "answer", c->answer, "outcome", c->outcome, "at", (json_int_t)c->at, "due",
                            (int)(c->state != COACHING_DONE && c->follow_at <= clock_ms(t)), "may", may_json(t, m, c));

    if (!id_is_zero(&c->review))
        (void)json_object_set_new(ret, "review", json_string(id_text(&c->review, review)));
    set_time(ret, "acknowledged_at", c->acknowledged_at);
    set_time(ret, "done_at", c->done_at);
    return ret;
}

static void have_list(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    const struct member *m = turn_member(t, &q->site);
    json_t *items = json_array();
    size_t due = 0;

    for (size_t i = 0; !rc && i < q->n_coachings; i++) {
        const struct coaching *c = &q->coachings[i];

        if (!may(t, m, COACHING_READ, c))
            continue;
        (void)json_array_append_new(items, coaching_json(t, m, c));
        due += c->state != COACHING_DONE && c->follow_at <= clock_ms(t);
    }
    if (rc) {
        json_decref(items);
        turn_fail(t, rc, why);
    } else
        turn_jansson(t, 200, json_pack("{s:o,s:I}", "items", items, "due", (json_int_t)due));
}

/* list=mine: about me; else, for supervisors, all of whom they look after. */
static void get_coaching(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct slice list = turn_query(t, "list");
    bool mine = slice_is(list, "mine");
    struct kf_id nobody = { { 0 } };
    struct query *q;

    if (!site)
        return;
    if (list.n && !mine && !slice_is(list, "all")) {
        turn_problem(t, 400, "list: mine or all");
        return;
    }
    if (!mine && !permit_coaching(m, COACHING_MANAGE, &site->key, &nobody)) {
        turn_problem(t, 403, "what is planned with others needs the role supervisor");
        return;
    }
    q = query_new(QUERY_COACHING);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->site = site->key;
    q->limit = LISTED_MAX;
    if (mine)
        q->id = t->person;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_list, t);
}

/* ---- changing --------------------------------------------------------------------------------------------------------------------------- */

struct acting {
    struct turn *turn;
    enum coaching_event event;
    json_t *body;
    struct kf_key site;
    struct kf_id id, told; /* told: who else is concerned */
    struct coaching note;  /* what is planned */
};

static void acting_end(struct acting *a)
{
    json_decref(a->body);
    free(a);
}

static void acted(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct acting *a = ctx;
    char id[KF_ID_TEXT];

    if (rc)
        turn_fail(a->turn, rc, why);
    else {
        turn_jansson(a->turn, a->event == COACHING_PLAN ? 201 : 200,
                     json_pack("{s:s,s:I}", "id", id_text(&a->id, id), "revision", (json_int_t)news->version));
        desk_notice(turn_desk(a->turn), &a->site, &a->told);
    }
    acting_end(a);
}

static void commit(struct acting *a, const struct coaching *note)
{
    static const char *const kinds[] = { "coaching_planned", "coaching_acknowledged", "coaching_closed" };
    struct change *c = change_new(&a->site, clock_ms(a->turn));
    struct act_coaching *act = c ? ARENA_NEW(c->arena, struct act_coaching) : NULL;
    char id[KF_ID_TEXT];

    if (!act) {
        change_free(c);
        turn_problem(a->turn, 500, "out of memory");
        acting_end(a);
        return;
    }
    c->by = turn_actor(a->turn, c);
    *act = (struct act_coaching){ .event = a->event, .note = *note };
    act->note.text = change_text(c, slice_of(note->text));
    act->note.answer = change_text(c, slice_of(note->answer));
    act->note.outcome = change_text(c, slice_of(note->outcome));
    change_act(c, ACT_COACHING)->u.coaching = act;
    change_act(c, ACT_AUDIT)->u.entry = (struct entry){
        .at = c->at, .kind = kinds[a->event], .by = c->by, .data = change_printf(c, "{\"coaching\":\"%s\"}", id_text(&a->id, id))
    };
    turn_ports(a->turn)->commit(turn_ports(a->turn)->ctx, c, acted, a);
}

/* A text of the body; NULL: it has too many characters, or none where one is `needed`: answered. */
static const char *text_in(struct acting *a, const char *name, bool needed)
{
    const char *text = json_string_value(json_object_get(a->body, name));

    if ((text || !needed) && (!text || (utf8_length(slice_of(text)) <= TEXT_CP && (*text || !needed))))
        return text ? text : "";
    turn_problem(a->turn, 400, "%s: %s %d characters", name, needed ? "1 to" : "at most", TEXT_CP);
    return NULL;
}

static struct acting *acting_new(struct turn *t, enum coaching_event event)
{
    json_t *body = turn_body(t);
    struct acting *a = body ? calloc(1, sizeof(*a)) : NULL;

    if (a)
        *a = (struct acting){ .turn = t, .event = event, .body = body };
    else if (body) {
        json_decref(body);
        turn_problem(t, 500, "out of memory");
    }
    return a;
}

/* A day back, so that what is planned for today is taken in every time zone. */
static bool is_time(struct acting *a, const json_t *at)
{
    int64_t now = clock_ms(a->turn);

    return json_is_integer(at) && json_integer_value(at) > now - DAY_MS && json_integer_value(at) < now + FOLLOW_DAYS * DAY_MS;
}

static bool take_plan(struct acting *a, const struct member *m, struct coaching *note)
{
    const struct kf_key none = { "" };
    const json_t *follow = json_object_get(a->body, "follow_at");
    const char *review = json_string_value(json_object_get(a->body, "review"));
    const struct member *who;

    if (!id_parse(slice_of(json_string_value(json_object_get(a->body, "agent"))), &note->agent) ||
        !(who = desk_member(turn_desk(a->turn), &a->site, &note->agent)) || who->disabled)
        turn_problem(a->turn, 400, "agent: the id of somebody of the site");
    else if (!permit_coaching(m, COACHING_MANAGE, &a->site, &note->agent))
        turn_problem(a->turn, 403, "coaching is planned by supervisors, and with others");
    else if (!permit_coached(m, who, &none))
        turn_problem(a->turn, 403, "coaching is planned with those who serve a queue of one's own");
    else if (!is_time(a, follow))
        turn_problem(a->turn, 400, "follow_at: a time from today on, in milliseconds since 1970 UTC");
    else if (review && !id_parse(slice_of(review), &note->review))
        turn_problem(a->turn, 400, "review: the id of a review");
    else if ((note->text = text_in(a, "text", true))) {
        note->follow_at = json_integer_value(follow);
        return true;
    }
    return false;
}

static void plan(struct acting *a)
{
    const struct ports *p = turn_ports(a->turn);
    uint8_t chance[10];

    p->chance(p->ctx, chance, sizeof(chance));
    a->note.id = a->id = id_make(clock_ms(a->turn), chance);
    a->told = a->note.agent;
    commit(a, &a->note);
}

/* It is about the agent, and of those that the supervisor may read himself. */
static void have_review(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct acting *a = ctx;
    const struct review *r = rc ? NULL : &q->quality.reviews[0];
    const struct member *m = turn_member(a->turn, &a->site);

    if (rc && rc != KF_ABSENT)
        turn_fail(a->turn, rc, why);
    else if (!r || !id_eq(&r->agent, &a->note.agent) || !review_is_told(r) || !key_eq(&r->site, &a->site) ||
             !permit_review(m, REVIEW_READ, r, q->quality.blind))
        turn_problem(a->turn, 400, "review: one of this agent that was submitted, and that you may read");
    else {
        plan(a);
        return;
    }
    acting_end(a);
}

static void post_coaching(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct acting *a = site ? acting_new(t, COACHING_PLAN) : NULL;
    struct query *q;

    if (!a)
        return;
    a->site = site->key;
    a->note.answer = a->note.outcome = "";
    if (!take_plan(a, m, &a->note)) {
        acting_end(a);
        return;
    }
    if (id_is_zero(&a->note.review)) {
        plan(a);
        return;
    }
    q = query_new(QUERY_REVIEW);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        acting_end(a);
        return;
    }
    q->id = a->note.review;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_review, a);
}

static void have_note(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct acting *a = ctx;
    const struct coaching *c = rc ? NULL : &q->coachings[0];
    const struct member *m = c ? turn_member(a->turn, &c->site) : NULL;
    const json_t *revision = json_object_get(a->body, "revision");
    bool closes = a->event == COACHING_CLOSE;
    struct coaching note = { .text = "", .answer = "", .outcome = "" };
    const char *words;

    if (rc && rc != KF_ABSENT)
        turn_fail(a->turn, rc, why);
    else if (!c || !m || !may(a->turn, m, COACHING_READ, c))
        turn_problem(a->turn, 404, "there is no such note");
    else if (!may(a->turn, m, closes ? COACHING_MANAGE : COACHING_ANSWER, c))
        turn_problem(a->turn, 403, closes ? "supervisors close what concerns others" : "only the agent acknowledges");
    else if (!json_is_integer(revision))
        turn_problem(a->turn, 400, "revision: the number that was seen last");
    else if ((words = text_in(a, closes ? "outcome" : "answer", closes))) {
        a->site = c->site;
        a->told = closes ? c->agent : c->by;
        note.id = a->id;
        note.revision = json_integer_value(revision);
        *(closes ? &note.outcome : &note.answer) = words;
        commit(a, &note);
        return;
    }
    acting_end(a);
}

static void act_on(struct turn *t, enum coaching_event event)
{
    struct acting *a;
    struct query *q;
    struct kf_id id;

    if (!id_parse(t->segment[0], &id)) {
        turn_problem(t, 404, "there is no such note");
        return;
    }
    a = acting_new(t, event);
    if (!a)
        return;
    q = query_new(QUERY_COACHED);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        acting_end(a);
        return;
    }
    a->id = q->id = id;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_note, a);
}

static void post_acknowledge(struct turn *t)
{
    act_on(t, COACHING_ACKNOWLEDGE);
}

static void post_close(struct turn *t)
{
    act_on(t, COACHING_CLOSE);
}

const struct route_entry routes_coaching[] = { { "GET", "/api/v1/coaching", GATE_STAFF, get_coaching },
                                               { "POST", "/api/v1/coaching", GATE_STAFF, post_coaching },
                                               { "POST", "/api/v1/coaching/*/acknowledge", GATE_STAFF, post_acknowledge },
                                               { "POST", "/api/v1/coaching/*/close", GATE_STAFF, post_close },
                                               { NULL, NULL, GATE_OPEN, NULL } };
