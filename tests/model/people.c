/* people.c: visitors and agents: what they hear over sockets that are not there, and what they do. */
#include "inside.h"

/* ---- sockets that are not there ---- */

static struct seat_model *seat_of(struct world *w, int node, uint64_t conn)
{
    for (int i = 0; i < w->n_agents; i++)
        if (w->agents[i].seat.conn == conn && w->agents[i].seat.node == node)
            return &w->agents[i].seat;
    for (int i = 0; i < w->n_visitors; i++)
        if (w->visitors[i].seat.conn == conn && w->visitors[i].seat.node == node)
            return &w->visitors[i].seat;
    return NULL;
}

static void list(struct owned *all, size_t n, const struct kf_id *conv, bool mine)
{
    struct owned *place = NULL;

    for (size_t i = 0; i < n; i++) {
        if (all[i].used && id_eq(&all[i].conv, conv)) {
            all[i].used = mine;
            return;
        }
        if (!all[i].used && !place)
            place = &all[i];
    }
    if (mine && place)
        *place = (struct owned){ *conv, true };
}

static void own(struct agent_model *a, const struct kf_id *conv, bool mine)
{
    list(a->owned, sizeof(a->owned) / sizeof(a->owned[0]), conv, mine);
    list(a->offers, sizeof(a->offers) / sizeof(a->offers[0]), conv, false);
}

static bool json_id(const json_t *root, const char *name, struct kf_id *ret)
{
    return id_parse(slice_of(json_string_value(json_object_get(root, name))), ret);
}

static void heard_ack(struct world *w, const struct seat_model *seat, const json_t *root)
{
    const char *cid = json_string_value(json_object_get(root, "cid"));
    int64_t seq = json_integer_value(json_object_get(root, "seq"));
    struct ack *ack;

    if (!cid || seq <= 0 || (*cid != 'm' && *cid != 's'))
        return;
    if (w->n_acks == w->cap_acks) {
        w->cap_acks = w->cap_acks ? 2 * w->cap_acks : 1024;
        w->acks = realloc(w->acks, w->cap_acks * sizeof(*w->acks));
        assert(w->acks);
    }
    ack = &w->acks[w->n_acks++];
    *ack = (struct ack){ .visitor = seat->staff ? -1 : seat->who, .seq = seq };
    (void)snprintf(ack->cid, sizeof(ack->cid), "%s", cid);
    (void)json_id(root, "conversation", &ack->conv);
}

static void heard_staff(struct world *w, struct seat_model *seat, const char *type, const json_t *root)
{
    struct agent_model *a = &w->agents[seat->who];
    const json_t *conv = json_object_get(root, "conversation");
    struct kf_id id;
    size_t i;
    json_t *c;

    if (strcmp(type, "welcome") == 0) {
        memset(a->owned, 0, sizeof(a->owned));
        memset(a->offers, 0, sizeof(a->offers));
        json_array_foreach(json_object_get(root, "conversations"), i, c) if (json_id(c, "id", &id)) own(a, &id, true);
        (void)presence_parse(slice_of(json_string_value(json_object_get(root, "presence"))), &a->presence);
    } else if (strcmp(type, "assigned") == 0 && json_id(conv, "id", &id))
        own(a, &id, true);
    else if (strcmp(type, "offered") == 0 && json_id(conv, "id", &id))
        list(a->offers, sizeof(a->offers) / sizeof(a->offers[0]), &id, true);
    else if (strcmp(type, "released") == 0 && json_id(root, "conversation", &id))
        own(a, &id, false);
    else if (strcmp(type, "presence") == 0) /* a supervisor, or too many offers that were let pass */
        (void)presence_parse(slice_of(json_string_value(json_object_get(root, "presence"))), &a->presence);
}

/* What a page shows of the line never rises without a word, as long as it stays connected and sees that one waiting. */
static void heard_state(struct world *w, struct seat_model *seat, const json_t *root)
{
    int64_t position = json_integer_value(json_object_get(root, "position")), wait_s = json_integer_value(json_object_get(root, "wait_s"));
    const char *why = json_string_value(json_object_get(root, "why"));
    struct kf_id conv;

    if (!json_id(root, "conversation", &conv))
        return;
    if (!id_eq(&conv, &seat->line.conv) || strcmp(json_string_value(json_object_get(root, "state")), "waiting") != 0)
        seat->line.position = seat->line.wait_s = 0;
    seat->line.conv = conv;
    if (!position)
        return;
    if (!why && seat->line.position && position > seat->line.position)
        wrong(w, "a visitor's position rose from %lld to %lld without a word", (long long)seat->line.position, (long long)position);
    if (!why && seat->line.wait_s && wait_s > seat->line.wait_s)
        wrong(w, "a visitor's wait rose from %lld s to %lld s without a word", (long long)seat->line.wait_s, (long long)wait_s);
    seat->line.position = position;
    seat->line.wait_s = wait_s;
}

static void heard(struct world *w, struct seat_model *seat, struct slice text)
{
    json_t *root = json_loadb(text.p, text.n, 0, NULL);
    const char *type = json_string_value(json_object_get(root, "type"));

    assert(type);
    if (strcmp(type, "welcome") == 0) {
        seat->welcomed = true;
        seat->line.position = seat->line.wait_s = 0;
    }
    if (strcmp(type, "ack") == 0)
        heard_ack(w, seat, root);
    if (seat->staff)
        heard_staff(w, seat, type, root);
    else if (strcmp(type, "welcome") == 0) {
        const char *token = json_string_value(json_object_get(root, "token"));

        if (token)
            (void)snprintf(w->visitors[seat->who].token, sizeof(w->visitors[0].token), "%s", token);
        seat->staffed = json_is_true(json_object_get(json_object_get(root, "site"), "staffed"));
    } else if (strcmp(type, "state") == 0)
        heard_state(w, seat, root);
    json_decref(root);
}

void net_send_model(void *ctx, uint64_t conn, struct net_frame *f)
{
    struct model_node *n = ctx;
    struct seat_model *seat = seat_of(n->world, n->index, conn);

    if (seat && !n->dying)
        heard(n->world, seat, net_frame_text(f));
}

void net_close_model(void *ctx, uint64_t conn, int code, const char *reason)
{
    struct model_node *n = ctx;
    struct seat_model *seat = seat_of(n->world, n->index, conn);

    (void)code;
    (void)reason;
    if (seat)
        seat->conn = 0; /* the page hangs up too; the session is told at the next step */
}

/* ---- what they do ---- */

static void hang_up(struct world *w, struct seat_model *seat, uint64_t conn)
{
    struct model_node *n = &w->nodes[seat->node];

    if (n->up && n->session)
        session_closed(n->session, conn);
}

static void say(struct world *w, const struct seat_model *seat, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void say(struct world *w, const struct seat_model *seat, const char *fmt, ...)
{
    struct model_node *n = &w->nodes[seat->node];
    char text[1024];
    va_list ap;

    if (!seat->conn || !n->up || n->paused)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    session_text(n->session, seat->conn, slice_of(text));
}

static void sit(struct world *w, struct seat_model *seat, int who, bool staff, int node, const char *cookie)
{
    struct model_node *n = &w->nodes[node];

    if (seat->conn)
        hang_up(w, seat, seat->conn);
    seat->conn = 0;
    if (!n->up || n->paused)
        return;
    *seat = (struct seat_model){ .conn = ++w->next_conn, .node = node, .staff = staff, .who = who };
    assert(session_open(n->session, seat->conn, staff ? FRAME_STAFF : FRAME_VISITOR, &site_key, "192.0.2.1", cookie));
}

void visitor_connect(struct world *w, int visitor, int node)
{
    struct visitor_model *v = &w->visitors[visitor];

    sit(w, &v->seat, visitor, false, node, NULL);
    say(w, &v->seat, "{\"type\":\"hello\",\"locale\":\"%s\"%s%s%s}", v->locale ? v->locale : "zh-CN", *v->token ? ",\"token\":\"" : "",
        v->token, *v->token ? "\"" : "");
    world_settle(w);
}

void visitor_say(struct world *w, int visitor, bool repeat)
{
    struct visitor_model *v = &w->visitors[visitor];

    if (!repeat)
        v->next_cid++;
    say(w, &v->seat, "{\"type\":\"message\",\"cid\":\"m%d_%d\",\"kind\":\"text\",\"text\":\"第 %d 句\"}", visitor, v->next_cid,
        v->next_cid);
}

void visitor_write(struct world *w, int visitor, const char *text)
{
    struct visitor_model *v = &w->visitors[visitor];

    v->next_cid++;
    say(w, &v->seat, "{\"type\":\"message\",\"cid\":\"m%d_%d\",\"kind\":\"text\",\"text\":\"%s\"}", visitor, v->next_cid, text);
}

void visitor_rate(struct world *w, int visitor, int score)
{
    struct kf_id conv = { { 0 } };
    char id[KF_ID_TEXT];

    for (size_t i = 0; i < w->n_acks; i++)
        if (w->acks[i].visitor == visitor)
            conv = w->acks[i].conv;
    say(w, &w->visitors[visitor].seat, "{\"type\":\"rate\",\"cid\":\"r%llu\",\"conversation\":\"%s\",\"score\":%d}",
        (unsigned long long)chance(w), id_text(&conv, id), score);
}

void visitor_close_talk(struct world *w, int visitor)
{
    say(w, &w->visitors[visitor].seat, "{\"type\":\"close\",\"cid\":\"x%lld_%d\"}", (long long)w->now, visitor);
}

void agent_connect(struct world *w, int agent, int node)
{
    struct agent_model *a = &w->agents[agent];

    a->gone_at = 0;
    sit(w, &a->seat, agent, true, node, a->token);
    say(w, &a->seat, "{\"type\":\"hello\"}");
    world_settle(w);
}

void agent_leave(struct world *w, int agent)
{
    struct agent_model *a = &w->agents[agent];

    if (a->seat.conn && !w->nodes[a->seat.node].paused) {
        hang_up(w, &a->seat, a->seat.conn);
        a->seat.conn = 0;
        a->gone_at = w->now;
    }
}

void agent_presence(struct world *w, int agent, enum presence p)
{
    struct agent_model *a = &w->agents[agent];

    if (!a->seat.welcomed || !a->seat.conn)
        return;
    a->presence = p;
    say(w, &a->seat, "{\"type\":\"presence\",\"cid\":\"p%llu\",\"presence\":\"%s\"}", (unsigned long long)chance(w), presence_name(p));
}

/* One of those that the console shows, whatever has become of it meanwhile. */
static const struct kf_id *one_of(struct world *w, struct agent_model *a)
{
    size_t n = sizeof(a->owned) / sizeof(a->owned[0]), from = world_choose(w, (uint32_t)n);

    for (size_t i = 0; i < n; i++)
        if (a->owned[(from + i) % n].used)
            return &a->owned[(from + i) % n].conv;
    return NULL;
}

void agent_say(struct world *w, int agent)
{
    struct agent_model *a = &w->agents[agent];
    const struct kf_id *conv = one_of(w, a);
    char id[KF_ID_TEXT];

    if (conv)
        say(w, &a->seat, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"s%llu\",\"kind\":\"text\",\"text\":\"好的\"}",
            id_text(conv, id), (unsigned long long)chance(w));
}

void agent_accept(struct world *w, int agent, const struct kf_id *conv)
{
    char id[KF_ID_TEXT];

    say(w, &w->agents[agent].seat, "{\"type\":\"accept\",\"conversation\":\"%s\",\"cid\":\"y%llu\"}", id_text(conv, id),
        (unsigned long long)chance(w));
}

bool agent_has(const struct world *w, int agent, const struct kf_id *conv)
{
    const struct agent_model *a = &w->agents[agent];

    for (size_t i = 0; i < sizeof(a->owned) / sizeof(a->owned[0]); i++)
        if (a->owned[i].used && id_eq(&a->owned[i].conv, conv))
            return true;
    return false;
}

void agent_close_talk(struct world *w, int agent)
{
    struct agent_model *a = &w->agents[agent];
    const struct kf_id *conv = one_of(w, a);
    char id[KF_ID_TEXT];

    if (!conv)
        return;
    a->closed = *conv;
    say(w, &a->seat, "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"x%llu\"}", id_text(conv, id), (unsigned long long)chance(w));
}

void agent_finish(struct world *w, int agent)
{
    struct agent_model *a = &w->agents[agent];
    const struct kf_id *conv = one_of(w, a);
    char id[KF_ID_TEXT];

    if (!conv)
        return;
    (void)id_text(conv, id);
    say(w, &a->seat, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"s%llu\",\"kind\":\"text\",\"text\":\"好的\"}", id,
        (unsigned long long)chance(w));
    say(w, &a->seat, "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"x%llu\"}", id, (unsigned long long)chance(w));
}

void agent_transfer(struct world *w, int agent, const char *queue)
{
    struct agent_model *a = &w->agents[agent];
    const struct kf_id *conv = one_of(w, a);
    char id[KF_ID_TEXT];

    if (conv)
        say(w, &a->seat, "{\"type\":\"transfer\",\"conversation\":\"%s\",\"cid\":\"t%llu\",\"to\":{\"queue\":\"%s\"}}", id_text(conv, id),
            (unsigned long long)chance(w), queue);
}

void agent_hand_to(struct world *w, int agent, int other)
{
    struct agent_model *a = &w->agents[agent];
    const struct kf_id *conv = one_of(w, a);
    char id[KF_ID_TEXT], to[KF_ID_TEXT];

    if (conv)
        say(w, &a->seat, "{\"type\":\"transfer\",\"conversation\":\"%s\",\"cid\":\"t%llu\",\"to\":{\"agent\":\"%s\"},\"note\":\"请接手\"}",
            id_text(conv, id), (unsigned long long)chance(w), id_text(&w->agents[other].id, to));
}

/* An act that says no more than what it is about. */
static void act_on(struct world *w, const struct agent_model *a, const char *act, const struct kf_id *conv)
{
    char id[KF_ID_TEXT];

    if (conv && !id_is_zero(conv))
        say(w, &a->seat, "{\"type\":\"%s\",\"conversation\":\"%s\",\"cid\":\"y%llu\"}", act, id_text(conv, id),
            (unsigned long long)chance(w));
}

void agent_give_back(struct world *w, int agent)
{
    act_on(w, &w->agents[agent], "refuse", one_of(w, &w->agents[agent]));
}

void agent_help(struct world *w, int agent, int other)
{
    struct agent_model *a = &w->agents[agent];
    const struct kf_id *conv = one_of(w, a);
    char id[KF_ID_TEXT], to[KF_ID_TEXT];

    if (conv)
        say(w, &a->seat, "{\"type\":\"help\",\"conversation\":\"%s\",\"cid\":\"h%llu\",\"to\":{\"agent\":\"%s\"}}", id_text(conv, id),
            (unsigned long long)chance(w), id_text(&w->agents[other].id, to));
}

void agent_end_help(struct world *w, int agent)
{
    act_on(w, &w->agents[agent], "leave", one_of(w, &w->agents[agent]));
}

void agent_ready(struct world *w, int agent)
{
    act_on(w, &w->agents[agent], "ready", &w->agents[agent].closed);
}

/* ---- who oversees ---- */

void supervisor_act(struct world *w, const char *act, int agent)
{
    const struct kf_id *conv = one_of(w, &w->agents[agent]);
    char id[KF_ID_TEXT];

    if (strcmp(act, "watch") == 0 && conv)
        say(w, &w->agents[0].seat, "{\"type\":\"watch\",\"conversation\":\"%s\",\"cid\":\"w%llu\",\"on\":true}", id_text(conv, id),
            (unsigned long long)chance(w));
    else
        act_on(w, &w->agents[0], act, conv);
}

void supervisor_hasten(struct world *w, int visitor, int priority)
{
    char id[KF_ID_TEXT];

    for (size_t i = w->n_acks; i-- > 0;)
        if (w->acks[i].visitor == visitor) {
            say(w, &w->agents[0].seat, "{\"type\":\"priority\",\"conversation\":\"%s\",\"cid\":\"u%llu\",\"priority\":%d}",
                id_text(&w->acks[i].conv, id), (unsigned long long)chance(w), priority);
            return;
        }
}

void supervisor_presence(struct world *w, int agent, enum presence p)
{
    char id[KF_ID_TEXT];

    if (w->agents[0].seat.welcomed)
        say(w, &w->agents[0].seat, "{\"type\":\"presence\",\"cid\":\"p%llu\",\"presence\":\"%s\",\"agent\":\"%s\"}",
            (unsigned long long)chance(w), presence_name(p), id_text(&w->agents[agent].id, id));
}

void agent_answer(struct world *w, int agent, bool accept)
{
    struct agent_model *a = &w->agents[agent];
    char id[KF_ID_TEXT];

    for (size_t i = 0; i < sizeof(a->offers) / sizeof(a->offers[0]); i++)
        if (a->offers[i].used) {
            say(w, &a->seat, "{\"type\":\"%s\",\"conversation\":\"%s\",\"cid\":\"y%llu\"}", accept ? "accept" : "refuse",
                id_text(&a->offers[i].conv, id), (unsigned long long)chance(w));
            return;
        }
}
