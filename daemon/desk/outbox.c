/* outbox.c: what has not got through to a platform, and what people do about it. Nothing here is done by itself: where the outcome is not
 * known, only somebody who has looked may say "again". */
#include "desk/inner.h"

#include <stdlib.h>

struct handling {
    struct desk *d;
    struct kf_key site;
    struct kf_id errand;
    struct actor by; /* name and number are owned */
    bool drop;
    void (*done)(void *ctx, enum kf_rc rc, const struct kf_err *why);
    void *ctx;
};

static void handling_end(struct handling *h, enum kf_rc rc, const struct kf_err *why)
{
    h->done(h->ctx, rc, why);
    h->d->under_way--;
    free((char *)h->by.name);
    free((char *)h->by.number);
    free(h);
}

static void handled(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct handling *h = ctx;
    struct desk_site *ds = site_of(h->d, &h->site);

    if (!rc && ds) {
        tell_news(h->d, ds, news, 0);
        deliver_kick(h->d, ds);
    }
    handling_end(h, rc, why);
}

static const char *of_errand(struct change *c, const struct errand *e)
{
    char id[KF_ID_TEXT];

    return change_printf(c, "{\"errand\":\"%s\",\"seq\":%lld}", id_text(&e->id, id), (long long)e->seq);
}

static void again(struct handling *h, struct change *c, const struct errand *e)
{
    struct act *act;

    if (e->kind == ERRAND_SEND) {
        act = change_act(c, ACT_STATUS);
        act->u.status.seq = e->seq;
        act->u.status.delivery = DELIVERY_SENDING;
        act->u.status.again = true;
        act->u.status.at = c->at;
    }
    act = change_act(c, ACT_ERRAND);
    act->u.errand = (struct errand){
        .id = fresh_id(h->d), .conv = e->conv, .channel = e->channel, .seq = e->seq, .kind = e->kind, .due_at = c->at, .created_at = c->at
    };
}

/* Of what may be sent again: what an agent has said, taken back or closed. A file that could not be fetched is told so at its message. */
static enum kf_rc may_again(const struct errand *e, struct kf_err *why)
{
    if (e->state != ERRAND_FAILED && e->state != ERRAND_UNCERTAIN)
        return kf_fail(why, KF_CONFLICT, "that has not failed: there is nothing to send again");
    if (e->kind == ERRAND_FETCH)
        return kf_fail(why, KF_UNSUPPORTED, "a file that the platform did not give is asked for again at its message, in the conversation");
    return KF_OK;
}

static void have_errand(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct handling *h = ctx;
    struct kf_err mine = { .rc = KF_OK };
    const struct errand *e = rc ? NULL : &q->errands[0];
    struct change *c;

    if (e && !key_eq(&e->site, &h->site)) {
        rc = kf_fail(&mine, KF_ABSENT, "there is nothing of that name to be sent");
        why = &mine;
    } else if (e && !h->drop && (rc = may_again(e, &mine)))
        why = &mine;
    if (rc || !e) {
        handling_end(h, rc, why);
        return;
    }
    c = change_new(&h->site, now(h->d));
    if (!c) {
        handling_end(h, KF_NOMEM, NULL);
        return;
    }
    c->by = h->by;
    c->by.name = change_text(c, slice_of(h->by.name));
    c->by.number = h->by.number ? change_text(c, slice_of(h->by.number)) : NULL;
    c->conv = e->conv;
    if (h->drop)
        change_act(c, ACT_ERRAND_DROP)->u.errand.id = e->id;
    else
        again(h, c, e);
    staff_entry(c, h->drop ? "dropped" : "resent", of_errand(c, e));
    staff_audit(c, h->drop ? "outbox_dropped" : "outbox_resent", of_errand(c, e));
    h->d->ports.commit(h->d->ports.ctx, c, handled, h);
}

static void handle(struct desk *d, const struct kf_key *site, const struct kf_id *errand, const struct actor *by, bool drop,
                   void (*done)(void *ctx, enum kf_rc rc, const struct kf_err *why), void *ctx)
{
    struct handling *h = calloc(1, sizeof(*h));
    struct query *q = h ? query_new(QUERY_OUTBOX) : NULL;

    if (!q) {
        free(h);
        done(ctx, KF_NOMEM, NULL);
        return;
    }
    *h = (struct handling){ .d = d, .site = *site, .errand = *errand, .by = *by, .drop = drop, .done = done, .ctx = ctx };
    h->by.name = strdup(by->name ? by->name : "");
    h->by.number = by->number ? strdup(by->number) : NULL;
    q->id = *errand;
    q->limit = 1;
    d->under_way++;
    d->ports.read(d->ports.ctx, q, have_errand, h);
}

void desk_outbox_resend(struct desk *d, const struct kf_key *site, const struct kf_id *errand, const struct actor *by,
                        void (*done)(void *ctx, enum kf_rc rc, const struct kf_err *why), void *ctx)
{
    handle(d, site, errand, by, false, done, ctx);
}

void desk_outbox_drop(struct desk *d, const struct kf_key *site, const struct kf_id *errand, const struct actor *by,
                      void (*done)(void *ctx, enum kf_rc rc, const struct kf_err *why), void *ctx)
{
    handle(d, site, errand, by, true, done, ctx);
}
