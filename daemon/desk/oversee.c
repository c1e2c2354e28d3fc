/* oversee.c: handing a conversation on, and what those do who oversee others: look on, whisper, join, make it more urgent. Each such act
 * is on the timeline and in the audit log; none touches what anybody has read. */
#include "core/permit.h"
#include "desk/inner.h"
#include "desk/speak.h"

#include <stdlib.h>

#define HAND_FULL_MS 60000 /* so long a transfer waits for somebody who is full */

/* ---- to whom ---- */

/* Of a department the first queue where somebody is there; else its first one. */
static const struct site_queue *queue_of_department(struct desk *d, const struct desk_site *ds, const struct kf_key *department)
{
    const struct site_queue *first = NULL;

    for (size_t i = 0; i < ds->site->n_queues; i++) {
        const struct site_queue *q = &ds->site->queues[i];

        if (!key_eq(&q->department, department))
            continue;
        if (staffed(d, ds, &q->key))
            return q;
        if (!first)
            first = q;
    }
    return first;
}

static bool is_full(const struct desk_site *ds, const struct member *m, const struct conv *conv)
{
    const struct seen *s = seen_of(ds, &m->person);

    return s && s->load + conv_weight(conv) > s->capacity;
}

static enum kf_rc to_person(struct desk *d, struct desk_site *ds, struct change *c, const struct member *to, const struct conv *conv,
                            struct kf_err *why)
{
    const struct site_queue *queue = site_queue(ds->site, &conv->queue);
    struct conv_event step = { .kind = CONV_TRANSFER_PERSON, .person = to->person, .epoch = conv->epoch };
    struct wording_value v[2];
    char id[KF_ID_TEXT];
    bool full = is_full(ds, to, conv);

    (void)d;
    if (to->disabled || !(to->roles & MEMBER_AGENT))
        return kf_fail(why, KF_ABSENT, "no such agent or queue to transfer to");
    if (to->presence == PRESENCE_OFFLINE)
        return kf_fail(why, KF_CONFLICT, "%s is offline", to->name);
    if (id_eq(&to->person, &conv->owner))
        return kf_fail(why, KF_INVALID, "the conversation is already with that agent");
    if (full)
        step.until = c->at + HAND_FULL_MS;
    else if (queue && queue->offer)
        step.until = c->at + queue->offer_ms;
    change_act(c, ACT_STEP)->u.step = step;
    staff_entry(c, "transferred",
                change_printf(c, "{\"why\":\"transferred\",\"agent\":\"%s\",\"full\":%s%s}", id_text(&to->person, id),
                              full ? "true" : "false", step.until ? ",\"offered\":true" : ""));
    staff_audit(c, "transfer", json_text(c, "agent", slice_of(id_text(&to->person, id))));
    (void)speak(ds->site, c, conv, "transferred", "transferred", named(to, v), 2);
    return KF_OK;
}

/* Where nobody is there, the rules say so, and nobody is promised whom they take back. */
static enum kf_rc to_queue(struct desk *d, struct desk_site *ds, struct change *c, const struct site_queue *queue, const struct conv *conv)
{
    struct wording_value name = { "queue", queue->name };

    c->warning = unattended(d, ds, queue);
    change_act(c, ACT_STEP)->u.step = (struct conv_event){ .kind = CONV_TRANSFER_QUEUE, .queue = queue->key, .epoch = conv->epoch };
    staff_entry(c, "transferred", json_text(c, "queue", slice_of(queue->key.s)));
    staff_audit(c, "transfer", json_text(c, "queue", slice_of(queue->key.s)));
    if (c->warning)
        (void)speak_mutely(ds->site, c, "transferred");
    else
        (void)speak(ds->site, c, conv, "transferred_queue", "transferred", &name, 1);
    return KF_OK;
}

enum kf_rc transfer(struct desk *d, struct desk_site *ds, struct change *c, const struct inbound *in, const struct conv *conv,
                    struct kf_err *why)
{
    const struct member *to = id_is_zero(&in->to_agent) ? NULL : member_of(ds, &in->to_agent);
    const struct site_queue *queue = *in->to_queue.s        ? site_queue(ds->site, &in->to_queue)
                                     : *in->to_department.s ? queue_of_department(d, ds, &in->to_department)
                                                            : NULL;

    if (!to && !queue)
        return kf_fail(why, KF_ABSENT, "no such agent or queue to transfer to");
    if (in->text.n)
        staff_entry(c, "note", json_text(c, "text", in->text));
    return to ? to_person(d, ds, c, to, conv, why) : to_queue(d, ds, c, queue, conv);
}

/* ---- and back from there ---- */

void comes_back(struct desk *d, struct desk_site *ds, struct change *c, const struct conv *conv, const struct kf_id *person, int taken)
{
    const struct member *back = member_of(ds, &conv->back);
    const struct seen *s = seen_of(ds, &conv->back);
    bool there = back && is_present(d, ds, &conv->back), full;
    struct wording_value v[2];
    char id[KF_ID_TEXT];

    if (taken < 0)
        taken = s ? s->load : 0;
    full = there && taken + conv_weight(conv) > back->capacity;
    change_act(c, ACT_STEP)->u.step =
        (struct conv_event){ .kind = CONV_REFUSE, .person = *person, .epoch = conv->epoch, .staffed = there && !full };
    if (full)
        staff_entry(c, "returned",
                    change_printf(c, "{\"why\":\"full\",\"person\":\"%s\",\"load\":%d,\"capacity\":%d}", id_text(&conv->back, id), taken,
                                  back->capacity));
    if (there && !full)
        (void)speak(ds->site, c, conv, "joined", "joined", named(back, v), 2);
    else if (!id_is_zero(&conv->back))
        (void)speak(ds->site, c, conv, "returned", "returned", NULL, 0);
}

/* ---- a second person ---- */

static enum kf_rc helps(struct desk *d, struct desk_site *ds, struct change *c, const struct member *who, const struct conv *conv,
                        const char *note, struct kf_err *why)
{
    struct wording_value v[2];
    char id[KF_ID_TEXT];

    if (!who || who->disabled)
        return kf_fail(why, KF_ABSENT, "no such person to help");
    if (id_eq(&conv->helper, &who->person)) /* else the visitor is told twice who has come */
        return kf_fail(why, KF_CONFLICT, "%s helps here already", who->name);
    if (!is_present(d, ds, &who->person) && !id_eq(&who->person, &c->by.id))
        return kf_fail(why, KF_CONFLICT, "%s is not there: ask somebody who is online, busy or away", who->name);
    change_act(c, ACT_STEP)->u.step = (struct conv_event){ .kind = CONV_HELP, .person = who->person, .epoch = conv->epoch };
    staff_entry(c, "helper", change_printf(c, "{\"why\":\"%s\",\"person\":\"%s\"}", note, id_text(&who->person, id)));
    staff_audit(c, note, json_conv(c, conv));
    (void)speak(ds->site, c, conv, "joined", "joined", named(who, v), 2);
    return KF_OK;
}

static enum kf_rc leaves(struct change *c, const struct member *m, const struct conv *conv, struct kf_err *why)
{
    if (id_is_zero(&conv->helper))
        return kf_fail(why, KF_CONFLICT, "nobody helps here");
    if (!id_eq(&conv->helper, &m->person) && !id_eq(&conv->owner, &m->person))
        return kf_fail(why, KF_DENIED, "only who helps, or who has the conversation, ends that");
    change_act(c, ACT_STEP)->u.step = (struct conv_event){ .kind = CONV_HELP, .epoch = conv->epoch };
    return KF_OK;
}

/* ---- the rest ---- */

static void hastens(struct change *c, const struct inbound *in, const struct conv *conv)
{
    const char *data = change_printf(c, "{\"from\":%d,\"to\":%d}", conv->priority, in->number);

    change_act(c, ACT_PRIORITY)->u.number = in->number;
    staff_entry(c, "priority", data);
    staff_audit(c, "priority", json_conv(c, conv));
}

enum kf_rc oversee(struct desk *d, struct desk_site *ds, struct change *c, const struct member *m, const struct inbound *in,
                   const struct conv *conv, struct kf_err *why)
{
    (void)d;
    switch (in->kind) {
    case INBOUND_WHISPER:
        staff_entry(c, "whisper", json_text(c, "text", in->text));
        staff_audit(c, "whisper", json_conv(c, conv));
        return KF_OK;
    case INBOUND_JOIN:
        return helps(d, ds, c, m, conv, "join", why);
    case INBOUND_HELP:
        if (in->text.n)
            staff_entry(c, "note", json_text(c, "text", in->text));
        return helps(d, ds, c, member_of(ds, &in->to_agent), conv, "help", why);
    case INBOUND_LEAVE:
        return leaves(c, m, conv, why);
    case INBOUND_PRIORITY:
        hastens(c, in, conv);
        return KF_OK;
    case INBOUND_READY:
        change_act(c, ACT_STEP)->u.step = (struct conv_event){ .kind = CONV_READY, .person = m->person, .epoch = -1 };
        return KF_OK;
    default:
        return kf_fail(why, KF_UNSUPPORTED, "this is not possible in a conversation");
    }
}

/* ---- looking on ---- */

static void watching(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);
    struct seat *seat;

    if (!rc && ds && call->n)
        (void)tell_show(d, ds, &news->conv);
    seat = session_seat(d->session, call->conn); /* sending may have closed it */
    if (rc)
        seat_fail(d, call->conn, call->cid, rc, why);
    else if (seat && ds) {
        if (session_watch(d->session, &news->conv, seat, call->n != 0))
            session_ack(d->session, seat, slice_of(call->cid), &news->conv.id, 0, news->first_at);
        else
            seat_fail(d, call->conn, call->cid, KF_NOMEM, NULL);
        if (!news->duplicate)
            tell_news(d, ds, news, 0);
    }
    desk_call_end(call);
}

/* Written down before the first word is shown. */
void watch(struct desk *d, struct desk_site *ds, const struct member *m, struct seat *seat, const struct inbound *in,
           const struct conv *conv)
{
    struct change *c = staff_change(d, ds, m, in, conv);
    struct call *call = c ? desk_call(d, ds) : NULL;

    if (!call) {
        change_free(c);
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        return;
    }
    c->key = c->content = (struct slice){ NULL, 0 }; /* to look on twice is to look on */
    if (in->on) {
        staff_entry(c, "viewed", "{\"why\":\"watch\"}");
        staff_audit(c, "watch", json_conv(c, conv));
    } else
        staff_entry(c, "viewed", "{\"why\":\"watch_ended\"}");
    call->conn = seat->conn;
    call->n = in->on;
    desk_call_cid(call, in->cid);
    d->ports.commit(d->ports.ctx, c, watching, call);
}

/* ---- by other ways than a socket ---- */

struct handing {
    struct desk *d;
    struct kf_key site;
    struct kf_id person;
    struct arena *arena; /* owns all of this */
    struct inbound in;
    const char *warning;
    void (*done)(void *ctx, enum kf_rc rc, const char *warning, const struct kf_err *why);
    void *ctx;
};

static void handing_end(struct handing *h, enum kf_rc rc, const struct kf_err *why)
{
    h->done(h->ctx, rc, rc ? NULL : h->warning, why);
    h->d->under_way--;
    arena_free(h->arena);
}

static void hand_done(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct handing *h = ctx;
    struct desk_site *ds = site_of(h->d, &h->site);

    if (!rc && ds)
        tell_news(h->d, ds, news, 0);
    handing_end(h, rc, why);
}

static void hand_on(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct handing *h = ctx;
    struct desk_site *ds = site_of(h->d, &h->site);
    const struct member *m = member_of(ds, &h->person);
    struct kf_err local = { 0 };
    struct change *c;

    if (rc || !permit(m, VERB_READ, &h->site, &q->convs[0])) {
        handing_end(h, rc ? rc : kf_fail(&local, KF_ABSENT, "no such conversation"), rc ? why : &local);
        return;
    }
    if (!permit(m, VERB_TRANSFER, &h->site, &q->convs[0])) {
        handing_end(h, kf_fail(&local, KF_DENIED, "your role does not allow handing this conversation on"), &local);
        return;
    }
    c = staff_change(h->d, ds, m, &h->in, &q->convs[0]);
    if (!c) {
        handing_end(h, kf_fail(&local, KF_NOMEM, "out of memory"), &local);
        return;
    }
    rc = transfer(h->d, ds, c, &h->in, &q->convs[0], &local);
    if (rc) {
        change_free(c);
        handing_end(h, rc, &local);
        return;
    }
    h->warning = c->warning;
    h->d->ports.commit(h->d->ports.ctx, c, hand_done, h);
}

void desk_transfer(struct desk *d, const struct kf_key *site, const struct kf_id *person, const struct kf_id *conv,
                   const struct inbound *in, void (*done)(void *ctx, enum kf_rc rc, const char *warning, const struct kf_err *why),
                   void *ctx)
{
    struct arena *a = arena_new(0);
    struct handing *h = a ? ARENA_NEW(a, struct handing) : NULL;
    struct query *q = h ? query_new(QUERY_CONV) : NULL;
    struct kf_id cid;
    char text[KF_ID_TEXT];

    if (!q) {
        arena_free(a);
        done(ctx, KF_NOMEM, NULL, NULL);
        return;
    }
    cid = fresh_id(d);
    *h = (struct handing){ .d = d, .site = *site, .person = *person, .arena = a, .in = *in, .done = done, .ctx = ctx };
    h->in.kind = INBOUND_TRANSFER;
    h->in.cid = arena_copy(a, slice_of(id_text(&cid, text)));
    h->in.text = arena_copy(a, in->text);
    q->site = *site;
    q->id = *conv;
    d->under_way++;
    d->ports.read(d->ports.ctx, q, hand_on, h);
}
