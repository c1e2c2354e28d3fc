/* people.c: the staff: who there is, and what they may do. By an administrator of the site, or by kefuctl. */
#include "api/api.h"
#include "password.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_DEFAULT 5
#define CAPACITY_MAX     100

/* One act on a person: what was asked for, while person and hash are being found. */
struct staffing {
    struct turn *turn;
    char email[256];
    char *password; /* in clear, until it is hashed */
    char hash[PASSWORD_TEXT];
    enum kf_rc rc;
    struct kf_err why;
    struct person person;
    struct member member;
    bool create, disable;
};

static void staffing_free(struct staffing *s)
{
    if (s->password)
        explicit_bzero(s->password, strlen(s->password));
    free(s->password);
    free(s);
}

static int64_t clock_ms(struct turn *t)
{
    return turn_ports(t)->now_ms(turn_ports(t)->ctx);
}

static void changed(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct staffing *s = ctx;
    struct turn *t = s->turn;
    char id[KF_ID_TEXT];

    (void)news;
    if (rc)
        turn_fail(t, rc, why);
    else {
        if (!s->create)
            desk_signed_out(turn_desk(t), &s->person.id, NULL); /* a new password or none at all ends what the old one opened */
        desk_load(turn_desk(t), NULL, NULL);
        if (s->create)
            turn_jansson(t, 201, json_pack("{s:s,s:s}", "id", id_text(&s->person.id, id), "email", s->email));
        else
            turn_empty(t, 204);
    }
    staffing_free(s);
}

static void commit(struct staffing *s)
{
    struct turn *t = s->turn;
    struct change *c = change_new(s->create ? &s->member.site : NULL, clock_ms(t));
    struct act *act;

    if (!c) {
        turn_problem(t, 500, "out of memory");
        staffing_free(s);
        return;
    }
    c->by = (struct actor){ .role = ROLE_AGENT, .id = t->person, .name = t->op ? "operator" : "" };
    act = change_act(c, ACT_PERSON);
    act->u.person = s->person;
    act->u.person.email = change_text(c, slice_of(s->email));
    act->u.person.name = change_text(c, slice_of(s->person.name));
    act->u.person.password = *s->hash ? change_text(c, slice_of(s->hash)) : NULL;
    if (s->create) {
        act = change_act(c, ACT_MEMBER);
        act->u.member = s->member;
        act->u.member.person = s->person.id;
        act->u.member.name = change_text(c, slice_of(s->member.name));
        act->u.member.number = change_text(c, slice_of(s->member.number));
        act->u.member.presence_reason = "";
    } else {
        act = change_act(c, ACT_SESSION_END);
        act->u.session.person = s->person.id;
    }
    act = change_act(c, ACT_AUDIT);
    act->u.entry = (struct entry){ .at = c->at,
                                   .kind = s->create    ? "person_added"
                                           : s->disable ? "person_disabled"
                                                        : "password_changed",
                                   .by = c->by,
                                   .data = change_printf(c, "{\"person\":\"%s\"}", id_text(&s->person.id, (char[KF_ID_TEXT]){ 0 })) };
    turn_ports(t)->commit(turn_ports(t)->ctx, c, changed, s);
}

static void hash_run(void *arg)
{
    struct staffing *s = arg;

    s->rc = password_hash(slice_of(s->password), s->hash, &s->why);
}

static void hash_after(void *arg)
{
    struct staffing *s = arg;

    if (s->rc) {
        turn_fail(s->turn, s->rc, &s->why);
        staffing_free(s);
        return;
    }
    commit(s);
}

static bool is_admin_of(struct turn *t, const struct kf_id *person)
{
    struct site *site;

    if (t->op)
        return true;
    for (size_t i = 0; (site = desk_site_at(turn_desk(t), i)); i++)
        if (permit(desk_member(turn_desk(t), &site->key, &t->person), VERB_PEOPLE, &site->key, NULL) &&
            (!person || desk_member(turn_desk(t), &site->key, person)))
            return true;
    return false;
}

static void have_person(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct staffing *s = ctx;
    const struct api_config *cfg = turn_config(s->turn);

    if (rc == KF_ABSENT && s->create) {
        uint8_t chance[10];

        turn_ports(s->turn)->chance(turn_ports(s->turn)->ctx, chance, sizeof(chance));
        s->person.id = id_make(clock_ms(s->turn), chance);
        s->person.created_at = clock_ms(s->turn);
        cfg->work(cfg->ctx, hash_run, hash_after, s);
        return;
    }
    if (rc) {
        turn_fail(s->turn, rc, why);
        staffing_free(s);
        return;
    }
    if (s->create || !is_admin_of(s->turn, &q->person->id)) {
        turn_problem(s->turn, s->create ? 409 : 404, s->create ? "there is a person with that address already" : "no such person");
        staffing_free(s);
        return;
    }
    s->person = *q->person;
    s->person.password = NULL;
    s->person.email = s->email;
    s->person.name = arena_text(s->turn->arena, slice_of(q->person->name));
    s->person.disabled = s->disable ? true : q->person->disabled;
    if (s->password)
        cfg->work(cfg->ctx, hash_run, hash_after, s);
    else
        commit(s);
}

static void find_person(struct staffing *s)
{
    struct query *q = query_new(QUERY_PERSON);

    if (!q) {
        turn_problem(s->turn, 500, "out of memory");
        staffing_free(s);
        return;
    }
    q->text = arena_copy(q->arena, slice_of(s->email));
    turn_ports(s->turn)->read(turn_ports(s->turn)->ctx, q, have_person, s);
}

static struct staffing *staffing_new(struct turn *t, struct slice email)
{
    struct staffing *s = calloc(1, sizeof(*s));

    if (!s) {
        turn_problem(t, 500, "out of memory");
        return NULL;
    }
    s->turn = t;
    if (email.n < 3 || email.n >= sizeof(s->email) || !memchr(email.p, '@', email.n)) {
        turn_problem(t, 400, "email: a mail address of at most 255 characters");
        free(s);
        return NULL;
    }
    for (size_t i = 0; i < email.n; i++)
        s->email[i] = (char)tolower((unsigned char)email.p[i]);
    return s;
}

/* ---- adding ---- */

static const char *member_text(struct turn *t, const json_t *root, const char *name)
{
    const char *s = json_string_value(json_object_get(root, name));

    return arena_text(t->arena, slice_of(s));
}

static bool keys_of(const json_t *array, struct kf_key *ret, size_t max, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < json_array_size(array); i++)
        if (*n == max || !key_parse(slice_of(json_string_value(json_array_get(array, i))), &ret[(*n)++]))
            return false;
    return true;
}

/* NULL, or what is wrong. */
static const char *read_member(struct turn *t, const json_t *root, struct staffing *s)
{
    const json_t *roles = json_object_get(root, "roles"), *capacity = json_object_get(root, "capacity");
    struct member *m = &s->member;
    struct kf_key site;

    if (!key_parse(slice_of(json_string_value(json_object_get(root, "site"))), &site) || !desk_site(turn_desk(t), &site))
        return "site: the key of a site";
    m->site = site;
    for (size_t i = 0; i < json_array_size(roles); i++) {
        unsigned bit = member_role_parse(slice_of(json_string_value(json_array_get(roles, i))));

        if (!bit)
            return "roles: a list of agent, supervisor, reviewer, admin";
        m->roles |= bit;
    }
    if (!m->roles)
        return "roles: at least one of agent, supervisor, reviewer, admin";
    if (!keys_of(json_object_get(root, "queues"), m->queues, MEMBER_QUEUES_MAX, &m->n_queues))
        return "queues: a list of at most 32 keys";
    if (!keys_of(json_object_get(root, "skills"), m->skills, MEMBER_SKILLS_MAX, &m->n_skills))
        return "skills: a list of at most 32 keys";
    m->capacity = capacity ? (int)json_integer_value(capacity) : CAPACITY_DEFAULT;
    if (m->capacity < 0 || m->capacity > CAPACITY_MAX)
        return "capacity: 0 to 100";
    s->person.name = m->name = member_text(t, root, "name");
    m->number = member_text(t, root, "number");
    if (!m->name || !*m->name)
        return "name is missing";
    return NULL;
}

static void post_people(struct turn *t)
{
    json_t *root = turn_body(t);
    const char *password = json_string_value(json_object_get(root, "password")), *wrong;
    struct staffing *s;
    struct kf_err why = { 0 };

    if (!root)
        return;
    s = staffing_new(t, slice_of(json_string_value(json_object_get(root, "email"))));
    if (!s) {
        json_decref(root);
        return;
    }
    s->create = true;
    wrong = read_member(t, root, s);
    if (!wrong && !password)
        wrong = "password is missing";
    if (wrong)
        turn_problem(t, 400, "%s", wrong);
    else if (!t->op && !permit(desk_member(turn_desk(t), &s->member.site, &t->person), VERB_PEOPLE, &s->member.site, NULL)) {
        turn_problem(t, 403, "adding people needs the role admin");
        wrong = "";
    } else if (password_fits(slice_of(password), &why)) {
        turn_fail(t, why.rc, &why);
        wrong = "";
    } else
        s->password = strdup(password);
    json_decref(root);
    if (wrong)
        staffing_free(s);
    else
        find_person(s);
}

/* ---- changing ---- */

static void post_password(struct turn *t)
{
    json_t *root = turn_body(t);
    const char *password = json_string_value(json_object_get(root, "password"));
    struct kf_err why = { 0 };
    struct staffing *s;

    if (!root)
        return;
    if (!password)
        turn_problem(t, 400, "password is missing");
    else if (password_fits(slice_of(password), &why))
        turn_fail(t, why.rc, &why);
    else if ((s = staffing_new(t, t->segment[0]))) {
        s->password = strdup(password);
        find_person(s);
    }
    json_decref(root);
}

static void post_disable(struct turn *t)
{
    struct staffing *s = staffing_new(t, t->segment[0]);

    if (!s)
        return;
    s->disable = true;
    find_person(s);
}

static void get_people(struct turn *t)
{
    const struct member *me, *m;
    struct site *site = turn_site(t, &me);
    json_t *items;
    char id[KF_ID_TEXT];

    if (!site)
        return;
    if (!t->op && !permit(me, VERB_PEOPLE, &site->key, NULL)) {
        turn_problem(t, 403, "the list of people needs the role admin");
        return;
    }
    items = json_array();
    for (size_t i = 0; (m = desk_member_at(turn_desk(t), &site->key, i)); i++) {
        json_t *roles = json_array();

        for (unsigned bit = 1; bit <= MEMBER_ADMIN; bit <<= 1)
            if (m->roles & bit)
                json_array_append_new(roles, json_string(member_role_name(bit)));
        json_array_append_new(items, json_pack("{s:s,s:s,s:s,s:o,s:i,s:b,s:s}", "id", id_text(&m->person, id), "name", m->name, "number",
                                               m->number, "roles", roles, "capacity", m->capacity, "disabled", (int)m->disabled, "presence",
                                               presence_name(m->presence)));
    }
    turn_jansson(t, 200, json_pack("{s:o}", "items", items));
}

const struct route_entry routes_people[] = { { "GET", "/api/v1/people", GATE_EITHER, get_people },
                                             { "POST", "/api/v1/people", GATE_EITHER, post_people },
                                             { "POST", "/api/v1/people/*/password", GATE_EITHER, post_password },
                                             { "POST", "/api/v1/people/*/disable", GATE_EITHER, post_disable },
                                             { NULL, NULL, GATE_OPEN, NULL } };
