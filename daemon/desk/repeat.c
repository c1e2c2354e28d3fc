/* repeat.c: an act that is not possible any more, or not yet again, may be the repeat of one that was done: who never saw its ack gets it
 * now. Only the dedupe key can tell. */
#include "desk/inner.h"

#include <stdio.h>
#include <stdlib.h>

/* More than a page has ever under way; beyond it a repeat is counted like anything else. */
#define REPEATS          256
#define REPEATS_A_SECOND 50

static const char *messages_of(const struct kf_id *who, char ret[64])
{
    char id[KF_ID_TEXT];

    (void)snprintf(ret, 64, "v:%s", id_text(who, id));
    return ret;
}

bool message_take(struct desk *d, const struct kf_id *who, int burst, int rate, struct kf_err *why)
{
    char key[64];

    return burst <= 0 || rate_take(d, messages_of(who, key), burst, rate, 1000, why);
}

void message_give(struct desk *d, const struct kf_id *who)
{
    char key[64];

    rate_give(d, messages_of(who, key));
}

struct repeat {
    struct call call;
    struct kf_err why;
};

static void asked(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct repeat *r = ctx;
    struct desk *d = r->call.d;
    struct seat *seat = session_seat(d->session, r->call.conn);

    if (!rc && seat && r->call.counted)
        message_give(d, &seat->who);
    if (!rc && seat)
        session_ack(d->session, seat, slice_of(r->call.cid), &news->conv.id, news->first_seq, news->first_at);
    else
        seat_fail(d, r->call.conn, r->call.cid, rc == KF_AGAIN ? rc : r->why.rc, rc == KF_AGAIN ? why : &r->why);
    desk_call_end(&r->call);
}

/* A change without acts, under a lease that nobody ever has: it is answered where its key was claimed, and comes to nothing else. */
void refuse_unless_claimed(struct desk *d, struct seat *seat, const struct inbound *in, struct change *c, const struct kf_err *why,
                           bool counted)
{
    struct repeat *r = c && c->key.n && in->cid.n ? calloc(1, sizeof(*r)) : NULL;

    if (!r) {
        change_free(c);
        seat_error(d, seat, in->cid, why);
        return;
    }
    r->call = (struct call){ .d = d, .conn = seat->conn, .counted = counted };
    r->why = *why;
    desk_call_cid(&r->call, in->cid);
    d->under_way++;
    c->lease_epoch = -1;
    d->ports.commit(d->ports.ctx, c, asked, r);
}

bool repeat_take(struct desk *d, const struct kf_id *who)
{
    char id[KF_ID_TEXT], key[64];

    (void)snprintf(key, sizeof(key), "q:%s", id_text(who, id));
    return rate_take(d, key, REPEATS, REPEATS_A_SECOND, 1000, NULL);
}
