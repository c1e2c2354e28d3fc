/* coaching.c: what supervisors plan with agents, when it is looked at again, and what came of it. The agent is told, and acknowledges. */
#include "api/reviews.h"
#include "core/utf8.h"

#include <stdlib.h>

#define TEXT_CP    2000
#define LISTED_MAX 500

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

static json_t *may_json(const struct member *m, const struct coaching *c)
{
    enum coaching_state to;

    return json_pack(
        "{s:b,s:b}", "acknowledge",
        (int)(permit_coaching(m, COACHING_ANSWER, &c->site, &c->agent) &&
              coaching_step(c->state, COACHING_ACKNOWLEDGE, &to, NULL) == KF_OK),
        "close",
        (int)(permit_coaching(m, COACHING_MANAGE, &c->site, &c->agent) && coaching_step(c->state, COACHING_CLOSE, &to, NULL) == KF_OK));
}

static json_t *coaching_json(struct turn *t, const struct member *m, const struct coaching *c)
{
    char id[KF_ID_TEXT], by[KF_ID_TEXT], review[KF_ID_TEXT];
    json_t *ret = json_pack("{s:s,s:I,s:o,s:{s:s,s:s},s:s,s:I,s:s,s:s,s:s,s:I,s:b,s:o}", "id", id_text(&c->id, id), "revision",
                            (json_int_t)c->revision, "agent", review_person(t, &c->site, &c->agent), "by", "id", id_text(&c->by, by),
                            "name", c->by_name, "text", c->text, "follow_at", (json_int_t)c->follow_at, "state",
                            coaching_state_name(c->state), "answer", c->answer, "outcome", c->outcome, "at", (json_int_t)c->at, "due",
                            (int)(c->state != COACHING_DONE && c->follow_at <= clock_ms(t)), "may", may_json(m, c));

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

        if (!permit_coaching(m, COACHING_READ, &c->site, &c->agent))
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

/* list=mine: about me; else, for supervisors, all of the site. */
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

static bool take_plan(struct acting *a, const struct member *m, struct coaching *note)
{
    const json_t *follow = json_object_get(a->body, "follow_at");
    const char *review = json_string_value(json_object_get(a->body, "review"));
    const struct member *who;

    if (!id_parse(slice_of(json_string_value(json_object_get(a->body, "agent"))), &note->agent) ||
        !(who = desk_member(turn_desk(a->turn), &a->site, &note->agent)) || who->disabled)
        turn_problem(a->turn, 400, "agent: the id of somebody of the site");
    else if (!permit_coaching(m, COACHING_MANAGE, &a->site, &note->agent))
        turn_problem(a->turn, 403, "coaching is planned by supervisors, and with others");
    else if (!json_is_integer(follow) || json_integer_value(follow) < 1)
        turn_problem(a->turn, 400, "follow_at: a time in milliseconds since 1970 UTC");
    else if (review && !id_parse(slice_of(review), &note->review))
        turn_problem(a->turn, 400, "review: the id of a review");
    else if ((note->text = text_in(a, "text", true))) {
        note->follow_at = json_integer_value(follow);
        return true;
    }
    return false;
}

static void post_coaching(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct acting *a = site ? acting_new(t, COACHING_PLAN) : NULL;
    struct coaching note = { .answer = "", .outcome = "" };
    uint8_t chance[10];

    if (!a)
        return;
    a->site = site->key;
    if (!take_plan(a, m, &note)) {
        acting_end(a);
        return;
    }
    turn_ports(t)->chance(turn_ports(t)->ctx, chance, sizeof(chance));
    note.id = a->id = id_make(clock_ms(t), chance);
    a->told = note.agent;
    commit(a, &note);
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
    else if (!c || !permit_coaching(m, COACHING_READ, &c->site, &c->agent))
        turn_problem(a->turn, 404, "there is no such note");
    else if (!permit_coaching(m, closes ? COACHING_MANAGE : COACHING_ANSWER, &c->site, &c->agent))
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
