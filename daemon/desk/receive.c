/* receive.c: what visitors say and do in the page: steps 3 to 6 of a message's journey. */
#include "core/answer.h"
#include "core/fault.h"
#include "desk/inner.h"
#include "desk/speak.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define RATINGS   6    /* of a visitor in a minute */
#define VISITS    10   /* likewise, pages that stand on the timeline */
#define VISIT_MAX 6144 /* bytes of one of them: a page is told to all who look on */

/* How the content of an act begins that is not a text: no text does, for 0xff is not in UTF-8. */
#define AS(act) "\xff" act

/* A page that sends its outbox again after a lost line is not to be slower for it. */
static void repeat_costs_nothing(struct desk *d, const struct call *call)
{
    const struct seat *seat = session_seat(d->session, call->conn);

    if (call->counted && seat && repeat_take(d, &seat->who))
        message_give(d, &seat->who);
}

static void acked(struct desk *d, const struct call *call, const struct news *news)
{
    static const int bounds[] = { 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000 };
    struct seat *seat = session_seat(d->session, call->conn);
    int64_t took = mono(d) - call->at;
    size_t i = 0;

    while (i < sizeof(bounds) / sizeof(bounds[0]) && took > bounds[i])
        i++;
    d->figures.ack_le[i]++;
    d->figures.ack_ms_total += (uint64_t)(took > 0 ? took : 0);
    if (!seat)
        return;
    buf_clear(&d->out);
    frame_ack_warned(&d->out, slice_of(call->cid), news->has_conv || news->duplicate ? &news->conv.id : NULL, news->first_seq,
                     news->first_at, news->duplicate ? NULL : call->warning);
    session_send(d->session, seat, &d->out);
}

void seat_done(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);
    struct seat *seat;

    d->figures.store_away = rc == KF_AGAIN;
    if (rc) {
        if (rc == KF_CONFLICT)
            d->figures.conflicts++;
        if (call->counted && (seat = session_seat(d->session, call->conn)))
            seat->page_told = false; /* it may have gone with an opening */
        seat_fail(d, call->conn, call->cid, rc, why);
    } else {
        acked(d, call, news);
        fault_point("after_ack");
        if (news->duplicate) {
            d->figures.duplicates++;
            repeat_costs_nothing(d, call);
        } else if (ds)
            tell_news(d, ds, news, call->conn);
    }
    desk_call_end(call);
}

void commit_from_seat(struct desk *d, struct seat *seat, const struct inbound *in, struct change *c)
{
    struct call *call = desk_call(d, site_of(d, &seat->site));

    if (!call) {
        change_free(c);
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        return;
    }
    call->conn = seat->conn;
    call->warning = c->warning;
    call->counted = seat->side == FRAME_VISITOR && in->kind == INBOUND_MESSAGE;
    desk_call_cid(call, in->cid);
    session_wrote(seat, in->cid);
    d->ports.commit(d->ports.ctx, c, seat_done, call);
}

/* Without an id an act cannot be repeated safely, so there is none without. */
bool wants_cid(struct desk *d, struct seat *seat, const struct inbound *in)
{
    if (in->cid.n)
        return true;
    seat_refuse(d, seat, in, KF_INVALID, "cid is missing: 1 to 64 of A-Z a-z 0-9 _ -");
    return false;
}

/* A visitor's cids are one space, of that visitor on that channel, whatever the act is: the content says which. */
static void visitor_key(struct change *c, const struct desk_site *ds, const struct seat *seat, const struct inbound *in,
                        const char *content)
{
    const struct site_channel *ch = widget_channel(ds->site);
    char id[KF_ID_TEXT];

    c->key = slice_of(change_printf(c, "w:%s:%s:%.*s", ch ? ch->key.s : "", id_text(&seat->who, id), (int)in->cid.n, in->cid.p));
    c->content = content ? slice_of(content) : (struct slice){ NULL, 0 };
}

static struct actor visitor_actor(struct change *c, const struct seat *seat)
{
    return (struct actor){ .role = ROLE_VISITOR, .id = seat->who, .name = change_text(c, slice_of(seat->name)) };
}

/* What the frame says as a message. Choices are text with the id beside it, forms are cards. */
static void say_content(struct change *c, const struct inbound *in, struct message *m)
{
    struct buf extra;

    m->at = c->at;
    m->from = c->by;
    m->cid = change_text(c, in->cid);
    m->reply_to = in->reply_to;
    m->text = change_slice(c, in->text);
    m->kind = MESSAGE_TEXT;
    if (in->type == TYPE_CHOICE) {
        buf_init(&extra, 4096);
        buf_str(&extra, "{\"choice\":");
        buf_json(&extra, in->payload);
        buf_char(&extra, '}');
        m->extra = change_text(c, buf_slice(&extra));
        if (!m->text.n)
            m->text = change_slice(c, in->payload);
        buf_finish(&extra);
    } else if (in->type == TYPE_FORM) {
        m->kind = MESSAGE_CARD;
        m->extra = change_printf(c, "{\"form\":%.*s}", (int)in->form.n, in->form.p);
        if (!m->text.n)
            m->text = form_text(c, in->form);
    }
}

static void opening_fill(struct desk *d, const struct desk_site *ds, const struct site_channel *ch, const struct seat *seat,
                         struct change *c, struct opening *o)
{
    const struct view *before;

    o->channel = ch->key;
    o->peer = o->address = change_text(c, slice_of(seat->peer));
    o->reopen_ms = ds->site->reopen_ms;
    o->state = CONV_WAITING;
    o->queue = ch->queue;
    o->locale = change_text(c, slice_of(seat->locale));
    o->new_conv = fresh_id(d);
    o->new_contact = seat->who;
    o->new_customer = fresh_id(d);
    o->name = change_text(c, slice_of(seat->name));
    o->verified = seat->verified;
    if (seat->profile)
        o->profile = change_text(c, slice_of(seat->profile));
    before = session_view(d->session, &seat->conv);
    opening_rank(ds, ch, before ? &before->conv : NULL, seat->profile, c->at, o);
    o->opened = change_printf(c, "{%s%s%s\"shown\":%s}", seat->page ? "\"page\":" : "", seat->page ? seat->page : "", seat->page ? "," : "",
                              seat->shown ? seat->shown : "{}");
    if (seat->page && !seat->page_told && strlen(seat->page) <= VISIT_MAX)
        o->page = change_printf(c, "{\"page\":%s}", seat->page);
}

static bool is_under_way(struct desk *d, const struct seat *seat)
{
    const struct view *v = session_view(d->session, &seat->conv);

    return v && conv_is_open(&v->conv);
}

/* A first message opens a conversation: an address may do that only so often. A visitor whose conversation is open is never stopped. */
static bool may_open(struct desk *d, const struct seat *seat, struct kf_err *why)
{
    int32_t retry;
    char key[64];

    if (is_under_way(d, seat))
        return true;
    (void)snprintf(key, sizeof(key), "a:%s", seat->address);
    if (rate_take(d, key, d->cfg.new_per_minute, d->cfg.new_per_minute, 60000, why))
        return true;
    retry = why->retry_after_ms;
    (void)kf_fail(why, KF_RATE, "too many new conversations from this address; wait a moment");
    why->retry_after_ms = retry;
    return false;
}

static struct change *visitor_change(struct desk *d, struct desk_site *ds, struct seat *seat, const struct inbound *in)
{
    const struct site_channel *ch = widget_channel(ds->site);
    struct change *c = ch ? change_new(&ds->site->key, now(d)) : NULL;
    struct opening *o = c ? ARENA_NEW(c->arena, struct opening) : NULL;

    if (!o) {
        change_free(c);
        return NULL;
    }
    c->by = visitor_actor(c, seat);
    opening_fill(d, ds, ch, seat, c, o);
    if (!is_under_way(d, seat))
        seat->page_told = seat->page; /* the opening says it, and so does what is reopened */
    c->opening = o;
    visitor_key(c, ds, seat, in, NULL);
    rules_deaf(ds, c, ROLE_VISITOR, in->text, in->payload.n > 0 || in->form.n > 0);
    return c;
}

/* Who was put off until later and writes when somebody is there after all is not kept waiting for the hour. */
static void unpark(struct desk *d, const struct desk_site *ds, const struct seat *seat, struct change *c)
{
    const struct view *v = session_view(d->session, &seat->conv);

    if (v && v->conv.state == CONV_PARKED && staffed(d, ds, &v->conv.queue))
        change_act(c, ACT_STEP)->u.step = (struct conv_event){ .kind = CONV_VISITOR_SAYS, .epoch = -1, .staffed = true };
}

static struct slice said_content(struct change *c, const struct inbound *in)
{
    char id[KF_ID_TEXT];

    if (!id_is_zero(&in->file))
        return slice_of(change_printf(c, AS("file:%s"), id_text(&in->file, id)));
    if (in->type == TYPE_TEXT)
        return change_slice(c, in->text);
    return slice_of(in->type == TYPE_FORM ? change_printf(c, AS("form:%.*s"), (int)in->form.n, in->form.p)
                                          : change_printf(c, AS("choice:%.*s"), (int)in->payload.n, in->payload.p));
}

void refuse_unless_said(struct desk *d, struct seat *seat, const struct inbound *in, const struct kf_err *why, bool counted)
{
    struct desk_site *ds = site_of(d, &seat->site);
    struct change *c = ds && repeat_take(d, &seat->who) ? change_new(&ds->site->key, now(d)) : NULL;

    if (c) {
        visitor_key(c, ds, seat, in, NULL);
        c->content = said_content(c, in);
    }
    refuse_unless_claimed(d, seat, in, c, why, counted);
}

static void say(struct desk *d, struct desk_site *ds, struct seat *seat, const struct inbound *in)
{
    struct change *c = visitor_change(d, ds, seat, in);
    const char *profile;
    struct act *act;

    if (!c) {
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        return;
    }
    unpark(d, ds, seat, c);
    c->content = said_content(c, in);
    act = change_act(c, ACT_MESSAGE);
    say_content(c, in, &act->u.message);
    if (in->type == TYPE_TEXT)
        act->u.message.typed_ms = typed_ms(d, &seat->conv, &c->by, in->cid);
    profile = in->type == TYPE_FORM ? form_profile(c, in->form) : NULL;
    if (profile)
        change_act(c, ACT_PROFILE)->u.profile = profile;
    d->figures.messages_in++;
    commit_from_seat(d, seat, in, c);
}

/* ---- files ---- */

enum message_kind file_kind(const char *mime)
{
    static const char *const images[] = { "image/png", "image/jpeg", "image/gif", "image/webp" };

    for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++)
        if (strcmp(mime, images[i]) == 0)
            return MESSAGE_IMAGE;
    return strncmp(mime, "audio/", 6) == 0 ? MESSAGE_AUDIO : MESSAGE_FILE;
}

const char *file_extra(struct change *c, const struct stored_file *f)
{
    char id[KF_ID_TEXT];
    const char *ret;
    struct buf b;

    buf_init(&b, 4096);
    buf_printf(&b, "{\"file\":{\"id\":\"%s\",\"name\":", id_text(&f->id, id));
    buf_json(&b, slice_of(f->name));
    buf_str(&b, ",\"mime\":");
    buf_json(&b, slice_of(f->mime));
    buf_printf(&b, ",\"size\":%lld", (long long)f->size);
    if (f->width > 0 && f->height > 0)
        buf_printf(&b, ",\"width\":%d,\"height\":%d", f->width, f->height);
    buf_str(&b, "}}");
    ret = change_text(c, buf_slice(&b));
    buf_finish(&b);
    return ret;
}

static void say_file(struct desk *d, struct seat *seat, const struct inbound *in, const struct stored_file *f)
{
    struct desk_site *ds = site_of(d, &seat->site);
    struct change *c = ds ? visitor_change(d, ds, seat, in) : NULL;
    struct act *act;

    if (!c) {
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        return;
    }
    c->content = said_content(c, in);
    act = change_act(c, ACT_MESSAGE);
    say_content(c, in, &act->u.message);
    act->u.message.kind = file_kind(f->mime);
    act->u.message.file = f->id;
    act->u.message.extra = file_extra(c, f);
    d->figures.messages_in++;
    commit_from_seat(d, seat, in, c);
}

static void say_choice(struct desk *d, struct seat *seat, const struct inbound *in)
{
    struct desk_site *ds = site_of(d, &seat->site);

    if (ds)
        say(d, ds, seat, in);
}

void visitor_says(struct desk *d, struct seat *seat, const struct inbound *in)
{
    struct desk_site *ds = site_of(d, &seat->site);
    struct kf_err why = { 0 };
    bool counted;
    int burst, rate;

    if (!ds || !wants_cid(d, seat, in))
        return;
    if (!widget_channel(ds->site)) {
        seat_refuse(d, seat, in, KF_DENIED, "this channel is switched off");
        return;
    }
    burst = ds->site->message_burst ? ds->site->message_burst : d->cfg.message_burst;
    rate = ds->site->message_rate ? ds->site->message_rate : d->cfg.message_rate;
    counted = message_take(d, &seat->who, burst, rate, &why);
    if (!counted || !may_open(d, seat, &why) || !guard_visitor(d, ds, seat, in, &why) ||
        (in->type == TYPE_FORM && form_check(in->form, &why))) {
        refuse_unless_said(d, seat, in, &why, counted);
        return;
    }
    /* A person may be asked for at any time: the page may have a button for it. */
    if (in->type == TYPE_CHOICE && !slice_is(in->payload, ANSWER_ID))
        with_choice(d, seat, in, say_choice);
    else if (id_is_zero(&in->file))
        say(d, ds, seat, in);
    else
        with_file(d, seat, in, say_file);
}

/* ---- what visitors do ---- */

static void visitor_typing(struct desk *d, struct seat *seat, const struct inbound *in)
{
    const struct view *v = session_view(d->session, &seat->conv);
    const struct actor who = { .role = ROLE_VISITOR, .id = seat->who, .name = seat->name ? seat->name : "" };

    if (!v || id_is_zero(&v->conv.owner))
        return;
    typing_here(d, &v->conv, &who, in->on, seat->conn);
    if (!d->cfg.sole)
        d->ports.live_hint(d->ports.ctx, &v->conv.site, &v->conv.id, HINT_TYPING(ROLE_VISITOR, in->on));
}

static void visitor_read(struct desk *d, struct desk_site *ds, struct seat *seat, const struct inbound *in, const struct conv *conv)
{
    struct change *c = change_new(&ds->site->key, now(d));

    if (!c) {
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        return;
    }
    c->by = visitor_actor(c, seat);
    c->conv = conv->id;
    visitor_key(c, ds, seat, in, change_printf(c, AS("read:%lld"), (long long)in->seq));
    change_act(c, ACT_READ)->u.seq = in->seq < conv->seq ? in->seq : conv->seq;
    commit_from_seat(d, seat, in, c);
}

static void visitor_close(struct desk *d, struct desk_site *ds, struct seat *seat, const struct inbound *in, const struct conv *conv)
{
    struct change *c = change_new(&ds->site->key, now(d));
    struct act *act;

    if (!c) {
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        return;
    }
    c->by = visitor_actor(c, seat);
    c->conv = conv->id;
    visitor_key(c, ds, seat, in, AS("close"));
    act = change_act(c, ACT_STEP);
    act->u.step = (struct conv_event){ .kind = CONV_CLOSE, .epoch = -1, .wrapup_ms = wrapup_of(ds, conv) };
    (void)speak(ds->site, c, conv, "closed", "closed", NULL, 0);
    commit_from_seat(d, seat, in, c);
}

static void visitor_rate(struct desk *d, struct desk_site *ds, struct seat *seat, const struct inbound *in, const struct conv *conv)
{
    char id[KF_ID_TEXT], key[64];
    struct kf_err why = { 0 };
    struct change *c;
    struct act *act;

    (void)snprintf(key, sizeof(key), "r:%s", id_text(&seat->who, id));
    if (!rate_take(d, key, RATINGS, RATINGS, 60000, &why)) { /* each is a line on the timeline */
        seat_error(d, seat, in->cid, &why);
        return;
    }
    c = change_new(&ds->site->key, now(d));
    if (!c) {
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        return;
    }
    c->by = visitor_actor(c, seat);
    c->conv = conv->id;
    visitor_key(c, ds, seat, in, change_printf(c, AS("rate:%d"), in->score));
    act = change_act(c, ACT_RATE);
    act->u.rate.score = in->score;
    act->u.rate.tags = in->tags.n ? change_text(c, in->tags) : NULL;
    act->u.rate.comment = change_text(c, in->comment);
    commit_from_seat(d, seat, in, c);
}

/* A page that was opened while the conversation is under way is a line of its timeline. Faster than people read they are not all kept. */
static bool is_visit(struct desk *d, const struct seat *seat, const struct inbound *in, const struct conv *conv)
{
    char id[KF_ID_TEXT], key[64];
    struct kf_err why = { 0 };

    if (!conv || !conv_is_open(conv) || !in->page.n || in->page.n > VISIT_MAX || (seat->page_told && slice_is(in->page, seat->page)))
        return false;
    (void)snprintf(key, sizeof(key), "p:%s", id_text(&seat->who, id));
    return rate_take(d, key, VISITS, VISITS, 60000, &why);
}

/* What of a `profile` frame is known from now on; the next opening brings it. `visit`: its page stands on the timeline by then. */
static void seat_learns(struct seat *seat, const struct inbound *in, bool visit)
{
    if (in->profile.n)
        seat_profile(seat, in->profile);
    if (in->page.n) {
        visit |= seat->page_told && slice_is(in->page, seat->page);
        free(seat->page);
        seat->page = strndup(in->page.p, in->page.n);
        seat->page_told = visit && seat->page;
    }
    if (in->locale.n)
        (void)snprintf(seat->locale, sizeof(seat->locale), "%.*s", (int)in->locale.n, in->locale.p);
}

/* What is known of the visitor goes with the next opening, and into the customer's profile if there already is one. */
static void visitor_profile(struct desk *d, struct desk_site *ds, struct seat *seat, const struct inbound *in, const struct conv *conv)
{
    bool proves = in->identity_id.n > 0, visit = !proves && is_visit(d, seat, in, conv);
    struct change *c;

    seat_learns(seat, in, visit);
    if (proves) {
        visitor_identity(d, seat, in);
        return;
    }
    c = conv && (in->profile.n || visit) ? change_new(&ds->site->key, now(d)) : NULL;
    if (!c) {
        session_ack(d->session, seat, in->cid, NULL, 0, now(d));
        return;
    }
    c->by = visitor_actor(c, seat);
    c->conv = conv->id;
    visitor_key(c, ds, seat, in,
                change_printf(c, AS("profile:%.*s%.*s"), (int)in->profile.n, in->profile.n ? in->profile.p : "",
                              visit ? (int)in->page.n : 0, visit ? in->page.p : ""));
    if (in->profile.n)
        change_act(c, ACT_PROFILE)->u.profile = change_text(c, in->profile);
    if (visit)
        staff_entry(c, "page", change_printf(c, "{\"page\":%.*s}", (int)in->page.n, in->page.p));
    commit_from_seat(d, seat, in, c);
}

static void visitor_act(struct desk *d, struct desk_site *ds, struct seat *seat, const struct inbound *in, const struct conv *conv)
{
    switch (in->kind) {
    case INBOUND_READ:
        visitor_read(d, ds, seat, in, conv);
        break;
    case INBOUND_CLOSE:
        visitor_close(d, ds, seat, in, conv);
        break;
    case INBOUND_RATE:
        visitor_rate(d, ds, seat, in, conv);
        break;
    default:
        seat_refuse(d, seat, in, KF_UNSUPPORTED, "visitors cannot do this");
        break;
    }
}

static void act_known(struct desk *d, struct desk_site *ds, struct seat *seat, const struct inbound *in, const struct conv *conv)
{
    if (id_eq(&conv->contact, &seat->who))
        visitor_act(d, ds, seat, in, conv);
    else
        seat_refuse(d, seat, in, KF_ABSENT, "no such conversation");
}

void visitor_acts(struct desk *d, struct seat *seat, const struct inbound *in)
{
    struct desk_site *ds = site_of(d, &seat->site);
    struct kf_id id = id_is_zero(&in->conversation) ? seat->conv : in->conversation;
    const struct view *v = session_view(d->session, &id);
    struct kf_err why = { 0 };

    if (!ds || (in->kind == INBOUND_TYPING && !guard_bans(d, ds->site, &seat->who, seat->address, &why)))
        return;
    if (in->kind == INBOUND_TYPING) {
        visitor_typing(d, seat, in);
        return;
    }
    if (!wants_cid(d, seat, in))
        return;
    /* All that others read of him; that he has read, and goes, is his own affair. */
    if ((in->kind == INBOUND_RATE || in->kind == INBOUND_PROFILE) && !guard_bans(d, ds->site, &seat->who, seat->address, &why)) {
        seat_error(d, seat, in->cid, &why);
        return;
    }
    if (v && !id_eq(&v->conv.contact, &seat->who))
        v = NULL;
    if (in->kind == INBOUND_PROFILE)
        visitor_profile(d, ds, seat, in, v ? &v->conv : NULL);
    else if (id_is_zero(&id))
        seat_refuse(d, seat, in, KF_ABSENT, "there is no conversation yet");
    else if (v) {
        struct conv conv = v->conv;

        visitor_act(d, ds, seat, in, &conv);
    } else
        with_conv(d, seat, in, &id, act_known);
}
