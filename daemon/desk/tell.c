/* tell.c: step 6 of a message's journey: what became true goes to the seats here, to the live layer, and as a hint to other nodes. */
#include "core/mutant.h"
#include "core/permit.h"
#include "desk/inner.h"
#include "desk/window.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define WHY_MAX 40
#define REASONS 5000 /* entries of a timeline that are looked through for a word: more than any talk has */

void conv_json_view(struct desk *d, const struct desk_site *ds, const struct conv *c, struct conv_view_json *ret)
{
    *ret = (struct conv_view_json){ .conv = c, .visitor_name = c->visitor_name, .wait_s = -1 };
    if (c->state == CONV_SERVED || c->state == CONV_OFFERED)
        ret->agent = member_of(ds, &c->owner);
    if (!id_is_zero(&c->helper))
        ret->helper = member_of(ds, &c->helper);
    ret->reactions = reactions_go(ds, c);
    ret->barred = guard_barred(d, ds->site, c, &ret->barred_until);
    ret->unattended = unattended_for(d, ds, c);
}

/* What is expected never rises without a word: another queue has another line, and in the same one somebody may go first. */
static int64_t told_wait(struct desk *d, struct desk_site *ds, const struct conv *c, int64_t position, const char **why)
{
    struct view *view = session_view(d->session, &c->id);
    int64_t wait = expected_wait_s(d, ds, &c->queue, position);

    if (!view)
        return wait;
    if (view->told_position > 0 && view->requeued)
        *why = "queue";
    else if (view->told_position > 0 && position > view->told_position)
        *why = "priority";
    else if (view->wait_s > 0 && (wait < 0 || wait > view->wait_s))
        wait = view->wait_s;
    view->requeued = false;
    view->told_position = position;
    view->wait_s = wait > 0 ? wait : 0;
    return wait;
}

/* As the visitor sees it. */
static bool in_line(enum conv_state state)
{
    return state == CONV_WAITING || state == CONV_OFFERED || state == CONV_PARKED;
}

/* Its place is another one now. What the visitor was told of it still counts as long as it stands in line. */
static void forget_place(struct desk *d, const struct conv *before, const struct conv *c)
{
    struct view *v = session_view(d->session, &c->id);

    if (!v)
        return;
    v->position = 0;
    if (!in_line(before->state) || !in_line(c->state)) {
        v->told_position = v->wait_s = 0;
        v->requeued = false;
    } else if (!key_eq(&before->queue, &c->queue))
        v->requeued = true;
}

/* To the visitor: state, position and whom to expect. The last one wins, so it may be sent whenever in doubt. */
void tell_state(struct desk *d, struct desk_site *ds, const struct conv *c, int64_t position)
{
    struct view *view = session_view(d->session, &c->id);
    struct conv_view_json v;

    conv_json_view(d, ds, c, &v);
    if (view && view->unattended != v.unattended) {
        view->unattended = v.unattended;
        ds->attended = 0; /* it may have changed between two looks, and back before the second: looked at once more */
    }
    if (c->state == CONV_OFFERED)
        v.agent = NULL; /* somebody who may still refuse is not promised */
    v.position = position;
    if (position > 0)
        v.wait_s = told_wait(d, ds, c, position, &v.why);
    buf_clear(&d->out);
    frame_state(&d->out, FRAME_VISITOR, &v);
    session_send_who(d->session, &c->site, &c->contact, &d->out, 0);
}

/* What staff show of it, to those of `who`. The view's row is at least as new as `c`. */
static void tell_staff_state(struct desk *d, struct desk_site *ds, const struct conv *c, const struct kf_id *who)
{
    const struct view *view = session_view(d->session, &c->id);
    const struct kf_id *agent;
    struct conv_view_json v;

    if (id_is_zero(who) || !session_seats(d->session, who))
        return;
    if (view && view->conv.epoch >= c->epoch)
        c = &view->conv;
    conv_json_view(d, ds, c, &v);
    agent = id_is_zero(&c->owner) ? &c->last_agent : &c->owner;
    if (c->state == CONV_CLOSED)
        v.agent = member_of(ds, agent);
    buf_clear(&d->out);
    frame_state(&d->out, FRAME_STAFF, &v);
    session_send_who(d->session, &c->site, who, &d->out, 0);
}

static void tell_widget(struct desk *d, struct desk_site *ds, const struct site_channel *ch)
{
    bool is_staffed, is_open;

    is_staffed = staffed(d, ds, &ch->queue);
    is_open = hours_now(ds->site, ch, now(d));
    if (is_staffed == ds->told_staffed && is_open == ds->told_open)
        return;
    ds->told_staffed = is_staffed;
    ds->told_open = is_open;
    buf_clear(&d->out);
    frame_site(&d->out, now(d), is_open, is_staffed);
    session_send_side(d->session, &ds->site->key, FRAME_VISITOR, &d->out);
}

/* What pages of visitors were told in their welcome, of the site and of where they wait, when it has changed since. Nothing before the first of
 * them. */
void tell_site(struct desk *d, struct desk_site *ds)
{
    const struct site_channel *ch = widget_channel(ds->site);

    if (!ch || !ds->told_site)
        return;
    tell_widget(d, ds, ch);
    tell_attended(d, ds);
}

/* To all sockets of the person here. */
void tell_presence(struct desk *d, struct desk_site *ds, const struct member *m)
{
    buf_clear(&d->out);
    frame_presence(&d->out, m->presence, m->presence_reason, m->presence_at);
    session_send_who(d->session, &ds->site->key, &m->person, &d->out, 0);
}

/* At most once a second; the sweep sends what was held back. */
void tell_queue(struct desk *d, struct desk_site *ds)
{
    ds->queue_dirty = true;
    if (mono(d) - ds->queue_told_at < 1000)
        return;
    ds->queue_dirty = false;
    ds->queue_told_at = mono(d);
    buf_clear(&d->out);
    frame_queue(&d->out, ds->waiting, ds->longest_ms);
    for (size_t i = 0; i < ds->n_members; i++)
        session_send_who(d->session, &ds->site->key, &ds->members[i].person, &d->out, 0);
}

/* ---- the owner ---- */

const char *customer_name(struct arena *a, const char *customer)
{
    json_t *root = customer ? json_loads(customer, 0, NULL) : NULL;
    const char *name = json_string_value(json_object_get(root, "name"));
    const char *ret = name ? arena_text(a, slice_of(name)) : NULL;

    json_decref(root);
    return ret;
}

static void told_owner(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);
    struct view *view = session_view(d->session, &call->conv);
    struct conv_view_json v;

    (void)why;
    /* The view is newer than what we knew when we asked; if it has another owner by now, that one is told by its own news. */
    if (ds && view && (id_eq(&view->conv.owner, &call->who) || id_eq(&view->conv.helper, &call->who))) {
        conv_json_view(d, ds, &view->conv, &v);
        if (!rc)
            v.customer = q->text_out;
        v.visitor_name = customer_name(q->arena, v.customer);
        session_named(d->session, &call->conv, v.visitor_name);
        v.last = q->n_messages ? q->messages : NULL;
        buf_clear(&d->out);
        if (view->conv.state == CONV_OFFERED)
            frame_offered(&d->out, &v, view->conv.until);
        else
            frame_assigned(&d->out, &v, call->cid);
        if (id_eq(&view->conv.owner, &call->who))
            session_owner_told(d->session, &call->conv);
        session_send_who(d->session, &call->site, &call->who, &d->out, 0);
        window_tell_again(d, view, &call->who);
    }
    desk_call_end(call);
}

/* `who`: the owner, or the helper. */
static void tell_owner(struct desk *d, struct desk_site *ds, const struct conv *c, const struct kf_id *who, const char *why)
{
    struct query *q;
    struct call *call;

    if (!session_seats(d->session, who))
        return;
    q = desk_ask(d, ds, QUERY_PROFILE, &call);
    if (!q) {
        session_owner_told(d->session, &c->id);
        return;
    }
    call->conv = c->id;
    call->who = *who;
    desk_call_cid(call, slice_of(why));
    q->id = c->contact;
    q->conv = c->id;
    d->ports.read(d->ports.ctx, q, told_owner, call);
}

/* Who looks on sees whose it is now. The owner has been told otherwise. */
static void tell_watchers(struct desk *d, struct desk_site *ds, const struct conv *c)
{
    const struct view *view = session_view(d->session, &c->id);
    struct conv others;
    struct conv_view_json v;

    if (!view || !view->n_watchers)
        return;
    conv_json_view(d, ds, &view->conv, &v);
    buf_clear(&d->out);
    frame_state(&d->out, FRAME_STAFF, &v);
    others = view->conv;
    others.helper = (struct kf_id){ { 0 } };
    session_watchers(d->session, &others, &d->out);
}

static void tell_former(struct desk *d, const struct conv *c, const struct kf_id *former, const char *why)
{
    buf_clear(&d->out);
    frame_released(&d->out, &c->id, why);
    session_send_who(d->session, &c->site, former, &d->out, 0);
}

/* ---- the live layer ---- */

static void positioned(void *ctx, enum kf_rc rc, int64_t position, int64_t length, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);
    struct view *v = session_view(d->session, &call->conv);

    (void)length;
    (void)why;
    if (!rc && ds && v && v->conv.state == CONV_WAITING && position > 0 && position != v->position) {
        v->position = position;
        v->position_at = mono(d);
        tell_state(d, ds, &v->conv, position);
    }
    desk_call_end(call);
}

static void ask_position(struct desk *d, struct desk_site *ds, const struct conv *c)
{
    struct call *call = desk_call(d, ds);

    if (!call)
        return;
    call->conv = c->id;
    d->ports.live_position(d->ports.ctx, &c->site, &c->queue, &c->id, positioned, call);
}

static void put_done(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);
    struct view *v = session_view(d->session, &call->conv);

    (void)why;
    /* A failure is no harm: the live layer then doubts the site, and the holder rebuilds it. */
    if (!rc && ds)
        ds->line_moved = true;
    if (!rc && ds && !mutant("no_trigger")) {
        if (holder(d, ds))
            route_kick(d, ds);
        else if (call->n) /* a place was freed or somebody waits: the holder, wherever it is, should look */
            d->ports.live_hint(d->ports.ctx, &call->site, &call->conv, HINT_MOVED);
        if (v && v->conv.state == CONV_WAITING)
            ask_position(d, ds, &v->conv);
    }
    desk_call_end(call);
}

static void put(struct desk *d, struct desk_site *ds, const struct conv *c)
{
    struct call *call = desk_call(d, ds);

    if (!call)
        return;
    call->conv = c->id;
    call->n = c->state == CONV_WAITING || c->state == CONV_CLOSED || c->state == CONV_PARKED;
    d->ports.live_put(d->ports.ctx, c, put_done, call);
}

/* ---- news ---- */

/* The newest conversation is the one that a visitor's page shows; ids are sorted by time. */
static void each_visitor_seat(struct desk *d, const struct conv *c)
{
    for (struct seat *seat = session_seats(d->session, &c->contact); seat; seat = seat->next)
        if (memcmp(&c->id, &seat->conv, sizeof(c->id)) > 0) {
            seat->conv = c->id;
            seat->counted = 0;
        }
}

/* The word that owners get to read: why it was given to them, else what the newest entry of the timeline calls it. */
static const char *reason_of(const struct entry *entries, size_t n, char ret[WHY_MAX])
{
    static const char *const words[] = { "assigned", "offered", "transferred", "returned", "refused", "missed", "closed", "parked" };

    for (size_t i = n; i > 0; i--)
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
            if (strcmp(entries[i - 1].kind, words[k]) == 0) {
                json_t *data = json_loads(entries[i - 1].data, 0, NULL);
                const char *why = json_string_value(json_object_get(data, "why"));

                (void)snprintf(ret, WHY_MAX, "%s", why && strcmp(why, "gone") != 0 ? why : words[k]); /* who is gone needs no other word */
                json_decref(data);
                return ret;
            }
    return "changed";
}

static bool moved(const struct conv *a, const struct conv *b)
{
    return a->state != b->state || a->epoch != b->epoch || a->priority != b->priority || !id_eq(&a->owner, &b->owner) ||
           (b->state == CONV_PARKED && a->until != b->until) || !key_eq(&a->queue, &b->queue);
}

static void have_reason(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);
    const struct view *v = session_view(d->session, &call->conv);
    char word[WHY_MAX];

    (void)why;
    if (ds && v) {
        (void)reason_of(q->entries, rc ? 0 : q->n_entries, word);
        if (call->n)
            tell_former(d, &v->conv, &call->who, word);
        else
            tell_owner(d, ds, &v->conv, &call->who, word);
    }
    desk_call_end(call);
}

/* Another node has done it: why, stands on the timeline. */
static void tell_reason(struct desk *d, struct desk_site *ds, const struct conv *c, const struct kf_id *who, bool former)
{
    struct call *call;
    struct query *q = session_seats(d->session, who) ? desk_ask(d, ds, QUERY_TIMELINE, &call) : NULL;

    if (!q)
        return;
    call->conv = c->id;
    call->who = *who;
    call->n = former;
    q->id = c->id;
    q->limit = REASONS;
    d->ports.read(d->ports.ctx, q, have_reason, call);
}

/* `why` NULL: it is not known here. */
static void tell_move(struct desk *d, struct desk_site *ds, const struct conv *before, const struct conv *c, const char *why)
{
    const struct view *v = session_view(d->session, &c->id);

    if (before->state == CONV_OFFERED && c->state == CONV_WAITING)
        refused(d, ds, &c->id, &before->owner);
    if (before->state == CONV_SERVED && c->state == CONV_WAITING && why && strcmp(why, "transferred") == 0)
        handed_on(d, ds, &c->id, &before->owner, now(d));
    if (!id_eq(&before->owner, &c->owner) || before->state != c->state) {
        if (!id_is_zero(&before->owner) && !id_eq(&before->owner, &c->owner)) {
            if (c->state == CONV_CLOSED)
                tell_staff_state(d, ds, c, &before->owner); /* as it is kept */
            if (why)
                tell_former(d, c, &before->owner, why);
            else
                tell_reason(d, ds, c, &before->owner, true);
        }
        if (v && v->conv.epoch > c->epoch)
            return; /* a read has overtaken this commit: what came after it is told by its own news */
        if (!id_is_zero(&c->owner) && why)
            tell_owner(d, ds, c, &c->owner, why);
        else if (!id_is_zero(&c->owner))
            tell_reason(d, ds, c, &c->owner, false);
    }
    if (before->state != c->state || !id_eq(&before->owner, &c->owner) || (c->state == CONV_PARKED && before->until != c->until)) {
        tell_state(d, ds, c, 0);
        tell_watchers(d, ds, c);
    }
}

/* Who helps is told as an owner would be, with why: "helper"; and the owner sees who does. */
static void tell_helper(struct desk *d, struct desk_site *ds, const struct conv *before, const struct conv *c)
{
    if (!id_is_zero(&before->helper) && !id_eq(&before->helper, &c->owner))
        tell_former(d, c, &before->helper, "helper_left");
    if (!id_is_zero(&c->helper))
        tell_owner(d, ds, c, &c->helper, "helper");
    tell_staff_state(d, ds, c, &c->owner);
}

/* What changes without anybody's owning it otherwise: whoever has it, or has closed it, is told the row. */
static void tell_marks(struct desk *d, struct desk_site *ds, const struct conv *before, const struct conv *c)
{
    if (before->seq == 0 && !before->epoch)
        return; /* it is new */
    if (!id_eq(&before->helper, &c->helper))
        tell_helper(d, ds, before, c);
    if (before->rating == c->rating && before->invited == c->invited && before->priority == c->priority &&
        key_eq(&before->queue, &c->queue) && before->wrapup_until == c->wrapup_until)
        return;
    if (c->state == CONV_CLOSED)
        tell_staff_state(d, ds, c, &c->last_agent);
    else if (id_eq(&before->owner, &c->owner))
        tell_staff_state(d, ds, c, &c->owner);
}

static void count_wait(struct desk *d, const struct conv *before, const struct conv *c)
{
    if (c->state != CONV_SERVED || before->state == CONV_SERVED || c->served_at < c->arrived_at)
        return;
    d->figures.waits++;
    d->figures.wait_ms_total += (uint64_t)(c->served_at - c->arrived_at);
}

/* Each side learns how far the other one has read. */
static void tell_reads(struct desk *d, const struct conv *before, const struct conv *c)
{
    if (c->visitor_read > before->visitor_read && !id_is_zero(&c->owner)) {
        buf_clear(&d->out);
        frame_read(&d->out, &c->id, ROLE_VISITOR, c->visitor_read);
        session_send_who(d->session, &c->site, &c->owner, &d->out, 0);
    }
    if (c->staff_read > before->staff_read) {
        buf_clear(&d->out);
        frame_read(&d->out, &c->id, ROLE_AGENT, c->staff_read);
        session_send_who(d->session, &c->site, &c->contact, &d->out, 0);
    }
}

/* Other nodes read again what a hint names: the conversation, and each message that has changed. */
static void hint(struct desk *d, const struct news *news)
{
    const struct conv *c = &news->conv, *before = &news->before;

    if (d->cfg.sole)
        return;
    if (news->opened || moved(before, c))
        d->ports.live_hint(d->ports.ctx, &c->site, &c->id, HINT_MOVED);
    else if (news->n_messages || news->window || c->visitor_read != before->visitor_read || c->staff_read != before->staff_read)
        d->ports.live_hint(d->ports.ctx, &c->site, &c->id, c->seq);
    for (size_t i = 0; i < news->n_changed; i++)
        d->ports.live_hint(d->ports.ctx, &c->site, &c->id, HINT_CHANGED(news->changed[i].seq));
    for (size_t i = 0; i < news->n_statuses; i++)
        d->ports.live_hint(d->ports.ctx, &c->site, &c->id, HINT_CHANGED(news->statuses[i].seq));
    if (news->n_entries && !id_is_zero(&c->owner))
        d->ports.live_hint(d->ports.ctx, &c->site, &c->id, HINT_TIMELINE(news->entries[0].id));
}

void notice_here(struct desk *d, struct desk_site *ds, const struct kf_id *person)
{
    buf_clear(&d->out);
    frame_notice(&d->out);
    session_send_who(d->session, &ds->site->key, person, &d->out, 0);
}

void desk_notice(struct desk *d, const struct kf_key *site, const struct kf_id *person)
{
    struct desk_site *ds = site_of(d, site);

    if (!ds || id_is_zero(person))
        return;
    notice_here(d, ds, person);
    d->ports.live_hint(d->ports.ctx, site, person, HINT_NOTICE);
}

void alarm_here(struct desk *d, struct desk_site *ds, const struct conv *c, int stage)
{
    const struct member *owner = member_of(ds, &c->owner);

    if (!owner || c->state != CONV_SERVED)
        return;
    buf_clear(&d->out);
    frame_alarm(&d->out, &c->id, stage == 1 ? NULL : owner, conv_unanswered(c));
    if (stage == 1)
        session_send_who(d->session, &c->site, &c->owner, &d->out, 0);
    for (size_t i = 0; stage != 1 && i < ds->n_members; i++)
        if (permit(&ds->members[i], VERB_WATCH, &c->site, c))
            session_send_who(d->session, &c->site, &ds->members[i].person, &d->out, 0);
}

void tell_alarm(struct desk *d, struct desk_site *ds, const struct conv *c, int stage)
{
    alarm_here(d, ds, c, stage);
    if (!d->cfg.sole)
        d->ports.live_hint(d->ports.ctx, &c->site, &c->id, HINT_ALARM(stage));
}

void tell_typing(struct desk *d, const struct conv *c, const struct actor *who, bool on, uint64_t except)
{
    buf_clear(&d->out);
    frame_typing(&d->out, &c->id, who, on);
    if (who->role == ROLE_VISITOR)
        session_staff(d->session, c, &d->out, except);
    else
        session_send_who(d->session, &c->site, &c->contact, &d->out, except);
}

void tell_entries(struct desk *d, const struct conv *c, const struct entry *e, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_clear(&d->out);
        frame_timeline(&d->out, &c->id, &e[i]);
        session_staff(d->session, c, &d->out, 0);
    }
}

/* As the seats here have it: what another node did before this commit, and no hint has told yet, is news with it. */
static struct news news_here(struct desk *d, const struct news *news)
{
    const struct view *v = session_view(d->session, &news->conv.id);
    struct news ret = *news;

    if (v && v->conv.epoch < news->before.epoch) {
        ret.before = v->conv;
        ret.before.peer = news->conv.peer; /* the view's own may be renewed */
        ret.before.locale = news->conv.locale;
    }
    return ret;
}

/* Has a read overtaken this commit? What the page was told of its place since then is of later. */
static bool read_has_told(struct desk *d, const struct news *news)
{
    const struct view *v = session_view(d->session, &news->conv.id);

    return v && (v->conv.epoch > news->conv.epoch || (v->conv.epoch == news->conv.epoch && news->before.epoch < news->conv.epoch));
}

void tell_news(struct desk *d, struct desk_site *ds, const struct news *news, uint64_t except)
{
    const struct conv *c = &news->conv;
    struct news shown = news_here(d, news);
    bool overtaken = read_has_told(d, news);
    char why[WHY_MAX];

    if (!news->has_conv || news->duplicate)
        return;
    count_wait(d, &news->before, c);
    if (news->opened || news->reopened)
        each_visitor_seat(d, c);
    session_news(d->session, &shown, except);
    d->figures.messages_out += news->n_messages;
    if (news->opened || moved(&shown.before, c)) {
        if (!overtaken)
            forget_place(d, &shown.before, c);
        /* A move of another node that had not been heard of: its reason is on the timeline, not in this change. */
        tell_move(d, ds, &shown.before, c,
                  shown.before.epoch == news->before.epoch ? reason_of(news->entries, news->n_entries, why) : NULL);
    }
    tell_marks(d, ds, &shown.before, c);
    if (news->missed)
        missed_offers(d, ds, &news->before.owner, news->missed);
    if (news->opened || moved(&news->before, c) || news->before.priority != c->priority || news->before.wrapup_until != c->wrapup_until)
        put(d, ds, c);
    tell_reads(d, &shown.before, c);
    if (news->n_messages || news->n_statuses || news->n_errands || news->n_entries || news->window || moved(&news->before, c))
        window_tell(d, ds, c);
    hint(d, news);
    if (news->staled)
        rules_after(d, ds, news);
    if (news->n_errands)
        deliver_kick(d, ds);
}

void tell_read(struct desk *d, struct desk_site *ds, const struct conv *c)
{
    struct view *v = session_view(d->session, &c->id);
    struct news news = { .has_conv = true, .conv = *c };

    if (v)
        news.before = v->conv;
    else if (!session_seats(d->session, &c->contact) && (id_is_zero(&c->owner) || !session_seats(d->session, &c->owner))) {
        if (c->state == CONV_WAITING || c->state == CONV_CLOSED)
            route_kick(d, ds);
        return;
    }
    if (c->seq < news.before.seq || c->epoch < news.before.epoch)
        return; /* we know better */
    each_visitor_seat(d, c);
    session_news(d->session, &news, 0);
    if (v)
        tell_reads(d, &news.before, c);
    if (moved(&news.before, c)) {
        forget_place(d, &news.before, c);
        tell_move(d, ds, &news.before, c, NULL);
        route_kick(d, ds);
    }
    if (v)
        tell_marks(d, ds, &news.before, c);
    window_tell(d, ds, c);
}

static bool page_sits(struct desk *d, const struct kf_id *contact)
{
    for (const struct seat *seat = session_seats(d->session, contact); seat; seat = seat->next)
        if (seat->side == FRAME_VISITOR && seat->welcomed)
            return true;
    return false;
}

/* A hint may have been lost. Were the view only renewed, the next look would find it as it should be, and nobody would ever be told. */
struct view *tell_show(struct desk *d, struct desk_site *ds, const struct conv *c)
{
    if (session_view(d->session, &c->id) || page_sits(d, &c->contact))
        tell_read(d, ds, c);
    return session_show(d->session, c);
}

void tell_changed(struct desk *d, const struct conv *c, const struct message *m)
{
    struct message shown = *m;
    char url[FILE_URL_MAX];

    if (desk_file_url(d, &c->site, &m->file, url, sizeof(url)))
        shown.file_url = url;
    buf_clear(&d->out);
    frame_changed(&d->out, &c->id, &shown);
    session_both(d->session, c, &d->out, 0);
    if (m->delivery == DELIVERY_NONE)
        return;
    buf_clear(&d->out);
    frame_status(&d->out, &c->id, m->seq, m->delivery, m->reason, now(d));
    session_both(d->session, c, &d->out, 0);
}
