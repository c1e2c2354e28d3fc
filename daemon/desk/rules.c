/* rules.c: step 9: the auto-reply rules look at each event in seq order, and at what has become due. The commit that stores what a rule says
 * moves ruled_seq on and records the firing, so that nothing is said twice, whichever nodes die or look at the same time. */
#include "core/rule.h"
#include "desk/inner.h"
#include "desk/speak.h"
#include "protocols/stamp.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRINGS_MAX 8
#define LOOKED_MAX  50
#define DAY_S       86400

struct looking {
    struct desk *d;
    struct kf_key site;
    struct arena *arena;
    struct conv conv;
    struct message *messages; /* those that the rules have not seen */
    size_t n_messages;
    bool automatic;
    const char **fired; /* "rule cause" of what has fired before */
    size_t n_fired;
    bool looked;  /* the live layer was asked who is there */
    bool reread;  /* conv and messages were read again after a conflict */
    bool unasked; /* not because the row is due: somebody went away */
};

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

static struct rule_facts facts_of(struct desk *d, const struct desk_site *ds, const struct conv *c)
{
    const struct site_queue *q = site_queue(ds->site, &c->queue);
    const struct member *owner = id_is_zero(&c->owner) ? NULL : member_of(ds, &c->owner);

    return (struct rule_facts){ .conv = c,
                                .staffed = staffed(d, ds, &c->queue),
                                .open_hours = !q || hours_open(&q->hours, now(d)),
                                .agent_away = owner && owner->presence == PRESENCE_AWAY,
                                .agent_away_since = owner ? owner->presence_at : 0,
                                .now_ms = now(d) };
}

static bool fired_before(const struct looking *l, const struct rule_firing *f)
{
    char text[80];

    (void)snprintf(text, sizeof(text), "%s %s", f->rule->key.s, f->cause);
    for (size_t i = 0; i < l->n_fired; i++)
        if (strcmp(l->fired[i], text) == 0)
            return true;
    return false;
}

static size_t add_new(const struct looking *l, const struct rule_firing *found, size_t n, struct rule_firing *ret, size_t count)
{
    for (size_t i = 0; i < n && count < FIRINGS_MAX; i++) {
        bool twice = fired_before(l, &found[i]);

        for (size_t k = 0; k < count && !twice; k++)
            twice = ret[k].rule == found[i].rule && strcmp(ret[k].cause, found[i].cause) == 0;
        if (!twice)
            ret[count++] = found[i];
    }
    return count;
}

static size_t match_all(struct desk *d, const struct desk_site *ds, const struct looking *l, struct rule_firing *ret)
{
    struct rule_facts facts = facts_of(d, ds, &l->conv);
    struct rule_firing found[FIRINGS_MAX];
    size_t n, count = 0;

    for (size_t i = 0; i <= l->n_messages; i++) {
        facts.message = i < l->n_messages ? &l->messages[i] : NULL;
        n = rule_match(ds->site->rules, ds->site->n_rules, &facts, found, FIRINGS_MAX);
        count = add_new(l, found, n, ret, count);
    }
    return count;
}

/* ---- what is said ---- */

/* The hour; with the day, if it is not today's. */
static void opening_text(const struct desk_site *ds, const struct conv *c, int64_t now_ms, char *ret, size_t n)
{
    const struct site_queue *q = site_queue(ds->site, &c->queue);
    int64_t at = q ? hours_next_opening(&q->hours, now_ms) : INT64_MAX;
    int64_t local, minutes;
    char day[STAMP_TEXT];

    *ret = '\0';
    if (at == INT64_MAX || !q->hours.offset)
        return;
    local = at / 1000 + q->hours.offset(q->hours.zone, at);
    minutes = local / 60 % (24 * 60);
    if (local / DAY_S == (now_ms / 1000 + q->hours.offset(q->hours.zone, now_ms)) / DAY_S)
        (void)snprintf(ret, n, "%02d:%02d", (int)(minutes / 60), (int)(minutes % 60));
    else
        (void)snprintf(ret, n, "%.10s %02d:%02d", stamp_text(local * 1000, day), (int)(minutes / 60), (int)(minutes % 60));
}

static void say(struct desk *d, struct desk_site *ds, struct change *c, const struct looking *l, const struct rule *r)
{
    const struct view *v = session_view(d->session, &l->conv.id);
    const struct member *owner = id_is_zero(&l->conv.owner) ? NULL : member_of(ds, &l->conv.owner);
    char position[24] = "", opening[24];
    struct wording_value values[4];
    struct act *act;

    if (v && v->position > 0)
        (void)snprintf(position, sizeof(position), "%lld", (long long)v->position);
    opening_text(ds, &l->conv, c->at, opening, sizeof(opening));
    values[0] = (struct wording_value){ "name", owner ? owner->name : "" };
    values[1] = (struct wording_value){ "number", owner ? owner->number : "" };
    values[2] = (struct wording_value){ "position", position };
    values[3] = (struct wording_value){ "opening", opening };
    act = speak(ds->site, c, &l->conv, r->wording, NULL, values, 4);
    if (act && (r->actions & RULE_FORM))
        act->u.message.extra = "{\"form\":\"contact\"}";
}

static void fire(struct desk *d, struct desk_site *ds, struct change *c, const struct looking *l, const struct rule_firing *f)
{
    struct act *act;

    act = change_act(c, ACT_ENTRY);
    act->u.entry = (struct entry){
        .at = c->at, .kind = "rule", .by = c->by, .data = change_printf(c, "{\"rule\":\"%s\",\"cause\":\"%s\"}", f->rule->key.s, f->cause)
    };
    if (f->rule->actions & RULE_SAY)
        say(d, ds, c, l, f->rule);
    if ((f->rule->actions & RULE_INVITE) && !l->conv.invited)
        (void)change_act(c, ACT_INVITE);
    if ((f->rule->actions & RULE_PARK) && l->conv.state == CONV_WAITING) {
        const struct site_queue *q = site_queue(ds->site, &l->conv.queue);
        int64_t until = q && !hours_open(&q->hours, c->at) ? hours_next_opening(&q->hours, c->at) : 0;

        act = change_act(c, ACT_STEP);
        act->u.step = (struct conv_event){ .kind = CONV_PARK, .epoch = l->conv.epoch, .until = until == INT64_MAX ? 0 : until };
        ds->parked_maybe = true;
    }
}

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
    if (l->looked || staffed(d, ds, &l->conv.queue) || !d->ports.live_up(d->ports.ctx))
        return false;
    l->looked = true;
    d->ports.live_look(d->ports.ctx, &ds->site->key, 1, rules_looked, l);
    return true;
}

static void rules_commit(struct desk *d, struct desk_site *ds, struct looking *l)
{
    struct rule_firing firings[FIRINGS_MAX];
    struct rule_facts facts;
    struct change *c;
    struct act *act;
    size_t n;

    if (look_first(d, ds, l))
        return;
    n = match_all(d, ds, l, firings);
    facts = facts_of(d, ds, &l->conv);
    c = change_new(&ds->site->key, now(d));
    if (!c) {
        looking_end(l);
        return;
    }
    c->conv = l->conv.id;
    act = change_act(c, ACT_RULED);
    act->u.ruled.from_seq = l->conv.ruled_seq;
    act->u.ruled.to_seq = l->conv.seq;
    act->u.ruled.rule_due_at = rule_next_due(ds->site->rules, ds->site->n_rules, &facts);
    act->u.ruled.n_firings = n;
    for (size_t i = 0; i < n; i++) {
        act->u.ruled.firing[i].rule = firings[i].rule->key;
        act->u.ruled.firing[i].cause = change_text(c, slice_of(firings[i].cause));
    }
    for (size_t i = 0; i < n; i++)
        fire(d, ds, c, l, &firings[i]);
    d->figures.rules_fired += n;
    d->ports.commit(d->ports.ctx, c, rules_committed, l);
}

/* ---- what is there ---- */

static void take_fired(struct looking *l, const struct query *q)
{
    l->n_fired = 0;
    l->fired = arena_array(l->arena, q->n_entries + 1, sizeof(*l->fired));
    for (size_t i = 0; l->fired && i < q->n_entries; i++) {
        json_t *root = strcmp(q->entries[i].kind, "rule") == 0 ? json_loads(q->entries[i].data, 0, NULL) : NULL;
        const char *rule = json_string_value(json_object_get(root, "rule"));
        const char *cause = json_string_value(json_object_get(root, "cause"));

        if (rule && cause && (l->fired[l->n_fired] = arena_printf(l->arena, "%s %s", rule, cause)))
            l->n_fired++;
        json_decref(root);
    }
}

static void have_timeline(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct looking *l = ctx;
    struct desk_site *ds = site_of(l->d, &l->site);

    (void)why;
    if (rc || !ds) {
        looking_end(l);
        return;
    }
    take_fired(l, q);
    rules_commit(l->d, ds, l);
}

static void read_timeline(struct looking *l)
{
    struct query *q = query_new(QUERY_TIMELINE);

    if (!q) {
        looking_end(l);
        return;
    }
    q->id = l->conv.id;
    l->d->ports.read(l->d->ports.ctx, q, have_timeline, l);
}

static void take_messages(struct looking *l, const struct message *m, size_t n)
{
    l->messages = arena_array(l->arena, n + 1, sizeof(*m));
    l->n_messages = 0;
    for (size_t i = 0; l->messages && i < n; i++)
        if (m[i].seq > l->conv.ruled_seq && m[i].from.role != ROLE_SYSTEM) {
            l->messages[l->n_messages] = m[i];
            l->messages[l->n_messages].text = arena_copy(l->arena, m[i].text);
            l->messages[l->n_messages].extra = NULL;
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
    read_timeline(l);
}

static void read_messages(struct looking *l)
{
    struct query *q;

    if (l->conv.ruled_seq >= l->conv.seq) {
        read_timeline(l);
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

/* Right after a commit, on the node that made it. A conversation that was opened by it cannot have fired anything. */
void rules_after(struct desk *d, struct desk_site *ds, const struct news *news)
{
    struct looking *l = looking_new(d, ds, &news->conv);

    if (!l)
        return; /* due at once: the holder's sweep will look */
    if (news->opened) {
        take_messages(l, news->messages, news->n_messages);
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

static void have_owned(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk_site *ds = site_of(call->d, &call->site);

    (void)why;
    for (size_t i = 0; !rc && ds && i < q->n_convs; i++)
        if (q->convs[i].state == CONV_SERVED) {
            struct looking *l = looking_new(call->d, ds, &q->convs[i]);

            if (l) {
                l->unasked = true;
                read_messages(l);
            }
        }
    desk_call_end(call);
}

void presence_changed(struct desk *d, struct desk_site *ds, const struct kf_id *person)
{
    struct call *call;
    struct query *q = desk_ask(d, ds, QUERY_OWNED, &call);

    if (!q)
        return;
    q->id = *person;
    q->now = now(d);
    d->ports.read(d->ports.ctx, q, have_owned, call);
}
