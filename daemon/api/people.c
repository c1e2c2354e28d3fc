/* people.c: the staff: who there is, and what they may do. By an administrator of the site, or by kefuctl. */
#include "api/api.h"
#include "password.h"
#include "settings/kinds.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One act on a person: what was asked for, while person and hash are being found. */
struct staffing {
    struct turn *turn;
    char email[255];
    char *password; /* in clear, until it is hashed */
    char hash[PASSWORD_TEXT];
    enum kf_rc rc;
    struct kf_err why;
    struct person person;
    struct member member;
    bool create, disable, no_totp;
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

/* It is committed whether or not it could be read back; who asks next finds it. */
static void staffing_loaded(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct staffing *s = ctx;
    char id[KF_ID_TEXT];

    (void)rc;
    (void)why;
    if (s->create)
        turn_jansson(s->turn, 201, json_pack("{s:s,s:s}", "id", id_text(&s->person.id, id), "email", s->email));
    else
        turn_empty(s->turn, 204);
    staffing_free(s);
}

static void changed(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct staffing *s = ctx;
    struct desk *desk = turn_desk(s->turn);

    (void)news;
    if (rc) {
        turn_fail(s->turn, rc, why);
        staffing_free(s);
        return;
    }
    desk_signed_out(desk, &s->person.id, NULL); /* a new password or none at all ends what the old one opened */
    desk_changed(desk, s->create ? &s->member.site : NULL, staffing_loaded, s); /* an account is one for all sites */
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
    c->by = turn_actor(t, c);
    if (s->disable && !t->op)
        change_act(c, ACT_NOT_LAST)->u.not_last.person = s->person.id;
    act = change_act(c, ACT_PERSON);
    act->u.person = s->person;
    act->u.person.email = change_text(c, slice_of(s->email));
    act->u.person.name = change_text(c, slice_of(s->person.name));
    act->u.person.password = *s->hash ? change_text(c, slice_of(s->hash)) : NULL;
    if (s->create) {
        struct member *m = change_member(c);

        *m = s->member;
        m->person = s->person.id;
        m->name = change_text(c, slice_of(s->member.name));
        m->number = change_text(c, slice_of(s->member.number));
        m->presence_reason = "";
    }
    act = change_act(c, ACT_SESSION_END);
    act->u.session.person = s->person.id;
    if (s->no_totp)
        change_act(c, ACT_TOTP_END)->u.totp.person = s->person.id;
    act = change_act(c, ACT_AUDIT);
    act->u.entry = (struct entry){ .at = c->at,
                                   .kind = s->create    ? "person_added"
                                           : s->disable ? "person_disabled"
                                           : s->no_totp ? "totp_reset"
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

/* An account belongs to the installation: whoever changes it must be an administrator wherever it is a member, else the administrator of
 * one site could sign in to another as somebody else. */
static bool is_admin_of(struct turn *t, const struct kf_id *person)
{
    struct site *site;
    bool any = false;

    if (t->op)
        return true;
    for (size_t i = 0; (site = desk_site_at(turn_desk(t), i)); i++) {
        if (!desk_member(turn_desk(t), &site->key, person))
            continue;
        if (!permit(turn_member(t, &site->key), VERB_PEOPLE, &site->key, NULL))
            return false;
        any = true;
    }
    return any;
}

/* Without this one nobody could look after the site any more, but its operator. */
static bool last_admin(struct turn *t, const struct kf_key *site, const struct kf_id *person)
{
    const struct member *m;
    bool is = false;

    for (size_t i = 0; (m = desk_member_at(turn_desk(t), site, i)); i++) {
        if (m->disabled || !(m->roles & MEMBER_ADMIN))
            continue;
        if (!id_eq(&m->person, person))
            return false;
        is = true;
    }
    return is;
}

static const struct site *last_admin_somewhere(struct turn *t, const struct kf_id *person)
{
    struct site *site;

    for (size_t i = 0; (site = desk_site_at(turn_desk(t), i)); i++)
        if (last_admin(t, &site->key, person))
            return site;
    return NULL;
}

static void have_person(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct staffing *s = ctx;
    const struct api_config *cfg = turn_config(s->turn);
    const struct site *orphan;

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
    /* An operator may make a known person a member of one more site; nobody else is told that there is one. */
    if ((s->create && !s->turn->op) || !is_admin_of(s->turn, &q->person->id)) {
        turn_problem(s->turn, s->create ? 409 : 404, s->create ? "there is a person with that address already" : "no such person");
        staffing_free(s);
        return;
    }
    orphan = s->disable && !s->turn->op ? last_admin_somewhere(s->turn, &q->person->id) : NULL;
    if (orphan) {
        turn_problem(s->turn, 409, "this is the last administrator of the site \"%s\": make somebody else one first", orphan->key.s);
        staffing_free(s);
        return;
    }
    s->person = *q->person;
    s->person.password = NULL;
    (void)snprintf(s->email, sizeof(s->email), "%s", q->person->email);
    s->person.email = s->email;
    s->person.name = arena_text(s->turn->arena, slice_of(q->person->name));
    s->person.disabled = s->disable || (q->person->disabled && !s->create);
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
    if (*s->email)
        q->text = arena_copy(q->arena, slice_of(s->email));
    else
        q->id = s->person.id;
    turn_ports(s->turn)->read(turn_ports(s->turn)->ctx, q, have_person, s);
}

/* Somebody is named by address, or by id where one is known already. */
static struct staffing *staffing_new(struct turn *t, struct slice email)
{
    struct staffing *s = calloc(1, sizeof(*s));

    if (!s) {
        turn_problem(t, 500, "out of memory");
        return NULL;
    }
    s->turn = t;
    if (id_parse(email, &s->person.id))
        return s;
    if (email.n < 3 || email.n >= sizeof(s->email) || !memchr(email.p, '@', email.n)) {
        turn_problem(t, 400, "email: a mail address of at most 254 characters");
        free(s);
        return NULL;
    }
    for (size_t i = 0; i < email.n; i++)
        s->email[i] = (char)tolower((unsigned char)email.p[i]);
    return s;
}

/* ---- adding ---- */

/* Who serves only a queue that is none would never get anything. */
static enum kf_rc check_queues(const struct keys_at *at, const struct site *site, const struct site_person *p)
{
    char all[400] = "";
    size_t unknown = 0;

    while (unknown < p->n_queues && site_queue(site, &p->queues[unknown]))
        unknown++;
    if (unknown == p->n_queues)
        return KF_OK;
    for (size_t i = 0, n = 0; i < site->n_queues && n < sizeof(all); i++)
        n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", n ? ", " : "", site->queues[i].key.s);
    return keys_fail(at, "queues: there is no queue \"%s\"; there %s%s", p->queues[unknown].s, *all ? "are: " : "is none at all", all);
}

/* What a set of a site says of a person is what is said here, so one table reads both. */
static enum kf_rc read_person(struct turn *t, json_t *root, struct staffing *s, struct kf_err *why)
{
    const struct keys_at at = { .what = "person", .arena = t->arena, .why = why };
    struct site_person p = { .email = NULL };
    json_t *site = json_object_get(root, "site");
    const struct site *its;
    enum kf_rc rc;

    if (!json_is_string(site))
        return kf_fail(why, KF_INVALID, "site: the key of a site");
    its = key_parse(slice_of(json_string_value(site)), &s->member.site) ? desk_site(turn_desk(t), &s->member.site) : NULL;
    if (!its)
        return kf_fail(why, KF_INVALID, "site: there is no site \"%.40s\"", json_string_value(site));
    (void)json_object_del(root, "site");
    (void)json_object_del(root, "password");
    (void)json_object_set_new(root, "email", json_string(s->email));
    rc = keys_read(&at, person_keys, root, &p);
    if (!rc)
        rc = check_queues(&at, its, &p);
    if (rc)
        return rc;
    s->person.name = s->member.name = p.name;
    s->member.number = p.number ? p.number : "";
    s->member.roles = p.roles;
    s->member.capacity = p.capacity;
    s->member.n_queues = p.n_queues;
    s->member.n_skills = p.n_skills;
    memcpy(s->member.queues, p.queues, sizeof(p.queues));
    memcpy(s->member.skills, p.skills, sizeof(p.skills));
    memcpy(s->member.levels, p.levels, sizeof(p.levels));
    return KF_OK;
}

/* KF_OK, or why `who` asks for what cannot be. */
static enum kf_rc check_new(struct turn *t, json_t *root, struct staffing *s, struct kf_err *why)
{
    json_t *password = json_object_get(root, "password");
    enum kf_rc rc;

    if (!json_is_string(password))
        return kf_fail(why, KF_INVALID, "password is missing: a text");
    rc = password_fits((struct slice){ json_string_value(password), json_string_length(password) }, why);
    if (rc)
        return rc;
    s->password = strdup(json_string_value(password));
    if (!s->password)
        return kf_fail(why, KF_NOMEM, "out of memory");
    rc = read_person(t, root, s, why);
    if (!rc && !t->op && !permit(turn_member(t, &s->member.site), VERB_PEOPLE, &s->member.site, NULL))
        return kf_fail(why, KF_DENIED, "adding people needs the role admin");
    return rc;
}

static void post_people(struct turn *t)
{
    json_t *root = turn_body(t);
    struct staffing *s;
    struct kf_err why = { 0 };
    enum kf_rc rc;

    if (!root)
        return;
    s = staffing_new(t, slice_of(json_string_value(json_object_get(root, "email"))));
    if (!s) {
        json_decref(root);
        return;
    }
    s->create = true;
    rc = check_new(t, root, s, &why);
    json_decref(root);
    if (rc) {
        turn_fail(t, rc, &why);
        staffing_free(s);
    } else
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
        turn_problem(t, 400, "password is missing: a text");
    else if (password_fits(slice_of(password), &why))
        turn_fail(t, why.rc, &why);
    else if ((s = staffing_new(t, t->segment[0]))) {
        s->password = strdup(password);
        if (s->password)
            find_person(s);
        else {
            turn_problem(t, 500, "out of memory");
            staffing_free(s);
        }
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

/* The phone is lost, and so are the recovery codes. */
static void post_reset_totp(struct turn *t)
{
    struct staffing *s = staffing_new(t, t->segment[0]);

    if (!s)
        return;
    s->no_totp = true;
    find_person(s);
}

/* ---- what somebody may do and knows, at one site ---- */

struct membering {
    struct turn *turn;
    struct kf_key site;
    struct kf_id person;
};

static void member_loaded(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct membering *m = ctx;

    (void)rc;
    (void)why;
    turn_empty(m->turn, 204);
    free(m);
}

static void member_changed(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct membering *m = ctx;

    (void)news;
    if (rc) {
        turn_fail(m->turn, rc, why);
        free(m);
        return;
    }
    desk_changed(turn_desk(m->turn), &m->site, member_loaded, m);
}

/* Their address and name are the account's, which other sites may share: here they only stand in the table that reads both. */
static enum kf_rc read_member(struct turn *t, const struct site *site, const struct member *old, json_t *root, struct site_person *ret,
                              struct kf_err *why)
{
    const struct keys_at at = { .what = "person", .arena = t->arena, .why = why };
    enum kf_rc rc;

    (void)json_object_set_new(root, "email", json_string("a@a"));
    (void)json_object_set_new(root, "name", json_string(old->name));
    rc = keys_read(&at, person_keys, root, ret);
    if (!rc)
        rc = check_queues(&at, site, ret);
    if (!rc && id_eq(&t->person, &old->person) && !(ret->roles & MEMBER_ADMIN))
        rc = keys_fail(&at, "roles: nobody takes the role admin from themselves");
    return rc;
}

/* `old` as `p` has it; NULL: out of memory. */
static struct change *person_change(struct turn *t, const struct kf_key *site, const struct member *old, const struct site_person *p)
{
    struct change *c = change_new(site, clock_ms(t));
    char id[KF_ID_TEXT];
    struct member *fresh;

    if (!c)
        return NULL;
    c->by = turn_actor(t, c);
    if (!t->op && !(p->roles & MEMBER_ADMIN)) {
        struct act *act = change_act(c, ACT_NOT_LAST);

        act->u.not_last.person = old->person;
        act->u.not_last.site = *site;
    }
    fresh = change_member(c);
    *fresh = *old;
    fresh->name = change_text(c, slice_of(old->name));
    fresh->number = change_text(c, slice_of(p->number ? p->number : ""));
    fresh->presence_reason = "";
    fresh->roles = p->roles;
    fresh->capacity = p->capacity;
    fresh->n_queues = p->n_queues;
    fresh->n_skills = p->n_skills;
    memcpy(fresh->queues, p->queues, sizeof(p->queues));
    memcpy(fresh->skills, p->skills, sizeof(p->skills));
    memcpy(fresh->levels, p->levels, sizeof(p->levels));
    change_act(c, ACT_AUDIT)->u.entry =
        (struct entry){ .at = c->at,
                        .kind = "person_changed",
                        .by = c->by,
                        .data = change_printf(c, "{\"person\":\"%s\",\"site\":\"%s\"}", id_text(&old->person, id), site->s) };
    return c;
}

static void commit_person(struct turn *t, const struct kf_key *site, const struct member *old, const struct site_person *p)
{
    struct membering *m = calloc(1, sizeof(*m));
    struct change *c = m ? person_change(t, site, old, p) : NULL;

    if (!c) {
        free(m);
        turn_problem(t, 500, "out of memory");
        return;
    }
    *m = (struct membering){ .turn = t, .site = *site, .person = old->person };
    turn_ports(t)->commit(turn_ports(t)->ctx, c, member_changed, m);
}

static void put_person(struct turn *t)
{
    const struct member *me, *old = NULL;
    struct site *site = turn_site(t, &me);
    struct kf_err why = { 0 };
    struct site_person p = { .email = NULL };
    struct kf_id id;
    json_t *root;
    enum kf_rc rc;

    if (!site)
        return;
    if (!t->op && !permit(me, VERB_PEOPLE, &site->key, NULL)) {
        turn_problem(t, 403, "changing people needs the role admin");
        return;
    }
    if (id_parse(t->segment[0], &id))
        old = desk_member(turn_desk(t), &site->key, &id);
    if (!old) {
        turn_problem(t, 404, "no such person");
        return;
    }
    root = turn_body(t);
    if (!root)
        return;
    rc = read_member(t, site, old, root, &p, &why);
    json_decref(root);
    if (rc)
        turn_fail(t, rc, &why);
    else if (!t->op && !(p.roles & MEMBER_ADMIN) && last_admin(t, &site->key, &id))
        turn_problem(t, 409, "roles: this is the last administrator of the site: make somebody else one first");
    else
        commit_person(t, &site->key, old, &p);
}

static json_t *keys_list(const struct kf_key *keys, const uint8_t *levels, size_t n)
{
    json_t *ret = json_array();

    for (size_t i = 0; i < n; i++) {
        char one[SKILL_TEXT];

        json_array_append_new(ret, json_string(levels ? skill_text(&keys[i], levels[i], one) : keys[i].s));
    }
    return ret;
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
        json_array_append_new(
            items, json_pack("{s:s,s:s,s:s,s:o,s:i,s:b,s:s,s:b,s:o,s:o}", "id", id_text(&m->person, id), "name", m->name, "number",
                             m->number, "roles", roles, "capacity", m->capacity, "disabled", (int)m->disabled, "presence",
                             presence_name(m->presence), "connected", (int)desk_connected(turn_desk(t), &site->key, &m->person), "queues",
                             keys_list(m->queues, NULL, m->n_queues), "skills", keys_list(m->skills, m->levels, m->n_skills)));
    }
    turn_jansson(t, 200, json_pack("{s:o}", "items", items));
}

const struct route_entry routes_people[] = { { "GET", "/api/v1/people", GATE_EITHER_KEY, get_people },
                                             { "POST", "/api/v1/people", GATE_EITHER_KEY, post_people },
                                             { "PUT", "/api/v1/people/*", GATE_EITHER_KEY, put_person },
                                             { "POST", "/api/v1/people/*/password", GATE_EITHER, post_password },
                                             { "POST", "/api/v1/people/*/disable", GATE_EITHER_KEY, post_disable },
                                             { "POST", "/api/v1/people/*/reset-totp", GATE_EITHER, post_reset_totp },
                                             { NULL, NULL, GATE_OPEN, NULL } };
