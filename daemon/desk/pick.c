/* pick.c: an agent takes what waits, or what was offered. Between the click and the commit the conversation may have moved by itself: it was
 * put off and is back in the line, an offer has run out, the line was changed. Nobody was faster then, so it is tried again on what is true
 * now. Only where somebody else has it by then is it a conflict. */
#include "core/permit.h"
#include "desk/inner.h"
#include "desk/speak.h"

#include <stdlib.h>

#define TRIES 3

static bool has_it(const struct member *m, const struct conv *conv)
{
    return (conv->state == CONV_OFFERED || conv->state == CONV_SERVED) && id_eq(&conv->owner, &m->person);
}

static void pick_try(struct desk_site *ds, struct change *c, const struct member *m, const struct conv *conv)
{
    struct wording_value v[2];
    struct act *step = change_act(c, ACT_STEP);
    bool own = conv->state == CONV_OFFERED && has_it(m, conv);
    const char *how = own ? "accepted" : id_is_zero(&conv->owner) ? "picked" : "takeover";

    if (conv->state == CONV_SERVED && has_it(m, conv)) { /* a match was faster, for the same person */
        step->u.step = (struct conv_event){ .kind = CONV_NOTHING, .epoch = -1 };
        c->epoch = conv->epoch;
        return;
    }
    /* What is offered is accepted, and the owner stays the same; what only waits, or is another's, is taken. */
    step->u.step = (struct conv_event){ .kind = own ? CONV_ACCEPT : CONV_TAKE, .person = m->person, .epoch = conv->epoch };
    staff_entry(c, "assigned", change_printf(c, "{\"why\":\"%s\",\"epoch\":%lld}", how, (long long)conv->epoch + (own ? 0 : 1)));
    if (step->u.step.kind == CONV_TAKE && !id_is_zero(&conv->owner))
        staff_audit(c, how, json_conv(c, conv));
    (void)speak(ds->site, c, conv, "joined", "joined", named(m, v), 2);
}

static void picked(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why);

static void give_up(struct call *call)
{
    struct kf_err why = { .rc = KF_CONFLICT };

    (void)kf_fail(&why, KF_CONFLICT, "%s", call->reason ? call->reason : kf_words(KF_CONFLICT, NULL));
    seat_done(call, KF_CONFLICT, NULL, &why);
}

static void pick_again(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);
    const struct member *m = ds ? member_of(ds, &call->who) : NULL;
    const struct conv *conv = rc ? NULL : &q->convs[0];
    const struct inbound in = { .kind = INBOUND_ACCEPT, .conversation = call->conv, .cid = slice_of(call->cid) };
    struct change *c;

    (void)why;
    if (!conv || !m || m->disabled || !(has_it(m, conv) || (id_is_zero(&conv->owner) && permit(m, VERB_ACCEPT, &call->site, conv))) ||
        !(c = staff_change(d, ds, m, &in, conv))) {
        give_up(call);
        return;
    }
    pick_try(ds, c, m, conv);
    d->ports.commit(d->ports.ctx, c, picked, call);
}

static void picked(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct call *call = ctx;
    struct query *q = rc == KF_CONFLICT && call->n-- > 0 ? query_new(QUERY_CONV) : NULL;

    if (!q) {
        seat_done(call, rc, news, why);
        return;
    }
    if (!call->reason && why)
        call->reason = strdup(why->text);
    q->id = call->conv;
    call->d->ports.read(call->d->ports.ctx, q, pick_again, call);
}

void pick(struct desk *d, struct desk_site *ds, const struct member *m, struct seat *seat, const struct inbound *in,
          const struct conv *conv)
{
    struct change *c = staff_change(d, ds, m, in, conv);
    struct call *call = c ? desk_call(d, ds) : NULL;

    if (!call) {
        change_free(c);
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        return;
    }
    call->conn = seat->conn;
    call->conv = conv->id;
    call->who = m->person;
    call->n = TRIES;
    desk_call_cid(call, in->cid);
    pick_try(ds, c, m, conv);
    d->ports.commit(d->ports.ctx, c, picked, call);
}
