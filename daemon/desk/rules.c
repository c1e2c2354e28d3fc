/* rules.c: step 9: the auto-reply rules look at each event in seq order, and at what has become due. The commit that stores what a rule says
 * moves ruled_seq on and records the firing, so that nothing is said twice, whichever nodes die or look at the same time. */
#include "desk/ruling.h"
#include "protocols/channel.h"

#include <jansson.h>
#include <stdlib.h>

#define LOOKED_MAX  50
#define PROFILE_MAX 64
#define WAITING_MAX 1000
#define PLACED_MS   1000 /* after its arrival its place in line is known */

static void looking_end(struct looking *l)
{
    l->d->under_way--;
    arena_free(l->arena);
}

static struct looking *looking_new(struct desk *d, const struct desk_site *ds, const struct conv *c)
{
    struct arena *a = arena_new(0);
    struct looking *l = a ? ARENA_NEW(a, struct looking) : NULL;

    if (!l) {
        arena_free(a);
        return NULL;
    }
    *l = (struct looking){ .d = d, .site = ds->site->key, .arena = a, .conv = *c };
    l->conv.peer = arena_text(a, slice_of(c->peer));
    l->conv.locale = arena_text(a, slice_of(c->locale));
    d->under_way++;
    return l;
}

/* ---- what fires ---- */

/* Why the visitor is held to be a machine; NULL: not at all. */
static const char *automatic(const struct looking *l)
{
    if (l->past.marked)
        return "marked";
    if (l->past.echo)
        return "echo";
    return l->past.repeats >= RULE_REPEATS_MAX ? "repeats" : NULL;
}

static struct rule_facts facts_of(struct desk *d, const struct desk_site *ds, const struct looking *l)
{
    const struct conv *c = &l->conv;
    const struct site_queue *q = site_queue(ds->site, &c->queue);
    const struct site_channel *ch = site_channel(ds->site, &c->channel);
    const struct member *owner = id_is_zero(&c->owner) ? NULL : member_of(ds, &c->owner);

    return (struct rule_facts){ .conv = c,
                                .adapter = ch ? ch->adapter : "",
                                .language = wording_language(c->locale ? c->locale : "", ds->site->language),
                                .staffed = !deserted(d, ds, &c->queue),
                                .open_hours = !q || hours_open(&q->hours, now(d)),
                                .agent_away = owner && owner->presence == PRESENCE_AWAY,
                                .agent_away_since = owner ? owner->presence_at : 0,
                                .automatic = automatic(l),
                                .position = (int)l->position,
                                .first_contact = id_is_zero(&c->previous),
                                .profile = l->profile,
                                .n_profile = l->n_profile,
                                .fired = l->fired,
                                .n_fired = l->n_fired,
                                .answers = ds->site->answers,
                                .said = { l->past.said[0], l->past.said[1], l->past.said[2], l->past.said[3] },
                                .n_said = l->past.n_said,
                                .now_ms = now(d),
                                .wall_ms = hours_wall(q ? &q->hours : &ds->site->hours, now(d)) };
}

/* What fires for one message of a look has fired for the next. */
static void remember(struct looking *l, const struct rule_firing *f, int64_t at)
{
    l->fired[l->n_fired++] = (struct rule_fired){ .rule = f->rule->key, .cause = arena_text(l->arena, slice_of(f->cause)), .at = at };
    if (!l->fired[l->n_fired - 1].cause)
        l->n_fired--;
}

static int visitor_messages(const struct looking *l)
{
    int n = 0;

    for (size_t i = 0; i < l->n_messages; i++)
        n += l->messages[i].from.role == ROLE_VISITOR;
    return n;
}

/* Room for what fires in this look behind what has fired before. */
static bool make_room(struct looking *l)
{
    struct rule_fired *more = arena_array(l->arena, l->n_fired + FIRINGS_MAX, sizeof(*more));

    if (!more)
        return false;
    if (l->n_fired)
        memcpy(more, l->fired, l->n_fired * sizeof(*more));
    l->fired = more;
    return true;
}

static size_t match_all(struct desk *d, const struct desk_site *ds, struct looking *l, struct rule_firing *ret)
{
    int count_before = (int)l->past.messages - visitor_messages(l);
    size_t count = 0;

    if (!make_room(l))
        return 0;
    for (size_t i = 0; i <= l->n_messages; i++) {
        struct rule_facts facts = facts_of(d, ds, l);
        size_t n;

        if (i < l->n_messages) {
            facts.message = &l->messages[i];
            facts.choice = l->choices[i];
            count_before += facts.message->from.role == ROLE_VISITOR;
        }
        facts.messages = count_before;
        for (size_t k = 0; k < count; k++)
            facts.put_off |= rule_puts_off(&ret[k]);
        n = rule_match(ds->site->rules, ds->site->n_rules, &facts, ret + count, FIRINGS_MAX - count);
        for (size_t k = 0; k < n; k++)
            remember(l, &ret[count + k], facts.now_ms);
        count += n;
    }
    return count;
}

/* ---- the commit ---- */

static void read_again(struct looking *l);

static void rules_committed(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct looking *l = ctx;
    struct desk *d = l->d;
    struct desk_site *ds = site_of(d, &l->site);

    (void)why;
    if (rc == KF_CONFLICT && !l->reread) {
        read_again(l); /* another node looked, or something fired before: decide anew on what is there now */
        return;
    }
    if (!rc && ds)
        tell_news(d, ds, news, 0);
    looking_end(l);
}

static void rules_commit(struct desk *d, struct desk_site *ds, struct looking *l);

static void rules_looked(void *ctx, enum kf_rc rc, const struct live_view *view, const struct kf_err *why)
{
    struct looking *l = ctx;
    struct desk_site *ds = site_of(l->d, &l->site);

    (void)why;
    if (!ds) {
        looking_end(l);
        return;
    }
    if (!rc)
        keep_look(l->d, ds, view);
    rules_commit(l->d, ds, l);
}

/* Before anybody is told that nobody is there: somebody may have come since the last look, on another node. */
static bool look_first(struct desk *d, struct desk_site *ds, struct looking *l)
{
    if (l->looked || !deserted(d, ds, &l->conv.queue) || !d->ports.live_up(d->ports.ctx))
        return false;
    l->looked = true;
    d->ports.live_look(d->ports.ctx, &ds->site->key, 1, rules_looked, l);
    return true;
}

static bool is_wide(const struct rule_firing *f)
{
    return f->verdict != RULE_HELD && (f->rule->often == RULE_ONCE_VISITOR || f->rule->often == RULE_ONCE_DAY) && f->verdict != RULE_CLOSES;
}

static void have_place(void *ctx, enum kf_rc rc, int64_t position, int64_t length, const struct kf_err *why)
{
    struct looking *l = ctx;
    struct desk_site *ds = site_of(l->d, &l->site);

    (void)length;
    (void)why;
    if (!ds) {
        looking_end(l);
        return;
    }
    l->position = rc ? 0 : position;
    rules_commit(l->d, ds, l);
}

/* Who waits is told at which place, where a rule may say so. Right after it has arrived nobody knows it yet. */
static bool ask_place(struct desk *d, struct desk_site *ds, struct looking *l)
{
    const struct view *v = session_view(d->session, &l->conv.id);

    if (l->conv.state != CONV_WAITING || l->placed || !(ds->rule_needs & RULE_NEED_POSITION))
        return false;
    l->placed = true;
    if (v && v->position > 0)
        l->position = v->position;
    if (l->position || now(d) - l->conv.arrived_at < PLACED_MS || !d->ports.live_up(d->ports.ctx))
        return false;
    d->ports.live_position(d->ports.ctx, &ds->site->key, &l->conv.queue, &l->conv.id, have_place, l);
    return true;
}

static void rules_commit(struct desk *d, struct desk_site *ds, struct looking *l)
{
    struct rule_firing firings[FIRINGS_MAX];
    struct rule_facts facts;
    struct acting acting;
    struct act_ruled ruled;
    struct change *c;
    struct act *act;
    int64_t due_at;
    bool unchanged;
    size_t n;

    if (look_first(d, ds, l) || ask_place(d, ds, l))
        return;
    n = match_all(d, ds, l, firings);
    facts = facts_of(d, ds, l);
    due_at = rule_next_due(ds->site->rules, ds->site->n_rules, &facts);
    unchanged = l->unasked && !n && !l->n_messages && due_at == l->conv.rule_due_at;
    c = unchanged ? NULL : change_new(&ds->site->key, now(d));
    if (!c) {
        looking_end(l);
        return;
    }
    c->conv = l->conv.id;
    acting = (struct acting){ .d = d, .ds = ds, .c = c, .l = l };
    act = change_act(c, ACT_RULED);
    act->u.ruled.from_seq = l->conv.ruled_seq;
    act->u.ruled.to_seq = l->conv.seq;
    act->u.ruled.rule_due_at = due_at;
    act->u.ruled.seen_due_at = l->conv.rule_due_at;
    act->u.ruled.n_firings = n;
    act->u.ruled.again = rules_close(firings, n);
    for (size_t i = 0; i < n; i++) {
        act->u.ruled.firing[i].rule = firings[i].rule->key;
        act->u.ruled.firing[i].cause = change_text(c, slice_of(firings[i].cause));
        act->u.ruled.firing[i].wide = is_wide(&firings[i]);
    }
    rules_act(&acting, firings, n);
    ruled = c->acts[0].u.ruled; /* more acts have moved it */
    articles_picked(&acting, &ruled, facts.automatic || rule_too_busy(&facts));
    form_thanked(&acting, &ruled, firings, n, facts.automatic || rule_too_busy(&facts));
    c->acts[0].u.ruled = ruled;
    for (size_t i = 0; i < n; i++)
        d->figures.rules_fired += firings[i].verdict == RULE_FIRES;
    d->ports.commit(d->ports.ctx, c, rules_committed, l);
}

/* ---- what is there ---- */

static void take_profile(struct looking *l, const char *text)
{
    json_t *root = json_loads(text, 0, NULL), *value;
    const char *name;

    l->n_profile = 0;
    l->profile = arena_array(l->arena, PROFILE_MAX, sizeof(*l->profile));
    json_object_foreach(root, name, value)
    {
        struct rule_fact f = { arena_text(l->arena, slice_of(name)), NULL };

        if (!l->profile || l->n_profile == PROFILE_MAX)
            break;
        if (json_is_string(value))
            f.value = arena_text(l->arena, slice_of(json_string_value(value)));
        else if (json_is_integer(value))
            f.value = arena_printf(l->arena, "%lld", (long long)json_integer_value(value));
        else if (json_is_boolean(value))
            f.value = json_is_true(value) ? "true" : "false";
        if (f.name && f.value)
            l->profile[l->n_profile++] = f;
    }
    json_decref(root);
}

/* What visitors have picked by writing its number. */
static void take_numbers(struct looking *l)
{
    for (size_t i = 0; l->numbered && l->past.offered && i < l->n_messages; i++) {
        const struct message *m = &l->messages[i];

        if (m->from.role == ROLE_VISITOR && !l->choices[i] && m->seq > l->past.offered_seq)
            l->choices[i] = offer_numbered(l->arena, l->past.offered, answer_number(m->text));
    }
    l->past.offered = NULL;
}

static void have_past(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct looking *l = ctx;
    struct desk_site *ds = site_of(l->d, &l->site);

    (void)why;
    if (rc || !ds) {
        looking_end(l);
        return;
    }
    l->n_fired = 0;
    l->fired = arena_array(l->arena, q->n_fired + 1, sizeof(*l->fired));
    for (size_t i = 0; l->fired && i < q->n_fired; i++) {
        l->fired[i] = q->fired[i];
        l->fired[i].cause = arena_text(l->arena, slice_of(q->fired[i].cause));
        if (!l->fired[i].cause)
            break;
        l->n_fired++;
    }
    l->past = q->past;
    for (size_t i = 0; i < l->past.n_said; i++)
        l->past.said[i] = arena_copy(l->arena, q->past.said[i]);
    take_numbers(l);
    take_profile(l, q->text_out);
    rules_commit(l->d, ds, l);
}

static void read_past(struct looking *l)
{
    struct desk_site *ds = site_of(l->d, &l->site);
    struct query *q = ds ? query_new(QUERY_RULES) : NULL;

    if (!q) {
        looking_end(l);
        return;
    }
    q->id = l->conv.id;
    q->needs = ds->rule_needs | (l->numbered ? RULE_NEED_OFFERED : 0);
    q->limit = ds->rule_counts_to ? ds->rule_counts_to + visitor_messages(l) : 0;
    l->d->ports.read(l->d->ports.ctx, q, have_past, l);
}

/* The id of a choice: of the page, or what a platform sends for it. */
static const char *choice_of(struct looking *l, const char *extra)
{
    json_t *root = extra ? json_loads(extra, 0, NULL) : NULL;
    const char *id = json_string_value(json_object_get(root, "choice"));
    const char *ret;

    if (!id)
        id = json_string_value(json_object_get(root, "payload"));
    ret = id ? arena_text(l->arena, slice_of(id)) : NULL;
    json_decref(root);
    return ret;
}

static bool is_form(const struct message *m)
{
    json_t *root = m->from.role == ROLE_VISITOR && m->kind == MESSAGE_CARD && m->extra ? json_loads(m->extra, 0, NULL) : NULL;
    bool ret = json_object_get(root, "form") != NULL;

    json_decref(root);
    return ret;
}

/* What the system said is no occasion; that something happened is one. */
static void take_messages(struct looking *l, const struct message *m, size_t n)
{
    const struct desk_site *ds = site_of(l->d, &l->site);
    bool lines = ds && choices_are_lines(ds->site, &l->conv);

    l->numbered = false;
    l->form = 0;
    l->messages = arena_array(l->arena, n + 1, sizeof(*m));
    l->choices = arena_array(l->arena, n + 1, sizeof(*l->choices));
    l->n_messages = 0;
    for (size_t i = 0; l->messages && l->choices && i < n; i++)
        if (m[i].seq > l->conv.ruled_seq && (m[i].from.role != ROLE_SYSTEM || m[i].kind == MESSAGE_EVENT)) {
            struct message *mine = &l->messages[l->n_messages];

            *mine = m[i];
            mine->text = arena_copy(l->arena, m[i].text);
            mine->event = m[i].event ? arena_text(l->arena, slice_of(m[i].event)) : NULL;
            mine->extra = NULL;
            l->choices[l->n_messages] = m[i].from.role == ROLE_VISITOR ? choice_of(l, m[i].extra) : NULL;
            if (is_form(&m[i]))
                l->form = m[i].seq;
            l->numbered |= lines && m[i].from.role == ROLE_VISITOR && answer_number(m[i].text) > 0;
            l->n_messages++;
        }
}

static void have_messages(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct looking *l = ctx;

    (void)why;
    if (rc) {
        looking_end(l);
        return;
    }
    take_messages(l, q->messages, q->n_messages);
    read_past(l);
}

static void read_messages(struct looking *l)
{
    struct query *q;

    if (l->conv.ruled_seq >= l->conv.seq) {
        read_past(l);
        return;
    }
    q = query_new(QUERY_MESSAGES);
    if (!q) {
        looking_end(l);
        return;
    }
    q->id = l->conv.id;
    q->after = l->conv.ruled_seq;
    q->limit = LOOKED_MAX;
    l->d->ports.read(l->d->ports.ctx, q, have_messages, l);
}

static void have_conv(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct looking *l = ctx;

    (void)why;
    if (rc) {
        looking_end(l);
        return;
    }
    l->conv = q->convs[0];
    l->conv.peer = arena_text(l->arena, slice_of(q->convs[0].peer));
    l->conv.locale = arena_text(l->arena, slice_of(q->convs[0].locale));
    if (!l->unasked && conv_due(&l->conv) > now(l->d)) {
        looking_end(l); /* whoever was faster has done it */
        return;
    }
    read_messages(l);
}

static void read_again(struct looking *l)
{
    struct query *q = query_new(QUERY_CONV);

    if (!q) {
        looking_end(l);
        return;
    }
    l->reread = true;
    q->id = l->conv.id;
    l->d->ports.read(l->d->ports.ctx, q, have_conv, l);
}

/* ---- the ways in ---- */

void rules_deaf(const struct desk_site *ds, struct change *c, enum role role, struct slice text, bool answers)
{
    bool hit = role == ROLE_VISITOR && (answers || rule_words_hit(ds->site->rules, ds->site->n_rules, text, answers));

    c->unruled = hit ? 0 : role == ROLE_AGENT ? ds->deaf_agent : ds->deaf_visitor;
    c->quiet_ms = role == ROLE_AGENT ? ds->quiet_agent : ds->quiet_visitor;
}

/* Right after a commit, on the node that made it. A conversation that was opened by it cannot have fired anything. */
void rules_after(struct desk *d, struct desk_site *ds, const struct news *news)
{
    struct looking *l = looking_new(d, ds, &news->conv);

    if (!l)
        return; /* due at once: the holder's sweep will look */
    if (news->opened && !(ds->rule_needs & (RULE_NEED_FIRED | RULE_NEED_PROFILE))) {
        take_messages(l, news->messages, news->n_messages);
        l->past = (struct rules_past){ .messages = visitor_messages(l), .repeats = 1 };
        for (size_t i = l->n_messages; i-- > 0 && l->past.n_said < RULE_SAID_MAX;)
            if (l->messages[i].from.role == ROLE_VISITOR && !l->choices[i])
                l->past.said[l->past.n_said++] = l->messages[i].text;
        rules_commit(d, ds, l);
    } else
        read_messages(l);
}

void rules_due(struct desk *d, struct desk_site *ds, const struct conv *c)
{
    struct looking *l = looking_new(d, ds, c);

    if (l)
        read_messages(l);
}

static void look_unasked(struct desk *d, struct desk_site *ds, const struct conv *c)
{
    struct looking *l = looking_new(d, ds, c);

    if (!l)
        return; /* it is due sooner or later */
    l->unasked = true;
    l->looked = true; /* for all of them */
    read_messages(l);
}

static void look_waiting(struct desk *d, struct desk_site *ds, const struct kf_key *queue, const struct conv *convs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (convs[i].state == CONV_WAITING && key_eq(&convs[i].queue, queue))
            look_unasked(d, ds, &convs[i]);
}

static void have_owned(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk_site *ds = site_of(call->d, &call->site);

    (void)why;
    for (size_t i = 0; !rc && ds && i < q->n_convs; i++)
        if (q->convs[i].state == CONV_SERVED)
            look_unasked(call->d, ds, &q->convs[i]);
    desk_call_end(call);
}

size_t waiting_max(const struct desk *d)
{
    return d->cfg.waiting_max ? d->cfg.waiting_max : WAITING_MAX;
}

/* Of more than one reading holds: page by page, until somebody comes. */
static void have_deserted(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = rc ? NULL : site_of(d, &call->site);
    struct query *next;

    (void)why;
    if (!ds || !deserted(d, ds, &call->queue)) {
        desk_call_end(call);
        return;
    }
    look_waiting(d, ds, &call->queue, q->convs, q->n_convs);
    next = q->n_convs == waiting_max(d) ? query_new(QUERY_OPEN) : NULL;
    if (!next) {
        desk_call_end(call);
        return;
    }
    next->site = ds->site->key;
    next->id = q->convs[q->n_convs - 1].id;
    next->now = now(d);
    next->limit = waiting_max(d);
    d->ports.read(d->ports.ctx, next, have_deserted, call);
}

static void look_through(struct desk *d, struct desk_site *ds, const struct kf_key *queue)
{
    struct call *call;
    struct query *q = desk_ask(d, ds, QUERY_OPEN, &call);

    if (!q)
        return; /* they are due sooner or later */
    call->queue = *queue;
    q->now = now(d);
    q->limit = waiting_max(d);
    d->ports.read(d->ports.ctx, q, have_deserted, call);
}

void rules_deserted(struct desk *d, struct desk_site *ds, const struct conv *waiting, size_t n, bool all)
{
    if (!(ds->rule_needs & RULE_NEED_LEAVING))
        return;
    for (size_t i = 0; i < ds->site->n_queues; i++) {
        const struct site_queue *q = &ds->site->queues[i];
        bool before = ds->had_staff[i];

        ds->had_staff[i] = !deserted(d, ds, &q->key);
        if (!before || ds->had_staff[i])
            continue;
        if (all)
            look_waiting(d, ds, &q->key, waiting, n);
        else
            look_through(d, ds, &q->key);
    }
}

void presence_changed(struct desk *d, struct desk_site *ds, const struct kf_id *person)
{
    desk_ask_owned(d, ds, person, NULL, have_owned);
}
