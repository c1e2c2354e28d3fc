/* desk.c: what the console asks for beside its socket. */
#include "api/api.h"
#include "core/han.h"
#include "core/utf8.h"
#include "protocols/channel.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX 500
#define FORMS    0x10000 /* what is beyond has no place on keyboards */

/* Those of the house, of the queues that one works in, and one's own. */
static bool canned_for(const struct site_canned *c, const struct member *m, const char *me)
{
    bool mine = !c->n_queues || !m || !m->n_queues;

    if (c->person)
        return strcmp(c->person, me) == 0;
    for (size_t i = 0; i < c->n_queues && !mine; i++)
        for (size_t k = 0; k < m->n_queues && !mine; k++)
            mine = key_eq(&c->queues[i], &m->queues[k]);
    return mine;
}

static void see(bool *seen, const char *text)
{
    struct slice s = slice_of(text);

    for (size_t i = 0; i < s.n;) {
        uint32_t cp = han_fold(utf8_next(s, &i));

        if (cp < FORMS)
            seen[cp] = true;
    }
}

/* In which other ways the characters can be written that are there: {"貨": "货"}. A page finds by them, and has not got all of them. */
static json_t *forms_json(const bool *seen)
{
    json_t *ret = json_object();
    uint32_t from, to;
    size_t i = 0;

    while (han_next(&i, &from, &to)) {
        char key[5] = "", form[5] = "";

        if (to >= FORMS || !seen[to])
            continue;
        key[utf8_put(key, from)] = '\0';
        form[utf8_put(form, to)] = '\0';
        (void)json_object_set_new(ret, key, json_string(form));
    }
    return ret;
}

static void get_canned(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);
    bool *seen = site ? calloc(FORMS, sizeof(*seen)) : NULL;
    char me[KF_ID_TEXT];
    json_t *items;

    if (!site)
        return;
    items = json_array();
    (void)id_text(&t->person, me);
    for (size_t i = 0; i < site->n_canned; i++) {
        const struct site_canned *c = &site->canned[i];

        if (!canned_for(c, m, me))
            continue;
        if (seen) {
            see(seen, c->code ? c->code : "");
            see(seen, c->title);
            see(seen, c->text);
        }
        json_array_append_new(items, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b}", "key", c->key.s, "code", c->code ? c->code : "",
                                               "initials", c->initials ? c->initials : "", "title", c->title, "text", c->text, "lang",
                                               c->lang ? c->lang : site->language, "folder", c->folder, "own", c->person != NULL));
    }
    turn_jansson(t, 200, json_pack("{s:o,s:o}", "items", items, "forms", seen ? forms_json(seen) : json_object()));
    free(seen);
}

/* What to ask for before it goes: the blanks, and the address that a tap opens. */
static json_t *fields_json(const struct template *w)
{
    json_t *ret = json_array();

    for (size_t i = 0; i < w->blanks.n; i++) {
        struct slice name = w->blanks.names[i], label = template_label(w, i);

        (void)json_array_append_new(ret, json_pack("{s:s%,s:s%}", "name", name.p, (size_t)name.n, "label", label.p, (size_t)label.n));
    }
    if (w->url_field)
        (void)json_array_append_new(ret, json_pack("{s:s,s:s}", "name", TEMPLATE_ADDRESS, "label", w->url_field));
    return ret;
}

static json_t *template_json(const struct site_channel *ch, const struct template *w)
{
    const struct channel_ops *ops = channel_find(ch->adapter);
    const struct ready_kind *kind = ops ? ready_find(ops->kinds, w->kind) : NULL;
    struct slice above = ready_above(kind, w);
    json_t *ret = json_pack("{s:s,s:s,s:s,s:s,s:s,s:o}", "key", w->key.s, "title", w->title, "language", w->language ? w->language : "",
                            "text", w->text, "header", template_header_name(w->header), "fields", fields_json(w));

    if (above.n) /* it is read as one */
        (void)json_object_set_new(ret, "text", json_sprintf("%.*s\n%s", (int)above.n, above.p, w->text));
    if (w->kind)
        (void)json_object_set_new(ret, "kind", json_string(w->kind));
    if (kind && kind->reply)
        (void)json_object_set_new(ret, "reply", json_true());
    if (kind && !kind->text_max)
        (void)json_object_set_new(ret, "unread", json_true());
    return ret;
}

/* Of one channel: what whoever serves the site may send there. */
static void get_templates(struct turn *t)
{
    const struct site_channel *ch;
    const struct member *m;
    struct slice name = turn_query(t, "channel"); /* first: without a site the turn is over */
    struct site *site = turn_site(t, &m);
    struct kf_key key;
    json_t *items;

    if (!site)
        return;
    ch = key_parse(name, &key) ? site_channel(site, &key) : NULL;
    if (!ch) {
        turn_problem(t, 404, "channel: there is no such channel");
        return;
    }
    items = json_array();
    for (size_t i = 0; i < ch->n_templates; i++)
        (void)json_array_append_new(items, template_json(ch, &ch->templates[i]));
    turn_jansson(t, 200, json_pack("{s:o}", "items", items));
}

/* Agents who have left: whoever may read what they said looks for it by their names. */
static json_t *left_json(struct turn *t, const struct site *site)
{
    const struct member *m;
    json_t *ret = json_array();
    char id[KF_ID_TEXT];

    for (size_t i = 0; (m = desk_member_at(turn_desk(t), &site->key, i)); i++)
        if (m->disabled && (m->roles & MEMBER_AGENT))
            (void)json_array_append_new(ret,
                                        json_pack("{s:s,s:s,s:s}", "id", id_text(&m->person, id), "name", m->name, "number", m->number));
    return ret;
}

/* Those that are off, too: they have a past. */
static json_t *channels_json(const struct site *site)
{
    json_t *ret = json_array();

    for (size_t i = 0; i < site->n_channels; i++)
        (void)json_array_append_new(
            ret, json_pack("{s:s,s:s}", "key", site->channels[i].key.s, "name", site->channels[i].name ? site->channels[i].name : ""));
    return ret;
}

static json_t *queues_json(struct turn *t, const struct site *site)
{
    int64_t at = turn_ports(t)->now_ms(turn_ports(t)->ctx);
    json_t *ret = json_array();

    for (size_t i = 0; i < site->n_queues; i++) {
        const struct site_queue *q = &site->queues[i];
        const char *warning = desk_unattended(turn_desk(t), &site->key, q);
        char opening[24] = "";
        json_t *one =
            json_pack("{s:s,s:s,s:s,s:b}", "key", q->key.s, "name", q->name, "department", q->department.s, "paused", (int)q->paused);

        if (warning)
            (void)json_object_set_new(one, "warning", json_string(warning));
        if (warning && strcmp(warning, "closed") == 0)
            desk_opening(q, at, opening, sizeof(opening));
        if (*opening)
            (void)json_object_set_new(one, "opening", json_string(opening));
        (void)json_array_append_new(ret, one);
    }
    return ret;
}

static void get_colleagues(struct turn *t)
{
    const struct member *me, *m;
    struct site *site = turn_site(t, &me);
    json_t *agents, *ret;
    char id[KF_ID_TEXT];

    if (!site)
        return;
    agents = json_array();
    for (size_t i = 0; (m = desk_member_at(turn_desk(t), &site->key, i)); i++) {
        if (m->disabled || !(m->roles & MEMBER_AGENT))
            continue;
        json_array_append_new(agents, json_pack("{s:s,s:s,s:s,s:s,s:b,s:i,s:i}", "id", id_text(&m->person, id), "name", m->name, "number",
                                                m->number, "presence", presence_name(m->presence), "connected",
                                                (int)desk_connected(turn_desk(t), &site->key, &m->person), "load",
                                                desk_load_of(turn_desk(t), &site->key, &m->person), "capacity", m->capacity));
    }
    ret = json_pack("{s:o,s:o,s:o}", "agents", agents, "queues", queues_json(t, site), "channels", channels_json(site));
    if (t->op || permit(me, VERB_SAMPLE, &site->key, NULL))
        (void)json_object_set_new(ret, "left", left_json(t, site));
    turn_jansson(t, 200, ret);
}

/* ---- conversations that wait, that are served, or that were taken for later ---- */

static void have_convs(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    bool served = slice_is(turn_query(t, "state"), "served");
    const struct member *m = turn_member(t, &q->site);
    size_t n = 0;
    struct buf b;

    if (rc || (!m && !t->op)) {
        turn_fail(t, rc ? rc : KF_DENIED, why);
        return;
    }
    buf_init(&b, 4u << 20);
    buf_str(&b, "{\"items\":[");
    for (size_t i = 0; i < q->n_convs && n < LIST_MAX; i++) {
        const struct conv *c = &q->convs[i];
        struct conv_view_json v = { .conv = c, .last = q->messages[i].seq ? &q->messages[i] : NULL, .wait_s = -1 };

        if ((served && c->state != CONV_SERVED) || (m && !permit(m, VERB_READ, &q->site, c)))
            continue;
        if (c->state == CONV_SERVED)
            v.agent = desk_member(turn_desk(t), &q->site, &c->owner);
        if (n++)
            buf_char(&b, ',');
        frame_conversation(&b, FRAME_STAFF, &v);
    }
    buf_str(&b, "]}");
    turn_json(t, 200, &b);
    buf_finish(&b);
}

static void get_conversations(struct turn *t)
{
    const struct member *m;
    struct slice state = turn_query(t, "state"); /* first: without a site the turn is over */
    struct site *site = turn_site(t, &m);
    struct query *q;

    if (!site)
        return;
    if (!slice_is(state, "waiting") && !slice_is(state, "served") && !slice_is(state, "parked")) {
        turn_problem(t, 400, "state must be waiting, served or parked");
        return;
    }
    q = query_new(slice_is(state, "waiting") ? QUERY_WAITING : slice_is(state, "parked") ? QUERY_PARKED : QUERY_OPEN);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->site = site->key; /* as many as the store gives: which of them may be read is found out here */
    q->now = turn_ports(t)->now_ms(turn_ports(t)->ctx);
    q->with_last = true;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_convs, t);
}

const struct route_entry routes_desk[] = { { "GET", "/api/v1/sites/*/canned", GATE_STAFF, get_canned },
                                           { "GET", "/api/v1/sites/*/colleagues", GATE_STAFF, get_colleagues },
                                           { "GET", "/api/v1/sites/*/templates", GATE_STAFF, get_templates },
                                           { "GET", "/api/v1/sites/*/conversations", GATE_STAFF_KEY, get_conversations },
                                           { NULL, NULL, GATE_OPEN, NULL } };
