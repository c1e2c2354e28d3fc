/* typed.c: who has been typing since when, on the node that tells the others of it. Kept in memory only, and for few: a replay of the talk would
 * like to know, and nothing else hangs on it. */
#include "core/stretch.h"
#include "desk/inner.h"

#include <stdlib.h>
#include <string.h>

#define TYPISTS 4096         /* beyond it whoever has not been heard of for longest is forgotten */
#define KEPT_MS (600 * 1000) /* a message that is sent again later than this comes too late to know */

struct typist {
    struct kf_id key[2]; /* the conversation, and who: a bot has no id, and talks alone */
    struct stretch stretch;
    char cid[KF_CID_MAX + 1]; /* of what was said last; "" none */
    int64_t ms;               /* how long that was typed */
    int64_t at;
    UT_hash_handle hh;
};

static void forget(struct desk *d, struct typist *t)
{
    HASH_DEL(d->typists, t); /* NOLINT(clang-analyzer-unix.Malloc): the analyzer does not see that the head moves on */
    free(t);
}

void typed_free(struct desk *d)
{
    struct typist *t, *next;

    HASH_ITER(hh, d->typists, t, next)
    forget(d, t);
}

/* The table is in the order in which they were heard of: the head is the oldest. */
static void forget_old(struct desk *d, int64_t now_ms)
{
    unsigned n = HASH_COUNT(d->typists);
    struct typist *t, *next;

    HASH_ITER(hh, d->typists, t, next)
    {
        if (n-- <= TYPISTS && now_ms - t->at <= KEPT_MS)
            return;
        forget(d, t);
    }
}

static struct typist *find(struct desk *d, const struct kf_id *conv, const struct kf_id *who)
{
    struct kf_id key[2];
    struct typist *ret = NULL;

    memcpy(&key[0], conv, sizeof(*conv));
    memcpy(&key[1], who, sizeof(*who));
    HASH_FIND(hh, d->typists, key, sizeof(key), ret);
    return ret;
}

static void keep(struct desk *d, const struct kf_id *conv, const struct kf_id *who, bool on)
{
    struct typist *t = find(d, conv, who);

    if (!t && !on)
        return;
    if (t)
        HASH_DEL(d->typists, t);
    else if ((t = calloc(1, sizeof(*t)))) {
        t->key[0] = *conv;
        t->key[1] = *who;
    } else
        return;
    t->at = mono(d);
    stretch_sign(&t->stretch, on, t->at);
    HASH_ADD(hh, d->typists, key, sizeof(t->key), t);
    forget_old(d, t->at);
}

void typing_here(struct desk *d, const struct conv *c, const struct actor *who, bool on, uint64_t except)
{
    keep(d, &c->id, &who->id, on);
    tell_typing(d, c, who, on, except);
}

/* As with the visitors of the page it is shown to whoever serves them, and kept nowhere. */
static void conv_read(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    const struct conv *c = !rc && q->n_convs ? &q->convs[0] : NULL;
    const struct actor who = { .role = ROLE_VISITOR, .id = c ? c->contact : (struct kf_id){ { 0 } }, .name = "" };

    (void)why;
    if (c && conv_is_open(c) && !id_is_zero(&c->owner)) {
        typing_here(d, c, &who, call->n, 0);
        if (!d->cfg.sole)
            d->ports.live_hint(d->ports.ctx, &c->site, &c->id, HINT_TYPING(ROLE_VISITOR, call->n));
    }
    desk_call_end(call);
}

void typing_there(struct desk *d, struct desk_site *ds, const struct kf_key *channel, const struct inbound *in)
{
    struct call *call;
    struct query *q = desk_ask(d, ds, QUERY_PEER, &call);

    if (!q)
        return;
    call->n = in->on;
    q->channel = *channel;
    q->text = arena_copy(q->arena, in->peer.n ? in->peer : in->user);
    d->ports.read(d->ports.ctx, q, conv_read, call);
}

int64_t typed_ms(struct desk *d, const struct kf_id *conv, const struct actor *who, struct slice cid)
{
    struct typist *t = find(d, conv, &who->id);

    if (!t)
        return 0;
    if (cid.n && slice_is(cid, t->cid))
        return t->ms;
    t->ms = stretch_ms(&t->stretch, mono(d));
    t->stretch = (struct stretch){ .any = false };
    memset(t->cid, 0, sizeof(t->cid));
    if (cid.n && cid.n < sizeof(t->cid))
        memcpy(t->cid, cid.p, cid.n);
    return t->ms;
}
